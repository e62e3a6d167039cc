//! Other programs: started, read line by line, ended by SIGKILL or SIGTERM.

use std::io::{BufRead as _, BufReader, Read};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use super::watched::Watched;
use crate::workspace::{Failure, on_path};

/// Longer than any program needs to start or to end.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running program. It is killed when this goes away.
#[derive(Debug)]
pub(super) struct Process {
    name: &'static str,
    child: Child,
    reader: Option<JoinHandle<()>>,
    ready: Watched<Ready>,
}

/// How far a program has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ready {
    NotYet,
    Listening,
    Ended,
}

/// Where a program prints what is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prints {
    Out,
    Err,
}

impl Process {
    /// Starts it. Every line that it prints goes to `take`, which says whether the program is ready with it.
    pub(super) fn start(
        name: &'static str,
        mut command: Command,
        prints: Prints,
        mut take: impl FnMut(&str) -> bool + Send + 'static,
    ) -> Result<Self, Failure> {
        command.stdin(Stdio::null());
        match prints {
            Prints::Out => command.stdout(Stdio::piped()),
            Prints::Err => command.stdout(Stdio::null()).stderr(Stdio::piped()),
        };
        let mut child = command.spawn().map_err(|e| Failure::of(name, e))?;
        let out = child.stdout.take().map(|out| Box::new(out) as Box<dyn Read + Send>);
        let err = child.stderr.take().map(|err| Box::new(err) as Box<dyn Read + Send>);
        let printed = out.or(err).ok_or_else(|| Failure::Said(format!("{name}: no output")))?;
        let ready = Watched::new(Ready::NotYet);
        let told = ready.clone();
        let reader = std::thread::spawn(move || {
            let mut printed = BufReader::new(printed);
            let mut line = Vec::new();
            while printed.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
                // What a kill has cut in two is no line.
                if line.pop() == Some(b'\n') && take(&String::from_utf8_lossy(&line)) {
                    told.with(|ready| *ready = Ready::Listening);
                }
                line.clear();
            }
            told.with(|ready| *ready = Ready::Ended);
        });
        Ok(Self { name, child, reader: Some(reader), ready })
    }

    /// Waits until it is ready.
    pub(super) fn wait_ready(&self) -> Result<(), Failure> {
        self.wait_ready_for(PATIENCE)
    }

    /// The same, with this patience.
    pub(super) fn wait_ready_for(&self, patience: Duration) -> Result<(), Failure> {
        let wanted = |ready: &Ready| *ready != Ready::NotYet;
        self.ready.wait(patience, wanted, |_| Failure::Said(format!("{} does not become ready", self.name)))?;
        match self.ready.with(|ready| *ready) {
            Ready::Listening => Ok(()),
            Ready::NotYet | Ready::Ended => Err(Failure::Said(format!("{} has ended when it should start", self.name))),
        }
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL. Everything that it has printed is taken when this returns.
    pub(super) fn kill(mut self) -> Result<(), Failure> {
        if let Some(ended) = self.child.try_wait().map_err(|e| Failure::of(self.name, e))? {
            return Err(Failure::Said(format!("{} has ended by itself with {ended}", self.name)));
        }
        self.child.kill().map_err(|e| Failure::of(self.name, e))?;
        self.end()
    }

    /// SIGTERM, and the end that follows.
    pub(super) fn terminate(mut self) -> Result<(), Failure> {
        let id = self.child.id().to_string();
        let told = Command::new("kill").args(["-TERM", &id]).status().map_err(|e| Failure::of("kill", e))?;
        if told.success() { self.end() } else { Err(Failure::Said(format!("{} has ended by itself", self.name))) }
    }

    fn end(&mut self) -> Result<(), Failure> {
        if let Some(reader) = self.reader.take() {
            reader.join().map_err(|_| Failure::Said(format!("{}: what it prints cannot be read", self.name)))?;
        }
        self.child.wait().map(drop).map_err(|e| Failure::of(self.name, e))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // After `end` both are errors that say so.
        let _ended = self.child.kill().is_err();
        let _taken = self.child.wait().is_err();
    }
}

/// A program of the system.
pub(super) fn program(name: &str) -> Result<Command, Failure> {
    let found =
        on_path(name).ok_or_else(|| Failure::Said(format!("{name} is not installed; `cargo xtask test` does that")))?;
    let mut command = Command::new(found);
    command.env("MIBS", "").env("LC_ALL", "C");
    Ok(command)
}

/// A port of loopback that is free for UDP and TCP, and that nobody gets by asking for any port: it lies below the system's own range.
/// What is killed finds it free again.
pub(super) fn free_port() -> Result<SocketAddr, Failure> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let base = 30_000 + u16::try_from(std::process::id() % 100).unwrap_or(0) * 20;
    let mut ports =
        (0..20).map(|_| SocketAddr::from((Ipv4Addr::LOCALHOST, base + NEXT.fetch_add(1, Ordering::Relaxed))));
    let free = ports.find(|at| UdpSocket::bind(at).is_ok() && TcpListener::bind(at).is_ok());
    free.ok_or_else(|| Failure::Said("no free port".into()))
}
