//! SNMP: notifications of versions 1, 2c and 3 in, notifications and answers out.
//!
//! Read in this order: [`decode`] takes a datagram apart; [`Notification`] is what comes out; [`clog`] is CUCM's syslog
//! inside it; [`v3`] is version 3's envelope; [`encode`] goes the other way; [`Relayed`] is what came in, to be sent on.
//! `snmp-parser` reads the varbinds, the walk around it checks what the parser does not, and reads what it refuses although it
//! is legal.

pub(super) mod ber;
mod clog;
pub mod encode;
mod message;
mod notification;
mod oid;
pub mod standard;
mod translate;
pub mod v3;
mod value;

pub use clog::{CLOG_MESSAGE_GENERATED, ClogMessage, clog};
pub use encode::{OutValue, OutVarbind};
pub use message::{Message, Response, decode};
pub use notification::{Kind, Notification, TrapOid, V1Header, VarbindIter, Varbinds, Version};
pub use oid::{MAX_SUB_IDS, Oid, OidRef, SubIds};
pub use translate::{Relayed, Untranslatable, V1Trap};
pub use v3::{ScopedPdu, UsmCounter, V3Message};
pub use value::{Value, Varbind};
