//! The management system's side: net-snmp's snmptrapd with the module that `lockwarden mib` prints, over each version of SNMP, and
//! receivers beside it that do not exist or do not take what they are sent.

use super::cucm::auth_success;
use super::relay::{OUR_ENGINE, OUR_USER, TAKES_OURS, nms, sink, takes_our_user};
use super::site::{Site, troubles};
use super::trapd::Trapd;

/// A receiver of informs, in the configuration.
pub(crate) fn receiver_of(address: &str) -> String {
    nms(address, "v2c", "kind = \"inform\"\ncommunity = \"nms-community\"")
}

/// The lockout as snmptrapd shows it.
fn assert_is_lockout(raised: &[String]) {
    let ours = raised.iter().filter(|field| field.starts_with("LOCKWARDEN-MIB::lockwarden"));
    assert_eq!(ours.count(), 27, "{raised:#?}");
    for field in [
        "SNMPv2-SMI::snmpModules.1.1.4.1.0 = OID: LOCKWARDEN-MIB::lockwardenLockout",
        "LOCKWARDEN-MIB::lockwardenAlertState.0 = INTEGER: raised(1)",
        "LOCKWARDEN-MIB::lockwardenAlertKind.0 = INTEGER: lockout(1)",
        "LOCKWARDEN-MIB::lockwardenAccount.0 = STRING: jdoe",
        "LOCKWARDEN-MIB::lockwardenBasis.0 = INTEGER: inferred(3)",
        "LOCKWARDEN-MIB::lockwardenFailures.0 = Gauge32: 3",
    ] {
        assert!(raised.iter().any(|line| line == field), "{field} in {raised:#?}");
    }
}

fn assert_is_cleared(cleared: &[String]) {
    assert!(cleared.iter().any(|line| line.ends_with("OID: LOCKWARDEN-MIB::lockwardenAlertCleared")), "{cleared:#?}");
    let by = "LOCKWARDEN-MIB::lockwardenClearedBy.0 = INTEGER: success(3)";
    assert!(cleared.iter().any(|line| line == by), "{cleared:#?}");
}

#[test]
fn a_lockout_reaches_the_nms_by_name_while_another_receiver_cannot_even_be_found() {
    let mut trapd = Trapd::by_name(TAKES_OURS);
    let site = Site::start_with(|settings| {
        settings.mqtt += &receiver_of(&trapd.at);
        settings.mqtt += &receiver_of("nowhere.invalid:162");
    });
    site.lock("jdoe");
    assert_is_lockout(&trapd.shown());
    site.syslog(&auth_success("jdoe", 60));
    assert_is_cleared(&trapd.shown());

    let health = site.health_when(|health| health["sinks"][1]["backlog"] == 0 && health["sinks"][2]["state"] == "down");
    assert_eq!((&health["sinks"][1]["state"], &health["sinks"][2]["backlog"]), (&"idle".into(), &2.into()));
    let trouble = troubles(&health).join("\n");
    assert!(trouble.contains("nms nowhere.invalid:162: ") && trouble.contains("[[nms]]"), "{trouble}");
}

/// Our user at a receiver that takes it, in another kind.
fn ours(at: &str, kind: &str) -> String {
    nms(at, "v3", &format!("kind = \"{kind}\"\n{OUR_USER}"))
}

#[test]
fn over_v3_a_lockout_arrives_as_trap_and_as_inform_by_name_and_so_does_its_end_after_a_restart() {
    let mut traps = Trapd::by_name(&takes_our_user(&format!("-e {OUR_ENGINE}")));
    let mut informs = Trapd::by_name(&takes_our_user(""));
    let mut site = Site::start_with(|settings| {
        settings.traps += &format!("\nengine-id = \"{OUR_ENGINE}\"");
        settings.mqtt += &(ours(&traps.at, "trap") + &ours(&informs.at, "inform"));
    });
    site.lock("jdoe");
    let raised = [traps.shown(), informs.shown()];
    assert_eq!(
        raised.each_ref().map(|shown| shown[0].as_str()),
        ["TRAP2, SNMP v3, user relay, context ", "INFORM, SNMP v3, user relay, context "]
    );
    raised.iter().for_each(|shown| assert_is_lockout(shown));
    site.settled(3);
    // The boots of our engine rise, which is what makes the receiver believe the trap; an inform's engine is discovered anew.
    site.stop();
    site.run();
    site.syslog(&auth_success("jdoe", 60));
    assert_is_cleared(&traps.shown());
    assert_is_cleared(&informs.shown());
}

#[test]
fn a_wrong_password_or_user_is_named_and_delays_no_other_receiver() {
    let refusing =
        Trapd::by_name("createUser relay SHA-512 another-password AES-256 relay-cipher\nauthUser log relay priv");
    let strange =
        Trapd::by_name("createUser somebody SHA-512 relay-digest AES-256 relay-cipher\nauthUser log somebody priv");
    let garbled =
        Trapd::by_name("createUser relay SHA-512 relay-digest AES-256 another-password\nauthUser log relay priv");
    let mut alive = Trapd::by_name(&takes_our_user(""));
    let site = Site::start_with(|settings| {
        for trapd in [&refusing, &strange, &garbled, &alive] {
            settings.mqtt += &ours(&trapd.at, "inform");
        }
    });
    site.lock("jdoe");
    assert_is_lockout(&alive.shown());
    site.syslog(&auth_success("jdoe", 60));
    assert_is_cleared(&alive.shown());
    let named = [
        (
            &refusing,
            "the receiver refuses the digest of user \"relay\"; make auth password and algorithm the same on both sides",
        ),
        (&strange, "the receiver knows no SNMPv3 user \"relay\"; correct `user` in [[nms]], or create it there"),
        // net-snmp decrypts to noise, which it drops in silence.
        (
            &garbled,
            "informs are not answered; is a receiver running there, with user \"relay\" at auth-priv with these passwords \
             and our address allowed?",
        ),
    ];
    let name = |trapd: &Trapd| format!("nms {}", trapd.at);
    let health = site.health_when(|health| {
        sink(health, &name(&alive))["backlog"] == 0
            && named.iter().all(|(trapd, _)| sink(health, &name(trapd))["state"] == "down")
    });
    for (trapd, sentence) in named {
        let dead = sink(&health, &name(trapd));
        assert_eq!((&dead["reason"], &dead["backlog"]), (&format!("{}: {sentence}", trapd.at).into(), &2.into()));
        let line = format!("{}: {}: {sentence}", name(trapd), trapd.at);
        assert!(troubles(&health).contains(&line), "{health:#}");
    }
}
