//! The conversation with a receiver in its version of SNMP: content to datagrams, and datagrams to what they mean.

use std::net::Ipv4Addr;

use super::content::{Content, Unfit, V1Form, V2Form};
use super::dialogue::{Dialogue, Heard};
use super::fresh::Fresh;
use super::receiver::Protocol;
use crate::units::Mono;
use crate::usm::{Envelope, Keys, LocalEngine};
use crate::wire::snmp::v3::scoped_pdu;
use crate::wire::snmp::{Kind, Message, Oid, decode, encode};

/// Octets that a UDP datagram over IPv4 can hold.
const LONGEST_DATAGRAM: usize = 65_507;

/// One variant for each way of delivery.
pub(super) enum Session {
    V1 { community: Vec<u8> },
    V2c { community: Vec<u8>, kind: Kind },
    V3Trap(Box<Originator>),
    V3Inform(Box<Dialogue>),
}

/// We, as the sender of SNMPv3 traps: our engine is authoritative (RFC 3414 section 3.1).
pub(super) struct Originator {
    user: Vec<u8>,
    keys: Keys,
    engine: LocalEngine,
}

/// One notification on its way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Delivery<'a> {
    pub(super) content: &'a Content,
    pub(super) root: &'a Oid,
    /// Ours when delivery began, in hundredths of a second.
    pub(super) uptime: u32,
    pub(super) request_id: i32,
}

/// Why there is no datagram.
#[derive(Debug)]
pub(super) enum NoDatagram {
    /// Nor will there be.
    Unfit(Unfit),
    /// The system has no random octets.
    Random(std::io::Error),
}

impl From<Unfit> for NoDatagram {
    fn from(unfit: Unfit) -> Self {
        Self::Unfit(unfit)
    }
}

impl Session {
    pub(super) fn new(protocol: Protocol) -> Self {
        match protocol {
            Protocol::V1 { community } => Self::V1 { community },
            Protocol::V2c { community, kind } => Self::V2c { community, kind },
            Protocol::V3 { user, protection, kind: Kind::Trap, engine } => {
                let keys = protection.keys(engine.id().as_bytes());
                Self::V3Trap(Box::new(Originator { user, keys, engine }))
            }
            Protocol::V3 { user, protection, kind: Kind::Inform, engine } => {
                Self::V3Inform(Box::new(Dialogue::new(user, protection, engine)))
            }
        }
    }

    /// Whether this content waits for an answer.
    pub(super) fn kind(&self, content: &Content) -> Kind {
        if let Err(as_received) = content.composed() {
            return as_received.kind();
        }
        match self {
            Self::V1 { .. } | Self::V3Trap(_) => Kind::Trap,
            Self::V2c { kind, .. } => *kind,
            Self::V3Inform(_) => Kind::Inform,
        }
    }

    /// Another delivery begins.
    pub(super) fn begin(&mut self) {
        match self {
            Self::V1 { .. } | Self::V2c { .. } | Self::V3Trap(_) => {}
            Self::V3Inform(dialogue) => dialogue.begin(),
        }
    }

    /// The receiver is reached at another address.
    pub(super) fn moved(&mut self) {
        match self {
            Self::V1 { .. } | Self::V2c { .. } | Self::V3Trap(_) => {}
            Self::V3Inform(dialogue) => dialogue.moved(),
        }
    }

    /// What to send next. `own` is our address.
    pub(super) fn datagram(
        &mut self,
        delivery: &Delivery<'_>,
        own: Ipv4Addr,
        now: Mono,
    ) -> Result<Vec<u8>, NoDatagram> {
        let Delivery { content, root, uptime, request_id } = *delivery;
        let content = match content.composed() {
            Ok(content) => content,
            Err(as_received) => return Ok(as_received.datagram(request_id)),
        };
        let datagram = match self {
            Self::V1 { community } => {
                let V1Form { enterprise, agent, generic, specific, uptime, varbinds } = content.v1(root, uptime)?;
                let agent = agent.unwrap_or(own);
                encode::v1_trap(community, &enterprise, agent, generic, specific, uptime, &varbinds)
            }
            Self::V2c { community, kind } => {
                let V2Form { trap_oid, uptime, varbinds } = content.v2(root, uptime)?;
                encode::v2c(*kind, community, request_id, uptime, &trap_oid, &varbinds)
            }
            Self::V3Trap(originator) => {
                let pdu = content.v2(root, uptime)?.pdu(Kind::Trap, request_id);
                originator.message(&pdu, now, Fresh::next().map_err(NoDatagram::Random)?)
            }
            Self::V3Inform(dialogue) => {
                let pdu = content.v2(root, uptime)?.pdu(Kind::Inform, request_id);
                dialogue.message(request_id, &pdu, now, Fresh::next().map_err(NoDatagram::Random)?)
            }
        };
        if datagram.len() > LONGEST_DATAGRAM { Err(Unfit::Length.into()) } else { Ok(datagram) }
    }

    /// What a datagram from the receiver means for the inform with this request-id and content.
    pub(super) fn hear(&mut self, content: &Content, datagram: &[u8], request_id: i32, now: Mono) -> Heard {
        match self {
            Self::V3Inform(dialogue) if content.composed().is_ok() => dialogue.hear(datagram, request_id, now),
            Self::V1 { .. } | Self::V2c { .. } | Self::V3Trap(_) | Self::V3Inform(_) => match decode(datagram) {
                Ok(Message::Response(response)) if response.request_id == request_id => {
                    Heard::Answered { error_status: response.error_status }
                }
                Ok(Message::Response(_) | Message::Notification(_) | Message::V3(_)) | Err(_) => Heard::Nothing,
            },
        }
    }

    /// What must be allowed at a receiver that says nothing.
    pub(super) fn credential(&self) -> String {
        match self {
            Self::V1 { .. } | Self::V2c { .. } => "our community".into(),
            Self::V3Trap(originator) => format!("user \"{}\"", originator.user.escape_ascii()),
            Self::V3Inform(dialogue) => {
                let (user, level) = (dialogue.user().escape_ascii(), dialogue.level().as_str());
                format!("user \"{user}\" at {level} with these passwords")
            }
        }
    }
}

impl Originator {
    fn message(&self, pdu: &[u8], now: Mono, fresh: Fresh) -> Vec<u8> {
        let Fresh { msg_id, salt } = fresh;
        let Self { user, keys, engine } = self;
        let (engine_id, boots, time) = (engine.id().as_bytes(), engine.boots(), engine.time(now));
        let envelope = Envelope { msg_id, reportable: false, engine_id, boots, time, user };
        keys.secure(&envelope, salt, scoped_pdu(engine_id, b"", pdu))
    }
}
