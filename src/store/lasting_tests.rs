//! A disk that fails at every operation of a scenario, in every way and for every while: what was promised is there after a power cut
//! at that moment, and once the disk works again it holds, byte by byte, what an undisturbed run leaves.

use std::sync::{Arc, Mutex};

use super::backend::{Backend, Fault, FaultKind, Pair, Tree};
use super::crash_tests::{Promised, check, play};
use super::lasting::{Changes, Disk, Lasting, Medium};
use super::{Bounds, Commit, Durability, MemoryBackend, Store};

/// How the disk fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// Nothing is written.
    Refuses,
    /// Everything is written, and then it says that it has failed.
    WritesAndFails,
    /// As [`Way::Refuses`], with space to give back that helps once.
    Full,
    /// The directory is removed: a new disk is empty.
    Removed,
    /// It comes back as it was two writes before.
    FallsBack,
    /// It comes back unreadable.
    Corrupt,
}

const WAYS: [Way; 6] = [Way::Refuses, Way::WritesAndFails, Way::Full, Way::Removed, Way::FallsBack, Way::Corrupt];

/// What is on the disk, and what becomes of it.
struct World {
    /// What is on the disk after each write.
    past: Vec<MemoryBackend>,
    /// How many times the place was begun anew.
    lives: usize,
    operations: usize,
    way: Way,
    /// Operations that fail.
    failing: std::ops::Range<usize>,
    reserve: bool,
    max_bytes: u64,
    /// Writes before the store was last written anew.
    replaced: usize,
    aside: usize,
    unreadable: bool,
}

impl World {
    fn of(way: Way, failing: std::ops::Range<usize>) -> Arc<Mutex<Self>> {
        Arc::new(Mutex::new(Self {
            past: vec![MemoryBackend::new()],
            lives: 0,
            operations: 0,
            way,
            failing,
            reserve: way == Way::Full,
            max_bytes: u64::MAX,
            replaced: 0,
            aside: 0,
            unreadable: false,
        }))
    }

    fn now(&self) -> MemoryBackend {
        self.past.last().cloned().unwrap_or_default()
    }

    fn begin_anew(&mut self) {
        self.past = vec![MemoryBackend::new()];
        self.lives += 1;
        self.replaced = 0;
        self.unreadable = false;
    }

    /// Counts an operation; true if it fails. What comes with the failure happens at its first operation.
    fn fails(&mut self) -> bool {
        self.operations += 1;
        if self.operations == self.failing.start {
            match self.way {
                Way::Refuses | Way::WritesAndFails | Way::Full => {}
                Way::Removed => self.begin_anew(),
                Way::FallsBack => self.past.truncate(self.past.len().saturating_sub(2).max(1)),
                Way::Corrupt => self.unreadable = true,
            }
        }
        self.failing.contains(&self.operations)
    }

    fn fault(&self) -> Fault {
        let kind = if self.way == Way::Full { FaultKind::NoSpace } else { FaultKind::Io };
        Fault { action: "write the store", cause: "injected".into(), kind }
    }
}

struct Handle {
    world: Arc<Mutex<World>>,
    /// What an open handle can read whatever happened to the place.
    seen: MemoryBackend,
    generation: u64,
    life: usize,
}

impl Disk for Handle {
    fn get(&self, tree: Tree, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        self.seen.get(tree, key)
    }

    fn scan(&self, tree: Tree, from: &[u8], limit: usize) -> Result<Vec<Pair>, Fault> {
        self.seen.scan(tree, from, limit)
    }

    fn write(&mut self, changes: &Changes) -> Result<(), Fault> {
        let mut world = self.world.lock().unwrap();
        let fails = world.fails();
        if self.life != world.lives || (fails && world.way != Way::WritesAndFails) {
            return Err(world.fault());
        }
        let writes: Vec<_> = changes.iter().map(|(key, value)| write(key, value.as_ref())).collect();
        self.seen.apply(&writes)?;
        self.generation += 1;
        world.past.push(self.seen.clone());
        if fails { Err(world.fault()) } else { Ok(()) }
    }

    fn generation(&self) -> u64 {
        self.generation
    }

    fn check(&self) -> Result<(), Fault> {
        let world = self.world.lock().unwrap();
        if self.life == world.lives { Ok(()) } else { Err(world.fault()) }
    }

    fn size_bytes(&self) -> Result<u64, Fault> {
        let world = self.world.lock().unwrap();
        // Every write leaves something behind that only writing it anew takes away.
        Ok(u64::try_from(world.past.len()).unwrap() * 100)
    }
}

fn write(key: &(Tree, Vec<u8>), value: Option<&Vec<u8>>) -> super::backend::Write {
    let (tree, key) = key.clone();
    match value {
        Some(value) => super::backend::Write::Put { tree, key, value: value.clone() },
        None => super::backend::Write::Delete { tree, key },
    }
}

#[derive(Clone)]
struct Place(Arc<Mutex<World>>);

impl Place {
    fn handle(&self) -> Box<dyn Disk> {
        let world = self.0.lock().unwrap();
        let generation = u64::try_from(world.past.len() - 1 + world.replaced).unwrap();
        Box::new(Handle { world: Arc::clone(&self.0), seen: world.now(), generation, life: world.lives })
    }

    fn store(&self, bounds: Bounds) -> Store {
        Store::open(Box::new(Lasting::over(Box::new(self.clone()), self.handle())), bounds).unwrap()
    }
}

impl Medium for Place {
    fn open(&mut self) -> Result<Box<dyn Disk>, Fault> {
        {
            let mut world = self.0.lock().unwrap();
            if world.fails() {
                return Err(world.fault());
            }
            if world.unreadable {
                return Err(Fault { kind: FaultKind::Corrupt, ..world.fault() });
            }
        }
        Ok(self.handle())
    }

    fn set_aside(&mut self) -> Result<String, Fault> {
        let mut world = self.0.lock().unwrap();
        if world.fails() {
            return Err(world.fault());
        }
        world.aside += 1;
        world.begin_anew();
        Ok("data.damaged-1".into())
    }

    fn give_reserve(&mut self) -> bool {
        core::mem::take(&mut self.0.lock().unwrap().reserve)
    }

    fn take_reserve(&mut self) {}

    fn replace(&mut self, disk: &dyn Disk) -> Result<(), Fault> {
        let mut records = MemoryBackend::new();
        for tree in Tree::ALL {
            let all = disk.scan(tree, &[], usize::MAX)?;
            all.into_iter().for_each(|(key, value)| records.insert((tree, key), value));
        }
        let mut world = self.0.lock().unwrap();
        let fails = world.fails();
        if fails && world.way != Way::WritesAndFails {
            return Err(world.fault());
        }
        let writes = world.past.len() - 1;
        world.replaced += writes;
        world.past = vec![records];
        if fails { Err(world.fault()) } else { Ok(()) }
    }

    fn max_bytes(&self) -> u64 {
        self.0.lock().unwrap().max_bytes
    }
}

/// Two sinks at their own pace, an outbox that overflows, alerts that close, a history that forgets, accounts and senders that go,
/// audit records that are overwritten.
fn busy(store: &mut Store, promised: &mut Promised) -> Result<(), Fault> {
    store.register_sinks(&["mqtt", "nms"])?;
    for n in 1..=12u64 {
        let id = format!("alert-{}", n % 5);
        let mut commit = Commit::new();
        commit.put_account(format!("user-{}", n % 4).as_bytes(), &n)?;
        commit.put_audit(n, &n)?;
        if n % 4 == 3 {
            commit.delete_account(b"user-1");
        }
        if n % 3 == 0 {
            commit.close_alert(&id, &n)?
        } else {
            commit.put_open_alert(&id, &n)?
        }
        commit.append(&id, &n)?;
        let durability = if n % 4 == 0 { Durability::Later } else { Durability::Now };
        if store.commit(commit, durability).is_ok() && durability == Durability::Now {
            promised.alerts.push((n, id));
        }
        let _retried = store.acknowledged("mqtt", n);
        let _retried = store.acknowledged("nms", n / 2);
    }
    store.sync()
}

type Scenario = fn(&mut Store, &mut Promised) -> Result<(), Fault>;

const SMALL: Bounds = Bounds { outbox: 4, history: 2, audit: 3 };

/// What an undisturbed run leaves, and its number of operations.
fn undisturbed(scenario: Scenario, bounds: Bounds) -> (MemoryBackend, usize) {
    let world = World::of(Way::Refuses, 0..0);
    let mut promised = Promised::default();
    scenario(&mut Place(Arc::clone(&world)).store(bounds), &mut promised).unwrap();
    let world = world.lock().unwrap();
    (world.now(), world.operations)
}

/// Every operation, every way, for one operation, for five, and for ever.
fn every_fault(scenario: Scenario, bounds: Bounds, max_bytes: u64, at_the_cut: fn(MemoryBackend, &Promised, &str)) {
    let (expected, operations) = undisturbed(scenario, bounds);
    for way in WAYS {
        for start in 1..=operations * 2 {
            for length in [1, 5, usize::MAX - start] {
                let case = format!("{way:?} at operation {start} for {length}");
                let world = World::of(way, start..start + length);
                world.lock().unwrap().max_bytes = max_bytes;
                let mut store = Place(Arc::clone(&world)).store(bounds);
                let mut promised = Promised::default();
                let _told = scenario(&mut store, &mut promised);
                // A disk that loses what it had synced has broken its own promise; memory makes up for it, if it is there.
                if matches!(way, Way::Refuses | Way::WritesAndFails | Way::Full) {
                    at_the_cut(world.lock().unwrap().now(), &promised, &case);
                }
                world.lock().unwrap().failing = 0..0;
                let _found = store.check();
                let ended = (0..3).find(|_| store.sync().is_ok());
                assert!(ended.is_some(), "{case}: the disk works again and is not used");
                assert_eq!(world.lock().unwrap().now(), expected, "{case}");
            }
        }
    }
}

#[test]
fn whatever_fails_and_for_how_long_the_promises_hold_and_nothing_is_missing_afterwards() {
    every_fault(play, Bounds::default(), u64::MAX, check);
}

#[test]
fn it_is_so_with_two_sinks_and_bounds_that_are_reached() {
    every_fault(busy, SMALL, u64::MAX, |left, promised, case| {
        let store = Store::open(Box::new(left), SMALL).unwrap();
        let newest = promised.alerts.last().map_or(0, |(n, _)| *n);
        assert!(store.last_seq() >= newest, "{case}: entry {newest} is gone");
        assert!(store.last_audit() >= newest, "{case}: audit record {newest} is gone");
        for (_, alert) in store.load_open_alerts::<u64>().unwrap().records {
            assert!(alert <= store.last_seq(), "{case}: alert {alert} has no entry");
        }
    });
}

#[test]
fn it_is_so_while_the_store_is_written_anew_again_and_again() {
    every_fault(play, Bounds::default(), 400, check);
    every_fault(busy, SMALL, 400, |_, _, _| {});
}

#[test]
fn writing_anew_begins_before_the_bound_and_is_not_repeated_for_records_that_need_their_space() {
    let world = World::of(Way::Refuses, 0..0);
    world.lock().unwrap().max_bytes = 800;
    let mut store = Place(Arc::clone(&world)).store(Bounds::default());
    let mut sizes = Vec::new();
    for n in 0..20u64 {
        let mut commit = Commit::new();
        commit.put_account(b"jdoe", &n).unwrap();
        store.commit(commit, Durability::Now).unwrap();
        sizes.push(store.size_bytes().unwrap());
    }
    assert_eq!(sizes.iter().max(), Some(&600));
    assert_eq!(store.drain_notes(), <[String; 0]>::default());
    world.lock().unwrap().max_bytes = 100;
    let mut store = Place(Arc::clone(&world)).store(Bounds::default());
    let before = world.lock().unwrap().operations;
    let mut commit = Commit::new();
    commit.put_account(b"jdoe", &99u64).unwrap();
    store.commit(commit, Durability::Now).unwrap();
    // At the opening it was written anew; one write more is no reason to do it again.
    assert_eq!(world.lock().unwrap().operations - before, 3);
}

#[test]
fn a_store_that_was_set_aside_is_named() {
    let world = World::of(Way::Corrupt, 4..5);
    let mut store = Place(Arc::clone(&world)).store(Bounds::default());
    let _told = play(&mut store, &mut Promised::default());
    store.sync().unwrap();
    let note = "the store on the disk was set aside as data.damaged-1 (injected); a new one was written from memory";
    assert_eq!(store.drain_notes(), [note]);
}

#[test]
fn what_comes_and_goes_during_an_outage_takes_no_memory() {
    let world = World::of(Way::Refuses, 3..usize::MAX);
    let mut backend = Lasting::over(Box::new(Place(Arc::clone(&world))), Place(Arc::clone(&world)).handle());
    let pair = |n: u64| (Tree::Outbox, n.to_be_bytes().to_vec());
    for n in 1..=2 {
        backend.apply(&[write(&pair(n), Some(&vec![1]))]).unwrap();
        backend.sync().unwrap();
    }
    for n in 3..=1_000 {
        backend.apply(&[write(&pair(n), Some(&vec![1]))]).unwrap();
        assert!(n > 3 || backend.sync().is_err());
        backend.apply(&[write(&pair(n - 1), None)]).unwrap();
    }
    // The entry that the disk has, the one that it may have, and the last one.
    assert_eq!(format!("{backend:?}"), "Lasting { waiting: 3, .. }");
    let kept: Vec<_> = backend.scan(Tree::Outbox, &[], 10).unwrap().into_iter().map(|(key, _)| key).collect();
    assert_eq!(kept, [1u64.to_be_bytes().to_vec(), 1_000u64.to_be_bytes().to_vec()]);
}

#[test]
fn a_medium_that_could_not_be_opened_at_the_start_gets_everything_when_it_can() {
    for (known, expected_aside) in [(true, 0), (false, 1)] {
        let world = World::of(Way::Refuses, 0..0);
        let place = Place(Arc::clone(&world));
        play(&mut place.store(Bounds::default()), &mut Promised::default()).unwrap();
        world.lock().unwrap().failing = 1..usize::MAX;
        let held = world.lock().unwrap().now();
        let held = known.then(|| (held, place.handle().generation()));
        let mut store =
            Store::open(Box::new(Lasting::without_disk(Box::new(place.clone()), held)), Bounds::default()).unwrap();
        assert_eq!(store.load_open_alerts::<u64>().unwrap().records.len(), if known { 6 } else { 0 });
        let mut commit = Commit::new();
        commit.put_account(b"asmith", &1u64).unwrap();
        assert!(store.commit(commit, Durability::Now).is_err());
        world.lock().unwrap().failing = 0..0;
        store.sync().unwrap();
        let left = world.lock().unwrap().now();
        let on_disk = Store::open(Box::new(left), Bounds::default()).unwrap();
        assert_eq!(on_disk.account::<u64>(b"asmith").unwrap(), Some(1));
        assert_eq!(on_disk.account::<u64>(b"jdoe").unwrap(), known.then_some(6));
        assert_eq!(world.lock().unwrap().aside, expected_aside);
    }
}
