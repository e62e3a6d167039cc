//! A plan through the path, as fast as it goes; each message at its own time, what is due before it first.

use std::collections::BTreeMap;
use std::fmt;

use lockwarden::alert::{Alert, Severity, State};
use lockwarden::catalogue::Catalogue;
use lockwarden::engine::{AccountRecord, Action, Engine, Settings};
use lockwarden::event::Label as Text;
use lockwarden::path::{Doors, Path};
use lockwarden::units::{Mono, Now, Span, Wall};

use crate::r#gen::{self, Label, Plan, Stream};
use crate::workspace::Failure;

/// One alert, from its first message to its last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) kind: &'static str,
    pub(super) raised_at: Wall,
    /// When each of its messages was told.
    pub(super) told_at: Vec<Wall>,
    /// The highest.
    pub(super) severity: Severity,
    /// Empty: it is not about one account.
    pub(super) account: String,
    /// Those that any of its messages named.
    pub(super) sources: Vec<String>,
    pub(super) summary: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}: {}", self.raised_at, self.severity.as_str(), self.kind, self.summary)
    }
}

/// What came of a plan.
pub(super) struct Played {
    pub(super) messages: u64,
    pub(super) findings: Vec<Finding>,
    pub(super) labels: Vec<Label>,
}

pub(super) fn play(plan: &Plan) -> Result<Played, Failure> {
    let catalogue = Catalogue::shipped().map_err(|problems| Failure::Said(problems.join("\n")))?;
    let settings = Settings {
        site: Text::from_wire("bench"),
        privileged: r#gen::ADMINISTRATORS.iter().map(|name| (*name).to_owned()).collect(),
        ..Settings::default()
    };
    let path = Path::new(Engine::new(settings, catalogue.families(), (plan.seed, 2)), catalogue, Doors::open());
    let mut service =
        Service { path, start: None, mono: Mono::FIRST, findings: BTreeMap::new(), kept: BTreeMap::new() };
    let mut stream = Stream::new(plan.clone());
    let (mut messages, mut labels) = (0, Vec::new());
    while let Some(message) = stream.next() {
        labels.append(&mut stream.take_labels());
        messages += 1;
        service.pass_time(message.at);
        let now = service.now();
        if message.is_trap {
            let (_, _reply) = service.path.snmp(&message.bytes, message.from, now);
        } else {
            service.path.syslog(&message.bytes, message.from, now);
        }
        service.drain();
    }
    Ok(Played { messages, findings: service.findings.into_values().collect(), labels })
}

struct Service {
    path: Path,
    start: Option<Wall>,
    mono: Mono,
    /// By time and identity.
    findings: BTreeMap<(Wall, String), Finding>,
    /// Records that had to make room, as the store would have them.
    kept: BTreeMap<Vec<u8>, AccountRecord>,
}

impl Service {
    fn now(&self) -> Now {
        let wall = self.start.unwrap_or_default().plus(self.mono.since(Mono::FIRST));
        Now { mono: self.mono, wall, synchronised: true }
    }

    fn pass_time(&mut self, until: Wall) {
        let start = *self.start.get_or_insert_with(|| {
            self.path.engine.begin(Mono::FIRST);
            until
        });
        let until = Mono::FIRST + if until > start { until.distance(start) } else { Span::ZERO };
        while let Some(due) = self.path.deadline().filter(|due| *due <= until) {
            self.mono = self.mono.max(due);
            let now = self.now();
            self.path.tick(now);
            self.drain();
        }
        self.mono = self.mono.max(until);
    }

    fn drain(&mut self) {
        while let Some(action) = self.path.engine.next_action() {
            match action {
                // One that a storm's digest counts is found as well.
                Action::Tell(alert, _) | Action::Hold(alert, _) | Action::Announce(alert) => self.note(&alert),
                Action::Keep(record) => drop(self.kept.insert(record.key(), *record)),
                Action::Forget(gone) => drop(self.kept.remove(&gone.key())),
                Action::Discard(key) | Action::Move(key, _) => drop(self.kept.remove(&key)),
                Action::Recall(account) => {
                    let now = self.now();
                    if let Some(record) = self.kept.remove(&account.key()) {
                        self.path.engine.recall(record, now);
                    }
                }
            }
        }
    }

    fn note(&mut self, alert: &Alert) {
        let told_at = self.now().wall;
        let account = || alert.account.as_ref().map(ToString::to_string).unwrap_or_default();
        let finding = self.findings.entry((alert.raised_at, alert.id.to_string())).or_insert_with(|| Finding {
            kind: alert.kind.as_str(),
            raised_at: alert.raised_at,
            told_at: Vec::new(),
            severity: alert.severity,
            account: account(),
            sources: Vec::new(),
            summary: alert.summary.to_string(),
        });
        if alert.state != State::Cleared {
            finding.told_at.push(told_at);
        }
        finding.severity = finding.severity.max(alert.severity);
        for source in alert.sources.iter().map(ToString::to_string) {
            if !finding.sources.contains(&source) {
                finding.sources.push(source);
            }
        }
    }
}
