//! A node that cannot be seen is told like any alert, and stands in `health`.

use super::broker::Subscriber;
use super::cucm::auth_fail;
use super::nms::receiver_of;
use super::relay::TAKES_OURS;
use super::site::Site;
use super::trapd::Trapd;

const UNREACHABLE: &str = "<187>7: cucm-pub.example.test: Jan 15 2026 08:21:00.150 UTC : %UC_SYSAGENT-3-UnreachableRemoteSyslogServer: \
                           %[NodeID=cucm-pub]: x";

#[test]
fn what_cucm_says_about_an_unreachable_syslog_server_is_told_with_the_page_to_save() {
    let mut trapd = Trapd::by_name(TAKES_OURS);
    let site = Site::start_with(|settings| {
        settings.top = "[[node]]\nname = \"cucm-pub\"\ncluster = \"East\"".into();
        settings.mqtt += &receiver_of(&trapd.at);
    });
    let mut reader = Subscriber::to(&site.access);
    site.syslog(UNREACHABLE);
    let alert = reader.next("alerts/blind-node").json();
    assert_eq!(
        (&alert["state"], &alert["node"], &alert["cluster"], &alert["account"]),
        (&"raised".into(), &"cucm-pub".into(), &"East".into(), &serde_json::Value::Null)
    );
    let summary = "CUCM says that cucm-pub cannot reach a remote syslog server; it tries again after an hour, or when Serviceability > \
                   Alarm > Configuration is saved again";
    assert_eq!(alert["summary"], summary);
    let shown = trapd.shown();
    for field in [
        "SNMPv2-SMI::snmpModules.1.1.4.1.0 = OID: LOCKWARDEN-MIB::lockwardenBlindNode",
        "LOCKWARDEN-MIB::lockwardenNode.0 = STRING: cucm-pub",
    ] {
        assert!(shown.iter().any(|line| line == field), "{field} in {shown:#?}");
    }
    site.syslog(&auth_fail("jdoe", 1));
    let health = site.settled(2);
    let node =
        |name: &str| health["nodes"].as_array().unwrap().iter().find(|node| node["name"] == name).unwrap().clone();
    let (blind, seeing) = (node("cucm-pub"), node("cucm-sub1"));
    assert_eq!((&blind["blind"], &blind["signs_in"]), (&"syslog-unreachable".into(), &false.into()));
    assert_eq!((&seeing["blind"], &seeing["signs_in"]), (&serde_json::Value::Null, &true.into()));
}
