//! An MQTT broker inside the process: rumqttd, for a first look without any other program. Keeps nothing over a restart.
//!
//! rumqttd takes a listener for each protocol version, and its version 5 listener refuses version 3.1.1. So both of its
//! listeners are internal (on a loopback address of this process) and `front` owns the port that clients see.
//! Known limits of rumqttd 0.20: a new subscription is sent at most 100 retained messages; it cannot be stopped, so a
//! stopped broker only gives its port back.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::thread;

use rumqttd::{Broker, Config, ConnectionSettings, RouterConfig, ServerSettings};
use tokio::sync::{mpsc, oneshot};

use super::front::{self, Doors};
use crate::config::Secret;

/// Most clients at one time.
pub(super) const MAX_CLIENTS: usize = 200;
/// Longest packet from a client, in bytes.
pub(super) const MAX_PACKET: usize = 256 * 1024;
/// Messages kept for slow subscribers of one topic filter: so many segments of so many bytes.
const SEGMENTS: usize = 10;
const SEGMENT_BYTES: usize = 256 * 1024;

/// What the broker needs to know.
#[derive(Clone, Debug)]
pub struct EmbeddedSettings {
    /// The address that clients connect to.
    pub listen: SocketAddr,
    /// User names and passwords; without any, everybody may connect, and only from this box unless `anonymous`.
    pub users: Vec<(String, Secret)>,
    /// Whether everybody may connect from elsewhere, too.
    pub anonymous: bool,
}

/// A running broker. Dropping it closes its port and every connection.
#[derive(Debug)]
pub struct EmbeddedBroker {
    address: SocketAddr,
    _stop: oneshot::Sender<()>,
    ended: mpsc::Receiver<()>,
}

impl EmbeddedBroker {
    /// Takes the port, then starts the broker in threads of its own.
    ///
    /// # Errors
    /// A sentence that says why the broker cannot run and what to do. Nothing has been started then.
    pub fn start(settings: EmbeddedSettings) -> Result<Self, String> {
        let EmbeddedSettings { listen, users, anonymous } = settings;
        if users.is_empty() && !anonymous && !listen.ip().to_canonical().is_loopback() {
            return Err(format!(
                "the embedded broker would serve {listen} to everybody: give it `users`, or listen on 127.0.0.1"
            ));
        }
        let listener = TcpListener::bind(listen).map_err(|error| port_sentence(listen, &error))?;
        let failed = |error: io::Error| format!("the embedded broker cannot be started: {error}");
        listener.set_nonblocking(true).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let (v4, v5) = internal_addresses().map_err(failed)?;
        let config = config(v4, v5, &users);
        let (ends, ended) = mpsc::channel(2);
        let front_ends = ends.clone();
        thread::Builder::new()
            .name(String::from("mqtt-broker"))
            .spawn(move || {
                // Returns only when both listeners have ended.
                if let Err(error) = Broker::new(config).start() {
                    tracing::error!(%error, "the embedded MQTT broker has ended");
                }
                let _said_already = ends.blocking_send(()).is_err();
            })
            .map_err(failed)?;
        let (stop, stopped) = oneshot::channel();
        let doors = Doors::new(v4, v5, users);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        thread::Builder::new()
            .name(String::from("mqtt-front"))
            .spawn(move || {
                runtime.block_on(async {
                    front::serve(listener, doors, stopped).await;
                    let _said_already = front_ends.send(()).await.is_err();
                });
            })
            .map_err(failed)?;
        Ok(Self { address, _stop: stop, ended })
    }

    /// Returns when a part of it has ended, which it never should.
    pub async fn ended(&mut self) {
        // Whether it could still say so or not.
        let _gone = self.ended.recv().await.is_none();
    }

    /// Where clients connect; of use with port 0.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

fn port_sentence(listen: SocketAddr, error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::AddrInUse {
        format!(
            "the embedded broker cannot have {listen}: another program has it (an MQTT broker?). Give \
             `[mqtt.embedded] listen` another port, or use that broker with `[mqtt] broker = \"mqtt://{listen}\"`"
        )
    } else if error.kind() == io::ErrorKind::AddrNotAvailable {
        format!("the embedded broker cannot listen on {listen}: this box does not have that address")
    } else if error.kind() == io::ErrorKind::PermissionDenied {
        format!("the embedded broker may not listen on {listen}: ports below 1024 need a capability")
    } else {
        format!("the embedded broker cannot listen on {listen}: {error}")
    }
}

/// Two free addresses. rumqttd binds them itself and does not tell which port it got for 0, so they are found by binding and
/// letting go. A loopback address made of the process id keeps other programs from taking them in between.
fn internal_addresses() -> io::Result<(SocketAddr, SocketAddr)> {
    let [_, high, middle, low] = std::process::id().to_be_bytes();
    let own = IpAddr::V4(Ipv4Addr::new(127, high.wrapping_add(64), middle, low | 1));
    let bind = |ip| Ok::<_, io::Error>((TcpListener::bind((ip, 0))?, TcpListener::bind((ip, 0))?));
    // Systems without the whole of 127.0.0.0/8 have at least its first address.
    let (v4, v5) = bind(own).or_else(|_absent| bind(IpAddr::V4(Ipv4Addr::LOCALHOST)))?;
    Ok((v4.local_addr()?, v5.local_addr()?))
}

fn config(v4: SocketAddr, v5: SocketAddr, users: &[(String, Secret)]) -> Config {
    // Asked again behind the front, which has asked already: the internal addresses are open to this box.
    let auth: HashMap<_, _> =
        users.iter().map(|(name, password)| (name.clone(), password.expose().to_owned())).collect();
    let server = |name: &str, listen| {
        let settings = ServerSettings {
            name: name.to_owned(),
            listen,
            tls: None,
            next_connection_delay_ms: 0,
            connections: ConnectionSettings {
                connection_timeout_ms: 10_000,
                max_payload_size: MAX_PACKET,
                max_inflight_count: 200,
                auth: (!auth.is_empty()).then(|| auth.clone()),
                external_auth: None,
                dynamic_filters: false,
            },
        };
        Some(HashMap::from([(name.to_owned(), settings)]))
    };
    Config {
        router: RouterConfig {
            // The front counts; the broker must never be the one to refuse (see there).
            max_connections: MAX_CLIENTS * 2,
            max_outgoing_packet_count: 200,
            max_segment_size: SEGMENT_BYTES,
            max_segment_count: SEGMENTS,
            ..RouterConfig::default()
        },
        v4: server("mqtt-v4", v4),
        v5: server("mqtt-v5", v5),
        ..Config::default()
    }
}
