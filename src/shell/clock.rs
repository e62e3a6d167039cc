//! The only place that reads a clock. Everything else is handed the time.

use std::path::Path;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::store::{Timeline, resume};
use crate::units::{Mono, Now, Span, Wall};

/// No wall clock that shows less is right: 2026-01-01, before the first release.
const BEFORE_US: Wall = Wall::from_millis(1_767_225_600_000);
/// systemd-timesyncd's directory, and the file in it that says that NTP has set the clock.
const TIMESYNC: (&str, &str) = ("/run/systemd/timesync", "/run/systemd/timesync/synchronized");

/// The present, for timers and deadlines.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the shell's one door to the monotonic clock")]
pub fn instant() -> tokio::time::Instant {
    tokio::time::Instant::now()
}

/// The wall clock.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the shell's one door to the wall clock")]
pub fn wall() -> Wall {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Wall::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Whether the wall clock can be believed: it shows a year in which this program exists, and where systemd-timesyncd runs, that
/// has set it. A clock that somebody else sets (chrony, a hypervisor) is believed.
#[must_use]
pub fn is_synchronised(wall: Wall) -> bool {
    wall >= BEFORE_US && (!Path::new(TIMESYNC.0).exists() || Path::new(TIMESYNC.1).exists())
}

/// The engine's time line, running.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    began: Instant,
    at: Mono,
}

impl Clock {
    /// Goes on from where the last run stopped.
    #[must_use]
    pub fn resume(saved: Option<Timeline>) -> Self {
        let wall = wall();
        let at = saved.map_or(Mono::FIRST, |saved| resume(saved, wall, is_synchronised(wall)));
        Self { began: instant().into_std(), at }
    }

    /// What all clocks say.
    #[must_use]
    pub fn now(&self) -> Now {
        let wall = wall();
        Now { mono: self.at + self.running(), wall, synchronised: is_synchronised(wall) }
    }

    /// How long this run has lasted.
    #[must_use]
    pub fn running(&self) -> Span {
        let since = instant().into_std().saturating_duration_since(self.began);
        Span::millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }

    /// When the time line will stand at `mono`, for a timer.
    #[must_use]
    pub fn instant_of(&self, mono: Mono) -> tokio::time::Instant {
        let ahead = std::time::Duration::from_millis(mono.since(self.at).as_millis());
        // A deadline beyond what the system's clock can hold is as good as none.
        self.began.checked_add(ahead).unwrap_or(self.began + std::time::Duration::from_secs(3_155_760_000)).into()
    }
}
