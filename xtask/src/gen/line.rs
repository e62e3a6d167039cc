//! What goes over the wire: an alarm as CUCM's syslog line, and as `clogMessageGenerated`.

use lockwarden::units::Wall;
use lockwarden::wire::snmp::{CLOG_MESSAGE_GENERATED, Kind, Oid, OutValue, OutVarbind, encode};

use super::cucm::source;
use super::day::{Attempt, Way};
use super::site::{CLUSTER, DOMAIN, NODES};
use super::wall;
use crate::bench::messages::stamp;

/// An alarm, on its way from one node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Telling {
    /// When it arrives, and the time that it carries: milliseconds after the beginning of the first day.
    pub(super) at: i64,
    pub(super) stamp: i64,
    pub(super) node: usize,
    pub(super) alarm: Alarm,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Alarm {
    AuthFail(Attempt),
    HackLock(Attempt),
    AuthSuccess(Attempt),
    LoginFailed(Attempt),
    LoginSucceeded(Attempt),
    /// The audit log; whether it succeeded.
    Audit(Attempt, bool),
    /// An application could not open CTI; whether its account is locked.
    ProviderOpenFailure(Attempt, bool),
    /// The help desk, or the user himself, gave a new PIN or password.
    CredentialUpdated(Attempt),
    /// RTMT's own alert, with the failures that it collected.
    Rtmt(Vec<Attempt>),
}

/// Facility, severity, name and the rest of an alarm.
struct Parts {
    facility: &'static str,
    severity: u8,
    name: &'static str,
    text: String,
}

impl Telling {
    /// The syslog line with this sequence number.
    pub(super) fn line(&self, number: u64) -> String {
        let Parts { facility, severity, name, text } = self.parts();
        let priority = 23 * 8 + severity;
        let time = stamp(wall(self.stamp));
        let node = self.node();
        if matches!(self.alarm, Alarm::Audit(..)) {
            // The audit log has no host before its time, and its own way to write it.
            let time = twelve_hours(&time);
            return format!("<{priority}>{number}: {time} UTC :  %{facility}-{severity}-{name}: %{text}");
        }
        format!("<{priority}>{number}: {node}.{DOMAIN}: {time} UTC : %{facility}-{severity}-{name}: %{text}")
    }

    /// The same by SNMP, if CUCM's default level lets it through: warnings.
    pub(super) fn trap(&self, number: u32) -> Option<Vec<u8>> {
        let Parts { facility, severity, name, text } = self.parts();
        if severity > 4 || matches!(self.alarm, Alarm::Rtmt(_)) {
            return None;
        }
        // CISCO-SYSLOG-MIB: text that is longer than 255 octets is cut to 254 and ends in a star.
        let text = format!("%{text}");
        let text = if text.len() > 255 { format!("{}*", text.get(..254).unwrap_or(&text)) } else { text };
        let column = |n: u32| Oid::known(&[1, 3, 6, 1, 4, 1, 9, 9, 41, 1, 2, 3, 1]).child(&[n, 1 + number]);
        let values: [(u32, OutValue<'_>); 5] = [
            (2, facility.into()),
            (3, OutValue::Integer(i32::from(severity) + 1)),
            (4, name.into()),
            (5, OutValue::OctetString(text.into_bytes().into())),
            (6, OutValue::TimeTicks(self.uptime())),
        ];
        let varbinds: Vec<OutVarbind<'_>> =
            values.into_iter().filter_map(|(n, value)| Some(OutVarbind::new(column(n).ok()?, value))).collect();
        let request = number.cast_signed();
        Some(encode::v2c(Kind::Trap, b"public", request, self.uptime(), &CLOG_MESSAGE_GENERATED, &varbinds))
    }

    /// Hundredths of a second; the agents started with the first day.
    fn uptime(&self) -> u32 {
        u32::try_from(self.stamp / 10 % i64::from(u32::MAX)).unwrap_or_default()
    }

    fn node(&self) -> &'static str {
        NODES.get(self.node).copied().unwrap_or_default()
    }

    fn parts(&self) -> Parts {
        let node = self.node();
        // The IMS alarms name the cluster, the others leave it empty.
        let ims = format!("[AppID=Cisco Tomcat][ClusterID={CLUSTER}][NodeID={node}]");
        let other = format!("[AppID=Cisco Tomcat][ClusterID=][NodeID={node}]");
        match &self.alarm {
            Alarm::AuthFail(attempt) => Parts {
                facility: "UC_IMS",
                severity: 4,
                name: "authFail",
                text: format!(
                    "[UserID={}][Message=Credential failure]{ims}: An attempt to authenticate this user with the given credentials failed.",
                    attempt.who.name()
                ),
            },
            Alarm::HackLock(attempt) => Parts {
                facility: "UC_IMS",
                severity: 4,
                name: "authHackLock",
                text: format!(
                    "[UserID={}]{ims}: This user attempted to login unsuccessfully the number of times set by the administrator. At that \
                     time the credential is locked.",
                    attempt.who.name()
                ),
            },
            Alarm::AuthSuccess(attempt) => Parts {
                facility: "UC_IMS",
                severity: 6,
                name: "authSuccess",
                text: format!("[UserID={}]{ims}: User successfully authenticated.", attempt.who.name()),
            },
            Alarm::LoginFailed(attempt) => Parts {
                facility: "UC_LOGIN",
                severity: 4,
                name: "AuthenticationFailed",
                text: format!("{}{other}: Login Authentication failed.", login(attempt, wall(self.stamp))),
            },
            Alarm::LoginSucceeded(attempt) => Parts {
                facility: "UC_LOGIN",
                severity: 6,
                name: "AuthenticationSucceeded",
                text: format!("{}{other}: Login Authentication succeeded.", login(attempt, wall(self.stamp))),
            },
            Alarm::Audit(attempt, succeeded) => Parts {
                facility: "UC_AUDITLOG",
                severity: 5,
                name: "AdministrativeEvent",
                text: audit(attempt, *succeeded, node),
            },
            Alarm::ProviderOpenFailure(attempt, is_locked) => {
                let reason: u32 = if *is_locked { 0x8CCC_011F } else { 0x8CCC_0060 };
                let text = format!(
                    "[CTIconnectionId={}][ Login User Id={}][Reason code.={}][UNKNOWN_PARAMNAME:IPAddress={}]\
                     [UNKNOWN_PARAMNAME:IPv6Address=][App ID=Cisco CTIManager][Cluster ID={CLUSTER}][Node ID={node}]: CTI application \
                     failed to open provider; application startup failed",
                    self.stamp / 1_000 % 1_000_000,
                    attempt.who.name(),
                    reason.cast_signed(),
                    source(attempt)
                );
                Parts { facility: "UC_CTI", severity: 3, name: "CtiProviderOpenFailure", text }
            }
            Alarm::CredentialUpdated(attempt) => Parts {
                facility: "UC_IMS",
                severity: 6,
                name: "credUpdateSuccess",
                text: format!("[UserID={}]{ims}: Credential was successfully updated.", attempt.who.name()),
            },
            Alarm::Rtmt(events) => Parts {
                facility: "UC_RTMT",
                severity: 2,
                name: "RTMT_ALERT",
                text: rtmt(events, wall(self.stamp), node),
            },
        }
    }
}

fn interface(way: Way) -> &'static str {
    match way {
        Way::Administration => "Cisco CallManager Administration",
        Way::Axl => "VMREST",
        Way::Browser | Way::Phone | Way::Client | Way::Cti => "Cisco Unified Communications Self Care Portal",
    }
}

fn login(attempt: &Attempt, at: Wall) -> String {
    let (from, who) = (source(attempt), attempt.who.name());
    format!("[LoginFrom={from}][TimeStamp={}][UserID={who}][Interface={}]", long_date(at), interface(attempt.way))
}

fn audit(attempt: &Attempt, succeeded: bool, node: &str) -> String {
    let (resource, component) = match attempt.way {
        Way::Administration => ("CUCMAdmin", "Cisco CUCM Administration"),
        Way::Client => ("IMP", "Cisco IM and Presence"),
        Way::Browser | Way::Phone | Way::Cti | Way::Axl => ("CUCMUser", "Cisco CUCM Self Care"),
    };
    let (status, details) = if succeeded {
        ("Success", "Login Authentication Successful")
    } else {
        ("Failure", "Login Authentication Failed")
    };
    let (who, from) = (attempt.who.name(), source(attempt));
    format!(
        "[ UserID ={who}][ ClientAddress ={from}][ Severity =5][ EventType =UserLogging][ ResourceAccessed={resource}]\
         [ EventStatus ={status}][ CompulsoryEvent =No][ AuditCategory =AdministrativeEvent][ ComponentID ={component}]\
         [ AuditDetails ={details}][App ID=Cisco Tomcat][Cluster ID=][Node ID={node}]: Audit Event is generated by this application"
    )
}

fn rtmt(events: &[Attempt], at: Wall, node: &str) -> String {
    let event = |attempt: &Attempt| {
        format!(
            "#012TimeStamp : {}#012LoginFrom : {}#012Interface : {}#012UserID : {}#012AppID : Cisco Tomcat#012ClusterID : #012NodeID : {}",
            short_date(wall(attempt.at)),
            source(attempt),
            interface(attempt.way),
            attempt.who.name(),
            NODES.get(attempt.who.node()).unwrap_or(&"")
        )
    };
    format!(
        "[AlertName=AuthenticationFailed][AlertDetail= Number of AuthenticationFailed events exceeds configured threshold during \
         configured interval of time 1 within 3 minutes on cluster {CLUSTER}. There are {} AuthenticationFailed events (up to 30) \
         received during the monitoring interval: {}#012 TimeStamp : {}][AppID=Cisco AMC Service][ClusterID=][NodeID={node}]: RTMT Alert",
        events.len(),
        events.iter().map(event).collect::<String>(),
        long_date(at)
    )
}

/// `Jan 15 2026 09:10:00.484` as `Jan 15 2026 09:10:00 AM.484`.
fn twelve_hours(time: &str) -> String {
    let part = |range: std::ops::Range<usize>| time.get(range).unwrap_or_default();
    let hour: u32 = part(12..14).parse().unwrap_or_default();
    let (shown, half) = (if hour.is_multiple_of(12) { 12 } else { hour % 12 }, if hour < 12 { "AM" } else { "PM" });
    format!("{}{shown:02}{} {half}{}", part(0..12), part(14..20), part(20..24))
}

/// `Thu Jan 15 09:00:00 UTC 2026`.
fn long_date(at: Wall) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    let time = stamp(at);
    let part = |range: std::ops::Range<usize>| time.get(range).unwrap_or_default();
    let day =
        usize::try_from(at.as_millis().div_euclid(86_400_000) % 7).ok().and_then(|n| DAYS.get(n)).unwrap_or(&"Thu");
    format!("{day} {} {} UTC {}", part(0..6), part(12..20), part(7..11))
}

/// `1/15/26 9:00 AM`.
fn short_date(at: Wall) -> String {
    let (text, time) = (at.to_string(), twelve_hours(&stamp(at)));
    let number =
        |range: std::ops::Range<usize>| text.get(range).and_then(|n| n.parse::<u32>().ok()).unwrap_or_default();
    let hour = time.get(12..14).and_then(|n| n.parse::<u32>().ok()).unwrap_or_default();
    let half = time.get(21..23).unwrap_or_default();
    format!("{}/{}/{} {hour}:{:02} {half}", number(5..7), number(8..10), number(2..4), number(14..16))
}

#[cfg(test)]
mod tests {
    use super::super::day::What;
    use super::super::site::Who;
    use super::*;

    #[test]
    fn dates_are_written_in_all_of_ciscos_ways() {
        let at = Wall::from_millis(1_768_465_265_090);
        assert_eq!(long_date(at), "Thu Jan 15 08:21:05 UTC 2026");
        assert_eq!(short_date(at), "1/15/26 8:21 AM");
        assert_eq!(twelve_hours("Jan 15 2026 16:03:01.688"), "Jan 15 2026 04:03:01 PM.688");
    }

    #[test]
    fn an_alarm_is_a_line_of_cucm() {
        let (who, way, what) = (Who::Person(7), Way::Browser, What::Wrong);
        let attempt = Attempt { at: 0, who, way, from: 0x0A10_0007, what };
        let line = Telling { at: 5, stamp: 0, node: 1, alarm: Alarm::LoginFailed(attempt) }.line(7);
        assert_eq!(
            line,
            "<188>7: cucm-sub1.example.test: Jan 05 2026 00:00:00.000 UTC : %UC_LOGIN-4-AuthenticationFailed: %[LoginFrom=10.16.0.7]\
             [TimeStamp=Mon Jan 05 00:00:00 UTC 2026][UserID=akowalski00][Interface=Cisco Unified Communications Self Care Portal]\
             [AppID=Cisco Tomcat][ClusterID=][NodeID=cucm-sub1]: Login Authentication failed."
        );
    }
}
