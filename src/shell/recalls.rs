//! Accounts on their way back from the store to the path: as many as the path has asked for, and not taken yet.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::turn::Turn;
use crate::engine::{AccountRecord, Day};
use crate::store::Store;

#[derive(Debug, Default)]
pub(crate) struct Recalls {
    records: Mutex<Vec<AccountRecord>>,
    some: Notify,
}

impl Recalls {
    /// Waits for the next ones.
    pub(crate) async fn next(&self) -> Vec<AccountRecord> {
        loop {
            let records = std::mem::take(&mut *self.records());
            if !records.is_empty() {
                return records;
            }
            self.some.notified().await;
        }
    }

    /// Those that are there, without waiting.
    #[cfg(test)]
    pub(crate) fn taken(&self) -> Vec<AccountRecord> {
        std::mem::take(&mut *self.records())
    }

    /// Reads what the turns ask for, each as it was before that turn. None of them is committed yet.
    pub(crate) fn read(&self, turns: &[Turn], store: &Store) {
        for (n, turn) in turns.iter().enumerate() {
            let before = turns.get(..n).unwrap_or_default();
            let records = turn.recalls.iter().filter_map(|key| before_commit(key, before, store));
            self.records().extend(records);
            if !turn.recalls.is_empty() {
                self.some.notify_one();
            }
        }
    }

    fn records(&self) -> MutexGuard<'_, Vec<AccountRecord>> {
        // What is in it is whole, whoever panicked.
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The account as these turns leave it, or as the store has it.
fn before_commit(key: &[u8], turns: &[Turn], store: &Store) -> Option<AccountRecord> {
    for turn in turns.iter().rev() {
        let told = turn.told.iter().filter_map(|told| told.record.as_deref());
        // As they are written: what is told, then what has changed.
        if let Some(record) = told.chain(&turn.records).rfind(|record| record.key() == key) {
            return Some(record.clone());
        }
        if turn.forgotten.iter().any(|gone| gone == key) {
            return None;
        }
    }
    let record: AccountRecord = store.account(key).ok()??;
    let day: Day = store.day(key).ok()?.unwrap_or_default();
    Some(record.with_day(day))
}
