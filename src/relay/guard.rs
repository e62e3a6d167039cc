//! The loop guard: a notification that we passed on and that comes back is not passed on again.
//!
//! SNMP has no hop count, and a varbind that counts hops would change what the NMS sees of a sender's notification. So
//! the guard knows a notification by its content, which is what every relay leaves as it is: the original sender,
//! `sysUpTime`, the trap OID and the varbinds. Left out is what a relay changes or appends (version, community,
//! request-id, `snmpTrapAddress.0`, `snmpTrapCommunity.0`, `snmpTrapEnterprise.0`, and the zero before the last
//! sub-identifier of a trap OID, which RFC 3584 section 3 adds and drops). The content is thus the same before and after
//! translation, here or at any other relay.
//!
//! The original sender is the agent-addr or `snmpTrapAddress.0`, else the source of the datagram. It is part of the
//! content so that two boxes which say the same at the same uptime, as after a power cut, stay two. Of a notification
//! that names no sender (SNMPv2c passed on as received), each source's copy is another content: a loop of these is
//! ended by the count.
//!
//! Not stopped: a loop that takes longer than the window to come round, which costs one message in that time, and one
//! through a relay that changes the content.

use core::hash::{Hash, Hasher};
use core::net::{IpAddr, Ipv4Addr};

use siphasher::sip::SipHasher13;

use crate::units::{Mono, Span};
use crate::wire::snmp::{Notification, TrapOid, Value, Varbind, standard};

/// How many notifications are remembered. A loop inside one network comes round within milliseconds, and its own copies
/// are the newest entries: 1,024 hold it at 100,000 notifications a second for 10 ms, and at 100 a second for the whole
/// window. They take 8 KiB to search and 40 KiB in all.
const CAPACITY: usize = 1_024;

/// How long a notification is remembered. Longer than any network holds a datagram back, and short enough that a sender
/// whose uptime stands still, as a test tool's may, is not silenced.
const WINDOW: Span = Span::secs(10);

/// How often the same content from the same source passes within the window: a sender repeats an unanswered inform a few
/// times (RFC 3413 section 3.3 leaves the number to it), and the NMS needs one of them.
const PASSES: u8 = 4;

/// Why a notification is not passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Looped {
    /// It came before, from another source.
    OtherSource,
    /// It came more often than a sender repeats itself.
    TooOften,
}

/// What was passed on of late. Bounded: allocates once, when made.
#[derive(Debug)]
pub struct LoopGuard {
    keyed: SipHasher13,
    /// Apart from `seen`, entry for entry, as every search reads all of it.
    contents: Vec<u64>,
    seen: Vec<Seen>,
    /// The oldest entry, once all are taken.
    oldest: usize,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    from: IpAddr,
    first: Mono,
    passes: u8,
}

impl LoopGuard {
    /// A guard that remembers nothing yet. `key` is random, so that no sender can aim at another's entry.
    #[must_use]
    pub fn new(key: &[u8; 16]) -> Self {
        Self {
            keyed: SipHasher13::new_with_key(key),
            contents: Vec::with_capacity(CAPACITY),
            seen: Vec::with_capacity(CAPACITY),
            oldest: 0,
        }
    }

    /// Whether to pass on a notification that a datagram from `from` held. Call once for each, before it is sent to any
    /// number of receivers.
    ///
    /// # Errors
    ///
    /// The notification has come round.
    pub fn admit(&mut self, notification: &Notification<'_>, from: IpAddr, now: Mono) -> Result<(), Looped> {
        let from = from.to_canonical();
        let content = self.content(notification, from);
        let live = self
            .contents
            .iter()
            .zip(&mut self.seen)
            .find(|(known, seen)| **known == content && now.since(seen.first) < WINDOW);
        match live {
            Some((_, seen)) if seen.from != from => Err(Looped::OtherSource),
            Some((_, seen)) if seen.passes >= PASSES => Err(Looped::TooOften),
            Some((_, seen)) => {
                seen.passes += 1;
                Ok(())
            }
            None => {
                self.remember(content, Seen { from, first: now, passes: 1 });
                Ok(())
            }
        }
    }

    fn remember(&mut self, content: u64, seen: Seen) {
        if self.contents.len() < CAPACITY {
            self.contents.push(content);
            self.seen.push(seen);
        } else if let (Some(old), Some(old_seen)) = (self.contents.get_mut(self.oldest), self.seen.get_mut(self.oldest))
        {
            *old = content;
            *old_seen = seen;
            self.oldest = (self.oldest + 1) % CAPACITY;
        }
    }

    /// A hash of what every relay leaves as it is.
    fn content(&self, notification: &Notification<'_>, from: IpAddr) -> u64 {
        let mut hasher = self.keyed;
        original_sender(notification).map_or(from, IpAddr::V4).hash(&mut hasher);
        notification.uptime.hash(&mut hasher);
        hash_trap_oid(notification.trap_oid, &mut hasher);
        notification.varbinds.iter().filter(|bind| !is_of_relays(bind)).for_each(|bind| bind.hash(&mut hasher));
        hasher.finish()
    }
}

/// The sender that the notification names. `snmpTrapAddress.0` goes first, as a translation keeps it.
fn original_sender(notification: &Notification<'_>) -> Option<Ipv4Addr> {
    let appended = notification.varbinds.iter().find(|bind| bind.name == standard::SNMP_TRAP_ADDRESS);
    let appended =
        appended.and_then(|bind| if let Value::IpAddress(address) = bind.value { Some(address) } else { None });
    let header = notification.v1.map(|header| header.agent);
    // Many a box calls itself 127.0.0.1 or 127.0.1.1: that names none of them.
    let names_one = |address: &Ipv4Addr| !address.is_unspecified() && !address.is_loopback();
    appended.filter(names_one).or(header.filter(names_one))
}

/// Hashes all sub-identifiers but a zero before the last.
fn hash_trap_oid(trap_oid: TrapOid<'_>, hasher: &mut SipHasher13) {
    let (mut before, mut last) = (None, None);
    for id in trap_oid.sub_ids() {
        before.into_iter().for_each(|id: u32| id.hash(hasher));
        before = last;
        last = Some(id);
    }
    before.filter(|&id| id != 0).hash(hasher);
    last.hash(hasher);
}

fn is_of_relays(bind: &Varbind<'_>) -> bool {
    [&standard::SNMP_TRAP_ADDRESS, &standard::SNMP_TRAP_COMMUNITY, &standard::SNMP_TRAP_ENTERPRISE]
        .into_iter()
        .any(|name| bind.name == *name)
}
