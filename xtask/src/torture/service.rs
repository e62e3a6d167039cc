//! The service under torture: one store and the same ports over all its lives.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::process::{Prints, Process, free_port};
use super::usm;
use crate::workspace::{Failure, write};

/// Between two looks at `health`.
const LOOK: Duration = Duration::from_millis(50);

/// A running or killed service.
#[derive(Debug)]
pub(super) struct Service {
    binary: PathBuf,
    directory: PathBuf,
    process: Option<Process>,
    pub(super) traps: SocketAddr,
    pub(super) syslog: SocketAddr,
    /// From start to listening, at most.
    pub(super) slowest: Duration,
    pub(super) kills: u64,
}

impl Service {
    /// Configured for this broker and NMS; not started yet. Failures count, and locks last, longer than any run.
    pub(super) fn new(binary: &Path, directory: &Path, broker: SocketAddr, nms: SocketAddr) -> Result<Self, Failure> {
        let (traps, syslog) = (free_port()?, free_port()?);
        let text = format!(
            "site = \"torture\"\n[policy]\nreset-min = 120\nlockout-min = 1440\n\
             [detect.storm]\nmore-than = 0\n[traps]\nlisten = [\"{traps}\"]\n{}\
             [syslog]\nudp = [\"{syslog}\"]\ntcp = [\"{syslog}\"]\n[store]\npath = \"{}\"\n[mqtt]\nbroker = \"mqtt://{broker}\"\n\
             [[nms]]\naddress = \"{nms}\"\nversion = \"v2c\"\nkind = \"inform\"\ncommunity = \"nms-community\"\ntimeout-s = 1\n",
            usm::configuration(),
            directory.join("store").display()
        );
        write(&directory.join("lockwarden.toml"), text)?;
        let (binary, directory) = (binary.to_owned(), directory.to_owned());
        Ok(Self { binary, directory, process: None, traps, syslog, slowest: Duration::ZERO, kills: 0 })
    }

    /// Starts it and waits until it listens.
    pub(super) fn start(&mut self) -> Result<(), Failure> {
        let began = Instant::now();
        let process = self.launch()?;
        process.wait_ready().map_err(|failure| self.with_log(failure))?;
        self.slowest = self.slowest.max(began.elapsed());
        self.process = Some(process);
        Ok(())
    }

    /// Starts it and kills it after so long, wherever it is then.
    pub(super) fn start_and_kill(&mut self, after: Duration) -> Result<(), Failure> {
        let process = self.launch()?;
        let _still_starting = process.wait_ready_for(after).is_err();
        self.kills += 1;
        process.kill().map_err(|failure| self.with_log(failure))
    }

    /// SIGKILL.
    pub(super) fn kill(&mut self) -> Result<(), Failure> {
        let Some(process) = self.process.take() else { return Ok(()) };
        self.kills += 1;
        process.kill().map_err(|failure| self.with_log(failure))
    }

    /// All failures that it has ever counted, by account.
    pub(super) fn counted(&self) -> Result<BTreeMap<String, u64>, Failure> {
        let Value::Array(rows) = self.ask("accounts")? else { return Err(Failure::Said("accounts: no list".into())) };
        let row = |row: &Value| Some((row.get("account")?.as_str()?.to_owned(), row.get("failures_total")?.as_u64()?));
        Ok(rows.iter().filter_map(row).collect())
    }

    /// What is wrong with its store, by its own account.
    pub(super) fn store_trouble(&self) -> Result<Option<String>, Failure> {
        let health = self.ask("health")?;
        let at = |pointer: &str| health.pointer(pointer).cloned().unwrap_or_default();
        let lost = ["/store/folded", "/store/dropped", "/accounts/untracked"].map(|pointer| at(pointer).as_u64());
        let sound = at("/store/on_disk") == true && lost.iter().all(|lost| lost.unwrap_or(0) == 0);
        Ok((!sound).then(|| format!("degraded: {}, store: {}", at("/degraded"), at("/store"))))
    }

    /// A number in `health`.
    pub(super) fn health(&self, pointer: &str) -> Result<u64, Failure> {
        let health = self.ask("health")?;
        let number = health.pointer(pointer).and_then(Value::as_u64);
        number.ok_or_else(|| self.with_log(Failure::Said(format!("no number {pointer} in {health}"))))
    }

    /// Until a number in `health` is as wanted.
    pub(super) fn wait_health(
        &self,
        pointer: &str,
        patience: Duration,
        wanted: impl Fn(u64) -> bool,
    ) -> Result<(), Failure> {
        let until = Instant::now() + patience;
        loop {
            let number = self.health(pointer)?;
            if wanted(number) {
                return Ok(());
            }
            if Instant::now() > until {
                return Err(self.with_log(Failure::Said(format!("{pointer} in health stays {number}"))));
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Its process id.
    pub(super) fn id(&self) -> Result<u32, Failure> {
        self.process.as_ref().map(Process::id).ok_or_else(|| Failure::Said("no service runs".into()))
    }

    fn ask(&self, command: &str) -> Result<Value, Failure> {
        let mut ask = Command::new(&self.binary);
        ask.args([command, "--json", "--config"]).arg(self.directory.join("lockwarden.toml"));
        let answer = ask.output().map_err(|e| Failure::of(command, e))?;
        serde_json::from_slice(&answer.stdout).map_err(|e| {
            self.with_log(Failure::Said(format!("{command}: {e}: {}", String::from_utf8_lossy(&answer.stderr))))
        })
    }

    fn launch(&self) -> Result<Process, Failure> {
        let log = OpenOptions::new().create(true).append(true).open(self.directory.join("log"));
        let mut run = Command::new(&self.binary);
        run.args(["run", "--config"]).arg(self.directory.join("lockwarden.toml"));
        run.stderr(Stdio::from(log.map_err(|e| Failure::of("log", e))?));
        Process::start("lockwarden", run, Prints::Out, |line| line.starts_with("  store in "))
    }

    fn with_log(&self, failure: Failure) -> Failure {
        match failure {
            Failure::Said(text) => Failure::Said(format!("{text}; see {}", self.directory.join("log").display())),
            Failure::Exit(code) => Failure::Exit(code),
        }
    }
}
