//! What a message means, as data: facility and alarm name (or OID) to which field holds the account, and whether it is a
//! failure, a success, a lock. Compiled at start for fast dispatch.
//!
//! Invariant: the severity is never part of the key; CUCM changes it when it does not know a parameter.

mod explain;
mod fields;
mod file;
mod load;
mod pattern;
mod prepare;
mod proof;
mod read;
mod relation;
mod zones;

pub use explain::{Considered, Explanation, Statement};
pub use read::Origin;
pub use zones::Zones;

use crate::event::Label;
use crate::verdict::Verdict;
use crate::wire::snmp::{Oid, TrapOid};

use file::{Entry, NotificationSaid, Pack};
use load::Source;

/// The shipped packs: name of the file, text.
const SHIPPED: [(&str, &str); 5] = [
    ("cucm.toml", include_str!("../../config/catalogue/cucm.toml")),
    ("unix.toml", include_str!("../../config/catalogue/unix.toml")),
    ("hpux.toml", include_str!("../../config/catalogue/hpux.toml")),
    ("mitel.toml", include_str!("../../config/catalogue/mitel.toml")),
    ("expressway.toml", include_str!("../../config/catalogue/expressway.toml")),
];

/// All packs, ready to be asked.
#[derive(Debug)]
pub struct Catalogue {
    packs: Vec<Pack>,
    /// Folded facility and alarm to pack and entry, sorted; entries of one alarm in the order of the file.
    index: Vec<(u64, Place)>,
    /// Folded alarm alone, for traps whose facility is not CUCM's.
    alarms: Vec<(u64, Place)>,
    /// Folded program to the entries about its text, in the same order.
    programs: Vec<(u64, Place)>,
    /// Entries about text of any program; each begins with a literal.
    any_program: Vec<Place>,
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

    /// The shipped packs, and these files (name and text), each in place of the shipped pack of the same name or added. The
    /// entries of the files are asked before the shipped ones, and their test lines must hold.
    ///
    /// # Errors
    /// Every problem of every file. Test lines are tried in each file in which nothing is wrong but unknown keys; what fails there may
    /// follow from a mistake in another file.
    pub fn with_files(files: &[(&str, &str)]) -> Result<Self, Vec<String>> {
        let mut problems = Vec::new();
        let (mut packs, mut own): (Vec<Pack>, Vec<&str>) = (Vec::new(), Vec::new());
        for (n, (name, text)) in files.iter().chain(&SHIPPED).enumerate() {
            let (pack, more) = Source::read(name, text);
            problems.extend(more);
            let Some(pack) = pack else { continue };
            if !packs.iter().any(|known| known.pack == pack.pack) {
                packs.push(pack);
                own.extend((n < files.len()).then_some(*name));
            } else if n < files.len() {
                problems.push(format!("{name}: pack {:?} is in another file, too", pack.pack));
            }
        }
        let catalogue = Self::compile(packs);
        let proofs = catalogue.packs.iter().zip(own);
        problems.extend(proofs.flat_map(|(pack, name)| catalogue.disproved(pack, name)));
        if problems.is_empty() { Ok(catalogue) } else { Err(problems) }
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

    fn compile(packs: Vec<Pack>) -> Self {
        let mut this = Self {
            packs: Vec::new(),
            index: Vec::new(),
            alarms: Vec::new(),
            programs: Vec::new(),
            any_program: Vec::new(),
            notifications: Vec::new(),
            zones: Zones::default(),
        };
        for (p, pack) in packs.iter().enumerate() {
            for (e, entry) in pack.entry.iter().enumerate() {
                let place = Place { pack: p, entry: e };
                for alarm in &entry.alarm {
                    this.index.extend(entry.facility.iter().map(|facility| (folded(facility, alarm), place)));
                    this.alarms.push((folded("", alarm), place));
                }
                this.programs.extend(entry.program.iter().map(|program| (folded("", program), place)));
                if entry.is_text() && entry.program.is_empty() {
                    this.any_program.push(place);
                }
            }
            let known = |entry: &file::NotificationEntry| Some((entry.oid.parse().ok()?, entry.meaning));
            this.notifications.extend(pack.notification.iter().filter_map(known));
        }
        this.index.sort_unstable();
        this.alarms.sort_unstable();
        this.programs.sort_unstable();
        this.packs = packs;
        this
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

    /// The entries about text of this program, then those about text of any.
    fn entries_of_text(&self, app: Option<&str>) -> impl Iterator<Item = (&Pack, &Entry)> {
        let program = program(app.unwrap_or_default());
        let found = if program.is_empty() { &[] } else { at(&self.programs, folded("", program)) };
        found
            .iter()
            .filter_map(|&(_, place)| self.entry(place))
            .filter(move |(_, entry)| entry.program.iter().any(|known| known.eq_ignore_ascii_case(program)))
            .chain(self.any_program.iter().filter_map(|&place| self.entry(place)))
    }

    fn entry(&self, place: Place) -> Option<(&Pack, &Entry)> {
        let pack = self.packs.get(place.pack)?;
        Some((pack, pack.entry.get(place.entry)?))
    }
}

/// `sshd` of `/usr/sbin/sshd`, `sshd(pam_unix)` and `sshd`.
fn program(app: &str) -> &str {
    let name = app.rsplit_once('/').map_or(app, |(_, name)| name);
    name.split_once('(').map_or(name, |(name, _)| name).trim_end_matches(':')
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
