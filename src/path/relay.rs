//! What was received and is to be passed on: chosen by the operator's filter, kept from going in circles, made ready to be sent.

use core::net::IpAddr;
use std::collections::VecDeque;

use crate::config::{self, RelayForm};
use crate::relay::{Filter, LoopGuard};
use crate::units::Now;
use crate::wire::snmp::{Notification, Relayed};

/// Notifications that wait to be taken, at most: the caller takes them after each datagram.
const WAITING: usize = 64;

/// A notification to be passed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passed {
    /// What it says, for any version.
    pub relayed: Relayed,
    /// The datagram, if it is to be sent as it was received.
    pub as_received: Option<Box<[u8]>>,
}

/// Chooses what is passed on.
#[derive(Debug)]
pub struct Relay {
    form: RelayForm,
    filter: Filter,
    guard: LoopGuard,
    waiting: VecDeque<Passed>,
    tally: RelayTally,
}

/// What became of the notifications that were taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RelayTally {
    /// Passed on.
    pub passed: u64,
    /// Not wanted by the operator.
    pub filtered: u64,
    /// Came round, so not passed on again.
    pub looped: u64,
    /// Cannot be sent on: too long a trap OID.
    pub unsendable: u64,
}

impl Relay {
    /// A relay that has passed nothing on. `key` is random.
    #[must_use]
    pub fn new(config: &config::Relay, key: &[u8; 16]) -> Self {
        Self {
            form: config.form,
            filter: Filter::new(config.include.clone(), config.exclude.clone(), config.sources.clone()),
            guard: LoopGuard::new(key),
            waiting: VecDeque::with_capacity(WAITING),
            tally: RelayTally::default(),
        }
    }

    /// The next notification to be passed on.
    pub fn next_passed(&mut self) -> Option<Passed> {
        self.waiting.pop_front()
    }

    /// What became of the notifications so far.
    #[must_use]
    pub const fn tally(&self) -> RelayTally {
        self.tally
    }

    /// Takes a notification that was accepted. `datagram` is the message as it came, unless it came under a user's keys.
    pub(super) fn take(&mut self, notification: &Notification<'_>, datagram: Option<&[u8]>, from: IpAddr, now: Now) {
        let tally = &mut self.tally;
        if !self.filter.passes(notification.trap_oid, from) {
            tally.filtered += 1;
        } else if self.guard.admit(notification, from, now.mono).is_err() {
            tally.looped += 1;
        } else if let (Ok(relayed), true) = (Relayed::from_received(notification, from), self.waiting.len() < WAITING) {
            let as_received = datagram.filter(|_| self.form == RelayForm::AsReceived).map(Box::from);
            self.waiting.push_back(Passed { relayed, as_received });
            tally.passed += 1;
        } else {
            tally.unsendable += 1;
        }
    }
}
