//! Bytes to values that can only be legal, and back. Knows no time of receipt, configuration or engine.

mod certificate;
pub mod ciscolog;
mod error;
mod local_zone;
pub mod snmp;
pub mod stamp;
pub mod syslog;

pub use certificate::Validity;
pub use error::DecodeError;
pub use local_zone::LocalZone;
