//! Relays that meet themselves or each other, and receivers that are not there: every loop ends, and nobody waits for anybody else.

use std::net::SocketAddr;

use serde_json::{Value, json};

use super::programs::succeed;
use super::relay::{OUR_USER, TAKES_OURS, community, nms, sink, v1_trap, v2c, v2c_trap};
use super::site::{Site, send};
use super::trapd::{Bare, Trapd, free_udp_port};
use super::usm::{Failed, Node, User, datagram_of};

/// A service that takes traps on this port, of either loopback, and passes them on.
fn relay(port: u16, receivers: &str, form: &str) -> Site {
    Site::start_with(|settings| {
        settings.traps = format!("listen = [\"127.0.0.1:{port}\", \"[::1]:{port}\"]");
        settings.mqtt += &format!("{receivers}\n[relay]\nform = \"{form}\"\n");
    })
}

/// What became of notifications, once so many were taken and those that were passed on have left.
fn tally(site: &Site, taken: u64) -> Value {
    site.settled(taken)["relay"].clone()
}

fn ended(passed: u64, looped: u64) -> Value {
    json!({ "passed": passed, "filtered": 0, "looped": looped, "unsendable": 0 })
}

#[test]
fn two_relays_that_name_each_other_end_a_trap_when_it_comes_from_another_side() {
    let [here, there] = [free_udp_port(), free_udp_port()];
    let a = relay(here, &community(&format!("127.0.0.1:{there}"), "v2c", "trap"), "translated");
    let b = relay(there, &community(&format!("127.0.0.1:{here}"), "v1", "trap"), "translated");
    succeed(&mut v1_trap(SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], here))));
    assert_eq!([tally(&a, 2), tally(&b, 1)], [ended(1, 1), ended(1, 0)]);
}

#[test]
fn where_nothing_tells_the_relays_apart_the_count_ends_the_loop() {
    for (form, command) in
        [("translated", v2c_trap as fn(SocketAddr) -> _), ("as-received", v1_trap), ("as-received", v2c_trap)]
    {
        let [here, there] = [free_udp_port(), free_udp_port()];
        let a = relay(here, &community(&format!("127.0.0.1:{there}"), "v2c", "inform"), form);
        let b = relay(there, &community(&format!("127.0.0.1:{here}"), "v2c", "trap"), form);
        succeed(&mut command(a.listens("traps", "127.")));
        assert_eq!([tally(&a, 5), tally(&b, 4)], [ended(4, 1), ended(4, 0)], "{form}");
    }
}

#[test]
fn a_relay_to_its_own_port_ends_by_the_count() {
    let port = free_udp_port();
    let own = format!("127.0.0.1:{port}");
    for (version, kind, form) in
        [("v1", "trap", "translated"), ("v2c", "trap", "as-received"), ("v2c", "inform", "translated")]
    {
        let site = relay(port, &community(&own, version, kind), form);
        succeed(&mut v2c("snmpinform", "4711", "1.3.6.1.4.1.9.9.41.2.0.7", site.listens("traps", "127.")));
        assert_eq!(tally(&site, 5), ended(4, 1), "{version} {kind} {form}");
    }
}

/// A service whose own trap port is a receiver of SNMPv3, and which knows the user that it sends as.
fn relay_to_itself_by_v3(port: u16, kind: &str) -> Site {
    let own = nms(&format!("127.0.0.1:{port}"), "v3", &format!("kind = \"{kind}\"\n{OUR_USER}"));
    let user = OUR_USER.replace("user = ", "name = ").replace("\ntimeout-s = 1", "");
    Site::start_with(|settings| {
        settings.traps = format!("listen = [\"127.0.0.1:{port}\"]\n\n[[traps.user]]\n{user}");
        settings.mqtt += &format!("{own}\n[relay]\n");
    })
}

#[test]
fn a_v3_trap_of_our_own_engine_that_comes_back_is_refused_as_that_and_shown() {
    let site = relay_to_itself_by_v3(free_udp_port(), "trap");
    succeed(&mut v2c_trap(site.listens("traps", "127.")));
    // Besides the trap comes the alert about it, to the same receiver, and is refused in turn.
    let health = site.health_when(|health| health["verdicts"]["own-engine"].as_u64() >= Some(1));
    assert_eq!(health["relay"], ended(1, 0));
    let refused = &health["refused"][0];
    assert_eq!(
        (&refused["from"], &refused["to"], &refused["why"]),
        (&"127.0.0.1".into(), &"traps".into(), &"own-engine".into())
    );
    let remedy = refused["remedy"].as_str().unwrap();
    assert!(remedy.contains("sends our own notifications back"), "{remedy}");
}

#[test]
fn a_v3_inform_to_ourselves_is_taken_and_ends_by_the_count() {
    let site = relay_to_itself_by_v3(free_udp_port(), "inform");
    succeed(&mut v2c_trap(site.listens("traps", "127.")));
    let health = site.health_when(|health| health["relay"]["looped"] == 1);
    assert_eq!(health["relay"], ended(4, 1));
}

#[test]
fn a_dead_receiver_keeps_its_queue_loses_the_rest_and_delays_nobody() {
    let silent = Bare::new();
    let closed = free_udp_port();
    let mut alive = Trapd::by_number(TAKES_OURS);
    let closed_at = format!("127.0.0.1:{closed}");
    let receivers = [silent.at(), closed_at.clone(), alive.at.clone()];
    let receivers = receivers.map(|at| community(&at, "v2c", "inform")).concat();
    let site = Site::start_with(|settings| settings.mqtt += &format!("{receivers}\n[relay]\nqueue = 5\n"));
    let to = site.listens("traps", "127.");
    let tell = |n: u32| succeed(&mut v2c("snmptrap", &n.to_string(), "1.3.6.1.4.1.9.9.41.2.0.7", to));
    let name = |at: &str| format!("relay to nms {at}");
    let [silent_name, closed_name] = [name(&silent.at()), name(&closed_at)];
    tell(1);
    silent.next();
    // From here on the first one is on its way to either, and is what both wait for.
    site.health_when(|health| sink(health, &closed_name)["state"] == "down");
    (2..=9).for_each(tell);
    let uptime = |n: u32| format!(".1.3.6.1.2.1.1.3.0 = Timeticks: ({n}) 0:00:00.0{n}");
    (1..=9).for_each(|n| assert_eq!(alive.shown()[1], uptime(n)));
    let health = site.health_when(|health| sink(health, &silent_name)["state"] == "down" && health["received"] == 9);
    for (name, sentence) in [
        (
            &silent_name,
            "informs are not answered; is a receiver running there, with our community and our address allowed?",
        ),
        (&closed_name, "is the receiver running, and on this port?"),
    ] {
        let dead = sink(&health, name);
        assert_eq!((&dead["state"], &dead["backlog"], &dead["lost"]), (&"down".into(), &6.into(), &3.into()), "{dead}");
        assert!(dead["reason"].as_str().unwrap().ends_with(sentence), "{dead}");
        let shown = |line: &Value| line.as_str().is_some_and(|line| line.starts_with(name) && line.ends_with(sentence));
        assert!(health["degraded"].as_array().unwrap().iter().any(shown), "{health:#}");
    }
    let living = sink(&health, &name(&alive.at));
    assert_eq!((&living["backlog"], &living["lost"]), (&0.into(), &0.into()), "{living}");
    // What was kept arrives once the receiver is there, in order, and the receiver is well again.
    let mut revived = Trapd::by_number_at(closed, TAKES_OURS);
    (1..=6).for_each(|n| assert_eq!(revived.shown()[1], uptime(n)));
    site.health_when(|health| {
        let sink = sink(health, &closed_name);
        sink["state"] == "idle" && sink["backlog"] == 0 && sink["lost"] == 3
    });
}

#[test]
fn a_closed_port_takes_traps_in_silence_and_is_named_all_the_same() {
    let at = format!("127.0.0.1:{}", free_udp_port());
    let mut alive = Trapd::by_number(TAKES_OURS);
    let receivers = community(&at, "v2c", "trap") + &community(&alive.at, "v2c", "trap");
    let site = Site::start_with(|settings| settings.mqtt += &format!("{receivers}\n[relay]\n"));
    succeed(&mut v2c_trap(site.listens("traps", "127.")));
    alive.shown();
    let name = format!("relay to nms {at}");
    let health = site.health_when(|health| sink(health, &name)["state"] == "down");
    let reason = sink(&health, &name)["reason"].as_str().unwrap().to_owned();
    assert!(reason.starts_with(&format!("{at}: nobody takes notifications there (")), "{reason}");
}

#[test]
fn what_is_refused_at_the_door_is_not_passed_on() {
    let mut trapd = Trapd::by_number(TAKES_OURS);
    let receiver = community(&trapd.at, "v2c", "trap");
    let site = Site::start_with(|settings| {
        settings.traps += "\ncommunities = [\"another\"]";
        settings.traps += &User::usual().configuration();
        settings.mqtt += &format!("{receiver}\n[relay]\n");
    });
    let to = site.listens("traps", "127.");
    succeed(&mut v2c_trap(to));
    let node = Node::new();
    let stranger = User::with(Some("sha1"), None);
    let failed = Failed { account: "jdoe", ticks: 100 };
    succeed(&mut node.trap((7, 4_000), &stranger, failed, to));
    // The same octets twice: the second is a replay, which counts and goes nowhere.
    let datagram = datagram_of(|to| node.trap((7, 4_001), &User::usual(), failed, to));
    send(to, &datagram);
    send(to, &datagram);
    let health = site.settled(4);
    assert_eq!(health["relay"], ended(1, 0));
    assert_eq!(health["verdicts"]["wrong-community"], 1);
    assert!(trapd.shown().last().unwrap().contains("127.0.0.1"));
}
