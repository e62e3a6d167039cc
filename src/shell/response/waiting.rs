//! Jobs that wait for their turn: in order for each account, and no account waits for another.

use std::collections::VecDeque;

use crate::alert::Alert;
use crate::event::{Label, Name};

/// Jobs that wait at most. A newer message about an alert takes the place of an older one that has not had its turn, so that these are as
/// many alerts.
const MOST: usize = 256;

/// Whom an alert is about: cluster and account.
pub(crate) type Subject = (Option<Label>, Option<Name>);

/// One alert for the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Job {
    /// Its number in the outbox.
    pub(crate) seq: u64,
    pub(crate) alert: Box<Alert>,
}

impl Job {
    pub(crate) fn subject(&self) -> Subject {
        (self.alert.cluster.clone(), self.alert.account.clone())
    }
}

/// Those that wait, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct Waiting(VecDeque<Job>);

impl Waiting {
    /// Whether no more should be taken in.
    pub(crate) fn is_full(&self) -> bool {
        self.0.len() >= MOST
    }

    /// Takes a job in; gives the one whose place it has taken.
    pub(crate) fn push(&mut self, job: Job) -> Option<Job> {
        if let Some(older) = self.0.iter_mut().find(|waiting| waiting.alert.id == job.alert.id) {
            return Some(core::mem::replace(older, job));
        }
        self.0.push_back(job);
        None
    }

    /// The oldest whose account is not busy.
    pub(crate) fn next(&mut self, is_busy: impl Fn(&Subject) -> bool) -> Option<Job> {
        let place = self.0.iter().position(|job| !is_busy(&job.subject()))?;
        self.0.remove(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::tests::complete;
    use crate::units::Text;

    fn job(seq: u64, account: &str, id: &str) -> Job {
        let alert = Alert { account: Some(Name::from_wire(account)), id: Text::from_wire(id), ..complete() };
        Job { seq, alert: Box::new(alert) }
    }

    #[test]
    fn a_busy_account_holds_up_no_other_and_keeps_its_own_order() {
        let mut waiting = Waiting::default();
        for (seq, account, id) in [(1, "busy", "a"), (2, "busy", "b"), (3, "idle", "c")] {
            assert_eq!(waiting.push(job(seq, account, id)), None);
        }
        let busy = job(0, "busy", "").subject();
        let mut next = |is_busy: bool| waiting.next(|subject| is_busy && *subject == busy).map(|job| job.seq);
        assert_eq!(
            [next(true), next(true), next(false), next(false), next(false)],
            [Some(3), None, Some(1), Some(2), None]
        );
    }

    #[test]
    fn a_newer_message_about_an_alert_takes_the_place_of_one_that_waits() {
        let mut waiting = Waiting::default();
        waiting.push(job(1, "busy", "a"));
        waiting.push(job(2, "idle", "b"));
        assert_eq!(waiting.push(job(3, "busy", "a")).map(|older| older.seq), Some(1));
        assert_eq!(waiting.next(|_| false).map(|job| job.seq), Some(3));
        (0..256).for_each(|n| drop(waiting.push(job(n, "x", &n.to_string()))));
        assert!(waiting.is_full());
    }
}
