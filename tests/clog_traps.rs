//! CUCM's syslog as SNMP notifications (`clogMessageGenerated`). No captured one was found, so every way in which CUCM could fill
//! the columns is here: the whole line as text, the line split over the columns, and text that lost its brackets.

#![expect(clippy::unwrap_used, reason = "a message that cannot be built is a failed test")]

mod told;

use std::net::Ipv4Addr;

use lockwarden::event::Channel;
use lockwarden::path::Path;
use lockwarden::units::{Mono, Now, Wall};
use lockwarden::wire::snmp::{
    self, ClogMessage, Kind, Message, Notification, Oid, OutValue, OutVarbind, clog, encode, standard,
};

const NOW: Now = Now { mono: Mono::ZERO, wall: Wall::from_millis(1_768_465_260_000), synchronised: true };
const UPTIME: u32 = 12_400;

#[test]
fn a_whole_line_as_text_is_read_as_that_line_whatever_the_columns_say() {
    let line = "101: cucm-sub1.example.test: Jan 15 2026 08:21:00.114 UTC : %UC_IMS-4-authFail: %[UserID=jdoe]\
                [Message=Credential failure][AppID=Cisco Tomcat][ClusterID=StandAloneCluster][NodeID=cucm-sub1]: Failed.";
    let expected = "failure\n  Failure cucm/StandAloneCluster/jdoe credential=Unknown node=cucm-sub1 at=2026-01-15T08:21:00.114Z\n";
    assert_eq!(outcome(&columns("UC_IMS", 5, "authFail", line)), expected);
    assert_eq!(outcome(&columns("local7", 5, "ccm", &format!("<188>{line}"))), expected);
    assert_eq!(outcome(&columns("", 1, "", line)), expected);
}

#[test]
fn a_line_split_over_the_columns_is_put_together() {
    let tags = "[LoginFrom=192.0.2.15][TimeStamp=Thu Jan 15 08:21:00 UTC 2026][UserID=ccmadmin]\
                [Interface=VMREST][AppID=Cisco Tomcat][ClusterID=][NodeID=cucm-pub]: Login Authentication failed.";
    let expected =
        "failure\n  Failure cucm//ccmadmin credential=Password node=cucm-pub source=192.0.2.15 interface=VMREST\n";
    assert_eq!(outcome(&columns("UC_LOGIN", 5, "AuthenticationFailed", &format!("%{tags}"))), expected);
    assert_eq!(outcome(&columns("UC_LOGIN", 5, "AuthenticationFailed", tags)), expected);
}

#[test]
fn text_of_keys_and_values_is_read_with_colons_and_with_equals_signs() {
    let login = "Login Authentication failed. Login IP Address/Hostname:192.0.2.15 Login Date/Time:01/15/26 9:00 AM \
                 Login UserID:ccmadmin Login Interface:CCMAdmin App ID:Cisco Tomcat Cluster ID: Node ID:cucm-pub";
    assert_eq!(
        outcome(&columns("UC_LOGIN", 5, "AuthenticationFailed", login)),
        "failure\n  Failure cucm//ccmadmin credential=Password node=cucm-pub source=192.0.2.15 interface=CCMAdmin\n"
    );
    let audit = "UserID =jdoe ClientAddress =10.1.1.9 Severity =4 EventType =UserLogging EventStatus =Failure";
    assert_eq!(
        outcome(&columns("UC_AUDITLOG", 5, "AuditEventGenerated", audit)),
        "failure\n  Failure cucm//jdoe credential=Password source=10.1.1.9\n"
    );
    let change = audit.replace("UserLogging", "GeneralConfigurationUpdate");
    assert_eq!(outcome(&columns("UC_AUDITLOG", 5, "AuditEventGenerated", &change)), "not-a-sign-in\n");
}

#[test]
fn a_syslog_facility_in_the_column_leaves_the_decision_to_the_name() {
    let tags = "%[UserID=jdoe][AppID=Cisco Tomcat][ClusterID=StandAloneCluster][NodeID=cucm-sub1]: Failed.";
    let expected = "failure\n  Failure cucm/StandAloneCluster/jdoe credential=Unknown node=cucm-sub1\n";
    assert_eq!(outcome(&columns("local7", 5, "authFail", tags)), expected);
    assert_eq!(outcome(&columns("UC_IMS", 5, "authFail", tags)), expected);
    assert_eq!(outcome(&columns("local7", 5, "SomethingElse", tags)), "no-entry\n");
}

#[test]
fn a_lock_raises_its_alert_with_the_community_as_its_proof() {
    let tags = "%[UserID=jdoe][AppID=Cisco Tomcat][ClusterID=StandAloneCluster][NodeID=cucm-sub1]: Locked.";
    let expected = r#"lockout
  Lockout(Some(FailedLogons)) cucm/StandAloneCluster/jdoe credential=Unknown node=cucm-sub1
  {"schema":"lockwarden.alert/1","id":"site.lockout.20b980a893b3","revision":1,"state":"raised","kind":"lockout","severity":"notice","site":"site","cluster":"StandAloneCluster","node":"cucm-sub1","account":"jdoe","realm":"cucm","credential":"unknown","basis":"reported","reason":"failed-logons","interface":null,"sources":[],"failures":1,"window_s":1800,"first_failure":"2026-01-15T08:21:00.000Z","last_failure":"2026-01-15T08:21:00.000Z","raised_at":"2026-01-15T08:21:00.000Z","unlock_expected":"2026-01-15T08:51:00.000Z","cleared_by":null,"suppressed":0,"time_synchronised":true,"authenticated_by":"community","evidence":[{"family":"UC_IMS-authHackLock","channel":"trap","at":"2026-01-15T08:21:00.000Z"}],"summary":"jdoe is locked after too many failed sign-ins (1 seen); unlock expected 2026-01-15T08:51:00.000Z"}
"#;
    assert_eq!(outcome(&columns("UC_IMS", 5, "authHackLock", tags)), expected);
}

#[test]
fn an_account_that_the_cut_text_breaks_off_is_not_guessed() {
    let padding = "x".repeat(300);
    let inside = cut(format!("%[Message={}][UserID=jdoe.smith-{padding}", "x".repeat(220)));
    assert!(inside.contains("[UserID=jdoe.") && inside.len() == 255);
    assert_eq!(outcome(&columns("UC_IMS", 5, "authFail", &inside)), "account-cut\n");
    let line = |message: usize| {
        let head = "101: Jan 15 2026 08:21:00.114 UTC : %UC_IMS-4-authFail: ";
        let text = cut(format!("{head}%[Message={}][UserID=jdoe.smith-{padding}", "x".repeat(message)));
        outcome(&columns("UC_IMS", 5, "authFail", &text))
    };
    assert_eq!(line(160), "account-cut\n");
    assert_eq!(line(220), "account-cut\n", "the cut came before the account");
    let spaced = cut(format!("Login IP Address/Hostname:192.0.2.15 Login UserID:{padding}"));
    assert_eq!(outcome(&columns("UC_LOGIN", 5, "AuthenticationFailed", &spaced)), "account-cut\n");
}

#[test]
fn an_account_before_the_cut_is_counted_with_what_is_whole() {
    let padding = "x".repeat(300);
    let behind = cut(format!("%[UserID=jdoe][ClusterID=StandAloneCluster][Message={padding}"));
    let expected = "failure\n  Failure cucm/StandAloneCluster/jdoe credential=Unknown\n";
    assert_eq!(outcome(&columns("UC_IMS", 5, "authFail", &behind)), expected);
    let half_a_cluster = cut(format!("%[UserID=jdoe][Message={}][ClusterID=StandAlone{padding}", "x".repeat(210)));
    assert!(half_a_cluster.contains("[ClusterID=Sta"));
    let expected = "failure\n  Failure cucm//jdoe credential=Unknown\n";
    assert_eq!(outcome(&columns("UC_IMS", 5, "authFail", &half_a_cluster)), expected, "half a name names no cluster");
    let audit = cut(format!(
        "%[ UserID =jdoe][ ClientAddress =192.0.2.15][ EventType =UserLogging][ EventStatus =Failure][ AuditDetails ={padding}"
    ));
    let expected = "failure\n  Failure cucm//jdoe credential=Password source=192.0.2.15\n";
    assert_eq!(outcome(&columns("UC_AUDITLOG", 6, "AdministrativeEvent", &audit)), expected);
}

#[test]
fn the_severity_is_one_more_than_syslogs_and_decides_nothing() {
    let tags = "%[UserID=jdoe][NodeID=cucm-sub1]: Failed.";
    let severity = |n| {
        let datagram = v2c(&columns("UC_IMS", n, "authFail", tags));
        view(&datagram).severity
    };
    assert_eq!([0, 1, 4, 5, 8, 9, -1].map(severity), [None, Some(0), Some(3), Some(4), Some(7), None, None]);
    for n in [-1, 0, 1, 4, 8, 9] {
        let expected = "failure\n  Failure cucm//jdoe credential=Unknown node=cucm-sub1\n";
        assert_eq!(outcome(&columns("UC_IMS", n, "authFail", tags)), expected, "severity {n}");
    }
}

#[test]
fn columns_that_are_missing_or_of_another_type_are_done_without() {
    let all = columns("UC_IMS", 5, "authFail", "%[UserID=jdoe]: Failed.");
    let without = |n: usize| {
        let mut some = all.clone();
        some.remove(n);
        outcome(&some)
    };
    let counted = "failure\n  Failure cucm//jdoe credential=Unknown\n";
    assert_eq!([without(0), without(1), without(4)], [counted; 3], "facility, severity, time stamp");
    assert_eq!(without(2), "no-entry\n", "the name");
    assert_eq!(without(3), "no-account\n", "the text");
    assert_eq!(outcome(&[]), "no-entry\n");

    let retyped = |n: usize, value: OutValue<'static>| {
        let mut some = all.clone();
        some[n].value = value;
        outcome(&some)
    };
    assert_eq!(retyped(0, OutValue::Integer(23)), counted, "facility");
    assert_eq!(retyped(1, "warning".into()), counted, "severity");
    assert_eq!(retyped(2, OutValue::Unsigned32(7)), "no-entry\n", "name");
    assert_eq!(retyped(3, OutValue::Integer(7)), "no-account\n", "text");
    assert_eq!(retyped(4, OutValue::Integer(7)), counted, "time stamp");
    assert_eq!(
        retyped(3, OutValue::OctetString((&b"%[UserID=j\xffdoe]: x"[..]).into())),
        counted.replace("jdoe", "j\u{fffd}doe")
    );
}

#[test]
fn one_record_by_both_versions_is_one_and_the_next_event_is_another() {
    let first = columns("UC_IMS", 5, "authFail", "%[UserID=jdoe]: Failed.");
    let mut second = first.clone();
    second[4].value = OutValue::TimeTicks(12_346);
    let mut path = told::path();
    assert_eq!(deliver(&mut path, &v2c(&first)), "failure");
    assert_eq!(deliver(&mut path, &v1(&first, Ipv4Addr::UNSPECIFIED)), "replay");
    assert_eq!(deliver(&mut path, &v2c(&second)), "failure");
}

#[test]
fn a_trap_without_a_node_in_its_text_is_of_its_agent_or_of_who_a_forwarder_names() {
    let mut columns = columns("UC_IMS", 5, "authHackLock", "%[UserID=jdoe]: Locked.");
    let node = |datagram: &[u8]| {
        let mut path = told::path();
        assert_eq!(deliver(&mut path, datagram), "lockout");
        let told = told::alerts(&mut path);
        told.split_once(r#""node":"#).unwrap().1.split_once(',').unwrap().0.to_owned()
    };
    assert_eq!(node(&v1(&columns, Ipv4Addr::new(192, 0, 2, 7))), r#""192.0.2.7""#);
    columns.push(OutVarbind::new(standard::SNMP_TRAP_ADDRESS.clone(), OutValue::IpAddress([192, 0, 2, 8].into())));
    assert_eq!(node(&v1(&columns, Ipv4Addr::new(192, 0, 2, 7))), r#""192.0.2.8""#);
    assert_eq!(node(&v2c(&columns)), r#""192.0.2.8""#);
}

/// The columns of one row of clogHistoryTable, in the order of the MIB.
fn columns(facility: &str, severity: i32, name: &str, text: &str) -> Vec<OutVarbind<'static>> {
    let column = |n: u32, value: OutValue<'static>| {
        OutVarbind::new(format!("1.3.6.1.4.1.9.9.41.1.2.3.1.{n}.7").parse::<Oid>().unwrap(), value)
    };
    vec![
        column(2, facility.to_owned().into()),
        column(3, OutValue::Integer(severity)),
        column(4, name.to_owned().into()),
        column(5, text.to_owned().into()),
        column(6, OutValue::TimeTicks(12_345)),
    ]
}

fn v2c(columns: &[OutVarbind<'_>]) -> Vec<u8> {
    encode::v2c(Kind::Trap, b"public", 1, UPTIME, &snmp::CLOG_MESSAGE_GENERATED, columns)
}

fn v1(columns: &[OutVarbind<'_>], agent: Ipv4Addr) -> Vec<u8> {
    let enterprise: Oid = "1.3.6.1.4.1.9.9.41.2".parse().unwrap();
    encode::v1_trap(b"public", &enterprise, agent, 6, 1, UPTIME, columns)
}

/// As the MIB says: the first 254 bytes and a star.
fn cut(text: String) -> String {
    format!("{}*", text.get(..254).unwrap())
}

/// What these columns come to, which is the same in both versions.
fn outcome(columns: &[OutVarbind<'_>]) -> String {
    let [first, second] = [v2c(columns), v1(columns, Ipv4Addr::UNSPECIFIED)].map(|datagram| outcome_of(&datagram));
    assert_eq!(first, second, "SNMPv2c and SNMPv1");
    first
}

fn outcome_of(datagram: &[u8]) -> String {
    let mut path = told::path();
    let verdict = deliver(&mut path, datagram);
    let said = told::statements(|catalogue, each| {
        catalogue.read_clog(&view(datagram), UPTIME, told::origin(Channel::Trap, NOW.wall), each)
    });
    format!("{verdict}\n{said}{}", told::alerts(&mut path))
}

fn deliver(path: &mut Path, datagram: &[u8]) -> String {
    let (verdict, answer) = path.snmp(datagram, told::NODE, NOW);
    assert_eq!(answer, None, "a trap waits for no answer");
    verdict.to_string()
}

fn view(datagram: &[u8]) -> ClogMessage<'_> {
    clog(&notification(datagram)).unwrap()
}

fn notification(datagram: &[u8]) -> Notification<'_> {
    match snmp::decode(datagram) {
        Ok(Message::Notification(notification)) => notification,
        other @ (Ok(Message::Response(_) | Message::V3(_)) | Err(_)) => panic!("{other:?}"),
    }
}
