//! Values to bytes: our own notifications (RFC 1157 section 4.1.6, RFC 3416 section 4.2.6), and the answer to an inform (section 4.2.7).
//!
//! Writes what it is given: that a datagram holds at most 65,507 bytes is the sender's concern.

use core::net::Ipv4Addr;
use std::borrow::Cow;

use super::ber::{self, Writer};
use super::notification::{Kind, Notification};
use super::oid::Oid;
use super::standard;

/// A value of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutValue<'a> {
    /// `INTEGER`, `Integer32`.
    Integer(i32),
    /// `OCTET STRING`.
    OctetString(Cow<'a, [u8]>),
    /// `OBJECT IDENTIFIER`.
    ObjectIdentifier(Oid),
    /// `IpAddress`.
    IpAddress(Ipv4Addr),
    /// `Counter32`.
    Counter32(u32),
    /// `Gauge32`, `Unsigned32`.
    Unsigned32(u32),
    /// `TimeTicks`: hundredths of a second.
    TimeTicks(u32),
    /// `Counter64`.
    Counter64(u64),
}

impl<'a> From<&'a str> for OutValue<'a> {
    fn from(text: &'a str) -> Self {
        Self::OctetString(Cow::Borrowed(text.as_bytes()))
    }
}

impl From<String> for OutValue<'_> {
    fn from(text: String) -> Self {
        Self::OctetString(Cow::Owned(text.into_bytes()))
    }
}

/// A name and a value of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutVarbind<'a> {
    /// The name, an instance of an object.
    pub name: Oid,
    /// The value.
    pub value: OutValue<'a>,
}

impl<'a> OutVarbind<'a> {
    /// This value under this name.
    pub fn new(name: Oid, value: impl Into<OutValue<'a>>) -> Self {
        Self { name, value: value.into() }
    }

    fn write(&self, list: &mut Writer) {
        list.nest(ber::SEQUENCE, |bind| {
            bind.oid(self.name.sub_ids());
            self.value.write(bind);
        });
    }
}

impl OutValue<'_> {
    fn write(&self, bind: &mut Writer) {
        match self {
            Self::Integer(n) => bind.number(ber::INTEGER, i128::from(*n)),
            Self::OctetString(bytes) => bind.tlv(ber::OCTET_STRING, bytes),
            Self::ObjectIdentifier(oid) => bind.oid(oid.sub_ids()),
            Self::IpAddress(address) => bind.tlv(ber::IP_ADDRESS, &address.octets()),
            Self::Counter32(n) => bind.number(ber::COUNTER32, i128::from(*n)),
            Self::Unsigned32(n) => bind.number(ber::UNSIGNED32, i128::from(*n)),
            Self::TimeTicks(n) => bind.number(ber::TIME_TICKS, i128::from(*n)),
            Self::Counter64(n) => bind.number(ber::COUNTER64, i128::from(*n)),
        }
    }
}

/// An SNMPv1 trap. `generic` is 0 to 6, `specific` at most 2^31-1 (0 unless `generic` is 6), `uptime` in hundredths of a second.
#[must_use]
pub fn v1_trap(
    community: &[u8],
    enterprise: &Oid,
    agent: Ipv4Addr,
    generic: u8,
    specific: u32,
    uptime: u32,
    varbinds: &[OutVarbind<'_>],
) -> Vec<u8> {
    message(VERSION_1, community, ber::TRAP_V1_PDU, |pdu| {
        pdu.oid(enterprise.sub_ids());
        pdu.tlv(ber::IP_ADDRESS, &agent.octets());
        pdu.number(ber::INTEGER, i128::from(generic));
        pdu.number(ber::INTEGER, i128::from(specific));
        pdu.number(ber::TIME_TICKS, i128::from(uptime));
        pdu.nest(ber::SEQUENCE, |list| varbinds.iter().for_each(|bind| bind.write(list)));
    })
}

/// An SNMPv2c trap or inform. `uptime` in hundredths of a second; it and `trap_oid` become the two leading varbinds.
#[must_use]
pub fn v2c(
    kind: Kind,
    community: &[u8],
    request_id: i32,
    uptime: u32,
    trap_oid: &Oid,
    varbinds: &[OutVarbind<'_>],
) -> Vec<u8> {
    let tag = match kind {
        Kind::Trap => ber::TRAP_V2_PDU,
        Kind::Inform => ber::INFORM_PDU,
    };
    let head = [
        OutVarbind { name: standard::SYS_UP_TIME.clone(), value: OutValue::TimeTicks(uptime) },
        OutVarbind { name: standard::SNMP_TRAP_OID.clone(), value: OutValue::ObjectIdentifier(trap_oid.clone()) },
    ];
    message(VERSION_2C, community, tag, |pdu| {
        write_control(pdu, request_id);
        pdu.nest(ber::SEQUENCE, |list| head.iter().chain(varbinds).for_each(|bind| bind.write(list)));
    })
}

/// The answer that an inform waits for; none for a trap, which waits for none.
///
/// It repeats request-id and varbinds and reports no error (RFC 3416 section 4.2.7). The varbinds are the inform's own
/// octets, so the answer is never longer than the inform, and `tooBig` cannot arise.
#[must_use]
pub fn response_to(notification: &Notification<'_>) -> Option<Vec<u8>> {
    match notification.kind {
        Kind::Trap => None,
        Kind::Inform => Some(message(VERSION_2C, notification.community, ber::RESPONSE_PDU, |pdu| {
            write_control(pdu, notification.request_id);
            pdu.tlv(ber::SEQUENCE, notification.list);
        })),
    }
}

const VERSION_1: i128 = 0;
const VERSION_2C: i128 = 1;

fn message(version: i128, community: &[u8], tag: u8, pdu: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.nest(ber::SEQUENCE, |message| {
        message.number(ber::INTEGER, version);
        message.tlv(ber::OCTET_STRING, community);
        message.nest(tag, pdu);
    });
    writer.into_bytes()
}

/// request-id, and error-status and error-index of zero.
fn write_control(pdu: &mut Writer, request_id: i32) {
    pdu.number(ber::INTEGER, i128::from(request_id));
    pdu.number(ber::INTEGER, 0);
    pdu.number(ber::INTEGER, 0);
}
