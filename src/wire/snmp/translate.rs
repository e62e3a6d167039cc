//! A received notification to be sent on, as SNMPv2 or as SNMPv1 (RFC 3584 section 3).
//!
//! Where a standard leaves it open, an NMS must be able to tell who sent the notification, and must not be told anything
//! that the sender did not say:
//!
//! * Every notification gets `snmpTrapAddress.0` unless it has it, SNMPv2 to SNMPv2 too: the NMS would otherwise take our
//!   address for the sender's. Only an SNMPv1 trap also gets `snmpTrapCommunity.0` and `snmpTrapEnterprise.0`.
//! * An SNMPv1 trap whose agent-addr is 0.0.0.0 was sent by the source of its datagram. `IpAddress` holds IPv4 only: the
//!   address of an IPv6 sender is not passed on.
//! * An SNMPv1 trap sent on as SNMPv1 is not translated: header and varbinds are the received ones. What is appended for
//!   SNMPv2 stands in the header of SNMPv1.
//! * Refuses to make an SNMPv1 trap out of what SNMPv1 cannot say. A notification with a Counter64 has no translation
//!   (RFC 3584 section 3.2 (6)); leaving the varbind out would move those behind it, which receivers know by position.
//!   The same holds for the exceptions, and for a specific-trap above 2^31-1, which would be another trap if it were cut.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr};
use std::borrow::Cow;

use super::encode::{self, OutValue, OutVarbind};
use super::notification::{Kind, Notification, V1Header};
use super::oid::Oid;
use super::standard;
use super::value::{Value, Varbind};
use crate::wire::DecodeError;

/// A received notification that outlives its datagram, in SNMPv2 shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relayed {
    uptime: u32,
    trap_oid: Oid,
    varbinds: Vec<OutVarbind<'static>>,
    /// How many of the varbinds were received; those that we append follow.
    received: usize,
    sender: Ipv4Addr,
    v1: Option<Header>,
}

/// What an SNMPv1 trap says of itself, but for its sender.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Header {
    enterprise: Oid,
    generic: u8,
    specific: u32,
}

impl Relayed {
    /// The notification, which the datagram from `from` held (RFC 3584 section 3.1).
    ///
    /// # Errors
    ///
    /// None for a notification out of a decoded message.
    pub fn from_received(notification: &Notification<'_>, from: IpAddr) -> Result<Self, DecodeError> {
        let varbinds = notification.varbinds.iter().map(OutVarbind::try_from).collect::<Result<Vec<_>, _>>()?;
        let from = match from.to_canonical() {
            IpAddr::V4(address) => Some(address),
            IpAddr::V6(_) => None,
        };
        let mut relayed = Self {
            uptime: notification.uptime,
            trap_oid: notification.trap_oid.to_oid()?,
            received: varbinds.len(),
            varbinds,
            sender: from.unwrap_or(Ipv4Addr::UNSPECIFIED),
            v1: None,
        };
        match notification.v1 {
            Some(header) => relayed.complete_v1(header, notification.community)?,
            None => relayed.complete_v2(from),
        }
        Ok(relayed)
    }

    /// What RFC 3584 section 3.1 (4) has a proxy append.
    fn complete_v1(&mut self, header: V1Header<'_>, community: &[u8]) -> Result<(), DecodeError> {
        if !header.agent.is_unspecified() {
            self.sender = header.agent;
        }
        let enterprise = header.enterprise.to_oid()?;
        self.append(&standard::SNMP_TRAP_ADDRESS, OutValue::IpAddress(self.sender));
        self.append(&standard::SNMP_TRAP_COMMUNITY, OutValue::OctetString(Cow::Owned(community.to_vec())));
        self.append(&standard::SNMP_TRAP_ENTERPRISE, OutValue::ObjectIdentifier(enterprise.clone()));
        self.v1 = Some(Header { enterprise, generic: header.generic, specific: header.specific });
        Ok(())
    }

    fn complete_v2(&mut self, from: Option<Ipv4Addr>) {
        if let Some(&OutValue::IpAddress(address)) = self.value(&standard::SNMP_TRAP_ADDRESS) {
            self.sender = address;
        } else if let Some(from) = from {
            self.append(&standard::SNMP_TRAP_ADDRESS, OutValue::IpAddress(from));
        }
    }

    /// Appends the varbind unless there is one of that name.
    fn append(&mut self, name: &Oid, value: OutValue<'static>) {
        if self.value(name).is_none() {
            self.varbinds.push(OutVarbind { name: name.clone(), value });
        }
    }

    fn value(&self, name: &Oid) -> Option<&OutValue<'static>> {
        self.varbinds.iter().find(|bind| bind.name == *name).map(|bind| &bind.value)
    }

    /// The sender's `sysUpTime`, in hundredths of a second.
    #[must_use]
    pub const fn uptime(&self) -> u32 {
        self.uptime
    }

    /// Which notification it is: `snmpTrapOID.0`.
    #[must_use]
    pub const fn trap_oid(&self) -> &Oid {
        &self.trap_oid
    }

    /// The varbinds behind `sysUpTime.0` and `snmpTrapOID.0`: all that were received, in their order, and ours.
    #[must_use]
    pub fn varbinds(&self) -> &[OutVarbind<'static>] {
        &self.varbinds
    }

    /// About how much memory it takes, in octets: many times what its datagram had, if that held many small varbinds.
    #[must_use]
    pub fn size(&self) -> usize {
        size_of::<Self>() + self.varbinds.iter().map(OutVarbind::size).sum::<usize>()
    }

    /// The message of an SNMPv2c trap or inform.
    #[must_use]
    pub fn encode_v2c(&self, kind: Kind, community: &[u8], request_id: i32) -> Vec<u8> {
        encode::v2c(kind, community, request_id, self.uptime, &self.trap_oid, &self.varbinds)
    }

    /// As an SNMPv1 trap (RFC 3584 section 3.2).
    ///
    /// # Errors
    ///
    /// What it says cannot be said in SNMPv1; never for what was received as SNMPv1.
    pub fn to_v1(&self) -> Result<V1Trap<'_>, Untranslatable> {
        let varbinds = self.varbinds.get(..self.received).unwrap_or_default();
        let header = match &self.v1 {
            Some(header) => header.clone(),
            None => {
                varbinds.iter().try_for_each(|bind| sayable_in_v1(&bind.value))?;
                self.header()?
            }
        };
        let Header { enterprise, generic, specific } = header;
        Ok(V1Trap { enterprise, agent: self.sender, generic, specific, uptime: self.uptime, varbinds })
    }

    /// RFC 3584 section 3.2 (1), (3) and (4).
    fn header(&self) -> Result<Header, Untranslatable> {
        let ids = self.trap_oid.sub_ids();
        if let Some(generic) = generic_trap(ids) {
            let enterprise = match self.value(&standard::SNMP_TRAP_ENTERPRISE) {
                Some(OutValue::ObjectIdentifier(enterprise)) => enterprise,
                Some(_) | None => &standard::SNMP_TRAPS,
            };
            return Ok(Header { enterprise: enterprise.clone(), generic, specific: 0 });
        }
        let (enterprise, specific) = match ids {
            [enterprise @ .., 0, specific] | [enterprise @ .., specific] => (enterprise, *specific),
            [] => return Err(Untranslatable::Enterprise),
        };
        if specific > MAX_SPECIFIC {
            return Err(Untranslatable::SpecificTrap);
        }
        let enterprise = Oid::new(enterprise.to_vec()).or(Err(Untranslatable::Enterprise))?;
        Ok(Header { enterprise, generic: ENTERPRISE_SPECIFIC, specific })
    }
}

/// An SNMPv1 trap to be sent. Borrows its varbinds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct V1Trap<'a> {
    /// Who defined the trap.
    pub enterprise: Oid,
    /// The original sender; 0.0.0.0 if its IPv4 address is not known.
    pub agent: Ipv4Addr,
    /// `generic-trap`: 0 to 6.
    pub generic: u8,
    /// `specific-trap`: 0 to 2^31-1.
    pub specific: u32,
    /// `time-stamp`: the sender's `sysUpTime`, in hundredths of a second.
    pub uptime: u32,
    /// The varbinds that were received.
    pub varbinds: &'a [OutVarbind<'static>],
}

impl V1Trap<'_> {
    /// The message.
    #[must_use]
    pub fn encode(&self, community: &[u8]) -> Vec<u8> {
        encode::v1_trap(
            community,
            &self.enterprise,
            self.agent,
            self.generic,
            self.specific,
            self.uptime,
            self.varbinds,
        )
    }
}

/// Why an SNMPv2 notification has no form in SNMPv1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Untranslatable {
    /// A varbind is a Counter64.
    Counter64,
    /// A varbind is an exception: noSuchObject, noSuchInstance or endOfMibView.
    Exception,
    /// The last sub-identifier of the trap OID is above 2^31-1.
    SpecificTrap,
    /// The trap OID is too short to name an enterprise.
    Enterprise,
}

impl Untranslatable {
    /// Every reason there is.
    pub const ALL: &'static [Self] = &[Self::Counter64, Self::Exception, Self::SpecificTrap, Self::Enterprise];

    /// The name in `health` and in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter64 => "v1-counter64",
            Self::Exception => "v1-exception",
            Self::SpecificTrap => "v1-specific-trap",
            Self::Enterprise => "v1-enterprise",
        }
    }
}

impl fmt::Display for Untranslatable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Counter64 => "SNMPv1 has no Counter64",
            Self::Exception => "SNMPv1 has no noSuchObject, noSuchInstance or endOfMibView",
            Self::SpecificTrap => "the number of the trap is above 2^31-1, the last that SNMPv1 has",
            Self::Enterprise => "the trap OID is too short to name an enterprise for SNMPv1",
        })
    }
}

impl std::error::Error for Untranslatable {}

impl TryFrom<Varbind<'_>> for OutVarbind<'static> {
    type Error = DecodeError;

    /// Cannot fail for a varbind out of a decoded message.
    fn try_from(bind: Varbind<'_>) -> Result<Self, DecodeError> {
        Ok(Self { name: bind.name.to_oid()?, value: bind.value.try_into()? })
    }
}

impl TryFrom<Value<'_>> for OutValue<'static> {
    type Error = DecodeError;

    /// Cannot fail for a value out of a decoded message.
    fn try_from(value: Value<'_>) -> Result<Self, DecodeError> {
        Ok(match value {
            Value::Integer(n) => Self::Integer(n),
            Value::OctetString(bytes) => Self::OctetString(Cow::Owned(bytes.to_vec())),
            Value::ObjectIdentifier(oid) => Self::ObjectIdentifier(oid.to_oid()?),
            Value::IpAddress(address) => Self::IpAddress(address),
            Value::Counter32(n) => Self::Counter32(n),
            Value::Unsigned32(n) => Self::Unsigned32(n),
            Value::TimeTicks(n) => Self::TimeTicks(n),
            Value::Opaque(bytes) => Self::Opaque(Cow::Owned(bytes.to_vec())),
            Value::Counter64(n) => Self::Counter64(n),
            Value::Null => Self::Null,
            Value::NoSuchObject => Self::NoSuchObject,
            Value::NoSuchInstance => Self::NoSuchInstance,
            Value::EndOfMibView => Self::EndOfMibView,
        })
    }
}

const ENTERPRISE_SPECIFIC: u8 = 6;
/// The INTEGER of SNMP has 32 bits (RFC 2578 section 7.1.1), and receivers read no more.
const MAX_SPECIFIC: u32 = 0x7fff_ffff;

/// The generic-trap that `snmpTraps.1` to `snmpTraps.6` (coldStart to egpNeighborLoss) were in SNMPv1: 0 to 5.
fn generic_trap(ids: &[u32]) -> Option<u8> {
    let (&last, rest) = ids.split_last()?;
    let generic = u8::try_from(last.checked_sub(1)?).ok()?;
    (rest == standard::SNMP_TRAPS.sub_ids() && generic < ENTERPRISE_SPECIFIC).then_some(generic)
}

const fn sayable_in_v1(value: &OutValue<'_>) -> Result<(), Untranslatable> {
    match value {
        OutValue::Counter64(_) => Err(Untranslatable::Counter64),
        OutValue::NoSuchObject | OutValue::NoSuchInstance | OutValue::EndOfMibView => Err(Untranslatable::Exception),
        OutValue::Integer(_)
        | OutValue::OctetString(_)
        | OutValue::ObjectIdentifier(_)
        | OutValue::IpAddress(_)
        | OutValue::Counter32(_)
        | OutValue::Unsigned32(_)
        | OutValue::TimeTicks(_)
        | OutValue::Opaque(_)
        | OutValue::Null => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::snmp::{Message, decode};

    const ENTERPRISE: Oid = Oid::known(&[1, 3, 6, 1, 4, 1, 9, 9, 41, 2]);
    const TRAP: Oid = Oid::known(&[1, 3, 6, 1, 4, 1, 9, 9, 41, 2, 0, 7]);
    const OBJECT: Oid = Oid::known(&[1, 3, 6, 1, 4, 1, 9, 9, 41, 1, 2, 3, 1, 5, 300]);
    const AGENT: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 7);
    const SOURCE: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 3);
    const UPTIME: u32 = u32::MAX;

    fn relayed(datagram: &[u8], from: &str) -> Relayed {
        match decode(datagram) {
            Ok(Message::Notification(read)) => Relayed::from_received(&read, from.parse().unwrap()).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    fn v2(trap_oid: &Oid, varbinds: &[OutVarbind<'_>]) -> Relayed {
        relayed(&encode::v2c(Kind::Trap, b"public", -7, UPTIME, trap_oid, varbinds), "198.51.100.3")
    }

    fn v1(agent: Ipv4Addr, generic: u8, specific: u32, varbinds: &[OutVarbind<'_>]) -> Vec<u8> {
        encode::v1_trap(b"pri\xffvate", &ENTERPRISE, agent, generic, specific, UPTIME, varbinds)
    }

    fn text() -> OutVarbind<'static> {
        OutVarbind { name: OBJECT, value: OutValue::OctetString(Cow::Borrowed(b"\xffjdoe\0")) }
    }

    fn address(address: Ipv4Addr) -> OutVarbind<'static> {
        OutVarbind { name: standard::SNMP_TRAP_ADDRESS.clone(), value: OutValue::IpAddress(address) }
    }

    fn community() -> OutVarbind<'static> {
        let value = OutValue::OctetString(Cow::Borrowed(b"pri\xffvate"));
        OutVarbind { name: standard::SNMP_TRAP_COMMUNITY.clone(), value }
    }

    fn enterprise(oid: Oid) -> OutVarbind<'static> {
        OutVarbind { name: standard::SNMP_TRAP_ENTERPRISE.clone(), value: OutValue::ObjectIdentifier(oid) }
    }

    #[test]
    fn a_v1_trap_becomes_v2_with_three_varbinds_appended() {
        let read = relayed(&v1(AGENT, 6, 7, &[text()]), "198.51.100.3");
        let expected = [text(), address(AGENT), community(), enterprise(ENTERPRISE)];
        assert_eq!((read.uptime(), read.trap_oid(), read.varbinds()), (UPTIME, &TRAP, &expected[..]));
        assert_eq!(
            read.encode_v2c(Kind::Inform, b"nms", 9),
            encode::v2c(Kind::Inform, b"nms", 9, UPTIME, &TRAP, &expected)
        );
    }

    #[test]
    fn what_a_v1_trap_says_already_is_not_appended() {
        let said = [enterprise(OBJECT), address(Ipv4Addr::new(192, 0, 2, 99)), text(), community()];
        assert_eq!(relayed(&v1(AGENT, 6, 7, &said), "198.51.100.3").varbinds(), said);
    }

    #[test]
    fn each_generic_trap_has_its_standard_trap_oid_and_the_way_back() {
        let standards = [
            &standard::COLD_START,
            &standard::WARM_START,
            &standard::LINK_DOWN,
            &standard::LINK_UP,
            &standard::AUTHENTICATION_FAILURE,
            &standard::EGP_NEIGHBOR_LOSS,
        ];
        for (generic, standard) in (0..).zip(standards) {
            let read = relayed(&v1(AGENT, generic, 0, &[]), "198.51.100.3");
            assert_eq!(read.trap_oid(), standard);
            for (varbinds, enterprise) in
                [(vec![], standard::SNMP_TRAPS.clone()), (vec![enterprise(ENTERPRISE)], ENTERPRISE)]
            {
                let back = v2(standard, &varbinds);
                let expected =
                    V1Trap { enterprise, agent: SOURCE, generic, specific: 0, uptime: UPTIME, varbinds: &varbinds };
                assert_eq!(back.to_v1(), Ok(expected));
            }
        }
    }

    #[test]
    fn a_v1_trap_without_an_agent_was_sent_by_its_source() {
        let unnamed = v1(Ipv4Addr::UNSPECIFIED, 6, 7, &[]);
        for (from, sender) in
            [("198.51.100.3", SOURCE), ("::ffff:198.51.100.3", SOURCE), ("2001:db8::3", Ipv4Addr::UNSPECIFIED)]
        {
            let read = relayed(&unnamed, from);
            assert_eq!(read.varbinds(), [address(sender), community(), enterprise(ENTERPRISE)]);
            assert_eq!(read.to_v1().unwrap().agent, sender);
        }
    }

    #[test]
    fn a_v2_notification_goes_on_as_it_is_and_names_its_sender() {
        let datagram = encode::v2c(Kind::Inform, b"public", 5, UPTIME, &TRAP, &[text()]);
        assert_eq!(relayed(&datagram, "198.51.100.3").varbinds(), [text(), address(SOURCE)]);
        assert_eq!(relayed(&datagram, "::ffff:198.51.100.3").varbinds(), [text(), address(SOURCE)]);
        assert_eq!(relayed(&datagram, "2001:db8::3").varbinds(), [text()]);
        assert_eq!(v2(&TRAP, &[address(AGENT), text()]).varbinds(), [address(AGENT), text()]);
        let misused = OutVarbind::new(standard::SNMP_TRAP_ADDRESS.clone(), "192.0.2.7");
        assert_eq!(v2(&TRAP, std::slice::from_ref(&misused)).varbinds(), [misused]);
    }

    #[test]
    fn a_v2_notification_becomes_v1_with_enterprise_and_number_from_its_trap_oid() {
        let v1_of = |ids: &'static [u32]| {
            v2(&Oid::known(ids), &[text()]).to_v1().map(|trap| {
                assert_eq!((trap.agent, trap.uptime, trap.varbinds), (SOURCE, UPTIME, &[text()][..]));
                (trap.enterprise.to_string(), trap.generic, trap.specific)
            })
        };
        assert_eq!(v1_of(&[1, 3, 6, 1, 4, 1, 9, 0, 7]), Ok(("1.3.6.1.4.1.9".to_owned(), 6, 7)));
        assert_eq!(v1_of(&[1, 3, 6, 1, 4, 1, 9, 7]), Ok(("1.3.6.1.4.1.9".to_owned(), 6, 7)));
        assert_eq!(v1_of(&[1, 3, 6, 1, 4, 1, 9, 0, 0, 7]), Ok(("1.3.6.1.4.1.9.0".to_owned(), 6, 7)));
        assert_eq!(v1_of(&[1, 3, 6, 1, 4, 1, 9, 0, 0]), Ok(("1.3.6.1.4.1.9".to_owned(), 6, 0)));
        // Next to the standard traps, and not among them.
        assert_eq!(v1_of(&[1, 3, 6, 1, 6, 3, 1, 1, 5, 7]), Ok(("1.3.6.1.6.3.1.1.5".to_owned(), 6, 7)));
        assert_eq!(v1_of(&[1, 3, 6, 1, 6, 3, 1, 1, 5, 0]), Ok(("1.3.6.1.6.3.1.1.5".to_owned(), 6, 0)));
        assert_eq!(v1_of(&[1, 3, 6, 1, 6, 3, 1, 1, 5, 1, 1]), Ok(("1.3.6.1.6.3.1.1.5.1".to_owned(), 6, 1)));
        assert_eq!(v1_of(&[1, 3, 0x7fff_ffff]), Ok(("1.3".to_owned(), 6, 0x7fff_ffff)));
        assert_eq!(v1_of(&[1, 3, 0x8000_0000]), Err(Untranslatable::SpecificTrap));
        assert_eq!(v1_of(&[0, 0]), Err(Untranslatable::Enterprise));
        assert_eq!(v1_of(&[1, 0, 7]), Err(Untranslatable::Enterprise));
    }

    #[test]
    fn the_agent_of_a_translated_trap_is_the_sender_that_the_notification_names() {
        let said = [address(AGENT), text()];
        let read = v2(&TRAP, &said);
        let expected =
            V1Trap { enterprise: ENTERPRISE, agent: AGENT, generic: 6, specific: 7, uptime: UPTIME, varbinds: &said };
        assert_eq!(read.to_v1(), Ok(expected));
        let datagram = encode::v2c(Kind::Trap, b"public", 5, UPTIME, &TRAP, &[]);
        assert_eq!(relayed(&datagram, "2001:db8::3").to_v1().unwrap().agent, Ipv4Addr::UNSPECIFIED);
    }

    #[test]
    fn a_v1_trap_sent_on_as_v1_has_the_same_octets() {
        let exotic = [text(), OutVarbind { name: OBJECT, value: OutValue::Counter64(1) }];
        for (generic, specific) in [(6, 7), (6, 0x7fff_ffff), (0, 0), (4, 9)] {
            let datagram = v1(AGENT, generic, specific, &exotic);
            let again = relayed(&datagram, "198.51.100.3").to_v1().unwrap().encode(b"pri\xffvate");
            assert_eq!(again, datagram);
        }
    }

    #[test]
    fn v1_to_v2_to_v1_over_two_relays_is_the_same_trap_and_keeps_what_the_first_appended() {
        for (generic, specific) in [(6, 7), (6, 0), (0, 0), (5, 0)] {
            let first = relayed(&v1(AGENT, generic, specific, &[text()]), "198.51.100.3");
            let second = relayed(&first.encode_v2c(Kind::Trap, b"nms", 1), "198.51.100.9");
            let varbinds = [text(), address(AGENT), community(), enterprise(ENTERPRISE)];
            let expected = v1(AGENT, generic, specific, &varbinds);
            assert_eq!(second.to_v1().unwrap().encode(b"pri\xffvate"), expected);
        }
    }

    #[test]
    fn v2_to_v1_to_v2_is_the_same_notification_but_for_a_zero_that_v1_cannot_tell() {
        let over_v1 = |trap_oid: &Oid| {
            let as_v1 = v2(trap_oid, &[text()]).to_v1().unwrap().encode(b"pri\xffvate");
            relayed(&as_v1, "198.51.100.9")
        };
        let without_zero = ENTERPRISE.child(&[7]).unwrap();
        for (sent, received, defined_by) in [
            (&TRAP, &TRAP, ENTERPRISE),
            (&standard::LINK_UP, &standard::LINK_UP, standard::SNMP_TRAPS.clone()),
            (&without_zero, &TRAP, ENTERPRISE),
        ] {
            let read = over_v1(sent);
            let expected = [text(), address(SOURCE), community(), enterprise(defined_by)];
            assert_eq!((read.uptime(), read.trap_oid(), read.varbinds()), (UPTIME, received, &expected[..]));
        }
    }

    fn of_both_versions() -> Vec<OutValue<'static>> {
        vec![
            OutValue::Integer(i32::MIN),
            OutValue::OctetString(Cow::Borrowed(b"\xff\0")),
            OutValue::OctetString(Cow::Borrowed(b"")),
            OutValue::ObjectIdentifier(Oid::known(&[2, u32::MAX, 0])),
            OutValue::IpAddress(AGENT),
            OutValue::Counter32(u32::MAX),
            OutValue::Unsigned32(u32::MAX),
            OutValue::TimeTicks(0),
            OutValue::Opaque(Cow::Borrowed(&[0x9f, 0x78, 4, 0x42, 0xf6, 0, 0])),
            OutValue::Opaque(Cow::Borrowed(b"")),
            OutValue::Null,
        ]
    }

    fn of_v2() -> [(OutValue<'static>, Untranslatable); 4] {
        [
            (OutValue::Counter64(u64::MAX), Untranslatable::Counter64),
            (OutValue::NoSuchObject, Untranslatable::Exception),
            (OutValue::NoSuchInstance, Untranslatable::Exception),
            (OutValue::EndOfMibView, Untranslatable::Exception),
        ]
    }

    #[test]
    fn a_value_of_every_type_goes_through_unchanged() {
        let named = |value| OutVarbind { name: OBJECT, value };
        let sent: Vec<_> = of_both_versions().into_iter().chain(of_v2().map(|(value, _)| value)).map(named).collect();
        let read = v2(&TRAP, &sent);
        assert_eq!(read.varbinds(), [&sent[..], &[address(SOURCE)]].concat());
        let sent: Vec<_> = of_both_versions().into_iter().map(named).collect();
        assert_eq!(v2(&TRAP, &sent).to_v1().unwrap().varbinds, sent);
    }

    #[test]
    fn a_value_that_v1_does_not_have_keeps_the_whole_notification_from_v1() {
        for (value, reason) in of_v2() {
            let read = v2(&TRAP, &[text(), OutVarbind { name: OBJECT, value }, text()]);
            assert_eq!(read.to_v1(), Err(reason));
        }
    }
}
