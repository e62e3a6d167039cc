//! The SNMPv3 user whose traps are measured: HMAC-192-SHA-256 and AES-128, at one sender's engine.

use std::sync::LazyLock;

use lockwarden::usm::{Auth, Envelope, Keys, MasterKey, Privacy, Protection, User};
use lockwarden::wire::snmp::v3::scoped_pdu;

pub(crate) const NAME: &str = "bench";
pub(crate) const AUTH_PASSWORD: &str = "auth-of-the-bench";
pub(crate) const PRIV_PASSWORD: &str = "priv-of-the-bench";
/// The sender's engine, and the same in hexadecimal digits.
pub(super) const ENGINE: [u8; 9] = [0x80, 0x00, 0x1f, 0x88, 0x04, 0x01, 0x02, 0x03, 0x04];
pub(super) const ENGINE_DIGITS: &str = "0x80001f880401020304";
const BOOTS: u32 = 1;

static USER: LazyLock<User> = LazyLock::new(|| {
    let master = |password: &str| MasterKey::from_password(Auth::Sha256, password.as_bytes());
    let protection = match (master(AUTH_PASSWORD), master(PRIV_PASSWORD)) {
        (Some(auth), Some(privacy)) => {
            Protection::AuthPriv { auth: (Auth::Sha256, auth), privacy: (Privacy::Aes128, privacy) }
        }
        (_, _) => Protection::NoAuthNoPriv,
    };
    User { name: NAME.into(), protection, engines: Vec::new() }
});

static KEYS: LazyLock<Keys> = LazyLock::new(|| USER.protection.keys(&ENGINE));

/// The user, as a receiver knows it.
pub(crate) fn known() -> User {
    USER.clone()
}

/// Its keys at [`ENGINE`].
pub(super) fn keys() -> &'static Keys {
    &KEYS
}

/// This PDU in a message of the user; `n` is its own message's, and no two messages have the same. `time` is that of the engine in
/// seconds.
pub(super) fn secured(n: u64, time: u32, pdu: &[u8]) -> Vec<u8> {
    let msg_id = i32::try_from(n % u64::from(i32::MAX.unsigned_abs())).unwrap_or_default();
    let envelope =
        Envelope { msg_id, reportable: false, engine_id: &ENGINE, boots: BOOTS, time, user: NAME.as_bytes() };
    KEYS.secure(&envelope, n, scoped_pdu(&ENGINE, b"", pdu))
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockwarden::wire::snmp::{self, Message};

    #[test]
    fn the_digits_are_those_of_the_engine() {
        let digits: String = ENGINE.iter().map(|octet| format!("{octet:02x}")).collect();
        assert_eq!(format!("0x{digits}"), ENGINE_DIGITS);
    }

    #[test]
    fn a_secured_message_is_opened_with_the_keys_and_no_two_are_alike() {
        let pdu = snmp::encode::discovery_pdu(7);
        let (one, other) = (secured(1, 60, &pdu), secured(2, 60, &pdu));
        let Ok(Message::V3(message)) = snmp::decode(&one) else { panic!("not SNMPv3: {one:x?}") };
        assert!(message.header.auth && message.header.privacy);
        assert!(keys().open(&message, &mut Vec::new()).is_ok());
        assert_ne!(one, other);
    }
}
