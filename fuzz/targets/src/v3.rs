//! SNMPv3 datagrams. What is read is written back with the same meaning, nothing is believed whose digest is not right, and a
//! reply is a message to who asked. Each input is put in twice: as it is, and signed again, since nearly every change breaks
//! a digest and would end there.

use lockwarden::path::Reply;
use lockwarden::usm::{Sealed, User};
use lockwarden::verdict::{Outcome, Verdict};
use lockwarden::wire::snmp::v3::{Data, message};
use lockwarden::wire::snmp::{Message, ScopedPdu, V3Message, decode};

use crate::Body;
use crate::door::Door;
use crate::party;

pub(crate) fn start() -> Body {
    let (mut door, users) = (Door::with_users(), party::users());
    Box::new(move |datagram| {
        let read = put(&mut door, &users, datagram);
        if let Some(signed) = read.as_ref().and_then(|read| signed(read, &users)) {
            put(&mut door, &users, &signed);
        }
        read.is_some()
    })
}

fn put<'a>(door: &mut Door, users: &[User], datagram: &'a [u8]) -> Option<V3Message<'a>> {
    let (verdict, reply) = door.snmp(datagram);
    let Ok(Message::V3(read)) = decode(datagram) else { return None };
    let (before, after) = read.around_digest;
    assert_eq!([before, read.digest, after].concat(), datagram);
    written_again(&read);
    if let Data::Plain(octets) = read.data {
        assert!(!format!("{:?}", ScopedPdu::read(octets)).is_empty());
    }
    let refused = matches!(verdict.outcome(), Outcome::Malformed | Outcome::Refused);
    if !refused && verdict != Verdict::Discovery {
        assert!(can_be_of(users, &read, verdict), "nobody can have sent this, and yet {verdict}: {read:?}");
    }
    if let Some(Reply::Answer(reply) | Reply::Report(reply)) = reply {
        let Ok(Message::V3(reply)) = decode(&reply) else { panic!("a reply that is no message: {reply:02x?}") };
        assert_eq!((reply.header.msg_id, reply.header.reportable), (read.header.msg_id, false));
    }
    Some(read)
}

fn written_again(read: &V3Message<'_>) {
    // The salt of USM has eight octets; a longer one than this is never written.
    if read.salt.len() > 127 {
        return;
    }
    let (mut datagram, place) = message(&read.header, read.digest.len(), read.salt, read.data);
    datagram.iter_mut().skip(place).zip(read.digest).for_each(|(octet, of_digest)| *octet = *of_digest);
    let Ok(Message::V3(again)) = decode(&datagram) else { panic!("not read again: {datagram:02x?}") };
    assert_eq!((again.header, again.digest, again.salt), (read.header, read.digest, read.salt));
    assert_eq!((again.data, again.around_digest.0.len()), (read.data, place));
}

/// Whether one of the users can have sent it. A replay is known by its digest, before it is decrypted.
fn can_be_of(users: &[User], read: &V3Message<'_>, verdict: Verdict) -> bool {
    users.iter().filter(|user| user.name == read.header.user).any(|user| {
        let keys = user.protection.keys(read.header.engine_id);
        match keys.open(read, &mut Vec::new()) {
            Ok(_) => true,
            Err(Sealed::Content) => verdict == Verdict::Replay,
            Err(Sealed::Level | Sealed::Digest) => false,
        }
    })
}

/// The message with the digest of the user that it names.
fn signed(read: &V3Message<'_>, users: &[User]) -> Option<Vec<u8>> {
    let user = users.iter().find(|user| user.name == read.header.user)?;
    let key = user.protection.auth_key(read.header.engine_id)?;
    let ((before, after), zeros) = (read.around_digest, vec![0; key.auth().digest_length()]);
    let digest = key.sign(&[before, &zeros, after]);
    (read.digest.len() == zeros.len()).then(|| {
        let digest: Vec<u8> = digest.into_iter().collect();
        [before, &digest, after].concat()
    })
}
