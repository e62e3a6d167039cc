//! SNMPv3's User-based Security Model (RFC 3414, RFC 3826, RFC 7860): keys, digests, encryption, and who is believed when.
//!
//! Read in this order: [`Auth`], [`Privacy`], [`Level`] name what there is; [`MasterKey`], [`AuthKey`], [`PrivKey`] are a password
//! on its way to a message; [`Keys`] secures and opens one message; [`LocalEngine`] is we ourselves.

mod algorithm;
mod cipher;
mod digest;
mod engine_id;
mod key;
mod local;
mod secure;
mod user;

pub use algorithm::{Auth, Level, Privacy};
pub use cipher::{CipherFault, PrivKey};
pub use digest::{AuthKey, Digest};
pub use engine_id::EngineId;
pub use key::MasterKey;
pub use local::{Identity, LocalEngine, MAXIMUM};
pub use secure::{Envelope, Sealed};
pub use user::{Keys, Protection, User};
