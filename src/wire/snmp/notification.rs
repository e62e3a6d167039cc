//! A trap or inform, of SNMPv1 (RFC 1157 section 4.1.6) or SNMPv2c (RFC 3416 sections 4.2.6 and 4.2.7), in one shape.
//!
//! An SNMPv1 trap gets the SNMPv2 trap OID that RFC 3584 section 3.1 assigns to it. Refuses negative or unknown generic
//! and negative specific traps, agent addresses that are not IPv4, and SNMPv2 notifications without both leading
//! varbinds; these may come in either order, as some senders swap them.

use core::fmt;
use core::net::Ipv4Addr;

use super::ber::{self, Cursor};
use super::oid::{MAX_SUB_IDS, Oid, OidRef, write_dotted};
use super::standard;
use super::value::{Value, Varbind};
use crate::wire::DecodeError;

/// The SNMP versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// SNMPv1.
    V1,
    /// SNMPv2c.
    V2c,
    /// SNMPv3.
    V3,
}

/// Whether the sender waits for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It does not.
    Trap,
    /// It repeats the notification until it is answered.
    Inform,
}

/// What only an SNMPv1 trap says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct V1Header<'a> {
    /// Who defined the trap.
    pub enterprise: OidRef<'a>,
    /// The original sender, as it calls itself.
    pub agent: Ipv4Addr,
    /// `generic-trap`: 0 to 6.
    pub generic: u8,
    /// `specific-trap`: 0 to 2^31-1, of meaning if `generic` is 6.
    pub specific: u32,
}

/// Which notification it is: `snmpTrapOID.0`, or what RFC 3584 makes of an SNMPv1 trap.
#[derive(Clone, Copy)]
pub struct TrapOid<'a> {
    base: OidRef<'a>,
    tail: [Option<u32>; 2],
}

impl<'a> TrapOid<'a> {
    const fn sent(oid: OidRef<'a>) -> Self {
        Self { base: oid, tail: [None, None] }
    }

    /// RFC 3584 section 3.1 (2): `snmpTraps.(generic + 1)`, or `enterprise.0.specific`.
    fn translated(v1: V1Header<'a>) -> Result<Self, DecodeError> {
        if v1.generic == ENTERPRISE_SPECIFIC {
            if v1.enterprise.sub_ids().count() + 2 > MAX_SUB_IDS {
                return Err(DecodeError::Limit("trap oid"));
            }
            Ok(Self { base: v1.enterprise, tail: [Some(0), Some(v1.specific)] })
        } else {
            let base = OidRef::from_ber(SNMP_TRAPS_OCTETS)?;
            Ok(Self { base, tail: [Some(u32::from(v1.generic) + 1), None] })
        }
    }

    /// Its sub-identifiers.
    pub fn sub_ids(self) -> impl Iterator<Item = u32> + 'a {
        self.base.sub_ids().chain(self.tail.into_iter().flatten())
    }

    /// Whether it is `prefix` or lies below it.
    #[must_use]
    pub fn starts_with(self, prefix: &[u32]) -> bool {
        let mut ids = self.sub_ids();
        prefix.iter().all(|&id| ids.next() == Some(id))
    }

    /// A copy that outlives the message.
    ///
    /// # Errors
    ///
    /// None for a trap OID out of a decoded message.
    pub fn to_oid(self) -> Result<Oid, DecodeError> {
        Oid::new(self.sub_ids().collect())
    }
}

impl PartialEq for TrapOid<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.sub_ids().eq(other.sub_ids())
    }
}

impl Eq for TrapOid<'_> {}

impl PartialEq<Oid> for TrapOid<'_> {
    fn eq(&self, other: &Oid) -> bool {
        self.sub_ids().eq(other.sub_ids().iter().copied())
    }
}

impl fmt::Display for TrapOid<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_dotted(f, self.sub_ids())
    }
}

impl fmt::Debug for TrapOid<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TrapOid({self})")
    }
}

const ENTERPRISE_SPECIFIC: u8 = 6;
/// `standard::SNMP_TRAPS`, in BER.
const SNMP_TRAPS_OCTETS: &[u8] = &[0x2b, 6, 1, 6, 3, 1, 1, 5];

/// A list of varbinds that was read once without error. Iterating reads it again and allocates nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Varbinds<'a>(Cursor<'a>);

impl<'a> Varbinds<'a> {
    /// The varbinds, in the order in which they were sent.
    #[must_use]
    pub const fn iter(self) -> VarbindIter<'a> {
        VarbindIter(self.0)
    }

    fn checked(list: Cursor<'a>) -> Result<Self, DecodeError> {
        let mut rest = list;
        while !rest.is_empty() {
            Varbind::read(&mut rest)?;
        }
        Ok(Self(list))
    }

    /// Checks the varbind list that is all that is left of a PDU.
    pub(super) fn read_last(pdu: &mut Cursor<'a>) -> Result<Self, DecodeError> {
        let list = pdu.content(ber::SEQUENCE, "varbind list")?;
        pdu.end("pdu")?;
        Self::checked(Cursor::new(list))
    }
}

impl<'a> IntoIterator for Varbinds<'a> {
    type Item = Varbind<'a>;
    type IntoIter = VarbindIter<'a>;

    fn into_iter(self) -> VarbindIter<'a> {
        self.iter()
    }
}

/// The varbinds of a [`Varbinds`], in order.
#[derive(Clone, Debug)]
pub struct VarbindIter<'a>(Cursor<'a>);

impl<'a> VarbindIter<'a> {
    /// Those not yet taken.
    const fn rest(&self) -> Varbinds<'a> {
        Varbinds(self.0)
    }
}

impl<'a> Iterator for VarbindIter<'a> {
    type Item = Varbind<'a>;

    fn next(&mut self) -> Option<Varbind<'a>> {
        Varbind::read(&mut self.0).ok()
    }
}

/// A trap or inform. Borrows from its datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notification<'a> {
    /// The SNMP version of the message.
    pub version: Version,
    /// The community: at least one byte, of any value; empty in SNMPv3.
    pub community: &'a [u8],
    /// Whether it must be answered.
    pub kind: Kind,
    /// Pairs an inform with its answer; any value. 0 for SNMPv1.
    pub request_id: i32,
    /// The sender's `sysUpTime`, in hundredths of a second; it wraps after 497 days.
    pub uptime: u32,
    /// Which notification it is.
    pub trap_oid: TrapOid<'a>,
    /// The header of an SNMPv1 trap.
    pub v1: Option<V1Header<'a>>,
    /// The varbinds, without the two that lead an SNMPv2 notification.
    pub varbinds: Varbinds<'a>,
    /// All varbinds in their original octets, for the answer.
    pub(super) list: &'a [u8],
}

impl<'a> Notification<'a> {
    /// Reads the content of a Trap-PDU (RFC 1157 section 4.1.6).
    pub(super) fn read_v1(community: &'a [u8], pdu: &'a [u8]) -> Result<Self, DecodeError> {
        let mut pdu = Cursor::new(pdu);
        let enterprise = OidRef::from_ber(pdu.content(ber::OBJECT_IDENTIFIER, "enterprise")?)?;
        let agent = <[u8; 4]>::try_from(pdu.content(ber::IP_ADDRESS, "agent-addr")?);
        let agent = Ipv4Addr::from(agent.or(Err(DecodeError::Invalid("agent-addr")))?);
        let generic = u8::try_from(pdu.integer("generic-trap")?).or(Err(DecodeError::Invalid("generic-trap")))?;
        if generic > ENTERPRISE_SPECIFIC {
            return Err(DecodeError::Invalid("generic-trap"));
        }
        let specific = u32::try_from(pdu.integer("specific-trap")?).or(Err(DecodeError::Invalid("specific-trap")))?;
        let uptime = pdu.time_ticks("time-stamp")?;
        let v1 = V1Header { enterprise, agent, generic, specific };
        let trap_oid = TrapOid::translated(v1)?;
        let varbinds = Varbinds::read_last(&mut pdu)?;
        Ok(Self {
            version: Version::V1,
            community,
            kind: Kind::Trap,
            request_id: 0,
            uptime,
            trap_oid,
            v1: Some(v1),
            varbinds,
            list: varbinds.0.rest(),
        })
    }

    /// Reads the content of an SNMPv2-Trap-PDU or InformRequest-PDU (RFC 3416 section 3).
    pub(super) fn read_v2(community: &'a [u8], kind: Kind, pdu: &'a [u8]) -> Result<Self, DecodeError> {
        let mut pdu = Cursor::new(pdu);
        let request_id = pdu.integer("request-id")?;
        // Both are zero in a notification and mean nothing (RFC 3416 section 3: "sometimes ignored").
        pdu.integer("error-status")?;
        pdu.integer("error-index")?;
        let all = Varbinds::read_last(&mut pdu)?;
        let mut varbinds = all.iter();
        let first = varbinds.next().ok_or(DecodeError::Missing("sysUpTime.0"))?;
        let second = varbinds.next().ok_or(DecodeError::Missing("snmpTrapOID.0"))?;
        let (time, trap) = if first.name == standard::SNMP_TRAP_OID { (second, first) } else { (first, second) };
        if time.name != standard::SYS_UP_TIME {
            return Err(DecodeError::Missing("sysUpTime.0"));
        }
        if trap.name != standard::SNMP_TRAP_OID {
            return Err(DecodeError::Missing("snmpTrapOID.0"));
        }
        let Value::TimeTicks(uptime) = time.value else {
            return Err(DecodeError::Invalid("sysUpTime.0"));
        };
        let Value::ObjectIdentifier(oid) = trap.value else {
            return Err(DecodeError::Invalid("snmpTrapOID.0"));
        };
        Ok(Self {
            version: Version::V2c,
            community,
            kind,
            request_id,
            uptime,
            trap_oid: TrapOid::sent(oid),
            v1: None,
            varbinds: varbinds.rest(),
            list: all.0.rest(),
        })
    }
}
