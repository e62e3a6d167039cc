//! Whether the service does what it should, and what it could not do. Everything that is degraded stands in one list.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::{Notify, oneshot, watch};

use super::clock::Clock;
use super::keeper::KeeperHandle;
use super::mitel::{MitelState, Watched};
use super::mqtt::LinkState;
use super::nms::ReceiverState;
use super::receive::{PathHandle, Question};
use super::reload::{Reloaded, needs_restart};
use super::response::Runs;
use super::sinks::relay::{Queue, Queues};
use super::streams::Count;
use crate::units::Span;

/// How a sink's delivery task stands.
#[derive(Clone, Debug)]
pub(crate) enum SinkState {
    /// MQTT.
    Mqtt(watch::Receiver<LinkState>),
    /// One NMS.
    Nms(watch::Receiver<ReceiverState>),
}

impl SinkState {
    /// Tells of every change, until the sink is gone.
    pub(crate) async fn notify_changes(self, changed: Arc<Notify>) {
        match self {
            Self::Mqtt(mut state) => {
                while state.changed().await.is_ok() {
                    changed.notify_one();
                }
            }
            Self::Nms(mut state) => {
                while state.wait_for(|s| matches!(s, ReceiverState::Down { .. })).await.is_ok() {
                    changed.notify_one();
                    if state.wait_for(|s| *s == ReceiverState::Idle).await.is_err() {
                        return;
                    }
                    changed.notify_one();
                }
            }
        }
    }
}

/// Everything that `health` asks.
#[derive(Clone, Debug)]
pub(crate) struct Health {
    pub(crate) site: String,
    pub(crate) clock: Clock,
    pub(crate) listening: Vec<String>,
    /// What could not be started.
    pub(crate) problems: Vec<String>,
    /// How the run before this one ended, if there was one.
    pub(crate) last_end: Option<String>,
    /// How the configuration was last read again.
    pub(crate) reloaded: watch::Receiver<Reloaded>,
    /// What would be better set otherwise, though everything works.
    pub(crate) advice: Vec<String>,
    pub(crate) path: PathHandle,
    pub(crate) keeper: KeeperHandle,
    pub(crate) sinks: Vec<(String, SinkState)>,
    pub(crate) relay: Queues,
    /// Each controller with its address and how its connection stands.
    pub(crate) mitel: Vec<Watched>,
    /// Connections of the syslog ports.
    pub(crate) connections: Arc<Count>,
    /// How the runs of the response program have ended, if there is one.
    pub(crate) runs: Option<Arc<Runs>>,
    /// What is wrong with the certificates of the syslog ports, if anything.
    pub(crate) certificates: watch::Receiver<Vec<String>>,
}

impl Health {
    /// The whole of it, as JSON.
    pub(crate) async fn report(&self) -> Value {
        let (reply, answer) = oneshot::channel();
        let asked = self.path.send(Question::Health(reply)).await.is_ok();
        let path = if asked { answer.await.unwrap_or_default() } else { Value::Null };
        let store = self.keeper.report().await;
        let mut degraded = self.problems.clone();
        let Reloaded { problems, restart } = self.reloaded.borrow().clone();
        degraded.extend(problems);
        let restart = (!restart.is_empty()).then(|| needs_restart(&restart));
        let learning = path.get("learning_s").and_then(Value::as_u64).map(Span::secs).and_then(learning);
        let advice: Vec<&String> = self.advice.iter().chain(&restart).chain(&learning).collect();
        degraded.extend(self.certificates.borrow().iter().cloned());
        degraded.extend(store.faults.iter().cloned());
        let mut sinks = Vec::new();
        for (name, state) in &self.sinks {
            let (word, reason) = described(state);
            degraded.extend(reason.as_ref().map(|reason| format!("{name}: {reason}")));
            let backlog = store.backlog.iter().find(|(sink, _)| sink.as_ref() == name).map_or(0, |(_, n)| *n);
            let queue = self.relay.0.iter().find(|queue| queue.name() == name);
            let backlog = queue.map_or(backlog, Queue::undelivered);
            let (lost, untranslatable) = (queue.map(Queue::lost), queue.map(Queue::untranslatable));
            sinks.push(json!({
                "name": name,
                "state": word,
                "reason": reason,
                "backlog": backlog,
                "lost": lost,
                "untranslatable": untranslatable,
            }));
        }
        let mut mitel = Vec::new();
        for (name, address, state) in &self.mitel {
            let (word, reason) = match &*state.borrow() {
                MitelState::Connecting => ("connecting", None),
                MitelState::Connected => ("connected", None),
                MitelState::Down(reason) => ("down", Some(reason.clone())),
            };
            degraded.extend(reason.as_ref().map(|reason| format!("mitel {name}: {address}: {reason}")));
            mitel.push(json!({ "name": name, "address": address, "state": word, "reason": reason }));
        }
        let untracked = path.pointer("/accounts/untracked").and_then(Value::as_u64).unwrap_or(0);
        if untracked > 0 {
            degraded.push(format!(
                "accounts: every place is taken by an account that is locked or has an open alert; {untracked} failures found none \
                 (reported locks are told all the same)"
            ));
        }
        if let Some(lost) = path.get("overload").and_then(Value::as_str) {
            degraded.push(format!("overload: {lost}"));
        }
        if store.dropped > 0 {
            degraded.push(format!(
                "store: {} alerts were dropped, since the outbox was full and each was about another account; a receiver has been away \
                 for too long",
                store.dropped
            ));
        }
        if !self.clock.now().synchronised {
            degraded.push("clock: not synchronised; times in alerts may be wrong, windows are not".into());
        }
        let mut report = json!({
            "status": if degraded.is_empty() { "ok" } else { "degraded" },
            "degraded": degraded,
            "advice": advice,
            "version": env!("CARGO_PKG_VERSION"),
            "site": self.site,
            "board": crate::board::BOARD,
            "uptime_s": self.clock.running().as_secs(),
            "last_end": self.last_end,
            "listening": self.listening,
            "connections": self.connections.open(),
            "sinks": sinks,
            "mitel": mitel,
            "response": self.runs.as_ref().map(|runs| runs.report()),
            "store": {
                "on_disk": store.on_disk,
                "size_bytes": store.size_bytes,
                "outbox": store.outbox,
                "folded": store.folded,
                "dropped": store.dropped,
                "outages": store.outages,
                "last_outage": store.last_outage,
                "unanswered": store.unanswered,
            },
        });
        if let (Some(all), Value::Object(path)) = (report.as_object_mut(), path) {
            all.extend(path);
        }
        report
    }
}

/// What a new box says while it learns, which it will do for so long.
pub(crate) fn learning(left: Span) -> Option<String> {
    let hours = left.as_secs().div_ceil(3_600);
    let left = if hours > 48 { format!("{} days", hours.div_ceil(24)) } else { format!("{hours} h") };
    let advice = format!(
        "still learning what is usual here, for {left} (detect.learning-days): until then a spray or slow climb is a notice unless it is \
         far above its limit"
    );
    (hours > 0).then_some(advice)
}

fn described(state: &SinkState) -> (&'static str, Option<String>) {
    match state {
        SinkState::Mqtt(state) => match &*state.borrow() {
            LinkState::Connecting => ("connecting", None),
            LinkState::Connected => ("connected", None),
            LinkState::Refusing { reason } => ("refusing", Some(reason.clone())),
            LinkState::Down { reason } => ("down", Some(reason.clone())),
        },
        SinkState::Nms(state) => match &*state.borrow() {
            ReceiverState::Idle => ("idle", None),
            ReceiverState::Delivering => ("delivering", None),
            ReceiverState::Down { reason } => ("down", Some(reason.clone())),
        },
    }
}
