//! Which observations are one attempt.
//!
//! One wrong password can be told several times: by different alarms (UC_IMS, UC_LOGIN, UC_AUDITLOG), over different channels
//! (syslog, trap), and later once more inside an RTMT alert. Each alarm on each channel tells an attempt once. So an
//! observation belongs to an attempt that lacks this alarm on this channel and is close enough; if there is none, it is a new
//! attempt, counted at once. Of several, the closest in time is taken: two attempts a second apart, each told twice, stay two.
//!
//! Close enough: both have a time of their own from the same node and these are within the merge window (whenever they arrive,
//! so a backlog merges rightly); else, they arrived within the merge window. What comes nested in an RTMT alert is late by
//! RTMT's collection interval and may be as coarse as a minute: it is given [`NESTED_DELAY`].

use serde::{Deserialize, Serialize};

use crate::engine::account::Seen;
use crate::engine::few::Few;
use crate::event::{Channel, Credential, Family, Observation, Stamped};
use crate::units::{Mono, Span};

/// How much later than the attempt an RTMT alert about it may come. RTMT's collection interval is not documented for all
/// releases; ten minutes is assumed.
const NESTED_DELAY: Span = Span::mins(10);
/// Attempts that are kept for merging.
const KEPT: usize = 6;
/// Alarms and channels that tell one attempt at most.
const TOLD: usize = 8;

/// One attempt, as told so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Attempt {
    at: Mono,
    stamp: Option<Stamped>,
    node: u32,
    source: u32,
    credential: Credential,
    told: Few<Seen, TOLD>,
}

/// What an observation turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// A new attempt.
    New,
    /// Another telling of an attempt that was first told then; whether it is the first that says from where.
    Merged(Mono, bool),
    /// A record that was taken before.
    Replay,
}

/// The newest attempts of one account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Attempts(Few<Attempt, KEPT>);

impl Attempts {
    pub(crate) const fn new() -> Self {
        Self(Few::new())
    }

    /// The credential that all attempts since `began` were about; unknown if one is unknown or two differ.
    pub(crate) fn credential_since(&self, began: Mono) -> Credential {
        let mut all = self.0.iter().filter(|attempt| attempt.at >= began).map(|attempt| attempt.credential);
        let first = all.next().unwrap_or_default();
        if all.all(|other| other == first) { first } else { Credential::Unknown }
    }

    /// These came before.
    pub(crate) fn follow(&mut self, kept: Self) {
        let rest = core::mem::replace(self, kept);
        for attempt in rest.0 {
            self.0.push(attempt);
        }
    }

    /// Takes an observation in.
    pub(crate) fn take(&mut self, observation: &Observation<'_>, seen: Seen, window: Span, now: Mono) -> Taken {
        let told = Telling::of(observation, now);
        let same = |other: &Seen| seen.fingerprint.is_some() && other.fingerprint == seen.fingerprint;
        if self.0.iter().any(|attempt| attempt.told.iter().any(|t| t.channel == seen.channel && same(t))) {
            return Taken::Replay;
        }
        let known = self
            .0
            .iter_mut()
            .filter_map(|attempt| Some((told.distance(attempt, window)?, attempt)))
            .min_by_key(|(distance, _)| *distance);
        if let Some((_, attempt)) = known {
            let adds_source = attempt.source == 0 && !observation.source.trim().is_empty();
            attempt.enrich(&told, seen);
            return Taken::Merged(attempt.at, adds_source);
        }
        self.0.push(Attempt::begin(&told, seen, now));
        Taken::New
    }
}

impl Attempt {
    /// An attempt that was told for the first time.
    pub(crate) fn begin(told: &Telling, seen: Seen, now: Mono) -> Self {
        let (stamp, node, source, credential) = (told.stamp, told.node, told.source, told.credential);
        let mut attempt = Self { at: now, stamp, node, source, credential, told: Few::new() };
        attempt.enrich(told, seen);
        attempt
    }

    /// The finest time that a message about it carried itself.
    pub(crate) const fn stamp(&self) -> Option<Stamped> {
        self.stamp
    }

    pub(crate) fn enrich(&mut self, telling: &Telling, seen: Seen) {
        // A way that finds no place is merged all the same, only not told apart from itself.
        if !self.told.is_full() {
            self.told.push(seen);
        }
        if self.source == 0 {
            self.source = telling.source;
        }
        if self.stamp.is_none_or(|s| telling.stamp.is_some_and(|t| t.precision_ms < s.precision_ms)) {
            self.stamp = telling.stamp.or(self.stamp);
            self.node = telling.node;
        }
        if self.credential == Credential::Unknown {
            self.credential = telling.credential;
        }
    }

    fn is_told(&self, family: Family, channel: Channel) -> bool {
        self.told.iter().any(|seen| seen.family == family && seen.channel == channel)
    }
}

/// What of an observation matters for merging.
pub(crate) struct Telling {
    family: Family,
    channel: Channel,
    at: Mono,
    stamp: Option<Stamped>,
    node: u32,
    source: u32,
    credential: Credential,
}

impl Telling {
    pub(crate) fn of(observation: &Observation<'_>, now: Mono) -> Self {
        Self {
            family: observation.family,
            channel: observation.channel,
            at: now,
            stamp: observation.stamp,
            node: number(observation.node),
            source: address(observation.source),
            credential: observation.credential,
        }
    }

    /// How far apart, in milliseconds, if it can be the same attempt.
    pub(crate) fn distance(&self, attempt: &Attempt, window: Span) -> Option<u64> {
        let other = |a: u32, b: u32| a != 0 && b != 0 && a != b;
        // A host name and an address, or addresses of two families, may well be one machine.
        let elsewhere = |a: u32, b: u32| other(a, b) && a % 2 == b % 2;
        let credentials = (self.credential, attempt.credential);
        let differ =
            matches!(credentials, (Credential::Pin, Credential::Password) | (Credential::Password, Credential::Pin));
        if attempt.is_told(self.family, self.channel) || elsewhere(self.source, attempt.source) || differ {
            return None;
        }
        let nested = self.channel == Channel::Nested || attempt.told.iter().all(|seen| seen.channel == Channel::Nested);
        if let (Some(a), Some(b)) = (self.stamp, attempt.stamp)
            && !other(self.node, attempt.node)
        {
            let coarse = Span::millis(u64::from(a.precision_ms.max(b.precision_ms).saturating_sub(1)));
            let allowed = Span::millis(window.as_millis() + coarse.as_millis());
            let apart = a.at.distance(b.at);
            return (apart <= allowed).then_some(apart.as_millis());
        }
        let apart = self.at.since(attempt.at);
        let allowed = if nested { NESTED_DELAY } else { window };
        (apart <= allowed).then_some(apart.as_millis())
    }
}

/// An address as a number: even for IPv4, odd for IPv6; 0 for anything else.
fn address(text: &str) -> u32 {
    match text.trim().parse::<core::net::IpAddr>().map(|address| address.to_canonical()) {
        Ok(core::net::IpAddr::V4(_)) => (number(text) & !1).max(2),
        Ok(core::net::IpAddr::V6(_)) => number(text) | 1,
        Err(_) => 0,
    }
}

/// A name as a number; 0 for none. ASCII case is ignored.
pub(crate) fn number(name: &str) -> u32 {
    let name = name.trim().as_bytes();
    let hash =
        name.iter().fold(0x811c_9dc5_u32, |h, b| (h ^ u32::from(b.to_ascii_lowercase())).wrapping_mul(0x0100_0193));
    if name.is_empty() { 0 } else { hash.max(1) }
}
