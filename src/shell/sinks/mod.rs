//! Delivery: each sink reads the outbox at its own pace and acknowledges what arrived. A dead one holds up no other.

pub(crate) mod mqtt;
pub(crate) mod nms;
pub(crate) mod relay;
pub(crate) mod response;

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::{Notify, mpsc};

use super::keeper::KeeperHandle;
use crate::alert::{Alert, Kind, State};
use crate::store::Entry;

/// Outbox entries read at a time.
const PAGE: usize = 64;
/// Messages between the outbox and a sink's own window.
pub(crate) const WAITING: usize = 64;
/// A token that stands for no outbox entry: a state that is published again after each connection.
pub(crate) const NO_ENTRY: u64 = u64::MAX;

/// The outbox entries that are on their way, with how many messages of each are not acknowledged. Shared between the task that reads
/// the outbox and the one that takes acknowledgements.
pub(crate) type Shared = Arc<std::sync::Mutex<BTreeMap<u64, usize>>>;

/// The message that tells an open alert's state, if it has one.
pub(crate) type ToState<T> = Box<dyn Fn(&Alert) -> Option<T> + Send + Sync>;

/// Tells the present state of every open alert that was told once more, when it is wanted. The task that reads the outbox does it, so that
/// no state can overtake a later one: what the outbox holds beyond the state goes out after it.
pub(crate) struct Refresh<T> {
    pub(crate) wanted: Arc<Notify>,
    pub(crate) to_message: ToState<T>,
    /// Whether there are states at all.
    pub(crate) is_used: bool,
}

impl<T> Refresh<T> {
    /// Never wanted.
    pub(crate) fn never() -> Self {
        Self { wanted: Arc::default(), to_message: Box::new(|_| None), is_used: false }
    }
}

/// Reads the outbox from its beginning (the store gives nothing that every sink has), turns each entry into messages and hands
/// them over, for ever. `to_messages` gets the entry and says what goes out for it; each carries the entry's number as its token.
pub(crate) async fn feed<T>(
    keeper: KeeperHandle,
    shared: Shared,
    first: u64,
    messages: mpsc::Sender<T>,
    to_messages: impl Fn(u64, &Alert) -> Vec<T>,
    refresh: Refresh<T>,
) {
    let mut newest = keeper.newest.clone();
    newest.mark_unchanged();
    let mut next = first;
    loop {
        let entries: Vec<Entry<Alert>> = keeper.fetch(next, PAGE).await;
        if entries.is_empty() {
            tokio::select! {
                changed = newest.changed() => if changed.is_err() { return },
                () = refresh.wanted.notified() => {
                    for alert in keeper.told_alerts().await {
                        if let Some(message) = (refresh.to_message)(&alert)
                            && messages.send(message).await.is_err()
                        {
                            return;
                        }
                    }
                    continue;
                }
            }
            continue;
        }
        for entry in entries {
            next = entry.seq + 1;
            let parts = to_messages(entry.seq, &entry.record);
            with(&shared, |under_way| under_way.insert(entry.seq, parts.len()));
            for message in parts.into_iter().chain(still_open(&keeper, &entry.record, &refresh).await) {
                if messages.send(message).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// The states of other locks of accounts of this name: a user of the same name in another cluster shares the topic, and
/// the end of one lock must not hide the other.
async fn still_open<T>(keeper: &KeeperHandle, ended: &Alert, refresh: &Refresh<T>) -> Vec<T> {
    let Some(account) = &ended.account else { return Vec::new() };
    if ended.state != State::Cleared || ended.kind != Kind::Lockout || !refresh.is_used {
        return Vec::new();
    }
    let open = keeper.told_locks(account).await;
    open.iter().filter(|alert| alert.id != ended.id).filter_map(|alert| (refresh.to_message)(alert)).collect()
}

/// Takes acknowledged tokens; an entry is done when all its messages are.
pub(crate) async fn acknowledge(keeper: KeeperHandle, shared: Shared, sink: Arc<str>, mut tokens: mpsc::Receiver<u64>) {
    while let Some(seq) = tokens.recv().await {
        if seq == NO_ENTRY {
            continue;
        }
        let done = with(&shared, |under_way| {
            let parts = under_way.get_mut(&seq)?;
            *parts = parts.saturating_sub(1);
            if *parts > 0 {
                return None;
            }
            under_way.remove(&seq)
        });
        if done.is_some() {
            keeper.acknowledged(&sink, seq).await;
        }
    }
}

fn with<R>(shared: &Shared, act: impl FnOnce(&mut BTreeMap<u64, usize>) -> R) -> R {
    // A poisoned lock means that a task panicked, and a panic ends the process; the data is whole either way.
    act(&mut shared.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
}
