//! Edge cases, blobs, captures, key vectors and fuzz seeds of SNMP, through the same path as a datagram of the service.

mod blobs;
mod captures;
mod edge;
mod expectation;
mod keys;
pub(super) mod negatives;
pub(super) mod users;

use std::net::{IpAddr, Ipv4Addr};

use lockwarden::catalogue::Catalogue;
use lockwarden::engine::{Engine, Settings};
use lockwarden::path::{Doors, Path, Reply};
use lockwarden::units::{Mono, Now, Wall};
use lockwarden::usm::{EngineId, Identity, LocalEngine, Receiver, User};
use lockwarden::verdict::{Outcome, Verdict};

use super::{Group, files, name, read};
use crate::workspace::Failure;

/// Where every message is said to come from.
const FROM: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

pub(super) fn groups(folder: &std::path::Path) -> Result<Vec<Group>, Failure> {
    let rows = users::read_csv(&folder.join("users.csv"))?;
    let users = rows.iter().map(users::Row::user).collect::<Result<Vec<_>, _>>()?;
    Ok(vec![
        keys::vectors(&folder.join("usm-key-vectors.json"))?,
        edge::cases(&folder.join("edge"), &users)?,
        blobs::blobs(&folder.join("blobs"))?,
        captures::captures(&folder.join("pcap"), &users)?,
        fuzz_seeds(&folder.join("fuzzseeds"), &users)?,
    ])
}

/// A receiver of everything that these users may send; it is this engine.
struct Receiving {
    path: Path,
    seen: u64,
}

impl Receiving {
    fn new(local: LocalEngine, users: &[User], doors: Doors) -> Result<Self, Failure> {
        let catalogue = Catalogue::shipped().map_err(|problems| Failure::Said(problems.join("\n")))?;
        let engine = Engine::new(Settings::default(), catalogue.families(), (1, 2));
        let mut path = Path::new(engine, catalogue, doors);
        path.usm = Some(Receiver::new(local, users.to_vec(), 1, (3, 4)));
        Ok(Self { path, seen: 0 })
    }

    /// What becomes of a datagram; it must be counted, once, and under this verdict.
    fn decide(&mut self, datagram: &[u8], at_ms: u64) -> Result<(Verdict, Option<Reply>), String> {
        let now =
            Now { mono: Mono::from_millis(at_ms), wall: Wall::from_millis(at_ms.cast_signed()), synchronised: true };
        let before = self.path.tallies().clone();
        let (verdict, reply) = self.path.snmp(datagram, FROM, now);
        self.seen += 1;
        let counted = self.path.tallies().count(verdict) == before.count(verdict) + 1;
        if counted && self.path.tallies().total() == self.seen {
            return Ok((verdict, reply));
        }
        Err(format!("{verdict} was not counted once"))
    }
}

/// An engine that is in no capture.
fn elsewhere() -> LocalEngine {
    LocalEngine::new(Identity::new(EngineId::made_of([0; EngineId::RANDOM])), Mono::ZERO)
}

/// Whether what was read went on to be a notification.
pub(super) fn is_accepted(verdict: Verdict) -> bool {
    match verdict.outcome() {
        Outcome::Counted | Outcome::Merged | Outcome::Ignored | Outcome::Unlisted => true,
        Outcome::Noted => verdict != Verdict::Discovery,
        Outcome::Duplicate | Outcome::Refused | Outcome::Malformed | Outcome::Lost => false,
    }
}

/// `accept` or `reject`.
fn word(verdict: Verdict) -> &'static str {
    if is_accepted(verdict) { "accept" } else { "reject" }
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

fn octets(hex: &str) -> Result<Vec<u8>, String> {
    let digits: Vec<char> = hex.trim_start_matches("0x").chars().collect();
    let octet = |pair: &[char]| u8::from_str_radix(&pair.iter().collect::<String>(), 16);
    digits.chunks(2).map(octet).collect::<Result<_, _>>().map_err(|error| format!("{hex}: {error}"))
}

/// Each packet of a seed file (they stand behind a mark), and each tail of the whole, as if it were a datagram: nothing may panic.
fn fuzz_seeds(folder: &std::path::Path, users: &[User]) -> Result<Group, Failure> {
    let mut group = Group::new("snmp/fuzzseeds");
    let mut receiving = Receiving::new(elsewhere(), users, Doors::open())?;
    for inner in files(folder, &[""])? {
        for file in files(&inner, &[""])? {
            let bytes = read(&file)?;
            let mut result = Ok(());
            for from in 0..bytes.len() {
                let tail = bytes.get(from..).unwrap_or_default();
                result = result.and(receiving.decide(tail, 0).map(|_| ()));
                if let Some(packet) = tail.strip_prefix(MARK).and_then(|rest| rest.get(1..)) {
                    let end = packet.windows(MARK.len()).position(|next| next == MARK).unwrap_or(packet.len());
                    result = result.and(receiving.decide(packet.get(..end).unwrap_or_default(), 0).map(|_| ()));
                }
            }
            group.check_weakly(&name(&file), "no panic, and each counted once", result);
        }
    }
    Ok(group)
}

/// What the seeds have before each packet; one byte for the direction follows.
const MARK: &[u8] = b"\x01PKT";
