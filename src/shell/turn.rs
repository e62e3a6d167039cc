//! What one turn of the path leaves to be kept, and how that is written.

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;

use crate::alert::{Alert, State};
use crate::audit::AuditRecord;
use crate::engine::{AccountRecord, Front, Node, Switcher};
use crate::event::{Label, Realm};
use crate::store::{Commit, Fault, Timeline};
use crate::units::Now;
use crate::usm::{EngineId, SenderChange, SenderRecord};

/// The answer to an inform.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) bytes: Vec<u8>,
    pub(crate) socket: Arc<UdpSocket>,
    pub(crate) to: SocketAddr,
}

/// An alert in a new state.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) alert: Box<Alert>,
    /// The account's record, if one is behind it.
    pub(crate) record: Option<Box<AccountRecord>>,
    /// Whether it is kept and not delivered.
    pub(crate) is_held: bool,
}

/// What one turn of the path leaves to be kept.
#[derive(Debug)]
pub(crate) struct Turn {
    pub(crate) now: Now,
    /// Alerts in the order in which they were decided.
    pub(crate) told: Vec<Told>,
    pub(crate) records: Vec<AccountRecord>,
    /// Keys of records that are not to be kept any longer.
    pub(crate) forgotten: Vec<Vec<u8>>,
    /// Keys of records that the path needs as they were before this turn.
    pub(crate) recalls: Vec<Vec<u8>>,
    /// Where sprays are counted, by key; none: no longer.
    pub(crate) fronts: Vec<(Vec<u8>, Option<Front>)>,
    /// Tries of users to become others, by key; none: no longer.
    pub(crate) switchers: Vec<(Vec<u8>, Option<Switcher>)>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) senders: Vec<SenderRecord>,
    /// SNMPv3 engines that had to make room for others.
    pub(crate) gone_senders: Vec<EngineId>,
    /// New and changed records of the audit log, by rising number.
    pub(crate) audit: Vec<AuditRecord>,
    pub(crate) answers: Vec<Answer>,
    /// Whether it must be on the medium at once even without an alert or an answer.
    pub(crate) sync: bool,
}

impl Turn {
    pub(crate) const fn at(now: Now) -> Self {
        Self {
            now,
            told: Vec::new(),
            records: Vec::new(),
            forgotten: Vec::new(),
            recalls: Vec::new(),
            fronts: Vec::new(),
            switchers: Vec::new(),
            nodes: Vec::new(),
            senders: Vec::new(),
            gone_senders: Vec::new(),
            audit: Vec::new(),
            answers: Vec::new(),
            sync: false,
        }
    }

    pub(crate) fn take_sender(&mut self, change: SenderChange<'_>) {
        match change {
            SenderChange::Forget(id) => self.gone_senders.push(id),
            SenderChange::Keep(record) => self.senders.push(record.clone()),
        }
    }

    /// Whether it must be on the medium before anybody is told of it.
    pub(crate) fn is_urgent(&self) -> bool {
        self.sync || !self.told.is_empty() || !self.answers.is_empty()
    }

    /// How many records and alerts it carries, an alert with the record behind it being as much as four: for the memory that it takes.
    pub(crate) fn len(&self) -> usize {
        let records = self.records.len() + self.audit.len() + self.fronts.len() + self.switchers.len();
        self.told.len() * 4 + records + self.nodes.len() + self.senders.len() + 1
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.told.is_empty()
            && self.records.is_empty()
            && self.forgotten.is_empty()
            && self.recalls.is_empty()
            && self.fronts.is_empty()
            && self.switchers.is_empty()
            && self.nodes.is_empty()
            && self.senders.is_empty()
            && self.gone_senders.is_empty()
            && self.audit.is_empty()
            && self.answers.is_empty()
    }
}

/// The alert's new state, and its place in the outbox unless it is held.
fn tell(commit: &mut Commit, alert: &Alert, is_held: bool) -> Result<(), Fault> {
    match alert.state {
        State::Raised | State::Updated => commit.put_open_alert(alert.id.as_str(), alert)?,
        State::Cleared => commit.close_alert(alert.id.as_str(), alert)?,
    }
    if is_held { Ok(()) } else { commit.append(&subject(alert), alert) }
}

/// What an outbox entry is about: the alert, as one of those of its kind about the same account or node. In an outage that is longer than
/// the outbox, the newest of them is what matters.
fn subject(alert: &Alert) -> String {
    let Alert { id, kind, realm, cluster, node, account, .. } = alert;
    let realm = realm.map_or("", Realm::as_str);
    let cluster = cluster.as_ref().map_or("", Label::as_str);
    match (account, node) {
        (Some(account), _) => format!("{}/{realm}/{cluster}/{account} {id}", kind.as_str()),
        (None, Some(node)) => format!("{}/{cluster}//{node} {id}", kind.as_str()),
        (None, None) => format!("{}/{cluster} {id}", kind.as_str()),
    }
}

/// An account's record with its last day.
fn put(commit: &mut Commit, record: &AccountRecord) -> Result<(), Fault> {
    let key = record.key();
    commit.put_account(&key, record)?;
    commit.put_day(&key, &record.day())
}

/// The writes of these turns, as one.
pub(super) fn commit_of(turns: &[Turn]) -> Result<Commit, Fault> {
    let mut commit = Commit::new();
    for turn in turns {
        // First, since the same turn may keep the record again.
        turn.forgotten.iter().for_each(|key| commit.delete_account(key));
        for Told { alert, record, is_held } in &turn.told {
            record.iter().try_for_each(|record| put(&mut commit, record))?;
            tell(&mut commit, alert, *is_held)?;
        }
        turn.gone_senders.iter().for_each(|id| commit.delete_sender(id.as_bytes()));
        for sender in &turn.senders {
            commit.put_sender(sender.id.as_bytes(), sender)?;
        }
        for record in &turn.records {
            put(&mut commit, record)?;
        }
        for (key, front) in &turn.fronts {
            match front {
                Some(front) => commit.put_front(key, front)?,
                None => commit.delete_front(key),
            }
        }
        for (key, user) in &turn.switchers {
            match user {
                Some(user) => commit.put_switcher(key, user)?,
                None => commit.delete_switcher(key),
            }
        }
        for record in &turn.audit {
            commit.put_audit(record.id, record)?;
        }
        for node in &turn.nodes {
            commit.put_node(node.name.as_str().as_bytes(), node)?;
        }
        if !turn.is_empty() {
            commit.save_timeline(Timeline::from(turn.now))?;
        }
    }
    Ok(commit)
}
