//! A mosquitto, and mosquitto_sub as a reader whose session it keeps.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::process::{Prints, Process, free_port, program};
use super::told::{Message, Told};
use super::watched::Watched;
use crate::workspace::{Failure, write};

/// A running or killed broker and its reader.
#[derive(Debug)]
pub(super) struct Broker {
    configuration: PathBuf,
    pub(super) at: SocketAddr,
    process: Option<Process>,
    reader: Option<Process>,
    /// What the reader was told.
    pub(super) told: Watched<Told>,
    pub(super) kills: u64,
}

impl Broker {
    /// Running, with its reader subscribed. What it knows it writes down at each change, so that it can be killed.
    pub(super) fn start(directory: &Path) -> Result<Self, Failure> {
        Self::start_with(directory, "autosave_on_changes true\nautosave_interval 1")
    }

    /// The same, for one that is only stopped: it writes down what it knows when it ends.
    pub(super) fn start_to_stop(directory: &Path) -> Result<Self, Failure> {
        Self::start_with(directory, "autosave_interval 0")
    }

    fn start_with(directory: &Path, autosave: &str) -> Result<Self, Failure> {
        let (directory, at) = (directory.join("broker"), free_port()?);
        let configuration = directory.join("mosquitto.conf");
        let text = format!(
            "listener {} {}\nallow_anonymous true\nuser root\nlog_dest stderr\nlog_type error\nlog_type warning\nlog_type notice\n\
             log_type information\npersistence true\npersistence_location {}/\n{autosave}\n\
             max_queued_messages 100000\nmax_inflight_messages 0\n",
            at.port(),
            at.ip(),
            directory.display()
        );
        write(&configuration, text)?;
        let told = Watched::new(Told::default());
        let mut broker = Self { configuration, at, process: None, reader: None, told, kills: 0 };
        broker.start_again()?;
        broker.read()?;
        Ok(broker)
    }

    /// Starts it with what it has written down.
    pub(super) fn start_again(&mut self) -> Result<(), Failure> {
        let mut run = program("mosquitto")?;
        run.arg("-c").arg(&self.configuration);
        let process = Process::start("mosquitto", run, Prints::Err, |line| line.ends_with("running"))?;
        process.wait_ready()?;
        self.process = Some(process);
        Ok(())
    }

    /// SIGKILL.
    pub(super) fn kill(&mut self) -> Result<(), Failure> {
        self.kills += 1;
        self.process.take().map_or(Ok(()), Process::kill)
    }

    /// SIGTERM.
    pub(super) fn stop(&mut self) -> Result<(), Failure> {
        self.process.take().map_or(Ok(()), Process::terminate)
    }

    /// The reader comes, or comes back.
    pub(super) fn read(&mut self) -> Result<(), Failure> {
        if self.reader.is_some() {
            return Ok(());
        }
        let mut sub = program("stdbuf")?;
        sub.arg("-oL").arg(program("mosquitto_sub")?.get_program());
        sub.args(["-h", &self.at.ip().to_string(), "-p", &self.at.port().to_string(), "-V", "mqttv311"]);
        sub.args(["-c", "-i", "torture-reader", "-q", "1", "-d", "-F", "got %p", "-t", "lockwarden/torture/alerts/#"]);
        // It says on standard error, again and again, that there is no broker.
        sub.stderr(std::process::Stdio::null());
        let told = self.told.clone();
        let reader = Process::start("mosquitto_sub", sub, Prints::Out, move |line| {
            if let Some(payload) = line.strip_prefix("got ") {
                told.with(|told| take(told, payload));
            }
            line.contains("received SUBACK")
        })?;
        reader.wait_ready()?;
        self.reader = Some(reader);
        Ok(())
    }

    /// The reader goes away; the broker keeps its session.
    pub(super) fn look_away(&mut self) -> Result<(), Failure> {
        self.reader.take().map_or(Ok(()), Process::terminate)
    }
}

fn take(told: &mut Told, payload: &str) {
    let alert: Value = serde_json::from_str(payload).unwrap_or_default();
    let text = |field: &str| alert.get(field).and_then(Value::as_str).unwrap_or_default();
    let revision = alert.get("revision").and_then(Value::as_u64);
    let (Some(revision), false) = (revision, text("id").is_empty()) else {
        told.wrong.push(format!("no alert: {payload}"));
        return;
    };
    told.take(&Message {
        id: text("id"),
        revision,
        account: text("account"),
        is_lockout: text("kind") == "lockout",
        is_cleared: text("state") == "cleared",
        payload,
    });
}
