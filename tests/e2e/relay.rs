//! `[relay]`: what net-snmp sends arrives at another receiver, as the configuration says: in which version, under which identity,
//! with what added, and what is kept back.

use std::net::{SocketAddr, UdpSocket};
use std::process::Command;

use serde_json::{Value, json};

use super::programs::{program, succeed};
use super::site::{Site, send};
use super::trapd::{Bare, Trapd};
use super::usm::{Failed, Node, User, datagram_of};

const COMMUNITY: &str = "cucm-community";
/// A receiver that takes our community.
pub(crate) const TAKES_OURS: &str = "authCommunity log nms-community";
/// One variable of each type that every version of SNMP has: number, letter of net-snmp, value, and how snmptrapd shows it.
const VARIABLES: [(&str, &str, &str, &str); 7] = [
    (".1.3.6.1.4.1.9.9.41.1.1.0", "i", "-5", "INTEGER: -5"),
    (".1.3.6.1.4.1.9.9.41.1.2.0", "s", "jdoe's phone", "STRING: \"jdoe's phone\""),
    (".1.3.6.1.4.1.9.9.41.1.3.0", "x", "00ff80", "Hex-STRING: 00 FF 80 "),
    (".1.3.6.1.4.1.9.9.41.1.4.0", "c", "4294967295", "Counter32: 4294967295"),
    (".1.3.6.1.4.1.9.9.41.1.5.0", "a", "192.0.2.77", "IpAddress: 192.0.2.77"),
    (".1.3.6.1.4.1.9.9.41.1.6.0", "o", ".1.3.6.1.4.1.9", "OID: .1.3.6.1.4.1.9"),
    (".1.3.6.1.4.1.9.9.41.1.7.0", "t", "99", "Timeticks: (99) 0:00:00.99"),
];
const UPTIME: &str = ".1.3.6.1.2.1.1.3.0 = Timeticks: (4711) 0:00:47.11";
const TRAP_OID: &str = ".1.3.6.1.6.3.1.1.4.1.0 = OID: .1.3.6.1.4.1.9.9.41.2.0.7";
const TRAP_ADDRESS: &str = ".1.3.6.1.6.3.18.1.3.0 = IpAddress:";

/// A receiver in the configuration; `more` are its other lines.
pub(crate) fn nms(at: &str, version: &str, more: &str) -> String {
    format!("\n[[nms]]\naddress = \"{at}\"\nversion = \"{version}\"\n{more}\n")
}

/// The same with our community.
pub(crate) fn community(at: &str, version: &str, kind: &str) -> String {
    nms(at, version, &format!("kind = \"{kind}\"\ntimeout-s = 1\ncommunity = \"nms-community\""))
}

/// A service that passes on to these receivers; `relay` are the lines of that section.
pub(crate) fn relaying(receivers: &str, relay: &str) -> Site {
    Site::start_with(|settings| settings.mqtt += &format!("{receivers}\n[relay]\n{relay}\n"))
}

/// The sink of this name in `health`.
pub(crate) fn sink(health: &Value, name: &str) -> Value {
    let sinks = health["sinks"].as_array().unwrap();
    sinks.iter().find(|sink| sink["name"] == name).unwrap_or_else(|| panic!("no {name} in {health:#}")).clone()
}

fn add_variables(command: &mut Command) {
    VARIABLES.iter().for_each(|(name, letter, value, _)| _ = command.args([name, letter, value]));
}

/// How snmptrapd shows the variables that are sent.
fn variables() -> impl Iterator<Item = String> {
    VARIABLES.iter().map(|(name, _, _, shown)| format!("{name} = {shown}"))
}

/// An SNMPv1 trap: number 7 of an enterprise, from 192.0.2.10.
pub(crate) fn v1_trap(to: SocketAddr) -> Command {
    let mut command = program("snmptrap");
    command.args(["-v", "1", "-c", COMMUNITY, &transport(to), "1.3.6.1.4.1.9.9.41.2", "192.0.2.10", "6", "7", "4711"]);
    add_variables(&mut command);
    command
}

/// The same in SNMPv2c.
pub(crate) fn v2c_trap(to: SocketAddr) -> Command {
    v2c("snmptrap", "4711", "1.3.6.1.4.1.9.9.41.2.0.7", to)
}

/// A notification of SNMPv2c with our variables; snmpinform waits for its answer.
pub(crate) fn v2c(name: &str, uptime: &str, oid: &str, to: SocketAddr) -> Command {
    let mut command = program(name);
    command.args(["-v", "2c", "-c", COMMUNITY, "-t", "20", "-r", "0", &transport(to), uptime, oid]);
    add_variables(&mut command);
    command
}

fn transport(to: SocketAddr) -> String {
    if to.is_ipv4() { format!("udp:{to}") } else { format!("udp6:{to}") }
}

fn shown(head: &str, first: &[&str], last: &[&str]) -> Vec<String> {
    let own = |lines: &[&str]| lines.iter().map(|&line| line.to_owned()).collect::<Vec<_>>();
    [own(&[head]), own(first), variables().collect(), own(last)].concat()
}

#[test]
fn a_v1_trap_arrives_as_v2c_with_its_sender_community_and_enterprise() {
    let mut trapd = Trapd::by_number(TAKES_OURS);
    let site = relaying(&community(&trapd.at, "v2c", "trap"), "");
    succeed(&mut v1_trap(site.listens("traps", "127.")));
    let added = [
        format!("{TRAP_ADDRESS} 192.0.2.10"),
        format!(".1.3.6.1.6.3.18.1.4.0 = STRING: \"{COMMUNITY}\""),
        ".1.3.6.1.6.3.1.1.4.3.0 = OID: .1.3.6.1.4.1.9.9.41.2".into(),
    ];
    assert_eq!(
        trapd.shown(),
        shown("TRAP2, SNMP v2c, community nms-community", &[UPTIME, TRAP_OID], &added.each_ref().map(String::as_str))
    );
    let health = site.settled(1);
    assert_eq!(health["relay"], json!({ "passed": 1, "filtered": 0, "looped": 0, "unsendable": 0 }));
    let relay = sink(&health, &format!("relay to nms {}", trapd.at));
    assert_eq!((&relay["state"], &relay["lost"]), (&"idle".into(), &0.into()));
}

#[test]
fn a_v2c_trap_arrives_as_v1_with_enterprise_numbers_and_the_address_it_came_from() {
    let mut trapd = Trapd::by_number(TAKES_OURS);
    let site = relaying(&community(&trapd.at, "v1", "trap"), "");
    let to = site.listens("traps", "127.");
    succeed(&mut v2c_trap(to));
    let head = "TRAP, SNMP v1, community nms-community";
    let v1 = |what: &str| shown(head, &[what], &[]);
    assert_eq!(trapd.shown(), v1(".1.3.6.1.4.1.9.9.41.2 6 .7 from 127.0.0.1 up 0:00:47.11"));
    // linkDown, one of SNMPv1's own.
    succeed(&mut v2c("snmptrap", "4711", "1.3.6.1.6.3.1.1.5.3", to));
    assert_eq!(trapd.shown(), v1(".1.3.6.1.6.3.1.1.5 2 0 from 127.0.0.1 up 0:00:47.11"));
}

#[test]
fn as_received_v1_and_v2c_traps_arrive_octet_by_octet() {
    let receiver = Bare::new();
    let site = relaying(&community(&receiver.at(), "v2c", "inform"), "form = \"as-received\"");
    let to = site.listens("traps", "127.");
    for command in [v1_trap, v2c_trap] {
        let datagram = datagram_of(command);
        send(to, &datagram);
        assert_eq!(receiver.next().0, datagram);
    }
}

/// A tag, what it holds, and what follows; all lengths below 65,536.
fn element(octets: &[u8]) -> (u8, &[u8], &[u8]) {
    let (length, content) = match octets[1] {
        0x82 => (usize::from(octets[2]) << 8 | usize::from(octets[3]), 4),
        0x81 => (usize::from(octets[2]), 3),
        length => (usize::from(length), 2),
    };
    (octets[0], &octets[content..content + length], &octets[content + length..])
}

/// An SNMPv2c message: community, tag of the PDU, request-id, and the rest of the PDU.
fn v2c_parts(datagram: &[u8]) -> (&[u8], u8, &[u8], &[u8]) {
    let (_, message, _) = element(datagram);
    let (_, _version, message) = element(message);
    let (_, community, message) = element(message);
    let (tag, pdu, _) = element(message);
    let (_, request_id, rest) = element(pdu);
    (community, tag, request_id, rest)
}

/// The answer to a v2c inform: the same message with the tag of a Response.
fn answer(inform: &[u8]) -> Vec<u8> {
    let (_, tag, ..) = v2c_parts(inform);
    let at = inform.iter().position(|&octet| octet == tag).unwrap();
    let mut answer = inform.to_vec();
    answer[at] = 0xA2;
    answer
}

#[test]
fn an_inform_is_answered_at_once_and_relayed_as_an_inform_under_a_request_id_of_ours() {
    for (form, identity) in [("as-received", COMMUNITY), ("translated", "nms-community")] {
        let receiver = Bare::new();
        let site = relaying(&community(&receiver.at(), "v2c", "inform"), &format!("form = \"{form}\""));
        let to = site.listens("traps", "127.");
        // The sender has its answer while the receiver says nothing.
        succeed(&mut v2c("snmpinform", "4711", "1.3.6.1.4.1.9.9.41.2.0.7", to));
        let received = [receiver.next(), receiver.next()];
        assert_eq!(received[0], received[1], "a repetition is the same request from the same socket");
        let (first, from) = &received[0];
        let (community, tag, request_id, rest) = v2c_parts(first);
        assert_eq!((community, tag), (identity.as_bytes(), 0xA6));
        assert_eq!(request_id, [1], "ours; net-snmp begins at random");
        assert!(rest.windows(4).any(|octets| octets == b"jdoe"), "{rest:02x?}");
        receiver.socket.send_to(&answer(first), from).unwrap();
        let name = format!("relay to nms {}", receiver.at());
        site.health_when(|health| sink(health, &name)["state"] == "idle" && sink(health, &name)["backlog"] == 0);
    }
}

#[test]
fn snmptrapd_takes_the_relayed_inform_and_has_answered_it() {
    let mut trapd = Trapd::by_number(&format!("authCommunity log {COMMUNITY}"));
    let site = relaying(&community(&trapd.at, "v2c", "inform"), "form = \"as-received\"");
    succeed(&mut v2c("snmpinform", "4711", "1.3.6.1.4.1.9.9.41.2.0.7", site.listens("traps", "127.")));
    let head = format!("INFORM, SNMP v2c, community {COMMUNITY}");
    assert_eq!(trapd.shown(), shown(&head, &[UPTIME, TRAP_OID], &[]));
    let name = format!("relay to nms {}", trapd.at);
    site.health_when(|health| sink(health, &name)["state"] == "idle" && health["relay"]["passed"] == 1);
}

/// Our engine, where a receiver must know it.
pub(crate) const OUR_ENGINE: &str = "0x80001f88046c6f636b";
/// How we are known at the receiver.
pub(crate) const OUR_USER: &str = "user = \"relay\"\nauth = \"sha512\"\nauth-password = \"relay-digest\"\npriv = \"aes256\"\n\
                        priv-password = \"relay-cipher\"\ntimeout-s = 1";

/// The same for snmptrapd: for traps our engine's, for informs its own.
pub(crate) fn takes_our_user(engine: &str) -> String {
    format!("createUser {engine} relay SHA-512 relay-digest AES-256 relay-cipher\nauthUser log relay priv")
}

#[test]
fn a_v3_trap_arrives_under_the_receiver_s_own_user_as_trap_as_inform_and_as_v2c_whatever_the_form() {
    let user = User::usual();
    for form in ["translated", "as-received"] {
        let mut traps = Trapd::by_number(&takes_our_user(&format!("-e {OUR_ENGINE}")));
        let mut informs = Trapd::by_number(&takes_our_user(""));
        let mut plain = Trapd::by_number(TAKES_OURS);
        let kind = |kind: &str| format!("kind = \"{kind}\"\n{OUR_USER}");
        let site = Site::start_with(|settings| {
            settings.traps += &format!("\nengine-id = \"{OUR_ENGINE}\"\n{}", user.configuration());
            settings.mqtt += &nms(&traps.at, "v3", &kind("trap"));
            settings.mqtt += &nms(&informs.at, "v3", &kind("inform"));
            settings.mqtt += &community(&plain.at, "v2c", "trap");
            settings.mqtt += &format!("\n[relay]\nform = \"{form}\"\n");
        });
        let failed = Failed { account: "jdoe", ticks: 100 };
        succeed(&mut Node::new().trap((7, 4_000), &user, failed, site.listens("traps", "127.")));
        let mut seen = [&mut traps, &mut informs, &mut plain].map(Trapd::shown);
        let heads = seen.each_mut().map(|shown| shown.remove(0));
        assert_eq!(
            heads,
            [
                "TRAP2, SNMP v3, user relay, context ",
                "INFORM, SNMP v3, user relay, context ",
                "TRAP2, SNMP v2c, community nms-community"
            ]
        );
        let [as_trap, as_inform, as_plain] = seen;
        assert_eq!((&as_trap, &as_inform), (&as_plain, &as_plain));
        assert_eq!(as_plain.last().unwrap(), &format!("{TRAP_ADDRESS} 127.0.0.1"));
        assert!(as_plain.iter().any(|line| line.contains("%[UserID=jdoe]")), "{as_plain:?}");
        site.settled(1);
    }
}

#[test]
fn what_is_not_wanted_by_number_or_by_source_is_kept_back_and_counted() {
    let mut trapd = Trapd::by_number(TAKES_OURS);
    let filter = "include = [\"1.3.6.1.4.1.9.9.41\", \"1.3.6.1.6.3.1.1.5\"]\nexclude = [\"1.3.6.1.6.3.1.1.5.3\", \
                  \"1.3.6.1.4.1.9.9.41.2.0.6\"]\nsources = [\"127.0.0.2\", \"127.0.0.16/28\"]";
    let site = relaying(&community(&trapd.at, "v2c", "trap"), filter);
    let to = site.listens("traps", "127.");
    let mut sent = 0_u32;
    let mut send = |source: &str, oid: &str| {
        sent += 1;
        let datagram = datagram_of(|to| v2c("snmptrap", &sent.to_string(), oid, to));
        UdpSocket::bind((source, 0)).unwrap().send_to(&datagram, to).unwrap();
    };
    for (source, oid) in [
        ("127.0.0.1", "1.3.6.1.4.1.9.9.41.2.0.1"),
        ("127.0.0.32", "1.3.6.1.4.1.9.9.41.2.0.1"),
        ("127.0.0.2", "1.3.6.1.4.1.9.9.410.0.1"),
        ("127.0.0.2", "1.3.6.1.6.3.1.1.5.3"),
        ("127.0.0.2", "1.3.6.1.4.1.9.9.41.2.0.6"),
    ] {
        send(source, oid);
    }
    let wanted = [
        ("127.0.0.2", "1.3.6.1.4.1.9.9.41.2.0.1"),
        ("127.0.0.31", "1.3.6.1.6.3.1.1.5.4"),
        ("127.0.0.16", "1.3.6.1.4.1.9.9.41.2.0.60"),
    ];
    for (source, oid) in wanted {
        send(source, oid);
    }
    for (source, oid) in wanted {
        let shown = trapd.shown();
        assert_eq!(shown[2], format!(".1.3.6.1.6.3.1.1.4.1.0 = OID: .{oid}"));
        assert_eq!(shown.last().unwrap(), &format!("{TRAP_ADDRESS} {source}"));
    }
    let health = site.settled(8);
    assert_eq!(health["relay"], json!({ "passed": 3, "filtered": 5, "looped": 0, "unsendable": 0 }));
}

#[test]
fn only_the_receivers_that_are_named_get_what_is_passed_on() {
    let (mut named, other) = (Trapd::by_number(TAKES_OURS), Bare::new());
    let receivers = community(&named.at, "v2c", "trap") + &community(&other.at(), "v2c", "trap");
    let site = relaying(&receivers, &format!("to = [\"{}\"]", named.at));
    succeed(&mut v2c_trap(site.listens("traps", "127.")));
    named.shown();
    let health = site.settled(1);
    let names: Vec<_> = health["sinks"].as_array().unwrap().iter().map(|sink| sink["name"].as_str().unwrap()).collect();
    let nms = |at: &str| format!("nms {at}");
    assert_eq!(names, ["mqtt", &nms(&named.at), &nms(&other.at()), &format!("relay to nms {}", named.at)]);
    other.socket.set_nonblocking(true).unwrap();
    assert!(other.socket.recv(&mut [0; 1]).is_err());
}

#[test]
fn a_counter64_has_no_form_in_v1_so_its_trap_is_counted_and_left_out_and_the_next_one_arrives() {
    let (mut narrow, mut wide) = (Trapd::by_number(TAKES_OURS), Trapd::by_number(TAKES_OURS));
    let mut site = relaying(&(community(&narrow.at, "v1", "trap") + &community(&wide.at, "v2c", "trap")), "");
    let to = site.listens("traps", "127.");
    for uptime in ["1", "2"] {
        let mut trap = program("snmptrap");
        trap.args(["-v", "2c", "-c", COMMUNITY, &transport(to), uptime, "1.3.6.1.4.1.9.9.41.2.0.7"]);
        succeed(trap.args(["1.3.6.1.4.1.9.9.41.1.8.0", "C", "18446744073709551615"]));
        assert_eq!(wide.shown()[3], ".1.3.6.1.4.1.9.9.41.1.8.0 = Counter64: 18446744073709551615");
    }
    succeed(&mut v2c_trap(to));
    assert!(narrow.shown()[1].ends_with("up 0:00:47.11"));
    let name = format!("relay to nms {}", narrow.at);
    let line = site.log_line(|line| line.contains("left out"));
    let sentence = "a notification is left out: SNMPv1 has no Counter64; `lockwarden health --json` counts all of them";
    assert!(line.ends_with(&format!("WARN {name}: {sentence}")), "{line}");
    let health = site.settled(3);
    assert_eq!((&sink(&health, &name)["untranslatable"], &sink(&health, &name)["lost"]), (&2.into(), &0.into()));
    assert!(!site.stop().iter().any(|line| line.contains("left out")));
}
