//! Who is believed: every message is made by our own half for sending, and judged by the receiver at a stated time.

use core::net::{IpAddr, Ipv4Addr};
use std::sync::LazyLock;

use super::*;
use crate::board::{NODES, REPLAY_FINGERPRINTS};
use crate::units::{Mono, Now, Wall};
use crate::verdict::Verdict;
use crate::wire::snmp::v3::{self, Data, Header, Pdu, UsmCounter, scoped_pdu};
use crate::wire::snmp::{Kind, Message, Oid, OutValue, OutVarbind, Response, decode, encode, standard};

/// The engine of a publisher.
const CUCM: &[u8] = &[0x80, 0, 0, 9, 3, 0, 0x1b, 0x2c, 1, 2, 3];
const FROM: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 10));
/// How often our engine has started, and its time at [`NOON`].
const BOOTS: u32 = 5;
const TIME: u32 = 1_000;
const NOON: u32 = TIME;

/// The key of one password, by every algorithm.
static MASTERS: LazyLock<[(Auth, MasterKey); 6]> =
    LazyLock::new(|| Auth::ALL.map(|auth| (auth, MasterKey::from_password(auth, b"maplesyrup").unwrap())));
static OTHER: LazyLock<MasterKey> = LazyLock::new(|| MasterKey::from_password(Auth::Md5, b"cornsyrup").unwrap());

fn master(auth: Auth) -> (Auth, MasterKey) {
    MASTERS.iter().find(|(of, _)| *of == auth).unwrap().clone()
}

fn user(name: &str, protection: Protection) -> User {
    User { name: name.into(), protection, engines: Vec::new() }
}

fn open_user() -> User {
    user("open", Protection::NoAuthNoPriv)
}

fn signed(auth: Auth) -> User {
    user("signed", Protection::AuthNoPriv { auth: master(auth) })
}

fn sealed(auth: Auth, privacy: Privacy) -> User {
    user("sealed", Protection::AuthPriv { auth: master(auth), privacy: (privacy, master(auth).1) })
}

/// The usual user: MD5 is the fastest.
fn jdoe() -> User {
    user("jdoe", Protection::AuthPriv { auth: master(Auth::Md5), privacy: (Privacy::Aes128, master(Auth::Md5).1) })
}

fn ours() -> EngineId {
    EngineId::made_of([7; 12])
}

fn pdu(kind: Kind, request_id: i32) -> Vec<u8> {
    let varbind = OutVarbind::new(Oid::known(&[1, 3, 6, 1, 4, 1, 9, 9, 41, 1]), OutValue::from("jdoe"));
    encode::notification_pdu(kind, request_id, 9, &standard::COLD_START, &[varbind])
}

/// A message about to be sent.
struct Draft<'a> {
    user: &'a User,
    engine: &'a [u8],
    reportable: bool,
    clock: (u32, u32),
    id: i32,
    pdu: Vec<u8>,
}

/// A trap of the publisher.
fn trap(user: &User, clock: (u32, u32), id: i32) -> Draft<'_> {
    Draft { user, engine: CUCM, reportable: false, clock, id, pdu: pdu(Kind::Trap, id + 1_000) }
}

/// An inform to us.
fn inform(user: &User, clock: (u32, u32), id: i32) -> Draft<'_> {
    static OURS: LazyLock<EngineId> = LazyLock::new(ours);
    Draft { user, engine: OURS.as_bytes(), reportable: true, clock, id, pdu: pdu(Kind::Inform, id + 1_000) }
}

impl Draft<'_> {
    fn keys(&self) -> Keys {
        self.user.protection.keys(self.engine)
    }

    fn sent(&self) -> Vec<u8> {
        self.sent_under(&self.keys())
    }

    fn sent_under(&self, keys: &Keys) -> Vec<u8> {
        let envelope = Envelope {
            msg_id: self.id,
            reportable: self.reportable,
            engine_id: self.engine,
            boots: self.clock.0,
            time: self.clock.1,
            user: &self.user.name,
        };
        keys.secure(&envelope, self.id.unsigned_abs().into(), scoped_pdu(CUCM, b"ctx", &self.pdu))
    }

    /// Signed over whatever stands in the message as it is put together here.
    fn forged(&self, salt: &[u8], data: Data<'_>, digest_length: usize) -> Vec<u8> {
        let privacy = matches!(data, Data::Encrypted(_));
        let header = Header {
            msg_id: self.id,
            auth: true,
            privacy,
            reportable: self.reportable,
            engine_id: self.engine,
            boots: self.clock.0,
            time: self.clock.1,
            user: &self.user.name,
        };
        let (mut message, place) = v3::message(&header, digest_length, salt, data);
        let digest = self.keys().auth.unwrap().sign(&[&message]);
        message
            .iter_mut()
            .skip(place)
            .take(digest_length)
            .zip(digest.iter().cycle())
            .for_each(|(to, from)| *to = *from);
        message
    }
}

/// How a message ended.
#[derive(Debug, PartialEq, Eq)]
enum Heard {
    Taken(Level),
    /// Taken, and to be answered.
    Asked(Level, Vec<u8>),
    Turned(Verdict),
    Told(Verdict, Told),
}

struct Rig(Receiver);

impl Rig {
    fn new(users: &[User]) -> Self {
        Self::started(users, BOOTS)
    }

    fn started(users: &[User], boots: u32) -> Self {
        let local = LocalEngine::new(Identity { id: ours(), boots }, Mono::ZERO);
        Self(Receiver::new(local, users.to_vec(), 40, (1, 2)))
    }

    /// The next run, with what this one has kept.
    fn restarted(&mut self, users: &[User]) -> Self {
        let mut next = Self::started(users, BOOTS + 1);
        self.kept().into_iter().for_each(|record| next.0.restore(record));
        next
    }

    /// What came of a message at this second.
    fn hear(&mut self, second: u32, datagram: &[u8]) -> Heard {
        let Ok(Message::V3(message)) = decode(datagram) else { panic!("{datagram:02x?}") };
        let mono = Mono::from_millis(u64::from(second) * 1_000);
        let now = Now { mono, wall: Wall::from_millis(0), synchronised: true };
        let mut scratch = Vec::new();
        match self.0.receive(&message, &mut scratch, FROM, now) {
            Ok(Believed { level, answer: None, notification }) => {
                assert_eq!(notification.varbinds.iter().count(), 1);
                Heard::Taken(level)
            }
            Ok(Believed { level, answer: Some(answer), .. }) => Heard::Asked(level, answer),
            Err(Turned { verdict, told: None }) => Heard::Turned(verdict),
            Err(Turned { verdict, told: Some(told) }) => Heard::Told(verdict, told),
        }
    }

    fn learnt(&mut self) -> Vec<(EngineId, IpAddr)> {
        core::iter::from_fn(|| self.0.learnt()).collect()
    }

    fn kept(&mut self) -> Vec<SenderRecord> {
        self.changed().1
    }

    /// Engines that had to make room, and records to be kept.
    fn changed(&mut self) -> (Vec<EngineId>, Vec<SenderRecord>) {
        let (mut gone, mut records) = (Vec::new(), Vec::new());
        self.0.drain_changed(|change| match change {
            SenderChange::Forget(id) => gone.push(id),
            SenderChange::Keep(record) => records.push(record.clone()),
        });
        (gone, records)
    }
}

/// The Report to a message of this id, sent at this second; `request_id` 0: it could not be read.
fn report(draft: &Draft<'_>, second: u32, request_id: i32, counter: UsmCounter, value: u32) -> Told {
    report_under(&Keys::NONE, draft, second, request_id, counter, value)
}

fn report_under(keys: &Keys, draft: &Draft<'_>, second: u32, request_id: i32, counter: UsmCounter, value: u32) -> Told {
    let id = ours();
    let envelope = Envelope {
        msg_id: draft.id,
        reportable: false,
        engine_id: id.as_bytes(),
        boots: BOOTS,
        time: second,
        user: &draft.user.name,
    };
    let scoped = scoped_pdu(id.as_bytes(), b"", &encode::report_pdu(request_id, counter, value));
    Told::Report(keys.secure(&envelope, 0, scoped))
}

/// Opens an answer as the inform's sender does, and compares everything in it.
fn assert_answers(answer: &[u8], draft: &Draft<'_>, second: u32) {
    let Ok(Message::V3(message)) = decode(answer) else { panic!("{answer:02x?}") };
    let keys = draft.keys();
    let expected = Header {
        msg_id: draft.id,
        auth: keys.auth.is_some(),
        privacy: keys.privacy.is_some(),
        reportable: false,
        engine_id: draft.engine,
        boots: BOOTS,
        time: second,
        user: &draft.user.name,
    };
    assert_eq!(message.header, expected);
    let mut scratch = Vec::new();
    let scoped = keys.open(&message, &mut scratch).unwrap();
    assert_eq!((scoped.context_engine_id, scoped.context_name), (CUCM, &b"ctx"[..]));
    let response = Response { request_id: draft.id + 1_000, error_status: 0, error_index: 0 };
    assert_eq!(scoped.pdu, Pdu::Response(response));
    let varbinds = draft.pdu.get(12..).unwrap();
    let ((Data::Plain(octets), _) | (Data::Encrypted(_), octets)) = (message.data, scratch.as_slice());
    assert!(octets.windows(varbinds.len()).any(|window| window == varbinds), "{octets:02x?}");
}

/// Of a draft, the answer; it must be one.
fn answered(heard: Heard, draft: &Draft<'_>, second: u32) -> Level {
    let Heard::Asked(level, answer) = heard else { panic!("{heard:?}") };
    assert_answers(&answer, draft, second);
    level
}

#[test]
fn a_trap_at_every_level_and_by_every_algorithm_is_taken() {
    let pairs = Auth::ALL.into_iter().zip(Privacy::ALL);
    let sealed = pairs.map(|(auth, privacy)| (sealed(auth, privacy), Level::AuthPriv));
    let signed = Auth::ALL.map(|auth| (signed(auth), Level::AuthNoPriv));
    for (user, level) in sealed.chain(signed).chain([(open_user(), Level::NoAuthNoPriv)]) {
        let mut rig = Rig::new(core::slice::from_ref(&user));
        assert_eq!(rig.hear(NOON, &trap(&user, (3, 70), 1).sent()), Heard::Taken(level), "{user:?}");
        let informing = inform(&user, (BOOTS, TIME), 2);
        assert_eq!(answered(rig.hear(NOON, &informing.sent()), &informing, TIME), level, "{user:?}");
    }
}

#[test]
fn a_sender_is_learnt_with_its_first_message_and_not_again() {
    let user = jdoe();
    let mut rig = Rig::new(&[jdoe()]);
    assert_eq!(rig.hear(NOON, &trap(&user, (3, 70), 1).sent()), Heard::Taken(Level::AuthPriv));
    assert_eq!(rig.learnt(), [(EngineId::new(CUCM).unwrap(), FROM)]);
    assert_eq!(rig.hear(NOON + 1, &trap(&user, (3, 71), 2).sent()), Heard::Taken(Level::AuthPriv));
    assert_eq!(rig.learnt(), []);
    let windows: Vec<Window> = rig.kept().iter().map(|record| record.window).collect();
    assert_eq!(windows, [Window { boots: 3, time: 71, at: Mono::from_millis(1_001_000) }]);
    assert_eq!(rig.kept(), []);
}

#[test]
fn a_sender_that_was_known_before_a_restart_is_not_learnt_again() {
    let user = jdoe();
    let mut rig = Rig::new(&[jdoe()]);
    rig.hear(NOON, &trap(&user, (3, 70), 1).sent());
    let mut next = rig.restarted(&[jdoe()]);
    assert_eq!(next.hear(NOON + 9, &trap(&user, (3, 79), 2).sent()), Heard::Taken(Level::AuthPriv));
    assert_eq!(next.learnt(), []);
}

#[test]
fn a_user_bound_to_engines_speaks_for_no_other() {
    let user = jdoe();
    let bound = |octets| User { engines: vec![EngineId::new(octets).unwrap()], ..jdoe() };
    let message = trap(&user, (3, 70), 1).sent();
    assert_eq!(Rig::new(&[bound(CUCM)]).hear(NOON, &message), Heard::Taken(Level::AuthPriv));
    let mut rig = Rig::new(&[bound(&[0x80, 0, 0, 9, 1])]);
    assert_eq!(rig.hear(NOON, &message), Heard::Turned(Verdict::UnknownEngine));
    let waiting = Draft { reportable: true, ..trap(&user, (3, 70), 2) };
    let told = report(&waiting, TIME, 0, UsmCounter::UnknownEngineIds, 2);
    assert_eq!(rig.hear(NOON, &waiting.sent()), Heard::Told(Verdict::UnknownEngine, told));
    assert_eq!((rig.learnt(), rig.kept()), (vec![], vec![]));
    let both = [bound(&[0x80, 0, 0, 9, 1]), bound(CUCM)];
    assert_eq!(Rig::new(&both).hear(NOON, &message), Heard::Taken(Level::AuthPriv));
}

#[test]
fn an_inform_from_scratch_asks_for_the_engine_then_for_its_clock_and_is_answered() {
    let nobody = user("", Protection::NoAuthNoPriv);
    for user in [jdoe(), signed(Auth::Sha256)] {
        let mut rig = Rig::new(core::slice::from_ref(&user));
        let empty = encode::discovery_pdu(9);
        let probe = Draft { user: &nobody, engine: &[], reportable: true, clock: (0, 0), id: 8, pdu: empty };
        let told = report(&probe, TIME, 9, UsmCounter::UnknownEngineIds, 1);
        assert_eq!(rig.hear(NOON, &probe.sent()), Heard::Told(Verdict::Discovery, told));

        let asking = inform(&user, (0, 0), 10);
        let keys = Keys { privacy: None, ..asking.keys() };
        let request_id = if asking.keys().privacy.is_some() { 0 } else { 1_010 };
        let told = report_under(&keys, &asking, TIME, request_id, UsmCounter::NotInTimeWindows, 1);
        assert_eq!(rig.hear(NOON, &asking.sent()), Heard::Told(Verdict::Discovery, told));

        let informing = inform(&user, (BOOTS, TIME), 11);
        assert_eq!(answered(rig.hear(NOON, &informing.sent()), &informing, TIME), user.protection.level());
        assert_eq!((rig.learnt(), rig.kept()), (vec![], vec![]));
    }
}

#[test]
fn who_is_not_known_here_is_told_why_if_he_waits_for_it() {
    use UsmCounter::{UnknownUserNames, UnsupportedSecLevels};
    let user = jdoe();
    let (mut rig, mut count) = (Rig::new(&[jdoe()]), [0; 2]);
    let stranger = User { name: b"mallory".to_vec(), ..jdoe() };
    let lower = User { name: user.name.clone(), ..signed(Auth::Md5) };
    let lowest = User { name: user.name.clone(), ..open_user() };
    for (sender, counter, place, verdict, is_plain) in [
        (&stranger, UnknownUserNames, 0, Verdict::UnknownUser, false),
        (&lower, UnsupportedSecLevels, 1, Verdict::UnsupportedSecurityLevel, true),
        (&lowest, UnsupportedSecLevels, 1, Verdict::UnsupportedSecurityLevel, true),
    ] {
        let waiting = inform(sender, (BOOTS, TIME), 7);
        count[place] += 1;
        let told = report(&waiting, TIME, if is_plain { 1_007 } else { 0 }, counter, count[place]);
        assert_eq!(rig.hear(NOON, &waiting.sent()), Heard::Told(verdict, told));
        let silent = Draft { reportable: false, ..inform(sender, (BOOTS, TIME), 8) };
        assert_eq!(rig.hear(NOON, &silent.sent()), Heard::Turned(verdict));
        assert_eq!(rig.hear(NOON, &trap(sender, (3, 70), 9).sent()), Heard::Turned(verdict));
        count[place] += 2;
    }
    let mut rig = Rig::new(&[lower]);
    let higher = inform(&user, (BOOTS, TIME), 7);
    let told = report(&higher, TIME, 0, UnsupportedSecLevels, 1);
    assert_eq!(rig.hear(NOON, &higher.sent()), Heard::Told(Verdict::UnsupportedSecurityLevel, told));
    assert_eq!(rig.hear(NOON, &trap(&user, (3, 70), 9).sent()), Heard::Turned(Verdict::UnsupportedSecurityLevel));
    assert_eq!((rig.learnt(), rig.kept()), (vec![], vec![]));
}

#[test]
fn of_all_first_octets_of_a_digest_one_is_taken() {
    let user = signed(Auth::Sha256);
    for draft in [trap(&user, (3, 70), 1), inform(&user, (BOOTS, TIME), 1)] {
        let mut rig = Rig::new(core::slice::from_ref(&user));
        let right = draft.sent();
        let Ok(Message::V3(message)) = decode(&right) else { panic!() };
        let place = message.around_digest.0.len();
        for flip in 1..=255 {
            let mut wrong = right.clone();
            wrong[place] ^= flip;
            let expected = if draft.reportable {
                let told = report(&draft, TIME, 1_001, UsmCounter::WrongDigests, flip.into());
                Heard::Told(Verdict::WrongDigest, told)
            } else {
                Heard::Turned(Verdict::WrongDigest)
            };
            assert_eq!(rig.hear(NOON, &wrong), expected);
        }
        assert_eq!((rig.learnt(), rig.kept()), (vec![], vec![]));
        assert!(matches!(rig.hear(NOON, &right), Heard::Taken(_) | Heard::Asked(..)));
    }
}

#[test]
fn a_digest_of_another_length_is_refused_even_if_its_octets_are_right() {
    let user = signed(Auth::Sha256);
    let mut rig = Rig::new(core::slice::from_ref(&user));
    let scoped = scoped_pdu(CUCM, b"", &pdu(Kind::Trap, 1));
    let foreign = trap(&user, (3, 70), 1);
    let here = Draft { reportable: false, ..inform(&user, (BOOTS, TIME), 1) };
    for (length, draft) in [0, 1, 12, 23, 25, 48, 64, 65, 200].into_iter().flat_map(|n| [(n, &foreign), (n, &here)]) {
        let wrong = draft.forged(&[], Data::Plain(&scoped), length);
        assert_eq!(rig.hear(NOON, &wrong), Heard::Turned(Verdict::WrongDigestLength), "{length}");
    }
    assert_eq!(rig.hear(NOON, &foreign.forged(&[], Data::Plain(&scoped), 24)), Heard::Taken(Level::AuthNoPriv));
}

#[test]
fn a_trap_may_lag_by_150_seconds_and_an_earlier_start_is_refused() {
    let user = jdoe();
    let mut rig = Rig::new(&[jdoe()]);
    let taken = Heard::Taken(Level::AuthPriv);
    assert_eq!(rig.hear(NOON, &trap(&user, (3, 500), 1).sent()), taken);
    rig.kept();
    assert_eq!(rig.hear(NOON, &trap(&user, (3, 349), 2).sent()), Heard::Turned(Verdict::NotInTimeWindow));
    assert_eq!(rig.hear(NOON, &trap(&user, (3, 350), 3).sent()), taken);
    assert_eq!(rig.hear(NOON + 100, &trap(&user, (3, 449), 4).sent()), Heard::Turned(Verdict::NotInTimeWindow));
    assert_eq!(rig.hear(NOON + 100, &trap(&user, (3, 450), 5).sent()), taken);
    assert_eq!(rig.hear(NOON, &trap(&user, (2, 9_000), 6).sent()), Heard::Turned(Verdict::BootsWentBack));
    assert_eq!(rig.kept(), [], "a message that lags moves nothing");
    assert_eq!(rig.hear(NOON, &trap(&user, (4, 0), 7).sent()), taken);
}

#[test]
fn an_inform_may_differ_from_our_clock_by_150_seconds_and_is_told_the_right_one() {
    let user = signed(Auth::Sha1);
    let mut rig = Rig::new(core::slice::from_ref(&user));
    for (id, time) in [(1, TIME - 150), (2, TIME + 150)] {
        let informing = inform(&user, (BOOTS, time), id);
        assert_eq!(answered(rig.hear(NOON, &informing.sent()), &informing, TIME), Level::AuthNoPriv);
    }
    let late = [(BOOTS, TIME - 151), (BOOTS, TIME + 151), (BOOTS - 1, TIME), (BOOTS + 1, TIME), (MAXIMUM, TIME)];
    for (value, clock) in (1..).zip(late) {
        let late = inform(&user, clock, 3);
        let told = report_under(&late.keys(), &late, TIME, 1_003, UsmCounter::NotInTimeWindows, value);
        assert_eq!(rig.hear(NOON, &late.sent()), Heard::Told(Verdict::NotInTimeWindow, told));
    }
    let silent = Draft { reportable: false, ..inform(&user, (0, 0), 4) };
    assert_eq!(rig.hear(NOON, &silent.sent()), Heard::Turned(Verdict::Discovery));
}

#[test]
fn an_engine_of_ours_without_boots_left_takes_no_authenticated_inform() {
    let users = [signed(Auth::Sha1), open_user()];
    let mut rig = Rig::started(&users, MAXIMUM);
    let heard = rig.hear(NOON, &inform(&users[0], (MAXIMUM, TIME), 1).sent());
    assert!(matches!(heard, Heard::Told(Verdict::NotInTimeWindow, Told::Report(_))), "{heard:?}");
    assert!(matches!(rig.hear(NOON, &inform(&users[1], (0, 0), 1).sent()), Heard::Asked(Level::NoAuthNoPriv, _)));
}

#[test]
fn boots_at_the_maximum_are_refused_and_latch_nothing() {
    let user = jdoe();
    let mut rig = Rig::new(&[jdoe()]);
    let attack = trap(&user, (MAXIMUM, 9), 1).sent();
    assert_eq!(rig.hear(NOON, &attack), Heard::Turned(Verdict::BootsAtMaximum));
    assert_eq!((rig.learnt(), rig.kept()), (vec![], vec![]));
    assert_eq!(rig.hear(NOON, &trap(&user, (3, 70), 2).sent()), Heard::Taken(Level::AuthPriv));
    rig.kept();
    assert_eq!(rig.hear(NOON, &attack), Heard::Turned(Verdict::BootsAtMaximum));
    assert_eq!(rig.kept(), []);
    assert_eq!(rig.hear(NOON, &trap(&user, (3, 71), 3).sent()), Heard::Taken(Level::AuthPriv));
}

#[test]
fn what_another_privacy_password_encrypted_is_a_decryption_error() {
    for privacy in [Privacy::Des, Privacy::Aes128] {
        let user = sealed(Auth::Md5, privacy);
        let mut rig = Rig::new(core::slice::from_ref(&user));
        let other = Protection::AuthPriv { auth: master(Auth::Md5), privacy: (privacy, OTHER.clone()) };
        let sending = trap(&user, (3, 70), 1);
        let wrong = sending.sent_under(&other.keys(CUCM));
        assert_eq!(rig.hear(NOON, &wrong), Heard::Turned(Verdict::DecryptionError), "{privacy:?}");
        assert_eq!(rig.hear(NOON, &wrong), Heard::Turned(Verdict::Replay));
        assert_eq!(rig.learnt(), [], "it has not said anything yet");
        let asking = inform(&user, (BOOTS, TIME), 2);
        let told = report(&asking, TIME, 0, UsmCounter::DecryptionErrors, 2);
        let wrong = asking.sent_under(&other.keys(asking.engine));
        assert_eq!(rig.hear(NOON, &wrong), Heard::Told(Verdict::DecryptionError, told));
        assert_eq!(rig.hear(NOON, &trap(&user, (3, 70), 3).sent()), Heard::Taken(Level::AuthPriv));
        assert_eq!(rig.learnt().len(), 1);
    }
}

#[test]
fn a_salt_that_has_not_8_octets_and_a_cut_block_are_decryption_errors() {
    let user = sealed(Auth::Md5, Privacy::Des);
    let mut rig = Rig::new(core::slice::from_ref(&user));
    for (id, salt, data) in [
        (1, &[][..], &[5; 16][..]),
        (2, &[1; 7], &[5; 16]),
        (3, &[1; 9], &[5; 16]),
        (4, &[1; 8], &[5; 15]),
        (5, &[1; 8], &[]),
    ] {
        let forged = trap(&user, (3, 70), id).forged(salt, Data::Encrypted(data), 12);
        assert_eq!(rig.hear(NOON, &forged), Heard::Turned(Verdict::DecryptionError), "{id}");
        let asking = inform(&user, (BOOTS, TIME), id);
        let value = u32::try_from(id).unwrap() * 2;
        let told = report(&asking, TIME, 0, UsmCounter::DecryptionErrors, value);
        let forged = asking.forged(salt, Data::Encrypted(data), 12);
        assert_eq!(rig.hear(NOON, &forged), Heard::Told(Verdict::DecryptionError, told), "{id}");
    }
}

#[test]
fn des_padding_and_the_context_may_be_anything() {
    let user = sealed(Auth::Md5, Privacy::Des);
    let mut rig = Rig::new(core::slice::from_ref(&user));
    let draft = trap(&user, (3, 70), 1);
    let plain = scoped_pdu(&[0x80, 0, 0, 9, 1], b"another", &draft.pdu);
    for filler in 0..8 {
        let mut data = [&plain[..], &vec![0xa5; filler]].concat();
        let salt = draft.keys().privacy.unwrap().encrypt(3, 70, filler as u64, &mut data);
        assert_eq!(
            rig.hear(NOON, &draft.forged(&salt, Data::Encrypted(&data), 12)),
            Heard::Taken(Level::AuthPriv),
            "{filler}"
        );
    }
}

#[test]
fn a_trap_in_the_name_of_our_own_engine_is_refused_whoever_signed_it() {
    for user in [jdoe(), signed(Auth::Sha1), open_user()] {
        let mut rig = Rig::new(core::slice::from_ref(&user));
        let forged = Draft { pdu: pdu(Kind::Trap, 1), ..inform(&user, (BOOTS, TIME), 1) };
        assert_eq!(rig.hear(NOON, &forged.sent()), Heard::Turned(Verdict::OwnEngine));
        let silent = Draft { reportable: false, ..forged };
        assert_eq!(rig.hear(NOON, &silent.sent()), Heard::Turned(Verdict::OwnEngine));
        assert_eq!((rig.learnt(), rig.kept()), (vec![], vec![]));
    }
}

#[test]
fn an_inform_to_another_engine_is_told_so_each_time_and_its_engine_is_not_announced() {
    for user in [jdoe(), signed(Auth::Sha1), open_user()] {
        let mut rig = Rig::new(core::slice::from_ref(&user));
        let request_id = if user.protection.level() == Level::AuthPriv { 0 } else { 1_001 };
        let astray = Draft { pdu: pdu(Kind::Inform, 1_001), reportable: true, ..trap(&user, (3, 70), 1) };
        let again =
            if user.protection.level() == Level::NoAuthNoPriv { Verdict::UnknownEngine } else { Verdict::Replay };
        for (value, verdict) in [(1, Verdict::UnknownEngine), (2, again), (3, again)] {
            let told = report(&astray, TIME, request_id, UsmCounter::UnknownEngineIds, value);
            assert_eq!(rig.hear(NOON, &astray.sent()), Heard::Told(verdict, told), "{user:?}");
        }
        assert_eq!(rig.learnt(), []);
    }
    let user = jdoe();
    let mut overhearing = Rig(Rig::new(&[jdoe()]).0.overhearing());
    let elsewhere = Draft { pdu: pdu(Kind::Inform, 1), reportable: true, ..trap(&user, (3, 70), 1) };
    assert_eq!(overhearing.hear(NOON, &elsewhere.sent()), Heard::Taken(Level::AuthPriv));
}

#[test]
fn a_trap_inside_the_discovery_form_is_refused_and_not_answered() {
    let user = jdoe();
    let open = open_user();
    let mut rig = Rig::new(&[jdoe(), open_user()]);
    for (sender, reportable) in [(&open, false), (&open, true), (&user, false)] {
        let hidden = Draft { engine: &[], reportable, ..trap(sender, (0, 0), 1) };
        assert_eq!(rig.hear(NOON, &hidden.sent()), Heard::Turned(Verdict::UnknownEngine));
    }
    let garbled = Draft { engine: &[], pdu: vec![5, 0], ..inform(&open, (0, 0), 2) };
    let told = report(&garbled, TIME, 0, UsmCounter::UnknownEngineIds, 4);
    assert_eq!(rig.hear(NOON, &garbled.sent()), Heard::Told(Verdict::BadSnmp, told));
}

#[test]
fn a_report_or_a_response_is_never_answered_and_a_request_is_not_for_us() {
    let stranger = User { name: b"mallory".to_vec(), ..open_user() };
    let users = [jdoe(), signed(Auth::Sha1), open_user()];
    let mut rig = Rig::new(&users);
    let report = encode::report_pdu(9, UsmCounter::UnknownEngineIds, 1);
    let response = [&[0xa2], &encode::discovery_pdu(9)[1..]].concat();
    for (pdu, user) in
        [&report, &response].into_iter().flat_map(|pdu| users.iter().chain([&stranger]).map(move |user| (pdu, user)))
    {
        for engine in [ours().as_bytes(), CUCM, &[]] {
            let level = user.protection.level();
            let message = Draft { engine, pdu: pdu.clone(), ..inform(user, (BOOTS, TIME), 1) };
            let heard = rig.hear(NOON, &message.sent());
            if level == Level::AuthPriv && engine.is_empty() {
                // Nobody can read what it is, and it asks for a Report.
                assert!(matches!(heard, Heard::Told(Verdict::UnknownEngine, Told::Report(_))), "{heard:?}");
            } else {
                assert_eq!(heard, Heard::Turned(Verdict::NotANotification), "{user:?} {engine:?}");
            }
        }
    }
    for (user, tag) in users.iter().flat_map(|user| [0xa0, 0xa1, 0xa3, 0xa5].map(|tag| (user, tag))) {
        let pdu = [&[tag], &encode::discovery_pdu(9)[1..]].concat();
        let get = Draft { pdu, ..inform(user, (BOOTS, TIME), tag.into()) };
        assert_eq!(rig.hear(NOON, &get.sent()), Heard::Turned(Verdict::NotANotification));
    }
}

#[test]
fn the_same_octets_again_are_a_replay_and_an_informs_sender_is_answered_again() {
    for user in [jdoe(), signed(Auth::Sha512)] {
        let level = user.protection.level();
        let mut rig = Rig::new(core::slice::from_ref(&user));
        let trapping = trap(&user, (3, 70), 1).sent();
        assert_eq!(rig.hear(NOON, &trapping), Heard::Taken(level));
        assert_eq!(rig.hear(NOON, &trapping), Heard::Turned(Verdict::Replay));
        assert_eq!(rig.hear(NOON + 150, &trapping), Heard::Turned(Verdict::Replay));
        assert_eq!(rig.hear(NOON + 151, &trapping), Heard::Turned(Verdict::NotInTimeWindow));
        let informing = inform(&user, (BOOTS, TIME), 1);
        assert_eq!(answered(rig.hear(NOON, &informing.sent()), &informing, TIME), level);
        for second in [TIME, TIME + 150] {
            let heard = rig.hear(second, &informing.sent());
            let Heard::Told(Verdict::Replay, Told::Answer(answer)) = heard else { panic!("{heard:?}") };
            assert_answers(&answer, &informing, second);
        }
    }
}

#[test]
fn after_a_restart_nothing_is_taken_that_was_sent_before_it() {
    let user = signed(Auth::Md5);
    let users = core::slice::from_ref(&user);
    let mut rig = Rig::new(users);
    let messages = [(70, 1), (69, 2), (71, 3), (71, 4), (70, 5)];
    let sent = messages.map(|(time, id)| trap(&user, (3, time), id).sent());
    for message in &sent {
        assert_eq!(rig.hear(NOON, message), Heard::Taken(Level::AuthNoPriv));
    }
    let informing = inform(&user, (BOOTS, TIME), 9).sent();
    rig.hear(NOON, &informing);
    let mut next = rig.restarted(users);
    for message in sent.iter().chain([&trap(&user, (3, 70), 6).sent()]) {
        assert_eq!(next.hear(NOON + 1, message), Heard::Turned(Verdict::Replay));
    }
    let heard = next.hear(NOON + 1, &informing);
    assert!(matches!(heard, Heard::Told(Verdict::NotInTimeWindow, Told::Report(_))), "{heard:?}");
    assert_eq!(next.kept(), []);
    let same_second = trap(&user, (3, 71), 7).sent();
    assert_eq!(next.hear(NOON + 1, &same_second), Heard::Taken(Level::AuthNoPriv));
    let mut third = next.restarted(users);
    for message in [&sent[2], &sent[3], &same_second] {
        assert_eq!(third.hear(NOON + 1, message), Heard::Turned(Verdict::Replay));
        assert_eq!(third.hear(NOON + 200, message), Heard::Turned(Verdict::NotInTimeWindow));
    }
    assert_eq!(third.hear(NOON + 200, &trap(&user, (3, 270), 8).sent()), Heard::Taken(Level::AuthNoPriv));
    assert_eq!(third.hear(NOON + 200, &trap(&user, (4, 1), 9).sent()), Heard::Taken(Level::AuthNoPriv));
}

#[test]
fn a_second_with_more_messages_than_are_kept_is_refused_whole_after_a_restart() {
    let user = signed(Auth::Md5);
    let users = core::slice::from_ref(&user);
    let mut rig = Rig::new(users);
    let sent: Vec<Vec<u8>> = (0..40).map(|id| trap(&user, (3, 70), id).sent()).collect();
    for message in &sent {
        assert_eq!(rig.hear(NOON, message), Heard::Taken(Level::AuthNoPriv));
    }
    let mut next = rig.restarted(users);
    for message in &sent {
        assert_eq!(next.hear(NOON, message), Heard::Turned(Verdict::Replay));
    }
    assert_eq!(next.hear(NOON, &trap(&user, (3, 71), 50).sent()), Heard::Taken(Level::AuthNoPriv));
}

/// The engine of this number.
fn node(n: usize) -> Vec<u8> {
    [&[0x80, 0, 0, 9, 4], &n.to_be_bytes()[..]].concat()
}

#[test]
fn of_too_many_senders_the_one_silent_longest_gives_way_also_at_a_restart() {
    let user = signed(Auth::Md5);
    let users = core::slice::from_ref(&user);
    let mut rig = Rig::new(users);
    let taken = Heard::Taken(Level::AuthNoPriv);
    for n in 0..NODES {
        let (engine, second) = (node(n), NOON + u32::try_from(n).unwrap());
        assert_eq!(rig.hear(second, &Draft { engine: &engine, ..trap(&user, (3, 70), 1) }.sent()), taken);
    }
    let mut records = rig.kept();
    let late = NOON + 1_000;
    assert_eq!(rig.hear(late, &Draft { engine: &node(0), ..trap(&user, (3, 1_070), 2) }.sent()), taken);
    assert_eq!(rig.hear(late, &trap(&user, (3, 70), 3).sent()), taken);
    let (gone, changed) = rig.changed();
    assert_eq!(gone, [EngineId::new(&node(1)).unwrap()]);
    records.extend(changed.into_iter().filter(|record| record.id.as_bytes() == CUCM));
    let known = |rig: &Rig, engine: &[u8]| rig.0.senders().any(|sender| sender.record().id.as_bytes() == engine);
    assert_eq!((rig.0.senders().count(), known(&rig, &node(0)), known(&rig, &node(1))), (NODES, true, false));
    let mut next = Rig::started(users, BOOTS + 1);
    records.into_iter().for_each(|record| next.0.restore(record));
    assert_eq!((next.0.senders().count(), known(&next, CUCM), known(&next, &node(0))), (NODES, true, false));
    assert_eq!(next.changed(), (vec![EngineId::new(&node(0)).unwrap()], vec![]));
}

#[test]
fn what_the_memory_of_messages_has_lost_is_refused_if_it_is_older_than_what_was_lost_last() {
    let user = signed(Auth::Md5);
    let other = User { name: b"other".to_vec(), ..signed(Auth::Md5) };
    let mut rig = Rig::new(&[user.clone(), other.clone()]);
    let first = trap(&user, (3, 500), 100_000).sent();
    let informing = inform(&user, (BOOTS, TIME - 9), 1);
    let keys = trap(&user, (3, 0), 0).keys();
    assert_eq!(rig.hear(NOON, &first), Heard::Taken(Level::AuthNoPriv));
    rig.hear(NOON, &informing.sent());
    rig.hear(NOON, &inform(&user, (BOOTS, TIME), 2).sent());
    for id in 0..=i32::try_from(REPLAY_FINGERPRINTS).unwrap() {
        let heard = rig.hear(NOON, &trap(&user, (3, 503), id).sent_under(&keys));
        assert_eq!(heard, Heard::Taken(Level::AuthNoPriv));
    }
    assert_eq!(rig.hear(NOON, &first), Heard::Turned(Verdict::NotInTimeWindow));
    assert_eq!(
        rig.hear(NOON, &trap(&user, (3, 501), 100_001).sent()),
        Heard::Taken(Level::AuthNoPriv),
        "it was overtaken"
    );
    let told = report_under(&informing.keys(), &informing, TIME, 1_001, UsmCounter::NotInTimeWindows, 2);
    assert_eq!(rig.hear(NOON, &informing.sent()), Heard::Told(Verdict::NotInTimeWindow, told));
    for user in [&user, &other] {
        let time = if user.name == other.name { TIME - 9 } else { TIME - 2 };
        let informing = inform(user, (BOOTS, time), 3);
        assert_eq!(answered(rig.hear(NOON, &informing.sent()), &informing, TIME), Level::AuthNoPriv);
    }
}

#[test]
fn what_is_not_proved_changes_nothing() {
    let user = jdoe();
    let users = [jdoe(), open_user()];
    let mut rig = Rig::new(&users);
    let open = trap(&users[1], (900, 900), 1).sent();
    assert_eq!(rig.hear(NOON, &open), Heard::Taken(Level::NoAuthNoPriv));
    assert_eq!((rig.learnt(), rig.kept(), rig.0.senders().count()), (vec![], vec![], 0));
    rig.hear(NOON, &trap(&user, (3, 70), 2).sent());
    let before = rig.kept();
    assert_eq!(before.len(), 1);
    assert_eq!(rig.hear(NOON, &open), Heard::Taken(Level::NoAuthNoPriv));
    let mut forged = trap(&user, (900, 900), 3).sent();
    *forged.last_mut().unwrap() ^= 1;
    assert_eq!(rig.hear(NOON, &forged), Heard::Turned(Verdict::WrongDigest));
    assert_eq!((rig.kept(), rig.learnt().len()), (vec![], 1));
    let after: Vec<SenderRecord> = rig.0.senders().map(|sender| sender.record().clone()).collect();
    assert_eq!(after, before);
}

#[test]
fn every_octet_of_a_message_is_under_its_digest() {
    let user = signed(Auth::Md5);
    let mut rig = Rig::new(core::slice::from_ref(&user));
    for draft in [trap(&user, (3, 70), 1), inform(&user, (BOOTS, TIME), 1)] {
        let whole = draft.sent();
        for place in 0..whole.len() {
            let mut changed = whole.clone();
            changed[place] ^= 1;
            if decode(&changed).is_ok() {
                let heard = rig.hear(NOON, &changed);
                assert!(matches!(heard, Heard::Turned(_) | Heard::Told(_, Told::Report(_))), "{place} {heard:?}");
            }
        }
        assert_eq!((rig.learnt(), rig.kept()), (vec![], vec![]));
        assert!(matches!(rig.hear(NOON, &whole), Heard::Taken(_) | Heard::Asked(..)));
        rig = Rig::new(core::slice::from_ref(&user));
    }
}

#[test]
fn without_users_nothing_is_answered() {
    let mut rig = Rig::new(&[]);
    assert!(!rig.0.has_users());
    let user = jdoe();
    let probe = Draft { engine: &[], ..inform(&user, (0, 0), 1) };
    assert_eq!(rig.hear(NOON, &probe.sent()), Heard::Turned(Verdict::V3NotConfigured));
    assert_eq!(rig.hear(NOON, &inform(&user, (0, 0), 1).sent()), Heard::Turned(Verdict::V3NotConfigured));
}

#[test]
fn a_void_engine_id_is_no_sender_even_under_the_right_key() {
    let user = jdoe();
    let mut rig = Rig::new(&[jdoe()]);
    for engine in [[0; 12], [0xff; 12]] {
        let void = Draft { engine: &engine, ..trap(&user, (3, 70), 1) };
        assert_eq!(rig.hear(NOON, &void.sent()), Heard::Turned(Verdict::BadSnmp));
    }
    assert_eq!((rig.learnt(), rig.kept()), (vec![], vec![]));
}
