//! Syslog over one TCP connection, as fast as it is taken: TCP holds the sender back, so that nothing is lost and everything counts.

use std::io::{BufWriter, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use lockwarden::units::Wall;

use super::service::Service;
use crate::bench::messages::{auth_fail, auth_success};
use crate::workspace::Failure;

/// Longer than the service needs for what is on its way.
const PATIENCE: Duration = Duration::from_secs(120);
/// Where the clock of the constructed lines begins: 2026-01-15.
const BEGIN_MS: i64 = 1_768_435_200_000;

/// The connection, and how many lines were sent over it.
pub(super) struct Lines {
    stream: BufWriter<TcpStream>,
    sent: u64,
}

impl Lines {
    pub(super) fn to(syslog: SocketAddr) -> Result<Self, Failure> {
        let stream = TcpStream::connect(syslog).map_err(|e| Failure::of("syslog over TCP", e))?;
        Ok(Self { stream: BufWriter::new(stream), sent: 0 })
    }

    /// A failed sign-in of this account.
    pub(super) fn failure(&mut self, account: &str) -> Result<(), Failure> {
        self.send(|n, at| auth_fail(n, account, at))
    }

    /// A successful one.
    pub(super) fn success(&mut self, account: &str) -> Result<(), Failure> {
        self.send(|n, at| auth_success(n, account, at))
    }

    /// Until all that was sent has its verdict.
    pub(super) fn taken(&mut self, service: &Service) -> Result<(), Failure> {
        self.stream.flush().map_err(|e| Failure::of("syslog over TCP", e))?;
        let sent = self.sent;
        service.wait_health("/received", PATIENCE, |received| received >= sent)
    }

    /// Each line has a number and a time of its own.
    fn send(&mut self, line: impl FnOnce(u64, Wall) -> Vec<u8>) -> Result<(), Failure> {
        self.sent += 1;
        let at = Wall::from_millis(BEGIN_MS + i64::try_from(self.sent).unwrap_or(0));
        let mut line = line(self.sent, at);
        line.push(b'\n');
        self.stream.write_all(&line).map_err(|e| Failure::of("syslog over TCP", e))
    }
}
