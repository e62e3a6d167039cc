//! The loop guard: a notification that we passed on and that comes back is not passed on again.
//!
//! SNMP has no hop count, and a varbind that counts hops would change what the NMS sees of a sender's notification. So
//! the guard knows a notification by its content, which is what every relay leaves as it is: the original sender,
//! `sysUpTime`, the trap OID and the varbinds. Left out is what a relay changes or appends (version, community,
//! request-id, `snmpTrapAddress.0`, `snmpTrapCommunity.0`, `snmpTrapEnterprise.0`, and the zero before the last
//! sub-identifier of a trap OID, which RFC 3584 section 3 adds and drops). The content is thus the same before and after
//! translation, here or at any other relay. What comes both from its sender and from a relay beside us is passed on once.
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

/// Notifications are remembered in sets, by their content, so that a search reads one set only.
const SETS: usize = 128;

/// How many a set remembers; the next replaces the oldest. In all 1,024 in 40 KiB: at 100 notifications a second those of
/// the whole window, at 20,000 a second those of the last 50 ms, within which a loop inside one network has come round.
const SET: usize = 8;

/// How long a notification is remembered. Longer than any network holds a datagram back, and short enough that a sender
/// whose uptime stands still, as a test tool's may, is not silenced.
const WINDOW: Span = Span::secs(10);

/// How often the same content from the same source passes within the window: a sender repeats an unanswered inform a few
/// times (RFC 3413 section 3.3 leaves the number to it), and the NMS needs one of them.
const PASSES: u8 = 4;

/// `snmpModules`: what relays append lies below it, and hardly anything else.
const SNMP_MODULES: &[u32] = &[1, 3, 6, 1, 6, 3];

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
    sets: Vec<[Option<Seen>; SET]>,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    content: u64,
    from: IpAddr,
    first: Mono,
    passes: u8,
}

impl LoopGuard {
    /// A guard that remembers nothing yet. `key` is random, so that no sender can aim at another's entry.
    #[must_use]
    pub fn new(key: &[u8; 16]) -> Self {
        Self { keyed: SipHasher13::new_with_key(key), sets: vec![[None; SET]; SETS] }
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
        // An octet of a hash has more than enough values, and always a set.
        let [octet, ..] = content.to_le_bytes();
        let Some(set) = self.sets.get_mut(usize::from(octet) % SETS) else {
            return Ok(());
        };
        let live = |seen: &&mut Seen| seen.content == content && now.since(seen.first) < WINDOW;
        match set.iter_mut().flatten().find(live) {
            Some(seen) if seen.from != from => Err(Looped::OtherSource),
            Some(seen) if seen.passes >= PASSES => Err(Looped::TooOften),
            Some(seen) => {
                seen.passes += 1;
                Ok(())
            }
            None => {
                set.rotate_right(1);
                let [newest, ..] = set;
                *newest = Some(Seen { content, from, first: now, passes: 1 });
                Ok(())
            }
        }
    }

    /// A hash of what every relay leaves as it is.
    fn content(&self, notification: &Notification<'_>, from: IpAddr) -> u64 {
        let mut hasher = self.keyed;
        notification.uptime.hash(&mut hasher);
        hash_trap_oid(notification.trap_oid, &mut hasher);
        let mut sender = None;
        for bind in notification.varbinds {
            match appended(&bind) {
                Some(Appended::Sender(address)) => sender = sender.or(address),
                Some(Appended::Other) => {}
                None => bind.hash(&mut hasher),
            }
        }
        // `snmpTrapAddress.0` goes first, as a translation keeps it.
        let sender = sender.or(notification.v1.and_then(|header| naming(header.agent)));
        sender.map_or(from, IpAddr::V4).hash(&mut hasher);
        hasher.finish()
    }
}

/// A varbind that relays append.
enum Appended {
    /// `snmpTrapAddress.0`, if it names a sender.
    Sender(Option<Ipv4Addr>),
    Other,
}

fn appended(bind: &Varbind<'_>) -> Option<Appended> {
    if !bind.name.starts_with(SNMP_MODULES) {
        return None;
    }
    if bind.name == standard::SNMP_TRAP_ADDRESS {
        let address = if let Value::IpAddress(address) = bind.value { naming(address) } else { None };
        return Some(Appended::Sender(address));
    }
    (bind.name == standard::SNMP_TRAP_COMMUNITY || bind.name == standard::SNMP_TRAP_ENTERPRISE)
        .then_some(Appended::Other)
}

/// The address, if it names one box: many a box calls itself 127.0.0.1 or 127.0.1.1.
fn naming(address: Ipv4Addr) -> Option<Ipv4Addr> {
    (!address.is_unspecified() && !address.is_loopback()).then_some(address)
}

/// Hashes all sub-identifiers but a zero before the last, and where they end.
fn hash_trap_oid(trap_oid: TrapOid<'_>, hasher: &mut SipHasher13) {
    let (mut before, mut last) = (None::<u32>, None::<u32>);
    for id in trap_oid.sub_ids() {
        before.into_iter().for_each(|id| id.hash(hasher));
        before = last.replace(id);
    }
    before.filter(|&id| id != 0).into_iter().for_each(|id| id.hash(hasher));
    last.hash(hasher);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::snmp::{Kind, Message, Oid, OutValue, OutVarbind, Relayed, decode, encode};

    const ENTERPRISE: Oid = Oid::known(&[1, 3, 6, 1, 4, 1, 8072, 9999]);
    const BOX: &str = "192.0.2.1";
    const RELAY: &str = "198.51.100.1";

    /// The guard, a clock, and what the other relay of a loop would do.
    struct Rig {
        guard: LoopGuard,
        now: Mono,
    }

    impl Rig {
        fn new() -> Self {
            Self { guard: LoopGuard::new(&[7; 16]), now: Mono::ZERO }
        }

        fn admit(&mut self, datagram: &[u8], from: &str) -> Result<(), Looped> {
            self.guard.admit(&notification(datagram), from.parse().unwrap(), self.now)
        }

        fn later(&mut self, span: Span) {
            self.now = self.now + span;
        }
    }

    fn notification(datagram: &[u8]) -> Notification<'_> {
        match decode(datagram) {
            Ok(Message::Notification(notification)) => notification,
            other => panic!("{other:?}"),
        }
    }

    fn as_v2(datagram: &[u8], from: &str) -> Vec<u8> {
        let relayed = Relayed::from_received(&notification(datagram), from.parse().unwrap()).unwrap();
        relayed.encode_v2c(Kind::Inform, b"other", 4_711)
    }

    fn as_v1(datagram: &[u8], from: &str) -> Vec<u8> {
        let relayed = Relayed::from_received(&notification(datagram), from.parse().unwrap()).unwrap();
        relayed.to_v1().unwrap().encode(b"other")
    }

    fn trap(uptime: u32, text: &str) -> Vec<u8> {
        let bind = OutVarbind::new(ENTERPRISE.child(&[1, 0]).unwrap(), text);
        encode::v2c(Kind::Trap, b"public", 1, uptime, &ENTERPRISE.child(&[0, 7]).unwrap(), &[bind])
    }

    fn v1_trap(agent: [u8; 4]) -> Vec<u8> {
        encode::v1_trap(b"public", &ENTERPRISE, agent.into(), 6, 7, 1, &[])
    }

    #[test]
    fn a_notification_that_comes_back_translated_stops_at_once() {
        let without_zero = encode::v2c(Kind::Trap, b"public", 1, 1, &ENTERPRISE.child(&[7]).unwrap(), &[]);
        let linkup = encode::v2c(Kind::Trap, b"public", 1, 1, &standard::LINK_UP, &[]);
        for received in [trap(1, "a"), without_zero, linkup, v1_trap([192, 0, 2, 1]), v1_trap([0, 0, 0, 0])] {
            let v2 = as_v2(&received, BOX);
            let v1 = as_v1(&received, BOX);
            for sent in [v2.clone(), v1.clone(), as_v1(&v2, RELAY), as_v2(&v1, RELAY), as_v2(&v2, RELAY)] {
                let mut rig = Rig::new();
                assert_eq!(rig.admit(&received, BOX), Ok(()));
                assert_eq!(rig.admit(&sent, RELAY), Err(Looped::OtherSource), "{sent:02x?}");
            }
        }
    }

    #[test]
    fn a_v1_trap_that_comes_back_as_received_stops_at_once() {
        let mut rig = Rig::new();
        assert_eq!(rig.admit(&v1_trap([192, 0, 2, 1]), BOX), Ok(()));
        assert_eq!(rig.admit(&v1_trap([192, 0, 2, 1]), RELAY), Err(Looped::OtherSource));
    }

    #[test]
    fn a_loop_of_what_names_no_sender_ends_by_the_count() {
        for received in [trap(1, "a"), v1_trap([0, 0, 0, 0]), v1_trap([127, 0, 1, 1])] {
            let mut rig = Rig::new();
            assert_eq!(rig.admit(&received, BOX), Ok(()));
            let ends: Vec<_> = (0..6).map(|_| rig.admit(&received, RELAY)).collect();
            let stopped = Err(Looped::TooOften);
            assert_eq!(ends, [Ok(()), Ok(()), Ok(()), Ok(()), stopped, stopped]);
        }
    }

    #[test]
    fn a_loop_through_the_sender_s_own_host_ends_by_the_count() {
        let mut rig = Rig::new();
        let ends: Vec<_> = [trap(1, "a"), as_v2(&trap(1, "a"), BOX), as_v1(&trap(1, "a"), BOX), trap(1, "a")]
            .iter()
            .chain([&trap(1, "a"), &as_v2(&trap(1, "a"), BOX)])
            .map(|datagram| rig.admit(datagram, BOX))
            .collect();
        let stopped = Err(Looped::TooOften);
        assert_eq!(ends, [Ok(()), Ok(()), Ok(()), Ok(()), stopped, stopped]);
    }

    #[test]
    fn two_boxes_that_say_the_same_at_the_same_uptime_stay_two() {
        let cold_start = encode::v2c(Kind::Trap, b"public", 1, 0, &standard::COLD_START, &[]);
        let mut rig = Rig::new();
        for (box_, agent) in
            [("192.0.2.1", [192, 0, 2, 1]), ("192.0.2.2", [192, 0, 2, 2]), ("2001:db8::2", [192, 0, 2, 3])]
        {
            assert_eq!(rig.admit(&cold_start, box_), Ok(()));
            assert_eq!(rig.admit(&v1_trap(agent), box_), Ok(()));
            assert_eq!(rig.admit(&v1_trap(agent), RELAY), Err(Looped::OtherSource));
        }
        // The same relay passes on what both have said.
        let mut rig = Rig::new();
        for box_ in ["192.0.2.1", "192.0.2.2"] {
            assert_eq!(rig.admit(&as_v2(&cold_start, box_), RELAY), Ok(()));
        }
    }

    #[test]
    fn different_content_passes_every_time() {
        let value = |value| {
            let bind = OutVarbind { name: ENTERPRISE, value };
            encode::v2c(Kind::Trap, b"public", 1, 1, &ENTERPRISE, &[bind])
        };
        let mut rig = Rig::new();
        let bytes = || OutValue::OctetString(b"\0"[..].into());
        for datagram in [
            trap(1, "a"),
            trap(2, "a"),
            trap(1, "b"),
            value(bytes()),
            value(OutValue::Opaque(b"\0"[..].into())),
            value(OutValue::Null),
            value(OutValue::Integer(0)),
            value(OutValue::Unsigned32(0)),
            value(OutValue::Counter64(0)),
            encode::v2c(Kind::Trap, b"public", 1, 1, &standard::LINK_UP, &[]),
            encode::v2c(Kind::Trap, b"public", 1, 1, &standard::LINK_DOWN, &[]),
        ] {
            assert_eq!(rig.admit(&datagram, BOX), Ok(()));
            assert_eq!(rig.admit(&as_v2(&datagram, BOX), RELAY), Err(Looped::OtherSource));
        }
    }

    #[test]
    fn after_ten_seconds_a_notification_starts_anew() {
        let mut rig = Rig::new();
        assert_eq!(rig.admit(&v1_trap([192, 0, 2, 1]), BOX), Ok(()));
        rig.later(Span::millis(9_999));
        assert_eq!(rig.admit(&v1_trap([192, 0, 2, 1]), RELAY), Err(Looped::OtherSource));
        rig.later(Span::millis(1));
        assert_eq!(rig.admit(&v1_trap([192, 0, 2, 1]), RELAY), Ok(()));
        assert_eq!(rig.admit(&v1_trap([192, 0, 2, 1]), BOX), Err(Looped::OtherSource));
    }

    #[test]
    fn the_latest_are_remembered_in_the_memory_of_the_first() {
        let mut rig = Rig::new();
        for uptime in 0..20_000 {
            assert_eq!(rig.admit(&trap(uptime, "a"), BOX), Ok(()));
        }
        assert_eq!((rig.guard.sets.capacity(), rig.guard.sets.iter().flatten().flatten().count()), (SETS, SETS * SET));
        let known = |rig: &mut Rig, uptime| rig.admit(&as_v2(&trap(uptime, "a"), BOX), RELAY).is_err();
        assert!((20_000 - 128..20_000).all(|uptime| known(&mut rig, uptime)));
        assert!(!(0..20_000 - 4_096).step_by(500).any(|uptime| known(&mut rig, uptime)));
    }

    #[test]
    fn a_mapped_address_is_its_ipv4() {
        let mut rig = Rig::new();
        assert_eq!(rig.admit(&trap(1, "a"), BOX), Ok(()));
        assert_eq!(rig.admit(&as_v2(&trap(1, "a"), BOX), "::ffff:192.0.2.1"), Ok(()));
    }
}
