//! What must be known of each account in the store to say which are taken back, and no more: there are many.

use serde::Deserialize;

use super::account::AccountRecord;
use super::day::Day;
use crate::event::Account;
use crate::units::{Mono, Span, Wall};

/// Of an account's record.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "AccountRecord")]
pub struct Glance {
    /// Whether something about it is open, as far as its record knows.
    pub is_pinned: bool,
    /// When it failed last.
    pub last_failure: Option<Wall>,
    /// Whose it is, if it failed once: it is forgotten when that is long ago.
    once: Option<Box<(Account, Mono)>>,
}

impl From<AccountRecord> for Glance {
    fn from(record: AccountRecord) -> Self {
        let last = record.failures.newest().unwrap_or_default().max(record.last);
        let once = (record.total <= 1).then(|| Box::new((record.account.clone(), last)));
        Self { is_pinned: record.is_pinned(), last_failure: record.last_failure(), once }
    }
}

impl Glance {
    /// Whether nothing of it matters any more, if a failure of an account counts for so long.
    pub fn is_over(&self, longest: impl FnOnce(&Account) -> Span, now: Mono) -> bool {
        let is_old = |once: &(Account, Mono)| once.1 + longest(&once.0) <= now;
        !self.is_pinned && self.once.as_deref().is_some_and(is_old)
    }
}

/// Of an account's day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "Day")]
pub struct DayGlance {
    /// Whether a pattern is open.
    pub is_open: bool,
}

impl From<Day> for DayGlance {
    fn from(day: Day) -> Self {
        Self { is_open: day.has_open() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Credential, Label, Name, Realm};

    #[test]
    fn who_failed_once_is_over_when_that_is_long_ago_and_who_failed_twice_never() {
        let account = Account { realm: Realm::Cucm, cluster: Label::from_wire("East"), name: Name::from_wire("jdoe") };
        let mut record = AccountRecord::new(account);
        let (failed, day) = (Mono::FIRST, Span::mins(1_440));
        record.count(failed, Credential::Unknown);
        let glance = |record: &AccountRecord| -> Glance {
            postcard::from_bytes(&postcard::to_allocvec(record).unwrap()).unwrap()
        };
        let is_over = |record: &AccountRecord, minutes| glance(record).is_over(|_| day, failed + Span::mins(minutes));
        assert_eq!((is_over(&record, 1_439), is_over(&record, 1_440)), (false, true));
        record.count(failed, Credential::Unknown);
        assert!(!is_over(&record, 9_999));
    }
}
