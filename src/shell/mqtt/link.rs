//! One connection to a broker, from CONNECT and CONNACK on: packets in, bytes out.

use std::io::{self, ErrorKind};
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::time::{Instant, timeout};

use super::codec::{self, Codec, ConnAck, Packet};
use super::failure::Failure;
use super::options::Options;
use super::transport::{self, Stream};

/// Room made before every read, in bytes.
const READ_ROOM: usize = 8 * 1024;

/// How long a failed connection is read to its end.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// A connection that the broker has accepted.
pub(super) struct Link {
    read: ReadHalf<Box<dyn Stream>>,
    write: WriteHalf<Box<dyn Stream>>,
    input: BytesMut,
    /// Bytes that wait to be written; written and flushed as one batch.
    pub(super) output: BytesMut,
    unflushed: bool,
    pub(super) codec: Codec,
    /// Publishes that the broker lets us have outstanding.
    pub(super) receive_maximum: u16,
    keep_alive: Duration,
    next_ping: Instant,
    pong_by: Option<Instant>,
}

impl Link {
    /// Connects, with the last will if `will`, and waits for CONNACK. Starts clean.
    pub(super) async fn open(options: &Options, will: bool, now: impl Fn() -> Instant) -> Result<Self, Failure> {
        let (read, write) = tokio::io::split(transport::connect(options).await?);
        let keep_alive = options.keep_alive.max(Duration::from_secs(1));
        let mut link = Self {
            read,
            write,
            input: BytesMut::new(),
            output: BytesMut::new(),
            unflushed: false,
            codec: Codec::new(options.version),
            receive_maximum: u16::MAX,
            keep_alive,
            next_ping: now() + keep_alive,
            pong_by: None,
        };
        link.codec.connect(options, will, &mut link.output).map_err(Failure::lasting)?;
        let accepted = timeout(options.connect_timeout, link.accepted(options))
            .await
            .map_err(|_late| Failure::silent(&options.broker, "CONNACK"))??;
        link.honour(options, &accepted, now())?;
        Ok(link)
    }

    async fn accepted(&mut self, options: &Options) -> Result<ConnAck, Failure> {
        loop {
            match self.decode(options)? {
                Some(Packet::ConnAck(ack)) if ack.code == 0 => return Ok(ack),
                Some(Packet::ConnAck(ack)) => return Err(Failure::refused(options, ack.code)),
                Some(Packet::Disconnect(code)) => return Err(Failure::dismissed(options, code)),
                Some(
                    Packet::Publish { .. }
                    | Packet::PubAck { .. }
                    | Packet::SubAck { .. }
                    | Packet::PingResp
                    | Packet::Unexpected,
                ) => {
                    return Err(Failure::passing(format!(
                        "{} does not begin with CONNACK: is it an MQTT broker?",
                        options.broker
                    )));
                }
                None => self.turn().await.map_err(|end| match end {
                    Turn::Closed => Failure::unanswered(options),
                    Turn::Broken(error) if error.kind() == ErrorKind::ConnectionReset => Failure::unanswered(options),
                    Turn::Broken(error) => Failure::broken(&options.broker, &error),
                })?,
            }
        }
    }

    fn honour(&mut self, options: &Options, ack: &ConnAck, now: Instant) -> Result<(), Failure> {
        if ack.qos0_only {
            return Err(Failure::lasting(format!(
                "{} takes no QoS 1: alerts cannot be acknowledged there",
                options.broker
            )));
        }
        if ack.no_retain {
            return Err(Failure::lasting(format!(
                "{} keeps no retained messages: allow them, or use another broker",
                options.broker
            )));
        }
        self.receive_maximum = ack.receive_maximum.unwrap_or(u16::MAX).max(1);
        if let Some(max) = ack.max_packet.and_then(|max| usize::try_from(max).ok()) {
            self.codec.max_outgoing = max.min(self.codec.max_outgoing);
        }
        if let Some(seconds) = ack.keep_alive.filter(|s| *s > 0) {
            self.keep_alive = Duration::from_secs(u64::from(seconds));
        }
        self.sent(now);
        Ok(())
    }

    /// The next packet that has arrived.
    pub(super) fn decode(&mut self, options: &Options) -> Result<Option<Packet>, Failure> {
        let packet = self
            .codec
            .decode(&mut self.input)
            .map_err(|what| Failure::passing(format!("{} sent what is not MQTT: {what}", options.broker)))?;
        if packet == Some(Packet::PingResp) {
            self.pong_by = None;
        }
        Ok(packet)
    }

    /// Something was put into `output`: no ping is due for a while.
    pub(super) fn sent(&mut self, now: Instant) {
        self.next_ping = now + self.keep_alive * 3 / 4;
    }

    /// When [`Self::keep`] has to be called again at the latest.
    pub(super) fn deadline(&self) -> Instant {
        self.pong_by.map_or(self.next_ping, |by| by.min(self.next_ping))
    }

    /// Pings when it is time to, and notices a broker that no longer answers.
    pub(super) fn keep(&mut self, options: &Options, now: Instant) -> Result<(), Failure> {
        if self.pong_by.is_some_and(|by| by <= now) {
            let seconds = self.keep_alive.as_secs();
            return Err(Failure::passing(format!(
                "{} has not answered a ping for {seconds} s: the connection is dead",
                options.broker
            )));
        }
        if self.next_ping <= now {
            codec::pingreq(&mut self.output);
            self.sent(now);
            self.pong_by.get_or_insert(now + self.keep_alive);
        }
        Ok(())
    }

    /// Whether bytes wait to be written or flushed.
    pub(super) fn is_unwritten(&self) -> bool {
        self.unflushed || !self.output.is_empty()
    }

    /// Writes and flushes what waits, or reads some bytes, whichever can be done first. Can be cancelled at any time.
    pub(super) async fn turn(&mut self) -> Result<(), Turn> {
        self.input.reserve(READ_ROOM);
        let unwritten = self.is_unwritten();
        self.unflushed = unwritten;
        tokio::select! {
            biased;
            written = push(&mut self.write, &mut self.output), if unwritten => match written {
                Ok(()) => {
                    self.unflushed = false;
                    Ok(())
                }
                Err(error) => Err(Turn::Broken(error)),
            },
            read = self.read.read_buf(&mut self.input) => match read {
                Ok(0) => Err(Turn::Closed),
                Ok(_) => Ok(()),
                Err(error) => Err(Turn::Broken(error)),
            },
        }
    }

    /// Reads what has arrived on a connection that failed: the last PUBACKs, or the broker's reason.
    pub(super) async fn last_words(&mut self) {
        let rest = async { while matches!(self.read.read_buf(&mut self.input).await, Ok(1..)) {} };
        let _read_or_not = timeout(LAST_WORDS, rest).await;
    }

    /// Closes our side.
    pub(super) async fn close(mut self) -> io::Result<()> {
        push(&mut self.write, &mut self.output).await?;
        self.write.shutdown().await
    }
}

/// How [`Link::turn`] fails.
pub(super) enum Turn {
    /// The broker closed the connection in good order.
    Closed,
    /// It broke.
    Broken(io::Error),
}

impl Turn {
    /// As the end of a session that was established.
    pub(super) fn failure(self, options: &Options) -> Failure {
        match self {
            Self::Closed => {
                Failure::passing(format!("{} closed the connection: was it stopped or restarted?", options.broker))
            }
            Self::Broken(error) => Failure::broken(&options.broker, &error),
        }
    }
}

async fn push(write: &mut (impl AsyncWrite + Unpin), output: &mut BytesMut) -> io::Result<()> {
    while !output.is_empty() {
        write.write_buf(output).await?;
    }
    write.flush().await
}
