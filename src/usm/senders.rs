//! The engines that have proved themselves: their clocks, and their users' keys at them.

use core::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::window::{Floors, Window};
use super::{AuthKey, EngineId, PrivKey, User};
use crate::board::NODES;
use crate::units::{Mono, Wall};

/// Messages of a sender's last second that are known again after a restart. If there were as many or more, none of that second is
/// taken then.
const LATEST: usize = 16;

/// What must survive a restart about a sender.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SenderRecord {
    /// Its engine id.
    pub id: EngineId,
    /// Its clock.
    pub window: Window,
    /// When it was first heard.
    pub learnt: Wall,
    /// The first octets of the digests of the messages that it sent at its window's time.
    latest: heapless::Vec<u64, LATEST>,
}

/// What is to be kept of a sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SenderChange<'a> {
    /// Nothing more: it had to make room for another.
    Forget(EngineId),
    /// Its record as it is now.
    Keep(&'a SenderRecord),
}

/// One sender.
#[derive(Debug)]
pub struct Sender {
    record: SenderRecord,
    floors: Floors,
    /// The user's place, and its keys at this engine.
    keys: Vec<(usize, AuthKey, Option<PrivKey>)>,
    from: Option<IpAddr>,
    changed: bool,
    /// It has sent a notification to us: the engine of an inform that went astray has not.
    pub(super) has_notified: bool,
}

/// Engines that had to make room and are still to be told of; more than that are told of after the next start.
const FORGOTTEN: usize = 256;

/// At most [`NODES`] senders; beyond that a new one replaces the one that is silent longest.
#[derive(Debug, Default)]
pub(super) struct Senders {
    known: Vec<Sender>,
    /// Engines whose records are of no use any more.
    forgotten: Vec<EngineId>,
}

impl Sender {
    fn new(record: SenderRecord, floors: Floors) -> Self {
        Self { record, floors, keys: Vec::new(), from: None, changed: false, has_notified: false }
    }

    /// What is kept about it.
    #[must_use]
    pub const fn record(&self) -> &SenderRecord {
        &self.record
    }

    /// From where it sent last in this run.
    #[must_use]
    pub const fn from(&self) -> Option<IpAddr> {
        self.from
    }

    /// When its clock was last seen to move, on the engine's time line.
    #[must_use]
    pub const fn last_heard(&self) -> Mono {
        self.record.window.at
    }

    pub(super) const fn window(&self) -> (Window, Floors) {
        (self.record.window, self.floors)
    }

    /// The key for digests of the user at this place, made when it is first asked for.
    pub(super) fn auth_key(&mut self, place: usize, user: &User) -> Option<&AuthKey> {
        if !self.keys.iter().any(|(of, ..)| *of == place) {
            self.keys.push((place, user.protection.auth_key(self.record.id.as_bytes())?, None));
        }
        self.keys.iter().find(|(of, ..)| *of == place).map(|(_, auth, _)| auth)
    }

    /// The key for encryption of the user at this place; as [`Self::auth_key`], and only after that has proved the message.
    pub(super) fn priv_key(&mut self, place: usize, user: &User) -> Option<&PrivKey> {
        let (_, _, key) = self.keys.iter_mut().find(|(of, ..)| *of == place)?;
        if key.is_none() {
            *key = user.protection.priv_key(self.record.id.as_bytes());
        }
        key.as_ref()
    }

    /// Takes note of a genuine message: of what it made of the window, and when it was sent.
    pub(super) fn heard(&mut self, (window, floors): (Window, Floors), from: IpAddr, sent: (u32, u32), digest: &[u8]) {
        let record = &mut self.record;
        if record.window != window {
            record.window = window;
            record.latest.clear();
            self.changed = true;
        }
        if sent == (window.boots, window.time) {
            self.changed |= record.latest.push(first_octets(digest)).is_ok();
        }
        (self.floors, self.from) = (floors, Some(from));
    }

    /// Whether this message is one of those of its last second, in this run or before.
    pub(super) fn has_sent(&self, sent: (u32, u32), digest: &[u8]) -> bool {
        let Window { boots, time, .. } = self.record.window;
        sent == (boots, time) && self.record.latest.contains(&first_octets(digest))
    }

    /// The memory of messages has lost one of this sender's.
    pub(super) fn forgot(&mut self, (boots, time): (u32, u32)) {
        if boots == self.record.window.boots {
            self.floors.forgotten = self.floors.forgotten.max(time);
        }
    }
}

impl Senders {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Sender> {
        self.known.iter()
    }

    pub(super) fn find(&self, engine_id: &[u8]) -> Option<usize> {
        self.known.iter().position(|sender| sender.record.id.as_bytes() == engine_id)
    }

    pub(super) fn at(&mut self, place: usize) -> Option<&mut Sender> {
        self.known.get_mut(place)
    }

    /// A sender from a run before the one that began at `resumed`: nothing older than what it last sent then is taken.
    pub(super) fn restore(&mut self, record: SenderRecord, resumed: Mono) {
        let second = u32::from(record.latest.is_full());
        let restart = record.window.time.saturating_add(second);
        let floors = Floors { restart, resumed, ..Floors::default() };
        let is_silent = |known: &Sender| known.record.window.at < record.window.at;
        let has_room = self.known.len() < NODES
            || self.most_silent().and_then(|place| self.known.get(place)).is_some_and(is_silent);
        if has_room && self.find(record.id.as_bytes()).is_none() {
            let sender = Sender { has_notified: true, ..Sender::new(record, floors) };
            self.put(sender);
        } else if !has_room {
            self.forget(record.id);
        }
    }

    /// A sender that has just proved itself. Returns its place; and whether another had to make room.
    pub(super) fn learn(&mut self, id: EngineId, window: Window, learnt: Wall) -> (usize, bool) {
        let record = SenderRecord { id, window, learnt, latest: heapless::Vec::new() };
        self.put(Sender { changed: true, ..Sender::new(record, Floors::default()) })
    }

    fn put(&mut self, sender: Sender) -> (usize, bool) {
        if self.known.len() < NODES {
            self.known.push(sender);
            return (self.known.len() - 1, false);
        }
        let place = self.most_silent().unwrap_or_default();
        if let Some(known) = self.known.get_mut(place) {
            let replaced = core::mem::replace(known, sender);
            self.forget(replaced.record.id);
        }
        (place, true)
    }

    fn forget(&mut self, id: EngineId) {
        if self.forgotten.len() < FORGOTTEN && !self.forgotten.contains(&id) {
            self.forgotten.push(id);
        }
    }

    fn most_silent(&self) -> Option<usize> {
        self.known.iter().enumerate().min_by_key(|(_, known)| known.record.window.at).map(|(place, _)| place)
    }

    /// Gives every change since the last call, in the order in which they are to be kept: an engine that had to make room may have
    /// proved itself again since.
    pub(super) fn drain_changed(&mut self, mut change: impl FnMut(SenderChange<'_>)) {
        self.forgotten.drain(..).for_each(|id| change(SenderChange::Forget(id)));
        for sender in self.known.iter_mut().filter(|sender| sender.changed) {
            sender.changed = false;
            change(SenderChange::Keep(&sender.record));
        }
    }
}

/// Enough of a digest to know it again. A genuine one has at least 12 octets.
fn first_octets(digest: &[u8]) -> u64 {
    digest.first_chunk().map_or(0, |octets| u64::from_be_bytes(*octets))
}
