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

/// Every message of a stream that ends.
fn messages(stream: &[u8]) -> Vec<String> {
    let mut framing = Framing::new(65_535);
    framing.push(stream);
    let mut messages = Vec::new();
    while let Some(Frame::Message { octets, .. }) = framing.last_frame() {
        messages.push(String::from_utf8_lossy(octets).into_owned());
    }
    messages
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
    let messages = messages(raw.as_bytes());
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
    // Ours keeps of a chain of host names (`web1/relay1`) the one that wrote the message; the corpus states no host for these.
    let first = host.split_once('/').map_or(host, |(first, _)| first);
    (plain(host) && plain(app)).then(|| {
        date(record, &stamp)?;
        same("HOSTNAME", &Some(first), &record.host)?;
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
        for datagram in packets::datagrams(&file)? {
            let what = format!("{} frame {}", name(&file), datagram.frame);
            captured(&mut group, &what, &String::from_utf8_lossy(&datagram.payload));
        }
        for (n, stream) in (1..).zip(packets::streams(&file)?) {
            // A TLS record (RFC 8446, 5.1).
            if stream.first().is_some_and(|kind| (20..=23).contains(kind)) {
                group.skip(&format!("{} stream {n}", name(&file)), "encrypted");
                continue;
            }
            for (m, message) in (1..).zip(messages(&stream)) {
                let what = format!("{} stream {n} message {m}", name(&file));
                let begins = if message.starts_with('<') { Ok(()) } else { Err(format!("begins within: {message}")) };
                group.check(&what, begins.and(without_loss(&message, &decode(&message))));
            }
        }
    }
    Ok(group)
}

fn captured(group: &mut Group, what: &str, line: &str) {
    let record = decode(line);
    match (without_loss(line, &record), expected_of(line, &record)) {
        (Err(lost), _) => group.check(what, Err(lost)),
        (Ok(()), Some(by_form)) => group.check(what, by_form),
        (Ok(()), None) => group.check_weakly(what, UNSTATED, Ok(())),
    }
}

fn telegraf(folder: &Path) -> Result<Group, Failure> {
    let mut group = Group::new("syslog/telegraf");
    for case in files(folder, &[""])? {
        let settings = read(&case.join("telegraf.conf"))?;
        let input = read(&case.join("input.txt"))?;
        let is_datagram = String::from_utf8_lossy(&settings).contains("udp://");
        let said = if is_datagram { vec![String::from_utf8_lossy(&input).into_owned()] } else { messages(&input) };
        if !case.join("expected.out").is_file() {
            group.check_weakly(&name(&case), INVALID, same("messages", &1, &said.len()));
            continue;
        }
        let expected = String::from_utf8_lossy(&read(&case.join("expected.out"))?).into_owned();
        let expected: Vec<&str> = expected.lines().collect();
        let metrics = said.iter().zip(&expected).flat_map(|(message, line)| {
            influx::fields(line).into_iter().map(|(key, value)| metric(&decode(message), &key, &value))
        });
        let metrics = metrics.collect::<Result<Vec<()>, String>>().map(|_| ());
        if name(&case).contains("underflow") {
            // `<1>2`, and nothing behind the version.
            group.check_weakly(&name(&case), INVALID, same("messages", &expected.len(), &said.len()));
            continue;
        }
        group.check(&name(&case), same("messages", &expected.len(), &said.len()).and(metrics));
    }
    Ok(group)
}

fn metric(record: &Record<'_>, key: &str, value: &str) -> Result<(), String> {
    let option = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let number = |number: Option<u8>| number.map_or(String::new(), |n| n.to_string());
    // `origin=true` and `meta_sequence=...` are what stands in RFC 5424's structured data.
    if key == "origin" || key.starts_with("meta_") {
        let wanted = key.split_once('_').map_or_else(|| format!("[{key}]"), |(_, name)| format!("{name}=\"{value}\""));
        let data = record.structured_data.unwrap_or_default();
        return if data.contains(&wanted) { Ok(()) } else { Err(format!("{wanted} is not in {data}")) };
    }
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
