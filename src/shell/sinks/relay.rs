//! Received notifications to the NMS. They are kept in memory only: a bounded number for each receiver, and what does not find a place is
//! counted. So a receiver that is down holds up nobody, and costs no more memory than it was given.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{mpsc, watch};

use crate::path::Passed;
use crate::shell::clock::Clock;
use crate::shell::nms::{self, AsReceived, Content, Notify, Receiver, ReceiverState};

/// The queue to one receiver.
#[derive(Clone, Debug)]
pub(crate) struct Queue {
    name: Arc<str>,
    notifications: mpsc::Sender<Notify>,
    lost: Arc<AtomicU64>,
}

/// The queues to all receivers. None, if nothing is relayed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Queues(pub(crate) Vec<Queue>);

impl Queue {
    /// A queue with this many places, and the end that [`run`] takes from.
    pub(crate) fn new(name: Arc<str>, places: usize) -> (Self, mpsc::Receiver<Notify>) {
        let (notifications, taken) = mpsc::channel(places);
        (Self { name, notifications, lost: Arc::default() }, taken)
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
        let content = match passed.as_received.as_deref().and_then(AsReceived::new) {
            Some(as_received) => Content::AsReceived(as_received),
            None => Content::Relayed(Arc::new(passed.relayed)),
        };
        for queue in &self.0 {
            let notify = Notify { token: 0, content: content.clone() };
            if queue.notifications.try_send(notify).is_err() {
                queue.lost.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

/// Sends what is in the queue, for ever.
pub(crate) async fn run(
    receiver: Receiver,
    clock: Clock,
    queue: mpsc::Receiver<Notify>,
    state: watch::Sender<ReceiverState>,
    shutdown: watch::Receiver<bool>,
) {
    let (tokens, mut acknowledged) = mpsc::channel(super::WAITING);
    // Nobody waits for the end of a delivery: it is over when the receiver has it.
    let forgetting = async { while acknowledged.recv().await.is_some() {} };
    let sending =
        nms::run(receiver, super::nms::uptime(clock), move || clock.now().mono, queue, tokens, state, shutdown);
    tokio::join!(sending, forgetting);
}
