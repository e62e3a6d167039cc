//! From a sent syslog line to the MQTT message in a subscriber's hands, the store's sync included; and that sync alone.

use std::fs::File;
use std::io::{Seek as _, Write as _};
use std::net::UdpSocket;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use super::messages::{self, Messages};
use super::service::{Broker, Place, Service};
use super::subscriber::Subscriber;
use super::table::{self, Budget, Table};
use super::{Extent, footprint, throughput};
use crate::workspace::{Failure, on_path};

/// From one sample to the next: the service is idle in between.
const PAUSE: Duration = Duration::from_millis(20);
/// Lines a second that come in besides, under load.
const LOAD: u64 = 20_000;

/// Measures with both brokers.
pub(super) fn measure(place: &Place, table: &mut Table, extent: Extent) -> Result<(), Failure> {
    let samples = extent.pick(200, 50);
    let mut embedded = Service::start(place, "latency-embedded", Broker::Embedded)?;
    one_broker(&embedded, "embedded broker", table, samples)?;
    embedded.stop()?;
    if on_path("mosquitto").is_none() {
        table.skip("line to MQTT message, mosquitto", "mosquitto is not installed");
        return Ok(());
    }
    let mut mosquitto = Service::start(place, "latency-mosquitto", Broker::Mosquitto)?;
    one_broker(&mosquitto, "mosquitto", table, samples)?;
    let mut syncs = syncs(mosquitto.directory(), samples)?;
    table.add("of it, fdatasync of 4 KiB in the store's directory: p50", at(&mut syncs, 50), "ms", Budget::Open);
    mosquitto.stop()
}

fn one_broker(service: &Service, name: &str, table: &mut Table, samples: u64) -> Result<(), Failure> {
    let mut show = |when: &str, mut times: Vec<Duration>, budget| {
        let row = |percent| format!("line to MQTT message, {name}, {when}: p{percent}");
        for percent in [50, 95] {
            table.add(row(percent), at(&mut times, percent), "ms", Budget::Open);
        }
        table.add(row(99), at(&mut times, 99), "ms", budget);
    };
    show("idle", delays(service, 0, samples)?, table::LATENCY_P99_MS);
    show(&format!("at {LOAD}/s"), delays_under_load(service, samples)?, table::LOADED_LATENCY_P99_MS);
    Ok(())
}

/// The same while other lines come in at [`LOAD`].
fn delays_under_load(service: &Service, samples: u64) -> Result<Vec<Duration>, Failure> {
    let others = Messages::of(0..LOAD / 10, |n| messages::no_entry(n, footprint::now()));
    let socket = throughput::socket_to(service.syslog)?;
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let load = scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                throughput::send(&socket, &others, Some(LOAD))?;
            }
            Ok(())
        });
        let times = delays(service, samples + 1, samples);
        over.store(true, Ordering::Relaxed);
        load.join().unwrap_or_else(|_| Err(Failure::Said("the sender panicked".into())))?;
        times
    })
}

/// Each sample locks an account that was not heard of before; `first` is the number of the first.
fn delays(service: &Service, first: u64, samples: u64) -> Result<Vec<Duration>, Failure> {
    let mut subscriber = Subscriber::connect(service.mqtt, "lockwarden/bench/alerts/#")?;
    let socket = throughput::socket_to(service.syslog)?;
    let mut delay = |n: u64| {
        let account = format!("lock{n:05}");
        let line = messages::hack_lock(n, &account, footprint::now());
        sleep(PAUSE);
        let began = Instant::now();
        send(&socket, &line)?;
        subscriber.await_publish(&format!("\"account\":\"{account}\""))?;
        Ok(began.elapsed())
    };
    // The first one pays for what is only done once.
    delay(first)?;
    (first + 1..=first + samples).map(delay).collect()
}

fn send(socket: &UdpSocket, line: &[u8]) -> Result<(), Failure> {
    socket.send(line).map(drop).map_err(|e| Failure::of("send", e))
}

/// How long the disk takes for the least that a commit can be.
fn syncs(directory: &Path, samples: u64) -> Result<Vec<Duration>, Failure> {
    let failed = |e| Failure::of("fdatasync", e);
    let mut file = File::create(directory.join("sync")).map_err(failed)?;
    let sync = |_| {
        file.rewind().and_then(|()| file.write_all(&[0x5a; 4096])).map_err(failed)?;
        let began = Instant::now();
        file.sync_data().map_err(failed)?;
        Ok(began.elapsed())
    };
    (0..samples).map(sync).collect()
}

/// The nearest-rank percentile in milliseconds.
fn at(times: &mut [Duration], percent: usize) -> f64 {
    times.sort_unstable();
    let rank = (times.len() * percent).div_ceil(100).max(1);
    times.get(rank - 1).map_or(0.0, |time| time.as_secs_f64() * 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_the_nearest_rank() {
        let mut times: Vec<_> = (1..=200).rev().map(Duration::from_millis).collect();
        assert_eq!([50, 95, 99].map(|p| at(&mut times, p)), [100.0, 190.0, 198.0]);
    }
}
