//! net-snmp's snmptrapd as a process of the test.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, Stdio};

use tokio::sync::mpsc::{Receiver, channel};
use tokio::time::timeout;

use crate::rig::{PATIENCE, directory, program, scratch};

/// A receiver that can be stopped and started again on the same port.
pub(crate) struct Snmptrapd {
    pub(crate) address: SocketAddr,
    pub(crate) directory: PathBuf,
    pub(crate) mibs: PathBuf,
    /// Lines of its configuration about SNMPv3's users.
    pub(crate) users: String,
    running: Option<(Child, Receiver<String>)>,
}

impl Snmptrapd {
    /// Not started yet. `name` makes its directory its own.
    pub(crate) fn new(name: &str, host: &str) -> Self {
        let address = UdpSocket::bind((host, 0)).unwrap().local_addr().unwrap();
        Self { address, directory: scratch(name), mibs: directory("config"), users: String::new(), running: None }
    }

    /// Starts it, and waits until its socket is open. It shows one notification as its varbinds, one a line, and `end`.
    pub(crate) async fn start(&mut self) {
        let file = self.directory.join("snmptrapd.conf");
        let v1 = r"format1 %N %w.%q from %a\n%V\n%v\nend\n";
        let security = if self.users.is_empty() { "" } else { r"%P\n" };
        let v2 = format!(r"format2 {security}%V\n%v\nend\n");
        fs::write(&file, format!("authCommunity log public\n{v1}\n{v2}\n{}", self.users)).unwrap();
        let mibs = [directory("tests/data/mibs"), self.mibs.clone()].map(|path| path.display().to_string()).join(":");
        let transport = if self.address.is_ipv4() { "udp" } else { "udp6" };
        let mut child = program("snmptrapd")
            .args(["-f", "-Le", "-n", "-m", "LOCKWARDEN-MIB", "-M", &mibs])
            .arg(format!("{transport}:{}", self.address))
            // It reads back what it has written down only from there.
            .env("SNMPCONFPATH", format!("{}:{}", self.directory.display(), self.state().display()))
            .env("SNMP_PERSISTENT_DIR", self.state())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("snmptrapd (Debian package snmptrapd) starts");
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (line, lines) = channel(1024);
        std::thread::spawn(move || stderr.lines().map_while(Result::ok).try_for_each(|text| line.blocking_send(text)));
        self.running = Some((child, lines));
        while !self.line().await.starts_with("NET-SNMP version") {}
    }

    /// Where it keeps its engine id and boots.
    pub(crate) fn state(&self) -> PathBuf {
        self.directory.join("state")
    }

    /// Lets it write down its state and end.
    pub(crate) fn stop(&mut self) {
        if let Some((mut child, _)) = self.running.take() {
            program("kill").arg(child.id().to_string()).status().unwrap();
            child.wait().unwrap();
        }
    }

    async fn line(&mut self) -> String {
        let lines = &mut self.running.as_mut().unwrap().1;
        timeout(PATIENCE, lines.recv()).await.expect("a line from snmptrapd in time").expect("snmptrapd runs")
    }

    /// The lines of the next notification.
    pub(crate) async fn shown(&mut self) -> Vec<String> {
        let mut shown = Vec::new();
        loop {
            match self.line().await {
                line if line == "end" => return shown,
                line => shown.push(line),
            }
        }
    }

    pub(crate) fn kill(&mut self) {
        if let Some((mut child, _)) = self.running.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}

impl Drop for Snmptrapd {
    fn drop(&mut self) {
        self.kill();
        fs::remove_dir_all(&self.directory).ok();
    }
}
