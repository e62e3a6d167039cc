//! The CiscoLog and IOS header: what stands before `%FAC-n-NAME`.
//!
//! CiscoLog is `<seq>: <host>: [*.]<date> <zone>: %…`. CUCM leaves out each of the first fields, writes them empty (`: : 7273: …`),
//! ends the host with a blank instead of a colon, puts `ccm:` before the number, and up to three blanks before the `%`.
//! Refuses an alarm behind any other text: in a daemon's line it would be the words of a stranger.

use super::Form;
use super::header::without_colons;
use super::scan::Scan;
use crate::wire::ciscolog;
use crate::wire::stamp::{self, Stamp, Zone};

/// As many digits as the greatest `u64` has.
pub(super) const SEQUENCE_DIGITS: usize = 20;

/// What stood before the alarm.
pub(super) struct Header<'a> {
    pub(super) form: Form,
    pub(super) sequence: Option<u64>,
    pub(super) host: Option<&'a str>,
    pub(super) stamp: Option<Stamp>,
    pub(super) body: &'a str,
}

/// Reads the header; `None` if this is not one, or no alarm follows.
pub(super) fn read(scan: Scan<'_>) -> Option<Header<'_>> {
    let mut scan = Scan::new(without_colons(scan.rest()));
    scan.blanks();
    if scan.eat_word("ccm:") {
        scan.blanks();
    }
    let sequence = sequence(&mut scan);
    let (host, stamp, body) = dated(None, scan)
        .or_else(|| hosted(scan))
        .or_else(|| alarm(scan).map(|body| (None, None, body)))
        .or_else(|| undated(sequence, scan))?;
    let form = match stamp {
        Some(Stamp { zone: Zone::Unknown, .. }) => Form::Ios,
        Some(_) | None => Form::CiscoLog,
    };
    Some(Header { form, sequence, host, stamp, body })
}

/// What a relay leaves before the alarm that takes the next word of CUCM's date for a host: `UTC :  %…`.
pub(super) fn torn(mut scan: Scan<'_>) -> Option<(Zone, &str)> {
    let zone = stamp::zone(&mut scan)?;
    scan.blanks();
    if !scan.eat(b':') {
        return None;
    }
    Some((zone, alarm(scan)?))
}

/// An alarm with parameters and nothing before it.
pub(super) fn bare(scan: Scan<'_>) -> Option<Header<'_>> {
    let body = alarm(scan).filter(|body| ciscolog::parse(body).is_some_and(|log| !log.tags.is_empty()))?;
    Some(Header { form: Form::CiscoLog, sequence: None, host: None, stamp: None, body })
}

type Found<'a> = (Option<&'a str>, Option<Stamp>, &'a str);

/// The first of the numbers; IOS can write two (`29: 000031: …`).
fn sequence(scan: &mut Scan<'_>) -> Option<u64> {
    let mut first = None;
    loop {
        let mut ahead = *scan;
        let Some(number) = ahead.number::<u64>(SEQUENCE_DIGITS) else { return first };
        if !ahead.eat(b':') || !(ahead.blanks() || ahead.is_empty()) {
            return first;
        }
        first = first.or(Some(number));
        *scan = ahead;
    }
}

/// `Jan 15 2026 08:21:05.090 UTC : %…`
fn dated<'a>(host: Option<&'a str>, mut scan: Scan<'a>) -> Option<Found<'a>> {
    let stamp = stamp::calendar(&mut scan)?;
    let blank = scan.blanks();
    let zone = if blank { stamp::zone(&mut scan) } else { None };
    scan.blanks();
    if !scan.eat(b':') {
        return None;
    }
    let stamp = stamp.map(|stamp| Stamp { zone: zone.unwrap_or(Zone::Unknown), ..stamp });
    Some((host, stamp, alarm(scan)?))
}

/// `cucm-sub1.example.test: Jan 15 …`, `cucm-sub1 Jan 15 …`, `2001:db8::1: Jan 15 …`
fn hosted(mut scan: Scan<'_>) -> Option<Found<'_>> {
    let word = scan.token();
    let host = word.strip_suffix(':').unwrap_or(word);
    if host.is_empty() || host.bytes().any(|b| matches!(b, b'%' | b'[' | b'<' | b'(')) {
        return None;
    }
    scan.blanks();
    if scan.eat(b':') {
        scan.blanks();
    }
    dated(Some(host), scan)
}

/// A time stamp that cannot be read: `8103: Invalid timestamp format :  %…`. Without a number only these words are believed.
fn undated(sequence: Option<u64>, mut scan: Scan<'_>) -> Option<Found<'_>> {
    if sequence.is_none() && !scan.rest().starts_with(INVALID) {
        return None;
    }
    let text = scan.ascii(MAX_BAD_STAMP, |b| !matches!(b, b'%' | b'[' | b'('));
    if !text.trim_ascii_end().ends_with(':') {
        return None;
    }
    let host = text.split_once(": ").map(|(host, _)| host).filter(|host| !host.contains(' '));
    Some((host, None, alarm(scan)?))
}

const INVALID: &str = "Invalid timestamp format";
const MAX_BAD_STAMP: usize = 120;

/// The text from `%FAC-n-NAME` on, after blanks.
fn alarm(mut scan: Scan<'_>) -> Option<&str> {
    scan.blanks();
    ciscolog::is_alarm(scan.rest()).then_some(scan.rest())
}
