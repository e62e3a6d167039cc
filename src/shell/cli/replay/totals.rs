//! Failures of each account, in bounded memory: those that failed most by name, the rest in one sum.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::event::{Account, Realm};

/// Accounts that are counted by name at most; then the half with fewer failures goes into the sum.
const NAMED: usize = 32_768;

/// What was counted so far.
#[derive(Debug, Default)]
pub(super) struct Totals {
    named: BTreeMap<Account, u64>,
    realms: BTreeSet<Realm>,
    others: Others,
}

/// Accounts that are not named. One that fails again after it went into the sum is counted in it again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Others {
    pub(super) accounts: u64,
    pub(super) failures: u64,
}

impl Others {
    fn add(&mut self, failures: u64) {
        self.accounts += 1;
        self.failures += failures;
    }
}

impl Totals {
    pub(super) fn add(&mut self, account: &Account, failures: u64) {
        if failures == 0 {
            return;
        }
        self.realms.insert(account.realm);
        *self.named.entry(account.clone()).or_default() += failures;
        if self.named.len() > NAMED {
            let (most, _) = self.most(NAMED / 2);
            let kept: BTreeMap<Account, u64> = most.into_iter().map(|(account, n)| (account.clone(), n)).collect();
            let gone = self.named.iter().filter(|(account, _)| !kept.contains_key(account));
            gone.for_each(|(_, failures)| self.others.add(*failures));
            self.named = kept;
        }
    }

    /// Realms in which an account failed.
    pub(super) fn realms(&self) -> &BTreeSet<Realm> {
        &self.realms
    }

    /// The `shown` accounts with most failures, and the sum of the others.
    pub(super) fn most(&self, shown: usize) -> (Vec<(&Account, u64)>, Others) {
        let mut all: Vec<(&Account, u64)> = self.named.iter().map(|(account, failures)| (account, *failures)).collect();
        all.sort_by_key(|(_, failures)| Reverse(*failures));
        let mut others = self.others;
        all.iter().skip(shown).for_each(|(_, failures)| others.add(*failures));
        all.truncate(shown);
        (all, others)
    }

    /// The same for a machine.
    pub(super) fn to_json(&self, shown: usize) -> (Value, Value) {
        let (most, others) = self.most(shown);
        let accounts = most.iter().map(|(account, failures)| {
            json!({ "account": account.name, "cluster": account.cluster, "realm": account.realm.as_str(), "failures": failures })
        });
        (accounts.collect(), json!({ "accounts": others.accounts, "failures": others.failures }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Label, Name};

    fn account(n: usize) -> Account {
        Account { realm: Realm::Cucm, cluster: Label::new(), name: Name::from_wire(&format!("u{n}")) }
    }

    #[test]
    fn however_many_accounts_fail_the_sum_is_right_and_the_worst_stay_named() {
        let mut totals = Totals::default();
        totals.add(&account(0), 100);
        (1..=2 * NAMED).for_each(|n| totals.add(&account(n), 1));
        assert!(totals.named.len() <= NAMED);
        let (most, others) = totals.most(1);
        assert_eq!(most, [(&account(0), 100)]);
        assert_eq!(others, Others { accounts: 2 * NAMED as u64, failures: 2 * NAMED as u64 });
    }
}
