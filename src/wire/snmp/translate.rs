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
