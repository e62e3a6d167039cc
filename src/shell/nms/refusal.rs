//! Why a receiver does not take an SNMPv3 inform, and what the operator can do about it.

use crate::usm::Level;
use crate::wire::snmp::UsmCounter;

/// What its Report says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// No such user.
    User,
    /// The digest is not right.
    Digest,
    /// The user may not use this level.
    Level,
    /// It cannot decrypt the message.
    Privacy,
    /// Its clock is behind what it told before.
    Clock {
        /// Its boots now.
        boots: u32,
        /// Its boots before.
        known: u32,
    },
    /// Something that is not about the user.
    Other,
}

impl Refusal {
    /// What this counter means. None: it asks to look for the engine or the time again.
    pub(super) const fn of(counter: Option<UsmCounter>) -> Option<Self> {
        match counter {
            Some(UsmCounter::UnknownUserNames) => Some(Self::User),
            Some(UsmCounter::WrongDigests) => Some(Self::Digest),
            Some(UsmCounter::UnsupportedSecLevels) => Some(Self::Level),
            Some(UsmCounter::DecryptionErrors) => Some(Self::Privacy),
            Some(UsmCounter::UnknownEngineIds | UsmCounter::NotInTimeWindows) => None,
            None => Some(Self::Other),
        }
    }

    /// One sentence for the operator.
    pub(super) fn sentence(self, user: &[u8], level: Level) -> String {
        let user = user.escape_ascii();
        let level = level.as_str();
        match self {
            Self::User => {
                format!("the receiver knows no SNMPv3 user \"{user}\"; correct `user` in [[nms]], or create it there")
            }
            Self::Digest => format!(
                "the receiver refuses the digest of user \"{user}\"; make auth password and algorithm the same on \
                 both sides"
            ),
            Self::Level => format!(
                "the receiver does not take {level} from user \"{user}\"; allow that level there, or correct `level` \
                 in [[nms]]"
            ),
            Self::Privacy => format!(
                "the receiver cannot decrypt what user \"{user}\" sends; make privacy password and algorithm the \
                 same on both sides"
            ),
            Self::Clock { boots, known } => format!(
                "the receiver's SNMP engine shows boots {boots} after {known}: it has lost its state, or its boots are \
                 used up; give it a new engine id, or restart lockwarden"
            ),
            Self::Other => "the receiver refuses the SNMPv3 message; does it take USM, and the default context?".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_counter_that_is_a_refusal_says_what_to_correct() {
        let sentence = |counter| Refusal::of(Some(counter)).map(|refusal| refusal.sentence(b"nms\n", Level::AuthPriv));
        let sentences: Vec<_> = UsmCounter::ALL.into_iter().filter_map(sentence).collect();
        assert_eq!(
            sentences,
            [
                "the receiver does not take auth-priv from user \"nms\\n\"; allow that level there, or correct \
                 `level` in [[nms]]",
                "the receiver knows no SNMPv3 user \"nms\\n\"; correct `user` in [[nms]], or create it there",
                "the receiver refuses the digest of user \"nms\\n\"; make auth password and algorithm the same \
                 on both sides",
                "the receiver cannot decrypt what user \"nms\\n\" sends; make privacy password and algorithm \
                 the same on both sides",
            ]
        );
    }
}
