//! What a CUCM node would send: for `send` and `demo`. Constructed after Cisco's documentation, since no captured IMS line is public.

use crate::units::{Text, Wall};
use crate::wire::snmp::{Kind, Oid, OutValue, OutVarbind, encode};

/// CISCO-SYSLOG-MIB cuts its text here and ends it with `*`.
const CLOG_TEXT: usize = 255;
const CLOG_NOTIFICATION: Oid = Oid::known(&[1, 3, 6, 1, 4, 1, 9, 9, 41, 2, 0, 1]);
/// The columns of clogHistoryEntry.
const CLOG_ENTRY: Oid = Oid::known(&[1, 3, 6, 1, 4, 1, 9, 9, 41, 1, 2, 3, 1]);

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// A wrong credential.
    Failure,
    /// A credential that locked.
    Lockout,
    /// The right credential. CUCM has no message for an unlock; a success is what shows it.
    Success,
}

/// One message of a node.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) what: What,
    pub(crate) account: String,
    pub(crate) cluster: String,
    pub(crate) node: String,
    /// Where the user came from. The IMS alarms cannot say it; with it a failure becomes a UC_LOGIN alarm.
    pub(crate) from: Option<String>,
    pub(crate) at: Wall,
    pub(crate) sequence: u64,
}

impl What {
    const fn name(self) -> (&'static str, u8, &'static str) {
        match self {
            Self::Failure => ("authFail", 4, "An attempt to authenticate this user with the given credentials failed."),
            Self::Lockout => ("authHackLock", 4, "This user attempted to login unsuccessfully too many times."),
            Self::Success => ("authSuccess", 6, "User successfully authenticated."),
        }
    }
}

impl Message {
    /// The alarm's name, for people.
    pub(crate) fn alarm(&self) -> String {
        let (facility, name, _, _) = self.parts();
        format!("{facility} {name} {}", self.account)
    }

    /// The remote syslog line, with PRI and header. The facility is local7, as CUCM's.
    pub(crate) fn syslog_line(&self) -> String {
        let (facility, name, severity, text) = self.parts();
        let pri = 23 * 8 + severity;
        let (sequence, node, body) = (self.sequence, escaped(&self.node), self.body(text));
        format!("<{pri}>{sequence}: {node}: {} : %{facility}-{severity}-{name}: {body}", self.stamp())
    }

    /// `clogMessageGenerated`, SNMPv2c.
    pub(crate) fn notification(&self, kind: Kind, community: &[u8]) -> Vec<u8> {
        let (facility, name, severity, text) = self.parts();
        // The time of the event in hundredths of a second, as sysUpTime; unique enough to tell two events apart.
        let ticks = u32::try_from(self.at.as_millis() / 10 % (1 << 31)).unwrap_or(0);
        let request_id = i32::try_from(self.sequence % (1 << 31)).unwrap_or(1);
        let index = u32::try_from(self.sequence % 2_147_483_647).unwrap_or(0) + 1;
        let column = |n: u32| CLOG_ENTRY.child(&[n, index]).unwrap_or(CLOG_ENTRY);
        let varbinds = [
            OutVarbind::new(column(2), facility),
            OutVarbind::new(column(3), OutValue::Integer(i32::from(severity) + 1)),
            OutVarbind::new(column(4), name),
            OutVarbind::new(column(5), cut(self.body(text))),
            OutVarbind::new(column(6), OutValue::TimeTicks(ticks)),
        ];
        encode::v2c(kind, community, request_id, ticks, &CLOG_NOTIFICATION, &varbinds)
    }

    fn parts(&self) -> (&'static str, &'static str, u8, &'static str) {
        let (name, severity, text) = self.what.name();
        if self.what == What::Failure && self.from.is_some() {
            return ("UC_LOGIN", "AuthenticationFailed", 4, "Login Authentication failed.");
        }
        ("UC_IMS", name, severity, text)
    }

    fn body(&self, text: &str) -> String {
        let (account, cluster, node) = (escaped(&self.account), escaped(&self.cluster), escaped(&self.node));
        let own = match (&self.from, self.what) {
            (Some(from), What::Failure) => {
                format!("[LoginFrom={}][UserID={account}][Interface=Cisco CallManager Administration]", escaped(from))
            }
            (_, What::Failure) => format!("[UserID={account}][Message=Credential failure]"),
            (_, What::Lockout | What::Success) => format!("[UserID={account}]"),
        };
        format!("%{own}[AppID=Cisco Tomcat][ClusterID={cluster}][NodeID={node}]: {text}")
    }

    /// `Jan 15 2026 08:21:01.114 UTC`.
    fn stamp(&self) -> String {
        const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        // 2026-01-15T08:21:01.114Z
        let text = self.at.to_string();
        let mut parts = text.split(['-', 'T', 'Z']);
        let mut part = || parts.next().unwrap_or_default();
        let (year, month, day, time) = (part(), part(), part(), part());
        let month = month.parse::<usize>().ok().and_then(|m| MONTHS.get(m.checked_sub(1)?)).unwrap_or(&"Jan");
        format!("{month} {day} {year} {time} UTC")
    }
}

/// A tag's value: brackets and backslashes escaped, control characters shown.
fn escaped(value: &str) -> String {
    let safe = Text::<256>::from_wire(value);
    let mut text = String::new();
    for c in safe.as_str().chars() {
        if matches!(c, '[' | ']' | '\\') {
            text.push('\\');
        }
        text.push(c);
    }
    text
}

fn cut(text: String) -> String {
    if text.len() < CLOG_TEXT {
        return text;
    }
    let mut end = CLOG_TEXT - 1;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}*", text.get(..end).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::snmp::{self, clog};
    use crate::wire::{ciscolog, syslog};

    fn message(what: What, account: &str) -> Message {
        Message {
            what,
            account: account.into(),
            cluster: "StandAloneCluster".into(),
            node: "cucm-sub1".into(),
            from: None,
            at: Wall::from_millis(1_768_465_261_114),
            sequence: 101,
        }
    }

    #[test]
    fn the_line_is_a_ciscolog_line() {
        assert_eq!(
            message(What::Failure, "jdoe").syslog_line(),
            "<188>101: cucm-sub1: Jan 15 2026 08:21:01.114 UTC : %UC_IMS-4-authFail: %[UserID=jdoe][Message=Credential failure]\
             [AppID=Cisco Tomcat][ClusterID=StandAloneCluster][NodeID=cucm-sub1]: An attempt to authenticate this user with the \
             given credentials failed."
        );
    }

    #[test]
    fn a_name_with_brackets_comes_back_as_it_was() {
        let line = message(What::Lockout, "eve][UserID=jdoe").syslog_line();
        let log = ciscolog::parse(syslog::decode(&line).body).unwrap();
        assert_eq!(log.tags.get("UserID").unwrap().unescaped(), "eve][UserID=jdoe");
    }

    #[test]
    fn the_notification_is_clog_message_generated_and_cut_as_the_mib_says() {
        let long = message(What::Failure, &"x".repeat(200)).notification(Kind::Trap, b"public");
        let Ok(snmp::Message::Notification(notification)) = snmp::decode(&long) else { panic!("no notification") };
        let clog = clog(&notification).unwrap();
        assert_eq!((clog.facility, clog.name, clog.severity), (&b"UC_IMS"[..], &b"authFail"[..], Some(4)));
        assert!(clog.text_cut && clog.text.len() == CLOG_TEXT);
    }
}
