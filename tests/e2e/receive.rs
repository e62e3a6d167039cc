//! From the senders' programs to the subscriber's.

use std::net::UdpSocket;

use super::broker::{Subscriber, brief};
use super::cucm::{Clog, Version, about, auth_fail, auth_success, inform, relayed, trap};
use super::programs::{PATIENCE, start, succeed};
use super::site::{Site, send};

#[test]
fn three_wrong_pins_by_logger_a_reported_lock_by_snmptrap_and_the_right_pin_are_one_alert_of_three_messages() {
    let site = Site::start();
    let mut reader = Subscriber::to(&site.access);
    let syslog = site.listens("syslog", "127.");
    succeed(&mut relayed(&auth_fail("jdoe", 1), syslog));
    send(syslog, auth_fail("jdoe", 9).as_bytes());
    succeed(&mut relayed(&auth_fail("jdoe", 20), syslog));
    let raised = reader.alert();
    assert_eq!(brief(&raised), "raised lockout jdoe 1 inferred 3 null");
    let state = reader.next("accounts/jdoe");
    assert_eq!((state.retained, serde_json::from_str(&state.payload).ok()), (false, Some(raised.clone())));

    succeed(&mut trap("authHackLock", &about("jdoe"), 2_010).to(site.listens("traps", "127.")));
    let updated = reader.alert();
    assert_eq!(brief(&updated), "updated lockout jdoe 2 reported 3 null");
    assert_eq!(updated["id"], raised["id"]);
    site.settled(4);
    let state = Subscriber::to(&site.access).next("accounts/jdoe");
    assert_eq!((state.retained, serde_json::from_str(&state.payload).ok()), (true, Some(updated.clone())));

    site.syslog(&auth_success("jdoe", 60));
    let cleared = reader.alert();
    assert_eq!(brief(&cleared), "cleared lockout jdoe 3 reported 3 success");
    assert_eq!(cleared["id"], raised["id"]);
    site.settled(5);
    let late = Subscriber::to(&site.access).rest();
    let mut topics: Vec<_> = late.iter().map(|message| (message.retained, message.topic.as_str())).collect();
    topics.sort_unstable();
    assert_eq!(topics, [(true, "lockwarden/hq/health"), (true, "lockwarden/hq/status")]);
}

#[test]
fn traps_of_both_versions_and_informs_are_counted_alike_over_ipv4_and_ipv6() {
    let site = Site::start();
    let mut reader = Subscriber::to(&site.access);
    let text = about("jdoe");
    let (v4, v6) = (site.listens("traps", "127."), site.listens("traps", "[::1]"));
    let v1 = |ticks| Clog { version: Version::V1, ..trap("authFail", &text, ticks) };
    succeed(&mut v1(100).to(v4));
    succeed(&mut trap("authFail", &text, 1_000).to(v6));
    succeed(&mut inform("authFail", &text, 2_000).to(v4));
    assert_eq!(brief(&reader.alert()), "raised lockout jdoe 1 inferred 3 null");
    succeed(&mut v1(3_000).to(v6));
    succeed(&mut inform("authFail", &text, 4_000).to(v6));
    let health = site.settled(5);
    assert_eq!((health["verdicts"].to_string().as_str(), &health["received"]), (r#"{"failure":5}"#, &5.into()));
    assert_eq!(site.account("jdoe")["failures"], 5);
}

#[test]
fn syslog_over_ipv6_is_heard_from_logger_and_from_a_bare_socket() {
    let site = Site::start();
    let mut reader = Subscriber::to(&site.access);
    let v6 = site.listens("syslog", "[::1]");
    succeed(&mut relayed(&auth_fail("jdoe", 1), v6));
    send(v6, auth_fail("jdoe", 9).as_bytes());
    send(v6, auth_fail("jdoe", 20).as_bytes());
    let alert = reader.alert();
    assert_eq!(
        (brief(&alert).as_str(), &alert["node"]),
        ("raised lockout jdoe 1 inferred 3 null", &"cucm-sub1".into())
    );
}

/// Lets the first answer get lost on the way.
#[test]
fn an_inform_that_is_sent_again_is_answered_again_and_counted_once() {
    let site = Site::start();
    let (near, far) = (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
    for socket in [&near, &far] {
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
    }
    far.connect(site.listens("traps", "127.")).unwrap();
    let text = about("jdoe");
    let again = Clog { patience: (1, 20), ..inform("authFail", &text, 100) };
    let mut sender = start(&mut again.to(near.local_addr().unwrap()));
    let mut buffer = [0; 1_500];
    let (mut asked, mut answered) = (Vec::new(), Vec::new());
    let mut from = None;
    for _ in 0..2 {
        let (length, sender) = near.recv_from(&mut buffer).unwrap();
        asked.push(buffer[..length].to_vec());
        far.send(&buffer[..length]).unwrap();
        let length = far.recv(&mut buffer).unwrap();
        answered.push(buffer[..length].to_vec());
        from = Some(sender);
    }
    near.send_to(&answered[1], from.unwrap()).unwrap();
    assert!(sender.wait().unwrap().success());
    assert!(asked[0] == asked[1] && answered[0] == answered[1]);
    let health = site.settled(2);
    assert_eq!(health["verdicts"].to_string(), r#"{"failure":1,"replay":1}"#);
    assert_eq!(site.account("jdoe")["failures"], 1);
}
