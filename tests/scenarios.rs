//! Stories in `tests/scenarios/*.txt`: time, input, complete output. The form is explained in the README there.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a story that cannot be told is a failed test"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::net::IpAddr;
use std::path::Path as FilePath;

use lockwarden::alert::{Alert, State};
use lockwarden::audit::{AuditRecord, Column};
use lockwarden::catalogue::{Catalogue, Zones};
use lockwarden::engine::{AccountRecord, Action, Day, Engine, Loss, Node, NodeOf, PolicyFor, Settings, Stranger};
use lockwarden::event::{Authenticated, Credential, Label};
use lockwarden::path::{Doors, Path};
use lockwarden::units::{Mono, Now, Span, Wall};
use lockwarden::verdict::Verdict;
use lockwarden::wire::LocalZone;
use lockwarden::wire::snmp::{self, Oid, OutVarbind, encode};

const START: Wall = Wall::from_millis(1_768_465_260_000);

#[test]
fn every_story_ends_as_it_is_written() {
    let write = std::env::var_os("LOCKWARDEN_SCENARIOS").is_some_and(|v| v == "write");
    let folder = FilePath::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut files: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "txt"));
    files.sort();
    assert!(files.len() >= 6, "the stories of the main job are there");
    let mut wrong = String::new();
    for file in files {
        let written = fs::read_to_string(&file).unwrap();
        let told = Story::new().tell(&written);
        if write {
            fs::write(&file, &told).unwrap();
        } else if told != written {
            writeln!(wrong, "{}\n--- written\n{written}\n--- happened\n{told}", file.display()).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

struct Story {
    settings: Settings,
    zones: Zones,
    path: Option<Path>,
    mono: Mono,
    /// Up to where time has passed.
    passed: Mono,
    /// What the wall clock shows at the beginning of the time line, and whether NTP has set it.
    wall: (Wall, bool),
    last: Option<(bool, Vec<u8>, IpAddr)>,
    kept: Vec<AccountRecord>,
    switchers: Vec<(Vec<u8>, Vec<u8>)>,
    /// Alerts that are open.
    open: Vec<Alert>,
    /// The ids of all alerts so far.
    raised: BTreeSet<String>,
    uptime: u32,
    audit: BTreeMap<u64, AuditRecord>,
}

impl Story {
    fn new() -> Self {
        let settings = Settings { site: Label::from_wire("hq"), ..Settings::default() };
        let zones = Zones::default();
        Self {
            settings,
            zones,
            path: None,
            mono: Mono::FIRST,
            passed: Mono::FIRST,
            wall: (START, true),
            last: None,
            kept: Vec::new(),
            switchers: Vec::new(),
            open: Vec::new(),
            raised: BTreeSet::new(),
            uptime: 100,
            audit: BTreeMap::new(),
        }
    }

    fn tell(&mut self, written: &str) -> String {
        let mut told = String::new();
        for line in written.lines() {
            if let Some(input) = line.strip_prefix("> ") {
                writeln!(told, "{line}").unwrap();
                told.push_str(&self.input(input));
            } else if line.starts_with('#') || line.is_empty() {
                writeln!(told, "{line}").unwrap();
            }
        }
        told
    }

    fn input(&mut self, input: &str) -> String {
        let (first, rest) = input.split_once(' ').unwrap_or((input, ""));
        match first {
            "again" => {
                let (is_trap, datagram, from) = self.last.clone().expect("something came before `again`");
                self.deliver(is_trap, datagram, from)
            }
            "restart" => self.restart(),
            "policy" => {
                self.policy(rest);
                String::new()
            }
            "node" => {
                let (name, cluster) = rest.split_once(" cluster ").expect("node NAME cluster CLUSTER");
                let cluster = Some(Label::from_wire(cluster));
                self.settings.nodes.push(NodeOf { name: Label::from_wire(name), address: None, cluster });
                String::new()
            }
            "cluster-limit" => {
                self.settings.cluster.more_than = rest.parse().unwrap();
                String::new()
            }
            "privileged" => {
                self.settings.privileged = rest.split(' ').map(str::to_owned).collect();
                String::new()
            }
            "storm" => {
                self.settings.storm = rest.parse().unwrap();
                String::new()
            }
            "page-needs" => {
                let proofs = [Authenticated::None, Authenticated::Community, Authenticated::Usm, Authenticated::Tls];
                self.settings.page_needs = proofs.into_iter().find(|proof| proof.as_str() == rest).unwrap();
                String::new()
            }
            "limit" => {
                self.limit(rest);
                String::new()
            }
            "learning" => {
                self.settings.patterns.learning = span(rest);
                String::new()
            }
            "clock" => {
                let (at, rest) = rest.split_once(' ').unwrap_or((rest, ""));
                let at: Wall = serde_json::from_str(&format!("\"{at}\"")).unwrap();
                self.wall = (at.minus(self.mono.since(Mono::FIRST)), rest != "unsynchronised");
                String::new()
            }
            "zone" => {
                let (name, minutes) = rest.split_once(' ').expect("zone NAME MINUTES|Berlin");
                let zone = match minutes {
                    "Berlin" => berlin(),
                    minutes => LocalZone::fixed(minutes.parse().unwrap()).unwrap(),
                };
                self.zones.add(Label::from_wire(name), zone);
                String::new()
            }
            time => {
                self.mono = Mono::FIRST + span(time);
                let (what, rest) = rest.split_once(' ').unwrap_or((rest, ""));
                self.at_time(what, rest)
            }
        }
    }

    fn at_time(&mut self, what: &str, rest: &str) -> String {
        let (from_text, rest) = rest.split_once(' ').unwrap_or(("", rest));
        let from = || from_text.parse().unwrap_or_else(|_| panic!("{from_text}: not an address"));
        match what {
            "tick" => self.pass_time(),
            "audit" => self.pass_time() + &self.audit(),
            "accounts" => self.pass_time() + &self.accounts(),
            "syslog" => self.deliver(false, rest.as_bytes().to_vec(), from()),
            "times" => self.repeat(rest, from_text),
            "trap" => {
                let datagram = self.clog(rest);
                self.deliver(true, datagram, from())
            }
            "notification" => {
                let oid: Oid = rest.trim().parse().unwrap();
                let datagram = encode::v2c(snmp::Kind::Trap, b"public", 1, 1, &oid, &[]);
                self.deliver(true, datagram, from())
            }
            "lost" => {
                let told = self.pass_time();
                let (datagrams, now) = (rest.trim().parse().unwrap(), self.now());
                self.path().lost(Loss { datagrams, remedy: "send less" }, now);
                told + &self.actions()
            }
            "stranger" => {
                let told = self.pass_time();
                let (user, why) = rest.split_once(' ').expect("stranger ADDRESS USER WHY");
                let why = *Verdict::ALL.iter().find(|verdict| verdict.as_str() == why).unwrap();
                let (stranger, now) = (Stranger { from: from_text, engine_id: "80001f8804", user, why }, self.now());
                self.path().engine.stranger(stranger, now);
                told + &self.actions()
            }
            other => panic!("{other}: no such input"),
        }
    }

    /// `times 12 every 30s syslog 192.0.2.10 ...`: the same line again and again, with the number of its turn for `{n}` and its time for
    /// `{time}`. Equal verdicts that follow each other are one line.
    fn repeat(&mut self, rest: &str, times: &str) -> String {
        let words: Vec<&str> = rest.splitn(5, ' ').collect();
        let [_every, gap, _syslog, from, line] = words[..] else { panic!("times N every GAP syslog ADDRESS LINE") };
        let (mut told, mut same) = (String::new(), (String::new(), 0_u32));
        let flush = |told: &mut String, (verdict, n): &(String, u32)| match n {
            0 => {}
            1 => writeln!(told, "{verdict}").unwrap(),
            n => writeln!(told, "{verdict} x{n}").unwrap(),
        };
        for n in 1..=times.parse::<u32>().unwrap() {
            let time = ciscolog_time(self.now().wall);
            let line = line.replace("{n}", &n.to_string()).replace("{time}", &time);
            let output = self.deliver(false, line.into_bytes(), from.parse().unwrap());
            let (before, verdict) =
                output.trim_end().rsplit_once('\n').map_or(("", output.trim_end()), |(b, v)| (b, v));
            let is_alert = verdict.contains(' ');
            if !before.is_empty() || is_alert || same.0 != verdict {
                flush(&mut told, &same);
                same = (String::new(), 0);
            }
            if before.is_empty() && !is_alert {
                same = (verdict.to_owned(), same.1 + 1);
            } else {
                told.push_str(&output);
            }
            self.mono = self.mono + span(gap);
        }
        flush(&mut told, &same);
        told
    }

    /// What is due by now happens at its own time.
    fn pass_time(&mut self) -> String {
        let mut told = String::new();
        let now = self.now();
        while let Some(due) = self.path().deadline().filter(|due| *due <= now.mono) {
            let before = self.path().tallies().clone();
            // What was due before it was known is done at once.
            self.passed = self.passed.max(due);
            let at = self.clocks(self.passed);
            self.path().tick(at);
            let turned = self.path().tallies().iter().filter(|(verdict, n)| *n > before.count(*verdict));
            turned.for_each(|(verdict, _)| writeln!(told, "{}={verdict}", Verdict::PartHeld).unwrap());
            told.push_str(&self.actions());
        }
        self.passed = now.mono;
        told
    }

    fn clog(&mut self, rest: &str) -> Vec<u8> {
        let mut parts = rest.splitn(4, ' ');
        let mut part = || parts.next().expect("FACILITY SEVERITY NAME TEXT");
        let (facility, severity, name, text) = (part(), part(), part(), part());
        let column = |n: u32| format!("1.3.6.1.4.1.9.9.41.1.2.3.1.{n}.7").parse::<Oid>().unwrap();
        self.uptime += 1;
        let varbinds = [
            OutVarbind::new(column(2), facility),
            OutVarbind::new(column(3), lockwarden::wire::snmp::OutValue::Integer(severity.parse().unwrap())),
            OutVarbind::new(column(4), name),
            OutVarbind::new(column(5), text),
            OutVarbind::new(column(6), lockwarden::wire::snmp::OutValue::TimeTicks(self.uptime)),
        ];
        let id: Oid = "1.3.6.1.4.1.9.9.41.2.0.1".parse().unwrap();
        encode::v2c(snmp::Kind::Trap, b"public", self.uptime.cast_signed(), self.uptime, &id, &varbinds)
    }

    fn deliver(&mut self, is_trap: bool, datagram: Vec<u8>, from: IpAddr) -> String {
        let mut told = self.pass_time();
        let now = self.now();
        let path = self.path();
        let verdict = if is_trap { path.snmp(&datagram, from, now).0 } else { path.syslog(&datagram, from, now) };
        self.last = Some((is_trap, datagram, from));
        writeln!(told, "{verdict}").unwrap();
        told + &self.actions()
    }

    fn restart(&mut self) -> String {
        let now = self.now();
        let mut told = String::new();
        while self.path.as_mut().is_some_and(|path| path.hurry(now)) {
            told.push_str(&self.actions());
        }
        let Some(mut old) = self.path.take() else { return told };
        let mut changed = Vec::new();
        assert!(!old.engine.drain_changed(usize::MAX, true, |record| changed.push(record.clone())));
        for record in changed {
            self.kept.retain(|known| known.key() != record.key());
            self.kept.push(record);
        }
        let mut fronts = Vec::new();
        old.engine.drain_fronts(true, now.mono, |key, front| {
            if let Some(front) = front {
                fronts.push((key, postcard::to_allocvec(front).unwrap()));
            }
        });
        old.engine.drain_switchers(|key, user| {
            self.switchers.retain(|(known, _)| *known != key);
            self.switchers.extend(user.map(|user| (key, postcard::to_allocvec(user).unwrap())));
        });
        let switchers = self.switchers.clone();
        let nodes: Vec<Node> = old.engine.nodes().cloned().collect();
        old.engine.drain_audit(usize::MAX, now.mono, |record| drop(self.audit.insert(record.id, record.clone())));
        let next = self.audit.last_key_value().map_or(1, |(id, _)| id + 1);
        let (kept, open) = (self.kept.clone(), self.open.clone());
        let engine = &mut self.path().engine;
        engine.resume_audit(next, 2_000);
        for record in kept {
            // Through the store's own form.
            let bytes = postcard::to_allocvec(&record).unwrap();
            let day: Day = postcard::from_bytes(&postcard::to_allocvec(&record.day()).unwrap()).unwrap();
            let record: AccountRecord = postcard::from_bytes(&bytes).unwrap();
            assert!(engine.restore_account(record.with_day(day)));
        }
        for (_, switcher) in switchers {
            engine.restore_switcher(postcard::from_bytes(&switcher).unwrap());
        }
        for (key, front) in fronts {
            assert!(engine.restore_front(&key, postcard::from_bytes(&front).unwrap()));
        }
        engine.begin(now.mono);
        nodes.into_iter().for_each(|node| engine.restore_node(node, now.mono));
        for alert in open {
            engine.restore_alert(alert, now.mono);
        }
        told
    }

    /// `limit os 4 20s`: of `repeated-failures` in that realm.
    fn limit(&mut self, rest: &str) {
        let words: Vec<&str> = rest.split(' ').collect();
        let [realm, more_than, window] = words[..] else { panic!("limit REALM MORE-THAN WINDOW") };
        let settings = &mut self.settings;
        let threshold = match realm {
            "cucm" => &mut settings.repeated_cucm,
            "mitel" => &mut settings.repeated_mitel,
            "os" => &mut settings.repeated_os,
            "su" => &mut settings.failed_su,
            "os-su" => &mut settings.failed_su_os,
            _ => &mut settings.repeated_unix,
        };
        (threshold.more_than, threshold.window) = (more_than.parse().unwrap(), span(window));
    }

    fn policy(&mut self, rest: &str) {
        let words: Vec<&str> = rest.split(' ').collect();
        let after = |name| words.iter().position(|w| *w == name).and_then(|n| words.get(n + 1)).copied();
        let mut policy = self.settings.policies.cucm;
        policy.failed_logons = after("failed-logons").map_or(policy.failed_logons, |n| n.parse().unwrap());
        policy.reset = after("reset").map_or(policy.reset, span);
        policy.lockout = after("lockout").map_or(policy.lockout, span);
        let credential = match words.first().copied() {
            Some("pin") => Credential::Pin,
            Some("password") => Credential::Password,
            _ => {
                self.settings.policies.cucm = policy;
                return;
            }
        };
        let rule = PolicyFor { realm: None, cluster: None, account: None, credential: Some(credential), policy };
        self.settings.policies.exceptions.push(rule);
    }

    /// What `lockwarden accounts` says of each.
    fn accounts(&mut self) -> String {
        let now = self.now();
        let engine = &self.path().engine;
        let settings = engine.settings();
        let row = |record: &AccountRecord| {
            let mut line = format!("{} {}", record.account.realm.as_str(), record.account.name);
            let reset = settings.policies.of(&record.account).reset;
            write!(line, " failures={}/{}", record.failures_in(reset, now.mono), record.total).unwrap();
            let mut add = |name: &str, value: Option<String>| {
                value.into_iter().for_each(|value| write!(line, " {name}={value}").unwrap());
            };
            add("locked", record.locked().map(|basis| basis.as_str().into()));
            add("unlock", record.unlock_expected().map(clock));
            add("last", record.last_failure().map(clock));
            let sources: Vec<_> = record.sources().iter().map(ToString::to_string).collect();
            add("from", Some(sources.join(",")).filter(|from| !from.is_empty()));
            add(
                "credential",
                Some(record.credential()).filter(|c| *c != Credential::Unknown).map(|c| format!("{c:?}")),
            );
            add("room", record.is_pinned().then(|| "kept".into()));
            line + "\n"
        };
        let mut rows: Vec<String> = engine.accounts().map(row).collect();
        rows.sort();
        rows.concat()
    }

    fn actions(&mut self) -> String {
        let mut told = String::new();
        while let Some(action) = self.path().engine.next_action() {
            match action {
                Action::Tell(alert, _) | Action::Announce(alert) => {
                    writeln!(told, "{}", shown(&alert)).unwrap();
                    self.keep(alert);
                }
                Action::Hold(alert, _) => {
                    writeln!(told, "held {}", shown(&alert)).unwrap();
                    self.keep(alert);
                }
                Action::Forget(gone) => self.kept.retain(|known| known.key() != gone.key()),
                Action::Move(old, _) => self.kept.retain(|known| known.key() != old),
                Action::Discard(key) => self.kept.retain(|known| known.key() != key),
                Action::Recall(account) => {
                    let key = account.key();
                    let place = self.kept.iter().position(|known| known.key() == key).unwrap();
                    let (record, now) = (self.kept.swap_remove(place), self.now());
                    self.path().engine.recall(record, now);
                }
                Action::Keep(record) => {
                    writeln!(told, "kept {}", record.account.name).unwrap();
                    self.kept.retain(|known| known.key() != record.key());
                    self.kept.push(*record);
                }
            }
        }
        told
    }

    fn keep(&mut self, alert: Box<Alert>) {
        let is_new = alert.state != State::Raised || self.raised.insert(alert.id.as_str().to_owned());
        assert!(is_new, "two alerts have the id {}", alert.id);
        self.open.retain(|known| known.id != alert.id);
        if alert.state != State::Cleared {
            self.open.push(*alert);
        }
    }

    /// Every record of the audit log so far, newest first.
    fn audit(&mut self) -> String {
        let now = self.now();
        let mut changed = Vec::new();
        self.path().engine.drain_audit(usize::MAX, now.mono, |record| changed.push(record.clone()));
        self.audit.extend(changed.into_iter().map(|record| (record.id, record)));
        self.audit.values().rev().map(|record| recorded(record) + "\n").collect()
    }

    fn path(&mut self) -> &mut Path {
        let (settings, zones) = (&self.settings, &self.zones);
        self.path.get_or_insert_with(|| {
            let catalogue = Catalogue::shipped().unwrap().with_zones(zones.clone());
            let mut engine = Engine::new(settings.clone(), catalogue.families(), (1, 2));
            engine.begin(self.passed);
            Path::new(engine, catalogue, Doors::open())
        })
    }

    fn now(&self) -> Now {
        self.clocks(self.mono)
    }

    fn clocks(&self, mono: Mono) -> Now {
        let (began, synchronised) = self.wall;
        Now { mono, wall: began.plus(mono.since(Mono::FIRST)), synchronised }
    }
}

/// Berlin's clocks in 2026 (TZif, version 1): ahead on 29 March and back on 25 October, both at 01:00 UTC.
fn berlin() -> LocalZone {
    let mut tzif = b"TZif\0".to_vec();
    tzif.extend([0; 15]);
    [0_u32, 0, 0, 2, 2, 9].iter().for_each(|count| tzif.extend(count.to_be_bytes()));
    [1_774_746_000_i32, 1_792_890_000].iter().for_each(|change| tzif.extend(change.to_be_bytes()));
    tzif.extend([1, 0]);
    tzif.extend(3_600_i32.to_be_bytes());
    tzif.extend([0, 0]);
    tzif.extend(7_200_i32.to_be_bytes());
    tzif.extend([1, 4]);
    tzif.extend(b"CET\0CEST\0");
    LocalZone::from_tzif("Europe/Berlin", &tzif).unwrap()
}

/// `Jan 15 2026 08:21:00.000`, as CUCM writes it.
fn ciscolog_time(at: Wall) -> String {
    let text = at.to_string();
    let (date, time) = text.trim_end_matches('Z').split_once('T').unwrap();
    let mut parts = date.split('-');
    let mut part = || parts.next().unwrap();
    let (year, month, day) = (part(), part(), part());
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    format!("{} {day} {year} {time}", months.get(month.parse::<usize>().unwrap() - 1).unwrap())
}

/// `9.3s`, `31m`, `1h`.
fn span(text: &str) -> Span {
    let (number, unit) = text.split_at(text.len() - 1);
    let number: f64 = number.parse().unwrap_or_else(|_| panic!("{text}: not a time such as 9.3s, 31m, 1h"));
    let unit = match unit {
        "s" => 1_000.0,
        "m" => 60_000.0,
        "h" => 3_600_000.0,
        _ => panic!("{text}: not a time such as 9.3s, 31m, 1h"),
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "stories are short and start at zero")]
    Span::millis((number * unit).round() as u64)
}

/// One line with the columns of the form that hold something.
fn recorded(record: &AuditRecord) -> String {
    let cells = Column::of_form().iter().chain(&[Column::Cluster, Column::Node, Column::Family]);
    let cells = cells.map(|column| column.of(record)).filter(|cell| !cell.is_empty());
    format!("record {}", cells.collect::<Vec<_>>().join(" | "))
}

/// One line with everything about an alert that a reader of a story wants to see.
/// The time of day; of other days than the story's first, the day too.
fn clock(at: Wall) -> String {
    let text = at.to_string();
    text.trim_start_matches("2026-01-15T").trim_end_matches('Z').trim_end_matches(".000").to_owned()
}

fn shown(alert: &Alert) -> String {
    let mut line = format!("{} {}", alert.state.as_str(), alert.kind.as_str());
    let mut add = |name: &str, value: Option<String>| {
        if let Some(value) = value.filter(|v| !v.is_empty()) {
            write!(line, " {name}={value}").unwrap();
        }
    };
    add("account", alert.account.as_ref().map(ToString::to_string));
    add("realm", alert.realm.map(|r| r.as_str().into()).filter(|r: &String| r != "cucm"));
    add("cluster", alert.cluster.as_ref().map(ToString::to_string));
    add("revision", Some(alert.revision.to_string()));
    add("severity", Some(alert.severity.as_str().into()));
    add("node", alert.node.as_ref().map(ToString::to_string));
    add("basis", alert.basis.map(|b| b.as_str().into()));
    add("reason", alert.reason.map(|r| r.as_str().into()));
    add(
        "credential",
        Some(serde_json::to_string(&alert.credential).unwrap().replace('"', "")).filter(|c| c != "unknown"),
    );
    add("failures", Some(alert.failures.to_string()));
    add("from", Some(alert.sources.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")));
    add("interface", alert.interface.as_ref().map(ToString::to_string));
    add("unlock", alert.unlock_expected.map(|at| at.to_string()));
    add("by", alert.cleared_by.map(|by| by.as_str().into()));
    add("suppressed", Some(alert.suppressed).filter(|n| *n > 0).map(|n| n.to_string()));
    if alert.state == State::Raised {
        let told = alert.evidence.iter().map(|e| format!("{}/{}", e.family, e.channel.as_str()));
        add("evidence", Some(told.collect::<Vec<_>>().join(",")));
        add("first", alert.first_failure.map(clock));
    }
    add("last", alert.last_failure.map(clock));
    add("window", Some(format!("{}s", alert.window_s)));
    add("summary", Some(format!("\"{}\"", alert.summary)));
    line
}
