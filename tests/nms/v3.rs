//! SNMPv3 to net-snmp's snmptrapd: every level and pair of algorithms, refusals, restarts.

use std::fs;

use lockwarden::shell::nms::Receiver;
use lockwarden::usm::{Auth, Privacy};
use lockwarden::wire::snmp::Kind;

use crate::rig::{NOTHING, Rig, lockout, receiver};
use crate::snmptrapd::lockout_by_name;
use crate::trapd::Snmptrapd;
use crate::users::Person;

/// What net-snmp can.
const CIPHERS: [Privacy; 4] = [Privacy::Des, Privacy::Aes128, Privacy::Aes192, Privacy::Aes256];

/// A receiver that knows these users, running.
async fn snmptrapd(name: &str, known: &[Person]) -> Snmptrapd {
    let mut snmptrapd = Snmptrapd::new(name, "127.0.0.1");
    snmptrapd.users = known.iter().map(Person::known_to_snmptrapd).collect();
    snmptrapd.start().await;
    snmptrapd
}

fn to(snmptrapd: &Snmptrapd, person: &Person, kind: Kind) -> Receiver {
    receiver(snmptrapd.address, person.protocol(kind))
}

/// The next notification's user, after it has been found complete. One that is shown again, since it was repeated, is passed over.
async fn shown_from(snmptrapd: &mut Snmptrapd, pdu: &str, person: &Person) {
    let expected = format!("{pdu}, SNMP v3, user {}, context ", person.name);
    loop {
        let mut shown = snmptrapd.shown().await;
        let security = shown.remove(0);
        assert_eq!(shown, lockout_by_name(), "{security}");
        if security == expected {
            return;
        }
        assert_eq!(pdu, "INFORM", "{security} before {expected}");
    }
}

fn aes128(auth: Auth) -> Person {
    Person::with(Some(auth), Some(Privacy::Aes128))
}

/// Informs as `claimed` where the receiver knows only `known`, and returns the reason that the operator is shown.
async fn refused(name: &str, known: &Person, claimed: &Person) -> String {
    let honest = Person::with(Some(Auth::Sha512), None);
    let mut snmptrapd = snmptrapd(name, &[known.clone(), honest.clone()]).await;
    let mut rig = Rig::start(to(&snmptrapd, claimed, Kind::Inform));
    rig.notify(1, lockout()).await;
    let reason = rig.until_down().await;
    let mut other = Rig::start(to(&snmptrapd, &honest, Kind::Inform));
    other.notify(2, lockout()).await;
    assert_eq!(other.delivered().await, Some(2));
    // What it says about the other one's message stands before.
    let shown = snmptrapd.shown().await;
    let users: Vec<_> = shown.iter().filter(|line| line.contains("SNMP v3, user ")).collect();
    assert_eq!(users, [&format!("INFORM, SNMP v3, user {}, context ", honest.name)]);
    rig.stop().await;
    reason.strip_prefix(&format!("{}: ", snmptrapd.address)).unwrap().to_owned()
}

#[tokio::test]
async fn traps_of_every_level_and_algorithm_are_shown_with_their_user() {
    let everybody = Person::everybody(&CIPHERS);
    let mut snmptrapd = snmptrapd("v3-traps", &everybody).await;
    for person in &everybody {
        let rig = Rig::start(to(&snmptrapd, person, Kind::Trap));
        rig.notify(1, lockout()).await;
        shown_from(&mut snmptrapd, "TRAP2", person).await;
        assert_eq!(rig.finish().await, [1]);
    }
    assert_eq!(everybody.len(), 31);
}

#[tokio::test]
async fn informs_of_every_level_and_algorithm_are_shown_with_their_user_and_answered() {
    let everybody = Person::everybody(&CIPHERS);
    let mut snmptrapd = snmptrapd("v3-informs", &everybody).await;
    for person in &everybody {
        let mut rig = Rig::start(to(&snmptrapd, person, Kind::Inform));
        rig.notify(1, lockout()).await;
        assert_eq!(rig.delivered().await, Some(1), "{person:?}");
        shown_from(&mut snmptrapd, "INFORM", person).await;
        assert_eq!(rig.finish().await, NOTHING);
    }
}

#[tokio::test]
async fn a_wrong_auth_password_is_said_and_nothing_is_delivered() {
    let known = aes128(Auth::Sha256);
    let claimed = Person { auth: Some((Auth::Sha256, "not the password".into())), ..known.clone() };
    assert_eq!(
        refused("v3-digest", &known, &claimed).await,
        "the receiver refuses the digest of user \"u-sha256-aes128\"; make auth password and algorithm the same on both sides"
    );
}

#[tokio::test]
async fn an_unknown_user_is_said_and_nothing_is_delivered() {
    assert_eq!(
        refused("v3-user", &aes128(Auth::Sha1), &aes128(Auth::Md5)).await,
        "the receiver knows no SNMPv3 user \"u-md5-aes128\"; correct `user` in [[nms]], or create it there"
    );
}

#[tokio::test]
async fn a_level_that_the_user_does_not_have_is_said_and_nothing_is_delivered() {
    let known = Person { privacy: None, ..aes128(Auth::Sha1) };
    assert_eq!(
        refused("v3-level", &known, &aes128(Auth::Sha1)).await,
        "the receiver does not take auth-priv from user \"u-sha1-aes128\"; allow that level there, or correct `level` in [[nms]]"
    );
}

#[tokio::test]
async fn a_wrong_privacy_password_is_said_and_nothing_is_delivered() {
    let known = aes128(Auth::Sha1);
    let claimed = Person { privacy: Some((Privacy::Aes128, "not the password".into())), ..known.clone() };
    // net-snmp meets this with silence: what it decrypts is no scoped PDU, and so no Report is due.
    assert_eq!(
        refused("v3-privacy", &known, &claimed).await,
        "informs are not answered; is a receiver running there, with user \"u-sha1-aes128\" at auth-priv with these passwords and \
         our address allowed?"
    );
}

#[tokio::test]
async fn informs_go_on_when_the_receiver_restarts_and_when_it_comes_back_with_another_engine() {
    let person = aes128(Auth::Sha256);
    let mut snmptrapd = snmptrapd("v3-restart", std::slice::from_ref(&person)).await;
    let mut rig = Rig::start(to(&snmptrapd, &person, Kind::Inform));
    rig.notify(1, lockout()).await;
    assert_eq!(rig.delivered().await, Some(1));
    shown_from(&mut snmptrapd, "INFORM", &person).await;

    // Its boots are one more now.
    snmptrapd.stop();
    let engine = |snmptrapd: &Snmptrapd| fs::read_to_string(snmptrapd.state().join("snmptrapd.conf")).unwrap();
    assert!(engine(&snmptrapd).contains("\nengineBoots 1\n"), "{}", engine(&snmptrapd));
    snmptrapd.start().await;
    rig.notify(2, lockout()).await;
    assert_eq!(rig.delivered().await, Some(2));
    shown_from(&mut snmptrapd, "INFORM", &person).await;
    snmptrapd.stop();
    assert!(engine(&snmptrapd).contains("\nengineBoots 2\n"), "{}", engine(&snmptrapd));

    // It has another engine id now.
    fs::remove_dir_all(snmptrapd.state()).unwrap();
    snmptrapd.start().await;
    rig.notify(3, lockout()).await;
    assert_eq!(rig.delivered().await, Some(3));
    shown_from(&mut snmptrapd, "INFORM", &person).await;
    rig.until_idle().await;
    assert_eq!(rig.finish().await, NOTHING);
}
