//! Bytes to values that can only be legal, and back. Knows no time of receipt, configuration or engine.

pub mod ciscolog;
mod error;
pub mod snmp;
pub mod stamp;
pub mod syslog;

pub use error::DecodeError;
