//! What a service manager is told: that the service listens, how it is, and, for its watchdog, that messages still come through.

use std::io::Write as _;
use std::process::{Child, ChildStdin, Stdio};

use super::broker::Access;
use super::programs::{Lines, program, start};
use super::site::{Settings, Site, free_port};

const MANAGER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/manager.py");
/// What the watchdog waits for, in microseconds: the service is to feed it twice in that time.
const LIMIT: &str = "300000";

struct Manager {
    child: Child,
    orders: ChildStdin,
    said: Lines,
}

impl Manager {
    fn of(site: &Site) -> Self {
        let service = site.command("run");
        let mut command = program("python3");
        command.arg(MANAGER).arg(site.directory.path().join("notify")).arg(LIMIT).arg(service.get_program());
        command.args(service.get_args()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = start(&mut command);
        let (orders, said) = (child.stdin.take().unwrap(), Lines::of("manager", child.stdout.take().unwrap()));
        Self { child, orders, said }
    }

    fn order(&mut self, order: &str) {
        writeln!(self.orders, "{order}").unwrap();
    }

    /// The lines up to one that begins so.
    fn until(&mut self, begin: &str) -> Vec<String> {
        self.said.until(|line| line.starts_with(begin))
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        writeln!(self.orders, "term").ok();
        self.said.until(|line| line.starts_with("ended: "));
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Not started yet.
fn site() -> Site {
    let port = free_port();
    let settings = Settings {
        traps: "listen = [\"127.0.0.1:0\"]".into(),
        syslog: "udp = [\"127.0.0.1:0\"]\ntcp = []".into(),
        mqtt: format!("[mqtt.embedded]\nlisten = \"127.0.0.1:{port}\""),
        ..Settings::default()
    };
    Site::configured(Access::anonymous(port), &settings)
}

#[test]
fn the_watchdog_is_fed_only_while_messages_come_through_the_path_and_the_store() {
    let site = site();
    let mut manager = Manager::of(&site);
    manager.until("told: READY=1");
    (0..3).for_each(|_| drop(manager.until("told: WATCHDOG=1")));
    for thread in ["path", "keeper"] {
        manager.order(&format!("hold {thread} 2"));
        assert_eq!(manager.until("held ").pop().unwrap(), format!("held {thread}: fed 0 times"));
        (0..3).for_each(|_| drop(manager.until("told: WATCHDOG=1")));
    }
}

#[test]
fn the_manager_is_told_how_it_is_and_when_it_reads_its_configuration_again_or_stops() {
    let site = site();
    let mut manager = Manager::of(&site);
    let status = manager.until("told: STATUS=guards site ").pop().unwrap();
    assert!(status.contains(": ok") || status.contains(": degraded: "), "{status}");
    manager.until("told: WATCHDOG=1");
    manager.order("hup");
    manager.until("told: RELOADING=1");
    let told = manager.until("told: READY=1");
    assert!(told.iter().any(|line| line.starts_with("told: MONOTONIC_USEC=")), "{told:?}");
    manager.order("term");
    manager.until("told: STOPPING=1");
    assert_eq!(manager.until("ended: ").pop().unwrap(), "ended: 0");
}
