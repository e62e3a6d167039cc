//! Lockwarden: CUCM's failed sign-ins and lockouts, from SNMP traps and syslog to alerts.
//!
//! The map, in the order in which a message passes:
//!
//! * [`units`], [`event`], [`alert`], [`verdict`]: time, accounts, observations, alerts, and how each input ended.
//! * [`wire`]: bytes to values and back (SNMP, syslog, CiscoLog).
//! * [`assemble`]: messages that came in pieces, put together.
//! * [`catalogue`]: what a message means, as data.
//! * [`audit`]: the login/logout audit log: its record, its columns, its written forms.
//! * [`engine`]: every decision: correlate, tally, detect, alert.
//! * [`usm`]: SNMPv3's security: keys, digests, encryption, and who is believed when.
//! * [`relay`]: which notifications are passed on to an NMS, and that none goes in circles.
//! * [`config`]: the operator's file, checked once.
//! * [`path`]: the way through all of these, from datagram to verdict.
//! * [`store`]: versioned records, what to write and when.
//! * `shell`: sockets, disk, MQTT, the NMS, signals, the command line.
//!
//! Invariant: everything but `shell` and the sled half of `store` is free of I/O, clocks, threads and locks.
//! Invariant: every input ends in exactly one [`verdict::Verdict`].
//! Invariant: nothing on the path from datagram to tally grows without a stated bound.

pub mod alert;
pub mod assemble;
pub mod audit;
pub mod board;
pub mod catalogue;
pub mod config;
pub mod engine;
pub mod event;
pub mod path;
pub mod relay;
#[cfg(feature = "service")]
pub mod shell;
pub mod store;
pub mod units;
pub mod usm;
pub mod verdict;
pub mod wire;
