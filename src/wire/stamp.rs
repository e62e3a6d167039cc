//! A message's own time, in every form that CUCM, IOS, RFC 3164, RFC 3339 (RFC 5424, 6.2.3) and RTMT write it.
//!
//! Keeps what was written: a missing year, a missing second, an unknown zone stay visible until [`Stamp::to_wall`] has to
//! decide. Refuses dates that no calendar has. Does not guess whether `1/2/26` is January or February: month first, as RTMT.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;

use crate::units::Wall;
use crate::wire::local_zone::LocalZone;
use crate::wire::syslog::scan::Scan;

/// A time as a message wrote it: a date and time of day that exist (in a leap year, if the year is missing).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// 0 to 9999; RFC 3164 and some CUCM nodes leave it out.
    pub year: Option<i16>,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23: 12 AM is 0.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59; RTMT's short form ends at the minute.
    pub second: Option<u8>,
    /// 0 to 999.
    pub milli: Option<u16>,
    /// The zone that it names.
    pub zone: Zone,
    /// What the sender thinks of its own clock.
    pub accuracy: Accuracy,
}

/// The zone of a time stamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zone {
    /// UTC, GMT or Z.
    Utc,
    /// Minutes east of UTC.
    OffsetMinutes(i16),
    /// None named, or a name that several zones share (CST, IST, BST).
    Unknown,
}

/// What the sender says of its clock (CiscoLog, IOS).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accuracy {
    /// Nothing, or that it is set.
    Synchronised,
    /// `*`: never set.
    NotSynchronised,
    /// `.`: was set, but lost its source.
    Dubious,
}

impl Stamp {
    /// Reads a text that is nothing but a time stamp, in any of the forms.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut scan = Scan::new(text.trim_ascii());
        let stamp = whole(&mut scan)?;
        scan.is_empty().then_some(stamp)
    }

    /// The time on the UTC line. A missing year becomes the one nearest to `near`; an unknown zone is taken as UTC.
    /// `None` for 29 February when no year next to that of `near` has one.
    #[must_use]
    pub fn to_wall(self, near: Wall) -> Option<Wall> {
        self.to_wall_in(near, None)
    }

    /// As [`Stamp::to_wall`], with an unknown zone taken as `local`.
    #[must_use]
    pub fn to_wall_in(self, near: Wall, local: Option<&LocalZone>) -> Option<Wall> {
        if let Some(year) = self.year {
            return self.in_year(year, near, local);
        }
        let year = Offset::UTC.to_datetime(Timestamp::from_millisecond(near.as_millis()).ok()?).year();
        let in_year = |step| self.in_year(year.checked_add(step)?, near, local);
        (-1..=1).filter_map(in_year).min_by_key(|wall| wall.distance(near))
    }

    /// CUCM's date of which a relay read no more than the hour to the second: with the rest of it (`AM.90`, if the relay left that) and
    /// its zone. `None` if it is not known which half of the day it was.
    pub(crate) fn mended(self, rest: Option<&str>, zone: Zone) -> Option<Self> {
        let Some(rest) = rest else {
            return (!(1..=12).contains(&self.hour)).then_some(Self { zone, ..self });
        };
        let (half, milli) = half(rest)?;
        Some(Self { hour: half.hour(self.hour)?, milli: milli.or(self.milli), zone, ..self })
    }

    /// The step of its clock, in milliseconds: 1, 1000 or 60000.
    #[must_use]
    pub const fn precision_ms(self) -> u32 {
        match (self.second, self.milli) {
            (Some(_), Some(_)) => 1,
            (Some(_), None) => 1_000,
            (None, _) => 60_000,
        }
    }

    fn in_year(self, year: i16, near: Wall, local: Option<&LocalZone>) -> Option<Wall> {
        let at = DateTime::from_parts(self.date(year)?, self.time()?);
        if let (Zone::Unknown, Some(local)) = (self.zone, local) {
            return local.to_wall(at, near);
        }
        let minutes = match self.zone {
            Zone::OffsetMinutes(minutes) => minutes,
            Zone::Utc | Zone::Unknown => 0,
        };
        let offset = Offset::from_seconds(i32::from(minutes) * 60).ok()?;
        Some(Wall::from_millis(offset.to_timestamp(at).ok()?.as_millisecond()))
    }

    fn date(self, year: i16) -> Option<Date> {
        Date::new(year, i8::try_from(self.month).ok()?, i8::try_from(self.day).ok()?).ok()
    }

    fn time(self) -> Option<Time> {
        let second = i8::try_from(self.second.unwrap_or(0)).ok()?;
        let nanos = i32::from(self.milli.unwrap_or(0)) * 1_000_000;
        Time::new(i8::try_from(self.hour).ok()?, i8::try_from(self.minute).ok()?, second, nanos).ok()
    }

    fn checked(self) -> Option<Self> {
        self.date(self.year.unwrap_or(LEAP_YEAR))?;
        self.time()?;
        Some(self)
    }
}

/// The year against which a date without one is checked, so that 29 February passes.
const LEAP_YEAR: i16 = 2000;

/// Something with the shape of a date was read; `None` inside if no calendar has it.
pub(crate) type Shaped = Option<Option<Stamp>>;

/// `Jan 15 2026 08:21:05 AM.90`, `*Apr 29 13:58:40.411`, `Jan  5 15:33:03`: the zone, if any, is left to [`zone`].
///
/// The fraction counts milliseconds: `.1` is 1 ms, `.19` is 19 ms. More than three digits are a decimal fraction.
pub(crate) fn calendar(scan: &mut Scan<'_>) -> Shaped {
    let mut ahead = *scan;
    let accuracy = accuracy(&mut ahead);
    let month = month(ahead.take(3)?)?;
    let day = ahead.blanks().then(|| ahead.number::<u8>(2))??;
    if !ahead.blanks() {
        return None;
    }
    let year = year(&mut ahead);
    let clock = Clock::read(&mut ahead)?;
    *scan = ahead;
    Some(clock.on(year, month, day, Zone::Unknown, accuracy))
}

/// RFC 3339: `2026-01-15T08:21:05.090+01:00`; a blank for the `T` and a missing zone are accepted.
pub(crate) fn rfc3339(scan: &mut Scan<'_>) -> Shaped {
    let mut ahead = *scan;
    let year = four_digits(&mut ahead)?;
    let month = ahead.eat(b'-').then(|| ahead.number::<u8>(2))??;
    let day = ahead.eat(b'-').then(|| ahead.number::<u8>(2))??;
    if !(ahead.eat(b'T') || ahead.eat(b' ')) {
        return None;
    }
    let mut clock = Clock::hour_minute_second(&mut ahead)?;
    clock.second?;
    if ahead.eat(b'.') {
        clock.milli = Some(decimal_millis(ahead.ascii(usize::MAX, |b| b.is_ascii_digit()))?);
    }
    let zone = if ahead.eat(b'Z') { Some(Zone::Utc) } else { offset(&mut ahead) };
    *scan = ahead;
    Some(clock.on(Some(year), month, day, zone.unwrap_or(Zone::Unknown), Accuracy::Synchronised))
}

/// The zone after a time of day: `UTC`, `CDT`, `GMT+01:00`, `+0200`, `Europe/Berlin`.
pub(crate) fn zone(scan: &mut Scan<'_>) -> Option<Zone> {
    let mut ahead = *scan;
    let name = ahead.ascii(32, |b| b.is_ascii_alphabetic() || matches!(b, b'/' | b'_'));
    let zone = if name.is_empty() {
        offset(&mut ahead)?
    } else if matches!(name, "UTC" | "GMT" | "Z" | "UT") {
        offset(&mut ahead).unwrap_or(Zone::Utc)
    } else if name.contains('/') || (name.len() <= 5 && name.bytes().all(|b| b.is_ascii_uppercase())) {
        named(name)
    } else {
        return None;
    };
    if ahead.peek().is_some_and(|b| !b.is_ascii_whitespace() && b != b':') {
        return None;
    }
    *scan = ahead;
    Some(zone)
}

fn whole(scan: &mut Scan<'_>) -> Option<Stamp> {
    if let Some(stamp) = rfc3339(scan) {
        return stamp;
    }
    if let Some(stamp) = slashed(scan) {
        return stamp.map(|stamp| with_zone(scan, stamp));
    }
    if WEEKDAYS.iter().any(|day| scan.eat_word(day)) {
        scan.eat(b',');
        scan.blanks();
    }
    let local = calendar(scan)??;
    let mut stamp = with_zone(scan, local);
    let mut ahead = *scan;
    if stamp.year.is_none() && ahead.blanks() {
        stamp.year = Some(four_digits(&mut ahead)?);
        *scan = ahead;
    }
    stamp.checked()
}

fn with_zone(scan: &mut Scan<'_>, stamp: Stamp) -> Stamp {
    let mut ahead = *scan;
    ahead.blanks();
    match zone(&mut ahead) {
        Some(zone) => {
            *scan = ahead;
            Stamp { zone, ..stamp }
        }
        None => stamp,
    }
}

/// `1/15/26 9:00 AM`, `01/15/2026 9:00:05 PM`. Two digits of a year are of this century.
fn slashed(scan: &mut Scan<'_>) -> Shaped {
    let mut ahead = *scan;
    let month = ahead.number::<u8>(2)?;
    let day = ahead.eat(b'/').then(|| ahead.number::<u8>(2))??;
    let year = ahead.eat(b'/').then(|| ahead.number::<i16>(4))??;
    let clock = ahead.blanks().then(|| Clock::read(&mut ahead))??;
    *scan = ahead;
    let year = if year < 100 { year + 2_000 } else { year };
    Some(clock.on(Some(year), month, day, Zone::Unknown, Accuracy::Synchronised))
}

/// A time of day that was read but not checked yet.
#[derive(Clone, Copy)]
struct Clock {
    /// `None` if the hour contradicts its AM or PM.
    hour: Option<u8>,
    minute: u8,
    second: Option<u8>,
    milli: Option<u16>,
}

impl Clock {
    /// `H:MM[:SS][.mmm][ AM|PM[.mmm]]`.
    fn read(scan: &mut Scan<'_>) -> Option<Self> {
        let mut clock = Self::hour_minute_second(scan)?;
        clock.milli = fraction(scan);
        let mut ahead = *scan;
        ahead.blanks();
        let half = if ahead.eat_word("AM") {
            Half::Morning
        } else if ahead.eat_word("PM") {
            Half::Afternoon
        } else {
            return Some(clock);
        };
        if ahead.peek().is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')) {
            return Some(clock);
        }
        clock.hour = clock.hour.and_then(|hour| half.hour(hour));
        clock.milli = fraction(&mut ahead).or(clock.milli);
        *scan = ahead;
        Some(clock)
    }

    fn hour_minute_second(scan: &mut Scan<'_>) -> Option<Self> {
        let hour = scan.number::<u8>(2)?;
        let minute = scan.eat(b':').then(|| scan.number::<u8>(2))??;
        let mut ahead = *scan;
        let second = if ahead.eat(b':') { ahead.number::<u8>(2) } else { None };
        if second.is_some() {
            *scan = ahead;
        }
        Some(Self { hour: Some(hour), minute, second, milli: None })
    }

    fn on(self, year: Option<i16>, month: u8, day: u8, zone: Zone, accuracy: Accuracy) -> Option<Stamp> {
        let Self { hour, minute, second, milli } = self;
        Stamp { year, month, day, hour: hour?, minute, second, milli, zone, accuracy }.checked()
    }
}

#[derive(Clone, Copy)]
enum Half {
    Morning,
    Afternoon,
}

/// `AM.90`, `PM`, and nothing else.
fn half(text: &str) -> Option<(Half, Option<u16>)> {
    let mut scan = Scan::new(text);
    let half = match (scan.eat_word("AM"), scan.eat_word("PM")) {
        (true, _) => Half::Morning,
        (false, true) => Half::Afternoon,
        (false, false) => return None,
    };
    let milli = fraction(&mut scan);
    scan.is_empty().then_some((half, milli))
}

/// Whether this is what stands between the second and the zone of a date of CUCM's, `AM.90`, which some relays take for a host.
pub(crate) fn is_half(text: &str) -> bool {
    half(text).is_some()
}

impl Half {
    /// A 24-hour value beside `PM` is taken as it stands; beside `AM` it is a contradiction.
    const fn hour(self, hour: u8) -> Option<u8> {
        match (self, hour) {
            (Self::Morning, 12) => Some(0),
            (Self::Morning, 0..=11) | (Self::Afternoon, 12..=23) => Some(hour),
            (Self::Afternoon, 1..=11) => Some(hour + 12),
            (Self::Morning | Self::Afternoon, _) => None,
        }
    }
}

fn accuracy(scan: &mut Scan<'_>) -> Accuracy {
    if scan.eat(b'*') {
        Accuracy::NotSynchronised
    } else if scan.eat(b'.') {
        Accuracy::Dubious
    } else {
        Accuracy::Synchronised
    }
}

fn month(name: &str) -> Option<u8> {
    (1..).zip(MONTHS).find(|(_, month)| month.eq_ignore_ascii_case(name)).map(|(number, _)| number)
}

fn year(scan: &mut Scan<'_>) -> Option<i16> {
    let mut ahead = *scan;
    let year = four_digits(&mut ahead)?;
    if !ahead.blanks() {
        return None;
    }
    *scan = ahead;
    Some(year)
}

fn four_digits(scan: &mut Scan<'_>) -> Option<i16> {
    let mut ahead = *scan;
    let digits = ahead.take(4).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))?;
    let year = digits.parse().ok()?;
    if ahead.peek().is_some_and(|b| b.is_ascii_digit()) {
        return None;
    }
    *scan = ahead;
    Some(year)
}

/// `.484`; a point without digits is read and means nothing.
fn fraction(scan: &mut Scan<'_>) -> Option<u16> {
    if !scan.eat(b'.') {
        return None;
    }
    let digits = scan.ascii(usize::MAX, |b| b.is_ascii_digit());
    if digits.len() > 3 { decimal_millis(digits) } else { digits.parse().ok() }
}

/// The digits of a decimal fraction of a second, in milliseconds, rounded down: `1` is 100.
fn decimal_millis(digits: &str) -> Option<u16> {
    if digits.is_empty() {
        return None;
    }
    let digit = |n: usize| digits.as_bytes().get(n).map_or(0, |b| u16::from(b - b'0'));
    Some(digit(0) * 100 + digit(1) * 10 + digit(2))
}

/// `+02:00`, `-0700`.
fn offset(scan: &mut Scan<'_>) -> Option<Zone> {
    let mut ahead = *scan;
    let east = if ahead.eat(b'+') {
        1
    } else if ahead.eat(b'-') {
        -1
    } else {
        return None;
    };
    let hours = two_digits(&mut ahead).filter(|&hours| hours < 24)?;
    ahead.eat(b':');
    let minutes = two_digits(&mut ahead).filter(|&minutes| minutes < 60)?;
    *scan = ahead;
    Some(match east * (hours * 60 + minutes) {
        0 => Zone::Utc,
        offset => Zone::OffsetMinutes(offset),
    })
}

fn two_digits(scan: &mut Scan<'_>) -> Option<i16> {
    scan.take(2).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))?.parse().ok()
}

fn named(name: &str) -> Zone {
    NAMED_ZONES
        .iter()
        .find(|&&(known, _)| known == name)
        .map_or(Zone::Unknown, |&(_, minutes)| if minutes == 0 { Zone::Utc } else { Zone::OffsetMinutes(minutes) })
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// Abbreviations with one meaning in practice. CST, BST and IST are left out: China, Bangladesh and India (or Israel) use them
/// too, and a wrong offset is worse than none.
const NAMED_ZONES: [(&str, i16); 18] = [
    ("EST", -300),
    ("EDT", -240),
    ("CDT", -300),
    ("MST", -420),
    ("MDT", -360),
    ("PST", -480),
    ("PDT", -420),
    ("AKST", -540),
    ("AKDT", -480),
    ("HST", -600),
    ("WET", 0),
    ("WEST", 60),
    ("CET", 60),
    ("CEST", 120),
    ("MET", 60),
    ("MEST", 120),
    ("EET", 120),
    ("EEST", 180),
];

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Stamp = Stamp {
        year: Some(2026),
        month: 1,
        day: 15,
        hour: 8,
        minute: 21,
        second: Some(5),
        milli: None,
        zone: Zone::Unknown,
        accuracy: Accuracy::Synchronised,
    };

    #[test]
    fn every_form_on_the_wire_gives_its_fields() {
        let utc = Stamp { zone: Zone::Utc, ..AT };
        let cases = [
            ("Jan 15 2026 08:21:05 UTC", utc),
            ("Jan 15 2026 08:21:05.090 UTC", Stamp { milli: Some(90), ..utc }),
            ("Jan 15 2026 08:21:05.1 UTC", Stamp { milli: Some(1), ..utc }),
            ("Jan 15 2026 08:21:05.19 GMT", Stamp { milli: Some(19), ..utc }),
            ("Jan 15 2026 08:21:05.123456 UTC", Stamp { milli: Some(123), ..utc }),
            ("Jan 15 2026 08:21:05 AM.484 UTC", Stamp { milli: Some(484), ..utc }),
            (
                "Jan 15 2026 04:03:01 PM.688 UTC",
                Stamp { hour: 16, minute: 3, second: Some(1), milli: Some(688), ..utc },
            ),
            ("Jan 15 2026 12:21:05 AM UTC", Stamp { hour: 0, ..utc }),
            ("Jan 15 2026 12:21:05 PM UTC", Stamp { hour: 12, ..utc }),
            ("JAN 5 08:21:05", Stamp { year: None, day: 5, ..AT }),
            (
                "*Jan  5 08:21:05.411",
                Stamp { year: None, day: 5, milli: Some(411), accuracy: Accuracy::NotSynchronised, ..AT },
            ),
            (".Jan 15 2026 08:21:05 CDT", Stamp { zone: Zone::OffsetMinutes(-300), accuracy: Accuracy::Dubious, ..AT }),
            ("Jan 15 2026 08:21:05 GMT+00:00", utc),
            ("Jan 15 2026 08:21:05 GMT+05:30", Stamp { zone: Zone::OffsetMinutes(330), ..AT }),
            ("Jan 15 2026 08:21:05 CST", AT),
            ("Jan 15 2026 08:21:05 Europe/Berlin", AT),
            ("2026-01-15T08:21:05Z", utc),
            ("2026-01-15T08:21:05.1+01:00", Stamp { milli: Some(100), zone: Zone::OffsetMinutes(60), ..AT }),
            ("2026-01-15T08:21:05.000003-07:00", Stamp { milli: Some(0), zone: Zone::OffsetMinutes(-420), ..AT }),
            ("2026-01-15 08:21:05", AT),
            ("Thu Jan 15 08:21:05 UTC 2026", utc),
            ("Thu Jan 15 08:21:05 EST 2026", Stamp { zone: Zone::OffsetMinutes(-300), ..AT }),
            ("1/15/26 8:21 AM", Stamp { second: None, ..AT }),
            ("01/15/26 8:21 PM", Stamp { hour: 20, second: None, ..AT }),
            ("01/15/2026 08:21:05 AM", AT),
        ];
        for (text, stamp) in cases {
            assert_eq!(Stamp::parse(text), Some(stamp), "{text}");
        }
    }

    #[test]
    fn what_no_calendar_has_is_not_a_stamp() {
        for text in [
            "",
            "Invalid timestamp format",
            "Feb 30 2026 08:21:05 UTC",
            "Feb 29 2026 08:21:05 UTC",
            "Jan 15 2026 24:00:00 UTC",
            "Jan 15 2026 08:60:00 UTC",
            "Jan 15 2026 13:00:00 AM UTC",
            "Jan 0 08:21:05",
            "Jan 15 2026",
            "15/1/26 9:00 AM",
            "2026-13-01T00:00:00Z",
            "2026-01-15T08:21:05+24:00",
            "2026-01-15T08:21:05Z+01:00",
            "Jan 15 2026 08:21:05 UTC and more",
        ] {
            assert_eq!(Stamp::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_missing_year_is_the_one_nearest_to_the_receipt() {
        let wall = |text: &str, near: &str| {
            let near = Stamp::parse(near).unwrap().to_wall(Wall::from_millis(0)).unwrap();
            Stamp::parse(text).unwrap().to_wall(near).map(|wall| wall.to_string())
        };
        let cases = [
            ("Dec 31 23:59:59", "2026-01-01T00:00:05Z", Some("2025-12-31T23:59:59.000Z")),
            ("Jan  1 00:00:01", "2025-12-31T23:59:58Z", Some("2026-01-01T00:00:01.000Z")),
            ("Jan 15 08:21:05.090", "2026-01-15T08:21:06Z", Some("2026-01-15T08:21:05.090Z")),
            ("Feb 29 08:00:00", "2027-12-01T00:00:00Z", Some("2028-02-29T08:00:00.000Z")),
            ("Feb 29 08:00:00", "2026-03-01T00:00:00Z", None),
            ("2026-01-15T08:21:05+01:00", "1990-01-01T00:00:00Z", Some("2026-01-15T07:21:05.000Z")),
        ];
        for (text, near, expected) in cases {
            assert_eq!(wall(text, near).as_deref(), expected, "{text} near {near}");
        }
    }

    #[test]
    fn the_precision_is_the_last_field_written() {
        let precision = |text: &str| Stamp::parse(text).map(Stamp::precision_ms);
        assert_eq!(precision("1/15/26 9:00 AM"), Some(60_000));
        assert_eq!(precision("Jan 15 08:21:05"), Some(1_000));
        assert_eq!(precision("Jan 15 08:21:05.1"), Some(1));
    }
}
