//! Sixty days of a site of 20,000 users, from the line to the store on disk, in simulated time: everything that ends in time does. What
//! they leave on the disk and in memory; the second month must add nothing.

use std::fs;

use super::flush::AT_ONCE;
use super::{drain, drain_audit};
use crate::catalogue::Catalogue;
use crate::engine::{Engine, Settings};
use crate::event::Label;
use crate::path::{Doors, Path};
use crate::shell::recalls::Recalls;
use crate::shell::turn::{Turn, commit_of};
use crate::store::{Bounds, DiskOptions, Durability, Store};
use crate::units::{Mono, Now, Span, Wall};

const DAYS: u64 = 60;
const USERS: u64 = 20_000;
/// People who mistype within a day, and people who are locked.
const SLIPS: u64 = 1_000;
const LOCKED: u64 = 100;
/// In seconds.
const DAY: u64 = 86_400;
const FLUSH: Span = Span::secs(30);
/// What memory may be more after the second month: the allocator gives back what it can.
const MORE: u64 = 1 << 20;

struct Site {
    path: Path,
    store: Store,
    recalls: Recalls,
    mono: Mono,
    flush: Mono,
    largest: u64,
    lines: u64,
    alerts: u64,
}

impl Site {
    fn new(directory: &std::path::Path) -> Self {
        let (mut store, _) = Store::open_disk(directory, DiskOptions::default(), Bounds::default()).unwrap();
        store.register_sinks(&["mqtt"]).unwrap();
        let catalogue = Catalogue::shipped().unwrap();
        let settings = Settings { site: Label::from_wire("hq"), ..Settings::default() };
        let mut engine = Engine::new(settings, catalogue.families(), (1, 2));
        engine.begin(Mono::FIRST);
        let path = Path::new(engine, catalogue, Doors::open());
        let recalls = Recalls::default();
        Self { path, store, recalls, mono: Mono::FIRST, flush: Mono::FIRST + FLUSH, largest: 0, lines: 0, alerts: 0 }
    }

    fn now(&self) -> Now {
        let wall = Wall::from_millis(1_768_435_200_000).plus(self.mono.since(Mono::FIRST));
        Now { mono: self.mono, wall, synchronised: true }
    }

    /// Time goes on to this, with all that is due until then.
    fn pass(&mut self, to: Mono) {
        loop {
            let due = self.path.deadline().map_or(self.flush, |deadline| deadline.min(self.flush)).max(self.mono);
            if due > to {
                self.mono = to;
                return;
            }
            self.mono = due;
            if due >= self.flush {
                self.flush = due + FLUSH;
                while self.keep(true) {}
            } else {
                self.path.tick(self.now());
                self.keep(false);
            }
        }
    }

    fn says(&mut self, alarm: &str, user: u64) {
        let now = self.now();
        let at = now.wall.to_string();
        let part = |range: std::ops::Range<usize>| at.get(range).unwrap();
        let month = ["Jan", "Feb", "Mar"][part(5..7).parse::<usize>().unwrap() - 1];
        self.lines += 1;
        let line = format!(
            "<188>{}: cucm-sub1.example.test: {month} {} {} {} UTC : %UC_IMS-{alarm}: %[UserID=user{user:05}]\
             [ClusterID=StandAloneCluster][NodeID=cucm-sub1]: x",
            self.lines,
            part(8..10),
            part(0..4),
            part(11..23)
        );
        self.path.syslog(line.as_bytes(), std::net::IpAddr::from([192, 0, 2, 10]), now);
        self.keep(false);
    }

    /// As the path's thread and the store's do it; true if there is more.
    fn keep(&mut self, flush: bool) -> bool {
        let mut turn = Turn::at(self.now());
        drain(&mut self.path, &mut turn);
        let mut more = false;
        if flush {
            more = self.path.engine.drain_changed(AT_ONCE, false, |record| turn.records.push(record.clone()));
            self.path.engine.drain_fronts(false, turn.now.mono, |key, front| turn.fronts.push((key, front.cloned())));
            turn.sync = !turn.is_empty() || self.path.engine.has_audit();
        }
        drain_audit(&mut self.path, &mut turn);
        more |= flush && self.path.engine.has_audit();
        if turn.is_empty() {
            return more;
        }
        self.alerts += u64::try_from(turn.told.len()).unwrap();
        let durability = if turn.is_urgent() { Durability::Now } else { Durability::Later };
        let turns = [turn];
        self.recalls.read(&turns, &self.store);
        let before = self.store.last_seq();
        let last = self.store.commit(commit_of(&turns).unwrap(), durability).unwrap();
        (before + 1..=last).for_each(|seq| self.store.acknowledged("mqtt", seq).unwrap());
        for record in self.recalls.taken() {
            self.path.engine.recall(record, self.now());
            self.keep(false);
        }
        self.largest = self.largest.max(self.store.size_bytes().unwrap());
        more
    }
}

/// What happens in one day, by its second.
fn day(numbers: &mut impl FnMut(u64) -> u64) -> Vec<(u64, &'static str, u64)> {
    let mut all = Vec::new();
    for n in 0..SLIPS + LOCKED {
        let (user, at) = (numbers(USERS), 21_600 + numbers(40_000));
        let is_locked = n >= SLIPS;
        let failures = if is_locked { 3 } else { 1 + numbers(2) };
        (0..failures).for_each(|n| all.push((at + 10 * n, "4-authFail", user)));
        if is_locked {
            all.push((at + 21, "4-authHackLock", user));
        }
        let waits = if is_locked { 2_100 } else { 40 };
        all.push((at + waits, "6-authSuccess", user));
    }
    (0..288).for_each(|n| all.push((300 * n, "4-authFail", USERS)));
    all.sort();
    all
}

fn resident() -> u64 {
    let pages = fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4_096
}

#[test]
#[ignore = "minutes, optimised, with the unit's allocator: MALLOC_ARENA_MAX=1 MALLOC_MMAP_THRESHOLD_=65536 cargo test --release --lib \
            -- --ignored two_months"]
fn two_months_leave_the_store_under_its_bound_and_memory_as_it_was() {
    let place = std::env::temp_dir().join(format!("lockwarden-two-months-{}", std::process::id()));
    let _old = fs::remove_dir_all(&place);
    let mut site = Site::new(&place);
    let (mut seed, mut memory) = (1_u64, Vec::new());
    let mut numbers = |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    for n in 0..DAYS {
        let at = |second: u64| Mono::FIRST + Span::secs(DAY * n + second);
        for (second, alarm, user) in day(&mut numbers) {
            site.pass(at(second));
            site.says(alarm, user);
        }
        site.pass(at(DAY));
        memory.push(resident());
        if n % 10 == 9 {
            let (open, size) =
                (site.store.load_open_alerts::<crate::alert::Alert>().unwrap().records.len(), site.largest);
            println!("day {}: {} bytes resident, {open} alerts open, store at most {size} bytes", n + 1, resident());
        }
    }
    println!("{} lines, {} alerts and updates", site.lines, site.alerts);
    assert!(site.largest < DiskOptions::default().max_bytes, "{}", site.largest);
    let (month, last) = (memory[29], memory[59]);
    assert!(last <= month + MORE, "{month} bytes after a month, {last} after two");
    fs::remove_dir_all(&place).unwrap();
}
