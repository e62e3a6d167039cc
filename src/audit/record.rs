//! One record of the audit log.

use core::hash::Hasher as _;

use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher13;

use crate::event::{Channel, Label, Name, Realm};
use crate::units::{Text, Wall};

/// What somebody did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Action {
    /// Came in, or tried to.
    #[default]
    Login,
    /// Left.
    Logout,
}

impl Action {
    /// The form's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Login => "Login",
            Self::Logout => "Logout",
        }
    }

    /// The action of this word, whatever its case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Login, Self::Logout].into_iter().find(|action| action.as_str().eq_ignore_ascii_case(text.trim()))
    }
}

/// Why nobody came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failed {
    /// The credential was wrong: a failed login.
    Authentication,
    /// The credential was right, and no session was free: no failed login.
    NoSession,
}

/// A login, a failed login or a logout. The store keeps it as it is: the order of the fields is frozen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRecord {
    /// Ever rising, never given twice.
    pub id: u64,
    /// The source's own time; where it gives none, when the first report of it arrived.
    pub at: Wall,
    /// When the first report of it arrived.
    pub received: Wall,
    /// What was done.
    pub action: Action,
    /// Who did it, as written.
    pub user: Name,
    /// From where: an address, or a host name where the source gives no address; empty if not said.
    pub source: Label,
    /// Through which application; empty if not said.
    pub login_type: Label,
    /// Whether the credential was right.
    pub authenticated: bool,
    /// Whether a session was free; none: not said.
    pub session_available: Option<bool>,
    /// Unique only within a login type; empty if not said.
    pub session_id: Text<32>,
    /// What the source adds.
    pub comments: Name,
    /// Who answers for the account.
    pub realm: Realm,
    /// The cluster or controller; empty if unknown.
    pub cluster: Label,
    /// The node that reported it first; empty if unknown.
    pub node: Label,
    /// The alarm that reported it first.
    pub family: Label,
    /// By which way it was reported first.
    pub channel: Channel,
    /// The number that the source itself gave it; empty if none.
    pub source_id: Text<32>,
}

impl AuditRecord {
    /// Why nobody came in, if so.
    #[must_use]
    pub fn failed(&self) -> Option<Failed> {
        match (self.action, self.authenticated, self.session_available) {
            (Action::Logout, _, _) | (Action::Login, true, Some(true) | None) => None,
            (Action::Login, true, Some(false)) => Some(Failed::NoSession),
            (Action::Login, false, _) => Some(Failed::Authentication),
        }
    }

    /// Equal for two copies of one record, wherever they were kept: everything that its source says, and not our own number.
    /// Two records can have the same; copies are told by how often it occurs.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        let mut hash = SipHasher13::new();
        let texts = [
            self.user.as_str(),
            self.source.as_str(),
            self.login_type.as_str(),
            self.session_id.as_str(),
            self.comments.as_str(),
            self.cluster.as_str(),
            self.node.as_str(),
            self.source_id.as_str(),
        ];
        for text in texts {
            hash.write(text.as_bytes());
            hash.write_u8(0xff);
        }
        hash.write_i64(self.at.as_millis());
        hash.write_u8(u8::from(self.action == Action::Logout));
        hash.write_u8(u8::from(self.authenticated));
        hash.write_u8(self.session_available.map_or(2, u8::from));
        hash.finish()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A failed login at a Mitel controller.
    pub(crate) fn failed_login() -> AuditRecord {
        AuditRecord {
            id: 7,
            at: Wall::from_millis(1_768_465_265_090),
            received: Wall::from_millis(1_768_465_266_000),
            action: Action::Login,
            user: Name::from_wire("system"),
            source: Label::from_wire("192.0.2.30"),
            login_type: Label::from_wire("ESM Login Page"),
            authenticated: false,
            session_available: Some(true),
            session_id: Text::from_wire("0"),
            comments: Name::from_wire("Invalid Password"),
            realm: Realm::Mitel,
            cluster: Label::from_wire("mitel1"),
            node: Label::from_wire("mitel1"),
            family: Label::from_wire("MITEL-login-failed"),
            channel: Channel::Syslog,
            source_id: Text::from_wire("1042"),
        }
    }

    #[test]
    fn authenticated_without_a_session_is_no_failed_login() {
        let of = |action, authenticated, session_available| {
            AuditRecord { action, authenticated, session_available, ..failed_login() }.failed()
        };
        assert_eq!(of(Action::Login, true, Some(false)), Some(Failed::NoSession));
        assert_eq!(of(Action::Login, false, Some(false)), Some(Failed::Authentication));
        assert_eq!(of(Action::Login, false, None), Some(Failed::Authentication));
        assert_eq!(of(Action::Login, true, None), None);
        assert_eq!(of(Action::Logout, false, Some(false)), None);
    }

    #[test]
    fn the_bytes_in_the_store_are_frozen() {
        let kept: Vec<u8> = postcard::to_allocvec(&failed_login()).unwrap();
        let text = |text: &str| [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
        let expected = [
            vec![7],
            // Wall times are zigzag varints of milliseconds.
            vec![0x84, 0xc7, 0xf3, 0x8b, 0xf8, 0x66, 0xa0, 0xd5, 0xf3, 0x8b, 0xf8, 0x66],
            vec![0],
            text("system"),
            text("192.0.2.30"),
            text("ESM Login Page"),
            vec![0, 1, 1],
            text("0"),
            text("Invalid Password"),
            vec![3],
            text("mitel1"),
            text("mitel1"),
            text("MITEL-login-failed"),
            vec![0],
            text("1042"),
        ];
        assert_eq!(kept, expected.concat());
        assert_eq!(postcard::from_bytes(&kept), Ok(failed_login()));
    }

    #[test]
    fn a_copy_has_the_same_fingerprint_whatever_our_number_and_another_session_type_has_not() {
        let one = failed_login();
        let copy = AuditRecord { id: 99, received: Wall::from_millis(0), ..one.clone() };
        let other = AuditRecord { login_type: Label::from_wire("FTP"), ..one.clone() };
        assert_eq!(one.fingerprint(), copy.fingerprint());
        assert_ne!(one.fingerprint(), other.fingerprint());
    }
}
