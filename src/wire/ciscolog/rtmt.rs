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

/// The first message of another node in an alert's detail: the text behind `MatchedEvent :`, up to the line end before the next
/// of RTMT's own fields. [`syslog::decode`](crate::wire::syslog::decode) reads it.
#[must_use]
pub fn nested(detail: &str) -> Option<&str> {
    nested_lines(detail).next()
}

/// All messages of other nodes in an alert's detail; see [`nested`].
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
    let (before, after) = line_end(text, "#012").unwrap_or((text, ""));
    let (line, after) = line_end(before, "\n")
        .map_or((before, after), |(line, _)| (line, text.get(line.len() + 1..).unwrap_or_default()));
    (line.trim_ascii(), after)
}

fn line_end<'a>(text: &'a str, mark: &str) -> Option<(&'a str, &'a str)> {
    text.match_indices(mark)
        .filter_map(|(at, mark)| Some((text.get(..at)?, text.get(at + mark.len()..)?)))
        .find(|(_, after)| FIELDS.iter().any(|field| begins_with_key(after, field)))
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
