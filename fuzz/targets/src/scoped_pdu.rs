//! What decryption gives. The input is encrypted and signed by a user whom the receiver believes, so that it is read as the
//! content of a genuine message; what comes out of the message is what went in.

use lockwarden::usm::{Envelope, Sealed};
use lockwarden::verdict::Outcome;
use lockwarden::wire::snmp::v3::{Pdu, scoped_pdu};
use lockwarden::wire::snmp::{Kind, Message, ScopedPdu, clog, decode};

use crate::Body;
use crate::door::Door;
use crate::{party, rewrite};

/// DES encrypts blocks of this many octets and fills up the last.
const BLOCK: usize = 8;

pub(crate) fn start() -> Body {
    let mut door = Door::with_users();
    let keys: Vec<_> = party::users()
        .into_iter()
        .map(|user| (user.protection.keys(party::SENDER), user.name))
        .filter(|(keys, _)| keys.privacy.is_some())
        .collect();
    let mut turn = 0;
    Box::new(move |input| {
        turn += 1;
        let (keys, name) = keys.iter().cycle().nth(turn % keys.len()).expect("there are users who encrypt");
        let mut octets = input.to_vec();
        octets.resize(input.len().next_multiple_of(BLOCK), 0);
        let expected = ScopedPdu::read(&octets);

        let time = door.seconds();
        let envelope = Envelope { msg_id: 1, reportable: false, engine_id: party::SENDER, boots: 1, time, user: name };
        let datagram = keys.secure(&envelope, time.into(), octets.clone());
        let Ok(Message::V3(message)) = decode(&datagram) else { panic!("not an SNMPv3 message: {datagram:02x?}") };
        let mut scratch = Vec::new();
        assert_eq!(keys.open(&message, &mut scratch), expected.or(Err(Sealed::Content)));

        let (verdict, reply) = door.snmp(&datagram);
        let taken = !matches!(verdict.outcome(), Outcome::Malformed | Outcome::Refused);
        assert_eq!(reply, None, "a trap has no answer");
        let Ok(scoped) = expected else {
            assert!(!taken, "not a scoped PDU, and yet {verdict}");
            return false;
        };
        let is_trap = matches!(scoped.pdu, Pdu::Notification(notification) if notification.kind == Kind::Trap);
        assert_eq!(taken, is_trap, "{verdict}: {scoped:?}");
        written_again(&scoped);
        true
    })
}

fn written_again(scoped: &ScopedPdu<'_>) {
    assert!(!format!("{scoped:?}").is_empty());
    let Pdu::Notification(read) = scoped.pdu else { return };
    std::hint::black_box(clog(&read));
    rewrite::means_the_same(&read, |varbinds, check| {
        let pdu = rewrite::pdu(&read, varbinds);
        let octets = scoped_pdu(scoped.context_engine_id, scoped.context_name, &pdu);
        let again = ScopedPdu::read(&octets).expect("what is written is read");
        let Pdu::Notification(notification) = again.pdu else { panic!("not a notification: {again:?}") };
        assert_eq!(again.context_name, scoped.context_name);
        check(notification);
    });
}
