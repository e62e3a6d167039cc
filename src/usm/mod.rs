//! SNMPv3's User-based Security Model (RFC 3414, RFC 3826, RFC 7860): keys, digests, encryption, and who is believed when.

mod algorithm;

pub use algorithm::{Auth, Level, Privacy};
