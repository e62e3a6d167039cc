//! The sender's SNMPv3 user at the service's engine, whose boots rise with each start: they are learnt from its Reports.

use std::time::Instant;

use lockwarden::usm::{Envelope, Keys};
use lockwarden::wire::snmp::v3::{Pdu, scoped_pdu};
use lockwarden::wire::snmp::{UsmCounter, V3Message};

use crate::bench::user;

/// The service's engine, and the same in hexadecimal digits.
const ENGINE: [u8; 9] = [0x80, 0x00, 0x1f, 0x88, 0x04, 0x0a, 0x0b, 0x0c, 0x0d];
const ENGINE_DIGITS: &str = "0x80001f88040a0b0c0d";

/// What a message from the service means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// The inform with this request-id is taken.
    Answer(i32),
    /// Its clock is known now.
    Clock,
    Nothing,
}

/// Our side of the conversation.
pub(super) struct Usm {
    keys: Keys,
    boots: u32,
    time: u32,
    at: Instant,
    messages: u64,
}

impl Usm {
    pub(super) fn new() -> Self {
        let keys = user::known().protection.keys(&ENGINE);
        Self { keys, boots: 0, time: 0, at: Instant::now(), messages: 0 }
    }

    /// This PDU in a message of its own.
    pub(super) fn message(&mut self, pdu: &[u8]) -> Vec<u8> {
        self.messages += 1;
        let msg_id = i32::try_from(self.messages % u64::from(i32::MAX.unsigned_abs())).unwrap_or_default();
        let time = self.time + u32::try_from(self.at.elapsed().as_secs()).unwrap_or_default();
        let envelope = Envelope {
            msg_id,
            reportable: true,
            engine_id: &ENGINE,
            boots: self.boots,
            time,
            user: user::NAME.as_bytes(),
        };
        self.keys.secure(&envelope, self.messages, scoped_pdu(&ENGINE, b"", pdu))
    }

    /// Takes in what came from the service.
    pub(super) fn hear(&mut self, message: &V3Message<'_>) -> Heard {
        // A Report on the time is signed and not encrypted.
        let header = &message.header;
        let privacy = self.keys.privacy.clone().filter(|_| header.privacy);
        let keys = Keys { auth: self.keys.auth.clone(), privacy };
        let mut scratch = Vec::new();
        match keys.open(message, &mut scratch).map(|scoped| scoped.pdu) {
            Ok(Pdu::Response(response)) if header.privacy && response.error_status == 0 => {
                Heard::Answer(response.request_id)
            }
            Ok(Pdu::Report(report)) if report.counter == Some(UsmCounter::NotInTimeWindows) => {
                let known = (self.boots, self.time) != (0, 0) && header.boots <= self.boots;
                if known {
                    return Heard::Nothing;
                }
                (self.boots, self.time, self.at) = (header.boots, header.time, Instant::now());
                Heard::Clock
            }
            Ok(Pdu::Response(_) | Pdu::Report(_) | Pdu::Notification(_) | Pdu::Other { .. }) | Err(_) => Heard::Nothing,
        }
    }
}

/// What the service must be told about us, in `[traps]` and behind it.
pub(super) fn configuration() -> String {
    let (name, auth, privacy) = (user::NAME, user::AUTH_PASSWORD, user::PRIV_PASSWORD);
    format!(
        "engine-id = \"{ENGINE_DIGITS}\"\n[[traps.user]]\nname = \"{name}\"\nauth = \"sha256\"\n\
         auth-password = \"{auth}\"\npriv = \"aes128\"\npriv-password = \"{privacy}\"\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digits_are_those_of_the_engine() {
        let digits: String = ENGINE.iter().map(|octet| format!("{octet:02x}")).collect();
        assert_eq!(format!("0x{digits}"), ENGINE_DIGITS);
    }
}
