//! `lockwarden replay FILE`: a capture or a log through the same engine, offline, with the times that the file carries.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use super::{Place, complain, load, refuse, say};
use crate::alert::Alert;
use crate::engine::{Action, Engine};
use crate::path::{Doors, Path};
use crate::shell::capture::{self, Captured};
use crate::units::{Mono, Now, Wall};

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
}

pub(crate) fn run(place: &Place, args: &ReplayArgs) -> ExitCode {
    let (config, catalogue) = match load(place) {
        Ok(loaded) => loaded,
        Err(problems) => return refuse(&problems),
    };
    let engine = Engine::new(config.settings, catalogue.families(), (0, 0));
    let mut replay = Replay::new(Path::new(engine, catalogue, Doors::open()));
    let mut show = |at: Wall, alert: &Alert| {
        if args.json {
            say(&alert.to_json());
        } else {
            let (severity, kind, state) = (alert.severity.as_str(), alert.kind.as_str(), alert.state.as_str());
            say(&format!("{at}  {severity:8}  {kind} {state}: {}", alert.summary));
        }
    };
    let read = capture::read(&args.file, &mut |message| replay.take(&message, &mut show));
    if !args.no_tail {
        replay.run_out(&mut show);
    }
    let skipped = match &read {
        Ok(skipped) => *skipped,
        Err(problem) => {
            complain(problem);
            0
        }
    };
    let totals = replay.totals(skipped);
    if args.json {
        say(&totals.to_string())
    } else {
        print(&totals)
    }
    if read.is_ok() { ExitCode::SUCCESS } else { ExitCode::from(UNREADABLE) }
}

/// The path, driven by the file's times.
struct Replay {
    path: Path,
    first: Option<Wall>,
    last: Wall,
    mono: Mono,
    alerts: u64,
}

impl Replay {
    fn new(path: Path) -> Self {
        Self { path, first: None, last: Wall::default(), mono: Mono::ZERO, alerts: 0 }
    }

    fn take(&mut self, message: &Captured, show: &mut dyn FnMut(Wall, &Alert)) {
        let first = *self.first.get_or_insert(message.at);
        // Time never runs backwards, whatever the file says.
        let mono = Mono::ZERO + first_to(first, message.at);
        self.advance(mono, show);
        self.last = self.last.max(message.at);
        let now = Now { mono: self.mono, wall: message.at, synchronised: true };
        if message.is_snmp {
            let (_, _answer) = self.path.snmp(&message.bytes, message.from, now);
        } else {
            self.path.syslog(&message.bytes, message.from, now);
        }
        self.drain(message.at, show);
    }

    /// Lets time pass to `until`, doing what is due at its own time.
    fn advance(&mut self, until: Mono, show: &mut dyn FnMut(Wall, &Alert)) {
        while let Some(due) = self.path.engine.deadline().filter(|due| *due <= until) {
            self.tick(due.max(self.mono), show);
        }
        self.mono = self.mono.max(until);
    }

    fn run_out(&mut self, show: &mut dyn FnMut(Wall, &Alert)) {
        while let Some(due) = self.path.engine.deadline() {
            self.tick(due.max(self.mono), show);
        }
    }

    fn tick(&mut self, mono: Mono, show: &mut dyn FnMut(Wall, &Alert)) {
        let wall = self.first.unwrap_or_default().plus(mono.since(Mono::ZERO));
        self.mono = mono;
        self.path.engine.tick(Now { mono, wall, synchronised: true });
        self.drain(wall, show);
    }

    fn drain(&mut self, at: Wall, show: &mut dyn FnMut(Wall, &Alert)) {
        while let Some(action) = self.path.engine.next_action() {
            if let Action::Tell(alert, _) = action {
                self.alerts += 1;
                show(at, &alert);
            }
        }
    }

    fn totals(&self, skipped: u64) -> Value {
        let tallies = self.path.tallies();
        let verdicts: serde_json::Map<String, Value> =
            tallies.iter().filter(|(_, n)| *n > 0).map(|(v, n)| (v.as_str().to_owned(), n.into())).collect();
        let mut accounts: Vec<_> = self.path.engine.accounts().filter(|record| record.total > 0).collect();
        accounts.sort_by(|a, b| b.total.cmp(&a.total).then_with(|| a.account.cmp(&b.account)));
        let accounts: Vec<Value> = accounts
            .iter()
            .map(|r| json!({ "account": r.account.name, "cluster": r.account.cluster, "failures": r.total }))
            .collect();
        json!({
            "from": self.first, "to": self.first.map(|_| self.last), "received": tallies.total(), "skipped": skipped,
            "verdicts": verdicts, "messages": self.alerts, "accounts": accounts,
        })
    }
}

fn first_to(first: Wall, at: Wall) -> crate::units::Span {
    if at > first { at.distance(first) } else { crate::units::Span::ZERO }
}

fn print(totals: &Value) {
    let text = |value: &Value, key: &str| match value.get(key) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    say(&format!(
        "{} messages from {} to {}, {} other packets, {} alert messages",
        text(totals, "received"),
        text(totals, "from"),
        text(totals, "to"),
        text(totals, "skipped"),
        text(totals, "messages")
    ));
    for (verdict, count) in totals.get("verdicts").and_then(Value::as_object).into_iter().flatten() {
        say(&format!("  {verdict}: {count}"));
    }
    for account in totals.get("accounts").and_then(Value::as_array).into_iter().flatten() {
        say(&format!(
            "  {} {}: {} failures",
            text(account, "account"),
            text(account, "cluster"),
            text(account, "failures")
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Catalogue;
    use crate::engine::Settings;

    #[test]
    fn a_log_is_replayed_at_its_own_times_to_the_last_clear() {
        let catalogue = Catalogue::shipped().unwrap();
        let engine = Engine::new(Settings::default(), catalogue.families(), (0, 0));
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
                r#""received":3,"skipped":0,"to":"2026-01-15T08:21:03.000Z","verdicts":{"failure":3}}"#
            )
        );
    }
}
