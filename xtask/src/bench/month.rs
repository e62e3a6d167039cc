//! Two months of a site of 20,000 users without attacks, as `gen` makes them, sent to the service in minutes: what is left of them on the
//! disk and in memory; the second month must add nothing. Compressed so, a day's failures come within seconds, and more of them are alerts
//! than in months that take months.

use std::fs;
use std::path::Path;

use super::service::{Broker, Place, Service};
use super::table::{self, Budget, Budgets, Table};
use super::{Extent, process, throughput};
use crate::r#gen::{Plan, Stream};
use crate::workspace::Failure;

/// Slow enough that nothing is lost.
const PER_S: u64 = 20_000;
const DAY_MS: i64 = 86_400_000;
/// Memory may grow by so much in the second half.
const GROWTH_KIB: Budget = Budget::AtMost(1_024.0);

/// Measures it on one service.
pub(super) fn measure(place: &Place, table: &mut Table, extent: Extent, budgets: &Budgets) -> Result<(), Failure> {
    let mut service = Service::start(place, "month", Broker::Embedded)?;
    let days = extent.pick(60, 4);
    let stream = Stream::new(Plan { seed: 1, days, users: 20_000, attacks: Vec::new() });
    let (lines, traps) = (throughput::socket_to(service.syslog)?, throughput::socket_to(service.traps)?);
    let mut pace = throughput::Pace::of(PER_S);
    let (mut sent, mut day, mut resident, mut largest) = (0, None, Vec::new(), 0.0_f64);
    let before = service.received()?;
    for message in stream {
        let today = message.at.as_millis() / DAY_MS;
        if day.replace(today).is_some_and(|day| day != today) {
            resident.push(process::resident_kib(service.id())?);
            largest = largest.max(mib_on_disk(service.directory())?);
        }
        pace.wait();
        let socket = if message.is_trap { &traps } else { &lines };
        socket.send(&message.bytes).map_err(|e| Failure::of("send", e))?;
        sent += 1;
    }
    let received = service.settled(before)?;
    resident.push(process::resident_kib(service.id())?);
    largest = largest.max(mib_on_disk(service.directory())?);
    let name = format!("{days} days of 20,000 users, {sent} messages");
    table.add(format!("{name}: lost"), (sent - received) as f64, "", table::LOST);
    table.add(format!("{name}: store on disk, at most"), largest, "MiB", budgets.flash_mib);
    let (half, last) = (resident.get(resident.len() / 2), resident.last());
    let (half, last) = (half.copied().unwrap_or(0.0), last.copied().unwrap_or(0.0));
    table.add(format!("{name}: resident after half of them"), half, "KiB", Budget::Open);
    table.add(format!("{name}: resident, growth since then"), last - half, "KiB", GROWTH_KIB);
    service.stop()
}

/// What the files of a service's store take on the disk.
pub(super) fn mib_on_disk(directory: &Path) -> Result<f64, Failure> {
    Ok(size(&directory.join("store"))? as f64 / 1_048_576.0)
}

fn size(directory: &Path) -> Result<u64, Failure> {
    use std::os::unix::fs::MetadataExt as _;
    let failed = |e| Failure::of(directory.display().to_string(), e);
    let mut all = 0;
    for entry in fs::read_dir(directory).map_err(failed)? {
        // A store that is being written anew is there for a moment only.
        let Ok((metadata, path)) = entry.and_then(|entry| Ok((entry.metadata()?, entry.path()))) else { continue };
        all += if metadata.is_dir() { size(&path)? } else { metadata.blocks() * 512 };
    }
    Ok(all)
}
