//! The envelope of every stored value: one version byte, then postcard.
//!
//! Version 2 is written. Version 1 is the same but for an account's day, which has four bytes more since. A record of another version,
//! a record that is cut and one with bytes left over are not read: the caller counts them and goes on.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::backend::{Fault, FaultKind};

/// The version byte that we write.
const VERSION: u8 = 2;
/// The one before, which we read.
const BEFORE: u8 = 1;
/// What a day of version 1 lacks: no credential is known, no lock is past, nothing is open.
const LACKS: [u8; 4] = [2, 0, 0, 0];

/// `value` in its envelope.
pub(super) fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, Fault> {
    postcard::to_extend(value, vec![VERSION]).map_err(not_encodable)
}

/// The value in `bytes`; `None` if it is not a whole record of a version that we know.
pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    match bytes.split_first() {
        Some((&(VERSION | BEFORE), body)) => whole(body),
        Some(_) | None => None,
    }
}

/// An account's day, of either version.
pub(super) fn decode_day<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    match bytes.split_first() {
        Some((&BEFORE, body)) => whole(&[body, &LACKS].concat()),
        Some(_) | None => decode(bytes),
    }
}

/// `value` in its envelope with `subject` before it, so that the subject can be read without knowing the value's type.
pub(super) fn encode_about<T: Serialize>(subject: &str, value: &T) -> Result<Vec<u8>, Fault> {
    let head = postcard::to_extend(subject, vec![VERSION]).map_err(not_encodable)?;
    postcard::to_extend(value, head).map_err(not_encodable)
}

/// The subject and the value's own bytes.
pub(super) fn split_subject(bytes: &[u8]) -> Option<(&str, &[u8])> {
    match bytes.split_first() {
        Some((&(VERSION | BEFORE), body)) => postcard::take_from_bytes(body).ok(),
        Some(_) | None => None,
    }
}

/// A value that fills `body` to its last byte.
pub(super) fn whole<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    match postcard::take_from_bytes(body) {
        Ok((value, [])) => Some(value),
        Ok(_) | Err(_) => None,
    }
}

fn not_encodable(error: postcard::Error) -> Fault {
    Fault { action: "encode a record", cause: error.to_string(), kind: FaultKind::Encode }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_envelope_is_a_version_byte_and_postcard() {
        assert_eq!(encode(&(300u32, "jdoe")).unwrap(), [2, 0xac, 0x02, 4, b'j', b'd', b'o', b'e']);
        assert_eq!(encode_about("jdoe", &7u8).unwrap(), [2, 4, b'j', b'd', b'o', b'e', 7]);
    }

    #[test]
    fn what_was_encoded_is_decoded() {
        let bytes = encode(&(300u32, String::from("jdoe"))).unwrap();
        assert_eq!(decode::<(u32, String)>(&bytes), Some((300, "jdoe".into())));
        let about = encode_about("jdoe", &7u8).unwrap();
        assert_eq!(split_subject(&about), Some(("jdoe", &[7u8][..])));
    }

    #[test]
    fn a_day_of_the_version_before_is_completed() {
        let day = |bytes: &[u8]| decode_day::<(u8, u8, Option<u8>, Option<u8>, Option<u8>)>(bytes);
        assert_eq!(day(&[1, 7]), Some((7, 2, None, None, None)));
        assert_eq!(day(&[2, 7, 1, 0, 0, 1, 9]), Some((7, 1, None, None, Some(9))));
        assert_eq!((day(&[2, 7]), day(&[1, 7, 1]), day(&[])), (None, None, None));
    }

    #[test]
    fn the_version_before_is_read_and_another_version_a_cut_record_and_a_long_one_are_not() {
        assert_eq!((decode::<u32>(&[1, 7]), split_subject(&[1, 1, b'j', 7])), (Some(7), Some(("j", &[7][..]))));
        for bytes in [&[3, 7][..], &[2], &[], &[2, 7, 7], &[1, 7, 7], &[2, 0x80]] {
            assert_eq!(decode::<u32>(bytes), None, "{bytes:?}");
        }
        assert_eq!(split_subject(&[2, 9, b'j']), None);
        assert_eq!(split_subject(&[2, 1, 0xff]), None);
    }
}
