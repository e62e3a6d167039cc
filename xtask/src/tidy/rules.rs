//! What is inspected in a file, and how a finding reads: `file:line: what, why`.

use std::fmt;

use super::path::{module_of, named_paths};
use super::source::{Token, tokens};
use super::table::{BOUNDS, EDITED, ENGINE_REFUSES, EXCEPTIONS, FILE_LINES, LINE_CHARS, MACHINE_PATHS, PLACES, Rule};

/// Something that must not be so.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Finding {
    rule: Rule,
    path: String,
    line: usize,
    what: String,
    why: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}, {}", self.path, self.line, self.what, self.why)
    }
}

/// Everything found in the file at `path` (relative to the top), by line.
pub(super) fn inspect(path: &str, text: &str) -> Vec<Finding> {
    let mut file = File { path, findings: Vec::new() };
    file.lines(text);
    if path.ends_with(".rs") {
        let tokens = tokens(text);
        file.head(text);
        file.words(&tokens);
        file.sleeps(&tokens);
        if !file.is_test() {
            file.length(text, &tokens);
        }
        if path.starts_with("src/") && !file.is_test() {
            file.imports(&tokens);
        }
    }
    file.findings.retain(|finding| !EXCEPTIONS.iter().any(|e| e.rule == finding.rule && path.starts_with(e.at)));
    file.findings.sort_by_key(|finding| finding.line);
    file.findings
}

struct File<'a> {
    path: &'a str,
    findings: Vec<Finding>,
}

impl File<'_> {
    fn report(&mut self, rule: Rule, line: usize, what: impl Into<String>, why: impl Into<String>) {
        self.findings.push(Finding { rule, path: self.path.to_owned(), line, what: what.into(), why: why.into() });
    }

    /// Whether the whole file is test code.
    fn is_test(&self) -> bool {
        let path = self.path;
        path.starts_with("tests/")
            || path.contains("/tests/")
            || path.ends_with("/tests.rs")
            || path.ends_with("_tests.rs")
    }

    fn lines(&mut self, text: &str) {
        let edited = EDITED.iter().any(|ending| self.path.ends_with(ending));
        for (number, line) in (1..).zip(text.lines()) {
            for &place in MACHINE_PATHS.iter().filter(|place| names_place(line, place)) {
                self.report(Rule::MachinePath, number, format!("`{place}`"), "a path of one machine");
            }
            if edited && line.ends_with([' ', '\t']) {
                self.report(Rule::TrailingBlank, number, "trailing blank", "it shows up in the next difference");
            }
            if edited && line.contains('\t') {
                self.report(Rule::Tab, number, "tab", "indentation is blanks; in text it is written \\t");
            }
            let length = line.chars().count();
            // A wire line that a test quotes is as long as it is.
            if self.path.ends_with(".rs") && length > LINE_CHARS && !self.is_test() {
                self.report(Rule::LongLine, number, format!("{length} characters"), format!("at most {LINE_CHARS}"));
            }
        }
    }

    fn head(&mut self, text: &str) {
        let first = text.lines().find(|line| !line.trim().is_empty() && !line.starts_with("#!"));
        if !first.is_some_and(|line| line.starts_with("//!")) {
            self.report(Rule::Head, 1, "no `//!` head", "it says what the file owns and what it refuses");
        }
    }

    /// Only the part before the tests counts, so only what is not under `#[cfg(test)]`.
    fn length(&mut self, text: &str, tokens: &[Token]) {
        let tests = tokens.chunk_by(|a, b| a.test == b.test).filter(|run| run.first().is_some_and(|t| t.test));
        let tests: usize = tests.filter_map(|run| Some(run.last()?.line + 1 - run.first()?.line)).sum();
        let lines = text.lines().count() - tests;
        if lines > FILE_LINES {
            self.report(
                Rule::LongFile,
                FILE_LINES,
                format!("{lines} lines before tests"),
                format!("at most {FILE_LINES}"),
            );
        }
    }

    fn words(&mut self, tokens: &[Token]) {
        let in_engine = module_of(self.path).first().is_some_and(|first| first == "engine");
        for window in tokens.windows(2) {
            let [word, next] = window else { continue };
            let (name, called) = (word.text.as_str(), next.text == "!");
            let test = word.test || self.is_test();
            match name {
                "todo" | "unimplemented" if called => {
                    self.report(Rule::Unfinished, word.line, format!("`{name}!`"), "nothing is left half done");
                }
                "print" | "println" | "eprint" | "eprintln" | "dbg" if called && !test => {
                    let why = "only main.rs and shell/cli speak to the terminal";
                    self.report(Rule::Print, word.line, format!("`{name}!`"), why);
                }
                "allow" if next.text == "(" && in_attribute(word, tokens) => {
                    let why = "`#[expect(…, reason = \"…\")]` goes away when it is no longer needed";
                    self.report(Rule::Allow, word.line, "`allow` attribute", why);
                }
                _ => {}
            }
            let refused = ENGINE_REFUSES
                .iter()
                .find(|(refused, _)| in_engine && self.path.starts_with("src/") && *refused == name);
            if let Some((_, why)) = refused.filter(|_| !test) {
                self.report(Rule::EngineWord, word.line, format!("`{name}` in the engine"), *why);
            }
        }
    }

    fn sleeps(&mut self, tokens: &[Token]) {
        for named in named_paths(self.path, tokens) {
            let mut last = named.segments.iter().rev().map(String::as_str);
            let (function, module) = (last.next().unwrap_or_default(), last.next().unwrap_or_default());
            let sleeps = matches!(module, "thread" | "time") && function.starts_with("sleep");
            if sleeps && (named.test || self.is_test()) {
                let what = format!("`{module}::{function}` in a test");
                self.report(Rule::Sleep, named.line, what, "wait for what is to happen, with a limit");
            }
        }
    }

    fn imports(&mut self, tokens: &[Token]) {
        let place = match self.path {
            "src/lib.rs" => "lib".to_owned(),
            "src/main.rs" => "main".to_owned(),
            _ => module_of(self.path).into_iter().next().unwrap_or_default(),
        };
        let Some(row) = PLACES.iter().find(|row| row.name == place) else {
            let why = "give it a row in xtask/src/tidy/table.rs, and a line in the map of src/lib.rs";
            return self.report(Rule::Import, 1, format!("module `{place}` is not in the table"), why);
        };
        for named in named_paths(self.path, tokens).iter().filter(|named| !named.test) {
            let written = named.segments.join("::");
            let mut segments = named.segments.iter().map(String::as_str);
            if segments.next() == Some("crate") {
                let wanted = segments.next().unwrap_or("*");
                let known = wanted == "*" || PLACES.iter().any(|row| row.name == wanted);
                if known && wanted != row.name && !row.imports.contains(&wanted) {
                    let may = if row.imports.is_empty() { "nothing".to_owned() } else { row.imports.join(", ") };
                    self.report(
                        Rule::Import,
                        named.line,
                        format!("`{written}`"),
                        format!("`{place}` may import {may}"),
                    );
                }
            }
            let bound = BOUNDS.iter().find(|bound| named.reaches(bound.path));
            if let Some(bound) = bound.filter(|bound| !bound.homes.iter().any(|home| self.path.starts_with(home))) {
                self.report(Rule::World, named.line, format!("`{written}`"), bound.why);
            }
        }
    }
}

/// Whether `place` stands in `line` as the beginning of a path, not inside a longer one or an address.
fn names_place(line: &str, place: &str) -> bool {
    line.match_indices(place).any(|(at, _)| {
        let before = line.get(..at).and_then(|head| head.chars().next_back());
        !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '/' | '.' | '-' | '_' | '}'))
    })
}

/// Whether `word` is the whole of an attribute or the second half of a `cfg_attr`.
fn in_attribute(word: &Token, tokens: &[Token]) -> bool {
    let line = || tokens.iter().filter(|t| t.line == word.line).map(|t| t.text.as_str());
    let opens = line().zip(line().skip(1)).any(|(a, b)| a == "[" && b == "allow");
    opens || line().any(|text| text == "cfg_attr")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file with a head and `body`; what is found, as `line: what`.
    fn found(path: &str, body: &str) -> Vec<String> {
        let text = format!("//! A file.\n{body}\n");
        inspect(path, &text).into_iter().map(|f| format!("{}: {}", f.line, f.what)).collect()
    }

    const NOTHING: [&str; 0] = [];

    #[test]
    fn a_finding_says_where_what_and_why() {
        let findings = inspect("src/units.rs", "//! Units.\n\nuse crate::wire::DecodeError;\n");
        let said: Vec<_> = findings.iter().map(ToString::to_string).collect();
        assert_eq!(said, ["src/units.rs:3: `crate::wire::DecodeError`, `units` may import nothing"]);
    }

    #[test]
    fn an_import_that_the_table_does_not_have_is_found() {
        assert_eq!(found("src/wire/snmp.rs", "use crate::engine::Engine;"), ["2: `crate::engine::Engine`"]);
        assert_eq!(found("src/wire/mod.rs", "fn f(e: super::event::Name) {}"), ["2: `crate::event::Name`"]);
        assert_eq!(
            found("src/engine/tally.rs", "use crate::{units::Mono,\n config::Config};"),
            ["3: `crate::config::Config`"]
        );
        assert_eq!(found("src/alert.rs", "use crate::*;"), ["2: `crate::*`"]);
        assert_eq!(found("src/main.rs", "use lockwarden::engine::Engine;"), ["2: `crate::engine::Engine`"]);
        assert_eq!(found("src/util.rs", ""), ["1: module `util` is not in the table"]);
    }

    #[test]
    fn an_import_that_the_table_has_is_not() {
        assert_eq!(
            found("src/engine/tally.rs", "use crate::{units::Mono, engine::Alert}; use super::Config;"),
            NOTHING
        );
        assert_eq!(found("src/shell/run.rs", "use crate::{engine::Engine, store, config::Config};"), NOTHING);
        assert_eq!(found("src/wire/mod.rs", "#[cfg(test)]\nmod tests { use crate::event::Name; }"), NOTHING);
        assert_eq!(found("src/wire/mod.rs", "// use crate::event::Name;\nconst A: &str = \"crate::event\";"), NOTHING);
    }

    #[test]
    fn the_world_is_touched_only_where_it_may_be() {
        let bad = [
            ("src/config/mod.rs", "use std::{fs, net::UdpSocket};", vec!["2: `std::fs`", "2: `std::net::UdpSocket`"]),
            (
                "src/engine/mod.rs",
                "fn f() { std::env::var(\"A\"); std::thread::spawn(g); }",
                vec!["2: `std::env::var`", "2: `std::thread::spawn`"],
            ),
            (
                "src/wire/mod.rs",
                "use std::time::{Duration, Instant, SystemTime};",
                vec!["2: `std::time::Instant`", "2: `std::time::SystemTime`"],
            ),
            (
                "src/store/mod.rs",
                "use tokio::sync::mpsc; use ::sled::Db;",
                vec!["2: `tokio::sync::mpsc`", "2: `sled::Db`"],
            ),
            ("src/shell/mqtt.rs", "use sled::Db; use rumqttc::Packet;", vec!["2: `sled::Db`"]),
            (
                "src/catalogue/mod.rs",
                "use std::sync::Mutex; use rumqttc::Packet;",
                vec!["2: `std::sync::Mutex`", "2: `rumqttc::Packet`"],
            ),
        ];
        for (path, body, expected) in bad {
            assert_eq!(found(path, body), expected, "{path}");
        }
        assert_eq!(found("src/store/disk/mod.rs", "use sled::Db; use std::fs::File; use self::sled::Tree;"), NOTHING);
        assert_eq!(found("src/shell/clock.rs", "use std::time::Instant; use tokio::net::UdpSocket;"), NOTHING);
        assert_eq!(found("src/config/mod.rs", "use core::net::IpAddr; use std::time::Duration;"), NOTHING);
    }

    #[test]
    fn the_engine_has_no_hash_order_lock_or_async() {
        let body = "use std::collections::HashMap;\nasync fn f() { g().await }\nstruct A(RwLock<u8>);";
        assert_eq!(
            found("src/engine/detect.rs", body),
            [
                "2: `HashMap` in the engine",
                "3: `async` in the engine",
                "3: `await` in the engine",
                "4: `RwLock` in the engine"
            ]
        );
        assert_eq!(found("src/catalogue/mod.rs", "use std::collections::HashMap;"), NOTHING);
    }

    #[test]
    fn printing_is_for_the_command_line() {
        assert_eq!(found("src/shell/run.rs", "println!(); eprintln!(\"a\");"), ["2: `println!`", "2: `eprintln!`"]);
        assert_eq!(found("src/shell/cli/health.rs", "println!();"), NOTHING);
        assert_eq!(found("tests/path.rs", "println!();"), NOTHING);
    }

    #[test]
    fn a_lint_is_expected_never_allowed() {
        let body =
            "#[allow(dead_code)]\n#![allow(x)]\n#[cfg_attr(test, allow(y))]\n#[expect(z, reason = \"r\")]\nallow(1);";
        let what = "`allow` attribute";
        assert_eq!(found("src/units.rs", body), [2, 3, 4].map(|line| format!("{line}: {what}")));
    }

    #[test]
    fn nothing_is_left_half_done() {
        let body = "fn f() { todo!() }\nfn g() { unimplemented!(\"later\") }\n// todo!()";
        assert_eq!(found("tests/path.rs", body), ["2: `todo!`", "3: `unimplemented!`"]);
    }

    #[test]
    fn a_path_of_one_machine_is_found_in_every_text() {
        for place in MACHINE_PATHS {
            assert_eq!(found("README.md", &format!("cp x {place}y")), [format!("2: `{place}`")]);
            assert_eq!(found("board/a.toml", &format!("a/b{place}y https://example.test{place}")), NOTHING);
        }
    }

    #[test]
    fn a_test_waits_for_something_never_for_a_time() {
        assert_eq!(found("tests/path.rs", "std::thread::sleep(d);"), ["2: `thread::sleep` in a test"]);
        assert_eq!(found("tests/rig/mod.rs", "use tokio::time::{sleep_until};"), ["2: `time::sleep_until` in a test"]);
        assert_eq!(
            found("src/shell/a.rs", "#[cfg(test)]\nmod tests { fn f() { tokio::time::sleep(d) } }"),
            ["3: `time::sleep` in a test"]
        );
        assert_eq!(found("src/shell/a.rs", "tokio::time::sleep(d);"), NOTHING);
    }

    #[test]
    fn a_line_has_its_bound() {
        assert_eq!(found("src/units.rs", &format!("//{}", "é".repeat(138))), NOTHING);
        assert_eq!(found("src/units.rs", &format!("//{}", "é".repeat(139))), ["2: 141 characters"]);
        assert_eq!(found("README.md", &"x".repeat(300)), NOTHING);
    }

    #[test]
    fn a_file_has_its_bound_before_its_tests() {
        let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}", "fn a() {}\n".repeat(300));
        assert_eq!(found("src/units.rs", &format!("{}{tests}", "fn a() {}\n".repeat(499))), NOTHING);
        assert_eq!(
            found("src/units.rs", &format!("{}{tests}", "fn a() {}\n".repeat(500))),
            ["500: 501 lines before tests"]
        );
        assert_eq!(found("tests/path.rs", &"fn a() {}\n".repeat(600)), NOTHING);
    }

    #[test]
    fn a_file_says_what_it_owns() {
        let whats = |text: &str| inspect("src/units.rs", text).into_iter().map(|f| f.what).collect::<Vec<_>>();
        assert_eq!(whats("use core::fmt;\n"), ["no `//!` head"]);
        assert_eq!(whats(""), ["no `//!` head"]);
        assert_eq!(whats("#![no_main]\n\n//! Units.\n"), NOTHING);
    }

    #[test]
    fn blanks_at_the_end_and_tabs_are_found() {
        assert_eq!(found("src/units.rs", "a \n\tb"), ["2: trailing blank", "3: tab"]);
        assert_eq!(found("tests/lines.tsv", "a\tb "), NOTHING);
    }
}
