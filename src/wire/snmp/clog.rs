//! `clogMessageGenerated` of CISCO-SYSLOG-MIB: a syslog message inside a notification.
//!
//! Finds the columns of clogHistoryTable by their names, in any order and under any index, and does without those that are
//! missing or of another type. Reads nothing into the texts.

use super::notification::Notification;
use super::oid::Oid;
use super::value::Value;

/// `clogMessageGenerated`. As SNMPv1: enterprise 1.3.6.1.4.1.9.9.41.2, specific trap 1.
pub static CLOG_MESSAGE_GENERATED: Oid = Oid::known(&[1, 3, 6, 1, 4, 1, 9, 9, 41, 2, 0, 1]);

/// `clogHistoryEntry`; the column follows, then the index.
static CLOG_HISTORY_ENTRY: Oid = Oid::known(&[1, 3, 6, 1, 4, 1, 9, 9, 41, 1, 2, 3, 1]);

/// The longest clogHistMsgText. Of a longer message it holds the first 254 bytes and a `*`.
const TEXT_LIMIT: usize = 255;

/// A syslog message as CISCO-SYSLOG-MIB splits it. What the sender left out is empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClogMessage<'a> {
    /// clogHistFacility.
    pub facility: &'a [u8],
    /// The syslog severity, 0 (emergency) to 7 (debug): one less than clogHistSeverity. None if missing or not 1 to 8.
    pub severity: Option<u8>,
    /// clogHistMsgName.
    pub name: &'a [u8],
    /// clogHistMsgText.
    pub text: &'a [u8],
    /// Whether the text may have lost its end: it fills the column, or ends in the mark of a cut where a cut would be.
    pub text_cut: bool,
    /// clogHistTimestamp: the sender's sysUpTime at the message, in hundredths of a second.
    pub timestamp: Option<u32>,
}

/// The syslog message of this notification, if it is a `clogMessageGenerated`.
#[must_use]
pub fn clog<'a>(notification: &Notification<'a>) -> Option<ClogMessage<'a>> {
    if notification.trap_oid != CLOG_MESSAGE_GENERATED {
        return None;
    }
    let mut message = ClogMessage::default();
    for bind in notification.varbinds {
        let column = bind.name.strip_prefix(CLOG_HISTORY_ENTRY.sub_ids()).and_then(|mut below| below.next());
        match (column, bind.value) {
            (Some(2), Value::OctetString(bytes)) => message.facility = bytes,
            (Some(3), Value::Integer(n)) => message.severity = syslog_severity(n),
            (Some(4), Value::OctetString(bytes)) => message.name = bytes,
            (Some(5), Value::OctetString(bytes)) => message.text = bytes,
            (Some(6), Value::TimeTicks(ticks)) => message.timestamp = Some(ticks),
            (Some(_) | None, _) => {}
        }
    }
    message.text_cut = is_cut(message.text);
    Some(message)
}

fn syslog_severity(clog: i32) -> Option<u8> {
    u8::try_from(clog).ok().filter(|n| (1..=8).contains(n)).map(|n| n - 1)
}

/// A whole text of exactly 255 bytes cannot be told from a cut one by a sender that sets no mark: it counts as cut.
/// Senders that overstep the column, or cut a byte early, are believed only about the mark.
fn is_cut(text: &[u8]) -> bool {
    text.len() == TEXT_LIMIT || (text.len() + 1 >= TEXT_LIMIT && text.ends_with(b"*"))
}

#[cfg(test)]
mod tests {
    use core::net::Ipv4Addr;

    use super::*;
    use crate::wire::snmp::encode::{self, OutValue, OutVarbind};
    use crate::wire::snmp::{Kind, Message, decode};

    fn column(column: u32, index: u32, value: impl Into<OutValue<'static>>) -> OutVarbind<'static> {
        OutVarbind::new(CLOG_HISTORY_ENTRY.child(&[column, index]).unwrap(), value)
    }

    fn auth_fail() -> Vec<OutVarbind<'static>> {
        vec![
            column(2, 7, "UC_IMS"),
            column(3, 7, OutValue::Integer(5)),
            column(4, 7, "authFail"),
            column(5, 7, "%[UserID=jdoe]: login failed"),
            column(6, 7, OutValue::TimeTicks(12_345)),
        ]
    }

    const AUTH_FAIL: ClogMessage<'static> = ClogMessage {
        facility: b"UC_IMS",
        severity: Some(4),
        name: b"authFail",
        text: b"%[UserID=jdoe]: login failed",
        text_cut: false,
        timestamp: Some(12_345),
    };

    /// The view of a datagram, leaked so that it outlives it.
    fn view(datagram: Vec<u8>) -> Option<ClogMessage<'static>> {
        match decode(datagram.leak()) {
            Ok(Message::Notification(notification)) => clog(&notification),
            other @ (Ok(Message::Response(_) | Message::V3(_)) | Err(_)) => panic!("{other:?}"),
        }
    }

    fn v2c(varbinds: &[OutVarbind<'_>]) -> Option<ClogMessage<'static>> {
        view(encode::v2c(Kind::Trap, b"public", 1, 1, &CLOG_MESSAGE_GENERATED, varbinds))
    }

    fn text(bytes: &[u8]) -> ClogMessage<'static> {
        v2c(&[column(5, 1, OutValue::OctetString(bytes.to_vec().into()))]).unwrap()
    }

    #[test]
    fn both_versions_show_the_same_message() {
        let enterprise = Oid::known(&[1, 3, 6, 1, 4, 1, 9, 9, 41, 2]);
        let agent = Ipv4Addr::new(192, 0, 2, 7);
        assert_eq!(v2c(&auth_fail()), Some(AUTH_FAIL));
        assert_eq!(view(encode::v1_trap(b"public", &enterprise, agent, 6, 1, 1, &auth_fail())), Some(AUTH_FAIL));
        assert_eq!(view(encode::v1_trap(b"public", &enterprise, agent, 6, 2, 1, &auth_fail())), None);
        assert_eq!(view(encode::v1_trap(b"public", &enterprise, agent, 0, 0, 1, &auth_fail())), None);
    }

    #[test]
    fn columns_are_found_in_any_order_and_missing_ones_are_empty() {
        let mut reversed = auth_fail();
        reversed.reverse();
        assert_eq!(v2c(&reversed), Some(AUTH_FAIL));
        assert_eq!(v2c(&[]), Some(ClogMessage::default()));
        let foreign = [
            column(3, 1, "warning"),
            column(7, 1, "UC_IMS"),
            OutVarbind::new(Oid::known(&[1, 3, 6, 1, 4, 1, 9, 9, 41, 1, 2, 3, 2, 5, 1]), "not a column"),
        ];
        assert_eq!(v2c(&foreign), Some(ClogMessage::default()));
    }

    #[test]
    fn severity_is_one_less_and_only_where_syslog_has_it() {
        let severity = |n| v2c(&[column(3, 1, OutValue::Integer(n))]).unwrap().severity;
        assert_eq!([1, 5, 8].map(severity), [Some(0), Some(4), Some(7)]);
        assert_eq!([i32::MIN, -1, 0, 9, 257, i32::MAX].map(severity), [None; 6]);
    }

    #[test]
    fn a_text_that_lost_its_end_says_so() {
        let cut = |length: usize, last: &[u8]| text(&[&vec![b'x'; length - 1], last].concat()).text_cut;
        assert!(cut(255, b"*"));
        assert!(cut(255, b"x"));
        assert!(cut(254, b"*"));
        assert!(cut(300, b"*"));
        assert!(!cut(254, b"x"));
        assert!(!cut(300, b"x"));
        assert!(!cut(20, b"*"));
    }
}
