//! Failures of accounts that had to make room. A flood of invented names pushes everybody out whose failures do not reach the limit at
//! once; what is remembered here in four octets gives them back with the next failure.
//!
//! A place holds 16 bits of the account's hash, how many failures there were and the minute of the newest. The place follows from the hash:
//! a newcomer replaces whoever has fewer failures or older ones. Two accounts of one place and mark (one in 65,536 for each look) are taken
//! for each other: a failure too many, never one too few.

use crate::event::Label;
use crate::units::{Mono, Span};

use super::correlate::number;

/// Places: 1 MiB, which the system gives only as they are written to.
const PLACES: usize = 1 << 18;
const MINUTE: Span = Span::mins(1);
/// Minutes are counted modulo this; what is older than half of it is over for every policy.
const ROUND: u64 = 1 << 12;
/// More failures than this are as good as this many.
const MOST: u32 = 15;

/// What is remembered.
#[derive(Debug, Default)]
pub(crate) struct Ghosts(Vec<u32>);

/// Failures of one account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ghost {
    pub(crate) failures: u32,
    /// How long ago the newest was, in whole minutes.
    pub(crate) minutes: u64,
}

impl Ghosts {
    /// Remembers an account with this hash and cluster.
    pub(crate) fn note(&mut self, (hash, cluster): (u64, &Label), failures: u32, last: Mono, now: Mono) {
        if self.0.is_empty() {
            self.0 = vec![0; PLACES];
        }
        let (place, mark) = address(hash, cluster);
        let Some(entry) = self.0.get_mut(place) else { return };
        let failures = failures.min(MOST);
        let (known, minutes) = unpack(*entry, now);
        let age = now.since(last).as_millis() / MINUTE.as_millis();
        // The heavier one stays, unless it is old.
        let is_weaker = known.failures > failures && minutes < 30 && entry_mark(*entry) != mark;
        if failures > 0 && !is_weaker && age < ROUND / 2 {
            let minute = u32::try_from(minute(last) % ROUND).unwrap_or(0);
            *entry = u32::from(mark) << 16 | failures << 12 | minute;
        }
    }

    /// What was remembered of it, once.
    pub(crate) fn take(&mut self, (hash, cluster): (u64, &Label), now: Mono) -> Option<Ghost> {
        let (place, mark) = address(hash, cluster);
        let entry = self.0.get_mut(place)?;
        let (ghost, _) = unpack(*entry, now);
        if ghost.failures == 0 || entry_mark(*entry) != mark || ghost.minutes >= ROUND / 2 {
            return None;
        }
        *entry = 0;
        Some(ghost)
    }
}

fn address(hash: u64, cluster: &Label) -> (usize, u16) {
    let place = usize::try_from(hash % PLACES as u64).unwrap_or(0);
    let mark = (hash >> 32 ^ u64::from(number(cluster.as_str()))) & 0xffff;
    (place, u16::try_from(mark).unwrap_or(0))
}

fn entry_mark(entry: u32) -> u16 {
    u16::try_from(entry >> 16).unwrap_or(0)
}

fn minute(at: Mono) -> u64 {
    at.as_millis() / MINUTE.as_millis()
}

fn unpack(entry: u32, now: Mono) -> (Ghost, u64) {
    let minutes = (minute(now) + ROUND - u64::from(entry & 0xfff)) % ROUND;
    (Ghost { failures: entry >> 12 & 0xf, minutes }, minutes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: u64) -> Mono {
        Mono::FIRST + Span::mins(minutes)
    }

    #[test]
    fn failures_are_given_back_once_with_their_age() {
        let (mut ghosts, east) = (Ghosts::default(), Label::from_wire("East"));
        assert_eq!(ghosts.take((7, &east), at(0)), None);
        ghosts.note((7, &east), 2, at(0), at(1));
        assert_eq!(ghosts.take((8, &east), at(2)), None, "another account");
        assert_eq!(ghosts.take((7, &Label::from_wire("West")), at(2)), None, "another cluster");
        assert_eq!(ghosts.take((7, &east), at(29)), Some(Ghost { failures: 2, minutes: 29 }));
        assert_eq!(ghosts.take((7, &east), at(29)), None);
    }

    #[test]
    fn who_has_more_failures_keeps_his_place_until_they_are_old() {
        let (mut ghosts, east) = (Ghosts::default(), Label::from_wire("East"));
        let (heavy, light) = (7, 7 | 1 << 40);
        ghosts.note((heavy, &east), 2, at(0), at(0));
        ghosts.note((light, &east), 1, at(1), at(1));
        assert_eq!(ghosts.take((light, &east), at(1)), None);
        ghosts.note((light, &east), 1, at(31), at(31));
        assert_eq!(ghosts.take((heavy, &east), at(31)), None);
        assert_eq!(ghosts.take((light, &east), at(31)).map(|ghost| ghost.failures), Some(1));
    }
}
