//! What the last run left: the store, the engine's time line and accounts, and which SNMP engine we are.

use std::collections::BTreeSet;
use std::path::Path;

use super::clock::{self, Clock};
use super::snmpv3;
use crate::alert::Alert;
use crate::audit::AuditRecord;
use crate::board::HOT_ACCOUNTS;
use crate::catalogue::Catalogue;
use crate::config::Config;
use crate::engine::{AccountRecord, Day, DayGlance, Engine, Front, Glance, IDLE_ACCOUNTS, Node, Switcher};
use crate::event::Realm;
use crate::store::{Bounds, Commit, DiskOptions, Durability, Fault, FaultKind, Loaded, MemoryBackend, Opened, Store};
use crate::units::Mono;
use crate::usm::{LocalEngine, MAXIMUM};

/// Records of the audit log that a controller may send again when we connect to it.
const AUDIT_KNOWN: usize = 512;

/// What was found when the store was opened.
pub(crate) struct Opening {
    pub(crate) store: Store,
    /// Why it is in memory for now.
    pub(crate) outage: Option<Fault>,
    /// It holds what was written last, and what is written now stays.
    is_whole: bool,
    /// What stays true until the next start.
    pub(crate) faults: Vec<String>,
}

/// Opens the store; one that cannot be opened is no reason not to start.
pub(crate) fn open_store(config: &Config) -> Result<Opening, String> {
    let path = &config.store.path;
    let options = DiskOptions { max_bytes: config.store.max_bytes, ..DiskOptions::default() };
    let bounds = Bounds { audit: config.audit.records, ..Bounds::default() };
    let at = path.display();
    match Store::open_disk(path, options, bounds) {
        Ok((store, opened)) => {
            let is_whole = matches!(opened, Opened::Fresh | Opened::Existing);
            let (fault, outage) = match opened {
                Opened::Fresh | Opened::Existing => (None, None),
                Opened::FellBack { syncs } => (
                    Some(format!("store: the last {syncs} syncs in {at} are damaged; what was before them is used")),
                    None,
                ),
                Opened::Salvaged { missing } => (Some(salvaged(path, missing)), None),
                Opened::SetAside { kept_as, why } => (Some(set_aside(path, &kept_as, &why)), None),
                Opened::InMemory { why, is_known: true } => (None, Some(why)),
                Opened::InMemory { why, is_known: false } => {
                    let unknown = path.join("db").exists().then(|| {
                        format!("store: what {at} holds could not be read at the start; this run began without it")
                    });
                    (unknown, Some(why))
                }
            };
            Ok(Opening { store, outage, is_whole, faults: fault.into_iter().collect() })
        }
        Err(fault) if fault.kind == FaultKind::Locked => Err(format!(
            "store: {at}: another lockwarden uses this store; end it, or set store.path to another directory"
        )),
        // A store that is in the way and cannot be moved away. Beside it nothing can be written.
        Err(fault) => {
            let text = format!("store: {at}: {fault}; alerts and counters are kept in memory until the next start");
            let store = Store::open(Box::new(MemoryBackend::default()), bounds);
            let store = store.map_err(|fault| format!("store in memory: {fault}"))?;
            Ok(Opening { store, outage: None, is_whole: true, faults: vec![text] })
        }
    }
}

fn salvaged(path: &Path, missing: u64) -> String {
    let missing = if missing == 0 { "records".to_owned() } else { format!("{missing} records are missing; others") };
    format!("store: {} was damaged: {missing} may be older than they were; what could be read is used", path.display())
}

fn set_aside(path: &Path, kept_as: &Path, why: &str) -> String {
    format!(
        "store: {} could not be read ({why}); it is kept as {}, and a new one is used",
        path.display(),
        kept_as.display()
    )
}

/// Our SNMP engine in this run.
pub(crate) fn local_engine(
    config: &Config,
    opening: &mut Opening,
    clock: Clock,
    problems: &mut Vec<String>,
) -> LocalEngine {
    let fixed = config.traps.engine_id.as_deref();
    let durability = if opening.outage.is_some() { Durability::Later } else { Durability::Now };
    let kept = snmpv3::start(fixed, opening.is_whole, (&mut opening.store, durability), clock.now());
    let local = kept.unwrap_or_else(|fault| {
        problems.push(format!("store: {fault}; SNMPv3 senders will have to learn a new engine id at the next start"));
        snmpv3::unkept(fixed, clock.now())
    });
    if local.boots() >= MAXIMUM {
        problems.push(format!(
            "engine {}: its boots are used up, so no authenticated SNMPv3 message is taken any more; set traps.engine-id to another id",
            local.id()
        ));
    }
    local
}

/// Gives the engine the accounts that it has room for, and says which others the store has; one that failed once, long ago, is forgotten.
/// Returns how many records could not be read.
fn restore_accounts(engine: &mut Engine, store: &mut Store, now: Mono) -> usize {
    let Ok(accounts) = store.load_accounts::<Glance>() else { return 0 };
    let days = store.load_days::<DayGlance>().unwrap_or(Loaded { records: Vec::new(), skipped: 0 });
    let mut skipped = accounts.skipped + days.skipped;
    let open: BTreeSet<Vec<u8>> = days.records.into_iter().filter(|(_, day)| day.is_open).map(|(key, _)| key).collect();
    let is_over = |key: &Vec<u8>, glance: &Glance| {
        !open.contains(key) && glance.is_over(|account| engine.longest_window(account), now)
    };
    let (mut over, mut kept): (Vec<_>, Vec<_>) =
        accounts.records.into_iter().partition(|(key, glance)| is_over(key, glance));
    // The table may be smaller than the store: those with something open, then the newest.
    kept.sort_by_cached_key(|(key, glance)| {
        (!glance.is_pinned && !open.contains(key), std::cmp::Reverse(glance.last_failure))
    });
    over.extend(kept.split_off((HOT_ACCOUNTS + IDLE_ACCOUNTS).min(kept.len())));
    let mut commit = Commit::new();
    over.iter().for_each(|(key, _)| commit.delete_account(key));
    if let Err(fault) = store.commit(commit, Durability::Later) {
        tracing::warn!("store: {fault}");
    }
    let idle = kept.split_off(HOT_ACCOUNTS.min(kept.len()));
    // Those that are forgotten first are the oldest.
    idle.into_iter().rev().for_each(|(key, _)| engine.restore_idle(key));
    for (key, _) in kept {
        let record = store.account::<AccountRecord>(&key).ok().flatten();
        let day = || store.day::<Day>(&key).ok().flatten().unwrap_or_default();
        let restored = record.map(|record| engine.restore_account(record.with_day(day())));
        skipped += usize::from(restored == Some(false));
    }
    skipped
}

/// The engine with what the last run knew.
pub(crate) fn restored(config: &Config, catalogue: &Catalogue, store: &mut Store, now: Mono) -> Engine {
    let seed = std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), clock::wall().as_millis());
    let mut engine = Engine::new(config.settings.clone(), catalogue.families(), (seed, seed.rotate_left(32)));
    engine.begin(now);
    let mut skipped = restore_accounts(&mut engine, store, now);
    if let Ok(fronts) = store.load_fronts::<Front>() {
        skipped += fronts.skipped;
        let mut commit = Commit::new();
        for (key, front) in fronts.records {
            if !engine.restore_front(&key, front) {
                commit.delete_front(&key);
            }
        }
        if let Err(fault) = store.commit(commit, Durability::Later) {
            tracing::warn!("store: {fault}");
        }
    }
    if let Ok(switchers) = store.load_switchers::<Switcher>() {
        skipped += switchers.skipped;
        switchers.records.into_iter().for_each(|(_, switcher)| engine.restore_switcher(switcher));
    }
    if let Ok(nodes) = store.load_nodes::<Node>() {
        skipped += nodes.skipped;
        nodes.records.into_iter().for_each(|(_, node)| engine.restore_node(node, now));
    }
    if let Ok(alerts) = store.load_open_alerts::<Alert>() {
        skipped += alerts.skipped;
        alerts.records.into_iter().for_each(|(_, alert)| engine.restore_alert(alert, now));
    }
    engine.resume_audit(store.last_audit() + 1, config.audit.records);
    if let Ok(audit) = store.load_audit::<AuditRecord>(u64::MAX, AUDIT_KNOWN) {
        skipped += audit.skipped;
        let of_controllers = audit.records.iter().map(|(_, record)| record).filter(|r| r.realm == Realm::Mitel);
        of_controllers.for_each(|record| engine.restore_audit(record));
    }
    if skipped > 0 {
        tracing::warn!("store: {skipped} records were not taken back");
    }
    engine
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::path::PathBuf;

    use super::*;
    use crate::alert::tests::complete;

    /// A directory that goes with its test.
    struct Place(PathBuf);

    impl Place {
        fn new(name: &str) -> Self {
            let place = Self(std::env::temp_dir().join(format!("lockwarden-open-{}-{name}", std::process::id())));
            fs::create_dir_all(&place.0).unwrap();
            place
        }

        fn open(&self, name: &str) -> Opening {
            let text = format!("[store]\npath = \"{}\"\n", self.0.join(name).display());
            open_store(&Config::parse("lockwarden.toml", &text).unwrap()).unwrap()
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            let _left_behind = fs::remove_dir_all(&self.0);
        }
    }

    /// Numbers that look random and are the same in every run.
    struct Numbers(u64);

    impl Numbers {
        fn below(&mut self, bound: u64) -> u64 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            self.0 % bound.max(1)
        }
    }

    const SYNCS: u64 = 8;
    const EACH: u64 = 60;

    /// Eight syncs with sixty accounts, an alert and its outbox entry each.
    fn filled(place: &Place) {
        let mut store = place.open("whole").store;
        store.register_sinks(&["mqtt"]).unwrap();
        for sync in 0..SYNCS {
            let mut commit = Commit::new();
            for n in sync * EACH..(sync + 1) * EACH {
                commit.put_account(format!("user-{n:04}").as_bytes(), &(n, "x".repeat(200))).unwrap();
            }
            let id = format!("hq.lockout.{sync}");
            commit.put_open_alert(&id, &complete()).unwrap();
            commit.append(&id, &complete()).unwrap();
            store.commit(commit, Durability::Now).unwrap();
        }
    }

    fn copied(from: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap().flatten() {
            let to = to.join(entry.file_name());
            if entry.path().is_dir() { copied(&entry.path(), &to) } else { _ = fs::copy(entry.path(), to).unwrap() }
        }
    }

    /// Cuts, flips, zeroes or removes something; says what.
    fn damaged(store: &Path, numbers: &mut Numbers) -> String {
        let is_file = |entry: &fs::DirEntry| entry.path().is_file();
        let files = fs::read_dir(store).unwrap().flatten().filter(is_file).map(|entry| entry.path());
        let mut files: Vec<PathBuf> = files.filter(|path| !path.ends_with("ballast")).collect();
        files.sort();
        // Half of all damage is in the records themselves.
        let chosen = numbers.below(2 * u64::try_from(files.len()).unwrap());
        let file = files.get(usize::try_from(chosen).unwrap()).cloned().unwrap_or_else(|| store.join("db"));
        let mut bytes = fs::read(&file).unwrap();
        let at = numbers.below(u64::try_from(bytes.len()).unwrap());
        let place = usize::try_from(at).unwrap();
        let way = numbers.below(4);
        match way {
            0 => bytes.truncate(place),
            1 => bytes.iter_mut().skip(place).take(1).for_each(|byte| *byte ^= 1 << (at % 8)),
            2 => bytes.iter_mut().skip(place / 4096 * 4096).take(4096).for_each(|byte| *byte = 0),
            _ => {}
        }
        if way == 3 {
            fs::remove_file(&file).unwrap()
        } else {
            fs::write(&file, bytes).unwrap()
        }
        let what = ["cut", "flipped", "zeroed", "missing"][usize::try_from(way).unwrap()];
        format!("{what} at {at} in {}", file.file_name().unwrap().display())
    }

    #[test]
    fn a_hundred_of_a_hundred_damaged_stores_open_and_what_is_lost_is_said() {
        let place = Place::new("damaged");
        filled(&place);
        let (mut whole, mut told) = (0, 0);
        for seed in 1..=100_u64 {
            let name = format!("store-{seed}");
            let store = place.0.join(&name);
            copied(&place.0.join("whole"), &store);
            let mut numbers = Numbers(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            let case = format!("{seed}: {}", damaged(&store, &mut numbers));
            let Opening { mut store, outage, faults, .. } = place.open(&name);
            assert_eq!(outage, None, "{case}");
            let accounts = store.load_accounts::<(u64, String)>().unwrap();
            let alerts = store.load_open_alerts::<Alert>().unwrap().records.len();
            let entries = store.read_from::<Alert>(0, 99).unwrap().len();
            let known: Vec<u64> = accounts.records.iter().map(|(_, (n, _))| *n).collect();
            assert_eq!(accounts.skipped, 0, "{case}");
            // A sync is there as a whole, with all before it, or not at all.
            let syncs = u64::try_from(alerts).unwrap();
            assert_eq!(known, (0..syncs * EACH).collect::<Vec<_>>(), "{case}: {faults:?}");
            assert_eq!(entries, alerts, "{case}: {faults:?}");
            if syncs == SYNCS {
                whole += 1
            } else {
                told += 1
            }
            // Damage to the note beside the store is taken for damage to the store.
            let is_told = !faults.is_empty() || syncs == SYNCS;
            assert!(
                is_told && (case.ends_with("generation") || faults.is_empty() == (syncs == SYNCS)),
                "{case}: {faults:?}"
            );
            // It works from here on, and the next start finds it so.
            let mut commit = Commit::new();
            commit.put_account(b"after", &(0u64, String::new())).unwrap();
            store.commit(commit, Durability::Now).unwrap();
            drop(store);
            let again = place.open(&name);
            assert_eq!((again.faults, again.outage), (vec![], None), "{case}");
            assert_eq!(again.store.account(b"after").unwrap(), Some((0u64, String::new())), "{case}");
            drop(again.store);
            fs::remove_dir_all(place.0.join(&name)).unwrap();
        }
        println!("{whole} opened with everything, {told} with less, and said so");
        assert!(whole >= 20 && told >= 20, "{whole} whole, {told} told");
    }

    #[test]
    fn a_store_that_cannot_be_written_is_read_and_written_when_it_can() {
        let place = Place::new("blocked");
        filled(&place);
        let store = place.0.join("whole");
        // A directory where the count of attempts belongs fails every user, root too.
        fs::create_dir(store.join("opening")).unwrap();
        let Opening { store: mut blocked, outage, faults, .. } = place.open("whole");
        assert!(outage.is_some());
        assert_eq!(faults, <[String; 0]>::default());
        assert_eq!(blocked.load_accounts::<(u64, String)>().unwrap().records.len(), 480);
        let mut commit = Commit::new();
        commit.put_account(b"during", &(1u64, String::new())).unwrap();
        assert!(blocked.commit(commit, Durability::Now).is_err());
        fs::remove_dir(store.join("opening")).unwrap();
        blocked.sync().unwrap();
        drop(blocked);
        let Opening { store: again, faults, .. } = place.open("whole");
        assert_eq!(faults, <[String; 0]>::default());
        assert_eq!(again.load_accounts::<(u64, String)>().unwrap().records.len(), 481);
    }

    #[test]
    fn a_directory_that_is_removed_while_in_use_is_noticed_and_written_again() {
        let place = Place::new("removed");
        filled(&place);
        let Opening { mut store, .. } = place.open("whole");
        store.check().unwrap();
        fs::remove_dir_all(place.0.join("whole")).unwrap();
        let noticed = store.check().unwrap_err().to_string();
        let path = place.0.join("whole/db");
        assert_eq!(noticed, format!("cannot find the store: {} was removed while it was in use", path.display()));
        store.sync().unwrap();
        assert!(File::open(&path).is_ok());
        drop(store);
        let Opening { store, faults, .. } = place.open("whole");
        assert_eq!((faults, store.load_accounts::<(u64, String)>().unwrap().records.len()), (vec![], 480));
    }
}
