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
