//! `lockwarden run`: starts the parts in order, waits for a signal, ends them in order.
//!
//! What cannot be started is said in one clear line and makes the service degraded; it ends only if nothing is left to listen on.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{Notify, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::clock::{self, Clock};
use super::health::{Health, SinkState};
use super::keeper::{Keeper, KeeperHandle};
use super::listen::{Bound, Input};
use super::mqtt::LinkState;
use super::nms::ReceiverState;
use super::receive::{self, PathHandle, Question};
use super::{control, listen, log, sinks, snmpv3};
use crate::alert::Alert;
use crate::catalogue::Catalogue;
use crate::config::{Broker, Config};
use crate::engine::{AccountRecord, Engine, Node};
use crate::path::{Doors, Path};
use crate::store::{Bounds, Commit, DiskOptions, Durability, MemoryBackend, Opened, Store};
use crate::units::Mono;
use crate::usm::{self, Receiver};

/// How long the sinks may take to end.
const DRAIN: Duration = Duration::from_secs(5);
/// The published `health` is looked at this often; it is sent when it has changed.
const HEALTH_EVERY: Duration = Duration::from_secs(30);

/// Runs until SIGTERM or SIGINT. `said` gets the lines for the person who started it.
///
/// # Errors
/// Says why nothing could be started, and what to do.
pub(crate) fn run(config: &Config, catalogue: Catalogue, said: &mut dyn FnMut(&str)) -> Result<(), String> {
    log::start(config.log_level);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("the system gives no event queue: {error}"))?;
    runtime.block_on(async {
        // First of all: from the first line that is said on, a signal ends the service in order.
        let signals = Signals::listen()?;
        let mut problems = Vec::new();
        let sockets = sockets(config, &mut problems)?;
        let mut opening = open_store(config)?;
        for fault in &opening.faults {
            tracing::error!("{fault}");
            said(&format!("DEGRADED: {fault}"));
        }
        let no_broker = start_broker(config);
        let sinks = Sinks::register(config, &mut opening.store, &mut problems);
        let running = start(config, catalogue, sockets, opening, &sinks, &mut problems)?;
        serve(config, running, sinks, no_broker, (problems, signals), said).await
    })
}

fn sockets(config: &Config, problems: &mut Vec<String>) -> Result<Vec<Bound>, String> {
    let (sockets, unbound) = listen::bind_all(config);
    if sockets.is_empty() {
        return Err(format!("nothing is left to listen on\n{}", unbound.join("\n")));
    }
    problems.extend(unbound);
    Ok(sockets)
}

/// What was found when the store was opened.
struct Opening {
    store: Store,
    on_disk: bool,
    /// It holds what was written last.
    is_whole: bool,
    faults: Vec<String>,
}

/// Opens the store; one that cannot be opened is no reason not to start.
fn open_store(config: &Config) -> Result<Opening, String> {
    let path = &config.store.path;
    let options = DiskOptions { max_mb: config.store.max_bytes / 1_000_000, ..DiskOptions::default() };
    match Store::open_disk(path, options, Bounds::default()) {
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
        Err(fault) if fault.kind == crate::store::FaultKind::Locked => Err(format!(
            "store: {}: another lockwarden uses this store; end it, or set store.path to another directory",
            path.display()
        )),
        Err(fault) => {
            let text = format!(
                "store: {}: {fault}; alerts and counters are kept in memory until the next start. Make the directory writable \
                 for this user, or set store.path",
                path.display()
            );
            let store = Store::open(Box::new(MemoryBackend::default()), Bounds::default());
            let store = store.map_err(|fault| format!("store in memory: {fault}"))?;
            Ok(Opening { store, on_disk: false, is_whole: true, faults: vec![text] })
        }
    }
}

#[cfg(feature = "embedded-broker")]
fn start_broker(config: &Config) -> Option<String> {
    use super::mqtt::{EmbeddedBroker, EmbeddedSettings};
    if config.mqtt.broker != Broker::Embedded {
        return None;
    }
    let embedded = &config.mqtt.embedded;
    let users = match sinks::mqtt::embedded_users(&embedded.users) {
        Ok(users) => users,
        Err(problem) => return Some(problem),
    };
    match EmbeddedBroker::start(EmbeddedSettings { listen: embedded.listen, users }) {
        Ok(broker) => {
            // It lives as long as the process.
            Box::leak(Box::new(broker));
            None
        }
        Err(problem) => Some(format!("mqtt.embedded: {problem}")),
    }
}

#[cfg(not(feature = "embedded-broker"))]
fn start_broker(config: &Config) -> Option<String> {
    (config.mqtt.broker == Broker::Embedded)
        .then(|| "mqtt.broker = \"embedded\": this build has no broker; name one: broker = \"mqtt://host:1883\"".into())
}

/// Which sinks there are, and at which outbox number each begins.
struct Sinks {
    mqtt: Option<(super::mqtt::Options, u64)>,
    nms: Vec<(super::nms::Receiver, Arc<str>, u64)>,
    /// All that are configured, started or not.
    names: Vec<Arc<str>>,
}

impl Sinks {
    /// A sink that the store knows goes on after what it has, a new one begins at the end.
    fn register(config: &Config, store: &mut Store, problems: &mut Vec<String>) -> Self {
        let mqtt = sinks::mqtt::options(config).unwrap_or_else(|problem| {
            problems.push(problem);
            None
        });
        let nms_names = sinks::nms::names(&config.nms);
        // A sink that cannot be started now keeps its place: what is for it waits.
        let mqtt_name = (config.mqtt.broker != Broker::None).then(|| Arc::from(sinks::mqtt::NAME));
        let names: Vec<Arc<str>> = mqtt_name.into_iter().chain(nms_names.iter().cloned()).collect();
        let all: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
        if let Err(fault) = store.register_sinks(&all) {
            problems.push(format!("store: {fault}"));
        }
        let first = |name: &str| store.cursor(name).unwrap_or_else(|| store.last_seq()) + 1;
        problems.extend(mqtt.iter().flat_map(sinks::mqtt::missing_files));
        let mut nms = Vec::new();
        for (receiver, name) in config.nms.iter().map(sinks::nms::receiver).zip(nms_names) {
            match receiver {
                Ok(receiver) => nms.push((receiver, Arc::clone(&name), first(&name))),
                Err(problem) => problems.push(problem),
            }
        }
        Self { mqtt: mqtt.map(|options| (options, first(sinks::mqtt::NAME))), nms, names }
    }
}

/// The threads, and the ways to them.
struct Running {
    path: PathHandle,
    path_thread: JoinHandle<()>,
    keeper: KeeperHandle,
    keeper_thread: JoinHandle<()>,
    clock: Clock,
    listening: Vec<String>,
}

fn start(
    config: &Config,
    catalogue: Catalogue,
    sockets: Vec<Bound>,
    mut opening: Opening,
    sinks: &Sinks,
    problems: &mut Vec<String>,
) -> Result<Running, String> {
    let clock = Clock::resume(opening.store.load_timeline().unwrap_or_default());
    let usm = usm(config, &mut opening, clock, problems);
    let engine = restored(config, &catalogue, &mut opening.store, clock.now().mono);
    let doors = Doors { traps: Some(config.traps.admission.clone()), syslog: Some(config.syslog.admission.clone()) };
    let mut path = Path::new(engine, catalogue, doors);
    path.usm = Some(usm);
    let no_thread = |error: std::io::Error| format!("the system gives no thread: {error}");
    let (keeper, keeper_thread) =
        Keeper::start(opening.store, opening.on_disk, opening.faults, sinks.names.clone()).map_err(no_thread)?;
    let name = |bound: &Bound| match bound.input {
        Input::Traps => format!("traps on {}/udp", bound.address),
        Input::Syslog => format!("syslog on {}/udp", bound.address),
    };
    let listening = sockets.iter().map(name).collect();
    let (path, path_thread) =
        receive::start(path, sockets, keeper.clone(), clock, config.store.flush_interval).map_err(no_thread)?;
    Ok(Running { path, path_thread, keeper, keeper_thread, clock, listening })
}

/// The receiver of SNMPv3 messages.
fn usm(config: &Config, opening: &mut Opening, clock: Clock, problems: &mut Vec<String>) -> Receiver {
    let users = snmpv3::Keyring::default().users(&config.traps.users, problems);
    let fixed = config.traps.engine_id.as_deref();
    let local = snmpv3::start(fixed, opening.is_whole, &mut opening.store, clock.now()).unwrap_or_else(|fault| {
        opening
            .faults
            .push(format!("store: {fault}; SNMPv3 senders will have to learn a new engine id at the next start"));
        snmpv3::unkept(fixed, clock.now())
    });
    if local.boots() >= usm::MAXIMUM {
        problems.push(format!(
            "engine {}: its boots are used up, so no authenticated SNMPv3 message is taken any more; set traps.engine-id to another id",
            local.id()
        ));
    }
    snmpv3::receiver(local, users, &opening.store)
}

/// The engine with what the last run knew. Accounts beyond the table's capacity stay in the store; one that failed once, long ago, is
/// forgotten.
fn restored(config: &Config, catalogue: &Catalogue, store: &mut Store, now: Mono) -> Engine {
    let seed = std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), clock::wall().as_millis());
    let mut engine = Engine::new(config.settings.clone(), catalogue.families(), (seed, seed.rotate_left(32)));
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
        nodes.records.into_iter().for_each(|(_, node)| engine.restore_node(node));
    }
    if let Ok(alerts) = store.load_open_alerts::<Alert>() {
        skipped += alerts.skipped;
        alerts.records.into_iter().for_each(|(_, alert)| engine.restore_alert(alert, now));
    }
    if skipped > 0 {
        tracing::warn!("store: {skipped} records were not taken back");
    }
    engine
}

async fn serve(
    config: &Config,
    running: Running,
    sinks: Sinks,
    no_broker: Option<String>,
    (mut problems, signals): (Vec<String>, Signals),
    said: &mut dyn FnMut(&str),
) -> Result<(), String> {
    let (stop, stopping) = watch::channel(false);
    let (health_document, health_seen) = watch::channel(String::new());
    let mut tasks = JoinSet::new();
    let mut states = Vec::new();
    let site = config.settings.site.to_string();
    if let Some((options, first)) = sinks.mqtt {
        let (state, seen) = watch::channel(LinkState::Connecting);
        states.push((sinks::mqtt::NAME.to_owned(), SinkState::Mqtt(seen)));
        match no_broker {
            // Another program has the port: what it is we do not know, and our alerts are not for it. They wait in the outbox.
            Some(problem) => {
                problems.push(problem);
                drop(state.send_replace(LinkState::Down { reason: "alerts wait for a broker".into() }));
            }
            None => {
                let (keeper, site, stopping) = (running.keeper.clone(), site.clone(), stopping.clone());
                tasks.spawn(sinks::mqtt::run(options, site, keeper, first, health_seen, state, stopping));
            }
        }
    }
    for (receiver, name, first) in sinks.nms {
        let (state, seen) = watch::channel(ReceiverState::Idle);
        states.push((name.to_string(), SinkState::Nms(seen)));
        let clock = running.clock;
        tasks.spawn(sinks::nms::run(receiver, name, clock, running.keeper.clone(), first, state, stopping.clone()));
    }
    let control = control::listen(&config.store.path).map_err(|problem| problems.push(problem)).ok();
    problems.iter().for_each(|problem| tracing::error!("{problem}"));
    let health = Health {
        site,
        clock: running.clock,
        listening: running.listening,
        problems,
        path: running.path.clone(),
        keeper: running.keeper.clone(),
        sinks: states,
    };
    welcome(config, &health, said).await;
    if let Some(listener) = control {
        tokio::spawn(control::serve(listener, health.clone()));
    }
    tokio::spawn(publish_health(health, health_document));
    signals.wait().await;
    end(running.path, running.keeper, stop, tasks).await;
    let path_ended = running.path_thread.join().is_ok();
    let keeper_ended = running.keeper_thread.join().is_ok();
    let _absent = std::fs::remove_file(control::socket_of(&config.store.path)).is_err();
    if path_ended && keeper_ended { Ok(()) } else { Err("a thread ended by a panic".into()) }
}

/// First nothing more is taken in, then everything is on the disk, then what the sinks can still deliver is delivered.
async fn end(path: PathHandle, keeper: KeeperHandle, stop: watch::Sender<bool>, mut tasks: JoinSet<()>) {
    let (reply, stopped) = oneshot::channel();
    if path.send(Question::Stop(reply)).await.is_ok() {
        let _gone = stopped.await.is_err();
    }
    let _nobody = stop.send(true).is_err();
    let all = async { while tasks.join_next().await.is_some() {} };
    let _late = timeout(DRAIN, all).await.is_err();
    keeper.stop().await;
}

/// What ends the service.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// From now on a signal waits for [`Self::wait`].
    fn listen() -> Result<Self, String> {
        let on = |kind| signal(kind).map_err(|error| format!("signals cannot be received: {error}"));
        Ok(Self { terminate: on(SignalKind::terminate())?, interrupt: on(SignalKind::interrupt())? })
    }

    async fn wait(mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Publishes `health` when something other than the passing of time has changed; at once when a sink's state has.
async fn publish_health(health: Health, document: watch::Sender<String>) {
    let changed = Arc::new(Notify::new());
    for (_, state) in &health.sinks {
        tokio::spawn(state.clone().notify_changes(Arc::clone(&changed)));
    }
    loop {
        let mut report = health.report().await;
        if let Some(all) = report.as_object_mut() {
            all.remove("uptime_s");
        }
        let report = report.to_string();
        let _same = document.send_if_modified(|old| {
            let changed = *old != report;
            *old = report;
            changed
        });
        let _quiet = timeout(HEALTH_EVERY, changed.notified()).await.is_err();
    }
}

/// Says where to look, to somebody who started this by hand.
async fn welcome(config: &Config, health: &Health, said: &mut dyn FnMut(&str)) {
    said(&format!("lockwarden {} guards site \"{}\"", env!("CARGO_PKG_VERSION"), config.settings.site));
    health.listening.iter().for_each(|line| said(&format!("  {line}")));
    let base = sinks::mqtt::base(config.settings.site.as_str());
    match &config.mqtt.broker {
        Broker::Embedded => {
            let at = config.mqtt.embedded.listen;
            said(&format!("  alerts over MQTT on {at} (embedded broker), topics {base}/#"));
        }
        Broker::Site(broker) => said(&format!("  alerts over MQTT to {}, topics {base}/#", broker.endpoint)),
        Broker::None => {}
    }
    config.nms.iter().for_each(|nms| said(&format!("  notifications to {}", nms.endpoint)));
    said(&format!("  store in {}", config.store.path.display()));
    for problem in &health.problems {
        said(&format!("  DEGRADED: {problem}"));
    }
    let program = std::env::args().next().unwrap_or_else(|| "lockwarden".into());
    said(&format!("see the first alert, in another terminal:  {program} demo"));
    let loopback_only = config.traps.admission.allow.is_empty() && config.syslog.admission.allow.is_empty();
    if loopback_only {
        said("only loopback may send until `allow` is set in [traps] and [syslog]");
    }
}
