//! From a catalogue file's text to a pack, and everything that is wrong with it, each with its line. One mistake hides no other: a key
//! that cannot be read is left out, or stands for a value that says nothing, and what follows from that alone is not reported.

use core::ops::Range;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer};

use crate::catalogue::file::{Entry, NotificationEntry, Pack, TestLine};

/// A file while it is read.
pub(super) struct Source<'f> {
    name: &'f str,
    text: &'f str,
    /// Where its lines end, in bytes: nearly every key is asked for its line.
    line_ends: Vec<usize>,
    problems: Vec<(usize, String)>,
    /// Whether only unknown keys were left out.
    is_sound: bool,
}

impl<'f> Source<'f> {
    /// The pack and every problem, in the order of the file. There is a pack if nothing is wrong but keys that nobody knows: then it
    /// means what it would without them, and its test lines can be tried.
    pub(super) fn read(name: &'f str, text: &'f str) -> (Option<Pack>, Vec<String>) {
        let line_ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at).collect();
        let mut source = Self { name, text, line_ends, problems: Vec::new(), is_sound: true };
        let mut pack = source.pack();
        if let Some(pack) = &mut pack {
            for (line, problem) in pack.prepare() {
                source.note(line, &problem);
                source.is_sound = false;
            }
        }
        (pack.filter(|_| source.is_sound), source.into_problems())
    }

    fn into_problems(mut self) -> Vec<String> {
        self.problems.sort();
        let name = self.name;
        self.problems.into_iter().map(|(line, problem)| format!("{name}:{line}: {problem}")).collect()
    }

    /// Notes what leaves the pack without a meaning.
    fn spoil(&mut self, line: usize, problem: &str) {
        self.is_sound = false;
        self.note(line, problem);
    }

    fn note(&mut self, line: usize, problem: &str) {
        self.problems.push((line, problem.to_owned()));
    }

    fn line(&self, span: &Range<usize>) -> usize {
        1 + self.line_ends.partition_point(|&end| end < span.start)
    }

    /// The pack, as far as it can be read; `None` if its head cannot.
    fn pack(&mut self) -> Option<Pack> {
        let (document, errors) = DeTable::parse_recoverable(self.text);
        for error in &errors {
            let line = self.line(&error.span().unwrap_or_default());
            self.note(line, error.message());
        }
        if !errors.is_empty() {
            self.is_sound = false;
            return None;
        }
        let span = document.span();
        let mut top = document.into_inner();
        let entries = self.list(&mut top, "entry", |entry: &mut Entry, lines| entry.lines = lines);
        let tests = self.list(&mut top, "test", |test: &mut TestLine, lines| test.lines = lines);
        let notifications =
            self.list(&mut top, "notification", |known: &mut NotificationEntry, lines| known.lines = lines);
        let (mut pack, _): (Pack, _) = self.table(Spanned::new(span, top), "pack")?;
        (pack.entry, pack.test, pack.notification) = (entries, tests, notifications);
        Some(pack)
    }

    /// The tables `[[name]]`, taken out of `top`. Those that cannot be read are noted and left out.
    fn list<T: DeserializeOwned>(
        &mut self,
        top: &mut DeTable<'_>,
        name: &str,
        place: impl Fn(&mut T, Lines),
    ) -> Vec<T> {
        let Some(value) = top.remove(name) else { return Vec::new() };
        let line = self.line(&value.span());
        let DeValue::Array(items) = value.into_inner() else {
            self.spoil(line, &format!("{name}: is not a list of tables; write [[{name}]]"));
            return Vec::new();
        };
        let mut read = Vec::new();
        for item in items {
            let span = item.span();
            let lines = self.lines(&item);
            let DeValue::Table(table) = item.into_inner() else {
                self.spoil(lines.start, &format!("{name}: is not a table; write [[{name}]]"));
                continue;
            };
            if let Some((mut item, spoiled)) = self.table(Spanned::new(span, table), name) {
                place(&mut item, Lines { spoiled, ..lines });
                read.push(item);
            }
        }
        read
    }

    fn lines(&self, item: &Spanned<DeValue<'_>>) -> Lines {
        let keys = item.get_ref().as_table().into_iter().flat_map(|table| table.iter());
        let keys = keys.map(|(key, _)| (key.get_ref().to_string(), self.line(&key.span()))).collect();
        Lines { start: self.line(&item.span()), keys, spoiled: Vec::new() }
    }

    /// One table, and the keys whose values cannot be read or are missing. Each is noted and left out, or has a value in its place that
    /// says nothing, so that the next one shows its problem, too.
    fn table<T: DeserializeOwned>(&mut self, mut table: Spanned<DeTable<'_>>, what: &str) -> Option<(T, Vec<String>)> {
        let mut spoiled = Vec::new();
        loop {
            let error = match T::deserialize(Deserializer::from(table.clone())) {
                Ok(read) => return Some((read, spoiled)),
                Err(error) => error,
            };
            let message = error.message();
            let at = error.span().unwrap_or_default();
            let holds = |span: Range<usize>| span.contains(&at.start) && at.end <= span.end;
            let wrong = table.get_ref().iter().find(|(key, value)| holds(key.span()) || holds(value.span()));
            let (key, line) = match wrong.map(|(key, _)| key.get_ref().to_string()) {
                Some(key) => (key, self.line(&at)),
                None => (missing(message).unwrap_or_default().to_owned(), self.line(&table.span())),
            };
            let named = if key.is_empty() || message.contains(&format!("`{key}`")) {
                String::new()
            } else {
                format!("{key}: ")
            };
            let problem = format!("{what}: {named}{message}");
            let was_there = table.get_mut().remove(key.as_str()).is_some();
            // Inside of a list or a table, it is the value that cannot be read.
            if was_there && message.starts_with(&format!("unknown field `{key}`")) {
                self.note(line, &problem);
                continue;
            }
            self.spoil(line, &problem);
            let nothing = meaningless(&key).filter(|_| !spoiled.contains(&key));
            spoiled.push(key.clone());
            let nothing = match nothing {
                Some(nothing) => Spanned::new(table.span(), DeValue::String(nothing.into())),
                // Neither can it be left out nor replaced.
                None if missing(message).is_some() => return None,
                None => continue,
            };
            table.get_mut().insert(Spanned::new(0..0, key.into()), nothing);
        }
    }
}

/// The key that is missing, if that is what the deserializer says.
fn missing(message: &str) -> Option<&str> {
    message.strip_prefix("missing field `")?.strip_suffix('`')
}

/// What stands in the place of a value that must be there and cannot be read.
fn meaningless(key: &str) -> Option<&'static str> {
    match key {
        "meaning" => Some("never"),
        "realm" => Some("unix"),
        "pack" | "family" | "line" => Some(""),
        "oid" => Some("1.3"),
        _ => None,
    }
}

/// Where a table and its keys stand, from 1.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    start: usize,
    keys: Vec<(String, usize)>,
    /// Those whose values could not be read.
    spoiled: Vec<String>,
}

impl Lines {
    /// The line of this key, or of the table if it is not there.
    pub(crate) fn of(&self, key: &str) -> usize {
        self.keys.iter().find(|(known, _)| known == key).map_or(self.start, |&(_, line)| line)
    }

    /// Whether the value of one of these keys could not be read: what is wrong with an entry may only follow from that.
    pub(crate) fn lacks(&self, keys: &[&str]) -> bool {
        self.spoiled.iter().any(|spoiled| keys.contains(&spoiled.as_str()))
    }

    /// Whether every value could be read.
    pub(crate) const fn are_whole(&self) -> bool {
        self.spoiled.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use crate::catalogue::Catalogue;

    const DOORS: &str = r#"pack = "doors"
realm = "unix"

[[entry]]
family = "DOOR-wrong-code"
program = ["doord"]
literal = ["wrong code"]
pattern = '''wrong code of (?P<account>\S+)'''
meaning = "failure"

[[test]]
line = "<38>Jan 15 09:31:00 door1 doord: wrong code of jdoe"
meaning = "failure"
account = "jdoe"
"#;

    /// The problems of this pack, each up to its first comma.
    fn problems(text: &str) -> Vec<String> {
        let problems = Catalogue::with_files(&[("doors.toml", text)]).map(|_| ()).err().unwrap_or_default();
        problems.iter().map(|problem| problem.split(", expected").next().unwrap_or_default().to_owned()).collect()
    }

    #[test]
    fn an_unknown_key_hides_neither_a_wrong_pattern_nor_a_test_line_that_does_not_hold() {
        assert_eq!(problems(DOORS), [""; 0]);
        let unknown = DOORS
            .replace("realm = \"unix\"", "realm = \"unix\"\ncolour = \"red\"")
            .replace("program", "shape = 1\nprogram");
        let two = ["doors.toml:3: pack: unknown field `colour`", "doors.toml:7: entry: unknown field `shape`"];
        assert_eq!(problems(&unknown), two);
        let and_untrue = unknown.replace("account = \"jdoe\"", "account = \"root\"");
        let untrue = "doors.toml:16: test: account: \"root\" is expected";
        assert_eq!(problems(&and_untrue)[..2], two);
        assert!(problems(&and_untrue)[2].starts_with(untrue), "{:?}", problems(&and_untrue));
        let dead = "doors.toml:10: entry DOOR-wrong-code: pattern: can never match";
        assert_eq!(
            problems(&unknown.replace("wrong code of (", r"wrong\bcode of (")),
            [two[0], two[1], EXCLUDED, dead]
        );
        let and_meaning =
            unknown.replace("meaning = \"failure\"\n\n", "reason = \"platform\"\nmeaning = \"failure\"\n\n");
        let reason = "doors.toml:11: entry DOOR-wrong-code: reason: only a lockout has one";
        assert_eq!(problems(&and_meaning), [two[0], two[1], reason]);
    }

    const EXCLUDED: &str = "doors.toml:9: entry DOOR-wrong-code: literal: \"wrong code\" stands in no text that the pattern describes: \
         together they never match";

    #[test]
    fn a_value_that_cannot_be_read_hides_no_other_mistake_and_nothing_is_said_that_follows_from_it() {
        let spoiled = DOORS
            .replace("realm = \"unix\"", "realm = \"unicks\"")
            .replace("literal = [\"wrong code\"]", "literal = 7")
            .replace("meaning = \"failure\"\n\n", "meaning = \"failur\"\n\n")
            .replace("wrong code of (", "wrong$ code of (")
            .replace("line = ", "lines = ");
        assert_eq!(
            problems(&spoiled),
            [
                "doors.toml:2: pack: realm: unknown variant `unicks`",
                "doors.toml:7: entry: literal: invalid type: integer `7`",
                "doors.toml:8: entry DOOR-wrong-code: pattern: can never match",
                "doors.toml:9: entry: meaning: unknown variant `failur`",
                "doors.toml:11: test: missing field `line`",
                "doors.toml:12: test: unknown field `lines`",
            ]
        );
        let in_condition =
            DOORS.replace("meaning = \"failure\"\n\n", "meaning = \"failure\"\nwhen = [{ feld = \"x\" }]\n\n");
        assert_eq!(problems(&in_condition), ["doors.toml:10: entry: when: unknown field `feld`"]);
    }

    #[test]
    fn a_literal_that_the_pattern_excludes_is_said() {
        let excluded = DOORS.replace("literal = [\"wrong code\"]", "literal = [\"wrong code\", \"code: \"]");
        let said = "doors.toml:7: entry DOOR-wrong-code: literal: \"code: \" stands in no text that the pattern describes: together they \
                    never match";
        assert_eq!(problems(&excluded), [said]);
    }

    #[test]
    fn a_mistake_in_one_file_does_not_hide_those_of_another() {
        let broken = DOORS.replace("pack = \"doors\"", "pack = \"gates\"").replace("\\S+)", "");
        let untrue = DOORS.replace("account = \"jdoe\"", "account = \"root\"");
        let all = Catalogue::with_files(&[("a.toml", &broken), ("b.toml", &untrue)]).map(|_| ()).unwrap_err();
        assert_eq!(
            all,
            [
                "a.toml:8: entry DOOR-wrong-code: pattern: is not a pattern: unclosed group",
                "b.toml:14: test: account: \"root\" is expected, the line gives \"jdoe\"",
            ]
        );
    }
}
