//! MQTT packets of both versions behind one small enum, read and written by rumqttc's codec.
//!
//! Frames are cut here and given to rumqttc one at a time: its readers answer "more bytes needed" for a field that ends too
//! early inside a complete packet, which from a stream would be a silent loss. Left out: QoS 2, AUTH, topic aliases.

use bytes::{Bytes, BytesMut};
use rumqttc::mqttbytes::v4;
use rumqttc::mqttbytes::{Protocol, QoS};
use rumqttc::v5::mqttbytes::QoS as QoS5;
use rumqttc::v5::mqttbytes::v5;

use super::options::{Message, Options, Version};

/// The largest packet that we take from a broker, in bytes.
pub(super) const MAX_PACKET: usize = 1 << 20;
/// The largest packet that MQTT knows, in bytes.
const PROTOCOL_MAX: usize = 268_435_455;

/// A packet from the broker, as far as it concerns us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Packet {
    /// Answer to CONNECT.
    ConnAck(ConnAck),
    /// A message; `id` if it wants a PUBACK.
    Publish { id: Option<u16>, topic: String, payload: Bytes, retain: bool },
    /// Answer to a publish; with the reason if the broker refuses it (version 5, reason codes from 0x80).
    PubAck { id: u16, refusal: Option<String> },
    /// Answer to a subscription: how many of its filters were refused.
    SubAck { id: u16, refused: usize },
    /// Answer to a ping.
    PingResp,
    /// The broker ends the session, with the reason code (0 where it gives none).
    Disconnect(u8),
    /// Legal, but nothing we asked for.
    Unexpected,
}

/// What CONNACK says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ConnAck {
    /// 0, or why not.
    pub(super) code: u8,
    /// Most publishes without PUBACK at one time.
    pub(super) receive_maximum: Option<u16>,
    /// Longest packet the broker takes, in bytes.
    pub(super) max_packet: Option<u32>,
    /// The keep-alive that the broker dictates, in seconds.
    pub(super) keep_alive: Option<u16>,
    /// Whether the broker knows QoS 1.
    pub(super) qos0_only: bool,
    /// Whether the broker keeps no retained messages.
    pub(super) no_retain: bool,
}

/// One direction-less codec for a connection.
#[derive(Debug)]
pub(super) struct Codec {
    version: Version,
    /// Longest packet that the broker takes.
    pub(super) max_outgoing: usize,
}

impl Codec {
    pub(super) fn new(version: Version) -> Self {
        Self { version, max_outgoing: PROTOCOL_MAX }
    }

    /// Takes the next complete packet off the front of `input`.
    ///
    /// # Errors
    /// What is wrong with the bytes; the connection cannot go on.
    pub(super) fn decode(&self, input: &mut BytesMut) -> Result<Option<Packet>, String> {
        let Some(frame) = cut(input, MAX_PACKET)? else { return Ok(None) };
        match frame.bytes.as_ref() {
            // CONNACK without properties is version 3.1.1, also when a broker refuses version 5 with it.
            [0x20, 2, _flags, code] => return Ok(Some(Packet::ConnAck(ConnAck { code: *code, ..ConnAck::default() }))),
            // Version 5 lets the properties, and with 0 the reason code, be left out (3.14.2.1), which rumqttc does not.
            [0xE0, 0] => return Ok(Some(Packet::Disconnect(0))),
            [0xE0, _, code, ..] => return Ok(Some(Packet::Disconnect(*code))),
            _ => {}
        }
        let code = frame.bytes.get(frame.header + 1).copied().unwrap_or(0);
        let mut bytes = frame.bytes;
        match self.version {
            Version::V311 => v4::Packet::read(&mut bytes, MAX_PACKET).map(from_v4).map_err(|e| e.to_string()),
            Version::V5 => {
                v5::Packet::read(&mut bytes, None).map_err(|e| e.to_string()).and_then(|packet| from_v5(packet, code))
            }
        }
        .map(Some)
    }

    /// CONNECT with a clean start; with the last will if `will`.
    pub(super) fn connect(&self, options: &Options, will: bool, out: &mut BytesMut) -> Result<(), String> {
        let password = options.password.as_ref().map_or("", |secret| secret.expose());
        let username = options.username.as_deref().unwrap_or("");
        for (name, length) in [
            ("client id", options.client_id.len()),
            ("user name", username.len()),
            ("password", password.len()),
            ("status topic", options.will.topic.len()),
            ("last will", options.will.payload.len()),
        ] {
            u16::try_from(length).map_err(|_long| format!("the {name} is longer than MQTT allows (65535 bytes)"))?;
        }
        let keep_alive = u16::try_from(options.keep_alive.as_secs().max(1)).unwrap_or(u16::MAX);
        let will = will.then(|| options.will.clone());
        let login = !(username.is_empty() && password.is_empty());
        match self.version {
            Version::V311 => v4::Connect {
                protocol: Protocol::V4,
                keep_alive,
                client_id: options.client_id.clone(),
                clean_session: true,
                last_will: will.map(|w| v4::LastWill {
                    topic: w.topic,
                    message: w.payload,
                    qos: QoS::AtLeastOnce,
                    retain: w.retain,
                }),
                login: login.then(|| v4::Login { username: username.to_owned(), password: password.to_owned() }),
            }
            .write(out)
            .map_err(|e| e.to_string()),
            Version::V5 => {
                v5::Connect { keep_alive, client_id: options.client_id.clone(), clean_start: true, properties: None }
                    .write(
                        &will.map(|w| v5::LastWill::new(w.topic, w.payload, QoS5::AtLeastOnce, w.retain, None)),
                        &login.then(|| v5::Login { username: username.to_owned(), password: password.to_owned() }),
                        out,
                    )
                    .map_err(|e| e.to_string())
            }
        }
        .map(drop)
    }

    /// PUBLISH with QoS 1. Writes nothing if it cannot be sent.
    pub(super) fn publish(&self, message: &Message, id: u16, dup: bool, out: &mut BytesMut) -> Result<(), String> {
        if message.topic.is_empty()
            || message.topic.contains(['+', '#', '\0'])
            || u16::try_from(message.topic.len()).is_err()
        {
            return Err(String::from("a publish has a topic that MQTT does not allow"));
        }
        let too_long = |size: usize| {
            (size > self.max_outgoing).then(|| {
                format!("a publish of {size} bytes is longer than the broker takes ({} bytes)", self.max_outgoing)
            })
        };
        match self.version {
            Version::V311 => {
                let packet = v4::Publish {
                    dup,
                    qos: QoS::AtLeastOnce,
                    retain: message.retain,
                    topic: message.topic.clone(),
                    pkid: id,
                    payload: message.payload.clone(),
                };
                too_long(packet.size()).map_or(Ok(()), Err)?;
                packet.write(out).map_err(|e| e.to_string())
            }
            Version::V5 => {
                let packet = v5::Publish {
                    dup,
                    qos: QoS5::AtLeastOnce,
                    retain: message.retain,
                    topic: Bytes::copy_from_slice(message.topic.as_bytes()),
                    pkid: id,
                    payload: message.payload.clone(),
                    properties: None,
                };
                too_long(packet.size()).map_or(Ok(()), Err)?;
                packet.write(out).map_err(|e| e.to_string())
            }
        }
        .map(drop)
    }

    /// SUBSCRIBE to each filter with QoS 1.
    pub(super) fn subscribe(&self, filters: &[&str], id: u16, out: &mut BytesMut) -> Result<(), String> {
        if filters.is_empty() || filters.iter().any(|f| f.is_empty() || u16::try_from(f.len()).is_err()) {
            return Err(String::from("a subscription needs topic filters of 1 to 65535 bytes"));
        }
        match self.version {
            Version::V311 => {
                let filters =
                    filters.iter().map(|f| v4::SubscribeFilter::new((*f).to_owned(), QoS::AtLeastOnce)).collect();
                v4::Subscribe { pkid: id, filters }.write(out).map_err(|e| e.to_string())
            }
            Version::V5 => {
                let filters = filters.iter().map(|f| v5::Filter::new(*f, QoS5::AtLeastOnce)).collect();
                v5::Subscribe { pkid: id, filters, properties: None }.write(out).map_err(|e| e.to_string())
            }
        }
        .map(drop)
    }
}

/// PUBACK with success; the same bytes in both versions.
pub(super) fn puback(id: u16, out: &mut BytesMut) {
    out.extend_from_slice(&[0x40, 2]);
    out.extend_from_slice(&id.to_be_bytes());
}

/// PINGREQ; the same bytes in both versions.
pub(super) fn pingreq(out: &mut BytesMut) {
    out.extend_from_slice(&[0xC0, 0]);
}

/// DISCONNECT, normal; the same bytes in both versions.
pub(super) fn disconnect(out: &mut BytesMut) {
    out.extend_from_slice(&[0xE0, 0]);
}

/// A whole packet.
pub(super) struct Frame {
    /// All of it.
    pub(super) bytes: BytesMut,
    /// How many of its bytes are the fixed header.
    pub(super) header: usize,
}

/// Cuts the next whole packet off the front of `input` (fixed header: 3.1.1 section 2.2).
pub(super) fn cut(input: &mut BytesMut, limit: usize) -> Result<Option<Frame>, String> {
    Ok(measure(input, limit)?
        .and_then(|(header, length)| (input.len() >= length).then(|| Frame { bytes: input.split_to(length), header })))
}

/// The lengths of the fixed header and of the whole packet at the front of `input`, as soon as the header is there.
pub(super) fn measure(input: &[u8], limit: usize) -> Result<Option<(usize, usize)>, String> {
    let mut remaining = 0_usize;
    for (place, byte) in input.iter().skip(1).take(4).enumerate() {
        remaining |= usize::from(byte & 0x7F) << (7 * place);
        if byte & 0x80 == 0 {
            let header = place + 2;
            if header + remaining > limit {
                return Err(format!("a packet of {remaining} bytes is longer than we take ({limit} bytes)"));
            }
            return Ok(Some((header, header + remaining)));
        }
    }
    if input.len() >= 5 { Err(String::from("the length of a packet is malformed")) } else { Ok(None) }
}

fn from_v4(packet: v4::Packet) -> Packet {
    match packet {
        v4::Packet::Publish(p) => Packet::Publish {
            id: (p.qos == QoS::AtLeastOnce).then_some(p.pkid),
            topic: p.topic,
            payload: p.payload,
            retain: p.retain,
        },
        v4::Packet::PubAck(ack) => Packet::PubAck { id: ack.pkid, refusal: None },
        v4::Packet::SubAck(ack) => Packet::SubAck {
            id: ack.pkid,
            refused: ack.return_codes.iter().filter(|code| matches!(code, v4::SubscribeReasonCode::Failure)).count(),
        },
        v4::Packet::PingResp => Packet::PingResp,
        v4::Packet::Disconnect => Packet::Disconnect(0),
        v4::Packet::ConnAck(_)
        | v4::Packet::Connect(_)
        | v4::Packet::PubRec(_)
        | v4::Packet::PubRel(_)
        | v4::Packet::PubComp(_)
        | v4::Packet::Subscribe(_)
        | v4::Packet::Unsubscribe(_)
        | v4::Packet::UnsubAck(_)
        | v4::Packet::PingReq => Packet::Unexpected,
    }
}

/// `code` is the byte after the flags of a CONNACK.
fn from_v5(packet: v5::Packet, code: u8) -> Result<Packet, String> {
    Ok(match packet {
        v5::Packet::ConnAck(ack) => {
            Packet::ConnAck(ack.properties.map_or(ConnAck { code, ..ConnAck::default() }, |p| ConnAck {
                code,
                receive_maximum: p.receive_max,
                max_packet: p.max_packet_size,
                keep_alive: p.server_keep_alive,
                qos0_only: p.max_qos == Some(0),
                no_retain: p.retain_available == Some(0),
            }))
        }
        v5::Packet::Publish(p) => Packet::Publish {
            id: (p.qos == QoS5::AtLeastOnce).then_some(p.pkid),
            topic: String::from_utf8(p.topic.to_vec()).map_err(|_binary| String::from("a topic is not UTF-8"))?,
            payload: p.payload,
            retain: p.retain,
        },
        v5::Packet::PubAck(ack) => Packet::PubAck { id: ack.pkid, refusal: refusal(ack.reason).map(str::to_owned) },
        v5::Packet::SubAck(ack) => Packet::SubAck {
            id: ack.pkid,
            refused: ack
                .return_codes
                .iter()
                .filter(|code| !matches!(code, v5::SubscribeReasonCode::Success(_)))
                .count(),
        },
        v5::Packet::PingResp(_) => Packet::PingResp,
        v5::Packet::Auth(_)
        | v5::Packet::Connect(..)
        | v5::Packet::PingReq(_)
        | v5::Packet::Subscribe(_)
        | v5::Packet::PubRec(_)
        | v5::Packet::PubRel(_)
        | v5::Packet::PubComp(_)
        | v5::Packet::Unsubscribe(_)
        | v5::Packet::UnsubAck(_)
        | v5::Packet::Disconnect(_) => Packet::Unexpected,
    })
}

fn refusal(reason: v5::PubAckReason) -> Option<&'static str> {
    match reason {
        v5::PubAckReason::Success | v5::PubAckReason::NoMatchingSubscribers => None,
        v5::PubAckReason::UnspecifiedError => Some("no reason given"),
        v5::PubAckReason::ImplementationSpecificError => Some("an error of the broker's own"),
        v5::PubAckReason::NotAuthorized => Some("not authorised: check the broker's access list"),
        v5::PubAckReason::TopicNameInvalid => Some("the topic is not accepted"),
        v5::PubAckReason::PacketIdentifierInUse => Some("packet identifier in use"),
        v5::PubAckReason::QuotaExceeded => Some("a quota of the broker is used up"),
        v5::PubAckReason::PayloadFormatInvalid => Some("the payload format is not accepted"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(version: Version, bytes: &[u8]) -> Result<Option<Packet>, String> {
        Codec::new(version).decode(&mut BytesMut::from(bytes))
    }

    #[test]
    fn connack_gives_its_code_whatever_version_refuses() {
        let code = |code| Ok(Some(Packet::ConnAck(ConnAck { code, ..ConnAck::default() })));
        assert_eq!(decode(Version::V311, &[0x20, 2, 0, 4]), code(4));
        assert_eq!(decode(Version::V5, &[0x20, 2, 0, 1]), code(1));
        assert_eq!(decode(Version::V5, &[0x20, 3, 0, 0x86, 0]), code(0x86));
    }

    #[test]
    fn connack_of_version_5_carries_the_brokers_limits() {
        assert_eq!(
            decode(Version::V5, &[0x20, 6, 0, 0, 3, 33, 0, 20]),
            Ok(Some(Packet::ConnAck(ConnAck { receive_maximum: Some(20), ..ConnAck::default() })))
        );
    }

    #[test]
    fn puback_with_a_refusing_reason_is_a_refusal() {
        let ack = |refusal: Option<&str>| Ok(Some(Packet::PubAck { id: 7, refusal: refusal.map(str::to_owned) }));
        assert_eq!(decode(Version::V311, &[0x40, 2, 0, 7]), ack(None));
        assert_eq!(decode(Version::V5, &[0x40, 2, 0, 7]), ack(None));
        assert_eq!(decode(Version::V5, &[0x40, 3, 0, 7, 0x10]), ack(None));
        assert_eq!(decode(Version::V5, &[0x40, 4, 0, 7, 0x97, 0]), ack(Some("a quota of the broker is used up")));
    }

    #[test]
    fn an_incomplete_packet_waits_and_a_packet_that_ends_too_early_is_malformed() {
        assert_eq!(decode(Version::V5, &[0x40]), Ok(None));
        assert_eq!(decode(Version::V5, &[0x40, 2, 0]), Ok(None));
        assert!(decode(Version::V5, &[0x90, 2, 0, 1]).is_err());
        assert!(decode(Version::V311, &[0x30, 0xFF, 0xFF, 0xFF, 0xFF, 1]).is_err());
        assert!(decode(Version::V311, &[0x30, 0xFF, 0xFF, 0xFF, 0x7F]).is_err());
    }

    #[test]
    fn a_disconnect_of_every_length_gives_its_reason() {
        assert_eq!(decode(Version::V5, &[0xE0, 0]), Ok(Some(Packet::Disconnect(0))));
        assert_eq!(decode(Version::V5, &[0xE0, 1, 0x8E]), Ok(Some(Packet::Disconnect(0x8E))));
        assert_eq!(decode(Version::V5, &[0xE0, 2, 0x8B, 0]), Ok(Some(Packet::Disconnect(0x8B))));
    }

    #[test]
    fn a_publish_that_cannot_be_sent_leaves_nothing_in_the_buffer() {
        let mut codec = Codec::new(Version::V5);
        codec.max_outgoing = 40;
        let mut out = BytesMut::new();
        for (topic, payload) in [("", 1), ("a/#", 1), ("a", 100)] {
            let message = Message { topic: topic.to_owned(), payload: Bytes::from(vec![b'x'; payload]), retain: false };
            assert!(codec.publish(&message, 1, false, &mut out).is_err(), "{topic}");
        }
        assert_eq!(out.len(), 0);
    }

    #[test]
    fn random_packets_end_in_a_value_or_an_error() {
        let mut seed = 0x9E37_79B9_7F4A_7C15_u64;
        let mut byte = || {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed.to_le_bytes()[2]
        };
        for round in 0..400_000_u32 {
            let length = byte() % 24;
            let mut bytes = vec![byte() & 0xF6, length];
            // Small bytes make plausible lengths and property numbers.
            bytes.extend((0..length).map(|_| if round % 2 == 0 { byte() % 48 } else { byte() }));
            for version in [Version::V311, Version::V5] {
                let _either = decode(version, &bytes);
            }
        }
    }
}
