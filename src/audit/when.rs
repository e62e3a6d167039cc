//! Dates and times of day as other systems print them, to one time in UTC.

use jiff::civil::{Date, DateTime, Time};

use crate::units::Wall;
use crate::wire::LocalZone;

/// Which of two numbers is the day, where a date in numbers does not say: `03/04/2026`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DayOrder {
    /// 4 March.
    #[default]
    MonthFirst,
    /// 3 April.
    DayFirst,
}

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// A date and a time of day in this zone; UTC without one. Of a local hour that occurs twice, the one nearer to `near`.
pub(super) fn read(date: &str, time: &str, order: DayOrder, zone: Option<&LocalZone>, near: Wall) -> Option<Wall> {
    let at = DateTime::from_parts(day(date, order)?, time_of_day(time)?);
    match zone {
        Some(zone) => zone.to_wall(at, near),
        None => LocalZone::fixed(0)?.to_wall(at, near),
    }
}

/// `2026-01-15`, `2026/1/15`, `15-Jan-2026`, `Jan 15, 2026`, `01/15/2026`.
fn day(text: &str, order: DayOrder) -> Option<Date> {
    let mut parts = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty());
    let (a, b, c) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let (year, month, day) = match (number(a), number(b), number(c)) {
        (Some(year), Some(month), Some(day)) if a.len() == 4 => (year, month, day),
        (Some(first), Some(second), Some(year)) if c.len() == 4 => match order {
            _ if first > 12 => (year, second, first),
            _ if second > 12 => (year, first, second),
            DayOrder::MonthFirst => (year, first, second),
            DayOrder::DayFirst => (year, second, first),
        },
        (Some(year), None, Some(day)) if a.len() == 4 => (year, month(b)?, day),
        (Some(day), None, Some(year)) if c.len() == 4 => (year, month(b)?, day),
        (None, Some(day), Some(year)) if c.len() == 4 => (year, month(a)?, day),
        (_, _, _) => return None,
    };
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// `9:31`, `09:31:12`, `09:31:12.345`, `09:31:12 PM`.
fn time_of_day(text: &str) -> Option<Time> {
    let text = text.trim();
    let lower = text.to_ascii_lowercase();
    let (clock, half) = match (lower.strip_suffix("am"), lower.strip_suffix("pm")) {
        (Some(clock), _) => (clock, Some(false)),
        (_, Some(clock)) => (clock, Some(true)),
        (None, None) => (lower.trim_end_matches('z'), None),
    };
    let (clock, fraction) = clock.trim().split_once('.').unwrap_or((clock.trim(), ""));
    let mut parts = clock.split(':').map(number);
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next().unwrap_or(Some(0))?);
    let hour = match half {
        Some(_) if !(1..=12).contains(&hour) => return None,
        Some(is_pm) => hour % 12 + if is_pm { 12 } else { 0 },
        None => hour,
    };
    let digits = fraction.bytes().all(|b| b.is_ascii_digit()) && fraction.len() <= 9;
    let nanos = if digits { format!("{fraction:0<9}").parse::<i32>().ok()? } else { return None };
    if parts.next().is_some() {
        return None;
    }
    let small = |n: i16| i8::try_from(n).ok();
    Time::new(small(hour)?, small(minute)?, small(second)?, nanos).ok()
}

fn month(name: &str) -> Option<i16> {
    let short = name.get(..3)?.to_ascii_lowercase();
    let at = MONTHS.iter().position(|month| *month == short)?;
    i16::try_from(at + 1).ok()
}

fn number(text: &str) -> Option<i16> {
    (text.len() <= 4 && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(date: &str, time: &str, order: DayOrder) -> Option<String> {
        read(date, time, order, None, Wall::default()).map(|wall| wall.to_string())
    }

    #[test]
    fn a_date_is_read_in_every_plausible_notation() {
        let dates =
            ["2026-01-15", "2026/1/15", "15-Jan-2026", "January 15, 2026", "2026-Jan-15", "01/15/2026", "15.01.2026"];
        for date in dates {
            assert_eq!(
                utc(date, "09:31:12", DayOrder::MonthFirst).as_deref(),
                Some("2026-01-15T09:31:12.000Z"),
                "{date}"
            );
        }
        assert_eq!(utc("03/04/2026", "0:00", DayOrder::MonthFirst).as_deref(), Some("2026-03-04T00:00:00.000Z"));
        assert_eq!(utc("03/04/2026", "0:00", DayOrder::DayFirst).as_deref(), Some("2026-04-03T00:00:00.000Z"));
        for date in ["", "2026-13-01", "2026-02-30", "15/01/26", "1/2", "Foo 15 2026", "2026-01-15-02", "é 1 2026"] {
            assert_eq!(utc(date, "09:31:12", DayOrder::MonthFirst), None, "{date}");
        }
    }

    #[test]
    fn a_time_of_day_keeps_its_afternoon_and_its_milliseconds() {
        let at = |time: &str| {
            utc("2026-01-15", time, DayOrder::MonthFirst)
                .and_then(|text| Some(text.split_once('T')?.1.trim_end_matches('Z').to_owned()))
        };
        for (time, read) in [
            ("9:31", "09:31:00.000"),
            ("12:00:00 AM", "00:00:00.000"),
            ("12:00:00 pm", "12:00:00.000"),
            ("09:31:12PM", "21:31:12.000"),
            ("09:31:12.09", "09:31:12.090"),
        ] {
            assert_eq!(at(time).as_deref(), Some(read), "{time}");
        }
        for time in ["", "25:00", "13:00 PM", "9", "9:61", "09:31:12.x", "1:2:3:4"] {
            assert_eq!(at(time), None, "{time}");
        }
    }

    #[test]
    fn a_local_time_is_in_the_zone_of_its_controller() {
        let zone = LocalZone::fixed(60).unwrap();
        let at = read("2026-01-15", "09:31:12", DayOrder::MonthFirst, Some(&zone), Wall::default());
        assert_eq!(at.map(|wall| wall.to_string()).as_deref(), Some("2026-01-15T08:31:12.000Z"));
    }
}
