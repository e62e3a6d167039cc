//! What must hold for any traffic: properties of the engine, over traffic that is made from a seed.
//!
//! `LOCKWARDEN_SEED=N cargo test --test properties` plays the one case that failed.

#![expect(clippy::unwrap_used, reason = "a case that cannot be played is a failed test")]

use std::collections::BTreeMap;

use lockwarden::alert::{Alert, Kind, State};
use lockwarden::engine::{AccountRecord, Action, Day, Engine, Node, Settings};
use lockwarden::event::{
    Authenticated, Channel, Credential, Family, Label, LockReason, Meaning, Observation, Realm, Session, Stamped,
};
use lockwarden::units::{Mono, Now, Span, Wall};
use lockwarden::verdict::Verdict;

const START: Wall = Wall::from_millis(1_768_465_260_000);
const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
/// After this no alert of an hour's traffic is open.
const END: u64 = 72 * 60 * MINUTE;
/// Within this, all tellings of an attempt arrive.
const WINDOW: u64 = Settings::MERGE_WINDOW.as_millis();
/// The ways by which the attempts of a case are told. CUCM's alarms and audit log come as lines, CISCO-SYSLOG-MIB repeats them as traps.
const WAYS: [(&str, Channel); 5] = [
    ("UC_IMS-AuthenticationFailed", Channel::Syslog),
    ("UC_IMS-AuthenticationFailed", Channel::Trap),
    ("UC_LOGIN-AuthenticationFailed", Channel::Syslog),
    ("UC_LOGIN-AuthenticationFailed", Channel::Trap),
    ("UC_AUDITLOG-AuditEventGenerated", Channel::Syslog),
];
const SOURCES: [&str; 4] = ["198.51.100.1", "198.51.100.2", "198.51.100.3", ""];

/// SplitMix64.
#[derive(Clone)]
struct Seed(u64);

impl Seed {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn within(&mut self, range: std::ops::Range<u64>) -> u64 {
        range.start + self.below(range.end - range.start)
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        let index = usize::try_from(self.below(all.len() as u64)).unwrap();
        *all.get(index).unwrap()
    }
}

/// Calls `case` with each seed below `cases`, or with the one that the environment names.
fn for_each_seed(cases: u64, case: impl Fn(u64, &mut Seed)) {
    let only = std::env::var("LOCKWARDEN_SEED").ok().map(|seed| seed.parse().unwrap());
    let seeds = only.map_or(0..cases, |seed: u64| seed..seed + 1);
    seeds.for_each(|seed| case(seed, &mut Seed(seed)));
}

/// One message about one account.
#[derive(Clone, Debug)]
struct Told {
    /// When it arrives, in milliseconds.
    at: u64,
    meaning: Meaning,
    account: String,
    source: &'static str,
    credential: Credential,
    way: (&'static str, Channel),
    /// The time that it carries, in milliseconds.
    stamp: Option<u64>,
    fingerprint: u64,
}

/// One attempt that fails.
#[derive(Clone)]
struct Attempt {
    at: u64,
    account: String,
    source: &'static str,
}

/// Bursts of attempts on some accounts. No gap is near a limit of the policy: what is a few seconds late stays on its side of it. Two
/// attempts on one account are at least `apart` from each other.
fn attempts(seed: &mut Seed, apart: u64) -> Vec<Attempt> {
    let mut all = Vec::new();
    for account in 0..seed.within(1..5) {
        let mut at = seed.below(MINUTE);
        for _burst in 0..seed.within(1..4) {
            for _attempt in 0..seed.within(1..13) {
                let source = seed.one_of(&SOURCES);
                all.push(Attempt { at, account: format!("user{account}"), source });
                at += seed.within(apart..apart + 30 * SECOND);
            }
            at += seed.within(70..110) * MINUTE;
        }
    }
    all
}

/// Every attempt is told by each way, up to three times; each telling arrives within the merge window.
fn tellings(seed: &mut Seed, attempts: &[Attempt], ways: &[(&'static str, Channel)], stamped: bool) -> Vec<Told> {
    let mut all = Vec::new();
    for (n, attempt) in attempts.iter().enumerate() {
        for (w, way) in ways.iter().enumerate() {
            for _copy in 0..seed.within(1..4) {
                all.push(Told {
                    at: attempt.at + seed.below(WINDOW),
                    meaning: Meaning::Failure,
                    account: attempt.account.clone(),
                    source: attempt.source,
                    credential: Credential::Unknown,
                    way: *way,
                    stamp: stamped.then_some(attempt.at),
                    fingerprint: Seed((n * WAYS.len() + w + 1) as u64).next(),
                });
            }
        }
    }
    all.sort_by_key(|told| told.at);
    all
}

struct Site {
    settings: Settings,
    engine: Engine,
    passed: u64,
    verdicts: BTreeMap<Verdict, u64>,
    /// All alerts, in the order in which they are told, and when.
    alerts: Vec<(u64, Alert)>,
    open: BTreeMap<String, Alert>,
    kept: BTreeMap<Vec<u8>, AccountRecord>,
    fronts: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl Site {
    fn new() -> Self {
        let settings = Settings::default();
        let engine = begun(&settings, 0);
        let (verdicts, kept, fronts) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { settings, engine, passed: 0, verdicts, alerts: Vec::new(), open: BTreeMap::new(), kept, fronts }
    }

    /// All of it, and then nothing until every alert is over.
    fn play(&mut self, all: &[Told]) {
        all.iter().for_each(|told| self.hear(told));
        self.pass_time(END);
    }

    fn hear(&mut self, told: &Told) {
        self.pass_time(told.at);
        let verdict = self.engine.observe(&observation(told), clocks(told.at));
        *self.verdicts.entry(verdict).or_default() += 1;
        self.act();
    }

    /// What is due happens at its own time.
    fn pass_time(&mut self, to: u64) {
        while let Some(due) = self.engine.deadline().filter(|due| *due <= clocks(to).mono) {
            self.passed = self.passed.max(due.since(Mono::FIRST).as_millis());
            self.engine.tick(clocks(self.passed));
            self.act();
        }
        self.passed = to;
    }

    fn act(&mut self) {
        while let Some(action) = self.engine.next_action() {
            match action {
                Action::Tell(alert, _) | Action::Announce(alert) | Action::Hold(alert, _) => self.told(*alert),
                Action::Keep(record) => drop(self.kept.insert(record.key(), *record)),
                Action::Forget(gone) => drop(self.kept.remove(&gone.key())),
                Action::Discard(key) | Action::Move(key, _) => drop(self.kept.remove(&key)),
                Action::Recall(account) => {
                    let record = self.kept.get(&account.key()).unwrap().clone();
                    self.engine.recall(record, clocks(self.passed));
                }
            }
        }
    }

    fn told(&mut self, alert: Alert) {
        if alert.state == State::Cleared {
            self.open.remove(alert.id.as_str());
        } else {
            self.open.insert(alert.id.as_str().to_owned(), alert.clone());
        }
        self.alerts.push((self.passed, alert));
    }

    /// A new engine, with what the store holds of the old one, in the store's own form.
    fn restart(&mut self) {
        let now = clocks(self.passed).mono;
        let kept = &mut self.kept;
        assert!(!self.engine.drain_changed(usize::MAX, true, |record| drop(kept.insert(record.key(), record.clone()))));
        let fronts = &mut self.fronts;
        self.engine.drain_fronts(true, now, |key, front| {
            fronts.remove(&key);
            fronts.extend(front.map(|front| (key, postcard::to_allocvec(front).unwrap())));
        });
        let nodes: Vec<Node> = self.engine.nodes().cloned().collect();
        self.engine = begun(&self.settings, self.passed);
        for record in self.kept.values() {
            let (bytes, day) = (postcard::to_allocvec(record).unwrap(), postcard::to_allocvec(&record.day()).unwrap());
            let (record, day): (AccountRecord, Day) =
                (postcard::from_bytes(&bytes).unwrap(), postcard::from_bytes(&day).unwrap());
            assert!(self.engine.restore_account(record.with_day(day)));
        }
        for (key, front) in &self.fronts {
            assert!(self.engine.restore_front(key, postcard::from_bytes(front).unwrap()));
        }
        nodes.into_iter().for_each(|node| self.engine.restore_node(node, now));
        self.open.values().for_each(|alert| self.engine.restore_alert(alert.clone(), now));
    }

    fn counted(&self) -> u64 {
        [Verdict::Failure, Verdict::Lockout].iter().filter_map(|verdict| self.verdicts.get(verdict)).sum()
    }

    /// Each alert with when it was raised, and when and how it ended.
    fn lives(&self) -> BTreeMap<String, Vec<String>> {
        let mut lives: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (at, alert) in self.alerts.iter().filter(|(_, alert)| alert.state != State::Updated) {
            let Alert { state, basis, reason, cleared_by, severity, .. } = alert;
            // What a spray has counted since its last message goes with the run.
            let failures = if alert.kind == Kind::Spray { 0 } else { alert.failures };
            let life = format!("{at} {state:?} {severity:?} {basis:?} {reason:?} {failures} {cleared_by:?}");
            lives.entry(alert.id.as_str().to_owned()).or_default().push(life);
        }
        lives
    }

    /// What was found, with the failures of the last message about it.
    fn findings(&self) -> Vec<(Kind, String, u32)> {
        let last = self.alerts.iter().map(|(_, alert)| alert).filter(|alert| alert.state == State::Cleared);
        let account = |alert: &Alert| alert.account.as_ref().map(ToString::to_string).unwrap_or_default();
        let mut all: Vec<_> = last.map(|alert| (alert.kind, account(alert), alert.failures)).collect();
        all.sort_by(|a, b| (a.0.as_str(), &a.1, a.2).cmp(&(b.0.as_str(), &b.1, b.2)));
        all
    }
}

fn begun(settings: &Settings, at: u64) -> Engine {
    let mut engine = Engine::new(settings.clone(), WAYS.map(|(family, _)| Label::from_wire(family)), (1, 2));
    engine.begin(clocks(at).mono);
    engine
}

fn clocks(at: u64) -> Now {
    let passed = Span::millis(at);
    Now { mono: Mono::FIRST + passed, wall: START.plus(passed), synchronised: true }
}

fn observation(told: &Told) -> Observation<'_> {
    let stamp = |at| Stamped { at: START.plus(Span::millis(at)), precision_ms: 1, zoned: true };
    Observation {
        meaning: told.meaning,
        family: Family::of(told.way.0),
        channel: told.way.1,
        authenticated: Authenticated::None,
        realm: Realm::Cucm,
        account: &told.account,
        cluster: "East",
        node: "cucm-pub",
        sender: "192.0.2.10",
        source: told.source,
        interface: "",
        target: "",
        credential: told.credential,
        stamp: told.stamp.map(stamp),
        fingerprint: Some(told.fingerprint),
        likeness: None,
        unlock_s: None,
        reported_failures: None,
        reported_severity: None,
        session: Session::default(),
    }
}

#[test]
fn any_order_of_the_tellings_of_attempts_gives_the_same_attempts_and_findings() {
    for_each_seed(300, |number, seed| {
        let attempts = attempts(seed, 2 * WINDOW + 1);
        let stamped = seed.below(2) == 0;
        let mut alone = Site::new();
        let mut sorted = attempts.clone();
        sorted.sort_by_key(|attempt| attempt.at);
        let once: Vec<Told> = tellings(&mut seed.clone(), &sorted, &WAYS[..1], stamped);
        alone.play(&once);
        for _order in 0..3 {
            let mut site = Site::new();
            let all = tellings(seed, &attempts, &WAYS, stamped);
            site.play(&all);
            assert_eq!(site.counted(), attempts.len() as u64, "seed {number}: attempts");
            assert_eq!(site.findings(), alone.findings(), "seed {number}: findings");
        }
    });
}

#[test]
fn channels_that_are_late_by_any_time_count_no_attempt_twice_however_close_attempts_are() {
    for_each_seed(300, |number, seed| {
        // Each way tells in order, as TCP or one node does, but is behind by as much as the merge window.
        let mut all = Vec::new();
        let mut at = 0;
        let attempts = seed.within(1..60);
        let behind = WAYS.map(|_| seed.below(WINDOW));
        for n in 0..attempts {
            at += seed.within(SECOND..5 * SECOND);
            for (w, (way, behind)) in WAYS.iter().zip(behind).enumerate() {
                all.push(Told {
                    at: at + behind,
                    meaning: Meaning::Failure,
                    account: "jdoe".to_owned(),
                    source: "198.51.100.1",
                    credential: Credential::Unknown,
                    way: *way,
                    stamp: Some(at),
                    fingerprint: Seed(n * WAYS.len() as u64 + w as u64 + 1).next(),
                });
            }
        }
        all.sort_by_key(|told| told.at);
        let mut site = Site::new();
        site.play(&all);
        assert_eq!(site.counted(), attempts, "seed {number}");
    });
}

/// Failures, locks, successes and unlocks of some accounts, in any order and at any time.
fn traffic(seed: &mut Seed) -> Vec<Told> {
    let (mut all, mut at, mut fingerprint) = (Vec::new(), 0, 0);
    let accounts = seed.within(1..25);
    for _ in 0..seed.within(10..150) {
        at += match seed.below(12) {
            0 => seed.within(MINUTE..40 * MINUTE),
            1..5 => seed.below(2 * SECOND),
            _ => seed.below(MINUTE),
        };
        let meaning = match seed.below(20) {
            0 => Meaning::Success,
            1 => Meaning::Unlock,
            2 => Meaning::Lockout(Some(LockReason::FailedLogons)),
            3 => Meaning::Lockout(None),
            4 => Meaning::Lockout(Some(LockReason::Administrator)),
            _ => Meaning::Failure,
        };
        let account = format!("user{}", seed.below(accounts));
        let (source, way) = (seed.one_of(&SOURCES), seed.one_of(&WAYS));
        let credential =
            seed.one_of(&[Credential::Unknown, Credential::Unknown, Credential::Pin, Credential::Password]);
        fingerprint += 1;
        let stamp = (seed.below(3) > 0).then_some(at);
        let told = Told { at, meaning, account, source, credential, way, stamp, fingerprint: Seed(fingerprint).next() };
        all.push(told.clone());
        if seed.below(4) == 0 {
            all.push(told);
        }
    }
    all
}

#[test]
fn each_message_has_one_verdict_and_each_alert_is_raised_then_updated_then_cleared() {
    for_each_seed(400, |number, seed| {
        let all = traffic(seed);
        let mut site = Site::new();
        for (n, told) in all.iter().enumerate() {
            site.hear(told);
            if seed.below(50) == 0 {
                site.restart();
            }
            assert_eq!(site.verdicts.values().sum::<u64>(), n as u64 + 1, "seed {number}: verdicts");
        }
        site.pass_time(END);
        let mut lives: BTreeMap<&str, Vec<(State, u32)>> = BTreeMap::new();
        for (_, alert) in &site.alerts {
            lives.entry(alert.id.as_str()).or_default().push((alert.state, alert.revision));
        }
        for (id, life) in lives {
            // An administrator's lock stays until somebody says that it is over.
            let last = if site.open.contains_key(id) { life.len() } else { life.len() - 1 };
            for (n, (state, revision)) in life.iter().enumerate() {
                let due = if n == 0 {
                    State::Raised
                } else if n == last {
                    State::Cleared
                } else {
                    State::Updated
                };
                assert_eq!((*state, *revision as usize), (due, n + 1), "seed {number}: {id} {life:?}");
            }
        }
        assert!(site.open.values().all(|alert| alert.unlock_expected.is_none()), "seed {number}: {:?}", site.open);
    });
}

#[test]
fn a_restart_at_any_point_changes_no_finding() {
    for_each_seed(400, |number, seed| {
        let all = traffic(seed);
        let (mut whole, mut broken) = (Site::new(), Site::new());
        let one_in = seed.within(1..40);
        for told in &all {
            whole.hear(told);
            broken.hear(told);
            if seed.below(one_in) == 0 {
                broken.restart();
            }
        }
        whole.pass_time(END);
        broken.pass_time(END);
        assert_eq!(broken.lives(), whole.lives(), "seed {number}, a restart every {one_in} messages");
    });
}
