//! One thing that is wrong in the operator's file: where it stands, what was given, what is allowed.

use core::fmt;

use crate::units::is_safe;

/// Characters of a given value that are shown.
const SHOWN: usize = 80;
/// What stands in place of a secret.
pub(super) const HIDDEN: &str = "***";

/// A mistake of the operator's. `Display` is one line:
/// `lockwarden.toml:12: traps.listen: "x" is not an address and port; allowed: address:port, for example
/// "0.0.0.0:1162"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file's name, as it was handed to `Config::parse`.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The dotted path of the key, without list positions; empty if the file is not TOML there.
    pub key: String,
    /// The value in TOML's notation, escaped and cut; `***` for a secret; empty where the mistake is not a value.
    pub given: String,
    /// What is the matter with it: `is not an address and port`.
    pub fault: String,
    /// What would be right.
    pub allowed: String,
    /// A value or line that would be right.
    pub example: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.file, self.line)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        if !self.given.is_empty() {
            write!(f, "{} ", self.given)?;
        }
        write!(f, "{}; allowed: {}", self.fault, self.allowed)?;
        match &self.example {
            Some(example) => write!(f, ", for example {example}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Problem {}

/// `text` in double quotes, safe to show: control and invisible characters escaped, cut after [`SHOWN`] characters,
/// and without the user and password of a URL.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    let text = without_userinfo(text);
    let mut chars = text.chars();
    for c in chars.by_ref().take(SHOWN) {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if is_safe(c) => out.push(c),
            c => out.extend(c.escape_unicode()),
        }
    }
    out.push_str(if chars.next().is_some() { "…\"" } else { "\"" });
    out
}

/// `text` without quotes, otherwise as [`quoted`]: for the names of keys.
pub(super) fn escaped(text: &str) -> String {
    quoted(text).trim_matches('"').to_owned()
}

/// Whatever looks like `user:password@host` keeps its host, with or without a right scheme.
fn without_userinfo(text: &str) -> String {
    match text.rsplit_once('@') {
        Some((before, host)) if before.contains(':') => {
            let scheme = before.split_once("://").map_or(String::new(), |(scheme, _)| format!("{scheme}://"));
            format!("{scheme}{HIDDEN}@{host}")
        }
        Some(_) | None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_given_value_is_escaped_cut_and_free_of_url_passwords() {
        assert_eq!(quoted("a\"b\\c"), r#""a\"b\\c""#);
        assert_eq!(quoted("a\u{1b}[2J\u{202e}b"), r#""a\u{1b}[2J\u{202e}b""#);
        assert_eq!(quoted("mqtt://u:p@ss@broker.example.test"), r#""mqtt://***@broker.example.test""#);
        assert_eq!(quoted("mqtt:/u:p@broker.example.test"), r#""***@broker.example.test""#);
        assert_eq!(quoted("jdoe@example.test"), r#""jdoe@example.test""#);
        assert_eq!(quoted(&"x".repeat(81)), format!("\"{}…\"", "x".repeat(80)));
        assert_eq!(quoted(&"x".repeat(80)), format!("\"{}\"", "x".repeat(80)));
    }
}
