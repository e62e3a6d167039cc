//! Values to bytes: our own notifications (RFC 1157 section 4.1.6, RFC 3416 section 4.2.6), the answer to an inform
//! (RFC 3416 section 4.2.7), and an inform that is passed on as it came.
//!
//! Writes what it is given: that a datagram holds at most 65,507 bytes is the sender's concern.

use core::net::Ipv4Addr;
use std::borrow::Cow;

use super::ber::{self, Writer};
use super::notification::{Kind, Notification};
use super::oid::Oid;
use super::standard;
use super::v3::UsmCounter;

/// What an allocator adds to what it is asked for, in octets, about.
const ALLOCATION: usize = 16;

/// A value to be sent: one of ours, or one that is passed on.
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
    /// `Opaque`: bytes that we do not look into.
    Opaque(Cow<'a, [u8]>),
    /// `Counter64`; SNMPv1 has no such type.
    Counter64(u64),
    /// `NULL`.
    Null,
    /// The exception `noSuchObject`; SNMPv1 has none of the three.
    NoSuchObject,
    /// The exception `noSuchInstance`.
    NoSuchInstance,
    /// The exception `endOfMibView`.
    EndOfMibView,
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

    /// About how much memory a received one takes, in octets.
    pub(super) fn size(&self) -> usize {
        let oid = |oid: &Oid| ALLOCATION + size_of_val(oid.sub_ids());
        let value = match &self.value {
            OutValue::OctetString(octets) | OutValue::Opaque(octets) => ALLOCATION + octets.len(),
            OutValue::ObjectIdentifier(id) => oid(id),
            OutValue::Integer(_)
            | OutValue::IpAddress(_)
            | OutValue::Counter32(_)
            | OutValue::Unsigned32(_)
            | OutValue::TimeTicks(_)
            | OutValue::Counter64(_)
            | OutValue::Null
            | OutValue::NoSuchObject
            | OutValue::NoSuchInstance
            | OutValue::EndOfMibView => 0,
        };
        size_of::<Self>() + oid(&self.name) + value
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
            Self::Opaque(bytes) => bind.tlv(ber::OPAQUE, bytes),
            Self::Counter64(n) => bind.number(ber::COUNTER64, i128::from(*n)),
            Self::Null => bind.tlv(ber::NULL, &[]),
            Self::NoSuchObject => bind.tlv(ber::NO_SUCH_OBJECT, &[]),
            Self::NoSuchInstance => bind.tlv(ber::NO_SUCH_INSTANCE, &[]),
            Self::EndOfMibView => bind.tlv(ber::END_OF_MIB_VIEW, &[]),
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
    let mut writer = Writer::default();
    writer.nest(ber::TRAP_V1_PDU, |pdu| {
        pdu.oid(enterprise.sub_ids());
        pdu.tlv(ber::IP_ADDRESS, &agent.octets());
        pdu.number(ber::INTEGER, i128::from(generic));
        pdu.number(ber::INTEGER, i128::from(specific));
        pdu.number(ber::TIME_TICKS, i128::from(uptime));
        pdu.nest(ber::SEQUENCE, |list| varbinds.iter().for_each(|bind| bind.write(list)));
    });
    message(VERSION_1, community, &writer.into_bytes())
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
    message(VERSION_2C, community, &notification_pdu(kind, request_id, uptime, trap_oid, varbinds))
}

/// An SNMPv2-Trap-PDU or InformRequest-PDU, for a message of version 2c or 3.
#[must_use]
pub fn notification_pdu(
    kind: Kind,
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
    pdu(tag, request_id, |pdu| {
        pdu.nest(ber::SEQUENCE, |list| head.iter().chain(varbinds).for_each(|bind| bind.write(list)));
    })
}

/// The answer that an inform of version 2c waits for; none for a trap, which waits for none.
#[must_use]
pub fn response_to(notification: &Notification<'_>) -> Option<Vec<u8>> {
    match notification.kind {
        Kind::Trap => None,
        Kind::Inform => Some(message(VERSION_2C, notification.community, &response_pdu(notification))),
    }
}

/// The Response-PDU to an inform.
///
/// It repeats request-id and varbinds and reports no error (RFC 3416 section 4.2.7). The varbinds are the inform's own
/// octets, so the answer is never longer than the inform, and `tooBig` cannot arise.
#[must_use]
pub fn response_pdu(inform: &Notification<'_>) -> Vec<u8> {
    pdu(ber::RESPONSE_PDU, inform.request_id, |pdu| pdu.tlv(ber::SEQUENCE, inform.list))
}

/// A Report-PDU (RFC 3412 section 7.1 (3)) that `counter` now stands at this value.
#[must_use]
pub fn report_pdu(request_id: i32, counter: UsmCounter, value: u32) -> Vec<u8> {
    let name = standard::USM_STATS.sub_ids().iter().copied().chain([counter.number(), 0]);
    let name: Vec<u32> = name.collect();
    pdu(ber::REPORT_PDU, request_id, |pdu| {
        pdu.nest(ber::SEQUENCE, |list| {
            list.nest(ber::SEQUENCE, |bind| {
                bind.oid(&name);
                bind.number(ber::COUNTER32, i128::from(value));
            });
        });
    })
}

/// A GetRequest-PDU without varbinds: what an engine asks with to learn another one's id (RFC 3414 section 4).
#[must_use]
pub fn discovery_pdu(request_id: i32) -> Vec<u8> {
    pdu(ber::GET_PDU, request_id, |pdu| pdu.tlv(ber::SEQUENCE, &[]))
}

/// The inform as it was received, under a request-id of ours; none for a trap, whose datagram can be sent on unchanged.
///
/// The request-id pairs an inform with its answer at whoever waits for it: passed on, that is us.
#[must_use]
pub fn inform_as_received(notification: &Notification<'_>, request_id: i32) -> Option<Vec<u8>> {
    match notification.kind {
        Kind::Trap => None,
        Kind::Inform => {
            let inform = pdu(ber::INFORM_PDU, request_id, |pdu| pdu.tlv(ber::SEQUENCE, notification.list));
            Some(message(VERSION_2C, notification.community, &inform))
        }
    }
}

const VERSION_1: i128 = 0;
const VERSION_2C: i128 = 1;

fn message(version: i128, community: &[u8], pdu: &[u8]) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.nest(ber::SEQUENCE, |message| {
        message.number(ber::INTEGER, version);
        message.tlv(ber::OCTET_STRING, community);
        message.raw(pdu);
    });
    writer.into_bytes()
}

/// A PDU with this request-id, and with error-status and error-index of zero.
fn pdu(tag: u8, request_id: i32, varbinds: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.nest(tag, |pdu| {
        pdu.number(ber::INTEGER, i128::from(request_id));
        pdu.number(ber::INTEGER, 0);
        pdu.number(ber::INTEGER, 0);
        varbinds(pdu);
    });
    writer.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::snmp::{Message, Notification, OidRef, Response, V1Header, Value, Varbind, Version, decode};

    const ROOT: Oid = Oid::known(&[1, 3, 6, 1, 4, 1, 8072, 9999]);

    fn notification(datagram: &[u8]) -> Notification<'_> {
        match decode(datagram) {
            Ok(Message::Notification(notification)) => notification,
            other @ (Ok(Message::Response(_) | Message::V3(_)) | Err(_)) => panic!("{other:?}"),
        }
    }

    fn one_of_each() -> (Vec<OutVarbind<'static>>, Vec<Value<'static>>) {
        let pairs = [
            (OutValue::Integer(i32::MIN), Value::Integer(i32::MIN)),
            (OutValue::from("jdoe"), Value::OctetString(b"jdoe")),
            (OutValue::from(String::new()), Value::OctetString(b"")),
            (OutValue::ObjectIdentifier(ROOT), Value::ObjectIdentifier(root())),
            (OutValue::IpAddress(Ipv4Addr::new(192, 0, 2, 1)), Value::IpAddress(Ipv4Addr::new(192, 0, 2, 1))),
            (OutValue::Counter32(u32::MAX), Value::Counter32(u32::MAX)),
            (OutValue::Unsigned32(128), Value::Unsigned32(128)),
            (OutValue::TimeTicks(u32::MAX), Value::TimeTicks(u32::MAX)),
            (OutValue::Opaque(Cow::Borrowed(&[0x9f, 0x78, 4])), Value::Opaque(&[0x9f, 0x78, 4])),
            (OutValue::Counter64(u64::MAX), Value::Counter64(u64::MAX)),
            (OutValue::Null, Value::Null),
            (OutValue::NoSuchObject, Value::NoSuchObject),
            (OutValue::NoSuchInstance, Value::NoSuchInstance),
            (OutValue::EndOfMibView, Value::EndOfMibView),
        ];
        pairs.into_iter().map(|(out, read)| (OutVarbind::new(ROOT, out), read)).unzip()
    }

    /// `ROOT` as a sender writes it.
    fn root() -> OidRef<'static> {
        OidRef::from_ber(&[0x2b, 6, 1, 4, 1, 0xbf, 0x08, 0xce, 0x0f]).unwrap()
    }

    #[test]
    fn a_v2c_trap_of_ours_has_these_octets() {
        let bytes =
            v2c(Kind::Trap, b"public", -2, 256, &ROOT, &[OutVarbind::new(ROOT.child(&[1, 0]).unwrap(), "jdoe")]);
        #[rustfmt::skip]
        let expected = [
            0x30, 0x56, 0x02, 1, 1, 0x04, 6, b'p', b'u', b'b', b'l', b'i', b'c',
            0xa7, 0x49, 0x02, 1, 0xfe, 0x02, 1, 0, 0x02, 1, 0,
            0x30, 0x3e,
            0x30, 0x0e, 0x06, 8, 0x2b, 6, 1, 2, 1, 1, 3, 0, 0x43, 2, 1, 0,
            0x30, 0x17, 0x06, 10, 0x2b, 6, 1, 6, 3, 1, 1, 4, 1, 0, 0x06, 9, 0x2b, 6, 1, 4, 1, 0xbf, 0x08, 0xce, 0x0f,
            0x30, 0x13, 0x06, 11, 0x2b, 6, 1, 4, 1, 0xbf, 0x08, 0xce, 0x0f, 1, 0, 0x04, 4, b'j', b'd', b'o', b'e',
        ];
        assert_eq!(bytes, expected);
    }

    #[test]
    fn a_v1_trap_of_ours_reads_back_whole() {
        let (varbinds, values) = one_of_each();
        let bytes = v1_trap(b"public", &ROOT, Ipv4Addr::new(192, 0, 2, 7), 6, 77, u32::MAX, &varbinds);
        let read = notification(&bytes);
        assert_eq!(
            read.v1,
            Some(V1Header { enterprise: root(), agent: Ipv4Addr::new(192, 0, 2, 7), generic: 6, specific: 77 })
        );
        assert_eq!((read.version, read.kind, read.request_id, read.uptime), (Version::V1, Kind::Trap, 0, u32::MAX));
        assert_eq!(
            (read.community, read.trap_oid.to_string().as_str()),
            (&b"public"[..], "1.3.6.1.4.1.8072.9999.0.77")
        );
        let expected: Vec<_> = values.into_iter().map(|value| Varbind { name: root(), value }).collect();
        assert_eq!(read.varbinds.iter().collect::<Vec<_>>(), expected);
        assert_eq!(response_to(&read), None);
    }

    #[test]
    fn an_inform_of_ours_reads_back_whole_and_is_answered_with_its_own_varbinds() {
        let (varbinds, values) = one_of_each();
        let bytes = v2c(Kind::Inform, &[0xff, 0], i32::MIN, 1, &ROOT, &varbinds);
        let read = notification(&bytes);
        assert_eq!((read.version, read.kind, read.request_id, read.uptime), (Version::V2c, Kind::Inform, i32::MIN, 1));
        assert_eq!((read.community, read.v1), (&[0xff, 0][..], None));
        assert_eq!(read.trap_oid, ROOT);
        assert_eq!(read.varbinds.iter().map(|bind| bind.value).collect::<Vec<_>>(), values);

        let mut expected = bytes.clone();
        let pdu = expected.iter().position(|&octet| octet == 0xa6).unwrap();
        expected[pdu] = 0xa2;
        let answer = response_to(&read).unwrap();
        assert_eq!(answer, expected);
        let response = Response { request_id: i32::MIN, error_status: 0, error_index: 0 };
        assert_eq!(decode(&answer), Ok(Message::Response(response)));
    }

    #[test]
    fn an_inform_is_passed_on_with_nothing_changed_but_its_request_id() {
        let (varbinds, _) = one_of_each();
        let received = v2c(Kind::Inform, &[0xff, 0], -7, 1, &ROOT, &varbinds);
        let expected = v2c(Kind::Inform, &[0xff, 0], 70_000, 1, &ROOT, &varbinds);
        assert_eq!(inform_as_received(&notification(&received), 70_000), Some(expected));
        let trap = v2c(Kind::Trap, b"public", -7, 1, &ROOT, &varbinds);
        assert_eq!(inform_as_received(&notification(&trap), 70_000), None);
    }
}
