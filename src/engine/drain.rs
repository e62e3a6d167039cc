//! What has changed, for the store.

use crate::engine::Engine;
use crate::engine::account::AccountRecord;
use crate::engine::spray::Front;
use crate::engine::su::Switcher;
use crate::units::Mono;

impl Engine {
    /// Gives at most so many records that changed, and were not given since, to `keep`; true if there are more. Without `all`, while
    /// accounts have to make room for others, one that failed once and was never kept is not given: it would soon be forgotten again.
    pub fn drain_changed(&mut self, most: usize, all: bool, mut keep: impl FnMut(&AccountRecord)) -> bool {
        let is_crowded = !all && self.accounts.evicted > self.evicted_before;
        let mut given = 0;
        for slot in self.accounts.slots() {
            let Some(record) = self.accounts.get_mut(slot).filter(|record| record.changed) else { continue };
            if is_crowded && record.total <= 1 && !record.is_stored && !record.is_pinned() {
                continue;
            }
            if given == most {
                return true;
            }
            (record.changed, record.is_stored) = (false, true);
            keep(record);
            given += 1;
        }
        self.evicted_before = self.accounts.evicted;
        false
    }

    /// Gives what is counted of sprays to `keep`, with its key: what changed and was not kept within the last minutes, with `all` all
    /// that changed; without a value what has made room.
    pub fn drain_fronts(&mut self, all: bool, now: Mono, mut keep: impl FnMut(Vec<u8>, Option<&Front>)) {
        self.sprays.drain(all, now, &mut keep);
    }

    /// Gives every user's failed `su` that changed since the last call to `keep`, with its key; without a value what has made room.
    pub fn drain_switchers(&mut self, mut keep: impl FnMut(Vec<u8>, Option<&Switcher>)) {
        self.switchers.drain(&mut keep);
    }
}
