//! Promise: the program does what a new user expects of it, seen from outside: real senders (net-snmp, logger), real readers
//! (mosquitto's clients), real trouble (kill, a broker that is down, ports that are taken). Nothing in here looks inside.
//!
//! The program is `LOCKWARDEN_BIN`, or the one that cargo built. Every test has a directory, ports and brokers of its own.

#![cfg(feature = "embedded-broker")]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "the whole crate is a test; what is wrong here should end it"
)]

mod accounting;
mod admit;
mod audit;
mod blind;
mod broker;
mod check;
mod cucm;
mod deliver;
mod explain;
mod handover;
mod hostile;
mod idle;
mod learning;
mod mib;
mod mitel;
mod nms;
mod order;
mod outage;
mod overload;
mod payload;
mod programs;
mod receive;
mod relay;
mod relay_trouble;
mod relayed;
mod reload;
mod replay;
mod response;
mod restart;
mod secrets;
mod site;
mod storm;
mod streams;
mod streams_tls;
mod trapd;
mod trouble;
mod usm;
mod v3_engine;
mod v3_matrix;
mod v3_refused;
mod v3_replay;
mod watchdog;
