//! The typed store over memory: what lies where, byte by byte, and what is read back.

use std::sync::{Arc, Mutex};

use super::backend::{Backend, Fault, FaultKind, Pair, Tree, Write};
use super::{Bounds, Commit, Durability, Entry, Loaded, Lost, MemoryBackend, Store, Timeline};
use crate::units::{Mono, Wall};

/// Memory that outlives the store over it.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<MemoryBackend>>);

impl Backend for Shared {
    fn get(&self, tree: Tree, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        self.0.lock().unwrap().get(tree, key)
    }

    fn scan(&self, tree: Tree, from: &[u8], limit: usize) -> Result<Vec<Pair>, Fault> {
        self.0.lock().unwrap().scan(tree, from, limit)
    }

    fn apply(&mut self, batch: &[Write]) -> Result<(), Fault> {
        self.0.lock().unwrap().apply(batch)
    }

    fn sync(&mut self) -> Result<(), Fault> {
        Ok(())
    }

    fn size_bytes(&self) -> Result<u64, Fault> {
        self.0.lock().unwrap().size_bytes()
    }
}

impl Shared {
    fn open(&self) -> Store {
        Store::open(Box::new(self.clone()), Bounds { outbox: 3, history: 2, audit: 2 }).unwrap()
    }

    fn put(&mut self, tree: Tree, key: &[u8], value: &[u8]) {
        self.apply(&[Write::Put { tree, key: key.into(), value: value.into() }]).unwrap();
    }

    /// Everything there is.
    fn dump(&self) -> Vec<(Tree, Vec<u8>, Vec<u8>)> {
        let tree = |tree| self.scan(tree, &[], 100).unwrap().into_iter().map(move |(key, value)| (tree, key, value));
        Tree::ALL.into_iter().flat_map(tree).collect()
    }
}

fn commit(store: &mut Store, fill: impl FnOnce(&mut Commit) -> Result<(), Fault>) -> u64 {
    let mut commit = Commit::new();
    fill(&mut commit).unwrap();
    store.commit(commit, Durability::Now).unwrap()
}

fn key(prefix: &str, n: u64, id: &str) -> Vec<u8> {
    [prefix.as_bytes(), &n.to_be_bytes(), id.as_bytes()].concat()
}

#[test]
fn the_bytes_of_layout_2_are_frozen() {
    let shared = Shared::default();
    let mut store = shared.open();
    store.register_sinks(&["mqtt"]).unwrap();
    let timeline = Timeline { mono: Mono::from_millis(300), wall: Wall::from_millis(-2), synchronised: true };
    commit(&mut store, |c| {
        c.put_account(b"jdoe", &(3u32, "x"))?;
        c.put_day(b"jdoe", &(4u8, 2u8, 0u8, 0u8, 0u8))?;
        c.put_front(b"s192.0.2.7", &6u8)?;
        c.put_switcher(b"asmith", &8u8)?;
        c.put_sender(b"engine", &11u8)?;
        c.put_node(b"cucm-pub", &7u8)?;
        c.put_open_alert("hq.lockout.1", &1u8)?;
        c.close_alert("hq.lockout.2", &2u8)?;
        c.append("jdoe", &9u8)?;
        c.put_audit(258, &5u8)?;
        c.save_timeline(timeline)
    });
    let expected: Vec<(Tree, Vec<u8>, Vec<u8>)> = vec![
        (Tree::Meta, b"last-seq".into(), vec![2, 1]),
        (Tree::Meta, b"layout".into(), vec![2, 2]),
        (Tree::Meta, b"timeline".into(), vec![2, 0xac, 0x02, 3, 1]),
        (Tree::Accounts, b"jdoe".into(), vec![2, 3, 1, b'x']),
        (Tree::Nodes, b"cucm-pub".into(), vec![2, 7]),
        (Tree::Senders, b"engine".into(), vec![2, 11]),
        (Tree::Alerts, key("h", 1, "hq.lockout.2"), vec![2, 2]),
        (Tree::Alerts, b"ohq.lockout.1".into(), vec![2, 1]),
        (Tree::Outbox, key("", 1, ""), vec![2, 4, b'j', b'd', b'o', b'e', 9]),
        (Tree::Cursors, b"mqtt".into(), vec![2, 0]),
        (Tree::Audit, vec![0, 0, 0, 0, 0, 0, 1, 2], vec![2, 5]),
        (Tree::Days, b"jdoe".into(), vec![2, 4, 2, 0, 0, 0]),
        (Tree::Fronts, b"s192.0.2.7".into(), vec![2, 6]),
        (Tree::Switchers, b"asmith".into(), vec![2, 8]),
    ];
    assert_eq!(shared.dump(), expected);
    assert_eq!(store.load_timeline().unwrap(), Some(timeline));
}

/// Byte for byte what the build before this layout wrote.
#[test]
fn a_store_of_layout_1_is_read_and_goes_on_as_one_of_layout_2() {
    let mut shared = Shared::default();
    for (tree, key, value) in [
        (Tree::Meta, &b"last-seq"[..], &[1, 1][..]),
        (Tree::Meta, b"layout", &[1, 1]),
        (Tree::Meta, b"timeline", &[1, 0xac, 0x02, 3, 1]),
        (Tree::Accounts, b"jdoe", &[1, 3, 1, b'x']),
        (Tree::Days, b"jdoe", &[1, 4]),
        (Tree::Alerts, b"ohq.lockout.1", &[1, 1]),
        (Tree::Outbox, &1u64.to_be_bytes(), &[1, 4, b'j', b'd', b'o', b'e', 9]),
        (Tree::Cursors, b"mqtt", &[1, 0]),
    ] {
        shared.put(tree, key, value);
    }
    let mut store = shared.open();
    assert_eq!(shared.get(Tree::Meta, b"layout").unwrap(), Some(vec![2, 2]));
    let timeline = Timeline { mono: Mono::from_millis(300), wall: Wall::from_millis(-2), synchronised: true };
    assert_eq!(store.load_timeline().unwrap(), Some(timeline));
    assert_eq!(store.account::<(u32, String)>(b"jdoe").unwrap(), Some((3, "x".into())));
    let day = (4u8, 2u8, 0u8, 0u8, 0u8);
    assert_eq!(store.day(b"jdoe").unwrap(), Some(day));
    assert_eq!(store.load_days().unwrap(), Loaded { records: vec![(b"jdoe".into(), day)], skipped: 0 });
    assert_eq!(store.load_open_alerts::<u8>().unwrap().records, [(b"hq.lockout.1".into(), 1)]);
    assert_eq!(store.read_from(0, 9).unwrap(), [Entry { seq: 1, subject: "jdoe".into(), record: 9u8 }]);
    assert_eq!((store.cursor("mqtt"), store.last_seq(), store.lost()), (Some(0), 1, Lost::default()));
    commit(&mut store, |c| c.put_account(b"jdoe", &(4u32, "x")));
    drop(store);
    assert_eq!(shared.open().load_accounts::<(u32, String)>().unwrap().records, [(b"jdoe".into(), (4, "x".into()))]);
}

#[test]
fn records_that_cannot_be_read_are_counted_and_skipped() {
    let mut shared = Shared::default();
    commit(&mut shared.open(), |c| c.put_account(b"jdoe", &3u32));
    shared.put(Tree::Accounts, b"cut", &[1]);
    shared.put(Tree::Accounts, b"newer", &[3, 3]);
    shared.put(Tree::Meta, b"timeline", &[1, 0xff]);
    shared.put(Tree::Outbox, b"short", &[1, 0, 0]);
    shared.put(Tree::Outbox, &key("", 5, ""), &[9]);
    shared.put(Tree::Alerts, b"h12", &[9]);
    let store = shared.open();
    let accounts = store.load_accounts::<u32>().unwrap();
    assert_eq!((accounts.records, accounts.skipped), (vec![(b"jdoe".into(), 3)], 2));
    assert_eq!((store.account::<u32>(b"jdoe").unwrap(), store.account::<u32>(b"cut").unwrap()), (Some(3), None));
    assert_eq!(store.load_timeline().unwrap(), None);
    assert_eq!(store.lost(), Lost { unreadable: 2, ..Lost::default() });
    assert_eq!(shared.scan(Tree::Outbox, &[], 9).unwrap(), []);
}

#[test]
fn an_outbox_entry_of_another_type_is_deleted_and_does_not_hold_up_the_rest() {
    let mut store = Shared::default().open();
    store.register_sinks(&["mqtt"]).unwrap();
    commit(&mut store, |c| c.append("a", &"text"));
    commit(&mut store, |c| c.append("b", &true));
    let read = store.read_from::<bool>(0, 9).unwrap();
    assert_eq!(read, [Entry { seq: 2, subject: "b".into(), record: true }]);
    store.acknowledged("mqtt", 2).unwrap();
    assert_eq!((store.cursor("mqtt"), store.outbox_len(), store.lost().unreadable), (Some(2), 0, 1));
}

#[test]
fn a_newer_layout_and_records_without_a_layout_are_refused() {
    let kind = |shared: &Shared| Store::open(Box::new(shared.clone()), Bounds::default()).unwrap_err().kind;
    let mut newer = Shared::default();
    newer.put(Tree::Meta, b"layout", &[2, 3]);
    assert_eq!(kind(&newer), FaultKind::Newer);
    let mut unreadable = Shared::default();
    unreadable.put(Tree::Meta, b"layout", &[]);
    assert_eq!(kind(&unreadable), FaultKind::Corrupt);
    let mut missing = Shared::default();
    missing.put(Tree::Accounts, b"jdoe", &[1, 3]);
    assert_eq!(kind(&missing), FaultKind::Corrupt);
}

#[test]
fn alerts_are_open_then_history_and_the_oldest_history_goes() {
    let shared = Shared::default();
    let mut store = shared.open();
    commit(&mut store, |c| c.put_open_alert("a", &1u8));
    for (id, last) in [("a", 2u8), ("b", 3), ("c", 4)] {
        commit(&mut store, |c| c.close_alert(id, &last));
    }
    assert_eq!(store.load_open_alerts::<u8>().unwrap().records, []);
    let closed = |store: &Store| store.load_closed_alerts::<u8>(9).unwrap().records;
    assert_eq!(closed(&store), [(b"c".into(), 4), (b"b".into(), 3)]);
    commit(&mut store, |c| c.close_alert("b", &5u8));
    commit(&mut store, |c| c.put_open_alert("c", &6u8));
    let reopened = shared.open();
    assert_eq!(closed(&reopened), [(b"b".into(), 5)]);
    assert_eq!(reopened.load_open_alerts::<u8>().unwrap().records, [(b"c".into(), 6)]);
    commit(&mut store, |c| {
        c.forget_alert("b");
        c.forget_alert("c");
        Ok(())
    });
    assert_eq!(shared.scan(Tree::Alerts, &[], 9).unwrap(), []);
}

#[test]
fn cursors_and_numbers_go_on_after_a_restart() {
    let shared = Shared::default();
    let mut store = shared.open();
    store.register_sinks(&["mqtt", "nms"]).unwrap();
    for subject in ["a", "b"] {
        commit(&mut store, |c| c.append(subject, &1u8));
    }
    store.acknowledged("mqtt", 1).unwrap();
    store.acknowledged("mqtt", 2).unwrap();
    store.acknowledged("nms", 1).unwrap();
    let mut store = shared.open();
    store.register_sinks(&["mqtt", "nms", "program"]).unwrap();
    assert_eq!(["mqtt", "nms", "program"].map(|sink| store.backlog(sink)), [Some(0), Some(1), Some(0)]);
    store.acknowledged("nms", 2).unwrap();
    assert_eq!((store.outbox_len(), shared.open().last_seq()), (0, 2));
    assert_eq!(commit(&mut store, |c| c.append("c", &1u8)), 3);
}

#[test]
fn an_outbox_over_its_bound_keeps_the_newest_of_every_subject() {
    let shared = Shared::default();
    let mut store = shared.open();
    store.register_sinks(&["nms"]).unwrap();
    for (subject, state) in [("a", 1u8), ("b", 2), ("a", 3), ("c", 4), ("d", 5)] {
        commit(&mut store, |c| c.append(subject, &state));
    }
    let left = |seqs: Vec<Entry<u8>>| seqs.into_iter().map(|e| (e.seq, e.subject, e.record)).collect::<Vec<_>>();
    let expected = [(3, "a".to_owned(), 3), (4, "c".to_owned(), 4), (5, "d".to_owned(), 5)];
    assert_eq!(left(store.read_from(0, 9).unwrap()), expected);
    assert_eq!(store.lost(), Lost { folded: 1, dropped: 1, unreadable: 0 });
    assert_eq!(left(shared.open().read_from(4, 1).unwrap()), expected[1..2]);
}

#[test]
fn the_oldest_audit_record_is_overwritten_and_numbers_are_kept_over_a_restart() {
    let shared = Shared::default();
    let mut store = shared.open();
    assert_eq!(store.last_audit(), 0);
    commit(&mut store, |c| (1..=5).try_for_each(|id| c.put_audit(id, &id)));
    let newest = |store: &Store, before| {
        let loaded = store.load_audit::<u64>(before, 9).unwrap();
        (loaded.records.into_iter().map(|(_, value)| value).collect::<Vec<_>>(), loaded.skipped)
    };
    assert_eq!((newest(&store, u64::MAX), newest(&store, 5)), ((vec![5, 4], 0), (vec![4], 0)));
    // A record that was added to, one that has been overwritten meanwhile, and a new one.
    commit(&mut store, |c| [(4u64, 40u64), (2, 20), (6, 6)].iter().try_for_each(|(id, value)| c.put_audit(*id, value)));
    let store = shared.open();
    assert_eq!((newest(&store, u64::MAX), store.last_audit()), ((vec![6, 5], 0), 6));
    assert_eq!(shared.scan(Tree::Audit, &[], 9).unwrap().len(), 2);
}

#[test]
fn a_smaller_audit_log_loses_its_oldest_records_and_one_that_cannot_be_read_is_skipped() {
    let mut shared = Shared::default();
    commit(&mut shared.open(), |c| (1..=2).try_for_each(|id| c.put_audit(id, &7u8)));
    shared.put(Tree::Audit, &3u64.to_be_bytes(), &[9]);
    shared.put(Tree::Audit, b"no number", &[1, 7]);
    let store = Store::open(Box::new(shared.clone()), Bounds { audit: 2, ..Bounds::default() }).unwrap();
    let loaded = store.load_audit::<u8>(u64::MAX, 9).unwrap();
    assert_eq!((loaded.records, loaded.skipped, store.last_audit()), (vec![(2u64.to_be_bytes().to_vec(), 7)], 1, 3));
    assert_eq!(shared.scan(Tree::Audit, &[], 9).unwrap().len(), 2);
}
