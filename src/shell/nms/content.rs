//! What a receiver is told, in the form of its version of SNMP.

use std::borrow::Cow;
use std::net::Ipv4Addr;
use std::sync::Arc;

use super::varbinds::{Notification, notification};
use crate::alert::Alert;
use crate::wire::DecodeError;
use crate::wire::snmp::{Kind, Oid, OutVarbind, encode};

/// `enterpriseSpecific` of an SNMPv1 trap.
const ENTERPRISE_SPECIFIC: u8 = 6;

/// One notification to deliver.
#[derive(Clone, Debug)]
pub struct Notify {
    /// The caller's name for it; comes back when it is delivered.
    pub token: u64,
    /// What it says.
    pub content: Content,
}

/// What a notification says.
#[derive(Clone, Debug)]
pub enum Content {
    /// An alert of ours, in LOCKWARDEN-MIB.
    Alert(Arc<Alert>),
}

/// As an SNMPv1 trap (RFC 1157 section 4.1.6).
#[derive(Clone, Debug)]
pub(super) struct V1Form<'a> {
    pub(super) enterprise: Oid,
    /// None: we ourselves.
    pub(super) agent: Option<Ipv4Addr>,
    pub(super) generic: u8,
    pub(super) specific: u32,
    pub(super) uptime: u32,
    pub(super) varbinds: Cow<'a, [OutVarbind<'static>]>,
}

/// As a notification of SNMPv2 (RFC 3416 section 4.2.6).
#[derive(Clone, Debug)]
pub(super) struct V2Form<'a> {
    pub(super) trap_oid: Oid,
    pub(super) uptime: u32,
    pub(super) varbinds: Cow<'a, [OutVarbind<'static>]>,
}

/// Why a notification cannot be sent, now or ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    /// The root of the MIB is too long; the configuration has checked its length.
    Root,
    /// No datagram holds it.
    Length,
}

impl Unfit {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Root => "the root OID is too long",
            Self::Length => "it is longer than a datagram can be",
        }
    }
}

impl From<DecodeError> for Unfit {
    fn from(_: DecodeError) -> Self {
        Self::Root
    }
}

impl Content {
    /// For SNMPv1. `uptime` is ours, in hundredths of a second.
    pub(super) fn v1(&self, root: &Oid, uptime: u32) -> Result<V1Form<'_>, Unfit> {
        match self {
            Self::Alert(alert) => {
                let Notification { number, varbinds, .. } = notification(alert, root)?;
                Ok(V1Form {
                    enterprise: root.clone(),
                    agent: None,
                    generic: ENTERPRISE_SPECIFIC,
                    specific: number,
                    uptime,
                    varbinds: varbinds.into(),
                })
            }
        }
    }

    /// For SNMPv2c and SNMPv3. `uptime` is ours, in hundredths of a second.
    pub(super) fn v2(&self, root: &Oid, uptime: u32) -> Result<V2Form<'_>, Unfit> {
        match self {
            Self::Alert(alert) => {
                let Notification { oid, varbinds, .. } = notification(alert, root)?;
                Ok(V2Form { trap_oid: oid, uptime, varbinds: varbinds.into() })
            }
        }
    }
}

impl V2Form<'_> {
    /// The PDU.
    pub(super) fn pdu(&self, kind: Kind, request_id: i32) -> Vec<u8> {
        encode::notification_pdu(kind, request_id, self.uptime, &self.trap_oid, &self.varbinds)
    }
}
