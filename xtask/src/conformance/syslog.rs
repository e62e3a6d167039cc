//! Syslog lines of other parsers' tests, Cisco's documented examples, and captures.

use std::path::Path;

use lockwarden::units::Wall;
use lockwarden::wire::ciscolog::{self, CiscoLog};
use lockwarden::wire::stamp::Accuracy;
use lockwarden::wire::syslog::{Form, Frame, Framing, Record, decode};
use serde_json::Value;

use super::{Group, files, influx, json_lines, name, packets, read, same, text};
use crate::workspace::Failure;

/// A count that is wrong by so much that the next message is swallowed: nothing in the stream says so.
const SWALLOWED: &str = "the other parser says itself that this cannot be detected";
const UNSTATED: &str = "no field is stated, only read without loss";
const INVALID: &str = "invalid to the other parser, still a record without loss";

pub(super) fn groups(folder: &Path) -> Result<Vec<Group>, Failure> {
    let mut groups = Vec::new();
    for file in files(folder, &[".jsonl"])? {
        groups.push(lines(&file)?);
    }
    groups.push(captures(&folder.join("pcap"))?);
    groups.push(telegraf(&folder.join("telegraf"))?);
    groups.push(fuzz_seeds(&folder.join("zeek-syslog-corpus"))?);
    Ok(groups)
}

fn lines(file: &Path) -> Result<Group, Failure> {
    let mut group = Group::new(&format!("syslog/{}", name(file)));
    for line in json_lines(file)? {
        let (id, raw) = (text(&line, "id"), text(&line, "raw"));
        let expected = line.get("expect").cloned().unwrap_or_default();
        let record = decode(raw);
        let whole = without_loss(raw, &record);
        if expected.get("framing").is_some() {
            stream(&mut group, id, raw, &expected);
        } else if let Err(lost) = whole {
            group.check(id, Err(lost));
        } else if expected.get("valid") == Some(&Value::Bool(false)) {
            group.check_weakly(id, INVALID, Ok(()));
        } else {
            compare(&mut group, id, raw, &record, &expected);
        }
    }
    Ok(group)
}

/// A stream, which the corpus describes as "1st ok/2nd mf": as many messages, and each that is ok of its standard's form. What is not
/// well-formed (mf, ko) is a message all the same.
fn stream(group: &mut Group, id: &str, raw: &str, expected: &Value) {
    let said = text(expected, "descr");
    let ends: Vec<&str> = said
        .split("//")
        .next()
        .unwrap_or_default()
        .split('/')
        .filter_map(|m| m.split_once(' '))
        .map(|(_, end)| end)
        .collect();
    let mut framing = Framing::new(65_535);
    framing.push(raw.as_bytes());
    let mut messages = Vec::new();
    while let Some(Frame::Message { octets, .. }) = framing.last_frame() {
        messages.push(String::from_utf8_lossy(octets).into_owned());
    }
    if said.contains("notdetectable") {
        let without_counts = messages.concat().len() + "16 ".len();
        return group.check_weakly(id, SWALLOWED, same("octets", &raw.len(), &without_counts));
    }
    let well_formed = messages.iter().zip(&ends).filter(|(_, end)| end.starts_with("ok"));
    let forms = well_formed.map(|(message, _)| same("form", &Form::Rfc5424, &decode(message).form));
    let forms = forms.collect::<Result<Vec<()>, String>>().map(|_| ());
    group.check(id, same("messages", &ends.len(), &messages.len()).and(forms));
}

/// Compares every field that is named; a name that we do not know is an error, since it would look like success.
fn compare(group: &mut Group, id: &str, raw: &str, record: &Record<'_>, expected: &Value) {
    let log = ciscolog::parse(record.body);
    let mut result = Ok(());
    let mut compared = 0;
    for (key, value) in expected.as_object().into_iter().flatten() {
        let outcome = match key.as_str() {
            "note" | "test" | "seed" | "descr" | "valid" => continue,
            "tags" => tags(log.as_ref(), value),
            "multipart" => multipart(log.as_ref(), value),
            "DATE" => date(record, value.as_str().unwrap_or_default()),
            "parser" => form(record, value.as_str().unwrap_or_default()),
            key => field(record, log.as_ref(), key).and_then(|got| same(key, &plain(value), &got)),
        };
        compared += 1;
        result = result.and(outcome);
    }
    match expected_of(raw, record) {
        _ if compared > 0 => group.check(id, result),
        Some(by_form) => group.check(id, by_form),
        None => group.check_weakly(id, UNSTATED, result),
    }
}

/// What the form of a line says where the corpus says nothing: its fields, split here at the blanks of its standard; `None` for a
/// line of no standard's form.
fn expected_of(raw: &str, record: &Record<'_>) -> Option<Result<(), String>> {
    rfc5424(raw, record).or_else(|| alarm(raw, record)).or_else(|| rfc3164(raw, record))
}

/// RFC 5424, 6: `<PRI>1 TIMESTAMP HOSTNAME APP-NAME PROCID MSGID`, each one word.
fn rfc5424(raw: &str, record: &Record<'_>) -> Option<Result<(), String>> {
    let (_, rest) = raw.strip_prefix('<')?.split_once(">1 ")?;
    let mut words = rest.split(' ');
    words.next().filter(|time| time.as_bytes().get(4) == Some(&b'-') && time.len() >= 19)?;
    let given = [record.host, record.app, record.pid, record.msgid];
    let named = ["HOSTNAME", "APP-NAME", "PROCID", "MSGID"];
    let checks = named.into_iter().zip(given).map(|(name, got)| Some((name, words.next()?, got)));
    let checks = checks.collect::<Option<Vec<_>>>()?;
    let mut all = checks.into_iter().map(|(name, word, got)| same(name, &Some(word).filter(|word| *word != "-"), &got));
    Some(all.try_for_each(|each| each).and_then(|()| same("form", &Form::Rfc5424, &record.form)))
}

/// The first `%FACILITY-SEVERITY-MNEMONIC:` of a Cisco line, before which nothing but its header stands.
fn alarm(raw: &str, record: &Record<'_>) -> Option<Result<(), String>> {
    let (head, rest) = raw.split_once('%')?;
    let name = rest.split_once(':').map(|(name, _)| name)?;
    let is_alarm = name.split('-').any(|part| part.len() == 1 && part.bytes().all(|b| b.is_ascii_digit()));
    let only_header = head.is_empty() || head.trim_end().ends_with(':');
    (is_alarm && only_header && !name.contains(' ')).then(|| {
        let log = ciscolog::parse(record.body).ok_or("no CiscoLog message")?;
        same("alarm", &name.to_owned(), &format!("{}-{}-{}", log.facility, log.severity, log.mnemonic))
    })
}

/// RFC 3164, 4.1: `<PRI>Mmm dd hh:mm:ss HOSTNAME TAG[PID]: `; some send more digits of the second, or RFC 3339's date.
fn rfc3164(raw: &str, record: &Record<'_>) -> Option<Result<(), String>> {
    let (_, rest) = raw.strip_prefix('<')?.split_once('>')?;
    let mut words = rest.split_ascii_whitespace();
    let first = words.next()?;
    let stamp = if MONTHS.contains(&first) {
        let (day, time) = (words.next()?, words.next()?);
        let time = time.split_once('.').map_or(time, |(time, _)| time);
        (time.len() == 8).then(|| format!("{first} {day} {time}"))?
    } else {
        let (date, time) = first.split_once('T').filter(|(date, _)| date.len() == 10)?;
        let month = date.get(5..7)?.parse::<usize>().ok()?.checked_sub(1).and_then(|n| MONTHS.get(n))?;
        format!("{month} {} {}", date.get(8..)?.trim_start_matches('0'), time.get(..8)?)
    };
    let (host, tag) = (words.next()?, words.next()?.strip_suffix(':')?);
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'/' | b'_'));
    let (app, pid) = match tag.strip_suffix(']').and_then(|tag| tag.split_once('[')) {
        Some((app, pid)) => (app, Some(pid)),
        None => (tag, None),
    };
    (plain(host) && plain(app)).then(|| {
        date(record, &stamp)?;
        same("HOSTNAME", &Some(host), &record.host)?;
        same("TAG", &Some(app), &record.app)?;
        same("PID", &pid, &record.pid)
    })
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Whatever a line is: its body is its end, what was read before it stands in it, and a priority is not overlooked.
fn without_loss(raw: &str, record: &Record<'_>) -> Result<(), String> {
    let line = raw.trim_end_matches(['\r', '\n', '\0']);
    let head = line.strip_suffix(record.body).ok_or("the body is not the end of the line")?;
    for part in [record.host, record.app, record.pid, record.msgid, record.structured_data].into_iter().flatten() {
        if !head.contains(part) {
            return Err(format!("{part:?} is not in the header {head:?}"));
        }
    }
    let number = line.strip_prefix('<').and_then(|rest| rest.split_once('>')).map(|(number, _)| number);
    let legal = number.filter(|n| n.len() <= 3 && n.bytes().all(|b| b.is_ascii_digit()));
    let stated = legal.and_then(|n| n.parse::<u8>().ok()).filter(|n| *n <= 191);
    if stated.is_some() { same("priority", &stated, &priority(record)) } else { Ok(()) }
}

fn priority(record: &Record<'_>) -> Option<u8> {
    record.pri.map(|pri| pri.facility * 8 + pri.severity)
}

fn form(record: &Record<'_>, parser: &str) -> Result<(), String> {
    match parser {
        "rfc5424" => same("form", &Form::Rfc5424, &record.form),
        "rfc3164" => same("form", &Form::Rfc3164, &record.form),
        other => Err(format!("no such parser is known here: {other}")),
    }
}

fn tags(log: Option<&CiscoLog<'_>>, expected: &Value) -> Result<(), String> {
    let log = log.ok_or("no CiscoLog message")?;
    let expected = expected.as_object().ok_or("the expected tags are no object")?;
    same("number of tags", &expected.len(), &log.tags.iter().count())?;
    for (key, value) in expected {
        let got = log.tags.get(key).map(|tag| tag.unescaped().into_owned());
        same(key, &value.as_str().map(str::to_owned), &got)?;
    }
    Ok(())
}

fn multipart(log: Option<&CiscoLog<'_>>, expected: &Value) -> Result<(), String> {
    let part = log.and_then(|log| log.tags.part()).ok_or("no part tag")?;
    let number = |key| expected.get(key).and_then(Value::as_u64);
    same("first", &number("first_seq"), &Some(part.first))?;
    same("part", &number("part"), &Some(part.part.into()))?;
    same("of", &number("of"), &Some(part.of.into()))
}

/// `Apr 29 13:58:40`: the year is not in it.
fn date(record: &Record<'_>, expected: &str) -> Result<(), String> {
    let stamp = record.stamp.ok_or("no time stamp was read")?;
    let month = usize::from(stamp.month).checked_sub(1).and_then(|n| MONTHS.get(n)).ok_or("no such month")?;
    let second = stamp.second.ok_or("no second was read")?;
    let got = format!("{month} {} {:02}:{:02}:{second:02}", stamp.day, stamp.hour, stamp.minute);
    same("DATE", &expected, &got.as_str())
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// What we have for this field, in the words of the expectation.
fn field(record: &Record<'_>, log: Option<&CiscoLog<'_>>, key: &str) -> Result<String, String> {
    let option = |text: Option<&str>| text.unwrap_or("null").to_owned();
    let number = |number: Option<u64>| number.map_or("null".into(), |n| n.to_string());
    let stamp = record.stamp;
    Ok(match key {
        "seq" => number(record.sequence),
        "host" | "hostname" | "HOST" => option(record.host),
        "appname" => option(record.app),
        "msgid" => option(record.msgid),
        "app" | "facility" => option(log.map(|log| log.facility)),
        "name" | "mnemonic" => option(log.map(|log| log.mnemonic)),
        "sev" | "severity" => number(log.map(|log| log.severity.into())),
        "message" => option(log.map(|log| log.text)),
        "PRI" => number(priority(record).map(u64::from)),
        "MSEC" => stamp.and_then(|s| s.milli).map_or("null".into(), |ms| format!("{ms:03}")),
        "accuracy" => match stamp.map(|s| s.accuracy) {
            Some(Accuracy::NotSynchronised) => "*".into(),
            Some(Accuracy::Dubious) => ".".into(),
            Some(Accuracy::Synchronised) | None => String::new(),
        },
        "timestamp" => stamp.map_or("null".into(), |s| format!("{s:?}")),
        other => return Err(format!("nothing is known here to compare `{other}` with")),
    })
}

fn captures(folder: &Path) -> Result<Group, Failure> {
    let mut group = Group::new("syslog/pcap");
    for file in files(folder, &[".pcap"])? {
        let datagrams = packets::datagrams(&file)?;
        if datagrams.is_empty() {
            group.skip(&name(&file), FRAMING);
        }
        for datagram in datagrams {
            let line = String::from_utf8_lossy(&datagram.payload);
            let what = format!("{} frame {}", name(&file), datagram.frame);
            let record = decode(&line);
            match (without_loss(&line, &record), expected_of(&line, &record)) {
                (Err(lost), _) => group.check(&what, Err(lost)),
                (Ok(()), Some(by_form)) => group.check(&what, by_form),
                (Ok(()), None) => group.check_weakly(&what, UNSTATED, Ok(())),
            }
        }
    }
    Ok(group)
}

fn telegraf(folder: &Path) -> Result<Group, Failure> {
    let mut group = Group::new("syslog/telegraf");
    for case in files(folder, &[""])? {
        let settings = read(&case.join("telegraf.conf"))?;
        if !String::from_utf8_lossy(&settings).contains("udp://") {
            group.skip(&name(&case), FRAMING);
            continue;
        }
        let input = String::from_utf8_lossy(&read(&case.join("input.txt"))?).into_owned();
        let expected = String::from_utf8_lossy(&read(&case.join("expected.out"))?).into_owned();
        let result = influx::fields(&expected).iter().try_for_each(|(key, value)| metric(&decode(&input), key, value));
        group.check(&name(&case), result);
    }
    Ok(group)
}

fn metric(record: &Record<'_>, key: &str, value: &str) -> Result<(), String> {
    let option = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let number = |number: Option<u8>| number.map_or(String::new(), |n| n.to_string());
    let got = match key {
        "appname" => option(record.app),
        "facility_code" => number(record.pri.map(|pri| pri.facility)),
        "hostname" => option(record.host),
        "message" => record.body.to_owned(),
        "msgid" => option(record.msgid),
        "procid" => option(record.pid),
        "severity_code" => number(record.pri.map(|pri| pri.severity)),
        "timestamp" => {
            // Nanoseconds; with us milliseconds, and a missing year is the nearest one.
            let millis = value.parse::<i64>().map_err(|error| format!("{key}: {error}"))? / 1_000_000;
            let near = Wall::from_millis(millis);
            return same(key, &Some(near), &record.stamp.and_then(|stamp| stamp.to_wall(near)));
        }
        "version" => return same("form", &Form::Rfc5424, &record.form),
        // The names of the codes, and the address that the test sent from.
        "facility" | "severity" | "source" => return Ok(()),
        other => return Err(format!("nothing is known here to compare `{other}` with")),
    };
    same(key, &value.to_owned(), &got)
}

fn fuzz_seeds(folder: &Path) -> Result<Group, Failure> {
    let mut group = Group::new("syslog/zeek-syslog-corpus");
    for file in files(folder, &[""])? {
        let bytes = read(&file)?;
        let mut tails = (0..bytes.len()).filter_map(|from| bytes.get(from..)).map(String::from_utf8_lossy);
        let result = tails.try_for_each(|line| without_loss(&line, &decode(&line)));
        group.check_weakly(&name(&file), "no panic and no loss", result);
    }
    Ok(group)
}
