//! Other people's programs: started, read line by line, and ended. Every wait has a deadline.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

/// Nothing that is waited for takes longer, not even on a busy machine. The longest is a broker's refusal: 30 s to the next try.
pub(crate) const PATIENCE: Duration = Duration::from_secs(50);
/// The environment that `cargo xtask test` makes for pysnmp, from cargo's directory for tests.
const PYTHON: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/../tools/pysnmp/bin/python");
/// Our programs that use it.
const PYSNMP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/pysnmp");
/// How to get what the tests need.
const INSTALL: &str =
    "sudo apt-get install -y --no-install-recommends snmp mosquitto mosquitto-clients bsdutils rsyslog strace openssl";
/// Lines that can wait to be looked at.
const UNREAD: usize = 100_000;

/// The end of everybody's patience, from now.
#[expect(clippy::disallowed_methods, reason = "a test that waits for another program needs a deadline")]
pub(crate) fn deadline() -> Deadline {
    Deadline(Instant::now() + PATIENCE)
}

/// When to give up.
#[derive(Clone, Copy)]
pub(crate) struct Deadline(Instant);

impl Deadline {
    /// What is left of it.
    #[expect(clippy::disallowed_methods, reason = "a test that waits for another program needs a deadline")]
    pub(crate) fn left(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// So much later, for what takes its time.
    pub(crate) fn later(self, by: Duration) -> Self {
        Self(self.0 + by)
    }

    pub(crate) fn is_over(self) -> bool {
        self.left().is_zero()
    }
}

/// A program of the system; one that is missing fails the test with what to install.
pub(crate) fn program(name: &str) -> Command {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Debian keeps mosquitto out of an ordinary user's path.
    let places = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    let found = places.map(|place| place.join(name)).find(|file| file.is_file());
    let mut command = Command::new(found.unwrap_or_else(|| panic!("{name} is not installed; get it by\n  {INSTALL}")));
    // net-snmp's tools look for MIB files otherwise, and complain about those that they miss.
    command.env("MIBS", "").env("LC_ALL", "C").stdin(Stdio::null());
    command
}

/// A program of ours that sends by pysnmp.
pub(crate) fn pysnmp(name: &str) -> Command {
    assert!(Path::new(PYTHON).is_file(), "pysnmp is not installed; `cargo xtask test` does that, and runs the tests");
    let mut command = Command::new(PYTHON);
    command.arg(format!("{PYSNMP}/{name}")).stdin(Stdio::null());
    command
}

pub(crate) fn start(command: &mut Command) -> Child {
    command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// Runs it to its end.
pub(crate) fn output(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// Runs it to its end, which must be a success.
pub(crate) fn succeed(command: &mut Command) {
    let output = output(command);
    assert!(output.status.success(), "{command:?}: {}\n{}", output.status, text(&output.stderr));
}

/// Bytes that a program has printed.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Asks a process to end.
pub(crate) fn terminate(child: &Child) {
    signal(child, "TERM");
}

/// Sends it a signal.
pub(crate) fn signal(child: &Child, name: &str) {
    succeed(program("sh").args(["-c", &format!("kill -{name} {}", child.id())]));
}

/// What a program prints.
pub(crate) struct Lines {
    of: String,
    unread: Receiver<String>,
    /// The last ones, to be shown when the awaited one does not come.
    seen: VecDeque<String>,
}

impl Lines {
    pub(crate) fn of(name: &str, stream: impl Read + Send + 'static) -> Self {
        let (sender, unread) = sync_channel(UNREAD);
        std::thread::spawn(move || {
            let mut reader = BufReader::new(stream);
            let mut line = Vec::new();
            while reader.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
                if sender.send(text(&line).trim_end_matches('\n').to_owned()).is_err() {
                    return;
                }
                line.clear();
            }
        });
        Self { of: name.to_owned(), unread, seen: VecDeque::new() }
    }

    /// The next line; `None` once the program has closed its output.
    pub(crate) fn next(&mut self, deadline: Deadline) -> Option<String> {
        match self.unread.recv_timeout(deadline.left()) {
            Ok(line) => {
                self.seen.push_back(line.clone());
                if self.seen.len() > 40 {
                    self.seen.pop_front();
                }
                Some(line)
            }
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("{} does not print what is awaited:\n{}", self.of, self.shown()),
        }
    }

    /// Up to the first line of this sort, which is returned last.
    pub(crate) fn until(&mut self, wanted: impl Fn(&str) -> bool) -> Vec<String> {
        let deadline = deadline();
        let mut lines = Vec::new();
        while let Some(line) = self.next(deadline) {
            lines.push(line);
            if lines.last().is_some_and(|line| wanted(line)) {
                return lines;
            }
        }
        panic!("{} has ended before it printed what is awaited:\n{}", self.of, self.shown());
    }

    /// Everything up to the end.
    pub(crate) fn rest(&mut self) -> Vec<String> {
        let deadline = deadline();
        std::iter::from_fn(|| self.next(deadline)).collect()
    }

    fn shown(&self) -> String {
        self.seen.iter().map(|line| format!("  | {line}\n")).collect()
    }
}

/// The end of a process whose output has ended.
pub(crate) fn ended(child: &mut Child, lines: &mut Lines) -> ExitStatus {
    lines.rest();
    child.wait().unwrap()
}
