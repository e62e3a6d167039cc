//! A management station: where it is, what it is sent, and how delivery to it stands.

use core::fmt;
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

/// The version of SNMP, with what each needs. `Debug` shows no community.
#[derive(Clone)]
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

impl fmt::Debug for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V1 { community: _ } => f.write_str("V1(***)"),
            Self::V2c { community: _, kind } => write!(f, "V2c(***, {kind:?})"),
            Self::V3 { user, protection, kind, engine } => {
                let mut shown = f.debug_struct("V3");
                shown.field("user", user).field("protection", protection).field("kind", kind).field("engine", engine);
                shown.finish()
            }
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_community_does_not_show_itself() {
        let community = b"example-community".to_vec();
        assert_eq!(format!("{:?}", Protocol::V1 { community: community.clone() }), "V1(***)");
        assert_eq!(format!("{:?}", Protocol::V2c { community, kind: Kind::Inform }), "V2c(***, Inform)");
    }
}
