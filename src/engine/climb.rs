//! What an account's day shows: `slow-climb`, `distributed` and `success-after-failures`.
//!
//! | finding | fires | clears |
//! |---|---|---|
//! | `slow-climb` | at the failure that makes so many within 24 hours, none of which locked the account | 24 hours without a failure |
//! | `distributed` | at the failure from so many sources within 24 hours | 24 hours without a failure |
//! | `success-after-failures` | at the success | after 24 hours |
//!
//! Updates come with the first failure after the quiet time, which doubles with each.

use crate::alert::{Alert, Basis, ClearedBy, Kind, Severity, State};
use crate::engine::account::Open;
use crate::engine::alerts;
use crate::engine::detect::{Case, hold, told};
use crate::engine::patterns::Patterns;
use crate::engine::quiet::longer;
use crate::engine::trace::{Origin, Pattern, Trace};
use crate::event::{Label, Observation};
use crate::units::{Mono, Span, Text};

/// How a success looks from the outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Around {
    /// Nothing is known against it.
    Nothing,
    /// Accounts of its cluster are being tried, from where is not known.
    ClusterSpray,
    /// It came from an address that tries many accounts.
    SprayingSource,
}

/// Between two rounds of a spray there is at least so much time.
const ROUND: Span = Span::mins(2);

/// Kinds of alerts about an account's day.
pub(crate) const KINDS: [Kind; 3] = [Kind::SlowClimb, Kind::Distributed, Kind::SuccessAfterFailures];

impl Trace {
    /// The place of the open alert of this kind.
    pub(crate) const fn pattern(&mut self, kind: Kind) -> &mut Option<Box<Pattern>> {
        match kind {
            Kind::SlowClimb => &mut self.climb,
            Kind::Distributed => &mut self.spread,
            Kind::Lockout
            | Kind::RepeatedFailures
            | Kind::FailedSu
            | Kind::Spray
            | Kind::SuccessAfterFailures
            | Kind::BlindNode
            | Kind::UnknownEngine
            | Kind::Overload
            | Kind::Storm => &mut self.takeover,
        }
    }

    /// The open alert of this kind.
    pub(crate) const fn open(&self, kind: Kind) -> Option<&Pattern> {
        let place = match kind {
            Kind::SlowClimb => &self.climb,
            Kind::Distributed => &self.spread,
            Kind::Lockout
            | Kind::RepeatedFailures
            | Kind::FailedSu
            | Kind::Spray
            | Kind::SuccessAfterFailures
            | Kind::BlindNode
            | Kind::UnknownEngine
            | Kind::Overload
            | Kind::Storm => &self.takeover,
        };
        match place {
            Some(pattern) => Some(pattern),
            None => None,
        }
    }

    /// Takes back an alert that was open when an earlier run ended, if its day has not brought it back.
    pub(crate) fn restore(&mut self, alert: &Alert, now: Mono) {
        if self.open(alert.kind).is_some() {
            return;
        }
        let open = Open {
            id: alert.id.clone(),
            revision: alert.revision,
            raised_at: alert.raised_at,
            synchronised: alert.time_synchronised,
            quiet_until: now + longer(Patterns::QUIET, alert.revision),
            held: 0,
            suppressed: alert.suppressed,
        };
        let sources = self.sources();
        *self.pattern(alert.kind) =
            Some(Box::new(Pattern { open, failures: alert.failures, sources, last: now, severity: alert.severity }));
    }

    /// When [`Case::expire_patterns`] is due.
    pub(crate) fn deadline(&self) -> Option<Mono> {
        let open = [&self.climb, &self.spread, &self.takeover];
        open.into_iter().flatten().map(|pattern| pattern.last + Patterns::DAY).min()
    }
}

impl Case<'_> {
    /// A new failure from this source.
    pub(crate) fn note_failure(&mut self, observation: &Observation<'_>) {
        self.record.trace.note(Origin::of(observation.source), self.placed);
    }

    /// Where a failure that is counted already came from.
    pub(crate) fn note_source(&mut self, observation: &Observation<'_>) {
        let before = self.record.trace.sources();
        self.record.trace.note_origin(Origin::of(observation.source), self.placed);
        if self.record.trace.sources() > before {
            let failures = self.record.trace.in_day(self.now.mono);
            self.check_sources(failures);
        }
    }

    /// Raises or updates what the failure just noted shows.
    pub(crate) fn check_patterns(&mut self) {
        let (now, limits) = (self.now.mono, self.settings.patterns);
        let failures = self.record.trace.in_day(now);
        let bar = self.record.trace.bar(limits.slow_climb);
        let is_told = self.record.lock.is_some() || self.record.repeated.is_some();
        if self.record.trace.climb.is_some() || limits.slow_climb > 0 && failures >= bar && !is_told {
            self.found_pattern(Kind::SlowClimb, failures);
        }
        self.check_sources(failures);
    }

    fn check_sources(&mut self, failures: u32) {
        let (sources, limit) = (self.record.trace.sources(), self.settings.patterns.distributed);
        if self.record.trace.spread.is_some() || limit > 0 && sources >= limit {
            self.found_pattern(Kind::Distributed, failures);
        }
    }

    /// A success, before it ends the run of failures. A lock that the cluster reported refuses every sign-in, so behind the first one after
    /// it stands somebody who unlocked the account: that is no guess that came true.
    pub(crate) fn check_success(&mut self, source: Label, around: Around) {
        let limit = self.settings.patterns.success_after;
        let trace = &self.record.trace;
        let was_refused = self.record.lock.as_ref().is_some_and(|lock| lock.basis == Basis::Reported);
        let is_under_attack = trace.climb.is_some() || trace.spread.is_some();
        let is_suspicious = match around {
            Around::SprayingSource => true,
            // A slip of the hand is put right at once; an attacker comes back in his next round.
            Around::ClusterSpray => trace.run() > 1 && !was_refused && trace.since_last(self.placed) >= ROUND,
            Around::Nothing => trace.run() >= limit.max(1) && !was_refused,
        };
        let is_found = is_suspicious || is_under_attack && trace.run() > 0;
        if limit == 0 || trace.takeover.is_some() || !is_found {
            return;
        }
        let failures = trace.run();
        self.success = Some((source, around));
        self.found_pattern(Kind::SuccessAfterFailures, failures);
    }

    /// Ends what has had no failure for a day.
    pub(crate) fn expire_patterns(&mut self) {
        for kind in KINDS {
            let is_over = |pattern: &mut Box<Pattern>| pattern.last + Patterns::DAY <= self.now.mono;
            if let Some(mut pattern) = self.record.trace.pattern(kind).take_if(is_over) {
                pattern.open.revision = pattern.open.revision.saturating_add(1);
                let alert = self.pattern(kind, &pattern, State::Cleared);
                self.tell(alert);
            }
        }
    }

    fn found_pattern(&mut self, kind: Kind, failures: u32) {
        let (now, sources) = (self.now.mono, self.record.trace.sources());
        let known = self.record.trace.pattern(kind).take();
        let (mut pattern, state) = match known {
            Some(pattern) => (pattern, State::Updated),
            None => {
                let began = self.record.run.last.unwrap_or(self.now.wall);
                let open = alerts::open(self.settings, kind, self.record, began, self.now);
                (Box::new(Pattern { open, failures, sources, last: now, severity: Severity::Notice }), State::Raised)
            }
        };
        pattern.failures = pattern.failures.max(failures);
        (pattern.sources, pattern.last) = (pattern.sources.max(sources), now);
        if state == State::Raised || hold(&mut pattern.open, now) {
            told(&mut pattern.open, Patterns::QUIET, now);
            let alert = self.pattern(kind, &pattern, state);
            pattern.severity = alert.severity;
            self.tell(alert);
        }
        *self.record.trace.pattern(kind) = Some(pattern);
    }

    fn pattern(&self, kind: Kind, pattern: &Pattern, state: State) -> Alert {
        let mut alert = alerts::base(self.settings, self.names, self.record, &pattern.open, kind, state);
        let account = alert.account.clone().unwrap_or_default();
        let addresses = self.record.trace.addresses().map(|address| Label::from_wire(&address.to_string()));
        addresses.for_each(|address| alerts::add_source(&mut alert.sources, address));
        alert.failures = pattern.failures;
        alert.window_s = alerts::whole_seconds(Patterns::DAY.as_secs());
        alert.cleared_by = (state == State::Cleared).then_some(ClearedBy::PolicyEnd);
        let failed = alerts::failed(pattern.failures);
        let raised = if kind == Kind::SlowClimb {
            self.climb_summary(&mut alert, account.as_str(), &failed)
        } else if kind == Kind::Distributed {
            alert.severity = Severity::Warning;
            let or_more = if pattern.sources as usize >= Patterns::MOST_SOURCES { " or more" } else { "" };
            format!("{account} fails from {}{or_more} addresses: {failed} within a day", pattern.sources)
        } else {
            self.success_summary(&mut alert, account.as_str(), &failed)
        };
        alert.summary = Text::from_wire(&match state {
            State::Cleared if kind == Kind::SuccessAfterFailures => {
                alert.severity = pattern.severity;
                format!("a day has passed since {account} signed in after {failed}")
            }
            State::Cleared => format!("{account} has not failed for a day; {failed} within a day before"),
            State::Raised | State::Updated => raised,
        });
        alert
    }

    fn climb_summary(&self, alert: &mut Alert, account: &str, failed: &str) -> String {
        let is_learning = self.settings.is_learning(self.now.mono);
        let steady = self.record.trace.steady();
        alert.severity = if is_learning || steady.is_some() { Severity::Notice } else { Severity::Warning };
        let how = match (steady, is_learning) {
            (Some(seconds), _) => alerts::steadily(seconds),
            (None, true) => "; still learning what is usual".to_owned(),
            (None, false) => String::new(),
        };
        format!(
            "{account} fails slowly{}: {failed} within a day that never reached the limit{how}",
            alerts::from(alert)
        )
    }

    fn success_summary(&self, alert: &mut Alert, account: &str, failed: &str) -> String {
        let (source, around) = self.success.clone().unwrap_or((Label::new(), Around::Nothing));
        let is_machine = self.record.trace.steady().is_some();
        alert.severity = match around {
            Around::SprayingSource => Severity::Critical,
            Around::ClusterSpray => Severity::Warning,
            // Most likely somebody has put the machine's password right.
            Around::Nothing if is_machine => Severity::Notice,
            Around::Nothing => Severity::Critical,
        };
        let from = if source.is_empty() { String::new() } else { format!(" from {source}") };
        alerts::add_source(&mut alert.sources, source);
        match around {
            Around::SprayingSource => {
                format!("{account} signed in{from}, an address that fails on many accounts: one was guessed?")
            }
            Around::ClusterSpray => {
                format!("{account} signed in{from} after {failed}, while many accounts are tried: guessed?")
            }
            Around::Nothing => format!("{account} signed in{from} after {failed}: guessed?"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::settings::Settings;
    use crate::units::{Now, Wall};

    #[test]
    fn an_alert_that_its_day_does_not_know_comes_back_with_its_quiet_time() {
        let now = Now { mono: Mono::FIRST, wall: Wall::from_millis(1_768_465_260_000), synchronised: true };
        let alert =
            Alert { revision: 2, failures: 12, ..alerts::of_site(&Settings::default(), Kind::Distributed, &[], now) };
        let mut trace = Trace::default();
        trace.restore(&alert, now.mono);
        let open = trace.open(Kind::Distributed).unwrap();
        assert_eq!((&open.open.id, open.open.revision, open.failures), (&alert.id, 2, 12));
        assert_eq!((open.open.quiet_until, open.last), (now.mono + longer(Patterns::QUIET, 2), now.mono));
        let other = Alert { failures: 99, ..alert };
        trace.restore(&other, now.mono);
        assert_eq!(trace.open(Kind::Distributed).unwrap().failures, 12, "what its day knows is newer");
    }
}
