//! SNMP traps through the real socket: what they cost, and how many a second are taken without loss; ours beside snmptrapd, both
//! sent the same messages, made before, by the same sender.
//!
//! As in [`super::throughput`], a thousand locked accounts go on failing.

use std::net::SocketAddr;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::messages::{self, ACCOUNTS, Messages};
use super::service::{Broker, Place, Service};
use super::snmptrapd::Snmptrapd;
use super::table::{self, Budget, Table};
use super::throughput::{self, FAILURES_BEFORE, Sent};
use super::{Extent, process, user};
use crate::workspace::Failure;

const RATES: &[u64] = &[1_000, 5_000, 10_000, 20_000];
const QUICK_RATES: &[u64] = &[5_000, 20_000];
/// Where the search for the highest rate begins, and where it ends at the latest.
const SEARCH: (u64, u64) = (5_000, 320_000);
/// A rate is one without loss if one of so many runs is.
const TRIES: u64 = 3;
/// Seconds of one run, and messages in it at most: many times what a receive buffer holds.
const RUN_S: u64 = 4;
const MOST: u64 = 200_000;
/// From one look at a receiver to the next; one that is done uses less than the CPU time behind it.
const LOOK: Duration = Duration::from_millis(100);
const IDLE: Duration = Duration::from_millis(10);

/// One kind of trap.
struct Version {
    name: &'static str,
    cpu_us: Budget,
    per_s: Budget,
    /// The `n`th message, of which no two are alike, at a time of its sender's engine in seconds.
    message: fn(u64, u32) -> Vec<u8>,
}

const V2C: Version = Version {
    name: "v2c traps",
    cpu_us: table::TRAPS_CPU_US,
    per_s: table::TRAPS_PER_S,
    message: |n, _| messages::auth_fail_trap(n, &messages::account(n)),
};

const V3: Version = Version {
    name: "v3 traps, SHA-256 + AES-128",
    cpu_us: table::V3_TRAPS_CPU_US,
    per_s: table::V3_TRAPS_PER_S,
    message: |n, time| messages::auth_fail_v3_trap(n, &messages::account(n), time),
};

/// Measures both versions, ours and snmptrapd in turn.
pub(super) fn measure(place: &Place, table: &mut Table, extent: Extent) -> Result<(), Failure> {
    let mut service = Service::start_with(place, "traps", Broker::Embedded, &configuration())?;
    let mut peer = Snmptrapd::start(&place.directory)?;
    if peer.is_none() {
        table.skip("traps, snmptrapd", "snmptrapd is not installed");
    }
    let mut sender = Sender { next: 0, began: Instant::now() };
    let warm_up = sender.make(&V2C, FAILURES_BEFORE * ACCOUNTS);
    Run::of(&mut service, &warm_up, 2_000)?;
    service.wait_delivered()?;
    let seconds = extent.pick(RUN_S, 1);
    for version in [&V2C, &V3] {
        for &rate in extent.pick(RATES, QUICK_RATES) {
            let messages = sender.make(version, rate * seconds);
            let name = format!("{} at {rate}/s", version.name);
            super::say(&name);
            let ours = Run::of(&mut service, &messages, rate)?;
            ours.show(&name, table, table::LOST, version.cpu_us);
            if let Some(peer) = &mut peer {
                let theirs = Run::of(peer, &messages, rate)?;
                theirs.show(&format!("{name}, snmptrapd"), table, Budget::Open, Budget::Open);
                let ratio = ours.cpu_us() / theirs.cpu_us();
                table.add(format!("{name}: CPU, ours for one of snmptrapd's"), ratio, "", table::OF_PEER);
            }
        }
        let resident = process::resident_kib(service.id())?;
        table.add(format!("{}: resident after", version.name), resident, "KiB", Budget::Open);
        if let Some(peer) = &peer {
            let resident = process::resident_kib(peer.id())?;
            table.add(format!("{}: resident after, snmptrapd", version.name), resident, "KiB", Budget::Open);
        }
        if !extent.quick {
            highest(version, &mut sender, table, &mut service, peer.as_mut())?;
        }
    }
    service.stop()
}

fn highest(
    version: &Version,
    sender: &mut Sender,
    table: &mut Table,
    service: &mut Service,
    peer: Option<&mut Snmptrapd>,
) -> Result<(), Failure> {
    super::say(&format!("{}, highest rate: up to three minutes for each receiver", version.name));
    let ours = sender.highest(version, service)?;
    table.add(format!("{}: highest rate without loss", version.name), ours, "/s", version.per_s);
    if let Some(peer) = peer {
        let theirs = sender.highest(version, peer)?;
        let name = format!("{}: highest rate without loss, snmptrapd", version.name);
        table.add(name, theirs, "/s", Budget::Open);
    }
    Ok(())
}

/// The user of the SNMPv3 traps.
fn configuration() -> String {
    let (name, auth, privacy) = (user::NAME, user::AUTH_PASSWORD, user::PRIV_PASSWORD);
    format!(
        "[[traps.user]]\nname = \"{name}\"\nauth = \"sha256\"\nauth-password = \"{auth}\"\n\
         priv = \"aes128\"\npriv-password = \"{privacy}\"\n"
    )
}

/// Whoever takes traps.
trait Receiver {
    fn address(&self) -> SocketAddr;
    fn process(&self) -> u32;
    /// Traps that have reached the end of its way so far. Asked only when none is on it.
    fn taken(&mut self) -> Result<u64, Failure>;
}

impl Receiver for Service {
    fn address(&self) -> SocketAddr {
        self.traps
    }

    fn process(&self) -> u32 {
        self.id()
    }

    fn taken(&mut self) -> Result<u64, Failure> {
        self.failures()
    }
}

impl Receiver for Snmptrapd {
    fn address(&self) -> SocketAddr {
        self.address()
    }

    fn process(&self) -> u32 {
        self.id()
    }

    fn taken(&mut self) -> Result<u64, Failure> {
        self.logged()
    }
}

/// Makes the messages.
struct Sender {
    next: u64,
    began: Instant,
}

impl Sender {
    /// So many new ones. All are of one second of the engine's clock: the run is over before it is too late for them.
    fn make(&mut self, version: &Version, count: u64) -> Messages {
        let (first, time) = (self.next, u32::try_from(self.began.elapsed().as_secs()).unwrap_or_default());
        self.next += count;
        Messages::of(first..self.next, |n| (version.message)(n, time))
    }

    /// Messages a second of which none is lost; within a tenth. It ends at the sender's own limit, too.
    fn highest(&mut self, version: &Version, receiver: &mut dyn Receiver) -> Result<f64, Failure> {
        let (mut good, mut bad, mut reached, mut rate) = (0, None, 0.0, SEARCH.0);
        loop {
            if let Some(sent) = self.without_loss(version, receiver, rate)? {
                (good, reached) = (rate, sent);
            } else {
                bad = Some(rate);
            }
            let is_at_its_limit = reached < good as f64 * 0.9;
            rate = match bad {
                None if is_at_its_limit || rate >= SEARCH.1 => return Ok(reached),
                None => rate * 2,
                Some(bad) if is_at_its_limit || bad - good <= good / 10 || bad < SEARCH.0 / 10 => return Ok(reached),
                Some(bad) => good.midpoint(bad),
            };
        }
    }

    /// The rate that was reached, if in one of the runs nothing was lost.
    fn without_loss(
        &mut self,
        version: &Version,
        receiver: &mut dyn Receiver,
        rate: u64,
    ) -> Result<Option<f64>, Failure> {
        for _ in 0..TRIES {
            let messages = self.make(version, (rate * RUN_S).min(MOST));
            let run = Run::of(receiver, &messages, rate)?;
            if run.lost() == 0 {
                return Ok(Some(run.sent.per_s()));
            }
        }
        Ok(None)
    }
}

struct Run {
    sent: Sent,
    taken: u64,
    cpu: Duration,
}

impl Run {
    fn of<R: Receiver + ?Sized>(receiver: &mut R, messages: &Messages, rate: u64) -> Result<Self, Failure> {
        let (taken, process) = (receiver.taken()?, receiver.process());
        let cpu = process::cpu_of(process)?;
        let sent = throughput::send(&throughput::socket_to(receiver.address())?, messages, Some(rate))?;
        let mut last = Duration::ZERO;
        let cpu = loop {
            sleep(LOOK);
            let now = process::cpu_of(process)?;
            if process::unread(receiver.address().port())? == 0 && now.saturating_sub(last) <= IDLE {
                break now.saturating_sub(cpu);
            }
            last = now;
        };
        Ok(Self { sent, taken: receiver.taken()? - taken, cpu })
    }

    fn lost(&self) -> u64 {
        self.sent.count.saturating_sub(self.taken)
    }

    /// CPU seconds for a million messages taken.
    fn cpu_us(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.taken.max(1) as f64
    }

    fn show(&self, name: &str, table: &mut Table, lost: Budget, cpu_us: Budget) {
        table.add(format!("{name}: lost"), self.lost() as f64, &format!("of {}", self.sent.count), lost);
        table.add(format!("{name}: CPU"), self.cpu_us(), "s/million", cpu_us);
    }
}
