//! What a CUCM node sends: CiscoLog lines, and the same as `clogMessageGenerated` through net-snmp's commands.

use std::net::SocketAddr;
use std::process::Command;

use super::programs::program;

/// The tags at the end of every alarm.
const COMMON: &str = "[AppID=Cisco Tomcat][ClusterID=StandAloneCluster][NodeID=cucm-sub1]";

/// The alarm without sequence, host and date; `n` makes it an event of its own.
fn line(n: u32, severity: u8, alarm: &str, tags: &str) -> String {
    let (minute, second) = (n / 60 % 60, n % 60);
    format!(
        "<188>{}: cucm-sub1.example.test: Jan 15 2026 08:{minute:02}:{second:02}.114 UTC : \
         %UC_{alarm}: %{tags}{COMMON}: constructed",
        100 + n,
        alarm = alarm.replacen('-', &format!("-{severity}-"), 1),
    )
}

/// A wrong PIN or password.
pub(crate) fn auth_fail(user: &str, n: u32) -> String {
    line(n, 4, "IMS-authFail", &format!("[UserID={user}][Message=Credential failure]"))
}

/// The right one.
pub(crate) fn auth_success(user: &str, n: u32) -> String {
    line(n, 6, "IMS-authSuccess", &format!("[UserID={user}]"))
}

/// A platform account is locked for so many seconds.
pub(crate) fn platform_lock(user: &str, n: u32, seconds: u32) -> String {
    let tags = format!("[UserID={user}][UnlockTime={seconds}][FailedLoginCount=3]");
    line(n, 4, "LOGIN-PlatformAdminAccountLocked", &tags)
}

/// `logger` of util-linux, which sends this line as rsyslog relays it: with the priority in front of its own time and host, and
/// the sequence number for the tag.
pub(crate) fn relayed(line: &str, to: SocketAddr) -> Command {
    let (number, text) = line.strip_prefix("<188>").and_then(|line| line.split_once(": ")).unwrap();
    let mut command = program("logger");
    command.args(["--server", &to.ip().to_string(), "--port", &to.port().to_string(), "--udp", "--rfc3164"]);
    command.args(["--priority", "local7.warning", "--tag", number, "--", text]);
    command
}

/// The version of a notification.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    V1,
    V2c,
}

/// An alarm of facility UC_IMS as a notification: which program, which version, which community, what it says.
#[derive(Clone, Copy)]
pub(crate) struct Clog<'a> {
    pub(crate) program: &'a str,
    pub(crate) version: Version,
    pub(crate) community: &'a str,
    pub(crate) name: &'a str,
    pub(crate) text: &'a str,
    /// clogHistTimestamp: makes it an event of its own.
    pub(crate) ticks: u32,
    /// Seconds until the program sends again, and how often it does.
    pub(crate) patience: (u32, u32),
}

/// An SNMPv2c trap of this alarm about this user.
pub(crate) const fn trap<'a>(name: &'a str, text: &'a str, ticks: u32) -> Clog<'a> {
    Clog { program: "snmptrap", version: Version::V2c, community: "public", name, text, ticks, patience: (1, 0) }
}

/// An inform of this alarm about this user; its program waits for the answer.
pub(crate) const fn inform<'a>(name: &'a str, text: &'a str, ticks: u32) -> Clog<'a> {
    Clog { program: "snmpinform", patience: (20, 0), ..trap(name, text, ticks) }
}

/// The text of an IMS alarm about a user.
pub(crate) fn about(user: &str) -> String {
    format!("%[UserID={user}]{COMMON}: constructed")
}

impl Clog<'_> {
    /// The command that sends it.
    pub(crate) fn to(&self, address: SocketAddr) -> Command {
        let transport = if address.is_ipv4() { "udp" } else { "udp6" };
        let (timeout, retries) = (self.patience.0.to_string(), self.patience.1.to_string());
        let version = if self.version == Version::V1 { "1" } else { "2c" };
        let mut command = program(self.program);
        command.args(["-v", version, "-c", self.community, "-t", &timeout, "-r", &retries]);
        command.arg(format!("{transport}:{address}"));
        match self.version {
            // Enterprise, agent, generic trap 6 (enterprise-specific), specific trap 1, our own uptime.
            Version::V1 => command.args(["1.3.6.1.4.1.9.9.41.2", "192.0.2.10", "6", "1", ""]),
            Version::V2c => command.args(["", "1.3.6.1.4.1.9.9.41.2.0.1"]),
        };
        add_alarm(&mut command, self.name, self.text, self.ticks);
        command
    }
}

/// The variables of clogMessageGenerated: an alarm of facility UC_IMS of this name, text and clogHistTimestamp.
pub(crate) fn add_alarm(command: &mut Command, name: &str, text: &str, ticks: u32) {
    let ticks = ticks.to_string();
    let columns = [(2, "s", "UC_IMS"), (3, "i", "5"), (4, "s", name), (5, "s", text), (6, "t", &ticks)];
    for (column, kind, value) in columns {
        command.args([&format!("1.3.6.1.4.1.9.9.41.1.2.3.1.{column}.7"), kind, value]);
    }
}
