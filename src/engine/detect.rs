//! When an alert is raised, updated and cleared. All of it is a function of one account's record, the settings and the time.
//!
//! | finding | fires | quiet | clears |
//! |---|---|---|---|
//! | `lockout`, reported | at the report | repeats for `quiet` (it doubles), then one update | policy end, success, administrator |
//! | `lockout`, inferred | at the failure that reaches the limit | the same; a report updates at once | the same |
//! | `repeated-failures` | at the failure after `more_than` in `window` | `quiet` of the threshold | no failure in `window` |

use crate::alert::{Alert, Basis, ClearedBy, Kind, State};
use crate::engine::account::{AccountRecord, Lock, Open, Past, Repeated};
use crate::engine::alerts::{self, FamilyNames};
use crate::engine::climb::Around;
use crate::engine::quiet::{longer, told_at};
use crate::engine::settings::{Settings, Threshold};
use crate::engine::su::CRITICAL_OF_HIDS;
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
    /// When what is at hand happened; not later than now.
    pub(crate) placed: Mono,
    pub(crate) found: Found,
    /// The success that a `success-after-failures` alert is about, if there was one just now.
    pub(crate) success: Option<(Label, Around)>,
}

impl<'a> Case<'a> {
    pub(crate) fn new(settings: &'a Settings, names: &'a FamilyNames, record: &'a mut AccountRecord, now: Now) -> Self {
        Self { settings, names, record, now, placed: now.mono, found: Found::new(), success: None }
    }

    /// A failure was told; `new` says whether it is an attempt of its own.
    pub(crate) fn failure(&mut self, observation: &Observation<'_>, new: bool) {
        if !new {
            return;
        }
        let credential = observation.credential;
        self.check_limit(credential);
        self.check_repeated();
        self.check_patterns();
    }

    /// Whether the failures that can be about this credential lock the account, or extend its lock.
    fn check_limit(&mut self, credential: Credential) {
        let policy = self.settings.policies.of_credential(&self.record.account, credential);
        let (limit, over) = (policy.failed_logons, self.record.over());
        let (failures, reached) =
            self.record.failures.reaching(limit, self.placed, policy.reset, over, Some(credential));
        if let Some(lock) = &self.record.lock {
            // A wrong password extends no lock of a PIN.
            let known = [lock.credential, credential].iter().all(|known| *known != Credential::Unknown);
            if !known || lock.credential == credential {
                self.repeat_lock(policy.lockout, failures);
            }
        } else if let Some(past) = self.record.past.filter(|past| past.holds(self.placed)) {
            self.infer_lock(
                policy.lockout,
                Past { failures: past.failures.saturating_add(1), ..past },
                self.placed,
                credential,
            );
        } else if limit > 0 && failures >= limit {
            let (from, until) = (reached, reached + policy.lockout);
            // A later failure that came before this one has extended it.
            let newest = if self.record.last < until { self.record.last.max(from) } else { from };
            self.infer_lock(policy.lockout, Past { from, until, failures }, newest, credential);
        }
    }

    /// The failures of a lock have been seen, the newest at `newest`. If it is over already, they came late: that is not worth an alert,
    /// but what they counted for is.
    fn infer_lock(&mut self, lockout: Span, lock: Past, newest: Mono, credential: Credential) {
        let until = newest + lockout;
        if lockout.is_zero() || self.now.mono < until {
            self.record.past = None;
            let (reason, lasts) = (Some(LockReason::FailedLogons), end_of(lockout));
            self.raise_lock(Basis::Inferred, (reason, credential), lasts, lock.failures, newest);
            return;
        }
        let until = until.max(lock.until);
        self.record.past = Some(Past { until, ..lock });
        self.record.end(until);
        self.record.forget_day();
        self.record.trace.relieve();
    }

    /// Another detector has found repeated failures: told at once, whatever was counted here.
    pub(crate) fn found(&mut self, observation: &Observation<'_>) {
        // HIDS says "more than".
        let reported = observation.reported_failures.unwrap_or(0).saturating_add(1);
        self.record.trace.is_critical |=
            observation.reported_severity.is_some_and(|severity| severity <= CRITICAL_OF_HIDS);
        if let Some(repeated) = &mut self.record.repeated {
            repeated.failures = repeated.failures.saturating_add(reported);
            if hold(&mut repeated.open, self.now.mono) {
                self.tell_repeated(State::Updated);
            }
            return;
        }
        let began = self.record.run.last.unwrap_or(self.now.wall);
        let open = alerts::open(self.settings, Kind::RepeatedFailures, self.record, began, self.now);
        self.record.repeated = Some(Box::new(Repeated { open, failures: reported }));
        self.tell_repeated(State::Raised);
    }

    /// A lock was reported, for this reason.
    /// `retold` is when the attempt behind it was first told, if this is not the first time.
    pub(crate) fn lockout(
        &mut self,
        observation: &Observation<'_>,
        reason: Option<LockReason>,
        new: bool,
        retold: Option<Mono>,
    ) {
        let credential = observation.credential;
        let policy = self.settings.policies.of_credential(&self.record.account, credential);
        let lasts = match (observation.unlock_s, reason) {
            (Some(seconds), _) => end_of(Span::secs(u64::from(seconds))),
            (None, Some(LockReason::Administrator | LockReason::Inactive)) => None,
            (None, Some(LockReason::FailedLogons | LockReason::Platform) | None) => end_of(policy.lockout),
        };
        let (counted, _) =
            self.record.failures.reaching(u32::MAX, self.placed, policy.reset, self.record.over(), Some(credential));
        let past = self.record.past.filter(|past| past.holds(self.placed));
        let counted = past.map_or(counted, |past| past.failures).max(u32::from(new));
        let failures = counted.max(observation.reported_failures.unwrap_or(0));
        match &self.record.lock {
            // Another telling of a lock that has ended since.
            None if past.is_none()
                && retold.is_some_and(|told| self.record.ended.is_some_and(|ended| told <= ended)) => {}
            // Told even if it is over by its own time: then it ends with the next tick.
            None => {
                self.record.past = None;
                self.raise_lock(Basis::Reported, (reason, credential), lasts, failures, self.placed);
            }
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
        let is_same = credential == Credential::Unknown || credential == self.record.credential();
        // From where many accounts are tried, any success matters, also of an account that never failed.
        let source = Label::from_wire(observation.source);
        if is_same || around == Around::SprayingSource {
            if let Some(awaited) = &mut self.record.awaited {
                awaited.success = Some((source.clone(), around));
            }
            self.check_success(source, around);
        }
        if is_same {
            self.end_run(ClearedBy::Success);
        } else {
            self.record.failures.forget(credential);
        }
    }

    /// What the store had of the account, before what has happened since it came back. What that makes of it is found now.
    pub(crate) fn recalled(&mut self, kept: AccountRecord, since: Mono) {
        let awaited = self.record.awaited.take().unwrap_or_default();
        let (success, is_well) = (awaited.success.clone(), awaited.is_well);
        self.record.awaited = Some(awaited);
        self.record.follow(kept, since);
        if let Some((source, around)) = success {
            self.check_success(source, around);
        }
        if is_well {
            self.record.trace.relieve();
        }
        self.placed = self.record.last;
        if self.record.failures.len() == 0 {
            return;
        }
        if self.record.lock.is_none() {
            self.check_limit(Credential::Unknown);
        }
        if self.record.repeated.is_none() {
            self.check_repeated();
        }
        if !self.record.trace.is_open() {
            self.check_patterns();
        }
    }

    /// An administrator unlocked the account.
    pub(crate) fn unlock(&mut self, observation: &Observation<'_>) {
        if self.is_late(observation) {
            return;
        }
        self.end_run(ClearedBy::Administrator);
        self.record.forget_day();
    }

    /// Does what is due at this time.
    pub(crate) fn expire(&mut self) {
        let now = self.now.mono;
        if let Some(lock) = &self.record.lock {
            let lock_end = lock.until;
            if lock_end.is_some_and(|until| until <= self.placed) {
                self.clear_lock(ClearedBy::PolicyEnd);
                lock_end.into_iter().for_each(|end| self.record.end(end));
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
        self.record.end(self.placed);
        self.record.past = None;
        self.clear_lock(by);
        self.clear_repeated(by);
        self.record.failures.clear();
        self.record.trace.relieve();
        if let Some(awaited) = &mut self.record.awaited {
            awaited.is_well = true;
        }
    }

    fn raise_lock(
        &mut self,
        basis: Basis,
        (reason, credential): (Option<LockReason>, Credential),
        lasts: Option<Span>,
        failures: u32,
        from: Mono,
    ) {
        // A run can outlast a lock: the next one has begun with the failure that fires, not with the first of the run.
        let run = &self.record.run;
        let is_next = self.record.ended.is_some_and(|ended| run.began <= ended);
        let began = if is_next { run.last } else { run.first }.unwrap_or(self.now.wall);
        let open = alerts::open(self.settings, Kind::Lockout, self.record, began, self.now);
        let (until, unlock_expected) = self.end(from, lasts);
        // Without a reason it may be an administrator's lock, whose end nobody can expect; it clears with the policy all the same.
        let unlock_expected = unlock_expected.filter(|_| reason.is_some());
        self.record.lock = Some(Box::new(Lock { open, basis, reason, failures, until, unlock_expected, credential }));
        if !matches!(reason, Some(LockReason::Administrator | LockReason::Inactive)) {
            self.record.forget_day();
        }
        self.tell_lock(State::Raised);
    }

    fn confirm_lock(&mut self, reason: Option<LockReason>, lasts: Option<Span>, failures: u32) {
        // Failures after it have extended it, even if it is told late.
        let (until, unlock_expected) = self.end(self.placed.max(self.record.last), lasts);
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
        let (until, unlock_expected) = self.end(self.placed, end_of(lasts));
        let now = self.now.mono;
        let Some(lock) = &mut self.record.lock else { return };
        // One that came late extends nothing that others have.
        if lock.until.is_some() && until > lock.until {
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
        let limit = threshold.more_than.saturating_add(1);
        let (failures, _) = self.record.failures.reaching(limit, self.placed, threshold.window, Mono::ZERO, None);
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
            self.record.repeated = Some(Box::new(Repeated { open, failures }));
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
            self.record.trace.is_critical = false;
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

    fn end(&self, from: Mono, lasts: Option<Span>) -> (Option<Mono>, Option<Wall>) {
        let began = self.now.wall.minus(self.now.mono.since(from));
        (lasts.map(|span| from + span), lasts.map(|span| began.plus(span)))
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
    // A lock that was over when it was told stays for as long as its repeats may take to come.
    let told = |open: &Open| told_at(open.quiet_until, settings.quiet, open.revision);
    let shown = |lock: &Lock| told(&lock.open) + settings.merge_window;
    let unlocked = lock.and_then(|lock| lock.until.map(|until| until.max(shown(lock))));
    let held = lock.and_then(|lock| held(&lock.open));
    [unlocked, held, repeated, quiet, record.trace.deadline()].into_iter().flatten().min()
}
