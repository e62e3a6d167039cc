//! The days of a site as one stream of messages in the order in which they arrive. Memory holds a day of attempts, not of lines.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::net::{IpAddr, Ipv4Addr};

use lockwarden::units::Wall;

use super::attack::{self, Attack};
use super::cucm::Cucm;
use super::day::{Attempt, DAY, Day, STALE_FROM};
use super::label::Label;
use super::line::Telling;
use super::site::{CLUSTER, Who};
use super::wall;

/// A node that is configured to send each alarm by both of its syslog paths, and nodes that send traps, too.
const TWICE: usize = 2;
const WITH_TRAPS: [usize; 2] = [1, 2];
/// No attack begins before: a new box learns for a week.
const CALM_DAYS: u32 = 8;

/// What is played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) days: u32,
    pub(crate) users: u32,
    /// Names of [`attack::NAMES`].
    pub(crate) attacks: Vec<&'static str>,
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) at: Wall,
    pub(crate) from: IpAddr,
    pub(crate) is_trap: bool,
    pub(crate) bytes: Vec<u8>,
}

/// Gives out all messages, in order.
pub(crate) struct Stream {
    plan: Plan,
    /// The next day that is to be played.
    day: u32,
    attempts: BinaryHeap<Reverse<Attempt>>,
    tellings: BinaryHeap<Reverse<Telling>>,
    cucm: Cucm,
    ready: VecDeque<Message>,
    labels: Vec<Label>,
    numbers: [u64; 6],
}

impl Stream {
    pub(crate) fn new(plan: Plan) -> Self {
        let cucm = Cucm::new(plan.seed);
        let (attempts, tellings) = (BinaryHeap::new(), BinaryHeap::new());
        Self { plan, day: 0, attempts, tellings, cucm, ready: VecDeque::new(), labels: Vec::new(), numbers: [0; 6] }
    }

    /// What really happened, as far as it is known by now; each label once.
    pub(crate) fn take_labels(&mut self) -> Vec<Label> {
        std::mem::take(&mut self.labels)
    }

    fn play_day(&mut self) {
        let Self { plan, attempts, labels, .. } = self;
        let number = self.day;
        let mut each = |attempt| attempts.push(Reverse(attempt));
        Day { seed: plan.seed, users: plan.users, number, each: &mut each }.play();
        if number == STALE_FROM {
            labels.push(stale(plan.days));
        }
        if number >= CALM_DAYS {
            for name in attack::of_day(&plan.attacks, number - CALM_DAYS) {
                let midnight = i64::from(number) * DAY;
                let mut label = |label| labels.push(label);
                Attack::new((name, plan.seed, plan.users), midnight, &mut each, &mut label).play();
            }
        }
        self.day += 1;
    }

    fn send(&mut self, telling: &Telling) {
        let Some(number) = self.numbers.get_mut(telling.node) else { return };
        *number += 1;
        let host = 10 + u8::try_from(telling.node).unwrap_or_default();
        let from = IpAddr::V4(Ipv4Addr::new(192, 0, 2, host));
        let message = |is_trap, bytes| Message { at: wall(telling.at), from, is_trap, bytes };
        let line = telling.line(*number).into_bytes();
        if telling.node == TWICE {
            self.ready.push_back(message(false, line.clone()));
        }
        self.ready.push_back(message(false, line));
        if WITH_TRAPS.contains(&telling.node)
            && let Some(datagram) = telling.trap(u32::try_from(*number).unwrap_or_default())
        {
            self.ready.push_back(message(true, datagram));
        }
    }
}

/// An application with an old password fails for ever: no attack, but to be found.
fn stale(days: u32) -> Label {
    Label {
        from: wall(i64::from(STALE_FROM) * DAY),
        to: wall(i64::from(days) * DAY),
        kind: "repeated-failures",
        part: "program",
        account: Who::Application(0).name(),
        source: String::new(),
        cluster: CLUSTER,
        severity: "",
        must: true,
    }
}

impl Iterator for Stream {
    type Item = Message;

    fn next(&mut self) -> Option<Message> {
        loop {
            if let Some(message) = self.ready.pop_front() {
                return Some(message);
            }
            let midnight = i64::from(self.day) * DAY;
            let attempt = self.attempts.peek().map(|Reverse(attempt)| attempt.at);
            let telling = self.tellings.peek().map(|Reverse(telling)| telling.at);
            let collects = self.cucm.collects_at();
            let first = [attempt, telling, collects].into_iter().flatten().min();
            if self.day < self.plan.days && first.is_none_or(|at| at >= midnight) {
                self.play_day();
                continue;
            }
            let at = first?;
            if telling == Some(at) {
                if let Some(Reverse(telling)) = self.tellings.pop() {
                    self.send(&telling);
                }
            } else if attempt == Some(at) {
                let Some(Reverse(attempt)) = self.attempts.pop() else { continue };
                let Self { cucm, tellings, labels, .. } = self;
                cucm.check(attempt, &mut |telling| tellings.push(Reverse(telling)), &mut |label| labels.push(label));
            } else {
                let telling = self.cucm.collect();
                self.tellings.push(Reverse(telling));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(seed: u64, attacks: &[&'static str]) -> Plan {
        Plan { seed, days: 9, users: 200, attacks: attacks.to_vec() }
    }

    #[test]
    fn the_same_seed_gives_the_same_messages_in_order() {
        let stream = |seed| Stream::new(Plan { days: 2, ..plan(seed, &[]) });
        let messages: Vec<Message> = stream(7).collect();
        assert!(messages.is_sorted_by_key(|message| message.at));
        assert!(stream(7).eq(messages.iter().cloned()));
        assert!(!stream(8).eq(messages));
    }

    #[test]
    fn attacks_are_labelled_and_only_they_differ_from_a_calm_week() {
        let mut stream = Stream::new(plan(7, &["hammer"]));
        let attacked = stream.by_ref().count();
        let labels = stream.take_labels();
        let hammers: Vec<&Label> = labels.iter().filter(|label| label.part == "hammer").collect();
        assert_eq!(hammers.len(), 1, "one on the day after the calm ones");
        assert!(hammers.iter().all(|label| label.must && label.kind == "repeated-failures"));
        let mut calm = Stream::new(plan(7, &[]));
        assert!(calm.by_ref().count() + 50 < attacked);
        assert!(calm.take_labels().iter().all(|label| matches!(label.part, "people" | "program")));
    }
}
