//! Every combination of SNMPv3's algorithms that senders have is taken: as a trap, and as an inform that is answered.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::Stdio;

use serde_json::json;

use super::broker::Subscriber;
use super::programs::{Lines, pysnmp, start, succeed};
use super::site::{Directory, Site};
use super::usm::{Failed, Node, User};

/// A service that knows these users and raises an alert at each account's first failure.
fn site_of(users: &[User]) -> Site {
    Site::start_with(|settings| {
        settings.traps.extend(users.iter().map(User::configuration));
        settings.mqtt +=
            "\n[policy]\nfailed-logons = 1\n[detect.spray]\ncluster-accounts = 0\n[detect.storm]\nmore-than = 0\n";
    })
}

/// The accounts whose failures these users report, each once, with the proof of who reports it.
fn expected(users: &[User]) -> BTreeMap<String, String> {
    let both = |user: &User| ["trap", "inform"].map(|kind| (format!("{kind}-{}", user.name), user.proof().to_owned()));
    users.iter().flat_map(both).collect()
}

/// Each account of the next alerts, with the proof in its alert.
fn alerted(reader: &mut Subscriber, count: usize) -> BTreeMap<String, String> {
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let alerts = std::iter::repeat_with(|| reader.alert()).take(count);
    alerts.map(|alert| (text(&alert["account"]), text(&alert["authenticated_by"]))).collect()
}

#[test]
fn every_combination_of_net_snmp_is_counted_as_trap_and_as_inform() {
    let users = User::of_net_snmp();
    let site = site_of(&users);
    let mut reader = Subscriber::to(&site.access);
    let (node, to) = (Node::new(), site.listens("traps", "127."));
    for user in &users {
        let [trapped, informed] = ["trap", "inform"].map(|kind| format!("{kind}-{}", user.name));
        succeed(&mut node.trap((1, 1_000), user, Failed { account: &trapped, ticks: 100 }, to));
        succeed(&mut node.inform(user, Failed { account: &informed, ticks: 100 }, to));
    }
    let expected = expected(&users);
    assert_eq!(expected.len(), 62);
    assert_eq!(alerted(&mut reader, 62), expected);
    // Each inform asks for our engine first.
    let health = site.settled(93);
    assert_eq!(health["verdicts"].to_string(), r#"{"discovery":31,"failure":62}"#);
    assert_eq!(health["refused"].to_string(), "[]");
    let (accounts, _) = site.ask("accounts");
    assert!(accounts.as_array().unwrap().iter().all(|account| account["failures_total"] == 1), "{accounts:#}");
}

/// What send.py sends as these users, and what it says of each message.
fn by_pysnmp(users: &[User], site: &Site) -> Vec<String> {
    let node = Directory::new();
    let mut sender = start(
        pysnmp("send.py")
            .arg(site.listens("traps", "127.").port().to_string())
            // Where it keeps its boots.
            .env("TMPDIR", node.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped()),
    );
    let mut lines = Lines::of("send.py", sender.stdout.take().unwrap());
    let rows: String = users.iter().map(User::row).collect();
    sender.stdin.take().unwrap().write_all(rows.as_bytes()).unwrap();
    let said = lines.rest();
    assert!(sender.wait().unwrap().success(), "{said:#?}");
    said
}

fn pysnmp_is_counted(users: &[User]) {
    let site = site_of(users);
    let mut reader = Subscriber::to(&site.access);
    let said = by_pysnmp(users, &site);
    let both = |user: &User| ["trap", "inform"].map(|kind| format!("{kind} {} ok", user.name));
    assert_eq!(said, users.iter().flat_map(both).collect::<Vec<_>>());
    let expected = expected(users);
    assert_eq!(alerted(&mut reader, expected.len()), expected);
    let counted = u64::try_from(expected.len()).unwrap();
    // It asks for our engine once.
    let health = site.settled(counted + 1);
    assert_eq!(health["verdicts"], json!({ "discovery": 1, "failure": counted }));
}

#[test]
fn every_combination_of_pysnmp_is_counted_as_trap_and_as_inform() {
    pysnmp_is_counted(&User::of_net_snmp());
}

#[test]
fn reeders_keys_are_understood_at_every_digest() {
    pysnmp_is_counted(&User::of_reeder());
}
