//! Versioned records, what to write and when, over sled or memory.
//!
//! [`Store`] is the typed layout, [`Commit`] what is written together, [`Backend`] what keeps the bytes: [`MemoryBackend`]
//! or, with the feature `service`, `SledBackend`.
//!
//! Invariant: an alert and its outbox entry are one batch; nobody is told before that batch is synced.
//! Invariant: what is stored never decides whether the service starts: a record that cannot be read is counted and
//! skipped, a store that cannot be opened is set aside.

mod audit;
pub mod backend;
mod commit;
#[cfg(feature = "service")]
mod disk;
mod layout;
mod memory;
mod outbox;
mod record;
mod timeline;

#[cfg(test)]
mod crash_tests;
#[cfg(test)]
mod layout_tests;

pub use backend::{Backend, Fault, FaultKind};
pub use commit::Commit;
#[cfg(feature = "service")]
pub use disk::{DiskOptions, Opened, SledBackend};
pub use layout::{Bounds, Durability, Loaded, Store};
pub use memory::MemoryBackend;
pub use outbox::{Entry, Lost};
pub use timeline::{Timeline, resume};

#[cfg(feature = "service")]
impl Store {
    /// Opens the store in the directory `path`. One that is damaged, or that a newer version wrote, is set aside.
    ///
    /// # Errors
    /// When the directory cannot be written, the disk is full, or another process has the store open. The service then goes
    /// on with a [`MemoryBackend`].
    pub fn open_disk(path: &std::path::Path, options: DiskOptions, bounds: Bounds) -> Result<(Self, Opened), Fault> {
        let (backend, opened) = SledBackend::open(path, options)?;
        let why = match Self::open(Box::new(backend), bounds) {
            Ok(store) => return Ok((store, opened)),
            Err(fault) if matches!(fault.kind, FaultKind::Newer | FaultKind::Corrupt) => fault.cause,
            Err(fault) => return Err(fault),
        };
        let (backend, kept_as) = SledBackend::begin_anew(path, options)?;
        Ok((Self::open(Box::new(backend), bounds)?, Opened::SetAside { kept_as, why }))
    }
}
