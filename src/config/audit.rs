//! `[audit]`: how long the audit log is; `[[mitel]]`: the controllers whose logs are read.

use super::endpoint::Endpoint;
use super::policy::label;
use super::section::Section;
use super::zone::ZoneName;
use crate::event::Label;

/// `[audit]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Audit {
    /// Records that are kept.
    pub records: usize,
}

impl Audit {
    /// As many as the Mitel 3300 keeps.
    pub const RECORDS: usize = 2_000;

    pub(super) fn parse(top: &Section<'_>) -> Self {
        let records = top.section("audit").number("records").and_then(|n| usize::try_from(n).ok());
        Self { records: records.unwrap_or(Self::RECORDS) }
    }
}

impl Default for Audit {
    fn default() -> Self {
        Self { records: Self::RECORDS }
    }
}

/// One `[[mitel]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mitel {
    /// Where its maintenance log is sent from.
    pub endpoint: Endpoint,
    /// The controller's name.
    pub name: Label,
    /// The cluster that its accounts belong to; none: its name.
    pub cluster: Option<Label>,
    /// The zone of its clock; none: UTC.
    pub zone: Option<ZoneName>,
}

impl Mitel {
    /// The text socket of the 3300's maintenance logs.
    pub const PORT: u16 = 1_751;

    pub(super) fn parse_all(top: &Section<'_>) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for section in top.sections("mitel") {
            let Some(controller) = Self::parse(&section) else { continue };
            let same = |other: &Self| other.name.as_str().eq_ignore_ascii_case(controller.name.as_str());
            if all.iter().any(same) {
                section.refuse("name", "is the name of a controller above", "each name once", None);
            }
            if all.iter().any(|other| other.endpoint == controller.endpoint) {
                section.refuse("address", "is the address of a controller above", "each address once", None);
            }
            all.push(controller);
        }
        all
    }

    fn parse(section: &Section<'_>) -> Option<Self> {
        section.require("address", &[]);
        let endpoint = section.read("address", |text| Endpoint::parse(text, Self::PORT));
        let name = section.read("name", label);
        let cluster = section.read("cluster", label);
        let zone = section.read("time-zone", ZoneName::parse);
        let endpoint = endpoint?;
        // Without a name it is known by its address.
        let name = name.unwrap_or_else(|| Label::from_wire(&endpoint.host.to_string()));
        Some(Self { endpoint, name, cluster, zone })
    }
}
