//! The outer message (RFC 1157 section 4, RFC 1901 section 3): version, community, and which PDU is inside.
//!
//! Walks the outer elements itself, for two things that `snmp-parser` refuses and the RFCs allow: communities that are
//! not UTF-8 and request-ids below zero. Recognises SNMPv3 by its version and looks no further. Refuses an empty
//! community, octets after the message, and every PDU that is neither a notification of its version nor a response.

use super::ber::{self, Cursor};
use super::notification::{Kind, Notification, Varbinds, Version};
use crate::wire::DecodeError;

/// What a datagram can be to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// A trap or inform.
    Notification(Notification<'a>),
    /// An answer to an inform of ours.
    Response(Response),
    /// An SNMPv3 message, unread.
    V3,
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
        3 => return Ok(Message::V3),
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
        (Version::V1 | Version::V2c, _) => Err(DecodeError::Unsupported("pdu type")),
    }
}

impl Response {
    fn read(pdu: &[u8]) -> Result<Self, DecodeError> {
        let mut pdu = Cursor::new(pdu);
        let request_id = pdu.integer("request-id")?;
        let error_status = pdu.integer("error-status")?;
        let error_index = pdu.integer("error-index")?;
        Varbinds::read_last(&mut pdu)?;
        Ok(Self { request_id, error_status, error_index })
    }
}
