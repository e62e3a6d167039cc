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
