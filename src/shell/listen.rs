//! The UDP sockets: bound with a large receive buffer, and a clear sentence where that fails.

use std::net::{SocketAddr, UdpSocket};

use socket2::{Domain, Protocol, Socket, Type};

use crate::config::Config;

/// What a burst of 20,000 traps needs; the kernel may grant less.
const RECEIVE_BUFFER: usize = 4 << 20;

/// What a socket is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Input {
    /// SNMP notifications.
    Traps,
    /// Syslog lines.
    Syslog,
}

/// A socket that is ours.
#[derive(Debug)]
pub(crate) struct Bound {
    pub(crate) socket: UdpSocket,
    pub(crate) input: Input,
    pub(crate) address: SocketAddr,
}

/// Binds all sockets of the configuration: those that are ours, and what is wrong with the others.
pub(crate) fn bind_all(config: &Config) -> (Vec<Bound>, Vec<String>) {
    let traps = config.traps.listen.iter().map(|&address| (Input::Traps, address));
    let syslog = config.syslog.udp.iter().map(|&address| (Input::Syslog, address));
    let (mut bound, mut problems) = (Vec::new(), Vec::new());
    for (input, address) in traps.chain(syslog) {
        match bind(address) {
            Ok(socket) => bound.push(Bound { address: socket.local_addr().unwrap_or(address), socket, input }),
            Err(error) => problems.push(explained(input, address, &error)),
        }
    }
    (bound, problems)
}

fn bind(address: SocketAddr) -> std::io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    if address.is_ipv6() {
        // Beside 0.0.0.0 on the same port, and without IPv4-mapped addresses.
        socket.set_only_v6(true)?;
    }
    // Less than asked for still works; the kernel's own limit decides.
    let _smaller = socket.set_recv_buffer_size(RECEIVE_BUFFER).is_err();
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket.into())
}

fn explained(input: Input, address: SocketAddr, error: &std::io::Error) -> String {
    let key = match input {
        Input::Traps => "traps.listen",
        Input::Syslog => "syslog.udp",
    };
    use std::io::ErrorKind::{AddrInUse, AddrNotAvailable, PermissionDenied};
    let kinds = [
        (AddrInUse, "another program has this port (`ss -lunp` shows which); end it, or choose another port"),
        (PermissionDenied, "ports below 1024 need the capability CAP_NET_BIND_SERVICE; the packaged unit has it"),
        (AddrNotAvailable, "this machine does not have this address"),
    ];
    let known = kinds.iter().find(|(kind, _)| *kind == error.kind());
    let what = known.map_or_else(|| error.to_string(), |(_, what)| (*what).to_owned());
    format!("{key}: {address} is not listened on: {what}")
}
