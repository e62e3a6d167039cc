//! The session: takes publishes, brings them to the broker, reports every PUBACK exactly once.
//!
//! Promised: a token that was reported has been acknowledged by the broker. Not promised: that no subscriber sees a message
//! twice (a publish whose PUBACK was lost is repeated), nor that a broker keeps what it acknowledged.
//! A publish that the broker refuses (version 5), or that costs three connections in a row (brokers that close instead of
//! refusing), keeps its place in the window, lets the others pass and is tried again after a wait.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::backoff::Backoff;
use super::codec::{self, Packet};
use super::failure::Failure;
use super::flight::{Acked, Flight};
use super::link::Link;
use super::options::{Message, Options};
use crate::shell::clock;

/// How long a shutdown waits for outstanding PUBACKs, and again for that of the farewell.
pub const SHUTDOWN_PATIENCE: Duration = Duration::from_secs(3);

/// A message to deliver, always with QoS 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publish {
    /// The caller's name for it; comes back when the broker has acknowledged.
    pub token: u64,
    /// The topic, without wildcards.
    pub topic: String,
    /// The payload; empty with `retain` removes a retained message.
    pub payload: Bytes,
    /// Whether the broker keeps it for later subscribers.
    pub retain: bool,
}

/// How the link to the broker stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkState {
    /// No connection has been tried to its end yet.
    Connecting,
    /// The broker has accepted us.
    Connected,
    /// Connected, but the broker refuses some publishes; they are kept and tried again.
    Refusing {
        /// One sentence for the operator.
        reason: String,
    },
    /// No connection; the next try comes by itself.
    Down {
        /// One sentence for the operator: what is wrong and what to do.
        reason: String,
    },
}

/// Delivers until `shutdown` turns true, its sender is gone, or nobody takes the tokens any more.
///
/// At most `options.in_flight` publishes are held here, counting acknowledged ones whose token has not been taken from
/// `acknowledged`; the rest waits in `publishes`, which is not read while the link is down. Whoever sends must not wait
/// for room in `publishes` without also taking tokens.
pub async fn run(
    options: Options,
    publishes: mpsc::Receiver<Publish>,
    acknowledged: mpsc::Sender<u64>,
    state: watch::Sender<LinkState>,
    shutdown: watch::Receiver<bool>,
) {
    let backoff = Backoff::new(options.reconnect_first, options.reconnect_longest, &options.client_id);
    let session = Session {
        options,
        publishes: Some(publishes),
        acknowledged,
        state,
        shutdown,
        backoff,
        flight: Flight::default(),
        reported: VecDeque::new(),
        refusal: None,
        unexpected: 0,
    };
    session.run().await;
}

struct Session {
    options: Options,
    /// `None` once its senders are gone.
    publishes: Option<mpsc::Receiver<Publish>>,
    acknowledged: mpsc::Sender<u64>,
    state: watch::Sender<LinkState>,
    shutdown: watch::Receiver<bool>,
    backoff: Backoff,
    flight: Flight,
    /// Acknowledged by the broker, not yet taken by the caller.
    reported: VecDeque<u64>,
    refusal: Option<String>,
    /// Packets that nobody asked for, and PUBACKs of unknown packet ids, since the start.
    unexpected: u64,
}

/// How a connection ended.
enum End {
    Shutdown,
    Lost(Failure),
}

impl Session {
    async fn run(mut self) {
        self.show(LinkState::Connecting);
        loop {
            let opened = tokio::select! {
                biased;
                () = told(&mut self.shutdown) => return self.hand_over().await,
                opened = Link::open(&self.options, true, clock::instant) => opened,
            };
            let failure = match opened {
                Ok(mut link) => {
                    self.flight.begin(self.options.birth.clone());
                    match self.drive(&mut link).await {
                        End::Shutdown => return self.farewell(link).await,
                        End::Lost(failure) => self.suspect(failure),
                    }
                }
                Err(failure) => failure,
            };
            let wait = self.backoff.wait(failure.slow);
            tracing::debug!(reason = failure.reason, ?wait, unexpected = self.unexpected, "MQTT link down");
            self.show(LinkState::Down { reason: failure.reason });
            if self.pause(wait).await {
                return self.hand_over().await;
            }
        }
    }

    /// One connection, from the birth message to its end.
    async fn drive(&mut self, link: &mut Link) -> End {
        loop {
            if let Err(failure) = self.settle(link, true) {
                return End::Lost(failure);
            }
            let room = self.has_room();
            let deadline = self.deadline(link);
            let publishes = self.publishes.as_mut();
            tokio::select! {
                biased;
                () = told(&mut self.shutdown) => return End::Shutdown,
                turned = link.turn() => if let Err(end) = turned {
                    // What the broker has said before the end still counts.
                    link.last_words().await;
                    let last = self.settle(link, false);
                    return End::Lost(last.err().unwrap_or_else(|| end.failure(&self.options)));
                },
                listening = has_room(&self.acknowledged), if !self.reported.is_empty() => if !listening {
                    return End::Shutdown;
                },
                publish = receive(publishes), if room => match publish {
                    Some(publish) => self.take(publish),
                    None => self.publishes = None,
                },
                () = sleep_until(deadline) => {}
            }
        }
    }

    /// Everything that needs no waiting: packets in, tokens out, publishes into the output buffer, pings, deadlines.
    fn settle(&mut self, link: &mut Link, sending: bool) -> Result<(), Failure> {
        let now = clock::instant();
        while let Some(packet) = link.decode(&self.options)? {
            self.packet(packet, now)?;
        }
        self.report();
        if !sending {
            return Ok(());
        }
        self.fill();
        self.send(link, now);
        self.show(match &self.refusal {
            Some(reason) if self.flight.any_refused() => LinkState::Refusing { reason: reason.clone() },
            Some(_) | None => LinkState::Connected,
        });
        link.keep(&self.options, now)?;
        self.overdue(now)
    }

    fn packet(&mut self, packet: Packet, now: Instant) -> Result<(), Failure> {
        match packet {
            Packet::PubAck { id, refusal: None } => {
                match self.flight.acknowledge(id) {
                    Acked::Token(token) => self.reported.push_back(token),
                    Acked::Own => {}
                    Acked::Unknown => {
                        self.unexpected += 1;
                        return Ok(());
                    }
                }
                self.backoff.reset();
            }
            Packet::PubAck { id, refusal: Some(why) } => self.refuse(id, &why, now),
            Packet::Disconnect(code) => return Err(Failure::dismissed(&self.options, code)),
            Packet::PingResp => {}
            Packet::ConnAck(_) | Packet::Publish { .. } | Packet::SubAck { .. } | Packet::Unexpected => {
                self.unexpected += 1
            }
        }
        Ok(())
    }

    fn refuse(&mut self, id: u16, why: &str, now: Instant) {
        self.flight.refuse(id, now + self.options.refused_retry);
        self.refusal = Some(format!("{} refuses a publish ({why}); it is kept and tried again", self.options.broker));
    }

    /// Holds a publish back that the broker answers by closing the connection again and again.
    fn suspect(&mut self, failure: Failure) -> Failure {
        if let Some(topic) = self.flight.lost(clock::instant() + self.options.refused_retry) {
            let broker = &self.options.broker;
            self.refusal = Some(format!(
                "{broker} loses the connection at every publish to \"{topic}\" (not authorised?); it is kept and tried again"
            ));
        }
        failure
    }

    fn overdue(&mut self, now: Instant) -> Result<(), Failure> {
        let patience = self.options.ack_timeout;
        if self.flight.oldest().is_some_and(|at| at + patience <= now) {
            let (broker, seconds) = (&self.options.broker, patience.as_secs_f32());
            return Err(Failure::passing(format!(
                "{broker} has not acknowledged a publish for {seconds} s: connecting anew"
            )));
        }
        Ok(())
    }

    fn has_room(&self) -> bool {
        let held = self.flight.tokens() + self.reported.len();
        self.publishes.is_some() && held < usize::from(self.options.in_flight.max(1))
    }

    /// Takes what is there, so that one flush carries it all.
    fn fill(&mut self) {
        let held = self.flight.tokens() + self.reported.len();
        for _ in held..usize::from(self.options.in_flight.max(1)) {
            let Some(Ok(publish)) = self.publishes.as_mut().map(mpsc::Receiver::try_recv) else { return };
            self.take(publish);
        }
    }

    fn take(&mut self, publish: Publish) {
        let Publish { token, topic, payload, retain } = publish;
        self.flight.add(Message { topic, payload, retain }, Some(token));
    }

    fn send(&mut self, link: &mut Link, now: Instant) {
        let limit = usize::from(self.options.in_flight.max(1).min(link.receive_maximum));
        while let Some((id, dup, message)) = self.flight.next(limit, now) {
            match link.codec.publish(message, id, dup, &mut link.output) {
                Ok(()) => link.sent(now),
                Err(why) => self.refuse(id, &why, now),
            }
        }
    }

    /// Hands over as many tokens as the caller has room for.
    fn report(&mut self) {
        while let Some(&token) = self.reported.front() {
            if self.acknowledged.try_send(token).is_err() {
                return;
            }
            self.reported.pop_front();
        }
    }

    fn deadline(&mut self, link: &Link) -> Instant {
        let flight = self.flight.deadline(self.options.ack_timeout);
        flight.map_or(link.deadline(), |at| at.min(link.deadline()))
    }

    /// Waits between two connections; true if shutdown came.
    async fn pause(&mut self, wait: Duration) -> bool {
        let end = clock::instant() + wait;
        loop {
            tokio::select! {
                biased;
                () = told(&mut self.shutdown) => return true,
                listening = has_room(&self.acknowledged), if !self.reported.is_empty() => {
                    if !listening {
                        return true;
                    }
                    self.report();
                },
                () = sleep_until(end) => return false,
            }
        }
    }

    /// Waits for outstanding PUBACKs, publishes the will's message itself and says goodbye. Without the PUBACK of that
    /// message there is no DISCONNECT, so that the broker publishes the will.
    async fn farewell(mut self, mut link: Link) {
        self.publishes = None;
        self.flight.drop_unsent();
        let _some_left = timeout(SHUTDOWN_PATIENCE, self.drain(&mut link, Flight::outstanding)).await;
        self.flight.add(self.options.will.clone(), None);
        if let Ok(Ok(())) = timeout(SHUTDOWN_PATIENCE, self.drain(&mut link, Flight::own)).await {
            codec::disconnect(&mut link.output);
        }
        let _closed = timeout(SHUTDOWN_PATIENCE, link.close()).await;
        self.hand_over().await;
    }

    /// Until nothing is left of what `left` counts.
    async fn drain(&mut self, link: &mut Link, left: impl Fn(&Flight) -> usize) -> Result<(), Failure> {
        loop {
            self.settle(link, true)?;
            if left(&self.flight) == 0 && !link.is_unwritten() {
                return Ok(());
            }
            link.turn().await.map_err(|end| end.failure(&self.options))?;
        }
    }

    /// The caller gets the tokens that are still here, if it takes them soon.
    async fn hand_over(mut self) {
        let rest = async {
            while let Some(token) = self.reported.pop_front() {
                if self.acknowledged.send(token).await.is_err() {
                    return;
                }
            }
        };
        tokio::select! {
            () = rest => {}
            () = sleep(SHUTDOWN_PATIENCE) => {}
        }
        self.show(LinkState::Down { reason: String::from("shut down") });
    }

    fn show(&self, new: LinkState) {
        self.state.send_if_modified(|old| {
            let changed = *old != new;
            *old = new;
            changed
        });
    }
}

/// Waits for the shutdown; a sender that is gone means the same.
async fn told(shutdown: &mut watch::Receiver<bool>) {
    let _either = shutdown.wait_for(|stop| *stop).await.is_ok();
}

/// Waits until a token can be handed over; false if nobody takes tokens any more.
async fn has_room(acknowledged: &mpsc::Sender<u64>) -> bool {
    acknowledged.reserve().await.is_ok()
}

async fn receive(publishes: Option<&mut mpsc::Receiver<Publish>>) -> Option<Publish> {
    publishes?.recv().await
}
