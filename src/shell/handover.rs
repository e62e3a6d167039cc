//! Sockets that outlive us: handed over by systemd (socket activation), and left with it over a restart (file-descriptor store).
//! What arrives meanwhile waits in them. CUCM tries a syslog server that it lost over TCP again only after an hour, so connections
//! are left, too; those of TLS cannot be.
//!
//! Without systemd nothing is handed over, and what is left goes nowhere. <https://systemd.io/FILE_DESCRIPTOR_STORE/>

use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;

use listenfd::ListenFd;
use sd_notify::NotifyState::{FdName, FdStore, FdStoreRemove};

use super::manager::tell;

/// The name of connections in the store.
const CONNECTION: &str = "lockwarden-connection";

/// What was handed over and nobody has asked for yet.
#[derive(Debug, Default)]
pub(crate) struct Inherited {
    datagrams: Vec<(SocketAddr, UdpSocket)>,
    listeners: Vec<(SocketAddr, TcpListener)>,
    connections: Vec<TcpStream>,
}

impl Inherited {
    /// All of it; call once, before there is a second thread.
    pub(crate) fn take() -> Self {
        let (mut fds, mut this) = (ListenFd::from_env(), Self::default());
        for place in 0..fds.len() {
            // Refused, and left in its place, if it is of another kind.
            if let Ok(Some(socket)) = fds.take_udp_socket(place) {
                this.datagrams.extend(socket.local_addr().map(|address| (address, socket)));
            } else if let Ok(Some(socket)) = fds.take_tcp_listener(place) {
                let stream = TcpStream::from(OwnedFd::from(socket));
                match (stream.peer_addr(), stream.local_addr()) {
                    (Ok(_peer), _) => this.connections.push(stream),
                    (Err(_), Ok(address)) => this.listeners.push((address, TcpListener::from(OwnedFd::from(stream)))),
                    (Err(_), Err(_)) => {}
                }
            } else {
                tracing::warn!("socket {place} of those that were handed over is neither of UDP nor of TCP: not used");
            }
        }
        this
    }

    /// The UDP socket of this address.
    pub(crate) fn datagrams(&mut self, address: SocketAddr) -> Option<UdpSocket> {
        let place = self.datagrams.iter().position(|(at, _)| *at == address)?;
        Some(self.datagrams.swap_remove(place).1)
    }

    /// The listening TCP socket of this address.
    pub(crate) fn listener(&mut self, address: SocketAddr) -> Option<TcpListener> {
        let place = self.listeners.iter().position(|(at, _)| *at == address)?;
        Some(self.listeners.swap_remove(place).1)
    }

    /// The connections to these listening addresses. From now on they end when we end them.
    pub(crate) fn connections(&mut self, listening: &[SocketAddr]) -> Vec<TcpStream> {
        tell(&[FdStoreRemove, FdName(CONNECTION)], &[]);
        let is_ours = |stream: &TcpStream| {
            stream.local_addr().is_ok_and(|at| {
                let same = |l: &&SocketAddr| l.port() == at.port() && (l.ip() == at.ip() || l.ip().is_unspecified());
                listening.iter().any(|l| same(&l))
            })
        };
        std::mem::take(&mut self.connections).into_iter().filter(is_ours).collect()
    }

    /// Gives up what nobody has asked for: it is not configured any more.
    pub(crate) fn give_up_the_rest(self) {
        let names = self.datagrams.iter().map(|(at, _)| name("udp", *at));
        for name in names.chain(self.listeners.iter().map(|(at, _)| name("tcp", *at))) {
            tracing::info!("{name}: was handed over, and is not in the configuration: closed");
            tell(&[FdStoreRemove, FdName(&name)], &[]);
        }
    }
}

/// Leaves a UDP socket with systemd.
pub(crate) fn keep_datagrams(address: SocketAddr, socket: &UdpSocket) {
    tell(&[FdStore, FdName(&name("udp", address))], &[socket]);
}

/// Leaves a listening TCP socket with systemd.
pub(crate) fn keep_listener(address: SocketAddr, socket: &TcpListener) {
    tell(&[FdStore, FdName(&name("tcp", address))], &[socket]);
}

/// Leaves a connection with systemd, for the next start.
pub(crate) fn keep_connection(stream: &TcpStream) {
    tell(&[FdStore, FdName(CONNECTION)], &[stream]);
}

/// Whether there is somebody who keeps sockets.
pub(crate) fn is_kept() -> bool {
    std::env::var_os("NOTIFY_SOCKET").is_some()
}

/// No colon may stand in a name.
fn name(kind: &str, address: SocketAddr) -> String {
    format!("lockwarden-{kind}-{}-{}", address.ip().to_string().replace(':', "_"), address.port())
}
