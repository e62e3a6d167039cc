//! From when on failures are a pattern: what the operator can set about spray, distributed, slow-climb and success-after-failures.

use crate::units::Span;

/// The limits of all patterns. A limit of 0 switches its finding off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patterns {
    /// `spray` by one source.
    pub spray: SprayLimits,
    /// `spray` without a source, in one cluster.
    pub cluster_spray: SprayLimits,
    /// `distributed`: different sources that fail on one account within a day; at most 16.
    pub distributed: u32,
    /// `slow-climb`: failures of one account within a day that never locked it.
    pub slow_climb: u32,
    /// `success-after-failures`: failures without a success or a lock between them.
    pub success_after: u32,
    /// How long a new box learns what is usual.
    pub learning: Span,
}

/// How many different accounts are a spray.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SprayLimits {
    /// This many within `window`.
    pub accounts: u32,
    /// In this time.
    pub window: Span,
    /// This many within a day.
    pub of_day: u32,
}

impl Patterns {
    /// Sources of one account that can be told apart.
    pub const MOST_SOURCES: usize = 16;
    /// See `docs/detection.md` for why.
    pub const DEFAULT: Self = Self {
        spray: SprayLimits { accounts: 10, window: Span::mins(10), of_day: 30 },
        cluster_spray: SprayLimits { accounts: 50, window: Span::mins(10), of_day: 200 },
        distributed: 5,
        slow_climb: 10,
        success_after: 6,
        learning: Span::mins(7 * 1_440),
    };
    /// How long an open alert about a pattern is quiet.
    pub const QUIET: Span = Span::mins(60);
    /// What "a day" is.
    pub const DAY: Span = Span::mins(1_440);
}

impl Default for Patterns {
    fn default() -> Self {
        Self::DEFAULT
    }
}
