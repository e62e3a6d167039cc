//! The last messages that were taken, so that a copy of one is known: in order, the oldest gives way.

use std::collections::{HashSet, VecDeque};

use crate::board::REPLAY_FINGERPRINTS;

/// Whose a message was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// That of the sender at this place in its table.
    Sender(usize),
    /// An inform of the user at this place.
    Inform(usize),
    /// That of a sender whose place is another's now.
    Gone,
}

/// One message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Remembered {
    fingerprint: u64,
    pub(super) source: Source,
    /// Its boots and time in the message.
    pub(super) sent: (u32, u32),
}

/// At most [`REPLAY_FINGERPRINTS`] messages. All the memory is taken at the start.
#[derive(Debug)]
pub(super) struct Replays {
    known: HashSet<u64>,
    order: VecDeque<Remembered>,
    hasher: siphasher::sip::SipHasher13,
}

impl Replays {
    /// `key` keeps strangers from making two messages look like one.
    pub(super) fn new((key0, key1): (u64, u64)) -> Self {
        Self {
            // Room for twice as many: then a set that is as full as it gets never grows.
            known: HashSet::with_capacity(2 * REPLAY_FINGERPRINTS),
            order: VecDeque::with_capacity(REPLAY_FINGERPRINTS),
            hasher: siphasher::sip::SipHasher13::new_with_keys(key0, key1),
        }
    }

    /// The fingerprint of a message: of its digest, which nobody can make equal for two messages without the key.
    pub(super) fn fingerprint(&self, engine_id: &[u8], digest: &[u8]) -> u64 {
        use core::hash::Hasher as _;
        let mut hasher = self.hasher;
        hasher.write(engine_id);
        hasher.write(digest);
        hasher.finish()
    }

    pub(super) fn has(&self, fingerprint: u64) -> bool {
        self.known.contains(&fingerprint)
    }

    /// Remembers a message that is not known; returns the one that gave way.
    pub(super) fn remember(&mut self, fingerprint: u64, source: Source, sent: (u32, u32)) -> Option<Remembered> {
        let lost = if self.order.len() >= REPLAY_FINGERPRINTS { self.order.pop_front() } else { None };
        if let Some(lost) = lost {
            self.known.remove(&lost.fingerprint);
        }
        self.known.insert(fingerprint);
        self.order.push_back(Remembered { fingerprint, source, sent });
        lost
    }

    /// Forgets whose the messages of a sender were: its place is another's now.
    pub(super) fn disown(&mut self, sender: usize) {
        let its = self.order.iter_mut().filter(|known| known.source == Source::Sender(sender));
        its.for_each(|known| known.source = Source::Gone);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_known_until_as_many_others_have_come() {
        let mut replays = Replays::new((1, 2));
        let capacity = u64::try_from(REPLAY_FINGERPRINTS).unwrap();
        for n in 0..capacity {
            assert!(!replays.has(n));
            assert_eq!(replays.remember(n, Source::Sender(0), (1, 9)), None);
        }
        assert!(replays.has(0));
        let lost = replays.remember(capacity, Source::Inform(1), (1, 9));
        assert_eq!(lost, Some(Remembered { fingerprint: 0, source: Source::Sender(0), sent: (1, 9) }));
        assert!(!replays.has(0) && replays.has(1) && replays.has(capacity));
    }

    #[test]
    fn digests_of_two_engines_differ() {
        let replays = Replays::new((1, 2));
        assert_ne!(replays.fingerprint(b"engine1", b"digest"), replays.fingerprint(b"engine2", b"digest"));
    }
}
