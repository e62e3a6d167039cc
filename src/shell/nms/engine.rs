//! The engine of a receiver that answers: its id, and what we know of its boots and clock (RFC 3414 section 2.3). For an inform
//! they count, not ours.
//!
//! What nobody has proved yet (the clock that came with a discovery) serves for sending only; the first message that proves the
//! user's key replaces it. From then on the clock only goes forward, and only by messages that prove the key.

use crate::units::Mono;
use crate::usm::{EngineId, MAXIMUM};

/// Seconds that a message may be behind (RFC 3414 section 2.2.3).
const WINDOW: u32 = 150;

/// An engine, as far as we know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RemoteEngine {
    id: EngineId,
    boots: u32,
    /// The latest that it has told.
    time: u32,
    /// When that was.
    told: Mono,
    /// Whether who told it has proved the key.
    proven: bool,
}

/// How a message that proves the key fits to what is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Timeliness {
    /// It was news.
    Advanced,
    /// It fits.
    Current,
    /// It is from the past, or the engine has used up its boots.
    Stale,
}

impl RemoteEngine {
    /// As it presents itself; nothing is proved.
    pub(super) const fn discovered(id: EngineId, boots: u32, time: u32, now: Mono) -> Self {
        Self { id, boots, time, told: now, proven: false }
    }

    pub(super) const fn id(&self) -> &EngineId {
        &self.id
    }

    pub(super) const fn boots(&self) -> u32 {
        self.boots
    }

    /// Its time now, in seconds.
    pub(super) fn time(&self, now: Mono) -> u32 {
        let since = u32::try_from(now.since(self.told).as_secs()).unwrap_or(MAXIMUM);
        self.time.saturating_add(since).min(MAXIMUM)
    }

    /// It was discovered again: what is proved stays.
    pub(super) const fn discovered_again(&mut self, boots: u32, time: u32, now: Mono) {
        if !self.proven {
            (self.boots, self.time, self.told) = (boots, time, now);
        }
    }

    /// Takes in boots and time of a message that proves the key (RFC 3414 section 3.2 (7) b).
    pub(super) fn told(&mut self, boots: u32, time: u32, now: Mono) -> Timeliness {
        if boots >= MAXIMUM {
            return Timeliness::Stale;
        }
        if !self.proven || (boots, time) > (self.boots, self.time) {
            (self.boots, self.time, self.told, self.proven) = (boots, time, now, true);
            return Timeliness::Advanced;
        }
        if boots == self.boots && time.saturating_add(WINDOW) >= self.time(now) {
            Timeliness::Current
        } else {
            Timeliness::Stale
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Span;

    const START: Mono = Mono::from_millis(7_000);

    fn engine(boots: u32, time: u32) -> RemoteEngine {
        RemoteEngine::discovered(EngineId::made_of([1; 12]), boots, time, START)
    }

    /// Boots and time `after` seconds.
    fn shown(engine: &RemoteEngine, after: u64) -> (u32, u32) {
        (engine.boots(), engine.time(START + Span::secs(after)))
    }

    #[test]
    fn its_clock_runs_on_from_what_it_told_and_stands_still_at_the_maximum() {
        assert_eq!(shown(&engine(3, 100), 61), (3, 161));
        assert_eq!(shown(&engine(3, MAXIMUM - 1), 61), (3, MAXIMUM));
        assert_eq!(shown(&engine(3, 1), u64::MAX), (3, MAXIMUM));
    }

    #[test]
    fn what_is_proved_replaces_what_was_only_said_even_backwards() {
        let mut engine = engine(MAXIMUM, MAXIMUM);
        assert_eq!(engine.told(2, 5, START), Timeliness::Advanced);
        assert_eq!(shown(&engine, 1), (2, 6));
    }

    #[test]
    fn a_proved_clock_goes_forward_only() {
        let mut engine = engine(0, 0);
        assert_eq!(engine.told(2, 500, START), Timeliness::Advanced);
        assert_eq!(engine.told(2, 500, START), Timeliness::Current);
        assert_eq!(engine.told(2, 350, START), Timeliness::Current);
        assert_eq!(engine.told(2, 349, START), Timeliness::Stale);
        assert_eq!(engine.told(1, 900, START), Timeliness::Stale);
        assert_eq!(shown(&engine, 0), (2, 500));
        assert_eq!(engine.told(2, 501, START), Timeliness::Advanced);
        assert_eq!(engine.told(3, 0, START), Timeliness::Advanced);
        assert_eq!(shown(&engine, 0), (3, 0));
    }

    #[test]
    fn a_second_discovery_changes_nothing_that_is_proved() {
        let mut engine = engine(1, 1);
        engine.discovered_again(9, 9, START);
        assert_eq!(shown(&engine, 0), (9, 9));
        engine.told(2, 5, START);
        engine.discovered_again(MAXIMUM, 9, START);
        assert_eq!(shown(&engine, 0), (2, 5));
    }

    #[test]
    fn an_engine_that_has_used_up_its_boots_is_not_followed() {
        let mut engine = engine(1, 1);
        assert_eq!(engine.told(MAXIMUM, 5, START), Timeliness::Stale);
        assert_eq!(shown(&engine, 0), (1, 1));
    }
}
