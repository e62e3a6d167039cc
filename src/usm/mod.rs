//! SNMPv3's User-based Security Model (RFC 3414, RFC 3826, RFC 7860): keys, digests, encryption, and who is believed when.
//!
//! Read in this order: [`Auth`], [`Privacy`], [`Level`] name what there is; [`MasterKey`], [`AuthKey`], [`PrivKey`] are a password
//! on its way to a message; [`Keys`] secures and opens one message; [`LocalEngine`] is we ourselves;
//! [`Receiver`] decides whom to believe.

mod algorithm;
mod cipher;
mod digest;
mod engine_id;
mod key;
mod local;
mod receiver;
#[cfg(test)]
mod receiver_tests;
mod replays;
mod secure;
mod senders;
mod stranger;
mod user;
mod window;

pub use algorithm::{Auth, Level, Privacy};
pub use cipher::{CipherFault, PrivKey};
pub use digest::{AuthKey, Digest};
pub use engine_id::EngineId;
pub use key::MasterKey;
pub use local::{Identity, LocalEngine, MAXIMUM};
pub use receiver::{Believed, Receiver, Told, Turned};
pub use secure::{Envelope, Sealed};
pub use senders::{Sender, SenderChange, SenderRecord};
pub use user::{Keys, Protection, User};
pub use window::Window;
