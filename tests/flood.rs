//! A flood of invented names, at a million a minute, from one allowed sender: what must still be seen is seen, at once, and nothing grows.

use std::collections::BTreeMap;

use lockwarden::alert::{Alert, Basis, Kind, State};
use lockwarden::engine::{AccountRecord, Action, Engine, IDLE_ACCOUNTS, Patterns, Settings};
use lockwarden::event::{
    Authenticated, Channel, Credential, Family, Label, LockReason, Meaning, Observation, Realm, Session,
};
use lockwarden::units::{Mono, Now, Span, Wall};

/// Some seconds of it: the table of accounts is pushed out ten times.
const NAMES: u64 = 40_000;
const A_SECOND: u64 = 16_667;

fn said<'a>(account: &'a str, source: &'a str, meaning: Meaning) -> Observation<'a> {
    Observation {
        meaning,
        family: Family::of("UC_LOGIN-AuthenticationFailed"),
        channel: Channel::Syslog,
        authenticated: Authenticated::None,
        realm: Realm::Cucm,
        account,
        cluster: "East",
        node: "cucm-pub",
        sender: "192.0.2.10",
        source,
        interface: "VMREST",
        target: "",
        credential: Credential::Password,
        stamp: None,
        fingerprint: None,
        likeness: None,
        unlock_s: None,
        reported_failures: None,
        reported_severity: None,
        session: Session::default(),
    }
}

struct Box {
    engine: Engine,
    told: Vec<(u64, Alert)>,
    kept: BTreeMap<Vec<u8>, AccountRecord>,
    /// The most that was kept at once.
    most: usize,
}

impl Box {
    fn new() -> Self {
        let patterns = Patterns { learning: Span::ZERO, ..Patterns::DEFAULT };
        let settings = Settings { site: Label::from_wire("hq"), patterns, ..Settings::default() };
        Self { engine: Engine::new(settings, [], (1, 2)), told: Vec::new(), kept: BTreeMap::new(), most: 0 }
    }

    /// `jdoe` fails so often, 40 minutes apart.
    fn fails(&mut self, times: u64) {
        (0..times).for_each(|n| self.hear(&said("jdoe", "192.0.2.15", Meaning::Failure), n * 40 * 60_000));
    }

    /// More invented names than there is room for.
    fn flood(&mut self, ms: u64) {
        for n in 0..IDLE_ACCOUNTS {
            self.hear(&said(&format!("name{n}"), "192.0.2.66", Meaning::Failure), ms);
        }
        let jdoe = |record: &AccountRecord| record.account.name.as_str() == "jdoe";
        assert!(self.kept.values().any(jdoe) && !self.engine.accounts().any(jdoe), "it has made room");
    }

    /// Kinds of alerts that were raised about an account, each with the failures that it gives.
    fn found(&self) -> Vec<(Kind, u32)> {
        let raised = self.told.iter().map(|(_, alert)| alert).filter(|alert| alert.state == State::Raised);
        raised.filter(|alert| alert.account.is_some()).map(|alert| (alert.kind, alert.failures)).collect()
    }

    /// Failures of `jdoe` since the box began.
    fn total(&self) -> Option<u64> {
        let jdoe = self.engine.accounts().find(|record| record.account.name.as_str() == "jdoe")?;
        Some(jdoe.total)
    }

    fn hear(&mut self, observation: &Observation<'_>, ms: u64) {
        let (mono, wall) =
            (Mono::FIRST + Span::millis(ms), Wall::from_millis(1_768_465_260_000).plus(Span::millis(ms)));
        let now = Now { mono, wall, synchronised: true };
        self.engine.tick(now);
        let _verdict = self.engine.observe(observation, now);
        while let Some(action) = self.engine.next_action() {
            match action {
                Action::Tell(alert, _) | Action::Announce(alert) | Action::Hold(alert, _) => {
                    self.told.push((ms, *alert))
                }
                Action::Keep(record) => {
                    self.kept.insert(record.key(), *record);
                    self.most = self.most.max(self.kept.len());
                }
                Action::Forget(gone) => drop(self.kept.remove(&gone.key())),
                Action::Discard(key) | Action::Move(key, _) => drop(self.kept.remove(&key)),
                Action::Recall(account) => {
                    let Some(record) = self.kept.remove(&account.key()) else { panic!("{account:?} is not kept") };
                    self.engine.recall(record, now);
                }
            }
        }
    }
}

#[test]
fn a_flood_of_invented_names_is_one_alert_and_hides_no_lock() {
    let mut site = Box::new();
    for n in 0..NAMES {
        let ms = n * 1_000 / A_SECOND;
        site.hear(&said(&format!("name{n}"), "192.0.2.66", Meaning::Failure), ms);
        // A person whose third failure locks, with a second between two; and a lock that the cluster reports.
        if [1_000, 17_000, 33_000].contains(&n) {
            site.hear(&said("jdoe", "192.0.2.15", Meaning::Failure), ms);
        }
        if n == 38_000 {
            let lock = Meaning::Lockout(Some(LockReason::FailedLogons));
            site.hear(&said("asmith", "192.0.2.16", lock), ms);
        }
    }
    let raised = site.told.iter().filter(|(_, alert)| alert.state == State::Raised);
    let found: Vec<_> = raised
        .map(|(ms, alert)| (*ms, alert.kind, alert.basis, alert.account.as_ref().map(ToString::to_string)))
        .collect();
    let jdoe = Some("jdoe".to_owned());
    assert_eq!(
        found,
        [
            (0, Kind::Spray, None, None),
            (33_000_000 / A_SECOND, Kind::Lockout, Some(Basis::Inferred), jdoe),
            (38_000_000 / A_SECOND, Kind::Lockout, Some(Basis::Reported), Some("asmith".to_owned())),
        ]
    );
    let (at_hand, made_room, untracked) = site.engine.occupancy();
    let all = at_hand as u64 + made_room;
    // The person was pushed out and came back.
    assert!((NAMES + 2..=NAMES + 4).contains(&all), "{all}");
    assert_eq!((untracked, site.most), (0, 0), "nothing of it is written to the disk");
    let mut changed = || {
        let mut names = Vec::new();
        assert!(!site.engine.drain_changed(usize::MAX, false, |record| names.push(record.account.name.to_string())));
        names.sort();
        names
    };
    assert_eq!(changed(), ["asmith", "jdoe"], "while it goes on");
    assert_eq!(changed().len(), at_hand - 2, "what is left of it when it is over");
}

#[test]
fn what_has_changed_is_given_out_in_pieces_each_once() {
    let mut site = Box::new();
    (0..10).for_each(|n| site.hear(&said(&format!("user{n}"), "192.0.2.15", Meaning::Failure), n));
    let mut names = Vec::new();
    let mut more = || site.engine.drain_changed(4, false, |record| names.push(record.account.name.to_string()));
    assert_eq!([more(), more(), more(), more()], [true, true, false, false]);
    assert_eq!(names, (0..10).map(|n| format!("user{n}")).collect::<Vec<_>>());
}

const DAWN: u64 = 9 * 40 * 60_000;

#[test]
fn an_account_that_had_to_make_room_comes_back_with_its_day() {
    let mut site = Box::new();
    site.fails(9);
    site.flood(DAWN - 60_000);
    site.hear(&said("jdoe", "192.0.2.15", Meaning::Failure), DAWN);
    assert_eq!((site.found(), site.total()), (vec![(Kind::SlowClimb, 10)], Some(10)));
}

#[test]
fn a_failure_that_still_counts_counts_with_those_after_the_account_came_back() {
    let mut site = Box::new();
    let minute = |n: u64| n * 60_000;
    site.hear(&said("jdoe", "192.0.2.15", Meaning::Failure), 0);
    site.hear(&said("jdoe", "192.0.2.15", Meaning::Success), minute(1));
    site.hear(&said("jdoe", "192.0.2.15", Meaning::Failure), minute(2));
    site.flood(minute(3));
    site.hear(&said("jdoe", "192.0.2.15", Meaning::Failure), minute(20));
    assert_eq!((site.found(), site.total()), (vec![], Some(3)));
    site.hear(&said("jdoe", "192.0.2.15", Meaning::Failure), minute(31));
    assert_eq!(site.found(), [(Kind::Lockout, 3)], "the first is forgiven, the second is 29 minutes old");
}

#[test]
fn a_success_of_an_account_that_had_to_make_room_is_weighed_with_its_failures() {
    let mut site = Box::new();
    site.fails(9);
    site.flood(DAWN - 60_000);
    site.hear(&said("jdoe", "192.0.2.15", Meaning::Success), DAWN);
    site.hear(&said("jdoe", "192.0.2.15", Meaning::Success), DAWN + 60_000);
    assert_eq!((site.found(), site.total()), (vec![(Kind::SuccessAfterFailures, 9)], Some(9)));
}

#[test]
fn an_unlock_forgives_the_day_of_an_account_that_had_to_make_room() {
    let mut site = Box::new();
    site.fails(9);
    site.flood(DAWN - 60_000);
    site.hear(&said("jdoe", "192.0.2.15", Meaning::Unlock), DAWN);
    site.hear(&said("jdoe", "192.0.2.15", Meaning::Failure), DAWN + 60_000);
    assert_eq!((site.found(), site.total()), (vec![], Some(10)));
}
