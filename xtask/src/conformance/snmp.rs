//! Edge cases, blobs, captures and fuzz seeds of SNMP.

use std::path::Path;

use lockwarden::wire::snmp::{Message, Notification, Version, decode};
use serde_json::Value;

use super::{Group, files, json, json_lines, name, packets, read, same, text};
use crate::workspace::Failure;

const V3: &str = "SNMPv3 is recognised and refused as a whole until its issue";

pub(super) fn groups(folder: &Path) -> Result<Vec<Group>, Failure> {
    Ok(vec![
        edge(&folder.join("edge"))?,
        blobs(&folder.join("blobs"))?,
        captures(&folder.join("pcap"))?,
        fuzz_seeds(&folder.join("fuzzseeds"))?,
    ])
}

/// What we make of the bytes: `accept` for a notification, `reject` for anything else.
fn verdict(bytes: &[u8]) -> &'static str {
    match decode(bytes) {
        Ok(Message::Notification(_)) => "accept",
        Ok(Message::V3) => "v3",
        Ok(Message::Response(_)) | Err(_) => "reject",
    }
}

fn edge(folder: &Path) -> Result<Group, Failure> {
    let mut group = Group::new("snmp/edge");
    for case in json(&folder.join("edge.json"))?.as_array().into_iter().flatten() {
        let (file, expected) = (text(case, "file"), text(case, "verdict"));
        let ours = verdict(&read(&folder.join(file))?);
        match (expected, ours) {
            ("accept", "v3") => group.differs(file, V3),
            ("reject+count", "reject" | "v3") | ("either", _) => group.check(file, Ok(())),
            _ => group.check(file, same("verdict", &expected, &ours)),
        }
    }
    Ok(group)
}

fn blobs(folder: &Path) -> Result<Group, Failure> {
    let mut group = Group::new("snmp/blobs");
    for blob in json(&folder.join("blobs.json"))?.as_array().into_iter().flatten() {
        let file = text(blob, "file");
        let decoded = blob.get("tshark").cloned().unwrap_or_default();
        // 4: v1 trap, 6: inform, 7: v2 trap.
        let is_notification = matches!(text(&decoded, "pdu"), "4" | "6" | "7");
        let expected = match (text(&decoded, "v3"), is_notification) {
            ("3", _) => "v3",
            (_, true) => "accept",
            (_, false) => "reject",
        };
        group.check(file, same("verdict", &expected, &verdict(&read(&folder.join(file))?)));
    }
    Ok(group)
}

fn captures(folder: &Path) -> Result<Group, Failure> {
    let mut group = Group::new("snmp/pcap");
    for file in files(folder, &[".pcap", ".pcapng"])? {
        let datagrams = packets::datagrams(&file)?;
        let expected = json_lines(&folder.join(format!("{}.expected.jsonl", name(&file))))?;
        for (frame, _, payload) in &datagrams {
            let what = format!("{} frame {frame}", name(&file));
            let number = frame.to_string();
            let Some(said) = expected.iter().find(|line| text(line, "frame.number") == number) else {
                // The other tool found no SNMP in it: we only have to survive it.
                let _survived = verdict(payload);
                continue;
            };
            match (text(said, "version"), text(said, "pdu")) {
                ("0" | "1", "trap-v1" | "trap-v2" | "inform") => group.check(&what, notification(payload, said)),
                _ => group.check(&what, same("is a notification", &false, &(verdict(payload) == "accept"))),
            }
        }
    }
    Ok(group)
}

fn notification(payload: &[u8], said: &Value) -> Result<(), String> {
    let Ok(Message::Notification(ours)) = decode(payload) else {
        return Err(format!("not taken for a notification: {:?}", decode(payload).err()));
    };
    same("community", &text(said, "community").as_bytes(), &ours.community)?;
    let names: Vec<&str> = match said.get("name") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let heads = if ours.version == Version::V1 { 0 } else { 2 };
    let expected: Vec<String> = names.into_iter().skip(heads).map(str::to_owned).collect();
    same("varbinds", &expected, &varbind_names(&ours))?;
    let Some(v1) = ours.v1 else { return Ok(()) };
    same("enterprise", &text(said, "enterprise").to_owned(), &v1.enterprise.to_string())?;
    same("agent", &text(said, "agent_addr").to_owned(), &v1.agent.to_string())?;
    same("generic", &text(said, "generic_trap").to_owned(), &v1.generic.to_string())?;
    same("specific", &text(said, "specific_trap").to_owned(), &v1.specific.to_string())?;
    same("time stamp", &text(said, "time_stamp").to_owned(), &ours.uptime.to_string())
}

fn varbind_names(notification: &Notification<'_>) -> Vec<String> {
    notification.varbinds.iter().map(|varbind| varbind.name.to_string()).collect()
}

/// Whole files, and each tail of them, as if they were datagrams: nothing may panic.
fn fuzz_seeds(folder: &Path) -> Result<Group, Failure> {
    let mut group = Group::new("snmp/fuzzseeds");
    for inner in files(folder, &[""])? {
        for file in files(&inner, &[""])? {
            let bytes = read(&file)?;
            for from in 0..bytes.len().min(512) {
                let _survived = verdict(bytes.get(from..).unwrap_or_default());
            }
            group.check(&name(&file), Ok(()));
        }
    }
    Ok(group)
}
