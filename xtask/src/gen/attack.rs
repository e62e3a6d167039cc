//! Attacks, one function each. An attacker knows names and CUCM's default policy, and nothing of what watches him.

use std::net::Ipv4Addr;

use super::day::{Attempt, DAY, HOUR, MINUTE, SECOND, Way, What, spread};
use super::label::Label;
use super::site::{ADMINISTRATORS, CLUSTER, Who, ip};
use super::wall;
use crate::dice::Dice;

/// What can be asked for by `--attacks`.
pub(crate) const NAMES: [&str; 11] = [
    "spray",
    "slow-spray",
    "sourceless-spray",
    "slow-sourceless-spray",
    "distributed",
    "slow-climb",
    "guessed",
    "spray-hit",
    "privileged",
    "storm",
    "hammer",
];
/// Attacks of one day.
const A_DAY: usize = 2;

/// The attacks that begin on this day: each name in turn, so that each comes as often as the others.
pub(super) fn of_day<'a>(names: &'a [&'static str], day: u32) -> impl Iterator<Item = &'static str> + 'a {
    let first = day as usize * A_DAY;
    let count = if names.is_empty() { 0 } else { A_DAY.min(names.len()) };
    (first..first + count).filter_map(|n| names.get(n % names.len()).copied())
}

/// An attack in the making.
pub(super) struct Attack<'a> {
    name: &'static str,
    users: u32,
    begin: i64,
    from: u32,
    dice: Dice,
    each: &'a mut dyn FnMut(Attempt),
    label: &'a mut dyn FnMut(Label),
}

impl<'a> Attack<'a> {
    /// Midnight of its day is `midnight`.
    pub(super) fn new(
        (name, seed, users): (&'static str, u64, u32),
        midnight: i64,
        each: &'a mut dyn FnMut(Attempt),
        label: &'a mut dyn FnMut(Label),
    ) -> Self {
        let place = NAMES.iter().position(|known| *known == name).unwrap_or(0);
        let mut dice = Dice::new(seed ^ 0xA77AC, midnight.unsigned_abs() / 1_000 * 16 + place as u64);
        let begin = midnight + 6 * HOUR + spread(&mut dice, 12 * HOUR);
        let from = ip(203, 0, 113, 1 + dice.below(254));
        Self { name, users, begin, from, dice, each, label }
    }

    pub(super) fn play(mut self) {
        let midnight = self.begin - self.begin.rem_euclid(DAY);
        match self.name {
            "spray" => drop(self.spray(40, 14 * SECOND, true)),
            // One attempt for each account, two to three in two hours, for a day and a half.
            "slow-spray" => {
                self.begin = midnight + HOUR;
                drop(self.spray(54, 40 * MINUTE, true));
            }
            "sourceless-spray" => drop(self.spray(120, 4 * SECOND, false)),
            "slow-sourceless-spray" => {
                self.begin = midnight + 10 * MINUTE;
                drop(self.spray(450, 185 * SECOND, false));
            }
            "distributed" => self.distributed(),
            "slow-climb" => {
                self.begin = midnight + 20 * MINUTE;
                let victim = self.person();
                let end = self.climb(victim, Way::Phone, 38);
                self.must("slow-climb", end, victim, "");
                // Its owner signs in, and nobody can tell that it is he.
                self.may("success-after-failures", end + 2 * DAY, victim);
            }
            "guessed" => {
                let victim = self.person();
                let end = self.climb(victim, Way::Browser, 5) + 31 * MINUTE;
                self.enter(end, victim, Way::Browser, What::Right);
                self.must("success-after-failures", end, victim, "");
                self.may("slow-climb", end, victim);
            }
            "spray-hit" => {
                let victims = self.spray(40, 14 * SECOND, true);
                let Some(&victim) = victims.last() else { return };
                let end = self.begin + 11 * MINUTE;
                self.enter(end, victim, Way::Browser, What::Right);
                self.must("success-after-failures", end, victim, "");
            }
            "privileged" => {
                let victim =
                    Who::Administrator(u8::try_from(self.dice.below(ADMINISTRATORS.len() as u64)).unwrap_or(0));
                self.begin = midnight + 19 * HOUR;
                let end = self.climb(victim, Way::Administration, 9);
                self.must("slow-climb", end, victim, "critical");
                self.may("success-after-failures", end + 2 * DAY, victim);
            }
            "storm" => self.storm(),
            _ => self.hammer(),
        }
    }

    /// One attempt on each of so many accounts. Without a source it goes through telephones.
    fn spray(&mut self, accounts: u64, step: i64, has_source: bool) -> Vec<Who> {
        let way = if has_source { Way::Browser } else { Way::Phone };
        let victims: Vec<Who> = (0..accounts).map(|_| self.person()).collect();
        let mut at = self.begin;
        for &victim in &victims {
            self.enter(at, victim, way, What::Wrong);
            at += step - step / 4 + spread(&mut self.dice, step / 2);
        }
        let source = if has_source { address(self.from) } else { String::new() };
        let spray = self.of("spray", at);
        (self.label)(Label { source, must: true, ..spray.clone() });
        if has_source {
            // Looked at from the cluster it is one, too.
            (self.label)(spray);
        }
        victims
    }

    /// One account, a few attempts from each of many addresses over ten hours.
    fn distributed(&mut self) {
        let (victim, sources) = (self.person(), 6 + self.dice.below(7));
        let mut at = self.begin;
        for n in 0..sources {
            self.from = ip(198, 51, 100, 1 + n * 20 + self.dice.below(20));
            for _ in 0..1 + self.dice.below(2) {
                self.enter(at, victim, Way::Browser, What::Wrong);
                at += 20 * SECOND;
            }
            at += 20 * MINUTE + spread(&mut self.dice, HOUR);
        }
        self.must("distributed", at, victim, "");
        self.may("slow-climb", at, victim);
    }

    /// Two attempts each 31 minutes, so that the limit of three in thirty is never reached. Returns when it ended.
    fn climb(&mut self, victim: Who, way: Way, rounds: u32) -> i64 {
        let mut at = self.begin;
        for _ in 0..rounds {
            self.enter(at, victim, way, What::Wrong);
            let second = at + 5 * SECOND + spread(&mut self.dice, 20 * SECOND);
            self.enter(second, victim, way, What::Wrong);
            at = second + 31 * MINUTE + spread(&mut self.dice, MINUTE);
        }
        at - 31 * MINUTE
    }

    /// Sixty accounts are locked out within a minute: to keep people from working, or to hide something else.
    fn storm(&mut self) {
        let victims: Vec<Who> = (0..60).map(|_| self.person()).collect();
        let mut at = self.begin;
        for victim in victims {
            for n in 0..3 {
                self.enter(at + n * 4 * SECOND, victim, Way::Browser, What::Wrong);
            }
            at += 800;
        }
        let end = at + 12 * SECOND;
        let storm = Label { must: true, ..self.of("storm", end) };
        (self.label)(storm);
        let spray = self.of("spray", end);
        (self.label)(Label { source: address(self.from), ..spray.clone() });
        (self.label)(spray);
    }

    /// A program tries one account as fast as it can, for five minutes.
    fn hammer(&mut self) {
        let victim = self.person();
        let end = self.begin + 5 * MINUTE;
        let mut at = self.begin;
        while at < end {
            self.enter(at, victim, Way::Browser, What::Wrong);
            at += 4 * SECOND + spread(&mut self.dice, 4 * SECOND);
        }
        self.must("repeated-failures", end, victim, "");
    }

    fn person(&mut self) -> Who {
        Who::Person(u32::try_from(self.dice.below(self.users.into())).unwrap_or_default())
    }

    fn enter(&mut self, at: i64, who: Who, way: Way, what: What) {
        (self.each)(Attempt { at, who, way, from: self.from, what });
    }

    fn of(&self, kind: &'static str, end: i64) -> Label {
        Label {
            from: wall(self.begin),
            to: wall(end),
            kind,
            part: self.name,
            account: String::new(),
            source: String::new(),
            cluster: CLUSTER,
            severity: "",
            must: false,
        }
    }

    fn must(&mut self, kind: &'static str, end: i64, who: Who, severity: &'static str) {
        let label = Label { account: who.name(), severity, must: true, ..self.of(kind, end) };
        (self.label)(label);
    }

    fn may(&mut self, kind: &'static str, end: i64, who: Who) {
        let label = Label { account: who.name(), ..self.of(kind, end) };
        (self.label)(label);
    }
}

pub(super) fn address(ipv4: u32) -> String {
    Ipv4Addr::from_bits(ipv4).to_string()
}
