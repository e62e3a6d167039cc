//! The digest that proves a message's sender: HMAC-96 of RFC 3414 sections 6 and 7, and those of RFC 7860. Owns the comparison, which takes
//! the same time wherever two digests differ. Where the digest stands in a message is not known here.

use core::fmt;

use hmac::{EagerHash, Hmac, KeyInit, Mac};
use subtle::ConstantTimeEq;

use super::{Auth, MasterKey};

/// The digest in a message (msgAuthenticationParameters): 12 to 48 octets.
pub type Digest = heapless::Vec<u8, 48>;

/// The key of one user at one engine, with the part of HMAC that is the same for every message done. `Debug` hides it.
#[derive(Clone)]
pub struct AuthKey(State);

#[derive(Clone)]
enum State {
    Md5(Hmac<md5::Md5>),
    Sha1(Hmac<sha1::Sha1>),
    Sha224(Hmac<sha2::Sha224>),
    Sha256(Hmac<sha2::Sha256>),
    Sha384(Hmac<sha2::Sha384>),
    Sha512(Hmac<sha2::Sha512>),
}

impl AuthKey {
    /// Binds `master` to an engine. `auth` is the algorithm that `master` was made with; with another, no digest agrees.
    #[must_use]
    pub fn new(auth: Auth, master: &MasterKey, engine_id: &[u8]) -> Self {
        let key = master.localised(auth, engine_id);
        Self(match auth {
            Auth::Md5 => State::Md5(keyed(&key)),
            Auth::Sha1 => State::Sha1(keyed(&key)),
            Auth::Sha224 => State::Sha224(keyed(&key)),
            Auth::Sha256 => State::Sha256(keyed(&key)),
            Auth::Sha384 => State::Sha384(keyed(&key)),
            Auth::Sha512 => State::Sha512(keyed(&key)),
        })
    }

    /// The algorithm.
    #[must_use]
    pub const fn auth(&self) -> Auth {
        match self.0 {
            State::Md5(_) => Auth::Md5,
            State::Sha1(_) => Auth::Sha1,
            State::Sha224(_) => Auth::Sha224,
            State::Sha256(_) => Auth::Sha256,
            State::Sha384(_) => Auth::Sha384,
            State::Sha512(_) => Auth::Sha512,
        }
    }

    /// The digest over these parts one after the other; `auth().digest_length()` octets. In the message, zeros stand in its place.
    #[must_use]
    pub fn sign(&self, parts: &[&[u8]]) -> Digest {
        let length = self.auth().digest_length();
        match &self.0 {
            State::Md5(state) => cut(state, parts, length),
            State::Sha1(state) => cut(state, parts, length),
            State::Sha224(state) => cut(state, parts, length),
            State::Sha256(state) => cut(state, parts, length),
            State::Sha384(state) => cut(state, parts, length),
            State::Sha512(state) => cut(state, parts, length),
        }
    }

    /// Whether `given` is the digest over these parts. False for any other length: a shorter one would be easier to guess.
    #[must_use]
    pub fn verify(&self, parts: &[&[u8]], given: &[u8]) -> bool {
        self.sign(parts).as_slice().ct_eq(given).into()
    }
}

impl fmt::Debug for AuthKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AuthKey({:?}, ***)", self.auth())
    }
}

fn keyed<H: EagerHash>(key: &[u8]) -> Hmac<H> {
    Hmac::new_from_slice(key).expect("HMAC takes a key of any length")
}

fn cut<H: EagerHash>(state: &Hmac<H>, parts: &[&[u8]], length: usize) -> Digest {
    let mut state = state.clone();
    for part in parts {
        state.update(part);
    }
    state.finalize().into_bytes().into_iter().take(length).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENGINE: [u8; 12] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2];
    const MESSAGE: [&[u8]; 3] = [b"whole message ", b"with twelve", b" zeros"];

    fn key(auth: Auth) -> AuthKey {
        AuthKey::new(auth, &MasterKey::from_password(auth, b"maplesyrup").unwrap(), &ENGINE)
    }

    fn hex(octets: &[u8]) -> String {
        octets.iter().map(|octet| format!("{octet:02x}")).collect()
    }

    #[test]
    fn every_digest_is_what_another_hmac_says_cut_to_its_length() {
        let digests = Auth::ALL.map(|auth| hex(&key(auth).sign(&MESSAGE)));
        assert_eq!(
            digests.each_ref().map(String::as_str),
            [
                "18c0f28fc7ffbbf649766c4b",
                "feff66bbc6a79dee822f9f6d",
                "7e9c404289e570e8ca8ccaec9a644718",
                "719217a64f71de263957587ce05a8ecb469723d780210d3f",
                "38cc4564fcc6a92686de6fcd8fc55c3fdb797fffc1de66e4639da2f681b490ee",
                "b39fb9fa27efd6e10d75fed35f86ce996f95570afe3f02ed168404ab7fb842a8970ebbdfe11ce7dd7ee0784a8669be25",
            ]
        );
    }

    #[test]
    fn where_a_message_is_split_does_not_matter_and_a_key_signs_again_and_again() {
        for auth in Auth::ALL {
            let key = key(auth);
            let digest = key.sign(&MESSAGE);
            assert_eq!(digest.len(), auth.digest_length(), "{auth:?}");
            assert_eq!(key.sign(&[&MESSAGE.concat()]), digest, "{auth:?}");
            assert!(key.clone().verify(&MESSAGE, &digest), "{auth:?}");
        }
    }

    #[test]
    fn every_octet_of_a_digest_counts() {
        for auth in Auth::ALL {
            let key = key(auth);
            let digest = key.sign(&MESSAGE);
            for at in 0..digest.len() {
                let mut wrong = digest.clone();
                wrong[at] ^= 1;
                assert!(!key.verify(&MESSAGE, &wrong), "{auth:?} {at}");
            }
            let accepted = (1..=255).filter(|other| {
                let mut wrong = digest.clone();
                wrong[0] ^= other;
                key.verify(&MESSAGE, &wrong)
            });
            assert_eq!(accepted.count(), 0, "{auth:?}");
        }
    }

    #[test]
    fn a_digest_of_another_length_is_refused_even_where_it_agrees() {
        for auth in Auth::ALL {
            let key = key(auth);
            let digest = key.sign(&MESSAGE);
            for length in 0..digest.len() {
                assert!(!key.verify(&MESSAGE, &digest[..length]), "{auth:?} {length}");
            }
            assert!(!key.verify(&MESSAGE, &[&digest[..], &[0]].concat()), "{auth:?}");
        }
    }

    #[test]
    fn another_message_engine_or_password_has_another_digest() {
        let master = MasterKey::from_password(Auth::Sha256, b"maplesyrup").unwrap();
        let digest = AuthKey::new(Auth::Sha256, &master, &ENGINE).sign(&MESSAGE);
        assert!(!key(Auth::Sha256).verify(&[b"whole message with twelve zeroes"], &digest));
        assert!(!AuthKey::new(Auth::Sha256, &master, &[0, 0, 0, 0, 1]).verify(&MESSAGE, &digest));
        let newer = MasterKey::from_password(Auth::Sha256, b"newsyrup").unwrap();
        assert!(!AuthKey::new(Auth::Sha256, &newer, &ENGINE).verify(&MESSAGE, &digest));
    }

    #[test]
    fn a_key_shows_its_algorithm_only() {
        assert_eq!(Auth::ALL.map(|auth| key(auth).auth()), Auth::ALL);
        assert_eq!(format!("{:?}", key(Auth::Sha256)), "AuthKey(Sha256, ***)");
    }
}
