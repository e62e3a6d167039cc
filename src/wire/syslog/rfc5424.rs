//! The RFC 5424 header. Reads any version; refuses (and leaves to the other forms) a line whose header fields are not all there.
//!
//! Lengths are not checked: a long APP-NAME is still a name. Structured data is kept raw.

use super::header;
use super::scan::Scan;
use super::{Form, Record};
use crate::wire::stamp;

/// Reads the header behind a priority into `record`; whether there was one.
pub(super) fn read<'a>(scan: Scan<'a>, record: &mut Record<'a>) -> bool {
    fields(scan, record).is_some()
}

/// Whether it begins with a version and a date, as nothing else does.
pub(super) fn dated(mut scan: Scan<'_>) -> bool {
    scan.number::<u16>(3) == Some(1) && scan.eat(b' ') && stamp::rfc3339(&mut scan).is_some()
}

fn fields<'a>(mut scan: Scan<'a>, record: &mut Record<'a>) -> Option<()> {
    scan.number::<u16>(3).filter(|&version| version > 0)?;
    let time = field(&mut scan)?;
    // `31 cucm-sub1 local7 …` is not version 31.
    if time != "-" && !time.as_bytes().first_chunk::<5>().is_some_and(|b| matches!(b, [b'0'..=b'9', .., b'-'])) {
        return None;
    }
    let [host, app, pid, msgid] = [field(&mut scan)?, field(&mut scan)?, field(&mut scan)?, field(&mut scan)?];
    let structured_data = if scan.eat(b' ') { structured_data(&mut scan) } else { None };
    let mut time = Scan::new(time);
    let stamp = stamp::rfc3339(&mut time).flatten().filter(|_| time.is_empty());
    record.form = Form::Rfc5424;
    record.host = known(host).map(header::origin).or(record.host);
    record.stamp = stamp.or(record.stamp);
    (record.app, record.pid, record.msgid) = (known(app), known(pid), known(msgid));
    record.structured_data = structured_data;
    let text = scan.rest();
    let text = text.strip_prefix(' ').unwrap_or(text);
    record.body = text.strip_prefix('\u{feff}').unwrap_or(text);
    Some(())
}

/// One blank and the word behind it.
fn field<'a>(scan: &mut Scan<'a>) -> Option<&'a str> {
    scan.eat(b' ').then(|| scan.token()).filter(|word| !word.is_empty())
}

fn known(field: &str) -> Option<&str> {
    (field != "-").then_some(field)
}

/// Reads `-` (to `None`) or elements. Nothing is read if they do not end, so that the body shows them.
fn structured_data<'a>(scan: &mut Scan<'a>) -> Option<&'a str> {
    let mut ahead = *scan;
    if ahead.eat(b'-') {
        if ahead.is_empty() || ahead.peek() == Some(b' ') {
            *scan = ahead;
        }
        return None;
    }
    let n = elements(scan.rest().as_bytes())?;
    scan.take(n)
}

/// The length of `[id name="value"][…]`; inside quotes a backslash takes away the meaning of the next byte.
fn elements(bytes: &[u8]) -> Option<usize> {
    let (mut inside, mut quoted, mut escaped) = (false, false, false);
    let mut end = None;
    for (n, &b) in bytes.iter().enumerate() {
        match b {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' if inside => quoted = !quoted,
            _ if quoted => {}
            b'[' if !inside => inside = true,
            b']' if inside => {
                inside = false;
                end = Some(n + 1);
            }
            _ if !inside => break,
            _ => {}
        }
    }
    end.filter(|_| !inside)
}
