//! What really happened: the truth beside the lines, as the bench and a reader need it.

use std::fmt;

use lockwarden::units::Wall;

/// The columns of the file.
pub(super) const HEAD: &str = "from\tto\tkind\tpart\taccount\tsource\tcluster\tseverity\texpected";

/// Something that should be found, or may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Label {
    pub(crate) from: Wall,
    pub(crate) to: Wall,
    /// The published name of the finding.
    pub(crate) kind: &'static str,
    /// What it is part of: the name of an attack, or `people`.
    pub(crate) part: &'static str,
    /// Empty: it is not about one account.
    pub(crate) account: String,
    /// An address; empty: it is not about one source.
    pub(crate) source: String,
    pub(crate) cluster: &'static str,
    /// The least severity; empty: any.
    pub(crate) severity: &'static str,
    /// Whether it is a miss if it is not found; else it is merely no false alarm.
    pub(crate) must: bool,
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, to, kind, part, account, source, cluster, severity, must } = self;
        let expected = if *must { "must" } else { "may" };
        write!(f, "{from}\t{to}\t{kind}\t{part}\t{account}\t{source}\t{cluster}\t{severity}\t{expected}")
    }
}
