//! Delivery to one receiver, in order, one notification at a time. A trap is delivered when it is sent; an inform when it is
//! answered, and it is repeated until then, with the same request-id and after ever longer waits. An answer that comes late
//! still counts: the socket stays the same for as long as the receiver's address does.

use std::future::pending;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{UdpSocket, lookup_host};
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};

use super::varbinds::{Notification, notification};
use crate::alert::Alert;
use crate::shell::clock;
use crate::wire::snmp::{Kind, Message, Oid, Version, decode, encode};

/// The longest wait between tries.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// A name is looked up again after this time, so that a receiver may move.
const NAME_HOLDS: Duration = Duration::from_secs(600);
/// `enterpriseSpecific` of an SNMPv1 trap.
const ENTERPRISE_SPECIFIC: u8 = 6;
/// What a UDP datagram can hold.
const LONGEST_DATAGRAM: usize = 65_535;

/// One management station.
#[derive(Clone, Debug)]
pub struct Receiver {
    /// `host:port`; a name is looked up here, off everybody else's way.
    pub address: String,
    /// Which form.
    pub version: Version,
    /// Whether it answers.
    pub kind: Kind,
    /// The community that it expects.
    pub community: Vec<u8>,
    /// How long an answer may take before the inform is repeated.
    pub timeout: Duration,
    /// Where LOCKWARDEN-MIB is rooted there.
    pub root: Oid,
}

/// One notification to deliver.
#[derive(Clone, Debug)]
pub struct Notify {
    /// The caller's name for it; comes back when it is delivered.
    pub token: u64,
    /// What it is about.
    pub alert: Arc<Alert>,
}

/// How delivery to this receiver stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReceiverState {
    /// Everything is delivered.
    Idle,
    /// Something is on its way.
    Delivering,
    /// It does not answer, or cannot be reached; the next try comes by itself.
    Down {
        /// One sentence for the operator.
        reason: String,
    },
}

/// Delivers until `shutdown` turns true or nobody takes the tokens any more. `uptime` gives sysUpTime, in hundredths of a second.
pub async fn run(
    receiver: Receiver,
    uptime: impl Fn() -> u32 + Send,
    mut notifications: mpsc::Receiver<Notify>,
    acknowledged: mpsc::Sender<u64>,
    state: watch::Sender<ReceiverState>,
    mut shutdown: watch::Receiver<bool>,
) {
    let mut line = Line { receiver, to: None, request_id: 0, state };
    let delivering = async {
        while let Some(notify) = line.next(&mut notifications).await {
            line.deliver(&notify.alert, uptime()).await;
            if acknowledged.send(notify.token).await.is_err() {
                return;
            }
            if notifications.is_empty() {
                line.state.send_replace(ReceiverState::Idle);
            }
        }
    };
    tokio::select! {
        () = delivering => {}
        _ = shutdown.wait_for(|stop| *stop) => {}
    }
}

/// The way to the receiver.
struct To {
    socket: UdpSocket,
    address: SocketAddr,
    /// When the name stood for this address.
    known: tokio::time::Instant,
    /// Whether the receiver did not answer there the last time.
    doubted: bool,
}

struct Line {
    receiver: Receiver,
    to: Option<To>,
    request_id: i32,
    state: watch::Sender<ReceiverState>,
}

impl Line {
    /// The next notification. Says so if meanwhile a trap turns out to have found no receiver.
    async fn next(&mut self, notifications: &mut mpsc::Receiver<Notify>) -> Option<Notify> {
        loop {
            let refused = tokio::select! {
                notify = notifications.recv() => return notify,
                refused = refusal(self.to.as_ref()) => refused,
            };
            self.doubt(self.refused(&refused));
        }
    }

    /// Returns when the alert is delivered.
    async fn deliver(&mut self, alert: &Alert, uptime: u32) {
        let Ok(notification) = notification(alert, &self.receiver.root) else {
            // The configuration has checked the root's length.
            tracing::error!("{}: the root OID is too long", self.receiver.address);
            return;
        };
        self.request_id = self.request_id.checked_add(1).unwrap_or(1);
        let mut wait = self.receiver.timeout;
        loop {
            match self.send(&notification, uptime).await {
                Ok(()) if self.receiver.kind == Kind::Trap => return,
                Ok(()) => match timeout(wait, self.answer()).await {
                    Ok(Ok(())) => return,
                    Ok(Err(refused)) => {
                        self.doubt(self.refused(&refused));
                        sleep(wait).await;
                    }
                    Err(_late) => self.doubt(self.unanswered()),
                },
                Err(reason) => {
                    self.doubt(reason);
                    sleep(wait).await;
                }
            }
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    /// One try.
    async fn send(&mut self, notification: &Notification, uptime: u32) -> Result<(), String> {
        self.connect().await?;
        let Some(To { socket, .. }) = &self.to else { return Err(self.unanswered()) };
        if *self.state.borrow() == ReceiverState::Idle {
            self.state.send_replace(ReceiverState::Delivering);
        }
        let datagram = self.datagram(notification, uptime, own_address(socket));
        // An error may be the echo of an earlier datagram (port unreachable), which says nothing about this one.
        if let Err(first) = socket.send(&datagram).await
            && let Err(second) = socket.send(&datagram).await
        {
            return Err(format!("{}: cannot send: {first}; {second}", self.receiver.address));
        }
        Ok(())
    }

    fn datagram(&self, notification: &Notification, uptime: u32, agent: Ipv4Addr) -> Vec<u8> {
        let Receiver { version, kind, community, root, .. } = &self.receiver;
        let Notification { number, oid, varbinds } = notification;
        match version {
            Version::V1 => encode::v1_trap(community, root, agent, ENTERPRISE_SPECIFIC, *number, uptime, varbinds),
            Version::V2c | Version::V3 => encode::v2c(*kind, community, self.request_id, uptime, oid, varbinds),
        }
    }

    /// Makes sure that there is a way: the one that is known to be good, else that to the next address of the name.
    async fn connect(&mut self) -> Result<(), String> {
        let now = clock::instant();
        if self.to.as_ref().is_some_and(|to| !to.doubted && now.duration_since(to.known) < NAME_HOLDS) {
            return Ok(());
        }
        let addresses = match resolve(&self.receiver.address).await {
            Ok(addresses) => addresses,
            // The name service is away, too; the address that was right so far is the best there is.
            Err(_) if self.to.is_some() => Vec::new(),
            Err(reason) => return Err(reason),
        };
        let current = self.to.as_ref().map(|to| (to.address, to.doubted));
        let mut failed = Ok(());
        for address in in_order(addresses, current) {
            match self.to.as_mut().filter(|to| to.address == address) {
                Some(to) => (to.known, to.doubted) = (now, false),
                None => match open(address).await {
                    Ok(socket) => self.to = Some(To { socket, address, known: now, doubted: false }),
                    Err(error) => {
                        failed = Err(format!("{}: cannot be reached: {error}", self.receiver.address));
                        continue;
                    }
                },
            }
            return Ok(());
        }
        failed
    }

    /// Returns when the inform that was sent last is answered. The socket is connected, so only the receiver's datagrams come
    /// in. An answer with an error status is an answer: the receiver has it, and asking again would not change its mind.
    async fn answer(&self) -> io::Result<()> {
        let Some(To { socket, .. }) = &self.to else { return Ok(()) };
        let mut buffer = vec![0_u8; LONGEST_DATAGRAM];
        loop {
            let length = socket.recv(&mut buffer).await?;
            if let Ok(Message::Response(response)) = decode(buffer.get(..length).unwrap_or_default())
                && response.request_id == self.request_id
            {
                if response.error_status != 0 {
                    let (address, status) = (&self.receiver.address, response.error_status);
                    tracing::warn!("{address}: an inform was answered with error status {status}");
                }
                return Ok(());
            }
        }
    }

    fn doubt(&mut self, reason: String) {
        if let Some(to) = &mut self.to {
            to.doubted = true;
        }
        self.state.send_replace(ReceiverState::Down { reason });
    }

    fn refused(&self, error: &io::Error) -> String {
        let address = &self.receiver.address;
        format!("{address}: nobody takes notifications there ({error}); is the receiver running, and on this port?")
    }

    fn unanswered(&self) -> String {
        let address = &self.receiver.address;
        format!(
            "{address}: informs are not answered; is a receiver running there, with our community and address allowed?"
        )
    }
}

/// Returns when the system says that what was sent has reached nobody.
async fn refusal(to: Option<&To>) -> io::Error {
    let Some(To { socket, .. }) = to else { return pending().await };
    loop {
        // A late or second answer is of no use any more.
        if let Err(error) = socket.recv(&mut [0; 1]).await {
            return error;
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

/// `agent-addr` of an SNMPv1 trap; 0.0.0.0 where there is none (RFC 3584 section 3.2).
fn own_address(socket: &UdpSocket) -> Ipv4Addr {
    match socket.local_addr() {
        Ok(SocketAddr::V4(own)) => *own.ip(),
        Ok(SocketAddr::V6(_)) | Err(_) => Ipv4Addr::UNSPECIFIED,
    }
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
