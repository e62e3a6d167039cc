//! What the service takes when nothing happens, with five thousand accounts, on the disk, and until it listens again.

use std::fs;
use std::net::UdpSocket;
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use lockwarden::board::HOT_ACCOUNTS;
use lockwarden::engine::AccountRecord;
use lockwarden::units::{Span, Wall};

use super::messages::{self, Messages};
use super::service::{Broker, Place, Service};
use super::table::{self, Budget, Budgets, Table};
use super::{Extent, process, throughput};
use crate::workspace::Failure;

/// After the start; what is only needed then is given back by then.
const IDLE: Duration = Duration::from_secs(2);
/// By then the counters of everything that has arrived are on the disk (`store.flush-interval-s` is 30).
const FLUSHED: Duration = Duration::from_secs(32);
const ACCOUNTS: u64 = 5_000;
/// Slow enough that nothing is lost.
const PER_S: u64 = 2_000;
/// The pause between two informs while it is starting.
const KNOCK: Duration = Duration::from_millis(1);

/// Measures all of it on one service.
pub(super) fn measure(place: &Place, table: &mut Table, extent: Extent, budgets: &Budgets) -> Result<(), Failure> {
    let size = fs::metadata(&place.binary).map_err(|e| Failure::of("the binary", e))?.len();
    table.add("stripped release binary", size as f64 / 1024.0, "KiB", budgets.binary_kib);
    let mut service = Service::start(place, "footprint", Broker::Embedded)?;
    sleep(IDLE);
    table.add("resident, idle, broker on", process::resident_kib(service.id())?, "KiB", budgets.resident_idle_kib);
    let failures = Messages::of(0..2 * ACCOUNTS, |n| {
        let at = now().plus(Span::millis(n));
        messages::auth_fail(n, &format!("user{:04}", n % ACCOUNTS), at)
    });
    let (before, written) = (service.received()?, process::written_bytes(service.id())?);
    let sent = throughput::send(&throughput::socket_to(service.syslog)?, &failures, Some(PER_S))?.count;
    let lost = sent - service.settled(before)?;
    if lost > 0 {
        return Err(Failure::Said(format!("{lost} of {sent} failures were lost at {PER_S} a second")));
    }
    let resident = process::resident_kib(service.id())?;
    table.add("resident after 10,000 failures of 5,000 accounts", resident, "KiB", table::RESIDENT_5000_KIB);
    let table_kib = size_of::<AccountRecord>() * HOT_ACCOUNTS / 1024;
    table.add(format!("of it, table of {HOT_ACCOUNTS} account records"), table_kib as f64, "KiB", Budget::Open);
    sleep(FLUSHED);
    let written = (process::written_bytes(service.id())? - written) / sent as f64;
    table.add("written to disk for a counted failure", written, "bytes", Budget::Open);
    service.stop()?;
    let mut starts = Vec::new();
    for _ in 0..extent.pick(9, 3) {
        starts.push(start_again(&mut service)?);
    }
    starts.sort_unstable();
    let median = starts.get(starts.len() / 2).map_or(0.0, |time| time.as_secs_f64() * 1e3);
    table.add("exec to first datagram counted, store of 5,000 accounts", median, "ms", table::START_MS);
    Ok(())
}

/// From exec to the answer to an inform, which is given only when it is counted and its commit is done.
fn start_again(service: &mut Service) -> Result<Duration, Failure> {
    let inform = messages::cold_start_inform();
    let socket = throughput::socket_to(service.traps)?;
    socket.set_read_timeout(Some(KNOCK)).map_err(|e| Failure::of("socket", e))?;
    let began = Instant::now();
    service.start_again()?;
    while !knock(&socket, &inform) {
        if began.elapsed() > Duration::from_secs(10) {
            return Err(Failure::Said("the service answers no inform".into()));
        }
    }
    let took = began.elapsed();
    service.wait(|health| health.contains("\"state\":\"connected\""))?;
    service.stop()?;
    Ok(took)
}

/// Whether an answer came. While nobody listens, both calls fail at once.
fn knock(socket: &UdpSocket, inform: &[u8]) -> bool {
    let sent = socket.send(inform).is_ok();
    let answered = socket.recv(&mut [0; 512]).is_ok();
    if !sent {
        sleep(KNOCK);
    }
    answered
}

/// The time that goes into a message.
pub(super) fn now() -> Wall {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Wall::from_millis(i64::try_from(since.as_millis()).unwrap_or_default())
}
