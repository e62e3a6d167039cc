//! Our own engine: its id, how often it has started, and its clock (RFC 3414 section 2.2).

use serde::{Deserialize, Serialize};

use super::EngineId;
use crate::units::Mono;

/// The largest number of boots, and of seconds of an engine's clock.
pub const MAXIMUM: u32 = 0x7fff_ffff;

/// What must survive a restart: written, and on the medium, before the first message of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// `snmpEngineID`.
    pub id: EngineId,
    /// `snmpEngineBoots`: starts so far, this one included.
    pub boots: u32,
}

/// Our engine in this run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalEngine {
    identity: Identity,
    started: Mono,
}

impl Identity {
    /// The first start of an engine.
    #[must_use]
    pub const fn new(id: EngineId) -> Self {
        Self { id, boots: 1 }
    }

    /// The next start of the same engine. At the maximum it stays there for ever: no authenticated message is in the window any
    /// more, until the operator gives the engine another id (RFC 3414 section 2.2.2).
    #[must_use]
    pub fn next_start(self) -> Self {
        Self { boots: self.boots.saturating_add(1).min(MAXIMUM), ..self }
    }

    /// Whether the boots are used up.
    #[must_use]
    pub const fn is_exhausted(&self) -> bool {
        self.boots >= MAXIMUM
    }
}

impl LocalEngine {
    /// This engine, started now.
    #[must_use]
    pub const fn new(identity: Identity, started: Mono) -> Self {
        Self { identity, started }
    }

    /// Its id.
    #[must_use]
    pub const fn id(&self) -> &EngineId {
        &self.identity.id
    }

    /// Its boots.
    #[must_use]
    pub const fn boots(&self) -> u32 {
        self.identity.boots
    }

    /// When this run of it began.
    #[must_use]
    pub const fn started(&self) -> Mono {
        self.started
    }

    /// Its time: seconds since the start; after 68 years it stands still.
    #[must_use]
    pub fn time(&self, now: Mono) -> u32 {
        u32::try_from(now.since(self.started).as_secs()).map_or(MAXIMUM, |time| time.min(MAXIMUM))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Span;

    #[test]
    fn boots_rise_at_each_start_and_stay_at_the_maximum() {
        let first = Identity::new(EngineId::made_of([1; 12]));
        assert_eq!(first.clone().next_start().boots, 2);
        let last = Identity { boots: MAXIMUM - 1, ..first }.next_start();
        assert_eq!((last.boots, last.is_exhausted()), (MAXIMUM, true));
        assert_eq!(last.next_start().boots, MAXIMUM);
    }

    #[test]
    fn the_clock_counts_seconds_since_the_start() {
        let start = Mono::from_millis(5_000);
        let engine = LocalEngine::new(Identity::new(EngineId::made_of([1; 12])), start);
        assert_eq!(engine.time(start + Span::millis(61_999)), 61);
        assert_eq!(engine.time(Mono::ZERO), 0);
        assert_eq!(engine.time(Mono::from_millis(u64::MAX)), MAXIMUM);
    }
}
