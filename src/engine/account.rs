//! All that is kept of one account: its recent attempts, its failures in the window, its lock and its open alerts.

use core::num::NonZeroU64;

use serde::{Deserialize, Serialize};

use crate::alert::{Basis, EVIDENCE, SOURCES};
use crate::engine::alerts;
use crate::engine::correlate::Attempts;
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
    pub(crate) lock: Option<Lock>,
    /// The open `repeated-failures` (or `failed-su`) alert.
    pub(crate) repeated: Option<Repeated>,
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
    pub(crate) sources: heapless::Vec<Label, SOURCES>,
    pub(crate) authenticated: Option<Authenticated>,
    pub(crate) evidence: heapless::Deque<Seen, EVIDENCE>,
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
    fn note_source(&mut self, source: &str) {
        if !self.sources.iter().any(|known| known.as_str() == source.trim()) {
            alerts::add_source(&mut self.sources, Label::from_wire(source));
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
        }
    }

    /// Whether something about it is open: such a record is never given up for another.
    #[must_use]
    pub fn is_pinned(&self) -> bool {
        self.lock.is_some() || self.repeated.is_some() || self.trace.is_open()
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

    /// Takes back what is remembered of the account from before it had to make room.
    pub(crate) fn give_back(&mut self, ghost: Ghost, now: Mono) {
        let last = now - Span::mins(ghost.minutes);
        (0..ghost.failures).for_each(|_| self.count(last, Credential::Unknown));
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
        if run.evidence.is_full() {
            run.evidence.pop_front();
        }
        // There is room now.
        let _full = run.evidence.push_back(seen).is_err();
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
    }
}
