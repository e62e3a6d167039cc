//! What the store needs of whatever keeps its bytes: eight trees, atomic batches, an explicit sync.
//!
//! Refuses nothing and understands nothing: keys and values are bytes here, their meaning is in `layout.rs`.

use core::fmt;

/// Records read from a backend at a time.
const PAGE: usize = 128;

/// A part of the store with its own keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tree {
    /// The layout version, the time line, the last sequence number.
    Meta,
    /// Counters of accounts.
    Accounts,
    /// What is known of cluster nodes.
    Nodes,
    /// The clocks of SNMPv3 engines.
    Senders,
    /// Open alerts and the recent closed ones.
    Alerts,
    /// What must still be delivered.
    Outbox,
    /// How far each sink has come.
    Cursors,
    /// The login/logout audit log.
    Audit,
    /// The last day of accounts.
    Days,
    /// Where sprays are counted.
    Fronts,
    /// Failed tries to become another user.
    Switchers,
}

impl Tree {
    /// Every tree there is.
    pub const ALL: [Self; 11] = [
        Self::Meta,
        Self::Accounts,
        Self::Nodes,
        Self::Senders,
        Self::Alerts,
        Self::Outbox,
        Self::Cursors,
        Self::Audit,
        Self::Days,
        Self::Fronts,
        Self::Switchers,
    ];

    /// The byte that stands before this tree's keys where all trees share one key space. Frozen: it is on disk.
    #[must_use]
    pub const fn prefix(self) -> u8 {
        match self {
            Self::Meta => b'm',
            Self::Accounts => b'a',
            Self::Nodes => b'n',
            Self::Senders => b's',
            Self::Alerts => b'l',
            Self::Outbox => b'o',
            Self::Cursors => b'c',
            Self::Audit => b'u',
            Self::Days => b't',
            Self::Fronts => b'f',
            Self::Switchers => b'w',
        }
    }
}

/// One change of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// The key holds this value from now on.
    Put {
        /// Where.
        tree: Tree,
        /// Under which key.
        key: Vec<u8>,
        /// The whole value.
        value: Vec<u8>,
    },
    /// The key is gone. It need not have been there.
    Delete {
        /// Where.
        tree: Tree,
        /// Which key.
        key: Vec<u8>,
    },
}

/// A key and its value.
pub type Pair = (Vec<u8>, Vec<u8>);

/// Keeps bytes by tree and key.
///
/// What holds for every implementation:
/// * A batch is atomic over all trees: after a crash at any point, all of it is there or none.
/// * Batches are kept in their order: if one is there after a crash, so are all before it.
/// * `get` and `scan` see a batch as soon as `apply` has returned, synced or not.
/// * After `sync` has returned `Ok`, every batch applied before survives a power cut.
/// * After `sync` has failed, what was applied is still seen, and the next `sync` tries all of it again.
pub trait Backend: Send {
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

    /// Makes all changes of `batch`, later ones over earlier ones, or none of them.
    ///
    /// # Errors
    /// When the changes cannot be taken; then none was.
    fn apply(&mut self, batch: &[Write]) -> Result<(), Fault>;

    /// Makes everything that was applied survive a power cut. Writes nothing if nothing was applied.
    ///
    /// # Errors
    /// When the medium is full, read-only or broken.
    fn sync(&mut self) -> Result<(), Fault>;

    /// Bytes on the medium.
    ///
    /// # Errors
    /// When the medium cannot be read.
    fn size_bytes(&self) -> Result<u64, Fault>;

    /// Looks whether the medium is still there. If not, what it held is held in memory from now on, and the next `sync` looks for a
    /// medium to write it to.
    ///
    /// # Errors
    /// Says what has become of it.
    fn check(&mut self) -> Result<(), Fault> {
        Ok(())
    }

    /// What happened to the medium since the last call that an operator should know.
    fn drain_notes(&mut self) -> Vec<String> {
        Vec::new()
    }
}

/// Every pair that `scan` gives (see [`Backend::scan`]) from `from` on, a page at a time.
pub(super) fn each(
    scan: impl Fn(&[u8], usize) -> Result<Vec<Pair>, Fault>,
    from: &[u8],
    mut visit: impl FnMut(&[u8], &[u8]),
) -> Result<(), Fault> {
    pages(scan, from, |page| {
        page.iter().for_each(|(key, value)| visit(key, value));
        Ok(())
    })
}

/// The same by pages, none of them empty, until `visit` fails.
pub(super) fn pages(
    scan: impl Fn(&[u8], usize) -> Result<Vec<Pair>, Fault>,
    from: &[u8],
    mut visit: impl FnMut(&[Pair]) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut from = from.to_vec();
    loop {
        let page = scan(&from, PAGE)?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        from = [last, &[0][..]].concat();
        visit(&page)?;
        if page.len() < PAGE {
            return Ok(());
        }
    }
}

/// Why the store could not do something, for an operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What was attempted, e.g. `sync the store`.
    pub action: &'static str,
    /// What came of it, as the system says it, and what to do where that is known.
    pub cause: String,
    /// What sort of trouble it is.
    pub kind: FaultKind,
}

/// What sort of trouble a [`Fault`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FaultKind {
    /// The medium is full. It passes when space is freed.
    NoSpace,
    /// The directory or its file system may not be written.
    ReadOnly,
    /// What is stored cannot be read.
    Corrupt,
    /// Another process has the store open.
    Locked,
    /// It was written by a newer version of Lockwarden.
    Newer,
    /// A value of ours that has no encoding: a programming error.
    Encode,
    /// Anything else that the system refuses.
    Io,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {}: {}", self.action, self.cause)
    }
}

impl std::error::Error for Fault {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tree_has_its_own_frozen_prefix() {
        let prefixes: Vec<u8> = Tree::ALL.iter().map(|tree| tree.prefix()).collect();
        assert_eq!(prefixes, b"manslocutfw");
    }

    #[test]
    fn a_fault_reads_as_a_sentence() {
        let fault =
            Fault { action: "sync the store", cause: "no space left on device".into(), kind: FaultKind::NoSpace };
        assert_eq!(fault.to_string(), "cannot sync the store: no space left on device");
    }
}
