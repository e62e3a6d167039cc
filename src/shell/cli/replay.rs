//! `lockwarden replay FILE`: a capture or a log through the same engine, offline, with the times that the file carries.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use super::{Place, complain, load, refuse, say};
use crate::alert::Alert;
use crate::engine::{Action, Engine, Settings};
use crate::event::Account;
use crate::path::{Doors, Path};
use crate::shell::capture::{self, Captured};
use crate::shell::report;
use crate::shell::snmpv3::Keyring;
use crate::units::{Mono, Now, Span, Wall};
use crate::usm::{EngineId, Identity, LocalEngine, Receiver};

/// The file cannot be used.
const UNREADABLE: u8 = 2;
/// Nodes' clocks differ, and lines overtake each other, by less than this.
const DISORDER: Span = Span::mins(1);
/// Accounts that are listed for people, those with most failures first.
const ACCOUNTS_SHOWN: usize = 20;

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
}

pub(crate) fn run(place: &Place, args: &ReplayArgs) -> ExitCode {
    let (config, catalogue) = match load(place) {
        Ok(loaded) => loaded,
        Err(problems) => return refuse(&problems),
    };
    let engine = Engine::new(of_a_file(config.settings), catalogue.families(), (0, 0));
    let mut path = Path::new(engine, catalogue, Doors::open());
    let mut problems = Vec::new();
    let users = Keyring::default().users(&config.traps.users, &mut problems);
    problems.iter().for_each(|problem| complain(problem));
    // No engine of ours is in a capture, so informs to any engine are taken.
    let nobody = LocalEngine::new(Identity::new(EngineId::made_of([0; EngineId::RANDOM])), Mono::ZERO);
    path.usm = Some(Receiver::new(nobody, users, 0, (0, 0)).overhearing());
    let mut replay = Replay::new(path);
    let mut show = |at: Wall, alert: &Alert| {
        if args.json {
            say(&alert.to_json());
        } else {
            let (severity, kind, state) = (alert.severity.as_str(), alert.kind.as_str(), alert.state.as_str());
            say(&format!("{at}  {severity:8}  {kind} {state}: {}", alert.summary));
        }
    };
    let read = capture::read(&args.file, &mut |message| replay.take(&message, &mut show));
    if let Err(problem) = &read {
        complain(problem);
        if replay.first.is_none() {
            return ExitCode::from(UNREADABLE);
        }
    }
    if !args.no_tail {
        replay.run_out(&mut show);
    }
    let totals = replay.totals(read.as_ref().copied().unwrap_or_default());
    if args.json {
        say(&totals.to_string())
    } else {
        print(&totals)
    }
    if read.is_ok() { ExitCode::SUCCESS } else { ExitCode::from(UNREADABLE) }
}

/// Where a file ends, no node has fallen silent, and what is not in it may have been left out.
fn of_a_file(settings: Settings) -> Settings {
    Settings { silent_after: Span::ZERO, no_sign_ins_after: Span::ZERO, ..settings }
}

/// The path, driven by the file's times.
struct Replay {
    path: Path,
    first: Option<Wall>,
    last: Wall,
    mono: Mono,
    alerts: u64,
    /// Messages that are older than one before them by more than [`DISORDER`].
    older: u64,
    /// Failures of accounts that had to make room for others.
    gone: BTreeMap<Account, u64>,
}

impl Replay {
    fn new(path: Path) -> Self {
        Self { path, first: None, last: Wall::default(), mono: Mono::ZERO, alerts: 0, older: 0, gone: BTreeMap::new() }
    }

    fn take(&mut self, message: &Captured, show: &mut dyn FnMut(Wall, &Alert)) {
        let first = *self.first.get_or_insert(message.at);
        // Time never runs backwards, whatever the file says.
        let mono = Mono::ZERO + first_to(first, message.at);
        self.advance(mono, show);
        if message.at.plus(DISORDER) < self.last {
            self.older += 1;
        }
        self.last = self.last.max(message.at);
        let now = Now { mono: self.mono, wall: message.at, synchronised: true };
        if message.is_snmp {
            let (_, _reply) = self.path.snmp(&message.bytes, message.from, now);
        } else {
            self.path.syslog(&message.bytes, message.from, now);
        }
        self.drain(message.at, show);
    }

    /// Lets time pass to `until`, doing what is due at its own time.
    fn advance(&mut self, until: Mono, show: &mut dyn FnMut(Wall, &Alert)) {
        while let Some(due) = self.path.deadline().filter(|due| *due <= until) {
            self.tick(due.max(self.mono), show);
        }
        self.mono = self.mono.max(until);
    }

    fn run_out(&mut self, show: &mut dyn FnMut(Wall, &Alert)) {
        while let Some(due) = self.path.deadline() {
            self.tick(due.max(self.mono), show);
        }
    }

    fn tick(&mut self, mono: Mono, show: &mut dyn FnMut(Wall, &Alert)) {
        let wall = self.first.unwrap_or_default().plus(mono.since(Mono::ZERO));
        self.mono = mono;
        self.path.tick(Now { mono, wall, synchronised: true });
        self.drain(wall, show);
    }

    fn drain(&mut self, at: Wall, show: &mut dyn FnMut(Wall, &Alert)) {
        while let Some(action) = self.path.engine.next_action() {
            match action {
                Action::Tell(alert, _) | Action::Announce(alert) => {
                    self.alerts += 1;
                    show(at, &alert);
                }
                Action::Move(..) => {}
                Action::Keep(record) | Action::Forget(record) => {
                    *self.gone.entry(record.account).or_default() += record.total
                }
            }
        }
    }

    fn totals(&self, skipped: u64) -> Value {
        let tallies = self.path.tallies();
        let mut failures = self.gone.clone();
        for record in self.path.engine.accounts() {
            *failures.entry(record.account.clone()).or_default() += record.total;
        }
        let mut accounts: Vec<(Account, u64)> = failures.into_iter().filter(|(_, failures)| *failures > 0).collect();
        accounts.sort_by_key(|(_, failures)| Reverse(*failures));
        let accounts: Vec<Value> = accounts
            .iter()
            .map(|(account, failures)| json!({ "account": account.name, "cluster": account.cluster, "failures": failures }))
            .collect();
        json!({
            "from": self.first, "to": self.first.map(|_| self.last), "received": tallies.total(), "skipped": skipped,
            "older": self.older, "verdicts": report::verdicts(tallies), "messages": self.alerts, "accounts": accounts,
        })
    }
}

fn first_to(first: Wall, at: Wall) -> Span {
    if at > first { at.distance(first) } else { Span::ZERO }
}

fn print(totals: &Value) {
    let text = |value: &Value, key: &str| match value.get(key) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    let period = match totals.get("from") {
        Some(Value::String(from)) => format!(" from {from} to {}", text(totals, "to")),
        _ => String::new(),
    };
    let [received, skipped, alerts] = ["received", "skipped", "messages"].map(|key| text(totals, key));
    say(&format!("{received} messages{period}, {skipped} other packets, {alerts} alert messages"));
    if text(totals, "older") != "0" {
        say(&format!(
            "  {} of them are older than one before them: their time was taken as the newest's",
            text(totals, "older")
        ));
    }
    for (verdict, count) in totals.get("verdicts").and_then(Value::as_object).into_iter().flatten() {
        say(&format!("  {verdict}: {count}"));
    }
    let accounts = totals.get("accounts").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    for account in accounts.iter().take(ACCOUNTS_SHOWN) {
        let [name, cluster, failures] = ["account", "cluster", "failures"].map(|key| text(account, key));
        let cluster = if cluster.is_empty() { cluster } else { format!(" of {cluster}") };
        say(&format!("  {name}{cluster}: {failures} failures"));
    }
    if let Some(more @ 1..) = accounts.len().checked_sub(ACCOUNTS_SHOWN) {
        say(&format!("  and {more} more accounts; --json lists them all"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Catalogue;

    #[test]
    fn a_log_is_replayed_at_its_own_times_to_the_last_clear() {
        let catalogue = Catalogue::shipped().unwrap();
        let engine = Engine::new(of_a_file(Settings::default()), catalogue.families(), (0, 0));
        let mut replay = Replay::new(Path::new(engine, catalogue, Doors::open()));
        let mut told = Vec::new();
        let mut show =
            |at: Wall, alert: &Alert| told.push(format!("{at} {} {}", alert.kind.as_str(), alert.state.as_str()));
        for second in [1, 2, 3] {
            let line = format!(
                "<188>1{second}: cucm-sub1: Jan 15 2026 08:21:0{second}.000 UTC : %UC_IMS-4-authFail: %[UserID=jdoe]\
                 [AppID=Cisco Tomcat][ClusterID=C][NodeID=cucm-sub1]: x"
            );
            let at = Wall::from_millis(1_768_465_260_000 + second * 1_000);
            let from = "192.0.2.10".parse().unwrap();
            replay.take(&Captured { at, from, is_snmp: false, bytes: line.into_bytes() }, &mut show);
        }
        replay.run_out(&mut show);
        let totals = replay.totals(0);
        assert_eq!(told, ["2026-01-15T08:21:03.000Z lockout raised", "2026-01-15T08:51:03.000Z lockout cleared"]);
        assert_eq!(
            totals.to_string(),
            concat!(
                r#"{"accounts":[{"account":"jdoe","cluster":"C","failures":3}],"from":"2026-01-15T08:21:01.000Z","messages":2,"#,
                r#""older":0,"received":3,"skipped":0,"to":"2026-01-15T08:21:03.000Z","verdicts":{"failure":3}}"#
            )
        );
    }

    #[test]
    fn accounts_that_made_room_are_still_in_the_totals() {
        let catalogue = Catalogue::shipped().unwrap();
        let engine = Engine::new(of_a_file(Settings::default()), catalogue.families(), (0, 0));
        let mut replay = Replay::new(Path::new(engine, catalogue, Doors::open()));
        let names = crate::board::HOT_ACCOUNTS + 3;
        for n in 0..names {
            let line =
                format!("Jan 15 2026 08:21:01.114 UTC : %UC_IMS-4-authFail: %[UserID=u{n}][NodeID=cucm-sub1]: x");
            let (at, from) = (Wall::from_millis(1_768_465_261_114), "192.0.2.10".parse().unwrap());
            replay.take(&Captured { at, from, is_snmp: false, bytes: line.into_bytes() }, &mut |_, _| {});
        }
        let totals = replay.totals(0);
        assert_eq!(totals["accounts"].as_array().unwrap().len(), names);
        assert_eq!(totals["verdicts"], json!({ "failure": names }));
    }
}
