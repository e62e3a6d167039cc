//! The CiscoLog message: `%FAC-n-NAME: %[key=value][key=value]: text`, as CUCM writes it (and IOS, without tags).
//!
//! Old CUCM releases have no brackets but `Key:value Key:value` in the text: see [`colon_value`]. RTMT alerts carry other
//! messages inside: see [`nested_lines`] and [`authentication_failures`]. Lengths of names are bounded, contents are not checked:
//! CUCM breaks the specification's alphabet (`authFail`, `RTMT-ERROR-ALERT`, `UC_Location Bandwidth Manager`).

#[cfg(test)]
mod cucm_lines_tests;
mod fields;
mod rtmt;
mod tags;

pub use fields::colon_value;
pub use rtmt::{RtmtFailure, authentication_failures, nested_lines};
pub(crate) use tags::same_key;
pub use tags::{Part, TagIter, TagValue, Tags};

use crate::wire::syslog::scan::Scan;

/// One message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CiscoLog<'a> {
    /// The application, with its sub-facility: `UC_IMS`, `CCM_TOMCAT_APPS-LOGIN`. At most 80 bytes; may hold blanks.
    pub facility: &'a str,
    /// 0 to 7. Never a part of the alarm's identity: an unknown parameter changes it to 3.
    pub severity: u8,
    /// The alarm: `authHackLock`, `RTMT-ERROR-ALERT`. At most 80 bytes.
    pub mnemonic: &'a str,
    /// The bracketed parameters.
    pub tags: Tags<'a>,
    /// The explanation after the tags, or the whole text if there are none.
    pub text: &'a str,
    /// Whether the message is known to be cut: by the caller, or because it ends inside its name or tags.
    pub truncated: bool,
}

/// Reads the body of a [`Record`](crate::wire::syslog::Record) that begins with `%`; `None` if it is not a message of this form.
#[must_use]
pub fn parse(body: &str) -> Option<CiscoLog<'_>> {
    parse_cut(body, false)
}

/// As [`parse`]; with `cut`, the end is known to be missing, as in a `clogHistMsgText` of 255 bytes, and its final `*` is dropped.
#[must_use]
pub fn parse_cut(body: &str, cut: bool) -> Option<CiscoLog<'_>> {
    let head = Head::read(without_star(body, cut))?;
    let mut scan = Scan::new(head.rest);
    scan.blanks();
    let mut inside = scan;
    let tagged = inside.eat(b'%') && {
        inside.blanks();
        inside.peek() == Some(b'[')
    };
    let tags = if tagged { inside.rest() } else { "" };
    let message = CiscoLog::split(head.facility, head.severity, head.mnemonic, tags, scan.rest());
    Some(CiscoLog { truncated: message.truncated || cut || !head.ended, ..message })
}

/// Whether `text` begins with `%FAC-n-NAME:`, or is cut inside that name.
pub(crate) fn is_alarm(text: &str) -> bool {
    Head::read(text).is_some()
}

impl<'a> CiscoLog<'a> {
    /// A message whose name came apart from its text, as in `clogMessageGenerated`. The text is read as tags if it begins with
    /// `%[` or `[`; `cut` is as in [`parse_cut`].
    #[must_use]
    pub fn from_parts(facility: &'a str, severity: u8, mnemonic: &'a str, text: &'a str, cut: bool) -> Self {
        let text = without_star(text, cut).trim_ascii_start();
        let tags = text.strip_prefix('%').unwrap_or(text).trim_ascii_start();
        let tags = if tags.starts_with('[') { tags } else { "" };
        let message = Self::split(facility, severity, mnemonic, tags, text);
        Self { truncated: message.truncated || cut, ..message }
    }

    /// `tagged` is the text from the first bracket on, or empty; `text` stands for itself if there are no tags.
    fn split(facility: &'a str, severity: u8, mnemonic: &'a str, tagged: &'a str, text: &'a str) -> Self {
        let (tags, rest, closed) = Tags::read(tagged);
        if tags.is_empty() && closed {
            return Self { facility, severity, mnemonic, tags, text, truncated: false };
        }
        let rest = rest.trim_ascii_start();
        let truncated = !closed || rest.is_empty();
        let text = rest.strip_prefix(':').unwrap_or(rest).trim_ascii_start();
        Self { facility, severity, mnemonic, tags, text, truncated }
    }
}

struct Head<'a> {
    facility: &'a str,
    severity: u8,
    mnemonic: &'a str,
    /// Whether the colon behind the name was seen.
    ended: bool,
    rest: &'a str,
}

impl<'a> Head<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let mut scan = Scan::new(text);
        if !scan.eat(b'%') {
            return None;
        }
        scan.blanks();
        if !scan.peek()?.is_ascii_alphabetic() {
            return None;
        }
        let facility = scan.take(facility_len(scan.rest().as_bytes())?)?;
        let severity = scan.take(3)?.as_bytes().get(1)? - b'0';
        let mnemonic = scan.ascii(MAX_NAME, |b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
        scan.blanks();
        let ended = scan.eat(b':');
        let legal = !mnemonic.is_empty() && (ended || scan.is_empty());
        legal.then_some(Self { facility, severity, mnemonic, ended, rest: scan.rest() })
    }
}

const MAX_NAME: usize = 80;

/// The bytes before the first `-<0 to 7>-`. Both names can hold hyphens, only the severity stands between two.
fn facility_len(bytes: &[u8]) -> Option<usize> {
    for (n, next) in bytes.windows(3).take(MAX_NAME).enumerate() {
        match next {
            [b'-', b'0'..=b'7', b'-'] => return Some(n),
            [b'[' | b']' | b':' | b'%' | 0..=31 | 127, ..] => return None,
            _ => {}
        }
    }
    None
}

fn without_star(text: &str, cut: bool) -> &str {
    if cut { text.strip_suffix('*').unwrap_or(text) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Pairs<'a> = Vec<(&'a str, &'a str, bool)>;

    fn pairs<'a>(message: &CiscoLog<'a>) -> Pairs<'a> {
        message.tags.iter().map(|(key, value)| (key, value.raw, value.complete)).collect()
    }

    fn read(body: &str) -> (&str, u8, &str, Pairs<'_>, &str, bool) {
        let message = parse(body).expect("a message");
        (message.facility, message.severity, message.mnemonic, pairs(&message), message.text, message.truncated)
    }

    #[test]
    fn an_alarm_gives_its_names_tags_and_text() {
        assert_eq!(
            read(
                "%UC_IMS-4-authFail: %[UserID=jdoe][Message=Credential failure][ClusterID=][NodeID=cucm-sub1]: An attempt failed.."
            ),
            (
                "UC_IMS",
                4,
                "authFail",
                vec![
                    ("UserID", "jdoe", true),
                    ("Message", "Credential failure", true),
                    ("ClusterID", "", true),
                    ("NodeID", "cucm-sub1", true),
                ],
                "An attempt failed..",
                false,
            )
        );
    }

    #[test]
    fn real_senders_vary_blanks_names_and_marks() {
        assert_eq!(
            read(
                "%UC_CTI-3-CtiProviderOpenFailure: %[ Login User Id=ctiapp] [Reason code.=-1932787425]  \
                 [UNKNOWN_PARAMNAME:IPAddress=192.0.2.73]: x"
            ),
            (
                "UC_CTI",
                3,
                "CtiProviderOpenFailure",
                vec![
                    ("Login User Id", "ctiapp", true),
                    ("Reason code.", "-1932787425", true),
                    ("IPAddress", "192.0.2.73", true)
                ],
                "x",
                false,
            )
        );
        assert_eq!(
            read("% UC_Location Bandwidth Manager-4-LBMLinkOOS : %[RemoteIPAddress=192.0.2.1]: down"),
            (
                "UC_Location Bandwidth Manager",
                4,
                "LBMLinkOOS",
                vec![("RemoteIPAddress", "192.0.2.1", true)],
                "down",
                false
            )
        );
        assert_eq!(
            read("%CCM_RTMT-RTMT-2-RTMT-ERROR-ALERT: RTMT Alert Name:X Detail: y"),
            ("CCM_RTMT-RTMT", 2, "RTMT-ERROR-ALERT", vec![], "RTMT Alert Name:X Detail: y", false)
        );
        assert_eq!(
            read("%SYS-5-CONFIG_I: Configured from vty0 [192.0.2.9]"),
            ("SYS", 5, "CONFIG_I", vec![], "Configured from vty0 [192.0.2.9]", false)
        );
    }

    #[test]
    fn what_is_not_a_name_is_not_a_message() {
        for body in [
            "",
            "%",
            "%% text",
            "%ASA: text",
            "%UC_IMS-8-x: y",
            "%UC_IMS-4-: y",
            "%UC: IMS-4-x: y",
            "%UC_IMS-4-a b: y",
            "UC_IMS-4-x: y",
        ] {
            assert_eq!(parse(body), None, "{body}");
        }
    }

    #[test]
    fn a_cut_message_shows_where_it_was_cut() {
        assert_eq!(
            read("%UC_IMS-4-authHackLock: %[UserID=jd"),
            ("UC_IMS", 4, "authHackLock", vec![("UserID", "jd", false)], "", true)
        );
        assert_eq!(
            read("%UC_IMS-4-authHackLock: %[UserID=jdoe][App"),
            ("UC_IMS", 4, "authHackLock", vec![("UserID", "jdoe", true)], "", true)
        );
        assert_eq!(
            read("%UC_IMS-4-authHackLock: %[UserID=jdoe]"),
            ("UC_IMS", 4, "authHackLock", vec![("UserID", "jdoe", true)], "", true)
        );
        assert_eq!(read("%UC_IMS-4-authHa"), ("UC_IMS", 4, "authHa", vec![], "", true));
    }

    #[test]
    fn the_star_of_a_cut_trap_text_is_not_part_of_it() {
        let message = parse_cut("%UC_IMS-4-authFail: %[AppID=x][UserID=jd*", true).expect("a message");
        assert_eq!((pairs(&message), message.truncated), (vec![("AppID", "x", true), ("UserID", "jd", false)], true));
        let whole = parse_cut("%UC_IMS-4-authFail: %[UserID=jdoe]: An attem*", true).expect("a message");
        assert_eq!((pairs(&whole), whole.text, whole.truncated), (vec![("UserID", "jdoe", true)], "An attem", true));
    }

    #[test]
    fn a_name_and_a_text_that_came_apart_make_a_message() {
        for text in ["%[UserID=jdoe][NodeID=n]: Locked.", "[UserID=jdoe][NodeID=n]: Locked."] {
            let message = CiscoLog::from_parts("UC_IMS", 4, "authHackLock", text, false);
            assert_eq!(
                (pairs(&message), message.text),
                (vec![("UserID", "jdoe", true), ("NodeID", "n", true)], "Locked.")
            );
        }
        let old = CiscoLog::from_parts("CCM_TOMCAT_APPS", 4, "AuthenticationFailed", "Login UserID:jd*", true);
        assert_eq!((pairs(&old), old.text, old.truncated), (vec![], "Login UserID:jd", true));
    }
}
