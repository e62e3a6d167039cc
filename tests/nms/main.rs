//! Promise: an NMS that has loaded LOCKWARDEN-MIB shows every field of an alert by name, and an inform is delivered when, and
//! only when, the NMS has answered it. Against net-snmp's snmptrapd, pysnmp, tshark, and receivers
//! that misbehave.

#![cfg(feature = "service")]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "the whole crate is a test; what is wrong here should end it"
)]

mod answers;
mod module;
mod pysnmp;
mod reports;
mod rig;
mod snmptrapd;
mod trapd;
mod tshark;
mod users;
mod v3;
