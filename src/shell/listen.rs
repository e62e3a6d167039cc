//! The sockets: bound, those of UDP with a large receive buffer, and a clear sentence where that fails.

use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::time::Duration;

use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};

use super::handover::Inherited;
use super::streams::StreamSocket;
use crate::config::Config;

/// In octets: what a burst of 20,000 traps needs; the kernel may grant less.
const RECEIVE_BUFFER: usize = 4 << 20;

/// Connections that wait to be accepted at most.
const BACKLOG: i32 = 1_024;
/// A peer that is gone is noticed within two minutes or so: CUCM says nothing for hours on a quiet night.
const KEEPALIVE: Duration = Duration::from_secs(60);

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
    /// Octets of its receive buffer.
    buffer: usize,
}

impl Bound {
    fn new(socket: UdpSocket, input: Input, address: SocketAddr) -> Self {
        let address = socket.local_addr().unwrap_or(address);
        // Linux gives twice of what it was asked for, for its own records, and says so: socket(7).
        let buffer = SockRef::from(&socket).recv_buffer_size().map_or(RECEIVE_BUFFER, |twice| twice / 2);
        Self { socket, input, address, buffer }
    }
}

/// What to do if the system gives sockets less room than a burst needs.
pub(crate) fn limited(sockets: &[Bound]) -> Option<String> {
    let least = sockets.iter().map(|bound| bound.buffer).min().filter(|buffer| *buffer < RECEIVE_BUFFER)?;
    Some(too_small(least))
}

fn too_small(buffer: usize) -> String {
    format!(
        "the system limits receive buffers to {} KiB, a burst needs {}: sysctl -w net.core.rmem_max={RECEIVE_BUFFER}, then restart",
        buffer >> 10,
        RECEIVE_BUFFER >> 10
    )
}

/// All UDP sockets of the configuration, handed over or bound: those that are ours, and what is wrong with the others.
pub(crate) fn bind_all(config: &Config, inherited: &mut Inherited) -> (Vec<Bound>, Vec<String>) {
    let traps = config.traps.listen.iter().map(|&address| (Input::Traps, address));
    let syslog = config.syslog.udp.iter().map(|&address| (Input::Syslog, address));
    let (mut bound, mut problems) = (Vec::new(), Vec::new());
    for (input, address) in traps.chain(syslog) {
        let socket = inherited.datagrams(address).map_or_else(|| bind(address), adopt);
        match socket {
            Ok(socket) => bound.push(Bound::new(socket, input, address)),
            Err(error) => problems.push(explained(key_of(input), address, &error)),
        }
    }
    (bound, problems)
}

/// The same of the sockets that take connections.
pub(crate) fn bind_streams(config: &Config, inherited: &mut Inherited) -> (Vec<StreamSocket>, Vec<String>) {
    let plain = config.syslog.tcp.iter().map(|&address| (false, address));
    let tls = config.syslog.tls.iter().flat_map(|tls| &tls.listen).map(|&address| (true, address));
    let (mut bound, mut problems) = (Vec::new(), Vec::new());
    for (is_tls, address) in plain.chain(tls) {
        let socket = inherited.listener(address).map_or_else(|| bind_stream(address), adopt_stream);
        match socket {
            Ok(socket) => bound.push(StreamSocket { address: socket.local_addr().unwrap_or(address), socket, is_tls }),
            Err(error) => {
                let key = if is_tls { "syslog.tls.listen" } else { "syslog.tcp" };
                problems.push(explained(key, address, &error));
            }
        }
    }
    (bound, problems)
}

fn open(address: SocketAddr, kind: Type, protocol: Protocol) -> std::io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), kind, Some(protocol))?;
    if address.is_ipv6() {
        // Beside 0.0.0.0 on the same port, and without IPv4-mapped addresses.
        socket.set_only_v6(true)?;
    }
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// Whoever opened it may have set it otherwise.
fn adopt(socket: UdpSocket) -> std::io::Result<UdpSocket> {
    enlarge(SockRef::from(&socket));
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// The same of a socket that takes connections.
fn adopt_stream(socket: TcpListener) -> std::io::Result<TcpListener> {
    Socket::from(socket.try_clone()?).set_tcp_keepalive(&keepalive())?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// Connections inherit it from the socket that takes them.
fn keepalive() -> TcpKeepalive {
    TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE / 4)
}

fn bind_stream(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = open(address, Type::STREAM, Protocol::TCP)?;
    // What is left of the connections of an earlier run must not keep the port.
    socket.set_reuse_address(true)?;
    socket.set_tcp_keepalive(&keepalive())?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

fn bind(address: SocketAddr) -> std::io::Result<UdpSocket> {
    let socket = open(address, Type::DGRAM, Protocol::UDP)?;
    enlarge(SockRef::from(&socket));
    socket.bind(&address.into())?;
    Ok(socket.into())
}

/// Less than asked for still works; the kernel's own limit decides. One that is larger already, since systemd made it so, stays.
fn enlarge(socket: SockRef<'_>) {
    if socket.recv_buffer_size().map_or(0, |twice| twice / 2) < RECEIVE_BUFFER {
        let _smaller = socket.set_recv_buffer_size(RECEIVE_BUFFER).is_err();
    }
}

const fn key_of(input: Input) -> &'static str {
    match input {
        Input::Traps => "traps.listen",
        Input::Syslog => "syslog.udp",
    }
}

fn explained(key: &str, address: SocketAddr, error: &std::io::Error) -> String {
    use std::io::ErrorKind::{AddrInUse, AddrNotAvailable, PermissionDenied};
    let kinds = [
        (AddrInUse, "another program has this port (`ss -lunpt` shows which); end it, or choose another port"),
        (PermissionDenied, "ports below 1024 need the capability CAP_NET_BIND_SERVICE; the packaged unit has it"),
        (AddrNotAvailable, "this machine does not have this address"),
    ];
    let known = kinds.iter().find(|(kind, _)| *kind == error.kind());
    let what = known.map_or_else(|| error.to_string(), |(_, what)| (*what).to_owned());
    format!("{key}: {address} is not listened on: {what}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_that_the_system_keeps_small_is_told_with_the_line_that_changes_it() {
        let bound = |buffer| {
            let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
            Bound { buffer, ..Bound::new(socket, Input::Traps, ([127, 0, 0, 1], 0).into()) }
        };
        assert_eq!(limited(&[bound(RECEIVE_BUFFER), bound(RECEIVE_BUFFER + 1)]), None);
        assert_eq!(
            limited(&[bound(RECEIVE_BUFFER), bound(212_992)]).as_deref(),
            Some(
                "the system limits receive buffers to 208 KiB, a burst needs 4096: sysctl -w net.core.rmem_max=4194304, then restart"
            )
        );
    }
}
