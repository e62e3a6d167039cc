//! Delivery to one receiver, in order, one notification at a time. A trap is delivered when it is sent; an inform when it is
//! answered, and it is repeated until then, with the same request-id and after ever longer waits. An answer that comes late
//! still counts.

use std::io;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{sleep_until, timeout_at};

use super::content::{Content, Notify, Unfit};
use super::dialogue::Heard;
use super::receiver::{Receiver, ReceiverState};
use super::session::{Delivery, NoDatagram, Session};
use super::way::Way;
use crate::shell::clock;
use crate::units::Mono;
use crate::wire::snmp::{Kind, Oid};

/// The longest wait between tries.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// How often one try may send again at once, because something was learnt: the receiver's engine, and its time.
const AT_ONCE: u8 = 2;
/// What a UDP datagram can hold.
const LONGEST_DATAGRAM: usize = 65_535;

/// Delivers until `shutdown` turns true or nobody takes the tokens any more. `uptime` gives sysUpTime, in hundredths of a second;
/// `now` is the time line on which our SNMP engine has started.
pub async fn run(
    receiver: Receiver,
    uptime: impl Fn() -> u32 + Send,
    now: impl Fn() -> Mono + Send,
    mut notifications: mpsc::Receiver<Notify>,
    acknowledged: mpsc::Sender<u64>,
    state: watch::Sender<ReceiverState>,
    mut shutdown: watch::Receiver<bool>,
) {
    let Receiver { address, protocol, timeout, root } = receiver;
    let session = Session::new(protocol);
    let mut line = Line { way: Way::new(address), session, timeout, root, now, request_id: 0, state };
    let delivering = async {
        while let Some(notify) = line.next(&mut notifications).await {
            line.deliver(&notify.content, uptime()).await;
            if acknowledged.send(notify.token).await.is_err() {
                return;
            }
            let is_last = notifications.is_empty();
            line.state.send_replace(if is_last { ReceiverState::Idle } else { ReceiverState::Delivering });
        }
    };
    tokio::select! {
        () = delivering => {}
        _ = shutdown.wait_for(|stop| *stop) => {}
    }
}

struct Line<N> {
    way: Way,
    session: Session,
    timeout: Duration,
    root: Oid,
    now: N,
    request_id: i32,
    state: watch::Sender<ReceiverState>,
}

/// Why a try did not deliver.
enum Failure {
    /// It cannot succeed later either.
    Unfit(Unfit),
    /// The receiver cannot be reached, or does not answer: for the operator.
    Way(String),
    /// The receiver does not take it: for the operator.
    Refused(String),
}

impl<N: Fn() -> Mono> Line<N> {
    /// The next notification. Says so if meanwhile a trap turns out to have found no receiver.
    async fn next(&mut self, notifications: &mut mpsc::Receiver<Notify>) -> Option<Notify> {
        loop {
            let refused = tokio::select! {
                notify = notifications.recv() => return notify,
                refused = self.way.refusal() => refused,
            };
            self.way.doubt();
            self.down(self.nobody(&refused));
        }
    }

    /// Returns when it is delivered, or can never be.
    async fn deliver(&mut self, content: &Content, uptime: u32) {
        self.request_id = self.request_id.checked_add(1).unwrap_or(1);
        self.session.begin();
        let mut wait = self.timeout;
        loop {
            let until = clock::instant() + wait;
            match self.attempt(content, uptime, wait).await {
                Ok(()) => return,
                Err(Failure::Unfit(unfit)) => {
                    tracing::error!("{}: a notification is left out: {}", self.way.name(), unfit.as_str());
                    return;
                }
                Err(Failure::Way(reason)) => {
                    self.way.doubt();
                    self.down(reason);
                }
                Err(Failure::Refused(reason)) => self.down(reason),
            }
            sleep_until(until).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    /// One try: sends, and if there is to be an answer, waits for it.
    async fn attempt(&mut self, content: &Content, uptime: u32, wait: Duration) -> Result<(), Failure> {
        if self.way.find().await.map_err(Failure::Way)? {
            self.session.moved();
        }
        if *self.state.borrow() == ReceiverState::Idle {
            self.state.send_replace(ReceiverState::Delivering);
        }
        self.send(content, uptime).await?;
        match self.session.kind(content) {
            Kind::Trap => Ok(()),
            Kind::Inform => self.answer(content, uptime, wait).await,
        }
    }

    async fn send(&mut self, content: &Content, uptime: u32) -> Result<(), Failure> {
        let delivery = Delivery { content, root: &self.root, uptime, request_id: self.request_id };
        let datagram = match self.session.datagram(&delivery, self.way.own_address(), (self.now)()) {
            Ok(datagram) => datagram,
            Err(NoDatagram::Unfit(unfit)) => return Err(Failure::Unfit(unfit)),
            Err(NoDatagram::Random(error)) => {
                return Err(Failure::Way(format!("{}: the system gives no random octets: {error}", self.way.name())));
            }
        };
        self.way.send(&datagram).await.map_err(Failure::Way)
    }

    /// Returns when the inform is answered. A refusal that nobody has proved does not end the wait: an answer may follow it. An
    /// answer with an error status is an answer: the receiver has it, and asking again would not change its mind.
    async fn answer(&mut self, content: &Content, uptime: u32, wait: Duration) -> Result<(), Failure> {
        let mut buffer = vec![0_u8; LONGEST_DATAGRAM];
        let mut at_once = AT_ONCE;
        let mut until = clock::instant() + wait;
        let mut refusal = None;
        loop {
            let datagram = match timeout_at(until, self.way.receive(&mut buffer)).await {
                Ok(Ok(datagram)) => datagram,
                Ok(Err(error)) => return Err(Failure::Way(self.nobody(&error))),
                Err(_late) => return Err(refusal.map_or_else(|| Failure::Way(self.unanswered()), Failure::Refused)),
            };
            match self.session.hear(content, datagram, self.request_id, (self.now)()) {
                Heard::Nothing => {}
                Heard::Answered { error_status } => {
                    if error_status != 0 {
                        let name = self.way.name();
                        tracing::warn!("{name}: an inform was answered with error status {error_status}");
                    }
                    return Ok(());
                }
                Heard::SendAgain if at_once == 0 => {}
                Heard::SendAgain => {
                    at_once -= 1;
                    self.send(content, uptime).await?;
                    until = clock::instant() + wait;
                }
                Heard::Refused(sentence) => {
                    let reason = format!("{}: {sentence}", self.way.name());
                    self.down(reason.clone());
                    refusal = Some(reason);
                }
            }
        }
    }

    fn down(&self, reason: String) {
        self.state.send_replace(ReceiverState::Down { reason });
    }

    fn nobody(&self, error: &io::Error) -> String {
        let name = self.way.name();
        format!("{name}: nobody takes notifications there ({error}); is the receiver running, and on this port?")
    }

    fn unanswered(&self) -> String {
        let (name, credential) = (self.way.name(), self.session.credential());
        format!(
            "{name}: informs are not answered; is a receiver running there, with {credential} and our address allowed?"
        )
    }
}
