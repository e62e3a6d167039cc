//! Received notifications to the NMS. They are kept in memory only: a bounded number for each receiver. What does not find a place, and
//! what the receiver's version cannot say, is counted. So a receiver that is down holds up nobody, and costs no more memory than it was
//! given.

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

/// The queue to one receiver.
#[derive(Clone, Debug)]
pub(crate) struct Queue {
    name: Arc<str>,
    notifications: mpsc::Sender<Notify>,
    /// How many may wait, besides the one on its way.
    places: usize,
    undelivered: Arc<AtomicUsize>,
    lost: Arc<AtomicU64>,
    /// Whether the receiver takes SNMPv1, which cannot say everything.
    is_v1: bool,
    untranslatable: Arc<AtomicU64>,
}

/// The end of a queue that [`run`] takes from.
#[derive(Debug)]
pub(crate) struct QueueEnd {
    notifications: mpsc::Receiver<Notify>,
    undelivered: Arc<AtomicUsize>,
}

/// The queues to all receivers. None, if nothing is relayed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Queues(pub(crate) Vec<Queue>);

impl Queue {
    /// A queue with this many places to a receiver of this version, and its end.
    pub(crate) fn new(name: Arc<str>, places: usize, version: SnmpVersion) -> (Self, QueueEnd) {
        let (sender, notifications) = mpsc::channel(places + 1);
        let undelivered: Arc<AtomicUsize> = Arc::default();
        let end = QueueEnd { notifications, undelivered: Arc::clone(&undelivered) };
        let (lost, untranslatable) = (Arc::default(), Arc::default());
        let is_v1 = version == SnmpVersion::V1;
        (Self { name, notifications: sender, places, undelivered, lost, is_v1, untranslatable }, end)
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

    fn put(&self, content: Content) {
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
        if !has_place || self.notifications.try_send(Notify { token: 0, content }).is_err() {
            self.undelivered.fetch_sub(1, Ordering::Relaxed);
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Queues {
    /// Hands a notification to every receiver; waits for none.
    pub(crate) fn pass(&self, passed: Passed) {
        let content = match passed.as_received.as_deref().and_then(AsReceived::new) {
            Some(as_received) => Content::AsReceived(as_received),
            None => Content::Relayed(Arc::new(passed.relayed)),
        };
        self.0.iter().for_each(|queue| queue.put(content.clone()));
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
    let QueueEnd { mut notifications, undelivered } = queue;
    let (tokens, mut acknowledged) = mpsc::channel(super::WAITING);
    let counting = async {
        while acknowledged.recv().await.is_some() {
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
