//! Those who take part in SNMPv3: users of every level, two engines, and passwords that everybody knows.

use std::sync::LazyLock;

use lockwarden::usm::{Auth, EngineId, MasterKey, Privacy, Protection, User};

/// Our engine.
pub(crate) const OURS: &[u8] = &[0x80, 0, 0, 0, 5, b'o', b'u', b'r', b's'];
/// The engine of whoever sends traps.
pub(crate) const SENDER: &[u8] = &[0x80, 0, 0, 9, 4, b'c', b'u', b'c', b'm'];

pub(crate) fn engine(id: &[u8]) -> EngineId {
    EngineId::new(id).expect("an engine id of the fuzz targets")
}

/// A user of each level, and encryption in both families.
pub(crate) fn users() -> Vec<User> {
    USERS.clone()
}

/// A password is hashed over a megabyte: once is enough.
static USERS: LazyLock<Vec<User>> = LazyLock::new(|| {
    let key = |auth| MasterKey::from_password(auth, b"not a secret").expect("a password that is long enough");
    let both = |auth, privacy| Protection::AuthPriv { auth: (auth, key(auth)), privacy: (privacy, key(auth)) };
    let user = |name: &str, protection| User { name: name.as_bytes().to_vec(), protection, engines: Vec::new() };
    vec![
        user("plain", Protection::NoAuthNoPriv),
        user("signed", Protection::AuthNoPriv { auth: (Auth::Sha1, key(Auth::Sha1)) }),
        user("sealed", both(Auth::Sha256, Privacy::Aes128)),
        user("sealed-des", both(Auth::Md5, Privacy::Des)),
    ]
});
