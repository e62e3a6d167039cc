//! The store on disk: sled 0.34, with what it leaves open closed around it.
//!
//! * sled's `flush` is no fsync: [`SledBackend::sync`] adds an fdatasync of its `db` file.
//! * What is applied waits in memory until the sync and goes to sled as one batch: atomic over all trees (they share one
//!   sled tree, told apart by a prefix), written once however often a key changed, and still there to be tried again
//!   when the disk was full: sled itself refuses everything after its first write error, so it is reopened then.
//! * A store that cannot be read is set aside and a new one begun. sled panics on some damage; see [`open_guarded`].

mod directory;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use sled::{Batch, Config, Db, Mode};

use super::backend::{Backend, Fault, FaultKind, Pair, Tree, Write};
use directory::{Directory, fault, kind_of};

/// sled's page cache. It holds our working set many times over.
const CACHE_BYTES: u64 = 2 << 20;
/// sled's key of the number of the last sync: before all trees.
const GENERATION_KEY: &[u8] = b"\0generation";
/// Changes that may wait for a sync; more than that, and `apply` syncs by itself.
const MAX_WAITING: usize = 16_384;
/// How long sled's threads may take to let go of a closed store.
const RELEASE: (u32, Duration) = (50, Duration::from_millis(10));

/// How the disk store is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiskOptions {
    /// Size on disk above which the store is written anew when it is next opened, in MiB.
    pub max_mb: u64,
    /// Whether a MiB is kept in reserve for a full disk.
    pub ballast: bool,
}

impl Default for DiskOptions {
    fn default() -> Self {
        Self { max_mb: 64, ballast: true }
    }
}

/// What was found at the store's path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opened {
    /// Nothing: this is a new store.
    Fresh,
    /// A store that could be read from end to end.
    Existing,
    /// A store that was damaged at some point of its log: sled goes on with what it was before that point.
    FellBack {
        /// How many of the last syncs are missing.
        syncs: u64,
    },
    /// A store that cannot be used; this is a new one.
    SetAside {
        /// Where the old one lies now.
        kept_as: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

/// sled, and what waits for the next sync.
pub struct SledBackend {
    directory: Directory,
    options: DiskOptions,
    /// `None` only after reopening has failed.
    db: Option<Db>,
    /// sled has refused a write and must be reopened before the next.
    broken: bool,
    /// The number of the last successful sync.
    generation: u64,
    /// Changes since the last sync, by sled's key; `None` deletes.
    waiting: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
}

impl SledBackend {
    /// Opens the store in the directory `path`, which is created if need be, and reads it through once. One that cannot
    /// be read is moved to `<path>.damaged-<n>`.
    ///
    /// # Errors
    /// When the directory cannot be written, the disk is full, or another process has the store open.
    pub fn open(path: &Path, options: DiskOptions) -> Result<(Self, Opened), Fault> {
        let directory = Directory::create(path)?;
        wait_for_release(&directory)?;
        directory.settle_rebuild()?;
        directory.make_room()?;
        let used = directory.is_used();
        let found = if !directory.begin_opening()? {
            Err("opening it has ended the process before".to_owned())
        } else {
            match open_guarded(&directory, used) {
                Ok(db) if used && db.is_empty() => Err("it holds no records any more".to_owned()),
                Ok(db) => Ok(db),
                Err(fault) if fault.kind == FaultKind::Corrupt => Err(fault.cause),
                Err(fault) => {
                    // Not the store's fault: it gets as many attempts as before.
                    directory.end_opening()?;
                    return Err(fault);
                }
            }
        };
        let (db, opened) = match found {
            Ok(db) if used => {
                let syncs = directory.generation().saturating_sub(generation_of(&db)?);
                (db, if syncs == 0 { Opened::Existing } else { Opened::FellBack { syncs } })
            }
            Ok(db) => (db, Opened::Fresh),
            Err(why) => {
                let (db, kept_as) = begin_anew(&directory)?;
                (db, Opened::SetAside { kept_as, why })
            }
        };
        let db = if directory.size_bytes()? > options.max_mb << 20 { rebuild(&directory, db)? } else { db };
        Ok((Self::over(directory, options, db)?, opened))
    }

    /// Moves what is at `path` away like a damaged store and begins a new one. Returns where the old one went.
    ///
    /// # Errors
    /// When another handle has the store open, the directory cannot be renamed, or the new store not opened.
    pub fn begin_anew(path: &Path, options: DiskOptions) -> Result<(Self, PathBuf), Fault> {
        let directory = Directory::create(path)?;
        wait_for_release(&directory)?;
        let (db, kept_as) = begin_anew(&directory)?;
        Ok((Self::over(directory, options, db)?, kept_as))
    }

    fn over(directory: Directory, options: DiskOptions, db: Db) -> Result<Self, Fault> {
        directory.end_opening()?;
        directory.sync()?;
        let generation = generation_of(&db)?;
        directory.note_generation(generation);
        let store = Self { directory, options, db: Some(db), broken: false, generation, waiting: BTreeMap::new() };
        store.lay_in_ballast();
        Ok(store)
    }

    fn lay_in_ballast(&self) {
        if self.options.ballast {
            self.directory.lay_in_ballast();
        }
    }

    fn db(&self) -> Result<&Db, Fault> {
        self.db.as_ref().ok_or_else(|| Fault {
            action: "use the store",
            cause: "it was closed after a write error and could not be opened again".into(),
            kind: FaultKind::Io,
        })
    }

    /// Everything that waits, as one batch, onto the medium.
    fn write_out(&mut self) -> Result<(), Fault> {
        if self.broken {
            self.reopen()?;
        }
        let mut batch = Batch::default();
        for (key, value) in &self.waiting {
            match value {
                Some(value) => batch.insert(key.as_slice(), value.as_slice()),
                None => batch.remove(key.as_slice()),
            }
        }
        let generation = self.generation.saturating_add(1);
        batch.insert(GENERATION_KEY, &generation.to_be_bytes());
        let db = self.db()?;
        let written = db.apply_batch(batch).and_then(|()| db.flush());
        let path = self.directory.db();
        let synced = written.map_err(|e| sled_fault("write the store", e)).and_then(|_| {
            File::open(&path).and_then(|db| db.sync_data()).map_err(|e| fault("sync the store", &path, &e))
        });
        // After a failed sync the system may hold the pages for clean: only a new batch writes them again.
        self.broken = synced.is_err();
        synced?;
        self.generation = generation;
        self.directory.note_generation(generation);
        Ok(())
    }

    fn reopen(&mut self) -> Result<(), Fault> {
        self.directory.make_room()?;
        drop(self.db.take());
        wait_for_release(&self.directory)?;
        self.db = Some(open_and_read(&self.directory)?);
        self.broken = false;
        Ok(())
    }
}

impl Backend for SledBackend {
    fn get(&self, tree: Tree, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        let key = sled_key(tree, key);
        match self.waiting.get(&key) {
            Some(value) => Ok(value.clone()),
            None => self.db()?.get(key).map(|v| v.map(|v| v.to_vec())).map_err(|e| sled_fault("read the store", e)),
        }
    }

    fn scan(&self, tree: Tree, from: &[u8], limit: usize) -> Result<Vec<Pair>, Fault> {
        let start = sled_key(tree, from);
        let end = [tree.prefix() + 1];
        let mut stored = self.db()?.range(start.as_slice()..&end[..]).peekable();
        let mut waiting = self.waiting.range(start..end.to_vec()).peekable();
        let mut found = Vec::new();
        while found.len() < limit {
            let pair = match (stored.peek(), waiting.peek()) {
                (Some(Err(_)), _) | (None, None) => None,
                (Some(Ok((old, _))), Some((new, _))) if old.as_ref() < new.as_slice() => None,
                (Some(Ok(_)), None) => None,
                (Some(Ok((old, _))), Some((new, _))) if old.as_ref() == new.as_slice() => {
                    stored.next();
                    waiting.next()
                }
                (Some(Ok(_)) | None, Some(_)) => waiting.next(),
            };
            let (key, value) = match pair {
                Some((key, Some(value))) => (key.as_slice(), value.clone()),
                Some((_, None)) => continue,
                None => match stored.next() {
                    Some(read) => {
                        let (key, value) = read.map_err(|e| sled_fault("read the store", e))?;
                        found.push((without_prefix(&key), value.to_vec()));
                        continue;
                    }
                    None => break,
                },
            };
            found.push((without_prefix(key), value));
        }
        Ok(found)
    }

    fn apply(&mut self, batch: &[Write]) -> Result<(), Fault> {
        if self.waiting.len() + batch.len() > MAX_WAITING {
            self.sync()?;
        }
        for write in batch {
            match write {
                Write::Put { tree, key, value } => self.waiting.insert(sled_key(*tree, key), Some(value.clone())),
                Write::Delete { tree, key } => self.waiting.insert(sled_key(*tree, key), None),
            };
        }
        Ok(())
    }

    fn sync(&mut self) -> Result<(), Fault> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let mut written = self.write_out();
        if written.as_ref().is_err_and(|fault| fault.kind == FaultKind::NoSpace) && self.directory.drop_ballast()? {
            written = self.write_out();
        } else if written.is_ok() {
            self.lay_in_ballast();
        }
        written?;
        self.waiting.clear();
        Ok(())
    }

    fn size_bytes(&self) -> Result<u64, Fault> {
        self.directory.size_bytes()
    }
}

/// Sets the directory aside and opens a new store in its place.
fn begin_anew(directory: &Directory) -> Result<(Db, PathBuf), Fault> {
    let kept_as = directory.set_aside()?;
    directory.begin_opening()?;
    let db = open_guarded(directory, false)?;
    Ok((db, kept_as))
}

/// Writes the store anew, without what sled has left lying in it. If there is no room for that, it stays as it is.
fn rebuild(directory: &Directory, db: Db) -> Result<Db, Fault> {
    let rebuilt = directory.begin_rebuild()?;
    if copy(&db, &rebuilt).is_err() {
        directory.settle_rebuild()?;
        return Ok(db);
    }
    drop(db);
    wait_for_release(directory)?;
    directory.end_rebuild()?;
    open_and_read(directory)
}

/// Everything in `db` into a new store, closed and synced.
fn copy(db: &Db, into: &Directory) -> Result<(), Fault> {
    let mut batch = Batch::default();
    for pair in db.iter() {
        let (key, value) = pair.map_err(|e| sled_fault("read the store", e))?;
        batch.insert(key, value);
    }
    let new = open_and_read(into)?;
    let written = new.apply_batch(batch).and_then(|()| new.flush());
    written.map_err(|e| sled_fault("rebuild the store", e))?;
    drop(new);
    wait_for_release(into)?;
    let synced = File::open(into.db()).and_then(|db| db.sync_all());
    synced.map_err(|e| fault("rebuild the store", into.path(), &e))?;
    into.sync()
}

/// Opens and reads the store where sled may panic.
///
/// Where panics unwind, a panic is a damaged store. Where they abort (release builds), a panic in a store that was `used`
/// starts the program again in its place, with the same arguments, and the new run sets the store aside; anything else that
/// ends the process while opening is counted, and the store set aside after the fourth time in a row.
fn open_guarded(directory: &Directory, used: bool) -> Result<Db, Fault> {
    #[cfg(panic = "abort")]
    let _restart = used.then(|| restart::OnPanic::install(directory.opening()));
    #[cfg(not(panic = "abort"))]
    let _in_abort_builds_only = used;
    let opened = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| open_and_read(directory)));
    opened.unwrap_or_else(|_| {
        Err(Fault { action: "open the store", cause: "sled panics on what it finds".into(), kind: FaultKind::Corrupt })
    })
}

/// Opens sled and reads every record once, so that damage shows now and not in the middle of the night.
fn open_and_read(directory: &Directory) -> Result<Db, Fault> {
    directory.delete_half_snapshots()?;
    let config =
        Config::new().path(directory.path()).cache_capacity(CACHE_BYTES).mode(Mode::LowSpace).flush_every_ms(None);
    let db = config.open().map_err(|e| sled_fault("open the store", e))?;
    for pair in db.iter() {
        let (_key, _value) = pair.map_err(|e| sled_fault("read the store", e))?;
    }
    Ok(db)
}

fn generation_of(db: &Db) -> Result<u64, Fault> {
    let stored = db.get(GENERATION_KEY).map_err(|e| sled_fault("read the store", e))?;
    Ok(stored.and_then(|bytes| <[u8; 8]>::try_from(bytes.as_ref()).ok()).map_or(0, u64::from_be_bytes))
}

/// sled's threads close the file a moment after the last handle is gone.
fn wait_for_release(directory: &Directory) -> Result<(), Fault> {
    let (tries, pause) = RELEASE;
    for _ in 1..tries {
        match directory.check_lock() {
            Err(fault) if fault.kind == FaultKind::Locked => thread::sleep(pause),
            done => return done,
        }
    }
    directory.check_lock()
}

fn sled_key(tree: Tree, key: &[u8]) -> Vec<u8> {
    [&[tree.prefix()], key].concat()
}

fn without_prefix(key: &[u8]) -> Vec<u8> {
    key.split_first().map(|(_, key)| key.to_vec()).unwrap_or_default()
}

fn sled_fault(action: &'static str, error: sled::Error) -> Fault {
    let kind = match &error {
        sled::Error::Io(e) if e.to_string().contains("could not acquire lock") => FaultKind::Locked,
        sled::Error::Io(e) => kind_of(e),
        sled::Error::Corruption { .. }
        | sled::Error::ReportableBug(_)
        | sled::Error::Unsupported(_)
        | sled::Error::CollectionNotFound(_) => FaultKind::Corrupt,
    };
    Fault { action, cause: error.to_string(), kind }
}

#[cfg(panic = "abort")]
mod restart {
    //! A panic inside sled ends a release build. The hook runs before that, and replaces the process by a new run.

    use std::os::unix::process::CommandExt as _;
    use std::panic::{PanicHookInfo, set_hook, take_hook};
    use std::path::PathBuf;
    use std::process::Command;
    use std::sync::Arc;
    use std::{env, io};

    use super::Directory;

    type Hook = dyn Fn(&PanicHookInfo<'_>) + Send + Sync;

    /// While this lives, a panic on any thread starts the program again.
    pub(super) struct OnPanic(Arc<Hook>);

    impl OnPanic {
        pub(super) fn install(opening: PathBuf) -> Self {
            let before: Arc<Hook> = Arc::from(take_hook());
            let report = Arc::clone(&before);
            set_hook(Box::new(move |info| {
                report(info);
                // If this fails the process aborts as ever, and the attempt was counted.
                let _aborts = start_again(&opening);
            }));
            Self(before)
        }
    }

    impl Drop for OnPanic {
        fn drop(&mut self) {
            let before = Arc::clone(&self.0);
            set_hook(Box::new(move |info| before(info)));
        }
    }

    fn start_again(opening: &std::path::Path) -> io::Result<()> {
        Directory::give_up_on(opening)?;
        let mut args = env::args_os();
        let name = args.next().unwrap_or_default();
        Err(Command::new(env::current_exe()?).arg0(name).args(args).exec())
    }
}
