//! `[detect.spray]` and the other patterns: from when on failures are one.

use super::section::Section;
use crate::engine::{Patterns, SprayLimits};
use crate::units::Span;

/// What `[detect]` says about patterns.
pub(super) fn patterns(detect: &Section<'_>) -> Patterns {
    let default = Patterns::DEFAULT;
    let spray = detect.section("spray");
    let window = spray.number("window-s").map_or(default.spray.window, |s| Span::secs(s.into()));
    let one = |section: &str, name: &str| detect.section(section).number(name);
    Patterns {
        spray: SprayLimits {
            accounts: spray.number("accounts").unwrap_or(default.spray.accounts),
            window,
            of_day: spray.number("accounts-of-day").unwrap_or(default.spray.of_day),
        },
        cluster_spray: SprayLimits {
            accounts: spray.number("cluster-accounts").unwrap_or(default.cluster_spray.accounts),
            window,
            of_day: spray.number("cluster-accounts-of-day").unwrap_or(default.cluster_spray.of_day),
        },
        distributed: one("distributed", "sources").unwrap_or(default.distributed),
        slow_climb: one("slow-climb", "failures").unwrap_or(default.slow_climb),
        success_after: one("success-after-failures", "failures").unwrap_or(default.success_after),
        learning: detect.number("learning-days").map_or(default.learning, |days| Span::mins(1_440 * u64::from(days))),
    }
}
