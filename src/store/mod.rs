//! Versioned records, what to write and when, over sled or memory.
//!
//! [`Store`] is the typed layout, [`Commit`] what is written together, [`Backend`] what keeps the bytes: [`MemoryBackend`]
//! or [`Lasting`], which is sled with the feature `service` and goes on in memory while the disk does not work.
//!
//! Invariant: an alert and its outbox entry are one batch; nobody is told before that batch is synced.
//! Invariant: what is stored never decides whether the service starts: a record that cannot be read is counted and
//! skipped, a store that cannot be opened is set aside.

mod audit;
pub mod backend;
mod commit;
#[cfg(feature = "service")]
mod disk;
pub mod lasting;
mod layout;
mod load;
mod memory;
mod outbox;
mod record;
mod timeline;

#[cfg(test)]
mod crash_tests;
#[cfg(test)]
mod lasting_tests;
#[cfg(test)]
mod layout_tests;

pub use backend::{Backend, Fault, FaultKind};
pub use commit::Commit;
#[cfg(feature = "service")]
pub use disk::{DiskOptions, Opened};
pub use lasting::Lasting;
pub use layout::{Bounds, Durability, Loaded, Store};
pub use memory::MemoryBackend;
pub use outbox::{Entry, Lost};
pub use timeline::{Timeline, resume};

#[cfg(feature = "service")]
impl Store {
    /// Opens the store in the directory `path`. One that is damaged, or that a newer version wrote, is set aside. A place that cannot
    /// be used now (the directory cannot be written, the disk is full) is tried again at every sync.
    ///
    /// # Errors
    /// When another process has the store open, or a store that must be set aside cannot be moved.
    pub fn open_disk(path: &std::path::Path, options: DiskOptions, bounds: Bounds) -> Result<(Self, Opened), Fault> {
        let (backend, opened) = disk::open(path, options)?;
        let why = match Self::open(Box::new(backend), bounds) {
            Ok(store) => return Ok((store, opened)),
            Err(fault) if matches!(fault.kind, FaultKind::Newer | FaultKind::Corrupt) => fault.cause,
            Err(fault) => return Err(fault),
        };
        let (backend, kept_as) = disk::begin_anew(path, options)?;
        Ok((Self::open(Box::new(backend), bounds)?, Opened::SetAside { kept_as, why }))
    }
}
