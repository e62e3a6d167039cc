//! The bytes of an SNMPv3 message count once, however often they come: at once, after a restart, and after kill -9.

use std::net::{SocketAddr, UdpSocket};

use serde_json::json;

use super::programs::{PATIENCE, succeed};
use super::site::{Site, send};
use super::usm::{Failed, Node, User, datagram_of, datagrams_of};

const JDOE: Failed<'_> = Failed { account: "jdoe", ticks: 100 };

fn site() -> (Site, User) {
    let user = User::usual();
    (Site::start_with(|settings| settings.traps += &user.configuration()), user)
}

/// How often jdoe has failed, as far as the service knows.
fn failures(site: &Site) -> u64 {
    let (accounts, _) = site.ask("accounts");
    let known = accounts.as_array().unwrap().iter().find(|row| row["account"] == "jdoe");
    known.map_or(0, |row| row["failures_total"].as_u64().unwrap())
}

#[test]
fn a_trap_three_times_is_one_failure_and_none_after_a_restart_or_kill_9() {
    let (mut site, user) = site();
    let node = Node::new();
    let recorded = datagram_of(|to| node.trap((3, 500), &user, JDOE, to));
    for _ in 0..3 {
        send(site.listens("traps", "127."), &recorded);
    }
    assert_eq!(site.settled(3)["verdicts"], json!({ "failure": 1, "replay": 2 }));
    assert_eq!(failures(&site), 1);

    site.stop();
    site.run();
    send(site.listens("traps", "127."), &recorded);
    assert_eq!(site.settled(1)["verdicts"], json!({ "replay": 1 }));
    site.kill();
    site.run();
    let to = site.listens("traps", "127.");
    send(to, &recorded);
    assert_eq!(site.settled(1)["verdicts"], json!({ "replay": 1 }));
    assert_eq!(failures(&site), 1);

    // An event that was never heard, of 200 s before the last message of the run before; and one that is new.
    succeed(&mut node.trap((3, 300), &user, Failed { ticks: 9_000, ..JDOE }, to));
    assert_eq!(site.settled(2)["verdicts"], json!({ "replay": 2 }));
    succeed(&mut node.trap((3, 501), &user, Failed { ticks: 10_000, ..JDOE }, to));
    assert_eq!(site.settled(3)["verdicts"], json!({ "failure": 1, "replay": 2 }));
    assert_eq!(failures(&site), 2);
    // That one has moved the clock on.
    succeed(&mut node.trap((3, 1_000), &user, Failed { ticks: 20_000, ..JDOE }, to));
    succeed(&mut node.trap((3, 849), &user, Failed { ticks: 30_000, ..JDOE }, to));
    assert_eq!(site.settled(5)["verdicts"], json!({ "failure": 2, "not-in-time-window": 1, "replay": 2 }));
}

#[test]
fn a_trap_before_kill_9_and_its_copy_after_it_are_one_failure() {
    let (mut site, user) = site();
    let node = Node::new();
    let recorded = datagram_of(|to| node.trap((3, 500), &user, JDOE, to));
    send(site.listens("traps", "127."), &recorded);
    assert_eq!(site.settled(1)["verdicts"], json!({ "failure": 1 }));
    site.kill();
    site.run();
    // What was not on the disk yet has never been: then this is the first one.
    send(site.listens("traps", "127."), &recorded);
    site.settled(1);
    assert_eq!(failures(&site), 1);
}

/// What the service answers to these bytes.
fn answer(to: SocketAddr, datagram: &[u8]) -> Vec<u8> {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.send_to(datagram, to).unwrap();
    let mut buffer = vec![0; 1_500];
    let length = socket.recv(&mut buffer).unwrap();
    buffer.truncate(length);
    buffer
}

#[test]
fn an_inform_three_times_is_answered_each_time_and_one_failure_and_none_after_a_restart() {
    let (mut site, user) = site();
    let (node, to) = (Node::new(), site.listens("traps", "127."));
    let asked = datagrams_of(|to| node.inform(&user, JDOE, to), to);
    let inform = asked.last().unwrap();
    let answers = [answer(to, inform), answer(to, inform)];
    assert!(answers.iter().all(|answer| answer.len() >= inform.len()), "these are Reports: {answers:?}");
    let discoveries = asked.len() - 1;
    let health = site.settled(u64::try_from(asked.len()).unwrap() + 2);
    assert_eq!(health["verdicts"], json!({ "discovery": discoveries, "failure": 1, "replay": 2 }));
    for end in [Site::kill as fn(&mut Site), |site| _ = site.stop()] {
        end(&mut site);
        site.run();
        // It is told our time, and what it carried is not taken.
        assert!(answer(site.listens("traps", "127."), inform).len() < inform.len());
        assert_eq!(site.settled(1)["verdicts"], json!({ "not-in-time-window": 1 }));
        assert_eq!(failures(&site), 1);
    }
}
