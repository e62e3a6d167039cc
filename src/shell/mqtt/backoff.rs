//! How long to wait before the next connection.

use std::hash::Hasher;
use std::time::Duration;

use siphasher::sip::SipHasher13;

/// Doubles from `first` to `longest`. Boxes with different seeds spread out, so that a returning broker is not met by all
/// of them at once.
#[derive(Debug)]
pub(super) struct Backoff {
    first: Duration,
    longest: Duration,
    next: Duration,
    seed: u64,
}

impl Backoff {
    pub(super) fn new(first: Duration, longest: Duration, seed: &str) -> Self {
        let mut hasher = SipHasher13::new();
        hasher.write(seed.as_bytes());
        let first = first.min(longest);
        // xorshift never leaves zero.
        Self { first, longest, next: first, seed: hasher.finish() | 1 }
    }

    /// The connection has proved good: the next loss is met quickly again.
    pub(super) fn reset(&mut self) {
        self.next = self.first;
    }

    /// The next wait; `slow` for a refusal that only a person can cure.
    pub(super) fn wait(&mut self, slow: bool) -> Duration {
        let base = if slow { self.longest } else { self.next };
        self.next = self.next.saturating_mul(2).min(self.longest);
        // Three quarters to the whole of the base.
        base.saturating_mul(768 + self.random_byte()) / 1_024
    }

    fn random_byte(&mut self) -> u32 {
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        u32::from(self.seed.to_le_bytes()[3])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_start_again_after_a_reset() {
        let mut backoff = Backoff::new(Duration::from_millis(250), Duration::from_secs(30), "box-1");
        for base in [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000] {
            let wait = backoff.wait(false).as_millis();
            assert!((base * 3 / 4..=base).contains(&wait), "{wait} of {base}");
        }
        backoff.reset();
        assert!(backoff.wait(false) <= Duration::from_millis(250));
        assert!(backoff.wait(true) >= Duration::from_millis(22_500));
    }
}
