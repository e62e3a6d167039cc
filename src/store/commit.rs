//! What is written together: the changes of one turn of the engine, collected for [`super::Store::commit`].

use serde::Serialize;

use super::backend::{Fault, Tree, Write};
use super::layout::{ENGINE_KEY, TIMELINE_KEY};
use super::record;
use super::timeline::Timeline;
use crate::usm::Identity;

/// Changes that are applied as one: after a crash all of them are there, or none.
#[derive(Debug, Default)]
pub struct Commit {
    pub(super) writes: Vec<Write>,
    pub(super) alerts: Vec<AlertChange>,
    pub(super) outgoing: Vec<(Box<str>, Vec<u8>)>,
    pub(super) audit: Vec<(u64, Vec<u8>)>,
}

/// What becomes of one alert; neither open nor closed means that it is forgotten.
#[derive(Debug)]
pub(super) struct AlertChange {
    pub(super) id: Vec<u8>,
    pub(super) open: Option<Vec<u8>>,
    pub(super) closed: Option<Vec<u8>>,
}

impl Commit {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty() && self.alerts.is_empty() && self.outgoing.is_empty() && self.audit.is_empty()
    }

    /// Keeps `value` as the account's record.
    ///
    /// # Errors
    /// If `value` has no postcard encoding.
    pub fn put_account<T: Serialize>(&mut self, key: &[u8], value: &T) -> Result<(), Fault> {
        self.put(Tree::Accounts, key, value)
    }

    /// Deletes the account's record and its last day.
    pub fn delete_account(&mut self, key: &[u8]) {
        for tree in [Tree::Accounts, Tree::Days] {
            self.writes.push(Write::Delete { tree, key: key.to_vec() });
        }
    }

    /// Keeps `value` as the account's last day.
    ///
    /// # Errors
    /// If `value` has no postcard encoding.
    pub fn put_day<T: Serialize>(&mut self, key: &[u8], value: &T) -> Result<(), Fault> {
        self.put(Tree::Days, key, value)
    }

    /// Keeps `value` as what is counted of sprays in one place.
    ///
    /// # Errors
    /// If `value` has no postcard encoding.
    pub fn put_front<T: Serialize>(&mut self, key: &[u8], value: &T) -> Result<(), Fault> {
        self.put(Tree::Fronts, key, value)
    }

    /// Deletes what is counted of sprays in one place.
    pub fn delete_front(&mut self, key: &[u8]) {
        self.writes.push(Write::Delete { tree: Tree::Fronts, key: key.to_vec() });
    }

    /// Keeps `value` as what is counted of one user's tries to become another.
    ///
    /// # Errors
    /// If `value` has no postcard encoding.
    pub fn put_switcher<T: Serialize>(&mut self, key: &[u8], value: &T) -> Result<(), Fault> {
        self.put(Tree::Switchers, key, value)
    }

    /// Deletes what is counted of one user's tries to become another.
    pub fn delete_switcher(&mut self, key: &[u8]) {
        self.writes.push(Write::Delete { tree: Tree::Switchers, key: key.to_vec() });
    }

    /// Keeps `value` as the node's record.
    ///
    /// # Errors
    /// If `value` has no postcard encoding.
    pub fn put_node<T: Serialize>(&mut self, key: &[u8], value: &T) -> Result<(), Fault> {
        self.put(Tree::Nodes, key, value)
    }

    /// Keeps `value` as the record of the SNMPv3 engine with this id.
    ///
    /// # Errors
    /// If `value` has no postcard encoding.
    pub fn put_sender<T: Serialize>(&mut self, engine_id: &[u8], value: &T) -> Result<(), Fault> {
        self.put(Tree::Senders, engine_id, value)
    }

    /// Deletes the record of the SNMPv3 engine with this id.
    pub fn delete_sender(&mut self, engine_id: &[u8]) {
        self.writes.push(Write::Delete { tree: Tree::Senders, key: engine_id.to_vec() });
    }

    /// Keeps `value` as an open alert. A closed one of the same id is open again.
    ///
    /// # Errors
    /// If `value` has no postcard encoding.
    pub fn put_open_alert<T: Serialize>(&mut self, id: &str, value: &T) -> Result<(), Fault> {
        self.change_alert(id, Some(record::encode(value)?), None);
        Ok(())
    }

    /// Moves the alert to the history, with `value` as its last state.
    ///
    /// # Errors
    /// If `value` has no postcard encoding.
    pub fn close_alert<T: Serialize>(&mut self, id: &str, value: &T) -> Result<(), Fault> {
        self.change_alert(id, None, Some(record::encode(value)?));
        Ok(())
    }

    /// Deletes the alert, open or closed.
    pub fn forget_alert(&mut self, id: &str) {
        self.change_alert(id, None, None);
    }

    /// Keeps `value` as the audit record of this number; the oldest record makes room for a new one.
    ///
    /// # Errors
    /// If `value` has no postcard encoding.
    pub fn put_audit<T: Serialize>(&mut self, id: u64, value: &T) -> Result<(), Fault> {
        self.audit.push((id, record::encode(value)?));
        Ok(())
    }

    /// Appends to the outbox. `subject` says what the record is about: a newer record about the same subject makes this
    /// one pointless, should the outbox overflow.
    ///
    /// # Errors
    /// If `record` has no postcard encoding.
    pub fn append<T: Serialize>(&mut self, subject: &str, record: &T) -> Result<(), Fault> {
        self.outgoing.push((subject.into(), record::encode_about(subject, record)?));
        Ok(())
    }

    /// Keeps where the time line stands.
    ///
    /// # Errors
    /// None in practice: a time line has an encoding.
    pub fn save_timeline(&mut self, timeline: Timeline) -> Result<(), Fault> {
        self.put(Tree::Meta, TIMELINE_KEY, &timeline)
    }

    /// Keeps which SNMP engine we are, and how often it has started.
    ///
    /// # Errors
    /// None in practice: an identity has an encoding.
    pub fn save_identity(&mut self, identity: &Identity) -> Result<(), Fault> {
        self.put(Tree::Meta, ENGINE_KEY, identity)
    }

    fn put<T: Serialize>(&mut self, tree: Tree, key: &[u8], value: &T) -> Result<(), Fault> {
        self.writes.push(Write::Put { tree, key: key.to_vec(), value: record::encode(value)? });
        Ok(())
    }

    /// The last change of an id is the one that counts.
    fn change_alert(&mut self, id: &str, open: Option<Vec<u8>>, closed: Option<Vec<u8>>) {
        self.alerts.retain(|change| change.id != id.as_bytes());
        self.alerts.push(AlertChange { id: id.into(), open, closed });
    }
}
