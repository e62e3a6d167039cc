//! Which receivers are relayed to, and what of.

use super::problems;
use crate::config::*;

const TWO: &str = "[[nms]]\naddress = \"192.0.2.5\"\ncommunity = \"c\"\n[[nms]]\naddress = \"nms.example.test:1162\"\ncommunity = \"c\"\n";

fn relay(keys: &str) -> Option<Relay> {
    Config::parse("x", &format!("{TWO}{keys}")).unwrap().relay
}

#[test]
fn without_the_section_nothing_is_relayed_and_with_it_everything_to_all() {
    assert_eq!(relay(""), None);
    let everything = Relay {
        to: vec![0, 1],
        form: RelayForm::Translated,
        include: Vec::new(),
        exclude: Vec::new(),
        sources: Vec::new(),
        queue: 1000,
    };
    assert_eq!(relay("[relay]\n"), Some(everything));
}

#[test]
fn receivers_are_named_by_their_address_with_or_without_its_usual_port() {
    for (to, places) in [
        (r#"["192.0.2.5:162"]"#, vec![0]),
        (r#"["nms.example.test:1162"]"#, vec![1]),
        (r#"["nms.example.test:1162", "192.0.2.5"]"#, vec![0, 1]),
    ] {
        assert_eq!(relay(&format!("[relay]\nto = {to}\n")).unwrap().to, places, "{to}");
    }
    let twins = TWO.replace("nms.example.test:1162", "192.0.2.5:162");
    let config = Config::parse("x", &format!("{twins}[relay]\nto = [\"192.0.2.5\"]\n")).unwrap();
    assert_eq!(config.relay.unwrap().to, [0, 1], "both at one address");
}

#[test]
fn a_relay_needs_receivers_that_there_are() {
    assert_eq!(
        problems("[relay]\nto = [\"192.0.2.5\"]\n"),
        ["lockwarden.toml:1: relay: has nobody to relay to; allowed: with one or more [[nms]]"]
    );
    assert_eq!(
        problems(&format!("{TWO}[relay]\nto = []\n")),
        [
            "lockwarden.toml:8: relay.to: lists no receiver; allowed: at least one address, or no such key for all of them",
        ]
    );
    assert_eq!(
        problems(&format!("{TWO}[relay]\nto = [\"192.0.2.5\", \"192.0.2.6\", \"192.0.2.5:162\", \"nms:x\"]\n")),
        [
            "lockwarden.toml:8: relay.to: \"nms:x\" is not a host and port; allowed: the address of an [[nms]], for example \"192.0.2.5:162\"",
            "lockwarden.toml:8: relay.to: \"192.0.2.6\" is not the address of an [[nms]]; allowed: 192.0.2.5:162, nms.example.test:1162",
            "lockwarden.toml:8: relay.to: \"192.0.2.5:162\" stands twice; allowed: each address once",
        ]
    );
}

#[test]
fn a_receiver_that_is_wrong_otherwise_is_known_to_the_relay() {
    let text = "[[nms]]\naddress = \"192.0.2.5\"\n[relay]\nto = [\"192.0.2.5\"]\n";
    assert_eq!(
        problems(text),
        [
            "lockwarden.toml:1: nms.community: is missing; allowed: 1 to 255 characters, or community-file, for example community = \"example-community\"",
        ]
    );
}

#[test]
fn filters_are_identifiers_and_blocks_that_leave_something() {
    let keys = "[relay]\nform = \"raw\"\ninclude = [\"1.3.6.1.4.1.9.9.41.2\", \"1.3.6.1.4.1\", \"enterprises\"]\nexclude = [\"1.3.6.1.4.1.9.9\", \"1\"]\nsources = [\"cucm-pub\"]\nqueue = 0\n";
    assert_eq!(
        problems(&format!("{TWO}{keys}")),
        [
            "lockwarden.toml:8: relay.form: \"raw\" is not a form; allowed: \"as-received\" or \"translated\", for example \"as-received\"",
            "lockwarden.toml:9: relay.include: \"enterprises\" is not an object identifier; allowed: 2 to 128 numbers, joined by dots, for example \"1.3.6.1.4.1.9.9.41\"",
            "lockwarden.toml:9: relay.include: \"1.3.6.1.4.1.9.9.41.2\" is excluded as a whole; allowed: identifiers that exclude leaves something of",
            "lockwarden.toml:10: relay.exclude: \"1\" is not an object identifier; allowed: 2 to 128 numbers, joined by dots, for example \"1.3.6.1.6.3.1.1.5\"",
            "lockwarden.toml:11: relay.sources: \"cucm-pub\" is not an address or a block of addresses; allowed: address or address/prefix, for example \"192.0.2.0/24\" or \"192.0.2.11\"",
            "lockwarden.toml:12: relay.queue: 0 is out of range; allowed: 1 to 100000 notifications, for example queue = 1000",
        ]
    );
}
