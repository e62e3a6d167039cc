//! Bytes to values that can only be legal, and back. Knows no time of receipt, configuration or engine.

mod error;
pub mod snmp;

pub use error::DecodeError;
