//! Syslog lines of other parsers' tests, Cisco's documented examples, and captures.

use std::path::Path;

use lockwarden::units::Wall;
use lockwarden::wire::ciscolog::{self, CiscoLog};
use lockwarden::wire::stamp::Accuracy;
use lockwarden::wire::syslog::{Form, Record, decode};
use serde_json::Value;

use super::{Group, files, json_lines, name, packets, read, same, text};
use crate::workspace::Failure;

pub(super) fn groups(folder: &Path) -> Result<Vec<Group>, Failure> {
    let mut groups = Vec::new();
    for file in files(folder, &["_messages.jsonl", "_real.jsonl", "_examples.jsonl"])? {
        let mut group = Group::new(&format!("syslog/{}", name(&file)));
        for line in json_lines(&file)? {
            let expected = line.get("expect").cloned().unwrap_or_default();
            group.check(text(&line, "id"), compare(text(&line, "raw"), &expected));
        }
        groups.push(group);
    }
    groups.push(captures(&folder.join("pcap"))?);
    groups.push(telegraf(&folder.join("telegraf"))?);
    Ok(groups)
}

/// Decoding is total, so what another parser calls invalid is a record all the same; every field that is named is compared.
fn compare(raw: &str, expected: &Value) -> Result<(), String> {
    let record = decode(raw);
    let log = ciscolog::parse(record.body);
    if text(expected, "parser") == "rfc5424" && expected.get("valid") == Some(&Value::Bool(true)) {
        same("form", &Form::Rfc5424, &record.form)?;
    }
    for (key, value) in expected.as_object().into_iter().flatten() {
        let wanted = match value {
            Value::String(text) => text.clone(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
        };
        if let Some(got) = field(&record, log.as_ref(), key, &wanted) {
            same(key, &wanted, &got)?;
        }
    }
    if let Some(tags) = expected.get("tags").and_then(Value::as_object) {
        let log = log.ok_or("no CiscoLog message")?;
        same("number of tags", &tags.len(), &log.tags.iter().count())?;
        for (key, value) in tags {
            let got = log.tags.get(key).map(|tag| tag.unescaped().into_owned());
            same(key, &value.as_str().map(str::to_owned), &got)?;
        }
    }
    if let Some(parts) = expected.get("multipart") {
        let part = log.and_then(|log| log.tags.part()).ok_or("no part tag")?;
        let number = |key| parts.get(key).and_then(Value::as_u64).unwrap_or_default();
        same("first", &number("first_seq"), &part.first)?;
        same("part", &number("part"), &part.part.into())?;
        same("of", &number("of"), &part.of.into())?;
    }
    Ok(())
}

/// What we have for this field, in the words of the expectation; `None` if the key is a remark or compared elsewhere.
fn field(record: &Record<'_>, log: Option<&CiscoLog<'_>>, key: &str, wanted: &str) -> Option<String> {
    let option = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let stamp = record.stamp;
    Some(match key {
        "seq" => record.sequence.map(|n| n.to_string()).unwrap_or_default(),
        "host" | "hostname" | "HOST" => option(record.host),
        "appname" => option(record.app),
        "msgid" => option(record.msgid),
        "app" | "facility" => option(log.map(|log| log.facility)),
        "name" | "mnemonic" => option(log.map(|log| log.mnemonic)),
        "sev" | "severity" => log.map(|log| log.severity.to_string()).unwrap_or_default(),
        "message" => option(log.map(|log| log.text)),
        "PRI" => {
            record.pri.map(|p| (u16::from(p.facility) * 8 + u16::from(p.severity)).to_string()).unwrap_or_default()
        }
        "MSEC" => stamp.and_then(|s| s.milli).map(|ms| format!("{ms:03}")).unwrap_or_default(),
        "accuracy" => match stamp.map(|s| s.accuracy) {
            Some(Accuracy::NotSynchronised) => "*".into(),
            Some(Accuracy::Dubious) => ".".into(),
            Some(Accuracy::Synchronised) | None => String::new(),
        },
        "timestamp" if wanted == "null" => stamp.map_or("null".into(), |s| format!("{s:?}")),
        // `Apr 29 13:58:40`: the year is not in it.
        "DATE" => {
            let wall = stamp.and_then(|s| s.to_wall(Wall::from_millis(0)))?.to_string();
            let month = wall.get(5..7)?.parse::<usize>().ok()?.checked_sub(1)?;
            let name = "JanFebMarAprMayJunJulAugSepOctNovDec".get(month * 3..month * 3 + 3)?;
            format!("{name} {} {}", wall.get(8..10)?, wall.get(11..19)?)
        }
        _ => return None,
    })
}

fn captures(folder: &Path) -> Result<Group, Failure> {
    let mut group = Group::new("syslog/pcap");
    for file in files(folder, &[".pcap"])? {
        for (frame, _, payload) in packets::datagrams(&file)? {
            let line = String::from_utf8_lossy(&payload).into_owned();
            let whole = line.trim_end_matches(['\n', '\r', '\0']);
            // Whatever it is, nothing of the message is lost.
            let kept = whole.ends_with(decode(whole).body);
            group.check(&format!("{} frame {frame}", name(&file)), same("the body is the message's end", &true, &kept));
        }
    }
    Ok(group)
}

fn telegraf(folder: &Path) -> Result<Group, Failure> {
    let mut group = Group::new("syslog/telegraf");
    for case in files(folder, &[""])? {
        if !name(&case).contains("udp") {
            group.differs(&name(&case), "framing of streams comes with syslog over TCP");
            continue;
        }
        let input = String::from_utf8_lossy(&read(&case.join("input.txt"))?).into_owned();
        let expected = String::from_utf8_lossy(&read(&case.join("expected.out"))?).into_owned();
        let record = decode(input.trim_end());
        let result = match tag(&expected, "hostname=") {
            Some(host) => same("host", &host, &record.host.map(str::to_owned).unwrap_or_default()),
            None => Ok(()),
        };
        group.check(&name(&case), result);
    }
    Ok(group)
}

fn tag(line: &str, key: &str) -> Option<String> {
    let (_, after) = line.split_once(key)?;
    Some(after.split([',', ' ', '\n']).next()?.replace("\\ ", " "))
}
