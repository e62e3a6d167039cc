//! The long run on stable Rust: `cargo xtask fuzz` starts it in the profile `fuzz`. One line for each target; the exit code is 1 if
//! anything panicked, 2 if the arguments are wrong.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "its output is its product")]

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use std::{fs, path::Path, thread};

use fuzz_targets::run::{BLOCK, Finding, Inputs, Tally};
use fuzz_targets::{TARGETS, Target};

const USAGE: &str = "--target NAME (else all), --runs N in all, --seed N, --from N: the number of the first input; \
                     --write-seeds DIR: only writes the seeds of each target to DIR/NAME";

/// What was asked for.
#[derive(Debug)]
struct Wish {
    target: Option<&'static Target>,
    runs: u64,
    seed: u64,
    from: u64,
    write_seeds: Option<String>,
}

fn main() -> ExitCode {
    let wish = match Wish::read(std::env::args().skip(1)) {
        Ok(wish) => wish,
        Err(text) => {
            eprintln!("fuzz: {text}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let targets = wish.target.map_or_else(|| TARGETS.to_vec(), |target| vec![target]);
    if let Some(directory) = &wish.write_seeds {
        return match targets.iter().try_for_each(|target| write_seeds(target, &Path::new(directory).join(target.name)))
        {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("fuzz: {directory}: {error}");
                ExitCode::FAILURE
            }
        };
    }
    if wish.run(&targets) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

impl Wish {
    fn read(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut wish = Self { target: None, runs: 10_000_000, seed: 1, from: 0, write_seeds: None };
        while let Some(option) = arguments.next() {
            let value = arguments.next().ok_or_else(|| format!("`{option}` has no value, or is not known"))?;
            let number = || value.parse().map_err(|_| format!("{option}: `{value}` is not a number"));
            match option.as_str() {
                "--target" => wish.target = Some(named(&value)?),
                "--runs" => wish.runs = number()?,
                "--seed" => wish.seed = number()?,
                "--from" => wish.from = number()?,
                "--write-seeds" => wish.write_seeds = Some(value),
                _ => return Err(format!("no option `{option}`")),
            }
        }
        Ok(wish)
    }

    /// Whether every target survived.
    fn run(&self, targets: &[&'static Target]) -> bool {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        println!(
            "{:10} {:>12} {:>12} {:>10}   {threads} threads, seed {}",
            "target", "inputs", "/s", "accepted", self.seed
        );
        let (mut all, mut findings) = (Tally::default(), Vec::new());
        let mut shares = shares(self.runs, targets.len());
        for target in targets {
            let runs = shares.next().unwrap_or(0);
            #[expect(clippy::disallowed_methods, reason = "the rate is shown, nothing follows from it")]
            let began = Instant::now();
            let (tally, found) = spread(&Inputs::new(target, self.seed), self.from, runs, threads);
            show(target.name, tally, began.elapsed().as_secs_f64());
            all = all.plus(tally);
            findings.extend(found);
        }
        findings.iter().for_each(|finding| println!("{finding}"));
        println!("{} inputs, {} panics", all.runs, findings.len());
        println!("repeat it: cargo xtask fuzz{}", self.arguments());
        findings.is_empty()
    }

    fn arguments(&self) -> String {
        let target = self.target.map(|target| format!(" --target {}", target.name)).unwrap_or_default();
        let from = if self.from == 0 { String::new() } else { format!(" --from {}", self.from) };
        format!("{target} --runs {} --seed {}{from}", self.runs, self.seed)
    }
}

fn named(name: &str) -> Result<&'static Target, String> {
    let known: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
    let found = TARGETS.iter().find(|target| target.name == name).copied();
    found.ok_or_else(|| format!("no target `{name}`; there are {}", known.join(", ")))
}

/// `runs` in `parts` parts, the first ones longer by one where it does not divide.
fn shares(runs: u64, parts: usize) -> impl Iterator<Item = u64> {
    let parts = u64::try_from(parts).unwrap_or(1).max(1);
    (0..parts).map(move |part| runs / parts + u64::from(part < runs % parts))
}

/// The blocks of `runs` inputs on several threads. At a finding every thread ends with its block.
fn spread(inputs: &Inputs, from: u64, runs: u64, threads: usize) -> (Tally, Option<Finding>) {
    let next = AtomicU64::new(from);
    let end = from.saturating_add(runs);
    let results = Mutex::new((Tally::default(), None::<Finding>));
    let work = || {
        loop {
            let start = next.fetch_add(BLOCK, Ordering::Relaxed);
            if start >= end {
                return;
            }
            let result = inputs.run(start..end.min(start + BLOCK));
            let mut results = results.lock().expect("nobody panics while the lock is held");
            match result {
                Ok(tally) => results.0 = results.0.plus(tally),
                Err(finding) => {
                    next.store(end, Ordering::Relaxed);
                    // Of several, the one with the lowest number, whoever was first.
                    if results.1.as_ref().is_none_or(|other| finding.numbers.start < other.numbers.start) {
                        results.1 = Some(finding);
                    }
                }
            }
        }
    };
    thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    results.into_inner().expect("nobody panics while the lock is held")
}

fn show(name: &str, tally: Tally, seconds: f64) {
    let count = |n: u64| u32::try_from(n).map_or(f64::INFINITY, f64::from);
    let share = 100.0 * count(tally.accepted) / count(tally.runs.max(1));
    println!("{name:10} {:>12} {:>12.0} {share:>8.1} %", tally.runs, count(tally.runs) / seconds);
}

fn write_seeds(target: &Target, directory: &Path) -> std::io::Result<()> {
    fs::create_dir_all(directory)?;
    let mut numbered = (0..).zip((target.seeds)());
    numbered.try_for_each(|(n, seed): (u32, _)| fs::write(directory.join(format!("seed-{n}")), seed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &[&str]) -> Result<String, String> {
        Wish::read(arguments.iter().map(ToString::to_string)).map(|wish| wish.arguments())
    }

    #[test]
    fn without_arguments_it_is_ten_million_of_all() {
        assert_eq!(read(&[]), Ok(" --runs 10000000 --seed 1".into()));
    }

    #[test]
    fn the_arguments_that_repeat_a_run_are_those_that_were_given() {
        let given = ["--target", "syslog", "--runs", "3", "--seed", "7", "--from", "10000"];
        assert_eq!(read(&given), Ok(format!(" {}", given.join(" "))));
    }

    #[test]
    fn what_is_not_known_is_refused_with_what_is() {
        assert_eq!(
            read(&["--target", "x"]),
            Err("no target `x`; there are v1_v2c, v3, scoped_pdu, encode, syslog, framing, ciscolog".into())
        );
        assert_eq!(read(&["--runs", "many"]), Err("--runs: `many` is not a number".into()));
        assert_eq!(read(&["--fast", "1"]), Err("no option `--fast`".into()));
        assert_eq!(read(&["--runs"]), Err("`--runs` has no value, or is not known".into()));
    }

    #[test]
    fn shares_add_up() {
        assert_eq!(shares(11, 4).collect::<Vec<_>>(), [3, 3, 3, 2]);
    }
}
