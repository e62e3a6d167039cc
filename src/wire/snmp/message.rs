//! The outer message (RFC 1157 section 4, RFC 1901 section 3): version, community, and which PDU is inside.
//!
//! Walks the outer elements itself, for two things that `snmp-parser` refuses and the RFCs allow: communities that are
//! not UTF-8 and request-ids below zero. Hands SNMPv3 on to its own reader. Refuses an empty
//! community, octets after the message, and every PDU that is neither a notification of its version nor a response.

use super::ber::{self, Cursor};
use super::notification::{Kind, Notification, Varbinds, Version};
use super::v3::V3Message;
use crate::wire::DecodeError;

/// What a datagram can be to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// A trap or inform.
    Notification(Notification<'a>),
    /// An answer to an inform of ours.
    Response(Response),
    /// An SNMPv3 message, taken apart and not checked.
    V3(V3Message<'a>),
}

/// An answer to an inform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Response {
    /// The request-id of the inform.
    pub request_id: i32,
    /// 0 (`noError`) if the inform was taken.
    pub error_status: i32,
    /// Which varbind was at fault, from 1; 0 if none.
    pub error_index: i32,
}

/// Reads one datagram.
///
/// # Errors
///
/// The field at which the octets stop being a message of ours. `Unsupported("version")` and `Unsupported("pdu type")`
/// are messages for someone else.
pub fn decode(datagram: &[u8]) -> Result<Message<'_>, DecodeError> {
    let mut outside = Cursor::new(datagram);
    let mut message = Cursor::new(outside.content(ber::SEQUENCE, "message")?);
    outside.end("message")?;
    let version = match message.integer("version")? {
        0 => Version::V1,
        1 => Version::V2c,
        3 => return V3Message::read(datagram, message).map(Message::V3),
        _ => return Err(DecodeError::Unsupported("version")),
    };
    let community = message.content(ber::OCTET_STRING, "community")?;
    if community.is_empty() {
        return Err(DecodeError::Invalid("community"));
    }
    let pdu = message.tlv("pdu")?;
    message.end("message")?;
    match (version, pdu.tag) {
        (Version::V1, ber::TRAP_V1_PDU) => Notification::read_v1(community, pdu.content).map(Message::Notification),
        (Version::V2c, ber::TRAP_V2_PDU) => {
            Notification::read_v2(community, Kind::Trap, pdu.content).map(Message::Notification)
        }
        (Version::V2c, ber::INFORM_PDU) => {
            Notification::read_v2(community, Kind::Inform, pdu.content).map(Message::Notification)
        }
        (Version::V1 | Version::V2c, ber::RESPONSE_PDU) => Response::read(pdu.content).map(Message::Response),
        (Version::V1 | Version::V2c | Version::V3, _) => Err(DecodeError::Unsupported("pdu type")),
    }
}

impl Response {
    pub(super) fn read(pdu: &[u8]) -> Result<Self, DecodeError> {
        let mut pdu = Cursor::new(pdu);
        let request_id = pdu.integer("request-id")?;
        let error_status = pdu.integer("error-status")?;
        let error_index = pdu.integer("error-index")?;
        Varbinds::read_last(&mut pdu)?;
        Ok(Self { request_id, error_status, error_index })
    }
}

#[cfg(test)]
mod tests {

    use super::*;

    use crate::wire::snmp::standard;

    /// A v2c trap around this PDU tag, request-id element and varbind list.
    fn v2c(tag: u8, request_id: &[u8], list: &[u8]) -> Vec<u8> {
        let control = [request_id, &[0x02, 1, 0, 0x02, 1, 0]].concat();
        let list = element(0x30, list);
        element(0x30, &[&[0x02, 1, 1, 0x04, 1, b'c'], &element(tag, &[control, list].concat())[..]].concat())
    }

    fn v1(pdu: &[u8]) -> Vec<u8> {
        element(0x30, &[&[0x02, 1, 0, 0x04, 1, b'c'], &element(0xa4, pdu)[..]].concat())
    }

    fn element(tag: u8, content: &[u8]) -> Vec<u8> {
        [&[tag, u8::try_from(content.len()).unwrap()], content].concat()
    }

    const ID: &[u8] = &[0x02, 1, 5];
    #[rustfmt::skip]
    const UP_TIME: &[u8] = &[0x30, 0x0d, 0x06, 8, 0x2b, 6, 1, 2, 1, 1, 3, 0, 0x43, 1, 9];
    #[rustfmt::skip]
    const TRAP_OID: &[u8] = &[
        0x30, 0x17, 0x06, 10, 0x2b, 6, 1, 6, 3, 1, 1, 4, 1, 0, 0x06, 9, 0x2b, 6, 1, 6, 3, 1, 1, 5, 1,
    ];
    const EMPTY_VARBIND: &[u8] = &[0x30, 6, 0x06, 2, 0x2b, 6, 0x04, 0];

    fn error(datagram: &[u8]) -> DecodeError {
        decode(datagram).unwrap_err()
    }

    fn notification(datagram: &[u8]) -> Notification<'_> {
        match decode(datagram) {
            Ok(Message::Notification(notification)) => notification,
            other @ (Ok(Message::Response(_) | Message::V3(_)) | Err(_)) => panic!("{other:?}"),
        }
    }

    fn v1_header(generic: &[u8], specific: &[u8], time: &[u8]) -> Vec<u8> {
        let head: &[u8] = &[0x06, 3, 0x2b, 6, 1, 0x40, 4, 192, 0, 2, 1];
        v1(&[head, generic, specific, time, &[0x30, 0]].concat())
    }

    #[test]
    fn a_v2c_trap_is_read() {
        let datagram = v2c(0xa7, ID, &[UP_TIME, TRAP_OID, EMPTY_VARBIND].concat());
        let read = notification(&datagram);
        assert_eq!((read.version, read.kind, read.request_id, read.uptime), (Version::V2c, Kind::Trap, 5, 9));
        assert_eq!((read.community, read.varbinds.iter().count()), (&b"c"[..], 1));
        assert_eq!(read.trap_oid, standard::COLD_START);
    }

    #[test]
    fn leading_varbinds_may_be_swapped_but_not_missing() {
        let read = |list: &[&[u8]]| decode(&v2c(0xa7, ID, &list.concat())).map(|_| ());
        assert_eq!(read(&[UP_TIME, TRAP_OID]), Ok(()));
        assert_eq!(read(&[TRAP_OID, UP_TIME]), Ok(()));
        assert_eq!(read(&[]), Err(DecodeError::Missing("sysUpTime.0")));
        assert_eq!(read(&[UP_TIME]), Err(DecodeError::Missing("snmpTrapOID.0")));
        assert_eq!(read(&[UP_TIME, EMPTY_VARBIND, TRAP_OID]), Err(DecodeError::Missing("snmpTrapOID.0")));
        assert_eq!(read(&[TRAP_OID, EMPTY_VARBIND]), Err(DecodeError::Missing("sysUpTime.0")));
        let mut other_type = UP_TIME.to_vec();
        other_type[12] = 0x02;
        assert_eq!(read(&[&other_type, TRAP_OID]), Err(DecodeError::Invalid("sysUpTime.0")));
        let mut other_type = TRAP_OID.to_vec();
        other_type[14] = 0x04;
        assert_eq!(read(&[UP_TIME, &other_type]), Err(DecodeError::Invalid("snmpTrapOID.0")));
    }

    #[test]
    fn what_snmp_parser_refuses_and_the_rfc_allows_is_read() {
        let negative = v2c(0xa6, &[0x02, 4, 0x80, 0, 0, 0], &[UP_TIME, TRAP_OID].concat());
        assert!(snmp_parser::parse_snmp_v2c(&negative).is_err());
        assert_eq!(notification(&negative).request_id, i32::MIN);
        let mut latin1 = v2c(0xa7, ID, &[UP_TIME, TRAP_OID].concat());
        latin1[7] = 0xe4;
        assert!(snmp_parser::parse_snmp_v2c(&latin1).is_err());
        assert_eq!(notification(&latin1).community, [0xe4]);
    }

    #[test]
    fn v1_generic_traps_get_their_standard_names_and_others_that_of_the_enterprise() {
        let oid = |generic: u8, specific: u8| {
            let datagram = v1_header(&[0x02, 1, generic], &[0x02, 1, specific], &[0x43, 1, 9]);
            notification(&datagram).trap_oid.to_string()
        };
        assert_eq!(oid(0, 0), standard::COLD_START.to_string());
        assert_eq!(oid(3, 0), standard::LINK_UP.to_string());
        assert_eq!(oid(4, 9), standard::AUTHENTICATION_FAILURE.to_string());
        assert_eq!(oid(5, 0), standard::EGP_NEIGHBOR_LOSS.to_string());
        assert_eq!(oid(6, 77), "1.3.6.1.0.77");
        assert_eq!(oid(6, 0), "1.3.6.1.0.0");
    }

    #[test]
    fn v1_headers_out_of_range_are_refused() {
        let zero: &[u8] = &[0x02, 1, 0];
        let time: &[u8] = &[0x43, 1, 9];
        assert_eq!(error(&v1_header(&[0x02, 1, 0xff], zero, time)), DecodeError::Invalid("generic-trap"));
        assert_eq!(error(&v1_header(&[0x02, 1, 7], zero, time)), DecodeError::Invalid("generic-trap"));
        assert_eq!(error(&v1_header(&[0x02, 2, 1, 0], zero, time)), DecodeError::Invalid("generic-trap"));
        assert_eq!(error(&v1_header(zero, &[0x02, 1, 0x80], time)), DecodeError::Invalid("specific-trap"));
        assert_eq!(error(&v1_header(zero, zero, &[0x43, 5, 1, 0, 0, 0, 0])), DecodeError::Invalid("time-stamp"));
        assert_eq!(error(&v1_header(zero, zero, &[0x02, 1, 9])), DecodeError::Invalid("time-stamp"));
        let long_agent = [&[0x06, 1, 0x2b, 0x40, 5, 192, 0, 2, 1, 1], zero, zero, time, &[0x30, 0]].concat();
        assert_eq!(error(&v1(&long_agent)), DecodeError::Invalid("agent-addr"));
        let mut enterprise = vec![0x2b];
        enterprise.resize(126, 1);
        let specific = [&element(0x06, &enterprise)[..], &[0x40, 4, 192, 0, 2, 1], &[0x02, 1, 6]].concat();
        let pdu = [&specific[..], zero, time, &[0x30, 0]].concat();
        let pdu = [&[0xa4, 0x81, u8::try_from(pdu.len()).unwrap()], &pdu[..]].concat();
        let body = [&[0x02, 1, 0, 0x04, 1, b'c'], &pdu[..]].concat();
        let datagram = [&[0x30, 0x81, u8::try_from(body.len()).unwrap()], &body[..]].concat();
        assert_eq!(error(&datagram), DecodeError::Limit("trap oid"));
    }

    #[test]
    fn a_pdu_of_another_version_or_purpose_is_not_for_us() {
        let list = [UP_TIME, TRAP_OID].concat();
        for tag in [0xa0, 0xa1, 0xa3, 0xa4, 0xa5, 0xa8, 0xa9, 0x30, 0x87] {
            assert_eq!(error(&v2c(tag, ID, &list)), DecodeError::Unsupported("pdu type"), "{tag:#x}");
        }
        for tag in [0xa0, 0xa1, 0xa3, 0xa5, 0xa6, 0xa7, 0xa8] {
            let mut datagram = v2c(tag, ID, &list);
            datagram[4] = 0;
            assert_eq!(error(&datagram), DecodeError::Unsupported("pdu type"), "{tag:#x}");
        }
        let mut datagram = v2c(0xa7, ID, &list);
        for version in [0xff, 2, 4, 0x7f] {
            datagram[4] = version;
            assert_eq!(error(&datagram), DecodeError::Unsupported("version"));
        }
        datagram[4] = 3;
        assert_eq!(error(&datagram), DecodeError::Invalid("msgGlobalData"));
    }

    #[test]
    fn a_response_is_read_with_its_error() {
        let datagram =
            element(0x30, &[0x02, 1, 1, 0x04, 1, b'c', 0xa2, 11, 0x02, 1, 0xfb, 0x02, 1, 17, 0x02, 1, 1, 0x30, 0]);
        let response = Response { request_id: -5, error_status: 17, error_index: 1 };
        assert_eq!(decode(&datagram), Ok(Message::Response(response)));
    }

    #[test]
    fn octets_that_should_not_be_there_are_refused() {
        let list = [UP_TIME, TRAP_OID].concat();
        let whole = v2c(0xa7, ID, &list);
        assert_eq!(error(&[&whole[..], &[0]].concat()), DecodeError::Trailing("message"));
        let inside = element(0x30, &[&whole[2..], &[0x05, 0]].concat());
        assert_eq!(error(&inside), DecodeError::Trailing("message"));
        let mut empty_community = vec![0x30, whole[1] - 1];
        empty_community.extend_from_slice(&whole[2..6]);
        empty_community.push(0);
        empty_community.extend_from_slice(&whole[8..]);
        assert_eq!(error(&empty_community), DecodeError::Invalid("community"));
        let pdu = [ID, &[0x02, 1, 0, 0x02, 1, 0], &element(0x30, &list), &[0x05, 0]].concat();
        let body = [&[0x02, 1, 1, 0x04, 1, b'c'], &element(0xa7, &pdu)[..]].concat();
        assert_eq!(error(&element(0x30, &body)), DecodeError::Trailing("pdu"));
    }

    #[test]
    fn a_message_cut_anywhere_is_refused() {
        let whole = v2c(0xa7, ID, &[UP_TIME, TRAP_OID, EMPTY_VARBIND].concat());
        for end in 0..whole.len() {
            assert!(decode(&whole[..end]).is_err(), "{end}");
        }
    }
}
