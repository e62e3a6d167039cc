//! SNMPv3's User-based Security Model (RFC 3414, RFC 3826, RFC 7860): keys, digests, encryption, and who is believed when.

mod algorithm;
mod cipher;
mod digest;
mod key;

pub use algorithm::{Auth, Level, Privacy};
pub use cipher::{CipherFault, PrivKey};
pub use digest::{AuthKey, Digest};
pub use key::MasterKey;
