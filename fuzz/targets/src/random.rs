//! Numbers that look random and follow from a seed: SplitMix64 (Steele, Lea and Flood, 2014).

/// A sequence of numbers.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    /// The sequence of the `number`th input under `seed`.
    pub(crate) fn of(seed: u64, number: u64) -> Self {
        Self(Self(seed).next().wrapping_add(Self(number).next()))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`; 0 if that is 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.next() % bound).unwrap_or(0)
    }

    /// Any octet; every other time one at which a decoder changes its mind.
    pub(crate) fn octet(&mut self) -> u8 {
        const TELLING: &[u8] = &[0x00, 0x01, 0x7f, 0x80, 0x81, 0x82, 0x84, 0xff];
        let [any, ..] = self.next().to_le_bytes();
        if self.below(2) == 0 { self.pick(TELLING).copied().unwrap_or(any) } else { any }
    }

    /// One of these; none of none.
    pub(crate) fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        of.get(self.below(of.len()))
    }
}
