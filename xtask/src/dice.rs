//! Repeatable randomness: xorshift64*.

/// A source of numbers that follow from its seed.
#[derive(Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    /// Different for each `seed` and `use_of_it`.
    pub(crate) fn new(seed: u64, use_of_it: u64) -> Self {
        let mixed = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ use_of_it.wrapping_mul(0xD1B5_4A32_D192_ED03);
        // It never leaves zero.
        let mut dice = Self(mixed | 1);
        (0..8).for_each(|_| _ = dice.next());
        dice
    }

    /// 0 to `end - 1`; 0 if there is nothing to choose from.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next().checked_rem(end).unwrap_or(0)
    }

    /// True once in `n` times.
    pub(crate) fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// In another order.
    pub(crate) fn shuffle<T>(&mut self, all: &mut [T]) {
        for end in (1..all.len()).rev() {
            let place = usize::try_from(self.below(end as u64 + 1)).unwrap_or(end);
            all.swap(end, place);
        }
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers() {
        let numbers = |seed, use_of_it| {
            let mut dice = Dice::new(seed, use_of_it);
            (0..4).map(|_| dice.below(1_000)).collect::<Vec<_>>()
        };
        assert_eq!(numbers(7, 1), numbers(7, 1));
        assert_ne!(numbers(7, 1), numbers(7, 2));
        assert_ne!(numbers(7, 1), numbers(8, 1));
    }

    #[test]
    fn nothing_is_lost_in_another_order() {
        let mut all: Vec<u32> = (0..100).collect();
        Dice::new(1, 1).shuffle(&mut all);
        assert_ne!(all, (0..100).collect::<Vec<_>>());
        all.sort_unstable();
        assert_eq!(all, (0..100).collect::<Vec<_>>());
    }
}
