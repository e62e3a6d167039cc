//! What the other tool (tshark, one JSON object for each frame) says of a message, beside what we read.

use lockwarden::wire::snmp::{Kind, Notification, Value as Syntax, Version};
use serde_json::Value;

use crate::conformance::{same, text, texts};

/// All that the other tool says of a trap or inform.
pub(super) fn notification(ours: &Notification<'_>, said: &Value) -> Result<(), String> {
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
    let version = match (text(said, "msgVersion"), text(said, "version")) {
        ("3", _) => Version::V3,
        (_, "0") => Version::V1,
        _ => Version::V2c,
    };
    same("version", &version, &ours.version)?;
    let kind = if text(said, "pdu") == "inform" { Kind::Inform } else { Kind::Trap };
    same("kind", &kind, &ours.kind)?;
    let shown: Vec<String> = ours.varbinds.iter().map(|varbind| varbind.name.to_string()).collect();
    same("varbinds", &names, &shown.iter().map(String::as_str).collect())?;
    values(said, &oids, &ticks, ours)
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
