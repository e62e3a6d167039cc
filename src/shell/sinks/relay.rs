//! Received notifications to the NMS. They are kept in memory only: for each receiver a bounded number, in bounded memory. What does
//! not find a place, and what the receiver's version cannot say, is counted. So a receiver that is down holds up nobody, and costs no
//! more memory than it was given.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use crate::config::SnmpVersion;
use crate::path::Passed;
use crate::shell::clock::Clock;
use crate::shell::nms::{self, AsReceived, Content, Notify, Receiver, ReceiverState};

/// How long the end of the service waits for a receiver.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Memory for each place in a queue, in octets: ten varbinds of CUCM's take 2 KiB. One datagram can take 700 KiB, as 9,000 varbinds
/// without content.
const FOR_EACH: u64 = 4_096;
/// Memory that even a queue with few places has, in octets: for any one notification.
const AT_LEAST: u64 = 1 << 20;

/// The queue to one receiver.
#[derive(Clone, Debug)]
pub(crate) struct Queue {
    name: Arc<str>,
    notifications: mpsc::Sender<Notify>,
    /// How many may wait, besides the one on its way.
    places: usize,
    undelivered: Arc<AtomicUsize>,
    /// Octets that these take; and may take.
    taken: Arc<AtomicU64>,
    room: u64,
    lost: Arc<AtomicU64>,
    /// Whether the receiver takes SNMPv1, which cannot say everything.
    is_v1: bool,
    untranslatable: Arc<AtomicU64>,
}

/// The end of a queue that [`run`] takes from. Each notification's token is the memory that it gives back when it is delivered.
#[derive(Debug)]
pub(crate) struct QueueEnd {
    notifications: mpsc::Receiver<Notify>,
    undelivered: Arc<AtomicUsize>,
    taken: Arc<AtomicU64>,
}

/// The queues to all receivers. None, if nothing is relayed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Queues(pub(crate) Vec<Queue>);

impl Queue {
    /// A queue with this many places to a receiver of this version, and its end.
    pub(crate) fn new(name: Arc<str>, places: usize, version: SnmpVersion) -> (Self, QueueEnd) {
        let (sender, notifications) = mpsc::channel(places + 1);
        let undelivered: Arc<AtomicUsize> = Arc::default();
        let taken: Arc<AtomicU64> = Arc::default();
        let room = u64::try_from(places).unwrap_or(u64::MAX).saturating_mul(FOR_EACH).max(AT_LEAST);
        let end = QueueEnd { notifications, undelivered: Arc::clone(&undelivered), taken: Arc::clone(&taken) };
        let (lost, untranslatable) = (Arc::default(), Arc::default());
        let is_v1 = version == SnmpVersion::V1;
        (Self { name, notifications: sender, places, undelivered, taken, room, lost, is_v1, untranslatable }, end)
    }

    /// Its name among the sinks.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// How many are not delivered: those that wait, and the one on its way.
    pub(crate) fn undelivered(&self) -> usize {
        self.undelivered.load(Ordering::Relaxed)
    }

    /// How many found no place.
    pub(crate) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// How many the receiver's version cannot say.
    pub(crate) fn untranslatable(&self) -> u64 {
        self.untranslatable.load(Ordering::Relaxed)
    }

    fn put(&self, content: Content, octets: u64) {
        if self.is_v1
            && let Content::Relayed(relayed) = &content
            && let Err(reason) = relayed.to_v1()
        {
            // Once in the log: a sender may send nothing else.
            if self.untranslatable.fetch_add(1, Ordering::Relaxed) == 0 {
                let name = &self.name;
                tracing::warn!(
                    "{name}: a notification is left out: {reason}; `lockwarden health --json` counts all of them"
                );
            }
            return;
        }
        // Counted before it is in the queue: it may be delivered at once. Only the path's thread puts something in.
        let has_place = self.undelivered.fetch_add(1, Ordering::Relaxed) <= self.places;
        let has_room = self.taken.fetch_add(octets, Ordering::Relaxed).saturating_add(octets) <= self.room;
        if !(has_place && has_room) || self.notifications.try_send(Notify { token: octets, content }).is_err() {
            self.undelivered.fetch_sub(1, Ordering::Relaxed);
            self.taken.fetch_sub(octets, Ordering::Relaxed);
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Queues {
    /// Hands a notification to every receiver; waits for none.
    pub(crate) fn pass(&self, passed: Passed) {
        let (octets, content) = match passed.as_received.as_deref().and_then(AsReceived::new) {
            Some(as_received) => (as_received.size(), Content::AsReceived(as_received)),
            None => (passed.relayed.size(), Content::Relayed(Arc::new(passed.relayed))),
        };
        let octets = u64::try_from(octets).unwrap_or(u64::MAX);
        self.0.iter().for_each(|queue| queue.put(content.clone(), octets));
    }
}

/// Sends what is in the queue, for ever; at the end of the service, what still waits, as far as [`LAST_WORDS`] allows.
pub(crate) async fn run(
    receiver: Receiver,
    clock: Clock,
    queue: QueueEnd,
    state: watch::Sender<ReceiverState>,
    mut shutdown: watch::Receiver<bool>,
) {
    let QueueEnd { mut notifications, undelivered, taken } = queue;
    let (tokens, mut acknowledged) = mpsc::channel(super::WAITING);
    let counting = async {
        while let Some(octets) = acknowledged.recv().await {
            taken.fetch_sub(octets, Ordering::Relaxed);
            undelivered.fetch_sub(1, Ordering::Relaxed);
        }
    };
    let (next, to_send) = mpsc::channel(1);
    let mut ends = shutdown.clone();
    let handing_over = async move {
        loop {
            let notify = tokio::select! {
                notify = notifications.recv() => notify,
                // Nothing more comes in now.
                _ = ends.wait_for(|stop| *stop) => notifications.try_recv().ok(),
            };
            // Without a next one the delivery ends when it has done the last.
            let Some(notify) = notify else { return };
            if next.send(notify).await.is_err() {
                return;
            }
        }
    };
    let (_on, goes_on) = watch::channel(false);
    let uptime = super::nms::uptime(clock);
    let sending = nms::run(receiver, uptime, move || clock.now().mono, to_send, tokens, state, goes_on);
    let last_words = async {
        let _gone = shutdown.wait_for(|stop| *stop).await.is_err();
        tokio::time::sleep(LAST_WORDS).await;
    };
    tokio::select! {
        _ = async { tokio::join!(sending, counting, handing_over) } => {}
        () = last_words => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::snmp::{Kind, Message, OutValue, OutVarbind, Relayed, decode, encode, standard};

    /// A trap with as many varbinds without content.
    fn passed(varbinds: usize) -> Passed {
        let bind = OutVarbind { name: "1.3".parse().unwrap(), value: OutValue::Null };
        let datagram = encode::v2c(Kind::Trap, b"public", 1, 1, &standard::LINK_UP, &vec![bind; varbinds]);
        let Ok(Message::Notification(notification)) = decode(&datagram) else { panic!("no notification") };
        let from = "192.0.2.10".parse().unwrap();
        Passed { relayed: Relayed::from_received(&notification, from).unwrap(), as_received: Some(datagram.into()) }
    }

    /// How many of a hundred such traps find a place among these.
    fn kept(places: usize, passed: &Passed) -> (usize, u64) {
        let (queue, _end) = Queue::new("relay".into(), places, SnmpVersion::V2c);
        let queues = Queues(vec![queue]);
        (0..100).for_each(|_| queues.pass(passed.clone()));
        let [queue] = queues.0.try_into().unwrap();
        (queue.undelivered(), queue.lost())
    }

    #[test]
    fn a_queue_holds_as_many_as_it_has_places_and_memory_for() {
        let as_received = passed(9_000);
        let translated = |varbinds| Passed { as_received: None, ..passed(varbinds) };
        assert_eq!(kept(100, &translated(10)), (100, 0));
        assert_eq!(kept(30, &translated(10)), (31, 69));
        // 63 KB on the wire, and 11 times as much in memory; the least memory is enough for one of these.
        let large = translated(9_000);
        assert!((600_000..AT_LEAST).contains(&u64::try_from(large.relayed.size()).unwrap()));
        assert_eq!(kept(1, &large), (1, 99));
        assert_eq!(kept(1_000, &large), (5, 95));
        assert_eq!(kept(1_000, &as_received), (64, 36));
    }

    #[test]
    fn what_is_delivered_gives_its_memory_back() {
        let (queue, mut end) = Queue::new("relay".into(), 1, SnmpVersion::V2c);
        let queues = Queues(vec![queue]);
        for _ in 0..9 {
            queues.pass(Passed { as_received: None, ..passed(9_000) });
            let delivered = end.notifications.try_recv().unwrap();
            end.taken.fetch_sub(delivered.token, Ordering::Relaxed);
            end.undelivered.fetch_sub(1, Ordering::Relaxed);
        }
        assert_eq!(end.taken.load(Ordering::Relaxed), 0);
    }
}
