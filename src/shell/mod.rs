//! Everything that touches the world: one task a file.

pub mod clock;
pub mod mqtt;
pub mod secret;
