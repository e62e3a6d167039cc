//! What a reader was told: every alert with its id and revision, and whether its copies are the same.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::ledger::Due;

/// One message about an alert, as a reader got it.
#[derive(Clone, Debug)]
pub(super) struct Message<'a> {
    pub(super) id: &'a str,
    pub(super) revision: u64,
    pub(super) account: &'a str,
    pub(super) is_lockout: bool,
    pub(super) is_cleared: bool,
    /// All of it that must be the same in each copy.
    pub(super) payload: &'a str,
}

/// All that one reader was told.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    payloads: BTreeMap<(String, u64), u64>,
    lockouts: BTreeMap<String, BTreeSet<String>>,
    reached: BTreeSet<Due>,
    /// Of each account, the newest lockout and its revision.
    newest: BTreeMap<String, (String, u64)>,
    /// Messages, copies among them.
    pub(super) messages: u64,
    /// What must not be.
    pub(super) wrong: Vec<String>,
}

impl Told {
    pub(super) fn take(&mut self, message: &Message<'_>) {
        let Message { id, revision, account, is_lockout, is_cleared, payload } = *message;
        self.messages += 1;
        let mut hasher = DefaultHasher::new();
        payload.hash(&mut hasher);
        let hash = hasher.finish();
        let known = self.payloads.insert((id.to_owned(), revision), hash);
        if known.is_some_and(|known| known != hash) {
            self.wrong.push(format!("{account}: two forms of {id} revision {revision}: {payload}"));
        }
        if known.is_none() && self.payloads.range((id.to_owned(), revision)..=(id.to_owned(), u64::MAX)).count() > 1 {
            self.wrong.push(format!("{account}: {id} revision {revision} for the first time after a later one"));
        }
        if is_lockout {
            self.lockouts.entry(account.to_owned()).or_default().insert(id.to_owned());
            if known.is_none() {
                self.newest.insert(account.to_owned(), (id.to_owned(), revision));
            }
            self.reached.insert(Due { account: account.to_owned(), cleared: is_cleared });
        }
    }

    /// Whether nothing is missing.
    pub(super) fn has(&self, due: &BTreeSet<Due>) -> bool {
        due.is_subset(&self.reached)
    }

    /// What of this is.
    pub(super) fn without(&self, due: &BTreeSet<Due>) -> BTreeSet<Due> {
        due.difference(&self.reached).cloned().collect()
    }

    /// The same in words.
    pub(super) fn missing(&self, due: &BTreeSet<Due>) -> Vec<String> {
        let state = |cleared| if cleared { "clear" } else { "lockout" };
        due.difference(&self.reached).map(|due| format!("the {} of {}", state(due.cleared), due.account)).collect()
    }

    /// Accounts with more than one lockout.
    pub(super) fn doubled(&self, is_once: impl Fn(&str) -> bool) -> Vec<String> {
        let several = self.lockouts.iter().filter(|(account, ids)| ids.len() > 1 && is_once(account));
        several.map(|(account, ids)| format!("{account}: {ids:?}")).collect()
    }

    /// Alerts and revisions that `other` has and this reader has not, the newest first: whoever waits for all looks at few.
    pub(super) fn lacks<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = String> + 'a {
        let lacking = other.payloads.keys().rev().filter(|revision| !self.payloads.contains_key(*revision));
        lacking.map(|(id, revision)| format!("{id} revision {revision}"))
    }

    /// Accounts of which `other` was told a newer state last, the last account first.
    pub(super) fn behind<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = String> + 'a {
        let behind = other.newest.iter().rev().filter(|(account, newest)| self.newest.get(*account) != Some(newest));
        behind.map(|(account, (id, revision))| format!("{account}: {id} revision {revision}"))
    }

    /// Alerts and revisions, each once.
    pub(super) fn different(&self) -> u64 {
        self.payloads.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message<'a>(id: &'a str, revision: u64, payload: &'a str) -> Message<'a> {
        Message { id, revision, account: "jdoe", is_lockout: true, is_cleared: revision > 1, payload }
    }

    #[test]
    fn a_copy_is_no_trouble_unless_it_says_something_else() {
        let mut told = Told::default();
        [message("x", 1, "a"), message("x", 2, "b"), message("x", 1, "a")].iter().for_each(|m| told.take(m));
        assert_eq!((told.messages, told.different(), told.wrong.len()), (3, 2, 0));
        told.take(&message("x", 2, "c"));
        assert_eq!(told.wrong.len(), 1);
        let mut other = Told::default();
        other.take(&message("x", 1, "a"));
        assert_eq!(other.lacks(&told).collect::<Vec<_>>(), ["x revision 2"]);
        assert_eq!(told.lacks(&other).next(), None);
    }

    #[test]
    fn a_revision_that_is_overtaken_is_out_of_order_and_a_second_lockout_is_one_too_many() {
        let mut told = Told::default();
        [message("x", 2, "b"), message("x", 1, "a")].iter().for_each(|m| told.take(m));
        assert_eq!(told.wrong.len(), 1);
        assert!(told.doubled(|_| true).is_empty());
        told.take(&message("y", 1, "a"));
        assert_eq!((told.doubled(|_| true).len(), told.doubled(|_| false).len()), (1, 0));
        let mut late = Told::default();
        late.take(&message("x", 2, "b"));
        assert_eq!(told.behind(&told).next(), None);
        assert_eq!(late.behind(&told).collect::<Vec<_>>(), ["jdoe: y revision 1"]);
    }
}
