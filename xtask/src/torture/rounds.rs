//! The rounds: who is killed when, and what must hold after each.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use super::broker::Broker;
use super::ledger::{Difference, Due, Ledger};
use super::load::{LOCKED, Load};
use super::nms::Nms;
use super::options::Options;
use super::report::{Reader, Report};
use super::service::Service;
use super::told::Told;
use super::watched::Watched;
use crate::dice::Dice;
use crate::workspace::Failure;

/// Events that are acknowledged between two kills at most.
const BETWEEN: u64 = 1_000;
/// A start that is not waited for is killed within this time, in microseconds.
const START_US: u64 = 150_000;
/// Longer than the service needs to answer again, and to find its broker and its NMS after a wait between tries.
const PATIENCE: Duration = Duration::from_secs(60);
/// After this it is looked at whether the broker has lost something.
const SHORT_PATIENCE: Duration = Duration::from_secs(15);
/// The same at the end, when everything that waits must come.
const LAST_PATIENCE: Duration = Duration::from_secs(180);
/// What a broker may acknowledge and not have written when it is killed: a few, since it writes after each look at its sockets.
const UNWRITTEN: usize = 16;
/// Accounts that one round may lock at most.
const LOCKS: u64 = 20;

/// Who is killed in a round.
#[derive(Clone, Copy, Debug)]
enum Victim {
    Service,
    Broker,
    Nms,
}

/// Everything that runs.
pub(super) struct Site {
    service: Service,
    broker: Broker,
    nms: Nms,
    load: Load,
    dice: Dice,
    victims: Vec<Victim>,
    acknowledged: u64,
    seed: u64,
    began: Instant,
    /// From the return of the broker, or the NMS, until it had all that was due then.
    slowest: (Duration, Duration),
    /// What the broker acknowledged and was killed before it wrote, while its reader was away.
    unwritten: BTreeSet<Due>,
    kills_without_reader: usize,
}

impl Site {
    /// Everything runs, and nothing is sent yet.
    pub(super) fn start(binary: &Path, directory: &Path, options: &Options) -> Result<Self, Failure> {
        let (broker, nms) = (Broker::start(directory)?, Nms::start(directory)?);
        let mut service = Service::new(binary, directory, broker.at, nms.at)?;
        service.start()?;
        let load = Load::start(service.traps, service.syslog, options.seed)?;
        let mut dice = Dice::new(options.seed, 2);
        let of = |victim, times| std::iter::repeat_n(victim, usize::try_from(times).unwrap_or(usize::MAX));
        let mut victims: Vec<_> = of(Victim::Service, options.service)
            .chain(of(Victim::Broker, options.others))
            .chain(of(Victim::Nms, options.others))
            .collect();
        dice.shuffle(&mut victims);
        let (acknowledged, seed, began) = (options.acknowledged, options.seed, Instant::now());
        let (slowest, unwritten) = ((Duration::ZERO, Duration::ZERO), BTreeSet::new());
        Ok(Self {
            service,
            broker,
            nms,
            load,
            dice,
            victims,
            acknowledged,
            seed,
            began,
            slowest,
            unwritten,
            kills_without_reader: 0,
        })
    }

    /// All rounds, up to the first that finds something.
    pub(super) fn run(&mut self) -> Result<(), Failure> {
        let victims = std::mem::take(&mut self.victims);
        let locks = (LOCKED / (victims.len() as u64).max(1)).clamp(1, LOCKS);
        for (n, victim) in (1..).zip(&victims) {
            self.load.ledger.with(|ledger| (ledger.sending, ledger.locks) = (true, locks));
            let ended = match victim {
                Victim::Service => self.kill_service(),
                Victim::Broker => self.kill_broker(),
                Victim::Nms => self.kill_nms(),
            };
            ended.map_err(|failure| in_round(n, *victim, failure))?;
            if n % 25 == 0 {
                let acknowledged = self.load.ledger.with(|ledger| ledger.acknowledged);
                eprintln!("torture: {n} of {} rounds, {acknowledged} acknowledged", victims.len());
            }
        }
        let acknowledged = self.acknowledged;
        self.load.ledger.wait(LAST_PATIENCE, |ledger| ledger.acknowledged >= acknowledged, not_acknowledged)
    }

    /// What is on its way arrives, one more kill, and everything is counted.
    pub(super) fn finish(mut self) -> Result<Report, Failure> {
        let ledger = &self.load.ledger;
        ledger.with(|ledger| ledger.sending = false);
        ledger.wait(LAST_PATIENCE, |ledger| ledger.acknowledged == ledger.informs, not_acknowledged)?;
        self.service.kill()?;
        self.service.start()?;
        let ledger = self.load.end()?;
        let counts = Ledger::compare(&ledger, &ledger, &self.service.counted()?);
        let due = ledger.due();
        let due_but = |but| -> BTreeSet<Due> { due.difference(but).cloned().collect() };
        let none = BTreeSet::new();
        for (told, but) in [(&self.broker.told, &self.unwritten), (&self.nms.told, &none)] {
            let due = due_but(but);
            // What is missing then is told by the verdict.
            let _late = told.wait(LAST_PATIENCE, |told| told.has(&due), |_| Failure::Exit(1)).is_err();
        }
        let may_lack = UNWRITTEN * self.kills_without_reader;
        let unwritten = lacks(&self.broker.told, &self.nms.told, may_lack)?;
        lacks(&self.nms.told, &self.broker.told, 0)?;
        let reader = |told: &Watched<Told>, kills, but| {
            let due = due_but(but);
            let told = told.with(|told| told.clone());
            Reader {
                kills,
                messages: told.messages,
                different: told.different(),
                missing: told.missing(&due),
                doubled: told.doubled(|account| ledger.is_locked_once(account)),
                wrong: told.wrong,
            }
        };
        Ok(Report {
            seed: self.seed,
            took: self.began.elapsed(),
            service_kills: self.service.kills,
            slowest_start: self.service.slowest,
            slowest_readers: self.slowest,
            due: due.len() as u64,
            unwritten,
            broker: reader(&self.broker.told, self.broker.kills, &self.unwritten),
            nms: reader(&self.nms.told, self.nms.kills, &none),
            counts,
            ledger,
        })
    }

    /// Once in eight times its next starts are killed, too: up to three in a row, as when the power flickers.
    fn kill_service(&mut self) -> Result<(), Failure> {
        self.go_on()?;
        self.service.kill()?;
        if self.dice.one_in(8) {
            for _ in 0..=self.dice.below(3) {
                self.service.start_and_kill(Duration::from_micros(self.dice.below(START_US)))?;
            }
        }
        self.service.start()?;
        self.check()
    }

    /// Half of the times the reader is away when the broker is killed: all that it must get is on the broker's disk then, or with us, or
    /// the broker has acknowledged it and was killed before it wrote.
    fn kill_broker(&mut self) -> Result<(), Failure> {
        let is_away = self.dice.one_in(2);
        if is_away {
            self.kills_without_reader += 1;
            self.broker.look_away()?;
        }
        self.go_on()?;
        self.broker.kill()?;
        let may_be_unwritten = self.load.ledger.with(|ledger| ledger.due());
        self.go_on()?;
        if self.dice.one_in(3) {
            self.kill_service()?;
        }
        self.broker.start_again()?;
        let began = Instant::now();
        self.broker.read()?;
        if !is_away {
            self.delivered(&self.broker.told, &self.unwritten)?;
        } else if self.delivered_within(SHORT_PATIENCE, &self.broker.told, &self.unwritten).is_err() {
            self.find_unwritten(&may_be_unwritten)?;
        }
        self.slowest.0 = self.slowest.0.max(began.elapsed());
        Ok(())
    }

    fn kill_nms(&mut self) -> Result<(), Failure> {
        self.go_on()?;
        self.nms.kill()?;
        self.go_on()?;
        if self.dice.one_in(3) {
            self.kill_service()?;
        }
        self.nms.start_again()?;
        let began = Instant::now();
        self.delivered(&self.nms.told, &BTreeSet::new())?;
        self.slowest.1 = self.slowest.1.max(began.elapsed());
        Ok(())
    }

    /// Until some more events are acknowledged.
    fn go_on(&mut self) -> Result<(), Failure> {
        let until = self.load.ledger.with(|ledger| ledger.acknowledged) + 1 + self.dice.below(BETWEEN);
        self.load.ledger.wait(PATIENCE, |ledger| ledger.acknowledged >= until, not_acknowledged)
    }

    /// What is missing after a kill without a reader must have been due before, the NMS must have been told, and it can be no more than
    /// the broker reads between two writes.
    fn find_unwritten(&mut self, may_be: &BTreeSet<Due>) -> Result<(), Failure> {
        let missing: BTreeSet<Due> = self.broker.told.with(|told| told.without(may_be));
        let new: BTreeSet<Due> = missing.difference(&self.unwritten).cloned().collect();
        self.nms.told.wait(PATIENCE, |told| told.has(&new), |told| lost(&told.missing(&new)))?;
        if new.len() > UNWRITTEN {
            return Err(lost(&self.broker.told.with(|told| told.missing(&new))));
        }
        self.unwritten.extend(new);
        self.delivered(&self.broker.told, &self.unwritten)
    }

    /// Until a reader has been told what is due now, but for what it cannot get.
    fn delivered(&self, told: &Watched<Told>, but: &BTreeSet<Due>) -> Result<(), Failure> {
        self.delivered_within(PATIENCE, told, but)
    }

    fn delivered_within(&self, patience: Duration, told: &Watched<Told>, but: &BTreeSet<Due>) -> Result<(), Failure> {
        let due: BTreeSet<Due> = self.load.ledger.with(|ledger| ledger.due()).difference(but).cloned().collect();
        told.wait(patience, |told| told.has(&due), |told| lost(&told.missing(&due)))
    }

    /// The service counts what was acknowledged, nothing twice, and its store is sound.
    fn check(&self) -> Result<(), Failure> {
        let before = self.load.ledger.with(|ledger| ledger.clone());
        let counted = self.service.counted()?;
        let after = self.load.ledger.with(|ledger| ledger.clone());
        let Difference { lost, doubled, accounts } = Ledger::compare(&before, &after, &counted);
        if lost + doubled > 0 {
            let accounts = accounts.join("\n  ");
            return Err(Failure::Said(format!("{lost} failures lost, {doubled} counted twice:\n  {accounts}")));
        }
        match self.service.store_trouble()? {
            None => Ok(()),
            Some(trouble) => Err(Failure::Said(format!("after a kill the store is not as it was: {trouble}"))),
        }
    }
}

/// The alerts and revisions that one reader lacks and the other has. It gets all in time, but for so many.
fn lacks(reader: &Watched<Told>, other: &Watched<Told>, but: usize) -> Result<Vec<String>, Failure> {
    let other = other.with(|told| told.clone());
    let late = reader.wait(
        SHORT_PATIENCE,
        |told| told.lacks(&other).next().is_none(),
        |told| lost(&told.lacks(&other).collect::<Vec<_>>()),
    );
    let lacking: Vec<_> = reader.with(|told| told.lacks(&other).collect());
    if lacking.len() > but { late.map(|()| Vec::new()) } else { Ok(lacking) }
}

fn in_round(n: u64, victim: Victim, failure: Failure) -> Failure {
    match failure {
        Failure::Said(text) => Failure::Said(format!("round {n}, kill of {victim:?}: {text}")),
        Failure::Exit(code) => Failure::Exit(code),
    }
}

fn not_acknowledged(ledger: &Ledger) -> Failure {
    let Ledger { informs, acknowledged, .. } = ledger;
    Failure::Said(format!("informs are not answered any more: {acknowledged} of {informs}"))
}

fn lost(missing: &[String]) -> Failure {
    Failure::Said(format!("{} alerts lost, or not delivered in time:\n  {}", missing.len(), missing.join("\n  ")))
}
