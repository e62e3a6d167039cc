//! SNMPv3's users, as our configuration and as net-snmp's options; and CUCM's alarms as a user sends them.

use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::cucm::add_alarm;
use super::programs::{PATIENCE, deadline, output, program, start};
use super::site::Directory;

/// Digests: as our configuration and as net-snmp call them.
const DIGESTS: [(&str, &str); 6] = [
    ("md5", "MD5"),
    ("sha1", "SHA"),
    ("sha224", "SHA-224"),
    ("sha256", "SHA-256"),
    ("sha384", "SHA-384"),
    ("sha512", "SHA-512"),
];
/// Ciphers that net-snmp has, in the same way.
const CIPHERS: [(&str, &str); 4] = [("des", "DES"), ("aes128", "AES"), ("aes192", "AES-192"), ("aes256", "AES-256")];
/// Ciphers with Reeder's keys, which net-snmp does not have.
const REEDER: [&str; 2] = ["aes192c", "aes256c"];

/// The engine that traps are of, if nothing else is said.
pub(crate) const ENGINE: &str = "0x80001f8804637563";

/// A user with its passwords.
#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) name: String,
    /// The digest in our configuration's words, and the password.
    pub(crate) auth: Option<(&'static str, String)>,
    /// The cipher, likewise.
    pub(crate) privacy: Option<(&'static str, String)>,
}

impl User {
    /// One that is called like its algorithms.
    pub(crate) fn with(auth: Option<&'static str>, privacy: Option<&'static str>) -> Self {
        let name = format!("{}-{}", auth.unwrap_or("none"), privacy.unwrap_or("none"));
        let password = |what: &str| format!("{what}-of-{name}");
        Self {
            auth: auth.map(|auth| (auth, password("digest"))),
            privacy: privacy.map(|privacy| (privacy, password("cipher"))),
            name,
        }
    }

    /// The usual one, for tests that are about something else.
    pub(crate) fn usual() -> Self {
        Self::with(Some("sha256"), Some("aes128"))
    }

    /// Every level and pair of algorithms that net-snmp has.
    pub(crate) fn of_net_snmp() -> Vec<Self> {
        let ciphers = CIPHERS.map(|(ours, _)| Some(ours));
        let protected = DIGESTS.iter().flat_map(|(digest, _)| {
            let alone = std::iter::once(None);
            alone.chain(ciphers).map(|cipher| Self::with(Some(*digest), cipher))
        });
        std::iter::once(Self::with(None, None)).chain(protected).collect()
    }

    /// Every digest with each cipher that has Reeder's keys.
    pub(crate) fn of_reeder() -> Vec<Self> {
        let ciphers = |(digest, _)| REEDER.map(|cipher| Self::with(Some(digest), Some(cipher)));
        DIGESTS.into_iter().flat_map(ciphers).collect()
    }

    /// Its table in the configuration.
    pub(crate) fn configuration(&self) -> String {
        let mut text = format!("\n[[traps.user]]\nname = \"{}\"\n", self.name);
        for (key, protection) in [("auth", &self.auth), ("priv", &self.privacy)] {
            if let Some((algorithm, password)) = protection {
                text += &format!("{key} = \"{algorithm}\"\n{key}-password = \"{password}\"\n");
            }
        }
        text
    }

    /// Its row in the table for send.py.
    pub(crate) fn row(&self) -> String {
        let cells = [&self.auth, &self.privacy].map(|protection| {
            let (algorithm, password) = protection.as_ref().map_or(("", ""), |(name, password)| (*name, password));
            format!("{algorithm}\t{password}")
        });
        format!("{}\t{}\n", self.name, cells.join("\t"))
    }

    /// Whether it proves who it is.
    pub(crate) const fn proof(&self) -> &'static str {
        if self.auth.is_some() { "usm" } else { "none" }
    }

    /// net-snmp's options.
    fn add_options(&self, command: &mut Command) {
        let level = match (&self.auth, &self.privacy) {
            (None, _) => "noAuthNoPriv",
            (Some(_), None) => "authNoPriv",
            (Some(_), Some(_)) => "authPriv",
        };
        command.args(["-v", "3", "-l", level, "-u", &self.name]);
        if let Some((digest, password)) = &self.auth {
            command.args(["-a", in_net_snmp(&DIGESTS, digest), "-A", password]);
        }
        if let Some((cipher, password)) = &self.privacy {
            command.args(["-x", in_net_snmp(&CIPHERS, cipher), "-X", password]);
        }
    }
}

fn in_net_snmp(names: &[(&str, &'static str)], ours: &str) -> &'static str {
    names.iter().find(|(name, _)| *name == ours).unwrap().1
}

/// A node that sends SNMPv3 by net-snmp's programs.
pub(crate) struct Node {
    /// Where net-snmp keeps what it thinks it must.
    directory: Directory,
}

/// A failed sign-in of an account; the ticks (hundredths of a second) make it an event of its own.
#[derive(Clone, Copy)]
pub(crate) struct Failed<'a> {
    pub(crate) account: &'a str,
    pub(crate) ticks: u32,
}

impl Node {
    pub(crate) fn new() -> Self {
        Self { directory: Directory::new() }
    }

    fn command(&self, name: &str, user: &User) -> Command {
        let mut command = program(name);
        command.env("SNMP_PERSISTENT_DIR", self.directory.path()).env("SNMPCONFPATH", self.directory.path());
        user.add_options(&mut command);
        command
    }

    /// snmptrap, as this engine with these boots and this time (seconds).
    pub(crate) fn trap_of(
        &self,
        engine: &str,
        (boots, time): (u32, u32),
        user: &User,
        failed: Failed<'_>,
        to: SocketAddr,
    ) -> Command {
        let mut command = self.command("snmptrap", user);
        command.args(["-e", engine, "-Z", &format!("{boots},{time}"), &format!("udp:{to}")]);
        add_failure(&mut command, failed);
        command
    }

    /// The same as [`ENGINE`].
    pub(crate) fn trap(&self, clock: (u32, u32), user: &User, failed: Failed<'_>, to: SocketAddr) -> Command {
        self.trap_of(ENGINE, clock, user, failed, to)
    }

    /// snmpinform, which asks for our engine and waits for the answer.
    pub(crate) fn inform(&self, user: &User, failed: Failed<'_>, to: SocketAddr) -> Command {
        let mut command = self.command("snmpinform", user);
        command.args(["-t", "20", "-r", "0", &format!("udp:{to}")]);
        add_failure(&mut command, failed);
        command
    }
}

fn add_failure(command: &mut Command, failed: Failed<'_>) {
    command.args(["", "1.3.6.1.4.1.9.9.41.2.0.1"]);
    add_alarm(command, "authFail", &super::cucm::about(failed.account), failed.ticks);
}

/// The one datagram of a command that waits for no answer.
pub(crate) fn datagram_of(command: impl FnOnce(SocketAddr) -> Command) -> Vec<u8> {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    output(&mut command(socket.local_addr().unwrap()));
    let mut buffer = vec![0; 1_500];
    let (length, _) = socket.recv_from(&mut buffer).unwrap();
    buffer.truncate(length);
    buffer
}

/// The datagrams of a command that has a conversation with the service at this address and must succeed, in order.
pub(crate) fn datagrams_of(command: impl FnOnce(SocketAddr) -> Command, service: SocketAddr) -> Vec<Vec<u8>> {
    let (near, far) = (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
    near.set_read_timeout(Some(Duration::from_millis(10))).unwrap();
    far.set_read_timeout(Some(PATIENCE)).unwrap();
    far.connect(service).unwrap();
    // net-snmp says on standard error that it makes its directories.
    let mut sender = start(command(near.local_addr().unwrap()).stderr(Stdio::null()));
    let deadline = deadline();
    let (mut buffer, mut asked) = ([0; 1_500], Vec::new());
    loop {
        assert!(!deadline.is_over(), "a sender that does not end");
        match near.recv_from(&mut buffer) {
            Ok((length, from)) => {
                asked.push(buffer[..length].to_vec());
                far.send(&buffer[..length]).unwrap();
                let length = far.recv(&mut buffer).unwrap();
                near.send_to(&buffer[..length], from).unwrap();
            }
            Err(error) => assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{error}"),
        }
        if let Some(status) = sender.try_wait().unwrap() {
            assert!(status.success(), "{status}");
            return asked;
        }
    }
}
