//! The store's thread: the only one that writes. It commits what the path decided, syncs before anybody is told, then answers
//! informs and wakes the sinks.
//!
//! Invariant: no alert is delivered, and no inform answered, before the commit that holds it is synced.
//! If the disk store fails while running, a store in memory takes its place until the next start, and health says so.

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use tokio::sync::{mpsc, oneshot, watch};

use crate::alert::{Alert, State};
use crate::audit::AuditRecord;
use crate::engine::{AccountRecord, Node};
use crate::store::{Bounds, Commit, Durability, Entry, Fault, MemoryBackend, Store, Timeline};
use crate::units::Now;
use crate::usm::SenderRecord;

/// Requests that can wait; a full queue holds the path back, and the kernel's buffers take over.
const QUEUE: usize = 1_024;
/// Requests that are committed together at most.
const TOGETHER: usize = 256;

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
            audit: Vec::new(),
            answers: Vec::new(),
            sync: false,
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
            && self.audit.is_empty()
            && self.answers.is_empty()
    }
}

#[derive(Debug)]
enum Request {
    Keep(Turn),
    Fetch { from: u64, limit: usize, reply: oneshot::Sender<Vec<Entry<Alert>>> },
    Acknowledged { sink: Arc<str>, generation: u64, seq: u64 },
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
    pub(crate) size_bytes: u64,
    pub(crate) outbox: usize,
    pub(crate) folded: u64,
    pub(crate) dropped: u64,
    /// Each sink with what it still has to be told.
    pub(crate) backlog: Vec<(Arc<str>, usize)>,
}

/// The newest outbox entry that may be delivered. The generation changes when another store takes over and numbers begin anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Newest {
    pub(crate) generation: u64,
    pub(crate) seq: u64,
}

/// The way to the store's thread.
#[derive(Clone, Debug)]
pub(crate) struct KeeperHandle {
    requests: mpsc::Sender<Request>,
    pub(crate) newest: watch::Receiver<Newest>,
}

impl KeeperHandle {
    pub(crate) async fn keep(&self, turn: Turn) {
        // The thread outlives everybody who asks; if it is gone, the process is ending.
        let _gone = self.requests.send(Request::Keep(turn)).await.is_err();
    }

    pub(crate) async fn fetch(&self, from: u64, limit: usize) -> Vec<Entry<Alert>> {
        self.ask(|reply| Request::Fetch { from, limit, reply }).await.unwrap_or_default()
    }

    pub(crate) async fn acknowledged(&self, sink: &Arc<str>, generation: u64, seq: u64) {
        let request = Request::Acknowledged { sink: Arc::clone(sink), generation, seq };
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
    on_disk: bool,
    faults: Vec<String>,
    generation: u64,
    newest: watch::Sender<Newest>,
    bounds: Bounds,
}

impl Keeper {
    /// Starts the thread over an open store. `faults` is what was wrong when it was opened.
    ///
    /// # Errors
    /// If the system gives us no thread.
    pub(crate) fn start(
        store: Store,
        on_disk: bool,
        faults: Vec<String>,
        sinks: Vec<Arc<str>>,
    ) -> std::io::Result<(KeeperHandle, JoinHandle<()>)> {
        let (requests, queue) = mpsc::channel(QUEUE);
        let (newest, newest_seen) = watch::channel(Newest { generation: 0, seq: store.last_seq() });
        let bounds = store.bounds();
        let mut keeper = Self { store, sinks, on_disk, faults, generation: 0, newest, bounds };
        keeper.register();
        let thread = thread::Builder::new().name("keeper".into()).spawn(move || keeper.run(queue))?;
        Ok((KeeperHandle { requests, newest: newest_seen }, thread))
    }

    fn run(mut self, mut queue: mpsc::Receiver<Request>) {
        while let Some(first) = queue.blocking_recv() {
            let mut requests = vec![first];
            while requests.len() < TOGETHER
                && let Ok(next) = queue.try_recv()
            {
                requests.push(next);
            }
            let mut turns = Vec::new();
            let mut others = Vec::new();
            for request in requests {
                if let Request::Keep(turn) = request { turns.push(turn) } else { others.push(request) }
            }
            if !turns.is_empty() {
                self.keep(turns);
            }
            // Nothing that was asked after the last request matters any more.
            if others.into_iter().any(|request| self.serve(request)) {
                return;
            }
        }
    }

    /// Commits these turns as one, syncs if one of them needs it, then answers and wakes.
    fn keep(&mut self, turns: Vec<Turn>) {
        let durability = match turns.iter().any(Turn::is_urgent) {
            true => Durability::Now,
            false => Durability::Later,
        };
        if let Err(fault) = commit_of(&turns).and_then(|commit| self.store.commit(commit, durability)) {
            self.fall_back(&fault);
            // Memory takes what the disk did not; this cannot fail for want of space.
            if let Err(fault) = commit_of(&turns).and_then(|commit| self.store.commit(commit, Durability::Now)) {
                self.note(&fault);
            }
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
        for answer in turns.into_iter().flat_map(|turn| turn.answers) {
            // A lost answer makes the sender repeat its inform, which is then recognised.
            let _unsent = answer.socket.send_to(&answer.bytes, answer.to).is_err();
        }
        self.newest.send_replace(Newest { generation: self.generation, seq: self.store.last_seq() });
    }

    /// Serves one request; true if it was the last.
    fn serve(&mut self, request: Request) -> bool {
        match request {
            Request::Keep(turn) => self.keep(vec![turn]),
            Request::Fetch { from, limit, reply } => {
                let entries = self.store.read_from(from, limit).unwrap_or_else(|fault| {
                    self.note(&fault);
                    Vec::new()
                });
                let _gone = reply.send(entries).is_err();
            }
            Request::Acknowledged { sink, generation, seq } => {
                if generation == self.generation
                    && let Err(fault) = self.store.acknowledged(&sink, seq)
                {
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
                if let Err(fault) = self.store.sync() {
                    self.note(&fault);
                }
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
            on_disk: self.on_disk,
            faults: self.faults.clone(),
            size_bytes: self.store.size_bytes().unwrap_or(0),
            outbox: self.store.outbox_len(),
            folded: lost.folded,
            dropped: lost.dropped,
            backlog: self.sinks.iter().map(|s| (Arc::clone(s), self.store.backlog(s).unwrap_or(0))).collect(),
        }
    }

    /// The disk has failed: go on in memory with what is still to be delivered. What is on the disk stays there.
    fn fall_back(&mut self, fault: &Fault) {
        self.note(fault);
        let Ok(memory) = Store::open(Box::new(MemoryBackend::default()), self.bounds) else { return };
        let mut old = core::mem::replace(&mut self.store, memory);
        self.on_disk = false;
        self.generation += 1;
        self.register();
        let from = self.sinks.iter().filter_map(|sink| old.cursor(sink)).min().unwrap_or(old.last_seq());
        let pending = old.read_from::<Alert>(from + 1, usize::MAX).unwrap_or_default();
        let open = old.load_open_alerts::<Alert>().map(|l| l.records).unwrap_or_default();
        let audit = old.load_audit::<AuditRecord>(u64::MAX, usize::MAX).map(|l| l.records).unwrap_or_default();
        let mut commit = Commit::new();
        let copied = open
            .iter()
            .try_for_each(|(_, alert)| commit.put_open_alert(alert.id.as_str(), alert))
            .and_then(|()| pending.iter().try_for_each(|entry| commit.append(&entry.subject, &entry.record)))
            .and_then(|()| audit.iter().rev().try_for_each(|(_, record)| commit.put_audit(record.id, record)))
            .and_then(|()| self.store.commit(commit, Durability::Now));
        if let Err(fault) = copied {
            self.note(&fault);
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
        let text = format!("store: {fault}");
        if !self.faults.contains(&text) {
            tracing::error!("{text}");
            self.faults.push(text);
            // More different faults than this tell nothing new.
            self.faults.truncate(8);
        }
    }
}

/// The alert's new state, and its place in the outbox.
fn tell(commit: &mut Commit, alert: &Alert) -> Result<(), Fault> {
    match alert.state {
        State::Raised | State::Updated => commit.put_open_alert(alert.id.as_str(), alert)?,
        State::Cleared => commit.close_alert(alert.id.as_str(), alert)?,
    }
    commit.append(alert.id.as_str(), alert)
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
