//! The load: one sender of informs, traps and syslog lines that keeps so many informs on their way, and repeats each until it is
//! answered, as a sender does. What it sends and what is answered goes into the ledger.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use lockwarden::units::Wall;
use lockwarden::wire::snmp::{self, CLOG_MESSAGE_GENERATED, Kind, Message, encode};

use super::ledger::{Ledger, Way};
use super::usm::{Heard, Usm};
use super::watched::Watched;
use crate::bench::messages::{auth_fail, auth_fail_text, clog_varbinds, hack_lock_text};
use crate::dice::Dice;
use crate::workspace::Failure;

/// Informs that wait for their answer at most.
const WINDOW: usize = 64;
/// Accounts whose failures are told by informs in turn: more than the window, so that two of one seldom wait together.
const COUNTED: u64 = 400;
/// Accounts whose failures are told by syslog or traps.
const UNANSWERED: u64 = 200;
/// Accounts of which one is locked by a report; with the others they must find room in the service's table of 4,096.
pub(super) const LOCKED: u64 = 3_000;
/// After so long without an answer an inform is sent again.
const AGAIN: Duration = Duration::from_millis(100);
/// The longest look for an answer.
const LOOK: Duration = Duration::from_millis(10);
/// Where the clock of the constructed syslog lines begins: 2026-01-15.
const BEGIN_MS: i64 = 1_768_435_200_000;

/// What an inform says about its account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Says {
    Failure,
    Lock,
    Success,
}

/// An inform that is not answered yet.
#[derive(Debug)]
struct Inform {
    account: String,
    says: Says,
    v3: bool,
    last_sent: Instant,
}

/// The running load.
#[derive(Debug)]
pub(super) struct Load {
    pub(super) ledger: Watched<Ledger>,
    thread: JoinHandle<Result<(), Failure>>,
}

impl Load {
    /// Starts it; it sends as soon as the ledger allows it.
    pub(super) fn start(traps: SocketAddr, syslog: SocketAddr, seed: u64) -> Result<Self, Failure> {
        let ledger = Watched::new(Ledger::default());
        let sender = Sender {
            traps: socket_to(traps)?,
            syslog: socket_to(syslog)?,
            ledger: ledger.clone(),
            dice: Dice::new(seed, 1),
            usm: Usm::new(),
            waiting: BTreeMap::new(),
            locked: Vec::new(),
            next: 1,
            accounts_locked: 0,
        };
        Ok(Self { ledger, thread: std::thread::spawn(move || sender.run()) })
    }

    /// Ends it.
    pub(super) fn end(self) -> Result<Ledger, Failure> {
        self.ledger.with(|ledger| ledger.ending = true);
        self.thread.join().unwrap_or_else(|_| Err(Failure::Said("the sender has failed".into())))?;
        Ok(self.ledger.with(|ledger| ledger.clone()))
    }
}

struct Sender {
    traps: UdpSocket,
    syslog: UdpSocket,
    ledger: Watched<Ledger>,
    dice: Dice,
    usm: Usm,
    /// By request-id, which is the event's number.
    waiting: BTreeMap<i32, Inform>,
    /// Accounts whose lock is acknowledged and not ended.
    locked: Vec<String>,
    next: i32,
    accounts_locked: u64,
}

impl Sender {
    fn run(mut self) -> Result<(), Failure> {
        let mut buffer = vec![0; 65_535];
        while !self.ledger.with(|ledger| ledger.ending) {
            self.fill();
            match self.traps.recv(&mut buffer) {
                Ok(length) => self.hear(buffer.get(..length).unwrap_or_default()),
                // Nobody listens, or nothing has come.
                Err(error) if matches!(error.kind(), ErrorKind::ConnectionRefused) => {}
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(error) => return Err(Failure::of("the sender's socket", error)),
            }
            self.send_again();
        }
        Ok(())
    }

    /// New events until the window is full.
    fn fill(&mut self) {
        let (sending, mut locks) = self.ledger.with(|ledger| (ledger.sending, ledger.locks));
        while sending && self.waiting.len() < WINDOW {
            let (account, says) = self.event(&mut locks);
            let (n, v3) = (self.next, self.dice.one_in(4));
            self.next += 1;
            self.ledger.with(|ledger| {
                ledger.informs += 1;
                ledger.informs_v3 += u64::from(v3);
                ledger.locks = locks;
                match says {
                    Says::Failure => ledger.sent(&account, Way::Informs),
                    Says::Lock => ledger.sent(&account, Way::Lock),
                    Says::Success => {}
                }
            });
            let inform = Inform { account, says, v3, last_sent: Instant::now() };
            self.send(n, &inform);
            self.waiting.insert(n, inform);
            if self.dice.one_in(4) {
                self.send_unanswered();
            }
        }
    }

    /// What the next inform tells, and about whom.
    fn event(&mut self, locks: &mut u64) -> (String, Says) {
        if *locks > 0 && self.dice.one_in(20) {
            *locks -= 1;
            self.accounts_locked += 1;
            return (format!("lock-{:05}", self.accounts_locked), Says::Lock);
        }
        if !self.locked.is_empty() && self.dice.one_in(20) {
            let place = usize::try_from(self.dice.below(self.locked.len() as u64)).unwrap_or(0);
            return (self.locked.swap_remove(place), Says::Success);
        }
        (format!("counted-{:03}", u64::from(self.next.unsigned_abs()) % COUNTED), Says::Failure)
    }

    /// A syslog line or a trap, once.
    fn send_unanswered(&mut self) {
        let n = self.next;
        self.next += 1;
        let number = u64::from(n.unsigned_abs());
        let account = format!("heard-{:03}", number % UNANSWERED);
        self.ledger.with(|ledger| {
            ledger.unanswered += 1;
            ledger.sent(&account, Way::Unanswered);
        });
        // Nobody may listen: it is lost, then.
        let _lost = if self.dice.one_in(2) {
            let at = Wall::from_millis(BEGIN_MS + i64::from(n));
            self.syslog.send(&auth_fail(number, &account, at)).is_err()
        } else {
            self.traps.send(&v2c(Kind::Trap, n, Says::Failure, &account)).is_err()
        };
    }

    fn send(&mut self, n: i32, inform: &Inform) {
        let message = match inform.v3 {
            false => v2c(Kind::Inform, n, inform.says, &inform.account),
            true => self.usm.message(&pdu(n, inform.says, &inform.account)),
        };
        // Nobody may listen: it is repeated, then.
        let _lost = self.traps.send(&message).is_err();
    }

    fn hear(&mut self, datagram: &[u8]) {
        match snmp::decode(datagram) {
            Ok(Message::Response(response)) if response.error_status == 0 => self.answered(response.request_id),
            Ok(Message::V3(message)) => match self.usm.hear(&message) {
                Heard::Answer(request_id) => self.answered(request_id),
                Heard::Clock => self.again(|inform| inform.v3),
                Heard::Nothing => {}
            },
            Ok(Message::Response(_) | Message::Notification(_)) | Err(_) => {}
        }
    }

    fn answered(&mut self, request_id: i32) {
        // A second answer to a repeated inform says nothing new.
        let Some(Inform { account, says, .. }) = self.waiting.remove(&request_id) else { return };
        self.ledger.with(|ledger| {
            ledger.acknowledged += 1;
            match says {
                Says::Failure | Says::Lock => ledger.failure_acknowledged(&account),
                Says::Success => ledger.success_acknowledged(&account),
            }
        });
        if says == Says::Lock {
            self.locked.push(account);
        }
    }

    fn send_again(&mut self) {
        self.again(|inform| inform.last_sent.elapsed() >= AGAIN);
    }

    fn again(&mut self, which: impl Fn(&Inform) -> bool) {
        let late: Vec<i32> = self.waiting.iter().filter(|(_, inform)| which(inform)).map(|(&n, _)| n).collect();
        for n in late {
            if let Some(mut inform) = self.waiting.remove(&n) {
                inform.last_sent = Instant::now();
                self.send(n, &inform);
                self.waiting.insert(n, inform);
                self.ledger.with(|ledger| ledger.repeated += 1);
            }
        }
    }
}

/// The event's number is also its time, so no two events are alike.
fn varbinds(n: i32, says: Says, account: &str) -> (u32, Vec<encode::OutVarbind<'static>>) {
    let time = n.unsigned_abs();
    let (alarm, text) = match says {
        Says::Failure => ("authFail", auth_fail_text(account)),
        Says::Lock => ("authHackLock", hack_lock_text(account)),
        Says::Success => ("authSuccess", format!("[UserID={account}][NodeID=cucm-sub1]: The user was authenticated.")),
    };
    (time, clog_varbinds(alarm, &text, time))
}

fn v2c(kind: Kind, n: i32, says: Says, account: &str) -> Vec<u8> {
    let (time, varbinds) = varbinds(n, says, account);
    encode::v2c(kind, b"public", n, time, &CLOG_MESSAGE_GENERATED, &varbinds)
}

fn pdu(n: i32, says: Says, account: &str) -> Vec<u8> {
    let (time, varbinds) = varbinds(n, says, account);
    encode::notification_pdu(Kind::Inform, n, time, &CLOG_MESSAGE_GENERATED, &varbinds)
}

fn socket_to(address: SocketAddr) -> Result<UdpSocket, Failure> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|socket| {
        socket.connect(address)?;
        socket.set_read_timeout(Some(LOOK))?;
        Ok(socket)
    });
    socket.map_err(|e| Failure::of("a UDP socket", e))
}
