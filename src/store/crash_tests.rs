//! Every write of a scenario fails once, and the power goes at every point: what was promised is still there.

use std::sync::{Arc, Mutex};

use super::backend::{Backend, Fault, FaultKind, Pair, Tree, Write};
use super::{Bounds, Commit, Durability, MemoryBackend, Store};

/// A medium that fails operation `fail_at`, and every later one too if it is `dead` then.
#[derive(Default)]
struct Medium {
    synced: MemoryBackend,
    seen: MemoryBackend,
    unsynced: Vec<Vec<Write>>,
    operations: usize,
    fail_at: usize,
    dead: bool,
}

impl Medium {
    fn operation(&mut self) -> Result<(), Fault> {
        self.operations += 1;
        let fails = if self.dead { self.operations >= self.fail_at } else { self.operations == self.fail_at };
        if fails { Err(Fault { action: "write", cause: "injected".into(), kind: FaultKind::NoSpace }) } else { Ok(()) }
    }
}

#[derive(Clone)]
struct Faulty(Arc<Mutex<Medium>>);

impl Backend for Faulty {
    fn get(&self, tree: Tree, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        self.0.lock().unwrap().seen.get(tree, key)
    }

    fn scan(&self, tree: Tree, from: &[u8], limit: usize) -> Result<Vec<Pair>, Fault> {
        self.0.lock().unwrap().seen.scan(tree, from, limit)
    }

    fn apply(&mut self, batch: &[Write]) -> Result<(), Fault> {
        let mut medium = self.0.lock().unwrap();
        medium.operation()?;
        medium.unsynced.push(batch.to_vec());
        medium.seen.apply(batch)
    }

    fn sync(&mut self) -> Result<(), Fault> {
        let mut medium = self.0.lock().unwrap();
        medium.operation()?;
        medium.synced = medium.seen.clone();
        medium.unsynced.clear();
        Ok(())
    }

    fn size_bytes(&self) -> Result<u64, Fault> {
        Ok(0)
    }
}

/// What the scenario was promised.
#[derive(Default)]
pub(super) struct Promised {
    /// Alerts whose commit was synced, with their outbox numbers.
    pub(super) alerts: Vec<(u64, String)>,
    /// The cursor at the last successful sync.
    pub(super) cursor: u64,
}

/// Six alerts, each acknowledged out of step by the one sink, with a sync after every second one.
fn scenario(backend: Faulty, promised: &mut Promised) -> Result<(), Fault> {
    let mut store = Store::open(Box::new(backend), Bounds::default())?;
    play(&mut store, promised)
}

/// The same on an open store.
pub(super) fn play(store: &mut Store, promised: &mut Promised) -> Result<(), Fault> {
    store.register_sinks(&["mqtt"])?;
    for n in 1..=6u64 {
        let id = format!("alert-{n}");
        let mut commit = Commit::new();
        commit.put_account(b"jdoe", &n)?;
        commit.put_open_alert(&id, &n)?;
        commit.append("jdoe", &n)?;
        if store.commit(commit, Durability::Now).is_ok() {
            promised.alerts.push((store.last_seq(), id));
            promised.cursor = store.cursor("mqtt").unwrap_or(0);
        }
        if n % 2 == 0 {
            // The second of a pair first; a failure here is tried again with the next acknowledgement.
            let last = store.last_seq();
            let _retried = store.acknowledged("mqtt", last);
            let _retried = store.acknowledged("mqtt", last.saturating_sub(1));
            if store.sync().is_ok() {
                promised.cursor = store.cursor("mqtt").unwrap_or(0);
            }
        }
    }
    store.sync()
}

/// Opens what a power cut left, and holds it against the promise.
pub(super) fn check(left: MemoryBackend, promised: &Promised, case: &str) {
    let mut store = Store::open(Box::new(left), Bounds::default()).unwrap();
    let open: Vec<String> = store
        .load_open_alerts::<u64>()
        .unwrap()
        .records
        .into_iter()
        .map(|(id, _)| String::from_utf8(id).unwrap())
        .collect();
    let cursor = store.cursor("mqtt").unwrap_or(0);
    let pending: Vec<u64> = store.read_from::<u64>(0, 99).unwrap().into_iter().map(|entry| entry.seq).collect();
    assert!(cursor >= promised.cursor, "{case}: acknowledged up to {}, now {cursor}", promised.cursor);
    assert!(pending.iter().all(|&seq| seq > cursor), "{case}: {pending:?} are pending below the cursor {cursor}");
    for (seq, id) in &promised.alerts {
        assert!(open.contains(id), "{case}: {id} is gone");
        assert!(*seq <= cursor || pending.contains(seq), "{case}: entry {seq} is neither pending nor acknowledged");
    }
    let told = u64::try_from(pending.len()).unwrap() + cursor;
    assert_eq!(u64::try_from(open.len()).unwrap(), told, "{case}: each alert has its entry, and each entry its alert");
    let counted = store.account::<u64>(b"jdoe").unwrap().unwrap_or(0);
    assert!(counted >= u64::try_from(promised.alerts.len()).unwrap(), "{case}: counter {counted}");
}

fn run(fail_at: usize, dead: bool) -> (Arc<Mutex<Medium>>, Promised) {
    let medium = Arc::new(Mutex::new(Medium { fail_at, dead, ..Medium::default() }));
    let mut promised = Promised::default();
    let _ended_early = scenario(Faulty(Arc::clone(&medium)), &mut promised);
    (medium, promised)
}

#[test]
fn whatever_write_fails_and_whenever_the_power_goes_the_promises_hold() {
    let (undisturbed, promised) = run(usize::MAX, false);
    let operations = undisturbed.lock().unwrap().operations;
    assert_eq!((promised.alerts.len(), promised.cursor), (6, 6));
    assert!(operations > 20, "the scenario has {operations} operations");
    for dead in [false, true] {
        for fail_at in 1..=operations {
            let (medium, promised) = run(fail_at, dead);
            let medium = medium.lock().unwrap();
            let mut left = medium.synced.clone();
            for kept in 0..=medium.unsynced.len() {
                check(
                    left.clone(),
                    &promised,
                    &format!("operation {fail_at}, dead {dead}, {kept} unsynced batches kept"),
                );
                if let Some(batch) = medium.unsynced.get(kept) {
                    left.apply(batch).unwrap();
                }
            }
        }
    }
}

#[test]
fn after_a_passing_fault_nothing_is_missing() {
    let (undisturbed, _) = run(usize::MAX, false);
    let operations = undisturbed.lock().unwrap().operations;
    let expected = undisturbed.lock().unwrap().synced.clone();
    // Operations up to 3 end the scenario: the store is not open yet. A failed apply is a commit that was refused.
    let mut same = 0;
    for fail_at in 4..=operations {
        let (medium, promised) = run(fail_at, false);
        if promised.alerts.len() == 6 {
            assert_eq!(medium.lock().unwrap().synced, expected, "operation {fail_at}");
            same += 1;
        }
    }
    assert!(same >= 6, "{same} faults were in acknowledgements and syncs");
}
