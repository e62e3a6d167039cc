//! A small subscriber: one connection, QoS 1, no reconnecting.

use std::collections::VecDeque;

use bytes::Bytes;
use tokio::time::{sleep_until, timeout};

use super::codec::{self, Packet};
use super::failure::Failure;
use super::link::Link;
use super::options::Options;
use crate::shell::clock;

/// A message as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The topic.
    pub topic: String,
    /// The payload.
    pub payload: Bytes,
    /// Whether it is a retained message, sent because we subscribed.
    pub retain: bool,
}

/// A subscription and the connection it lives on.
pub struct Subscriber {
    options: Options,
    link: Link,
    received: VecDeque<Received>,
    subscribed: Option<usize>,
    ended: Option<String>,
}

impl Subscriber {
    /// Connects and subscribes to `filters` with QoS 1. Of the options, the last will and the birth message are not used;
    /// the client id must be another than that of a running session.
    ///
    /// # Errors
    /// A sentence that says what is wrong and what to do.
    pub async fn connect(options: &Options, filters: &[&str]) -> Result<Self, String> {
        let mut link = Link::open(options, false, clock::instant).await.map_err(|failure| failure.reason)?;
        link.codec.subscribe(filters, 1, &mut link.output)?;
        let mut subscriber =
            Self { options: options.clone(), link, received: VecDeque::new(), subscribed: None, ended: None };
        timeout(options.ack_timeout, subscriber.confirmed())
            .await
            .map_err(|_late| format!("{} does not answer a subscription", options.broker))?
            .map_err(|failure| failure.reason)?;
        Ok(subscriber)
    }

    /// The next message, or `None` when the connection is over (see [`Self::ended`]). Can be cancelled without loss.
    pub async fn next(&mut self) -> Option<Received> {
        loop {
            match self.step().await {
                Ok(Some(received)) => return Some(received),
                Ok(None) => {}
                Err(failure) => {
                    self.ended = Some(failure.reason);
                    return self.received.pop_front();
                }
            }
        }
    }

    /// Why the connection is over.
    #[must_use]
    pub fn ended(&self) -> Option<&str> {
        self.ended.as_deref()
    }

    /// Says goodbye.
    ///
    /// # Errors
    /// The connection broke before it was closed in good order.
    pub async fn close(mut self) -> std::io::Result<()> {
        codec::disconnect(&mut self.link.output);
        self.link.close().await
    }

    async fn confirmed(&mut self) -> Result<(), Failure> {
        loop {
            self.settle()?;
            match self.subscribed {
                Some(0) => return Ok(()),
                Some(refused) => {
                    return Err(Failure::lasting(format!(
                        "{} refuses {refused} of the topic filters: check the broker's access list",
                        self.options.broker
                    )));
                }
                None => self.link.turn().await.map_err(|end| end.failure(&self.options))?,
            }
        }
    }

    async fn step(&mut self) -> Result<Option<Received>, Failure> {
        self.settle()?;
        if !self.link.is_unwritten()
            && let Some(received) = self.received.pop_front()
        {
            return Ok(Some(received));
        }
        let deadline = self.link.deadline();
        tokio::select! {
            turned = self.link.turn() => turned.map_err(|end| end.failure(&self.options))?,
            () = sleep_until(deadline) => {}
        }
        Ok(None)
    }

    fn settle(&mut self) -> Result<(), Failure> {
        let now = clock::instant();
        while let Some(packet) = self.link.decode(&self.options)? {
            match packet {
                Packet::Publish { id, topic, payload, retain } => {
                    if let Some(id) = id {
                        codec::puback(id, &mut self.link.output);
                        self.link.sent(now);
                    }
                    self.received.push_back(Received { topic, payload, retain });
                }
                Packet::SubAck { id: 1, refused } => self.subscribed = Some(refused),
                Packet::Disconnect(code) => return Err(Failure::dismissed(&self.options, code)),
                Packet::ConnAck(_)
                | Packet::PubAck { .. }
                | Packet::SubAck { .. }
                | Packet::PingResp
                | Packet::Unexpected => {}
            }
        }
        self.link.keep(&self.options, now)
    }
}
