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
const HOUR: Span = Span::mins(60);
/// Of the last 24 hours so many must stand out for a slow spray in a cluster: a busy morning does not last so long.
const HOURS_OUT: u32 = 6;

/// How such a place is counted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// Words of 64 bits in each bitmap of the window, and of a day.
    words: (usize, usize),
    /// How a day is counted.
    steps_of_day: usize,
    step_of_day: Span,
}

/// An address: a day in steps of six hours, so between 24 and 30 hours.
pub(crate) const SOURCE: Shape = Shape { words: (8, 8), steps_of_day: 5, step_of_day: Span::mins(360) };
/// A cluster: a day by the hour.
pub(crate) const CLUSTER: Shape = Shape { words: (128, 32), steps_of_day: 24, step_of_day: HOUR };
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
    /// For a cluster: what is usual of an hour, and which of the last 24 hours stood out, the present one in the lowest bit.
    by_hour: Usual,
    out: u32,
    hour: u64,
    /// The newest failure; with an open alert of a cluster, the newest that was above its bar.
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
    /// What the newest failure that changed a count came to. In a flood most change none.
    #[serde(skip)]
    shown: Option<Measure>,
}

/// An open `spray` alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Open {
    pub(crate) alert: Alert,
    quiet_until: Mono,
    /// Found by what came in a day.
    is_slow: bool,
    /// What was slow has become fast.
    is_worse: bool,
}

/// How many accounts there are now, and from how many on it is a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Measure {
    pub(crate) accounts: u32,
    pub(crate) bar: u32,
    pub(crate) is_slow: bool,
}

impl Measure {
    const fn is_over(self) -> bool {
        self.accounts >= self.bar
    }

    /// So many more than usual that it need not be known for long what is.
    pub(crate) const fn is_far_above(self) -> bool {
        self.accounts >= self.bar.saturating_mul(3)
    }
}

impl Front {
    pub(crate) fn new(whom: Label, shape: Shape) -> Self {
        Self {
            whom,
            window: Distinct::new(STEPS, shape.words.0),
            day: Distinct::new(shape.steps_of_day, shape.words.1),
            usual: Usual::default(),
            by_hour: Usual::default(),
            out: 0,
            hour: 0,
            last: Mono::ZERO,
            kept: Mono::ZERO,
            open: None,
            changed: false,
            shown: None,
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
    pub(crate) fn is_sound(&self, shape: Shape) -> bool {
        self.window.is_of(STEPS, shape.words.0) && self.day.is_of(shape.steps_of_day, shape.words.1)
    }

    /// A failure of this account from this address. The measure that is over its bar, if one is; with an open alert, how many there are.
    pub(crate) fn note(&mut self, limits: SprayLimits, account: u64, at: Mono) -> Option<Measure> {
        self.last = self.last.max(at);
        if !self.add(limits, account, SOURCE, at) {
            return self.shown;
        }
        let (window, day) = (self.in_window(limits, at), self.day.count(at, SOURCE.step_of_day));
        let fast = Measure { accounts: window, bar: self.usual.bar(limits.accounts, at), is_slow: false };
        let slow = Measure { accounts: day, bar: self.usual.bar_of_day(limits.of_day, at), is_slow: true };
        self.usual.note(window, day, self.open.is_some(), at);
        if let Some(open) = &self.open {
            self.shown = Some(if open.is_slow || day > window { slow } else { fast });
            return self.shown;
        }
        let fast = Some(fast).filter(|fast| limits.accounts > 0 && fast.is_over());
        fast.or(Some(slow).filter(|slow| limits.of_day > 0 && slow.is_over()))
    }

    /// A failure of this account in this cluster. So many in the window have failed from addresses that have alerts of their own. What
    /// rests on past days is used only if they are known.
    pub(crate) fn note_in_cluster(
        &mut self,
        limits: SprayLimits,
        account: u64,
        (explained, is_known): (u32, bool),
        at: Mono,
    ) -> Option<Measure> {
        if !self.add(limits, account, CLUSTER, at) {
            if self.shown.is_some_and(Measure::is_over) {
                self.last = self.last.max(at);
            }
            return self.shown;
        }
        let window = self.in_window(limits, at).saturating_sub(explained);
        let in_hour = self.day.count_step(at, HOUR);
        let stands_out = in_hour >= self.by_hour.bar_of_hour(at);
        self.mark(stands_out, at);
        let fast = Measure { accounts: window, bar: self.usual.bar_above(limits.accounts, at), is_slow: false };
        let slow = Measure { accounts: self.day.count(at, HOUR), bar: limits.of_day, is_slow: true };
        self.usual.note(window, 0, self.open.is_some(), at);
        self.by_hour.note(in_hour, 0, self.open.is_some(), at);
        let fast_over = Some(fast).filter(|fast| limits.accounts > 0 && fast.is_over());
        let is_long = is_known && self.out.count_ones() >= HOURS_OUT;
        let slow_over = Some(slow).filter(|slow| limits.of_day > 0 && is_long && slow.is_over());
        let over = fast_over.or(slow_over);
        if self.open.is_none() || over.is_some() {
            self.last = self.last.max(at);
        }
        match &mut self.open {
            Some(open) => {
                // What was slow and becomes fast is another attack, and told at once.
                open.is_worse = open.is_slow && fast_over.is_some();
                open.is_slow &= fast_over.is_none();
                self.shown = Some(if open.is_slow { slow } else { fast });
                self.shown
            }
            None => over,
        }
    }

    /// Accounts in the window.
    pub(crate) fn in_window(&mut self, limits: SprayLimits, at: Mono) -> u32 {
        self.window.count(at, half(limits))
    }

    /// Counts the account; whether that may have changed anything that is told.
    fn add(&mut self, limits: SprayLimits, account: u64, shape: Shape, at: Mono) -> bool {
        self.changed = true;
        let in_window = self.window.note(account, at, half(limits));
        let in_day = self.day.note(account, at, shape.step_of_day);
        in_window || in_day || self.open.is_some() && self.shown.is_none()
    }

    fn mark(&mut self, stands_out: bool, at: Mono) {
        let hour = at.as_millis() / HOUR.as_millis();
        if hour > self.hour {
            let passed = u32::try_from(hour - self.hour).unwrap_or(u32::MAX);
            self.out = self.out.checked_shl(passed).unwrap_or(0) & 0x00ff_ffff;
            self.hour = hour;
        }
        if hour == self.hour {
            self.out |= u32::from(stands_out);
        }
    }

    /// How many accounts fail here usually, at this hour.
    pub(crate) fn usual(&mut self, at: Mono) -> u16 {
        self.usual.at_hour(at)
    }

    /// Opens an alert; gives its first message.
    pub(crate) fn raise(&mut self, mut alert: Alert, is_slow: bool, now: Now) -> Alert {
        (alert.state, alert.revision) = (State::Raised, 1);
        let quiet_until = now.mono + Patterns::QUIET;
        self.open = Some(Box::new(Open { alert: alert.clone(), quiet_until, is_slow, is_worse: false }));
        alert
    }

    /// Takes back an alert that was open when an earlier run ended.
    pub(crate) fn restore(&mut self, alert: Alert, now: Mono) {
        let (quiet_until, is_slow) = (now + longer(Patterns::QUIET, alert.revision), alert.window_s >= 86_400);
        if self.last == Mono::ZERO {
            self.last = now;
        }
        self.open = Some(Box::new(Open { alert, quiet_until, is_slow, is_worse: false }));
    }

    /// When its alert ends, if nothing more fails here: a fast one an hour after the last failure, a slow one of an address a day after it.
    /// In a cluster somebody always fails: an hour after it was above its bar.
    pub(crate) fn deadline(&self) -> Option<Mono> {
        let open = self.open.as_ref()?;
        let is_source = !open.alert.sources.is_empty();
        Some(self.last + if open.is_slow && is_source { Patterns::DAY } else { Patterns::QUIET })
    }

    /// Ends its alert if that is due. What was counted is forgotten with it: the rest of a spray that is over is no new one.
    pub(crate) fn expire(&mut self, now: Now) -> Option<Alert> {
        if self.deadline().is_none_or(|at| at > now.mono) {
            return None;
        }
        let Open { mut alert, .. } = *self.open.take()?;
        self.window.clear();
        self.day.clear();
        (self.changed, self.out, self.shown) = (true, 0, None);
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

fn half(limits: SprayLimits) -> Span {
    Span::millis(limits.window.as_millis().div_ceil(2))
}

impl Open {
    /// One more failure; true if it may be told now.
    pub(crate) fn again(&mut self, now: Now) -> bool {
        self.alert.failures = self.alert.failures.saturating_add(1);
        self.alert.last_failure = Some(now.wall);
        if now.mono < self.quiet_until && !core::mem::take(&mut self.is_worse) {
            self.alert.suppressed = self.alert.suppressed.saturating_add(1);
            return false;
        }
        true
    }

    /// The message that says how it stands.
    pub(crate) fn updated(&mut self, summary: &str, now: Now) -> Alert {
        (self.alert.state, self.alert.revision) = (State::Updated, self.alert.revision.saturating_add(1));
        self.quiet_until = now.mono + longer(Patterns::QUIET, self.alert.revision);
        self.alert.summary = Text::from_wire(summary);
        self.alert.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::settings::Settings;
    use crate::units::Wall;

    const LIMITS: SprayLimits = SprayLimits { accounts: 50, window: Span::mins(10), of_day: 100 };

    fn at(minutes: u64) -> Mono {
        Mono::FIRST + Span::mins(minutes)
    }

    /// A number that is spread as those of accounts are.
    const fn account(n: u64) -> u64 {
        n.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(17).wrapping_mul(0xbf58_476d_1ce4_e5b9)
    }

    fn alert() -> Alert {
        let now = Now { mono: at(0), wall: Wall::default(), synchronised: true };
        crate::engine::alerts::of_site(&Settings::default(), crate::alert::Kind::Spray, &["cluster", "East"], now)
    }

    /// In each of the hours so many accounts fail, half a minute apart, none of them twice; what comes of the last failure of each hour.
    fn by_hour(hours: &[u64], is_known: bool, limits: SprayLimits) -> Vec<Option<bool>> {
        let mut front = Front::new(Label::from_wire("East"), CLUSTER);
        let mut next = 0;
        let mut found = Vec::new();
        for (hour, accounts) in (0..).zip(hours) {
            let mut last = None;
            for n in 0..*accounts {
                next += 1;
                let now = at(60 * hour) + Span::secs(30 * n);
                last = front.note_in_cluster(limits, account(next), (0, is_known), now);
            }
            found.push(last.map(|measure| measure.is_slow));
        }
        found
    }

    #[test]
    fn a_slow_spray_in_a_cluster_needs_six_hours_of_the_last_day_that_stand_out() {
        let slow = Some(true);
        assert_eq!(by_hour(&[20; 7], true, LIMITS), [None, None, None, None, None, slow, slow]);
        assert_eq!(by_hour(&[20; 7], false, LIMITS), [None; 7], "what is usual is not known yet");
        assert_eq!(by_hour(&[9; 20], true, LIMITS), [None; 20], "ten are the least that stand out");
        assert_eq!(by_hour(&[10; 12], true, LIMITS)[8..], [None, slow, slow, slow], "about a hundred accounts");
        let pause = [&[20; 5][..], &[0; 18], &[20, 20]].concat();
        assert_eq!(by_hour(&pause, true, LIMITS)[23..], [slow, None], "one more within the day; then it is usual");
        let pause = [&[20; 5][..], &[0; 24], &[20; 5]].concat();
        assert_eq!(by_hour(&pause, true, LIMITS)[29..], [None; 5], "the first five are more than a day ago");
        assert_eq!(by_hour(&[20; 7], true, SprayLimits { of_day: 0, ..LIMITS }), [None; 7], "switched off");
        assert_eq!(by_hour(&[119], true, SprayLimits { window: Span::mins(60), ..LIMITS }), [Some(false)]);
        assert_eq!(by_hour(&[119], true, SprayLimits { accounts: 0, window: Span::mins(60), of_day: 0 }), [None]);
    }

    #[test]
    fn the_weakest_proof_counts_until_it_has_been_quiet_for_a_day_without_an_alert() {
        let mut front = Front::new(Label::from_wire("192.0.2.7"), SOURCE);
        let proves = |front: &mut Front, proof, minutes| {
            front.prove(proof, at(minutes));
            front.last = at(minutes);
            front.weakest
        };
        assert_eq!(proves(&mut front, Authenticated::Tls, 0), Some(Authenticated::Tls));
        assert_eq!(proves(&mut front, Authenticated::Community, 1), Some(Authenticated::Community));
        assert_eq!(proves(&mut front, Authenticated::Tls, 1_441), Some(Authenticated::Community), "a day later");
        assert_eq!(proves(&mut front, Authenticated::Tls, 2_882), Some(Authenticated::Tls), "a minute more");
        let now = Now { mono: at(2_882), wall: Wall::default(), synchronised: true };
        let _raised = front.raise(Alert { authenticated_by: Authenticated::Tls, ..alert() }, false, now);
        proves(&mut front, Authenticated::None, 2_883);
        assert_eq!(proves(&mut front, Authenticated::Tls, 9_999), Some(Authenticated::None), "an alert is open");
        assert_eq!(front.open.unwrap().alert.authenticated_by, Authenticated::None);
    }

    #[test]
    fn a_record_of_another_size_is_not_taken_back() {
        let sound = |front: &Front| [front.is_sound(SOURCE), front.is_sound(CLUSTER)];
        let [source, cluster] = [SOURCE, CLUSTER].map(|shape| Front::new(Label::from_wire("x"), shape));
        assert_eq!((sound(&source), sound(&cluster)), ([true, false], [false, true]));
        let mixed = Front { window: cluster.window, ..source.clone() };
        assert_eq!(sound(&mixed), [false, false]);
        assert_eq!(sound(&Front { day: cluster.day, ..source }), [false, false]);
    }

    #[test]
    fn what_changed_is_kept_at_once_the_first_time_then_every_five_minutes() {
        let mut front = Front::new(Label::from_wire("192.0.2.7"), SOURCE);
        assert_eq!((front.is_to_keep(true, at(1)), front.is_kept()), (false, false), "nothing has changed");
        let fails = |front: &mut Front, minutes| {
            let _over = front.note(LIMITS, account(minutes), at(minutes));
            [front.is_to_keep(false, at(minutes)), front.is_kept()]
        };
        assert_eq!([1, 2, 5, 6, 7].map(|minutes| fails(&mut front, minutes)[0]), [true, false, false, true, false]);
        assert!(front.is_kept() && front.is_to_keep(true, at(7)) && !front.is_to_keep(true, at(8)));
    }

    #[test]
    fn an_alert_that_is_taken_back_is_quiet_and_ends_as_before() {
        let back = |window_s, sources: &[&str], kept: u64| {
            let sources = sources.iter().map(|source| Label::from_wire(source)).collect();
            let alert = Alert { revision: 2, window_s, sources, ..alert() };
            let mut front = Front { last: at(kept), ..Front::new(Label::from_wire("x"), SOURCE) };
            front.restore(alert, at(100));
            (front.open.as_ref().unwrap().quiet_until, front.deadline().unwrap())
        };
        let quiet = at(100) + longer(Patterns::QUIET, 2);
        assert_eq!(back(600, &["192.0.2.7"], 50), (quiet, at(110)), "an hour after the last failure");
        assert_eq!(back(86_400, &["192.0.2.7"], 50), (quiet, at(50) + Patterns::DAY), "found by the day");
        assert_eq!(back(86_400, &[], 50), (quiet, at(110)), "a cluster");
    }
}
