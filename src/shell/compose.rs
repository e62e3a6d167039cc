//! What a CUCM node would send: for `send` and `demo`. Constructed after Cisco's documentation, since no captured IMS line is public.

use jiff::Timestamp;

use crate::units::Wall;
use crate::wire::snmp::{Kind, Oid, OutValue, OutVarbind, encode};

/// The longest clogHistMsgText: of a longer one, CISCO-SYSLOG-MIB keeps one byte less and a `*`.
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

    /// The request-id of the notification, which the answer to an inform repeats.
    pub(crate) fn request_id(&self) -> i32 {
        i32::try_from(self.sequence % (1 << 31)).unwrap_or(1)
    }

    /// `clogMessageGenerated`, SNMPv2c.
    pub(crate) fn notification(&self, kind: Kind, community: &[u8]) -> Vec<u8> {
        let (facility, name, severity, text) = self.parts();
        // The time of the event in hundredths of a second, as sysUpTime: it alone tells two equal alarms apart.
        let ticks = u32::try_from(self.at.as_millis() / 10 % (1 << 31)).unwrap_or(0);
        let index = u32::try_from(self.sequence % 2_147_483_647).unwrap_or(0) + 1;
        let column = |n: u32| CLOG_ENTRY.child(&[n, index]).unwrap_or(CLOG_ENTRY);
        let varbinds = [
            OutVarbind::new(column(2), facility),
            OutVarbind::new(column(3), OutValue::Integer(i32::from(severity) + 1)),
            OutVarbind::new(column(4), name),
            OutVarbind::new(column(5), cut(self.body(text))),
            OutVarbind::new(column(6), OutValue::TimeTicks(ticks)),
        ];
        encode::v2c(kind, community, self.request_id(), ticks, &CLOG_NOTIFICATION, &varbinds)
    }

    /// What the notification says, for people: each column of clogHistoryEntry with its value.
    pub(crate) fn columns(&self) -> [(&'static str, String); 4] {
        let (facility, name, severity, text) = self.parts();
        [
            ("clogHistFacility", facility.into()),
            ("clogHistSeverity", (severity + 1).to_string()),
            ("clogHistMsgName", name.into()),
            ("clogHistMsgText", cut(self.body(text))),
        ]
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
            (Some(from), What::Failure) => format!(
                "[LoginFrom={}][TimeStamp={}][UserID={account}][Interface=Cisco CallManager Administration]",
                escaped(from),
                self.time_stamp()
            ),
            (_, What::Failure) => format!("[UserID={account}][Message=Credential failure]"),
            (_, What::Lockout | What::Success) => format!("[UserID={account}]"),
        };
        format!("%{own}[AppID=Cisco Tomcat][ClusterID={cluster}][NodeID={node}]: {text}")
    }

    /// `Thu Jan 15 08:21:01 UTC 2026`, as UC_LOGIN writes the time inside its alarms.
    fn time_stamp(&self) -> String {
        let time = Timestamp::from_millisecond(self.at.as_millis()).unwrap_or_default();
        time.strftime("%a %b %d %H:%M:%S UTC %Y").to_string()
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

/// A tag's value by CiscoLog's rules: brackets and backslashes escaped, a tab is a blank, other control characters are `?`.
fn escaped(value: &str) -> String {
    let mut text = String::new();
    for c in value.chars() {
        match c {
            '[' | ']' | '\\' => text.extend(['\\', c]),
            '\t' => text.push(' '),
            _ if c.is_control() => text.push('?'),
            _ => text.push(c),
        }
    }
    text
}

fn cut(text: String) -> String {
    if text.len() <= CLOG_TEXT {
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
    use crate::catalogue::Catalogue;
    use crate::engine::{Engine, Settings};
    use crate::path::{Doors, Path, Reply};
    use crate::units::{Mono, Now, Span};
    use crate::verdict::Verdict;
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
    fn a_failure_from_an_address_is_a_login_alarm() {
        let from = Some("192.0.2.15".into());
        assert_eq!(
            Message { from, ..message(What::Failure, "ccmadmin") }.syslog_line(),
            "<188>101: cucm-sub1: Jan 15 2026 08:21:01.114 UTC : %UC_LOGIN-4-AuthenticationFailed: %[LoginFrom=192.0.2.15]\
             [TimeStamp=Thu Jan 15 08:21:01 UTC 2026][UserID=ccmadmin][Interface=Cisco CallManager Administration]\
             [AppID=Cisco Tomcat][ClusterID=StandAloneCluster][NodeID=cucm-sub1]: Login Authentication failed."
        );
    }

    #[test]
    fn control_characters_become_what_ciscolog_makes_of_them() {
        assert_eq!(escaped("a\tb\nc\u{1b}[d\\山"), "a b?c?\\[d\\\\山");
    }

    #[test]
    fn the_notification_is_clog_message_generated_and_cut_as_the_mib_says() {
        let text = |name_length: usize| {
            let datagram = message(What::Failure, &"x".repeat(name_length)).notification(Kind::Trap, b"public");
            let Ok(snmp::Message::Notification(notification)) = snmp::decode(&datagram) else {
                panic!("no notification")
            };
            let clog = clog(&notification).unwrap();
            assert_eq!((clog.facility, clog.name, clog.severity), (&b"UC_IMS"[..], &b"authFail"[..], Some(4)));
            String::from_utf8(clog.text.to_vec()).unwrap()
        };
        let full = CLOG_TEXT - (text(1).len() - 1);
        assert_eq!((text(full).len(), text(full).ends_with("failed.")), (CLOG_TEXT, true));
        assert_eq!((text(full + 1).len(), text(full + 1).ends_with("faile*")), (CLOG_TEXT, true));
        assert_eq!((text(full + 2).len(), text(full + 2).ends_with("fail*")), (CLOG_TEXT, true));
    }

    /// The verdicts of these messages, each sent both ways by a node at its own time, 10 s after the one before.
    fn verdicts(messages: &[(What, Option<&str>)]) -> Vec<[Verdict; 2]> {
        let catalogue = Catalogue::shipped().unwrap();
        let engine = Engine::new(Settings::default(), catalogue.families(), (0, 0));
        let mut path = Path::new(engine, catalogue, Doors::open());
        let node = "192.0.2.10".parse().unwrap();
        let of = |(n, (what, from)): (u64, &(What, Option<&str>))| {
            let at = Wall::from_millis(1_768_465_261_114).plus(Span::secs(10 * n));
            let from = from.map(str::to_owned);
            let message = Message { from, at, sequence: n, ..message(*what, "jdoe") };
            let now = Now { mono: Mono::ZERO + Span::secs(10 * n), wall: at, synchronised: true };
            let by_syslog = path.syslog(message.syslog_line().as_bytes(), node, now);
            let (by_trap, answer) = path.snmp(&message.notification(Kind::Inform, b"public"), node, now);
            let response = answer.map(|answer| match answer {
                Reply::Answer(answer) => match snmp::decode(&answer) {
                    Ok(snmp::Message::Response(response)) => response.request_id,
                    other => panic!("{other:?}"),
                },
                Reply::Report(report) => panic!("{report:?}"),
            });
            assert_eq!(response, Some(message.request_id()));
            [by_syslog, by_trap]
        };
        (0..).zip(messages).map(of).collect()
    }

    #[test]
    fn each_message_has_its_verdict_and_its_copy_on_the_other_way_is_absorbed() {
        use Verdict::{Absorbed, Failure, Lockout, Success};
        let sent = [(What::Failure, None), (What::Success, None), (What::Lockout, None)];
        assert_eq!(verdicts(&sent), [[Failure, Absorbed], [Success, Success], [Lockout, Absorbed]]);
        assert_eq!(verdicts(&[(What::Failure, Some("192.0.2.15"))]), [[Failure, Absorbed]]);
    }
}
