//! The site that is played: one cluster, its nodes, and who works there. Everything about a person follows from the seed and the
//! number of the person.

use crate::dice::Dice;

/// Of all nodes and lines.
pub(crate) const CLUSTER: &str = "HQ-Cluster";
pub(super) const DOMAIN: &str = "example.test";
/// The publisher, four subscribers that check credentials, and IM and Presence.
pub(super) const NODES: [&str; 6] = ["cucm-pub", "cucm-sub1", "cucm-sub2", "cucm-sub3", "cucm-sub4", "imp-pub"];
pub(super) const PUBLISHER: usize = 0;
pub(super) const PRESENCE: usize = 5;
const SUBSCRIBERS: u64 = 4;
/// The administrators' accounts, of which an alert is raised one level.
pub(crate) const ADMINISTRATORS: [&str; 3] = ["ccmadministrator", "voiceadmin", "helpdesk-lead"];
/// Applications: one that opens CTI, one that reads by AXL.
pub(super) const APPLICATIONS: [&str; 2] = ["ctiapp", "axlsync"];
const SURNAMES: [&str; 24] = [
    "smith", "jones", "mueller", "rossi", "garcia", "silva", "novak", "kowalski", "dubois", "jansen", "larsen",
    "virtanen", "sato", "wang", "kim", "nguyen", "patel", "khan", "okafor", "mensah", "cohen", "yilmaz", "haddad",
    "brown",
];

/// Whose account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Who {
    Person(u32),
    Administrator(u8),
    Application(u8),
}

impl Who {
    /// The name that is typed.
    pub(crate) fn name(self) -> String {
        let of = |names: &[&str], n: u8| names.get(usize::from(n)).map_or_else(String::new, |name| (*name).to_owned());
        match self {
            Self::Person(n) => {
                let letter = char::from(b'a' + u8::try_from(n / 24 % 26).unwrap_or_default());
                let surname = SURNAMES.get(n as usize % SURNAMES.len()).unwrap_or(&"doe");
                format!("{letter}{surname}{:02}", n / (24 * 26))
            }
            Self::Administrator(n) => of(&ADMINISTRATORS, n),
            Self::Application(n) => of(&APPLICATIONS, n),
        }
    }

    /// The subscriber that checks this account's credentials.
    pub(super) fn node(self) -> usize {
        match self {
            Self::Person(n) => 1 + (u64::from(n) % SUBSCRIBERS) as usize,
            Self::Administrator(_) => PUBLISHER,
            Self::Application(n) => 1 + usize::from(n),
        }
    }
}

/// When somebody works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hours {
    Office,
    Late,
    Night,
}

/// How somebody signs in, day after day.
#[derive(Clone, Copy, Debug)]
pub(super) struct Person {
    /// Wrong entries in a thousand.
    pub(super) clumsy: u64,
    pub(super) hours: Hours,
    /// Sign-ins on ten working days.
    pub(super) in_ten_days: u64,
    /// Of ten sign-ins, those at a telephone, and those to the client; the rest in a browser.
    pub(super) at_phone: u64,
    pub(super) by_client: u64,
    /// IPv4.
    pub(super) address: u32,
}

impl Person {
    pub(super) fn of(seed: u64, n: u32) -> Self {
        let mut dice = Dice::new(seed ^ 0x5EED_9E09, n.into());
        let clumsy = if dice.one_in(10) { 40 + dice.below(60) } else { 6 + dice.below(16) };
        let hours = match dice.below(100) {
            0..85 => Hours::Office,
            85..95 => Hours::Late,
            _ => Hours::Night,
        };
        let (in_ten_days, at_phone, by_client) = match dice.below(100) {
            // Most sign in when something has changed: a new desk, a new client.
            0..50 => (2, 3, 5),
            50..85 => (10, 2, 6),
            // A shared desk, a call centre: at the telephone, several times a day.
            _ => (20 + dice.below(20), 9, 1),
        };
        let address = match dice.below(100) {
            // Desks behind a terminal server, and people outside, whose client comes through the edge.
            0..2 => ip(10, 9, 0, 1 + dice.below(5)),
            2..5 => ip(10, 8, 0, 1 + dice.below(2)),
            _ => ip(10, 16, 0, 0) + n,
        };
        Self { clumsy, hours, in_ten_days, at_phone, by_client, address }
    }
}

pub(super) fn ip(a: u8, b: u8, c: u8, d: u64) -> u32 {
    u32::from_be_bytes([a, b, c, u8::try_from(d % 256).unwrap_or_default()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_person_has_a_name_of_his_own() {
        let names: BTreeSet<String> = (0..20_000).map(|n| Who::Person(n).name()).collect();
        assert_eq!(names.len(), 20_000);
    }
}
