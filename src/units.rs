//! Time and bounded text: the units that every other module speaks.

use core::fmt;
use core::ops::{Add, Sub};

use serde::{Deserialize, Serialize};

/// A length of time, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span(u64);

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// This many milliseconds.
    #[must_use]
    pub const fn millis(ms: u64) -> Self {
        Self(ms)
    }

    /// This many seconds.
    #[must_use]
    pub const fn secs(s: u64) -> Self {
        Self(s.saturating_mul(1_000))
    }

    /// This many minutes.
    #[must_use]
    pub const fn mins(m: u64) -> Self {
        Self(m.saturating_mul(60_000))
    }

    /// In milliseconds.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// In whole seconds, rounded down.
    #[must_use]
    pub const fn as_secs(self) -> u64 {
        self.0 / 1_000
    }

    /// Whether this is no time at all.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }
}

/// A point on the engine's own time line, in milliseconds. It never runs backwards and survives restarts: the store keeps
/// the last point, and a new run continues from it (plus the time that passed, where the wall clock can be believed).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Mono(u64);

impl Mono {
    /// The beginning of the time line.
    pub const ZERO: Self = Self(0);
    /// Where the first run begins: a day in, so that what happened before, and is told late, has its place.
    pub const FIRST: Self = Self(86_400_000);

    /// The point this many milliseconds after the beginning.
    #[must_use]
    pub const fn from_millis(ms: u64) -> Self {
        Self(ms)
    }

    /// Milliseconds after the beginning.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// The time since `earlier`; zero if `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Span> for Mono {
    type Output = Self;

    fn add(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl Sub<Span> for Mono {
    type Output = Self;

    fn sub(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.0))
    }
}

/// A wall-clock time: milliseconds since 1970-01-01T00:00:00Z, without leap seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Wall(i64);

impl Wall {
    /// The time this many milliseconds after the epoch.
    #[must_use]
    pub const fn from_millis(ms: i64) -> Self {
        Self(ms)
    }

    /// Milliseconds after the epoch.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// The distance to `other`, whichever is later.
    #[must_use]
    pub const fn distance(self, other: Self) -> Span {
        Span(self.0.abs_diff(other.0))
    }

    /// This time moved later by `span`.
    #[must_use]
    pub fn plus(self, span: Span) -> Self {
        Self(self.0.saturating_add_unsigned(span.0))
    }

    /// This time moved earlier by `span`.
    #[must_use]
    pub fn minus(self, span: Span) -> Self {
        Self(self.0.saturating_sub_unsigned(span.0))
    }
}

/// RFC 3339 with milliseconds, in UTC: `2026-01-15T08:21:05.090Z`. A time outside the years -9999 to 9999 prints as the nearest.
impl fmt::Display for Wall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = jiff::Timestamp::from_millisecond(self.0).unwrap_or(if self.0 < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        });
        write!(f, "{time:.3}")
    }
}

/// Published (human-readable) formats get RFC 3339, the store's records get the number.
impl Serialize for Wall {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() { serializer.collect_str(self) } else { serializer.serialize_i64(self.0) }
    }
}

impl<'de> Deserialize<'de> for Wall {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = String::deserialize(deserializer)?;
            let time: jiff::Timestamp = text.parse().map_err(serde::de::Error::custom)?;
            Ok(Self(time.as_millisecond()))
        } else {
            i64::deserialize(deserializer).map(Self)
        }
    }
}

/// What the clocks say at one moment: the engine decides on `mono`; `wall` is for the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Where the engine's time line stands.
    pub mono: Mono,
    /// What the wall clock shows.
    pub wall: Wall,
    /// Whether the system believes its wall clock (NTP has set it).
    pub synchronised: bool,
}

/// Text from the wire, made safe once: at most `N` bytes, no control character, no bidirectional or invisible mark.
///
/// What is not safe is written as `\u{…}`. Longer text is cut at a character and ends in `~` and eight hexadecimal digits of
/// a hash of the whole, so that two long names that differ stay different.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Text<const N: usize>(heapless::String<N>);

impl<const N: usize> Text<N> {
    /// The empty text.
    #[must_use]
    pub const fn new() -> Self {
        Self(heapless::String::new())
    }

    /// Makes `raw` safe and bounds it. Blanks at both ends are dropped.
    #[must_use]
    pub fn from_wire(raw: &str) -> Self {
        let raw = raw.trim();
        let mut text = heapless::String::new();
        for c in raw.chars() {
            let pushed = if is_safe(c) { text.push(c).is_ok() } else { push_escaped(&mut text, c) };
            if !pushed {
                return Self(shortened(text, raw));
            }
        }
        Self(text)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<const N: usize> fmt::Display for Text<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether a character can be shown, logged and published as it is.
#[must_use]
pub fn is_safe(c: char) -> bool {
    !(c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'))
}

fn push_escaped<const N: usize>(text: &mut heapless::String<N>, c: char) -> bool {
    let mut escaped = heapless::String::<16>::new();
    for part in c.escape_unicode() {
        if escaped.push(part).is_err() {
            return false;
        }
    }
    text.push_str(&escaped).is_ok()
}

fn shortened<const N: usize>(mut text: heapless::String<N>, raw: &str) -> heapless::String<N> {
    while text.len() + 9 > N {
        if text.pop().is_none() {
            return text;
        }
    }
    let hash = siphasher::sip::SipHasher13::new().hash(raw.as_bytes());
    // Room was made above.
    let _full = fmt::write(&mut text, format_args!("~{:08x}", hash & 0xffff_ffff));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wall_time_prints_as_rfc_3339_with_milliseconds() {
        assert_eq!(Wall::from_millis(1_768_465_265_090).to_string(), "2026-01-15T08:21:05.090Z");
        assert_eq!(Wall::from_millis(0).to_string(), "1970-01-01T00:00:00.000Z");
        assert_eq!(Wall::from_millis(-1).to_string(), "1969-12-31T23:59:59.999Z");
    }

    #[test]
    fn text_from_the_wire_shows_what_it_hides() {
        assert_eq!(Text::<64>::from_wire(" jdoe\t").as_str(), "jdoe");
        assert_eq!(Text::<64>::from_wire("a\u{1b}[2Jb").as_str(), "a\\u{1b}[2Jb");
        assert_eq!(Text::<64>::from_wire("eve\u{202e}x").as_str(), "eve\\u{202e}x");
        assert_eq!(Text::<64>::from_wire("山田").as_str(), "山田");
    }

    #[test]
    fn long_text_is_bounded_and_stays_distinct() {
        let a = Text::<32>::from_wire(&format!("{}a", "x".repeat(100)));
        let b = Text::<32>::from_wire(&format!("{}b", "x".repeat(100)));
        assert_eq!((a.as_str().len(), b.as_str().len()), (32, 32));
        assert_ne!(a, b);
    }
}
