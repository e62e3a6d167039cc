//! Failures of accounts that had to make room. A flood of invented names pushes everybody out whose failures do not reach the limit at
//! once; what is remembered here in four octets gives them back with the next failure.
//!
//! A place holds 18 bits of the account's hash, how many failures there were, and when the newest was. The set of places follows from the
//! hash; in it a newcomer replaces what is old, or else who has the fewest failures, of these the one that came first. Two accounts of one
//! set and mark (one look in 32,768 finds such, when all places are taken) are taken for each other: a failure too many, never one too few.

use crate::event::Label;
use crate::units::{Mono, Span};

use super::correlate::number;

/// Sets: 2 MiB, which the system gives only as they are written to.
const SETS: usize = 1 << 16;
/// Places of a set, the newest first.
const WAYS: usize = 8;
/// Time is counted in these.
const STEP: Span = Span::mins(2);
/// Steps are counted modulo this; what is older than half of it is over for every policy.
const ROUND: u64 = 1 << 11;
/// After so many, more failures than another's count for nothing.
const OLD: u64 = 15;
/// More failures than this are as good as this many.
const MOST: u32 = 7;
const MARKS: u64 = 1 << 18;

type Place = u32;
const EMPTY: Place = 0;

/// What is remembered.
#[derive(Debug, Default)]
pub(crate) struct Ghosts(Vec<[Place; WAYS]>);

/// Failures of one account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ghost {
    pub(crate) failures: u32,
    /// How long ago the newest was, in whole minutes; it can have been one minute more.
    pub(crate) minutes: u64,
}

/// A place, read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    mark: u32,
    failures: u32,
    step: u32,
}

impl Ghosts {
    /// Remembers an account with this hash and cluster.
    pub(crate) fn note(&mut self, (hash, cluster): (u64, &Label), failures: u32, last: Mono, now: Mono) {
        let new = Entry { mark: mark(hash, cluster), failures: failures.min(MOST), step: step(last) };
        if failures == 0 || new.age(now) >= ROUND / 2 || now.since(last) >= Span::mins(ROUND) {
            return;
        }
        if self.0.is_empty() {
            self.0 = vec![[EMPTY; WAYS]; SETS];
        }
        let Some(set) = self.0.get_mut(set(hash)) else { return };
        let known = |place: &Place| Some(Entry::read(*place)).filter(|known| known.failures > 0);
        let is_it = |place: &Place| known(place).is_some_and(|known| known.mark == new.mark);
        let weight =
            |place: &Place| known(place).filter(|known| known.age(now) < OLD).map_or(0, |known| known.failures);
        // Of equal ones the last has been here longest.
        let lightest = set.iter().enumerate().rev().min_by_key(|(_, place)| weight(place));
        let lightest = lightest.filter(|(_, place)| weight(place) <= new.failures).map(|(at, _)| at);
        if let Some(at) = set.iter().position(is_it).or(lightest) {
            set.get_mut(..=at).into_iter().for_each(|newer| newer.rotate_right(1));
            set.first_mut().into_iter().for_each(|first| *first = new.write());
        }
    }

    /// What was remembered of it, once.
    pub(crate) fn take(&mut self, (hash, cluster): (u64, &Label), now: Mono) -> Option<Ghost> {
        let set = self.0.get_mut(set(hash))?;
        let mark = mark(hash, cluster);
        let is_it = |entry: &Entry| entry.failures > 0 && entry.mark == mark && entry.age(now) < ROUND / 2;
        let (at, entry) = set.iter().map(|place| Entry::read(*place)).enumerate().find(|(_, entry)| is_it(entry))?;
        set.get_mut(at..)?.rotate_left(1);
        *set.last_mut()? = EMPTY;
        Some(Ghost { failures: entry.failures, minutes: entry.age(now) * STEP.as_millis() / 60_000 })
    }
}

impl Entry {
    const fn read(place: Place) -> Self {
        Self { mark: place >> 14, failures: place >> 11 & 0x7, step: place & 0x7ff }
    }

    const fn write(self) -> Place {
        self.mark << 14 | self.failures << 11 | self.step
    }

    /// In steps.
    fn age(self, now: Mono) -> u64 {
        u64::from(step(now).wrapping_sub(self.step)) % ROUND
    }
}

fn set(hash: u64) -> usize {
    usize::try_from(hash % SETS as u64).unwrap_or(0)
}

fn mark(hash: u64, cluster: &Label) -> u32 {
    u32::try_from((hash >> 32 ^ u64::from(number(cluster.as_str()))) % MARKS).unwrap_or(0)
}

fn step(at: Mono) -> u32 {
    u32::try_from(at.as_millis() / STEP.as_millis() % ROUND).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: u64) -> Mono {
        Mono::FIRST + Span::mins(minutes)
    }

    /// Another account of the set of 7.
    const fn other(n: u64) -> u64 {
        7 | n << 32
    }

    #[test]
    fn failures_are_given_back_once_with_their_age() {
        let (mut ghosts, east) = (Ghosts::default(), Label::from_wire("East"));
        assert_eq!(ghosts.take((7, &east), at(0)), None);
        ghosts.note((7, &east), 2, at(0), at(1));
        assert_eq!(ghosts.take((8, &east), at(2)), None, "another account");
        assert_eq!(ghosts.take((other(1), &east), at(2)), None, "another account of the set");
        assert_eq!(ghosts.take((7, &Label::from_wire("West")), at(2)), None, "another cluster");
        assert_eq!(ghosts.take((7, &east), at(28)), Some(Ghost { failures: 2, minutes: 28 }));
        assert_eq!(ghosts.take((7, &east), at(28)), None);
    }

    #[test]
    fn what_an_account_has_replaces_what_it_had() {
        let (mut ghosts, east) = (Ghosts::default(), Label::from_wire("East"));
        ghosts.note((7, &east), 5, at(0), at(0));
        ghosts.note((7, &east), 2, at(2), at(2));
        assert_eq!(ghosts.take((7, &east), at(2)), Some(Ghost { failures: 2, minutes: 0 }));
        assert_eq!(ghosts.take((7, &east), at(2)), None);
    }

    #[test]
    fn who_came_first_goes_first() {
        let (mut ghosts, east) = (Ghosts::default(), Label::from_wire("East"));
        (0..9).for_each(|n| ghosts.note((other(n), &east), 1, at(0), at(0)));
        let left: Vec<bool> = (0..9).map(|n| ghosts.take((other(n), &east), at(0)).is_some()).collect();
        assert_eq!(left, [false, true, true, true, true, true, true, true, true]);
    }

    #[test]
    fn who_has_more_failures_keeps_his_place_until_they_are_old() {
        let (mut ghosts, east) = (Ghosts::default(), Label::from_wire("East"));
        (0..8).for_each(|n| ghosts.note((other(n), &east), 2, at(0), at(0)));
        ghosts.note((other(8), &east), 1, at(1), at(1));
        assert_eq!(ghosts.take((other(8), &east), at(1)), None);
        ghosts.note((other(8), &east), 1, at(31), at(31));
        assert_eq!(ghosts.take((other(8), &east), at(31)).map(|ghost| ghost.failures), Some(1));
        let heavy = (0..8).filter(|n| ghosts.take((other(*n), &east), at(31)).is_some());
        assert_eq!(heavy.count(), 7);
    }

    #[test]
    fn what_is_over_for_every_policy_is_not_remembered() {
        let (mut ghosts, east) = (Ghosts::default(), Label::from_wire("East"));
        for late in [2_048, 3_000, 4_096, 5_000] {
            ghosts.note((7, &east), 2, at(0), at(late));
            assert_eq!(ghosts.take((7, &east), at(late)), None, "{late}");
        }
        ghosts.note((7, &east), 2, at(0), at(0));
        assert_eq!(ghosts.take((7, &east), at(2_048)), None);
    }

    #[test]
    fn more_failures_than_can_be_kept_are_as_many_as_can() {
        let (mut ghosts, east) = (Ghosts::default(), Label::from_wire("East"));
        ghosts.note((7, &east), 99, at(0), at(0));
        assert_eq!(ghosts.take((7, &east), at(0)), Some(Ghost { failures: 7, minutes: 0 }));
        ghosts.note((7, &east), 0, at(0), at(0));
        assert_eq!(ghosts.take((7, &east), at(0)), None);
    }
}
