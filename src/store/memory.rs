//! The store in memory: for tests, and what is held of a disk that has failed.
//!
//! Nothing survives the process; `sync` succeeds because there is nothing to wait for.

use std::collections::BTreeMap;

use super::backend::{Backend, Fault, Pair, Tree, Write};

/// Everything in one ordered map.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemoryBackend(BTreeMap<(Tree, Vec<u8>), Vec<u8>>);

impl MemoryBackend {
    /// An empty store.
    #[must_use]
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Every record, by tree and key.
    pub fn iter(&self) -> impl Iterator<Item = (&(Tree, Vec<u8>), &Vec<u8>)> {
        self.0.iter()
    }

    pub(super) fn contains(&self, key: &(Tree, Vec<u8>)) -> bool {
        self.0.contains_key(key)
    }

    pub(super) fn insert(&mut self, key: (Tree, Vec<u8>), value: Vec<u8>) {
        self.0.insert(key, value);
    }
}

impl Backend for MemoryBackend {
    fn get(&self, tree: Tree, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        Ok(self.0.get(&(tree, key.to_vec())).cloned())
    }

    fn scan(&self, tree: Tree, from: &[u8], limit: usize) -> Result<Vec<Pair>, Fault> {
        let start = (tree, from.to_vec());
        let in_tree = self.0.range(start..).take_while(|((t, _), _)| *t == tree);
        Ok(in_tree.take(limit).map(|((_, key), value)| (key.clone(), value.clone())).collect())
    }

    fn apply(&mut self, batch: &[Write]) -> Result<(), Fault> {
        for write in batch {
            match write {
                Write::Put { tree, key, value } => self.0.insert((*tree, key.clone()), value.clone()),
                Write::Delete { tree, key } => self.0.remove(&(*tree, key.clone())),
            };
        }
        Ok(())
    }

    fn sync(&mut self) -> Result<(), Fault> {
        Ok(())
    }

    fn size_bytes(&self) -> Result<u64, Fault> {
        let bytes: usize = self.0.iter().map(|((_, key), value)| key.len() + value.len()).sum();
        Ok(u64::try_from(bytes).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(tree: Tree, key: &str, value: &str) -> Write {
        Write::Put { tree, key: key.into(), value: value.into() }
    }

    #[test]
    fn a_scan_is_ascending_from_its_start_and_stays_in_its_tree() {
        let mut memory = MemoryBackend::new();
        memory
            .apply(&[
                put(Tree::Accounts, "b", "2"),
                put(Tree::Accounts, "c", "3"),
                put(Tree::Accounts, "a", "1"),
                put(Tree::Nodes, "a", "4"),
                Write::Delete { tree: Tree::Accounts, key: b"c".into() },
                put(Tree::Accounts, "d", "5"),
            ])
            .unwrap();
        let pair = |k: &str, v: &str| (Vec::from(k), Vec::from(v));
        assert_eq!(memory.scan(Tree::Accounts, b"b", 9).unwrap(), [pair("b", "2"), pair("d", "5")]);
        assert_eq!(memory.scan(Tree::Accounts, b"", 1).unwrap(), [pair("a", "1")]);
        assert_eq!(memory.get(Tree::Accounts, b"c").unwrap(), None);
        assert_eq!(memory.size_bytes().unwrap(), 8);
    }
}
