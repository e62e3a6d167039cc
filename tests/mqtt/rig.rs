//! A session under test and the ends of its channels.

use std::time::Duration;

use bytes::Bytes;
use lockwarden::shell::mqtt::options::{BrokerUrl, Options, Version};
use lockwarden::shell::mqtt::session::{self, LinkState, Publish};
use lockwarden::shell::mqtt::subscriber::Subscriber;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Bound for everything that a test waits for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) const BOTH: [Version; 2] = [Version::V311, Version::V5];

pub(crate) struct Rig {
    pub(crate) publishes: mpsc::Sender<Publish>,
    pub(crate) acknowledged: mpsc::Receiver<u64>,
    pub(crate) state: watch::Receiver<LinkState>,
    pub(crate) shutdown: watch::Sender<bool>,
    pub(crate) task: JoinHandle<()>,
}

/// Options that hurry: reconnecting takes at most 200 ms.
pub(crate) fn options(url: &str, version: Version) -> Options {
    let mut options = Options::new(url.parse::<BrokerUrl>().unwrap(), "lockwarden-test", "lockwarden/test/status");
    options.version = version;
    options.reconnect_first = Duration::from_millis(20);
    options.reconnect_longest = Duration::from_millis(200);
    options
}

impl Rig {
    pub(crate) fn start(options: Options) -> Self {
        let (publishes, from_caller) = mpsc::channel(256);
        let (to_caller, acknowledged) = mpsc::channel(256);
        let (show, state) = watch::channel(LinkState::Connecting);
        let (shutdown, told) = watch::channel(false);
        let task = tokio::spawn(session::run(options, from_caller, to_caller, show, told));
        Self { publishes, acknowledged, state, shutdown, task }
    }

    /// Waits for a state that fits and returns it.
    pub(crate) async fn until(&mut self, fits: impl Fn(&LinkState) -> bool) -> LinkState {
        let waited = timeout(PATIENCE, self.state.wait_for(|state| fits(state))).await;
        waited.map(|state| state.unwrap().clone()).unwrap_or_else(|_late| panic!("still {:?}", self.state.borrow()))
    }

    pub(crate) async fn until_connected(&mut self) {
        self.until(|state| *state == LinkState::Connected).await;
    }

    pub(crate) async fn until_down(&mut self, part: &str) {
        self.until(|state| matches!(state, LinkState::Down { reason } if reason.contains(part))).await;
    }

    pub(crate) async fn publish(&self, token: u64, topic: &str, payload: &str) {
        timeout(PATIENCE, self.publishes.send(message(token, topic, payload))).await.unwrap().unwrap();
    }

    pub(crate) async fn next_token(&mut self) -> u64 {
        let token = timeout(PATIENCE, self.acknowledged.recv()).await;
        token.unwrap_or_else(|_late| panic!("no token; {:?}", self.state.borrow())).unwrap()
    }

    pub(crate) async fn stop(self) {
        self.shutdown.send(true).unwrap();
        timeout(PATIENCE, self.task).await.unwrap().unwrap();
    }
}

pub(crate) fn message(token: u64, topic: &str, payload: &str) -> Publish {
    Publish { token, topic: topic.to_owned(), payload: Bytes::copy_from_slice(payload.as_bytes()), retain: false }
}

/// A subscriber beside the session, with a client id of its own.
pub(crate) async fn subscriber(options: &Options, filters: &[&str]) -> Subscriber {
    let mut options = options.clone();
    options.client_id = String::from("lockwarden-test-reader");
    Subscriber::connect(&options, filters).await.unwrap()
}

/// The next message as (topic, payload, retained).
pub(crate) async fn next(subscriber: &mut Subscriber) -> (String, String, bool) {
    let received = timeout(PATIENCE, subscriber.next()).await.expect("a message in time").expect("a connection");
    (received.topic, String::from_utf8(received.payload.to_vec()).unwrap(), received.retain)
}

/// Waits for this exact message and skips others.
pub(crate) async fn until_message(subscriber: &mut Subscriber, topic: &str, payload: &str) {
    loop {
        let (t, p, _) = next(subscriber).await;
        if (t.as_str(), p.as_str()) == (topic, payload) {
            return;
        }
    }
}
