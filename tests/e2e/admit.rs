//! Who may send: the others are refused, counted, and shown with the line that would let them in.

use std::net::{IpAddr, UdpSocket};

use serde_json::{Value, json};

use super::broker::Subscriber;
use super::cucm::{Clog, about, auth_fail, inform, trap};
use super::programs::{output, succeed, text};
use super::site::{Site, send};

/// What `health` shows of each refused sender.
fn refused(health: &Value) -> Vec<Value> {
    let all = health["refused"].as_array().unwrap().iter();
    all.map(|one| json!([one["from"], one["to"], one["why"], one["count"], one["remedy"]])).collect()
}

#[test]
fn a_wrong_community_is_refused_not_answered_and_shown_with_the_remedy() {
    let mut site = Site::start_with(|settings| settings.traps += "\ncommunities = [\"example-community\"]");
    let mut reader = Subscriber::to(&site.access);
    let traps = site.listens("traps", "127.");
    let about = about("jdoe");
    for ticks in [100, 1_000, 2_000] {
        succeed(&mut trap("authFail", &about, ticks).to(traps));
    }
    let unanswered = output(&mut Clog { patience: (1, 0), ..inform("authHackLock", &about, 3_000) }.to(traps));
    assert_eq!(unanswered.status.code(), Some(1));
    assert!(text(&unanswered.stderr).contains("Timeout"), "{}", text(&unanswered.stderr));

    let health = site.settled(4);
    assert_eq!(health["verdicts"], json!({ "wrong-community": 4 }));
    let remedy = "[traps] communities = [\"<the community it sends>\"]";
    assert_eq!(refused(&health), [json!(["127.0.0.1", "traps", "wrong-community", 4, remedy])]);
    let table = text(&output(&mut site.command("health")).stdout);
    assert!(table.contains(&format!("refused 4 from 127.0.0.1 (wrong-community); what to do: {remedy}")), "{table}");
    let line = site.log_line(|line| line.contains("refused a message"));
    assert!(line.contains(&format!("from 127.0.0.1: wrong-community; what to do: {remedy}")), "{line}");
    assert_eq!(reader.rest_of_alerts(), []);

    let right = |ticks| Clog { community: "example-community", ..inform("authFail", &about, ticks) };
    succeed(&mut right(4_000).to(traps));
    assert_eq!(site.settled(5)["verdicts"], json!({ "failure": 1, "wrong-community": 4 }));
}

/// An address of this machine besides loopback: what is sent to it comes from it.
fn own_address() -> IpAddr {
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    // Nothing is sent: this only asks for the route.
    let routed = socket.connect("192.0.2.1:9").and_then(|()| socket.local_addr());
    let address = routed.map(|at| at.ip()).ok().filter(|ip| !ip.is_loopback() && !ip.is_unspecified());
    address.expect("this machine has an IPv4 address besides loopback; run it in a container with a network")
}

#[test]
fn a_sender_that_is_not_allowed_is_refused_at_both_doors_until_allow_names_it() {
    let own = own_address();
    let everywhere = |allow: &str| {
        let (traps, syslog) =
            (format!("listen = [\"{own}:0\"]\n{allow}"), format!("udp = [\"{own}:0\"]\ntcp = [\"{own}:0\"]\n{allow}"));
        Site::start_with(|settings| (settings.traps, settings.syslog) = (traps, syslog))
    };
    let about = about("jdoe");
    let site = everywhere("");
    let mut reader = Subscriber::to(&site.access);
    for n in [1, 9, 20] {
        send(site.listens("syslog", ""), auth_fail("jdoe", n).as_bytes());
        succeed(&mut trap("authFail", &about, n * 100).to(site.listens("traps", "")));
    }
    let health = site.settled(6);
    assert_eq!(health["verdicts"], json!({ "sender-not-allowed": 6 }));
    let mut shown = refused(&health);
    shown.sort_by_key(ToString::to_string);
    let row = |door: &str| json!([own, door, "sender-not-allowed", 3, format!("[{door}] allow = [\"{own}\"]")]);
    assert_eq!(shown, [row("syslog"), row("traps")]);
    assert_eq!(reader.rest_of_alerts(), []);
    drop(site);

    let site = everywhere(&format!("allow = [\"{own}\"]"));
    send(site.listens("syslog", ""), auth_fail("jdoe", 1).as_bytes());
    assert_eq!(site.settled(1)["verdicts"], json!({ "failure": 1 }));
    // Communities keep strangers out even where the address is allowed: without any, only loopback's are taken.
    let unanswered = Clog { patience: (1, 0), ..inform("authFail", &about, 900) };
    assert_eq!(output(&mut unanswered.to(site.listens("traps", ""))).status.code(), Some(1));
    assert_eq!(site.settled(2)["verdicts"], json!({ "failure": 1, "wrong-community": 1 }));
}
