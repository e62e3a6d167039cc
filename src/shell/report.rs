//! What the running service says about itself, as JSON for `lockwarden accounts`, `alerts` and `health`.

use serde_json::{Value, json};

use crate::assemble::AssemblyTally;
use crate::engine::{AccountRecord, Watched};
use crate::path::{Path, RelayTally, Transport};
use crate::units::Now;
use crate::usm::{Receiver, Sender};
use crate::verdict::Tallies;

/// The accounts at hand: locked ones first, then by their newest failure.
pub(crate) fn accounts(path: &Path, now: Now) -> Value {
    let settings = path.engine.settings();
    let mut records: Vec<&AccountRecord> = path.engine.accounts().collect();
    records.sort_by_key(|record| (record.locked().is_none(), std::cmp::Reverse(record.last_failure())));
    let row = |record: &&AccountRecord| {
        let policy = settings.policies.of(&record.account);
        json!({
            "account": record.account.name,
            "cluster": Some(&record.account.cluster).filter(|c| !c.is_empty()),
            "realm": record.account.realm,
            "locked": record.locked().is_some(),
            "basis": record.locked(),
            "unlock_expected": record.unlock_expected(),
            "failures": record.failures_in(policy.reset, now.mono),
            "limit": policy.failed_logons,
            "failures_total": record.total,
            "last_failure": record.last_failure(),
            "sources": record.sources(),
        })
    };
    Value::Array(records.iter().map(row).collect())
}

/// What was received and how it ended.
pub(crate) fn path(path: &Path, now: Now) -> Value {
    let tallies = path.tallies();
    let refused: Vec<Value> = path
        .refusals()
        .map(|refusal| {
            json!({
                "from": refusal.from.to_canonical().to_string(),
                "to": match refusal.transport { Transport::Snmp => "traps", Transport::Syslog => "syslog" },
                "why": refusal.why.as_str(),
                "count": refusal.count,
                "last": refusal.last,
                "remedy": refusal.remedy(),
            })
        })
        .collect();
    let (hot, evicted, untracked) = path.engine.occupancy();
    let watched = |name: &str| path.engine.watched().find(|node| node.name.as_str().eq_ignore_ascii_case(name));
    let nodes: Vec<Value> = path
        .engine
        .nodes()
        .map(|node| {
            let watched = watched(node.name.as_str());
            json!({
                "name": node.name,
                "cluster": Some(&node.cluster).filter(|c| !c.is_empty()),
                "silent_s": watched.and_then(Watched::heard).map(|heard| now.mono.since(heard).as_secs()),
                "signs_in": watched.map(Watched::signs_in),
                "blind": watched.and_then(Watched::blind),
            })
        })
        .collect();
    let (waiting, AssemblyTally { joined, incomplete, missing_parts }) = path.pieces();
    json!({
        "received": tallies.total(),
        "verdicts": verdicts(tallies),
        "refused": refused,
        "accounts": { "at_hand": hot, "made_room": evicted, "untracked": untracked },
        "nodes": nodes,
        "pieces": { "waiting": waiting, "joined": joined, "incomplete": incomplete, "missing_parts": missing_parts },
        "learning_s": path.engine.settings().learning_left(now.mono).as_secs(),
        "overload": path.engine.overload(),
        "relay": path.relay.as_ref().map(|relay| relay_tally(relay.tally())),
        "snmpv3": path.usm.as_ref().map(|usm| snmpv3(usm, now)),
    })
}

/// What became of notifications that were to be passed on.
fn relay_tally(tally: RelayTally) -> Value {
    let RelayTally { passed, filtered, looped, unsendable } = tally;
    json!({ "passed": passed, "filtered": filtered, "looped": looped, "unsendable": unsendable })
}

/// Our engine, and the engines that have proved themselves.
fn snmpv3(usm: &Receiver, now: Now) -> Value {
    let sender = |sender: &Sender| {
        let record = sender.record();
        json!({
            "engine_id": record.id.to_string(),
            "from": sender.from().map(|from| from.to_canonical().to_string()),
            "boots": record.window.boots,
            "time": record.window.time,
            "learnt": record.learnt,
            "silent_s": now.mono.since(sender.last_heard()).as_secs(),
        })
    };
    json!({
        "engine_id": usm.local().id().to_string(),
        "boots": usm.local().boots(),
        "senders": usm.senders().map(sender).collect::<Vec<_>>(),
    })
}

/// Each verdict that was given, with its count.
pub(crate) fn verdicts(tallies: &Tallies) -> Value {
    let given = tallies.iter().filter(|(_, n)| *n > 0);
    Value::Object(given.map(|(verdict, n)| (verdict.as_str().to_owned(), n.into())).collect())
}
