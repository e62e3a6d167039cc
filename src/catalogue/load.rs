//! From a catalogue file's text to a pack, or everything that is wrong with it, each with its line.

use core::ops::Range;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer};

use crate::catalogue::file::{Entry, NotificationEntry, Pack, TestLine};

/// A file while it is read.
pub(super) struct Source<'f> {
    name: &'f str,
    text: &'f str,
    problems: Vec<(usize, String)>,
}

impl<'f> Source<'f> {
    /// # Errors
    /// Every problem, in the order of the file.
    pub(super) fn read(name: &'f str, text: &'f str) -> Result<Pack, Vec<String>> {
        let mut source = Self { name, text, problems: Vec::new() };
        let mut pack = source.pack();
        if let Some(pack) = &mut pack {
            for (line, problem) in pack.prepare() {
                source.note(line, &problem);
            }
        }
        match pack {
            Some(pack) if source.problems.is_empty() => Ok(pack),
            Some(_) | None => Err(source.into_problems()),
        }
    }

    fn into_problems(mut self) -> Vec<String> {
        self.problems.sort();
        let name = self.name;
        self.problems.into_iter().map(|(line, problem)| format!("{name}:{line}: {problem}")).collect()
    }

    fn note(&mut self, line: usize, problem: &str) {
        self.problems.push((line, problem.to_owned()));
    }

    fn line(&self, span: &Range<usize>) -> usize {
        1 + self.text.bytes().take(span.start).filter(|&byte| byte == b'\n').count()
    }

    /// The pack, as far as it can be read; `None` if its head cannot.
    fn pack(&mut self) -> Option<Pack> {
        let (document, errors) = DeTable::parse_recoverable(self.text);
        for error in &errors {
            let line = self.line(&error.span().unwrap_or_default());
            self.note(line, error.message());
        }
        if !errors.is_empty() {
            return None;
        }
        let span = document.span();
        let mut top = document.into_inner();
        let entries = self.list(&mut top, "entry", |entry: &mut Entry, lines| entry.lines = lines);
        let tests = self.list(&mut top, "test", |test: &mut TestLine, lines| test.lines = lines);
        let notifications =
            self.list(&mut top, "notification", |known: &mut NotificationEntry, lines| known.lines = lines);
        let mut pack: Pack = self.table(Spanned::new(span, top), "pack")?;
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
            self.note(line, &format!("{name}: is not a list of tables; write [[{name}]]"));
            return Vec::new();
        };
        let mut read = Vec::new();
        for item in items {
            let span = item.span();
            let lines = self.lines(&item);
            let DeValue::Table(table) = item.into_inner() else {
                self.note(lines.start, &format!("{name}: is not a table; write [[{name}]]"));
                continue;
            };
            if let Some(mut item) = self.table(Spanned::new(span, table), name) {
                place(&mut item, lines);
                read.push(item);
            }
        }
        read
    }

    fn lines(&self, item: &Spanned<DeValue<'_>>) -> Lines {
        let keys = item.get_ref().as_table().into_iter().flat_map(|table| table.iter());
        let keys = keys.map(|(key, _)| (key.get_ref().to_string(), self.line(&key.span()))).collect();
        Lines { start: self.line(&item.span()), keys }
    }

    /// One table. Each key that cannot be read is noted and left out, so that the next one shows its problem, too.
    fn table<T: DeserializeOwned>(&mut self, mut table: Spanned<DeTable<'_>>, what: &str) -> Option<T> {
        let before = self.problems.len();
        loop {
            let error = match T::deserialize(Deserializer::from(table.clone())) {
                Ok(read) => return (self.problems.len() == before).then_some(read),
                Err(error) => error,
            };
            let at = error.span().unwrap_or_default();
            let holds = |span: Range<usize>| span.contains(&at.start) && at.end <= span.end;
            let wrong = table.get_ref().iter().find(|(key, value)| holds(key.span()) || holds(value.span()));
            let Some(key) = wrong.map(|(key, _)| key.get_ref().to_string()) else {
                // A key that is missing only because it could not be read was noted already.
                if self.problems.len() == before {
                    self.note(self.line(&table.span()), &format!("{what}: {}", error.message()));
                }
                return None;
            };
            let message = error.message();
            let named = if message.contains(&format!("`{key}`")) { String::new() } else { format!("{key}: ") };
            self.note(self.line(&at), &format!("{what}: {named}{message}"));
            table.get_mut().remove(key.as_str());
        }
    }
}

/// Where a table and its keys stand, from 1.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    start: usize,
    keys: Vec<(String, usize)>,
}

impl Lines {
    /// The line of this key, or of the table if it is not there.
    pub(crate) fn of(&self, key: &str) -> usize {
        self.keys.iter().find(|(known, _)| known == key).map_or(self.start, |&(_, line)| line)
    }
}
