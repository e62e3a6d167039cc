//! Failures of a whole cluster: more than so many in a window, whoever's they are. It is what RTMT's own AuthenticationFailed alert
//! counts, for all sign-ins and not only those to its pages: a `repeated-failures` alert without an account.

use crate::alert::{Alert, ClearedBy, Kind, State};
use crate::engine::alerts;
use crate::engine::quiet::longer;
use crate::engine::settings::{Settings, Threshold};
use crate::event::{Authenticated, Label, Realm};
use crate::units::{Mono, Now, Text};

/// Clusters that are counted; a new one beyond that replaces the one that is quiet longest.
const CLUSTERS: usize = 8;
/// The most failures that a threshold can allow.
pub const MOST: usize = 255;

/// All clusters, at most [`CLUSTERS`]; on the heap, since they are too large for a stack.
#[derive(Debug, Default)]
pub(crate) struct Clusters(Vec<Cluster>);

#[derive(Debug)]
struct Cluster {
    name: Label,
    /// The newest failures.
    failures: heapless::Deque<Mono, { MOST + 1 }>,
    /// The weakest proof of identity among them.
    weakest: Option<Authenticated>,
    last: Mono,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    alert: Box<Alert>,
    quiet_until: Mono,
}

impl Clusters {
    /// An alert that was open when an earlier run ended; what was counted is lost.
    pub(crate) fn restore(&mut self, alert: Alert, now: Mono) {
        let name = alert.cluster.clone().unwrap_or_default();
        if let Some(cluster) = self.at(&name) {
            cluster.weakest = Some(alert.authenticated_by);
            (cluster.last, cluster.open) = (now, Some(Open { alert: Box::new(alert), quiet_until: now }));
        }
    }

    /// A new failure in this cluster, which happened at `placed`; the alert, if one is to be told.
    pub(crate) fn note(
        &mut self,
        settings: &Settings,
        name: &Label,
        proved: Authenticated,
        (placed, now): (Mono, Now),
    ) -> Option<Alert> {
        let threshold = settings.cluster;
        if threshold.more_than == 0 {
            return None;
        }
        let cluster = self.at(name)?;
        let keep = placed - threshold.window;
        while cluster.failures.front().is_some_and(|at| *at < keep) || cluster.failures.is_full() {
            cluster.failures.pop_front();
        }
        if cluster.failures.is_empty() && cluster.open.is_none() {
            cluster.weakest = None;
        }
        cluster.weakest = Some(cluster.weakest.map_or(proved, |weakest| weakest.min(proved)));
        // There is room now.
        let _full = cluster.failures.push_back(placed).is_err();
        if placed < cluster.last {
            cluster.failures.make_contiguous().sort_unstable();
        }
        cluster.last = cluster.last.max(placed);
        let in_window = cluster.failures.iter().filter(|at| keep <= **at && **at <= placed).count();
        let failures = u32::try_from(in_window).unwrap_or(u32::MAX);
        let state = match &mut cluster.open {
            None if failures <= threshold.more_than => return None,
            None => {
                let alert = Box::new(raised(settings, name, threshold, now));
                cluster.open = Some(Open { alert, quiet_until: now.mono });
                State::Raised
            }
            Some(open) => {
                open.alert.failures = open.alert.failures.saturating_add(1);
                open.alert.last_failure = Some(now.wall);
                if now.mono < open.quiet_until {
                    open.alert.suppressed = open.alert.suppressed.saturating_add(1);
                    return None;
                }
                State::Updated
            }
        };
        let open = cluster.open.as_mut()?;
        if state == State::Raised {
            open.alert.failures = failures;
        }
        (open.alert.state, open.alert.revision) = (state, open.alert.revision + 1);
        open.quiet_until = now.mono + longer(threshold.quiet, open.alert.revision);
        open.alert.last_failure = Some(now.wall);
        open.alert.authenticated_by = cluster.weakest.unwrap_or_default();
        open.alert.summary = Text::from_wire(&summary(name, threshold, open.alert.failures));
        Some(open.alert.as_ref().clone())
    }

    /// Ends alerts of clusters that have been quiet.
    pub(crate) fn expire(&mut self, settings: &Settings, now: Now, tell: &mut dyn FnMut(Alert)) {
        for cluster in &mut self.0 {
            if cluster.deadline(settings).is_none_or(|at| at > now.mono) {
                continue;
            }
            if let Some(open) = cluster.open.take() {
                let mut alert = *open.alert;
                (alert.state, alert.revision) = (State::Cleared, alert.revision + 1);
                alert.cleared_by = Some(ClearedBy::PolicyEnd);
                let (cluster, failures) = (named(&cluster.name), alert.failures);
                let ended = format!("{cluster} has stopped failing; {failures} failed sign-ins in all");
                alert.summary = Text::from_wire(&ended);
                tell(alert);
            }
        }
    }

    pub(crate) fn deadline(&self, settings: &Settings) -> Option<Mono> {
        self.0.iter().filter_map(|cluster| cluster.deadline(settings)).min()
    }

    fn at(&mut self, name: &Label) -> Option<&mut Cluster> {
        if let Some(place) = self.0.iter().position(|cluster| cluster.name == *name) {
            return self.0.get_mut(place);
        }
        let failures = heapless::Deque::new();
        let new = Cluster { name: name.clone(), failures, weakest: None, last: Mono::ZERO, open: None };
        if self.0.len() < CLUSTERS {
            self.0.push(new);
            return self.0.last_mut();
        }
        // One with an open alert stays.
        let oldest = self.0.iter_mut().filter(|cluster| cluster.open.is_none()).min_by_key(|cluster| cluster.last)?;
        *oldest = new;
        Some(oldest)
    }
}

impl Cluster {
    /// When its alert ends, if no failure comes.
    fn deadline(&self, settings: &Settings) -> Option<Mono> {
        self.open.as_ref().map(|_| self.last + settings.cluster.window.max(settings.cluster.quiet))
    }
}

fn raised(settings: &Settings, name: &Label, threshold: Threshold, now: Now) -> Alert {
    Alert {
        cluster: Some(name.clone()).filter(|name| !name.is_empty()),
        realm: Some(Realm::Cucm),
        window_s: alerts::whole_seconds(threshold.window.as_secs()),
        last_failure: Some(now.wall),
        ..alerts::of_site(settings, Kind::RepeatedFailures, &["cluster", name.as_str()], now)
    }
}

fn summary(name: &Label, threshold: Threshold, failures: u32) -> String {
    let Threshold { more_than, window, .. } = threshold;
    let cluster = named(name);
    format!("{failures} failed sign-ins in {cluster}: more than {more_than} within {} min", window.as_secs() / 60)
}

fn named(name: &Label) -> String {
    if name.is_empty() { "the cluster".to_owned() } else { format!("cluster {name}") }
}
