//! net-snmp's snmptrapd as the management system, and a plain socket where the octets matter.

use std::fs;
use std::net::{SocketAddr, UdpSocket};
use std::process::{Child, Stdio};

use super::programs::{Lines, PATIENCE, output, program, start, text};
use super::site::{Directory, free_port, lockwarden};

/// Base modules for our own: Debian ships none.
pub(crate) const BASE_MIBS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/mibs");

/// A UDP port of 127.0.0.1 that is free, and that nobody gets by asking for any port.
pub(crate) fn free_udp_port() -> u16 {
    std::iter::repeat_with(free_port).find(|port| UdpSocket::bind(("127.0.0.1", *port)).is_ok()).unwrap()
}

/// A running snmptrapd.
pub(crate) struct Trapd {
    /// `127.0.0.1:port`.
    pub(crate) at: String,
    lines: Lines,
    child: Child,
    _directory: Directory,
}

impl Trapd {
    /// With these lines of configuration; names are those of the module that `lockwarden mib` prints.
    pub(crate) fn by_name(configuration: &str) -> Self {
        let directory = Directory::new();
        let printed = output(lockwarden().arg("mib"));
        fs::write(directory.path().join("LOCKWARDEN-MIB.txt"), text(&printed.stdout)).unwrap();
        let mibs = format!("{BASE_MIBS}:{}", directory.path().display());
        Self::start(directory, configuration, free_udp_port(), &["-m", "LOCKWARDEN-MIB", "-M", &mibs])
    }

    /// With these lines of configuration; every name is a number.
    pub(crate) fn by_number(configuration: &str) -> Self {
        Self::by_number_at(free_udp_port(), configuration)
    }

    /// The same on this port.
    pub(crate) fn by_number_at(port: u16, configuration: &str) -> Self {
        Self::start(Directory::new(), configuration, port, &["-On"])
    }

    fn start(directory: Directory, configuration: &str, port: u16, options: &[&str]) -> Self {
        let file = directory.path().join("snmptrapd.conf");
        let v1 = r"format1 %P|%N %w %q from %a up %#T|%V|%v\n";
        fs::write(&file, format!("{configuration}\n{v1}\nformat2 %P|%V|%v\\n\n")).unwrap();
        let at = format!("127.0.0.1:{port}");
        let mut child = start(
            program("snmptrapd")
                .args(["-f", "-Le", "-n", "-C", "-c"])
                .arg(file)
                .args(options)
                .arg(format!("udp:{at}"))
                .env("SNMP_PERSISTENT_DIR", directory.path())
                .stdout(Stdio::null())
                .stderr(Stdio::piped()),
        );
        let mut lines = Lines::of("snmptrapd", child.stderr.take().unwrap());
        lines.until(|line| line.starts_with("NET-SNMP version"));
        Self { at, lines, child, _directory: directory }
    }

    /// The next notification: what sort it is and under which identity, then its varbinds.
    pub(crate) fn shown(&mut self) -> Vec<String> {
        let line = self.lines.until(|line| line.contains('|')).pop().unwrap();
        line.split('|').map(str::to_owned).collect()
    }

    /// Ends it. What it has printed and nobody has looked at.
    pub(crate) fn rest(mut self) -> Vec<String> {
        self.child.kill().unwrap();
        self.lines.rest()
    }
}

impl Drop for Trapd {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// A receiver that answers only when it is told to.
pub(crate) struct Bare {
    pub(crate) socket: UdpSocket,
}

impl Bare {
    pub(crate) fn new() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { socket }
    }

    pub(crate) fn at(&self) -> String {
        self.socket.local_addr().unwrap().to_string()
    }

    /// The next datagram, and from where.
    pub(crate) fn next(&self) -> (Vec<u8>, SocketAddr) {
        let mut buffer = vec![0; 65_535];
        let (length, from) = self.socket.recv_from(&mut buffer).unwrap();
        buffer.truncate(length);
        (buffer, from)
    }
}
