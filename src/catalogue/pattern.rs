//! Patterns for text without a form, bounded in size and time.
//!
//! A pattern describes the whole text: what a stranger put into a user name cannot begin or end a match. The engine is linear in
//! the text (no backtracking without a bound), its program is at most [`LARGEST`] bytes, and no text longer than [`LONGEST`] is
//! read. Classes and `(?i)` are those of ASCII; `.` stands for any byte.

use core::cell::Cell;
use core::fmt;

use regex::bytes::{CaptureLocations, Regex, RegexBuilder};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::Hir;

use crate::catalogue::relation;

/// A longer text is not compared with patterns, in bytes.
pub(crate) const LONGEST: usize = 8 * 1024;
/// Named groups of one pattern.
pub(crate) const GROUPS: usize = 12;
/// A compiled pattern, in bytes. The time for one text is at most proportional to this times the text's length.
const LARGEST: usize = 64 * 1024;
/// Groups and repetitions inside each other.
const DEEPEST: u32 = 24;

/// One compiled pattern.
pub(crate) struct Pattern {
    regex: Regex,
    names: Vec<(usize, String)>,
    /// Lent to one comparison at a time, so that none takes memory of its own.
    places: Cell<Option<CaptureLocations>>,
}

/// Reads a pattern as [`Pattern`] matches it.
///
/// # Errors
/// Says what is wrong with it, for the person who wrote it.
pub(super) fn parse(text: &str) -> Result<Hir, String> {
    let mut parser = ParserBuilder::new();
    parser.utf8(false).unicode(false).dot_matches_new_line(true).nest_limit(DEEPEST);
    parser.build().parse(text).map_err(|error| format!("is not a pattern: {}", reason(&error.to_string())))
}

/// What the named groups of a pattern held.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Captured<'a> {
    groups: [(&'a str, &'a str); GROUPS],
}

impl Pattern {
    /// # Errors
    /// Says what is wrong with it, for the person who wrote it.
    pub(crate) fn compile(text: &str) -> Result<Self, String> {
        let parsed = parse(text)?;
        if let Some(least) = parsed.properties().minimum_len().filter(|&least| least > LONGEST) {
            return Err(format!(
                "can never match: it asks for {least} bytes, and no text of more than {LONGEST} is read"
            ));
        }
        let mut whole = RegexBuilder::new(&format!(r"\A(?:{text})\z"));
        whole.unicode(false).dot_matches_new_line(true).size_limit(LARGEST).nest_limit(DEEPEST + 2);
        let regex = whole.build().map_err(|error| {
            if matches!(error, regex::Error::CompiledTooBig(_)) {
                return format!("is too large and would be too slow: more than {LARGEST} bytes compiled; repeat less");
            }
            format!("is not a pattern: {}", reason(&error.to_string()))
        })?;
        if relation::is_dead(&parsed) {
            return Err("can never match".into());
        }
        let named = regex.capture_names().enumerate().filter_map(|(n, name)| Some((n, name?.to_owned())));
        let names: Vec<_> = named.collect();
        if names.len() > GROUPS {
            return Err(format!("has {} named groups; at most {GROUPS} are read", names.len()));
        }
        let places = Cell::new(Some(regex.capture_locations()));
        Ok(Self { regex, names, places })
    }

    /// The names of its groups.
    pub(crate) fn groups(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|(_, name)| name.as_str())
    }

    /// What its groups hold, if it describes this whole text.
    pub(crate) fn captures<'a>(&'a self, text: &'a str) -> Option<Captured<'a>> {
        let mut places = self.places.take().unwrap_or_else(|| self.regex.capture_locations());
        let found = self.regex.captures_read(&mut places, text.as_bytes()).is_some();
        let mut captured = Captured::default();
        for (slot, (n, name)) in captured.groups.iter_mut().zip(&self.names) {
            let part = places.get(*n).and_then(|(start, end)| text.get(start..end));
            *slot = (name, part.unwrap_or_default());
        }
        self.places.set(Some(places));
        found.then_some(captured)
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pattern").field(&self.regex.as_str()).finish()
    }
}

impl<'a> Captured<'a> {
    /// The text of the group of this name; `None` if the pattern has none.
    pub(crate) fn get(&self, name: &str) -> Option<&'a str> {
        self.groups.iter().find(|(known, _)| !known.is_empty() && *known == name).map(|&(_, text)| text)
    }

    /// Each group that holds something.
    pub(crate) fn iter(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.groups.into_iter().filter(|(name, text)| !name.is_empty() && !text.is_empty())
    }
}

/// The last line of the parser's many: what, without the drawing of where.
fn reason(error: &str) -> String {
    let last = error.lines().rfind(|line| !line.trim().is_empty()).unwrap_or(error).trim();
    last.strip_prefix("error: ").unwrap_or(last).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> String {
        Pattern::compile(text).map(|_| ()).unwrap_err()
    }

    #[test]
    fn a_pattern_describes_the_whole_text_and_gives_its_groups() {
        let pattern = Pattern::compile(r"Failed password for (?P<account>.*) from (?P<source>\S+) port \d+").unwrap();
        let groups = |text| pattern.captures(text).map(|found| found.iter().collect::<Vec<_>>());
        let said = groups("Failed password for jdoe from 192.0.2.20 port 22");
        assert_eq!(said, Some(vec![("account", "jdoe"), ("source", "192.0.2.20")]));
        let forged = groups("Failed password for root from 198.51.100.9 port 1 from 192.0.2.20 port 22");
        assert_eq!(forged, Some(vec![("account", "root from 198.51.100.9 port 1"), ("source", "192.0.2.20")]));
        assert_eq!(groups("said: Failed password for jdoe from 192.0.2.20 port 22"), None);
        assert_eq!(groups("Failed password for jdoe from 192.0.2.20 port 22 and more"), None);
    }

    #[test]
    fn a_group_that_would_cut_a_character_holds_nothing() {
        let pattern = Pattern::compile("(?P<account>..).*").unwrap();
        assert_eq!(pattern.captures("zoë").unwrap().get("account"), Some("zo"));
        assert_eq!(pattern.captures("xëz").unwrap().get("account"), Some(""));
    }

    #[test]
    fn what_can_never_match_is_said() {
        for text in
            ["user$x", "x^y", r"a[^\x00-\xff]", r"(?P<a>x\zy)", "(x^y|b$c)", r"^\bfoo\Bbar\b\b.*\bx\B", r"foo\bbar"]
        {
            assert_eq!(problem(text), "can never match", "{text}");
        }
        for text in ["^x$", "(a|b$c)", "x*^y", ""] {
            assert!(Pattern::compile(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn what_is_longer_than_any_text_that_is_read_is_said() {
        let said = problem("x{8193}");
        assert_eq!(said, "can never match: it asks for 8193 bytes, and no text of more than 8192 is read");
    }

    #[test]
    fn what_is_no_pattern_or_too_large_is_said() {
        assert_eq!(problem("(?P<account>x"), "is not a pattern: unclosed group");
        assert_eq!(problem(r"(x)\1"), "is not a pattern: backreferences are not supported");
        let large = "is too large and would be too slow: more than 65536 bytes compiled; repeat less";
        assert_eq!(problem("((a{1,100}){1,100}){1,100}"), large);
        assert_eq!(problem(r"(\w{1,50}\s?){1,300}"), large);
        let many: String = (0..13).map(|n| format!("(?P<g{n}>x)")).collect();
        assert_eq!(problem(&many), "has 13 named groups; at most 12 are read");
        let deep = format!("{}x{}", "(".repeat(40), ")".repeat(40));
        assert!(problem(&deep).contains("nest"), "{}", problem(&deep));
    }

    #[test]
    fn the_classic_catastrophes_end_at_once() {
        let text = "a".repeat(LONGEST - 1) + "!";
        for pattern in ["(a+)+", "(a|a)*b", "(a|aa)+$", "(.*)(.*)(.*)(.*)(.*)x", "(x+x+)+y", r"(\S+\s?)*z"] {
            assert!(Pattern::compile(pattern).unwrap().captures(&text).is_none(), "{pattern}");
        }
    }
}
