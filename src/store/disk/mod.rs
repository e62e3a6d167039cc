//! The store on disk: sled 0.34, with what it leaves open closed around it.
//!
//! * sled's `flush` is no fsync: every write adds an fdatasync of its `db` file.
//! * What [`Lasting`] has collected goes to sled as one batch: atomic over all trees (they share one sled tree, told apart by a
//!   prefix), and written once however often a key changed.
//! * sled refuses everything after its first write error, so it is closed then and opened again when the disk works.
//! * A store that cannot be read is set aside and a new one begun. sled panics on some damage; see [`open_guarded`].

mod copy;
mod directory;
mod seal;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use sled::{Batch, Config, Db, Mode};

use super::backend::{Fault, FaultKind, Pair, Tree, pages};
use super::lasting::{Changes, Disk, Key, Lasting, Medium};
use directory::{Directory, fault, kind_of};
use seal::Seal;

/// sled's page cache. It holds our working set many times over.
const CACHE_BYTES: u64 = 512 << 10;
/// sled's key of the number of the last sync and the seal of the records as of then: before all trees.
const GENERATION_KEY: &[u8] = b"\0generation";
/// How long sled's threads may take to let go of a closed store.
const RELEASE: (u32, Duration) = (200, Duration::from_millis(10));

/// How the disk store is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiskOptions {
    /// The size on disk that the store stays under, in bytes: it is written anew before it gets there.
    pub max_bytes: u64,
    /// Whether a MiB is kept in reserve for a full disk.
    pub ballast: bool,
}

impl Default for DiskOptions {
    fn default() -> Self {
        Self { max_bytes: 64 << 20, ballast: true }
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
    /// A store that was damaged in the middle: what can be read of it was written anew.
    Salvaged {
        /// Records that are missing. Others can be older than they were.
        missing: u64,
    },
    /// A store that cannot be used; this is a new one.
    SetAside {
        /// Where the old one lies now.
        kept_as: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A place that cannot be used now: the store is in memory until it can.
    InMemory {
        /// Why it cannot be used.
        why: Fault,
        /// Whether what lies there could be read all the same.
        is_known: bool,
    },
}

/// Opens the store in the directory `path`, which is created if need be, and reads it through once. One that cannot be read is moved
/// to `<path>.damaged-<n>`. If the directory cannot be used now, what it holds is read from a copy where that is possible, and the
/// store goes on in memory until it can.
///
/// # Errors
/// When another process has the store open.
pub(super) fn open(path: &Path, options: DiskOptions) -> Result<(Lasting, Opened), Fault> {
    let medium = Box::new(SledMedium { path: path.to_owned(), options });
    match SledDisk::open(path) {
        Ok((disk, opened)) => Ok((Lasting::over(medium, Box::new(disk)), opened)),
        Err(fault) if fault.kind == FaultKind::Locked => Err(fault),
        Err(fault) => {
            let known = copy::read(path);
            let opened = Opened::InMemory { is_known: known.is_some(), why: fault };
            Ok((Lasting::without_disk(medium, known), opened))
        }
    }
}

/// Moves what is at `path` away like a damaged store and begins a new one. Returns where the old one went.
///
/// # Errors
/// When another handle has the store open, the directory cannot be renamed, or the new store not opened.
pub(super) fn begin_anew(path: &Path, options: DiskOptions) -> Result<(Lasting, PathBuf), Fault> {
    let directory = released(path)?;
    let (db, kept_as) = begin_anew_in(&directory)?;
    let medium = Box::new(SledMedium { path: path.to_owned(), options });
    Ok((Lasting::over(medium, Box::new(SledDisk::over(directory, db)?)), kept_as))
}

/// An open sled.
struct SledDisk {
    directory: Directory,
    db: Db,
    /// Its data file, to sync it and to know it again.
    file: File,
    /// The number of the last successful sync.
    generation: u64,
    /// Of the records that are in it.
    seal: Seal,
}

/// A store that was read from end to end.
struct Found {
    db: Db,
    /// As it is noted in it; 0 if it is not.
    generation: u64,
    /// Of the records that are there.
    seal: Seal,
    /// How many are missing at least, if it is not what was sealed.
    missing: Option<u64>,
}

impl SledDisk {
    fn open(path: &Path) -> Result<(Self, Opened), Fault> {
        let directory = ready(path)?;
        let used = directory.is_used();
        let found = if !directory.begin_opening()? {
            Err("opening it has ended the process before".to_owned())
        } else {
            match open_guarded(&directory, used) {
                Ok(found) if used && found.db.is_empty() => Err("it holds no records any more".to_owned()),
                Ok(found) => Ok(found),
                Err(fault) if fault.kind == FaultKind::Corrupt => Err(fault.cause),
                Err(fault) => {
                    // Not the store's fault: it gets as many attempts as before.
                    directory.end_opening()?;
                    return Err(fault);
                }
            }
        };
        let (found, opened) = match found {
            Ok(found) if used => {
                if let Some(missing) = found.missing {
                    return Self::salvaged(directory, found, missing);
                }
                let syncs = directory.generation().saturating_sub(found.generation);
                (found, if syncs == 0 { Opened::Existing } else { Opened::FellBack { syncs } })
            }
            Ok(found) => (found, Opened::Fresh),
            Err(why) => {
                let (found, kept_as) = begin_anew_in(&directory)?;
                (found, Opened::SetAside { kept_as, why })
            }
        };
        Ok((Self::over(directory, found)?, opened))
    }

    /// What can be read of a damaged store, in a new one: sled would go on in the damaged log.
    fn salvaged(directory: Directory, found: Found, missing: u64) -> Result<(Self, Opened), Fault> {
        let damaged = Self::over(directory, found)?;
        let directory = Directory::create(damaged.directory.path())?;
        replace(&directory, &damaged)?;
        drop(damaged);
        wait_for_release(&directory)?;
        directory.begin_opening()?;
        let found = open_guarded(&directory, true)?;
        Ok((Self::over(directory, found)?, Opened::Salvaged { missing }))
    }

    fn over(directory: Directory, found: Found) -> Result<Self, Fault> {
        directory.end_opening()?;
        directory.sync()?;
        let Found { db, generation, seal, .. } = found;
        directory.note_generation(generation);
        let file = File::open(directory.db()).map_err(|e| fault("open the store", &directory.db(), &e))?;
        Ok(Self { directory, db, file, generation, seal })
    }
}

impl Disk for SledDisk {
    fn get(&self, tree: Tree, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        let value = self.db.get(sled_key(tree, key)).map_err(|e| sled_fault("read the store", e))?;
        Ok(value.map(|value| value.to_vec()))
    }

    fn scan(&self, tree: Tree, from: &[u8], limit: usize) -> Result<Vec<Pair>, Fault> {
        let (start, end) = (sled_key(tree, from), [tree.prefix() + 1]);
        let pair = |read: sled::Result<(sled::IVec, sled::IVec)>| {
            let (key, value) = read.map_err(|e| sled_fault("read the store", e))?;
            Ok((without_prefix(&key), value.to_vec()))
        };
        self.db.range(start.as_slice()..&end[..]).take(limit).map(pair).collect()
    }

    fn write(&mut self, changes: &Changes) -> Result<(), Fault> {
        self.check()?;
        let generation = self.generation.saturating_add(1);
        let changes = changes.iter().map(|(key, value)| (key, value.as_ref()));
        let seal = write_batch(&self.db, changes, self.seal, generation)?;
        self.file.sync_data().map_err(|e| fault("sync the store", &self.directory.db(), &e))?;
        (self.generation, self.seal) = (generation, seal);
        self.directory.note_generation(generation);
        Ok(())
    }

    fn generation(&self) -> u64 {
        self.generation
    }

    fn check(&self) -> Result<(), Fault> {
        let path = self.directory.db();
        let is_here = |here: &std::fs::Metadata| {
            self.file.metadata().is_ok_and(|ours| (ours.dev(), ours.ino()) == (here.dev(), here.ino()))
        };
        match std::fs::metadata(&path) {
            Ok(here) if is_here(&here) => Ok(()),
            Ok(_) => Err(gone(format!("{} was replaced by another file", path.display()))),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Err(gone(format!("{} was removed", path.display()))),
            Err(e) => Err(fault("find the store", &path, &e)),
        }
    }

    fn size_bytes(&self) -> Result<u64, Fault> {
        self.directory.size_bytes()
    }
}

fn gone(cause: String) -> Fault {
    Fault { action: "find the store", cause: format!("{cause} while it was in use"), kind: FaultKind::Io }
}

/// A directory that a store is opened in again and again.
struct SledMedium {
    path: PathBuf,
    options: DiskOptions,
}

impl Medium for SledMedium {
    fn open(&mut self) -> Result<Box<dyn Disk>, Fault> {
        let directory = ready(&self.path)?;
        let used = directory.is_used();
        directory.begin_opening()?;
        let found = open_guarded(&directory, used);
        if found.is_err() {
            directory.end_opening()?;
        }
        let found = found?;
        if let Some(missing) = found.missing {
            directory.end_opening()?;
            let cause = format!("{missing} records are missing in it, and others may be older than they were");
            return Err(Fault { action: "open the store", cause, kind: FaultKind::Corrupt });
        }
        Ok(Box::new(SledDisk::over(directory, found)?))
    }

    fn set_aside(&mut self) -> Result<String, Fault> {
        let directory = released(&self.path)?;
        Ok(directory.set_aside()?.display().to_string())
    }

    fn give_reserve(&mut self) -> bool {
        Directory::create(&self.path).and_then(|directory| directory.drop_ballast()).unwrap_or(false)
    }

    fn take_reserve(&mut self) {
        if self.options.ballast
            && let Ok(directory) = Directory::create(&self.path)
        {
            directory.lay_in_ballast();
        }
    }

    fn replace(&mut self, disk: &dyn Disk) -> Result<(), Fault> {
        replace(&Directory::create(&self.path)?, disk)
    }

    fn max_bytes(&self) -> u64 {
        self.options.max_bytes
    }
}

/// Sets the directory aside and opens a new store in its place.
fn begin_anew_in(directory: &Directory) -> Result<(Found, PathBuf), Fault> {
    let kept_as = directory.set_aside()?;
    directory.begin_opening()?;
    let found = open_guarded(directory, false)?;
    Ok((found, kept_as))
}

/// Puts a store with exactly the records of `disk`, which is the one in `directory`, in its place.
fn replace(directory: &Directory, disk: &dyn Disk) -> Result<(), Fault> {
    let rebuilt = directory.begin_rebuild()?;
    if let Err(fault) = copy_to(&rebuilt, disk) {
        directory.settle_rebuild()?;
        return Err(fault);
    }
    directory.end_rebuild()
}

/// Exactly the records of `disk` in a new store, closed and synced. A page of them is in memory at a time, and written together: sled
/// takes a fifth less space than for all at once.
fn copy_to(into: &Directory, disk: &dyn Disk) -> Result<(), Fault> {
    let Found { db: new, mut seal, .. } = open_and_read(into)?;
    for tree in Tree::ALL {
        pages(
            |from, limit| disk.scan(tree, from, limit),
            &[],
            |page| {
                let records: Vec<_> = page.iter().map(|(key, value)| ((tree, key.clone()), value)).collect();
                let records = records.iter().map(|(key, value)| (key, Some(*value)));
                seal = write_batch(&new, records, seal, disk.generation())?;
                Ok(())
            },
        )?;
    }
    drop(new);
    wait_for_release(into)?;
    let synced = File::open(into.db()).and_then(|db| db.sync_all());
    synced.map_err(|e| fault("write the store anew", into.path(), &e))?;
    into.sync()
}

/// These changes with the number of their sync as one batch, written but not yet synced. Gives the seal of what is there then.
fn write_batch<'a>(
    db: &Db,
    changes: impl Iterator<Item = (&'a Key, Option<&'a Vec<u8>>)>,
    mut seal: Seal,
    generation: u64,
) -> Result<Seal, Fault> {
    let mut batch = Batch::default();
    for ((tree, key), value) in changes {
        let key = sled_key(*tree, key);
        if let Some(old) = db.get(&key).map_err(|e| sled_fault("read the store", e))? {
            seal.remove(&key, &old);
        }
        if let Some(value) = value {
            seal.add(&key, value);
            batch.insert(key, value.as_slice());
        } else {
            batch.remove(key);
        }
    }
    batch.insert(GENERATION_KEY, [generation.to_be_bytes().as_slice(), &seal.to_bytes()].concat());
    let written = db.apply_batch(batch).and_then(|()| db.flush());
    written.map(|_bytes| seal).map_err(|e| sled_fault("write the store", e))
}

/// Opens and reads the store where sled may panic.
///
/// Where panics unwind, a panic is a damaged store. Where they abort (release builds), a panic in a store that was `used`
/// starts the program again in its place, with the same arguments, and the new run sets the store aside; anything else that
/// ends the process while opening is counted, and the store set aside after the fourth time in a row.
fn open_guarded(directory: &Directory, used: bool) -> Result<Found, Fault> {
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
fn open_and_read(directory: &Directory) -> Result<Found, Fault> {
    directory.delete_half_snapshots()?;
    let config =
        Config::new().path(directory.path()).cache_capacity(CACHE_BYTES).mode(Mode::LowSpace).flush_every_ms(None);
    let db = config.open().map_err(|e| sled_fault("open the store", e))?;
    let (mut seal, mut noted) = (Seal::default(), None);
    for pair in db.iter() {
        let (key, value) = pair.map_err(|e| sled_fault("read the store", e))?;
        match value.split_first_chunk() {
            Some((generation, sealed)) if key == GENERATION_KEY => {
                noted = Some((u64::from_be_bytes(*generation), sealed.try_into().ok().and_then(Seal::from_bytes)));
            }
            Some(_) | None => seal.add(&key, &value),
        }
    }
    // Before there were seals, only the number was noted; it was with the first record.
    let (generation, sealed) = noted.unwrap_or((0, (seal.records > 0).then(Seal::default)));
    let missing = sealed.filter(|sealed| *sealed != seal).map(|sealed| sealed.records.saturating_sub(seal.records));
    Ok(Found { db, generation, seal, missing })
}

/// The directory of a store that nobody has open.
fn released(path: &Path) -> Result<Directory, Fault> {
    let directory = Directory::create(path)?;
    wait_for_release(&directory)?;
    Ok(directory)
}

/// As [`released`], to be opened: an unfinished rebuild is settled, and there is room to write.
fn ready(path: &Path) -> Result<Directory, Fault> {
    let directory = released(path)?;
    directory.settle_rebuild()?;
    directory.make_room()?;
    Ok(directory)
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
