//! Alerts as SNMP notifications of LOCKWARDEN-MIB: the MIB itself, an alert's varbinds, and the delivery to one receiver.

pub mod mib;
mod sender;
mod varbinds;

pub use mib::DEFAULT_ROOT;
pub use sender::{Notify, Receiver, ReceiverState, run};
pub use varbinds::{Notification, notification};
