//! Captures with what another tool (tshark) says of each frame, with the users of the corpus and the times of the capture.
//!
//! Each frame of SNMPv3 is looked at twice: opened under the keys of its user, as it stands, beside what the other tool has read; and
//! decided by the receiver, in the order of the capture. Our engine is the one whose Reports are in the capture, so that the informs
//! to it are to us.

use lockwarden::config::Admission;
use lockwarden::path::Doors;
use lockwarden::units::Mono;
use lockwarden::usm::{EngineId, Identity, Keys, LocalEngine, Sealed, User};
use lockwarden::verdict::Verdict;
use lockwarden::wire::DecodeError;
use lockwarden::wire::snmp::v3::Pdu;
use lockwarden::wire::snmp::{Message, Notification, V3Message, Value as Syntax, decode};
use serde_json::Value;

use super::negatives::{PLAYED_BACK, SENT};
use super::{Receiving, blobs, elsewhere, expectation, hex, is_accepted, octets};
use crate::conformance::packets::{self, Datagram};
use crate::conformance::{Group, files, json_lines, name, same, text, texts};
use crate::workspace::Failure;

const NEGATIVE: &str =
    "boots 0xdd in one octet are -35 (X.690 section 8.3.3), the other tool takes them for 221; not an SNMP message";
const NO_KEYS: &str = "keys that nobody knows: the header, and that it is refused";

pub(super) fn captures(folder: &std::path::Path, users: &[User]) -> Result<Group, Failure> {
    let mut group = Group::new("snmp/pcap");
    for file in files(folder, &[".pcap", ".pcapng"])? {
        let datagrams = packets::datagrams(&file)?;
        let expected = json_lines(&folder.join(format!("{}.expected.jsonl", name(&file))))?;
        for said in &expected {
            let number = text(said, "frame.number");
            if datagrams.iter().all(|datagram| datagram.frame.to_string() != number) {
                let what = format!("{} frame {number}", name(&file));
                group.check(&what, Err("no such UDP datagram was found in the capture".into()));
            }
        }
        capture(&mut group, &name(&file), &datagrams, &expected, users)?;
    }
    Ok(group)
}

fn capture(
    group: &mut Group,
    file: &str,
    datagrams: &[Datagram],
    expected: &[Value],
    users: &[User],
) -> Result<(), Failure> {
    let is_negative = file == "negative.pcap";
    let said_of = |datagram: &Datagram| {
        let number = datagram.frame.to_string();
        expected.iter().find(|said| text(said, "frame.number") == number)
    };
    let traps = is_negative.then(|| Admission { allow: Vec::new(), communities: vec!["public".into()] });
    let mut receiving = Receiving::new(local(datagrams, said_of), users, Doors { traps, syslog: None })?;
    let mut accepted = 0;
    for datagram in datagrams {
        let what = format!("{file} frame {}", datagram.frame);
        let ours = receiving.decide(&datagram.payload, datagram.at_ms);
        accepted += usize::from(ours.as_ref().is_ok_and(|(verdict, _)| is_accepted(*verdict)));
        let (Ok((verdict, _)), Some(said)) = (ours.as_ref(), said_of(datagram)) else {
            let result = ours.and_then(|(verdict, _)| same("is a notification", &false, &is_accepted(verdict)));
            group.check_weakly(&what, "no SNMP to the other tool", result);
            continue;
        };
        let (content, due) = match text(said, "msgVersion") {
            "3" if *verdict == Verdict::BadSnmp => {
                match unreadable(&datagram.payload, said) {
                    Ok(None) => group.check(&what, Ok(())),
                    Ok(Some(why)) => group.differs(&what, why),
                    Err(why) => group.check(&what, Err(why)),
                }
                continue;
            }
            "3" => match v3(&datagram.payload, said, users) {
                Ok((content, due)) => (content, due),
                Err(why) => {
                    group.check(&what, Err(why));
                    continue;
                }
            },
            _ => (Content::Read, before_v3(&datagram.payload, said)),
        };
        let due = if is_negative { negative(datagram.frame, said) } else { due };
        let result = due.and_then(|due| due.is_met(*verdict));
        match content {
            Content::Read => group.check(&what, result),
            Content::Sealed => group.check_weakly(&what, NO_KEYS, result),
        }
    }
    let total = match file {
        "matrix.pcap" => Some(70),
        "negative.pcap" => Some(SENT.iter().filter(|(_, verdict)| verdict.is_none()).count()),
        _ => None,
    };
    if let Some(total) = total {
        group.check(&format!("{file}: accepted"), same("messages", &total, &accepted));
        group.note(format!("{file}: {accepted} accepted, {} not", datagrams.len() - accepted));
    }
    Ok(())
}

/// How much of a message could be compared.
enum Content {
    Read,
    Sealed,
}

/// What must become of a message.
enum Due {
    Accepted,
    NotAccepted,
    Exactly(Verdict),
}

impl Due {
    fn is_met(&self, verdict: Verdict) -> Result<(), String> {
        match self {
            Self::Accepted => {
                same("is accepted", &true, &is_accepted(verdict)).map_err(|why| format!("{why}: {verdict}"))
            }
            Self::NotAccepted => {
                same("is accepted", &false, &is_accepted(verdict)).map_err(|why| format!("{why}: {verdict}"))
            }
            Self::Exactly(wanted) => same("verdict", wanted, &verdict),
        }
    }
}

/// The engine whose Reports are in the capture, with the boots and the time that the first of them says.
fn local<'v>(datagrams: &[Datagram], said_of: impl Fn(&Datagram) -> Option<&'v Value>) -> LocalEngine {
    let ours = datagrams.iter().find_map(|datagram| {
        let said = said_of(datagram).filter(|said| text(said, "pdu") == "report" && text(said, "msgVersion") == "3")?;
        let number = |key: &str| text(said, key).parse::<u32>().ok();
        let id = EngineId::new(&octets(text(said, "msgAuthoritativeEngineID")).ok()?)?;
        let started = datagram.at_ms.checked_sub(u64::from(number("msgAuthoritativeEngineTime")?) * 1_000)?;
        let identity = Identity { id, boots: number("msgAuthoritativeEngineBoots")? };
        Some(LocalEngine::new(identity, Mono::from_millis(started)))
    });
    ours.unwrap_or_else(elsewhere)
}

fn before_v3(payload: &[u8], said: &Value) -> Result<Due, String> {
    match text(said, "pdu") {
        "trap-v1" | "trap-v2" | "inform" => {
            expectation::notification(&blobs::taken(payload)?, said)?;
            Ok(Due::Accepted)
        }
        _ => Ok(Due::NotAccepted),
    }
}

/// Why it cannot be read, if the other tool could.
fn unreadable(payload: &[u8], said: &Value) -> Result<Option<&'static str>, String> {
    if said.get("_ws.malformed").is_some() {
        return Ok(None);
    }
    match decode(payload) {
        Err(DecodeError::Invalid("msgAuthoritativeEngineBoots")) => Ok(Some(NEGATIVE)),
        other => Err(format!("not read: {other:?}")),
    }
}

/// What `send-negative.sh` meant with this frame; its mark must say the same where the other tool could read it.
fn negative(frame: usize, said: &Value) -> Result<Due, String> {
    let all: Vec<_> = SENT.iter().chain([&PLAYED_BACK]).collect();
    let (name, verdict) = frame.checked_sub(1).and_then(|place| all.get(place)).ok_or("one more than was sent")?;
    if let [mark] = texts(said, "value.octets").as_slice() {
        let mark = String::from_utf8_lossy(&octets(mark)?).into_owned();
        let name = if *name == PLAYED_BACK.0 { SENT.first().map_or("", |(name, _)| *name) } else { name };
        same("is the message", &true, &mark.ends_with(&format!(":{name}"))).map_err(|why| format!("{mark}: {why}"))?;
    }
    Ok(verdict.map_or(Due::Accepted, Due::Exactly))
}

/// Compares one message, and says what must become of it.
fn v3(payload: &[u8], said: &Value, users: &[User]) -> Result<(Content, Result<Due, String>), String> {
    let message = match decode(payload) {
        Ok(Message::V3(message)) => message,
        other => return Err(format!("not taken for SNMPv3: {other:?}")),
    };
    header(&message, said)?;
    let header = &message.header;
    let user = users.iter().find(|user| user.name == header.user);
    let asks = header.engine_id.is_empty();
    if header.auth && user.is_none() {
        return Ok((Content::Sealed, Ok(Due::Exactly(Verdict::UnknownUser))));
    }
    let keys = Keys {
        auth: user.and_then(|user| user.protection.auth_key(header.engine_id)).filter(|_| header.auth),
        privacy: user.and_then(|user| user.protection.priv_key(header.engine_id)).filter(|_| header.privacy),
    };
    let mut scratch = Vec::new();
    let opened = keys.open(&message, &mut scratch);
    match text(said, "v3.auth") {
        "1" => same("the digest is right", &false, &matches!(opened, Err(Sealed::Digest | Sealed::Level)))?,
        "0" => same("the digest is wrong", &true, &matches!(opened, Err(Sealed::Digest)))?,
        _ => {}
    }
    let due = match opened.map(|scoped| scoped.pdu) {
        Ok(Pdu::Notification(notification)) => if text(said, "pdu").is_empty() {
            marked(&notification, user)
        } else {
            expectation::notification(&notification, said)
        }
        .map(|()| if user.is_some() { Due::Accepted } else { Due::Exactly(Verdict::UnknownUser) }),
        Ok(Pdu::Response(response)) => request(said, response.request_id).map(|()| Due::NotAccepted),
        Ok(Pdu::Report(report)) => request(said, report.request_id).map(|()| Due::NotAccepted),
        Ok(Pdu::Other { request_id }) => {
            request(said, request_id).map(|()| if asks { Due::Exactly(Verdict::Discovery) } else { Due::NotAccepted })
        }
        Err(Sealed::Content) => Ok(Due::Exactly(Verdict::DecryptionError)),
        Err(Sealed::Digest | Sealed::Level) => Ok(Due::NotAccepted),
    };
    Ok((Content::Read, due))
}

fn header(message: &V3Message<'_>, said: &Value) -> Result<(), String> {
    let ours = &message.header;
    same("user", &text(said, "msgUserName"), &&*String::from_utf8_lossy(ours.user))?;
    same("engine", &text(said, "msgAuthoritativeEngineID").replace("<MISSING>", ""), &hex(ours.engine_id))?;
    same("boots", &text(said, "msgAuthoritativeEngineBoots"), &ours.boots.to_string().as_str())?;
    same("time", &text(said, "msgAuthoritativeEngineTime"), &ours.time.to_string().as_str())?;
    let flags = u8::from(ours.auth) | u8::from(ours.privacy) << 1 | u8::from(ours.reportable) << 2;
    same("flags", &text(said, "msgFlags"), &format!("{flags:02x}").as_str())
}

fn request(said: &Value, request_id: i32) -> Result<(), String> {
    match text(said, "request_id") {
        "" => Ok(()),
        wanted => same("request-id", &wanted, &request_id.to_string().as_str()),
    }
}

/// What the other tool cannot decrypt (it extends short keys in one of the two ways only) names its user in its mark.
fn marked(notification: &Notification<'_>, user: Option<&User>) -> Result<(), String> {
    let user = String::from_utf8_lossy(user.map_or(b"".as_slice(), |user| &user.name)).into_owned();
    let marks = notification.varbinds.iter().filter_map(|varbind| {
        let Syntax::OctetString(text) = varbind.value else { return None };
        Some(String::from_utf8_lossy(text).into_owned())
    });
    let marks: Vec<String> = marks.collect();
    let found = marks.iter().any(|mark| mark.contains(&format!(":v3-{user}-")));
    same("its mark names its user", &true, &found).map_err(|why| format!("{marks:?}: {why}"))
}
