//! The typed store: which record lies where, and what is written together.
//!
//! | tree | key | value |
//! |---|---|---|
//! | meta | `layout`, `timeline`, `engine`, `last-seq` | layout version, [`Timeline`], [`Identity`], the last outbox number |
//! | accounts, days, fronts, switchers, nodes, senders | the caller's bytes | the caller's type |
//! | alerts | `o` + id; `h` + number + id | open alerts; closed ones in the order of closing |
//! | outbox | number | subject, then the caller's type |
//! | cursors | name of the sink | the last number that it has everything up to |
//! | audit | number | the caller's type |
//!
//! Numbers are eight bytes, big end first. Each value lies in an envelope of [`super::record`]. A record that cannot be
//! read is counted and skipped: one bad record never keeps the service from starting.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;

use super::audit::AuditRing;
use super::backend::{Backend, Fault, FaultKind, Pair, Tree, Write, each};
use super::commit::{AlertChange, Commit};
use super::outbox::{Entry, Lost, Outbox};
use super::record;
use super::timeline::Timeline;
use crate::usm::Identity;

/// The layout that this build writes.
const LAYOUT: u32 = 2;
/// The one before. It is read record by record, and is ours as soon as the store is open.
const BEFORE: u32 = 1;
const LAYOUT_KEY: &[u8] = b"layout";
pub(super) const TIMELINE_KEY: &[u8] = b"timeline";
pub(super) const ENGINE_KEY: &[u8] = b"engine";
const LAST_SEQ_KEY: &[u8] = b"last-seq";
const OPEN: u8 = b'o';
const CLOSED: u8 = b'h';

/// How much the store keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Outbox entries before the oldest are folded (1 and more).
    pub outbox: usize,
    /// Closed alerts before the oldest is deleted.
    pub history: usize,
    /// Audit records before the oldest is overwritten (1 and more).
    pub audit: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { outbox: 10_000, history: 1_000, audit: 2_000 }
    }
}

/// When a commit must survive a power cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// With the next sync: counters, cursors.
    Later,
    /// Before the call returns: alerts and their outbox entries.
    Now,
}

/// Records as they were found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded<T> {
    /// Key and value, ascending by key.
    pub records: Vec<(Vec<u8>, T)>,
    /// Records that could not be read as `T`.
    pub skipped: usize,
}

/// The typed store over any [`Backend`].
pub struct Store {
    pub(super) backend: Box<dyn Backend>,
    bounds: Bounds,
    outbox: Outbox,
    /// Closed alerts by number of closing.
    history: BTreeMap<u64, Vec<u8>>,
    audit: AuditRing,
}

impl Store {
    /// Takes over `backend`: a new one gets the layout version, a used one must have ours.
    ///
    /// # Errors
    /// [`FaultKind::Newer`] if a newer version wrote it, [`FaultKind::Corrupt`] if it holds records but no readable layout
    /// version, or what the backend says.
    pub fn open(mut backend: Box<dyn Backend>, bounds: Bounds) -> Result<Self, Fault> {
        settle_layout(backend.as_mut())?;
        let (outbox, unreadable) = restore_outbox(backend.as_ref(), bounds.outbox)?;
        let mut history = BTreeMap::new();
        each(in_tree(backend.as_ref(), Tree::Alerts), &[CLOSED], |key, _| {
            if let Some((n, id)) =
                key.split_first().filter(|(kind, _)| **kind == CLOSED).and_then(|(_, k)| split_number(k))
            {
                history.insert(n, id.to_vec());
            }
        })?;
        let mut audit = AuditRing::default();
        each(in_tree(backend.as_ref(), Tree::Audit), &[], |key, _| audit.found(key))?;
        let surplus = audit.shrink(bounds.audit);
        let mut store = Self { backend, bounds, outbox, history, audit };
        if !surplus.is_empty() {
            store.backend.apply(&surplus)?;
        }
        if !unreadable.is_empty() {
            let deletes: Vec<Write> =
                unreadable.into_iter().map(|key| Write::Delete { tree: Tree::Outbox, key }).collect();
            store.backend.apply(&deletes)?;
        }
        Ok(store)
    }

    /// Applies everything in `commit` as one batch; with [`Durability::Now`] it is on the medium when this returns.
    /// Returns the number of the last outbox entry.
    ///
    /// # Errors
    /// What the backend says. If `apply` failed, nothing has changed. If only the sync failed, the batch is in effect but not
    /// yet safe: call [`Store::sync`] again later, and tell nobody of the alert until it succeeds.
    pub fn commit(&mut self, commit: Commit, durability: Durability) -> Result<u64, Fault> {
        let Commit { mut writes, alerts, outgoing, audit } = commit;
        let audit = self.audit.plan(audit, self.bounds.audit, &mut writes);
        let history = self.plan_alerts(alerts, &mut writes);
        let outgoing = if self.outbox.has_readers() { outgoing } else { Vec::new() };
        let room = self.outbox.room_for(outgoing.iter().map(|(subject, _)| subject.as_ref()));
        writes.extend(room.all().map(delete_entry));
        let mut last = self.outbox.last();
        for (_, value) in &outgoing {
            last += 1;
            writes.push(Write::Put { tree: Tree::Outbox, key: last.to_be_bytes().to_vec(), value: value.clone() });
        }
        if !outgoing.is_empty() {
            writes.push(Write::Put { tree: Tree::Meta, key: LAST_SEQ_KEY.to_vec(), value: record::encode(&last)? });
        }
        self.backend.apply(&writes)?;
        if let Some(history) = history {
            self.history = history;
        }
        if let Some(audit) = audit {
            self.audit = audit;
        }
        self.outbox.appended(&room, outgoing.into_iter().map(|(subject, _)| subject));
        // Cursors may move because an entry was folded. They may also lag: the next acknowledgement tries again.
        let _lagging = self.advance().is_err();
        match durability {
            Durability::Later => {}
            Durability::Now => self.sync()?,
        }
        Ok(last)
    }

    /// Makes everything committed and acknowledged so far survive a power cut.
    ///
    /// # Errors
    /// What the backend says; the next call tries again.
    pub fn sync(&mut self) -> Result<(), Fault> {
        let cursors = self.advance();
        self.backend.sync()?;
        cursors
    }

    /// The saved time line, if there is a readable one.
    ///
    /// # Errors
    /// What the backend says.
    pub fn load_timeline(&self) -> Result<Option<Timeline>, Fault> {
        Ok(self.backend.get(Tree::Meta, TIMELINE_KEY)?.and_then(|bytes| record::decode(&bytes)))
    }

    /// Which SNMP engine we were at the last start, if it is known.
    ///
    /// # Errors
    /// What the backend says.
    pub fn load_identity(&self) -> Result<Option<Identity>, Fault> {
        Ok(self.backend.get(Tree::Meta, ENGINE_KEY)?.and_then(|bytes| record::decode(&bytes)))
    }

    /// The alerts that are open, by id.
    ///
    /// # Errors
    /// What the backend says.
    pub fn load_open_alerts<T: DeserializeOwned>(&self) -> Result<Loaded<T>, Fault> {
        self.load(Tree::Alerts, &[OPEN], |key| id_after(OPEN, key))
    }

    /// The open alert of this id, if there is a readable one.
    ///
    /// # Errors
    /// What the backend says.
    pub fn open_alert<T: DeserializeOwned>(&self, id: &str) -> Result<Option<T>, Fault> {
        let key = [&[OPEN], id.as_bytes()].concat();
        Ok(self.backend.get(Tree::Alerts, &key)?.and_then(|bytes| record::decode(&bytes)))
    }

    /// At most `limit` closed alerts, the one closed last first.
    ///
    /// # Errors
    /// What the backend says.
    pub fn load_closed_alerts<T: DeserializeOwned>(&self, limit: usize) -> Result<Loaded<T>, Fault> {
        let mut loaded = Loaded { records: Vec::new(), skipped: 0 };
        for (&n, id) in self.history.iter().rev().take(limit) {
            match self.backend.get(Tree::Alerts, &closed_key(n, id))?.and_then(|bytes| record::decode(&bytes)) {
                Some(value) => loaded.records.push((id.clone(), value)),
                None => loaded.skipped += 1,
            }
        }
        Ok(loaded)
    }

    /// The number of the newest audit record; 0 if there is none.
    #[must_use]
    pub fn last_audit(&self) -> u64 {
        self.audit.last()
    }

    /// At most `limit` audit records with numbers below `before`, newest first.
    ///
    /// # Errors
    /// What the backend says.
    pub fn load_audit<T: DeserializeOwned>(&self, before: u64, limit: usize) -> Result<Loaded<T>, Fault> {
        let mut loaded = Loaded { records: Vec::new(), skipped: 0 };
        for id in self.audit.below(before).take(limit) {
            let key = id.to_be_bytes();
            match self.backend.get(Tree::Audit, &key)?.and_then(|bytes| record::decode(&bytes)) {
                Some(value) => loaded.records.push((key.to_vec(), value)),
                None => loaded.skipped += 1,
            }
        }
        Ok(loaded)
    }

    /// Says which sinks this run has. Cursors of others are dropped, so that they hold up nothing; a sink that was not there
    /// before begins with what comes next. With none at all the outbox keeps nothing.
    ///
    /// # Errors
    /// What the backend says; then the sinks are as before.
    pub fn register_sinks(&mut self, names: &[&str]) -> Result<(), Fault> {
        let gone = self.outbox.sink_names().filter(|old| !names.contains(old));
        let mut writes: Vec<Write> =
            gone.map(|old| Write::Delete { tree: Tree::Cursors, key: old.as_bytes().to_vec() }).collect();
        for new in names.iter().filter(|name| self.outbox.cursor(name).is_none()) {
            writes.push(put_cursor(new, self.outbox.last())?);
        }
        self.backend.apply(&writes)?;
        self.outbox.registered(names);
        self.advance()
    }

    /// Notes that `sink` has entry `seq`, in any order. The cursor is safe with the next sync: after a power cut an
    /// entry may be delivered twice, never left out.
    ///
    /// # Errors
    /// What the backend says; the acknowledgement is kept and written with the next one.
    pub fn acknowledged(&mut self, sink: &str, seq: u64) -> Result<(), Fault> {
        self.outbox.acknowledge(sink, seq);
        self.advance()
    }

    /// At most `limit` entries from number `seq` on. One that cannot be read is deleted and counted in [`Store::lost`].
    ///
    /// # Errors
    /// What the backend says.
    pub fn read_from<T: DeserializeOwned>(&mut self, seq: u64, limit: usize) -> Result<Vec<Entry<T>>, Fault> {
        let mut entries = Vec::new();
        let mut unreadable = Vec::new();
        for (seq, subject) in self.outbox.from(seq) {
            if entries.len() == limit {
                break;
            }
            let bytes = self.backend.get(Tree::Outbox, &seq.to_be_bytes())?;
            match bytes.as_deref().and_then(record::split_subject).and_then(|(_, body)| record::whole(body)) {
                Some(record) => entries.push(Entry { seq, subject: subject.to_owned(), record }),
                None => unreadable.push(seq),
            }
        }
        if !unreadable.is_empty() {
            self.backend.apply(&unreadable.iter().copied().map(delete_entry).collect::<Vec<_>>())?;
            self.outbox.unreadable(&unreadable);
        }
        Ok(entries)
    }

    /// Up to which entry `sink` has everything; `None` for an unknown sink.
    #[must_use]
    pub fn cursor(&self, sink: &str) -> Option<u64> {
        self.outbox.cursor(sink)
    }

    /// How many entries `sink` still lacks; `None` for an unknown sink.
    #[must_use]
    pub fn backlog(&self, sink: &str) -> Option<usize> {
        self.outbox.backlog(sink)
    }

    /// The number of the last entry ever appended; 0 before the first.
    #[must_use]
    pub fn last_seq(&self) -> u64 {
        self.outbox.last()
    }

    /// Entries that at least one sink lacks.
    #[must_use]
    pub fn outbox_len(&self) -> usize {
        self.outbox.len()
    }

    /// Entries of this run that nobody will be told.
    #[must_use]
    pub fn lost(&self) -> Lost {
        self.outbox.lost()
    }

    /// Bytes on the medium.
    ///
    /// # Errors
    /// What the backend says.
    pub fn size_bytes(&self) -> Result<u64, Fault> {
        self.backend.size_bytes()
    }

    /// Looks whether the medium is still there; see [`Backend::check`].
    ///
    /// # Errors
    /// Says what has become of it; the next [`Store::sync`] looks for a medium to write everything to.
    pub fn check(&mut self) -> Result<(), Fault> {
        self.backend.check()
    }

    /// What happened to the medium since the last call that an operator should know.
    pub fn drain_notes(&mut self) -> Vec<String> {
        self.backend.drain_notes()
    }

    /// Writes cursors that can move and deletes entries that every sink has, in one batch.
    fn advance(&mut self) -> Result<(), Fault> {
        let progress = self.outbox.progress();
        let mut writes: Vec<Write> = progress.done.iter().copied().map(delete_entry).collect();
        for (sink, cursor) in &progress.cursors {
            writes.push(put_cursor(sink, *cursor)?);
        }
        if !writes.is_empty() {
            self.backend.apply(&writes)?;
        }
        self.outbox.progressed(progress);
        Ok(())
    }

    /// Adds the writes for `changes`; returns the history as it will be, if it changes.
    fn plan_alerts(&self, changes: Vec<AlertChange>, writes: &mut Vec<Write>) -> Option<BTreeMap<u64, Vec<u8>>> {
        if changes.is_empty() {
            return None;
        }
        let mut history = self.history.clone();
        for AlertChange { id, open, closed } in changes {
            let before = history.iter().find(|(_, old)| **old == id).map(|(&n, _)| n);
            if let Some(n) = before {
                history.remove(&n);
                writes.push(Write::Delete { tree: Tree::Alerts, key: closed_key(n, &id) });
            }
            let open_key = [&[OPEN], id.as_slice()].concat();
            writes.push(match open {
                Some(value) => Write::Put { tree: Tree::Alerts, key: open_key, value },
                None => Write::Delete { tree: Tree::Alerts, key: open_key },
            });
            if let Some(value) = closed {
                let n = history.last_key_value().map_or(1, |(&n, _)| n.saturating_add(1));
                writes.push(Write::Put { tree: Tree::Alerts, key: closed_key(n, &id), value });
                history.insert(n, id);
            }
        }
        while history.len() > self.bounds.history
            && let Some((n, id)) = history.pop_first()
        {
            writes.push(Write::Delete { tree: Tree::Alerts, key: closed_key(n, &id) });
        }
        Some(history)
    }

    pub(super) fn load<T, F>(&self, tree: Tree, from: &[u8], name: F) -> Result<Loaded<T>, Fault>
    where
        T: DeserializeOwned,
        F: Fn(&[u8]) -> Option<Vec<u8>>,
    {
        self.load_as(tree, from, name, record::decode)
    }

    pub(super) fn load_as<T, F>(
        &self,
        tree: Tree,
        from: &[u8],
        name: F,
        decode: fn(&[u8]) -> Option<T>,
    ) -> Result<Loaded<T>, Fault>
    where
        F: Fn(&[u8]) -> Option<Vec<u8>>,
    {
        let mut loaded = Loaded { records: Vec::new(), skipped: 0 };
        each(in_tree(self.backend.as_ref(), tree), from, |key, value| {
            if let Some(name) = name(key) {
                match decode(value) {
                    Some(value) => loaded.records.push((name, value)),
                    None => loaded.skipped += 1,
                }
            }
        })?;
        Ok(loaded)
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store")
            .field("bounds", &self.bounds)
            .field("outbox", &self.outbox.len())
            .finish_non_exhaustive()
    }
}

fn in_tree(backend: &dyn Backend, tree: Tree) -> impl Fn(&[u8], usize) -> Result<Vec<Pair>, Fault> {
    move |from, limit| backend.scan(tree, from, limit)
}

fn settle_layout(backend: &mut dyn Backend) -> Result<(), Fault> {
    let fault = |kind, cause: String| Fault { action: "read the store's layout", cause, kind };
    let Some(bytes) = backend.get(Tree::Meta, LAYOUT_KEY)? else {
        for tree in Tree::ALL {
            if !backend.scan(tree, &[], 1)?.is_empty() {
                return Err(fault(FaultKind::Corrupt, "it holds records but no layout version".into()));
            }
        }
        return put_layout(backend);
    };
    match record::decode::<u32>(&bytes) {
        Some(LAYOUT) => Ok(()),
        Some(BEFORE) => put_layout(backend),
        Some(newer) if newer > LAYOUT => Err(fault(
            FaultKind::Newer,
            format!("layout {newer} was written by a newer version; this one knows up to {LAYOUT}"),
        )),
        Some(_) | None => Err(fault(FaultKind::Corrupt, "the layout version cannot be read".into())),
    }
}

/// Batches are kept in their order, so the version is there with whatever follows.
fn put_layout(backend: &mut dyn Backend) -> Result<(), Fault> {
    let value = record::encode(&LAYOUT)?;
    backend.apply(&[Write::Put { tree: Tree::Meta, key: LAYOUT_KEY.to_vec(), value }])
}

/// The outbox as stored, and the keys of entries without a readable number and subject.
fn restore_outbox(backend: &dyn Backend, bound: usize) -> Result<(Outbox, Vec<Vec<u8>>), Fault> {
    let mut pending = BTreeMap::new();
    let mut unreadable = Vec::new();
    each(in_tree(backend, Tree::Outbox), &[], |key, value| {
        match (<[u8; 8]>::try_from(key), record::split_subject(value)) {
            (Ok(seq), Some((subject, _))) => _ = pending.insert(u64::from_be_bytes(seq), subject.into()),
            (Ok(_) | Err(_), Some(_) | None) => unreadable.push(key.to_vec()),
        }
    })?;
    let mut cursors = Vec::new();
    each(in_tree(backend, Tree::Cursors), &[], |key, value| {
        // An unreadable cursor means everything pending again: told twice is better than not told.
        if let Ok(sink) = str::from_utf8(key) {
            cursors.push((sink.to_owned(), record::decode(value).unwrap_or(0)));
        }
    })?;
    let last = backend.get(Tree::Meta, LAST_SEQ_KEY)?.and_then(|bytes| record::decode(&bytes)).unwrap_or(0);
    let mut outbox = Outbox::restored(pending, cursors, last, bound);
    outbox.count_unreadable(unreadable.len());
    Ok((outbox, unreadable))
}

fn delete_entry(seq: u64) -> Write {
    Write::Delete { tree: Tree::Outbox, key: seq.to_be_bytes().to_vec() }
}

fn put_cursor(sink: &str, cursor: u64) -> Result<Write, Fault> {
    Ok(Write::Put { tree: Tree::Cursors, key: sink.as_bytes().to_vec(), value: record::encode(&cursor)? })
}

fn closed_key(n: u64, id: &[u8]) -> Vec<u8> {
    [&[CLOSED], n.to_be_bytes().as_slice(), id].concat()
}

fn id_after(kind: u8, key: &[u8]) -> Option<Vec<u8>> {
    key.split_first().filter(|(first, _)| **first == kind).map(|(_, id)| id.to_vec())
}

fn split_number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    bytes.split_first_chunk().map(|(n, rest)| (u64::from_be_bytes(*n), rest))
}
