//! A day of people: who signs in when, who mistypes, who has forgotten, what goes on trying with an old password.
//!
//! The numbers are assumptions, chosen so that 20,000 users make some hundred wrong entries and some ten lockouts on a working day. They
//! know nothing of what looks at the result.

use super::site::{Hours, Person, Who, ip};
use crate::dice::Dice;

pub(crate) const SECOND: i64 = 1_000;
pub(crate) const MINUTE: i64 = 60 * SECOND;
pub(crate) const HOUR: i64 = 60 * MINUTE;
pub(crate) const DAY: i64 = 24 * HOUR;
/// A twelfth of the passwords ends on this day, a Monday, and then each 28 days.
pub(super) const PASSWORD_DAY: u32 = 14;
const PASSWORD_EACH: u32 = 28;
/// From this day on an application has an old password, and nobody looks after it.
pub(super) const STALE_FROM: u32 = 3;

/// By which way somebody signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Way {
    /// A PIN at a telephone: only IMS tells, and no address.
    Phone,
    /// The self-care page.
    Browser,
    /// CUCM's administration.
    Administration,
    /// Jabber, which signs in to IM and Presence, too.
    Client,
    Cti,
    Axl,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum What {
    Wrong,
    Right,
    /// The help desk gives a new PIN or password.
    Reset,
}

/// Something is typed, or sent by a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Attempt {
    /// Milliseconds after the beginning of the first day.
    pub(crate) at: i64,
    pub(crate) who: Who,
    pub(crate) way: Way,
    /// IPv4.
    pub(crate) from: u32,
    pub(crate) what: What,
}

/// One day of one site.
pub(super) struct Day<'a> {
    pub(super) seed: u64,
    pub(super) users: u32,
    pub(super) number: u32,
    /// Takes each attempt, in any order.
    pub(super) each: &'a mut dyn FnMut(Attempt),
}

impl Day<'_> {
    pub(super) fn play(&mut self) {
        (0..self.users).for_each(|n| self.person(n));
        self.administrators();
        self.telephony_application();
        self.directory_application();
    }

    /// Day 0 is a Monday.
    fn is_weekend(&self) -> bool {
        self.number % 7 >= 5
    }

    fn is_password_day(&self) -> bool {
        self.number % PASSWORD_EACH == PASSWORD_DAY
    }

    /// Whose password ended within the last three days; a twelfth of all.
    fn has_new_password(&self, n: u32) -> bool {
        let since = self.number % PASSWORD_EACH;
        (PASSWORD_DAY..PASSWORD_DAY + 3).contains(&since) && n % 12 == self.number / PASSWORD_EACH % 12
    }

    fn person(&mut self, n: u32) {
        let person = Person::of(self.seed, n);
        let mut dice = Dice::new(self.seed, u64::from(self.number) << 32 | u64::from(n));
        let is_here = if self.is_weekend() { dice.one_in(25) } else { !dice.one_in(8) };
        let new_password = self.has_new_password(n);
        if !is_here {
            return;
        }
        let (whole, rest) = (person.in_ten_days / 10, person.in_ten_days % 10);
        let mut times = whole + u64::from(dice.below(10) < rest);
        let is_change = new_password && self.is_password_day();
        if is_change {
            times = times.max(1);
        }
        for nth in 0..times {
            let at = self.moment(person.hours, &mut dice);
            let way = match dice.below(10) {
                out_of if out_of < person.at_phone => Way::Phone,
                out_of if out_of < person.at_phone + person.by_client => Way::Client,
                _ => Way::Browser,
            };
            // In ten thousand sign-ins.
            let forgotten = if new_password && way != Way::Phone {
                200
            } else if self.number.is_multiple_of(7) {
                10
            } else {
                5
            };
            let mut typist = Typist { who: Who::Person(n), way, from: person.address, at, each: &mut *self.each };
            if is_change && nth == 0 {
                typist.enter(What::Reset, MINUTE, &mut dice);
            }
            if dice.below(10_000) < forgotten {
                typist.has_forgotten(person.clumsy, &mut dice);
            } else {
                // Out of habit the old one comes first.
                if new_password && way != Way::Phone && dice.one_in(3) {
                    typist.enter(What::Wrong, 8 * SECOND, &mut dice);
                }
                typist.signs_in(person.clumsy, &mut dice);
            }
        }
        if is_change && dice.below(1_000) < 15 {
            self.old_device(n, person, &mut dice);
        }
    }

    /// A second device tries the old password until its owner thinks of it.
    fn old_device(&mut self, n: u32, person: Person, dice: &mut Dice) {
        let (begin, step) = (self.at(8 * HOUR + spread(dice, 3 * HOUR)), 5 * MINUTE + spread(dice, 15 * MINUTE));
        let end = begin + HOUR + spread(dice, 5 * HOUR);
        let mut typist =
            Typist { who: Who::Person(n), way: Way::Client, from: person.address, at: begin, each: &mut *self.each };
        while typist.at < end {
            typist.enter(What::Wrong, step, dice);
        }
        typist.enter(What::Reset, MINUTE, dice);
        typist.signs_in(person.clumsy, dice);
    }

    fn administrators(&mut self) {
        for n in 0..3_u8 {
            let mut dice = Dice::new(self.seed ^ 0xAD, u64::from(self.number) << 8 | u64::from(n));
            for _ in 0..if self.is_weekend() { 0 } else { 1 + dice.below(4) } {
                let at = self.moment(Hours::Office, &mut dice);
                let from = ip(10, 1, 1, 10 + u64::from(n));
                let (who, way) = (Who::Administrator(n), Way::Administration);
                Typist { who, way, from, at, each: &mut *self.each }.signs_in(15, &mut dice);
            }
        }
    }

    /// It opens CTI once and stays connected; with an old password it tries again for ever.
    fn telephony_application(&mut self) {
        let mut dice = Dice::new(self.seed ^ 0xA9, self.number.into());
        let (begin, end) = (self.at(spread(&mut dice, 40 * SECOND)), self.at(DAY));
        let (who, way, from) = (Who::Application(0), Way::Cti, ip(10, 1, 2, 20));
        let is_stale = self.number >= STALE_FROM;
        let mut program = Typist { who, way, from, at: begin, each: &mut *self.each };
        if !is_stale {
            return program.enter(What::Right, DAY, &mut dice);
        }
        while program.at < end {
            program.enter(What::Wrong, 40 * SECOND, &mut dice);
        }
    }

    /// It signs in every five minutes. Its password ends with the others; after three hours somebody puts that right.
    fn directory_application(&mut self) {
        let mut dice = Dice::new(self.seed ^ 0xA8, self.number.into());
        let (begin, end) = (self.at(spread(&mut dice, 5 * MINUTE)), self.at(DAY));
        let wrong = if self.is_password_day() { self.at(8 * HOUR)..self.at(11 * HOUR) } else { 0..0 };
        let (who, way, from) = (Who::Application(1), Way::Axl, ip(10, 1, 2, 21));
        let mut program = Typist { who, way, from, at: begin, each: &mut *self.each };
        let mut was_wrong = false;
        while program.at < end {
            let is_wrong = wrong.contains(&program.at);
            if was_wrong && !is_wrong {
                program.enter(What::Reset, MINUTE, &mut dice);
            }
            program.enter(if is_wrong { What::Wrong } else { What::Right }, 5 * MINUTE, &mut dice);
            was_wrong = is_wrong;
        }
    }

    fn at(&self, into_day: i64) -> i64 {
        i64::from(self.number) * DAY + into_day
    }

    /// When somebody signs in: mostly at the beginning of his work, else at any time of it.
    fn moment(&self, hours: Hours, dice: &mut Dice) -> i64 {
        let begin = match hours {
            Hours::Office => 7 * HOUR + 30 * MINUTE,
            Hours::Late => 13 * HOUR + 30 * MINUTE,
            Hours::Night => 21 * HOUR,
        };
        // The sum of three is near the middle.
        let arrival = (0..3).map(|_| spread(dice, 40 * MINUTE)).sum::<i64>();
        let later = if dice.one_in(2) { 0 } else { spread(dice, 8 * HOUR) };
        self.at(begin + arrival + later)
    }
}

/// From 0 to `most`.
pub(super) fn spread(dice: &mut Dice, most: i64) -> i64 {
    i64::try_from(dice.below(most.unsigned_abs().max(1))).unwrap_or_default()
}

/// Somebody before a form, or a program.
pub(super) struct Typist<'a> {
    pub(super) who: Who,
    pub(super) way: Way,
    pub(super) from: u32,
    pub(super) at: i64,
    pub(super) each: &'a mut dyn FnMut(Attempt),
}

impl Typist<'_> {
    /// Enters something, and needs about `then` until the next.
    pub(super) fn enter(&mut self, what: What, then: i64, dice: &mut Dice) {
        (self.each)(Attempt { at: self.at, who: self.who, way: self.way, from: self.from, what });
        self.at += then - then / 8 + spread(dice, then / 4);
    }

    /// Somebody who knows it, with the slips of his hand. After one, people are careful, and a few are not.
    pub(super) fn signs_in(&mut self, clumsy: u64, dice: &mut Dice) {
        let mut slips = 0;
        while slips < 4 && dice.below(1_000) < clumsy {
            self.enter(What::Wrong, 9 * SECOND, dice);
            slips += 1;
        }
        self.enter(What::Right, MINUTE, dice);
    }

    /// Somebody who does not know it: tries what it could be, is locked out, calls the help desk or waits.
    fn has_forgotten(&mut self, clumsy: u64, dice: &mut Dice) {
        let tries = 2 + dice.below(3);
        (0..tries).for_each(|_| self.enter(What::Wrong, 20 * SECOND, dice));
        match dice.below(100) {
            // It comes back to mind.
            0..25 if tries == 2 => self.signs_in(clumsy, dice),
            0..55 => self.calls_help_desk(5 * MINUTE + spread(dice, 45 * MINUTE), clumsy, dice),
            55..85 => {
                self.at += 31 * MINUTE + spread(dice, HOUR);
                (0..1 + dice.below(2)).for_each(|_| self.enter(What::Wrong, 30 * SECOND, dice));
                if dice.one_in(2) {
                    self.signs_in(clumsy, dice);
                } else {
                    self.calls_help_desk(10 * MINUTE, clumsy, dice);
                }
            }
            // Tomorrow.
            _ => self.calls_help_desk(20 * HOUR, clumsy, dice),
        }
    }

    fn calls_help_desk(&mut self, after: i64, clumsy: u64, dice: &mut Dice) {
        self.at += after;
        self.enter(What::Reset, 2 * MINUTE, dice);
        self.signs_in(clumsy, dice);
    }
}
