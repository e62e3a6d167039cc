//! What a receiver is told, in the form of its version of SNMP.

use std::borrow::Cow;
use std::net::Ipv4Addr;
use std::sync::Arc;

use super::varbinds::{Notification, notification};
use crate::alert::Alert;
use crate::wire::DecodeError;
use crate::wire::snmp::{Kind, Message, Oid, OutVarbind, Relayed, Untranslatable, V1Trap, decode, encode};

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
    /// What somebody else has notified, in the receiver's form.
    Relayed(Arc<Relayed>),
    /// What somebody else has notified, in the form and under the community in which it came, whatever the receiver is set to.
    AsReceived(AsReceived),
}

/// A message of SNMPv1 or SNMPv2c that is sent as it came.
#[derive(Clone, Debug)]
pub struct AsReceived {
    datagram: Arc<[u8]>,
    kind: Kind,
}

impl AsReceived {
    /// This datagram, if it holds a notification.
    #[must_use]
    pub fn new(datagram: &[u8]) -> Option<Self> {
        let Ok(Message::Notification(notification)) = decode(datagram) else { return None };
        Some(Self { datagram: datagram.into(), kind: notification.kind })
    }

    /// How much memory it takes, in octets.
    #[must_use]
    pub fn size(&self) -> usize {
        self.datagram.len()
    }

    pub(super) const fn kind(&self) -> Kind {
        self.kind
    }

    /// The datagram; an inform's under a request-id of ours, since it is we who wait for the answer.
    pub(super) fn datagram(&self, request_id: i32) -> Vec<u8> {
        match decode(&self.datagram) {
            Ok(Message::Notification(notification)) if self.kind == Kind::Inform => {
                encode::inform_as_received(&notification, request_id).unwrap_or_default()
            }
            Ok(Message::Notification(_) | Message::Response(_) | Message::V3(_)) | Err(_) => self.datagram.to_vec(),
        }
    }
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
    /// SNMPv1 has no form for it.
    Translation(Untranslatable),
}

impl Unfit {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Root => "the root OID is too long",
            Self::Length => "it is longer than a datagram can be",
            Self::Translation(reason) => reason.as_str(),
        }
    }
}

impl From<Untranslatable> for Unfit {
    fn from(reason: Untranslatable) -> Self {
        Self::Translation(reason)
    }
}

impl From<DecodeError> for Unfit {
    fn from(_: DecodeError) -> Self {
        Self::Root
    }
}

/// Content that is put into the receiver's form.
#[derive(Clone, Copy, Debug)]
pub(super) enum Composed<'a> {
    Alert(&'a Alert),
    Relayed(&'a Relayed),
}

impl Content {
    /// What is to be put into the receiver's form, or what stays as it is.
    pub(super) fn composed(&self) -> Result<Composed<'_>, &AsReceived> {
        match self {
            Self::Alert(alert) => Ok(Composed::Alert(alert)),
            Self::Relayed(relayed) => Ok(Composed::Relayed(relayed)),
            Self::AsReceived(message) => Err(message),
        }
    }
}

impl<'a> Composed<'a> {
    /// For SNMPv1. `uptime` is ours, in hundredths of a second.
    pub(super) fn v1(self, root: &Oid, uptime: u32) -> Result<V1Form<'a>, Unfit> {
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
            Self::Relayed(relayed) => {
                let V1Trap { enterprise, agent, generic, specific, uptime, varbinds } = relayed.to_v1()?;
                Ok(V1Form { enterprise, agent: Some(agent), generic, specific, uptime, varbinds: varbinds.into() })
            }
        }
    }

    /// For SNMPv2c and SNMPv3. `uptime` is ours, in hundredths of a second.
    pub(super) fn v2(self, root: &Oid, uptime: u32) -> Result<V2Form<'a>, Unfit> {
        match self {
            Self::Alert(alert) => {
                let Notification { oid, varbinds, .. } = notification(alert, root)?;
                Ok(V2Form { trap_oid: oid, uptime, varbinds: varbinds.into() })
            }
            Self::Relayed(relayed) => Ok(V2Form {
                trap_oid: relayed.trap_oid().clone(),
                uptime: relayed.uptime(),
                varbinds: relayed.varbinds().into(),
            }),
        }
    }
}

impl V2Form<'_> {
    /// The PDU.
    pub(super) fn pdu(&self, kind: Kind, request_id: i32) -> Vec<u8> {
        encode::notification_pdu(kind, request_id, self.uptime, &self.trap_oid, &self.varbinds)
    }
}
