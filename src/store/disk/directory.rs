//! The store's directory around sled: free space, the ballast, leftovers, attempts at opening, and setting aside.
//!
//! | file | what for |
//! |---|---|
//! | `db`, `conf`, `blobs/`, `snap.*` | sled's own |
//! | `ballast` | space to give back when the disk is full |
//! | `generation` | the number of the last sync, to notice a store that has fallen back behind it |
//! | `rebuilt/`, `rebuilt-whole` | a smaller copy in the making; that it is whole and takes the store's place |
//! | `opening` | how often opening was begun and not ended: a store that kills the process is set aside |

use std::fs::{self, DirBuilder, File};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use fs2::FileExt as _;

use crate::store::backend::{Fault, FaultKind};

/// Size of the ballast file.
const BALLAST_BYTES: usize = 1 << 20;
/// Free space without which sled is not opened: opened on a full disk it can damage what it holds.
const MIN_FREE_BYTES: u64 = 768 << 10;
/// Attempts at opening, one behind the other, that ended the process before the store is set aside. A store that makes sled panic is set
/// aside at once; this is for what nobody saw, and it may have been the power: so more than twice, and fewer than the five starts that
/// systemd allows in a row.
const ATTEMPTS: u32 = 4;
/// Damaged stores that are kept; the oldest goes first.
const KEPT_DAMAGED: usize = 3;

/// The directory.
#[derive(Debug)]
pub(super) struct Directory {
    path: PathBuf,
}

impl Directory {
    /// Creates it with mode 0700 if it is not there.
    pub(super) fn create(path: &Path) -> Result<Self, Fault> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
        made.map_err(|e| fault("create the store's directory", path, &e))?;
        Ok(Self { path: path.to_owned() })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// sled's data file.
    pub(super) fn db(&self) -> PathBuf {
        self.path.join("db")
    }

    /// Whether there was a store here before.
    pub(super) fn is_used(&self) -> bool {
        fs::metadata(self.db()).is_ok_and(|db| db.len() > 0) || self.generation() > 0
    }

    /// The number of the last sync as noted beside sled; 0 if there is no readable note.
    pub(super) fn generation(&self) -> u64 {
        fs::read_to_string(self.path.join("generation")).map_or(0, |text| text.trim().parse().unwrap_or(0))
    }

    /// Notes the number of a sync that has succeeded. The note itself is not synced: after a power cut it may be older than
    /// the store, never newer.
    pub(super) fn note_generation(&self, generation: u64) {
        // A missing note only means that less damage is noticed.
        let _unnoted = fs::write(self.path.join("generation"), generation.to_string());
    }

    /// Fails if another process has the store open.
    pub(super) fn check_lock(&self) -> Result<(), Fault> {
        let db = match File::open(self.db()) {
            Ok(db) => db,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(()),
            Err(e) => return Err(fault("open the store", &self.db(), &e)),
        };
        match db.try_lock_exclusive() {
            Ok(()) => Ok(()),
            Err(e) if e.kind() == ErrorKind::WouldBlock => Err(Fault {
                action: "open the store",
                cause: format!(
                    "{} is in use by another process; stop the other Lockwarden, or give this one a [store] path of its own",
                    self.path.display()
                ),
                kind: FaultKind::Locked,
            }),
            Err(e) => Err(fault("lock the store", &self.db(), &e)),
        }
    }

    /// Makes sure that sled has room to open, with the ballast if need be.
    pub(super) fn make_room(&self) -> Result<(), Fault> {
        let mut free = self.free_bytes()?;
        if free < MIN_FREE_BYTES && self.drop_ballast()? {
            free = self.free_bytes()?;
        }
        if free >= MIN_FREE_BYTES {
            return Ok(());
        }
        let cause = format!(
            "{} KiB are free on the file system of {}, {} KiB are needed; free some space",
            free >> 10,
            self.path.display(),
            MIN_FREE_BYTES >> 10
        );
        Err(Fault { action: "open the store", cause, kind: FaultKind::NoSpace })
    }

    /// Deletes the ballast; `false` if there was none.
    pub(super) fn drop_ballast(&self) -> Result<bool, Fault> {
        match fs::remove_file(self.ballast()) {
            Ok(()) => Ok(true),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(false),
            Err(e) => Err(fault("delete the ballast", &self.ballast(), &e)),
        }
    }

    /// Lays in the ballast if it is not there and leaves room beside it. Without it the store works as well.
    pub(super) fn lay_in_ballast(&self) {
        let wanted = u64::try_from(BALLAST_BYTES).unwrap_or(u64::MAX);
        let there = fs::metadata(self.ballast()).is_ok_and(|file| file.len() == wanted);
        if there || self.free_bytes().is_ok_and(|free| free < wanted + 2 * MIN_FREE_BYTES) {
            return;
        }
        if write_ballast(&self.ballast()).is_err() {
            let _left_behind = self.drop_ballast();
        }
    }

    /// Deletes half-made snapshots: sled takes them for damage when it opens after a full disk.
    pub(super) fn delete_half_snapshots(&self) -> Result<(), Fault> {
        let listed = fs::read_dir(&self.path).map_err(|e| fault("list the store's directory", &self.path, &e))?;
        for entry in listed.flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with("snap.") && name.ends_with(".generating") {
                fs::remove_file(entry.path()).map_err(|e| fault("delete a half-made snapshot", &entry.path(), &e))?;
            }
        }
        Ok(())
    }

    /// Notes that opening begins. `false` if that ended the process too often before.
    pub(super) fn begin_opening(&self) -> Result<bool, Fault> {
        let begun = fs::read_to_string(self.opening()).map_or(0, |text| text.trim().parse().unwrap_or(1));
        if begun >= ATTEMPTS {
            return Ok(false);
        }
        let text = (begun + 1).to_string();
        fs::write(self.opening(), text).map_err(|e| fault("write in the store's directory", &self.path, &e))?;
        Ok(true)
    }

    /// Notes that opening ended well.
    pub(super) fn end_opening(&self) -> Result<(), Fault> {
        fs::remove_file(self.opening()).map_err(|e| fault("write in the store's directory", &self.path, &e))
    }

    /// Notes, from within a panic, that the next run should not try this store again.
    #[cfg(panic = "abort")]
    pub(super) fn give_up_on(opening: &Path) -> io::Result<()> {
        fs::write(opening, ATTEMPTS.to_string())
    }

    /// The file that counts attempts.
    pub(super) fn opening(&self) -> PathBuf {
        self.path.join("opening")
    }

    /// Moves everything away to `<path>.damaged-<n>`, or to `damaged-<n>` inside where the parent may not be written, and
    /// leaves an empty directory. Returns where it went.
    pub(super) fn set_aside(&self) -> Result<PathBuf, Fault> {
        self.drop_ballast()?;
        let outside = self.path.file_name().zip(self.path.parent());
        let moved = outside.and_then(|(name, parent)| {
            let prefix = format!("{}.damaged-", name.to_string_lossy());
            let kept_as = next_kept(parent, &prefix);
            fs::rename(&self.path, &kept_as).ok().map(|()| kept_as)
        });
        if let Some(kept_as) = moved {
            Self::create(&self.path)?;
            return Ok(kept_as);
        }
        let kept_as = next_kept(&self.path, "damaged-");
        let failed = |e: io::Error| fault("set the damaged store aside", &kept_as, &e);
        let listed: Vec<_> = fs::read_dir(&self.path).map_err(failed)?.flatten().collect();
        fs::create_dir(&kept_as).map_err(failed)?;
        for entry in listed {
            if !entry.file_name().to_string_lossy().starts_with("damaged-") {
                fs::rename(entry.path(), kept_as.join(entry.file_name())).map_err(failed)?;
            }
        }
        Ok(kept_as)
    }

    /// An empty directory inside for a smaller copy of the store.
    pub(super) fn begin_rebuild(&self) -> Result<Self, Fault> {
        self.settle_rebuild()?;
        Self::create(&self.rebuilt())
    }

    /// The copy is whole, synced and closed, and the store is not written any more: the copy takes its place, even if the power goes
    /// in between.
    pub(super) fn end_rebuild(&self) -> Result<(), Fault> {
        let noted = File::create(self.rebuilt_whole()).and_then(|note| note.sync_all());
        noted.map_err(|e| fault("write in the store's directory", &self.path, &e))?;
        self.sync()?;
        self.settle_rebuild()
    }

    /// Puts a whole copy in the store's place; deletes one that is not whole.
    pub(super) fn settle_rebuild(&self) -> Result<(), Fault> {
        let rebuilt = self.rebuilt();
        let failed = |e: io::Error| fault("put the rebuilt store in place", &rebuilt, &e);
        if self.rebuilt_whole().exists() {
            if rebuilt.join("db").exists() {
                self.delete_old_store().map_err(failed)?;
                fs::rename(rebuilt.join("db"), self.db()).map_err(failed)?;
            }
            // From here on the old store is gone, and what is left of the copy belongs to the new one.
            for entry in fs::read_dir(&rebuilt).into_iter().flatten() {
                let entry = entry.map_err(failed)?;
                fs::rename(entry.path(), self.path.join(entry.file_name())).map_err(failed)?;
            }
            self.sync()?;
        }
        for gone in [fs::remove_dir_all(&rebuilt), fs::remove_file(self.rebuilt_whole())] {
            if let Err(e) = gone
                && e.kind() != ErrorKind::NotFound
            {
                return Err(failed(e));
            }
        }
        Ok(())
    }

    /// sled's own files but `db`.
    fn delete_old_store(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            let name = entry.file_name();
            if name == "blobs" {
                fs::remove_dir_all(entry.path())?;
            } else if name == "conf" || name.to_string_lossy().starts_with("snap.") {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    /// Makes the directory's own entries survive a power cut.
    pub(super) fn sync(&self) -> Result<(), Fault> {
        let synced = File::open(&self.path).and_then(|dir| dir.sync_all());
        synced.map_err(|e| fault("sync the store's directory", &self.path, &e))
    }

    /// Bytes that the store takes on the medium, the ballast not counted.
    pub(super) fn size_bytes(&self) -> Result<u64, Fault> {
        let size = |path: &Path| size_of(path).map_err(|e| fault("measure the store", path, &e));
        let ballast = if self.ballast().exists() { size(&self.ballast())? } else { 0 };
        Ok(size(&self.path)?.saturating_sub(ballast))
    }

    fn free_bytes(&self) -> Result<u64, Fault> {
        fs2::available_space(&self.path).map_err(|e| fault("ask for free space", &self.path, &e))
    }

    fn rebuilt(&self) -> PathBuf {
        self.path.join("rebuilt")
    }

    fn rebuilt_whole(&self) -> PathBuf {
        self.path.join("rebuilt-whole")
    }

    fn ballast(&self) -> PathBuf {
        self.path.join("ballast")
    }
}

/// A fault of this sort for what the system says about `path`.
pub(super) fn fault(action: &'static str, path: &Path, error: &io::Error) -> Fault {
    Fault { action, cause: format!("{}: {error}", path.display()), kind: kind_of(error) }
}

/// What sort of trouble an error of the system is.
pub(super) fn kind_of(error: &io::Error) -> FaultKind {
    let kind = error.kind();
    if matches!(kind, ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge) {
        FaultKind::NoSpace
    } else if matches!(kind, ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied) {
        FaultKind::ReadOnly
    } else if matches!(kind, ErrorKind::UnexpectedEof | ErrorKind::InvalidData) {
        FaultKind::Corrupt
    } else {
        FaultKind::Io
    }
}

/// Bytes that do not compress, so that the ballast takes its size on any file system.
fn write_ballast(path: &Path) -> io::Result<()> {
    let mut word = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes = Vec::with_capacity(BALLAST_BYTES);
    while bytes.len() < BALLAST_BYTES {
        word ^= word << 13;
        word ^= word >> 7;
        word ^= word << 17;
        bytes.extend_from_slice(&word.to_le_bytes());
    }
    let mut file = File::create(path)?;
    file.write_all(&bytes)?;
    file.sync_data()
}

/// The next free name with `prefix` in `parent`; deletes the oldest if enough are kept.
fn next_kept(parent: &Path, prefix: &str) -> PathBuf {
    let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
    let listed = fs::read_dir(parent).into_iter().flatten().flatten();
    let number = |entry: fs::DirEntry| entry.file_name().to_str()?.strip_prefix(prefix)?.parse().ok();
    let mut kept: Vec<u64> = listed.filter_map(number).collect();
    kept.sort_unstable();
    let next = kept.last().map_or(1, |n| n.saturating_add(1));
    let too_many = (kept.len() + 1).saturating_sub(KEPT_DAMAGED);
    for n in kept.into_iter().take(too_many) {
        // One that cannot be deleted is in nobody's way but the disk's.
        let _kept = fs::remove_dir_all(parent.join(format!("{prefix}{n}")));
    }
    parent.join(format!("{prefix}{next}"))
}

fn size_of(path: &Path) -> io::Result<u64> {
    let meta = match fs::symlink_metadata(path) {
        Ok(meta) => meta,
        // sled deletes files while we look.
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(0),
        Err(e) => return Err(e),
    };
    if !meta.is_dir() {
        return Ok(meta.blocks() * 512);
    }
    fs::read_dir(path)?.try_fold(0_u64, |sum, entry| {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with("damaged-") {
            return Ok(sum);
        }
        Ok(sum + size_of(&entry.path())?)
    })
}
