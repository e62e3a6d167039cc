//! When a certificate is good: the Validity of X.509 (RFC 5280, 4.1.2.5), read past what stands before it.
//!
//! Reads nothing else, checks no signature, and refuses times in any form but those of DER: `YYMMDDHHMMSSZ` and `YYYYMMDDHHMMSSZ`.

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::Offset;

use super::DecodeError;
use super::snmp::ber::{Cursor, INTEGER, SEQUENCE, Tlv};
use crate::units::Wall;

/// From when until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// Before this time it is not good.
    pub not_before: Wall,
    /// After this time it is not good any more.
    pub not_after: Wall,
}

const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

impl Validity {
    /// Of a certificate in DER.
    ///
    /// # Errors
    /// Names the field that is not there or cannot be read.
    pub fn of(certificate: &[u8]) -> Result<Self, DecodeError> {
        let mut certificate = Cursor::new(Cursor::new(certificate).content(SEQUENCE, "certificate")?);
        let mut signed = Cursor::new(certificate.content(SEQUENCE, "to-be-signed certificate")?);
        let first = signed.tlv("version")?;
        let serial = if first.tag == VERSION { signed.tlv("serial number")? } else { first };
        if serial.tag != INTEGER {
            return Err(DecodeError::Invalid("serial number"));
        }
        signed.content(SEQUENCE, "signature algorithm")?;
        signed.content(SEQUENCE, "issuer")?;
        let mut validity = Cursor::new(signed.content(SEQUENCE, "validity")?);
        let (not_before, not_after) = (validity.tlv("not before")?, validity.tlv("not after")?);
        validity.end("validity")?;
        Ok(Self { not_before: time(not_before, "not before")?, not_after: time(not_after, "not after")? })
    }
}

fn time(tlv: Tlv<'_>, field: &'static str) -> Result<Wall, DecodeError> {
    read(tlv).ok_or(DecodeError::Invalid(field))
}

fn read(tlv: Tlv<'_>) -> Option<Wall> {
    let digits = tlv.content.strip_suffix(b"Z")?;
    let (year, rest) = match tlv.tag {
        UTC_TIME => {
            let (year, rest) = digits.split_at_checked(2)?;
            let year = i16::from(number(year)?);
            // "Where YY is greater than or equal to 50, the year SHALL be interpreted as 19YY" (4.1.2.5.1).
            (if year >= 50 { 1_900 + year } else { 2_000 + year }, rest)
        }
        GENERALIZED_TIME => {
            let (century, rest) = digits.split_at_checked(2)?;
            let (year, rest) = rest.split_at_checked(2)?;
            (i16::from(number(century)?) * 100 + i16::from(number(year)?), rest)
        }
        _ => return None,
    };
    let mut pairs = rest.chunks(2).map(number);
    let mut next = || pairs.next().flatten();
    let date = Date::new(year, next()?, next()?).ok()?;
    let time = Time::new(next()?, next()?, next()?, 0).ok()?;
    if rest.len() != 10 {
        return None;
    }
    // "99991231235959Z" stands for no end (4.1.2.5), and is a little later than what can be counted.
    let at = Offset::UTC.to_timestamp(date.to_datetime(time)).unwrap_or(Timestamp::MAX);
    Some(Wall::from_millis(at.as_millisecond()))
}

/// Two digits.
fn number(digits: &[u8]) -> Option<i8> {
    match digits {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => i8::try_from((tens - b'0') * 10 + (ones - b'0')).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = content.len();
        let head = match u8::try_from(length) {
            Ok(short @ 0..=0x7f) => vec![tag, short],
            Ok(_) | Err(_) => vec![tag, 0x82, u8::try_from(length >> 8).unwrap(), u8::try_from(length & 0xff).unwrap()],
        };
        [head, content.to_vec()].concat()
    }

    /// As far as the walk goes, and something behind it.
    fn certificate(version: bool, times: [(u8, &str); 2]) -> Vec<u8> {
        let validity = times.map(|(tag, text)| tlv(tag, text.as_bytes())).concat();
        let parts = [
            if version { tlv(VERSION, &tlv(INTEGER, &[2])) } else { Vec::new() },
            tlv(INTEGER, &[0x41; 20]),
            tlv(SEQUENCE, &tlv(0x06, &[0x2a, 0x86, 0x48])),
            tlv(SEQUENCE, &[0; 200]),
            tlv(SEQUENCE, &validity),
            tlv(SEQUENCE, &[0; 300]),
        ];
        tlv(SEQUENCE, &[tlv(SEQUENCE, &parts.concat()), tlv(SEQUENCE, &[])].concat())
    }

    fn validity(times: [(u8, &str); 2]) -> Result<[String; 2], DecodeError> {
        Validity::of(&certificate(true, times)).map(|v| [v.not_before.to_string(), v.not_after.to_string()])
    }

    #[test]
    fn both_forms_of_time_are_read_in_every_version() {
        let read = validity([(UTC_TIME, "260115082105Z"), (GENERALIZED_TIME, "20500228235959Z")]);
        assert_eq!(read, Ok(["2026-01-15T08:21:05.000Z".into(), "2050-02-28T23:59:59.000Z".into()]));
        let century = validity([(UTC_TIME, "500101000000Z"), (UTC_TIME, "491231235959Z")]);
        assert_eq!(century, Ok(["1950-01-01T00:00:00.000Z".into(), "2049-12-31T23:59:59.000Z".into()]));
        let times = [(UTC_TIME, "260115082105Z"), (UTC_TIME, "270115082105Z")];
        assert_eq!(Validity::of(&certificate(false, times)), Validity::of(&certificate(true, times)));
        let endless =
            Validity::of(&certificate(true, [(UTC_TIME, "260115082105Z"), (GENERALIZED_TIME, "99991231235959Z")]));
        assert_eq!(endless.unwrap().not_after.as_millis(), Timestamp::MAX.as_millisecond());
    }

    #[test]
    fn what_is_no_certificate_or_no_time_is_an_error_wherever_it_ends() {
        let good = (UTC_TIME, "260115082105Z");
        for bad in [
            "260115082105",
            "2601150821Z",
            "260230082105Z",
            "260115082105+0100",
            "26011508210aZ",
            "260115252105Z",
            "Z",
            "",
        ] {
            assert_eq!(validity([good, (UTC_TIME, bad)]), Err(DecodeError::Invalid("not after")), "{bad}");
        }
        assert_eq!(validity([(INTEGER, "1"), good]), Err(DecodeError::Invalid("not before")));
        let whole = certificate(true, [good, good]);
        for length in 0..whole.len() {
            assert!(Validity::of(whole.get(..length).unwrap()).is_err(), "{length}");
        }
    }
}
