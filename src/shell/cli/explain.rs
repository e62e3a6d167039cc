//! `lockwarden explain LINE`: what a syslog line is taken for, step by step, and why.

use std::io::Read as _;
use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use super::{Place, complain, load, refuse, say};
use crate::catalogue::{Catalogue, Considered, Explanation, Origin, Statement};
use crate::event::{Authenticated, Channel};
use crate::shell::clock;
use crate::units::{Text, Wall};
use crate::verdict::Verdict;
use crate::wire::ciscolog::{self, CiscoLog};
use crate::wire::stamp::{Accuracy, Zone};
use crate::wire::syslog::{self, Form, Record};

/// Standard input is read up to here.
const MOST: u64 = 1 << 20;
/// The keywords of RFC 5424, tables 1 and 2, as syslog.conf spells them.
const FACILITIES: [&str; 24] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp",
    "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
];
const SEVERITIES: [&str; 8] = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];

/// What to explain.
#[derive(Clone, Debug, Args)]
pub(crate) struct ExplainArgs {
    /// The line as it came, or - to read lines from standard input
    line: String,
    /// Print one JSON object for each line
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(place: &Place, args: &ExplainArgs) -> ExitCode {
    let catalogue = match load(place) {
        Ok((_, catalogue)) => catalogue,
        Err(problems) => return refuse(&problems),
    };
    let mut lines = args.line.clone().into_bytes();
    if args.line == "-" {
        lines.clear();
        if let Err(error) = std::io::stdin().lock().take(MOST).read_to_end(&mut lines) {
            complain(&format!("standard input: {error}"));
            return ExitCode::FAILURE;
        }
    }
    let now = clock::wall();
    for line in lines.split(|&byte| byte == b'\n').filter(|line| !line.trim_ascii().is_empty()) {
        let explained = explained(&catalogue, &String::from_utf8_lossy(line), now);
        if args.json { say(&explained.to_string()) } else { print(&explained) }
    }
    ExitCode::SUCCESS
}

/// Everything about one line. Text from the line is escaped, whoever shows it.
fn explained(catalogue: &Catalogue, line: &str, now: Wall) -> Value {
    let record = syslog::decode(line);
    let log = ciscolog::parse(record.body);
    let (channel, authenticated) = (Channel::Syslog, Authenticated::None);
    let origin = Origin { channel, authenticated, sender: "", agent: "", received: now };
    let said = catalogue.explain(&record, origin);
    let part = log.and_then(|log| log.tags.part());
    json!({
        "header": header(&record, now),
        "message": log.map_or_else(|| json!({ "text": safe(record.body) }), alarm),
        "asked": said.considered.iter().map(considered).collect::<Vec<_>>(),
        "read": said.fields.iter().map(|(key, text)| json!({ "key": key, "value": safe(text) })).collect::<Vec<_>>(),
        "statements": said.statements.iter().map(statement).collect::<Vec<_>>(),
        "part": part.map(|part| json!({ "part": part.part, "of": part.of })),
        "verdict": said.verdict.as_str(),
        "so": consequence(&said, part.is_some()),
    })
}

/// What stands before the message. What is not there is null.
fn header(record: &Record<'_>, now: Wall) -> Value {
    let form = match record.form {
        Form::CiscoLog => "CiscoLog",
        Form::Ios => "Cisco IOS",
        Form::Rfc5424 => "RFC 5424",
        Form::Rfc3164 => "RFC 3164",
        Form::Bare => "none",
    };
    let pri = record.pri.map(|pri| {
        let name = |names: &[&str], n: u8| names.get(usize::from(n)).map_or_else(|| n.to_string(), ToString::to_string);
        format!("{}.{}", name(&FACILITIES, pri.facility), name(&SEVERITIES, pri.severity))
    });
    let time = record.stamp.and_then(|stamp| Some((stamp, stamp.to_wall(now)?)));
    let zone = time.map(|(stamp, _)| match stamp.zone {
        Zone::Utc => "UTC".to_owned(),
        Zone::OffsetMinutes(minutes) => format!("{minutes:+} minutes"),
        Zone::Unknown => "not named: that of the node ([[node]] time-zone), else UTC".to_owned(),
    });
    let clock = time.map(|(stamp, _)| match stamp.accuracy {
        Accuracy::Synchronised => "set, or not said",
        Accuracy::NotSynchronised => "never set",
        Accuracy::Dubious => "lost its source",
    });
    json!({
        "form": form,
        "pri": pri,
        "sequence": record.sequence,
        "host": record.host.map(safe),
        "time": time.map(|(_, wall)| wall.to_string()),
        "zone": zone,
        "clock": clock,
        "program": record.app.map(safe),
        "process": record.pid.map(safe),
        "message id": record.msgid.map(safe),
    })
}

/// The message, in the form `%FACILITY-n-ALARM: %[name=value]...: text`.
fn alarm(log: CiscoLog<'_>) -> Value {
    let tags = log.tags.iter().map(|(name, value)| json!({ "name": safe(name), "value": safe(&value.unescaped()) }));
    json!({
        "facility": safe(log.facility),
        "severity": log.severity,
        "alarm": safe(log.mnemonic),
        "parameters": tags.collect::<Vec<_>>(),
        "text": safe(log.text),
        "cut": log.truncated,
    })
}

fn considered(asked: &Considered) -> Value {
    json!({
        "pack": asked.pack,
        "family": asked.family,
        "line": asked.line,
        "meaning": asked.meaning,
        "not_taken": asked.why_not.as_deref().map(safe),
    })
}

fn statement(said: &Statement) -> Value {
    let mut object = json!({
        "verdict": said.verdict.as_str(),
        "family": said.family,
        "realm": said.realm.as_str(),
        "credential": said.credential,
        "reason": said.reason,
        "unlock_s": said.unlock_s,
        "failures": said.failures,
        "at": said.stamp.map(|stamp| stamp.at.to_string()),
    });
    let texts = said.texts.iter().filter(|(_, text)| !text.is_empty());
    for (key, text) in texts {
        if let Some(object) = object.as_object_mut() {
            object.insert((*key).to_owned(), safe(text).into());
        }
    }
    object
}

/// What the service would do about it, in a sentence.
fn consequence(said: &Explanation, is_part: bool) -> String {
    if is_part {
        return "the service waits for the other parts, then reads the whole message".into();
    }
    let whom = |said: &Statement| match said.texts.iter().find(|(key, _)| *key == "account") {
        Some((_, account)) => format!("{} account {}", said.realm.as_str(), safe(account)),
        None => String::new(),
    };
    let count = said.statements.len();
    let Some(first) = said.statements.first() else { return without_account(said.verdict) };
    let whom = whom(first);
    let known = [
        (Verdict::Lockout, format!("a lockout of {whom}")),
        (Verdict::Success, format!("{whom} signed in: its run of failures ends")),
        (Verdict::Unlock, format!("{whom} was unlocked")),
        (Verdict::Logout, format!("{whom} signed out")),
        (
            Verdict::Failure,
            if count > 1 { format!("{count} failures of {whom}") } else { format!("a failure of {whom}") },
        ),
    ];
    known.into_iter().find(|(of, _)| *of == first.verdict).map_or_else(|| first.verdict.to_string(), |(_, so)| so)
}

/// The same of a line that says nothing about an account.
fn without_account(verdict: Verdict) -> String {
    let known = [
        (Verdict::NoAccount, "an entry was taken, but the account is missing or empty: nothing is counted"),
        (Verdict::AccountCut, "the account's name is cut off: nothing is counted, rather than somebody else"),
        (Verdict::TextCut, "the text is cut off before what would say what it means, or too long to be read"),
        (Verdict::NoEntry, "no entry speaks of it; a pack of yours can: docs/catalogue.md"),
        (Verdict::Health, "about the sender's own state: nothing is counted"),
        (Verdict::NeverCounted, "the catalogue says that this is never counted"),
        (Verdict::NotASignIn, "not about a sign-in: nothing is counted"),
    ];
    known.iter().find(|(of, _)| *of == verdict).map_or_else(|| verdict.to_string(), |(_, so)| (*so).to_owned())
}

/// Text of a stranger: no control character, no mark that turns its direction, bounded.
fn safe(text: &str) -> String {
    Text::<1024>::from_wire(text).to_string()
}

/// What is shown of the header and of the message, in this order.
const SHOWN: [&str; 15] = [
    "form",
    "pri",
    "sequence",
    "host",
    "time",
    "zone",
    "clock",
    "program",
    "process",
    "message id",
    "facility",
    "severity",
    "alarm",
    "parameters",
    "text",
];

fn print(explained: &Value) {
    let steps = || ["header", "message"].into_iter().filter_map(|step| explained.get(step));
    for name in SHOWN {
        match steps().find_map(|step| step.get(name)) {
            None | Some(Value::Null) => {}
            Some(Value::Array(all)) => all.iter().for_each(|pair| row("parameter", &pair_of(pair, "name"))),
            Some(value) => row(name, &plain(value)),
        }
    }
    for asked in list(explained, "asked") {
        let of = |key: &str| asked.get(key).map(plain).unwrap_or_default();
        let why = match asked.get("not_taken").and_then(Value::as_str) {
            Some(why) => format!("not taken: {why}"),
            None => format!("taken: {}", of("meaning")),
        };
        row("asked", &format!("{} ({}.toml:{}) {why}", of("family"), of("pack"), of("line")));
    }
    list(explained, "read").for_each(|pair| row("read", &pair_of(pair, "key")));
    for said in list(explained, "statements") {
        let pairs = said.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
        row("says", &pairs.map(|(key, value)| format!("{key}={}", plain(value))).collect::<Vec<_>>().join(" "));
    }
    for key in ["verdict", "so"] {
        row(key, &explained.get(key).map(plain).unwrap_or_default());
    }
}

fn list<'v>(of: &'v Value, key: &str) -> impl Iterator<Item = &'v Value> {
    of.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn pair_of(pair: &Value, name: &str) -> String {
    let of = |key: &str| pair.get(key).map(plain).unwrap_or_default();
    format!("{} = {}", of(name), of("value"))
}

fn row(name: &str, value: &str) {
    say(&format!("{name:<10} {value}"));
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
