//! The operator's TOML file to a [`Config`], or all problems of the file at once. No I/O: text comes in, paths go out
//! unread.

mod admission;
mod audit;
mod endpoint;
mod forms;
mod keys;
mod mqtt;
mod nms;
mod oid;
mod patterns;
mod policy;
mod problem;
mod receive;
mod reference;
mod relay;
mod response;
mod secret;
mod section;
mod streams;
mod usm;
mod zone;

use std::path::PathBuf;

use toml::de::DeTable;

pub use admission::Admission;
pub use audit::{Audit, Mitel};
pub use endpoint::{Endpoint, Host};
pub use keys::{SECTIONS, keys};
pub use mqtt::{Broker, Credentials, EmbeddedBroker, Identity, Mqtt, MqttVersion, SiteBroker, Tls};
pub use nms::{Nms, NmsIdentity, NmsUser, NotificationKind, SnmpVersion};
pub use problem::Problem;
pub use receive::{Syslog, Traps};
pub use reference::{Form, Key, Presence, SectionRow, Shape, reference_markdown};
pub use relay::{Relay, RelayForm};
pub use response::{HidsVersion, Response};
pub use secret::{Secret, SecretFrom};
pub use streams::{Clients, Limits, SyslogTls};
pub use usm::{Protected, Security, UsmUser};
pub use zone::{NodeZone, ZoneName};

use crate::engine::Settings;
use crate::units::Span;
use section::{Document, Section, file};

/// Everything the operator can set, checked: no field can be wrong. The default is what an empty file means.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// `site`, `[policy]`, `[detect]`, `[[node]]`.
    pub settings: Settings,
    /// `[[node]] time-zone`, of the nodes that have one.
    pub node_zones: Vec<NodeZone>,
    /// `[traps]`.
    pub traps: Traps,
    /// `[syslog]`.
    pub syslog: Syslog,
    /// `[store]`.
    pub store: Store,
    /// `[audit]`.
    pub audit: Audit,
    /// `[[mitel]]`.
    pub mitel: Vec<Mitel>,
    /// `[mqtt]`.
    pub mqtt: Mqtt,
    /// `[[nms]]`.
    pub nms: Vec<Nms>,
    /// `[relay]`; none: received notifications are not passed on.
    pub relay: Option<Relay>,
    /// `[response]`, if there is one.
    pub response: Option<Response>,
    /// `[catalogue] files`: packs that replace a shipped one of the same name, or come on top.
    pub catalogue_files: Vec<PathBuf>,
    /// `[log] level`.
    pub log_level: LogLevel,
}

/// `[store]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    /// Its directory.
    pub path: PathBuf,
    /// How far counters on disk may lag behind.
    pub flush_interval: Span,
    /// How large it may grow, in bytes.
    pub max_bytes: u64,
}

/// The least important lines that are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Something failed.
    Error,
    /// Something is degraded.
    Warn,
    /// What an operator wants to know.
    #[default]
    Info,
    /// What a packet did.
    Debug,
    /// What every step did.
    Trace,
}

impl Config {
    /// Reads the text of the file named `file_name`; the name only appears in problems.
    ///
    /// # Errors
    /// All problems, in the order of the file. Text that is not TOML is one problem, and nothing else is looked at.
    pub fn parse(file_name: &str, text: &str) -> Result<Self, Vec<Problem>> {
        let document = Document::new(file_name, text);
        let config = match DeTable::parse(text) {
            Ok(table) => Self::read(&Section::top(&document, table.get_ref())),
            Err(error) => {
                // The text at the place is not shown: it may be a password without quotes.
                let line = document.line(&error.span().unwrap_or_default());
                let fault = format!("is not TOML: {}", error.message().replace('\n', " "));
                document.add(line, "", String::new(), &fault, "key = value".into(), Some(r#"site = "hq""#.into()));
                Self::default()
            }
        };
        let problems = document.into_problems();
        if problems.is_empty() { Ok(config) } else { Err(problems) }
    }

    fn read(top: &Section<'_>) -> Self {
        let (traps, syslog) = receive::parse(top);
        let (settings, node_zones) = policy::settings(top);
        let receivers = top.sections("nms");
        Self {
            settings,
            node_zones,
            traps,
            syslog,
            store: Store::parse(&top.section("store")),
            audit: Audit::parse(top),
            mitel: Mitel::parse_all(top),
            mqtt: Mqtt::parse(top),
            nms: receivers.iter().filter_map(Nms::parse).collect(),
            relay: Relay::parse(top, &receivers),
            response: Response::parse(top),
            catalogue_files: (top.section("catalogue").list("files", file).unwrap_or_default().into_iter())
                .map(|at| at.value)
                .collect(),
            log_level: top.section("log").read("level", LogLevel::parse).unwrap_or_default(),
        }
    }
}

impl Store {
    /// In the directory that the service was started in.
    pub const PATH: &str = "lockwarden-data";
    /// A balance of flash wear and lost counts.
    pub const FLUSH_INTERVAL: Span = Span::secs(30);
    /// 64 MB: the flash budget of the boards.
    pub const MAX_BYTES: u64 = 64 * Self::MB;

    const MB: u64 = 1_000_000;

    fn parse(section: &Section<'_>) -> Self {
        Self {
            path: section.read("path", file).unwrap_or_else(|| Self::PATH.into()),
            flush_interval: section.number("flush-interval-s").map_or(Self::FLUSH_INTERVAL, |s| Span::secs(s.into())),
            max_bytes: section.number("max-mb").map_or(Self::MAX_BYTES, |mb| u64::from(mb) * Self::MB),
        }
    }
}

impl Default for Store {
    fn default() -> Self {
        Self { path: Self::PATH.into(), flush_interval: Self::FLUSH_INTERVAL, max_bytes: Self::MAX_BYTES }
    }
}

impl LogLevel {
    /// The name in the file.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Error, Self::Warn, Self::Info, Self::Debug, Self::Trace].into_iter().find(|level| level.as_str() == text)
    }
}

#[cfg(test)]
mod tests;
