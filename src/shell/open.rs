//! What the last run left: the store, the engine's time line and accounts, and which SNMP engine we are.

use super::clock::{self, Clock};
use super::snmpv3;
use crate::alert::Alert;
use crate::audit::AuditRecord;
use crate::catalogue::Catalogue;
use crate::config::Config;
use crate::engine::{AccountRecord, Engine, Node};
use crate::event::Realm;
use crate::store::{Bounds, Commit, DiskOptions, Durability, FaultKind, MemoryBackend, Opened, Store};
use crate::units::Mono;
use crate::usm::{LocalEngine, MAXIMUM};

/// Records of the audit log that a controller may send again when we connect to it.
const AUDIT_KNOWN: usize = 512;

/// What was found when the store was opened.
pub(crate) struct Opening {
    pub(crate) store: Store,
    pub(crate) on_disk: bool,
    /// It holds what was written last.
    is_whole: bool,
    pub(crate) faults: Vec<String>,
}

/// Opens the store; one that cannot be opened is no reason not to start.
pub(crate) fn open_store(config: &Config) -> Result<Opening, String> {
    let path = &config.store.path;
    let options = DiskOptions { max_mb: config.store.max_bytes / 1_000_000, ..DiskOptions::default() };
    let bounds = Bounds { audit: config.audit.records, ..Bounds::default() };
    match Store::open_disk(path, options, bounds) {
        Ok((store, opened)) => {
            let is_whole = matches!(opened, Opened::Fresh | Opened::Existing);
            let fault = match opened {
                Opened::Fresh | Opened::Existing => None,
                Opened::FellBack { syncs } => Some(format!(
                    "store: the last {syncs} syncs in {} are damaged; what was before them is used",
                    path.display()
                )),
                Opened::SetAside { kept_as, why } => Some(format!(
                    "store: {} could not be read ({why}); it is kept as {}, and a new one is used",
                    path.display(),
                    kept_as.display()
                )),
            };
            Ok(Opening { store, on_disk: true, is_whole, faults: fault.into_iter().collect() })
        }
        Err(fault) if fault.kind == FaultKind::Locked => Err(format!(
            "store: {}: another lockwarden uses this store; end it, or set store.path to another directory",
            path.display()
        )),
        Err(fault) => {
            let text = format!(
                "store: {}: {fault}; alerts and counters are kept in memory until the next start. Make the directory writable \
                 for this user, or set store.path",
                path.display()
            );
            let store = Store::open(Box::new(MemoryBackend::default()), bounds);
            let store = store.map_err(|fault| format!("store in memory: {fault}"))?;
            Ok(Opening { store, on_disk: false, is_whole: true, faults: vec![text] })
        }
    }
}

/// Our SNMP engine in this run.
pub(crate) fn local_engine(
    config: &Config,
    opening: &mut Opening,
    clock: Clock,
    problems: &mut Vec<String>,
) -> LocalEngine {
    let fixed = config.traps.engine_id.as_deref();
    let local = snmpv3::start(fixed, opening.is_whole, &mut opening.store, clock.now()).unwrap_or_else(|fault| {
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
