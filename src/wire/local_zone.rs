//! A zone for times that name none: a fixed offset, or rules with summer time as TZif (RFC 9636) has them.

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};

use crate::units::Wall;

/// The zone of a sender's clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalZone(TimeZone);

impl LocalZone {
    /// Always this many minutes east of UTC; `None` for a day or more.
    #[must_use]
    pub fn fixed(minutes_east: i16) -> Option<Self> {
        let day = 24 * 60;
        let offset = Offset::from_seconds(i32::from(minutes_east) * 60).ok()?;
        (-day < minutes_east && minutes_east < day).then(|| Self(TimeZone::fixed(offset)))
    }

    /// The rules in a TZif file; `None` if it is not one.
    #[must_use]
    pub fn from_tzif(name: &str, tzif: &[u8]) -> Option<Self> {
        TimeZone::tzif(name, tzif).ok().map(Self)
    }

    /// A local time on the UTC line. Of the two that an hour has when clocks go back, the one nearer to `near`; in the hour that is
    /// left out when they go forward, as if they had not yet.
    pub(crate) fn to_wall(&self, at: DateTime, near: Wall) -> Option<Wall> {
        let with = |offset: Offset| Some(Wall::from_millis(offset.to_timestamp(at).ok()?.as_millisecond()));
        match self.0.to_ambiguous_timestamp(at).offset() {
            AmbiguousOffset::Unambiguous { offset } | AmbiguousOffset::Gap { before: offset, .. } => with(offset),
            AmbiguousOffset::Fold { before, after } => {
                [with(before), with(after)].into_iter().flatten().min_by_key(|wall| wall.distance(near))
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::wire::stamp::Stamp;

    /// Version 1 of TZif with two offsets and the two changes of Berlin's clocks in 2026: 29 March and 25 October, 01:00 UTC.
    pub(crate) fn berlin() -> LocalZone {
        let mut tzif = b"TZif\0".to_vec();
        tzif.extend([0; 15]);
        for count in [0_u32, 0, 0, 2, 2, 9] {
            tzif.extend(count.to_be_bytes());
        }
        for at in [1_774_746_000_i32, 1_792_890_000] {
            tzif.extend(at.to_be_bytes());
        }
        tzif.extend([1, 0]);
        tzif.extend(3_600_i32.to_be_bytes());
        tzif.extend([0, 0]);
        tzif.extend(7_200_i32.to_be_bytes());
        tzif.extend([1, 4]);
        tzif.extend(b"CET\0CEST\0");
        LocalZone::from_tzif("Europe/Berlin", &tzif).unwrap()
    }

    #[test]
    fn a_time_without_a_zone_is_local_and_one_with_a_zone_is_not() {
        let east = LocalZone::fixed(330).unwrap();
        let cases = [
            (berlin(), "Jan 15 2026 08:21:05", "2026-01-15T07:21:05.000Z"),
            (berlin(), "Jul 15 2026 08:21:05", "2026-07-15T06:21:05.000Z"),
            (berlin(), "Jul 15 2026 08:21:05 CST", "2026-07-15T06:21:05.000Z"),
            (berlin(), "Jul 15 2026 08:21:05 UTC", "2026-07-15T08:21:05.000Z"),
            (berlin(), "Jul 15 2026 08:21:05 EST", "2026-07-15T13:21:05.000Z"),
            (east.clone(), "1/15/26 8:21 AM", "2026-01-15T02:51:00.000Z"),
            (east, "Jan 15 02:21:05", "2026-01-14T20:51:05.000Z"),
        ];
        let near = Wall::from_millis(1_768_465_265_000);
        for (zone, text, expected) in cases {
            let wall = Stamp::parse(text).unwrap().to_wall_in(near, Some(&zone)).unwrap();
            assert_eq!(wall.to_string(), expected, "{text}");
        }
    }

    #[test]
    fn the_hour_that_comes_twice_is_the_one_near_the_receipt() {
        let stamp = Stamp::parse("Oct 25 02:30:00").unwrap();
        for expected in ["2026-10-25T00:30:00.000Z", "2026-10-25T01:30:00.000Z"] {
            let near = Stamp::parse(expected).unwrap().to_wall(Wall::from_millis(0)).unwrap();
            assert_eq!(stamp.to_wall_in(near, Some(&berlin())).unwrap().to_string(), expected);
        }
        let left_out = Stamp::parse("Mar 29 2026 02:30:00").unwrap();
        let wall = left_out.to_wall_in(Wall::from_millis(0), Some(&berlin())).unwrap();
        assert_eq!(wall.to_string(), "2026-03-29T01:30:00.000Z");
    }

    #[test]
    fn what_is_no_zone_is_refused() {
        assert_eq!((LocalZone::from_tzif("x", b"TZif"), LocalZone::from_tzif("x", b"")), (None, None));
        assert_eq!((LocalZone::fixed(24 * 60), LocalZone::fixed(-24 * 60)), (None, None));
    }
}
