//! Which records were seen before, in bounded memory: a set of fingerprints in buckets, the oldest of a bucket gives way.

use crate::board::REPLAY_FINGERPRINTS;

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
}
