//! Single datagrams of other implementations, with what is known of their senders.

use lockwarden::path::{Doors, Reply};
use lockwarden::usm::{AuthKey, Protection, Sealed, User};
use lockwarden::verdict::Verdict;
use lockwarden::wire::snmp::v3::{Pdu, ScopedPdu};
use lockwarden::wire::snmp::{Message, Notification, V3Message, Value as Syntax, Varbind, decode};
use serde_json::Value;

use super::users::Row;
use super::{Receiving, elsewhere, hex, is_accepted, keys, octets, word};
use crate::conformance::{Group, json, read, same, text};
use crate::workspace::Failure;

pub(super) fn blobs(folder: &std::path::Path) -> Result<Group, Failure> {
    let mut group = Group::new("snmp/blobs");
    for blob in json(&folder.join("blobs.json"))?.as_array().into_iter().flatten() {
        let file = text(blob, "file");
        let bytes = read(&folder.join(file))?;
        let decoded = blob.get("tshark").cloned().unwrap_or_default();
        // 4: v1 trap, 6: inform, 7: v2 trap.
        match (text(&decoded, "v3"), text(&decoded, "pdu")) {
            ("3", _) => v3(&mut group, file, &bytes, blob)?,
            (_, "4" | "6" | "7") => group.check(file, described(&bytes, text(blob, "expect"))),
            _ => {
                let ours = Receiving::new(elsewhere(), &[], Doors::open())?.decide(&bytes, 0);
                group.check(file, ours.and_then(|(ours, _)| same("verdict", &"reject", &word(ours))));
            }
        }
    }
    Ok(group)
}

/// A message of SNMPv3: its header, what is in it, its verdict; and that its verdict is another with wrong passwords.
fn v3(group: &mut Group, file: &str, bytes: &[u8], blob: &Value) -> Result<(), Failure> {
    let decoded = blob.get("tshark").cloned().unwrap_or_default();
    let name = text(&decoded, "user");
    let row = |auth: &str, privacy: &str| {
        let (auth, privacy) =
            (format!("{}{auth}", text(blob, "auth_pw")), format!("{}{privacy}", text(blob, "priv_pw")));
        Row::new(name, text(blob, "auth"), &auth, text(blob, "priv"), &privacy, "").map_err(Failure::Said)
    };
    let right = row("", "")?.user()?;
    group.check(file, content(bytes, &right, blob, &decoded));
    if let (Some(auth), false) = (right.protection.auth(), text(blob, "localized_key").is_empty()) {
        let ours = right.protection.auth_key(&octets(text(blob, "engine")).map_err(Failure::Said)?);
        let key = octets(text(blob, "localized_key"));
        let result = key.and_then(|key| ours.map_or(Err("no key".into()), |ours| keys::same_key(auth, &key, &ours)));
        group.check(&format!("{file}: localised key"), result);
    }
    let (verdict, reply) = decide(bytes, std::slice::from_ref(&right))?;
    group.check(&format!("{file}: {verdict}"), due(&decoded, verdict, reply.as_ref()));
    // A response that everybody can read is no notification, whoever it is of.
    let is_readable_response = text(&decoded, "pdu") == "2" && text(blob, "priv").is_empty();
    let wrong = |what: &str, user: User, sealed: Sealed, verdict: Verdict| {
        let (ours, _) = decide(bytes, std::slice::from_ref(&user))?;
        let wanted = if is_readable_response { Verdict::NotANotification } else { verdict };
        let result = same("opened", &Some(sealed), &fault(bytes, &user)).and(same("verdict", &wanted, &ours));
        Ok::<_, Failure>((format!("{file}, {what}"), result))
    };
    match &right.protection {
        Protection::NoAuthNoPriv => {}
        Protection::AuthNoPriv { .. } | Protection::AuthPriv { .. } => {
            let (what, result) = wrong("wrong password", row("x", "")?.user()?, Sealed::Digest, Verdict::WrongDigest)?;
            group.check(&what, result);
        }
    }
    if let Protection::AuthPriv { .. } = &right.protection {
        let (what, result) =
            wrong("wrong privacy password", row("", "x")?.user()?, Sealed::Content, Verdict::DecryptionError)?;
        group.check(&what, result);
    }
    Ok(())
}

fn decide(bytes: &[u8], users: &[User]) -> Result<(Verdict, Option<Reply>), Failure> {
    Receiving::new(elsewhere(), users, Doors::open())?.decide(bytes, 0).map_err(Failure::Said)
}

/// A notification is accepted, the question for our engine is answered by a Report, and nothing else is a notification.
fn due(decoded: &Value, verdict: Verdict, reply: Option<&Reply>) -> Result<(), String> {
    if text(decoded, "pdu") == "7" {
        return same("is accepted", &true, &is_accepted(verdict));
    }
    if text(decoded, "engine") == "<MISSING>" {
        same("answered by a Report", &true, &matches!(reply, Some(Reply::Report(_))))?;
        return same("verdict", &Verdict::Discovery, &verdict);
    }
    if text(decoded, "pdu") == "8" && text(decoded, "user").is_empty() {
        // A Report without a user is an answer to a question that nobody here has asked.
        return same("verdict", &Verdict::UnknownUser, &verdict).or(same("accepted", &false, &is_accepted(verdict)));
    }
    same("verdict", &Verdict::NotANotification, &verdict)
}

/// User and engine of the header, whether the digest is right, and the PDU.
fn content(bytes: &[u8], user: &User, blob: &Value, decoded: &Value) -> Result<(), String> {
    let message = match decode(bytes) {
        Ok(Message::V3(message)) => message,
        other => return Err(format!("not taken for SNMPv3: {other:?}")),
    };
    same("user", &text(decoded, "user"), &&*String::from_utf8_lossy(message.header.user))?;
    same("engine", &text(decoded, "engine").replace("<MISSING>", ""), &hex(message.header.engine_id))?;
    let key: Option<AuthKey> = user.protection.auth_key(message.header.engine_id);
    same("has a digest", &key.is_some(), &message.header.auth)?;
    let mut scratch = Vec::new();
    let scoped = open(&message, user, &mut scratch).map_err(|sealed| format!("not opened: {sealed:?}"))?;
    // 0: Get, 1: GetNext, 2: Response, 7: v2 trap, 8: Report; nothing: the other tool could not read it.
    let kind = match scoped.pdu {
        Pdu::Notification(_) => "7",
        Pdu::Response(_) => "2",
        Pdu::Report(_) => "8",
        Pdu::Other { .. } => "request",
    };
    let wanted = match text(decoded, "pdu") {
        "0" | "1" => "request",
        "" => kind,
        pdu => pdu,
    };
    same("pdu", &wanted, &kind)?;
    let words: Vec<&str> = text(blob, "expect").split([' ', ',']).collect();
    let beside = |mark: &str, step: isize| {
        let place = words.iter().position(|word| *word == mark)?;
        words.get(place.checked_add_signed(step)?).and_then(|word| word.parse::<i64>().ok())
    };
    let Pdu::Notification(notification) = scoped.pdu else { return Ok(()) };
    beside("request-id", 1).map_or(Ok(()), |n| same("request-id", &n, &notification.request_id.into()))?;
    // sysUpTime.0 and snmpTrapOID.0 are fields of their own with us.
    let count = i64::try_from(notification.varbinds.iter().count()).unwrap_or(i64::MAX) + 2;
    beside("varbinds", -1).map_or(Ok(()), |n| same("varbinds", &n, &count))
}

/// Why it cannot be opened under the keys of this user.
fn fault(bytes: &[u8], user: &User) -> Option<Sealed> {
    let Ok(Message::V3(message)) = decode(bytes) else { return None };
    open(&message, user, &mut Vec::new()).err()
}

fn open<'b>(message: &V3Message<'b>, user: &User, scratch: &'b mut Vec<u8>) -> Result<ScopedPdu<'b>, Sealed> {
    user.protection.keys(message.header.engine_id).open(message, scratch)
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

pub(super) fn taken(bytes: &[u8]) -> Result<Notification<'_>, String> {
    match decode(bytes) {
        Ok(Message::Notification(notification)) => Ok(notification),
        Ok(Message::V3(_)) => Err("taken for SNMPv3".into()),
        Ok(Message::Response(_)) => Err("taken for a response".into()),
        Err(error) => Err(format!("refused: {error}")),
    }
}
