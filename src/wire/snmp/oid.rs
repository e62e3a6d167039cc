//! Object identifiers (RFC 2578 section 3.5): at most 128 sub-identifiers, each at most 2^32-1.
//!
//! [`Oid`] is ours (a constant, or configured); [`OidRef`] is the sender's, still in its BER octets and checked once, so
//! that neither decoding nor comparing allocates. Refuses sub-identifiers with leading zero octets (X.690 section 8.19.2):
//! one identifier has one spelling.

use core::fmt;
use core::str::FromStr;
use std::borrow::Cow;

use crate::wire::DecodeError;

/// The most sub-identifiers that an object identifier can have.
pub const MAX_SUB_IDS: usize = 128;

const FIELD: &str = "object identifier";

/// An object identifier of our own: 2 to 128 sub-identifiers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Oid(Cow<'static, [u32]>);

impl Oid {
    /// A constant.
    ///
    /// # Panics
    ///
    /// If `ids` is not a legal object identifier; in a `const` or `static` that is a compile error.
    #[must_use]
    pub const fn known(ids: &'static [u32]) -> Self {
        assert!(is_legal(ids), "not a legal object identifier");
        Self(Cow::Borrowed(ids))
    }

    /// The object identifier with these sub-identifiers.
    ///
    /// # Errors
    ///
    /// Fewer than 2 or more than 128 sub-identifiers, or a first pair that BER cannot express (above `2`, or from `0.40`
    /// and `1.40`).
    pub fn new(ids: Vec<u32>) -> Result<Self, DecodeError> {
        if ids.len() > MAX_SUB_IDS {
            return Err(DecodeError::Limit(FIELD));
        }
        if is_legal(&ids) { Ok(Self(Cow::Owned(ids))) } else { Err(DecodeError::Invalid(FIELD)) }
    }

    /// This object identifier continued by `ids`.
    ///
    /// # Errors
    ///
    /// More than 128 sub-identifiers.
    pub fn child(&self, ids: &[u32]) -> Result<Self, DecodeError> {
        Self::new(self.0.iter().chain(ids).copied().collect())
    }

    /// Its sub-identifiers.
    #[must_use]
    pub fn sub_ids(&self) -> &[u32] {
        &self.0
    }
}

const fn is_legal(ids: &[u32]) -> bool {
    match ids {
        [0 | 1, 0..=39, rest @ ..] | [2, _, rest @ ..] => rest.len() <= MAX_SUB_IDS - 2,
        [] | [_] | [_, _, ..] => false,
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_dotted(f, self.0.iter().copied())
    }
}

/// Reads `1.3.6.1`; a leading dot, as net-snmp writes it, is allowed.
impl FromStr for Oid {
    type Err = DecodeError;

    fn from_str(text: &str) -> Result<Self, DecodeError> {
        let dotted = text.strip_prefix('.').unwrap_or(text);
        let ids: Result<Vec<u32>, DecodeError> =
            dotted.split('.').take(MAX_SUB_IDS + 1).map(sub_id_from_text).collect();
        Self::new(ids?)
    }
}

fn sub_id_from_text(text: &str) -> Result<u32, DecodeError> {
    // `parse` would also take a sign.
    if text.bytes().all(|b| b.is_ascii_digit()) {
        text.parse().or(Err(DecodeError::Invalid(FIELD)))
    } else {
        Err(DecodeError::Invalid(FIELD))
    }
}

pub(super) fn write_dotted(f: &mut fmt::Formatter<'_>, ids: impl Iterator<Item = u32>) -> fmt::Result {
    for (position, id) in ids.enumerate() {
        if position > 0 {
            f.write_str(".")?;
        }
        write!(f, "{id}")?;
    }
    Ok(())
}

/// An object identifier as it was sent: the content octets, known to be legal.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct OidRef<'a>(&'a [u8]);

impl<'a> OidRef<'a> {
    /// Checks the content octets (without tag and length).
    ///
    /// # Errors
    ///
    /// No octets, an unfinished or padded sub-identifier, one above 2^32-1, or more than 128 of them.
    pub fn from_ber(content: &'a [u8]) -> Result<Self, DecodeError> {
        if content.is_empty() {
            return Err(DecodeError::Invalid(FIELD));
        }
        let (first, mut rest) = sub_identifier(content)?;
        // The first octets hold two sub-identifiers: X * 40 + Y (X.690 section 8.19.4).
        let mut count = 2;
        split_pair(first)?;
        while !rest.is_empty() {
            let (id, tail) = sub_identifier(rest)?;
            u32::try_from(id).or(Err(DecodeError::Limit(FIELD)))?;
            count += 1;
            if count > MAX_SUB_IDS {
                return Err(DecodeError::Limit(FIELD));
            }
            rest = tail;
        }
        Ok(Self(content))
    }

    /// Its sub-identifiers.
    #[must_use]
    pub const fn sub_ids(self) -> SubIds<'a> {
        SubIds { rest: self.0, position: Position::First }
    }

    /// Whether it is `prefix` or lies below it.
    #[must_use]
    pub fn starts_with(self, prefix: &[u32]) -> bool {
        self.strip_prefix(prefix).is_some()
    }

    /// What follows `prefix`, if it is `prefix` or lies below it.
    #[must_use]
    pub fn strip_prefix(self, prefix: &[u32]) -> Option<SubIds<'a>> {
        let mut ids = self.sub_ids();
        prefix.iter().all(|&id| ids.next() == Some(id)).then_some(ids)
    }

    /// A copy that outlives the message.
    ///
    /// # Errors
    ///
    /// None for an identifier that [`from_ber`](Self::from_ber) accepted.
    pub fn to_oid(self) -> Result<Oid, DecodeError> {
        Oid::new(self.sub_ids().collect())
    }
}

impl PartialEq<[u32]> for OidRef<'_> {
    fn eq(&self, other: &[u32]) -> bool {
        self.sub_ids().eq(other.iter().copied())
    }
}

impl PartialEq<Oid> for OidRef<'_> {
    fn eq(&self, other: &Oid) -> bool {
        *self == *other.sub_ids()
    }
}

impl fmt::Display for OidRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_dotted(f, self.sub_ids())
    }
}

impl fmt::Debug for OidRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OidRef({self})")
    }
}

/// The sub-identifiers of an [`OidRef`], in order.
#[derive(Clone, Debug)]
pub struct SubIds<'a> {
    rest: &'a [u8],
    position: Position,
}

#[derive(Clone, Copy, Debug)]
enum Position {
    First,
    Second(u32),
    Later,
}

impl Iterator for SubIds<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        if let Position::Second(second) = self.position {
            self.position = Position::Later;
            return Some(second);
        }
        // `OidRef::from_ber` has seen every octet: no error is left to meet here.
        let (id, rest) = sub_identifier(self.rest).ok()?;
        self.rest = rest;
        match self.position {
            Position::First => {
                let (first, second) = split_pair(id).ok()?;
                self.position = Position::Second(second);
                Some(first)
            }
            Position::Second(_) | Position::Later => u32::try_from(id).ok(),
        }
    }
}

fn split_pair(id: u64) -> Result<(u32, u32), DecodeError> {
    let (first, second) = match id {
        0..=39 => (0, id),
        40..=79 => (1, id - 40),
        80.. => (2, id - 80),
    };
    Ok((first, u32::try_from(second).or(Err(DecodeError::Limit(FIELD)))?))
}

/// The number at the head of `octets`, seven bits an octet, and what follows it. At most 2^32-1 + 80.
fn sub_identifier(octets: &[u8]) -> Result<(u64, &[u8]), DecodeError> {
    if octets.first() == Some(&0x80) {
        return Err(DecodeError::Invalid(FIELD));
    }
    let mut value = 0_u64;
    let mut rest = octets;
    while let Some((&octet, tail)) = rest.split_first() {
        value = (value << 7) | u64::from(octet & 0x7f);
        if value > u64::from(u32::MAX) + 80 {
            return Err(DecodeError::Limit(FIELD));
        }
        rest = tail;
        if octet & 0x80 == 0 {
            return Ok((value, rest));
        }
    }
    Err(DecodeError::Truncated(FIELD))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::snmp::ber::{Cursor, OBJECT_IDENTIFIER, Writer};

    fn encoded(ids: &[u32]) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.oid(ids);
        Cursor::new(&writer.into_bytes()).content(OBJECT_IDENTIFIER, "oid").unwrap().to_vec()
    }

    #[test]
    fn text_becomes_an_identifier_and_text_again() {
        assert_eq!("1.3.6.1.4.1.9".parse::<Oid>().unwrap().to_string(), "1.3.6.1.4.1.9");
        assert_eq!(".1.3.6.4294967295".parse::<Oid>().unwrap().to_string(), "1.3.6.4294967295");
        for bad in
            ["", ".", "1", "3.1", "1.40", "0.40", "1..3", "1.3.", "1.+3", "1.-3", "1.3.4294967296", "1.3.x", " 1.3"]
        {
            assert_eq!(bad.parse::<Oid>(), Err(DecodeError::Invalid("object identifier")), "{bad}");
        }
    }

    #[test]
    fn an_identifier_ends_at_128_sub_identifiers() {
        let longest = Oid::known(&[1, 3]).child(&[7; 126]).unwrap();
        assert_eq!(longest.child(&[1]), Err(DecodeError::Limit("object identifier")));
        assert_eq!(longest.to_string().parse(), Ok(longest.clone()));
        assert_eq!(format!("{longest}.1").parse::<Oid>(), Err(DecodeError::Limit("object identifier")));
        let mut octets = encoded(longest.sub_ids());
        assert_eq!(OidRef::from_ber(&octets).unwrap(), longest);
        octets.push(1);
        assert_eq!(OidRef::from_ber(&octets), Err(DecodeError::Limit("object identifier")));
    }

    #[test]
    fn octets_and_sub_identifiers_say_the_same() {
        let cases: [(&[u32], &[u8]); 7] = [
            (&[1, 3, 6, 1, 4, 1, 9], &[0x2b, 6, 1, 4, 1, 9]),
            (&[0, 0], &[0]),
            (&[0, 39], &[39]),
            (&[1, 39, 0], &[79, 0]),
            (&[2, 999, 3], &[0x88, 0x37, 3]),
            (&[2, u32::MAX, 128], &[0x90, 0x80, 0x80, 0x80, 0x4f, 0x81, 0x00]),
            (&[1, 3, u32::MAX], &[0x2b, 0x8f, 0xff, 0xff, 0xff, 0x7f]),
        ];
        for (ids, octets) in cases {
            assert_eq!(encoded(ids), octets);
            assert_eq!(OidRef::from_ber(octets).unwrap(), *ids);
        }
    }

    #[test]
    fn octets_that_are_no_identifier_are_refused() {
        let refused = |octets| OidRef::from_ber(octets).unwrap_err();
        assert_eq!(refused(&[]), DecodeError::Invalid("object identifier"));
        assert_eq!(refused(&[0x2b, 0x86]), DecodeError::Truncated("object identifier"));
        assert_eq!(refused(&[0x2b, 0x80, 0x01]), DecodeError::Invalid("object identifier"));
        assert_eq!(refused(&[0x80]), DecodeError::Invalid("object identifier"));
        assert_eq!(refused(&[0x2b, 0x90, 0x80, 0x80, 0x80, 0x00]), DecodeError::Limit("object identifier"));
        assert_eq!(refused(&[0x2b, 255, 255, 255, 255, 255, 255, 255, 127]), DecodeError::Limit("object identifier"));
        assert_eq!(refused(&[0x90, 0x80, 0x80, 0x80, 0x50]), DecodeError::Limit("object identifier"));
    }

    #[test]
    fn a_prefix_gives_what_lies_below_it() {
        let octets = encoded(&[1, 3, 6, 1, 2, 1, 2, 2, 1, 8, 300]);
        let oid = OidRef::from_ber(&octets).unwrap();
        let below: Vec<u32> = oid.strip_prefix(&[1, 3, 6, 1, 2, 1, 2, 2, 1]).unwrap().collect();
        assert_eq!(below, [8, 300]);
        assert_eq!(oid.strip_prefix(oid.to_oid().unwrap().sub_ids()).unwrap().count(), 0);
        assert!(!oid.starts_with(&[1, 3, 6, 1, 4]));
        assert!(!oid.starts_with(&[1, 3, 6, 1, 2, 1, 2, 2, 1, 8, 300, 0]));
        assert_eq!(oid.to_string(), "1.3.6.1.2.1.2.2.1.8.300");
    }
}
