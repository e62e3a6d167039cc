//! The engine's time line across restarts.

use serde::{Deserialize, Serialize};

use crate::units::{Mono, Now, Span, Wall};

/// Where the time line stood when it was saved, and what the wall clock showed then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeline {
    /// The engine's time.
    pub mono: Mono,
    /// The wall clock at the same moment.
    pub wall: Wall,
    /// Whether the system believed its wall clock then.
    pub synchronised: bool,
}

impl From<Now> for Timeline {
    fn from(now: Now) -> Self {
        Self { mono: now.mono, wall: now.wall, synchronised: now.synchronised }
    }
}

/// Where a new run's time line begins.
///
/// The time that passed while the service was down counts only if the wall clock was synchronised both when `saved` was
/// written and now, and did not go backwards. Otherwise the line continues at the very point where it stopped: a window
/// then lasts longer by the down time, but nothing expires early because of a wrong clock. A jump of 20 years forward is
/// believed if both readings were synchronised, since a box can lie on a shelf that long and a synchronised clock is all
/// the evidence there is.
#[must_use]
pub fn resume(saved: Timeline, wall_now: Wall, synchronised_now: bool) -> Mono {
    if !(saved.synchronised && synchronised_now && wall_now >= saved.wall) {
        return saved.mono;
    }
    saved.mono + Span::millis(wall_now.as_millis().abs_diff(saved.wall.as_millis()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const YEARS_20: i64 = 20 * 365 * 86_400_000;
    const WALL: Wall = Wall::from_millis(1_768_465_265_090);

    fn saved(synchronised: bool) -> Timeline {
        Timeline { mono: Mono::from_millis(5_000), wall: WALL, synchronised }
    }

    #[test]
    fn down_time_counts_only_between_two_synchronised_readings() {
        let later = WALL.plus(Span::mins(10));
        assert_eq!(resume(saved(true), later, true), Mono::from_millis(605_000));
        assert_eq!(resume(saved(false), later, true), Mono::from_millis(5_000));
        assert_eq!(resume(saved(true), later, false), Mono::from_millis(5_000));
        assert_eq!(resume(saved(false), later, false), Mono::from_millis(5_000));
    }

    #[test]
    fn a_clock_twenty_years_back_moves_nothing() {
        let back = Wall::from_millis(WALL.as_millis() - YEARS_20);
        for (then, now) in [(true, true), (true, false), (false, true), (false, false)] {
            assert_eq!(resume(saved(then), back, now), Mono::from_millis(5_000));
        }
    }

    #[test]
    fn a_clock_twenty_years_ahead_is_believed_only_if_both_readings_are_synchronised() {
        let ahead = Wall::from_millis(WALL.as_millis() + YEARS_20);
        assert_eq!(resume(saved(true), ahead, true), Mono::from_millis(5_000 + 630_720_000_000));
        for (then, now) in [(true, false), (false, true), (false, false)] {
            assert_eq!(resume(saved(then), ahead, now), Mono::from_millis(5_000));
        }
    }

    #[test]
    fn clocks_at_their_ends_do_not_overflow() {
        let from =
            Timeline { mono: Mono::from_millis(u64::MAX), wall: Wall::from_millis(i64::MIN), synchronised: true };
        assert_eq!(resume(from, Wall::from_millis(i64::MAX), true), Mono::from_millis(u64::MAX));
    }
}
