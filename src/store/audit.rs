//! Which audit records there are: a ring of numbers, the oldest of which make room for new ones.

use std::collections::VecDeque;

use super::backend::{Tree, Write};

/// The numbers of all records, ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct AuditRing {
    ids: VecDeque<u64>,
    /// Keys that are no numbers.
    strange: Vec<Vec<u8>>,
}

impl AuditRing {
    /// A key that is in the store; they come in ascending order.
    pub(super) fn found(&mut self, key: &[u8]) {
        match <[u8; 8]>::try_from(key) {
            Ok(id) => self.ids.push_back(u64::from_be_bytes(id)),
            Err(_) => self.strange.push(key.to_vec()),
        }
    }

    /// What must go so that at most `bound` are left.
    pub(super) fn shrink(&mut self, bound: usize) -> Vec<Write> {
        let strange = self.strange.drain(..).map(|key| Write::Delete { tree: Tree::Audit, key });
        let mut writes: Vec<Write> = strange.collect();
        while self.ids.len() > bound
            && let Some(id) = self.ids.pop_front()
        {
            writes.push(delete(id));
        }
        writes
    }

    /// The writes for these records, and the ring as it will be. A number that is neither new nor there has been overwritten.
    pub(super) fn plan(&self, records: Vec<(u64, Vec<u8>)>, bound: usize, writes: &mut Vec<Write>) -> Option<Self> {
        if records.is_empty() {
            return None;
        }
        let mut ring = self.clone();
        let (mut put, mut gone) = (Vec::new(), Vec::new());
        for (id, value) in records {
            if id > ring.last() {
                ring.ids.push_back(id);
                while ring.ids.len() > bound {
                    gone.extend(ring.ids.pop_front());
                }
            } else if ring.ids.binary_search(&id).is_err() {
                continue;
            }
            put.push((id, value));
        }
        let first = ring.ids.front().copied().unwrap_or(0);
        let kept = put.into_iter().filter(|(id, _)| *id >= first);
        writes.extend(kept.map(|(id, value)| Write::Put { tree: Tree::Audit, key: id.to_be_bytes().to_vec(), value }));
        // One that came and went in this batch was never there.
        let last = self.last();
        writes.extend(gone.into_iter().filter(|id| *id <= last).map(delete));
        Some(ring)
    }

    /// The newest number; 0 if there is none.
    pub(super) fn last(&self) -> u64 {
        self.ids.back().copied().unwrap_or(0)
    }

    /// Numbers below `before`, newest first.
    pub(super) fn below(&self, before: u64) -> impl Iterator<Item = u64> + '_ {
        let end = self.ids.partition_point(|id| *id < before);
        self.ids.iter().take(end).rev().copied()
    }
}

fn delete(id: u64) -> Write {
    Write::Delete { tree: Tree::Audit, key: id.to_be_bytes().to_vec() }
}
