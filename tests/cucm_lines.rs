//! Every shape of line that CUCM is known or thought to send, each with its stated verdict, what it says and the alert that it
//! raises. The lines of `data/cucm-lines.tsv` are constructed: none was captured. `LOCKWARDEN_CUCM_LINES=write` writes down what
//! happens, to be read before it is committed.

#![expect(clippy::unwrap_used, reason = "a line that cannot be read is a failed test")]

mod told;

use std::fmt::Write as _;
use std::{env, fs};

use lockwarden::event::Channel;
use lockwarden::units::{Mono, Now, Wall};
use lockwarden::wire::syslog;

const LINES: &str = include_str!("data/cucm-lines.tsv");
const EXPECTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/cucm-lines.expected");

#[test]
fn every_line_has_its_stated_verdict_says_what_it_says_and_raises_its_alert() {
    let mut happened = String::new();
    for (number, line) in (1..).zip(LINES.lines()) {
        let (_, line) = line.split_once('\t').unwrap();
        write!(happened, "{number}: {}", outcome(line)).unwrap();
    }
    if env::var_os("LOCKWARDEN_CUCM_LINES").is_some_and(|v| v == "write") {
        fs::write(EXPECTED, &happened).unwrap();
    }
    assert_eq!(happened, fs::read_to_string(EXPECTED).unwrap());
}

/// Of one line on its own, received at the moment that it names.
fn outcome(line: &str) -> String {
    let record = syslog::decode(line);
    let some_time = Wall::from_millis(1_768_465_260_000);
    let wall = record.stamp.and_then(|stamp| stamp.to_wall(some_time)).unwrap_or(some_time);
    let mut path = told::path();
    let verdict = path.syslog(line.as_bytes(), told::NODE, Now { mono: Mono::ZERO, wall, synchronised: true });
    let said =
        told::statements(|catalogue, each| catalogue.read_line(&record, told::origin(Channel::Syslog, wall), each));
    format!("{verdict}\n{said}{}", told::alerts(&mut path))
}
