//! When an attempt happened: by its message's own time, where that can be believed.
//!
//! A backlog of an hour can arrive within a second, when a connection is there again. Counted by arrival it would be a burst. So each
//! node's usual delay is learnt, its clock's error included: the smallest of the last one to two [`BUCKET`]s. What is later than
//! that by more than [`SLACK`] is placed so much earlier on the time line. A node whose clock is wrong is late by the same each time, and
//! is not placed back once that is known.
//!
//! | what is known | a message counts as late by |
//! |---|---|
//! | our clock is synchronised, the time names a zone or the node's is configured | its delay less the usual one, if that is positive |
//! | else | its delay less the usual one, but for an hour: that is a change of daylight saving |
//! | nothing yet of the node | its whole delay in the first case, nothing in the second |
//!
//! In the first case the usual delay is taken to be none for the first bucket. No time is believed that would make a message a day late, or
//! earlier than it came.

use crate::board::NODES;
use crate::engine::correlate::number;
use crate::engine::nodes::named;
use crate::event::{Channel, Observation};
use crate::units::{Mono, Now, Span};

/// Clocks that are known at most: for each node, times with a zone and times without.
const CLOCKS: usize = 2 * NODES;
/// How long a smallest delay is remembered at least; twice as long at most, or until the node is heard again.
const BUCKET: Span = Span::mins(10);
/// Lateness that is none: no queue on the way is an hour's outage, and RTMT's times end at the minute.
const SLACK: i64 = 60_000;
/// Lateness that is not believed.
const DAY: i64 = 86_400_000;
/// What a local clock is set back by when daylight saving ends.
const HOUR: i64 = 3_600_000;
/// A wall clock that moved by more than this against the time line was set.
const STEP: i64 = 2_000;

/// The delays of all nodes; on the heap.
#[derive(Debug, Default)]
pub(crate) struct Placement {
    clocks: Vec<Clock>,
    /// The wall clock less the time line, at the last input.
    offset: Option<i64>,
}

#[derive(Debug)]
struct Clock {
    node: u32,
    zoned: bool,
    /// When the present bucket began, and the smallest delay in it, in milliseconds.
    since: Mono,
    least: i64,
    /// The smallest delay in the bucket before.
    before: Option<i64>,
    heard: Mono,
}

impl Placement {
    /// When what `said` tells happened: not later than now.
    pub(crate) fn place(&mut self, said: &Observation<'_>, now: Now) -> Mono {
        self.note_step(now);
        let Some(stamp) = said.stamp else { return now.mono };
        let delay = now.wall.as_millis().saturating_sub(stamp.at.as_millis());
        let believed = stamp.zoned && now.synchronised;
        let clock = self.clock(number(named(said.node, said.sender)), stamp.zoned, now.mono);
        let usual = clock.map(|clock| clock.learn(delay, said.channel != Channel::Nested, now.mono));
        if usual.is_none() && said.channel != Channel::Nested {
            self.begin(said, delay, believed, now.mono);
        }
        let late = match (usual, believed) {
            (Some(usual), true) => delay.saturating_sub(usual.max(0)),
            (None, true) => delay,
            (Some(usual), false) => delay.saturating_sub(usual),
            (None, false) => 0,
        };
        let slack = SLACK + i64::from(stamp.precision_ms);
        let is_change = !stamp.zoned && late.abs_diff(HOUR) <= 2 * SLACK.unsigned_abs();
        if late <= slack || late >= DAY || is_change {
            return now.mono;
        }
        now.mono - Span::millis(late.unsigned_abs())
    }

    /// Forgets all delays when the wall clock was set: NTP at boot, or an operator.
    fn note_step(&mut self, now: Now) {
        let line = i64::try_from(now.mono.as_millis()).unwrap_or(i64::MAX);
        let offset = now.wall.as_millis().saturating_sub(line);
        let known = self.offset.replace(offset);
        if known.is_some_and(|known| known.abs_diff(offset) > STEP.unsigned_abs()) {
            self.clocks.clear();
        }
    }

    fn clock(&mut self, node: u32, zoned: bool, now: Mono) -> Option<&mut Clock> {
        let clock = self.clocks.iter_mut().find(|clock| clock.node == node && clock.zoned == zoned)?;
        clock.heard = now;
        Some(clock)
    }

    fn begin(&mut self, said: &Observation<'_>, delay: i64, believed: bool, now: Mono) {
        let zoned = said.stamp.is_some_and(|stamp| stamp.zoned);
        let node = number(named(said.node, said.sender));
        let new = Clock { node, zoned, since: now, least: delay, before: believed.then_some(0), heard: now };
        if self.clocks.len() < CLOCKS {
            self.clocks.push(new);
        } else if let Some(oldest) = self.clocks.iter_mut().min_by_key(|clock| clock.heard) {
            *oldest = new;
        }
    }
}

impl Clock {
    /// The usual delay, this one considered if it `counts`: what is nested in an RTMT alert is late by RTMT's own interval.
    fn learn(&mut self, delay: i64, counts: bool, now: Mono) -> i64 {
        if counts {
            if self.since + BUCKET <= now {
                (self.since, self.before, self.least) = (now, Some(self.least), delay);
            }
            self.least = self.least.min(delay);
        }
        self.before.map_or(self.least, |before| before.min(self.least))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Authenticated, Credential, Family, Meaning, Realm, Session, Stamped};
    use crate::units::Wall;

    const START: i64 = 1_768_465_260_000;
    const LINE: Mono = Mono::from_millis(86_400_000);

    fn said(node: &str, stamp: Option<Stamped>) -> Observation<'_> {
        Observation {
            meaning: Meaning::Failure,
            family: Family::of("x"),
            channel: Channel::Syslog,
            authenticated: Authenticated::None,
            realm: Realm::Cucm,
            account: "jdoe",
            cluster: "",
            node,
            sender: "192.0.2.10",
            source: "",
            interface: "",
            target: "",
            credential: Credential::Unknown,
            stamp,
            fingerprint: None,
            likeness: None,
            unlock_s: None,
            reported_failures: None,
            session: Session::default(),
        }
    }

    /// A message that arrives at `at` seconds, whose node's clock shows `shows` seconds; how many seconds it is placed back.
    fn back(placement: &mut Placement, (at, shows): (u64, i64), zoned: bool, synchronised: bool) -> u64 {
        let mono = LINE + Span::secs(at);
        let now = Now { mono, wall: Wall::from_millis(START).plus(Span::secs(at)), synchronised };
        let stamp = Stamped { at: Wall::from_millis(START + shows * 1_000), precision_ms: 1, zoned };
        mono.since(placement.place(&said("cucm-pub", Some(stamp)), now)).as_secs()
    }

    #[test]
    fn what_arrives_late_is_placed_when_it_happened() {
        let mut placement = Placement::default();
        for (case, late) in [((0, 0), 0), ((3_600, 30), 3_570), ((3_601, 1_800), 1_801), ((3_602, 3_590), 0)] {
            assert_eq!(back(&mut placement, case, true, true), late, "{case:?}");
        }
        let now = Now { mono: LINE, wall: Wall::from_millis(START), synchronised: true };
        assert_eq!(placement.place(&said("cucm-pub", None), now), LINE, "no time of its own: now");
    }

    #[test]
    fn nothing_is_placed_before_the_time_line_or_a_day_ago_or_later_than_now() {
        let mut placement = Placement::default();
        assert_eq!(back(&mut placement, (0, -86_000), true, true), 86_000);
        assert_eq!(back(&mut placement, (0, -86_400), true, true), 0);
        assert_eq!(back(&mut placement, (0, 7_200), true, true), 0);
        let now = Now { mono: Mono::from_millis(5), wall: Wall::from_millis(START), synchronised: true };
        let stamp = Stamped { at: Wall::from_millis(START - 90_000), precision_ms: 1, zoned: true };
        assert_eq!(Placement::default().place(&said("x", Some(stamp)), now), Mono::ZERO);
    }

    #[test]
    fn a_clock_that_is_wrong_by_the_same_each_time_places_nothing_back() {
        for (off, first) in [(3_600_i64, 0), (-3_600, 3_600)] {
            let mut placement = Placement::default();
            let mut heard = |at: u32| back(&mut placement, (at.into(), i64::from(at) + off), true, true);
            assert_eq!((heard(0), heard(300)), (first, first), "{off}: until it is known");
            assert_eq!((heard(601), heard(1_800), heard(90_000)), (0, 0, 0), "{off}");
        }
    }

    #[test]
    fn a_message_from_the_future_makes_no_other_late() {
        let mut placement = Placement::default();
        for (case, late) in [((0, 0), 0), ((1, 80_000), 0), ((2, 2), 0), ((3_600, 3_599), 0)] {
            assert_eq!(back(&mut placement, case, true, true), late, "{case:?}");
        }
    }

    #[test]
    fn without_a_clock_of_our_own_a_node_is_measured_by_itself_until_the_clock_is_set() {
        let mut placement = Placement::default();
        let off = 600_000_000;
        for (case, late) in [((0, off), 0), ((60, off + 60), 0), ((900, off + 100), 800), ((901, off + 901), 0)] {
            assert_eq!(back(&mut placement, case, true, false), late, "{case:?}");
        }
        // NTP sets it: the delays of before mean nothing.
        let wall = |s: i64| Wall::from_millis(START + (off + s) * 1_000);
        let mut at = |s: u32, shows: i64| {
            let mono = LINE + Span::secs(s.into());
            let stamp = Stamped { at: wall(shows), precision_ms: 1, zoned: true };
            let now = Now { mono, wall: wall(s.into()), synchronised: true };
            mono.since(placement.place(&said("cucm-pub", Some(stamp)), now)).as_secs()
        };
        assert_eq!((at(910, 910), at(911, 300)), (0, 611));
    }

    #[test]
    fn a_local_time_is_not_late_when_daylight_saving_ends() {
        let mut placement = Placement::default();
        let cases = [
            ((0, -18_000), 0),
            ((60, -17_940), 0),
            // An hour back in autumn.
            ((120, -21_480), 0),
            ((900, -20_700), 0),
            ((1_800, -19_800), 0),
            // An hour ahead in spring.
            ((2_700, -15_300), 0),
            ((2_760, -15_240), 0),
            // Half an hour late.
            ((2_820, -16_980), 1_800),
        ];
        for (case, late) in cases {
            assert_eq!(back(&mut placement, case, false, true), late, "{case:?}");
        }
    }

    #[test]
    fn the_clock_that_was_not_heard_for_longest_makes_room() {
        let mut placement = Placement::default();
        for n in 0..3 * CLOCKS {
            let now = Now { mono: LINE, wall: Wall::from_millis(START), synchronised: true };
            let stamp = Stamped { at: now.wall, precision_ms: 1, zoned: true };
            placement.place(&said(&format!("n{n}"), Some(stamp)), now);
        }
        assert_eq!(placement.clocks.len(), CLOCKS);
    }
}
