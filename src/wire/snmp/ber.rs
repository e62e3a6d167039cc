//! The octets of SNMP: tag, length, value (X.690 as RFC 3417 section 8 narrows it), read by one cursor and written by one writer. A
//! certificate's are read by the same cursor.
//!
//! Refuses indefinite and reserved lengths, lengths of more than four octets, tag numbers above 30, and simple types in
//! constructed form. Accepts lengths that are longer than they need be. Every read can fail; nothing here copies.

use snmp_parser::asn1_rs::Integer;

use crate::wire::DecodeError;

pub(in crate::wire) const INTEGER: u8 = 0x02;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const NULL: u8 = 0x05;
pub(super) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(in crate::wire) const SEQUENCE: u8 = 0x30;
pub(super) const IP_ADDRESS: u8 = 0x40;
pub(super) const COUNTER32: u8 = 0x41;
pub(super) const UNSIGNED32: u8 = 0x42;
pub(super) const TIME_TICKS: u8 = 0x43;
pub(super) const OPAQUE: u8 = 0x44;
pub(super) const COUNTER64: u8 = 0x46;
/// `UInteger32` of RFC 1442, which later became `Unsigned32` with another tag; old agents still send it.
pub(super) const UINTEGER32: u8 = 0x47;
pub(super) const NO_SUCH_OBJECT: u8 = 0x80;
pub(super) const NO_SUCH_INSTANCE: u8 = 0x81;
pub(super) const END_OF_MIB_VIEW: u8 = 0x82;
pub(super) const GET_PDU: u8 = 0xa0;
pub(super) const GET_NEXT_PDU: u8 = 0xa1;
pub(super) const RESPONSE_PDU: u8 = 0xa2;
pub(super) const SET_PDU: u8 = 0xa3;
pub(super) const TRAP_V1_PDU: u8 = 0xa4;
pub(super) const GET_BULK_PDU: u8 = 0xa5;
pub(super) const INFORM_PDU: u8 = 0xa6;
pub(super) const TRAP_V2_PDU: u8 = 0xa7;
pub(super) const REPORT_PDU: u8 = 0xa8;

/// One element: its tag, its content, and both with the length between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::wire) struct Tlv<'a> {
    pub(in crate::wire) tag: u8,
    pub(in crate::wire) content: &'a [u8],
    pub(super) whole: &'a [u8],
}

/// Reads elements one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::wire) struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    pub(in crate::wire) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) const fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    pub(super) const fn rest(self) -> &'a [u8] {
        self.0
    }

    /// The next element, whatever it is.
    pub(in crate::wire) fn tlv(&mut self, field: &'static str) -> Result<Tlv<'a>, DecodeError> {
        let start = self.0;
        let (&tag, after_tag) = start.split_first().ok_or(DecodeError::Missing(field))?;
        if tag & 0x1f == 0x1f {
            return Err(DecodeError::Invalid(field));
        }
        let (length, after_length) = length(after_tag, field)?;
        let (content, rest) = after_length.split_at_checked(length).ok_or(DecodeError::Truncated(field))?;
        let whole = start.get(..start.len() - rest.len()).ok_or(DecodeError::Truncated(field))?;
        self.0 = rest;
        Ok(Tlv { tag, content, whole })
    }

    /// The content of the next element, which must carry `tag`.
    pub(in crate::wire) fn content(&mut self, tag: u8, field: &'static str) -> Result<&'a [u8], DecodeError> {
        let tlv = self.tlv(field)?;
        if tlv.tag == tag { Ok(tlv.content) } else { Err(DecodeError::Invalid(field)) }
    }

    /// The next element, an INTEGER of 32 bits.
    pub(super) fn integer(&mut self, field: &'static str) -> Result<i32, DecodeError> {
        let content = self.content(INTEGER, field)?;
        if content.is_empty() {
            return Err(DecodeError::Invalid(field));
        }
        Integer::new(content).as_i32().or(Err(DecodeError::Invalid(field)))
    }

    /// The next element, TimeTicks: hundredths of a second.
    pub(super) fn time_ticks(&mut self, field: &'static str) -> Result<u32, DecodeError> {
        let content = self.content(TIME_TICKS, field)?;
        if content.is_empty() {
            return Err(DecodeError::Invalid(field));
        }
        Integer::new(content).as_u32().or(Err(DecodeError::Invalid(field)))
    }

    /// Nothing may be left of `field`.
    pub(in crate::wire) const fn end(self, field: &'static str) -> Result<(), DecodeError> {
        if self.0.is_empty() { Ok(()) } else { Err(DecodeError::Trailing(field)) }
    }
}

/// The length octets at the head of `bytes`, and what follows them.
fn length<'a>(bytes: &'a [u8], field: &'static str) -> Result<(usize, &'a [u8]), DecodeError> {
    let (&first, rest) = bytes.split_first().ok_or(DecodeError::Truncated(field))?;
    match first {
        0..=0x7f => Ok((usize::from(first), rest)),
        // "When encoding the length field, only the definite form is used" (RFC 3417 section 8 (1)).
        0x80 | 0xff => Err(DecodeError::Invalid(field)),
        0x81..=0x84 => {
            let (octets, rest) =
                rest.split_at_checked(usize::from(first & 0x7f)).ok_or(DecodeError::Truncated(field))?;
            let length = octets.iter().fold(0_u32, |length, &octet| (length << 8) | u32::from(octet));
            Ok((usize::try_from(length).or(Err(DecodeError::Limit(field)))?, rest))
        }
        0x85..=0xfe => Err(DecodeError::Limit(field)),
    }
}

/// Writes elements one after the other, each in its shortest form.
#[derive(Debug, Default)]
pub(super) struct Writer(Vec<u8>);

impl Writer {
    /// Everything written.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// An element with this content.
    pub(super) fn tlv(&mut self, tag: u8, content: &[u8]) {
        self.0.push(tag);
        self.length(content.len());
        self.0.extend_from_slice(content);
    }

    /// Elements that are written already.
    pub(super) fn raw(&mut self, elements: &[u8]) {
        self.0.extend_from_slice(elements);
    }

    /// An element whose content is what `body` writes.
    pub(super) fn nest(&mut self, tag: u8, body: impl FnOnce(&mut Self)) {
        let mut inner = Self::default();
        body(&mut inner);
        self.tlv(tag, &inner.0);
    }

    /// A number in two's complement. `i128` holds every SNMP number, Counter64 included.
    pub(super) fn number(&mut self, tag: u8, value: i128) {
        let octets = value.to_be_bytes();
        let mut content = octets.as_slice();
        while let Some((0x00, rest @ [0x00..=0x7f, ..]) | (0xff, rest @ [0x80..=0xff, ..])) = content.split_first() {
            content = rest;
        }
        self.tlv(tag, content);
    }

    /// An object identifier. `ids` has at least two elements, as [`super::Oid`] ensures.
    pub(super) fn oid(&mut self, ids: &[u32]) {
        let mut content = Self::default();
        if let [first, second, rest @ ..] = ids {
            content.base128(u64::from(*first) * 40 + u64::from(*second));
            for &id in rest {
                content.base128(u64::from(id));
            }
        }
        self.tlv(OBJECT_IDENTIFIER, &content.0);
    }

    fn base128(&mut self, value: u64) {
        for shift in [28, 21, 14, 7] {
            if value >> shift != 0 {
                self.0.push(low_octet(value >> shift) | 0x80);
            }
        }
        self.0.push(low_octet(value) & 0x7f);
    }

    fn length(&mut self, length: usize) {
        let octets = length.to_be_bytes();
        let mut significant = octets.as_slice();
        while let Some((0x00, rest @ [_, ..])) = significant.split_first() {
            significant = rest;
        }
        if let [short @ 0..=0x7f] = significant {
            self.0.push(*short);
        } else {
            self.0.push(significant.iter().fold(0x80, |form, _| form + 1));
            self.0.extend_from_slice(significant);
        }
    }
}

const fn low_octet(value: u64) -> u8 {
    let [low, ..] = value.to_le_bytes();
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(value: i128) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.number(INTEGER, value);
        writer.into_bytes()
    }

    fn integer(bytes: &[u8]) -> Result<i32, DecodeError> {
        Cursor::new(bytes).integer("n")
    }

    #[test]
    fn numbers_are_written_in_the_fewest_octets() {
        assert_eq!(numbers(0), [2, 1, 0]);
        assert_eq!(numbers(127), [2, 1, 127]);
        assert_eq!(numbers(128), [2, 2, 0, 128]);
        assert_eq!(numbers(-1), [2, 1, 0xff]);
        assert_eq!(numbers(-128), [2, 1, 0x80]);
        assert_eq!(numbers(-129), [2, 2, 0xff, 0x7f]);
        assert_eq!(numbers(i128::from(i32::MIN)), [2, 4, 0x80, 0, 0, 0]);
        assert_eq!(numbers(i128::from(u32::MAX)), [2, 5, 0, 0xff, 0xff, 0xff, 0xff]);
        assert_eq!(numbers(i128::from(u64::MAX)), [2, 9, 0, 255, 255, 255, 255, 255, 255, 255, 255]);
    }

    #[test]
    fn numbers_are_read_back_and_stop_at_32_bits() {
        for n in [0, 1, -1, 127, 128, -128, -129, 65_536, i32::MIN, i32::MAX] {
            assert_eq!(integer(&numbers(i128::from(n))), Ok(n));
        }
        assert_eq!(integer(&[2, 5, 0, 0, 0, 0, 7]), Ok(7));
        assert_eq!(integer(&[2, 5, 0, 0x80, 0, 0, 0]), Err(DecodeError::Invalid("n")));
        assert_eq!(integer(&[2, 5, 0xff, 0x7f, 0xff, 0xff, 0xff]), Err(DecodeError::Invalid("n")));
        assert_eq!(integer(&[2, 0]), Err(DecodeError::Invalid("n")));
        assert_eq!(Cursor::new(&[0x43, 5, 1, 0, 0, 0, 0]).time_ticks("t"), Err(DecodeError::Invalid("t")));
        assert_eq!(Cursor::new(&[0x43, 5, 0, 255, 255, 255, 255]).time_ticks("t"), Ok(u32::MAX));
        assert_eq!(Cursor::new(&[0x43, 0]).time_ticks("t"), Err(DecodeError::Invalid("t")));
    }

    #[test]
    fn lengths_are_read_in_every_definite_form_and_in_no_other() {
        let read = |bytes: &[u8]| Cursor::new(bytes).tlv("x").map(|tlv| tlv.content.to_vec());
        assert_eq!(read(&[4, 1, 9]), Ok(vec![9]));
        assert_eq!(read(&[4, 0x81, 1, 9]), Ok(vec![9]));
        assert_eq!(read(&[4, 0x84, 0, 0, 0, 1, 9]), Ok(vec![9]));
        assert_eq!(read(&[0x30, 0x80, 4, 1, 9, 0, 0]), Err(DecodeError::Invalid("x")));
        assert_eq!(read(&[4, 0xff, 9]), Err(DecodeError::Invalid("x")));
        assert_eq!(read(&[4, 0x84, 0xff, 0xff, 0xff, 0xff]), Err(DecodeError::Truncated("x")));
        assert_eq!(read(&[4, 0x88, 255, 255, 255, 255, 255, 255, 255, 255]), Err(DecodeError::Limit("x")));
        assert_eq!(read(&[4, 0x82, 1]), Err(DecodeError::Truncated("x")));
        assert_eq!(read(&[4]), Err(DecodeError::Truncated("x")));
        assert_eq!(read(&[]), Err(DecodeError::Missing("x")));
        assert_eq!(read(&[0x1f, 0x21, 0]), Err(DecodeError::Invalid("x")));
    }

    #[test]
    fn what_the_writer_nests_the_cursor_finds_again_at_every_length() {
        for length in [0, 1, 127, 128, 255, 256, 65_535, 65_536] {
            let content = vec![7; length];
            let mut writer = Writer::default();
            writer.nest(SEQUENCE, |w| w.tlv(OCTET_STRING, &content));
            let bytes = writer.into_bytes();
            let mut outer = Cursor::new(&bytes);
            let mut inner = Cursor::new(outer.content(SEQUENCE, "outer").unwrap());
            assert_eq!(inner.content(OCTET_STRING, "inner").unwrap(), content);
            assert_eq!((inner.end("inner"), outer.end("outer")), (Ok(()), Ok(())));
        }
    }
}
