//! Received notifications to the NMS. They are kept in memory only: for each receiver a bounded number, in bounded memory, and what does
//! not find a place is counted. So a receiver that is down holds up nobody, and costs no more memory than it was given.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{mpsc, watch};

use crate::path::Passed;
use crate::shell::clock::Clock;
use crate::shell::nms::{self, AsReceived, Content, Notify, Receiver, ReceiverState};

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
    /// Octets that what waits, or is on its way, takes; and may take.
    taken: Arc<AtomicU64>,
    room: u64,
    lost: Arc<AtomicU64>,
}

/// The end of a queue that [`run`] takes from. Each notification's token is the memory that it gives back when it is delivered.
#[derive(Debug)]
pub(crate) struct Outlet {
    notifications: mpsc::Receiver<Notify>,
    taken: Arc<AtomicU64>,
}

/// The queues to all receivers. None, if nothing is relayed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Queues(pub(crate) Vec<Queue>);

impl Queue {
    /// A queue with this many places, and the end that [`run`] takes from.
    pub(crate) fn new(name: Arc<str>, places: usize) -> (Self, Outlet) {
        let (notifications, outlet) = mpsc::channel(places);
        let taken = Arc::default();
        let room = u64::try_from(places).unwrap_or(u64::MAX).saturating_mul(FOR_EACH).max(AT_LEAST);
        let outlet = Outlet { notifications: outlet, taken: Arc::clone(&taken) };
        (Self { name, notifications, taken, room, lost: Arc::default() }, outlet)
    }

    /// Takes in a notification of this size, if there is room.
    fn put(&self, content: Content, octets: u64) {
        let taken = self.taken.fetch_add(octets, Ordering::Relaxed).saturating_add(octets);
        if taken > self.room || self.notifications.try_send(Notify { token: octets, content }).is_err() {
            self.taken.fetch_sub(octets, Ordering::Relaxed);
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Its name among the sinks.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// How many wait.
    pub(crate) fn waiting(&self) -> usize {
        self.notifications.max_capacity() - self.notifications.capacity()
    }

    /// How many found no place.
    pub(crate) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

impl Queues {
    /// Hands a notification to every receiver; waits for none.
    pub(crate) fn pass(&self, passed: Passed) {
        let (content, octets) = match passed.as_received.as_deref().and_then(AsReceived::new) {
            Some(as_received) => {
                let octets = as_received.size();
                (Content::AsReceived(as_received), octets)
            }
            None => {
                let octets = passed.relayed.size();
                (Content::Relayed(Arc::new(passed.relayed)), octets)
            }
        };
        let octets = u64::try_from(octets).unwrap_or(u64::MAX);
        self.0.iter().for_each(|queue| queue.put(content.clone(), octets));
    }
}

/// Sends what is in the queue, for ever.
pub(crate) async fn run(
    receiver: Receiver,
    clock: Clock,
    outlet: Outlet,
    state: watch::Sender<ReceiverState>,
    shutdown: watch::Receiver<bool>,
) {
    let (tokens, mut acknowledged) = mpsc::channel(super::WAITING);
    let Outlet { notifications, taken } = outlet;
    let giving_back = async {
        while let Some(octets) = acknowledged.recv().await {
            taken.fetch_sub(octets, Ordering::Relaxed);
        }
    };
    let sending =
        nms::run(receiver, super::nms::uptime(clock), move || clock.now().mono, notifications, tokens, state, shutdown);
    tokio::join!(sending, giving_back);
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
        let (queue, _outlet) = Queue::new("relay".into(), places);
        let queues = Queues(vec![queue]);
        (0..100).for_each(|_| queues.pass(passed.clone()));
        let [queue] = queues.0.try_into().unwrap();
        (queue.waiting(), queue.lost())
    }

    #[test]
    fn a_queue_holds_as_many_as_it_has_places_and_memory_for() {
        let as_received = passed(9_000);
        let translated = |varbinds| Passed { as_received: None, ..passed(varbinds) };
        assert_eq!(kept(100, &translated(10)), (100, 0));
        assert_eq!(kept(30, &translated(10)), (30, 70));
        // 63 KB on the wire, and 11 times as much in memory; the least memory is enough for one of these.
        let large = translated(9_000);
        assert!((600_000..AT_LEAST).contains(&u64::try_from(large.relayed.size()).unwrap()));
        assert_eq!(kept(1, &large), (1, 99));
        assert_eq!(kept(1_000, &large), (5, 95));
        assert_eq!(kept(1_000, &as_received), (64, 36));
    }

    #[test]
    fn what_is_delivered_gives_its_memory_back() {
        let (queue, mut outlet) = Queue::new("relay".into(), 1);
        let queues = Queues(vec![queue]);
        for _ in 0..9 {
            queues.pass(Passed { as_received: None, ..passed(9_000) });
            let delivered = outlet.notifications.try_recv().unwrap();
            outlet.taken.fetch_sub(delivered.token, Ordering::Relaxed);
        }
        assert_eq!(outlet.taken.load(Ordering::Relaxed), 0);
    }
}
