//! `torture --outage`: the broker is gone while as many events come as an hour of heavy load has, once fewer alerts than the outbox
//! holds and once more. The NMS is there all the time: it shows what had to be told, and that a receiver that is gone delays no other.

use std::fmt;
use std::path::Path;
use std::time::{Duration, Instant};

use super::broker::Broker;
use super::lines::Lines;
use super::nms::Nms;
use super::service::Service;
use super::told::Told;
use crate::bench::process::resident_kib;
use crate::workspace::Failure;

/// An hour at 500 events a second.
const HOUR: u64 = 3_600 * PER_SECOND;
const PER_SECOND: u64 = 500;
/// Accounts that fail in turn: all of them stay in the service's table.
const ACCOUNTS: u64 = 1_500;
/// What waits must arrive within this time after the broker's return.
const DRAINED: Duration = Duration::from_secs(60);
/// Longer than the NMS needs to be told everything.
const PATIENCE: Duration = Duration::from_secs(300);
/// Resident memory may rise by so much, in KiB, where time is not compressed: there, eighty times as much is written in a second, and
/// what waits for the disk and what the allocator keeps of it is another amount.
const MEMORY_KIB: f64 = 20.0 * 1_024.0;

/// How the events of an outage come.
#[derive(Clone, Copy, Debug)]
struct Plan {
    events: u64,
    /// A second; none: as fast as they are taken.
    pace: Option<u64>,
    /// Of each account, one event in so many is the right password: it ends a lock, and the third after it is a new one.
    success_every: u64,
}

impl Plan {
    /// One account after the other is tried, so that alerts are spread over the whole.
    const fn in_a_row(&self) -> u64 {
        self.events / ACCOUNTS
    }
}

/// The figures of one outage.
#[derive(Debug)]
struct Figures {
    name: &'static str,
    events: u64,
    took: Duration,
    alerts: u64,
    nms_behind: Duration,
    waiting: u64,
    folded: u64,
    drained: Duration,
    memory_kib: (f64, f64),
}

/// The hour in compressed time; with `minutes`, so many at their own pace; then one that is more than the outbox holds.
pub(super) fn run(binary: &Path, directory: &Path, minutes: Option<u64>) -> Result<(), Failure> {
    let mut site = Site::start(binary, directory)?;
    let hour = Plan { events: HOUR, pace: None, success_every: 1_200 };
    println!("{}", site.outage("an hour, compressed", hour)?);
    if let Some(minutes) = minutes {
        let paced = Plan { events: minutes * 60 * PER_SECOND, pace: Some(PER_SECOND), success_every: 1_200 };
        println!("{}", site.outage("at its own pace", paced)?);
    }
    // The last: from then on the subscriber lacks what was folded.
    let more = Plan { events: HOUR, pace: None, success_every: 100 };
    println!("{}", site.outage("more alerts than the outbox holds", more)?);
    Ok(())
}

struct Site {
    service: Service,
    broker: Broker,
    nms: Nms,
    lines: Lines,
}

impl Site {
    /// Everything runs, and each account has failed once.
    fn start(binary: &Path, directory: &Path) -> Result<Self, Failure> {
        let (broker, nms) = (Broker::start_to_stop(directory)?, Nms::start(directory)?);
        let mut service = Service::new(binary, directory, broker.at, nms.at)?;
        service.start()?;
        let mut lines = Lines::to(service.syslog)?;
        for n in 0..ACCOUNTS {
            lines.failure(&account(n))?;
        }
        lines.taken(&service)?;
        Ok(Self { service, broker, nms, lines })
    }

    fn outage(&mut self, name: &'static str, plan: Plan) -> Result<Figures, Failure> {
        let told_before = self.nms.told.with(|told| told.different());
        let folded_before = self.service.health("/store/folded")?;
        self.broker.stop()?;
        let (began, before) = (Instant::now(), resident_kib(self.service.id()?)?);
        let mut most = before;
        for n in 0..plan.events {
            let account = account(n / plan.in_a_row());
            if n % plan.success_every == plan.success_every - 1 {
                self.lines.success(&account)?;
            } else {
                self.lines.failure(&account)?;
            }
            if n % 10_000 == 0 {
                most = most.max(resident_kib(self.service.id()?)?);
            }
            if let Some(due) = plan.pace.map(|pace| Duration::from_secs_f64(n as f64 / pace as f64))
                && n % 50 == 0
            {
                std::thread::sleep(due.saturating_sub(began.elapsed()));
            }
        }
        self.lines.taken(&self.service)?;
        let took = began.elapsed();
        self.service.wait_health("/sinks/1/backlog", PATIENCE, |backlog| backlog == 0)?;
        let nms_behind = began.elapsed() - took;
        let waiting = self.service.health("/sinks/0/backlog")?;
        let folded = self.service.health("/store/folded")? - folded_before;

        self.broker.start_again()?;
        let returned = Instant::now();
        let wanted = self.nms.told.with(|told| told.clone());
        let missing = |told: &Told| if folded == 0 { told.lacks(&wanted).next() } else { told.behind(&wanted).next() };
        let lost =
            |told: &Told| Failure::Said(format!("{name}: alerts are lost, the last of them {:?}", missing(told)));
        self.broker.told.wait(PATIENCE, |told| missing(told).is_none(), lost)?;
        let drained = returned.elapsed();
        if drained > DRAINED {
            return Err(Failure::Said(format!("{name}: nothing is lost, but the last alert came after {drained:?}")));
        }
        self.service.wait_health("/sinks/0/backlog", PATIENCE, |backlog| backlog == 0)?;
        most = most.max(resident_kib(self.service.id()?)?);
        let wrong = self.broker.told.with(|told| told.wrong.clone());
        let dropped = self.service.health("/store/dropped")?;
        if !wrong.is_empty() || dropped > 0 || (plan.pace.is_some() && most - before > MEMORY_KIB) {
            let first: Vec<String> = wrong.iter().take(3).map(|text| text.chars().take(400).collect()).collect();
            return Err(Failure::Said(format!(
                "{name}: {} alerts are wrong: {first:?}; {dropped} dropped, {before:.0} to {most:.0} KiB of memory",
                wrong.len()
            )));
        }
        let alerts = self.nms.told.with(|told| told.different()) - told_before;
        let (events, memory_kib) = (plan.events, (before, most));
        Ok(Figures { name, events, took, alerts, nms_behind, waiting, folded, drained, memory_kib })
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { events, took, alerts, nms_behind, waiting, folded, drained, .. } = self;
        let s = |time: &Duration| format!("{:.2} s", time.as_secs_f64());
        let rows = [
            ("outage", self.name.to_owned()),
            ("events while the broker was gone, duration", format!("{events}, {}", s(took))),
            ("alerts and updates told to the NMS meanwhile", alerts.to_string()),
            ("the NMS had the last of them after", s(nms_behind)),
            ("waiting for the broker, folded", format!("{waiting}, {folded}")),
            ("alerts lost", "0".to_owned()),
            ("from the broker's return to all told", s(drained)),
            ("resident memory before, at most", format!("{:.0} KiB, {:.0} KiB", self.memory_kib.0, self.memory_kib.1)),
        ];
        rows.iter().try_for_each(|(name, value)| writeln!(f, "{name:46} {value}"))
    }
}

fn account(n: u64) -> String {
    format!("user{:04}", n % ACCOUNTS)
}
