//! The store's thread: the only one that writes. It commits what the path decided, syncs before anybody is told, then answers
//! informs and wakes the sinks.
//!
//! Invariant: no alert is delivered, and no inform answered, before the commit that holds it is synced.
//! While the disk does not work, the store is in memory and this thread tries the disk again and again: alerts are delivered all the
//! same, informs are not answered, so that their senders keep them.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch};
use tokio::time::{Instant, timeout_at};

use super::clock;
use super::locks::Locks;
use super::outage::Outage;
use super::recalls::Recalls;
use super::turn::{Answer, Told, Turn, commit_of};
use crate::alert::Alert;
use crate::audit::AuditRecord;
use crate::engine::{Held, Switcher};
use crate::event::Name;
use crate::store::{Durability, Entry, Fault, Store};

/// Requests that can wait; a full queue holds the path back, and the kernel's buffers take over.
const QUEUE: usize = 1_024;
/// Records and alerts that can wait: some 6 MiB. With more, it is the same.
const ROOM: usize = 4_096;
/// Requests that are committed together at most.
const TOGETHER: usize = 256;
/// How often it is looked whether the store is still where it was.
const CHECK_EVERY: Duration = Duration::from_secs(10);
/// Faults that are kept for the operator; more tell nothing new.
const FAULTS: usize = 8;

#[derive(Debug)]
enum Request {
    /// With the memory that it has been given.
    Keep(Box<Turn>, OwnedSemaphorePermit),
    Fetch {
        from: u64,
        limit: usize,
        reply: oneshot::Sender<Vec<Entry<Alert>>>,
    },
    Acknowledged {
        sink: Arc<str>,
        seq: u64,
    },
    Alerts {
        closed: usize,
        with_held: bool,
        reply: oneshot::Sender<Vec<Alert>>,
    },
    Locks {
        account: Name,
        reply: oneshot::Sender<Vec<Alert>>,
    },
    Audit {
        before: u64,
        limit: usize,
        reply: oneshot::Sender<Vec<AuditRecord>>,
    },
    Switcher {
        key: Vec<u8>,
        reply: oneshot::Sender<Option<Box<Switcher>>>,
    },
    Report {
        reply: oneshot::Sender<StoreReport>,
    },
    Settled {
        reply: oneshot::Sender<()>,
    },
    Stop {
        reply: oneshot::Sender<()>,
    },
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
    room: Arc<Semaphore>,
    /// The number of the newest outbox entry that may be delivered.
    pub(crate) newest: watch::Receiver<u64>,
    /// Whether the store is on its disk.
    pub(crate) on_disk: watch::Receiver<bool>,
    /// Accounts that the path has asked for.
    pub(crate) recalls: Arc<Recalls>,
}

impl KeeperHandle {
    pub(crate) async fn keep(&self, turn: Turn) {
        let places = u32::try_from(turn.len().min(ROOM)).unwrap_or(u32::MAX);
        // The thread outlives everybody who asks; if it is gone, the process is ending.
        let Ok(room) = Arc::clone(&self.room).acquire_many_owned(places).await else { return };
        let _gone = self.requests.send(Request::Keep(Box::new(turn), room)).await.is_err();
    }

    /// Returns when the thread has ended.
    pub(crate) async fn closed(&self) {
        self.requests.closed().await;
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
        self.ask(|reply| Request::Alerts { closed, with_held: true, reply }).await.unwrap_or_default()
    }

    /// Open alerts that the sinks were told of.
    pub(crate) async fn told_alerts(&self) -> Vec<Alert> {
        self.ask(|reply| Request::Alerts { closed: 0, with_held: false, reply }).await.unwrap_or_default()
    }

    /// The open lockouts of accounts of this name that the sinks were told of.
    pub(crate) async fn told_locks(&self, account: &Name) -> Vec<Alert> {
        self.ask(|reply| Request::Locks { account: account.clone(), reply }).await.unwrap_or_default()
    }

    /// At most `limit` records of the audit log with numbers below `before`, newest first.
    pub(crate) async fn audit(&self, before: u64, limit: usize) -> Vec<AuditRecord> {
        self.ask(|reply| Request::Audit { before, limit, reply }).await.unwrap_or_default()
    }

    /// Whom this user has tried to be, if that is known.
    pub(crate) async fn switcher(&self, key: Vec<u8>) -> Option<Box<Switcher>> {
        self.ask(|reply| Request::Switcher { key, reply }).await.flatten()
    }

    pub(crate) async fn report(&self) -> StoreReport {
        self.ask(|reply| Request::Report { reply }).await.unwrap_or_default()
    }

    /// Returns when everything that was asked before is done.
    pub(crate) async fn settled(&self) {
        let _gone = self.ask(|reply| Request::Settled { reply }).await.is_none();
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
    /// Open alerts that no sink was told of.
    held: Held,
    locks: Locks,
    next_check: Instant,
    newest: watch::Sender<u64>,
    on_disk: watch::Sender<bool>,
    recalls: Arc<Recalls>,
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
        let recalls = Arc::new(Recalls::default());
        let mut keeper = Self {
            recalls: Arc::clone(&recalls),
            store,
            sinks,
            outage,
            faults,
            unanswered: 0,
            held: Held::default(),
            locks: Locks::default(),
            next_check: now + CHECK_EVERY,
            newest,
            on_disk,
        };
        keeper.register();
        let thread = thread::Builder::new().name("keeper".into()).spawn(move || keeper.run(queue, &runtime))?;
        let room = Arc::new(Semaphore::new(ROOM));
        Ok((KeeperHandle { requests, room, newest: newest_seen, on_disk: on_disk_seen, recalls }, thread))
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
            let (mut turns, mut rooms) = (Vec::new(), Vec::new());
            let mut others = Vec::new();
            for request in requests {
                if let Request::Keep(turn, room) = request {
                    turns.push(*turn);
                    rooms.push(room);
                } else {
                    others.push(request);
                }
            }
            if !turns.is_empty() {
                self.keep(turns);
                drop(rooms);
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
        self.recalls.read(&turns, &self.store);
        match commit_of(&turns) {
            Ok(commit) => {
                if let Err(fault) = self.store.commit(commit, durability) {
                    self.failed(fault);
                }
            }
            Err(fault) => self.note(&fault),
        }
        for Told { alert, is_held, .. } in turns.iter().flat_map(|turn| &turn.told) {
            self.held.note(alert, *is_held);
            self.locks.note(alert);
            if *is_held {
                continue;
            }
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
            Request::Keep(turn, _room) => self.keep(vec![*turn]),
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
            Request::Alerts { closed, with_held, reply } => {
                let mut alerts = self.alerts(closed);
                alerts.retain(|alert| with_held || !self.held.has(&alert.id));
                let _gone = reply.send(alerts).is_err();
            }
            Request::Locks { account, reply } => {
                let mut alerts = self.locks.of(account.as_str(), &self.store);
                alerts.retain(|alert| !self.held.has(&alert.id));
                let _gone = reply.send(alerts).is_err();
            }
            Request::Audit { before, limit, reply } => {
                let loaded = self.store.load_audit::<AuditRecord>(before, limit);
                let records = loaded.map(|l| l.records.into_iter().map(|(_, record)| record).collect());
                let _gone = reply.send(records.unwrap_or_default()).is_err();
            }
            Request::Switcher { key, reply } => {
                let user = self.store.switcher::<Switcher>(&key).ok().flatten().map(Box::new);
                let _gone = reply.send(user).is_err();
            }
            Request::Settled { reply } => {
                let _gone = reply.send(()).is_err();
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
