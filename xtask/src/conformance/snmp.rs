//! Edge cases, blobs, captures and fuzz seeds of SNMP.

use std::path::Path;

use lockwarden::wire::snmp::{Kind, Message, Notification, Value as Syntax, Varbind, Version, decode};
use serde_json::Value;

use super::{Group, files, json, json_lines, name, packets, read, same, text, texts};
use crate::workspace::Failure;

/// SNMPv3 has its own issue. Until then a v3 message is recognised by its version, and what is wrong with it is not looked at.
const V3: &str = "v3: refused as a whole";

pub(super) fn groups(folder: &Path) -> Result<Vec<Group>, Failure> {
    Ok(vec![
        edge(&folder.join("edge"))?,
        blobs(&folder.join("blobs"))?,
        captures(&folder.join("pcap"))?,
        fuzz_seeds(&folder.join("fuzzseeds"))?,
    ])
}

/// What we make of the bytes: `accept` for a notification, `reject` for anything else that is not SNMPv3.
fn verdict(bytes: &[u8]) -> &'static str {
    match decode(bytes) {
        Ok(Message::Notification(_)) => "accept",
        Ok(Message::V3(_)) => "v3",
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
            ("reject+count" | "either", "v3") => group.check_weakly(file, V3, Ok(())),
            ("either", _) => group.check_weakly(file, "either is right, only read", Ok(())),
            ("reject+count", "reject") => group.check(file, Ok(())),
            _ => group.check(file, same("verdict", &expected, &ours)),
        }
    }
    Ok(group)
}

fn blobs(folder: &Path) -> Result<Group, Failure> {
    let mut group = Group::new("snmp/blobs");
    for blob in json(&folder.join("blobs.json"))?.as_array().into_iter().flatten() {
        let file = text(blob, "file");
        let bytes = read(&folder.join(file))?;
        let decoded = blob.get("tshark").cloned().unwrap_or_default();
        // 4: v1 trap, 6: inform, 7: v2 trap.
        match (text(&decoded, "v3"), text(&decoded, "pdu")) {
            ("3", _) => group.check_weakly(file, V3, same("verdict", &"v3", &verdict(&bytes))),
            (_, "4" | "6" | "7") => group.check(file, described(&bytes, text(blob, "expect"))),
            _ => group.check(file, same("verdict", &"reject", &verdict(&bytes))),
        }
    }
    Ok(group)
}

/// `v1 trap generic 6 specific 12 agent-addr 127.0.0.1 enterprise 1.3 timestamp 16352, no varbinds`; or `enterprise OID, OID="TEXT"`.
fn described(bytes: &[u8], words: &str) -> Result<(), String> {
    let ours = taken(bytes)?;
    let v1 = ours.v1.ok_or("not an SNMPv1 trap")?;
    let after = |key: &str| {
        let mut words = words.split([' ', ',']).skip_while(|word| *word != key);
        words.nth(1)
    };
    let fields = [
        ("enterprise", v1.enterprise.to_string()),
        ("agent-addr", v1.agent.to_string()),
        ("generic", v1.generic.to_string()),
        ("specific", v1.specific.to_string()),
        ("timestamp", ours.uptime.to_string()),
    ];
    for (key, got) in fields {
        after(key).map_or(Ok(()), |wanted| same(key, &wanted, &got.as_str()))?;
    }
    let given = words.rsplit_once(", ").map(|(_, last)| last).filter(|last| last.contains('='));
    let shown = |varbind: Varbind<'_>| {
        if let Syntax::OctetString(bytes) = varbind.value {
            return format!("{}={:?}", varbind.name, String::from_utf8_lossy(bytes));
        }
        format!("{}={:?}", varbind.name, varbind.value)
    };
    let shown: Vec<String> = ours.varbinds.iter().map(shown).collect();
    same("varbinds", &given.into_iter().collect::<Vec<_>>(), &shown.iter().map(String::as_str).collect())
}

fn taken(bytes: &[u8]) -> Result<Notification<'_>, String> {
    match decode(bytes) {
        Ok(Message::Notification(notification)) => Ok(notification),
        Ok(Message::V3(_)) => Err("taken for SNMPv3".into()),
        Ok(Message::Response(_)) => Err("taken for a response".into()),
        Err(error) => Err(format!("refused: {error}")),
    }
}

fn captures(folder: &Path) -> Result<Group, Failure> {
    let mut group = Group::new("snmp/pcap");
    for file in files(folder, &[".pcap", ".pcapng"])? {
        let datagrams = packets::datagrams(&file)?;
        let expected = json_lines(&folder.join(format!("{}.expected.jsonl", name(&file))))?;
        for said in &expected {
            let number = text(said, "frame.number");
            let what = format!("{} frame {number}", name(&file));
            match datagrams.iter().find(|datagram| datagram.frame.to_string() == number) {
                Some(datagram) => packet(&mut group, &what, &datagram.payload, said),
                None => group.check(&what, Err("no such UDP datagram was found in the capture".into())),
            }
        }
        for datagram in &datagrams {
            let number = datagram.frame.to_string();
            if expected.iter().all(|said| text(said, "frame.number") != number) {
                let refused = same("is a notification", &false, &(verdict(&datagram.payload) == "accept"));
                group.check_weakly(&format!("{} frame {number}", name(&file)), "no SNMP to the other tool", refused);
            }
        }
    }
    Ok(group)
}

fn packet(group: &mut Group, what: &str, payload: &[u8], said: &Value) {
    match (text(said, "msgVersion"), text(said, "pdu")) {
        ("3", _) => group.check_weakly(what, V3, same("is a notification", &false, &(verdict(payload) == "accept"))),
        (_, "trap-v1" | "trap-v2" | "inform") => group.check(what, notification(payload, said)),
        _ => group.check(what, same("verdict", &"reject", &verdict(payload))),
    }
}

fn notification(payload: &[u8], said: &Value) -> Result<(), String> {
    let ours = taken(payload)?;
    same("community", &text(said, "community").as_bytes(), &ours.community)?;
    let wanted = |key| text(said, key).to_owned();
    let (mut names, mut oids, mut ticks) =
        (texts(said, "name"), texts(said, "value.oid"), texts(said, "value.timeticks"));
    let trap_oid = if let Some(v1) = ours.v1 {
        same("enterprise", &wanted("enterprise"), &v1.enterprise.to_string())?;
        same("agent", &wanted("agent_addr"), &v1.agent.to_string())?;
        same("generic", &wanted("generic_trap"), &v1.generic.to_string())?;
        same("specific", &wanted("specific_trap"), &v1.specific.to_string())?;
        same("time stamp", &wanted("time_stamp"), &ours.uptime.to_string())?;
        translated(text(said, "enterprise"), text(said, "generic_trap"), text(said, "specific_trap"))?
    } else {
        // sysUpTime.0 and snmpTrapOID.0 lead the list there, and are fields of their own with us.
        if names.len() < 2 || oids.is_empty() || ticks.is_empty() {
            return Err("the expectation has no sysUpTime.0 or snmpTrapOID.0".into());
        }
        names.drain(..2);
        same("uptime", &ticks.remove(0), &ours.uptime.to_string().as_str())?;
        same("request-id", &wanted("request_id"), &ours.request_id.to_string())?;
        oids.remove(0).to_owned()
    };
    same("trap OID", &trap_oid, &ours.trap_oid.to_string())?;
    let version = if text(said, "version") == "0" { Version::V1 } else { Version::V2c };
    same("version", &version, &ours.version)?;
    let kind = if text(said, "pdu") == "inform" { Kind::Inform } else { Kind::Trap };
    same("kind", &kind, &ours.kind)?;
    let shown: Vec<String> = ours.varbinds.iter().map(|varbind| varbind.name.to_string()).collect();
    same("varbinds", &names, &shown.iter().map(String::as_str).collect())?;
    values(said, &oids, &ticks, &ours)
}

/// RFC 3584 section 3.1 (2) and (3).
fn translated(enterprise: &str, generic: &str, specific: &str) -> Result<String, String> {
    match generic.parse::<u8>() {
        Ok(6) => Ok(format!("{enterprise}.0.{specific}")),
        Ok(generic) => Ok(format!("1.3.6.1.6.3.1.1.5.{}", generic + 1)),
        Err(error) => Err(format!("the expectation's generic trap: {error}")),
    }
}

/// The values of those types that the other tool lists, in the order sent.
fn values(said: &Value, oids: &[&str], ticks: &[&str], ours: &Notification<'_>) -> Result<(), String> {
    let shown = |key: &str| -> Vec<String> {
        ours.varbinds
            .iter()
            .filter_map(|varbind| listed(&varbind.value).filter(|(k, _)| *k == key))
            .map(|v| v.1)
            .collect()
    };
    for (key, wanted) in [
        ("oid", oids.to_vec()),
        ("timeticks", ticks.to_vec()),
        ("octets", texts(said, "value.octets")),
        ("int", texts(said, "value.int")),
        ("counter", texts(said, "value.counter")),
        ("ipv4", texts(said, "value.ipv4")),
    ] {
        let wanted: Vec<String> = wanted.into_iter().map(|v| v.replace("<MISSING>", "")).collect();
        same(key, &wanted, &shown(key))?;
    }
    Ok(())
}

/// The list in which the other tool shows a value, and how.
fn listed(value: &Syntax<'_>) -> Option<(&'static str, String)> {
    Some(match value {
        Syntax::Integer(n) => ("int", n.to_string()),
        Syntax::OctetString(bytes) => ("octets", bytes.iter().map(|b| format!("{b:02x}")).collect()),
        Syntax::ObjectIdentifier(oid) => ("oid", oid.to_string()),
        Syntax::IpAddress(address) => ("ipv4", address.to_string()),
        Syntax::Counter32(n) => ("counter", n.to_string()),
        Syntax::Counter64(n) => ("counter", n.to_string()),
        Syntax::TimeTicks(n) => ("timeticks", n.to_string()),
        Syntax::Unsigned32(_)
        | Syntax::Opaque(_)
        | Syntax::Null
        | Syntax::NoSuchObject
        | Syntax::NoSuchInstance
        | Syntax::EndOfMibView => return None,
    })
}

/// Each packet of a seed file (they stand behind a mark), and each tail of the whole, as if it were a datagram: nothing may panic.
fn fuzz_seeds(folder: &Path) -> Result<Group, Failure> {
    let mut group = Group::new("snmp/fuzzseeds");
    for inner in files(folder, &[""])? {
        for file in files(&inner, &[""])? {
            let bytes = read(&file)?;
            for from in 0..bytes.len() {
                let tail = bytes.get(from..).unwrap_or_default();
                let _survived = verdict(tail);
                if let Some(packet) = tail.strip_prefix(MARK).and_then(|rest| rest.get(1..)) {
                    let end = packet.windows(MARK.len()).position(|next| next == MARK).unwrap_or(packet.len());
                    let _survived = verdict(packet.get(..end).unwrap_or_default());
                }
            }
            group.check_weakly(&name(&file), "no panic", Ok(()));
        }
    }
    Ok(group)
}

/// What the seeds have before each packet; one byte for the direction follows.
const MARK: &[u8] = b"\x01PKT";
