//! The store's thread: the only one that writes. It commits what the path decided, syncs before anybody is told, then answers
//! informs and wakes the sinks.
//!
//! Invariant: no alert is delivered, and no inform answered, before the commit that holds it is synced.
//! While the disk does not work, the store is in memory and this thread tries the disk again and again: alerts are delivered all the
//! same, informs are not answered, so that their senders keep them.

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, timeout_at};

use super::clock;
use super::outage::Outage;
use crate::alert::{Alert, State};
use crate::audit::AuditRecord;
use crate::engine::{AccountRecord, Node};
use crate::event::{Label, Realm};
use crate::store::{Commit, Durability, Entry, Fault, Store, Timeline};
use crate::units::Now;
use crate::usm::{EngineId, SenderChange, SenderRecord};

/// Requests that can wait; a full queue holds the path back, and the kernel's buffers take over.
const QUEUE: usize = 1_024;
/// Requests that are committed together at most.
const TOGETHER: usize = 256;
/// How often it is looked whether the store is still where it was.
const CHECK_EVERY: Duration = Duration::from_secs(10);
/// Faults that are kept for the operator; more tell nothing new.
const FAULTS: usize = 8;

/// The answer to an inform.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) bytes: Vec<u8>,
    pub(crate) socket: Arc<UdpSocket>,
    pub(crate) to: SocketAddr,
}

/// What one turn of the path leaves to be kept.
#[derive(Debug)]
pub(crate) struct Turn {
    pub(crate) now: Now,
    pub(crate) told: Vec<(Box<Alert>, Box<AccountRecord>)>,
    /// Alerts without an account.
    pub(crate) announced: Vec<Alert>,
    pub(crate) records: Vec<AccountRecord>,
    /// Keys of records that are not to be kept any longer.
    pub(crate) forgotten: Vec<Vec<u8>>,
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
            announced: Vec::new(),
            records: Vec::new(),
            forgotten: Vec::new(),
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

    fn alerts(&self) -> impl Iterator<Item = &Alert> {
        self.told.iter().map(|(alert, _)| alert.as_ref()).chain(&self.announced)
    }

    /// Whether it must be on the medium before anybody is told of it.
    pub(crate) fn is_urgent(&self) -> bool {
        self.sync || !self.told.is_empty() || !self.announced.is_empty() || !self.answers.is_empty()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.told.is_empty()
            && self.announced.is_empty()
            && self.records.is_empty()
            && self.forgotten.is_empty()
            && self.nodes.is_empty()
            && self.senders.is_empty()
            && self.gone_senders.is_empty()
            && self.audit.is_empty()
            && self.answers.is_empty()
    }
}

#[derive(Debug)]
enum Request {
    Keep(Box<Turn>),
    Fetch { from: u64, limit: usize, reply: oneshot::Sender<Vec<Entry<Alert>>> },
    Acknowledged { sink: Arc<str>, seq: u64 },
    Alerts { closed: usize, reply: oneshot::Sender<Vec<Alert>> },
    Audit { before: u64, limit: usize, reply: oneshot::Sender<Vec<AuditRecord>> },
    Report { reply: oneshot::Sender<StoreReport> },
    Stop { reply: oneshot::Sender<()> },
}

/// How the store stands.
#[derive(Clone, Debug, Default)]
pub(crate) struct StoreReport {
    pub(crate) on_disk: bool,
    /// What is wrong, for the operator.
    pub(crate) faults: Vec<String>,
    /// How often the disk has failed in this run, and what was the last time that it did and works again.
    pub(crate) outages: u32,
    pub(crate) last_outage: Option<String>,
    /// Informs that were not answered because what they carried was not on the disk.
    pub(crate) unanswered: u64,
    pub(crate) size_bytes: u64,
    pub(crate) outbox: usize,
    pub(crate) folded: u64,
    pub(crate) dropped: u64,
    /// Each sink with what it still has to be told.
    pub(crate) backlog: Vec<(Arc<str>, usize)>,
}

/// The way to the store's thread.
#[derive(Clone, Debug)]
pub(crate) struct KeeperHandle {
    requests: mpsc::Sender<Request>,
    /// The number of the newest outbox entry that may be delivered.
    pub(crate) newest: watch::Receiver<u64>,
    /// Whether the store is on its disk.
    pub(crate) on_disk: watch::Receiver<bool>,
}

impl KeeperHandle {
    pub(crate) async fn keep(&self, turn: Turn) {
        // The thread outlives everybody who asks; if it is gone, the process is ending.
        let _gone = self.requests.send(Request::Keep(Box::new(turn))).await.is_err();
    }

    pub(crate) async fn fetch(&self, from: u64, limit: usize) -> Vec<Entry<Alert>> {
        self.ask(|reply| Request::Fetch { from, limit, reply }).await.unwrap_or_default()
    }

    pub(crate) async fn acknowledged(&self, sink: &Arc<str>, seq: u64) {
        let request = Request::Acknowledged { sink: Arc::clone(sink), seq };
        let _gone = self.requests.send(request).await.is_err();
    }

    /// Open alerts, then at most `closed` closed ones, newest first.
    pub(crate) async fn alerts(&self, closed: usize) -> Vec<Alert> {
        self.ask(|reply| Request::Alerts { closed, reply }).await.unwrap_or_default()
    }

    /// At most `limit` records of the audit log with numbers below `before`, newest first.
    pub(crate) async fn audit(&self, before: u64, limit: usize) -> Vec<AuditRecord> {
        self.ask(|reply| Request::Audit { before, limit, reply }).await.unwrap_or_default()
    }

    pub(crate) async fn report(&self) -> StoreReport {
        self.ask(|reply| Request::Report { reply }).await.unwrap_or_default()
    }

    pub(crate) async fn stop(&self) {
        let _gone = self.ask(|reply| Request::Stop { reply }).await.is_none();
    }

    async fn ask<T>(&self, request: impl FnOnce(oneshot::Sender<T>) -> Request) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        self.requests.send(request(reply)).await.ok()?;
        answer.await.ok()
    }
}

/// The thread's own state.
pub(crate) struct Keeper {
    store: Store,
    sinks: Vec<Arc<str>>,
    outage: Outage,
    faults: Vec<String>,
    unanswered: u64,
    next_check: Instant,
    newest: watch::Sender<u64>,
    on_disk: watch::Sender<bool>,
}

impl Keeper {
    /// Starts the thread over an open store. `outage` is why its disk cannot be used now, `faults` what else was wrong when it was
    /// opened.
    ///
    /// # Errors
    /// If the system gives us no thread.
    pub(crate) fn start(
        store: Store,
        outage: Option<Fault>,
        faults: Vec<String>,
        sinks: Vec<Arc<str>>,
    ) -> std::io::Result<(KeeperHandle, JoinHandle<()>)> {
        let (requests, queue) = mpsc::channel(QUEUE);
        let (newest, newest_seen) = watch::channel(store.last_seq());
        let (on_disk, on_disk_seen) = watch::channel(outage.is_none());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        let now = clock::instant();
        let outage = Outage::from(outage.map(|fault| (fault, now)));
        let mut keeper =
            Self { store, sinks, outage, faults, unanswered: 0, next_check: now + CHECK_EVERY, newest, on_disk };
        keeper.register();
        let thread = thread::Builder::new().name("keeper".into()).spawn(move || keeper.run(queue, &runtime))?;
        Ok((KeeperHandle { requests, newest: newest_seen, on_disk: on_disk_seen }, thread))
    }

    fn run(mut self, mut queue: mpsc::Receiver<Request>, runtime: &Runtime) {
        loop {
            let wake = self.outage.next_try().unwrap_or(self.next_check);
            let first = match runtime.block_on(async { timeout_at(wake, queue.recv()).await }) {
                Ok(Some(first)) => Some(first),
                Ok(None) => return,
                Err(_) => None,
            };
            let mut requests: Vec<Request> = first.into_iter().collect();
            while requests.len() < TOGETHER
                && let Ok(next) = queue.try_recv()
            {
                requests.push(next);
            }
            let mut turns = Vec::new();
            let mut others = Vec::new();
            for request in requests {
                if let Request::Keep(turn) = request { turns.push(*turn) } else { others.push(request) }
            }
            if !turns.is_empty() {
                self.keep(turns);
            }
            self.look_after();
            // Nothing that was asked after the last request matters any more.
            if others.into_iter().any(|request| self.serve(request)) {
                return;
            }
        }
    }

    /// Commits these turns as one, syncs if one of them needs it, then answers and wakes.
    fn keep(&mut self, turns: Vec<Turn>) {
        // While the disk does not work it is tried when its time has come, not with every turn.
        let durability = match turns.iter().any(Turn::is_urgent) && self.outage.next_try().is_none() {
            true => Durability::Now,
            false => Durability::Later,
        };
        match commit_of(&turns) {
            Ok(commit) => {
                if let Err(fault) = self.store.commit(commit, durability) {
                    self.failed(fault);
                }
            }
            Err(fault) => self.note(&fault),
        }
        for alert in turns.iter().flat_map(Turn::alerts) {
            tracing::info!(
                "{} {} {}: {}",
                alert.severity.as_str(),
                alert.kind.as_str(),
                alert.state.as_str(),
                alert.summary
            );
        }
        self.answer(turns.into_iter().flat_map(|turn| turn.answers));
        self.newest.send_replace(self.store.last_seq());
    }

    /// An inform whose sender is not told that it has arrived is kept there, and repeated.
    fn answer(&mut self, answers: impl Iterator<Item = Answer>) {
        if self.outage.next_try().is_some() {
            self.unanswered += u64::try_from(answers.count()).unwrap_or(u64::MAX);
            return;
        }
        for answer in answers {
            // A lost answer makes the sender repeat its inform, which is then recognised.
            let _unsent = answer.socket.send_to(&answer.bytes, answer.to).is_err();
        }
    }

    /// Tries a disk that has failed, and looks after one that works, each when its time has come.
    fn look_after(&mut self) {
        let now = clock::instant();
        match self.outage.next_try() {
            Some(next) if next <= now => self.sync(),
            Some(_) => {}
            None if self.next_check <= now => {
                self.next_check = now + CHECK_EVERY;
                if let Err(fault) = self.store.check() {
                    self.failed(fault);
                }
            }
            None => {}
        }
        for note in self.store.drain_notes() {
            self.note_text(format!("store: {note}"));
        }
    }

    fn sync(&mut self) {
        match self.store.sync() {
            Ok(()) => {
                if let Some(over) = self.outage.ended(clock::instant()) {
                    tracing::info!("store: {over}");
                    self.on_disk.send_replace(true);
                }
            }
            Err(fault) => self.failed(fault),
        }
    }

    fn failed(&mut self, fault: Fault) {
        if self.outage.failed(fault, clock::instant())
            && let Some(text) = self.outage.text()
        {
            tracing::error!("{text}");
            self.on_disk.send_replace(false);
        }
    }

    /// Serves one request; true if it was the last.
    fn serve(&mut self, request: Request) -> bool {
        match request {
            Request::Keep(turn) => self.keep(vec![*turn]),
            Request::Fetch { from, limit, reply } => {
                let entries = self.store.read_from(from, limit).unwrap_or_else(|fault| {
                    self.note(&fault);
                    Vec::new()
                });
                let _gone = reply.send(entries).is_err();
            }
            Request::Acknowledged { sink, seq } => {
                if let Err(fault) = self.store.acknowledged(&sink, seq) {
                    self.note(&fault);
                }
            }
            Request::Alerts { closed, reply } => {
                let _gone = reply.send(self.alerts(closed)).is_err();
            }
            Request::Audit { before, limit, reply } => {
                let loaded = self.store.load_audit::<AuditRecord>(before, limit);
                let records = loaded.map(|l| l.records.into_iter().map(|(_, record)| record).collect());
                let _gone = reply.send(records.unwrap_or_default()).is_err();
            }
            Request::Report { reply } => {
                let _gone = reply.send(self.report()).is_err();
            }
            Request::Stop { reply } => {
                self.sync();
                let _gone = reply.send(()).is_err();
                return true;
            }
        }
        false
    }

    fn alerts(&self, closed: usize) -> Vec<Alert> {
        let open = self.store.load_open_alerts::<Alert>().map(|l| l.records).unwrap_or_default();
        let closed = self.store.load_closed_alerts::<Alert>(closed).map(|l| l.records).unwrap_or_default();
        open.into_iter().chain(closed).map(|(_, alert)| alert).collect()
    }

    fn report(&self) -> StoreReport {
        let lost = self.store.lost();
        StoreReport {
            on_disk: self.outage.next_try().is_none(),
            faults: self.outage.text().into_iter().chain(self.faults.iter().cloned()).collect(),
            outages: self.outage.count(),
            last_outage: self.outage.last(),
            unanswered: self.unanswered,
            size_bytes: self.store.size_bytes().unwrap_or(0),
            outbox: self.store.outbox_len(),
            folded: lost.folded,
            dropped: lost.dropped,
            backlog: self.sinks.iter().map(|s| (Arc::clone(s), self.store.backlog(s).unwrap_or(0))).collect(),
        }
    }

    fn register(&mut self) {
        let names: Vec<&str> = self.sinks.iter().map(AsRef::as_ref).collect();
        if let Err(fault) = self.store.register_sinks(&names) {
            self.note(&fault);
        }
    }

    /// Notes a fault once.
    fn note(&mut self, fault: &Fault) {
        self.note_text(format!("store: {fault}"));
    }

    fn note_text(&mut self, text: String) {
        if !self.faults.contains(&text) {
            tracing::error!("{text}");
            self.faults.push(text);
            self.faults.truncate(FAULTS);
        }
    }
}

/// The alert's new state, and its place in the outbox.
fn tell(commit: &mut Commit, alert: &Alert) -> Result<(), Fault> {
    match alert.state {
        State::Raised | State::Updated => commit.put_open_alert(alert.id.as_str(), alert)?,
        State::Cleared => commit.close_alert(alert.id.as_str(), alert)?,
    }
    commit.append(&subject(alert), alert)
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

fn commit_of(turns: &[Turn]) -> Result<Commit, Fault> {
    let mut commit = Commit::new();
    for turn in turns {
        // First, since the same turn may keep the record again.
        turn.forgotten.iter().for_each(|key| commit.delete_account(key));
        for (alert, record) in &turn.told {
            commit.put_account(&record.key(), record.as_ref())?;
            tell(&mut commit, alert)?;
        }
        for alert in &turn.announced {
            tell(&mut commit, alert)?;
        }
        turn.gone_senders.iter().for_each(|id| commit.delete_sender(id.as_bytes()));
        for sender in &turn.senders {
            commit.put_sender(sender.id.as_bytes(), sender)?;
        }
        for record in &turn.records {
            commit.put_account(&record.key(), record)?;
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
