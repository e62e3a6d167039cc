//! A store that outlasts its disk: what is applied waits in memory for the next sync, and if the disk fails, everything is held in
//! memory until it works again. Then what has changed goes to the disk as one batch, under the same keys as ever.
//!
//! The disk is closed as soon as it has failed: the system may hold its pages for written, and sled refuses everything after its
//! first error. Each later [`Backend::sync`] tries to open it again; how often, the caller decides.
//!
//! | the disk, when it is opened again | what is written |
//! |---|---|
//! | as of the last sync, or with the batch that seemed to have failed | what has changed since |
//! | empty: the directory was removed, or the disk replaced | everything |
//! | unreadable, fallen back, or a store of another life | it is set aside, then everything |

use std::collections::{BTreeMap, BTreeSet};

use super::backend::{Backend, Fault, FaultKind, Pair, Tree, Write, each};
use super::memory::MemoryBackend;

/// Changes that may wait for a sync; more than that, and `apply` syncs by itself.
const MAX_WAITING: usize = 512;

/// A store of less than this is not written anew.
const SMALL: u64 = 12 << 20;

/// A key in its tree.
pub type Key = (Tree, Vec<u8>);
/// The newest value of each key that has changed; `None` deletes.
pub type Changes = BTreeMap<Key, Option<Vec<u8>>>;

/// An open store on a medium.
pub trait Disk: Send {
    /// The value under `key`.
    ///
    /// # Errors
    /// When the medium cannot be read.
    fn get(&self, tree: Tree, key: &[u8]) -> Result<Option<Vec<u8>>, Fault>;

    /// At most `limit` pairs of `tree` in ascending order of keys, beginning with `from` itself if it is there.
    ///
    /// # Errors
    /// When the medium cannot be read.
    fn scan(&self, tree: Tree, from: &[u8], limit: usize) -> Result<Vec<Pair>, Fault>;

    /// Writes all of `changes`, or nothing; they survive a power cut when this returns.
    ///
    /// # Errors
    /// When the medium is full, read-only or broken. Then all of it may be there or nothing, and the store is not used any more.
    fn write(&mut self, changes: &Changes) -> Result<(), Fault>;

    /// How many writes it has seen in its life.
    fn generation(&self) -> u64;

    /// Whether what lies at its place is still this store.
    ///
    /// # Errors
    /// Says what has become of it.
    fn check(&self) -> Result<(), Fault>;

    /// Bytes on the medium.
    ///
    /// # Errors
    /// When the medium cannot be read.
    fn size_bytes(&self) -> Result<u64, Fault>;
}

/// The place of a store, which is closed while this is used, but for [`Medium::replace`].
pub trait Medium: Send {
    /// Opens what is there, or begins a new store.
    ///
    /// # Errors
    /// [`FaultKind::Corrupt`] if what is there cannot be read; otherwise why the medium cannot be used now.
    fn open(&mut self) -> Result<Box<dyn Disk>, Fault>;

    /// Moves what is there away. Returns where it went.
    ///
    /// # Errors
    /// When the medium cannot be written.
    fn set_aside(&mut self) -> Result<String, Fault>;

    /// Gives space back that was held for a full disk; `false` if there is none.
    fn give_reserve(&mut self) -> bool;

    /// Holds space for a full disk again, if it can.
    fn take_reserve(&mut self);

    /// Puts a store with exactly the records of `disk`, which is the one there, in its place: after a crash at any point, one or the
    /// other is there as a whole. `disk` can still be read, and must not be written any more.
    ///
    /// # Errors
    /// When the old one cannot be read or the medium not written; then one of the two is there, and the place must be opened again.
    fn replace(&mut self, disk: &dyn Disk) -> Result<(), Fault>;

    /// The size that the store should stay under, in bytes.
    fn max_bytes(&self) -> u64;
}

/// The store over its medium, whether that works or not.
pub struct Lasting {
    medium: Box<dyn Medium>,
    state: State,
    /// Of the last successful sync; `None` if it is not known what the medium holds.
    generation: Option<u64>,
    waiting: Changes,
    /// Size above which the store is written anew.
    tight_bytes: u64,
    notes: Vec<String>,
}

enum State {
    Working(Box<dyn Disk>),
    /// What the disk holds as of the last sync, as far as it could be read.
    Failed {
        held: MemoryBackend,
        is_whole: bool,
        /// Keys whose write has failed at least once: the disk may have them.
        in_doubt: BTreeSet<Key>,
    },
}

impl Lasting {
    /// Over a store that was opened.
    #[must_use]
    pub fn over(mut medium: Box<dyn Medium>, disk: Box<dyn Disk>) -> Self {
        let tight_bytes = tight(medium.max_bytes());
        medium.take_reserve();
        let (generation, size) = (Some(disk.generation()), disk.size_bytes().unwrap_or(u64::MAX));
        let state = State::Working(disk);
        let mut store = Self { medium, state, generation, waiting: Changes::new(), tight_bytes, notes: Vec::new() };
        store.shrink();
        store.tight_bytes = store.tight_bytes.min(grown(size));
        store
    }

    /// Over a medium that cannot be used now. `known` is what it holds, and its generation, if that could be read.
    #[must_use]
    pub fn without_disk(medium: Box<dyn Medium>, known: Option<(MemoryBackend, u64)>) -> Self {
        let tight_bytes = tight(medium.max_bytes());
        let (held, generation) = known.map_or((MemoryBackend::new(), None), |(held, n)| (held, Some(n)));
        let state = State::Failed { held, is_whole: true, in_doubt: BTreeSet::new() };
        Self { medium, state, generation, waiting: Changes::new(), tight_bytes, notes: Vec::new() }
    }

    /// Writes everything that waits, with the disk opened again if it had failed.
    fn write_out(&mut self) -> Result<(), Fault> {
        if matches!(self.state, State::Failed { .. }) {
            self.reopen()?;
        }
        if let State::Working(disk) = &mut self.state
            && !self.waiting.is_empty()
        {
            if let Err(fault) = disk.write(&self.waiting) {
                self.fail();
                return Err(fault);
            }
            self.generation = Some(disk.generation());
            self.waiting.clear();
        }
        Ok(())
    }

    /// The disk has failed: what it holds is read while that is still possible, and it is closed.
    fn fail(&mut self) {
        let State::Working(disk) = &self.state else { return };
        let (held, is_whole) = read_all(disk.as_ref());
        self.state = State::Failed { held, is_whole, in_doubt: self.waiting.keys().cloned().collect() };
    }

    /// Opens the disk again; it then holds what it held at the last sync, at least.
    fn reopen(&mut self) -> Result<(), Fault> {
        let disk = match self.medium.open() {
            Ok(disk) if self.is_ours(disk.generation()) => disk,
            Ok(disk) if disk.generation() == 0 => self.fill(disk)?,
            Ok(other) => {
                drop(other);
                self.begin_anew("it is not as the last sync left it")?
            }
            Err(fault) if fault.kind == FaultKind::Corrupt => self.begin_anew(&fault.cause)?,
            Err(fault) => return Err(fault),
        };
        self.generation = Some(disk.generation());
        self.state = State::Working(disk);
        Ok(())
    }

    /// A write that failed may be on the disk all the same.
    fn is_ours(&self, generation: u64) -> bool {
        let is_next = |ours: u64| generation == ours || generation == ours.saturating_add(1);
        generation > 0 && self.generation.is_some_and(is_next)
    }

    fn begin_anew(&mut self, why: &str) -> Result<Box<dyn Disk>, Fault> {
        let kept_as = self.medium.set_aside()?;
        self.notes.push(format!(
            "the store on the disk was set aside as {kept_as} ({why}); a new one was written from memory"
        ));
        let disk = self.medium.open()?;
        self.fill(disk)
    }

    /// Writes everything that is held, and everything that waits, into an empty store.
    fn fill(&mut self, mut disk: Box<dyn Disk>) -> Result<Box<dyn Disk>, Fault> {
        let mut all = match &self.state {
            State::Working(_) => Changes::new(),
            State::Failed { held, .. } => held.iter().map(|(key, value)| (key.clone(), Some(value.clone()))).collect(),
        };
        all.extend(self.waiting.iter().map(|(key, value)| (key.clone(), value.clone())));
        all.retain(|_, value| value.is_some());
        if !all.is_empty() {
            disk.write(&all)?;
        }
        self.waiting.clear();
        Ok(disk)
    }

    /// Writes the store anew before it reaches its bound. The old one is open until the new one is: whatever fails, one can be read.
    fn shrink(&mut self) {
        let State::Working(disk) = &self.state else { return };
        let size = match disk.size_bytes() {
            Ok(size) if size > self.tight_bytes => size,
            Ok(_) | Err(_) => return,
        };
        let generation = disk.generation();
        let replaced = self.medium.replace(disk.as_ref()).and_then(|()| self.medium.open());
        let replaced = match replaced {
            Ok(new) if new.generation() == generation => {
                self.state = State::Working(new);
                Ok(())
            }
            // One of the two is there. If it does not open, the next sync tries again.
            other => {
                self.fail();
                other.map(drop).and(self.reopen())
            }
        };
        let now = match &self.state {
            State::Working(disk) => disk.size_bytes().unwrap_or(size),
            State::Failed { .. } => size,
        };
        // Records that need their space must not be copied again and again; the next try is at a quarter more.
        self.tight_bytes = tight(self.medium.max_bytes()).min(grown(now)).max(now.saturating_add(now / 4));
        if now > self.medium.max_bytes() {
            self.notes.push("the records need more space than store.max-mb allows; they are kept all the same".into());
        }
        match replaced {
            Ok(()) => self.medium.take_reserve(),
            Err(fault) => self.notes.push(format!("the store could not be made smaller: {fault}")),
        }
    }

    /// Takes one change; a deletion of what the disk cannot have leaves no trace.
    fn take(&mut self, key: Key, value: Option<Vec<u8>>) {
        if value.is_none()
            && let State::Failed { held, is_whole: true, in_doubt } = &self.state
            && !in_doubt.contains(&key)
            && !held.contains(&key)
        {
            self.waiting.remove(&key);
            return;
        }
        self.waiting.insert(key, value);
    }

    fn stored(&self, tree: Tree, from: &[u8], limit: usize) -> Result<Vec<Pair>, Fault> {
        match &self.state {
            State::Working(disk) => disk.scan(tree, from, limit),
            State::Failed { held, .. } => held.scan(tree, from, limit),
        }
    }
}

impl Backend for Lasting {
    fn get(&self, tree: Tree, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        match (self.waiting.get(&(tree, key.to_vec())), &self.state) {
            (Some(value), _) => Ok(value.clone()),
            (None, State::Working(disk)) => disk.get(tree, key),
            (None, State::Failed { held, .. }) => held.get(tree, key),
        }
    }

    fn scan(&self, tree: Tree, from: &[u8], limit: usize) -> Result<Vec<Pair>, Fault> {
        let changed: Vec<(&Vec<u8>, &Option<Vec<u8>>)> = self
            .waiting
            .range((tree, from.to_vec())..)
            .take_while(|((t, _), _)| *t == tree)
            .map(|((_, key), value)| (key, value))
            .collect();
        // Every deletion can hide one stored pair.
        let hidden = changed.iter().filter(|(_, value)| value.is_none()).count();
        let mut merged: BTreeMap<Vec<u8>, Vec<u8>> =
            self.stored(tree, from, limit.saturating_add(hidden))?.into_iter().collect();
        for (key, value) in changed {
            match value {
                Some(value) => _ = merged.insert(key.clone(), value.clone()),
                None => _ = merged.remove(key),
            }
        }
        Ok(merged.into_iter().take(limit).collect())
    }

    /// Never fails: what the disk does not take stays in memory, and the next sync says so.
    fn apply(&mut self, batch: &[Write]) -> Result<(), Fault> {
        for write in batch {
            match write {
                Write::Put { tree, key, value } => self.take((*tree, key.clone()), Some(value.clone())),
                Write::Delete { tree, key } => self.take((*tree, key.clone()), None),
            }
        }
        if self.waiting.len() > MAX_WAITING && matches!(self.state, State::Working(_)) {
            let _told_by_the_next_sync = self.sync().is_err();
        }
        Ok(())
    }

    fn sync(&mut self) -> Result<(), Fault> {
        if self.waiting.is_empty() && matches!(self.state, State::Working(_)) {
            return Ok(());
        }
        let had_failed = matches!(self.state, State::Failed { .. });
        let mut written = self.write_out();
        if written.as_ref().is_err_and(|fault| fault.kind == FaultKind::NoSpace) && self.medium.give_reserve() {
            written = self.write_out();
        }
        written?;
        if had_failed {
            self.medium.take_reserve();
        }
        self.shrink();
        Ok(())
    }

    fn size_bytes(&self) -> Result<u64, Fault> {
        match &self.state {
            State::Working(disk) => disk.size_bytes(),
            State::Failed { held, .. } => held.size_bytes(),
        }
    }

    fn check(&mut self) -> Result<(), Fault> {
        let checked = match &self.state {
            State::Working(disk) => disk.check(),
            State::Failed { .. } => Ok(()),
        };
        if checked.is_err() {
            self.fail();
        }
        checked
    }

    fn drain_notes(&mut self) -> Vec<String> {
        core::mem::take(&mut self.notes)
    }
}

impl core::fmt::Debug for Lasting {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Lasting").field("waiting", &self.waiting.len()).finish_non_exhaustive()
    }
}

/// What a store of this size may grow to before it is written anew: an open sled takes the more memory, the more has been written to it.
const fn grown(size: u64) -> u64 {
    let thrice = size.saturating_mul(3);
    if thrice > SMALL { thrice } else { SMALL }
}

/// A quarter of the bound is left for what is written until the store has been written anew.
const fn tight(max_bytes: u64) -> u64 {
    max_bytes / 4 * 3
}

/// Every record of the disk, and whether all of it could be read.
fn read_all(disk: &dyn Disk) -> (MemoryBackend, bool) {
    let mut held = MemoryBackend::new();
    let mut is_whole = true;
    for tree in Tree::ALL {
        let scan = |from: &[u8], limit| disk.scan(tree, from, limit);
        is_whole &= each(scan, &[], |key, value| held.insert((tree, key.to_vec()), value.to_vec())).is_ok();
    }
    (held, is_whole)
}
