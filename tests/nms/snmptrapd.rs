//! What net-snmp's own receiver shows, with our MIB loaded, of v1 and v2c.

use std::fs;

use lockwarden::alert::{Alert, ClearedBy, State};
use lockwarden::shell::nms::mib;
use lockwarden::wire::snmp::{Kind, Oid};

use crate::rig::{NOTHING, Rig, informed, lockout, receiver, v1, v2c};
use crate::trapd::Snmptrapd;

/// What snmptrapd shows of `tests/data/lockout.json`, whichever way it came.
pub(crate) const LOCKOUT: [&str; 27] = [
    "LOCKWARDEN-MIB::lockwardenAlertId.0 = STRING: hq.lockout.5c1f0a9e2b44",
    "LOCKWARDEN-MIB::lockwardenAlertRevision.0 = Gauge32: 2",
    "LOCKWARDEN-MIB::lockwardenAlertState.0 = INTEGER: updated(2)",
    "LOCKWARDEN-MIB::lockwardenAlertKind.0 = INTEGER: lockout(1)",
    "LOCKWARDEN-MIB::lockwardenAlertSeverity.0 = INTEGER: notice(2)",
    "LOCKWARDEN-MIB::lockwardenSite.0 = STRING: hq",
    "LOCKWARDEN-MIB::lockwardenCluster.0 = STRING: StandAloneCluster",
    "LOCKWARDEN-MIB::lockwardenNode.0 = STRING: cucm-sub1",
    "LOCKWARDEN-MIB::lockwardenAccount.0 = STRING: jdoe",
    "LOCKWARDEN-MIB::lockwardenRealm.0 = INTEGER: cucm(2)",
    "LOCKWARDEN-MIB::lockwardenCredential.0 = INTEGER: pin(2)",
    "LOCKWARDEN-MIB::lockwardenBasis.0 = INTEGER: reported(2)",
    "LOCKWARDEN-MIB::lockwardenReason.0 = INTEGER: failedLogons(2)",
    "LOCKWARDEN-MIB::lockwardenInterface.0 = STRING: CCMCIP",
    "LOCKWARDEN-MIB::lockwardenSources.0 = STRING: 192.0.2.15 2001:db8::15",
    "LOCKWARDEN-MIB::lockwardenFailures.0 = Gauge32: 3",
    "LOCKWARDEN-MIB::lockwardenWindow.0 = Gauge32: 1800 seconds",
    "LOCKWARDEN-MIB::lockwardenFirstFailure.0 = STRING: 2026-01-15T08:20:00.000Z",
    "LOCKWARDEN-MIB::lockwardenLastFailure.0 = STRING: 2026-01-15T08:21:05.090Z",
    "LOCKWARDEN-MIB::lockwardenRaisedAt.0 = STRING: 2026-01-15T08:21:05.100Z",
    "LOCKWARDEN-MIB::lockwardenUnlockExpected.0 = STRING: 2026-01-15T08:51:05.090Z",
    "LOCKWARDEN-MIB::lockwardenClearedBy.0 = INTEGER: none(1)",
    "LOCKWARDEN-MIB::lockwardenSuppressed.0 = Gauge32: 4",
    "LOCKWARDEN-MIB::lockwardenTimeSynchronised.0 = INTEGER: true(1)",
    "LOCKWARDEN-MIB::lockwardenAuthenticatedBy.0 = INTEGER: community(2)",
    "LOCKWARDEN-MIB::lockwardenEvidence.0 = STRING: UC_LOGIN-AuthenticationFailed/trap/2026-01-15T08:21:04.000Z \
     UC_IMS-authHackLock/syslog/2026-01-15T08:21:05.090Z",
    "LOCKWARDEN-MIB::lockwardenSummary.0 = STRING: jdoe (Jörg Doe) is locked until 08:51:05",
];

/// The head of a v2c notification: sysUpTime.0 and snmpTrapOID.0.
fn head(notification: &str) -> [String; 2] {
    [
        "SNMPv2-SMI::mib-2.1.3.0 = Timeticks: (360000) 1:00:00.00".into(),
        format!("SNMPv2-SMI::snmpModules.1.1.4.1.0 = OID: LOCKWARDEN-MIB::{notification}"),
    ]
}

pub(crate) fn lockout_by_name() -> Vec<String> {
    head("lockwardenLockout").into_iter().chain(LOCKOUT.map(String::from)).collect()
}

#[tokio::test]
async fn a_v2c_trap_is_shown_with_every_field_by_name() {
    let mut snmptrapd = Snmptrapd::new("v2c-trap", "127.0.0.1");
    snmptrapd.start().await;
    let mut rig = Rig::start(receiver(snmptrapd.address, v2c(Kind::Trap)));
    rig.notify(7, lockout()).await;
    assert_eq!(rig.delivered().await, Some(7));
    assert_eq!(snmptrapd.shown().await, lockout_by_name());
    assert_eq!(rig.finish().await, NOTHING);
}

#[tokio::test]
async fn a_v1_trap_is_shown_with_every_field_by_name_and_the_sender_s_own_address() {
    let mut snmptrapd = Snmptrapd::new("v1-trap", "127.0.0.1");
    snmptrapd.start().await;
    let rig = Rig::start(receiver(snmptrapd.address, v1()));
    rig.notify(1, lockout()).await;
    let mut shown = snmptrapd.shown().await;
    let (head, fields) = (shown.remove(0), shown);
    assert_eq!(head, "LOCKWARDEN-MIB::lockwarden 6.LOCKWARDEN-MIB::lockwardenLockout from 127.0.0.1");
    assert_eq!(fields, LOCKOUT);
    assert_eq!(rig.finish().await, [1]);
}

#[tokio::test]
async fn what_is_not_known_is_shown_as_empty_and_none_and_the_end_has_its_own_name() {
    let mut snmptrapd = Snmptrapd::new("cleared", "127.0.0.1");
    snmptrapd.start().await;
    let rig = Rig::start(informed(snmptrapd.address));
    let blind = Alert {
        state: State::Cleared,
        cleared_by: Some(ClearedBy::Administrator),
        account: None,
        realm: None,
        basis: None,
        reason: None,
        interface: None,
        sources: Default::default(),
        first_failure: None,
        last_failure: None,
        unlock_expected: None,
        ..lockout()
    };
    rig.notify(1, blind).await;
    let shown = snmptrapd.shown().await;
    assert_eq!(shown[..2], head("lockwardenAlertCleared"));
    let changed: Vec<_> = shown[2..].iter().filter(|line| !LOCKOUT.contains(&line.as_str())).collect();
    assert_eq!(
        changed,
        [
            "LOCKWARDEN-MIB::lockwardenAlertState.0 = INTEGER: cleared(3)",
            "LOCKWARDEN-MIB::lockwardenAccount.0 = STRING: ",
            "LOCKWARDEN-MIB::lockwardenRealm.0 = INTEGER: none(1)",
            "LOCKWARDEN-MIB::lockwardenBasis.0 = INTEGER: none(1)",
            "LOCKWARDEN-MIB::lockwardenReason.0 = INTEGER: none(1)",
            "LOCKWARDEN-MIB::lockwardenInterface.0 = STRING: ",
            "LOCKWARDEN-MIB::lockwardenSources.0 = STRING: ",
            "LOCKWARDEN-MIB::lockwardenFirstFailure.0 = STRING: ",
            "LOCKWARDEN-MIB::lockwardenLastFailure.0 = STRING: ",
            "LOCKWARDEN-MIB::lockwardenUnlockExpected.0 = STRING: ",
            "LOCKWARDEN-MIB::lockwardenClearedBy.0 = INTEGER: administrator(4)",
        ]
    );
    assert_eq!(rig.finish().await, [1]);
}

#[tokio::test]
async fn an_inform_over_ipv6_is_shown_and_answered() {
    let mut snmptrapd = Snmptrapd::new("ipv6", "::1");
    snmptrapd.start().await;
    let mut rig = Rig::start(informed(snmptrapd.address));
    rig.notify(1, lockout()).await;
    assert_eq!(snmptrapd.shown().await, lockout_by_name());
    assert_eq!(rig.delivered().await, Some(1));
    rig.until_idle().await;
    assert_eq!(rig.finish().await, NOTHING);
}

#[tokio::test]
async fn informs_wait_for_a_receiver_that_is_down_and_each_is_delivered_once_in_order() {
    let mut snmptrapd = Snmptrapd::new("restart", "127.0.0.1");
    let mut rig = Rig::start(informed(snmptrapd.address));
    rig.notify(1, lockout()).await;
    rig.until_down().await;
    snmptrapd.start().await;
    assert_eq!(rig.delivered().await, Some(1));
    assert_eq!(snmptrapd.shown().await, lockout_by_name());
    rig.until_idle().await;

    snmptrapd.kill();
    rig.notify(2, lockout()).await;
    rig.notify(3, Alert { revision: 3, ..lockout() }).await;
    rig.until_down().await;
    snmptrapd.start().await;
    assert_eq!((rig.delivered().await, rig.delivered().await), (Some(2), Some(3)));
    rig.until_idle().await;
    assert_eq!(rig.finish().await, NOTHING);
    assert_eq!(snmptrapd.shown().await, lockout_by_name());
    // On a busy machine an inform may have been repeated before its answer came.
    while snmptrapd.shown().await[3] != "LOCKWARDEN-MIB::lockwardenAlertRevision.0 = Gauge32: 3" {}
}

#[tokio::test]
async fn under_an_own_enterprise_number_the_printed_module_resolves_everything() {
    let root: Oid = "1.3.6.1.4.1.32473.7.1".parse().unwrap();
    let mut snmptrapd = Snmptrapd::new("own-root", "127.0.0.1");
    snmptrapd.mibs = snmptrapd.directory.join("mibs");
    fs::create_dir_all(&snmptrapd.mibs).unwrap();
    fs::write(snmptrapd.mibs.join("LOCKWARDEN-MIB.txt"), mib::module(&root).unwrap()).unwrap();
    snmptrapd.start().await;
    let mut receiver = informed(snmptrapd.address);
    receiver.root = root;
    let rig = Rig::start(receiver);
    rig.notify(1, lockout()).await;
    assert_eq!(snmptrapd.shown().await, lockout_by_name());
    assert_eq!(rig.finish().await, [1]);
}
