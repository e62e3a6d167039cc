//! Why a message is nobody's whom we know, and how that is counted (RFC 3414 section 3.2 (3) to (6)).

use super::Auth;
use crate::verdict::Verdict;
use crate::wire::snmp::v3::{UsmCounter, V3Message};

/// Why a message is not of a user of ours, in the order of the checks: of several reasons the last came closest to being right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stranger {
    User,
    Engine,
    Level,
    Algorithm,
    Digest,
}

impl Stranger {
    /// How it is counted, and the verdict.
    pub(super) const fn reason(self) -> (UsmCounter, Verdict) {
        match self {
            Self::User => (UsmCounter::UnknownUserNames, Verdict::UnknownUser),
            Self::Engine => (UsmCounter::UnknownEngineIds, Verdict::UnknownEngine),
            Self::Level => (UsmCounter::UnsupportedSecLevels, Verdict::UnsupportedSecurityLevel),
            Self::Algorithm => (UsmCounter::WrongDigests, Verdict::WrongDigestLength),
            Self::Digest => (UsmCounter::WrongDigests, Verdict::WrongDigest),
        }
    }

    /// A message whose digest is not that of this algorithm's key.
    pub(super) fn by_digest(message: &V3Message<'_>, auth: Option<Auth>) -> Self {
        let length = auth.map_or(0, Auth::digest_length);
        if message.digest.len() == length { Self::Digest } else { Self::Algorithm }
    }
}
