//! Each message as the receiver sees it, and each answer, true or forged, with what it leads to.

use super::*;
use crate::units::Span;
use crate::usm::{Auth, Identity, MasterKey, Privacy};
use crate::wire::snmp::Kind;
use crate::wire::snmp::standard::COLD_START;

const REQUEST: i32 = 11;
const START: Mono = Mono::from_millis(5_000);
const USER: &[u8] = b"nms";

fn id(octet: u8) -> EngineId {
    EngineId::made_of([octet; 12])
}

fn protection() -> Protection {
    let key = |password: &[u8]| MasterKey::from_password(Auth::Sha256, password).unwrap();
    Protection::AuthPriv {
        auth: (Auth::Sha256, key(b"auth-example")),
        privacy: (Privacy::Aes128, key(b"priv-example")),
    }
}

/// The receiver's side of the wire.
struct Nms {
    id: EngineId,
    boots: u32,
    time: u32,
}

/// Both ends.
struct Rig {
    dialogue: Dialogue,
    nms: Nms,
    now: Mono,
    msg_id: i32,
}

/// What the dialogue has sent.
#[derive(Debug, PartialEq, Eq)]
enum Said {
    Discovery,
    /// To this engine, with this boots and time.
    Inform(EngineId, u32, u32),
}

impl Nms {
    fn envelope(&self, msg_id: i32) -> Envelope<'_> {
        let Self { id, boots, time } = self;
        Envelope { msg_id, reportable: false, engine_id: id.as_bytes(), boots: *boots, time: *time, user: USER }
    }

    fn keys(&self) -> Keys {
        protection().keys(self.id.as_bytes())
    }

    fn sign(&self, keys: &Keys, msg_id: i32, pdu: &[u8]) -> Vec<u8> {
        keys.secure(&self.envelope(msg_id), 9, scoped_pdu(self.id.as_bytes(), b"", pdu))
    }

    /// A Report that anybody could have made.
    fn report(&self, msg_id: i32, counter: UsmCounter) -> Vec<u8> {
        self.sign(&Keys::NONE, msg_id, &encode::report_pdu(REQUEST, counter, 1))
    }

    /// A Report at authNoPriv.
    fn proved_report(&self, msg_id: i32, counter: UsmCounter) -> Vec<u8> {
        self.sign(&Keys { privacy: None, ..self.keys() }, msg_id, &encode::report_pdu(0, counter, 1))
    }

    fn response(&self, keys: &Keys, msg_id: i32, request_id: i32) -> Vec<u8> {
        let inform = encode::v2c(Kind::Inform, b"x", request_id, 1, &COLD_START, &[]);
        let Ok(Message::Notification(inform)) = decode(&inform) else { panic!("no inform") };
        self.sign(keys, msg_id, &encode::response_pdu(&inform))
    }
}

impl Rig {
    fn new() -> Self {
        let local = LocalEngine::new(Identity::new(id(9)), Mono::ZERO);
        let dialogue = Dialogue::new(USER.to_vec(), protection(), local);
        Self { dialogue, nms: Nms { id: id(1), boots: 3, time: 1_000 }, now: START, msg_id: 70 }
    }

    /// With the engine discovered and its clock proved.
    fn in_time() -> Self {
        let mut rig = Self::new();
        rig.say();
        assert_eq!(rig.hear(&rig.nms.report(rig.msg_id, UsmCounter::UnknownEngineIds)), Heard::SendAgain);
        rig.say();
        assert_eq!(rig.hear(&rig.nms.proved_report(rig.msg_id, UsmCounter::NotInTimeWindows)), Heard::SendAgain);
        rig
    }

    fn say(&mut self) -> Said {
        self.msg_id += 1;
        let fresh = Fresh { msg_id: self.msg_id, salt: 1 };
        let pdu = encode::notification_pdu(Kind::Inform, REQUEST, 1, &COLD_START, &[]);
        let datagram = self.dialogue.message(REQUEST, &pdu, self.now, fresh);
        let Ok(Message::V3(message)) = decode(&datagram) else { panic!("no SNMPv3 message") };
        let Header { msg_id, reportable, engine_id, boots, time, user, .. } = message.header;
        assert_eq!((msg_id, reportable), (self.msg_id, true));
        let mut scratch = Vec::new();
        let Some(engine) = EngineId::new(engine_id) else {
            let scoped = Keys::NONE.open(&message, &mut scratch).unwrap();
            assert_eq!((scoped.pdu, boots, time, user), (Pdu::Other { request_id: REQUEST }, 0, 0, &b""[..]));
            return Said::Discovery;
        };
        let scoped = protection().keys(engine_id).open(&message, &mut scratch).unwrap();
        assert_eq!((scoped.context_engine_id, user), (id(9).as_bytes(), USER));
        assert!(matches!(scoped.pdu, Pdu::Notification(inform) if inform.kind == Kind::Inform), "{scoped:?}");
        Said::Inform(engine, boots, time)
    }

    fn hear(&mut self, datagram: &[u8]) -> Heard {
        self.dialogue.hear(datagram, REQUEST, self.now)
    }
}

const ANSWERED: Heard = Heard::Answered { error_status: 0 };

#[test]
fn an_inform_begins_with_a_discovery_and_ends_with_a_response_under_the_users_keys() {
    let mut rig = Rig::new();
    assert_eq!(rig.say(), Said::Discovery);
    let discovery = rig.nms.report(rig.msg_id, UsmCounter::UnknownEngineIds);
    assert_eq!(rig.hear(&discovery), Heard::SendAgain);
    assert_eq!(rig.hear(&discovery), Heard::Nothing);
    rig.now = START + Span::secs(2);
    assert_eq!(rig.say(), Said::Inform(id(1), 3, 1_002));
    let response = rig.nms.response(&rig.nms.keys(), rig.msg_id, REQUEST);
    assert_eq!(rig.hear(&response), ANSWERED);
    rig.dialogue.begin();
    assert_eq!(rig.hear(&response), Heard::Nothing);
    rig.now = START + Span::secs(60);
    assert_eq!(rig.say(), Said::Inform(id(1), 3, 1_058));
}

#[test]
fn a_discovery_with_another_message_id_request_id_or_no_engine_id_is_none() {
    let mut rig = Rig::new();
    rig.say();
    assert_eq!(rig.hear(&rig.nms.report(rig.msg_id + 1, UsmCounter::UnknownEngineIds)), Heard::Nothing);
    let pdu = encode::report_pdu(REQUEST + 1, UsmCounter::UnknownEngineIds, 1);
    assert_eq!(rig.hear(&rig.nms.sign(&Keys::NONE, rig.msg_id, &pdu)), Heard::Nothing);
    let pdu = encode::report_pdu(REQUEST, UsmCounter::UnknownEngineIds, 1);
    let nobody = Envelope { engine_id: b"", ..rig.nms.envelope(rig.msg_id) };
    assert_eq!(rig.hear(&Keys::NONE.secure(&nobody, 0, scoped_pdu(b"", b"", &pdu))), Heard::Nothing);
    assert_eq!(rig.hear(b"noise"), Heard::Nothing);
    assert_eq!(rig.say(), Said::Discovery);
}

#[test]
fn time_moves_only_by_a_report_that_proves_the_key() {
    let mut rig = Rig::in_time();
    rig.say();
    (rig.nms.boots, rig.nms.time) = (4, 7);
    assert_eq!(rig.hear(&rig.nms.report(rig.msg_id, UsmCounter::NotInTimeWindows)), Heard::Nothing);
    let mut forged = rig.nms.proved_report(rig.msg_id, UsmCounter::NotInTimeWindows);
    *forged.last_mut().unwrap() ^= 1;
    assert_eq!(rig.hear(&forged), Heard::Nothing);
    assert_eq!(rig.say(), Said::Inform(id(1), 3, 1_000));
    assert_eq!(rig.hear(&rig.nms.proved_report(rig.msg_id, UsmCounter::NotInTimeWindows)), Heard::SendAgain);
    assert_eq!(rig.say(), Said::Inform(id(1), 4, 7));
}

#[test]
fn a_proved_report_of_lower_boots_changes_nothing_and_is_said() {
    let mut rig = Rig::in_time();
    rig.say();
    rig.nms.boots = 2;
    let Heard::Refused(sentence) = rig.hear(&rig.nms.proved_report(rig.msg_id, UsmCounter::NotInTimeWindows)) else {
        panic!("not refused");
    };
    assert!(sentence.contains("shows boots 2 after 3"), "{sentence}");
    assert_eq!(rig.say(), Said::Inform(id(1), 3, 1_000));
}

#[test]
fn a_receiver_with_another_engine_is_found_and_one_that_comes_back_keeps_its_clock() {
    let mut rig = Rig::in_time();
    rig.say();
    rig.nms = Nms { id: id(2), boots: 1, time: 4 };
    assert_eq!(rig.hear(&rig.nms.report(rig.msg_id, UsmCounter::UnknownEngineIds)), Heard::SendAgain);
    assert_eq!(rig.say(), Said::Inform(id(2), 1, 4));
    // Somebody's claim that boots are at the end does not hold against what was proved.
    rig.nms = Nms { id: id(1), boots: 0x7fff_ffff, time: 0 };
    assert_eq!(rig.hear(&rig.nms.report(rig.msg_id, UsmCounter::UnknownEngineIds)), Heard::SendAgain);
    assert_eq!(rig.say(), Said::Inform(id(1), 3, 1_000));
    rig.dialogue.moved();
    assert_eq!(rig.say(), Said::Discovery);
}

#[test]
fn a_refusal_is_said_and_a_response_after_it_still_counts() {
    let mut rig = Rig::in_time();
    rig.say();
    let (report, msg_id) = (rig.nms.report(rig.msg_id, UsmCounter::WrongDigests), rig.msg_id);
    let digest = Refusal::Digest.sentence(USER, Level::AuthPriv);
    assert_eq!(rig.hear(&report), Heard::Refused(digest));
    let privacy = Refusal::Privacy.sentence(USER, Level::AuthPriv);
    assert_eq!(rig.hear(&rig.nms.proved_report(msg_id, UsmCounter::DecryptionErrors)), Heard::Refused(privacy));
    rig.say();
    assert_eq!(rig.hear(&rig.nms.response(&rig.nms.keys(), msg_id, REQUEST)), ANSWERED);
}

#[test]
fn a_response_counts_only_at_our_level_under_our_keys_in_time_and_with_our_request_id() {
    let mut rig = Rig::in_time();
    rig.say();
    let keys = rig.nms.keys();
    let other = protection().keys(id(7).as_bytes());
    for weak in [Keys::NONE, Keys { privacy: None, ..keys.clone() }, other] {
        assert_eq!(rig.hear(&rig.nms.response(&weak, rig.msg_id, REQUEST)), Heard::Nothing);
    }
    assert_eq!(rig.hear(&rig.nms.response(&keys, rig.msg_id, REQUEST + 1)), Heard::Nothing);
    assert_eq!(rig.hear(&rig.nms.response(&keys, rig.msg_id + 1, REQUEST)), Heard::Nothing);
    rig.nms.boots = 2;
    assert_eq!(rig.hear(&rig.nms.response(&keys, rig.msg_id, REQUEST)), Heard::Nothing);
    rig.nms.boots = 3;
    assert_eq!(rig.hear(&rig.nms.response(&keys, rig.msg_id, REQUEST)), ANSWERED);
}

#[test]
fn only_the_last_messages_of_an_inform_can_be_answered() {
    let mut rig = Rig::in_time();
    rig.say();
    let (keys, first) = (rig.nms.keys(), rig.msg_id);
    for _ in 0..OUTSTANDING {
        rig.say();
    }
    assert_eq!(rig.hear(&rig.nms.response(&keys, first, REQUEST)), Heard::Nothing);
    assert_eq!(rig.hear(&rig.nms.response(&keys, first + 1, REQUEST)), ANSWERED);
}
