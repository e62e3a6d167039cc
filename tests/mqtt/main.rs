//! Promise: what the session reports as delivered, the broker has acknowledged; nothing is reported twice and nothing is
//! left out, whatever happens to the broker. Against mosquitto, and against brokers that misbehave.

#![cfg(feature = "service")]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "the whole crate is a test; what is wrong here should end it"
)]

mod broken_broker;
#[cfg(feature = "embedded-broker")]
mod embedded;
mod mosquitto;
mod rig;
mod session;
mod tls;
