//! From datagram to tally in this process, on one thread: speed, and what is taken from the heap.
//!
//! A thousand accounts fail in turn, each once in twenty minutes: below every limit, so no alert is made and what is measured is
//! the steady state. Time is what the messages say; nothing waits.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Instant;

use lockwarden::catalogue::Catalogue;
use lockwarden::config::Admission;
use lockwarden::engine::{Engine, Settings};
use lockwarden::path::{Doors, Path};
use lockwarden::units::{Mono, Now, Span, Wall};
use lockwarden::usm::{EngineId, Identity, LocalEngine, Receiver};
use lockwarden::verdict::Verdict;
use lockwarden::wire::snmp;
use lockwarden::wire::snmp::v3::Pdu;

use super::messages::{self, Messages};
use super::table::{self, Budget, Table};
use super::{Extent, process, user};
use crate::workspace::Failure;

const START: Wall = Wall::from_millis(1_768_465_260_000);
/// From one message to the next; with a thousand accounts, twenty minutes for each.
const STEP: Span = Span::millis(1_200);
/// Messages before anything is measured: every account is known, every table has its size.
const WARM_UP: u64 = 20_000;
/// Octets: what is decrypted of one message is shorter.
const LONGEST_PDU: usize = 1_024;
const FROM: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// What is put in, and how each must end.
struct Load {
    name: &'static str,
    per_s: Budget,
    cpu_us: Budget,
    /// What every message of it comes to.
    verdicts: &'static [Verdict],
    message: fn(u64) -> Vec<u8>,
    /// The time of the `n`th message, in steps.
    step: fn(u64) -> u64,
    is_trap: fn(u64) -> bool,
}

const LOADS: &[Load] = &[
    Load {
        name: "syslog authFail",
        per_s: table::SYSLOG_PER_S,
        cpu_us: table::SYSLOG_CPU_US,
        verdicts: &[Verdict::Failure],
        message: |n| messages::auth_fail(n, &messages::account(n), wall(n)),
        step: |n| n,
        is_trap: |_| false,
    },
    Load {
        name: "v2c clog trap",
        per_s: table::TRAPS_PER_S,
        cpu_us: table::TRAPS_CPU_US,
        verdicts: &[Verdict::Failure],
        message: |n| messages::auth_fail_trap(n, &messages::account(n)),
        step: |n| n,
        is_trap: |_| true,
    },
    Load {
        name: "v3 clog trap, SHA-256 + AES-128",
        per_s: table::V3_TRAPS_PER_S,
        cpu_us: table::V3_TRAPS_CPU_US,
        verdicts: &[Verdict::Failure],
        message: |n| messages::auth_fail_v3_trap(n, &messages::account(n), engine_time(n)),
        step: |n| n,
        is_trap: |_| true,
    },
    Load {
        name: "syslog, no entry",
        per_s: table::SYSLOG_PER_S,
        cpu_us: table::SYSLOG_CPU_US,
        verdicts: &[Verdict::NoEntry],
        message: |n| messages::no_entry(n, wall(n)),
        step: |n| n,
        is_trap: |_| false,
    },
    Load {
        name: "merged, syslog + trap",
        per_s: table::TRAPS_PER_S,
        cpu_us: table::TRAPS_CPU_US,
        verdicts: &[Verdict::Failure, Verdict::Absorbed],
        message: |n| {
            let account = messages::account(n / 2);
            if n % 2 == 0 {
                messages::auth_fail(n, &account, wall(n / 2))
            } else {
                messages::auth_fail_trap(n, &account)
            }
        },
        step: |n| n / 2,
        is_trap: |n| n % 2 == 1,
    },
];

/// Measures every load.
pub(super) fn measure(table: &mut Table, extent: Extent) -> Result<(), Failure> {
    let control = allocation_counter::measure(|| drop(std::hint::black_box(Box::new(7_u64))));
    if control.count_total != 1 {
        return Err(Failure::Said("allocations are not counted".into()));
    }
    let count = extent.pick(400_000, 100_000);
    for load in LOADS {
        let cost = load.run(count)?;
        table.add(format!("{}: datagram to tally", load.name), cost.per_s, "/s", load.per_s);
        table.add(format!("{}: CPU", load.name), cost.cpu_us, "us/event", load.cpu_us);
        if (0..2).any(load.is_trap) {
            table.add(format!("{}: of it, traps to varbinds", load.name), cost.decoder_us, "us/event", Budget::Open);
        }
        let beyond = if (0..2).any(load.is_trap) { "allocations beyond the BER decoder" } else { "allocations" };
        table.add(format!("{}: {beyond}", load.name), cost.allocations - cost.decoder, "/event", table::ALLOCATIONS);
        if (0..2).any(load.is_trap) {
            table.add(format!("{}: allocations in the BER decoder", load.name), cost.decoder, "/event", Budget::Open);
        }
    }
    Ok(())
}

struct Cost {
    per_s: f64,
    cpu_us: f64,
    /// That part of it in which traps are decoded, opened with the user's keys and their varbinds walked through.
    decoder_us: f64,
    /// Heap allocations of an event.
    allocations: f64,
    /// Those of them that are made in that part.
    decoder: f64,
}

impl Load {
    fn run(&self, count: u64) -> Result<Cost, Failure> {
        let mut path = path()?;
        let warm_up = Messages::of(0..WARM_UP, self.message);
        self.put(&mut path, 0, &warm_up)?;
        let timed = Messages::of(WARM_UP..WARM_UP + count, self.message);
        let (began, cpu) = (Instant::now(), process::cpu_of_thread()?);
        self.put(&mut path, WARM_UP, &timed)?;
        let (took, cpu) = (began.elapsed(), process::cpu_of_thread()?.saturating_sub(cpu));
        let mut scratch = Vec::with_capacity(LONGEST_PDU);
        let decoding = process::cpu_of_thread()?;
        self.decode(WARM_UP, &timed, &mut scratch);
        let decoding = process::cpu_of_thread()?.saturating_sub(decoding);
        let first = WARM_UP + count;
        let counted = Messages::of(first..first + WARM_UP, self.message);
        let mut end = Ok(());
        let all = allocation_counter::measure(|| end = self.put(&mut path, first, &counted));
        end?;
        let decoder = allocation_counter::measure(|| self.decode(first, &counted, &mut scratch));
        let per_event = |n: u64| n as f64 / WARM_UP as f64;
        Ok(Cost {
            per_s: count as f64 / took.as_secs_f64(),
            cpu_us: cpu.as_secs_f64() * 1e6 / count as f64,
            decoder_us: decoding.as_secs_f64() * 1e6 / count as f64,
            allocations: per_event(all.count_total),
            decoder: per_event(decoder.count_total),
        })
    }

    /// Puts messages in as the service does, and takes the actions out.
    fn put(&self, path: &mut Path, first: u64, messages: &Messages) -> Result<(), Failure> {
        for (n, message) in (first..).zip(messages.iter()) {
            let now = at((self.step)(n));
            path.tick(now);
            let (verdict, _) =
                if (self.is_trap)(n) { path.snmp(message, FROM, now) } else { (path.syslog(message, FROM, now), None) };
            while path.engine.next_action().is_some() {}
            let expected = usize::try_from(n).ok().and_then(|n| self.verdicts.get(n % self.verdicts.len()));
            if expected != Some(&verdict) {
                return Err(Failure::Said(format!("{}: message {n} ended as {verdict}", self.name)));
            }
        }
        Ok(())
    }

    /// Decodes the traps among the messages and opens them with the user's keys, and no more.
    fn decode(&self, first: u64, messages: &Messages, scratch: &mut Vec<u8>) {
        let traps = (first..).zip(messages.iter()).filter(|&(n, _)| (self.is_trap)(n));
        for (_, datagram) in traps {
            let notification = match snmp::decode(datagram) {
                Ok(snmp::Message::Notification(notification)) => Some(notification),
                Ok(snmp::Message::V3(message)) => {
                    user::keys().open(&message, scratch).ok().and_then(|scoped| match scoped.pdu {
                        Pdu::Notification(notification) => Some(notification),
                        Pdu::Response(_) | Pdu::Report(_) | Pdu::Other { .. } => None,
                    })
                }
                Ok(snmp::Message::Response(_)) | Err(_) => None,
            };
            std::hint::black_box(notification.map(|notification| notification.varbinds.iter().count()));
        }
    }
}

fn path() -> Result<Path, Failure> {
    let catalogue = Catalogue::shipped().map_err(|problems| Failure::Said(problems.join("\n")))?;
    let engine = Engine::new(Settings::default(), catalogue.families(), (1, 2));
    let loopback = || Admission { allow: Vec::new(), communities: Vec::new() };
    let mut path = Path::new(engine, catalogue, Doors { traps: Some(loopback()), syslog: Some(loopback()) });
    let local = LocalEngine::new(Identity::new(EngineId::made_of([1; EngineId::RANDOM])), Mono::ZERO);
    path.usm = Some(Receiver::new(local, vec![user::known()], 1, (1, 2)));
    Ok(path)
}

/// What the sender's engine shows when it sends the `n`th message, in seconds.
fn engine_time(n: u64) -> u32 {
    u32::try_from(since_start(n).as_secs()).unwrap_or_default()
}

fn since_start(step: u64) -> Span {
    Span::millis(step * STEP.as_millis())
}

fn wall(step: u64) -> Wall {
    START.plus(since_start(step))
}

fn at(step: u64) -> Now {
    Now { mono: Mono::ZERO + since_start(step), wall: wall(step), synchronised: true }
}
