//! Keys that are right by themselves and wrong together.

use super::problems;
use crate::board;

/// Each text comes to exactly these problems.
fn all(cases: &[(&str, &[&str])]) {
    for (text, expected) in cases {
        assert_eq!(problems(text), *expected, "{text}");
    }
}

#[test]
fn sockets_that_the_system_would_refuse_are_reported_at_the_line_that_can_be_changed() {
    all(&[
        (
            "[traps]\nlisten = [\n  \"192.0.2.1:162\",\n  \"0.0.0.0:162\",\n  \"[::]:162\",\n]\n",
            &[
                "lockwarden.toml:4: traps.listen: \"0.0.0.0:162\" is taken by traps.listen in line 3; allowed: each address and port once",
            ],
        ),
        (
            "[traps]\nlisten = [\"[::1]:1514\"]\n",
            &[
                "lockwarden.toml:2: traps.listen: \"[::1]:1514\" is taken by the default of syslog.udp; allowed: each address and port once",
            ],
        ),
        (
            "[syslog]\nudp = [\"192.0.2.1:1162\"]\n",
            &[
                "lockwarden.toml:2: syslog.udp: \"192.0.2.1:1162\" is taken by the default of traps.listen; allowed: each address and port once",
            ],
        ),
        ("[traps]\nlisten = [\"127.0.0.1:0\", \"127.0.0.1:0\", \"[::]:9\", \"0.0.0.0:9\"]\n", &[]),
    ]);
}

#[test]
fn broker_keys_must_fit_the_broker() {
    all(&[
        (
            "[mqtt]\nbroker = \"mqtt://192.0.2.9\"\nusername = \"lockwarden\"\ncertificate = \"c.pem\"\n",
            &[
                "lockwarden.toml:3: mqtt.username: is given without a password; allowed: with password or password-file, for example password-file = \"/etc/lockwarden/mqtt.password\"",
                "lockwarden.toml:4: mqtt.certificate: is given without key; allowed: both or neither, for example key = \"/etc/lockwarden/client.key\"",
                "lockwarden.toml:4: mqtt.certificate: is for a broker with TLS; allowed: with mqtts:// only, for example broker = \"mqtts://broker.example.test\"",
            ],
        ),
        (
            "[mqtt]\nusername = \"u\"\npassword = \"opensesame\"\npassword-file = \"p\"\n",
            &[
                "lockwarden.toml:2: mqtt.username: is for a broker that is given as a URL; allowed: with mqtt:// or mqtts:// only, for example broker = \"mqtt://broker.example.test\"",
                "lockwarden.toml:3: mqtt.password: is for a broker that is given as a URL; allowed: with mqtt:// or mqtts:// only, for example broker = \"mqtt://broker.example.test\"",
                "lockwarden.toml:4: mqtt.password-file: stands beside password; allowed: one of the two",
                "lockwarden.toml:4: mqtt.password-file: is for a broker that is given as a URL; allowed: with mqtt:// or mqtts:// only, for example broker = \"mqtt://broker.example.test\"",
            ],
        ),
        (
            "[mqtt]\nbroker = \"mqtts://broker.example.test\"\nkey = \"client.key\"\n",
            &[
                "lockwarden.toml:3: mqtt.key: is given without certificate; allowed: both or neither, for example certificate = \"/etc/lockwarden/client.pem\"",
            ],
        ),
    ]);
}

#[test]
fn the_embedded_broker_is_open_on_loopback_only() {
    all(&[
        (
            "[mqtt.embedded]\nlisten = \"0.0.0.0:1883\"\n",
            &[
                "lockwarden.toml:2: mqtt.embedded.listen: is not on loopback, and there are no users; allowed: 127.0.0.1 or [::1], or users, or anonymous = \"allowed\", for example users = [{ name = \"dashboard\", password-file = \"/etc/lockwarden/dashboard.password\" }]",
            ],
        ),
        (
            "[mqtt.embedded]\nlisten = \"0.0.0.0:1883\"\nusers = []\n",
            &[
                "lockwarden.toml:2: mqtt.embedded.listen: is not on loopback, and there are no users; allowed: 127.0.0.1 or [::1], or users, or anonymous = \"allowed\", for example users = [{ name = \"dashboard\", password-file = \"/etc/lockwarden/dashboard.password\" }]",
            ],
        ),
        (
            "[[mqtt.embedded.users]]\nname = \"a\"\npassword = \"1\"\n[[mqtt.embedded.users]]\nname = \"a\"\npassword = \"2\"\n[[mqtt.embedded.users]]\n",
            &[
                "lockwarden.toml:5: mqtt.embedded.users.name: names a user that stands above; allowed: each name once",
                "lockwarden.toml:7: mqtt.embedded.users.name: is missing; allowed: 1 to 64 characters, none of them a control character, for example name = \"dashboard\"",
                "lockwarden.toml:7: mqtt.embedded.users.password: is missing; allowed: 1 to 255 characters, or password-file, for example password = \"example-password\"",
            ],
        ),
    ]);
}

#[test]
fn a_broker_elsewhere_is_used_with_credentials_unless_it_is_said_otherwise() {
    let refused = |line: u8, ways: &str| {
        format!(
            "lockwarden.toml:{line}: mqtt.broker: is not on loopback, and nothing says who we are; allowed: username and \
             password-file, {ways}or anonymous = \"allowed\", for example username = \"lockwarden\""
        )
    };
    for (text, expected) in [
        ("broker = \"mqtt://broker.example.test\"\n", Some(refused(2, ""))),
        (
            "version = 4\nbroker = \"mqtts://192.0.2.9\"\nca = \"ca.pem\"\n",
            Some(refused(3, "or certificate and key, ")),
        ),
        ("broker = \"mqtt://192.0.2.9\"\nanonymous = \"refused\"\n", Some(refused(2, ""))),
        ("broker = \"mqtt://192.0.2.9\"\nanonymous = \"allowed\"\n", None),
        ("broker = \"mqtt://192.0.2.9\"\nusername = \"a\"\npassword-file = \"b\"\n", None),
        ("broker = \"mqtts://192.0.2.9\"\ncertificate = \"a\"\nkey = \"b\"\n", None),
        ("broker = \"mqtt://localhost\"\n", None),
        ("broker = \"mqtt://[::1]:1884\"\n", None),
        ("broker = \"none\"\n[mqtt.embedded]\nlisten = \"0.0.0.0:1883\"\nanonymous = \"allowed\"\n", None),
    ] {
        assert_eq!(problems(&format!("[mqtt]\n{text}")), Vec::from_iter(expected), "{text}");
    }
}

#[test]
fn an_inform_is_never_v1_and_a_community_has_one_place() {
    all(&[(
        "[[nms]]\naddress = \"192.0.2.5\"\nversion = \"v1\"\nkind = \"inform\"\ncommunity = \"opensesame\"\ncommunity-file = \"c\"\n[[nms]]\n",
        &[
            "lockwarden.toml:4: nms.kind: is inform, which v1 does not have; allowed: inform with v2c or v3, for example version = \"v2c\"",
            "lockwarden.toml:6: nms.community-file: stands beside community; allowed: one of the two",
            "lockwarden.toml:7: nms.address: is missing; allowed: host or host:port, for example address = \"192.0.2.5:162\"",
            "lockwarden.toml:7: nms.community: is missing; allowed: 1 to 255 characters, or community-file, for example community = \"example-community\"",
        ],
    )]);
}

#[test]
fn sections_have_the_form_that_the_reference_gives_them() {
    all(&[(
        "traps = true\nnode = [\"cucm-pub\"]\n[nms]\naddress = \"192.0.2.5\"\n[[store]]\n",
        &[
            "lockwarden.toml:1: traps: true is not a section; allowed: a section, [traps]",
            "lockwarden.toml:2: node: a string is not a list of sections; allowed: sections, each headed [[node]]",
            "lockwarden.toml:3: nms: a section is not a list of sections; allowed: sections, each headed [[nms]]",
            "lockwarden.toml:5: store: a list is not a section; allowed: a section, [store]",
        ],
    )]);
}

#[test]
fn a_rule_sets_a_limit_for_some_accounts() {
    all(&[(
        "[[policy.for]]\nrealm = \"unix\"\n",
        &[
            "lockwarden.toml:1: policy.for: sets no limit; allowed: at least one of failed-logons, reset-min, lockout-min, for example failed-logons = 5",
        ],
    )]);
}

#[test]
fn a_node_is_named_once() {
    all(&[(
        "[[node]]\nname = \"a\"\naddress = \"192.0.2.1\"\n[[node]]\nname = \"b\"\naddress = \"::ffff:192.0.2.1\"\n[[node]]\nname = \"A\"\n[[node]]\naddress = \"cucm\"\n",
        &[
            "lockwarden.toml:6: node.address: is the address of a node above; allowed: each address once",
            "lockwarden.toml:8: node.name: is the name of a node above; allowed: each name once, or each with its address",
            "lockwarden.toml:9: node.name: is missing; allowed: 1 to 64 characters, none of them a control character, for example name = \"cucm-pub\"",
            "lockwarden.toml:10: node.address: \"cucm\" is not an address; allowed: an IPv4 or IPv6 address, for example \"192.0.2.11\"",
        ],
    )]);
}

#[test]
fn more_nodes_than_the_board_has_room_for_are_refused() {
    let text: String = (0..=board::NODES).map(|n| format!("[[node]]\nname = \"n{n}\"\n")).collect();
    let line = 2 * board::NODES + 1;
    let (all, room) = (board::NODES + 1, board::NODES);
    let expected = format!(
        "lockwarden.toml:{line}: node: is number {all} of {all}; allowed: at most {room} nodes on the board {}",
        board::BOARD
    );
    assert_eq!(problems(&text), [expected]);
}
