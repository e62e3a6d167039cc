//! Publishes on their way: which are waiting, which are sent, which packet id is whose. No I/O and no clock.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use super::options::Message;

/// What became of a PUBACK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Acked {
    /// The caller's publish with this token.
    Token(u64),
    /// A message of the session's own (birth, farewell).
    Own,
    /// Nothing of ours has this packet id.
    Unknown,
}

#[derive(Debug)]
struct Entry {
    message: Message,
    /// `None` for the session's own messages.
    token: Option<u64>,
    /// Whether it went out on an earlier connection and was not answered.
    dup: bool,
    sent: bool,
    /// How many connections in a row were lost while it was the oldest unanswered one.
    strikes: u8,
}

/// A publish that was the oldest unanswered one at the loss of so many connections in a row is taken to be their cause:
/// some brokers close the connection instead of refusing.
const STRIKES: u8 = 3;

/// All publishes that the broker has not acknowledged, oldest first. Bounded by whoever adds.
#[derive(Debug, Default)]
pub(super) struct Flight {
    entries: BTreeMap<u64, Entry>,
    /// How many of them are the session's own.
    own: usize,
    next: u64,
    /// Not sent on this connection.
    queue: VecDeque<u64>,
    /// Refused; not before the given time again.
    refused: BTreeMap<u64, Instant>,
    /// Sent on this connection.
    by_id: BTreeMap<u16, u64>,
    /// In the order of sending; those no longer in `by_id` are skipped.
    order: VecDeque<(Instant, u16, u64)>,
    last_id: u16,
}

impl Flight {
    /// How many publishes of the caller are here.
    pub(super) fn tokens(&self) -> usize {
        self.entries.len() - self.own
    }

    /// How many of the session's own are here.
    pub(super) fn own(&self) -> usize {
        self.own
    }

    /// How many are sent and not answered.
    pub(super) fn outstanding(&self) -> usize {
        self.by_id.len()
    }

    /// Whether the broker refused some that are still here.
    pub(super) fn any_refused(&self) -> bool {
        !self.refused.is_empty()
    }

    /// Adds a publish behind all others.
    pub(super) fn add(&mut self, message: Message, token: Option<u64>) {
        let key = self.insert(message, token);
        self.queue.push_back(key);
    }

    /// The connection is lost. If one publish is found to be the cause, it is held back until `retry`, and this is its topic.
    pub(super) fn lost(&mut self, retry: Instant) -> Option<String> {
        self.oldest()?;
        let (_, id, key) = *self.order.front()?;
        // A connection that did not even carry the birth message says nothing about the others.
        let entry = self.entries.get_mut(&key).filter(|entry| entry.token.is_some() && self.own == 0)?;
        entry.strikes += 1;
        if entry.strikes < STRIKES {
            return None;
        }
        entry.strikes = 0;
        let topic = entry.message.topic.clone();
        self.refuse(id, retry);
        Some(topic)
    }

    /// A new connection: `birth` first, then everything again in its order, without what was refused and has to wait.
    pub(super) fn begin(&mut self, birth: Message) {
        self.entries.retain(|_, entry| entry.token.is_some());
        self.own = 0;
        for entry in self.entries.values_mut() {
            entry.dup |= entry.sent;
            entry.sent = false;
        }
        self.by_id.clear();
        self.order.clear();
        self.queue = self.entries.keys().filter(|key| !self.refused.contains_key(key)).copied().collect();
        let key = self.insert(birth, None);
        self.queue.push_front(key);
    }

    /// Drops what is not sent: for a farewell.
    pub(super) fn drop_unsent(&mut self) {
        self.entries.retain(|_, entry| entry.sent);
        self.own = self.entries.values().filter(|entry| entry.token.is_none()).count();
        self.queue.clear();
        self.refused.clear();
    }

    /// The next to send while fewer than `limit` are outstanding. The caller sends it with the given id and DUP flag, or
    /// calls [`Self::refuse`].
    pub(super) fn next(&mut self, limit: usize, now: Instant) -> Option<(u16, bool, &Message)> {
        if self.by_id.len() >= limit.min(usize::from(u16::MAX)) {
            return None;
        }
        while let Some((&key, _)) = self.refused.iter().find(|(_, at)| **at <= now) {
            self.refused.remove(&key);
            self.queue.push_back(key);
        }
        let key = self.queue.pop_front()?;
        let id = self.free_id();
        let entry = self.entries.get_mut(&key)?;
        entry.sent = true;
        self.by_id.insert(id, key);
        self.order.push_back((now, id, key));
        Some((id, entry.dup, &entry.message))
    }

    /// The broker has acknowledged this packet id.
    pub(super) fn acknowledge(&mut self, id: u16) -> Acked {
        match self.by_id.remove(&id).and_then(|key| self.entries.remove(&key)) {
            Some(Entry { token: Some(token), .. }) => Acked::Token(token),
            Some(Entry { token: None, .. }) => {
                self.own -= 1;
                Acked::Own
            }
            None => Acked::Unknown,
        }
    }

    /// The broker has refused this packet id, or it cannot be sent: again at `retry`, as a new publish.
    pub(super) fn refuse(&mut self, id: u16, retry: Instant) {
        let Some(key) = self.by_id.remove(&id) else { return };
        if let Some(entry) = self.entries.get_mut(&key) {
            entry.sent = false;
            entry.dup = false;
            self.refused.insert(key, retry);
        }
    }

    /// When the oldest outstanding publish was sent.
    pub(super) fn oldest(&mut self) -> Option<Instant> {
        while let Some(&(at, id, key)) = self.order.front() {
            if self.by_id.get(&id) == Some(&key) {
                return Some(at);
            }
            self.order.pop_front();
        }
        None
    }

    /// When there is something to do without the broker: the end of the oldest publish's time, or of a refused one's wait.
    pub(super) fn deadline(&mut self, ack_timeout: Duration) -> Option<Instant> {
        let late = self.oldest().map(|at| at + ack_timeout);
        let retry = self.refused.values().min().copied();
        late.into_iter().chain(retry).min()
    }

    fn insert(&mut self, message: Message, token: Option<u64>) -> u64 {
        let key = self.next;
        self.next += 1;
        self.own += usize::from(token.is_none());
        self.entries.insert(key, Entry { message, token, dup: false, sent: false, strikes: 0 });
        key
    }

    /// A packet id that is not in use; 0 is none (2.3.1). There is one: fewer than 65535 are outstanding.
    fn free_id(&mut self) -> u16 {
        loop {
            self.last_id = self.last_id.checked_add(1).unwrap_or(1);
            if !self.by_id.contains_key(&self.last_id) {
                return self.last_id;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::clock;

    fn message(topic: &str) -> Message {
        Message { topic: topic.to_owned(), payload: bytes::Bytes::new(), retain: false }
    }

    fn sent(flight: &mut Flight, limit: usize, now: Instant) -> Vec<(u16, bool, String)> {
        let mut all = Vec::new();
        while let Some((id, dup, message)) = flight.next(limit, now) {
            all.push((id, dup, message.topic.clone()));
        }
        all
    }

    #[test]
    fn the_window_holds_back_what_the_broker_has_not_acknowledged() {
        let now = clock::instant();
        let mut flight = Flight::default();
        flight.begin(message("birth"));
        for token in 1..=3 {
            flight.add(message(&format!("t{token}")), Some(token));
        }
        assert_eq!(sent(&mut flight, 2, now), [(1, false, "birth".into()), (2, false, "t1".into())]);
        assert_eq!(flight.acknowledge(2), Acked::Token(1));
        assert_eq!(flight.acknowledge(2), Acked::Unknown);
        assert_eq!(flight.acknowledge(1), Acked::Own);
        assert_eq!(sent(&mut flight, 2, now), [(3, false, "t2".into()), (4, false, "t3".into())]);
    }

    #[test]
    fn a_new_connection_repeats_everything_in_its_order_behind_the_birth() {
        let now = clock::instant();
        let mut flight = Flight::default();
        flight.begin(message("birth"));
        for token in 1..=3 {
            flight.add(message(&format!("t{token}")), Some(token));
        }
        sent(&mut flight, 3, now);
        flight.acknowledge(2);
        flight.begin(message("birth"));
        assert_eq!(
            sent(&mut flight, 9, now),
            [(4, false, "birth".into()), (5, true, "t2".into()), (6, false, "t3".into())]
        );
    }

    #[test]
    fn a_packet_id_in_use_is_skipped_and_zero_is_never_used() {
        let now = clock::instant();
        let mut flight = Flight { last_id: 65_533, ..Flight::default() };
        for token in 0..3 {
            flight.add(message("t"), Some(token));
        }
        assert_eq!(sent(&mut flight, 9, now).iter().map(|s| s.0).collect::<Vec<_>>(), [65_534, 65_535, 1]);
        flight.last_id = 65_533;
        flight.acknowledge(65_535);
        flight.add(message("t"), Some(3));
        flight.add(message("t"), Some(4));
        assert_eq!(sent(&mut flight, 9, now).iter().map(|s| s.0).collect::<Vec<_>>(), [65_535, 2]);
    }

    #[test]
    fn a_publish_that_costs_three_connections_is_held_back_so_that_others_get_through() {
        let now = clock::instant();
        let later = now + Duration::from_secs(30);
        let mut flight = Flight::default();
        flight.add(message("poison"), Some(1));
        flight.add(message("good"), Some(2));
        for found in [None, None, Some(String::from("poison"))] {
            flight.begin(message("birth"));
            let birth = sent(&mut flight, 9, now).first().map(|s| s.0);
            flight.acknowledge(birth.unwrap());
            assert_eq!(flight.lost(later), found);
        }
        flight.begin(message("birth"));
        let topics: Vec<_> = sent(&mut flight, 9, now).into_iter().map(|s| s.2).collect();
        assert_eq!(topics, ["birth", "good"]);
        assert_eq!(sent(&mut flight, 9, later).len(), 1);
    }

    #[test]
    fn a_refused_publish_stays_and_comes_again_as_a_new_one() {
        let now = clock::instant();
        let later = now + Duration::from_secs(30);
        let mut flight = Flight::default();
        flight.add(message("t"), Some(1));
        sent(&mut flight, 9, now);
        flight.refuse(1, later);
        assert_eq!(
            (flight.tokens(), flight.outstanding(), flight.deadline(Duration::from_secs(20))),
            (1, 0, Some(later))
        );
        assert_eq!(sent(&mut flight, 9, now), []);
        assert_eq!(sent(&mut flight, 9, later), [(2, false, "t".into())]);
    }
}
