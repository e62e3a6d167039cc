//! What the store keeps of an account beside its record: its last day, its open patterns, and which credential each failure was about.

use serde::{Deserialize, Serialize};

use crate::alert::Kind;
use crate::engine::account::{AccountRecord, Past};
use crate::engine::climb::KINDS;
use crate::engine::policy::MAX_FAILED_LOGONS;
use crate::engine::trace::{Pattern, Trace};
use crate::event::Credential;

/// An account's last day, as it is kept. What follows the trace was not kept by layout 1: nothing of it is known then.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Day {
    trace: Trace,
    /// What of the account is locked.
    locked: Credential,
    /// What each failure in the window was about; none if it is known of none.
    failed: heapless::Vec<Credential, MAX_FAILED_LOGONS>,
    past: Option<Past>,
    open: heapless::Vec<(Kind, Pattern), { KINDS.len() }>,
}

impl Day {
    /// Whether a pattern is open.
    pub(crate) fn has_open(&self) -> bool {
        !self.open.is_empty()
    }
}

impl AccountRecord {
    /// What is kept beside the record.
    #[must_use]
    pub fn day(&self) -> Day {
        let open = KINDS.iter().filter_map(|&kind| Some((kind, self.trace.open(kind)?.clone())));
        Day {
            trace: self.trace.clone(),
            locked: self.lock.as_ref().map(|lock| lock.credential).unwrap_or_default(),
            failed: self.failures.credentials(),
            past: self.past,
            open: open.collect(),
        }
    }

    /// The record with what was kept beside it.
    #[must_use]
    pub fn with_day(mut self, day: Day) -> Self {
        let Day { trace, locked, failed, past, open } = day;
        (self.trace, self.past) = (trace, past);
        self.failures.know(&failed);
        if let Some(lock) = &mut self.lock {
            lock.credential = locked;
        }
        for (kind, pattern) in open {
            *self.trace.pattern(kind) = Some(Box::new(pattern));
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::{Basis, Severity};
    use crate::engine::account::{Lock, Open};
    use crate::event::{Account, Label, Name, Realm};
    use crate::units::{Mono, Text, Wall};

    fn at(minutes: u64) -> Mono {
        Mono::FIRST + crate::units::Span::mins(minutes)
    }

    fn open(id: &str) -> Open {
        Open {
            id: Text::from_wire(id),
            revision: 2,
            raised_at: Wall::from_millis(1_768_465_260_000),
            synchronised: true,
            quiet_until: at(9),
            held: 1,
            suppressed: 3,
        }
    }

    fn locked() -> AccountRecord {
        let account = Account { realm: Realm::Cucm, cluster: Label::from_wire("East"), name: Name::from_wire("jdoe") };
        let mut record = AccountRecord::new(account);
        for (minute, credential) in [(1, Credential::Pin), (2, Credential::Unknown), (3, Credential::Password)] {
            record.count(at(minute), credential);
            record.trace.note(None, at(minute));
        }
        record.lock = Some(Box::new(Lock {
            open: open("hq.lockout.1"),
            basis: Basis::Reported,
            reason: None,
            failures: 3,
            until: Some(at(33)),
            unlock_expected: None,
            credential: Credential::Password,
        }));
        record.past = Some(Past { from: at(0), until: at(1), failures: 2 });
        let pattern = Pattern {
            open: open("hq.slow-climb.2"),
            failures: 9,
            sources: 4,
            last: at(3),
            severity: Severity::Warning,
        };
        record.trace.spread = Some(Box::new(pattern));
        record
    }

    /// Through the form in which the store has both.
    fn kept(record: &AccountRecord) -> AccountRecord {
        let (bytes, day) = (postcard::to_allocvec(record).unwrap(), postcard::to_allocvec(&record.day()).unwrap());
        postcard::from_bytes::<AccountRecord>(&bytes).unwrap().with_day(postcard::from_bytes(&day).unwrap())
    }

    #[test]
    fn a_record_and_its_day_come_back_whole() {
        let record = locked();
        assert_eq!(kept(&record), record);
    }

    #[test]
    fn a_day_that_knows_of_no_credential_costs_four_octets_more_than_its_trace() {
        let mut record = AccountRecord::new(locked().account);
        record.count(at(1), Credential::Unknown);
        record.trace.note(None, at(1));
        let [trace, day] =
            [postcard::to_allocvec(&record.trace).unwrap(), postcard::to_allocvec(&record.day()).unwrap()];
        // An account about which nothing is known but its failures: the form to which a day of layout 1 is completed.
        assert_eq!([&trace[..], &[Credential::Unknown as u8, 0, 0, 0]].concat(), day);
    }
}
