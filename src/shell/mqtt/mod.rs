//! MQTT 3.1.1 and 5: alerts out, at least once.
//!
//! * [`options`]: where the broker is and how we speak to it.
//! * [`session`]: the task that publishes and reports each PUBACK.
//! * [`subscriber`]: a small subscriber for `demo` and `alerts --follow`.
//! * `broker`: an MQTT broker inside the process (feature `embedded-broker`).
//!
//! The packets are read and written by rumqttc's codec; the session above them is ours, since rumqttc's event loop
//! forgets pending publishes when the broker forgets the session. The broker is never asked to remember us: every
//! connection starts clean and repeats what is not acknowledged.

#[cfg(feature = "embedded-broker")]
pub mod broker;
#[cfg(feature = "embedded-broker")]
mod front;

mod backoff;
mod codec;
mod failure;
mod flight;
mod link;
pub mod options;
pub mod session;
pub mod subscriber;
mod transport;

#[cfg(feature = "embedded-broker")]
pub use broker::{EmbeddedBroker, EmbeddedSettings};
pub use options::{BrokerUrl, Options, TlsOptions, Version};
pub use session::{LinkState, Publish};
