//! The release binary on free ports, with a store of its own.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::workspace::{Failure, on_path, write};

/// Longer than anything that is waited for may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Which binary, and where it may write.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) binary: PathBuf,
    pub(crate) directory: PathBuf,
}

/// Who carries the alerts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broker {
    Embedded,
    Mosquitto,
}

/// A running service. It is killed when this goes away, unless it was stopped.
#[derive(Debug)]
pub(crate) struct Service {
    binary: PathBuf,
    directory: PathBuf,
    process: Child,
    broker: Option<Mosquitto>,
    pub(crate) traps: SocketAddr,
    pub(crate) syslog: SocketAddr,
    pub(crate) mqtt: SocketAddr,
}

impl Service {
    /// Starts with an empty store under this name and waits until it is connected to its broker.
    pub(crate) fn start(place: &Place, name: &str, broker: Broker) -> Result<Self, Failure> {
        Self::start_with(place, name, broker, "")
    }

    /// The same, with these lines in `[traps]` and behind it.
    pub(crate) fn start_with(place: &Place, name: &str, broker: Broker, traps_lines: &str) -> Result<Self, Failure> {
        let directory = place.directory.join(name);
        let (traps, syslog, mqtt) = (free_udp()?, free_udp()?, free_tcp()?);
        let at = match broker {
            Broker::Embedded => format!("[mqtt.embedded]\nlisten = \"{mqtt}\""),
            Broker::Mosquitto => format!("[mqtt]\nbroker = \"mqtt://{mqtt}\"\n[detect.storm]\nmore-than = 0"),
        };
        let text = format!(
            "site = \"bench\"\n[traps]\nlisten = [\"{traps}\"]\n{traps_lines}\n\
             [syslog]\nudp = [\"{syslog}\"]\ntcp = []\n[store]\npath = \"{}\"\n{at}\n",
            directory.join("store").display()
        );
        write(&directory.join("lockwarden.toml"), text)?;
        let broker = match broker {
            Broker::Embedded => None,
            Broker::Mosquitto => Some(Mosquitto::start(&directory, mqtt)?),
        };
        let process = launch(&place.binary, &directory)?;
        let mut service = Self { binary: place.binary.clone(), directory, process, broker, traps, syslog, mqtt };
        service.wait(|health| health.contains("\"state\":\"connected\""))?;
        Ok(service)
    }

    /// Starts again on the same store after [`Service::stop`]; does not wait for anything.
    pub(crate) fn start_again(&mut self) -> Result<(), Failure> {
        self.process = launch(&self.binary, &self.directory)?;
        Ok(())
    }

    /// Ends it as the system would, and waits until it has ended.
    pub(crate) fn stop(&mut self) -> Result<(), Failure> {
        let id = self.id().to_string();
        let told = Command::new("kill").args(["-TERM", &id]).status().map_err(|e| Failure::of("kill", e))?;
        let ended = self.process.wait().map_err(|e| Failure::of("lockwarden", e))?;
        if told.success() && ended.success() { Ok(()) } else { Err(self.failed(&format!("ended with {ended}"))) }
    }

    /// The process id.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// The directory that holds its store.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// What `lockwarden health --json` says.
    pub(crate) fn health(&self) -> Result<String, Failure> {
        let mut ask = Command::new(&self.binary);
        ask.args(["health", "--json", "--config"]).arg(self.directory.join("lockwarden.toml"));
        let answer = ask.output().map_err(|e| Failure::of("lockwarden health", e))?;
        if answer.stdout.is_empty() {
            return Err(self.failed(&String::from_utf8_lossy(&answer.stderr)));
        }
        Ok(String::from_utf8_lossy(&answer.stdout).into_owned())
    }

    /// Messages that were read from the sockets so far, without those of which only the loss was counted.
    pub(crate) fn received(&self) -> Result<u64, Failure> {
        let health = self.health()?;
        let received = number_after(&health, "\"received\":");
        received
            .map(|n| n - number_after(&health, "\"kernel-drop\":").unwrap_or(0))
            .ok_or_else(|| self.failed("health has no `received`"))
    }

    /// Failures that were counted so far.
    pub(super) fn failures(&self) -> Result<u64, Failure> {
        self.number("\"failure\":")
    }

    /// Failures and locks that were counted so far.
    pub(super) fn counted(&self) -> Result<u64, Failure> {
        Ok(self.failures()? + self.number("\"lockout\":")? + self.number("\"absorbed\":")?)
    }

    /// The number behind this in health; 0 if it is not there.
    pub(super) fn number(&self, key: &str) -> Result<u64, Failure> {
        Ok(number_after(&self.health()?, key).unwrap_or(0))
    }

    /// Waits until health is as wanted.
    pub(crate) fn wait(&mut self, wanted: impl Fn(&str) -> bool) -> Result<(), Failure> {
        let began = Instant::now();
        loop {
            if let Ok(Some(ended)) = self.process.try_wait() {
                return Err(self.failed(&format!("ended with {ended}")));
            }
            match self.health() {
                Ok(health) if wanted(&health) => return Ok(()),
                Ok(health) if began.elapsed() > PATIENCE => return Err(self.failed(&health)),
                Err(failure) if began.elapsed() > PATIENCE => return Err(failure),
                Ok(_) | Err(_) => sleep(Duration::from_millis(20)),
            }
        }
    }

    /// Waits until every alert is delivered.
    pub(crate) fn wait_delivered(&mut self) -> Result<(), Failure> {
        self.wait(|health| number_after(health, "\"backlog\":") == Some(0))
    }

    /// Waits until nothing more comes in, and says how much did since `before`.
    pub(crate) fn settled(&self, before: u64) -> Result<u64, Failure> {
        let mut last = self.received()?;
        loop {
            sleep(Duration::from_millis(300));
            let now = self.received()?;
            if now == last {
                return Ok(now - before);
            }
            last = now;
        }
    }

    fn failed(&self, what: &str) -> Failure {
        let log = fs::read_to_string(self.directory.join("log")).unwrap_or_default();
        Failure::Said(format!("the service: {}\n{log}", what.trim()))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        end(&mut self.process);
        if let Some(Mosquitto(process)) = &mut self.broker {
            end(process);
        }
    }
}

/// Kills, and takes the exit status so that no zombie stays. One that has ended already is no error.
pub(super) fn end(process: &mut Child) {
    let _ended = process.kill().is_err();
    let _taken = process.wait().is_err();
}

fn launch(binary: &Path, directory: &Path) -> Result<Child, Failure> {
    let log = directory.join("log");
    let file = File::create(&log).map_err(|e| Failure::of("log", e))?;
    let mut run = Command::new(binary);
    // As the unit of docs/reliability.md sets it.
    run.envs([("MALLOC_ARENA_MAX", "1"), ("MALLOC_MMAP_THRESHOLD_", "65536")]);
    run.args(["run", "--config"]).arg(directory.join("lockwarden.toml"));
    run.stdout(Stdio::null()).stderr(file).spawn().map_err(|e| Failure::of("lockwarden run", e))
}

/// A private broker.
#[derive(Debug)]
struct Mosquitto(Child);

impl Mosquitto {
    fn start(directory: &Path, at: SocketAddr) -> Result<Self, Failure> {
        let config = directory.join("mosquitto.conf");
        write(&config, format!("listener {} {}\nallow_anonymous true\npersistence false\n", at.port(), at.ip()))?;
        let program = on_path("mosquitto").ok_or_else(|| Failure::Said("mosquitto is not installed".into()))?;
        let mut run = Command::new(program);
        run.arg("-c").arg(&config).stdout(Stdio::null()).stderr(Stdio::null());
        run.spawn().map(Self).map_err(|e| Failure::of("mosquitto", e))
    }
}

pub(super) fn free_udp() -> Result<SocketAddr, Failure> {
    let found = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|socket| socket.local_addr());
    found.map_err(|e| Failure::of("a free UDP port", e))
}

fn free_tcp() -> Result<SocketAddr, Failure> {
    let found = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|socket| socket.local_addr());
    found.map_err(|e| Failure::of("a free TCP port", e))
}

/// The number behind the first `key` in compact JSON.
fn number_after(json: &str, key: &str) -> Option<u64> {
    let (_, rest) = json.split_once(key)?;
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest.get(..digits)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_out_of_health() {
        let health = r#"{"accounts":{"at_hand":3},"received":1204,"sinks":[{"backlog":0}]}"#;
        assert_eq!(
            ["\"received\":", "\"backlog\":", "\"none\":"].map(|key| number_after(health, key)),
            [Some(1204), Some(0), None]
        );
    }
}
