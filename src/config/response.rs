//! `[response]`: a program that is run for alerts, with the arguments of HP-UX HIDS' response programs.

use std::path::PathBuf;

use super::section::{Section, file};
use crate::alert::Kind;
use crate::units::Span;

/// `[response]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The program.
    pub program: PathBuf,
    /// Which arguments it gets.
    pub version: HidsVersion,
    /// It is ended if it takes longer.
    pub timeout: Span,
    /// The alerts that it is run for.
    pub kinds: Vec<Kind>,
}

/// Which HIDS the program was written for: an argument means other things by version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HidsVersion {
    /// HIDS 2 and 3.
    V2,
    /// HIDS 4.
    V3,
}

impl Response {
    /// How long a program may take.
    pub const TIMEOUT: Span = Span::secs(30);

    /// `None` without the section, or if the program is missing, which is noted.
    pub(super) fn parse(top: &Section<'_>) -> Option<Self> {
        let section = top.section("response");
        if !section.is_there() {
            return None;
        }
        section.require("program", &[]);
        let known = |text: &str| Kind::ALL.iter().find(|kind| kind.as_str() == text).copied();
        let kinds = section.list("kinds", known).map(|list| list.into_iter().map(|at| at.value).collect());
        Some(Self {
            version: if section.number("version") == Some(2) { HidsVersion::V2 } else { HidsVersion::V3 },
            timeout: section.number("timeout-s").map_or(Self::TIMEOUT, |s| Span::secs(u64::from(s))),
            kinds: kinds.unwrap_or_else(|| vec![Kind::RepeatedFailures, Kind::FailedSu]),
            program: section.read("program", file)?,
        })
    }
}
