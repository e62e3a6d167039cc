//! What is usual: the most of something at each hour of the day and in a whole day, as past days were. It raises the bar of a finding,
//! never by more than [`MOST_RAISED`] times, and never hides what a cluster itself has reported.
//!
//! Days during which an alert is open teach nothing. What was learnt fades by a thirty-second part a day, about half in three weeks.

use serde::{Deserialize, Serialize};

use crate::units::{Mono, Span};

const HOUR: Span = Span::mins(60);
const HOURS: u64 = 24;
/// The bar of a source is at least this many times what is usual.
const TIMES: u32 = 2;
/// What stands out of an hour of a cluster is so many times what is usual, and so many more.
const TIMES_OF_HOUR: u32 = 3;
const MORE_OF_HOUR: u32 = 10;
/// However much is usual, the bar is at most this many times what is set: nobody can teach the box to see nothing.
const MOST_RAISED: u32 = 20;
/// Days after which nothing of what was learnt is left to fade.
const LONGEST: u64 = 400;

/// The most of something by hour of the day (counted on the engine's time line) and by day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Usual {
    hours: [u16; 24],
    day: u16,
    /// The day that is going on.
    number: u64,
    today: [u16; 24],
    whole: u16,
    /// An alert was open today.
    is_unusual: bool,
}

impl Usual {
    /// Takes note of how much there is now: in the window, and in the day.
    pub(crate) fn note(&mut self, window: u32, day: u32, is_unusual: bool, at: Mono) {
        self.turn_to(at);
        let small = |n: u32| u16::try_from(n).unwrap_or(u16::MAX);
        if let Some(most) = self.today.get_mut(hour_of(at)) {
            *most = small(window).max(*most);
        }
        self.whole = small(day).max(self.whole);
        self.is_unusual |= is_unusual;
    }

    /// From how many on it is a finding at this hour, if `set` is what it would be without knowing anything.
    pub(crate) fn bar(&mut self, set: u32, at: Mono) -> u32 {
        raised(set, self.at_hour(at))
    }

    /// The same for a cluster: `set` above one and a half times what is usual, since a morning after a change of passwords is no spray.
    pub(crate) fn bar_above(&mut self, set: u32, at: Mono) -> u32 {
        let usual = u32::from(self.at_hour(at));
        set.saturating_add(usual.saturating_mul(3) / 2).min(set.saturating_mul(MOST_RAISED))
    }

    /// From how many on an hour stands out, by what is usual at this hour of the day.
    pub(crate) fn bar_of_hour(&mut self, at: Mono) -> u32 {
        u32::from(self.at_hour(at)).saturating_mul(TIMES_OF_HOUR).saturating_add(MORE_OF_HOUR)
    }

    /// The bar for a whole day.
    pub(crate) fn bar_of_day(&mut self, set: u32, at: Mono) -> u32 {
        self.turn_to(at);
        raised(set, self.day)
    }

    /// The most at this hour of the day, the one before and the one after.
    pub(crate) fn at_hour(&mut self, at: Mono) -> u16 {
        self.turn_to(at);
        let hour = hour_of(at);
        let near = [hour + 23, hour, hour + 1].map(|hour| self.hours.get(hour % 24).copied().unwrap_or(0));
        near.into_iter().max().unwrap_or(0)
    }

    fn turn_to(&mut self, at: Mono) {
        let number = at.as_millis() / (HOUR.as_millis() * HOURS);
        if number <= self.number {
            return;
        }
        let days = (number - self.number).min(LONGEST);
        for (known, today) in self.hours.iter_mut().zip(self.today) {
            *known = faded(*known, days).max(if self.is_unusual { 0 } else { today });
        }
        self.day = faded(self.day, days).max(if self.is_unusual { 0 } else { self.whole });
        (self.number, self.today, self.whole, self.is_unusual) = (number, [0; 24], 0, false);
    }
}

fn hour_of(at: Mono) -> usize {
    usize::try_from(at.as_millis() / HOUR.as_millis() % HOURS).unwrap_or(0)
}

fn faded(mut known: u16, days: u64) -> u16 {
    for _day in 0..days {
        known -= known.div_ceil(32);
    }
    known
}

fn raised(set: u32, usual: u16) -> u32 {
    set.max(u32::from(usual).saturating_mul(TIMES).min(set.saturating_mul(MOST_RAISED)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: u64, hour: u64) -> Mono {
        Mono::ZERO + Span::mins(60 * (day * 24 + hour))
    }

    #[test]
    fn yesterday_raises_the_bar_around_its_hour_and_today_does_not() {
        let mut usual = Usual::default();
        usual.note(30, 80, false, at(0, 9));
        assert_eq!((usual.bar(10, at(0, 10)), usual.bar_of_day(30, at(0, 10))), (10, 30));
        let bars = [7, 8, 9, 10, 11].map(|hour| usual.bar(10, at(1, hour)));
        assert_eq!((bars, usual.bar_of_day(30, at(1, 9))), ([10, 60, 60, 60, 10], 160));
    }

    #[test]
    fn a_day_with_an_alert_teaches_nothing() {
        let mut usual = Usual::default();
        usual.note(30, 30, false, at(0, 9));
        usual.note(500, 500, true, at(1, 9));
        assert_eq!((usual.bar(10, at(2, 9)), usual.bar_of_day(30, at(2, 9))), (58, 58));
    }

    #[test]
    fn nobody_can_teach_it_to_see_nothing() {
        let mut usual = Usual::default();
        usual.note(60_000, 60_000, false, at(0, 9));
        assert_eq!((usual.bar(10, at(1, 9)), usual.bar_of_day(30, at(1, 9))), (200, 600));
    }

    #[test]
    fn a_monday_is_remembered_for_a_week_and_halved_in_three() {
        let mut usual = Usual::default();
        usual.note(100, 100, false, at(0, 9));
        assert_eq!(
            [1, 7, 21].map(|day| usual.bar_of_day(1, at(day, 9)).min(999)),
            [20, 20, 20],
            "20 times what is set"
        );
        assert_eq!([1, 7, 21].map(|day| faded(100, day)), [96, 78, 45]);
        assert_eq!(usual.bar_of_day(1, at(5_000, 9)), 1);
    }
}
