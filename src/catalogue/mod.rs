//! What a message means, as data: facility and alarm name (or OID) to which field holds the account, and whether it is a
//! failure, a success, a lock. Compiled at start for fast dispatch.
//!
//! Invariant: the severity is never part of the key; CUCM changes it when it does not know a parameter.

mod fields;
mod file;
mod read;
mod zones;

pub use read::Origin;
pub use zones::Zones;

use crate::event::Label;
use crate::verdict::Verdict;
use crate::wire::snmp::{Oid, TrapOid};

use file::{Entry, NotificationSaid, Pack, Said};

const CUCM: &str = include_str!("../../config/catalogue/cucm.toml");

/// All packs, ready to be asked.
#[derive(Debug)]
pub struct Catalogue {
    packs: Vec<Pack>,
    /// Folded facility and alarm to pack and entry, sorted; entries of one alarm in the order of the file.
    index: Vec<(u64, Place)>,
    /// Folded alarm alone, for traps whose facility is not CUCM's.
    alarms: Vec<(u64, Place)>,
    notifications: Vec<(Oid, NotificationSaid)>,
    /// For times that name no zone.
    zones: Zones,
}

/// Where an entry stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    pack: usize,
    entry: usize,
}

impl Catalogue {
    /// The shipped packs.
    ///
    /// # Errors
    /// Says what is wrong with a shipped file; a test shows that nothing is.
    pub fn shipped() -> Result<Self, Vec<String>> {
        Self::with_files(&[])
    }

    /// The shipped packs, and these files (name and text), each replacing the shipped pack of the same name or added.
    ///
    /// # Errors
    /// Every problem of every file.
    pub fn with_files(files: &[(&str, &str)]) -> Result<Self, Vec<String>> {
        let mut problems = Vec::new();
        let mut packs: Vec<Pack> = Vec::new();
        for (name, text) in core::iter::once(("cucm.toml (shipped)", CUCM)).chain(files.iter().copied()) {
            match toml::from_str::<Pack>(text) {
                Ok(pack) => {
                    problems.extend(pack.problems().map(|problem| format!("{name}: {problem}")));
                    packs.retain(|known| known.pack != pack.pack);
                    packs.push(pack);
                }
                Err(error) => problems.push(format!("{name}: {error}")),
            }
        }
        if problems.is_empty() { Ok(Self::compile(packs)) } else { Err(problems) }
    }

    /// The same with the zones of nodes, for times that name none; without it they are taken as UTC.
    #[must_use]
    pub fn with_zones(self, zones: Zones) -> Self {
        Self { zones, ..self }
    }

    /// The names of all families, for evidence.
    pub fn families(&self) -> impl Iterator<Item = Label> + '_ {
        self.packs.iter().flat_map(|pack| &pack.entry).map(|entry| Label::from_wire(&entry.family))
    }

    /// What a notification means by its OID alone; `None` if the catalogue does not speak of it.
    #[must_use]
    pub fn notification(&self, oid: TrapOid<'_>) -> Option<Verdict> {
        let (_, said) = self.notifications.iter().find(|(prefix, _)| oid.starts_with(prefix.sub_ids()))?;
        Some(match said {
            NotificationSaid::Health => Verdict::Health,
            NotificationSaid::Never => Verdict::NeverCounted,
        })
    }

    fn compile(mut packs: Vec<Pack>) -> Self {
        packs.iter_mut().for_each(Pack::know_all_fields);
        let mut index = Vec::new();
        let mut alarms = Vec::new();
        let mut notifications = Vec::new();
        for (p, pack) in packs.iter().enumerate() {
            for (e, entry) in pack.entry.iter().enumerate() {
                let place = Place { pack: p, entry: e };
                for alarm in &entry.alarm {
                    index.extend(entry.facility.iter().map(|facility| (folded(facility, alarm), place)));
                    alarms.push((folded("", alarm), place));
                }
            }
            let known = |entry: &file::NotificationEntry| Some((entry.oid.parse().ok()?, entry.meaning));
            notifications.extend(pack.notification.iter().filter_map(known));
        }
        index.sort_unstable();
        alarms.sort_unstable();
        Self { packs, index, alarms, notifications, zones: Zones::default() }
    }

    /// The entries of this alarm, in the order of the file.
    fn entries(&self, facility: &str, alarm: &str) -> impl Iterator<Item = (&Pack, &Entry)> {
        let found = at(&self.index, folded(facility, alarm));
        found.iter().filter_map(|&(_, place)| self.entry(place)).filter(move |(_, entry)| {
            entry.facility.iter().any(|f| f.eq_ignore_ascii_case(facility.trim()))
                && entry.alarm.iter().any(|a| a.eq_ignore_ascii_case(alarm.trim()))
        })
    }

    /// The entries of this alarm in any facility.
    fn entries_of_alarm(&self, alarm: &str) -> impl Iterator<Item = (&Pack, &Entry)> {
        let found = at(&self.alarms, folded("", alarm));
        found
            .iter()
            .filter_map(|&(_, place)| self.entry(place))
            .filter(move |(_, entry)| entry.alarm.iter().any(|a| a.eq_ignore_ascii_case(alarm.trim())))
    }

    fn entry(&self, place: Place) -> Option<(&Pack, &Entry)> {
        let pack = self.packs.get(place.pack)?;
        Some((pack, pack.entry.get(place.entry)?))
    }
}

impl Pack {
    /// Every parameter that any entry names ends the value before it, in a message without brackets.
    fn know_all_fields(&mut self) {
        let lists =
            self.entry.iter().flat_map(|e| [&e.account, &e.source, &e.interface, &e.unlock_s, &e.failures, &e.text]);
        let conditions = self.entry.iter().flat_map(|e| &e.when).map(|c| c.field.as_slice());
        let named = lists.map(Vec::as_slice).chain(conditions).chain([self.node.as_slice(), self.cluster.as_slice()]);
        let named: Vec<String> = named.flatten().cloned().collect();
        self.fields.extend(named);
        self.fields.sort_unstable();
        self.fields.dedup();
    }

    fn problems(&self) -> impl Iterator<Item = String> + '_ {
        let entries = self.entry.iter().flat_map(|entry| entry.problems().map(|p| format!("{}: {p}", entry.family)));
        let oids = self.notification.iter().filter(|n| n.oid.parse::<Oid>().is_err());
        entries
            .chain(oids.map(|n| format!("oid = {:?}: not an object identifier such as \"1.3.6.1.6.3.1.1.5.5\"", n.oid)))
    }
}

impl Entry {
    fn problems(&self) -> impl Iterator<Item = &'static str> {
        let speaks_of_account =
            matches!(self.meaning, Said::Failure | Said::Lockout | Said::Success | Said::Unlock | Said::Logout);
        let carries = matches!(self.meaning, Said::CarriesLine | Said::CarriesFailures);
        [
            (self.facility.is_empty(), "facility: at least one is needed"),
            (self.alarm.is_empty(), "alarm: at least one is needed"),
            (speaks_of_account && self.account.is_empty(), "account: this meaning needs the field that holds it"),
            (carries && self.text.is_empty(), "text: this meaning needs the field that carries the other message"),
            (
                self.meaning == Said::CarriesFailures && self.carries_as.is_none(),
                "carries-as: this meaning needs the family of what is carried",
            ),
            (self.reason.is_some() && self.meaning != Said::Lockout, "reason: only a lockout has one"),
            (
                self.when
                    .iter()
                    .any(|c| c.is.is_empty() && c.contains.is_empty() && c.lacks.is_empty() && c.code.is_empty()),
                "when: a condition needs `is`, `contains`, `lacks` or `code`",
            ),
        ]
        .into_iter()
        .filter_map(|(wrong, text)| wrong.then_some(text))
    }
}

/// All entries with this key.
fn at(sorted: &[(u64, Place)], key: u64) -> &[(u64, Place)] {
    let start = sorted.partition_point(|&(k, _)| k < key);
    let rest = sorted.get(start..).unwrap_or_default();
    let len = rest.partition_point(|&(k, _)| k == key);
    rest.get(..len).unwrap_or_default()
}

/// One number for a facility and an alarm, whatever their case. Collisions are told apart by comparing the names.
fn folded(facility: &str, alarm: &str) -> u64 {
    let facility = facility.trim().bytes();
    let alarm = alarm.trim().bytes();
    facility
        .chain(core::iter::once(0))
        .chain(alarm)
        .fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b.to_ascii_lowercase())).wrapping_mul(0x0000_0100_0000_01b3))
}
