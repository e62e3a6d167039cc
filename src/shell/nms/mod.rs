//! Alerts as SNMP notifications of LOCKWARDEN-MIB: the MIB itself, an alert's varbinds, and the delivery to one receiver.
//!
//! Read in this order: [`Receiver`] and [`Notify`] are what is asked for; [`run`] delivers; the session is one version of SNMP; the
//! dialogue is SNMPv3's informs, with the receiver's engine.

mod content;
mod dialogue;
mod engine;
mod fresh;
pub mod mib;
mod receiver;
mod refusal;
mod sender;
mod session;
mod varbinds;
mod way;

pub use content::{AsReceived, Content, Notify};
pub use mib::DEFAULT_ROOT;
pub use receiver::{Protocol, Receiver, ReceiverState};
pub use sender::run;
pub use varbinds::{Notification, notification};
