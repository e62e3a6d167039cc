//! The path, driven by a file's own times. Nothing waits, so a month passes in seconds.

use std::collections::BTreeMap;

use crate::alert::Alert;
use crate::catalogue::Catalogue;
use crate::config::{Config, UsmUser};
use crate::engine::{AccountRecord, Action, Engine, Settings};
use crate::path::{Doors, Path};
use crate::shell::capture::Captured;
use crate::shell::snmpv3::Keyring;
use crate::units::{Mono, Now, Span, Wall};
use crate::usm::{EngineId, Identity, LocalEngine, Receiver};

use super::totals::Totals;

/// Nodes' clocks differ, and lines overtake each other, by less than this.
const DISORDER: Span = Span::mins(1);
/// How long time goes on behind the last message. The longest lock that ends by itself lasts a day.
const TAIL: Span = Span::mins(8 * 1_440);

/// What is done with each alert message.
pub(super) type Show<'a> = dyn FnMut(Wall, &Alert) + 'a;

pub(super) struct Replay {
    pub(super) path: Path,
    pub(super) first: Option<Wall>,
    pub(super) last: Wall,
    mono: Mono,
    /// Alert messages that were shown.
    pub(super) messages: u64,
    /// Messages that are older than one before them by more than [`DISORDER`].
    pub(super) older: u64,
    /// Failures of accounts that had to make room for others.
    gone: Totals,
    /// Records that had to make room, as the store would have them.
    kept: BTreeMap<Vec<u8>, AccountRecord>,
}

impl Replay {
    /// A service of this configuration that has heard nothing. What is wrong with an SNMPv3 user's secrets goes to `problems`.
    pub(super) fn of(config: &Config, catalogue: Catalogue, problems: &mut Vec<String>) -> Self {
        let mut path = path(&config.settings, catalogue);
        path.usm = Some(overhearing(&config.traps.users, problems));
        Self::new(path)
    }

    pub(super) fn new(path: Path) -> Self {
        let (first, last, mono, gone) = (None, Wall::default(), Mono::FIRST, Totals::default());
        let kept = BTreeMap::new();
        Self { path, first, last, mono, messages: 0, older: 0, gone, kept }
    }

    pub(super) fn take(&mut self, message: &Captured, show: &mut Show<'_>) {
        let first = *self.first.get_or_insert(message.at);
        // Time never runs backwards, whatever the file says.
        let mono = Mono::FIRST + if message.at > first { message.at.distance(first) } else { Span::ZERO };
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

    /// Lets time go on after the last message until nothing is due, so that every clear is shown.
    pub(super) fn run_out(&mut self, show: &mut Show<'_>) {
        self.advance(self.mono + TAIL, show);
    }

    /// Failures of each account.
    pub(super) fn totals(mut self) -> Totals {
        for record in self.kept.values().chain(self.path.engine.accounts()) {
            self.gone.add(&record.account, record.total);
        }
        self.gone
    }

    /// Lets time pass to `until`, doing what is due at its own time.
    fn advance(&mut self, until: Mono, show: &mut Show<'_>) {
        while let Some(due) = self.path.deadline().filter(|due| *due <= until) {
            let mono = due.max(self.mono);
            let wall = self.first.unwrap_or_default().plus(mono.since(Mono::FIRST));
            self.mono = mono;
            self.path.tick(Now { mono, wall, synchronised: true });
            self.drain(wall, show);
        }
        self.mono = self.mono.max(until);
    }

    fn drain(&mut self, at: Wall, show: &mut Show<'_>) {
        while let Some(action) = self.path.engine.next_action() {
            match action {
                Action::Tell(alert, _) | Action::Announce(alert) => {
                    self.messages += 1;
                    show(at, &alert);
                }
                // The digest says how many there were.
                Action::Hold(..) => {}
                Action::Move(old, _) => drop(self.kept.remove(&old)),
                Action::Keep(record) => drop(self.kept.insert(record.key(), *record)),
                Action::Forget(record) => self.gone.add(&record.account, record.total),
                Action::Discard(key) => {
                    let discarded = self.kept.remove(&key);
                    discarded.into_iter().for_each(|record| self.gone.add(&record.account, record.total));
                }
                Action::Recall(account) => {
                    if let Some(record) = self.kept.remove(&account.key()) {
                        self.path.engine.recall(record, Now { mono: self.mono, wall: at, synchronised: true });
                    }
                }
            }
        }
    }
}

pub(super) fn path(settings: &Settings, catalogue: Catalogue) -> Path {
    // Where a file ends, no node has fallen silent, and what is not in it may have been left out.
    let settings = Settings { silent_after: Span::ZERO, no_sign_ins_after: Span::ZERO, ..settings.clone() };
    Path::new(Engine::new(settings, catalogue.families(), (0, 0)), catalogue, Doors::open())
}

/// No engine of ours is in a capture, so informs to any engine are taken.
fn overhearing(users: &[UsmUser], problems: &mut Vec<String>) -> Receiver {
    let users = Keyring::default().users(users, problems);
    let nobody = LocalEngine::new(Identity::new(EngineId::made_of([0; EngineId::RANDOM])), Mono::FIRST);
    Receiver::new(nobody, users, 0, (0, 0)).overhearing()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Verdict;

    fn replay() -> Replay {
        Replay::new(path(&Settings::default(), Catalogue::shipped().unwrap()))
    }

    fn captured(at_ms: i64, line: String) -> Captured {
        let from = "192.0.2.10".parse().unwrap();
        Captured { at: Wall::from_millis(at_ms), from, is_snmp: false, bytes: line.into_bytes() }
    }

    #[test]
    fn a_log_is_replayed_at_its_own_times_to_the_last_clear() {
        let mut replay = replay();
        let mut told = Vec::new();
        let mut show =
            |at: Wall, alert: &Alert| told.push(format!("{at} {} {}", alert.kind.as_str(), alert.state.as_str()));
        for second in [1, 2, 3] {
            let line = format!(
                "<188>1{second}: cucm-sub1: Jan 15 2026 08:21:0{second}.000 UTC : %UC_IMS-4-authFail: %[UserID=jdoe]\
                 [AppID=Cisco Tomcat][ClusterID=C][NodeID=cucm-sub1]: x"
            );
            replay.take(&captured(1_768_465_260_000 + second * 1_000, line), &mut show);
        }
        replay.run_out(&mut show);
        assert_eq!(told, ["2026-01-15T08:21:03.000Z lockout raised", "2026-01-15T08:51:03.000Z lockout cleared"]);
        assert_eq!(replay.path.tallies().count(Verdict::Failure), 3);
        assert_eq!(
            replay.totals().to_json(20).0.to_string(),
            r#"[{"account":"jdoe","cluster":"C","failures":3,"realm":"cucm"}]"#
        );
    }

    #[test]
    fn accounts_that_made_room_are_still_in_the_totals() {
        let mut replay = replay();
        let names = crate::board::HOT_ACCOUNTS + 3;
        for n in 0..names {
            let line =
                format!("Jan 15 2026 08:21:01.114 UTC : %UC_IMS-4-authFail: %[UserID=u{n}][NodeID=cucm-sub1]: x");
            replay.take(&captured(1_768_465_261_114, line), &mut |_, _| {});
        }
        assert_eq!(replay.path.tallies().count(Verdict::Failure), names as u64);
        let (_, others) = replay.totals().to_json(3);
        assert_eq!(others.to_string(), format!(r#"{{"accounts":{0},"failures":{0}}}"#, names - 3));
    }
}
