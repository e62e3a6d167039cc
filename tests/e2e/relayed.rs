//! rsyslog in front: whatever form it relays a line in, it is the same line of the same node.

use std::fs;
use std::net::{SocketAddr, UdpSocket};
use std::process::{Child, Stdio};

use serde_json::Value;

use super::cucm::auth_fail;
use super::programs::{deadline, program, start};
use super::site::{Directory, Site, free_port};

/// The forms that rsyslog ships for relaying.
const FORMS: [&str; 3] =
    ["RSYSLOG_ForwardFormat", "RSYSLOG_TraditionalForwardFormat", "RSYSLOG_SyslogProtocol23Format"];
/// The ways in which it sends over TCP: lines that end, and lines that are counted (RFC 6587).
const FRAMINGS: [&str; 2] = ["traditional", "octet-counted"];
/// Where the node sends from; the relay sends from another address.
const NODE: &str = "127.0.0.2";

struct Rsyslog {
    child: Child,
    node: UdpSocket,
    _directory: Directory,
}

impl Rsyslog {
    /// One that relays each line in every form to `to`, once with each of these ways to send, and is there.
    fn to(to: SocketAddr, ways: &[String], site: &Site) -> Self {
        let (directory, port) = (Directory::new(), free_port());
        let file = |name: &str| directory.path().join(name);
        let mut configuration =
            format!("module(load=\"imudp\")\ninput(type=\"imudp\" address=\"127.0.0.1\" port=\"{port}\")\n");
        for (form, way) in FORMS.iter().flat_map(|form| ways.iter().map(move |way| (form, way))) {
            configuration.push_str(&format!(
                "action(type=\"omfwd\" target=\"{}\" port=\"{}\" {way} template=\"{form}\")\n",
                to.ip(),
                to.port()
            ));
        }
        fs::write(file("rsyslog.conf"), configuration).unwrap();
        let mut command = program("rsyslogd");
        command.arg("-n").arg("-f").arg(file("rsyslog.conf")).arg("-i").arg(file("pid"));
        let child = start(command.stdout(Stdio::null()).stderr(Stdio::null()));
        let node = UdpSocket::bind((NODE, 0)).unwrap();
        node.connect(("127.0.0.1", port)).unwrap();
        let rsyslog = Self { child, node, _directory: directory };
        let patience = deadline();
        loop {
            // Refused while nobody listens yet.
            rsyslog.node.send(b"<38>probe: is anybody there").ok();
            if site.ask("health").0["received"].as_u64() > Some(0) {
                return rsyslog;
            }
            assert!(!patience.is_over(), "rsyslog does not relay");
        }
    }

    fn send(&self, line: &str) {
        self.node.send(line.as_bytes()).unwrap();
    }
}

impl Drop for Rsyslog {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// How many messages ended in any of these verdicts.
fn ended(health: &Value, verdicts: &[&str]) -> u64 {
    verdicts.iter().filter_map(|verdict| health["verdicts"][verdict].as_u64()).sum()
}

#[test]
fn a_line_relayed_in_three_forms_is_one_failure_of_the_node_that_sent_it() {
    let site = Site::start();
    let rsyslog = Rsyslog::to(site.listens("syslog", "127."), &["protocol=\"udp\"".to_owned()], &site);
    let forms = u64::try_from(FORMS.len()).unwrap();
    let sent = |site: &Site, lines: u64| {
        let ends = ["failure", "replay", "absorbed", "part-held", "part-late"];
        site.health_when(|health| ended(health, &ends) >= lines * forms)
    };
    rsyslog.send(&auth_fail("jdoe", 1));
    sent(&site, 1);
    rsyslog.send(
        "<189>8103: Jan 15 2026 04:03:01 PM.688 UTC :  %UC_AUDITLOG-5-AdministrativeEvent: %[ UserID =asmith]\
         [ EventType =UserLogging][ EventStatus =Failure]: Audit Event",
    );
    let health = sent(&site, 2);
    let named = |name: &str| health["nodes"].as_array().unwrap().iter().any(|node| node["name"] == name);
    assert!(named(NODE) && named("cucm-sub1") && !named("127.0.0.1"), "{health:#}");

    let part = |n: u64, tags: &str| {
        format!(
            "<188>{}: cucm-sub1.example.test: Jan 15 2026 08:30:00.114 UTC : %UC_IMS-4-authFail: %[part=16.{n}/2]{tags}: x",
            15 + n
        )
    };
    rsyslog.send(&part(1, "[Message=Credential failure]"));
    sent(&site, 3);
    rsyslog.send(&part(2, "[UserID=ann][NodeID=cucm-sub1]"));
    let health = sent(&site, 4);
    let counts = ["failure", "part-held", "replay"].map(|verdict| ended(&health, &[verdict]));
    assert_eq!(counts, [3, 1, 8], "{health:#}");
    assert_eq!(health["pieces"]["joined"], 1);
    for name in ["jdoe", "asmith", "ann"] {
        assert_eq!(site.account(name)["failures_total"], 1, "{name}");
    }
}

#[test]
fn over_tcp_in_every_form_and_framing_the_node_is_the_one_that_sent_it_and_each_failure_counts_once() {
    let site = Site::start();
    let ways = FRAMINGS.map(|framing| format!("protocol=\"tcp\" TCP_Framing=\"{framing}\""));
    let rsyslog = Rsyslog::to(site.listens("syslog/tcp", "127."), &ways, &site);
    let copies = u64::try_from(FORMS.len() * FRAMINGS.len()).unwrap();
    let lines = 3;
    for n in 0..lines {
        rsyslog.send(&auth_fail("jdoe", u32::try_from(n).unwrap() * 8 + 1));
    }
    let health =
        site.health_when(|health| ended(health, &["failure", "lockout", "replay", "absorbed"]) >= lines * copies);
    let counts = ["failure", "replay"].map(|verdict| ended(&health, &[verdict]));
    assert_eq!(counts, [lines, lines * (copies - 1)], "{health:#}");
    let named = |name: &str| health["nodes"].as_array().unwrap().iter().any(|node| node["name"] == name);
    assert!(named("cucm-sub1") && !named("127.0.0.1"), "{health:#}");
    assert_eq!(site.account("jdoe")["failures_total"], lines);
}
