//! Reading a store whose directory cannot be written: sled writes when it opens, so a copy in memory is opened instead.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use super::directory::Directory;
use super::{Found, open_guarded, sled_key, wait_for_release, without_prefix};
use crate::store::backend::Tree;
use crate::store::memory::MemoryBackend;

/// A file system in memory that every Linux has.
const MEMORY: &str = "/dev/shm";

/// What the store in the directory `path` holds, and its generation; `None` if that cannot be found out.
pub(super) fn read(path: &Path) -> Option<(MemoryBackend, u64)> {
    if !path.join("db").is_file() {
        return None;
    }
    let copy = place_of(path);
    let read = read_through(path, &copy);
    // A copy that cannot be deleted is deleted by the next start.
    let _left_behind = fs::remove_dir_all(&copy);
    read
}

fn read_through(path: &Path, copy: &Path) -> Option<(MemoryBackend, u64)> {
    make_ours(copy).ok()?;
    let directory = Directory::create(copy).ok()?;
    // A copy that ended the process before is still here, and says so.
    if !directory.begin_opening().ok()? {
        return None;
    }
    copy_files(path, copy).ok()?;
    let Found { db, generation, .. } = open_guarded(&directory, true).ok()?;
    let mut held = MemoryBackend::new();
    for tree in Tree::ALL {
        for pair in db.scan_prefix(sled_key(tree, &[])) {
            let (key, value) = pair.ok()?;
            held.insert((tree, without_prefix(&key)), value.to_vec());
        }
    }
    drop(db);
    wait_for_release(&directory).ok()?;
    Some((held, generation))
}

/// Always the same for a store, so that a copy that ends the process is tried only once more.
fn place_of(path: &Path) -> PathBuf {
    let whole = path.to_string_lossy();
    let named: String = whole.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    Path::new(MEMORY).join(format!("lockwarden{named}"))
}

/// A directory that nobody else can enter or has made.
fn make_ours(copy: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(copy) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
        done => return done,
    }
    let (found, ours) = (fs::symlink_metadata(copy)?, fs::metadata("/proc/self")?.uid());
    let is_ours = found.is_dir() && found.uid() == ours && found.mode() & 0o077 == 0;
    if is_ours { Ok(()) } else { Err(io::ErrorKind::PermissionDenied.into()) }
}

/// sled's own files.
fn copy_files(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        let is_snapshot = name.to_string_lossy().starts_with("snap.");
        if name == "blobs" {
            fs::create_dir_all(to.join(&name))?;
            for blob in fs::read_dir(entry.path())? {
                let blob = blob?;
                fs::copy(blob.path(), to.join(&name).join(blob.file_name()))?;
            }
        } else if name == "db" || name == "conf" || is_snapshot {
            fs::copy(entry.path(), to.join(&name))?;
        }
    }
    Ok(())
}
