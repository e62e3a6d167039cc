//! The peer: net-snmp's trap receiver on a free port, which writes every notification to its log, without asking name servers.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::messages::{self, CLUSTER};
use super::{service, throughput, user};
use crate::workspace::{Failure, on_path, write};

/// Longer than its start takes.
const PATIENCE: Duration = Duration::from_secs(10);
/// From one look at the log to the next.
const LOOK: Duration = Duration::from_millis(50);

/// A running snmptrapd. It is killed when this goes away.
#[derive(Debug)]
pub(super) struct Snmptrapd {
    process: Child,
    at: SocketAddr,
    log: PathBuf,
    logged: u64,
}

impl Snmptrapd {
    /// Starts it in an empty directory under this one, and waits until it has logged a trap; `None` if it is not installed.
    pub(super) fn start(above: &Path) -> Result<Option<Self>, Failure> {
        let Some(program) = on_path("snmptrapd") else { return Ok(None) };
        let (directory, at) = (above.join("snmptrapd"), service::free_udp()?);
        let (config, log) = (directory.join("bench.conf"), directory.join("log"));
        write(&config, configuration(at))?;
        File::create(&log).map_err(|e| Failure::of("the log of snmptrapd", e))?;
        let mut run = Command::new(program);
        // -f: in the foreground; -n: no name servers; -C, -c: no configuration but this; -A: the log can be cut.
        run.args(["-f", "-n", "-C", "-m", "", "-A", "-Lf"]).arg(&log).arg("-c").arg(&config);
        run.env("SNMP_PERSISTENT_DIR", directory.join("persistent")).env("SNMPCONFPATH", &directory);
        let process = run.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let mut peer = Self { process: process.map_err(|e| Failure::of("snmptrapd", e))?, at, log, logged: 0 };
        peer.knock()?;
        Ok(Some(peer))
    }

    /// Where it listens.
    pub(super) fn address(&self) -> SocketAddr {
        self.at
    }

    /// The process id.
    pub(super) fn id(&self) -> u32 {
        self.process.id()
    }

    /// Notifications that it has logged so far. What was counted is cut from the log, so call it only when none is on its way.
    pub(super) fn logged(&mut self) -> Result<u64, Failure> {
        let failed = |e| Failure::of("the log of snmptrapd", e);
        let file = File::open(&self.log).map_err(failed)?;
        for line in BufReader::new(file).split(b'\n') {
            let line = line.map_err(failed)?;
            self.logged += u64::from(line.windows(CLUSTER.len()).any(|part| part == CLUSTER.as_bytes()));
        }
        OpenOptions::new().write(true).truncate(true).open(&self.log).map_err(failed)?;
        Ok(self.logged)
    }

    fn knock(&mut self) -> Result<(), Failure> {
        let (socket, trap) = (throughput::socket_to(self.at)?, messages::auth_fail_trap(0, "user0000"));
        let began = Instant::now();
        while self.logged()? == 0 {
            if let Ok(Some(ended)) = self.process.try_wait() {
                let log = fs::read_to_string(&self.log).unwrap_or_default();
                return Err(Failure::Said(format!("snmptrapd ended with {ended}\n{log}")));
            }
            if began.elapsed() > PATIENCE {
                return Err(Failure::Said("snmptrapd logs no trap".into()));
            }
            // Refused as long as nobody listens.
            let _refused = socket.send(&trap).is_err();
            sleep(LOOK);
        }
        Ok(())
    }
}

impl Drop for Snmptrapd {
    fn drop(&mut self) {
        service::end(&mut self.process);
    }
}

/// With the receive buffer that our service asks for, and every sender in.
fn configuration(at: SocketAddr) -> String {
    let (engine, name) = (user::ENGINE_DIGITS, user::NAME);
    let (auth, privacy) = (user::AUTH_PASSWORD, user::PRIV_PASSWORD);
    format!(
        "[snmp] serverRecvBuf 4194304\n\
         snmpTrapdAddr udp:{at}\n\
         authCommunity log public\n\
         createUser -e {engine} {name} SHA-256 {auth} AES {privacy}\n\
         authUser log {name} priv\n"
    )
}
