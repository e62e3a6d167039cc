//! `spray`: many accounts fail from one source, or in one cluster without one source behind it.
//!
//! | where | fires | clears |
//! |---|---|---|
//! | one source | at the failure of the account that makes so many in the window, or in a day | an hour (a day) without a failure from it |
//! | a cluster | above what is usual at this hour, or in six hours of a day that each stand out | an hour below that |
//!
//! Accounts of a source with an open alert do not count for their cluster. An update comes with the first failure after the quiet time.

mod front;

pub use front::Front;

use siphasher::sip::SipHasher13;

use crate::alert::{Alert, Evidence, Kind, Severity};
use crate::board;
use crate::engine::alerts::{self, FamilyNames};
use crate::engine::climb::Around;
use crate::engine::correlate::number;
use crate::engine::patterns::{Patterns, SprayLimits};
use crate::engine::settings::Settings;
use crate::event::{Account, Label, Observation, Realm};
use crate::units::{Mono, Now, Text};

use front::{CLUSTER, Measure, SOURCE};

/// Clusters that are counted.
const CLUSTERS: usize = 16;
/// Places that are looked at to find one that can make room.
const LOOKED_AT: usize = 32;
/// The first byte of a record's key.
const OF_SOURCE: u8 = b's';
const OF_CLUSTER: u8 = b'c';

/// All places where a spray can show; allocated as they come up.
#[derive(Debug, Default)]
pub(crate) struct Sprays {
    /// A number of each source's address, to find it fast.
    numbers: Vec<u32>,
    sources: Vec<Front>,
    clusters: Vec<Front>,
    /// Sources with an open alert.
    open: usize,
    hand: usize,
    /// Keys of records that are in the store and have made room.
    gone: Vec<Vec<u8>>,
}

impl Sprays {
    /// Takes back what an earlier run had counted; a record of another size or kind is left out.
    pub(crate) fn restore(&mut self, key: &[u8], front: Front) -> bool {
        match key.first() {
            Some(&OF_SOURCE) if self.sources.len() < board::SOURCES && front.is_sound(SOURCE) => {
                self.numbers.push(number(front.whom.as_str()));
                self.sources.push(front);
            }
            Some(&OF_CLUSTER) if self.clusters.len() < CLUSTERS && front.is_sound(CLUSTER) => {
                self.clusters.push(front);
            }
            Some(_) | None => return false,
        }
        true
    }

    /// Takes back an alert that was open when an earlier run ended.
    pub(crate) fn restore_alert(&mut self, alert: Alert, now: Mono) {
        let front = match alert.sources.last() {
            Some(source) => self.source(&source.clone()),
            None => self.cluster(&alert.cluster.clone().unwrap_or_default()),
        };
        if let Some(front) = front {
            let is_source = !alert.sources.is_empty();
            let was_open = front.open.is_some();
            front.restore(alert, now);
            self.open += usize::from(is_source && !was_open);
        }
    }

    /// A failure, at `placed`; one that is not new is counted for its source alone. At most one alert is to be told; what is due now may
    /// be due earlier than before.
    pub(crate) fn note(
        &mut self,
        context: (&Settings, &FamilyNames),
        account: &Account,
        said: &Observation<'_>,
        is_new: bool,
        (placed, now): (Mono, Now),
    ) -> (Option<Alert>, Option<Mono>) {
        let limits = context.0.patterns;
        let whom = hash(account);
        let source = Label::from_wire(said.source);
        let from = if source.is_empty() { None } else { self.source(&source) };
        if let Some(front) = from {
            let was_open = front.open.is_some();
            front.prove(said.authenticated, now.mono);
            let measure = front.note(limits.spray, whom, placed);
            let alert = measure.and_then(|measure| told(front, context, measure, account, said, now, false));
            if front.open.is_some() {
                let deadline = front.deadline();
                self.open += usize::from(!was_open);
                return (alert, deadline);
            }
        }
        if !is_new || account.realm != Realm::Cucm {
            return (None, None);
        }
        let explained = self.explained(&account.cluster, limits.cluster_spray, now.mono);
        let is_known = !context.0.is_learning(now.mono);
        let Some(front) = self.cluster(&account.cluster) else { return (None, None) };
        front.prove(said.authenticated, now.mono);
        let measure = front.note_in_cluster(limits.cluster_spray, whom, (explained, is_known), placed);
        let alert = measure.and_then(|measure| told(front, context, measure, account, said, now, true));
        (alert, front.deadline())
    }

    /// Accounts in the window that failed from addresses with alerts of their own.
    fn explained(&mut self, cluster: &Label, limits: SprayLimits, at: Mono) -> u32 {
        if self.open == 0 {
            return 0;
        }
        let open = self.sources.iter_mut().filter(|front| {
            let of = front.open.as_ref().map(|open| open.alert.cluster.clone().unwrap_or_default());
            of.is_some_and(|of| of == *cluster)
        });
        open.map(|front| front.in_window(limits, at)).sum()
    }

    /// How a success looks: whether its address, or somebody in its cluster, tries many accounts.
    pub(crate) fn around(&self, cluster: &Label, source: &str) -> Around {
        let is_open = |front: &Front, whom: &str| front.open.is_some() && front.whom.as_str() == whom;
        let wanted = number(source);
        let mut same = self.numbers.iter().zip(&self.sources).filter(|(number, _)| **number == wanted);
        if !source.is_empty() && same.any(|(_, front)| is_open(front, source.trim())) {
            Around::SprayingSource
        } else if self.clusters.iter().any(|front| is_open(front, cluster.as_str())) {
            Around::ClusterSpray
        } else {
            Around::Nothing
        }
    }

    pub(crate) fn expire(&mut self, now: Now, tell: &mut dyn FnMut(Alert)) {
        for front in self.sources.iter_mut().chain(&mut self.clusters) {
            if let Some(mut alert) = front.expire(now) {
                self.open -= usize::from(!alert.sources.is_empty()).min(self.open);
                alert.summary = Text::from_wire(&match alert.sources.last() {
                    Some(source) => format!("{source} has stopped failing; {} in all", alerts::failed(alert.failures)),
                    None => format!("no more failures than usual; {} in all", alerts::failed(alert.failures)),
                });
                tell(alert);
            }
        }
    }

    pub(crate) fn deadline(&self) -> Option<Mono> {
        self.sources.iter().chain(&self.clusters).filter_map(Front::deadline).min()
    }

    /// Gives what the store should have, and what it should not have any more; with `all`, even what it has had within the last minutes.
    pub(crate) fn drain(&mut self, all: bool, now: Mono, keep: &mut dyn FnMut(Vec<u8>, Option<&Front>)) {
        self.gone.drain(..).for_each(|key| keep(key, None));
        for (kind, fronts) in [(OF_SOURCE, &mut self.sources), (OF_CLUSTER, &mut self.clusters)] {
            for front in fronts.iter_mut().filter_map(|front| front.is_to_keep(all, now).then_some(front)) {
                keep(key(kind, &front.whom), Some(front));
            }
        }
    }

    fn source(&mut self, whom: &Label) -> Option<&mut Front> {
        let wanted = number(whom.as_str());
        let is_it = |(at, n): (usize, &u32)| {
            let same = *n == wanted && self.sources.get(at).is_some_and(|front| front.whom == *whom);
            same.then_some(at)
        };
        if let Some(at) = self.numbers.iter().enumerate().find_map(is_it) {
            return self.sources.get_mut(at);
        }
        if self.sources.len() < board::SOURCES {
            self.numbers.push(wanted);
            self.sources.push(Front::new(whom.clone(), SOURCE));
            return self.sources.last_mut();
        }
        let at = self.victim()?;
        *self.numbers.get_mut(at)? = wanted;
        let place = self.sources.get_mut(at)?;
        let gone = core::mem::replace(place, Front::new(whom.clone(), SOURCE));
        if gone.is_kept() {
            self.gone.push(key(OF_SOURCE, &gone.whom));
        }
        Some(place)
    }

    /// The place, of those looked at, that failed longest ago. One with an open alert stays.
    fn victim(&mut self) -> Option<usize> {
        let len = self.sources.len();
        let looked_at = (0..len).map(|n| (self.hand + n) % len);
        let free = looked_at.filter(|&at| self.sources.get(at).is_some_and(|front| front.open.is_none()));
        let at = free.take(LOOKED_AT).min_by_key(|&at| self.sources.get(at).map(|front| front.last))?;
        self.hand = (at + 1) % len;
        Some(at)
    }

    fn cluster(&mut self, whom: &Label) -> Option<&mut Front> {
        if let Some(at) = self.clusters.iter().position(|front| front.whom == *whom) {
            return self.clusters.get_mut(at);
        }
        if self.clusters.len() < CLUSTERS {
            self.clusters.push(Front::new(whom.clone(), CLUSTER));
            return self.clusters.last_mut();
        }
        let place = self.clusters.iter_mut().filter(|front| front.open.is_none()).min_by_key(|front| front.last)?;
        let gone = core::mem::replace(place, Front::new(whom.clone(), CLUSTER));
        if gone.is_kept() {
            self.gone.push(key(OF_CLUSTER, &gone.whom));
        }
        Some(place)
    }
}

fn key(kind: u8, whom: &Label) -> Vec<u8> {
    [&[kind], whom.as_str().as_bytes()].concat()
}

/// The message that a measure asks for, if one is to be sent now.
fn told(
    front: &mut Front,
    (settings, names): (&Settings, &FamilyNames),
    measure: Measure,
    account: &Account,
    said: &Observation<'_>,
    now: Now,
    is_cluster: bool,
) -> Option<Alert> {
    let is_learning = settings.is_learning(now.mono);
    let limits = if is_cluster { settings.patterns.cluster_spray } else { settings.patterns.spray };
    let usual = front.usual(now.mono);
    let severity = if is_learning && !measure.is_far_above() { Severity::Notice } else { Severity::Warning };
    let text = summary(&front.whom, measure, limits, account, is_cluster.then_some(usual), is_learning);
    if let Some(open) = &mut front.open {
        let is_worse = severity > open.alert.severity;
        open.alert.severity = severity.max(open.alert.severity);
        return (open.again(now) || is_worse).then(|| open.updated(&text, now));
    }
    let whom = front.whom.clone();
    let window = if measure.is_slow { Patterns::DAY } else { limits.window };
    let at = said.stamp.map_or(now.wall, |stamp| stamp.at);
    let family = names.get(&said.family).cloned().unwrap_or_default();
    let whose = [if is_cluster { "cluster" } else { "source" }, whom.as_str()];
    let mut alert = Alert {
        severity,
        cluster: Some(account.cluster.clone()).filter(|cluster| !cluster.is_empty()),
        node: Some(Label::from_wire(said.node)).filter(|node| !node.is_empty()),
        realm: Some(account.realm),
        failures: measure.accounts,
        window_s: alerts::whole_seconds(window.as_secs()),
        last_failure: Some(now.wall),
        authenticated_by: front.weakest.unwrap_or_default(),
        evidence: heapless::Vec::from_iter([Evidence { family, channel: said.channel, at }]),
        summary: Text::from_wire(&text),
        ..alerts::of_site(settings, Kind::Spray, &whose, now)
    };
    if !is_cluster {
        alerts::add_source(&mut alert.sources, whom);
    }
    Some(front.raise(alert, measure.is_slow, now))
}

fn summary(
    whom: &Label,
    measure: Measure,
    limits: SprayLimits,
    account: &Account,
    usual: Option<u16>,
    is_learning: bool,
) -> String {
    let Measure { accounts, is_slow, .. } = measure;
    let window = match (is_slow, limits.window.as_secs()) {
        (true, _) => "a day".to_owned(),
        (false, seconds) if seconds % 60 == 0 => format!("{} min", seconds / 60),
        (false, seconds) => format!("{seconds} s"),
    };
    let whose = if whom.is_empty() { "the cluster".to_owned() } else { format!("cluster {whom}") };
    let place = match usual {
        Some(0) => format!("{accounts} accounts of {whose} fail within {window}"),
        Some(usual) => format!("{accounts} accounts of {whose} fail within {window}, usually up to {usual}"),
        None => format!("{whom} fails on {accounts} accounts within {window}"),
    };
    let learning = if is_learning { "; still learning what is usual" } else { "" };
    format!("{place}; the newest is {}{learning}", account.name)
}

/// An account as a number: the same in every run, since the store keeps what it has set.
fn hash(account: &Account) -> u64 {
    use core::hash::Hasher as _;
    let mut hasher = SipHasher13::new_with_keys(0x6c6f_636b, 0x7761_7264);
    hasher.write_u8(account.realm as u8);
    hasher.write(account.cluster.as_str().as_bytes());
    hasher.write_u8(0);
    account.name.as_str().bytes().for_each(|byte| hasher.write_u8(byte.to_ascii_lowercase()));
    hasher.finish()
}
