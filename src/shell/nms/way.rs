//! The way to a receiver: its name's addresses, and a socket to one of them. The socket stays the same for as long as the address
//! does, so that a late answer finds it. A name is looked up again after a while, and when the receiver did not answer.

use std::future::pending;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::net::{UdpSocket, lookup_host};

use crate::shell::clock;

/// A name is looked up again after this time, so that a receiver may move.
const NAME_HOLDS: Duration = Duration::from_secs(600);

/// The way to one receiver.
pub(super) struct Way {
    /// `host:port`.
    name: String,
    to: Option<To>,
}

/// A way that has been found.
struct To {
    socket: UdpSocket,
    address: SocketAddr,
    /// When the name stood for this address.
    known: tokio::time::Instant,
    /// Whether the receiver did not answer there the last time.
    doubted: bool,
}

impl Way {
    pub(super) const fn new(name: String) -> Self {
        Self { name, to: None }
    }

    /// `host:port`.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Makes sure that there is a way: the one that is known to be good, else that to the next address of the name. Returns whether
    /// it is another one than before.
    pub(super) async fn find(&mut self) -> Result<bool, String> {
        let now = clock::instant();
        if self.to.as_ref().is_some_and(|to| !to.doubted && now.duration_since(to.known) < NAME_HOLDS) {
            return Ok(false);
        }
        let addresses = match resolve(&self.name).await {
            Ok(addresses) => addresses,
            // The name service is away, too; the address that was right so far is the best there is.
            Err(_) if self.to.is_some() => Vec::new(),
            Err(reason) => return Err(reason),
        };
        let current = self.to.as_ref().map(|to| (to.address, to.doubted));
        let mut failed = Ok(false);
        for address in in_order(addresses, current) {
            if let Some(to) = self.to.as_mut().filter(|to| to.address == address) {
                (to.known, to.doubted) = (now, false);
                return Ok(false);
            }
            match open(address).await {
                Ok(socket) => {
                    self.to = Some(To { socket, address, known: now, doubted: false });
                    return Ok(true);
                }
                Err(error) => failed = Err(format!("{}: cannot be reached: {error}", self.name)),
            }
        }
        failed
    }

    /// The receiver does not answer there: the next time another address comes first.
    pub(super) const fn doubt(&mut self) {
        if let Some(to) = &mut self.to {
            to.doubted = true;
        }
    }

    /// Sends on the way that was found.
    pub(super) async fn send(&self, datagram: &[u8]) -> Result<(), String> {
        let Some(To { socket, .. }) = &self.to else { return Ok(()) };
        // An error may be the echo of an earlier datagram (port unreachable), which says nothing about this one.
        if let Err(first) = socket.send(datagram).await
            && let Err(second) = socket.send(datagram).await
        {
            return Err(format!("{}: cannot send: {first}; {second}", self.name));
        }
        Ok(())
    }

    /// The next datagram from the receiver: the socket is connected, so nobody else's comes in. Never returns without a way.
    pub(super) async fn receive<'b>(&self, buffer: &'b mut [u8]) -> io::Result<&'b [u8]> {
        let Some(To { socket, .. }) = &self.to else { return pending().await };
        let length = socket.recv(buffer).await?;
        Ok(buffer.get(..length).unwrap_or_default())
    }

    /// Returns when the system says that what was sent has reached nobody.
    pub(super) async fn refusal(&self) -> io::Error {
        loop {
            // A late or second answer is of no use any more.
            if let Err(error) = self.receive(&mut [0; 1]).await {
                return error;
            }
        }
    }

    /// `agent-addr` of an SNMPv1 trap; 0.0.0.0 where there is none (RFC 3584 section 3.2).
    pub(super) fn own_address(&self) -> Ipv4Addr {
        match self.to.as_ref().map(|to| to.socket.local_addr()) {
            Some(Ok(SocketAddr::V4(own))) => *own.ip(),
            Some(Ok(SocketAddr::V6(_)) | Err(_)) | None => Ipv4Addr::UNSPECIFIED,
        }
    }
}

async fn resolve(address: &str) -> Result<Vec<SocketAddr>, String> {
    let unresolved = |why: &str| format!("{address}: {why}; correct `address` in [[nms]], or the name service");
    let addresses: Vec<_> = lookup_host(address).await.map_err(|error| unresolved(&error.to_string()))?.collect();
    if addresses.is_empty() { Err(unresolved("the name has no address")) } else { Ok(addresses) }
}

/// Which addresses to try: the current one first, but last if it is in doubt and has alternatives.
fn in_order(mut addresses: Vec<SocketAddr>, current: Option<(SocketAddr, bool)>) -> Vec<SocketAddr> {
    if let Some((current, doubted)) = current {
        if addresses.is_empty() {
            addresses.push(current);
        }
        if let Some(at) = addresses.iter().position(|address| *address == current) {
            addresses.rotate_left(at);
            if doubted {
                addresses.rotate_left(1);
            }
        }
    }
    addresses
}

async fn open(to: SocketAddr) -> io::Result<UdpSocket> {
    let any: SocketAddr = match to {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(to).await?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses<const N: usize>(ports: [u16; N]) -> Vec<SocketAddr> {
        ports.into_iter().map(|port| (Ipv4Addr::LOCALHOST, port).into()).collect()
    }

    fn order<const N: usize>(found: [u16; N], current: u16, doubted: bool) -> Vec<u16> {
        let current = (SocketAddr::from((Ipv4Addr::LOCALHOST, current)), doubted);
        in_order(addresses(found), Some(current)).iter().map(SocketAddr::port).collect()
    }

    #[test]
    fn a_good_address_is_kept_and_a_doubted_one_goes_to_the_end() {
        assert_eq!(in_order(addresses([1, 2]), None), addresses([1, 2]));
        assert_eq!(order([1, 2, 3], 2, false), [2, 3, 1]);
        assert_eq!(order([1, 2, 3], 2, true), [3, 1, 2]);
        assert_eq!(order([1], 1, true), [1]);
        assert_eq!(order([2, 3], 1, true), [2, 3]);
        assert_eq!(order([], 1, true), [1]);
    }
}
