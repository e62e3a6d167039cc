//! When an alert is raised, updated and cleared. All of it is a function of one account's record, the settings and the time.
//!
//! | finding | fires | quiet | clears |
//! |---|---|---|---|
//! | `lockout`, reported | at the report | repeats for `quiet` (it doubles), then one update | policy end, success, administrator |
//! | `lockout`, inferred | at the failure that reaches the limit | the same; a report updates at once | the same |
//! | `repeated-failures` | at the failure after `more_than` in `window` | `quiet` of the threshold | no failure in `window` |

use crate::alert::{Alert, Basis, ClearedBy, Kind, State};
use crate::engine::account::{AccountRecord, Lock, Open, Repeated};
use crate::engine::alerts::{self, FamilyNames};
use crate::engine::climb::Around;
use crate::engine::quiet::{longer, told_at};
use crate::engine::settings::{Settings, Threshold};
use crate::event::{Channel, Credential, Label, LockReason, Observation};
use crate::units::{Mono, Now, Span, Wall};

/// Alerts that one input about one account can make at most.
pub(crate) const AT_MOST: usize = 6;
/// What is to be told.
pub(crate) type Found = heapless::Vec<Alert, AT_MOST>;

/// One account under the eyes of the rules.
pub(crate) struct Case<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) names: &'a FamilyNames,
    pub(crate) record: &'a mut AccountRecord,
    pub(crate) now: Now,
    pub(crate) found: Found,
    /// The success that a `success-after-failures` alert is about, if there was one just now.
    pub(crate) success: Option<(Label, Around)>,
}

impl<'a> Case<'a> {
    pub(crate) fn new(settings: &'a Settings, names: &'a FamilyNames, record: &'a mut AccountRecord, now: Now) -> Self {
        Self { settings, names, record, now, found: Found::new(), success: None }
    }

    /// A failure was told; `new` says whether it is an attempt of its own.
    pub(crate) fn failure(&mut self, new: bool) {
        if !new {
            return;
        }
        let policy = self.settings.policies.of(&self.record.account);
        let failures = self.record.failures_in(policy.reset, self.now.mono);
        if self.record.lock.is_some() {
            self.repeat_lock(policy.lockout, failures);
        } else if policy.failed_logons > 0 && failures >= policy.failed_logons {
            self.raise_lock(Basis::Inferred, Some(LockReason::FailedLogons), end_of(policy.lockout), failures);
        }
        self.check_repeated();
        self.check_patterns();
    }

    /// Another detector has found repeated failures: told at once, whatever was counted here.
    pub(crate) fn found(&mut self, observation: &Observation<'_>) {
        // HIDS says "more than".
        let reported = observation.reported_failures.unwrap_or(0).saturating_add(1);
        if let Some(repeated) = &mut self.record.repeated {
            repeated.failures = repeated.failures.saturating_add(reported);
            if hold(&mut repeated.open, self.now.mono) {
                self.tell_repeated(State::Updated);
            }
            return;
        }
        let began = self.record.run.last.unwrap_or(self.now.wall);
        let open = alerts::open(self.settings, Kind::RepeatedFailures, self.record, began, self.now);
        self.record.repeated = Some(Repeated { open, failures: reported });
        self.tell_repeated(State::Raised);
    }

    /// A lock was reported, for this reason.
    /// `told` is when the attempt behind it was first told.
    pub(crate) fn lockout(&mut self, observation: &Observation<'_>, reason: Option<LockReason>, new: bool, told: Mono) {
        let policy = self.settings.policies.of(&self.record.account);
        let lasts = match (observation.unlock_s, reason) {
            (Some(seconds), _) => end_of(Span::secs(u64::from(seconds))),
            (None, Some(LockReason::Administrator | LockReason::Inactive)) => None,
            (None, Some(LockReason::FailedLogons | LockReason::Platform) | None) => end_of(policy.lockout),
        };
        let counted = self.record.failures_in(policy.reset, self.now.mono);
        let failures = counted.max(observation.reported_failures.unwrap_or(0));
        match &self.record.lock {
            // Another telling of a lock that has ended since.
            None if self.record.ended.is_some_and(|ended| told <= ended) => {}
            None => self.raise_lock(Basis::Reported, reason, lasts, failures),
            // An administrator's lock outlasts the one that failures made.
            Some(lock)
                if lock.basis == Basis::Inferred
                    || reason.is_some() && (lock.reason.is_none() || lasts.is_none() && lock.until.is_some()) =>
            {
                self.confirm_lock(reason, lasts, failures);
            }
            Some(_) if new => self.repeat_lock(lasts.unwrap_or(Span::ZERO), failures),
            Some(_) => {}
        }
        if new {
            self.check_repeated();
            self.check_patterns();
        }
    }

    /// The account signed in. A success with a known credential says nothing about a lock of another or unknown one.
    /// Nor does one that is older than the failures: a copy that came late.
    pub(crate) fn success(&mut self, observation: &Observation<'_>, around: Around) {
        let credential = observation.credential;
        if self.is_late(observation) {
            return;
        }
        if credential == Credential::Unknown || credential == self.record.credential() {
            self.check_success(observation, around);
            self.end_run(ClearedBy::Success);
        }
    }

    /// An administrator unlocked the account.
    pub(crate) fn unlock(&mut self, observation: &Observation<'_>) {
        if self.is_late(observation) {
            return;
        }
        self.end_run(ClearedBy::Administrator);
        self.record.trace.forget_day();
    }

    /// Does what is due at this time.
    pub(crate) fn expire(&mut self) {
        let now = self.now.mono;
        if let Some(lock) = &self.record.lock {
            let lock_end = lock.until;
            if lock_end.is_some_and(|until| until <= now) {
                self.clear_lock(ClearedBy::PolicyEnd);
                self.record.ended = lock_end;
                self.record.failures.clear();
                self.record.trace.relieve();
            } else if lock.open.held > 0 && lock.open.quiet_until <= now {
                self.tell_lock(State::Updated);
            }
        }
        self.expire_patterns();
        let Some(repeated) = &self.record.repeated else { return };
        let threshold = self.settings.repeated(self.record.account.realm);
        if over_at(self.record, threshold, &repeated.open) <= now {
            self.clear_repeated(ClearedBy::PolicyEnd);
        } else if repeated.open.held > 0 && repeated.open.quiet_until <= now {
            self.tell_repeated(State::Updated);
        }
    }

    /// Whether it speaks of a time before the newest failure, by the messages' own times: the clock of this box may be another. The
    /// clocks of two nodes may differ by as much as an attempt's tellings.
    fn is_late(&self, observation: &Observation<'_>) -> bool {
        match observation.stamp {
            Some(stamp) => {
                let slack = self.settings.merge_window.as_millis() + u64::from(stamp.precision_ms);
                self.record.run.stamped.is_some_and(|last| stamp.at.plus(Span::millis(slack)) < last)
            }
            None => observation.channel == Channel::Nested,
        }
    }

    fn end_run(&mut self, by: ClearedBy) {
        self.record.ended = Some(self.now.mono);
        self.clear_lock(by);
        self.clear_repeated(by);
        self.record.failures.clear();
        self.record.trace.relieve();
    }

    fn raise_lock(&mut self, basis: Basis, reason: Option<LockReason>, lasts: Option<Span>, failures: u32) {
        let began = self.record.run.first.unwrap_or(self.now.wall);
        let open = alerts::open(self.settings, Kind::Lockout, self.record, began, self.now);
        let (until, unlock_expected) = self.end(lasts);
        // Without a reason it may be an administrator's lock, whose end nobody can expect; it clears with the policy all the same.
        let unlock_expected = unlock_expected.filter(|_| reason.is_some());
        self.record.lock = Some(Lock { open, basis, reason, failures, until, unlock_expected });
        if !matches!(reason, Some(LockReason::Administrator | LockReason::Inactive)) {
            self.record.trace.forget_day();
        }
        self.tell_lock(State::Raised);
    }

    fn confirm_lock(&mut self, reason: Option<LockReason>, lasts: Option<Span>, failures: u32) {
        let (until, unlock_expected) = self.end(lasts);
        if let Some(lock) = &mut self.record.lock {
            lock.basis = Basis::Reported;
            lock.reason = reason.or(lock.reason);
            lock.failures = lock.failures.max(failures);
            (lock.until, lock.unlock_expected) = (until, unlock_expected.filter(|_| lock.reason.is_some()));
        }
        self.tell_lock(State::Updated);
    }

    /// A further failure while locked: it extends the lock and is counted, not told, until the quiet time is over.
    fn repeat_lock(&mut self, lasts: Span, failures: u32) {
        let (until, unlock_expected) = self.end(end_of(lasts));
        let now = self.now.mono;
        let Some(lock) = &mut self.record.lock else { return };
        if lock.until.is_some() && until.is_some() {
            (lock.until, lock.unlock_expected) = (until, unlock_expected.filter(|_| lock.reason.is_some()));
        }
        lock.failures = lock.failures.max(failures);
        if hold(&mut lock.open, now) {
            self.tell_lock(State::Updated);
        }
    }

    fn check_repeated(&mut self) {
        let threshold = self.settings.repeated(self.record.account.realm);
        if threshold.more_than == 0 {
            return;
        }
        let failures = self.record.failures_in(threshold.window, self.now.mono);
        if let Some(repeated) = &mut self.record.repeated {
            repeated.failures = repeated.failures.saturating_add(1);
            if hold(&mut repeated.open, self.now.mono) {
                self.tell_repeated(State::Updated);
            }
        } else if failures > threshold.more_than {
            // A machine with an old password: the lock's alert is the one that says so.
            if self.record.lock.is_some() && self.record.trace.steady().is_some() {
                if !self.record.trace.is_told_steady {
                    self.record.trace.is_told_steady = true;
                    self.tell_lock(State::Updated);
                }
                return;
            }
            // The run can outlast an alert that cleared, so the failure that fires is its identity, not the first of the run.
            let began = self.record.run.last.unwrap_or(self.now.wall);
            let open = alerts::open(self.settings, Kind::RepeatedFailures, self.record, began, self.now);
            self.record.repeated = Some(Repeated { open, failures });
            self.tell_repeated(State::Raised);
        }
    }

    fn clear_lock(&mut self, by: ClearedBy) {
        if let Some(mut lock) = self.record.lock.take() {
            lock.open.revision = lock.open.revision.saturating_add(1);
            self.tell(alerts::lockout(self.settings, self.names, self.record, &lock, State::Cleared, Some(by)));
        }
    }

    fn clear_repeated(&mut self, by: ClearedBy) {
        if let Some(mut repeated) = self.record.repeated.take() {
            repeated.open.revision = repeated.open.revision.saturating_add(1);
            let alert =
                alerts::repeated_failures(self.settings, self.names, self.record, &repeated, State::Cleared, Some(by));
            self.tell(alert);
        }
    }

    fn tell_lock(&mut self, state: State) {
        if let Some(mut lock) = self.record.lock.take() {
            told(&mut lock.open, self.settings.quiet, self.now.mono);
            self.tell(alerts::lockout(self.settings, self.names, self.record, &lock, state, None));
            self.record.lock = Some(lock);
        }
    }

    fn tell_repeated(&mut self, state: State) {
        let quiet = self.settings.repeated(self.record.account.realm).quiet;
        if let Some(mut repeated) = self.record.repeated.take() {
            told(&mut repeated.open, quiet, self.now.mono);
            self.tell(alerts::repeated_failures(self.settings, self.names, self.record, &repeated, state, None));
            self.record.repeated = Some(repeated);
        }
    }

    pub(crate) fn tell(&mut self, alert: Alert) {
        self.record.changed = true;
        // One input makes at most one message about each of the five kinds that an account has: AT_MOST has room for all.
        let _full = self.found.push(alert).is_err();
    }

    fn end(&self, lasts: Option<Span>) -> (Option<Mono>, Option<Wall>) {
        (lasts.map(|span| self.now.mono + span), lasts.map(|span| self.now.wall.plus(span)))
    }
}

/// A policy's length zero means: until an administrator acts.
fn end_of(lasts: Span) -> Option<Span> {
    (!lasts.is_zero()).then_some(lasts)
}

/// Counts a repeat; true if it may be told now.
pub(crate) fn hold(open: &mut Open, now: Mono) -> bool {
    open.held = open.held.saturating_add(1);
    open.suppressed = open.suppressed.saturating_add(1);
    open.quiet_until <= now
}

/// A message goes out; then it is quiet for `quiet`, doubled for each message before this one.
pub(crate) fn told(open: &mut Open, quiet: Span, now: Mono) {
    open.revision = open.revision.saturating_add(1);
    open.held = 0;
    open.quiet_until = now + longer(quiet, open.revision);
}

/// When a run of failures is over: without one in the window, and not before `quiet` has passed since the newest message, so that the
/// next run is no second alert in this time.
fn over_at(record: &AccountRecord, threshold: Threshold, open: &Open) -> Mono {
    let told = told_at(open.quiet_until, threshold.quiet, open.revision);
    (record.last + threshold.window).max(told + threshold.quiet)
}

/// When the account next needs [`Case::expire`].
pub(crate) fn deadline(settings: &Settings, record: &AccountRecord) -> Option<Mono> {
    let held = |open: &Open| (open.held > 0).then_some(open.quiet_until);
    let lock = record.lock.as_ref();
    let threshold = settings.repeated(record.account.realm);
    let repeated = record.repeated.as_ref().map(|repeated| over_at(record, threshold, &repeated.open));
    let quiet = record.repeated.as_ref().and_then(|r| held(&r.open));
    let patterns = record.trace.deadline();
    [lock.and_then(|l| l.until), lock.and_then(|l| held(&l.open)), repeated, quiet, patterns]
        .into_iter()
        .flatten()
        .min()
}
