//! The tests, with one mutant awake.

#![expect(clippy::disallowed_methods, reason = "how long a test takes says when one takes too long")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use super::build::Test;
use crate::workspace::Failure;

/// Mutants that are tried at the same time.
const TOGETHER: usize = 2;
/// A test that takes so many times as long as it should has noticed something; not below so many seconds.
const PATIENCE: (u32, u64) = (5, 5);
/// What coreutils' `timeout` gives when time is up.
const TIME_IS_UP: i32 = 124;

/// What became of a mutant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Noticed,
    /// A test did not end in time.
    Late,
    Survived,
}

impl End {
    const ALL: [(Self, &'static str); 3] =
        [(Self::Noticed, "noticed"), (Self::Late, "late"), (Self::Survived, "survived")];

    fn text(self) -> &'static str {
        Self::ALL.iter().find(|(end, _)| *end == self).map_or("", |(_, text)| *text)
    }
}

/// What became of each, kept from run to run.
#[derive(Debug)]
pub(super) struct Results {
    path: PathBuf,
    all: BTreeMap<String, End>,
}

impl Results {
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(e) => return Err(Failure::of(path.to_string_lossy(), e)),
        };
        let line = |line: &str| {
            let (text, name) = line.split_once('\t')?;
            let (end, _) = End::ALL.iter().find(|(_, known)| *known == text)?;
            Some((name.to_owned(), *end))
        };
        Ok(Self { path: path.to_owned(), all: text.lines().filter_map(line).collect() })
    }

    pub(super) fn survivors(&self) -> BTreeSet<String> {
        self.all.iter().filter(|(_, end)| **end == End::Survived).map(|(name, _)| name.clone()).collect()
    }

    /// One line more: a run that is cut off leaves what it has.
    fn note(&mut self, name: &str, end: End) -> Result<(), Failure> {
        self.all.insert(name.to_owned(), end);
        let opened = File::options().create(true).append(true).open(&self.path);
        let written = opened.and_then(|mut file| writeln!(file, "{}\t{name}", end.text()));
        written.map_err(|e| Failure::of(self.path.to_string_lossy(), e))
    }
}

/// Tries each of these, after none.
pub(super) fn all(
    tests: &[Test],
    root: &Path,
    chosen: &[(usize, &String)],
    results: &mut Results,
) -> Result<BTreeMap<String, End>, Failure> {
    let mut limits = Vec::new();
    for test in tests {
        let began = Instant::now();
        let limit = Duration::from_secs(600);
        if run(test, root, 0, limit)? != End::Survived {
            return Err(Failure::Said(format!("{} fails without a mutant", test.program.display())));
        }
        // Two of them share the machine.
        limits.push(began.elapsed() * PATIENCE.0 + Duration::from_secs(PATIENCE.1));
    }
    let (next, done) = (Mutex::new(chosen.iter()), Mutex::new((results, BTreeMap::new())));
    let work = || -> Result<(), Failure> {
        loop {
            let taken = next.lock().ok().and_then(|mut next| next.next());
            let Some((n, name)) = taken else { return Ok(()) };
            let mut end = End::Survived;
            for (test, limit) in tests.iter().zip(&limits) {
                end = run(test, root, n + 1, *limit)?;
                if end != End::Survived {
                    break;
                }
            }
            if let Ok(mut done) = done.lock() {
                done.0.note(name, end)?;
                done.1.insert((*name).clone(), end);
            }
        }
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..TOGETHER).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .try_for_each(|worker| worker.join().unwrap_or_else(|_| Err(Failure::Said("a worker panicked".into()))))
    })?;
    Ok(done.into_inner().map(|(_, ends)| ends).unwrap_or_default())
}

fn run(test: &Test, root: &Path, mutant: usize, limit: Duration) -> Result<End, Failure> {
    let mut timeout = Command::new("timeout");
    timeout.args(["--kill-after", "1"]).arg(limit.as_secs().max(1).to_string());
    timeout.arg(&test.program).args(["--quiet", "--test-threads", "2"]).args(test.filters);
    timeout.current_dir(root).env("MUTANT", mutant.to_string()).env("RUST_BACKTRACE", "0");
    timeout.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let status = timeout.status().map_err(|e| Failure::of("timeout", e))?;
    Ok(match status.code() {
        Some(0) => End::Survived,
        Some(TIME_IS_UP) => End::Late,
        Some(_) | None => End::Noticed,
    })
}
