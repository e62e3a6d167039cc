//! A delivery task under test, the ends of its channels, and an alert to deliver.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use lockwarden::alert::Alert;
use lockwarden::shell::nms::{self, Content, DEFAULT_ROOT, Notify, Protocol, Receiver, ReceiverState};
use lockwarden::units::Mono;
use lockwarden::wire::snmp::Kind;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Bound for everything that a test waits for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// What the box's sysUpTime is in these tests, in hundredths of a second.
pub(crate) const UPTIME: u32 = 360_000;

/// Where the time line stands in these tests.
pub(crate) const NOW: Mono = Mono::from_millis(90_000);

/// No token is left.
pub(crate) const NOTHING: [u64; 0] = [];

pub(crate) struct Rig {
    notifications: mpsc::Sender<Notify>,
    acknowledged: mpsc::Receiver<u64>,
    state: watch::Receiver<ReceiverState>,
    shutdown: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// A receiver that is asked again soon.
pub(crate) fn receiver(address: impl ToString, protocol: Protocol) -> Receiver {
    Receiver { address: address.to_string(), protocol, timeout: Duration::from_millis(20), root: DEFAULT_ROOT }
}

pub(crate) fn v1() -> Protocol {
    Protocol::V1 { community: b"public".to_vec() }
}

pub(crate) fn v2c(kind: Kind) -> Protocol {
    Protocol::V2c { community: b"public".to_vec(), kind }
}

pub(crate) fn informed(address: SocketAddr) -> Receiver {
    receiver(address, v2c(Kind::Inform))
}

/// A lockout with every field set that a lockout can have.
pub(crate) fn lockout() -> Alert {
    serde_json::from_str(include_str!("../data/lockout.json")).unwrap()
}

impl Rig {
    pub(crate) fn start(receiver: Receiver) -> Self {
        Self::start_at(receiver, NOW)
    }

    /// Its time line stands still at `now`.
    pub(crate) fn start_at(receiver: Receiver, now: Mono) -> Self {
        let (notifications, to_notify) = mpsc::channel(64);
        let (tokens, acknowledged) = mpsc::channel(64);
        let (show, state) = watch::channel(ReceiverState::Idle);
        let (shutdown, told) = watch::channel(false);
        let task = tokio::spawn(nms::run(receiver, || UPTIME, move || now, to_notify, tokens, show, told));
        Self { notifications, acknowledged, state, shutdown, task }
    }

    pub(crate) async fn notify(&self, token: u64, alert: Alert) {
        let sent = self.notifications.send(Notify { token, content: Content::Alert(Arc::new(alert)) });
        timeout(PATIENCE, sent).await.unwrap().unwrap();
    }

    /// The next token that is reported as delivered.
    pub(crate) async fn delivered(&mut self) -> Option<u64> {
        timeout(PATIENCE, self.acknowledged.recv()).await.expect("a token in time")
    }

    /// Waits until the receiver is down, and says why.
    pub(crate) async fn until_down(&mut self) -> String {
        let down = self.state.wait_for(|state| matches!(state, ReceiverState::Down { .. }));
        match timeout(PATIENCE, down).await.expect("down in time").unwrap().clone() {
            ReceiverState::Down { reason } => reason,
            state @ (ReceiverState::Idle | ReceiverState::Delivering) => panic!("{state:?}"),
        }
    }

    pub(crate) async fn until_idle(&mut self) {
        let idle = self.state.wait_for(|state| *state == ReceiverState::Idle);
        timeout(PATIENCE, idle).await.expect("idle in time").unwrap();
    }

    /// Gives it nothing more to do, and returns the tokens that nobody has taken yet.
    pub(crate) async fn finish(mut self) -> Vec<u64> {
        drop(self.notifications);
        timeout(PATIENCE, self.task).await.expect("ends in time").unwrap();
        let mut left = Vec::new();
        while let Some(token) = self.acknowledged.recv().await {
            left.push(token);
        }
        left
    }

    /// Stops it in the middle of whatever it does.
    pub(crate) async fn stop(self) {
        self.shutdown.send_replace(true);
        timeout(PATIENCE, self.task).await.expect("ends in time").unwrap();
    }
}

/// The repository's directory of this name.
pub(crate) fn directory(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// A directory of this test's own, empty.
pub(crate) fn scratch(name: &str) -> PathBuf {
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("nms-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&scratch).unwrap();
    scratch
}

/// A program that also lies where only the administrator's path leads, and that loads no MIB on its own.
pub(crate) fn program(name: &str) -> Command {
    let mut command = Command::new(name);
    let path = std::env::var("PATH").unwrap_or_default();
    command.env("PATH", format!("{path}:/usr/local/sbin:/usr/sbin:/sbin")).env("MIBS", "").env("LC_ALL", "C.UTF-8");
    command
}
