//! The unix socket through which the commands ask the running service. One line of JSON in (`{"ask":"health"}`), one out.
//! It lies in the store's directory, which only the service's own user may enter.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::oneshot;

use super::health::Health;
use super::receive::Question;
use crate::audit::{AuditRecord, DayOrder, Origin, row_of_json, write_json};
use crate::event::Label;

/// A question longer than this is not ours.
const LONGEST_QUESTION: u64 = 512 << 10;
/// Nobody keeps the door open for longer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Audit records that one answer holds at most, and one import.
const IMPORTED: usize = 256;
/// Closed alerts that `alerts` shows at most.
const CLOSED: usize = 100;

/// What can be asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "kebab-case")]
pub(crate) enum Ask {
    /// The accounts at hand.
    Accounts,
    /// Open alerts and the newest closed ones.
    Alerts,
    /// Whether everything works.
    Health,
    /// The newest records of the audit log with numbers below `before`.
    Audit {
        /// None: all.
        before: Option<u64>,
        /// At most so many.
        limit: usize,
    },
    /// Take these records, in the form that `audit` shows them in.
    AuditImport {
        /// At most [`IMPORTED`].
        records: Vec<Value>,
    },
}

/// The socket of the service with this store.
pub(crate) fn socket_of(store: &Path) -> PathBuf {
    store.join("control.sock")
}

/// Listens; a socket that an earlier run left behind is replaced.
///
/// # Errors
/// If it cannot be created there.
pub(crate) fn listen(store: &Path) -> Result<UnixListener, String> {
    let path = socket_of(store);
    // The store's lock has shown that no other service uses this directory.
    let _absent = std::fs::remove_file(&path).is_err();
    UnixListener::bind(&path)
        .map_err(|error| format!("{}: {error}; `lockwarden health` cannot ask this service", path.display()))
}

/// Answers until the process ends.
pub(crate) async fn serve(listener: UnixListener, health: Health) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let health = health.clone();
                tokio::spawn(async move {
                    let _late = tokio::time::timeout(PATIENCE, answer(stream, health)).await.is_err();
                });
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

async fn answer(stream: UnixStream, health: Health) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut line = String::new();
    BufReader::new(read.take(LONGEST_QUESTION)).read_line(&mut line).await?;
    let answer = match serde_json::from_str::<Ask>(&line) {
        Ok(Ask::Health) => health.report().await,
        Ok(Ask::Alerts) => {
            let alerts = health.keeper.alerts(CLOSED).await;
            Value::Array(alerts.iter().filter_map(|a| serde_json::from_str(&a.to_json()).ok()).collect())
        }
        Ok(Ask::Accounts) => {
            let (reply, accounts) = oneshot::channel();
            let asked = health.path.send(Question::Accounts(reply)).await.is_ok();
            if asked { accounts.await.unwrap_or_default() } else { Value::Null }
        }
        Ok(Ask::Audit { before, limit }) => audit(&health, before, limit).await,
        Ok(Ask::AuditImport { records }) => import(&health, &records).await,
        Err(error) => serde_json::json!({ "error": format!("not a question: {error}") }),
    };
    write.write_all(answer.to_string().as_bytes()).await?;
    write.write_all(b"\n").await
}

/// A page of the audit log; with its first page, everything so far is kept.
async fn audit(health: &Health, before: Option<u64>, limit: usize) -> Value {
    if before.is_none() {
        let (reply, kept) = oneshot::channel();
        if health.path.send(Question::Audit(reply)).await.is_ok() {
            let _ending = kept.await.is_err();
        }
    }
    let records = health.keeper.audit(before.unwrap_or(u64::MAX), limit.min(IMPORTED)).await;
    Value::Array(records.iter().map(write_json).collect())
}

async fn import(health: &Health, records: &[Value]) -> Value {
    let nowhere = Origin {
        cluster: Label::new(),
        node: Label::new(),
        zone: None,
        order: DayOrder::default(),
        now: health.clock.now().wall,
    };
    let read = |value: &Value| row_of_json(value.as_object()?).ok()?.record(&nowhere).ok();
    let read: Vec<AuditRecord> = records.iter().take(IMPORTED).filter_map(read).collect();
    if read.len() != records.len() {
        return serde_json::json!({ "error": "these are no records that this version takes" });
    }
    let (reply, answer) = oneshot::channel();
    let asked = health.path.send(Question::Import(read, reply)).await.is_ok();
    match if asked { answer.await.ok() } else { None } {
        Some(counted) => serde_json::json!({ "counted": counted }),
        None => serde_json::json!({ "error": "the service is ending" }),
    }
}

/// Asks the service that uses this store.
///
/// # Errors
/// Says what to do if nobody answers.
pub(crate) fn ask(store: &Path, question: Ask) -> Result<Value, String> {
    use std::io::{BufRead as _, Write as _};
    let path = socket_of(store);
    let unreachable = |error: std::io::Error| {
        format!(
            "no service answers at {}: {error}\nstart it with `lockwarden run`, or name its configuration with --config, \
             or its store with --store",
            path.display()
        )
    };
    let mut stream = std::os::unix::net::UnixStream::connect(&path).map_err(unreachable)?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(unreachable)?;
    let mut line = serde_json::to_string(&question).unwrap_or_default();
    line.push('\n');
    stream.write_all(line.as_bytes()).map_err(unreachable)?;
    let mut answer = String::new();
    std::io::BufReader::new(stream).read_line(&mut answer).map_err(unreachable)?;
    serde_json::from_str(&answer).map_err(|error| format!("the service's answer is not understood: {error}"))
}
