//! A message under a user's keys: put together for sending, checked and opened when it comes in (RFC 3414 sections 3.1 and 3.2).
//! Boots and time are given and passed on; whether they are right is for others to say.

use super::{AuthKey, CipherFault, Keys, PrivKey};
use crate::wire::snmp::v3::{self, Data, Header, ScopedPdu, V3Message};

/// Zeros where a digest belongs, while it is computed.
const NO_DIGEST: [u8; 64] = [0; 64];

/// What a message says about itself.
#[derive(Clone, Copy, Debug)]
pub struct Envelope<'a> {
    /// Pairs a request with its answer: 0 to 2^31-1.
    pub msg_id: i32,
    /// Whether the other side may answer with a Report.
    pub reportable: bool,
    /// The engine whose clock and keys count.
    pub engine_id: &'a [u8],
    /// Its boots.
    pub boots: u32,
    /// Its time, in seconds.
    pub time: u32,
    /// On whose behalf.
    pub user: &'a [u8],
}

/// Why a message cannot be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sealed {
    /// The message has no digest, or is not encrypted, where the keys ask for it; or it has what there is no key for.
    Level,
    /// The digest is not this key's.
    Digest,
    /// It cannot be decrypted, or what comes out is not a scoped PDU.
    Content,
}

impl Keys {
    /// No protection at all.
    pub const NONE: Self = Self { auth: None, privacy: None };

    /// A message for this scoped PDU. `salt` must not be used twice with these keys.
    #[must_use]
    pub fn secure(&self, envelope: &Envelope<'_>, salt: u64, mut scoped: Vec<u8>) -> Vec<u8> {
        let Envelope { msg_id, reportable, engine_id, boots, time, user } = *envelope;
        let (auth, privacy) = (self.auth.is_some(), self.privacy.is_some());
        let header = Header { msg_id, auth, privacy, reportable, engine_id, boots, time, user };
        let length = self.auth.as_ref().map_or(0, |key| key.auth().digest_length());
        let (mut message, place) = match &self.privacy {
            Some(key) => {
                let salt = key.encrypt(boots, time, salt, &mut scoped);
                v3::message(&header, length, &salt, Data::Encrypted(&scoped))
            }
            None => v3::message(&header, length, &[], Data::Plain(&scoped)),
        };
        if let Some(key) = &self.auth {
            let digest = key.sign(&[&message]);
            let octets = message.iter_mut().skip(place).zip(digest);
            octets.for_each(|(octet, of_digest)| *octet = of_digest);
        }
        message
    }

    /// What is in a message of exactly this level. What is decrypted stands in `scratch`.
    ///
    /// # Errors
    /// [`Sealed`], the first reason in the order of RFC 3414 section 3.2.
    pub fn open<'b>(&self, message: &V3Message<'b>, scratch: &'b mut Vec<u8>) -> Result<ScopedPdu<'b>, Sealed> {
        if message.header.auth != self.auth.is_some() || message.header.privacy != self.privacy.is_some() {
            return Err(Sealed::Level);
        }
        if self.auth.as_ref().is_some_and(|key| !is_genuine(key, message)) {
            return Err(Sealed::Digest);
        }
        read(self.privacy.as_ref(), message, scratch)
    }
}

/// Whether the digest of a message is this key's.
pub(super) fn is_genuine(key: &AuthKey, message: &V3Message<'_>) -> bool {
    let (before, after) = message.around_digest;
    let zeros = NO_DIGEST.get(..message.digest.len()).unwrap_or_default();
    // A digest of another length is refused in there.
    key.verify(&[before, zeros, after], message.digest)
}

/// The scoped PDU, decrypted if there is a key.
pub(super) fn read<'b>(
    key: Option<&PrivKey>,
    message: &V3Message<'b>,
    scratch: &'b mut Vec<u8>,
) -> Result<ScopedPdu<'b>, Sealed> {
    let octets = match (message.data, key) {
        (Data::Plain(octets), None) => octets,
        (Data::Encrypted(octets), Some(key)) => {
            scratch.clear();
            scratch.extend_from_slice(octets);
            let Header { boots, time, .. } = message.header;
            key.decrypt(boots, time, message.salt, scratch).map_err(|_: CipherFault| Sealed::Content)?;
            scratch
        }
        (Data::Plain(_), Some(_)) | (Data::Encrypted(_), None) => return Err(Sealed::Level),
    };
    ScopedPdu::read(octets).map_err(|_| Sealed::Content)
}
