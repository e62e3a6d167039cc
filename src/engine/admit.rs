//! Who gets a place in the table, and what becomes of who has to leave it.

use super::account::{AccountRecord, Awaited};
use super::detect::Case;
use super::table::Slot;
use super::{Action, Engine, longest_window, record_told, seen};
use crate::event::{Account, Meaning, Observation};
use crate::units::Now;
use crate::verdict::Verdict;

impl Engine {
    pub(super) fn admit(&mut self, account: Account) -> Option<Slot> {
        let hash = self.accounts.hash(account.realm, account.name.as_str());
        let cluster = account.cluster.clone();
        let (slot, gone) = self.accounts.insert(AccountRecord::new(account.clone()))?;
        let (ghost, is_kept) = (self.ghosts.take((hash, &cluster), self.placed), self.idle.come_back(&account.key()));
        if let Some(record) = self.accounts.get_mut(slot) {
            (record.is_stored, record.awaited) = (is_kept, is_kept.then(Box::<Awaited>::default));
            ghost.into_iter().for_each(|ghost| record.give_back(ghost, self.placed));
        }
        if is_kept {
            self.act(Action::Recall(Box::new(account)));
        }
        if let Some(record) = gone {
            let gone = &record.account;
            let hash = self.accounts.hash(gone.realm, gone.name.as_str());
            let failures = record.failures.count_since(record.over());
            self.ghosts.note((hash, &gone.cluster), failures, record.last, self.placed);
            // A name seen once, in a flood of invented ones, is not worth a disk write.
            if record.total > 1 {
                let discarded = self.idle.leave(record.key());
                self.act(Action::Keep(Box::new(record)));
                discarded.into_iter().for_each(|key| self.act(Action::Discard(key)));
            } else {
                self.act(Action::Forget(Box::new(record)));
            }
        }
        Some(slot)
    }

    /// What was kept of an account that had to make room, and is at hand again: the answer to [`Action::Recall`].
    pub fn recall(&mut self, kept: AccountRecord, now: Now) {
        self.storm.now = now;
        self.placed = now.mono;
        let account = &kept.account;
        let known = self.accounts.find(account.realm, &account.cluster, account.name.as_str());
        self.note_move(known);
        // It may have left again meanwhile.
        let Some(slot) = known.or_else(|| self.admit(kept.account.clone())) else { return };
        let since = self.placed - longest_window(&self.settings, &kept.account);
        self.examine(slot, now, |case| case.recalled(kept, since));
    }

    /// Every account in the table is locked or has an open alert. A failure then cannot be kept; a lock that is reported is told all the
    /// same, once for each report, though nothing here will clear it.
    pub(super) fn without_place(&mut self, account: Account, observation: &Observation<'_>, now: Now) -> Verdict {
        self.untracked = self.untracked.saturating_add(1);
        let Meaning::Lockout(reason) = observation.meaning else { return Verdict::Failure };
        let mut record = AccountRecord::new(account);
        record.learn(observation, seen(observation, now));
        record.count(self.placed, observation.credential);
        let mut case = Case::new(&self.settings, &self.names, &mut record, now);
        case.placed = self.placed;
        case.lockout(observation, reason, true, None);
        let found = case.found;
        record_told(&mut self.actions, found, Box::new(record));
        Verdict::Lockout
    }
}
