//! The mutants that no test notices, each with the reason.

use std::collections::{BTreeMap, BTreeSet};

use super::trial::End;

/// Groups of names under a reason: lines that begin with `#`. An empty line ends a group.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct List(BTreeSet<String>);

impl List {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (mut names, mut has_reason) = (BTreeSet::new(), false);
        for (n, line) in text.lines().enumerate() {
            if line.is_empty() || line.starts_with('#') {
                has_reason = !line.is_empty();
            } else if !has_reason {
                return Err(format!("line {}: a name without a reason above it", n + 1));
            } else if !names.insert(line.to_owned()) {
                return Err(format!("line {}: {line} stands there twice", n + 1));
            }
        }
        Ok(Self(names))
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains(name)
    }

    /// What the list and the run do not agree on; `all`: everything was tried.
    pub(super) fn wrong(&self, ends: &BTreeMap<String, End>, known: &BTreeSet<&str>, all: bool) -> Vec<String> {
        let survivors = ends.iter().filter(|(name, end)| **end == End::Survived && !self.has(name));
        let unexplained = survivors.map(|(name, _)| format!("not noticed: {name}"));
        let listed = self.0.iter().filter_map(|name| match ends.get(name) {
            Some(End::Survived) => None,
            Some(End::Noticed | End::Late) => Some(format!("noticed, although in the list: {name}")),
            None if all && !known.contains(name.as_str()) => Some(format!("in the list, but there is none: {name}")),
            None => None,
        });
        unexplained.chain(listed).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_explains_each_survivor_and_names_nothing_else() {
        let list =
            List::parse("# The same either way.\na.rs: f: x\na.rs: f: y\n\n# Only speed.\nb.rs: g: z\n").unwrap();
        let ends = [("a.rs: f: x", End::Survived), ("a.rs: f: y", End::Noticed), ("c.rs: h: w", End::Survived)];
        let ends: BTreeMap<String, End> = ends.map(|(name, end)| (name.to_owned(), end)).into();
        let known = BTreeSet::from(["a.rs: f: x", "a.rs: f: y", "c.rs: h: w"]);
        let (new, noticed) = ("not noticed: c.rs: h: w", "noticed, although in the list: a.rs: f: y");
        assert_eq!(list.wrong(&ends, &known, true), [new, noticed, "in the list, but there is none: b.rs: g: z"]);
        assert_eq!(list.wrong(&ends, &known, false), [new, noticed]);
    }

    #[test]
    fn every_name_has_a_reason() {
        let error = |text| List::parse(text).unwrap_err();
        assert_eq!(error("# Why.\na\n\nb\n"), "line 4: a name without a reason above it");
        assert_eq!(error("# Why.\na\na\n"), "line 3: a stands there twice");
    }
}
