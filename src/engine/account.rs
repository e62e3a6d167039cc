//! All that is kept of one account: its recent attempts, its failures in the window, its lock and its open alerts.

use core::num::NonZeroU64;

use serde::{Deserialize, Serialize};

use crate::alert::{Basis, EVIDENCE, SOURCES};
use crate::engine::climb::Around;
use crate::engine::correlate::Attempts;
use crate::engine::few::Few;
use crate::engine::ghosts::Ghost;
use crate::engine::tally::Window;
use crate::engine::trace::Trace;
use crate::event::{Account, Authenticated, Channel, Credential, Family, Label, LockReason, Observation};
use crate::units::{Mono, Span, Text, Wall};

/// One account's record; the store keeps it as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountRecord {
    /// Whose it is.
    pub account: Account,
    /// Attempts that a later observation may still belong to.
    pub(crate) attempts: Attempts,
    /// Failures that may still count.
    pub(crate) failures: Window,
    /// All failures ever counted.
    pub total: u64,
    /// The newest failure.
    pub(crate) last: Mono,
    /// What is known of the present run of failures; an alert about it says this.
    pub(crate) run: Run,
    /// The lock, if there is one.
    pub(crate) lock: Option<Box<Lock>>,
    /// The open `repeated-failures` (or `failed-su`) alert.
    pub(crate) repeated: Option<Box<Repeated>>,
    /// When the last lock or run of failures ended.
    pub(crate) ended: Option<Mono>,
    /// Its last day; the store keeps it apart.
    #[serde(skip)]
    pub trace: Trace,
    /// A lock that was over before it could be told; the store keeps it apart.
    #[serde(skip)]
    pub(crate) past: Option<Past>,
    /// Whether it changed since it was last given to the store.
    #[serde(skip)]
    pub(crate) changed: bool,
    /// Whether the store has had it.
    #[serde(skip)]
    pub(crate) is_stored: bool,
    /// What has happened since the store was asked for what it keeps of the account.
    #[serde(skip)]
    pub(crate) awaited: Option<Box<Awaited>>,
}

/// What must be known of the time between an account's return and that of its record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Awaited {
    /// Failures that were given back from memory: when, and how many.
    pub(crate) given: Option<(Mono, u32)>,
    /// From where it signed in, and how that looked.
    pub(crate) success: Option<(Label, Around)>,
    /// A run of failures has ended.
    pub(crate) is_well: bool,
    /// What failed before in the day is told, or forgiven.
    pub(crate) is_day_over: bool,
}

/// What the observations of the present run of failures said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) began: Mono,
    pub(crate) first: Option<Wall>,
    pub(crate) last: Option<Wall>,
    /// The newest time that a message about it carried itself.
    pub(crate) stamped: Option<Wall>,
    pub(crate) node: Label,
    pub(crate) interface: Label,
    pub(crate) sources: Few<Label, SOURCES>,
    pub(crate) authenticated: Option<Authenticated>,
    pub(crate) evidence: Few<Seen, EVIDENCE>,
}

/// One observation, in a form that is cheap to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Seen {
    pub(crate) family: Family,
    pub(crate) channel: Channel,
    pub(crate) at: Wall,
    pub(crate) fingerprint: Option<NonZeroU64>,
}

/// An open alert's identity and life.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Open {
    pub(crate) id: Text<128>,
    pub(crate) revision: u32,
    pub(crate) raised_at: Wall,
    pub(crate) synchronised: bool,
    pub(crate) quiet_until: Mono,
    /// Repeats since the last message.
    pub(crate) held: u32,
    /// Repeats that were never sent as messages of their own.
    pub(crate) suppressed: u32,
}

/// A lock and its alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lock {
    pub(crate) open: Open,
    pub(crate) basis: Basis,
    pub(crate) reason: Option<LockReason>,
    pub(crate) failures: u32,
    /// When the policy ends it; `None`: when an administrator does.
    pub(crate) until: Option<Mono>,
    pub(crate) unlock_expected: Option<Wall>,
    /// What of the account is locked, if that is known; the store keeps it apart.
    #[serde(skip)]
    pub(crate) credential: Credential,
}

/// A lock that failures made and that is over: they came late.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Past {
    pub(crate) from: Mono,
    pub(crate) until: Mono,
    pub(crate) failures: u32,
}

/// A run of repeated failures and its alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Repeated {
    pub(crate) open: Open,
    pub(crate) failures: u32,
}

impl Past {
    /// Whether the account was locked then.
    pub(crate) fn holds(self, at: Mono) -> bool {
        self.from <= at && at < self.until
    }
}

impl Run {
    /// It is the rest of this one.
    fn follow(&mut self, kept: Self) {
        let rest = core::mem::replace(self, kept);
        self.first = self.first.or(rest.first);
        self.last = self.last.max(rest.last);
        self.stamped = self.stamped.max(rest.stamped);
        for (known, newer) in [(&mut self.node, rest.node), (&mut self.interface, rest.interface)] {
            if !newer.is_empty() {
                *known = newer;
            }
        }
        rest.sources.into_iter().for_each(|source| self.note_source(source.as_str()));
        self.authenticated = [self.authenticated, rest.authenticated].into_iter().flatten().min();
        rest.evidence.into_iter().for_each(|seen| self.evidence.push(seen));
    }

    fn note_source(&mut self, source: &str) {
        let source = source.trim();
        if !source.is_empty() && !self.sources.iter().any(|known| known.as_str() == source) {
            let source = Label::from_wire(source);
            // What is cut off or made safe may be known already.
            if !self.sources.contains(&source) {
                self.sources.push(source);
            }
        }
    }
}

impl AccountRecord {
    pub(crate) fn new(account: Account) -> Self {
        Self {
            account,
            attempts: Attempts::new(),
            failures: Window::default(),
            total: 0,
            last: Mono::ZERO,
            run: Run::default(),
            lock: None,
            repeated: None,
            ended: None,
            trace: Trace::default(),
            past: None,
            changed: false,
            is_stored: false,
            awaited: None,
        }
    }

    /// Whether something about it is open: such a record is never given up for another.
    #[must_use]
    pub fn is_pinned(&self) -> bool {
        self.lock.is_some() || self.repeated.is_some() || self.trace.is_open()
    }

    /// Whether the store has had it, so that it must be told if the record is to be forgotten.
    #[must_use]
    pub const fn is_stored(&self) -> bool {
        self.is_stored
    }

    /// Whether the account is locked, and how that is known.
    #[must_use]
    pub fn locked(&self) -> Option<Basis> {
        self.lock.as_ref().map(|lock| lock.basis)
    }

    /// When the lock is expected to end; `None` if it is not locked or an administrator must act.
    #[must_use]
    pub fn unlock_expected(&self) -> Option<Wall> {
        self.lock.as_ref().and_then(|lock| lock.unlock_expected)
    }

    /// Failures that still count at `now`, in a window of `reset`.
    #[must_use]
    pub fn failures_in(&self, reset: crate::units::Span, now: Mono) -> u32 {
        self.failures.count_since((now - reset).max(self.over()))
    }

    /// When the last lock or run of failures ended: what failed before counts to none that came after.
    pub(crate) fn over(&self) -> Mono {
        self.ended.unwrap_or(Mono::ZERO)
    }

    /// A lock or a run of failures ended at `at`. What was placed earlier than it came can end before it began: the next lock is
    /// another all the same.
    pub(crate) fn end(&mut self, at: Mono) {
        let ended = self.over().max(at);
        self.ended = Some(ended);
        self.run.began = self.run.began.min(ended);
    }

    /// Takes back what is remembered of the account from before it had to make room.
    pub(crate) fn give_back(&mut self, ghost: Ghost, now: Mono) {
        let last = now - Span::mins(ghost.minutes);
        (0..ghost.failures).for_each(|_| self.count(last, Credential::Unknown));
        if let Some(awaited) = &mut self.awaited {
            awaited.given = Some((last, ghost.failures));
        }
    }

    /// Puts what was kept of the account in front of what has happened since; failures before `since` do not count any more. An account
    /// that made room had nothing open.
    pub(crate) fn follow(&mut self, mut kept: Self, since: Mono) {
        let awaited = self.awaited.take().unwrap_or_default();
        if let Some((at, failures)) = awaited.given {
            self.failures.take_back(at, failures);
            self.total = self.total.saturating_sub(u64::from(failures));
        }
        self.total = self.total.saturating_add(kept.total);
        self.ended = self.ended.max(kept.ended);
        self.past = self.past.or(kept.past);
        let over = since.max(self.over());
        if kept.failures.count_since(over) > 0 {
            self.run.follow(kept.run);
        }
        self.failures.follow(&kept.failures, over);
        // What was given back is as old as the newest that was kept.
        self.last = self.failures.newest().unwrap_or_default().max(kept.last);
        self.attempts.follow(kept.attempts);
        if awaited.is_day_over {
            kept.trace.forget_day();
        }
        self.trace.follow(kept.trace);
        self.changed = true;
    }

    /// What failed in the last day makes no climb with what fails from now on.
    pub(crate) fn forget_day(&mut self) {
        self.trace.forget_day();
        if let Some(awaited) = &mut self.awaited {
            awaited.is_day_over = true;
        }
    }

    /// Counts a failure that happened at `placed`.
    pub(crate) fn count(&mut self, placed: Mono, credential: Credential) {
        self.failures.record(placed, credential);
        self.total = self.total.saturating_add(1);
        self.last = self.last.max(placed);
    }

    /// The newest failure's wall time.
    #[must_use]
    pub fn last_failure(&self) -> Option<Wall> {
        self.run.last
    }

    /// Where the present run of failures came from.
    #[must_use]
    pub fn sources(&self) -> &[Label] {
        &self.run.sources
    }

    /// Which credential the present run of failures is about: known only if every attempt of it is known to be about the same.
    #[must_use]
    pub fn credential(&self) -> Credential {
        self.attempts.credential_since(self.run.began)
    }

    /// Whether nothing of it matters any more: nothing is open, and the last failure is longer ago than `longest`. After a success no
    /// failure counts, but a copy of one may still come.
    #[must_use]
    pub fn is_over(&self, longest: crate::units::Span, now: Mono) -> bool {
        !self.is_pinned() && self.failures.count_since(now - longest) == 0 && self.last + longest <= now
    }

    /// The key of the store's record.
    #[must_use]
    pub fn key(&self) -> Vec<u8> {
        self.account.key()
    }

    /// Notes what an observation says about the present run of failures.
    pub(crate) fn learn(&mut self, observation: &Observation<'_>, seen: Seen) {
        let run = &mut self.run;
        run.first = Some(run.first.map_or(seen.at, |first| first.min(seen.at)));
        run.last = Some(run.last.map_or(seen.at, |last| last.max(seen.at)));
        run.stamped = run.stamped.max(observation.stamp.map(|stamp| stamp.at));
        if run.node.is_empty() {
            run.node = Label::from_wire(observation.node);
        }
        // RTMT's retelling is coarser than what it retells.
        if !observation.interface.is_empty() && (run.interface.is_empty() || seen.channel != Channel::Nested) {
            run.interface = Label::from_wire(observation.interface);
        }
        let weakest = run.authenticated.map_or(observation.authenticated, |known| known.min(observation.authenticated));
        run.authenticated = Some(weakest);
        run.note_source(observation.source);
        run.evidence.push(seen);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Name, Realm};
    use crate::units::Span;

    #[test]
    fn a_record_whose_failures_a_success_has_ended_matters_until_they_are_old() {
        let account = Account { realm: Realm::Cucm, cluster: Label::from_wire("East"), name: Name::from_wire("jdoe") };
        let last = Mono::ZERO + Span::mins(60);
        let record = AccountRecord { last, total: 1, ..AccountRecord::new(account) };
        let is_over = |minutes| record.is_over(Span::mins(30), last + Span::mins(minutes));
        assert_eq!((is_over(0), is_over(29), is_over(30)), (false, false, true));
        let mut failing = record.clone();
        failing.failures.record(last, Credential::Pin);
        let is_over = |minutes| failing.is_over(Span::mins(30), last + Span::mins(minutes));
        assert_eq!((is_over(30), is_over(31)), (false, true), "a failure counts to the last moment of its window");
    }

    #[test]
    fn a_lock_that_is_over_holds_from_its_beginning_up_to_its_end() {
        let at = |minutes| Mono::ZERO + Span::mins(minutes);
        let past = Past { from: at(10), until: at(40), failures: 3 };
        assert_eq!([9, 10, 39, 40].map(|minute| past.holds(at(minute))), [false, true, true, false]);
    }

    /// Minutes of failures; each third has no source, the others have one of three.
    fn failed(minutes: &[u64]) -> AccountRecord {
        let account = Account { realm: Realm::Cucm, cluster: Label::from_wire("East"), name: Name::from_wire("jdoe") };
        let mut record = AccountRecord::new(account);
        for &minute in minutes {
            let at = Mono::FIRST + Span::mins(minute);
            let source = ["", "192.0.2.7", "192.0.2.8", "", "192.0.2.9", "pc7"][usize::try_from(minute % 6).unwrap()];
            let credential = if minute % 2 == 0 { Credential::Pin } else { Credential::Password };
            record.count(at, credential);
            record.trace.note(crate::engine::trace::Origin::of(source), at);
        }
        record
    }

    #[test]
    fn a_record_that_follows_what_was_kept_is_as_if_it_had_never_left() {
        let minutes = [1, 3, 4, 70, 71, 200, 260, 261, 600];
        let whole = failed(&minutes);
        for split in 1..minutes.len() {
            let (before, after) = minutes.split_at(split);
            let mut record = failed(after);
            record.follow(failed(before), Mono::ZERO);
            let failures = |record: &AccountRecord| (record.failures.clone(), record.total, record.last);
            assert_eq!(failures(&record), failures(&whole), "{split}");
            let day = |mut record: AccountRecord, minute| {
                let failures = record.trace.in_day(Mono::FIRST + Span::mins(minute));
                (failures, record.trace.sources(), record.trace.run())
            };
            let days = |record: &AccountRecord| [600, 1_440, 1_640, 2_100].map(|minute| day(record.clone(), minute));
            assert_eq!(days(&record), days(&whole), "{split}");
        }
    }

    #[test]
    fn what_memory_gave_back_is_not_counted_with_what_was_kept() {
        let (mut record, now) = (failed(&[]), Mono::FIRST + Span::mins(20));
        record.awaited = Some(Box::default());
        record.give_back(Ghost { failures: 2, minutes: 5 }, now);
        assert_eq!(record.last, now - Span::mins(5));
        record.count(now, Credential::Pin);
        record.follow(failed(&[14, 15]), now - Span::mins(30));
        assert_eq!((record.failures.len(), record.total, record.last), (3, 3, now));
        record.follow(failed(&[1]), now - Span::mins(5));
        assert_eq!((record.failures.len(), record.total), (3, 4), "what is too old to count");
    }

    #[test]
    fn a_run_goes_on_where_it_was_left_unless_its_failures_are_over() {
        let run = |node: &str, first: i64, evidence: usize| {
            let seen = Seen {
                at: Wall::from_millis(first),
                channel: Channel::Syslog,
                family: crate::event::Family::of("x"),
                fingerprint: None,
            };
            let mut run =
                Run { node: Label::from_wire(node), first: Some(seen.at), last: Some(seen.at), ..Run::default() };
            (0..evidence).for_each(|_| run.evidence.push(seen));
            run.note_source(if node.is_empty() { "192.0.2.9" } else { "192.0.2.8" });
            run
        };
        let followed = |ended| {
            let (mut record, mut kept) = (failed(&[20]), failed(&[14, 15]));
            (record.run, kept.run, record.ended) = (run("", 20, 1), run("cucm-pub", 14, 2), ended);
            record.follow(kept, Mono::ZERO);
            let run = &record.run;
            (run.node.to_string(), run.first, run.last, run.evidence.len(), run.sources.len())
        };
        let at = |ms| Some(Wall::from_millis(ms));
        assert_eq!(followed(None), ("cucm-pub".to_owned(), at(14), at(20), 3, 2));
        assert_eq!(followed(Some(Mono::FIRST + Span::mins(16))), (String::new(), at(20), at(20), 1, 1));
    }
}
