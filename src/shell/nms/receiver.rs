//! A management station: where it is, what it is sent, and how delivery to it stands.

use std::time::Duration;

use crate::usm::{LocalEngine, Protection};
use crate::wire::snmp::{Kind, Oid};

/// One management station.
#[derive(Clone, Debug)]
pub struct Receiver {
    /// `host:port`; a name is looked up by its own task, off everybody else's way.
    pub address: String,
    /// What it is sent.
    pub protocol: Protocol,
    /// How long an answer may take before the inform is repeated.
    pub timeout: Duration,
    /// Where LOCKWARDEN-MIB is rooted there.
    pub root: Oid,
}

/// The version of SNMP, with what each needs.
#[derive(Clone, Debug)]
pub enum Protocol {
    /// RFC 1157; it has no informs.
    V1 {
        /// The community that the receiver expects.
        community: Vec<u8>,
    },
    /// RFC 1901.
    V2c {
        /// The community that the receiver expects.
        community: Vec<u8>,
        /// Whether it answers.
        kind: Kind,
    },
    /// RFC 3412, under the User-based Security Model.
    V3 {
        /// `usmUserName` at the receiver.
        user: Vec<u8>,
        /// What proves and protects it there.
        protection: Protection,
        /// Whether it answers. A trap counts by our engine's clock and keys, an inform by the receiver's.
        kind: Kind,
        /// Our engine.
        engine: LocalEngine,
    },
}

/// How delivery to a receiver stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReceiverState {
    /// Everything is delivered.
    Idle,
    /// Something is on its way.
    Delivering,
    /// It does not answer, refuses what is sent, or cannot be reached; the next try comes by itself.
    Down {
        /// One sentence for the operator.
        reason: String,
    },
}
