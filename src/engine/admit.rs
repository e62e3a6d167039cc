//! Who gets a place in the table, and what becomes of who has to leave it.

use super::account::AccountRecord;
use super::detect::Case;
use super::table::Slot;
use super::{Action, Engine, IDLE_ACCOUNTS, record_told, seen};
use crate::event::{Account, Meaning, Observation};
use crate::units::Now;
use crate::verdict::Verdict;

impl Engine {
    pub(super) fn admit(&mut self, account: Account) -> Option<Slot> {
        let hash = self.accounts.hash(account.realm, account.name.as_str());
        let cluster = account.cluster.clone();
        let (slot, gone) = self.accounts.insert(AccountRecord::new(account))?;
        if let Some(ghost) = self.ghosts.take((hash, &cluster), self.placed)
            && let Some(record) = self.accounts.get_mut(slot)
        {
            record.give_back(ghost, self.placed);
        }
        if let Some(record) = gone {
            let gone = &record.account;
            let hash = self.accounts.hash(gone.realm, gone.name.as_str());
            let failures = record.failures.count_since(record.over());
            self.ghosts.note((hash, &gone.cluster), failures, record.last, self.placed);
            // A name seen once, in a flood of invented ones, is not worth a disk write; nor is more than the disk has room for.
            let record = Box::new(record);
            let is_worth_keeping = record.total > 1 && self.idle < IDLE_ACCOUNTS;
            self.idle += usize::from(is_worth_keeping);
            self.act(if is_worth_keeping { Action::Keep(record) } else { Action::Forget(record) });
        }
        Some(slot)
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
