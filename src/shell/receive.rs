//! The path's thread: one thread from socket to tally. It reads every UDP socket in batches, decides, and hands what must be kept
//! to the store's thread.

mod flush;
#[cfg(test)]
mod month_tests;

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use tokio::net::UdpSocket;
use tokio::sync::{Mutex, Notify, mpsc, oneshot};
use tokio::task::{JoinSet, LocalSet};
use tokio::time::sleep_until;

use super::clock::Clock;
use super::drops::Drops;
use super::keeper::KeeperHandle;
use super::listen::{self, Bound, Input};
use super::mitel::Feed;
use super::report;
use super::run::named;
use super::sinks::relay::Queues;
use super::streams::Delivery;
use super::turn::{Answer, Told, Turn};
use crate::assemble::Gap;
use crate::audit::AuditRecord;
use crate::engine::{Action, Loss};
use crate::path::{Controller, Path, Reading, Reply, StreamLine};
use crate::units::{Now, Span, Text};
use crate::verdict::Outcome;

/// Datagrams that one socket may hand in before the others get their turn.
const BATCH: usize = 64;
/// The longest UDP datagram.
const DATAGRAM: usize = 65_535;
/// A pause after a failed receive, so that a lasting failure does not spin.
const AFTER_ERROR: std::time::Duration = std::time::Duration::from_millis(10);
/// The engine's tables of fixed size pass over the thread's stack once, in a development build several times.
const STACK: usize = 8 << 20;
/// What to do about datagrams that are lost although the buffers are as large as they should be.
const TOO_MANY: &str = "too many at once for this machine: let the senders send less, or take a faster one";
/// Questions that can wait.
const QUESTIONS: usize = 32;

/// What others may ask of the path.
#[derive(Debug)]
pub(crate) enum Question {
    /// The accounts at hand, as JSON.
    Accounts(oneshot::Sender<serde_json::Value>),
    /// What was received and decided, as JSON.
    Health(oneshot::Sender<serde_json::Value>),
    /// Take a message of ours through everything.
    Probe(oneshot::Sender<()>),
    /// Keep every record of the audit log so far.
    Audit(oneshot::Sender<()>),
    /// Take these records of another audit log, and keep them; the answer is how many of them were counted as failures.
    Import(Vec<AuditRecord>, oneshot::Sender<usize>),
    /// Go by this from now on.
    Reload(Box<Reading>, oneshot::Sender<()>),
    /// Keep everything that changed, then end.
    Stop(oneshot::Sender<()>),
}

/// The way to the path's thread.
pub(crate) type PathHandle = mpsc::Sender<Question>;

/// Starts the thread.
///
/// # Errors
/// If the system gives us no thread.
pub(crate) fn start(
    path: Path,
    (sockets, feeds, streams): (Vec<Bound>, Vec<Feed>, mpsc::Receiver<Delivery>),
    (keeper, relay): (KeeperHandle, Queues),
    clock: Clock,
    flush: Span,
) -> std::io::Result<(PathHandle, JoinHandle<()>)> {
    let (handle, questions) = mpsc::channel(QUESTIONS);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let thread = thread::Builder::new().name("path".into()).stack_size(STACK).spawn(move || {
        let mut drops = Drops::default();
        sockets.iter().for_each(|bound| drops.watch(&bound.socket));
        let remedy = listen::limited(&sockets).unwrap_or_else(|| TOO_MANY.to_owned());
        let (path, drops) = (RefCell::new(path), RefCell::new(drops));
        let (turnstile, due) = (Mutex::new(()), Notify::new());
        let receiver = Rc::new(Receiver { path, drops, remedy, keeper, relay, clock, turnstile, due });
        LocalSet::new().block_on(&runtime, receiver.run((sockets, feeds, streams), questions, flush));
    })?;
    Ok((handle, thread))
}

struct Receiver {
    path: RefCell<Path>,
    drops: RefCell<Drops>,
    /// What to do about them.
    remedy: String,
    keeper: KeeperHandle,
    relay: Queues,
    clock: Clock,
    /// Whoever decides holds it until the store's thread has the result: so results arrive there in the order of the decisions, and
    /// none is on its way when everything ends.
    turnstile: Mutex<()>,
    /// The path's deadline may have become earlier.
    due: Notify,
}

impl Receiver {
    async fn run(
        self: Rc<Self>,
        (sockets, feeds, streams): (Vec<Bound>, Vec<Feed>, mpsc::Receiver<Delivery>),
        mut questions: mpsc::Receiver<Question>,
        flush: Span,
    ) {
        // They never end. One that does ends the service: it would be deaf in that ear, and nobody would know.
        let mut parts = JoinSet::new();
        for feed in feeds {
            let this = Rc::clone(&self);
            parts.spawn_local(named("mitel", async move {
                feed.follow(async |line, controller| this.take_line(line, controller).await).await;
            }));
        }
        for bound in sockets {
            parts.spawn_local(named(&bound.address.to_string(), Rc::clone(&self).listen(bound)));
        }
        let mut streams = tokio::task::spawn_local(Rc::clone(&self).take_streams(streams));
        parts.spawn_local(named("time", Rc::clone(&self).keep_time()));
        parts.spawn_local(named("flush", Rc::clone(&self).flush_every(flush)));
        parts.spawn_local(named("recalls", Rc::clone(&self).take_recalled()));
        loop {
            let question = tokio::select! {
                Some(question) = questions.recv() => question,
                Some(part) = parts.join_next() => {
                    tracing::error!("{} has ended, which it never should", part.unwrap_or_default());
                    let _turn = self.turnstile.lock().await;
                    self.keep_all().await;
                    return;
                }
                else => return,
            };
            match question {
                Question::Accounts(reply) => {
                    let answer = report::accounts(&self.path.borrow(), self.clock.now());
                    let _gone = reply.send(answer).is_err();
                }
                Question::Health(reply) => {
                    {
                        let _turn = self.turnstile.lock().await;
                        let mut turn = Turn::at(self.clock.now());
                        self.count_drops(&mut turn);
                        self.settle(turn).await;
                    }
                    let answer = report::path(&self.path.borrow(), self.clock.now());
                    let _gone = reply.send(answer).is_err();
                }
                Question::Probe(reply) => {
                    let _turn = self.turnstile.lock().await;
                    let mut turn = Turn::at(self.clock.now());
                    {
                        let mut path = self.path.borrow_mut();
                        path.probe(turn.now);
                        drain(&mut path, &mut turn);
                    }
                    self.settle(turn).await;
                    let _gone = reply.send(()).is_err();
                }
                Question::Audit(reply) => {
                    let _turn = self.turnstile.lock().await;
                    // What is shown is on the medium, so that its number is not given again after a power cut.
                    while self.path.borrow().engine.has_audit() {
                        self.flush(false).await;
                    }
                    let _gone = reply.send(()).is_err();
                }
                Question::Import(records, reply) => {
                    let _gone = reply.send(self.import(records).await).is_err();
                }
                Question::Reload(reading, reply) => {
                    let _turn = self.turnstile.lock().await;
                    self.path.borrow_mut().reload(*reading);
                    self.due.notify_one();
                    let _gone = reply.send(()).is_err();
                }
                Question::Stop(reply) => {
                    // Whoever asks has stopped the streams: what they handed over comes to its end.
                    let _panicked = (&mut streams).await.is_err();
                    // Nobody gets past this any more.
                    let _turn = self.turnstile.lock().await;
                    self.keep_all().await;
                    let _gone = reply.send(()).is_err();
                    return;
                }
            }
        }
    }

    async fn listen(self: Rc<Self>, bound: Bound) {
        let Bound { socket, input, address, .. } = bound;
        let answering = Arc::new(socket);
        let socket = match answering.try_clone().and_then(UdpSocket::from_std) {
            Ok(socket) => socket,
            Err(error) => {
                tracing::error!("{address}: cannot be read: {error}");
                return;
            }
        };
        let mut buffer = vec![0_u8; DATAGRAM];
        loop {
            // A failed receive never ends the listener; an ICMP error of an earlier answer shows up here, too.
            let Ok((length, from)) = socket.recv_from(&mut buffer).await else {
                tokio::time::sleep(AFTER_ERROR).await;
                continue;
            };
            let _turn = self.turnstile.lock().await;
            let mut turn = Turn::at(self.clock.now());
            self.take(input, buffer.get(..length).unwrap_or_default(), from, &answering, &mut turn);
            let mut more = 1..BATCH;
            while more.next().is_some() {
                let Ok((length, from)) = socket.try_recv_from(&mut buffer) else { break };
                self.take(input, buffer.get(..length).unwrap_or_default(), from, &answering, &mut turn);
            }
            // A socket that hands in all it may is behind: if something is lost, it is now.
            if more.is_empty() && self.drops.borrow_mut().is_due(turn.now.mono) {
                self.count_drops(&mut turn);
            }
            self.settle(turn).await;
        }
    }

    /// What the streams hand over, in turns with the sockets.
    async fn take_streams(self: Rc<Self>, mut streams: mpsc::Receiver<Delivery>) {
        while let Some(delivery) = streams.recv().await {
            let _turn = self.turnstile.lock().await;
            let mut turn = Turn::at(self.clock.now());
            match delivery {
                Delivery::Refused(from, why) => self.path.borrow_mut().refuse_stream(from, why, turn.now),
                Delivery::Messages(messages) => {
                    let mut path = self.path.borrow_mut();
                    for (message, cut) in messages.iter() {
                        path.syslog_cut(message, cut, messages.from, turn.now);
                        drain(&mut path, &mut turn);
                    }
                    (0..messages.too_long).for_each(|_| path.too_long());
                }
            }
            self.settle(turn).await;
        }
    }

    /// Accounts that are at hand again, with what was kept of them.
    async fn take_recalled(self: Rc<Self>) {
        loop {
            let records = self.keeper.recalls.next().await;
            let _turn = self.turnstile.lock().await;
            let mut turn = Turn::at(self.clock.now());
            {
                let mut path = self.path.borrow_mut();
                for record in records {
                    path.engine.recall(record, turn.now);
                    drain(&mut path, &mut turn);
                }
            }
            self.settle(turn).await;
        }
    }

    fn take(
        &self,
        input: Input,
        datagram: &[u8],
        from: SocketAddr,
        socket: &Arc<std::net::UdpSocket>,
        turn: &mut Turn,
    ) {
        let mut path = self.path.borrow_mut();
        match input {
            Input::Syslog => {
                path.syslog(datagram, from.ip(), turn.now);
            }
            Input::Traps => {
                let (_, reply) = path.snmp(datagram, from.ip(), turn.now);
                while let Some(passed) = path.relay.as_mut().and_then(crate::path::Relay::next_passed) {
                    self.relay.pass(passed);
                }
                match reply {
                    Some(Reply::Answer(bytes)) => {
                        turn.answers.push(Answer { bytes, socket: Arc::clone(socket), to: from });
                    }
                    // A lost Report makes the sender repeat what it reports on.
                    Some(Reply::Report(bytes)) => _ = socket.send_to(&bytes, from).is_err(),
                    None => {}
                }
            }
        }
        drain(&mut path, turn);
    }

    /// One line of a controller's log.
    async fn take_line(&self, line: StreamLine<'_>, controller: &Controller) {
        let _turn = self.turnstile.lock().await;
        let mut turn = Turn::at(self.clock.now());
        {
            let mut path = self.path.borrow_mut();
            path.mitel(line, controller, turn.now);
            drain(&mut path, &mut turn);
        }
        self.settle(turn).await;
    }

    async fn import(&self, records: Vec<AuditRecord>) -> usize {
        let _turn = self.turnstile.lock().await;
        let mut turn = Turn::at(self.clock.now());
        let mut counted = 0;
        {
            let mut path = self.path.borrow_mut();
            for record in records {
                let verdict = path.import(record, turn.now);
                counted += usize::from(matches!(verdict.outcome(), Outcome::Counted));
                drain(&mut path, &mut turn);
            }
        }
        turn.sync = true;
        self.settle(turn).await;
        counted
    }

    /// Hands a turn over, shows a refusal or a gap if one is to be shown, and sets the timer.
    async fn settle(&self, mut turn: Turn) {
        {
            let mut path = self.path.borrow_mut();
            if let Some(refusal) = path.refusal_to_show() {
                let (from, why, remedy) = (refusal.from.to_canonical(), refusal.why, refusal.remedy());
                tracing::warn!("refused a message from {from}: {why}; what to do: {remedy}");
            }
            show_gap(&mut path, turn.now);
            if !turn.answers.is_empty() {
                // What an answered inform carried must not be lost, so its counters go with it.
                path.engine.drain_changed(usize::MAX, true, |record| turn.records.push(record.clone()));
            }
            show_learnt(&mut path);
            drain_senders(&mut path, &mut turn);
            drain_audit(&mut path, &mut turn);
        }
        self.due.notify_one();
        if !turn.is_empty() {
            self.keeper.keep(turn).await;
        }
    }

    /// Wakes when the path has something to do.
    async fn keep_time(self: Rc<Self>) {
        loop {
            let deadline = self.path.borrow().deadline();
            match deadline {
                None => self.due.notified().await,
                Some(deadline) => {
                    tokio::select! {
                        () = self.due.notified() => continue,
                        () = sleep_until(self.clock.instant_of(deadline)) => {}
                    }
                    let _turn = self.turnstile.lock().await;
                    let mut turn = Turn::at(self.clock.now());
                    {
                        let mut path = self.path.borrow_mut();
                        path.tick(turn.now);
                        show_gap(&mut path, turn.now);
                        drain(&mut path, &mut turn);
                        drain_senders(&mut path, &mut turn);
                        drain_audit(&mut path, &mut turn);
                    }
                    if !turn.is_empty() {
                        self.keeper.keep(turn).await;
                    }
                    // A deadline that lies a fraction of a millisecond ahead must not spin.
                    tokio::task::yield_now().await;
                }
            }
        }
    }

    fn count_drops(&self, turn: &mut Turn) {
        let datagrams = self.drops.borrow_mut().since_last();
        if datagrams > 0 {
            let mut path = self.path.borrow_mut();
            path.lost(Loss { datagrams, remedy: &self.remedy }, turn.now);
            drain(&mut path, turn);
        }
    }
}

/// The clocks of senders are kept with whatever their messages did: a message that is remembered cannot be played back, and one that
/// is not remembered was not counted.
fn drain_senders(path: &mut Path, turn: &mut Turn) {
    if !turn.is_empty()
        && let Some(usm) = path.usm.as_mut()
    {
        usm.drain_changed(|change| turn.take_sender(change));
    }
}

/// Records of the audit log, and of those who try to become others, go with whatever is written at once anyway.
fn drain_audit(path: &mut Path, turn: &mut Turn) {
    if turn.is_urgent() {
        let now = turn.now.mono;
        path.engine.drain_switchers(|key, user| turn.switchers.push((key, user.cloned())));
        path.engine.drain_audit(flush::AT_ONCE, now, |record| turn.audit.push(record.clone()));
    }
}

fn show_gap(path: &mut Path, now: Now) {
    if let Some(gap) = path.gap_to_show(now.mono) {
        let (from, alarm, Gap { missing, of, count, .. }) =
            (gap.from.to_canonical(), Text::<128>::from_wire(&gap.alarm), gap);
        tracing::warn!(
            "a message from {from} ({alarm}) came without {missing} of its {of} parts and was read as it is; {count} such since \
             the last line like this"
        );
    }
}

fn show_learnt(path: &mut Path) {
    while let Some((id, from)) = path.usm.as_mut().and_then(crate::usm::Receiver::learnt) {
        tracing::info!("learnt SNMPv3 engine {id} at {}", from.to_canonical());
    }
}

fn drain(path: &mut Path, turn: &mut Turn) {
    while let Some(action) = path.engine.next_action() {
        match action {
            Action::Tell(alert, record) => turn.told.push(Told { alert, record: Some(record), is_held: false }),
            Action::Announce(alert) => turn.told.push(Told { alert, record: None, is_held: false }),
            Action::Hold(alert, record) => turn.told.push(Told { alert, record, is_held: true }),
            Action::Keep(record) => turn.records.push(*record),
            Action::Forget(record) => turn.forgotten.extend(record.is_stored().then(|| record.key())),
            Action::Discard(key) => turn.forgotten.push(key),
            Action::Recall(account) => {
                let key = account.key();
                // One that has only just left is not in the store yet.
                match turn.records.iter().position(|record| record.key() == key) {
                    Some(place) => path.engine.recall(turn.records.swap_remove(place), turn.now),
                    None => turn.recalls.push(key),
                }
            }
            Action::Move(old, record) => {
                turn.forgotten.push(old);
                turn.records.push(*record);
            }
        }
    }
}
