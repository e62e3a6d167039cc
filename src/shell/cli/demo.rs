//! `lockwarden demo`: plays what a CUCM cluster sends through the real sockets of the running service (or of an own instance, if
//! none runs), and shows what a real MQTT subscriber receives.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

use clap::Args;
use serde_json::Value;
use tokio::time::{sleep, timeout};

use super::{Place, complain, load, refuse, say};
use crate::config::Config;
use crate::shell::clock;
use crate::shell::compose::{Message, What};
use crate::shell::control::{self, Ask};
use crate::shell::mqtt::Options;
use crate::shell::mqtt::subscriber::{Received, Subscriber};
use crate::shell::sinks;
use crate::wire::snmp::Kind;

/// How long an own instance may take to start, and a message to arrive.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the silence after a forgotten PIN is listened to.
const SILENCE: Duration = Duration::from_millis(800);
/// Between two tries of a person.
const PAUSE: Duration = Duration::from_millis(400);
/// Users of the demo: names that no cluster has.
const FORGETFUL: &str = "demo.jdoe";
const LOCKED: &str = "demo.asmith";

/// How to show it.
#[derive(Clone, Debug, Args)]
pub(crate) struct DemoArgs {
    /// Start an own instance even if a service runs
    #[arg(long)]
    own: bool,
}

pub(crate) fn run(place: &Place, args: &DemoArgs) -> ExitCode {
    let config = match load(place) {
        Ok((config, _)) => config,
        Err(problems) => return refuse(&problems),
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            complain(&format!("the system gives no event queue: {error}"));
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(play(config, args.own)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            complain(&problem);
            ExitCode::FAILURE
        }
    }
}

async fn play(config: Config, own: bool) -> Result<(), String> {
    let running = !own && control::ask(&config.store.path, Ask::Health).is_ok();
    let (config, instance) = if running {
        say("playing to the running service");
        (config, None)
    } else {
        let (config, instance) = Instance::start().await?;
        say("no service runs here: playing to an own instance, which ends with this demo");
        (config, Some(instance))
    };
    let mut stage = Stage::open(&config).await?;
    let result = stage.show().await;
    drop(instance);
    result
}

/// A service of our own, in a directory of its own, for as long as the demo lasts.
struct Instance {
    child: Child,
    directory: PathBuf,
}

impl Instance {
    async fn start() -> Result<(Config, Self), String> {
        let directory = std::env::temp_dir().join(format!("lockwarden-demo-{}", std::process::id()));
        let file = directory.join("lockwarden.toml");
        let failed = |error: std::io::Error| format!("an own instance cannot be started: {error}");
        let loopback = (Ipv4Addr::LOCALHOST, 0);
        let free = || {
            Ok::<_, std::io::Error>((
                UdpSocket::bind(loopback)?,
                UdpSocket::bind(loopback)?,
                TcpListener::bind(loopback)?,
            ))
        };
        let text = {
            let (traps, syslog, broker) = free().map_err(failed)?;
            let address = |a: std::io::Result<SocketAddr>| a.map_err(failed);
            format!(
                "site = \"demo\"\n[traps]\nlisten = [\"{}\"]\n[syslog]\nudp = [\"{}\"]\ntcp = []\n[mqtt.embedded]\nlisten = \"{}\"\n\
                 [store]\npath = \"{}\"\n",
                address(traps.local_addr())?,
                address(syslog.local_addr())?,
                address(broker.local_addr())?,
                directory.join("data").display()
            )
        };
        std::fs::create_dir_all(&directory).and_then(|()| std::fs::write(&file, &text)).map_err(failed)?;
        let config = Config::parse("demo", &text).map_err(|problems| format!("{problems:?}"))?;
        let child = std::env::current_exe()
            .and_then(|program| {
                let arguments = ["run".as_ref(), "--config".as_ref(), file.as_os_str()];
                Command::new(program).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn()
            })
            .map_err(failed)?;
        let instance = Self { child, directory };
        let ready = async {
            while control::ask(&config.store.path, Ask::Health).is_err() {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(PATIENCE, ready).await.map_err(|_| "the own instance did not start".to_owned())?;
        Ok((config, instance))
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        let _gone = self.child.kill().and_then(|()| self.child.wait()).is_err();
        let _gone = std::fs::remove_dir_all(&self.directory).is_err();
    }
}

/// The sockets that the play goes out by, and the subscriber that it comes back to.
struct Stage {
    socket: UdpSocket,
    syslog: SocketAddr,
    traps: SocketAddr,
    community: String,
    subscriber: Subscriber,
    sequence: u64,
}

impl Stage {
    async fn open(config: &Config) -> Result<Self, String> {
        let of = |listen: &[SocketAddr], what: &str| {
            let address = listen.first().ok_or(format!("{what}: nothing is listened on; the demo needs it"))?;
            Ok::<_, String>(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), address.port()))
        };
        let options = sinks::mqtt::options(config)?.ok_or("mqtt.broker = \"none\": the demo needs a broker")?;
        let options = Options { client_id: format!("lockwarden-demo-{}", std::process::id()), ..options };
        let base = sinks::mqtt::base(config.settings.site.as_str());
        let filters = [format!("{base}/alerts/#"), format!("{base}/accounts/#")];
        let filters: Vec<&str> = filters.iter().map(String::as_str).collect();
        let subscriber = Subscriber::connect(&options, &filters).await?;
        let community = config.traps.admission.communities.first();
        Ok(Self {
            socket: UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|error| error.to_string())?,
            syslog: of(&config.syslog.udp, "syslog.udp")?,
            traps: of(&config.traps.listen, "traps.listen")?,
            community: community.map_or("public".into(), |c| String::from_utf8_lossy(c).into_owned()),
            subscriber,
            sequence: u64::from(std::process::id()),
        })
    }

    async fn show(&mut self) -> Result<(), String> {
        say("");
        say(&format!("1. {FORGETFUL} forgets the PIN: two wrong tries, then the right one"));
        for what in [What::Failure, What::Failure, What::Success] {
            self.line(what, FORGETFUL)?;
            sleep(PAUSE).await;
        }
        match timeout(SILENCE, self.next_about(FORGETFUL)).await {
            Err(_) => say("   nothing is published: a forgotten PIN wakes nobody"),
            Ok(message) => return Err(format!("unexpected: {}", message?.topic)),
        }
        say("");
        say(&format!("2. {LOCKED} tries three times: the policy's limit, so the account must be locked"));
        for _ in 0..3 {
            self.line(What::Failure, LOCKED)?;
            sleep(PAUSE).await;
        }
        self.expect("raised").await?;
        say("   the cluster reports the lock itself, this time as an SNMP notification");
        self.trap(What::Lockout, LOCKED)?;
        let alert = self.expect("updated").await?;
        say(&format!(
            "   it will clear by itself at {}",
            alert.get("unlock_expected").and_then(Value::as_str).unwrap_or("?")
        ));
        say("");
        say(&format!("3. {LOCKED} signs in again"));
        self.line(What::Success, LOCKED)?;
        self.expect("cleared").await?;
        say("");
        say(&format!("the second message in full, as every subscriber gets it:\n{alert}"));
        Ok(())
    }

    fn line(&mut self, what: What, account: &str) -> Result<(), String> {
        let message = self.message(what, account);
        self.send(message.syslog_line().as_bytes(), self.syslog)?;
        say(&format!("   -> syslog  {}", message.alarm()));
        Ok(())
    }

    fn trap(&mut self, what: What, account: &str) -> Result<(), String> {
        let message = self.message(what, account);
        self.send(&message.notification(Kind::Trap, self.community.as_bytes()), self.traps)?;
        say(&format!("   -> trap    clogMessageGenerated {}", message.alarm()));
        Ok(())
    }

    fn message(&mut self, what: What, account: &str) -> Message {
        self.sequence += 1;
        Message {
            what,
            account: account.into(),
            cluster: "DemoCluster".into(),
            node: "demo-cucm".into(),
            from: None,
            at: clock::wall(),
            sequence: self.sequence,
        }
    }

    fn send(&self, bytes: &[u8], to: SocketAddr) -> Result<(), String> {
        self.socket.send_to(bytes, to).map_err(|error| format!("{to}: {error}"))?;
        Ok(())
    }

    /// The next alert about the locked account, which must be in this state; shown as it came.
    async fn expect(&mut self, state: &str) -> Result<Value, String> {
        loop {
            let message = timeout(PATIENCE, self.next_about(LOCKED)).await;
            let message =
                message.map_err(|_| format!("no `{state}` message came; `lockwarden health` may say why"))??;
            if !message.topic.contains("/alerts/") {
                say(&format!(
                    "   <- mqtt    {} (retained{})",
                    message.topic,
                    if message.payload.is_empty() { ", removed" } else { "" }
                ));
                continue;
            }
            let alert: Value = serde_json::from_slice(&message.payload).map_err(|error| error.to_string())?;
            let text = |key: &str| alert.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
            say(&format!("   <- mqtt    {}", message.topic));
            say(&format!("              {} {} {}: {}", text("severity"), text("kind"), text("state"), text("summary")));
            if text("state") == state {
                return Ok(alert);
            }
        }
    }

    async fn next_about(&mut self, account: &str) -> Result<Received, String> {
        loop {
            let received = self.subscriber.next().await.ok_or("the broker has ended the subscription")?;
            let text = String::from_utf8_lossy(&received.payload);
            if text.contains(&format!("\"account\":\"{account}\"")) || received.topic.ends_with(account) {
                return Ok(received);
            }
        }
    }
}
