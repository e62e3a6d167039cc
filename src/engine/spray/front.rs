//! One place where a spray can show: an address that sign-ins come from, or a cluster. It counts the different accounts that fail there.

use serde::{Deserialize, Serialize};

use crate::alert::{Alert, ClearedBy, State};
use crate::engine::distinct::Distinct;
use crate::engine::patterns::{Patterns, SprayLimits};
use crate::engine::quiet::longer;
use crate::engine::usual::Usual;
use crate::event::{Authenticated, Label};
use crate::units::{Mono, Now, Span, Text};

/// The window is counted in halves of itself, so it is between one and one and a half times as long as set.
const STEPS: usize = 3;
/// A day is counted in steps of six hours: between 24 and 30 hours.
const STEPS_OF_DAY: usize = 5;
const STEP_OF_DAY: Span = Span::mins(360);
/// How much stays on the medium unsaid while it goes on.
const KEEP_EVERY: Span = Span::mins(5);

/// What is known of one such place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Front {
    /// The address, or the cluster.
    pub(crate) whom: Label,
    window: Distinct,
    day: Distinct,
    usual: Usual,
    /// The newest failure.
    pub(crate) last: Mono,
    /// When the store last got it.
    kept: Mono,
    /// The open alert. The store has it as an alert.
    #[serde(skip)]
    pub(crate) open: Option<Box<Open>>,
    #[serde(skip)]
    changed: bool,
    /// The weakest proof of identity among what was told of it in this run, since it was last quiet for a day.
    #[serde(skip)]
    pub(crate) weakest: Option<Authenticated>,
}

/// An open `spray` alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Open {
    pub(crate) alert: Alert,
    quiet_until: Mono,
    /// Found by what came in a day.
    is_slow: bool,
}

/// How many accounts there are now, and from how many on it is a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Measure {
    pub(crate) accounts: u32,
    pub(crate) bar: u32,
    pub(crate) is_slow: bool,
}

impl Measure {
    /// So many more than usual that it need not be known for long what is.
    pub(crate) const fn is_far_above(self) -> bool {
        self.accounts >= self.bar.saturating_mul(3)
    }
}

impl Front {
    /// `words` is the size of its bitmaps, in words of 64 bits.
    pub(crate) fn new(whom: Label, words: usize) -> Self {
        Self {
            whom,
            window: Distinct::new(STEPS, words),
            day: Distinct::new(STEPS_OF_DAY, words),
            usual: Usual::default(),
            last: Mono::ZERO,
            kept: Mono::ZERO,
            open: None,
            changed: false,
            weakest: None,
        }
    }

    /// How the sender of the next failure proved itself.
    pub(crate) fn prove(&mut self, proved: Authenticated, at: Mono) {
        let before = self.weakest.filter(|_| self.open.is_some() || at.since(self.last) <= Patterns::DAY);
        let weakest = before.map_or(proved, |weakest| weakest.min(proved));
        self.weakest = Some(weakest);
        if let Some(open) = &mut self.open {
            open.alert.authenticated_by = open.alert.authenticated_by.min(weakest);
        }
    }

    /// Whether a record from the store is of the size that this build uses.
    pub(crate) fn is_sound(&self, words: usize) -> bool {
        self.window.is_of(STEPS, words) && self.day.is_of(STEPS_OF_DAY, words)
    }

    /// A failure of this account. The measure that is over its bar, if one is; while an alert is open, how many there are.
    pub(crate) fn note(&mut self, limits: SprayLimits, account: u64, day_counts: bool, at: Mono) -> Option<Measure> {
        let step = Span::millis(limits.window.as_millis().div_ceil(2));
        self.last = self.last.max(at);
        self.changed = true;
        let in_window = self.window.note(account, at, step);
        let in_day = self.day.note(account, at, STEP_OF_DAY);
        if !in_window && !in_day && self.open.is_none() {
            return None;
        }
        let (window, day) = (self.window.count(at, step), self.day.count(at, STEP_OF_DAY));
        let bar = self.usual.bar(limits.accounts, at);
        let bar_of_day = self.usual.bar_of_day(limits.of_day, at);
        self.usual.note(window, day, self.open.is_some(), at);
        let fast = Measure { accounts: window, bar, is_slow: false };
        let slow = Measure { accounts: day, bar: bar_of_day, is_slow: true };
        if let Some(open) = &self.open {
            return Some(if open.is_slow || day > window { slow } else { fast });
        }
        let is_over = |measure: &Measure, set: u32| set > 0 && measure.accounts >= measure.bar;
        let slow = Some(slow).filter(|slow| day_counts && is_over(slow, limits.of_day));
        Some(fast).filter(|fast| is_over(fast, limits.accounts)).or(slow)
    }

    /// How many accounts fail here usually, at this hour.
    pub(crate) fn usual(&mut self, at: Mono) -> u16 {
        self.usual.at_hour(at)
    }

    /// Opens an alert; gives its first message.
    pub(crate) fn raise(&mut self, mut alert: Alert, is_slow: bool, now: Now) -> Alert {
        (alert.state, alert.revision) = (State::Raised, 1);
        let quiet_until = now.mono + Patterns::QUIET;
        self.open = Some(Box::new(Open { alert: alert.clone(), quiet_until, is_slow }));
        alert
    }

    /// Takes back an alert that was open when an earlier run ended.
    pub(crate) fn restore(&mut self, alert: Alert, now: Mono) {
        let (quiet_until, is_slow) = (now + longer(Patterns::QUIET, alert.revision), alert.window_s >= 86_400);
        self.last = self.last.max(now);
        self.open = Some(Box::new(Open { alert, quiet_until, is_slow }));
    }

    /// When its alert ends, if nothing more fails here: a fast one an hour after the last failure, a slow one a day after it.
    pub(crate) fn deadline(&self) -> Option<Mono> {
        let open = self.open.as_ref()?;
        Some(self.last + if open.is_slow { Patterns::DAY } else { Patterns::QUIET })
    }

    /// Ends its alert if that is due. What was counted is forgotten with it: the rest of a spray that is over is no new one.
    pub(crate) fn expire(&mut self, now: Now) -> Option<Alert> {
        if self.deadline().is_none_or(|at| at > now.mono) {
            return None;
        }
        let Open { mut alert, .. } = *self.open.take()?;
        self.window.clear();
        self.day.clear();
        self.changed = true;
        (alert.state, alert.revision) = (State::Cleared, alert.revision.saturating_add(1));
        alert.cleared_by = Some(ClearedBy::PolicyEnd);
        Some(alert)
    }

    /// Whether the store has it.
    pub(crate) fn is_kept(&self) -> bool {
        self.kept > Mono::ZERO
    }

    /// Whether the store should have it anew.
    pub(crate) fn is_to_keep(&mut self, all: bool, now: Mono) -> bool {
        let is_due = self.changed && (all || self.kept == Mono::ZERO || now.since(self.kept) >= KEEP_EVERY);
        if is_due {
            (self.changed, self.kept) = (false, now);
        }
        is_due
    }
}

impl Open {
    /// One more failure; true if it may be told now.
    pub(crate) fn again(&mut self, now: Mono) -> bool {
        self.alert.failures = self.alert.failures.saturating_add(1);
        if now < self.quiet_until {
            self.alert.suppressed = self.alert.suppressed.saturating_add(1);
            return false;
        }
        true
    }

    /// The message that says how it stands.
    pub(crate) fn updated(&mut self, summary: &str, now: Now) -> Alert {
        (self.alert.state, self.alert.revision) = (State::Updated, self.alert.revision.saturating_add(1));
        self.quiet_until = now.mono + longer(Patterns::QUIET, self.alert.revision);
        self.alert.last_failure = Some(now.wall);
        self.alert.summary = Text::from_wire(summary);
        self.alert.clone()
    }
}
