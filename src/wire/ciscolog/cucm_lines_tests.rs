//! Whole lines as a cluster sends them, each with its complete value. All are constructed.

use super::{CiscoLog, authentication_failures, nested_lines, parse};
use crate::wire::stamp::Stamp;
use crate::wire::syslog::{Form, Pri, decode};

/// A line, and everything that it says.
struct Line {
    line: &'static str,
    pri: u8,
    sequence: u64,
    host: Option<&'static str>,
    stamp: &'static str,
    name: (&'static str, u8, &'static str),
    tags: &'static [(&'static str, &'static str, bool)],
    text: &'static str,
    truncated: bool,
}

#[test]
fn each_line_of_a_cluster_gives_its_complete_value() {
    for expected in LINES {
        let record = decode(expected.line);
        let message = parse(record.body).expect(expected.line);
        let tags: Vec<_> = message.tags.iter().map(|(key, value)| (key, value.raw, value.complete)).collect();
        let pri = Pri { facility: expected.pri / 8, severity: expected.pri % 8 };
        let header = (record.form, record.pri, record.sequence, record.host, record.stamp);
        let stamp = Some(Stamp::parse(expected.stamp).expect(expected.line));
        assert_eq!(
            header,
            (Form::CiscoLog, Some(pri), Some(expected.sequence), expected.host, stamp),
            "{}",
            expected.line
        );
        assert_eq!((message.facility, message.severity, message.mnemonic), expected.name, "{}", expected.line);
        assert_eq!(tags, expected.tags, "{}", expected.line);
        assert_eq!((message.text, message.truncated), (expected.text, expected.truncated), "{}", expected.line);
    }
}

/// The user of a message, and whether the name is complete.
fn user<'a>(message: &CiscoLog<'a>) -> Option<(&'a str, bool)> {
    message.tags.get("UserID").map(|user| (user.raw, user.complete))
}

#[test]
fn an_alert_lists_failures_or_carries_a_whole_line() {
    let [list, line] = ALERTS.map(|alert| {
        let message = parse(decode(alert).body).expect(alert);
        let keys: Vec<_> = message.tags.iter().map(|(key, _)| key).collect();
        assert_eq!(keys, ["AlertName", "AlertDetail", "AppID", "ClusterID", "NodeID"]);
        assert_eq!((message.facility, message.mnemonic, message.text), ("UC_RTMT", "RTMT_ALERT", "RTMT Alert"));
        message.tags.get("AlertDetail").expect(alert)
    });
    let failures: Vec<_> =
        authentication_failures(list).map(|f| (f.stamp, f.login_from, f.interface, f.user.raw)).collect();
    assert_eq!(failures, [(Stamp::parse("1/15/26 9:00 AM"), "192.0.2.15", "VMREST", "ccmadmin")]);
    let inner = decode(nested_lines(line.raw).next().expect("a line inside"));
    let message = parse(inner.body).expect("a message inside");
    let stamp = Stamp::parse("Jan 15 2026 09:03:59.090 UTC");
    assert_eq!((inner.sequence, inner.host, inner.stamp), (Some(103), Some("cucm-sub1.example.test"), stamp));
    assert_eq!((message.mnemonic, user(&message)), ("authHackLock", Some(("jdoe", true))));
    assert!(message.text.ends_with("At that time the credential is locked."), "{}", message.text);
}

#[test]
fn an_alert_cut_behind_the_line_inside_still_shows_that_line() {
    let [_, whole] = ALERTS;
    let cut = whole.split_once("#012ClusterID").map(|(before, _)| before).expect("the mark");
    let message = parse(decode(cut).body).expect("a message");
    let detail = message.tags.get("AlertDetail").expect("a detail");
    assert_eq!((message.truncated, detail.complete, user(&message)), (true, false, None));
    let inner = parse(decode(nested_lines(detail.raw).next().expect("a line inside")).body).expect("a message inside");
    assert_eq!((inner.truncated, user(&inner)), (false, Some(("jdoe", true))));
}

const ALERTS: [&str; 2] = [
    "<186>23814: cucm-pub.example.test: Jan 15 2026 09:03:01 AM.688 UTC : %UC_RTMT-2-RTMT_ALERT: %[AlertName=AuthenticationFailed][AlertDetail= Number of AuthenticationFailed events exceeds configured threshold during configured interval of time 1 within 3 minutes on cluster StandAloneCluster. There are 2 AuthenticationFailed events (up to 30) received during the monitoring interval: #012TimeStamp : 1/15/26 9:00 AM#012LoginFrom : 192.0.2.15#012Interface : VMREST#012UserID : ccmadmin#012AppID : Cisco Tomcat#012ClusterID : #012NodeID : cucm-pub#012 TimeStamp : Thu Jan 15 09:00:00 UTC 2026][AppID=Cisco AMC Service][ClusterID=][NodeID=cucm-pub]: RTMT Alert",
    "<186>23815: cucm-pub.example.test: Jan 15 2026 09:04:01 AM.688 UTC : %UC_RTMT-2-RTMT_ALERT: %[AlertName=SyslogStringMatchFound][AlertDetail= At Thu Jan 15 09:04:01 UTC 2026 on node 192.0.2.10, the following SyslogStringMatchFound events generated: #012StringMatch : ims-auth#012MatchedEvent : Jan 15 09:03:59 cucm-sub1 local7 4 : 103: cucm-sub1.example.test: Jan 15 2026 09:03:59.090 UTC : %UC_IMS-4-authHackLock: %[UserID=jdoe][AppID=Cisco Tomcat][ClusterID=StandAloneCluster][NodeID=cucm-sub1]: This user attempted to login unsuccessfully the number of times set by the administrator. At that time the credential is locked.#012AppID : Cisco Syslog Agent#012ClusterID : #012NodeID : cucm-sub1][AppID=Cisco AMC Service][ClusterID=][NodeID=cucm-pub]: RTMT Alert",
];

const LINES: &[Line] = &[
    Line {
        line: "<188>101: cucm-sub1.example.test: Jan 15 2026 08:21:01.114 UTC : %UC_IMS-4-authFail: %[UserID=jdoe][Message=Credential failure][AppID=Cisco Tomcat][ClusterID=StandAloneCluster][NodeID=cucm-sub1]: An attempt to authenticate this user with the given credentials failed.",
        pri: 188,
        sequence: 101,
        host: Some("cucm-sub1.example.test"),
        stamp: "Jan 15 2026 08:21:01.114 UTC",
        name: ("UC_IMS", 4, "authFail"),
        tags: &[
            ("UserID", "jdoe", true),
            ("Message", "Credential failure", true),
            ("AppID", "Cisco Tomcat", true),
            ("ClusterID", "StandAloneCluster", true),
            ("NodeID", "cucm-sub1", true),
        ],
        text: "An attempt to authenticate this user with the given credentials failed.",
        truncated: false,
    },
    Line {
        line: "<188>102: cucm-sub1.example.test: Jan 15 2026 08:21:03.7 UTC : %UC_IMS-4-authFail: %[Message=Credential failure][UserID=jdoe][AppID=Cisco Tomcat][ClusterID=StandAloneCluster][NodeID=cucm-sub1]: An attempt to authenticate this user with the given credentials failed.",
        pri: 188,
        sequence: 102,
        host: Some("cucm-sub1.example.test"),
        stamp: "Jan 15 2026 08:21:03.7 UTC",
        name: ("UC_IMS", 4, "authFail"),
        tags: &[
            ("Message", "Credential failure", true),
            ("UserID", "jdoe", true),
            ("AppID", "Cisco Tomcat", true),
            ("ClusterID", "StandAloneCluster", true),
            ("NodeID", "cucm-sub1", true),
        ],
        text: "An attempt to authenticate this user with the given credentials failed.",
        truncated: false,
    },
    Line {
        line: "<188>103: cucm-sub1.example.test: Jan 15 2026 08:21:05.090 UTC : %UC_IMS-4-authHackLock: %[UserID=jdoe][AppID=Cisco Tomcat][ClusterID=StandAloneCluster][NodeID=cucm-sub1]: This user attempted to login unsuccessfully the number of times set by the administrator. At that time the credential is locked.",
        pri: 188,
        sequence: 103,
        host: Some("cucm-sub1.example.test"),
        stamp: "Jan 15 2026 08:21:05.090 UTC",
        name: ("UC_IMS", 4, "authHackLock"),
        tags: &[
            ("UserID", "jdoe", true),
            ("AppID", "Cisco Tomcat", true),
            ("ClusterID", "StandAloneCluster", true),
            ("NodeID", "cucm-sub1", true),
        ],
        text: "This user attempted to login unsuccessfully the number of times set by the administrator. At that time the credential is locked.",
        truncated: false,
    },
    Line {
        line: "<188>104: Jan 15 2026 08:21:06 AM.90 UTC :  %UC_IMS-4-authHackLock: %[ UserID =jdoe][App ID=Cisco Tomcat][Cluster ID=][Node ID=cucm-sub1]: This user attempted to login unsuccessfully the number of times set by the administrator. At that time the credential is locked.",
        pri: 188,
        sequence: 104,
        host: None,
        stamp: "Jan 15 2026 08:21:06 AM.90 UTC",
        name: ("UC_IMS", 4, "authHackLock"),
        tags: &[
            ("UserID", "jdoe", true),
            ("App ID", "Cisco Tomcat", true),
            ("Cluster ID", "", true),
            ("Node ID", "cucm-sub1", true),
        ],
        text: "This user attempted to login unsuccessfully the number of times set by the administrator. At that time the credential is locked.",
        truncated: false,
    },
    Line {
        line: "<187>104: cucm-sub1.example.test: Jan 15 2026 08:21:06.090 UTC : %UC_IMS-3-authHackLock: %[UNKNOWN_PARAMNAME:UserID=jdoe][AppID=Cisco Tomcat][ClusterID=StandAloneCluster][NodeID=cucm-sub1]: This user attempted to login unsuccessfully the number of times set by the administrator. At that time the credential is locked.",
        pri: 187,
        sequence: 104,
        host: Some("cucm-sub1.example.test"),
        stamp: "Jan 15 2026 08:21:06.090 UTC",
        name: ("UC_IMS", 3, "authHackLock"),
        tags: &[
            ("UserID", "jdoe", true),
            ("AppID", "Cisco Tomcat", true),
            ("ClusterID", "StandAloneCluster", true),
            ("NodeID", "cucm-sub1", true),
        ],
        text: "This user attempted to login unsuccessfully the number of times set by the administrator. At that time the credential is locked.",
        truncated: false,
    },
    Line {
        line: "<188>105: cucm-sub1.example.test: Jan 15 2026 08:30:00.000 UTC : %UC_IMS-4-authAdminLock: %[lock=jdoe][AppID=Cisco Tomcat][ClusterID=StandAloneCluster][NodeID=cucm-sub1]: The Administrator has locked this credential, therfore the authentication failed.",
        pri: 188,
        sequence: 105,
        host: Some("cucm-sub1.example.test"),
        stamp: "Jan 15 2026 08:30:00.000 UTC",
        name: ("UC_IMS", 4, "authAdminLock"),
        tags: &[
            ("lock", "jdoe", true),
            ("AppID", "Cisco Tomcat", true),
            ("ClusterID", "StandAloneCluster", true),
            ("NodeID", "cucm-sub1", true),
        ],
        text: "The Administrator has locked this credential, therfore the authentication failed.",
        truncated: false,
    },
    Line {
        line: "<190>106: cucm-sub1.example.test: Jan 15 2026 08:52:00.450 UTC : %UC_IMS-6-authSuccess: %[UserID=jdoe][AppID=Cisco Tomcat][ClusterID=StandAloneCluster][NodeID=cucm-sub1]: User successfully authenticated.",
        pri: 190,
        sequence: 106,
        host: Some("cucm-sub1.example.test"),
        stamp: "Jan 15 2026 08:52:00.450 UTC",
        name: ("UC_IMS", 6, "authSuccess"),
        tags: &[
            ("UserID", "jdoe", true),
            ("AppID", "Cisco Tomcat", true),
            ("ClusterID", "StandAloneCluster", true),
            ("NodeID", "cucm-sub1", true),
        ],
        text: "User successfully authenticated.",
        truncated: false,
    },
    Line {
        line: "<188>7: cucm-pub.example.test: Jan 15 2026 09:00:00.001 UTC : %UC_LOGIN-4-AuthenticationFailed: %[LoginFrom=192.0.2.15][TimeStamp=Thu Jan 15 09:00:00 UTC 2026][UserID=ccmadmin][Interface=Cisco CallManager Administration][AppID=Cisco Tomcat][ClusterID=][NodeID=cucm-pub]: Login Authentication failed.",
        pri: 188,
        sequence: 7,
        host: Some("cucm-pub.example.test"),
        stamp: "Jan 15 2026 09:00:00.001 UTC",
        name: ("UC_LOGIN", 4, "AuthenticationFailed"),
        tags: &[
            ("LoginFrom", "192.0.2.15", true),
            ("TimeStamp", "Thu Jan 15 09:00:00 UTC 2026", true),
            ("UserID", "ccmadmin", true),
            ("Interface", "Cisco CallManager Administration", true),
            ("AppID", "Cisco Tomcat", true),
            ("ClusterID", "", true),
            ("NodeID", "cucm-pub", true),
        ],
        text: "Login Authentication failed.",
        truncated: false,
    },
    Line {
        line: "<188>7: Jan 15 2026 09:00:00 AM.1 UTC :  %UC_LOGIN-4-AuthenticationFailed: %[Login IP Address/Hostname=192.0.2.15][Login Date/Time=01/15/26 9:00 AM][Login UserID=ccmadmin][Login Interface=VMREST][App ID=Cisco Tomcat][Cluster ID=][Node ID=cucm-pub]: Login Authentication failed.",
        pri: 188,
        sequence: 7,
        host: None,
        stamp: "Jan 15 2026 09:00:00 AM.1 UTC",
        name: ("UC_LOGIN", 4, "AuthenticationFailed"),
        tags: &[
            ("Login IP Address/Hostname", "192.0.2.15", true),
            ("Login Date/Time", "01/15/26 9:00 AM", true),
            ("Login UserID", "ccmadmin", true),
            ("Login Interface", "VMREST", true),
            ("App ID", "Cisco Tomcat", true),
            ("Cluster ID", "", true),
            ("Node ID", "cucm-pub", true),
        ],
        text: "Login Authentication failed.",
        truncated: false,
    },
    Line {
        line: "<188>8: Jan 15 09:00:00.001 UTC : %CCM_TOMCAT_APPS-LOGIN-4-AuthenticationFailed: Login Authentication failed. Login IP Address/Hostname:192.0.2.15 Login Date/Time:01/15/09 9:00 AM Login UserID:ccmadmin Login Interface:CCMAdmin App ID:Cisco Tomcat Cluster ID: Node ID:cucm-pub",
        pri: 188,
        sequence: 8,
        host: None,
        stamp: "Jan 15 09:00:00.001 UTC",
        name: ("CCM_TOMCAT_APPS-LOGIN", 4, "AuthenticationFailed"),
        tags: &[],
        text: "Login Authentication failed. Login IP Address/Hostname:192.0.2.15 Login Date/Time:01/15/09 9:00 AM Login UserID:ccmadmin Login Interface:CCMAdmin App ID:Cisco Tomcat Cluster ID: Node ID:cucm-pub",
        truncated: false,
    },
    Line {
        line: "<188>9: cucm-pub.example.test: Jan 15 2026 09:05:00.250 UTC : %UC_LOGIN-4-PlatformAdminAccountLocked: %[UserID=osadmin][UnlockTime=300][FailedLoginCount=3][AppID=Cisco Tomcat][ClusterID=][NodeID=cucm-pub]: A user attempted too many incorrect authentications and the corresponding account was locked by the platform.",
        pri: 188,
        sequence: 9,
        host: Some("cucm-pub.example.test"),
        stamp: "Jan 15 2026 09:05:00.250 UTC",
        name: ("UC_LOGIN", 4, "PlatformAdminAccountLocked"),
        tags: &[
            ("UserID", "osadmin", true),
            ("UnlockTime", "300", true),
            ("FailedLoginCount", "3", true),
            ("AppID", "Cisco Tomcat", true),
            ("ClusterID", "", true),
            ("NodeID", "cucm-pub", true),
        ],
        text: "A user attempted too many incorrect authentications and the corresponding account was locked by the platform.",
        truncated: false,
    },
    Line {
        line: "<189>8104: Jan 15 2026 09:10:00 AM.484 UTC :  %UC_AUDITLOG-5-AdministrativeEvent: %[ UserID =ccmadmin][ ClientAddress =192.0.2.15][ Severity =5][ EventType =UserLogging][ ResourceAccessed=CUCMAdmin][ EventStatus =Failure][ CompulsoryEvent =No][ AuditCategory =AdministrativeEvent][ ComponentID =Cisco CUCM Administration][ AuditDetails =Failed to Log into Cisco CCM Webpages][App ID=Cisco Tomcat][Cluster ID=][Node ID=CUCM11PUB]: Audit Event is generated by this application",
        pri: 189,
        sequence: 8104,
        host: None,
        stamp: "Jan 15 2026 09:10:00 AM.484 UTC",
        name: ("UC_AUDITLOG", 5, "AdministrativeEvent"),
        tags: &[
            ("UserID", "ccmadmin", true),
            ("ClientAddress", "192.0.2.15", true),
            ("Severity", "5", true),
            ("EventType", "UserLogging", true),
            ("ResourceAccessed", "CUCMAdmin", true),
            ("EventStatus", "Failure", true),
            ("CompulsoryEvent", "No", true),
            ("AuditCategory", "AdministrativeEvent", true),
            ("ComponentID", "Cisco CUCM Administration", true),
            ("AuditDetails", "Failed to Log into Cisco CCM Webpages", true),
            ("App ID", "Cisco Tomcat", true),
            ("Cluster ID", "", true),
            ("Node ID", "CUCM11PUB", true),
        ],
        text: "Audit Event is generated by this application",
        truncated: false,
    },
    Line {
        line: "<189>8105: Jan 15 2026 09:10:30 AM.484 UTC :  %UC_AUDITLOG-5-AdministrativeEvent: %[ UserID =jdoe][ ClientAddress =192.0.2.16][ Severity =5][ EventType =UserLogging][ ResourceAccessed=IMP][ EventStatus =Failure][ CompulsoryEvent =No][ AuditCategory =AdministrativeEvent][ ComponentID =Cisco IM and Presence][ AuditDetails =Login Authentication Failed][App ID=Cisco Tomcat][Cluster ID=][Node ID=IMPPUB]: Audit Event is generated by this application",
        pri: 189,
        sequence: 8105,
        host: None,
        stamp: "Jan 15 2026 09:10:30 AM.484 UTC",
        name: ("UC_AUDITLOG", 5, "AdministrativeEvent"),
        tags: &[
            ("UserID", "jdoe", true),
            ("ClientAddress", "192.0.2.16", true),
            ("Severity", "5", true),
            ("EventType", "UserLogging", true),
            ("ResourceAccessed", "IMP", true),
            ("EventStatus", "Failure", true),
            ("CompulsoryEvent", "No", true),
            ("AuditCategory", "AdministrativeEvent", true),
            ("ComponentID", "Cisco IM and Presence", true),
            ("AuditDetails", "Login Authentication Failed", true),
            ("App ID", "Cisco Tomcat", true),
            ("Cluster ID", "", true),
            ("Node ID", "IMPPUB", true),
        ],
        text: "Audit Event is generated by this application",
        truncated: false,
    },
    Line {
        line: "<187>229251: Jan 15 2026 09:12:57.1 UTC :  %UC_CTI-3-CtiProviderOpenFailure: %[CTIconnectionId=232239][ Login User Id=ctiapp][Reason code.=-1932787425][UNKNOWN_PARAMNAME:IPAddress=192.0.2.73][UNKNOWN_PARAMNAME:IPv6Address=][App ID=Cisco CTIManager][Cluster ID=StandAloneCluster][Node ID=cucm-sub1]: CTI application failed to open provider; application startup failed",
        pri: 187,
        sequence: 229_251,
        host: None,
        stamp: "Jan 15 2026 09:12:57.1 UTC",
        name: ("UC_CTI", 3, "CtiProviderOpenFailure"),
        tags: &[
            ("CTIconnectionId", "232239", true),
            ("Login User Id", "ctiapp", true),
            ("Reason code.", "-1932787425", true),
            ("IPAddress", "192.0.2.73", true),
            ("IPv6Address", "", true),
            ("App ID", "Cisco CTIManager", true),
            ("Cluster ID", "StandAloneCluster", true),
            ("Node ID", "cucm-sub1", true),
        ],
        text: "CTI application failed to open provider; application startup failed",
        truncated: false,
    },
    Line {
        line: "<188>55: cucm-sub1.example.test: Jan 15 2026 09:20:00.300 UTC : %UC_EXTENSIONMOBILITY-4-UserInputFailure: %[DeviceName=SEP001122334455][TimeStamp=Thu Jan 15 09:20:00 UTC 2026][UserID=jdoe][Reason=2][AppID=Cisco Extension Mobility][ClusterID=StandAloneCluster][NodeID=cucm-sub1]: EMCC Login failure due to invalid user input",
        pri: 188,
        sequence: 55,
        host: Some("cucm-sub1.example.test"),
        stamp: "Jan 15 2026 09:20:00.300 UTC",
        name: ("UC_EXTENSIONMOBILITY", 4, "UserInputFailure"),
        tags: &[
            ("DeviceName", "SEP001122334455", true),
            ("TimeStamp", "Thu Jan 15 09:20:00 UTC 2026", true),
            ("UserID", "jdoe", true),
            ("Reason", "2", true),
            ("AppID", "Cisco Extension Mobility", true),
            ("ClusterID", "StandAloneCluster", true),
            ("NodeID", "cucm-sub1", true),
        ],
        text: "EMCC Login failure due to invalid user input",
        truncated: false,
    },
    Line {
        line: "<188>103: cucm-sub1.example.test: Jan 15 2026 08:21:05.090 UTC : %UC_IMS-4-authHackLock: %[UserID=jd",
        pri: 188,
        sequence: 103,
        host: Some("cucm-sub1.example.test"),
        stamp: "Jan 15 2026 08:21:05.090 UTC",
        name: ("UC_IMS", 4, "authHackLock"),
        tags: &[("UserID", "jd", false)],
        text: "",
        truncated: true,
    },
];
