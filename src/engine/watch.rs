//! Nodes that cannot be seen: the `blind-node` alert. A node of CUCM as it is installed says nothing about sign-ins, and silence looks like
//! peace. A node is blind if it sends, but never about a sign-in; if it sends nothing at all; and if CUCM itself says that it cannot reach
//! a syslog server.
//!
//! Only nodes of CUCM are watched: those that are configured, and those that sent one of its alarms. Only time in which we listened
//! counts, so everything is measured from the start of this run on.

use crate::alert::{Alert, Evidence, Kind, State};
use crate::board::NODES;
use crate::engine::alerts;
use crate::engine::settings::{NodeOf, Settings};
use crate::event::{Channel, Label};
use crate::units::{Mono, Now, Span, Text};

/// CUCM tries an unreachable server again after an hour, and says so each time it fails.
const UNREACHABLE: Span = Span::mins(180);

/// What a message says about the node that sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Something about a sign-in.
    SignIn,
    /// Another alarm of CUCM.
    Alarm,
    /// That it cannot reach a remote syslog server.
    Unreachable,
    /// Anything else: it lives, but it need not be a node.
    Something,
}

/// Why a node is blind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blind {
    /// It sends, but never about a sign-in.
    NoSignIns,
    /// It sends nothing.
    Silent,
    /// CUCM says that it cannot reach a syslog server.
    Unreachable,
}

impl Blind {
    const ALL: [Self; 3] = [Self::NoSignIns, Self::Silent, Self::Unreachable];

    /// The name in `evidence` and in `health`.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::NoSignIns => "no-sign-ins",
            Self::Silent => "silent",
            Self::Unreachable => "syslog-unreachable",
        }
    }
}

/// One node that is watched.
#[derive(Clone, Debug)]
pub struct Watched {
    /// Its name, as configured or as first seen, without the domain.
    pub name: Label,
    address: Option<Label>,
    cluster: Option<Label>,
    /// Since when it is watched.
    since: Mono,
    /// When it was last heard in this run.
    heard: Option<Mono>,
    /// Whether anything about a sign-in ever came.
    signs_in: bool,
    /// When CUCM last said that it cannot reach a syslog server.
    unreachable: Option<Mono>,
    open: Option<(Blind, Box<Alert>)>,
}

/// All of them, at most [`NODES`]; on the heap, since they are too large for a stack.
#[derive(Debug, Default)]
pub(crate) struct Watch(Vec<Watched>);

impl Watch {
    pub(crate) fn configured(nodes: &[NodeOf]) -> Self {
        let mut watch = Self::default();
        for node in nodes {
            watch.add(node.name.as_str(), node.address.clone(), node.cluster.clone(), Mono::ZERO);
        }
        watch
    }

    /// From now on time counts.
    pub(crate) fn begin(&mut self, now: Mono) {
        self.0.iter_mut().for_each(|node| node.since = now);
    }

    /// What an earlier run knew: signs of a sign-in were seen, if `signs_in`.
    pub(crate) fn restore_node(&mut self, name: &str, cluster: &Label, signs_in: bool, now: Mono) {
        if let Some(node) = self.find(name, "") {
            node.signs_in |= signs_in;
        } else if name.parse::<core::net::IpAddr>().is_err() {
            let cluster = Some(cluster.clone()).filter(|cluster| !cluster.is_empty());
            if let Some(node) = self.add(name, None, cluster, now) {
                node.signs_in = signs_in;
            }
        }
    }

    /// An alert that was open when an earlier run ended. One about a node that is gone stays open until somebody removes the store.
    pub(crate) fn restore(&mut self, alert: Alert, now: Mono) {
        let family = alert.evidence.last().map(|evidence| evidence.family.clone()).unwrap_or_default();
        let why = Blind::ALL.into_iter().find(|why| why.as_str() == family.as_str());
        let name = alert.node.clone().unwrap_or_default();
        if self.find(name.as_str(), "").is_none() {
            self.add(name.as_str(), None, alert.cluster.clone(), now);
        }
        if let (Some(why), Some(node)) = (why, self.find(name.as_str(), "")) {
            node.unreachable = (why == Blind::Unreachable).then_some(now);
            node.open = Some((why, Box::new(alert)));
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Watched> {
        self.0.iter()
    }

    /// A message of this node, or of the node at this address if it names none. At most two alerts are to be told. Whether something
    /// may be due earlier now: what was heard mostly puts it off.
    pub(crate) fn note(
        &mut self,
        settings: &Settings,
        (node, sender): (&str, &str),
        heard: Heard,
        now: Now,
        tell: &mut dyn FnMut(Alert),
    ) -> bool {
        let known = self.find(node, sender).is_some();
        if !known {
            // An address alone may be a relay's.
            let is_named = !node.is_empty() && node.parse::<core::net::IpAddr>().is_err();
            if heard == Heard::Something || !is_named || self.add(node, None, None, now.mono).is_none() {
                return false;
            }
        }
        let Some(watched) = self.find(node, sender) else { return false };
        let (first, was) = (watched.heard.is_none(), watched.blind());
        watched.heard = Some(now.mono);
        match heard {
            Heard::SignIn => watched.signs_in = true,
            Heard::Unreachable => watched.unreachable = Some(now.mono),
            Heard::Alarm | Heard::Something => {}
        }
        watched.examine(settings, now, tell);
        first || watched.blind() != was
    }

    /// Does what is due.
    pub(crate) fn expire(&mut self, settings: &Settings, now: Now, tell: &mut dyn FnMut(Alert)) {
        for node in &mut self.0 {
            node.examine(settings, now, tell);
        }
    }

    pub(crate) fn deadline(&self, settings: &Settings) -> Option<Mono> {
        self.0.iter().filter_map(|node| node.deadline(settings)).min()
    }

    fn add(&mut self, name: &str, address: Option<Label>, cluster: Option<Label>, since: Mono) -> Option<&mut Watched> {
        let name = Label::from_wire(short(name));
        let (heard, unreachable, open) = (None, None, None);
        let node = Watched { name, address, cluster, since, heard, signs_in: false, unreachable, open };
        // With every place taken, a new one is not watched.
        if self.0.len() < NODES {
            self.0.push(node);
            return self.0.last_mut();
        }
        None
    }

    /// By name if the message names its node, else by address.
    fn find(&mut self, node: &str, sender: &str) -> Option<&mut Watched> {
        let name = short(node);
        let is_it = |watched: &&mut Watched| {
            let by_address = |at: &str| watched.address.as_ref().is_some_and(|address| address.as_str() == at);
            match name.is_empty() {
                true => by_address(sender) || watched.name.as_str() == sender,
                false => watched.name.as_str().eq_ignore_ascii_case(name) || by_address(name),
            }
        };
        self.0.iter_mut().find(is_it)
    }
}

impl Watched {
    /// When it was last heard, if it was in this run.
    #[must_use]
    pub const fn heard(&self) -> Option<Mono> {
        self.heard
    }

    /// Whether anything about a sign-in ever came from it.
    #[must_use]
    pub const fn signs_in(&self) -> bool {
        self.signs_in
    }

    /// Why it is blind, if it is.
    #[must_use]
    pub fn blind(&self) -> Option<&'static str> {
        self.open.as_ref().map(|(why, _)| why.as_str())
    }

    /// When each way to be blind is reached, if nothing more comes.
    fn times(&self, settings: &Settings) -> [Option<Mono>; 2] {
        let after = |span: Span, from: Mono| (!span.is_zero()).then(|| from + span);
        let silent = after(settings.silent_after, self.heard.unwrap_or(self.since));
        let never = after(settings.no_sign_ins_after, self.since).filter(|_| !self.signs_in && self.heard.is_some());
        [silent, never]
    }

    fn why(&self, settings: &Settings, now: Mono) -> Option<Blind> {
        let [silent, never] = self.times(settings).map(|at| at.is_some_and(|at| at <= now));
        let open = self.open.as_ref().map(|(open, _)| *open);
        // What an earlier run found is so until something says otherwise.
        let silent = silent || open == Some(Blind::Silent) && self.heard.is_none() && !settings.silent_after.is_zero();
        let never = never || open == Some(Blind::NoSignIns) && !self.signs_in && !settings.no_sign_ins_after.is_zero();
        let unreachable = self.unreachable.is_some_and(|at| now.since(at) < UNREACHABLE);
        match (unreachable, silent, never) {
            (true, _, _) => Some(Blind::Unreachable),
            (false, true, _) => Some(Blind::Silent),
            (false, false, true) => Some(Blind::NoSignIns),
            (false, false, false) => None,
        }
    }

    fn deadline(&self, settings: &Settings) -> Option<Mono> {
        let [silent, never] = self.times(settings);
        let unreachable = self.unreachable.map(|at| at + UNREACHABLE);
        let open = self.open.as_ref().map(|(why, _)| *why);
        // A way that is told already is not told again.
        let silent = silent.filter(|_| open != Some(Blind::Silent));
        let never = never.filter(|_| open.is_none());
        let unreachable = unreachable.filter(|_| open == Some(Blind::Unreachable));
        [silent, never, unreachable].into_iter().flatten().min()
    }

    /// Tells what has changed: the end of one way to be blind, the beginning of another.
    fn examine(&mut self, settings: &Settings, now: Now, tell: &mut dyn FnMut(Alert)) {
        let why = self.why(settings, now.mono);
        if why != Some(Blind::Unreachable) {
            self.unreachable = None;
        }
        if self.open.as_ref().map(|(open, _)| *open) == why {
            return;
        }
        if let Some((was, alert)) = self.open.take() {
            let mut alert = *alert;
            (alert.state, alert.revision) = (State::Cleared, alert.revision + 1);
            alert.summary = Text::from_wire(&ended(&self.name, was, why));
            tell(alert);
        }
        if let Some(why) = why {
            let alert = self.raised(settings, why, now);
            tell(alert.clone());
            self.open = Some((why, Box::new(alert)));
        }
    }

    fn raised(&self, settings: &Settings, why: Blind, now: Now) -> Alert {
        let evidence = Evidence { family: Label::from_wire(why.as_str()), channel: Channel::Syslog, at: now.wall };
        Alert {
            revision: 1,
            cluster: self.cluster.clone(),
            node: Some(self.name.clone()),
            evidence: heapless::Vec::from_iter([evidence]),
            summary: Text::from_wire(&summary(settings, &self.name, why)),
            ..alerts::of_site(settings, Kind::BlindNode, &[self.name.as_str(), why.as_str()], now)
        }
    }
}

/// What to do about it, with the page to change.
fn summary(settings: &Settings, name: &Label, why: Blind) -> String {
    let hours = |span: Span| span.as_secs() / 3_600;
    match why {
        Blind::NoSignIns => format!(
            "{name} sends, but nothing about sign-ins for {} h: Serviceability > Alarm > Configuration > {name} > Platform Services > \
             Cisco Tomcat: Remote Syslogs, level Informational",
            hours(settings.no_sign_ins_after)
        ),
        Blind::Silent => format!(
            "nothing came from {name} for {} h: is it down, or Remote Syslogs off (Serviceability > Alarm > Configuration), or a \
             firewall in between?",
            hours(settings.silent_after)
        ),
        Blind::Unreachable => format!(
            "CUCM says that {name} cannot reach a remote syslog server; it tries again after an hour, or when Serviceability > Alarm > \
             Configuration is saved again"
        ),
    }
}

fn ended(name: &Label, was: Blind, now: Option<Blind>) -> String {
    match (was, now) {
        (_, Some(now)) => format!("{name} is blind in another way now: {}", now.as_str()),
        (Blind::NoSignIns, None) => format!("{name} sends what it should about sign-ins"),
        (Blind::Silent, None) => format!("{name} is heard again"),
        (Blind::Unreachable, None) => format!("{name} has not said for 3 h that it cannot reach a syslog server"),
    }
}

/// A name without its domain; an address whole.
fn short(name: &str) -> &str {
    super::nodes::short(name)
}
