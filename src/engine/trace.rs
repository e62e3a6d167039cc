//! What is remembered of one account's last day, in a few bytes: failures by the hour, where they came from, whether they keep a pace, and
//! how many there were since the account was last well. It is kept beside the account's record, in a record of its own.

use core::net::{IpAddr, Ipv6Addr};

use serde::{Deserialize, Serialize};

use crate::alert::Severity;
use crate::engine::account::Open;
use crate::engine::correlate::number;
use crate::engine::few::Few;
use crate::engine::patterns::Patterns;
use crate::units::{Mono, Span};

const HOUR: Span = Span::mins(60);
/// Hours in which a failure counts.
const HOURS: usize = 24;
/// Gaps of one length after which it is a machine that fails.
const STEADY: u8 = 5;
/// Shorter gaps in a row after which it is none.
const FAST: u8 = 3;
/// The shortest such gap, in tenths of a second: what fails faster than an application would try again is somebody who guesses.
const SHORTEST: u64 = 150;

/// One account's last day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// The hour of the first count.
    hour: u64,
    /// Failures in that hour and each before it.
    counts: [u8; HOURS],
    /// From where, the newest last, and in which hour last.
    origins: Few<(Origin, u64), { Patterns::MOST_SOURCES }>,
    /// The newest failure, in tenths of a second.
    last: u64,
    /// The gap before it, in tenths of a second, and how many before it were as long.
    gap: u64,
    steady: u8,
    /// Gaps in a row that are shorter than any application's.
    fast: u8,
    /// A machine fails, whatever its owner does meanwhile: until another source fails too, somebody guesses fast, or a day has passed.
    is_machine: bool,
    /// Failures since the last success, the last end of a lock, or a day without one.
    run: u16,
    /// The most in one of the past days, fading.
    usual: u8,
    /// The day that is going on, and the most of it.
    day: u64,
    most: u8,
    is_unusual: bool,
    /// Open alerts; the store keeps them apart.
    #[serde(skip)]
    pub(crate) climb: Option<Box<Pattern>>,
    #[serde(skip)]
    pub(crate) spread: Option<Box<Pattern>>,
    #[serde(skip)]
    pub(crate) takeover: Option<Box<Pattern>>,
    /// Whether the open lock's alert says that a machine fails.
    pub(crate) is_told_steady: bool,
    /// Whether another detector calls the open run of failures critical.
    pub(crate) is_critical: bool,
}

/// Where a failure came from, in sixteen octets: an address, IPv4 mapped to IPv6, or for a host's name a number of it within 100::/64,
/// where no address is (RFC 6666).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Origin(u128);

impl Origin {
    /// None of an empty text.
    pub(crate) fn of(source: &str) -> Option<Self> {
        let source = source.trim();
        let named = || (0x0100 << 112) | u128::from(number(source));
        let address = source.parse::<IpAddr>().ok().map(|address| match address.to_canonical() {
            IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
            IpAddr::V6(address) => address.to_bits(),
        });
        (!source.is_empty()).then(|| Self(address.unwrap_or_else(named)))
    }

    fn address(self) -> Option<IpAddr> {
        let is_name = self.0 >> 64 == 0x0100 << 48;
        (!is_name).then(|| IpAddr::V6(Ipv6Addr::from_bits(self.0)).to_canonical())
    }
}

/// An open alert about a pattern.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pattern {
    pub(crate) open: Open,
    /// Failures in the day, the most there were.
    pub(crate) failures: u32,
    /// Sources in the day, the most there were.
    pub(crate) sources: u32,
    /// What belonged to it last.
    pub(crate) last: Mono,
    /// When it was raised, before anything else is weighed.
    pub(crate) severity: Severity,
}

impl Trace {
    /// Takes note of a failure.
    pub(crate) fn note(&mut self, source: Option<Origin>, at: Mono) {
        let hour = self.turn_to(at);
        let age = usize::try_from(self.hour - hour.min(self.hour)).unwrap_or(HOURS);
        if let Some(count) = self.counts.get_mut(age) {
            *count = count.saturating_add(1);
        }
        self.note_origin(source, at);
        self.note_pace(at.as_millis() / 100);
        self.note_day(hour, at);
    }

    /// Puts what was kept in front of what has happened since.
    pub(crate) fn follow(&mut self, kept: Self) {
        let mut rest = core::mem::replace(self, kept);
        (self.climb, self.spread, self.takeover) = (rest.climb.take(), rest.spread.take(), rest.takeover.take());
        self.is_told_steady |= rest.is_told_steady;
        self.is_critical |= rest.is_critical;
        if rest.last == 0 {
            return;
        }
        let hour = Mono::from_millis(self.hour.max(rest.hour) * HOUR.as_millis());
        self.turn_to(hour);
        rest.turn_to(hour);
        let both = self.counts.iter_mut().zip(rest.counts);
        both.for_each(|(count, more)| *count = count.saturating_add(more));
        for (origin, hour) in rest.origins.iter().copied() {
            self.note_origin(Some(origin), Mono::from_millis(hour * HOUR.as_millis()));
        }
        let run = self.run;
        self.note_pace(rest.last);
        // A run that is over goes on with nothing.
        self.run = match (rest.run, self.run > run) {
            (0, _) => 0,
            (more, true) => run.saturating_add(more),
            (more, false) => more,
        };
        self.note_day(rest.hour, hour);
    }

    fn note_day(&mut self, hour: u64, at: Mono) {
        let all = self.in_day(at);
        let (day, most) = (hour / HOURS as u64, u8::try_from(all).unwrap_or(u8::MAX));
        if day > self.day {
            // A thirty-second part a day, as what is usual for a source.
            for _day in 0..(day - self.day).min(400) {
                self.usual -= self.usual.div_ceil(32);
            }
            self.usual = self.usual.max(if self.is_unusual { 0 } else { self.most });
            (self.day, self.most, self.is_unusual) = (day, 0, false);
        }
        self.most = self.most.max(most);
        self.is_unusual |= self.climb.is_some();
    }

    /// Failures within the last 24 hours, counted to the hour.
    pub(crate) fn in_day(&mut self, at: Mono) -> u32 {
        self.turn_to(at);
        self.counts.iter().map(|&n| u32::from(n)).sum()
    }

    /// Different sources within the last 24 hours, counted to the hour; more than can be told apart are as many as can.
    pub(crate) fn sources(&self) -> u32 {
        let recent = self.origins.iter().filter(|(_, hour)| hour + HOURS as u64 > self.hour);
        u32::try_from(recent.count()).unwrap_or(u32::MAX)
    }

    /// The addresses among them, the newest last.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = IpAddr> + '_ {
        self.origins.iter().filter_map(|(origin, _)| origin.address())
    }

    /// From how many failures in a day on it is a finding.
    pub(crate) fn bar(&self, set: u32) -> u32 {
        set.max(u32::from(self.usual).saturating_mul(2).min(set.saturating_mul(4)))
    }

    /// How long ago the newest failure was.
    pub(crate) fn since_last(&self, at: Mono) -> Span {
        Span::millis((at.as_millis() / 100).saturating_sub(self.last) * 100)
    }

    /// Failures since the account was last well.
    pub(crate) fn run(&self) -> u32 {
        u32::from(self.run)
    }

    /// The gap in seconds, if a machine fails: always after the same time, and from one place.
    pub(crate) fn steady(&self) -> Option<u64> {
        (self.is_machine && self.origins.len() <= 1).then_some(self.gap / 10)
    }

    /// The account is well: what came before says nothing about what comes.
    pub(crate) fn relieve(&mut self) {
        (self.run, self.is_told_steady) = (0, false);
    }

    /// The limit was reached: these failures did not stay below it.
    pub(crate) fn forget_day(&mut self) {
        self.counts = [0; HOURS];
    }

    pub(crate) fn is_open(&self) -> bool {
        self.climb.is_some() || self.spread.is_some() || self.takeover.is_some()
    }

    fn turn_to(&mut self, at: Mono) -> u64 {
        let hour = at.as_millis() / HOUR.as_millis();
        if hour > self.hour {
            let passed = usize::try_from(hour - self.hour).unwrap_or(HOURS).min(HOURS);
            self.counts.rotate_right(passed);
            self.counts.iter_mut().take(passed).for_each(|count| *count = 0);
            self.hour = hour;
        }
        hour
    }

    /// Takes note of where a failure came from that is counted already.
    pub(crate) fn note_origin(&mut self, source: Option<Origin>, at: Mono) {
        let (hour, newest) = (at.as_millis() / HOUR.as_millis(), self.hour);
        self.origins.retain(|(known, at)| at + HOURS as u64 > newest && Some(*known) != source);
        let Some(source) = source else { return };
        self.origins.push((source, hour));
    }

    fn note_pace(&mut self, at: u64) {
        let gap = at.saturating_sub(self.last);
        // A quarter, and two seconds: what an application waits is not exact, and people do not keep time so well for so long.
        let is_same = gap >= SHORTEST && gap.abs_diff(self.gap) <= self.gap / 4 + 20;
        self.steady = if is_same { self.steady.saturating_add(1) } else { 0 };
        self.fast = if gap < SHORTEST { self.fast.saturating_add(1) } else { 0 };
        self.is_machine = (self.is_machine || self.steady >= STEADY) && self.fast < FAST;
        // What a person types in between says nothing about the machine's pace.
        self.gap = match (is_same, self.is_machine) {
            (true, _) => (3 * self.gap + gap) / 4,
            (false, true) => self.gap,
            (false, false) => gap,
        };
        let is_anew = gap > 10 * Patterns::DAY.as_secs();
        self.run = if is_anew { 1 } else { self.run.saturating_add(1) };
        self.is_machine &= !is_anew;
        self.last = at.max(self.last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: u64) -> Mono {
        Mono::ZERO + Span::mins(100_000 + minutes)
    }

    fn from(n: u8) -> Option<Origin> {
        Origin::of(&format!("192.0.2.{n}"))
    }

    fn after(minutes: impl IntoIterator<Item = u64>, source: u8) -> Trace {
        let mut trace = Trace::default();
        minutes.into_iter().for_each(|minute| trace.note(from(source), at(minute)));
        trace
    }

    #[test]
    fn failures_count_for_a_day_to_the_hour() {
        let mut trace = after([0, 30, 600], 1);
        // The time line stands 40 minutes into an hour here.
        assert_eq!([600, 1_399, 1_400, 1_999, 2_000].map(|m| trace.in_day(at(m))), [3, 3, 2, 1, 0]);
        assert_eq!(trace.in_day(at(9_999)), 0);
    }

    #[test]
    fn a_machine_keeps_its_pace_and_a_person_does_not() {
        assert_eq!(after((0..6).map(|n| n * 20), 1).steady(), None, "five gaps, of which the first is none before");
        assert_eq!(after((0..7).map(|n| n * 20), 1).steady(), Some(1_200));
        assert_eq!(after([0, 1, 3, 4, 9, 11, 30, 31], 1).steady(), None);
        let mut two = after((0..7).map(|n| n * 20), 1);
        two.note(from(2), at(140));
        assert_eq!(two.steady(), None, "from two places");
    }

    #[test]
    fn different_sources_are_counted_once_and_forgotten_after_a_day() {
        let mut trace = Trace::default();
        (0..20).for_each(|n| trace.note(from(1 + n % 5), at(u64::from(n))));
        assert_eq!(trace.sources(), 5);
        trace.note(from(9), at(1_500));
        assert_eq!(trace.sources(), 1);
        (100..200).for_each(|n| trace.note(from(n), at(1_501)));
        assert_eq!(trace.sources(), 16);
    }

    #[test]
    fn an_address_is_one_however_it_is_written_and_a_name_is_no_address() {
        let addresses =
            ["192.0.2.7", "::ffff:192.0.2.7", "2001:db8::7"].map(|text| Origin::of(text).unwrap().address());
        let [v4, v6] = ["192.0.2.7", "2001:db8::7"].map(|text| text.parse::<IpAddr>().ok());
        assert_eq!(addresses, [v4, v4, v6]);
        let name = Origin::of("PC1.example.test");
        assert_eq!((name, name.unwrap().address()), (Origin::of("pc1.example.test "), None));
        assert_eq!(Origin::of(" "), None);
    }

    #[test]
    fn a_bad_day_raises_the_bar_of_the_next_one() {
        let mut trace = after((0..9).map(|n| n * 60), 1);
        assert_eq!(trace.bar(10), 10);
        trace.note(from(1), at(1_440));
        assert_eq!(trace.bar(10), 18);
    }

    #[test]
    fn a_run_ends_with_relief_and_after_a_day() {
        let mut trace = after([0, 1, 2], 1);
        assert_eq!(trace.run(), 3);
        trace.note(from(1), at(1_443));
        assert_eq!(trace.run(), 1);
        trace.relieve();
        assert_eq!(trace.run(), 0);
    }
}
