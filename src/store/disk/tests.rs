//! The store on a real disk: closed, cut, flipped, zeroed, locked.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::store::backend::{Backend, FaultKind, Tree, Write};
use crate::store::{Bounds, Commit, DiskOptions, Durability, Lasting, Opened, Store, disk};

/// A directory of one test, with all that lies beside the store in it.
struct Place(PathBuf);

impl Place {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("lockwarden-test-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let place = Self(std::env::temp_dir().join(name));
        fs::create_dir_all(&place.0).unwrap();
        place
    }

    fn store(&self) -> PathBuf {
        self.0.join("data")
    }

    /// The files of one that was just dropped can still be held by its threads: they let go when they end.
    fn open(&self) -> (Lasting, Opened) {
        for _ in 0..1_000_000 {
            match disk::open(&self.store(), DiskOptions::default()) {
                Err(fault) if fault.kind == FaultKind::Locked => std::thread::yield_now(),
                opened => return opened.unwrap(),
            }
        }
        panic!("the store stays locked")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _left_behind = fs::remove_dir_all(&self.0);
    }
}

fn put(key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Write {
    Write::Put { tree: Tree::Accounts, key: key.into(), value: value.into() }
}

fn delete(key: &str) -> Write {
    Write::Delete { tree: Tree::Accounts, key: key.into() }
}

/// The store as a kill leaves it: its files, copied while it is open.
fn killed(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            killed(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// 3,000 accounts in ten synced batches, closed in good order.
fn filled(place: &Place) {
    let (mut backend, _) = place.open();
    backend.apply(&[Write::Put { tree: Tree::Meta, key: b"layout".into(), value: vec![1, 1] }]).unwrap();
    for turn in 0..10u32 {
        let batch: Vec<Write> = (0..300u32)
            .map(|n| put(format!("account-{:05}", turn * 300 + n), vec![u8::try_from(turn).unwrap(); 60]))
            .collect();
        backend.apply(&batch).unwrap();
        backend.sync().unwrap();
    }
}

#[test]
fn what_was_synced_survives_a_kill_and_what_was_not_is_absent_as_a_whole() {
    let place = Place::new();
    let (mut backend, opened) = place.open();
    assert_eq!(opened, Opened::Fresh);
    backend.apply(&[put("a", "1"), put("b", "2")]).unwrap();
    backend.sync().unwrap();
    backend.apply(&[put("a", "9"), put("c", "3")]).unwrap();
    killed(&place.store(), &place.0.join("copy"));
    let (copy, opened) = disk::open(&place.0.join("copy"), DiskOptions::default()).unwrap();
    assert_eq!(opened, Opened::Existing);
    let pair = |k: &str, v: &str| (Vec::from(k), Vec::from(v));
    assert_eq!(copy.scan(Tree::Accounts, b"", 9).unwrap(), [pair("a", "1"), pair("b", "2")]);
    assert_eq!(backend.scan(Tree::Accounts, b"", 9).unwrap(), [pair("a", "9"), pair("b", "2"), pair("c", "3")]);
}

#[test]
fn a_scan_merges_what_waits_with_what_is_stored() {
    let place = Place::new();
    let (mut backend, _) = place.open();
    backend.apply(&[put("b", "1"), put("d", "1"), put("f", "1"), put("g", "1")]).unwrap();
    backend.apply(&[Write::Put { tree: Tree::Nodes, key: b"a".into(), value: b"1".into() }]).unwrap();
    backend.sync().unwrap();
    backend
        .apply(&[put("a", "2"), delete("b"), put("d", "2"), put("e", "2"), delete("g"), put("h", "2"), delete("x")])
        .unwrap();
    let scan = |from: &str, limit| {
        let pairs = backend.scan(Tree::Accounts, from.as_bytes(), limit).unwrap();
        pairs
            .into_iter()
            .map(|(k, v)| format!("{}{}", k.escape_ascii(), v.escape_ascii()))
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(scan("", 9), "a2 d2 e2 f1 h2");
    assert_eq!(scan("b", 2), "d2 e2");
    assert_eq!(scan("f", 9), "f1 h2");
    assert_eq!(scan("i", 9), "");
    assert_eq!(
        (backend.get(Tree::Accounts, b"b").unwrap(), backend.get(Tree::Accounts, b"f").unwrap()),
        (None, Some(b"1".into()))
    );
}

#[test]
fn a_batch_larger_than_a_segment_is_one_batch() {
    let place = Place::new();
    let (mut backend, _) = place.open();
    let batch: Vec<Write> = (0..5_000u32).map(|n| put(n.to_be_bytes(), vec![7; 500])).collect();
    backend.apply(&batch).unwrap();
    backend.sync().unwrap();
    killed(&place.store(), &place.0.join("copy"));
    let (copy, _) = disk::open(&place.0.join("copy"), DiskOptions::default()).unwrap();
    assert_eq!(copy.scan(Tree::Accounts, b"", 9_999).unwrap().len(), 5_000);
}

#[test]
fn a_second_handle_is_told_that_the_store_is_in_use() {
    let place = Place::new();
    let (_held, _) = place.open();
    let fault = disk::open(&place.store(), DiskOptions::default()).map(|_| ()).unwrap_err();
    assert_eq!(
        (fault.kind, fault.cause.contains("is in use by another process; stop the other")),
        (FaultKind::Locked, true)
    );
}

#[test]
fn half_made_snapshots_are_deleted_before_opening() {
    let place = Place::new();
    filled(&place);
    let half = place.store().join("snap.0000000000000400.generating");
    fs::write(&half, [0; 10]).unwrap();
    let (_, opened) = place.open();
    assert_eq!((opened, half.exists()), (Opened::Existing, false));
}

#[test]
fn a_store_that_ended_the_process_four_times_in_a_row_while_opening_is_set_aside() {
    let place = Place::new();
    filled(&place);
    for (attempts, expected) in [("1", None), ("3", None), ("4", Some("data.damaged-1"))] {
        fs::write(place.store().join("opening"), attempts).unwrap();
        let (backend, opened) = place.open();
        let why = "opening it has ended the process before".to_owned();
        let expected = expected.map_or(Opened::Existing, |name| Opened::SetAside { kept_as: place.0.join(name), why });
        assert_eq!(opened, expected);
        assert!(!place.store().join("opening").exists());
        drop(backend);
    }
}

#[test]
fn of_many_damaged_stores_the_newest_three_are_kept() {
    let place = Place::new();
    for _ in 0..5 {
        disk::begin_anew(&place.store(), DiskOptions::default()).unwrap();
    }
    let mut names: Vec<_> =
        fs::read_dir(&place.0).unwrap().flatten().map(|e| e.file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["data", "data.damaged-3", "data.damaged-4", "data.damaged-5"]);
}

#[test]
fn a_store_of_a_newer_version_is_set_aside() {
    let place = Place::new();
    let (mut backend, _) = place.open();
    backend.apply(&[Write::Put { tree: Tree::Meta, key: b"layout".into(), value: vec![1, 9] }]).unwrap();
    backend.sync().unwrap();
    drop(backend);
    let (store, opened) = Store::open_disk(&place.store(), DiskOptions::default(), Bounds::default()).unwrap();
    let why = "layout 9 was written by a newer version; this one knows up to 2".to_owned();
    assert_eq!(opened, Opened::SetAside { kept_as: place.0.join("data.damaged-1"), why });
    assert_eq!(store.load_accounts::<u8>().unwrap().records, []);
}

#[test]
fn a_damaged_store_never_keeps_the_service_from_starting() {
    let place = Place::new();
    filled(&place);
    let size = fs::metadata(place.store().join("db")).unwrap().len();
    let mut summary = Vec::new();
    let mut hurt = |name: &str, damage: &dyn Fn(&Path)| {
        let path = place.0.join(format!("case-{name}"));
        killed(&place.store(), &path);
        damage(&path);
        let (mut store, opened) = Store::open_disk(&path, DiskOptions::default(), Bounds::default()).unwrap();
        let found = store.load_accounts::<u8>().map(|a| a.records.len() + a.skipped).unwrap();
        let mut commit = Commit::new();
        commit.put_account(b"after", &1u8).unwrap();
        store.commit(commit, Durability::Now).unwrap();
        let what = match opened {
            Opened::Fresh => "fresh".into(),
            Opened::Existing => format!("opened with {found}"),
            Opened::FellBack { syncs } => format!("{syncs} syncs back, with {found}"),
            Opened::Salvaged { missing } => format!("salvaged but for {missing}, with {found}"),
            Opened::SetAside { why, .. } => format!("set aside: {why}"),
            Opened::InMemory { why, .. } => format!("in memory: {why}"),
        };
        summary.push(format!("{name}: {what}"));
    };
    for part in [0, 1, 2, 5, 9] {
        let at = size * part / 10;
        hurt(&format!("cut-{part}"), &|path| {
            fs::File::options().write(true).open(path.join("db")).unwrap().set_len(at).unwrap()
        });
        hurt(&format!("zeroed-{part}"), &|path| overwrite(path, at, &[0; 4096]));
        hurt(&format!("noise-{part}"), &|path| overwrite(path, at, &[0xa5; 64]));
        hurt(&format!("flipped-{part}"), &|path| flip(path, at + 40));
    }
    hurt("no-conf", &|path| fs::remove_file(path.join("conf")).unwrap());
    hurt("empty-conf", &|path| fs::write(path.join("conf"), "").unwrap());
    hurt("noise-conf", &|path| fs::write(path.join("conf"), "segment_size: 7 and more").unwrap());
    hurt("no-db", &|path| fs::remove_file(path.join("db")).unwrap());
    hurt("no-blobs", &|path| fs::remove_dir_all(path.join("blobs")).unwrap());
    hurt("no-snapshot", &|path| each_snapshot(path, |snap| fs::remove_file(snap).unwrap()));
    hurt("cut-snapshot", &|path| each_snapshot(path, |snap| fs::write(snap, [1, 2, 3]).unwrap()));
    let told = |case: &str| summary.iter().find_map(|line| line.strip_prefix(&format!("{case}: "))).unwrap();
    for damage in ["cut", "zeroed", "noise", "flipped"] {
        assert!(told(&format!("{damage}-0")).starts_with("set aside: "));
        for part in [1, 2, 5, 9] {
            let case = format!("{damage}-{part}");
            let noticed = told(&case).contains(" syncs back, with ") || told(&case).starts_with("set aside: ");
            assert!(noticed, "{case}: {}", told(&case));
        }
    }
    assert!(told("no-db").starts_with("set aside: "));
    assert!(told("noise-conf").starts_with("set aside: "));
    for case in ["no-conf", "empty-conf", "no-blobs", "no-snapshot", "cut-snapshot"] {
        assert_eq!(told(case), "opened with 3000", "{case}");
    }
}

/// sled leaves a damaged piece in the middle of a long log out, and the records with it, without a word.
#[test]
fn what_is_missing_of_a_long_log_is_told() {
    let place = Place::new();
    let (mut backend, _) = place.open();
    for turn in 0..40u32 {
        let records =
            (0..400u32).map(|n| put(format!("{:05}", n * 7 + turn * 31 % 11), vec![turn.to_be_bytes()[3]; 150]));
        backend.apply(&records.collect::<Vec<_>>()).unwrap();
        backend.sync().unwrap();
    }
    let all = backend.scan(Tree::Accounts, b"", 9_999).unwrap();
    let size = fs::metadata(place.store().join("db")).unwrap().len();
    assert!(size > 2 << 20, "a log of one piece shows nothing: {size} bytes");
    drop(backend);
    let mut salvaged = 0;
    for case in 0..40 {
        let path = place.0.join(format!("case-{case}"));
        killed(&place.store(), &path);
        flip(&path, size * case / 40 + 8_191 * case % 4_096);
        let (backend, opened) = disk::open(&path, DiskOptions::default()).unwrap();
        let found = backend.scan(Tree::Accounts, b"", 9_999).unwrap();
        let missing = all.iter().filter(|(key, _)| !found.iter().any(|(other, _)| other == key)).count();
        match opened {
            Opened::Existing => assert_eq!(found, all, "{case}: something else, and nothing is said"),
            Opened::FellBack { .. } => {}
            Opened::Salvaged { missing: told } => {
                assert_eq!(u64::try_from(missing).unwrap(), told, "{case}");
                assert_ne!(found, all, "{case}");
                drop(backend);
                let (backend, again) = disk::open(&path, DiskOptions::default()).unwrap();
                assert_eq!((again, backend.scan(Tree::Accounts, b"", 9_999).unwrap()), (Opened::Existing, found));
                salvaged += 1;
            }
            Opened::SetAside { .. } => assert_eq!(found, [], "{case}"),
            Opened::Fresh | Opened::InMemory { .. } => panic!("{case}: {opened:?}"),
        }
    }
    assert!(salvaged > 0, "no damage was in the middle");
}

fn overwrite(path: &Path, at: u64, bytes: &[u8]) {
    use std::os::unix::fs::FileExt as _;
    fs::File::options().write(true).open(path.join("db")).unwrap().write_all_at(bytes, at).unwrap();
}

fn flip(path: &Path, at: u64) {
    let mut bytes = fs::read(path.join("db")).unwrap();
    if let Some(byte) = bytes.get_mut(usize::try_from(at).unwrap()) {
        *byte ^= 0x10;
    }
    fs::write(path.join("db"), bytes).unwrap();
}

fn each_snapshot(path: &Path, damage: impl Fn(&Path)) {
    for entry in fs::read_dir(path).unwrap().flatten() {
        if entry.file_name().to_string_lossy().starts_with("snap.") {
            damage(&entry.path());
        }
    }
}

#[test]
fn two_hundred_thousand_counter_updates_leave_a_small_store() {
    let place = Place::new();
    let (mut backend, _) = place.open();
    for turn in 0..200u32 {
        let batch: Vec<Write> =
            (0..1_000u32).map(|n| put(format!("account-{:016}", (turn * 1_000 + n) % 5_000), vec![7; 32])).collect();
        backend.apply(&batch).unwrap();
        backend.sync().unwrap();
    }
    let size = backend.size_bytes().unwrap();
    println!("{size} bytes after 200,000 updates of 5,000 counters");
    assert!(size < 8 << 20, "{size} bytes");
}

#[test]
fn a_store_over_its_size_is_written_anew_with_everything_in_it() {
    let place = Place::new();
    let (mut backend, _) = place.open();
    for turn in 0..200u8 {
        backend.apply(&(0..1_000u32).map(|n| put(n.to_be_bytes(), vec![turn; 60])).collect::<Vec<_>>()).unwrap();
        backend.sync().unwrap();
    }
    let before = (backend.size_bytes().unwrap(), backend.scan(Tree::Accounts, b"", 9_999).unwrap());
    drop(backend);
    let (backend, opened) = disk::open(&place.store(), DiskOptions { max_bytes: 1 << 20, ballast: true }).unwrap();
    assert_eq!((opened, backend.scan(Tree::Accounts, b"", 9_999).unwrap()), (Opened::Existing, before.1));
    let size = backend.size_bytes().unwrap();
    assert!(size < before.0, "{size} bytes after {}", before.0);
    assert!(!place.store().join("rebuilt").exists() && !place.store().join("rebuilt-whole").exists());
}

#[test]
fn a_store_that_grows_stays_under_its_bound_while_it_is_used() {
    let place = Place::new();
    let options = DiskOptions { max_bytes: 9 << 20, ..DiskOptions::default() };
    let (mut backend, _) = disk::open(&place.store(), options).unwrap();
    let (mut largest, mut shrunk, mut before) = (0, 0, 0);
    for turn in 0..100u32 {
        // Counters that change again and again, and records of every size that come and go, as large as the largest alert.
        let mut batch: Vec<Write> =
            (0..600u32).map(|n| put(format!("account-{:016}", (turn * 611 + n * 7) % 5_000), vec![7; 150])).collect();
        batch.extend((0..60u32).map(|n| put(format!("alert-{:08}", turn * 60 + n), vec![7; 1_500])));
        if let Some(old) = turn.checked_sub(10) {
            batch.extend((0..60u32).map(|n| delete(&format!("alert-{:08}", old * 60 + n))));
        }
        backend.apply(&batch).unwrap();
        backend.sync().unwrap();
        let size = backend.size_bytes().unwrap();
        (largest, shrunk, before) = (largest.max(size), shrunk + u32::from(size < before), size);
    }
    println!("at most {largest} bytes, written anew {shrunk} times");
    assert!(largest < 9 << 20 && shrunk > 0, "{largest} bytes, {shrunk} times");
    assert_eq!(backend.drain_notes(), <[String; 0]>::default());
    drop(backend);
    let (backend, opened) = place.open();
    assert_eq!((opened, backend.scan(Tree::Accounts, b"alert-", 9_999).unwrap().len()), (Opened::Existing, 600));
}

/// 8.64 million failures as the service keeps them, in compressed time: every 30 seconds the counters that changed (of 5,000 accounts)
/// and an audit record for each failure; six alerts in between, each synced before it is told.
#[test]
#[ignore = "minutes; run with optimisation: prints the figures of docs/store.md"]
fn a_heavy_day_leaves_the_store_under_its_bound() {
    let place = Place::new();
    let options = DiskOptions { max_bytes: 16 << 20, ..DiskOptions::default() };
    let (mut store, _) = Store::open_disk(&place.store(), options, Bounds::default()).unwrap();
    store.register_sinks(&["mqtt"]).unwrap();
    let (mut failures, mut largest, mut seed) = (0u64, 0, 7u64);
    let before = written_bytes();
    for flush in 0..2_880u64 {
        let mut commit = Commit::new();
        for _ in 0..3_000 {
            failures += 1;
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            commit.put_audit(failures, &[7u8; 32].repeat(6)).unwrap();
            commit.put_account(format!("user-{:016}", seed % 5_000).as_bytes(), &[7u8; 32].repeat(6)).unwrap();
        }
        store.commit(commit, Durability::Now).unwrap();
        for alert in flush * 6..flush * 6 + 6 {
            let mut commit = Commit::new();
            let id = format!("hq.lockout.{:012x}", alert / 2);
            let record = vec![7u8; 600];
            match alert % 2 {
                0 => commit.put_open_alert(&id, &record).unwrap(),
                _ => commit.close_alert(&id, &record).unwrap(),
            }
            commit.append(&id, &record).unwrap();
            let seq = store.commit(commit, Durability::Now).unwrap();
            store.acknowledged("mqtt", seq).unwrap();
        }
        let size = store.size_bytes().unwrap();
        largest = size.max(largest);
        if flush % 144 == 143 {
            println!("{failures} failures: {size} bytes, at most {largest}; {:?}", store.drain_notes());
        }
    }
    println!("{:.0} bytes written for a failure", (written_bytes() - before) / 8_640_000.0);
    assert!(largest < 16 << 20, "{largest} bytes");
}

fn written_bytes() -> f64 {
    let io = fs::read_to_string("/proc/self/io").unwrap();
    let line = io.lines().find_map(|line| line.strip_prefix("write_bytes:")).unwrap();
    line.trim().parse().unwrap()
}

#[test]
fn an_interrupted_rebuild_is_undone_or_ended() {
    let place = Place::new();
    filled(&place);
    for (whole, expected) in [(false, 3_000), (true, 1)] {
        let half = place.store().join("rebuilt");
        let (mut copy, _) = disk::open(&half, DiskOptions { ballast: false, ..DiskOptions::default() }).unwrap();
        copy.apply(&[put("a", "1")]).unwrap();
        copy.sync().unwrap();
        drop(copy);
        if whole {
            fs::write(place.store().join("rebuilt-whole"), "").unwrap();
        }
        let (backend, _) = place.open();
        assert_eq!((backend.scan(Tree::Accounts, b"", 9_999).unwrap().len(), half.exists()), (expected, false));
    }
}

#[test]
fn a_sync_with_nothing_to_write_writes_nothing() {
    let place = Place::new();
    let (mut backend, _) = place.open();
    backend.apply(&[put("a", "1")]).unwrap();
    backend.sync().unwrap();
    let db = || fs::metadata(place.store().join("db")).unwrap().modified().unwrap();
    let before = (db(), backend.size_bytes().unwrap());
    for _ in 0..10 {
        backend.sync().unwrap();
    }
    assert_eq!((db(), backend.size_bytes().unwrap()), before);
}

#[test]
fn nobody_but_its_own_user_may_look_into_the_store() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    let (_backend, _) = place.open();
    assert_eq!(fs::metadata(place.store()).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn the_ballast_is_laid_in_and_not_counted() {
    let place = Place::new();
    let (backend, _) = place.open();
    assert_eq!(fs::metadata(place.store().join("ballast")).unwrap().len(), 1 << 20);
    assert!(backend.size_bytes().unwrap() < 1 << 20);
    let without = disk::open(&place.0.join("other"), DiskOptions { ballast: false, ..DiskOptions::default() }).unwrap();
    assert!(!place.0.join("other/ballast").exists());
    drop(without);
}
