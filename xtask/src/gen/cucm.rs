//! What the cluster makes of attempts: its credential policy, and which alarms tell of each. PIN and password lock apart.

use std::collections::BTreeMap;

use super::day::{Attempt, MINUTE, Way, What};
use super::label::Label;
use super::line::{Alarm, Telling};
use super::site::{CLUSTER, PRESENCE, PUBLISHER, Who};
use super::{attack, wall};
use crate::dice::Dice;

/// CUCM's default policy. How it forgets is not documented: here, thirty minutes after the last failure.
const LIMIT: u32 = 3;
const RESET: i64 = 30 * MINUTE;
const LOCKED: i64 = 30 * MINUTE;
/// RTMT collects for three minutes and then tells of what it got.
const COLLECT: i64 = 3 * MINUTE;
/// Events that RTMT lists at most.
const LISTED: usize = 30;

#[derive(Debug, Default)]
struct Credential {
    failures: u32,
    first: i64,
    last: i64,
    locked_until: i64,
}

/// The cluster.
#[derive(Debug)]
pub(super) struct Cucm {
    credentials: BTreeMap<(Who, bool), Credential>,
    /// Failures of UC_LOGIN since RTMT last told, and when it tells.
    collected: Vec<Attempt>,
    collects_until: i64,
    dice: Dice,
}

impl Cucm {
    pub(super) fn new(seed: u64) -> Self {
        let dice = Dice::new(seed ^ 0xC0C3, 1);
        Self { credentials: BTreeMap::new(), collected: Vec::new(), collects_until: 0, dice }
    }

    /// Checks one attempt: gives what is told of it to `tell`, and a lock to `label`. Attempts come in order of their times.
    pub(super) fn check(&mut self, attempt: Attempt, tell: &mut dyn FnMut(Telling), label: &mut dyn FnMut(Label)) {
        let Attempt { at, who, way, .. } = attempt;
        let credential = self.credentials.entry((who, way == Way::Phone)).or_default();
        let is_locked = credential.locked_until > at;
        let mut alarms = Alarms { attempt, tell, dice: &mut self.dice };
        match attempt.what {
            What::Reset => {
                *credential = Credential::default();
                alarms.add(0, PUBLISHER, Alarm::CredentialUpdated(attempt));
            }
            What::Right if !is_locked => {
                *credential = Credential::default();
                alarms.succeeded();
            }
            What::Right | What::Wrong => {
                if at - credential.last > RESET {
                    (credential.failures, credential.first) = (0, at);
                }
                credential.failures += 1;
                credential.last = at;
                let locks = !is_locked && credential.failures >= LIMIT;
                if locks || is_locked {
                    credential.locked_until = at + LOCKED;
                }
                alarms.failed(is_locked, locks);
                if locks {
                    label(locked(who, credential.first, at));
                }
                if matches!(way, Way::Browser | Way::Administration | Way::Axl) {
                    if self.collected.is_empty() {
                        self.collects_until = at + COLLECT;
                    }
                    self.collected.push(attempt);
                }
            }
        }
    }

    /// When [`Cucm::collect`] has something to tell.
    pub(super) fn collects_at(&self) -> Option<i64> {
        (!self.collected.is_empty()).then_some(self.collects_until)
    }

    /// RTMT's alert about the failures of the last minutes.
    pub(super) fn collect(&mut self) -> Telling {
        let mut events = std::mem::take(&mut self.collected);
        events.truncate(LISTED);
        let at = self.collects_until;
        Telling { at, stamp: at, node: PUBLISHER, alarm: Alarm::Rtmt(events) }
    }
}

fn locked(who: Who, first: i64, at: i64) -> Label {
    Label {
        from: wall(first),
        to: wall(at + LOCKED),
        kind: "lockout",
        part: "people",
        account: who.name(),
        source: String::new(),
        cluster: CLUSTER,
        severity: "",
        must: true,
    }
}

/// The alarms of one attempt, each from its node and a little later than the one before it.
struct Alarms<'a> {
    attempt: Attempt,
    tell: &'a mut dyn FnMut(Telling),
    dice: &'a mut Dice,
}

impl Alarms<'_> {
    /// `after`: milliseconds within which it is told.
    fn add(&mut self, after: i64, node: usize, alarm: Alarm) {
        let stamp = self.attempt.at + super::day::spread(self.dice, after.max(1));
        // To be written and sent takes some milliseconds more.
        let at = stamp + 2 + super::day::spread(self.dice, 30);
        (self.tell)(Telling { at, stamp, node, alarm });
    }

    fn failed(&mut self, was_locked: bool, locks: bool) {
        let (attempt, node) = (self.attempt, self.attempt.who.node());
        if was_locked {
            self.add(20, node, Alarm::HackLock(attempt));
        } else {
            self.add(20, node, Alarm::AuthFail(attempt));
            if locks {
                self.add(60, node, Alarm::HackLock(attempt));
            }
        }
        match attempt.way {
            Way::Phone => {}
            Way::Browser | Way::Administration => {
                self.add(200, node, Alarm::LoginFailed(attempt));
                self.add(900, node, Alarm::Audit(attempt, false));
            }
            Way::Axl => self.add(200, node, Alarm::LoginFailed(attempt)),
            Way::Client => self.add(900, PRESENCE, Alarm::Audit(attempt, false)),
            Way::Cti => self.add(400, node, Alarm::ProviderOpenFailure(attempt, was_locked || locks)),
        }
    }

    fn succeeded(&mut self) {
        let (attempt, node) = (self.attempt, self.attempt.who.node());
        self.add(20, node, Alarm::AuthSuccess(attempt));
        match attempt.way {
            Way::Phone | Way::Cti => {}
            Way::Browser | Way::Administration => {
                self.add(200, node, Alarm::LoginSucceeded(attempt));
                self.add(900, node, Alarm::Audit(attempt, true));
            }
            Way::Axl => self.add(200, node, Alarm::LoginSucceeded(attempt)),
            Way::Client => self.add(900, PRESENCE, Alarm::Audit(attempt, true)),
        }
    }
}

/// Where an attempt came from, in text.
pub(super) fn source(attempt: &Attempt) -> String {
    attack::address(attempt.from)
}
