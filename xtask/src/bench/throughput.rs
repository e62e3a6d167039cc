//! How many syslog lines a second go through the real socket without loss, and what they cost.
//!
//! A thousand accounts go on failing. They are locked before anything is measured, so every further failure is tallied and held
//! back: the steady state of an attack. Sender and service share this machine's cores.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::thread::sleep;
use std::time::{Duration, Instant};

use lockwarden::units::Span;

use super::footprint::now;
use super::messages::{self, ACCOUNTS, Messages};
use super::service::{Broker, Place, Service};
use super::table::{self, Budget, Table};
use super::{Extent, process};
use crate::workspace::Failure;

/// Failures of each account before anything is measured: more than any limit.
pub(super) const FAILURES_BEFORE: u64 = 12;
const SYSLOG_RATES: [Option<u64>; 5] = [Some(1_000), Some(5_000), Some(20_000), Some(50_000), None];
/// Messages that are sent as fast as they can be.
const UNPACED: u64 = 200_000;
/// The longest pause of a paced sender; what has become due in it is sent in one burst.
const BURST: Duration = Duration::from_micros(500);

/// Measures syslog at every rate.
pub(super) fn measure(place: &Place, table: &mut Table, extent: Extent) -> Result<(), Failure> {
    let mut service = Service::start(place, "throughput", Broker::Embedded)?;
    let mut line = Lines { next: 0 };
    let before = service.received()?;
    let warm_up = line.take(FAILURES_BEFORE * ACCOUNTS);
    send(&socket_to(service.syslog)?, &warm_up, Some(4_000))?;
    service.settled(before)?;
    service.wait_delivered()?;
    let seconds = extent.pick(4, 1);
    for rate in SYSLOG_RATES {
        let messages = line.take(rate.map_or(UNPACED, |rate| rate * seconds));
        let run = Run::of(&service, &messages, rate)?;
        let name = rate.map_or_else(|| "syslog, unpaced".into(), |rate| format!("syslog at {rate}/s"));
        run.show(&name, table, rate.is_none().then_some(table::SYSLOG_PER_S));
    }
    service.stop()
}

/// Lines of which no two are alike: an account's next failure is a millisecond after its last.
struct Lines {
    next: u64,
}

impl Lines {
    fn take(&mut self, count: u64) -> Messages {
        let (first, began) = (self.next, now());
        self.next += count;
        Messages::of(first..self.next, |n| {
            messages::auth_fail(n, &messages::account(n), began.plus(Span::millis((n - first) / ACCOUNTS)))
        })
    }
}

struct Run {
    sent: Sent,
    received: u64,
    cpu: Duration,
}

impl Run {
    fn of(service: &Service, messages: &Messages, rate: Option<u64>) -> Result<Self, Failure> {
        let (received, cpu) = (service.received()?, process::cpu_of(service.id())?);
        let sent = send(&socket_to(service.syslog)?, messages, rate)?;
        let received = service.settled(received)?;
        Ok(Self { sent, received, cpu: process::cpu_of(service.id())?.saturating_sub(cpu) })
    }

    fn show(&self, name: &str, table: &mut Table, per_s: Option<Budget>) {
        let taken = self.received as f64;
        let lost = self.sent.count.saturating_sub(self.received) as f64;
        let seconds = self.sent.took.as_secs_f64();
        if let Some(budget) = per_s {
            table.add(format!("{name}: sent"), self.sent.per_s(), "/s", Budget::Open);
            table.add(format!("{name}: taken per second of sending"), taken / seconds, "/s", budget);
        }
        let of = format!("of {}", self.sent.count);
        table.add(format!("{name}: lost"), lost, &of, if per_s.is_some() { Budget::Open } else { table::LOST });
        table.add(
            format!("{name}: CPU"),
            self.cpu.as_secs_f64() * 1e6 / taken.max(1.0),
            "s/million",
            table::SYSLOG_CPU_US,
        );
    }
}

/// What was sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    pub(super) count: u64,
    took: Duration,
}

impl Sent {
    /// Messages a second.
    pub(super) fn per_s(self) -> f64 {
        self.count as f64 / self.took.as_secs_f64()
    }
}

/// Sends all messages at this rate a second; without one, as fast as they go.
pub(super) fn send(socket: &UdpSocket, messages: &Messages, rate: Option<u64>) -> Result<Sent, Failure> {
    let (mut count, began, mut pace) = (0, Instant::now(), rate.map(Pace::of));
    for message in messages.iter() {
        if let Some(pace) = &mut pace {
            pace.wait();
        }
        socket.send(message).map_err(|e| Failure::of("send", e))?;
        count += 1;
    }
    Ok(Sent { count, took: began.elapsed() })
}

/// When the next of so many messages a second is due.
pub(super) struct Pace {
    rate: u64,
    count: u64,
    began: Instant,
}

impl Pace {
    pub(super) fn of(rate: u64) -> Self {
        Self { rate, count: 0, began: Instant::now() }
    }

    /// Waits for it.
    pub(super) fn wait(&mut self) {
        let due = |elapsed: Duration| elapsed.as_micros().saturating_mul(self.rate.into());
        while u128::from(self.count) * 1_000_000 >= due(self.began.elapsed()) {
            sleep(BURST);
        }
        self.count += 1;
    }
}

/// A socket that sends there.
pub(super) fn socket_to(to: SocketAddr) -> Result<UdpSocket, Failure> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0));
    socket.and_then(|socket| socket.connect(to).map(|()| socket)).map_err(|e| Failure::of("a socket", e))
}
