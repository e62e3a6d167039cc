//! A flood of invented names, at a million a minute, from one allowed sender: what must still be seen is seen, at once, and nothing grows.

use lockwarden::alert::{Alert, Basis, Kind, State};
use lockwarden::engine::{Action, Engine, Patterns, Settings};
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
    kept: usize,
}

impl Box {
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
                Action::Keep(_) => self.kept += 1,
                Action::Forget(_) | Action::Move(..) => {}
            }
        }
    }
}

#[test]
fn a_flood_of_invented_names_is_one_alert_and_hides_no_lock() {
    let patterns = Patterns { learning: Span::ZERO, ..Patterns::DEFAULT };
    let settings = Settings { site: Label::from_wire("hq"), patterns, ..Settings::default() };
    let mut site = Box { engine: Engine::new(settings, [], (1, 2)), told: Vec::new(), kept: 0 };
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
    assert_eq!((untracked, site.kept), (0, 0), "nothing of it is written to the disk");
}
