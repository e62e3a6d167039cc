//! SNMPv3 to pysnmp: every level and pair of algorithms, Reeder's keys among them.

use std::io::{BufRead, BufReader, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Stdio};

use lockwarden::usm::{Auth, Privacy};
use lockwarden::wire::snmp::Kind;
use tokio::sync::mpsc::{Receiver, channel};
use tokio::time::timeout;

use crate::rig::{PATIENCE, Rig, directory, lockout, program, receiver};
use crate::users::{Person, our_engine};

/// The environment that `cargo xtask test` makes for pysnmp, from cargo's directory for tests.
const PYTHON: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/../tools/pysnmp/bin/python");

/// receive.py, running.
struct Pysnmp {
    address: SocketAddr,
    process: Child,
    lines: Receiver<String>,
}

impl Pysnmp {
    /// Starts it with these users, and waits until its socket is open.
    async fn start(known: &[Person]) -> Self {
        assert!(
            Path::new(PYTHON).is_file(),
            "pysnmp is not installed; `cargo xtask test` does that, and runs the tests"
        );
        let engine = our_engine().id().to_string();
        let mut process = program(PYTHON)
            .arg(directory("tests/data/pysnmp/receive.py"))
            .arg(engine.trim_start_matches("0x"))
            // Where it keeps its boots.
            .env("TMPDIR", env!("CARGO_TARGET_TMPDIR"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Python starts");
        let rows: String = known.iter().map(Person::row).collect();
        process.stdin.take().unwrap().write_all(rows.as_bytes()).unwrap();
        let (line, lines) = channel(1024);
        let stdout = BufReader::new(process.stdout.take().unwrap());
        std::thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|text| line.blocking_send(text)));
        let mut started = Self { address: (Ipv4Addr::LOCALHOST, 0).into(), process, lines };
        let port = started.line().await.parse().unwrap();
        started.address.set_port(port);
        started
    }

    async fn line(&mut self) -> String {
        timeout(PATIENCE, self.lines.recv()).await.expect("a line from pysnmp in time").expect("pysnmp runs")
    }
}

impl Drop for Pysnmp {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

#[tokio::test]
async fn traps_and_informs_of_every_level_and_algorithm_are_shown_with_their_user_and_informs_answered() {
    let everybody = Person::everybody(&Privacy::ALL);
    assert_eq!(everybody.len(), 1 + Auth::ALL.len() * (1 + Privacy::ALL.len()));
    let mut pysnmp = Pysnmp::start(&everybody).await;
    for person in &everybody {
        for (kind, pdu) in [(Kind::Trap, "SNMPv2TrapPDU"), (Kind::Inform, "InformRequestPDU")] {
            // An answer in Python takes its time, and an inform that is repeated would be shown again.
            let mut rig = Rig::start(lockwarden::shell::nms::Receiver {
                timeout: PATIENCE,
                ..receiver(pysnmp.address, person.protocol(kind))
            });
            rig.notify(1, lockout()).await;
            assert_eq!(rig.delivered().await, Some(1), "{pdu} {person:?}");
            let level = person.protection().level().as_str();
            // sysUpTime, snmpTrapOID, and the 27 fields of the MIB.
            let expected = format!("{pdu}\t{}\t{level}\t29\t{}", person.name, lockout().summary);
            assert_eq!(pysnmp.line().await, expected);
        }
    }
}
