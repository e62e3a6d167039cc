//! Every shape of line that CUCM is known or thought to send, each with its stated verdict and what it says. The lines of
//! `data/cucm-lines.tsv` are constructed: none was captured.

#![expect(clippy::unwrap_used, reason = "a line that cannot be read is a failed test")]

use std::fmt::Write as _;

use lockwarden::catalogue::Catalogue;
use lockwarden::engine::{Action, Engine, Settings};
use lockwarden::path::{Doors, Path};
use lockwarden::units::{Mono, Now, Wall};

const LINES: &str = include_str!("data/cucm-lines.tsv");
const EXPECTED: &str = include_str!("data/cucm-lines.expected");

#[test]
fn every_line_has_its_stated_verdict() {
    let mut happened = String::new();
    for (number, line) in (1..).zip(LINES.lines()) {
        let (_, line) = line.split_once('\t').unwrap();
        writeln!(happened, "{number}: {}", said(line)).unwrap();
    }
    assert_eq!(happened, EXPECTED);
}

/// The verdict of one line on its own, and what the record of its account says.
fn said(line: &str) -> String {
    let catalogue = Catalogue::shipped().unwrap();
    let engine = Engine::new(Settings::default(), catalogue.families(), (1, 2));
    let mut path = Path::new(engine, catalogue, Doors::open());
    let now = Now { mono: Mono::ZERO, wall: Wall::from_millis(1_768_465_260_000), synchronised: true };
    let mut said = path.syslog(line.as_bytes(), "192.0.2.10".parse().unwrap(), now).to_string();
    for record in path.engine.accounts() {
        let (account, credential) = (&record.account, serde_json::to_string(&record.credential()).unwrap());
        write!(said, " {}/{}/{}", account.realm.as_str(), account.cluster, account.name).unwrap();
        write!(said, " failures={} credential={}", record.total, credential.trim_matches('"')).unwrap();
        for source in record.sources() {
            write!(said, " from={source}").unwrap();
        }
        write!(said, " at={}", record.last_failure().unwrap()).unwrap();
    }
    while let Some(Action::Tell(alert, _)) = path.engine.next_action() {
        write!(said, " | {} {}", alert.state.as_str(), alert.kind.as_str()).unwrap();
        write!(said, " reason={} failures={}", alert.reason.map_or("null", |r| r.as_str()), alert.failures).unwrap();
        write!(said, " unlock={}", alert.unlock_expected.map_or("null".into(), |at| at.to_string())).unwrap();
        write!(said, " family={}", alert.evidence.first().unwrap().family).unwrap();
    }
    said
}
