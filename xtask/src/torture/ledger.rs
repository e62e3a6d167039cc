//! What was sent and what was acknowledged, account by account, and what the service must therefore know and have told.

use std::collections::{BTreeMap, BTreeSet};

/// Failures in a row that are a lockout by the default policy.
const LIMIT: u64 = 3;

/// By which way failures of an account are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Informs, repeated until they are answered: each counts, once.
    Informs,
    /// One inform that reports a lock, later perhaps one that tells of a success.
    Lock,
    /// Syslog over UDP, or traps: nobody knows what arrives, but nothing counts twice.
    Unanswered,
}

/// One account.
#[derive(Clone, Debug)]
pub(super) struct Account {
    way: Way,
    /// Different failures that were sent at least once.
    sent: u64,
    /// Those of them that were answered.
    acknowledged: u64,
    /// Whether a success was acknowledged.
    relieved: bool,
}

/// All accounts, and what the load is allowed to do.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger {
    accounts: BTreeMap<String, Account>,
    /// Different informs sent.
    pub(super) informs: u64,
    /// Those of them in SNMPv3.
    pub(super) informs_v3: u64,
    /// Informs answered.
    pub(super) acknowledged: u64,
    /// Informs sent again.
    pub(super) repeated: u64,
    /// Syslog lines and traps.
    pub(super) unanswered: u64,
    /// Whether new events are sent.
    pub(super) sending: bool,
    /// Whether the load is to end.
    pub(super) ending: bool,
    /// Accounts that may still be locked.
    pub(super) locks: u64,
}

/// A state that an alert of this account must have reached.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Due {
    pub(super) account: String,
    pub(super) cleared: bool,
}

/// Where the service's counts leave the bounds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Difference {
    /// Acknowledged and not counted.
    pub(super) lost: u64,
    /// Counted more often than sent.
    pub(super) doubled: u64,
    pub(super) accounts: Vec<String>,
}

impl Ledger {
    /// A failure of this account is about to be sent for the first time.
    pub(super) fn sent(&mut self, account: &str, way: Way) {
        let new = Account { way, sent: 0, acknowledged: 0, relieved: false };
        self.accounts.entry(account.to_owned()).or_insert(new).sent += 1;
    }

    /// An inform about a failure was answered.
    pub(super) fn failure_acknowledged(&mut self, account: &str) {
        if let Some(account) = self.accounts.get_mut(account) {
            account.acknowledged += 1;
        }
    }

    /// An inform about a success was answered.
    pub(super) fn success_acknowledged(&mut self, account: &str) {
        if let Some(account) = self.accounts.get_mut(account) {
            account.relieved = true;
        }
    }

    /// What everybody must have been told by now, or will be.
    pub(super) fn due(&self) -> BTreeSet<Due> {
        let mut due = BTreeSet::new();
        for (name, account) in &self.accounts {
            let raised = match account.way {
                Way::Informs => account.acknowledged >= LIMIT,
                Way::Lock => account.acknowledged > 0,
                Way::Unanswered => false,
            };
            let of = |cleared| Due { account: name.clone(), cleared };
            due.extend(raised.then(|| of(false)));
            due.extend(account.relieved.then(|| of(true)));
        }
        due
    }

    /// Accounts that were locked by one report, and can have one alert only.
    pub(super) fn is_locked_once(&self, account: &str) -> bool {
        self.accounts.get(account).is_some_and(|account| account.way == Way::Lock)
    }

    /// Compares the service's counts with what was acknowledged before they were asked for, and sent until they had come.
    pub(super) fn compare(before: &Self, after: &Self, counted: &BTreeMap<String, u64>) -> Difference {
        let mut difference = Difference::default();
        for (name, account) in &after.accounts {
            let counted = counted.get(name).copied().unwrap_or(0);
            let acknowledged = before.accounts.get(name).map_or(0, |account| account.acknowledged);
            let (lost, doubled) = (acknowledged.saturating_sub(counted), counted.saturating_sub(account.sent));
            difference.lost += lost;
            difference.doubled += doubled;
            if lost + doubled > 0 {
                let sent = account.sent;
                difference
                    .accounts
                    .push(format!("{name}: {acknowledged} acknowledged, {counted} counted, {sent} sent"));
            }
        }
        difference
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger(events: &[(&str, Way, bool)]) -> Ledger {
        let mut ledger = Ledger::default();
        for (account, way, answered) in events {
            ledger.sent(account, *way);
            if *answered {
                ledger.failure_acknowledged(account);
            }
        }
        ledger
    }

    #[test]
    fn what_was_acknowledged_must_be_counted_and_nothing_more_than_was_sent() {
        let told = ledger(&[("a", Way::Informs, true), ("a", Way::Informs, false), ("b", Way::Unanswered, false)]);
        let compare = |a: u64, b: u64| {
            let counted = [("a".to_owned(), a), ("b".to_owned(), b)].into();
            let Difference { lost, doubled, accounts } = Ledger::compare(&told, &told, &counted);
            (lost, doubled, accounts.len())
        };
        assert_eq!([compare(1, 0), compare(2, 1)], [(0, 0, 0); 2]);
        assert_eq!((compare(0, 0), compare(3, 0), compare(2, 2)), ((1, 0, 1), (0, 1, 1), (0, 1, 1)));
    }

    #[test]
    fn an_alert_is_due_for_the_third_acknowledged_failure_and_for_an_acknowledged_lock() {
        let mut told = ledger(&[("a", Way::Informs, true), ("a", Way::Informs, true), ("l", Way::Lock, true)]);
        let due = |account: &str, cleared| Due { account: account.to_owned(), cleared };
        assert_eq!(told.due(), [due("l", false)].into());
        told.sent("a", Way::Informs);
        told.failure_acknowledged("a");
        told.success_acknowledged("l");
        assert_eq!(told.due(), [due("a", false), due("l", false), due("l", true)].into());
    }
}
