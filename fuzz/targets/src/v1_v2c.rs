//! SNMPv1 and SNMPv2c datagrams. What is accepted can be used in every way that the service uses it, means the same when it
//! is written by us and read again, and an inform is answered with an answer to it that is no longer than the inform.

use lockwarden::verdict::Outcome;
use lockwarden::wire::snmp::{Kind, Message, Notification, OutVarbind, Response, Varbind, clog, decode, encode};

use crate::Body;
use crate::door::Door;
use crate::rewrite;

pub(crate) fn start() -> Body {
    let mut door = Door::new();
    Box::new(move |datagram| {
        let (verdict, answer) = door.snmp(datagram);
        let taken = !matches!(verdict.outcome(), Outcome::Malformed | Outcome::Refused);
        let Ok(Message::Notification(read)) = decode(datagram) else {
            assert!(!taken && answer.is_none(), "not a notification, and yet {verdict}");
            return false;
        };
        assert!(taken, "a notification, and yet {verdict}");
        assert_eq!(answer, encode::response_to(&read));
        assert_eq!(answer.is_some(), read.kind == Kind::Inform);
        if let Some(answer) = answer {
            let no_error = Response { request_id: read.request_id, error_status: 0, error_index: 0 };
            assert_eq!(decode(&answer), Ok(Message::Response(no_error)));
            assert!(answer.len() <= datagram.len(), "an answer longer than its inform");
        }
        assert!(!format!("{read:?} {:?}", clog(&read)).is_empty());
        means_the_same_when_written_again(&read);
        true
    })
}

/// Varbinds with values that we never send are left out on both sides.
fn means_the_same_when_written_again(read: &Notification<'_>) {
    let (kept, ours): (Vec<Varbind<'_>>, Vec<OutVarbind<'_>>) =
        read.varbinds.iter().filter_map(|varbind| Some((varbind, rewrite::out(varbind)?))).unzip();
    let datagram = rewrite::encoded(read, &ours);
    let again = rewrite::notification(&datagram);
    assert_eq!((again.version, again.kind, again.v1), (read.version, read.kind, read.v1));
    assert_eq!((again.community, again.request_id, again.uptime), (read.community, read.request_id, read.uptime));
    assert_eq!(again.trap_oid, read.trap_oid);
    assert_eq!(again.varbinds.iter().collect::<Vec<_>>(), kept);
}
