//! The priority, the RFC 3164 header with its tag, and the header of CUCM's own log files.
//!
//! Reads RFC 3164, 4.1, with what is sent in its name: a year, a fraction, an RFC 3339 date (rsyslog), a colon after the date, no
//! host. CUCM's files write `Jan 15 08:21:05 cucm-sub1 local7 4 : …`, or only the seconds of the date: `31 cucm-sub1 local7 3 : …`.
//! AIX passes on with `Message forwarded from aix1: …` behind the date, syslog-ng with `web1/relay1` for the host: the host is
//! where the message began.

use super::scan::Scan;
use super::{Form, Pri, Record};
use crate::wire::stamp;

/// What has to follow the colon after a tag.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum AfterColon {
    /// A tag was expected here.
    Anything,
    /// It may be a tag, or the key of `Key:value`.
    Blank,
}

/// RFC 3164, 4.1.3: the name of the program, and what is left after it.
pub(super) struct Tag<'a> {
    pub(super) app: &'a str,
    pub(super) pid: Option<&'a str>,
    pub(super) text: &'a str,
}

/// `<189>`; nothing is read if the number is above 191.
pub(super) fn pri(scan: &mut Scan<'_>) -> Option<Pri> {
    let mut ahead = *scan;
    if !ahead.eat(b'<') {
        return None;
    }
    let value = ahead.number::<u8>(3).filter(|&value| value <= 191)?;
    if !ahead.eat(b'>') {
        return None;
    }
    *scan = ahead;
    Some(Pri { facility: value / 8, severity: value % 8 })
}

/// Reads an RFC 3164 or log file header into `record`; whether there was one.
pub(super) fn read<'a>(mut scan: Scan<'a>, record: &mut Record<'a>) -> bool {
    scan.blanks();
    let stamp = match date(&mut scan) {
        Some(stamp) => stamp,
        None if seconds_alone(&mut scan) => None,
        None => return false,
    };
    scan.blanks();
    if scan.eat(b':') {
        scan.blanks();
    }
    let (host, rest) = match forwarded(scan) {
        Some((host, rest)) => (Some(host), rest),
        None => host(scan),
    };
    scan = rest;
    if let Some(pri) = file_priority(&mut scan) {
        record.pri = record.pri.or(pri);
    }
    record.form = Form::Rfc3164;
    record.host = host.or(record.host);
    record.stamp = stamp.or(record.stamp);
    (record.app, record.pid, record.msgid) = (None, None, None);
    record.body = without_colons(scan.rest());
    true
}

/// `sshd[20038]: …`, `su: …`, `tag[7] …`.
pub(super) fn tag(text: &str, after: AfterColon) -> Option<Tag<'_>> {
    let mut scan = Scan::new(text);
    if !scan.peek()?.is_ascii_alphabetic() && !matches!(scan.peek()?, b'/' | b'_' | b'(') {
        return None;
    }
    let app = scan.ascii(MAX_TAG, |b| b.is_ascii_alphanumeric() || b"_./()@+-".contains(&b));
    half_bracket(&mut scan);
    let pid = pid(&mut scan);
    let colon = scan.eat(b':');
    let blank = scan.blanks() || scan.is_empty();
    let ended = pid.is_some() || (colon && (blank || after == AfterColon::Anything));
    ended.then_some(Tag { app, pid, text: scan.rest() })
}

/// What follows the leading colons of a line whose first fields are empty: `: : 7273: …`, `: crond[9538]: …`.
pub(super) fn without_colons(text: &str) -> &str {
    let mut scan = Scan::new(text);
    scan.blanks();
    if scan.peek() != Some(b':') {
        return text;
    }
    while scan.eat(b':') {
        scan.blanks();
    }
    scan.rest()
}

const MAX_TAG: usize = 64;

/// `gdm-password][1234]`: gdm names its program after the end of a title in brackets.
fn half_bracket(scan: &mut Scan<'_>) {
    let mut ahead = *scan;
    if ahead.eat(b']') && matches!(ahead.peek(), Some(b'[' | b':')) {
        *scan = ahead;
    }
}

/// Solaris' `[ID 800047 auth.info] …` before a text: its number, and what is left.
pub(super) fn solaris_id(text: &str) -> Option<(&str, &str)> {
    let (id, rest) = text.strip_prefix("[ID ")?.split_once("] ")?;
    let (number, level) = id.split_once(' ')?;
    let (facility, severity) = level.split_once('.')?;
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric());
    (number.bytes().all(|b| b.is_ascii_digit()) && is_word(number) && is_word(facility) && is_word(severity))
        .then_some((number, rest))
}

/// AIX's `Message forwarded from aix1: …` or `From aix1: …`, where the host stands otherwise: the host that wrote the message.
pub(super) fn forwarded(mut scan: Scan<'_>) -> Option<(&str, Scan<'_>)> {
    if !scan.eat_word("Message forwarded from ") && !scan.eat_word("From ") {
        return None;
    }
    let host = scan.token().strip_suffix(':').filter(|host| is_name(host))?;
    scan.blanks();
    Some((origin(host), scan))
}

/// Whether it can be the name or the address of a host.
fn is_name(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"._:-/@".contains(&b))
}

/// `web1` of `web1/relay1/relay2` and of `src@web1`: syslog-ng appends each relay to the name it was given, and puts the name of its
/// source before its own (`chain-hostnames`).
pub(super) fn origin(host: &str) -> &str {
    let first = host.split_once('/').map_or(host, |(first, _)| first);
    let name = first.rsplit_once('@').map_or(first, |(_, name)| name);
    if name.is_empty() { host } else { name }
}

fn date(scan: &mut Scan<'_>) -> stamp::Shaped {
    let mut ahead = *scan;
    let stamp = stamp::calendar(&mut ahead).or_else(|| stamp::rfc3339(&mut ahead))?;
    if ahead.peek().is_some_and(|b| !b.is_ascii_whitespace() && b != b':') {
        return None;
    }
    *scan = ahead;
    Some(stamp)
}

/// `31 cucm-sub1 local7 3 : …`: the cut date of a log file, believed only with the facility behind it.
fn seconds_alone(scan: &mut Scan<'_>) -> bool {
    let mut ahead = *scan;
    if ahead.number::<u8>(2).is_none() || !ahead.blanks() {
        return false;
    }
    let (host, mut rest) = host(ahead);
    let found = host.is_some() && file_priority(&mut rest).is_some();
    if found {
        *scan = ahead;
    }
    found
}

/// The host, unless the next word is a tag or the message itself.
fn host(scan: Scan<'_>) -> (Option<&str>, Scan<'_>) {
    let mut ahead = scan;
    let word = ahead.token();
    if word.is_empty() || word.ends_with(':') || word.contains('[') || alarm_begins(word) {
        return (None, scan);
    }
    ahead.blanks();
    (Some(origin(word)), ahead)
}

/// `%UC_IMS-4-authFail:`, `%ASA:`; but not a host `%bzorp`.
fn alarm_begins(word: &str) -> bool {
    word.starts_with('%') && word.bytes().any(|b| matches!(b, b'-' | b':'))
}

/// `local7 4`, `auth 6`; a facility that syslog does not have (`local99 0`) is read and gives no priority.
fn file_priority(scan: &mut Scan<'_>) -> Option<Option<Pri>> {
    let mut ahead = *scan;
    let name = ahead.token();
    let facility = FACILITIES.iter().zip(0_u8..).find(|&(&known, _)| known == name).map(|(_, number)| number);
    if facility.is_none() && !name.strip_prefix("local").is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit())) {
        return None;
    }
    let severity = ahead.blanks().then(|| ahead.number::<u8>(1)).flatten().filter(|&severity| severity < 8)?;
    if !ahead.blanks() && !ahead.is_empty() {
        return None;
    }
    *scan = ahead;
    Some(facility.map(|facility| Pri { facility, severity }))
}

fn pid<'a>(scan: &mut Scan<'a>) -> Option<&'a str> {
    let mut ahead = *scan;
    if !ahead.eat(b'[') {
        return None;
    }
    let pid = ahead.ascii(MAX_TAG, |b| b.is_ascii_graphic() && b != b']');
    if pid.is_empty() || !ahead.eat(b']') {
        return None;
    }
    *scan = ahead;
    Some(pid)
}

/// By number (RFC 5424, table 1), as syslog daemons name them.
const FACILITIES: [&str; 24] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp",
    "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
];
