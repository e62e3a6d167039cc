//! `lockwarden replay FILE`: a capture or a log through the same engine, offline, with the times that the file carries. Memory does
//! not grow with the file.

mod compare;
mod drive;
mod thresholds;
mod totals;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use super::{Place, complain, load, refuse, say};
use crate::alert::Alert;
use crate::shell::clock::Clock;
use crate::shell::{capture, report};
use crate::units::{Span, Wall};

use drive::Replay;
use thresholds::{Raised, Table};
use totals::Totals;

/// The file cannot be used.
const UNREADABLE: u8 = 2;

/// What to replay.
#[derive(Clone, Debug, Args)]
pub(crate) struct ReplayArgs {
    /// A pcap or pcapng capture, or a file of syslog lines
    file: PathBuf,
    /// Print alerts as JSON lines, then the totals
    #[arg(long)]
    json: bool,
    /// Stop at the end of the file; otherwise time goes on until nothing is due, so that every clear is shown
    #[arg(long)]
    no_tail: bool,
    /// Accounts to list, those with most failures first; the rest is summed
    #[arg(long, value_name = "N", default_value_t = 20)]
    top: usize,
    /// Leave out what other thresholds would have raised: the file is read once, not once more for each
    #[arg(long)]
    no_thresholds: bool,
    /// Instead of the above: where two configurations find different things
    #[arg(long, num_args = 2, value_names = ["A", "B"])]
    compare: Vec<PathBuf>,
}

pub(crate) fn run(place: &Place, args: &ReplayArgs) -> ExitCode {
    if !args.compare.is_empty() {
        return compare::run(place, args, &args.compare);
    }
    let (config, catalogue) = match load(place) {
        Ok(loaded) => loaded,
        Err(problems) => return refuse(&problems),
    };
    let mut problems = Vec::new();
    let mut replay = Replay::of(&config, catalogue, &mut problems);
    problems.iter().for_each(|problem| complain(problem));
    let mut raised = Raised::default();
    let mut show = |at: Wall, alert: &Alert| {
        raised.note(alert);
        if args.json {
            say(&alert.to_json());
        } else {
            let (severity, kind, state) = (alert.severity.as_str(), alert.kind.as_str(), alert.state.as_str());
            say(&format!("{at}  {severity:8}  {kind} {state}: {}", alert.summary));
        }
    };
    let clock = Clock::resume(None);
    let read = capture::read(&args.file, &mut |message| replay.take(&message, &mut show));
    let took = clock.running();
    if let Err(problem) = &read {
        complain(problem);
        if replay.first.is_none() {
            return ExitCode::from(UNREADABLE);
        }
    }
    if !args.no_tail {
        replay.run_out(&mut show);
    }
    let sums = sums(&replay, read.as_ref().copied().unwrap_or_default(), took);
    let totals = replay.totals();
    let mut table = None;
    if !args.no_thresholds && sums.get("from").is_some_and(Value::is_string) {
        match thresholds::measure(place, &args.file, !args.no_tail, &raised, totals.realms()) {
            Ok(measured) => table = Some(measured),
            Err(problems) => return refuse(&problems),
        }
    }
    if args.json {
        say(&to_json(sums, &totals, args.top, table.as_ref()).to_string())
    } else {
        print(&sums, &totals, args.top, table)
    }
    if read.is_ok() { ExitCode::SUCCESS } else { ExitCode::from(UNREADABLE) }
}

/// What was read, and how fast.
fn sums(replay: &Replay, skipped: u64, took: Span) -> Value {
    let tallies = replay.path.tallies();
    let covered = replay.last.distance(replay.first.unwrap_or(replay.last)).as_millis();
    json!({
        "from": replay.first, "to": replay.first.map(|_| replay.last), "received": tallies.total(), "skipped": skipped,
        "older": replay.older, "verdicts": report::verdicts(tallies), "messages": replay.messages,
        "took_ms": took.as_millis(), "factor": covered / took.as_millis().max(1),
    })
}

fn to_json(mut sums: Value, totals: &Totals, top: usize, table: Option<&Table>) -> Value {
    let (accounts, others) = totals.to_json(top);
    if let Some(sums) = sums.as_object_mut() {
        sums.insert("accounts".into(), accounts);
        sums.insert("others".into(), others);
        sums.insert("thresholds".into(), table.map_or(Value::Null, Table::to_json));
    }
    sums
}

fn print(sums: &Value, totals: &Totals, top: usize, table: Option<Table>) {
    let text = |key: &str| match sums.get(key) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    let period = match sums.get("from") {
        Some(Value::String(from)) => format!(" from {from} to {}", text("to")),
        _ => String::new(),
    };
    let [received, skipped, alerts] = ["received", "skipped", "messages"].map(text);
    say(&format!("{received} messages{period}, {skipped} other packets, {alerts} alert messages"));
    if !period.is_empty() {
        say(&format!("  read in {} ms, {} times as fast as they came", text("took_ms"), text("factor")));
    }
    if text("older") != "0" {
        say(&format!(
            "  {} of them are older than one before them: their time was taken as the newest's",
            text("older")
        ));
    }
    for (verdict, count) in sums.get("verdicts").and_then(Value::as_object).into_iter().flatten() {
        say(&format!("  {verdict}: {count}"));
    }
    let (most, others) = totals.most(top);
    for (account, failures) in most {
        let cluster = &account.cluster;
        let cluster = if cluster.is_empty() { String::new() } else { format!(" of {cluster}") };
        say(&format!("  {}{cluster}: {failures} failures", account.name));
    }
    if others.accounts > 0 {
        say(&format!("  and {} more: {} failures", others.accounts, others.failures));
    }
    table.iter().flat_map(Table::lines).for_each(|line| say(&line));
}
