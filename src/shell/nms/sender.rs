//! Delivery to one receiver, in order, one notification at a time. A trap is delivered when it is sent; an inform when it is
//! answered, and it is repeated until then.

use std::net::SocketAddr;
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
        while let Some(notify) = notifications.recv().await {
            line.deliver(&notify.alert, &uptime).await;
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

/// The socket to the receiver, and since when its name stands for that address.
struct To {
    socket: UdpSocket,
    since: tokio::time::Instant,
}

struct Line {
    receiver: Receiver,
    to: Option<To>,
    request_id: i32,
    state: watch::Sender<ReceiverState>,
}

impl Line {
    /// Returns when the alert is delivered.
    async fn deliver(&mut self, alert: &Alert, uptime: &(impl Fn() -> u32 + Send)) {
        let Ok(notification) = notification(alert, &self.receiver.root) else {
            // The configuration has checked the root's length.
            tracing::error!("{}: the root OID is too long", self.receiver.address);
            return;
        };
        self.request_id = self.request_id.checked_add(1).unwrap_or(1);
        let datagram = self.datagram(&notification, uptime());
        let mut wait = self.receiver.timeout;
        loop {
            match self.attempt(&datagram).await {
                Ok(()) => return,
                Err(reason) => {
                    self.state.send_replace(ReceiverState::Down { reason });
                    sleep(wait).await;
                    wait = (wait * 2).min(LONGEST_WAIT);
                }
            }
        }
    }

    fn datagram(&self, notification: &Notification, uptime: u32) -> Vec<u8> {
        let Receiver { version, kind, community, root, .. } = &self.receiver;
        match version {
            Version::V1 => encode::v1_trap(
                community,
                root,
                std::net::Ipv4Addr::UNSPECIFIED,
                ENTERPRISE_SPECIFIC,
                notification.number,
                uptime,
                &notification.varbinds,
            ),
            Version::V2c => {
                encode::v2c(*kind, community, self.request_id, uptime, &notification.oid, &notification.varbinds)
            }
        }
    }

    /// One try.
    async fn attempt(&mut self, datagram: &[u8]) -> Result<(), String> {
        if self.to.as_ref().is_some_and(|to| clock::instant().duration_since(to.since) > NAME_HOLDS) {
            self.to = None;
        }
        if self.to.is_none() {
            self.to = Some(connect(&self.receiver.address).await?);
        }
        let Some(To { socket, .. }) = &self.to else { return Err("no socket".into()) };
        let address = &self.receiver.address;
        if *self.state.borrow() == ReceiverState::Idle {
            self.state.send_replace(ReceiverState::Delivering);
        }
        // An error may be the echo of an earlier datagram (port unreachable), which says nothing about this one.
        if let Err(first) = socket.send(datagram).await
            && let Err(second) = socket.send(datagram).await
        {
            self.to = None;
            return Err(format!("{address}: cannot send: {first}; {second}"));
        }
        if self.receiver.kind == Kind::Trap {
            return Ok(());
        }
        let answered = timeout(self.receiver.timeout, answer(socket, self.request_id)).await;
        if answered.is_ok() {
            return Ok(());
        }
        // The name may stand for another machine by now.
        self.to = None;
        Err(format!(
            "{address}: informs are not answered; is a receiver running there, with our community and address allowed?"
        ))
    }
}

async fn connect(address: &str) -> Result<To, String> {
    let unresolved = |why: &str| format!("{address}: {why}; correct `address` in [[nms]], or the name service");
    let mut addresses = lookup_host(address).await.map_err(|error| unresolved(&error.to_string()))?;
    let to = addresses.next().ok_or_else(|| unresolved("the name has no address"))?;
    let any: SocketAddr = match to {
        SocketAddr::V4(_) => (std::net::Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (std::net::Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let unreachable = |error: std::io::Error| format!("{address}: cannot be reached: {error}");
    let socket = UdpSocket::bind(any).await.map_err(unreachable)?;
    socket.connect(to).await.map_err(unreachable)?;
    Ok(To { socket, since: clock::instant() })
}

/// Returns when the inform with this id is answered. The socket is connected, so only the receiver's datagrams come in. An answer
/// with an error status is an answer: the receiver has it, and asking again would not change its mind.
async fn answer(socket: &UdpSocket, request_id: i32) {
    let mut buffer = vec![0_u8; 65_535];
    loop {
        match socket.recv(&mut buffer).await {
            Ok(length) => {
                if let Ok(Message::Response(response)) = decode(buffer.get(..length).unwrap_or_default())
                    && response.request_id == request_id
                {
                    if response.error_status != 0 {
                        tracing::warn!("an inform was answered with error status {}", response.error_status);
                    }
                    return;
                }
            }
            // Port unreachable: nobody listens there yet. The timeout above decides.
            Err(_) => sleep(Duration::from_millis(100)).await,
        }
    }
}
