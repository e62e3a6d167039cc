//! What tells a whole store from one that lacks something: how many records it has, and a sum over all of them.
//!
//! sled checks each piece of its log by itself. Where one in the middle is damaged, it goes on without it: the records of that piece are
//! gone, or are what they were before. The sum is written with each batch, and compared when the store is opened.

use core::hash::Hasher as _;

use siphasher::sip128::{Hasher128 as _, SipHasher13};

/// The sum does not depend on the order, so that a change needs only what has changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Seal {
    pub(super) records: u64,
    sum: u128,
}

impl Seal {
    pub(super) const BYTES: usize = 24;

    /// With this record.
    pub(super) fn add(&mut self, key: &[u8], value: &[u8]) {
        self.records = self.records.wrapping_add(1);
        self.sum = self.sum.wrapping_add(digest(key, value));
    }

    /// Without it.
    pub(super) fn remove(&mut self, key: &[u8], value: &[u8]) {
        self.records = self.records.wrapping_sub(1);
        self.sum = self.sum.wrapping_sub(digest(key, value));
    }

    pub(super) fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        let (records, sum) = bytes.split_at_mut(8);
        records.copy_from_slice(&self.records.to_be_bytes());
        sum.copy_from_slice(&self.sum.to_be_bytes());
        bytes
    }

    pub(super) fn from_bytes(bytes: [u8; Self::BYTES]) -> Option<Self> {
        let (records, sum) = bytes.split_first_chunk()?;
        Some(Self { records: u64::from_be_bytes(*records), sum: u128::from_be_bytes(sum.try_into().ok()?) })
    }
}

fn digest(key: &[u8], value: &[u8]) -> u128 {
    let mut hasher = SipHasher13::new();
    hasher.write(&u64::try_from(key.len()).unwrap_or(u64::MAX).to_be_bytes());
    hasher.write(key);
    hasher.write(value);
    hasher.finish128().as_u128()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(records: &[(&[u8], &[u8])]) -> Seal {
        let mut seal = Seal::default();
        records.iter().for_each(|(key, value)| seal.add(key, value));
        seal
    }

    #[test]
    fn every_record_counts_and_no_order() {
        let both = of(&[(b"a", b"1"), (b"b", b"2")]);
        assert_eq!(of(&[(b"b", b"2"), (b"a", b"1")]), both);
        for other in [of(&[(b"a", b"1")]), of(&[(b"a", b"2"), (b"b", b"1")]), of(&[(b"a1", b""), (b"b", b"2")])] {
            assert_ne!(other, both);
        }
        let mut less = both;
        less.remove(b"b", b"2");
        assert_eq!(less, of(&[(b"a", b"1")]));
        assert_eq!(Seal::from_bytes(both.to_bytes()), Some(both));
    }

    #[test]
    fn the_sum_of_a_store_on_disk_is_what_it_was() {
        let seal = of(&[(b"\x01jdoe", b"three failures")]);
        assert_eq!(seal.to_bytes()[..8], [0, 0, 0, 0, 0, 0, 0, 1]);
        assert_eq!(format!("{:032x}", seal.sum), "56c9a12e0bf33dc7fc292a8bb996ef5f");
    }
}
