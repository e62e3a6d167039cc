//! SNMPv3 informs to one receiver: which message is next, and what an answer to it means. The receiver's engine is authoritative
//! (RFC 3412 section 7.1, RFC 3414 sections 3 and 4): its id is discovered, its clock is learnt, its keys are made once.
//!
//! A Report that nobody has proved can make us look for the engine again and show the operator a reason, no more: it must name the
//! random msgID of a message of ours, it never moves a proved clock, and an answer that comes in spite of it still counts.

use std::collections::VecDeque;

use super::engine::{RemoteEngine, Timeliness};
use super::fresh::Fresh;
use super::refusal::Refusal;
use crate::units::Mono;
use crate::usm::{EngineId, Envelope, Keys, Level, LocalEngine, Protection};
use crate::wire::snmp::v3::{Header, Pdu, Report, scoped_pdu};
use crate::wire::snmp::{Message, UsmCounter, V3Message, decode, encode};

/// Engines that are remembered with their keys: a name may stand for several receivers.
const ENGINES: usize = 4;
/// Messages of one inform that may still be answered.
const OUTSTANDING: usize = 8;
/// What a Report gives as request-id if the PDU could not be read.
const NO_REQUEST_IDS: [i32; 2] = [0, i32::MAX];

/// What an incoming datagram means for the inform that is on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// Nothing.
    Nothing,
    /// The receiver has it.
    Answered {
        /// What it thinks of it.
        error_status: i32,
    },
    /// Something is known now with which it is worth sending again at once.
    SendAgain,
    /// The receiver does not take it: a sentence for the operator.
    Refused(String),
}

/// The receiver's engines and what was sent to them.
pub(super) struct Dialogue {
    user: Vec<u8>,
    protection: Protection,
    local: LocalEngine,
    /// The last one used in front.
    engines: VecDeque<(RemoteEngine, Keys)>,
    /// Whether the front one is believed to be where we send to.
    located: bool,
    sent: VecDeque<Sent>,
}

/// A message that may be answered.
struct Sent {
    msg_id: i32,
    /// None: a discovery.
    to: Option<EngineId>,
}

impl Dialogue {
    pub(super) const fn new(user: Vec<u8>, protection: Protection, local: LocalEngine) -> Self {
        Self { user, protection, local, engines: VecDeque::new(), located: false, sent: VecDeque::new() }
    }

    pub(super) fn user(&self) -> &[u8] {
        &self.user
    }

    pub(super) const fn level(&self) -> Level {
        self.protection.level()
    }

    /// Another inform begins: answers to the last one count no more.
    pub(super) fn begin(&mut self) {
        self.sent.clear();
    }

    /// The receiver is reached at another address, where there may be another engine.
    pub(super) const fn moved(&mut self) {
        self.located = false;
    }

    /// The next message: the inform with this PDU, or the question for the engine that it needs first.
    pub(super) fn message(&mut self, request_id: i32, pdu: &[u8], now: Mono, fresh: Fresh) -> Vec<u8> {
        let Fresh { msg_id, salt } = fresh;
        let engine = self.engines.front().filter(|_| self.located);
        let sent = Sent { msg_id, to: engine.map(|(engine, _)| engine.id().clone()) };
        let message = match engine {
            Some((engine, keys)) => {
                let (engine_id, user) = (engine.id().as_bytes(), self.user.as_slice());
                let (boots, time) = (engine.boots(), engine.time(now));
                let envelope = Envelope { msg_id, reportable: true, engine_id, boots, time, user };
                keys.secure(&envelope, salt, scoped_pdu(self.local.id().as_bytes(), b"", pdu))
            }
            None => {
                let envelope = Envelope { msg_id, reportable: true, engine_id: b"", boots: 0, time: 0, user: b"" };
                Keys::NONE.secure(&envelope, 0, scoped_pdu(b"", b"", &encode::discovery_pdu(request_id)))
            }
        };
        if self.sent.len() == OUTSTANDING {
            self.sent.pop_front();
        }
        self.sent.push_back(sent);
        message
    }

    /// Takes in what came from the receiver's address.
    pub(super) fn hear(&mut self, datagram: &[u8], request_id: i32, now: Mono) -> Heard {
        let Ok(Message::V3(message)) = decode(datagram) else { return Heard::Nothing };
        let Some(at) = self.sent.iter().position(|sent| sent.msg_id == message.header.msg_id) else {
            return Heard::Nothing;
        };
        let to = self.sent.get(at).and_then(|sent| sent.to.clone());
        let heard = match &to {
            None => self.hear_discovered(&message, request_id, now),
            Some(to) => self.hear_from(to, &message, request_id, now),
        };
        // An answer that has been followed is followed once.
        if heard == Heard::SendAgain {
            self.sent.remove(at);
        }
        heard
    }

    /// What comes back on a discovery.
    fn hear_discovered(&mut self, message: &V3Message<'_>, request_id: i32, now: Mono) -> Heard {
        let mut scratch = Vec::new();
        match Keys::NONE.open(message, &mut scratch).map(|scoped| scoped.pdu) {
            Ok(Pdu::Report(report)) if is_about(report, request_id) => self.locate(&message.header, now),
            Ok(Pdu::Report(_) | Pdu::Response(_) | Pdu::Notification(_) | Pdu::Other { .. }) | Err(_) => Heard::Nothing,
        }
    }

    /// What comes back on an inform to this engine.
    fn hear_from(&mut self, to: &EngineId, message: &V3Message<'_>, request_id: i32, now: Mono) -> Heard {
        let header = &message.header;
        let (auth, privacy) = (header.auth, header.privacy);
        let Some((engine, keys)) = self.engines.iter_mut().find(|(engine, _)| engine.id() == to) else {
            return Heard::Nothing;
        };
        let refused = |refusal: Refusal| Heard::Refused(refusal.sentence(&self.user, self.protection.level()));
        let is_our_level = (auth, privacy) == (keys.auth.is_some(), keys.privacy.is_some());
        // A Report's level can be below ours, since the other engine may not have understood.
        let keys = Keys { auth: keys.auth.clone().filter(|_| auth), privacy: keys.privacy.clone().filter(|_| privacy) };
        let mut scratch = Vec::new();
        let Ok(scoped) = keys.open(message, &mut scratch) else { return Heard::Nothing };
        // The digest was made with the key at the engine that we sent to.
        if auth && header.engine_id != to.as_bytes() {
            return Heard::Nothing;
        }
        match scoped.pdu {
            Pdu::Response(response) if is_our_level && response.request_id == request_id => {
                if auth && engine.told(header.boots, header.time, now) == Timeliness::Stale {
                    return Heard::Nothing;
                }
                Heard::Answered { error_status: response.error_status }
            }
            Pdu::Report(report) if is_about(report, request_id) => match report.counter {
                Some(UsmCounter::NotInTimeWindows) if auth => {
                    told(engine, header, now).map_or(Heard::SendAgain, refused)
                }
                Some(UsmCounter::UnknownEngineIds) if !auth => self.locate(header, now),
                counter => Refusal::of(counter).map_or(Heard::Nothing, refused),
            },
            Pdu::Report(_) | Pdu::Response(_) | Pdu::Notification(_) | Pdu::Other { .. } => Heard::Nothing,
        }
    }

    /// From now on the engine of this header is the receiver's.
    fn locate(&mut self, header: &Header<'_>, now: Mono) -> Heard {
        let Some(id) = EngineId::new(header.engine_id) else { return Heard::Nothing };
        let known =
            self.engines.iter().position(|(engine, _)| *engine.id() == id).and_then(|at| self.engines.remove(at));
        let engine = match known {
            Some((mut engine, keys)) => {
                engine.discovered_again(header.boots, header.time, now);
                (engine, keys)
            }
            None => {
                let keys = self.protection.keys(id.as_bytes());
                (RemoteEngine::discovered(id, header.boots, header.time, now), keys)
            }
        };
        self.engines.push_front(engine);
        self.engines.truncate(ENGINES);
        self.located = true;
        Heard::SendAgain
    }
}

/// The engine says, and proves, that its clock stands elsewhere. None: so it is now.
fn told(engine: &mut RemoteEngine, header: &Header<'_>, now: Mono) -> Option<Refusal> {
    let known = engine.boots();
    match engine.told(header.boots, header.time, now) {
        Timeliness::Advanced => None,
        Timeliness::Current | Timeliness::Stale => Some(Refusal::Clock { boots: header.boots, known }),
    }
}

/// Whether a Report is about this request, or about one that could not be read.
fn is_about(report: Report, request_id: i32) -> bool {
    report.request_id == request_id || NO_REQUEST_IDS.contains(&report.request_id)
}

#[cfg(test)]
mod tests;
