//! What is said from module to module: account, source, observation, attempt, alert. Knows no protocol, file or store.

use core::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::units::{Text, Wall};

/// A user name as it was written, safe and bounded.
pub type Name = Text<128>;
/// A host, node, cluster, address or interface name, safe and bounded.
pub type Label = Text<64>;

/// Who answers for an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Realm {
    /// A CUCM end user or application user.
    Cucm,
    /// A platform (operating system) account of a CUCM node.
    Os,
    /// An account of any other Unix host.
    Unix,
    /// A Mitel controller's account.
    Mitel,
    /// A user of Lockwarden itself.
    Lockwarden,
}

impl Realm {
    /// The published name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cucm => "cucm",
            Self::Os => "os",
            Self::Unix => "unix",
            Self::Mitel => "mitel",
            Self::Lockwarden => "lockwarden",
        }
    }
}

/// An account. Two clusters can hold the same name; an empty cluster is one that nobody named yet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Account {
    /// Who answers for it.
    pub realm: Realm,
    /// The cluster, host or controller that it lives in; empty if unknown.
    pub cluster: Label,
    /// Its name as first seen.
    pub name: Name,
}

/// Which of a user's credentials was tried. CUCM's IMS alarms do not say (no parameter for it exists).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Credential {
    /// The telephone PIN.
    Pin,
    /// The password.
    Password,
    /// Not said, and not guessed.
    #[default]
    Unknown,
}

/// By which way an observation came. One attempt can be seen once on each way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// A syslog line.
    Syslog,
    /// An SNMP notification.
    Trap,
    /// Inside an RTMT alert, later than the event itself.
    Nested,
}

impl Channel {
    /// The published name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Syslog => "syslog",
            Self::Trap => "trap",
            Self::Nested => "nested",
        }
    }
}

/// How the sender proved who it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Authenticated {
    /// By its address alone.
    #[default]
    None,
    /// By an SNMP community, in the clear.
    Community,
    /// By an SNMPv3 user's key.
    Usm,
    /// By a TLS client certificate.
    Tls,
}

impl Authenticated {
    /// The published name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Community => "community",
            Self::Usm => "usm",
            Self::Tls => "tls",
        }
    }
}

/// Who sent a message, and how that was proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sender {
    /// Its address.
    pub address: IpAddr,
    /// How it proved itself.
    pub authenticated: Authenticated,
}

/// By its address alone.
impl From<IpAddr> for Sender {
    fn from(address: IpAddr) -> Self {
        Self { address, authenticated: Authenticated::None }
    }
}

/// Why an account is locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LockReason {
    /// Too many failed logons (CUCM: hack lock).
    FailedLogons,
    /// An administrator locked it.
    Administrator,
    /// Not used for the allowed days.
    Inactive,
    /// The operating system of a node locked it.
    Platform,
}

impl LockReason {
    /// The published name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FailedLogons => "failed-logons",
            Self::Administrator => "administrator",
            Self::Inactive => "inactive",
            Self::Platform => "platform",
        }
    }
}

/// What an observation says about its account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Meaning {
    /// A wrong credential: counted.
    Failure,
    /// The account is locked; the reason, if the message gives one.
    Lockout(Option<LockReason>),
    /// A right credential: the run of failures ends.
    Success,
    /// An administrator unlocked the account or reset its count.
    Unlock,
    /// The session ended.
    Logout,
    /// A change of user (`su`) failed: `account` tried to become `target`.
    FailedSu,
    /// Another detector has found that sign-ins of the account fail again and again.
    Found,
    /// Another detector has found that changes of user by `account` fail again and again.
    FoundSu,
}

/// The canonical name of an alarm, as a stable number: records keep the number, the catalogue keeps the names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Family(u32);

impl Family {
    /// The number of this name: the same in every run and on every box.
    #[must_use]
    pub fn of(name: &str) -> Self {
        let hash = siphasher::sip::SipHasher13::new().hash(name.as_bytes());
        Self(u32::try_from(hash & 0xffff_ffff).unwrap_or_default())
    }
}

/// One message's statement about one account, as the catalogue read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation<'a> {
    /// What it says.
    pub meaning: Meaning,
    /// The alarm, e.g. `UC_IMS-authHackLock`: the canonical name, whatever spelling was on the wire.
    pub family: Family,
    /// By which way it came.
    pub channel: Channel,
    /// How the sender proved itself.
    pub authenticated: Authenticated,
    /// Who answers for the account.
    pub realm: Realm,
    /// The account, never empty and never cut.
    pub account: &'a str,
    /// The cluster that the message names; empty if it names none.
    pub cluster: &'a str,
    /// The node that the message names, else the host of its header, else the sender's address; empty if unknown.
    pub node: &'a str,
    /// The address of the sender, in text; empty if unknown.
    pub sender: &'a str,
    /// Where the user came from: an address or a host name; empty if not said.
    pub source: &'a str,
    /// Through which application; empty if not said.
    pub interface: &'a str,
    /// The account that `account` wanted to become (`su`, `sudo`); empty for any other sign-in.
    pub target: &'a str,
    /// Which credential, if settled.
    pub credential: Credential,
    /// The message's own time, if it carries one.
    pub stamp: Option<Stamped>,
    /// Equal for two deliveries of the same record on one channel, different for two records. None if the message carries
    /// nothing that tells a second delivery from a second event.
    pub fingerprint: Option<u64>,
    /// Equal for two tellings of the same record by two ways, and for two records of one second: what a record has for a fingerprint
    /// whose time is coarse. None if it has a fingerprint, or nothing like it.
    pub likeness: Option<u64>,
    /// How long the lock lasts, if the message says so, in seconds; 0: until an administrator acts.
    pub unlock_s: Option<u32>,
    /// How many failures the message itself reports (`FailedLoginCount`), if it does.
    pub reported_failures: Option<u32>,
    /// What it says for the audit log alone.
    pub session: Session<'a>,
}

/// What only some sources say about a login: the columns of the Mitel audit form that no other message has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Session<'a> {
    /// Whether a session was free; none: not said.
    pub available: Option<bool>,
    /// Unique only within a login type; empty if not said.
    pub id: &'a str,
    /// Free text; empty if none.
    pub comment: &'a str,
    /// The source's own number of the record; empty if none.
    pub number: &'a str,
}

/// A message's own time and how fine it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamped {
    /// The time.
    pub at: Wall,
    /// The step of its clock: 1 ms, 1 s or 60 s.
    pub precision_ms: u32,
    /// Whether its zone is known and its sender believes its own clock. Not kept: it matters when the message arrives.
    #[serde(skip)]
    pub zoned: bool,
}
