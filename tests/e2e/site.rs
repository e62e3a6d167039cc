//! A service under test: its directory, its configuration, its ports, its life.

use std::fs;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};

use serde_json::Value;

use super::broker::{Access, Mosquitto};
use super::cucm::auth_fail;
use super::programs::{Lines, deadline, ended, output, signal, start, terminate, text};

/// The program under test.
pub(crate) fn lockwarden() -> Command {
    let path = std::env::var_os("LOCKWARDEN_BIN").unwrap_or_else(|| env!("CARGO_BIN_EXE_lockwarden").into());
    let mut command = Command::new(path);
    command.stdin(Stdio::null());
    command
}

/// A directory that goes away with its test.
pub(crate) struct Directory(PathBuf);

impl Directory {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU16 = AtomicU16::new(0);
        let name = format!("lockwarden-e2e-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

/// A TCP port that is free, and that nobody gets by asking for any port: it lies below the system's own range.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let base = 10_000 + u16::try_from(std::process::id() % 200).unwrap() * 100;
    std::iter::repeat_with(|| base + NEXT.fetch_add(1, Ordering::Relaxed))
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .unwrap()
}

/// Lines of configuration besides those that every test needs.
pub(crate) struct Settings {
    pub(crate) top: String,
    pub(crate) traps: String,
    pub(crate) syslog: String,
    pub(crate) mqtt: String,
    pub(crate) store: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        let loopback = |key: &str| format!("{key} = [\"127.0.0.1:0\", \"[::1]:0\"]");
        Self {
            top: String::new(),
            traps: loopback("listen"),
            syslog: loopback("udp") + "\n" + &loopback("tcp"),
            mqtt: String::new(),
            store: None,
        }
    }
}

impl Settings {
    /// Of a service that publishes to this broker with these lines of configuration.
    pub(crate) fn publishing_to(broker: &Mosquitto, mqtt: &str) -> Self {
        let mqtt = format!("[mqtt]\nbroker = \"mqtt://127.0.0.1:{}\"\n{mqtt}", broker.access.port);
        Self { mqtt, ..Self::default() }
    }
}

/// A service with its surroundings.
pub(crate) struct Site {
    pub(crate) directory: Directory,
    /// The broker that it publishes to.
    pub(crate) access: Access,
    running: Option<Running>,
}

struct Running {
    child: Child,
    stdout: Lines,
    stderr: Lines,
    welcome: Vec<String>,
    listening: Vec<(String, SocketAddr)>,
}

impl Site {
    /// A running service with its embedded broker.
    pub(crate) fn start() -> Self {
        Self::start_with(|_| {})
    }

    /// The same, after the configuration was changed.
    pub(crate) fn start_with(change: impl FnOnce(&mut Settings)) -> Self {
        let port = free_port();
        let mut settings =
            Settings { mqtt: format!("[mqtt.embedded]\nlisten = \"127.0.0.1:{port}\""), ..Settings::default() };
        change(&mut settings);
        let mut site = Self::configured(Access::anonymous(port), &settings);
        site.run();
        site
    }

    /// A running service that publishes to this broker with these lines of configuration.
    pub(crate) fn start_for(broker: &Mosquitto, mqtt: &str) -> Self {
        let mut site = Self::configured(broker.access.clone(), &Settings::publishing_to(broker, mqtt));
        site.run();
        site
    }

    /// Not started yet.
    pub(crate) fn configured(access: Access, settings: &Settings) -> Self {
        let site = Self { directory: Directory::new(), access, running: None };
        let store = settings.store.clone().unwrap_or_else(|| site.directory.path().join("store"));
        let Settings { top, traps, syslog, mqtt, .. } = settings;
        let text = format!(
            "site = \"hq\"\n{top}\n[traps]\n{traps}\n[syslog]\n{syslog}\n[store]\npath = \"{}\"\n{mqtt}\n",
            store.display()
        );
        fs::write(site.configuration(), text).unwrap();
        site
    }

    pub(crate) fn configuration(&self) -> PathBuf {
        self.directory.path().join("lockwarden.toml")
    }

    /// Starts it and waits until it listens.
    pub(crate) fn run(&mut self) {
        let command = self.command("run");
        self.run_as(command);
    }

    /// Starts it by this command.
    pub(crate) fn run_as(&mut self, mut command: Command) {
        assert!(self.running.is_none());
        let mut child = start(command.stdout(Stdio::piped()).stderr(Stdio::piped()));
        let mut stdout = Lines::of("lockwarden", child.stdout.take().unwrap());
        let stderr = Lines::of("lockwarden", child.stderr.take().unwrap());
        let welcome = stdout.until(|line| line.starts_with("  store in "));
        let listening = welcome.iter().filter_map(|line| {
            let (listens, transport) = line.trim().rsplit_once('/')?;
            let (input, address) = listens.split_once(" on ")?;
            let input = if transport == "udp" { input.to_owned() } else { format!("{input}/{transport}") };
            Some((input, address.parse().ok()?))
        });
        let listening = listening.collect();
        self.running = Some(Running { child, stdout, stderr, welcome, listening });
    }

    /// A command of the program for this configuration.
    pub(crate) fn command(&self, name: &str) -> Command {
        let mut command = lockwarden();
        command.arg(name).arg("--config").arg(self.configuration());
        command
    }

    fn running(&mut self) -> &mut Running {
        self.running.as_mut().unwrap()
    }

    /// Where it listens for `traps`, `syslog`, `syslog/tcp` or `syslog/tls` at addresses that begin with this.
    pub(crate) fn listens(&self, input: &str, address: &str) -> SocketAddr {
        let listening = &self.running.as_ref().unwrap().listening;
        let found = listening.iter().find(|(name, at)| name == input && at.to_string().starts_with(address));
        found.unwrap_or_else(|| panic!("no {input} on {address}: {listening:?}")).1
    }

    /// A line of its log, on standard error.
    pub(crate) fn log_line(&mut self, wanted: impl Fn(&str) -> bool) -> String {
        self.running().stderr.until(wanted).pop().unwrap()
    }

    /// What it has printed on standard output.
    pub(crate) fn printed(&self) -> String {
        self.running.as_ref().unwrap().welcome.join("\n")
    }

    /// The next line on standard output that is like this.
    pub(crate) fn printed_line(&mut self, wanted: impl Fn(&str) -> bool) -> String {
        self.running().stdout.until(wanted).pop().unwrap()
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.running.as_ref().unwrap().child.id()
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        if let Some(mut running) = self.running.take() {
            running.child.kill().unwrap();
            running.child.wait().unwrap();
        }
    }

    /// SIGHUP.
    pub(crate) fn hang_up(&mut self) {
        signal(&self.running().child, "HUP");
    }

    /// SIGSTOP: it stands still.
    pub(crate) fn pause(&mut self) {
        signal(&self.running().child, "STOP");
    }

    /// SIGCONT.
    pub(crate) fn resume(&mut self) {
        signal(&self.running().child, "CONT");
    }

    /// SIGTERM, and the end that follows. Returns what was printed on standard error.
    pub(crate) fn stop(&mut self) -> Vec<String> {
        let mut running = self.running.take().unwrap();
        terminate(&running.child);
        let status = ended(&mut running.child, &mut running.stdout);
        assert!(status.success(), "{status}");
        running.stderr.rest()
    }

    /// A datagram to the syslog port.
    pub(crate) fn syslog(&self, line: &str) {
        send(self.listens("syslog", "127."), line.as_bytes());
    }

    /// Three failures in a row of this user: an inferred lockout.
    pub(crate) fn lock(&self, user: &str) {
        [1, 9, 20].iter().for_each(|&n| self.syslog(&auth_fail(user, n)));
    }

    /// What a command prints with `--json`, and its exit code.
    pub(crate) fn ask(&self, command: &str) -> (Value, i32) {
        let Output { status, stdout, stderr } = output(self.command(command).arg("--json"));
        let answer = serde_json::from_slice(&stdout);
        (answer.unwrap_or_else(|error| panic!("{command}: {error}: {}", text(&stderr))), status.code().unwrap())
    }

    /// `health`, once it is like this.
    pub(crate) fn health_when(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        let deadline = deadline();
        loop {
            let (health, _) = self.ask("health");
            if wanted(&health) {
                return health;
            }
            assert!(!deadline.is_over(), "health does not become what is awaited: {health:#}");
        }
    }

    /// `health`, once so many messages have been received and everything that came of them is delivered.
    pub(crate) fn settled(&self, received: u64) -> Value {
        self.health_when(|health| {
            let delivered = |sink: &Value| sink["backlog"] == 0;
            health["received"].as_u64() >= Some(received) && health["sinks"].as_array().unwrap().iter().all(delivered)
        })
    }

    /// The row of `accounts` about this name.
    pub(crate) fn account(&self, name: &str) -> Value {
        let (accounts, _) = self.ask("accounts");
        let found = accounts.as_array().unwrap().iter().find(|account| account["account"] == name);
        found.unwrap_or_else(|| panic!("no {name} in {accounts:#}")).clone()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.kill();
    }
}

/// One datagram from any port.
pub(crate) fn send(to: SocketAddr, datagram: &[u8]) {
    let from = if to.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    UdpSocket::bind(from).unwrap().send_to(datagram, to).unwrap();
}

/// What is degraded besides the clock, which a test can do nothing about.
pub(crate) fn troubles(health: &Value) -> Vec<String> {
    let all = health["degraded"].as_array().unwrap().iter().map(|line| line.as_str().unwrap().to_owned());
    all.filter(|line| !line.starts_with("clock: ")).collect()
}
