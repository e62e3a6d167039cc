//! What RTMT alerts carry in their detail: whole messages of other nodes, and lists of failed sign-ins.

use super::fields::{Field, Fields};
use super::tags::TagValue;
use crate::wire::stamp::Stamp;
use crate::wire::syslog::scan::Scan;

/// One failed sign-in of an `AuthenticationFailed` alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RtmtFailure<'a> {
    /// When; its zone is often not written.
    pub stamp: Option<Stamp>,
    /// From which address or host; empty if not said.
    pub login_from: &'a str,
    /// Through which application; empty if not said.
    pub interface: &'a str,
    /// The account as typed.
    pub user: TagValue<'a>,
}

/// The messages of other nodes in an alert's detail: each the text behind `MatchedEvent :`, up to the line end before the next of
/// RTMT's own fields. [`syslog::decode`](crate::wire::syslog::decode) reads it.
pub fn nested_lines(detail: &str) -> impl Iterator<Item = &str> {
    let mut rest = detail;
    core::iter::from_fn(move || {
        loop {
            let (_, after) = rest.split_once(MATCHED)?;
            rest = after;
            let mut scan = Scan::new(after);
            scan.blanks();
            if !scan.eat(b':') {
                continue;
            }
            let (line, after) = line(scan.rest());
            rest = after;
            if !line.is_empty() {
                return Some(line);
            }
        }
    })
}

const MATCHED: &str = "MatchedEvent";

/// The text before the line end that one of RTMT's fields follows, and the text behind that line end.
fn line(text: &str) -> (&str, &str) {
    text.match_indices(['#', '\n'])
        .filter_map(|(at, mark)| {
            let (line, after) = text.split_at_checked(at)?;
            Some((line, after.strip_prefix(if mark == "#" { "#012" } else { mark })?))
        })
        .find(|(_, after)| FIELDS.iter().any(|field| begins_with_key(after, field)))
        .map_or((text.trim_ascii(), ""), |(line, after)| (line.trim_ascii(), after))
}

fn begins_with_key(text: &str, key: &str) -> bool {
    let mut scan = Scan::new(text);
    scan.blanks();
    scan.eat_word(key) && {
        scan.blanks();
        scan.peek().is_none_or(|b| b == b':')
    }
}

const FIELDS: [&str; 10] = [
    "AppID",
    "App ID",
    "ClusterID",
    "Cluster ID",
    "NodeID",
    "Node ID",
    "TimeStamp",
    "SeverityMatch",
    "StringMatch",
    MATCHED,
];

/// The `TimeStamp`, `LoginFrom`, `Interface`, `UserID` blocks of an `AuthenticationFailed` detail.
///
/// A block begins at each `TimeStamp`. Within it the first value of a key wins, and one without a user is left out: a user name
/// that was typed as `x UserID : jdoe` makes no failure of jdoe. Where the text says how many events there are, no more blocks
/// than that are read.
pub fn authentication_failures<'a>(detail: TagValue<'a>) -> impl Iterator<Item = RtmtFailure<'a>> {
    let fields = Fields { text: detail.raw, at: 0, keys: &BLOCK, wanted: None, cut: !detail.complete };
    Blocks { fields, next: None }.take(stated_events(detail.raw))
}

const BLOCK: [&str; 7] = ["TimeStamp", "LoginFrom", "Interface", "UserID", "AppID", "ClusterID", "NodeID"];

/// `There are 2 AuthenticationFailed events (up to 30)`.
fn stated_events(text: &str) -> usize {
    let stated = text.split_once("There are ").and_then(|(_, after)| Scan::new(after).number(6));
    stated.unwrap_or(usize::MAX)
}

struct Blocks<'a, 'k> {
    fields: Fields<'a, 'k, &'static str>,
    /// The `TimeStamp` that ended the block before.
    next: Option<TagValue<'a>>,
}

impl<'a> Iterator for Blocks<'a, '_> {
    type Item = RtmtFailure<'a>;

    fn next(&mut self) -> Option<RtmtFailure<'a>> {
        loop {
            let begin = match self.next.take() {
                Some(begin) => begin,
                None => self.fields.find(is_time)?.value,
            };
            if let Some(failure) = self.block(begin) {
                return Some(failure);
            }
        }
    }
}

impl<'a> Blocks<'a, '_> {
    fn block(&mut self, begin: TagValue<'a>) -> Option<RtmtFailure<'a>> {
        let (mut login_from, mut interface, mut user) = (None, None, None);
        for field in self.fields.by_ref() {
            if is_time(&field) {
                self.next = Some(field.value);
                break;
            }
            let slot = match field.key {
                key if key.eq_ignore_ascii_case("LoginFrom") => &mut login_from,
                key if key.eq_ignore_ascii_case("Interface") => &mut interface,
                key if key.eq_ignore_ascii_case("UserID") => &mut user,
                _ => continue,
            };
            slot.get_or_insert(field.value);
        }
        let text = |value: Option<TagValue<'a>>| value.map_or("", |value| value.raw);
        Some(RtmtFailure {
            stamp: Stamp::parse(begin.raw),
            login_from: text(login_from),
            interface: text(interface),
            user: user?,
        })
    }
}

fn is_time(field: &Field<'_>) -> bool {
    field.key.eq_ignore_ascii_case("TimeStamp")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(detail: &str) -> Option<&str> {
        nested_lines(detail).next()
    }

    const INNER: &str = "Jan 15 09:03:59 cucm-sub1 local7 4 : 103: Jan 15 2026 09:03:59.090 UTC : %UC_IMS-4-authFail: %[UserID=jdoe]: x.";

    fn failures(raw: &str, complete: bool) -> Vec<(Option<Stamp>, &str, &str, &str, bool)> {
        authentication_failures(TagValue { raw, complete })
            .map(|failure| {
                (failure.stamp, failure.login_from, failure.interface, failure.user.raw, failure.user.complete)
            })
            .collect()
    }

    #[test]
    fn a_nested_message_ends_before_the_alerts_own_fields() {
        for end in ["#012AppID : Cisco Syslog Agent#012NodeID : n", "#012 ClusterID : ", "\nNode ID : n", ""] {
            let detail = format!(" At Thu, the following: #012StringMatch : ims-auth#012MatchedEvent : {INNER}{end}");
            assert_eq!(nested(&detail), Some(INNER), "{end}");
        }
        let two = format!("MatchedEvent : {INNER}#012AppID : a#012#012MatchedEvent : second#012AppID : b");
        assert_eq!(nested_lines(&two).collect::<Vec<_>>(), [INNER, "second"]);
        assert_eq!(nested("SeverityMatch - Critical ntpRunningStatus.sh: NTP server is inactive"), None);
    }

    #[test]
    fn each_block_of_an_authentication_alert_is_a_failure() {
        let detail = "There are 2 AuthenticationFailed events (up to 30) received: #012TimeStamp : 1/15/26 9:00 AM#012LoginFrom : \
                      192.0.2.15#012Interface : VMREST#012UserID : ccmadmin#012AppID : Cisco Tomcat#012ClusterID : #012NodeID : \
                      cucm-pub#012TimeStamp : 1/15/26 9:01 AM#012LoginFrom : host1#012Interface : VMREST#012UserID : jdoe#012AppID : \
                      x#012 TimeStamp : Thu Jan 15 09:00:00 UTC 2026";
        let expected = [
            (Stamp::parse("1/15/26 9:00 AM"), "192.0.2.15", "VMREST", "ccmadmin", true),
            (Stamp::parse("1/15/26 9:01 AM"), "host1", "VMREST", "jdoe", true),
        ];
        assert_eq!(failures(detail, true), expected);
        assert_eq!(failures(&detail.replace("#012", " "), true), expected);
    }

    #[test]
    fn a_typed_name_makes_no_failure_of_another_account_and_a_cut_one_is_not_complete() {
        let block = "There are 1 events#012TimeStamp : 1/15/26 9:00 AM#012LoginFrom : a#012Interface : b#012UserID : ";
        let at = Stamp::parse("1/15/26 9:00 AM");
        assert_eq!(failures(&format!("{block}eve UserID : jdoe#012AppID : x"), true), [(at, "a", "b", "eve", true)]);
        let forged = format!("{block}eve#012TimeStamp : 1/15/26 9:00 AM#012UserID : jdoe#012AppID : x");
        assert_eq!(failures(&forged, true), [(at, "a", "b", "eve", true)]);
        assert_eq!(failures(&format!("{block}jd"), false), [(at, "a", "b", "jd", false)]);
    }
}
