//! A service whose sockets are kept over its restarts, as systemd keeps them: what arrives meanwhile waits, and a sender over TCP does not
//! even notice.

use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, ChildStdin, Stdio};

use super::broker::Access;
use super::cucm::auth_fail;
use super::programs::{Lines, program, start};
use super::site::{Settings, Site, free_port, send};
use super::trapd::free_udp_port;

const SUPERVISOR: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/supervisor.py");

struct Supervisor {
    child: Child,
    orders: ChildStdin,
    said: Lines,
}

impl Supervisor {
    fn of(site: &Site) -> Self {
        let service = site.command("run");
        let mut command = program("python3");
        command.arg(SUPERVISOR).arg(site.directory.path().join("notify")).arg(service.get_program());
        command.args(service.get_args()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = start(&mut command);
        let (orders, said) = (child.stdin.take().unwrap(), Lines::of("supervisor", child.stdout.take().unwrap()));
        Self { child, orders, said }
    }

    fn order(&mut self, order: &str) -> String {
        writeln!(self.orders, "{order}").unwrap();
        self.said.until(|line| line.starts_with("supervisor: ")).pop().unwrap()
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        writeln!(self.orders, "kill").ok();
        self.said.until(|line| line.starts_with("supervisor: "));
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[test]
fn what_arrives_between_two_runs_is_counted_and_a_connection_outlives_them() {
    let port = free_port();
    let (udp, tcp) = (format!("127.0.0.1:{}", free_udp_port()), format!("127.0.0.1:{}", free_port()));
    let settings = Settings {
        traps: "listen = []".into(),
        syslog: format!("udp = [\"{udp}\"]\ntcp = [\"{tcp}\"]"),
        mqtt: format!("[mqtt.embedded]\nlisten = \"127.0.0.1:{port}\""),
        ..Settings::default()
    };
    let site = Site::configured(Access::anonymous(port), &settings);
    let (udp, tcp): (SocketAddr, SocketAddr) = (udp.parse().unwrap(), tcp.parse().unwrap());
    let mut supervisor = Supervisor::of(&site);
    assert_eq!(supervisor.order("start"), "supervisor: started");
    let counted = |wanted: u64| site.health_when(|health| health["verdicts"]["failure"] == wanted);

    let mut lasting = TcpStream::connect(tcp).unwrap();
    lasting.write_all((auth_fail("jdoe", 1) + "\n").as_bytes()).unwrap();
    counted(1);
    // One that has said half a message is not kept: the other half would be a message of its own.
    let mut half = TcpStream::connect(tcp).unwrap();
    half.write_all(b"<38>Jan 15 08:21:00 web1 sshd[9]: Failed password for a").unwrap();
    site.health_when(|health| health["connections"] == 2);
    // In order: the connection is kept beside the two sockets that listen.
    assert_eq!(supervisor.order("term"), "supervisor: ended with 3 kept");
    lasting.write_all((auth_fail("jdoe", 9) + "\n").as_bytes()).unwrap();
    send(udp, auth_fail("ann", 20).as_bytes());
    let mut new = TcpStream::connect(tcp).unwrap();
    new.write_all((auth_fail("bob", 31) + "\n").as_bytes()).unwrap();
    assert_eq!(supervisor.order("start"), "supervisor: started");
    let health = counted(3);
    assert_eq!(health["connections"], 2);
    assert_eq!(site.account("jdoe")["failures_total"], 2);

    // Killed: only what listens is left.
    assert_eq!(supervisor.order("kill"), "supervisor: ended with 2 kept");
    send(udp, auth_fail("carol", 42).as_bytes());
    let mut newest = TcpStream::connect(tcp).unwrap();
    newest.write_all((auth_fail("dave", 53) + "\n").as_bytes()).unwrap();
    assert_eq!(supervisor.order("start"), "supervisor: started");
    assert_eq!(counted(2)["connections"], 1);
}
