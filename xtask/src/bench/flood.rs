//! A million invented names in a minute from an allowed sender, a person who is locked out in the middle of it, and after it as many lines
//! as anybody likes to forge from an address that is not listed.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::thread;
use std::time::Instant;

use super::footprint::now;
use super::messages::{self, Messages};
use super::service::{Broker, Place, Service};
use super::subscriber::Subscriber;
use super::table::{self, Budget, Budgets, Table};
use super::{Extent, month, process, throughput};
use crate::workspace::Failure;

/// Invented names a second; sixty of these are the million.
const PER_S: u64 = 16_667;
const FORGED: u64 = 100_000;
const PERSON: &str = "jdoe";
/// The last account of a run.
const MARKER: &str = "the-end";

/// Measures both on one service.
pub(super) fn measure(place: &Place, table: &mut Table, extent: Extent, budgets: &Budgets) -> Result<(), Failure> {
    let mut service = Service::start(place, "flood", Broker::Embedded)?;
    let seconds = extent.pick(60, 6);
    let subscriber = Subscriber::connect(service.mqtt, "lockwarden/bench/alerts/#")?;
    let told = thread::spawn(move || told(subscriber));
    let before = service.received()?;
    let sent = flood(&service, seconds)?;
    let received = service.settled(before)?;
    let raised = told.join().unwrap_or_else(|_| Err(Failure::Said("the subscriber panicked".into())))?;
    let name = format!("{} names in {seconds} s", seconds * PER_S);
    table.add(format!("{name}: lost"), sent.count.saturating_sub(received) as f64, "", table::LOST);
    let (persons, others): (Vec<&Told>, Vec<&Told>) = raised.iter().partition(|told| told.is_about(PERSON));
    let others: Vec<&&Told> = others.iter().filter(|told| !told.is_about(MARKER)).collect();
    table.add(format!("{name}: alerts raised about them"), others.len() as f64, "", table::FLOOD_ALERTS);
    let delay = persons.first().map_or(f64::INFINITY, |told| (told.at - sent.locked).as_secs_f64() * 1e3);
    table.add(format!("{name}: a lockout between them, line to MQTT message"), delay, "ms", table::FLOOD_LOCKOUT_MS);
    let most = process::most_resident_kib(service.id())?;
    table.add(format!("{name}: resident, at most"), most, "KiB", budgets.resident_flood_kib);
    table.add(format!("{name}: store on disk"), month::mib_on_disk(service.directory())?, "MiB", budgets.flash_mib);
    let (counted, refused) = (service.counted()?, service.number("\"sender-not-allowed\":")?);
    let Some(elsewhere) = elsewhere() else {
        table.skip("forged lockout lines", "this machine has no IPv4 address besides loopback");
        return service.stop();
    };
    forge(elsewhere, service.syslog)?;
    service.settled(before)?;
    let name = format!("{FORGED} forged lockout lines");
    table.add(format!("{name}: counted"), (service.counted()? - counted) as f64, "", table::LOST);
    let refused = service.number("\"sender-not-allowed\":")? - refused;
    table.add(format!("{name}: refused and shown in health"), refused as f64, "", Budget::Open);
    service.stop()
}

struct Flood {
    count: u64,
    /// When the line was sent that locks the person.
    locked: Instant,
}

/// Names that fail once each; a person fails at a quarter, at the half and at three quarters.
fn flood(service: &Service, seconds: u64) -> Result<Flood, Failure> {
    let socket = throughput::socket_to(service.syslog)?;
    let mut flood = Flood { count: 0, locked: Instant::now() };
    let turns = [seconds / 4, seconds / 2, seconds * 3 / 4];
    let send = |line: &[u8]| socket.send(line).map(drop).map_err(|e| Failure::of("send", e));
    for second in 0..seconds {
        let at = now();
        let numbers = second * PER_S..(second + 1) * PER_S;
        let lines = Messages::of(numbers, |n| messages::auth_fail(n, &format!("name{n:07}"), at));
        flood.count += throughput::send(&socket, &lines, Some(PER_S))?.count;
        if turns.contains(&second) {
            flood.locked = Instant::now();
            send(&messages::auth_fail(second, PERSON, now()))?;
            flood.count += 1;
        }
    }
    send(&messages::hack_lock(0, MARKER, now()))?;
    flood.count += 1;
    Ok(flood)
}

/// An alert that was raised.
struct Told {
    at: Instant,
    text: String,
}

impl Told {
    fn is_about(&self, account: &str) -> bool {
        self.text.contains(&format!("\"account\":\"{account}\""))
    }
}

/// Everything that is raised, until the marker is.
fn told(mut subscriber: Subscriber) -> Result<Vec<Told>, Failure> {
    let mut all = Vec::new();
    loop {
        let text = subscriber.publish()?;
        if !text.contains("\"state\":\"raised\"") {
            continue;
        }
        let told = Told { at: Instant::now(), text };
        let is_last = told.is_about(MARKER);
        all.push(told);
        if is_last {
            return Ok(all);
        }
    }
}

/// An address of this machine that no configuration lists.
fn elsewhere() -> Option<IpAddr> {
    // Nothing is sent: this only asks for the route.
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    let routed = socket.connect(("192.0.2.1", 9)).and_then(|()| socket.local_addr());
    routed.map(|at| at.ip()).ok().filter(|ip| !ip.is_loopback())
}

/// Lockouts of anybody.
fn forge(from: IpAddr, to: SocketAddr) -> Result<(), Failure> {
    let socket = UdpSocket::bind((from, 0)).and_then(|socket| socket.connect(to).map(|()| socket));
    let socket = socket.map_err(|e| Failure::of("a socket", e))?;
    let at = now();
    let lines = Messages::of(0..FORGED, |n| messages::hack_lock(n, &format!("user{n:06}"), at));
    // As fast as nothing is lost, so that all of them are refused.
    throughput::send(&socket, &lines, Some(2 * PER_S)).map(drop)
}
