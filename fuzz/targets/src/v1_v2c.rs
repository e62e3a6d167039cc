//! SNMPv1 and SNMPv2c datagrams. What is accepted can be used in every way that the service uses it, means the same when it
//! is written by us and read again, and an inform is answered with an answer to it that is no longer than the inform.

use lockwarden::path::Reply;
use lockwarden::verdict::Outcome;
use lockwarden::wire::snmp::{Kind, Message, Response, clog, decode, encode};

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
        assert_eq!(answer, encode::response_to(&read).map(Reply::Answer));
        assert_eq!(answer.is_some(), read.kind == Kind::Inform);
        if let Some(Reply::Answer(answer)) = answer {
            let no_error = Response { request_id: read.request_id, error_status: 0, error_index: 0 };
            assert_eq!(decode(&answer), Ok(Message::Response(no_error)));
            assert!(answer.len() <= datagram.len(), "an answer longer than its inform");
        }
        assert!(!format!("{read:?} {:?}", clog(&read)).is_empty());
        rewrite::means_the_same(&read, |varbinds, check| {
            check(rewrite::notification(&rewrite::encoded(&read, varbinds)));
        });
        true
    })
}
