//! `lockwarden run`: starts the parts in order, waits for a signal, ends them in order.
//!
//! What cannot be started is said in one clear line and makes the service degraded; it ends only if nothing is left to listen on.

use std::future::pending;
use std::net::TcpStream;
use std::pin::Pin;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::clock::Clock;
use super::handover::Inherited;
use super::health::{Health, SinkState, learning};
use super::keeper::{Keeper, KeeperHandle};
use super::last_end::{Failure, LastEnd};
use super::listen::{Bound, Input};
use super::mitel::{Feed, MitelState, Watched};
use super::mqtt::LinkState;
use super::nms::ReceiverState;
use super::open::{self, Opening};
use super::receive::{self, PathHandle, Question};
use super::reload::{Load, Reload, Reloaded};
use super::response::Runs;
use super::signals::Signals;
use super::sinks::relay::{Queue, QueueEnd, Queues};
use super::snmpv3::Keyring;
use super::streams::{Certificates, Rules, StreamSocket, StreamsHandle};
use super::{control, handover, listen, log, manager, outage, publish, sinks, snmpv3, streams, zones};
use crate::catalogue::Catalogue;
use crate::config::{Broker, Config, Response};
use crate::event::Label;
use crate::path::{Controller, Doors, Path, Relay};
use crate::store::Store;
use crate::usm::{LocalEngine, Receiver};

/// How long the sinks may take to end.
const DRAIN: Duration = Duration::from_secs(5);
/// Runs until SIGTERM or SIGINT. `said` gets the lines for the person who started it.
///
/// # Errors
/// Says why nothing could be started, and what to do.
pub(crate) fn run(
    config: &Config,
    catalogue: Catalogue,
    load: Load<'_>,
    said: &mut dyn FnMut(&str),
) -> Result<(), Failure> {
    log::start(config.log_level);
    let inherited = Inherited::take();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("the system gives no event queue: {error}"))?;
    runtime.block_on(async {
        // First of all: from the first line that is said on, a signal ends the service in order.
        let signals = Signals::listen()?;
        let mut problems = Vec::new();
        let sockets = Sockets::bind(config, inherited, &mut problems)?;
        let advice: Vec<String> = listen::limited(&sockets.datagrams).into_iter().collect();
        advice.iter().for_each(|line| tracing::warn!("{line}"));
        let mut opening = open::open_store(config)?;
        let last_end = LastEnd::begin(&config.store.path);
        last_end.watch_panics();
        last_end.before.iter().for_each(|end| tracing::info!("the run before: {end}"));
        let outage = opening.outage.as_ref().map(outage::described);
        for fault in opening.faults.iter().chain(&outage) {
            tracing::error!("{fault}");
            said(&format!("DEGRADED: {fault}"));
        }
        let broker = start_broker(config);
        let clock = Clock::resume(opening.store.load_timeline().unwrap_or_default());
        let engine = open::local_engine(config, &mut opening, clock, &mut problems);
        let mut keyring = Keyring::default();
        let users = keyring.users(&config.traps.users, &mut problems);
        let sinks = Sinks::register(config, (&engine, &mut keyring), &mut opening.store, &mut problems);
        // The passwords themselves are of no use any more.
        drop(keyring);
        let usm = snmpv3::receiver(engine, users, &opening.store);
        let running = start(config, catalogue, sockets, opening, &sinks, (clock, usm))?;
        serve((config, load), running, sinks, broker, (problems, advice, signals, last_end), said).await
    })
}

/// Everything that is listened on.
struct Sockets {
    datagrams: Vec<Bound>,
    streams: Vec<StreamSocket>,
    /// That an earlier run has left.
    connections: Vec<TcpStream>,
    certificates: Option<Certificates>,
}

impl Sockets {
    fn bind(config: &Config, mut inherited: Inherited, problems: &mut Vec<String>) -> Result<Self, String> {
        let (datagrams, mut unbound) = listen::bind_all(config, &mut inherited);
        let (mut streams, more) = listen::bind_streams(config, &mut inherited);
        unbound.extend(more);
        let certificates = match config.syslog.tls.as_ref().map(Certificates::read).transpose() {
            Ok(certificates) => certificates,
            Err(problem) => {
                unbound.push(format!("{problem}; syslog over TLS is not listened on"));
                None
            }
        };
        streams.retain(|stream| !stream.is_tls || certificates.is_some());
        if datagrams.is_empty() && streams.is_empty() {
            return Err(format!("nothing is left to listen on\n{}", unbound.join("\n")));
        }
        problems.extend(unbound);
        let plain = streams.iter().filter(|stream| !stream.is_tls).map(|stream| stream.address);
        let connections = inherited.connections(&plain.collect::<Vec<_>>());
        inherited.give_up_the_rest();
        datagrams.iter().for_each(|bound| handover::keep_datagrams(bound.address, &bound.socket));
        streams.iter().for_each(|stream| handover::keep_listener(stream.address, &stream.socket));
        Ok(Self { datagrams, streams, connections, certificates })
    }

    /// What is listened on, for people.
    fn names(&self) -> Vec<String> {
        let datagrams = self.datagrams.iter().map(|bound| match bound.input {
            Input::Traps => format!("traps on {}/udp", bound.address),
            Input::Syslog => format!("syslog on {}/udp", bound.address),
        });
        let streams = self
            .streams
            .iter()
            .map(|stream| format!("syslog on {}/{}", stream.address, if stream.is_tls { "tls" } else { "tcp" }));
        datagrams.chain(streams).collect()
    }
}

/// Is ready when something has ended that never should.
type Ended = Pin<Box<dyn Future<Output = ()>>>;

/// Starts the broker, if it is ours, which lives as long as what is returned.
#[cfg(feature = "embedded-broker")]
fn start_broker(config: &Config) -> Result<Ended, String> {
    use super::mqtt::{EmbeddedBroker, EmbeddedSettings};
    if config.mqtt.broker != Broker::Embedded {
        return Ok(Box::pin(pending()));
    }
    let embedded = &config.mqtt.embedded;
    let users = sinks::mqtt::embedded_users(&embedded.users)?;
    let settings = EmbeddedSettings { listen: embedded.listen, users, anonymous: embedded.anonymous };
    let mut broker = EmbeddedBroker::start(settings).map_err(|problem| format!("mqtt.embedded: {problem}"))?;
    Ok(Box::pin(async move { broker.ended().await }))
}

#[cfg(not(feature = "embedded-broker"))]
fn start_broker(config: &Config) -> Result<Ended, String> {
    if config.mqtt.broker == Broker::Embedded {
        return Err(
            "mqtt.broker = \"embedded\": this build has no broker; name one: broker = \"mqtt://host:1883\"".into()
        );
    }
    Ok(Box::pin(pending()))
}

/// Which sinks there are, and at which outbox number each begins.
struct Sinks {
    mqtt: Option<(super::mqtt::Options, u64)>,
    nms: Vec<(super::nms::Receiver, Arc<str>, u64)>,
    /// To whom received notifications are passed on.
    relay: Vec<(super::nms::Receiver, Arc<str>, QueueEnd)>,
    queues: Queues,
    /// The response program.
    response: Option<(Response, u64)>,
    /// All that are configured, started or not.
    names: Vec<Arc<str>>,
}

impl Sinks {
    /// A sink that the store knows goes on after what it has, a new one begins at the end.
    fn register(
        config: &Config,
        (engine, keyring): (&LocalEngine, &mut Keyring),
        store: &mut Store,
        problems: &mut Vec<String>,
    ) -> Self {
        let mqtt = sinks::mqtt::options(config).unwrap_or_else(|problem| {
            problems.push(problem);
            None
        });
        let nms_names = sinks::nms::names(&config.nms);
        // A sink that cannot be started now keeps its place: what is for it waits.
        let mqtt_name = (config.mqtt.broker != Broker::None).then(|| Arc::from(sinks::mqtt::NAME));
        let program = config.response.as_ref().map(|_| Arc::from(sinks::response::NAME));
        let names: Vec<Arc<str>> = mqtt_name.into_iter().chain(nms_names.iter().cloned()).chain(program).collect();
        let all: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
        if let Err(fault) = store.register_sinks(&all) {
            problems.push(format!("store: {fault}"));
        }
        let first = |name: &str| store.cursor(name).unwrap_or_else(|| store.last_seq()) + 1;
        problems.extend(mqtt.iter().flat_map(sinks::mqtt::missing_files));
        let (mut nms, mut relay, mut queues) = (Vec::new(), Vec::new(), Queues::default());
        for (place, (configured, name)) in config.nms.iter().zip(nms_names).enumerate() {
            let receiver = match sinks::nms::receiver(configured, engine, keyring) {
                Ok(receiver) => receiver,
                Err(problem) => {
                    problems.push(problem);
                    continue;
                }
            };
            if let Some(relayed) = config.relay.as_ref().filter(|relay| relay.to.contains(&place)) {
                let name = Arc::from(format!("relay to {name}"));
                let (queue, end) = Queue::new(Arc::clone(&name), relayed.queue, configured.version);
                queues.0.push(queue);
                relay.push((receiver.clone(), name, end));
            }
            nms.push((receiver, Arc::clone(&name), first(&name)));
        }
        let response = config.response.clone().map(|response| (response, first(sinks::response::NAME)));
        Self { mqtt: mqtt.map(|options| (options, first(sinks::mqtt::NAME))), nms, relay, queues, response, names }
    }
}

/// The threads, and the ways to them.
struct Running {
    path: PathHandle,
    path_thread: JoinHandle<()>,
    streams: StreamsHandle,
    keeper: KeeperHandle,
    keeper_thread: JoinHandle<()>,
    clock: Clock,
    listening: Vec<String>,
    mitel: Vec<Watched>,
}

/// The controllers whose logs are read, and how each stands.
fn feeds(config: &Config) -> Result<(Vec<Feed>, Vec<Watched>), String> {
    let mut all = (Vec::new(), Vec::new());
    for mitel in &config.mitel {
        let zone = mitel.zone.as_ref().map(|zone| zones::of_controller(&mitel.name, zone)).transpose()?;
        let (state, seen) = watch::channel(MitelState::Connecting);
        let cluster = mitel.cluster.clone().unwrap_or_else(|| mitel.name.clone());
        let address = Label::from_wire(&mitel.endpoint.host.to_string());
        let controller = Controller { name: mitel.name.clone(), cluster, address, zone };
        all.1.push((mitel.name.clone(), mitel.endpoint.to_string(), seen));
        all.0.push(Feed { controller, endpoint: mitel.endpoint.clone(), state });
    }
    Ok(all)
}

fn start(
    config: &Config,
    catalogue: Catalogue,
    sockets: Sockets,
    mut opening: Opening,
    sinks: &Sinks,
    (clock, usm): (Clock, Receiver),
) -> Result<Running, String> {
    let (feeds, mitel) = feeds(config)?;
    let engine = open::restored(config, &catalogue, &mut opening.store, clock.now().mono);
    let doors = Doors { traps: Some(config.traps.admission.clone()), syslog: Some(config.syslog.admission.clone()) };
    let mut path = Path::new(engine, catalogue, doors);
    path.usm = Some(usm);
    path.relay = config.relay.as_ref().map(|relay| Relay::new(relay, &snmpv3::random()));
    let no_thread = |error: std::io::Error| format!("the system gives no thread: {error}");
    let (keeper, keeper_thread) =
        Keeper::start(opening.store, opening.outage, opening.faults, sinks.names.clone()).map_err(no_thread)?;
    let listening = sockets.names();
    let Sockets { datagrams, streams, connections, certificates } = sockets;
    let rules = Rules { limits: config.syslog.limits, admission: config.syslog.admission.clone(), certificates };
    let (streams, deliveries) = streams::start((streams, connections), rules).map_err(no_thread)?;
    let (ways, flush) = ((keeper.clone(), sinks.queues.clone()), config.store.flush_interval);
    let (path, path_thread) =
        receive::start(path, (datagrams, feeds, deliveries), ways, clock, flush).map_err(no_thread)?;
    Ok(Running { path, path_thread, streams, keeper, keeper_thread, clock, listening, mitel })
}

async fn serve(
    (config, load): (&Config, Load<'_>),
    running: Running,
    sinks: Sinks,
    broker: Result<Ended, String>,
    (mut problems, advice, signals, last_end): (Vec<String>, Vec<String>, Signals, LastEnd),
    said: &mut dyn FnMut(&str),
) -> Result<(), Failure> {
    let (no_broker, mut broker_ended) = match broker {
        Ok(ended) => (None, ended),
        Err(problem) => (Some(problem), Box::pin(pending()) as Ended),
    };
    let (stop, stopping) = watch::channel(false);
    let (health_document, health_seen) = watch::channel(String::new());
    let has_response = sinks.response.is_some();
    let queues = sinks.queues.clone();
    let mut delivering = Delivering::default();
    problems.extend(no_broker.clone());
    delivering.start(sinks, &running, (config, no_broker.is_some()), (health_seen, stopping));
    let Delivering { mut tasks, states, runs } = delivering;
    let control = control::listen(&config.store.path).map_err(|problem| problems.push(problem)).ok();
    problems.iter().for_each(|problem| tracing::error!("{problem}"));
    let (told, reloaded) = watch::channel(Reloaded::default());
    let health = Health {
        site: config.settings.site.to_string(),
        clock: running.clock,
        listening: running.listening,
        problems,
        last_end: last_end.before.clone(),
        reloaded,
        advice,
        path: running.path.clone(),
        keeper: running.keeper.clone(),
        sinks: states,
        relay: queues,
        mitel: running.mitel,
        connections: Arc::clone(&running.streams.count),
        runs: has_response.then_some(runs),
        certificates: running.streams.trouble.clone(),
    };
    welcome(config, &health, said).await;
    // They never end, and nothing is lost with them.
    let mut servants = JoinSet::new();
    if let Some(listener) = control {
        servants.spawn(named("control", control::serve(listener, config.store.path.clone(), health.clone())));
    }
    servants.spawn(named("health", publish::run(health, health_document)));
    servants.spawn(named("watchdog", manager::watch(running.path.clone(), running.keeper.clone())));
    manager::ready();
    let (path, admission) = (running.path.clone(), running.streams.admission.clone());
    let reload = Reload { config: config.clone(), load, path, admission, told };
    let (path, streams) = (running.path.clone(), running.streams.admission.clone());
    let failed = tokio::select! {
        signal = signals.wait(&running.streams.reload, reload) => {
            last_end.note(&format!("stopped by {signal}"));
            None
        }
        Some(ended) = tasks.join_next() => Some(ended.unwrap_or_default()),
        Some(ended) = servants.join_next() => Some(ended.unwrap_or_default()),
        () = path.closed() => Some("path".into()),
        () = streams.closed() => Some("streams".into()),
        () = running.keeper.closed() => Some("keeper".into()),
        () = &mut broker_ended => Some("mqtt-broker".into()),
    };
    let failed = failed.map(|part| format!("{part} has ended, which it never should"));
    failed.iter().for_each(|reason| last_end.note(reason));
    manager::stopping();
    // First nothing more is taken in.
    let left = running.streams.stop().await;
    left.iter().flatten().for_each(handover::keep_connection);
    end(running.path, running.keeper, stop, tasks).await;
    let path_ended = running.path_thread.join().is_ok();
    let keeper_ended = running.keeper_thread.join().is_ok();
    let _absent = std::fs::remove_file(control::socket_of(&config.store.path)).is_err();
    let whole = left.is_some() && path_ended && keeper_ended;
    match failed.or_else(|| (!whole).then(|| "a thread ended by a panic".into())) {
        None => Ok(()),
        Some(reason) => Err(Failure::Part(reason)),
    }
}

/// The tasks that deliver, how each stands, and how the runs of the response program have ended.
#[derive(Default)]
struct Delivering {
    tasks: JoinSet<String>,
    states: Vec<(String, SinkState)>,
    runs: Arc<Runs>,
}

impl Delivering {
    /// Starts a task for each sink.
    fn start(
        &mut self,
        sinks: Sinks,
        running: &Running,
        (config, no_broker): (&Config, bool),
        (health, stopping): (watch::Receiver<String>, watch::Receiver<bool>),
    ) {
        if let Some((options, first)) = sinks.mqtt {
            let (state, seen) = watch::channel(LinkState::Connecting);
            self.states.push((sinks::mqtt::NAME.to_owned(), SinkState::Mqtt(seen)));
            if no_broker {
                // Another program has the port: what it is we do not know, and our alerts are not for it. They wait in the outbox.
                drop(state.send_replace(LinkState::Down { reason: "alerts wait for a broker".into() }));
            } else {
                let (keeper, site, stopping) =
                    (running.keeper.clone(), config.settings.site.to_string(), stopping.clone());
                let run = sinks::mqtt::run(options, site, keeper, first, health, state, stopping);
                self.tasks.spawn(named(sinks::mqtt::NAME, run));
            }
        }
        for (receiver, name, first) in sinks.nms {
            let state = self.state(&name);
            let (clock, keeper) = (running.clock, running.keeper.clone());
            let run = sinks::nms::run(receiver, Arc::clone(&name), clock, keeper, first, state, stopping.clone());
            self.tasks.spawn(named(&name, run));
        }
        if let Some((response, first)) = sinks.response {
            let state = self.state(sinks::response::NAME);
            let (settings, keeper) = (config.settings.clone(), running.keeper.clone());
            let program =
                sinks::response::Program { configured: response, settings, keeper, runs: Arc::clone(&self.runs) };
            let run = sinks::response::run(program, first, state, stopping.clone());
            self.tasks.spawn(named(sinks::response::NAME, run));
        }
        for (receiver, name, end) in sinks.relay {
            let state = self.state(&name);
            self.tasks.spawn(named(&name, sinks::relay::run(receiver, running.clock, end, state, stopping.clone())));
        }
    }

    fn state(&mut self, name: &str) -> watch::Sender<ReceiverState> {
        let (state, seen) = watch::channel(ReceiverState::Idle);
        self.states.push((name.to_owned(), SinkState::Nms(seen)));
        state
    }
}

/// A task that says at its end who it was.
pub(super) fn named<F: Future<Output = ()>>(name: &str, task: F) -> impl Future<Output = String> + use<F> {
    let name = name.to_owned();
    async move {
        task.await;
        name
    }
}

/// First what was taken in is decided and on the disk, then what the sinks can still deliver is delivered.
async fn end(path: PathHandle, keeper: KeeperHandle, stop: watch::Sender<bool>, mut tasks: JoinSet<String>) {
    let (reply, stopped) = oneshot::channel();
    if path.send(Question::Stop(reply)).await.is_ok() {
        let _gone = stopped.await.is_err();
    }
    let _nobody = stop.send(true).is_err();
    let all = async { while tasks.join_next().await.is_some() {} };
    let _late = timeout(DRAIN, all).await.is_err();
    keeper.stop().await;
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
    let learning = learning(config.settings.learning_left(health.clock.now().mono));
    health.advice.iter().chain(&learning).for_each(|line| said(&format!("  ADVICE: {line}")));
    let program = std::env::args().next().unwrap_or_else(|| "lockwarden".into());
    said(&format!("see the first alert, in another terminal:  {program} demo"));
    let loopback_only = config.traps.admission.allow.is_empty() && config.syslog.admission.allow.is_empty();
    if loopback_only {
        said("only loopback may send until `allow` is set in [traps] and [syslog]");
    }
}
