//! Everything that touches the world: one task a file. No rule about events lives here.

mod capture;
pub mod cli;
pub mod clock;
mod compose;
mod control;
mod drops;
mod handover;
mod health;
mod keeper;
mod listen;
mod log;
mod mitel;
pub mod mqtt;
pub mod nms;
mod open;
mod outage;
mod receive;
mod reload;
mod report;
mod response;
mod run;
mod secrets;
mod sinks;
mod snmpv3;
mod streams;
mod zones;
