//! What the last run left: the store, the engine's time line and accounts, and which SNMP engine we are.

use std::path::Path;

use super::clock::{self, Clock};
use super::snmpv3;
use crate::alert::Alert;
use crate::audit::AuditRecord;
use crate::catalogue::Catalogue;
use crate::config::Config;
use crate::engine::{AccountRecord, Engine, Node};
use crate::event::Realm;
use crate::store::{Bounds, Commit, DiskOptions, Durability, Fault, FaultKind, MemoryBackend, Opened, Store};
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

/// The engine with what the last run knew. Accounts beyond the table's capacity stay in the store; one that failed once, long ago, is
/// forgotten.
pub(crate) fn restored(config: &Config, catalogue: &Catalogue, store: &mut Store, now: Mono) -> Engine {
    let seed = std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), clock::wall().as_millis());
    let mut engine = Engine::new(config.settings.clone(), catalogue.families(), (seed, seed.rotate_left(32)));
    engine.begin(now);
    let mut skipped = 0;
    if let Ok(accounts) = store.load_accounts::<AccountRecord>() {
        skipped += accounts.skipped;
        let forgotten =
            |record: &AccountRecord| record.total <= 1 && record.is_over(engine.longest_window(&record.account), now);
        let (over, mut kept): (Vec<_>, Vec<_>) =
            accounts.records.into_iter().partition(|(_, record)| forgotten(record));
        let mut commit = Commit::new();
        over.iter().for_each(|(key, _)| commit.delete_account(key));
        if let Err(fault) = store.commit(commit, Durability::Later) {
            tracing::warn!("store: {fault}");
        }
        // The table may be smaller than the store: those with something open, then the newest.
        kept.sort_by_key(|(_, record)| (!record.is_pinned(), std::cmp::Reverse(record.last_failure())));
        skipped += kept.into_iter().map(|(_, r)| engine.restore_account(r)).filter(|ok| !ok).count();
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
