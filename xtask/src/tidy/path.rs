//! Every path that a file names, in `use` trees and in code, resolved against the module that the file is.

use super::source::Token;

/// A path as written out: `use a::{b, c}` is two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NamedPath {
    /// Begins with `crate` for the crate's own; a glob ends in `*`.
    pub(super) segments: Vec<String>,
    /// From 1.
    pub(super) line: usize,
    /// Whether it stands under `#[cfg(test)]`.
    pub(super) test: bool,
}

impl NamedPath {
    /// Whether it names `bound`, something in it, or something around it that brings it along (its module, a glob).
    pub(super) fn reaches(&self, bound: &[&str]) -> bool {
        let glob = self.segments.last().is_some_and(|last| last == "*");
        let own = self.segments.len() - usize::from(glob);
        let shared = self.segments.iter().take(own).zip(bound).take_while(|(a, b)| a == b).count();
        // `std::time` brings `Instant` along, `std` alone is not worth a finding.
        shared == bound.len() || (shared == own && (glob || own >= 2))
    }
}

/// The paths of the file at `file`, in the order in which they stand.
pub(super) fn named_paths(file: &str, tokens: &[Token]) -> Vec<NamedPath> {
    let mut walk = Walk { tokens, at: 0, module: module_of(file), blocks: Vec::new(), found: Vec::new() };
    while let Some(token) = walk.token(0) {
        match token.text.as_str() {
            "use" if walk.text(1) != "<" => {
                walk.at += 1;
                walk.tree(&[]);
            }
            "{" => {
                walk.blocks.push(walk.inline_module());
                walk.at += 1;
            }
            "}" => {
                walk.blocks.pop();
                walk.at += 1;
            }
            _ if walk.starts_path() => walk.path(),
            _ => walk.at += 1,
        }
    }
    walk.found
}

/// `src/engine/tally.rs` is `engine::tally`; `src/engine/mod.rs` is `engine`.
pub(super) fn module_of(file: &str) -> Vec<String> {
    let inner = file.strip_prefix("src/").unwrap_or(file);
    let inner = inner.strip_suffix(".rs").unwrap_or(inner);
    let mut module: Vec<String> = inner.split('/').map(str::to_owned).collect();
    if module.last().is_some_and(|last| matches!(last.as_str(), "mod" | "lib" | "main")) {
        module.pop();
    }
    module
}

struct Walk<'a> {
    tokens: &'a [Token],
    at: usize,
    module: Vec<String>,
    /// One for each open brace: the inline module that it opens, if it does.
    blocks: Vec<Option<String>>,
    found: Vec<NamedPath>,
}

impl<'a> Walk<'a> {
    fn token(&self, ahead: usize) -> Option<&'a Token> {
        self.tokens.get(self.at + ahead)
    }

    fn text(&self, ahead: usize) -> &'a str {
        self.token(ahead).map_or("", |t| t.text.as_str())
    }

    fn before(&self, back: usize) -> &'a str {
        self.at.checked_sub(back).and_then(|at| self.tokens.get(at)).map_or("", |t| t.text.as_str())
    }

    fn inline_module(&self) -> Option<String> {
        (self.before(2) == "mod").then(|| self.before(1).to_owned())
    }

    fn starts_path(&self) -> bool {
        let continues = self.before(1) == "::" && (is_name(self.before(2)) || self.before(2) == ">");
        is_name(self.text(0)) && self.text(1) == "::" && self.before(1) != "." && !continues
    }

    /// A path in code, up to its generics or its end.
    fn path(&mut self) {
        let start = self.at;
        let mut segments = vec![self.text(0).to_owned()];
        while self.text(1) == "::" && is_name(self.text(2)) {
            self.at += 2;
            segments.push(self.text(0).to_owned());
        }
        self.at += 1;
        self.record(segments, start);
    }

    /// What follows `use`, or one branch of it.
    fn tree(&mut self, above: &[String]) {
        let start = self.at;
        let mut segments = above.to_vec();
        loop {
            match self.text(0) {
                "" | "," | "}" | ";" => break,
                "{" => {
                    self.at += 1;
                    return self.branches(&segments);
                }
                "as" => self.at += 2,
                "::" => self.at += 1,
                word => {
                    segments.push(word.to_owned());
                    self.at += 1;
                }
            }
        }
        self.record(segments, start);
    }

    fn branches(&mut self, above: &[String]) {
        loop {
            match self.text(0) {
                "" | ";" => return,
                "}" => {
                    self.at += 1;
                    return;
                }
                "," => self.at += 1,
                _ => self.tree(above),
            }
        }
    }

    fn record(&mut self, mut segments: Vec<String>, start: usize) {
        if segments.len() > 1 && segments.last().is_some_and(|last| last == "self") {
            segments.pop();
        }
        let Some(token) = self.tokens.get(start) else { return };
        self.found.push(NamedPath { segments: self.resolved(segments), line: token.line, test: token.test });
    }

    fn resolved(&self, segments: Vec<String>) -> Vec<String> {
        let mut module: Vec<String> = self.module.iter().chain(self.blocks.iter().flatten()).cloned().collect();
        let mut rest = segments.iter().peekable();
        match rest.peek().map(|s| s.as_str()) {
            Some("crate" | "lockwarden") => {
                rest.next();
                module.clear();
            }
            Some("self" | "super") => {
                while let Some(step) = rest.next_if(|s| matches!(s.as_str(), "self" | "super")) {
                    if step == "super" {
                        module.pop();
                    }
                }
            }
            _ => return segments,
        }
        std::iter::once("crate".to_owned()).chain(module).chain(rest.cloned()).collect()
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::super::source::tokens;
    use super::*;

    fn paths(file: &str, text: &str) -> Vec<String> {
        named_paths(file, &tokens(text)).into_iter().map(|p| p.segments.join("::")).collect()
    }

    #[test]
    fn a_use_tree_is_written_out() {
        assert_eq!(
            paths("src/units.rs", "use std::{fmt::{self, Write as _}, io::*};\nuse tokio;"),
            ["std::fmt", "std::fmt::Write", "std::io::*", "tokio"]
        );
    }

    #[test]
    fn paths_in_code_are_found_and_methods_are_not() {
        assert_eq!(
            paths(
                "src/units.rs",
                "let a = ::std::fs::read(x.y::<u8>()); B::<u8>::c(); <D as E>::f(); $crate::units::G"
            ),
            ["std::fs::read", "B", "crate::units::G"]
        );
    }

    #[test]
    fn self_and_super_lead_to_the_module_they_mean() {
        assert_eq!(
            paths("src/engine/tally.rs", "use super::{a}; use super::super::wire::B; use self::c;"),
            ["crate::engine::a", "crate::wire::B", "crate::engine::tally::c"]
        );
        assert_eq!(
            paths("src/engine/mod.rs", "use super::wire::B; mod m { use super::d; }"),
            ["crate::wire::B", "crate::engine::d"]
        );
        assert_eq!(paths("src/main.rs", "use lockwarden::shell;"), ["crate::shell"]);
    }

    #[test]
    fn a_bound_is_reached_by_itself_its_parts_its_module_and_globs() {
        let reaches = |text: &str| {
            named_paths("src/units.rs", &tokens(text)).iter().any(|p| p.reaches(&["std", "time", "Instant"]))
        };
        let bad = [
            "use std::time::Instant;",
            "std::time::Instant::now()",
            "use std::time;",
            "use std::time::*;",
            "use std::*;",
        ];
        assert_eq!(bad.map(reaches), [true; 5]);
        assert_eq!(["use std::time::Duration;", "use std::fmt;", "use std;"].map(reaches), [false; 3]);
    }
}
