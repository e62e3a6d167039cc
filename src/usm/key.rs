//! From passwords to keys: the key of a password (RFC 3414 A.2, with the digests of RFC 7860), that key bound to one engine, and the two
//! ways to make it long enough for AES-192 and AES-256. Refuses passwords that RFC 3414 section 11.2 refuses.

use core::fmt;

use sha2::digest::Digest;
use zeroize::Zeroizing;

use super::{Auth, Privacy};

/// Octets of a key; overwritten when dropped.
pub(super) type Octets = Zeroizing<Vec<u8>>;

/// The key of a password, not yet bound to an engine (Ku of RFC 3414 A.2). Computing one digests 1 MiB, so do it once for a password.
/// Overwritten when dropped; `Debug` shows `***`.
#[derive(Clone)]
pub struct MasterKey(Octets);

impl MasterKey {
    /// The key of `password`. `None`: it has fewer than 8 octets (RFC 3414 section 11.2).
    #[must_use]
    pub fn from_password(auth: Auth, password: &[u8]) -> Option<Self> {
        (password.len() >= PASSWORD_MIN).then(|| Self(stretched(auth, password)))
    }

    /// The key bound to one engine (Kul of RFC 3414 section 2.6); `auth.key_length()` octets, if `auth` is that of the password.
    pub(super) fn localised(&self, auth: Auth, engine_id: &[u8]) -> Octets {
        digest(auth, [self.0.as_slice(), engine_id, self.0.as_slice()])
    }

    /// The key of a cipher at one engine; `privacy.key_length()` octets.
    pub(super) fn for_cipher(&self, privacy: Privacy, auth: Auth, engine_id: &[u8]) -> Octets {
        let localised = self.localised(auth, engine_id);
        let wanted = privacy.key_length();
        let mut key = Octets::new(Vec::with_capacity(CAPACITY));
        key.extend_from_slice(&localised);
        // One step is enough: the shortest localised key has 16 octets, the longest key of a cipher 32.
        if key.len() < wanted {
            key.extend_from_slice(&extension(privacy, auth, engine_id, &localised));
        }
        key.truncate(wanted);
        key
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// What follows a localised key that is too short for its cipher.
fn extension(privacy: Privacy, auth: Auth, engine_id: &[u8], localised: &[u8]) -> Octets {
    match privacy {
        // draft-blumenthal-aes-usm-04 section 3.1.2.1: the digest of the key so far.
        Privacy::Des | Privacy::Aes128 | Privacy::Aes192 | Privacy::Aes256 => digest(auth, [localised]),
        // draft-reeder-snmpv3-usm-3desede-00 section 2.1: the key so far is a password, which is localised again.
        Privacy::Aes192c | Privacy::Aes256c => MasterKey(stretched(auth, localised)).localised(auth, engine_id),
    }
}

/// The digest of the first 1 MiB of `password`, repeated without end (RFC 3414 A.2). Its callers give 8 octets or more, never none.
fn stretched(auth: Auth, password: &[u8]) -> Octets {
    let block = Octets::new(password.repeat(BLOCK.div_ceil(password.len())));
    let whole = STRETCH / block.len();
    let last = block.get(..STRETCH % block.len()).unwrap_or_default();
    digest(auth, core::iter::repeat_n(block.as_slice(), whole).chain([last]))
}

/// The whole digest over these parts one after the other.
fn digest<'a>(auth: Auth, parts: impl IntoIterator<Item = &'a [u8]>) -> Octets {
    match auth {
        Auth::Md5 => digest_by::<md5::Md5>(parts),
        Auth::Sha1 => digest_by::<sha1::Sha1>(parts),
        Auth::Sha224 => digest_by::<sha2::Sha224>(parts),
        Auth::Sha256 => digest_by::<sha2::Sha256>(parts),
        Auth::Sha384 => digest_by::<sha2::Sha384>(parts),
        Auth::Sha512 => digest_by::<sha2::Sha512>(parts),
    }
}

fn digest_by<'a, D: Digest>(parts: impl IntoIterator<Item = &'a [u8]>) -> Octets {
    let mut state = D::new();
    for part in parts {
        state.update(part);
    }
    Octets::new(state.finalize().to_vec())
}

/// Octets of the shortest password.
const PASSWORD_MIN: usize = 8;

/// Octets of the repeated password that are digested.
const STRETCH: usize = 1 << 20;

/// Octets of the repeated password that are digested in one go, or a few more.
const BLOCK: usize = 4096;

/// Octets of the longest key before it is cut: no copy is left behind by growing.
const CAPACITY: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    /// Of RFC 3414 A.3.
    const ENGINE: [u8; 12] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2];

    fn master(auth: Auth, password: &str) -> MasterKey {
        MasterKey::from_password(auth, password.as_bytes()).unwrap()
    }

    fn hex(octets: &[u8]) -> String {
        octets.iter().map(|octet| format!("{octet:02x}")).collect()
    }

    #[test]
    fn rfc_3414_a_3_1_md5_key_of_a_password_and_at_an_engine() {
        let master = master(Auth::Md5, "maplesyrup");
        assert_eq!(hex(&master.0), "9faf3283884e92834ebc9847d8edd963");
        assert_eq!(hex(&master.localised(Auth::Md5, &ENGINE)), "526f5eed9fcce26f8964c2930787d82b");
    }

    #[test]
    fn rfc_3414_a_3_2_sha_key_of_a_password_and_at_an_engine() {
        let master = master(Auth::Sha1, "maplesyrup");
        assert_eq!(hex(&master.0), "9fb5cc0381497b3793528939ff788d5d79145211");
        assert_eq!(hex(&master.localised(Auth::Sha1, &ENGINE)), "6695febc9288e36282235fc7151f128497b38f3f");
    }

    #[test]
    fn rfc_3414_a_5_the_new_password_gives_the_new_keys() {
        let key = |auth| hex(&master(auth, "newsyrup").localised(auth, &ENGINE));
        assert_eq!(key(Auth::Md5), "87021d7bd9d101ba05ea6e3bf9d9bd4a");
        assert_eq!(key(Auth::Sha1), "78e2dcce79d59403b58c1bbaa5bff46391f1cd25");
    }

    #[test]
    fn rfc_7860_keys_have_the_length_of_their_digest() {
        let key = |auth| hex(&master(auth, "maplesyrup").localised(auth, &ENGINE));
        assert_eq!(key(Auth::Sha224), "0bd8827c6e29f8065e08e09237f177e410f69b90e1782be682075674");
        assert_eq!(key(Auth::Sha256), "8982e0e549e866db361a6b625d84cccc11162d453ee8ce3a6445c2d6776f0f8b");
        for auth in Auth::ALL {
            assert_eq!(master(auth, "maplesyrup").localised(auth, &ENGINE).len(), auth.key_length(), "{auth:?}");
        }
    }

    #[test]
    fn a_short_key_grows_by_its_digest_for_net_snmp_and_by_its_own_password_key_for_cisco() {
        let key = |privacy, auth| hex(&master(auth, "maplesyrup").for_cipher(privacy, auth, &ENGINE));
        assert_eq!(key(Privacy::Aes192, Auth::Md5), "526f5eed9fcce26f8964c2930787d82bfa24a92467426c2f");
        assert_eq!(key(Privacy::Aes256, Auth::Md5), "526f5eed9fcce26f8964c2930787d82bfa24a92467426c2f4b09192be10dfaec");
        assert_eq!(key(Privacy::Aes192, Auth::Sha1), "6695febc9288e36282235fc7151f128497b38f3f505e07eb");
        assert_eq!(
            key(Privacy::Aes256, Auth::Sha1),
            "6695febc9288e36282235fc7151f128497b38f3f505e07eb9af25568fa1f5dbe"
        );
        assert_eq!(key(Privacy::Aes192c, Auth::Md5), "526f5eed9fcce26f8964c2930787d82b79eff44a90650ee0");
        assert_eq!(
            key(Privacy::Aes256c, Auth::Md5),
            "526f5eed9fcce26f8964c2930787d82b79eff44a90650ee0a3a40abfac5acc12"
        );
        assert_eq!(key(Privacy::Aes192c, Auth::Sha1), "6695febc9288e36282235fc7151f128497b38f3f9b8b6d78");
        assert_eq!(
            key(Privacy::Aes256c, Auth::Sha1),
            "6695febc9288e36282235fc7151f128497b38f3f9b8b6d78936ba6e7d19dfd9c"
        );
        assert_eq!(
            key(Privacy::Aes256, Auth::Sha224),
            "0bd8827c6e29f8065e08e09237f177e410f69b90e1782be682075674e82d9bf0"
        );
        assert_eq!(
            key(Privacy::Aes256c, Auth::Sha224),
            "0bd8827c6e29f8065e08e09237f177e410f69b90e1782be68207567422c34be4"
        );
    }

    #[test]
    fn a_key_that_is_long_enough_is_only_cut() {
        let key = |privacy| hex(&master(Auth::Sha256, "maplesyrup").for_cipher(privacy, Auth::Sha256, &ENGINE));
        assert_eq!(key(Privacy::Des), "8982e0e549e866db361a6b625d84cccc");
        assert_eq!(key(Privacy::Aes128), "8982e0e549e866db361a6b625d84cccc");
        assert_eq!(key(Privacy::Aes192), "8982e0e549e866db361a6b625d84cccc11162d453ee8ce3a");
        assert_eq!(key(Privacy::Aes256c), "8982e0e549e866db361a6b625d84cccc11162d453ee8ce3a6445c2d6776f0f8b");
    }

    #[test]
    fn a_password_of_any_length_from_8_octets_fills_1_mib() {
        for length in [8, 9, 4_096, 4_097, STRETCH, STRETCH + 1] {
            let password: Vec<u8> = (b'a'..=b'z').cycle().take(length).collect();
            let filled: Vec<u8> = password.iter().copied().cycle().take(1_048_576).collect();
            let master = MasterKey::from_password(Auth::Sha1, &password).unwrap();
            assert_eq!(master.0.as_slice(), sha1::Sha1::digest(filled).as_slice(), "{length}");
        }
    }

    #[test]
    fn a_password_of_7_octets_is_refused() {
        assert!(MasterKey::from_password(Auth::Sha1, b"").is_none());
        assert!(MasterKey::from_password(Auth::Sha1, b"syrup12").is_none());
        assert!(MasterKey::from_password(Auth::Sha1, b"syrup123").is_some());
    }

    #[test]
    fn a_key_does_not_show_itself() {
        assert_eq!(format!("{:?}", master(Auth::Md5, "maplesyrup")), "***");
    }
}
