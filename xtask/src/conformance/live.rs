//! The release binary on sockets, with other programs as its senders: the scripts of the corpora, which drive net-snmp, and pysnmp.
//! What became of their messages is read from `lockwarden health`.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use lockwarden::usm::{Auth, Privacy};
use lockwarden::verdict::{Outcome, Verdict};
use serde_json::Value;

use super::snmp::negatives;
use super::snmp::users::{self, Row};
use super::{Group, same};
use crate::bench::service::{Broker, Place, Service};
use crate::pysnmp;
use crate::workspace::{Failure, Workspace, on_path, succeed};

/// The program that sends by pysnmp, as in the tests.
const SEND: &str = "tests/data/pysnmp/send.py";
/// Whom that program says that it is, in hexadecimal digits.
const PYSNMP_ENGINE: &str = "80001f88047079736e6d70";
/// Messages of `send-all.sh`.
const MATRIX: u64 = 70;
/// Its informs of SNMPv3: each asks for our engine once.
const MATRIX_INFORMS: u64 = 31;

pub(super) fn group(workspace: &Workspace, folder: &Path) -> Result<Group, Failure> {
    let mut group = Group::new("live");
    if on_path("snmptrap").is_none() {
        group.skip("net-snmp", "snmptrap is not installed");
        return Ok(group);
    }
    succeed(workspace.cargo().args(["build", "--quiet", "--release", "--package", "lockwarden"]))?;
    let place = Place {
        binary: workspace.target().join("release").join("lockwarden"),
        directory: workspace.target().join("conformance"),
    };
    if place.directory.exists() {
        fs::remove_dir_all(&place.directory).map_err(|e| Failure::of("target/conformance", e))?;
    }
    let rows = users::read_csv(&folder.join("snmp").join("users.csv"))?;
    net_snmp(&mut group, &place, &rows, &folder.join("senders"))?;
    let sender = Sender { python: pysnmp::provide(workspace)?, program: workspace.root().join(SEND) };
    // Its engine is another than that of the scripts; and 32 users are the most that there can be at once.
    let rows: Vec<Row> = rows.into_iter().map(|row| Row { engine: PYSNMP_ENGINE.into(), ..row }).collect();
    pysnmp(&mut group, &place, &sender, "pysnmp", &rows)?;
    pysnmp(&mut group, &place, &sender, "pysnmp, Reeder keys", &reeder()?)?;
    Ok(group)
}

/// A user for each algorithm of authentication, and each that extends keys as most Cisco equipment does.
fn reeder() -> Result<Vec<Row>, Failure> {
    let all =
        Auth::ALL.into_iter().flat_map(|auth| [Privacy::Aes192c, Privacy::Aes256c].map(|privacy| (auth, privacy)));
    all.map(|(auth, privacy)| {
        let name = format!("r-{}-{}", auth.as_str(), privacy.as_str());
        let passwords = [format!("Auth.{name}"), format!("Priv.{name}")];
        let [auth_password, priv_password] = &passwords;
        Row::new(&name, auth.as_str(), auth_password, privacy.as_str(), priv_password, PYSNMP_ENGINE)
            .map_err(Failure::Said)
    })
    .collect()
}

fn service(place: &Place, name: &str, rows: &[Row]) -> Result<Service, Failure> {
    let users: String = rows.iter().map(Row::toml).collect();
    let lines = format!("communities = [\"public\"]\n{users}");
    Service::start_with(place, name, Broker::Embedded, &lines)
}

fn net_snmp(group: &mut Group, place: &Place, rows: &[Row], senders: &Path) -> Result<(), Failure> {
    let service = service(place, "net-snmp", rows)?;
    let mut before = Counts::of(&service)?;
    let script = |name: &str, boots: &str| {
        let mut run = Command::new("bash");
        run.arg(senders.join(name)).arg(service.traps.to_string());
        run.env("OUT", service.directory().join(name)).env("BOOTS", boots);
        output(&mut run)
    };
    let sent = script("send-all.sh", "1")?;
    group.check("send-all.sh: each message sent and each inform answered", answered(&sent));
    let now = settled(&service)?;
    let counts = now.since(&before);
    group.note(format!("send-all.sh: {counts}"));
    group.check("send-all.sh: accepted", same("messages", &MATRIX, &counts.accepted()));
    group
        .check("send-all.sh: our engine asked for", same("messages", &MATRIX_INFORMS, &counts.get(Verdict::Discovery)));
    group.check("send-all.sh: refused", same("messages", &0, &counts.refused()));
    before = now;
    script("send-negative.sh", "2")?;
    let counts = settled(&service)?.since(&before);
    group.note(format!("send-negative.sh: {counts}"));
    let (refused, accepted): (Vec<_>, Vec<_>) = negatives::SENT.iter().partition(|(_, verdict)| verdict.is_some());
    group.check("send-negative.sh: accepted", same("messages", &(accepted.len() as u64), &counts.accepted()));
    group.check("send-negative.sh: refused", same("messages", &(refused.len() as u64), &counts.refused()));
    let mut wanted: BTreeMap<Verdict, (u64, Vec<&str>)> = BTreeMap::new();
    for (name, verdict) in refused {
        let Some(verdict) = verdict else { continue };
        let (count, names) = wanted.entry(verdict).or_default();
        *count += 1;
        names.push(name);
    }
    for (verdict, (count, names)) in wanted {
        group.check(&format!("{}: {verdict}", names.join(", ")), same("messages", &count, &counts.get(verdict)));
    }
    Ok(())
}

fn pysnmp(group: &mut Group, place: &Place, sender: &Sender, name: &str, rows: &[Row]) -> Result<(), Failure> {
    let service = service(place, name, rows)?;
    let before = Counts::of(&service)?;
    let mut run = Command::new(&sender.python);
    // It counts its starts in the directory for temporary files.
    run.arg(&sender.program).arg(service.traps.port().to_string()).env("TMPDIR", service.directory());
    let mut sending = run
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| Failure::of("pysnmp", e))?;
    if let Some(mut input) = sending.stdin.take() {
        let lines: String = rows.iter().map(line).collect();
        input.write_all(lines.as_bytes()).map_err(|e| Failure::of("pysnmp", e))?;
    }
    let sent = sending.wait_with_output().map_err(|e| Failure::of("pysnmp", e))?;
    let messages = 2 * rows.len() as u64;
    let said = String::from_utf8_lossy(&sent.stdout).into_owned();
    let (ended_well, others): (Vec<&str>, Vec<&str>) = said.lines().partition(|line| line.ends_with(" ok"));
    let all =
        same("messages", &messages, &(ended_well.len() as u64)).map_err(|why| format!("{why}; {}", others.join("; ")));
    group.check(&format!("{name}: each message sent and each inform answered"), answered(&sent).and(all));
    let counts = settled(&service)?.since(&before);
    group.note(format!("{name}: {counts}"));
    group.check(&format!("{name}: accepted"), same("messages", &messages, &counts.accepted()));
    group.check(&format!("{name}: refused"), same("messages", &0, &counts.refused()));
    group.check(&format!("{name}: our engine asked for"), same("asked", &true, &(counts.get(Verdict::Discovery) > 0)));
    Ok(())
}

/// What sends by pysnmp.
struct Sender {
    python: PathBuf,
    program: PathBuf,
}

/// A user as the program reads it.
fn line(row: &Row) -> String {
    let (auth, auth_password) = row.auth.as_ref().map_or(("", ""), |(auth, password)| (auth.as_str(), password));
    let (privacy, priv_password) =
        row.privacy.as_ref().map_or(("", ""), |(privacy, password)| (privacy.as_str(), password));
    format!("{}\t{auth}\t{auth_password}\t{privacy}\t{priv_password}\n", row.name)
}

fn output(command: &mut Command) -> Result<Output, Failure> {
    command.output().map_err(|e| Failure::of(command.get_program().to_string_lossy(), e))
}

fn answered(sent: &Output) -> Result<(), String> {
    if sent.status.success() {
        return Ok(());
    }
    let said = [&sent.stdout[..], &sent.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    Err(format!("{}: {}", sent.status, said.trim()))
}

/// What health says when nothing more comes in.
fn settled(service: &Service) -> Result<Counts, Failure> {
    service.settled(0)?;
    Counts::of(service)
}

/// How often each verdict was given.
#[derive(Debug)]
struct Counts(BTreeMap<Verdict, u64>);

impl Counts {
    fn of(service: &Service) -> Result<Self, Failure> {
        let health: Value =
            serde_json::from_str(&service.health()?).map_err(|e| Failure::of("lockwarden health", e))?;
        let verdicts = health.get("verdicts").ok_or_else(|| Failure::Said("health has no `verdicts`".into()))?;
        let count = |verdict: Verdict| verdicts.get(verdict.as_str()).and_then(Value::as_u64).unwrap_or(0);
        Ok(Self(Verdict::ALL.iter().map(|&verdict| (verdict, count(verdict))).collect()))
    }

    fn since(&self, before: &Self) -> Self {
        Self(self.0.iter().map(|(&verdict, count)| (verdict, count.saturating_sub(before.get(verdict)))).collect())
    }

    fn get(&self, verdict: Verdict) -> u64 {
        self.0.get(&verdict).copied().unwrap_or(0)
    }

    fn accepted(&self) -> u64 {
        self.0.iter().filter(|(verdict, _)| super::snmp::is_accepted(**verdict)).map(|(_, count)| count).sum()
    }

    /// Refused, or not readable.
    fn refused(&self) -> u64 {
        let is_refused = |verdict: Verdict| matches!(verdict.outcome(), Outcome::Refused | Outcome::Malformed);
        self.0.iter().filter(|(verdict, _)| is_refused(**verdict)).map(|(_, count)| count).sum()
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let given: Vec<String> = self
            .0
            .iter()
            .filter(|(_, count)| **count > 0)
            .map(|(verdict, count)| format!("{verdict} {count}"))
            .collect();
        f.write_str(&given.join(", "))
    }
}
