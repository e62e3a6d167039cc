//! Single datagrams at the edge of what the RFCs allow, each marked `accept`, `reject+count` or `either`.

use lockwarden::path::Doors;
use lockwarden::usm::{AuthKey, User};
use lockwarden::verdict::Verdict;
use lockwarden::wire::snmp::{Message, decode};

use super::{Receiving, elsewhere, word};
use crate::conformance::{Group, json, read, same, text};
use crate::workspace::Failure;

/// What we have chosen where the corpus says `either`; docs/snmp.md says why.
const CHOSEN: [(&str, Verdict); 4] = [
    ("v2c-swapped-head.bin", Verdict::NoEntry),
    ("string-64k.bin", Verdict::NoEntry),
    ("opaque-double-short.bin", Verdict::NoEntry),
    ("v3-flags-2bytes.bin", Verdict::BadSnmp),
];

pub(super) fn cases(folder: &std::path::Path, users: &[User]) -> Result<Group, Failure> {
    let mut group = Group::new("snmp/edge");
    for case in json(&folder.join("edge.json"))?.as_array().into_iter().flatten() {
        let (file, expected, why) = (text(case, "file"), text(case, "verdict"), text(case, "why"));
        let bytes = read(&folder.join(file))?;
        let decide = |bytes: &[u8]| Receiving::new(elsewhere(), users, Doors::open()).map(|mut r| r.decide(bytes, 0));
        let ours = decide(&bytes)?.map(|(verdict, _)| verdict);
        match (expected, ours) {
            (_, Err(why)) => group.check(file, Err(why)),
            ("either", Ok(verdict)) => {
                group.note(format!("{file} ({why}): either is right; we {}: {verdict}", word(verdict)));
                let chosen = CHOSEN.iter().find(|(known, _)| *known == file).map(|(_, verdict)| verdict);
                group.check(file, same("what docs/snmp.md says", &chosen, &Some(&verdict)));
            }
            ("reject+count", Ok(Verdict::UnknownUser | Verdict::V3NotConfigured)) => {
                group.check(file, Err("refused for its user, so what is wrong with it was not looked at".into()));
            }
            (_, Ok(verdict)) => {
                let expected = expected.trim_end_matches("+count");
                group.check(&format!("{file} ({verdict})"), same("verdict", &expected, &word(verdict)));
            }
        }
        if let Some(signed) = signed(&bytes, users) {
            // Its digest was made up; under the right one, only what the case is about is wrong.
            let wanted = if text(case, "why").contains("salt") { "reject" } else { "accept" };
            let ours = decide(&signed)?.map(|(verdict, _)| verdict);
            let result = ours.and_then(|verdict| same("verdict", &wanted, &word(verdict)));
            group.check(&format!("{file}, with the digest of its user"), result);
        }
    }
    Ok(group)
}

/// The message under the key of its user; none, if it is not SNMPv3 with a digest of that user's length.
fn signed(bytes: &[u8], users: &[User]) -> Option<Vec<u8>> {
    let Ok(Message::V3(message)) = decode(bytes) else { return None };
    let user = users.iter().find(|user| user.name == message.header.user)?;
    let key: AuthKey = user.protection.auth_key(message.header.engine_id).filter(|_| message.header.auth)?;
    if message.digest.len() != key.auth().digest_length() {
        return None;
    }
    let (before, after) = message.around_digest;
    let digest = key.sign(&[before, &vec![0; message.digest.len()], after]);
    Some([before, &digest, after].concat())
}
