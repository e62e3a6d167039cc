//! Which records were seen before, in bounded memory: a set of fingerprints in buckets, the oldest of a bucket gives way.

use core::hash::Hasher as _;

use siphasher::sip::SipHasher13;

use crate::board::REPLAY_FINGERPRINTS;

/// Equal records of one second that are told apart from those that come by another way.
const ALIKE: u32 = 64;
const WAYS: usize = 8;
const BUCKETS: usize = REPLAY_FINGERPRINTS.div_ceil(WAYS);

/// Remembers at least the last [`REPLAY_FINGERPRINTS`] / 8 records, typically nearly all of [`REPLAY_FINGERPRINTS`].
#[derive(Debug)]
pub(crate) struct Replays {
    buckets: Box<[heapless::Deque<u64, WAYS>]>,
}

impl Replays {
    pub(crate) fn new() -> Self {
        Self { buckets: (0..BUCKETS).map(|_| heapless::Deque::new()).collect() }
    }

    /// Remembers `fingerprint`; true if it was there already.
    pub(crate) fn seen(&mut self, fingerprint: u64) -> bool {
        let buckets = self.buckets.len() as u64;
        let Ok(index) = usize::try_from(fingerprint % buckets) else { return false };
        let Some(bucket) = self.buckets.get_mut(index) else { return false };
        if bucket.iter().any(|&known| known == fingerprint) {
            return true;
        }
        if bucket.is_full() {
            bucket.pop_front();
        }
        // There is room now.
        bucket.push_back(fingerprint).is_err()
    }

    /// Whether a record like this one was told by another way (sender, and how it proved itself) before. A way tells each record once:
    /// its second one is a copy of the second one of another way, if that has told two, and else it is a second event.
    pub(crate) fn told_elsewhere(&mut self, likeness: u64, (sender, proof): (&str, u32)) -> bool {
        let key = |way: &str, proof: u32, number: u32| {
            let mut hash = SipHasher13::new();
            hash.write_u64(likeness);
            hash.write_u32(number);
            hash.write_u32(proof);
            hash.write(way.as_bytes());
            hash.finish()
        };
        let number = (1..=ALIKE).find(|&number| !self.seen(key(sender, proof, number)));
        number.is_some_and(|number| self.seen(key("", u32::MAX, number)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_new_once_and_the_oldest_of_a_bucket_gives_way() {
        let mut replays = Replays::new();
        let in_one_bucket = |n: u64| n * BUCKETS as u64;
        for n in 0..8 {
            assert!(!replays.seen(in_one_bucket(n)));
        }
        assert!(replays.seen(in_one_bucket(0)));
        assert!(!replays.seen(in_one_bucket(8)), "a ninth pushes the first out");
        assert!(!replays.seen(in_one_bucket(0)));
        assert!(replays.seen(in_one_bucket(8)));
    }

    #[test]
    fn each_way_tells_each_of_two_equal_records_once() {
        let mut replays = Replays::new();
        let mut told = |sender| replays.told_elsewhere(7, (sender, 0));
        assert_eq!(
            ["host", "host", "relay", "relay", "relay", "host"].map(&mut told),
            [false, false, true, true, false, true]
        );
        let mut other = Replays::new();
        let many: Vec<bool> = (0..100).map(|_| other.told_elsewhere(7, ("host", 0))).collect();
        assert!(many.iter().all(|copy| !copy), "one way has no copies, however many are alike");
        assert_eq!((0..100).filter(|_| other.told_elsewhere(7, ("relay", 0))).count(), 64);
    }
}
