//! Reads the spanned TOML document by section and key, and notes every problem on the way instead of stopping at the
//! first. What a key allows comes from its row in `keys.rs`.

use core::net::SocketAddr;
use std::cell::RefCell;
use std::ops::Range;
use std::path::PathBuf;

use toml::de::{DeTable, DeValue};

use super::problem::{HIDDEN, Problem, escaped, quoted};
use super::reference::{Form, Key, Shape, foreign, key, names_in};
use super::secret::{Secret, SecretFrom};

/// The file and what was found wrong in it so far.
pub(super) struct Document<'d> {
    file: &'d str,
    text: &'d str,
    problems: RefCell<Vec<Problem>>,
}

/// A list's item and where it stands.
pub(super) struct At<T> {
    pub(super) line: usize,
    pub(super) given: String,
    pub(super) value: T,
}

/// One section of the file; one that is not there reads as empty.
pub(super) struct Section<'d> {
    document: &'d Document<'d>,
    path: String,
    line: usize,
    table: Option<&'d DeTable<'d>>,
}

impl<'d> Document<'d> {
    pub(super) const fn new(file: &'d str, text: &'d str) -> Self {
        Self { file, text, problems: RefCell::new(Vec::new()) }
    }

    /// Everything that is wrong, in the order of the file.
    pub(super) fn into_problems(self) -> Vec<Problem> {
        let mut problems = self.problems.into_inner();
        problems.sort_by_key(|problem| problem.line);
        problems
    }

    /// The line of a byte position, from 1.
    pub(super) fn line(&self, span: &Range<usize>) -> usize {
        1 + self.text.bytes().take(span.start).filter(|&byte| byte == b'\n').count()
    }

    pub(super) fn add(
        &self,
        line: usize,
        key: &str,
        given: String,
        fault: &str,
        allowed: String,
        example: Option<String>,
    ) {
        let (file, key, fault) = (self.file.to_owned(), key.to_owned(), fault.to_owned());
        self.problems.borrow_mut().push(Problem { file, line, key, given, fault, allowed, example });
    }
}

impl<'d> Section<'d> {
    /// The top of the file.
    pub(super) fn top(document: &'d Document<'d>, table: &'d DeTable<'d>) -> Self {
        Self::open(document, String::new(), 1, Some(table))
    }

    fn open(document: &'d Document<'d>, path: String, line: usize, table: Option<&'d DeTable<'d>>) -> Self {
        let section = Self { document, path, line, table };
        section.note_unknown_keys();
        section
    }

    fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    fn find(&self, name: &str) -> Option<(usize, &'d DeValue<'d>)> {
        let value = self.table?.get(name)?;
        Some((self.document.line(&value.span()), value.get_ref()))
    }

    /// Whether the key is in the file, right or wrong.
    pub(super) fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// The string at `name` as it stands, for what looks at another section's key; nothing is noted.
    pub(super) fn text(&self, name: &str) -> Option<&'d str> {
        self.find(name)?.1.as_str()
    }

    /// Whether a list without items stands at `name`.
    pub(super) fn lists_nothing(&self, name: &str) -> bool {
        self.find(name).and_then(|(_, value)| value.as_array()).is_some_and(|array| array.is_empty())
    }

    /// Whether the section is in the file.
    pub(super) const fn is_there(&self) -> bool {
        self.table.is_some()
    }

    /// The section `[name]` in this one.
    pub(super) fn section(&self, name: &str) -> Self {
        let path = self.path_of(name);
        match self.find(name) {
            None => Self::open(self.document, path, self.line, None),
            Some((line, value)) => {
                if value.as_table().is_none() {
                    let allowed = format!("a section, [{path}]");
                    self.document.add(line, &path, sort(value), "is not a section", allowed, None);
                }
                Self::open(self.document, path, line, value.as_table())
            }
        }
    }

    /// The sections `[[name]]` in this one.
    pub(super) fn sections(&self, name: &str) -> Vec<Self> {
        let (path, mut sections) = (self.path_of(name), Vec::new());
        let Some((line, value)) = self.find(name) else { return sections };
        let refuse = |line, value| {
            let allowed = format!("sections, each headed [[{path}]]");
            self.document.add(line, &path, sort(value), "is not a list of sections", allowed, None);
        };
        let Some(array) = value.as_array() else {
            refuse(line, value);
            return sections;
        };
        for item in array.iter() {
            let line = self.document.line(&item.span());
            match item.get_ref().as_table() {
                Some(table) => sections.push(Self::open(self.document, path.clone(), line, Some(table))),
                None => refuse(line, item.get_ref()),
            }
        }
        sections
    }

    /// The number at `name`, if it is there and in its range.
    pub(super) fn number(&self, name: &str) -> Option<u32> {
        let path = self.path_of(name);
        let (line, value) = self.find(name)?;
        let row = key(&path)?;
        let Shape::Number { min, max, .. } = row.shape else { return None };
        let fault = match value.as_integer() {
            None => "is not a whole number",
            Some(digits) => match u32::from_str_radix(digits.as_str(), digits.radix()) {
                Ok(number) if (min..=max).contains(&number) => return Some(number),
                Ok(_) | Err(_) => "is out of range",
            },
        };
        let example = Some(row.default).filter(|default| !default.is_empty());
        let example = example.map_or_else(|| format!("{name} = {max}"), |default| format!("{name} = {default}"));
        self.document.add(line, &path, shown(value), fault, row.allowed(), Some(example));
        None
    }

    /// The string at `name`, if it is there and `read` can make something of it.
    pub(super) fn read<T>(&self, name: &str, read: impl Fn(&str) -> Option<T>) -> Option<T> {
        self.read_hinted(name, read, |_| None)
    }

    /// As [`Section::read`]; `hint` may know what a string was meant to be that `read` can make nothing of.
    pub(super) fn read_hinted<T>(
        &self,
        name: &str,
        read: impl Fn(&str) -> Option<T>,
        hint: impl Fn(&str) -> Option<&'static str>,
    ) -> Option<T> {
        let path = self.path_of(name);
        let (line, value) = self.find(name)?;
        let row = key(&path)?;
        let Shape::Text(form) = row.shape else { return None };
        let read = value.as_str().and_then(read);
        if read.is_none() {
            self.refuse_text(line, row, form, value, value.as_str().and_then(hint));
        }
        read
    }

    /// The list of strings at `name`, if it is there; items that `read` can make nothing of are left out.
    pub(super) fn list<T>(&self, name: &str, read: impl Fn(&str) -> Option<T>) -> Option<Vec<At<T>>> {
        let path = self.path_of(name);
        let (line, value) = self.find(name)?;
        let row = key(&path)?;
        let (form, single) = match row.shape {
            Shape::List(form) => (form, false),
            Shape::OneOrMore(form) => (form, true),
            Shape::Text(_) | Shape::Number { .. } => return None,
        };
        let mut items = Vec::new();
        let mut take = |line, value: &DeValue<'_>| match value.as_str().and_then(&read) {
            Some(read) => items.push(At { line, given: shown(value), value: read }),
            None => self.refuse_text(line, row, form, value, None),
        };
        let Some(array) = value.as_array() else {
            if single {
                take(line, value);
                return Some(items);
            }
            let given = if form.secret { HIDDEN.to_owned() } else { shown(value) };
            let first = row.example.split(" or ").next().unwrap_or_default();
            self.document.add(line, &path, given, "is not a list", row.allowed(), Some(format!("{name} = [{first}]")));
            return None;
        };
        for item in array.iter() {
            take(self.document.line(&item.span()), item.get_ref());
        }
        Some(items)
    }

    fn refuse_text(&self, line: usize, row: &Key, form: Form, value: &DeValue<'_>, hint: Option<&str>) {
        let given = if form.secret { HIDDEN.to_owned() } else { shown(value) };
        let hint = hint.map_or_else(String::new, |hint| format!(" (did you mean {hint}?)"));
        let fault = format!("is not {}{hint}", form.noun);
        self.document.add(line, row.path, given, &fault, form.allowed.to_owned(), Some(row.example.to_owned()));
    }

    /// The secret at `name` or in the file at `name-file`, never both.
    pub(super) fn secret(&self, name: &str) -> Option<SecretFrom> {
        self.secret_as(name, secret)
    }

    /// As [`Section::secret`], of the form that `read` knows.
    pub(super) fn secret_as(&self, name: &str, read: impl Fn(&str) -> Option<Secret>) -> Option<SecretFrom> {
        let in_file = format!("{name}-file");
        let text = self.read(name, read);
        let path = self.read(&in_file, file);
        if self.has(name) && self.has(&in_file) {
            self.refuse(&in_file, &format!("stands beside {name}"), "one of the two", None);
        }
        path.map(SecretFrom::File).or(text.map(SecretFrom::Text))
    }

    /// Notes that neither `name` nor any of `others` is there, if so.
    pub(super) fn require(&self, name: &str, others: &[&str]) {
        if self.has(name) || others.iter().any(|other| self.has(other)) {
            return;
        }
        let path = self.path_of(name);
        let Some(row) = key(&path) else { return };
        let example = format!("{name} = {}", row.example.split(" or ").next().unwrap_or_default());
        let allowed = others.iter().fold(row.allowed(), |allowed, other| format!("{allowed}, or {other}"));
        self.document.add(self.line, &path, String::new(), "is missing", allowed, Some(example));
    }

    /// Notes a problem of `name` with other keys.
    pub(super) fn refuse(&self, name: &str, fault: &str, allowed: &str, example: Option<&str>) {
        let line = self.find(name).map_or(self.line, |(line, _)| line);
        self.document.add(
            line,
            &self.path_of(name),
            String::new(),
            fault,
            allowed.to_owned(),
            example.map(str::to_owned),
        );
    }

    /// Notes a problem of the section itself.
    pub(super) fn refuse_whole(&self, fault: &str, allowed: &str, example: Option<&str>) {
        self.document.add(self.line, &self.path, String::new(), fault, allowed.to_owned(), example.map(str::to_owned));
    }

    /// Notes a problem of the item `at` of `name`.
    pub(super) fn refuse_at<T>(&self, name: &str, at: &At<T>, fault: &str, allowed: &str) {
        self.document.add(at.line, &self.path_of(name), at.given.clone(), fault, allowed.to_owned(), None);
    }

    fn note_unknown_keys(&self) {
        let Some(table) = self.table else { return };
        let known = names_in(&self.path);
        for name in table.keys().filter(|name| !known.contains(&name.get_ref().as_ref())) {
            let line = self.document.line(&name.span());
            let path = self.path_of(&escaped(name.get_ref()));
            let fault = match (foreign(&path), nearest(name.get_ref(), &known)) {
                (Some(fault), _) => fault.to_owned(),
                (None, Some(near)) => format!("is not a key (did you mean {near}?)"),
                (None, None) => "is not a key".to_owned(),
            };
            self.document.add(line, &path, String::new(), &fault, known.join(", "), None);
        }
    }
}

/// A value as it may be shown: strings in quotes, the content of lists and sections not at all.
fn shown(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => quoted(text),
        DeValue::Integer(digits) => escaped(&digits.to_string()),
        DeValue::Float(digits) => escaped(&digits.to_string()),
        DeValue::Boolean(truth) => truth.to_string(),
        DeValue::Datetime(time) => time.to_string(),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a section".to_owned(),
    }
}

/// A value where a section is expected: a string may be a password that stands for its whole user.
fn sort(value: &DeValue<'_>) -> String {
    if value.as_str().is_some() { "a string".to_owned() } else { shown(value) }
}

/// An address and port.
pub(super) fn socket(text: &str) -> Option<SocketAddr> {
    text.parse().ok()
}

/// Between 1 and `max` characters, none of them a control or invisible character.
pub(super) fn plain(text: &str, max: usize) -> Option<&str> {
    let fits = !text.is_empty() && text.chars().count() <= max && text.chars().all(crate::units::is_safe);
    fits.then_some(text)
}

/// A file name.
pub(super) fn file(text: &str) -> Option<PathBuf> {
    plain(text, 1024).map(PathBuf::from)
}

/// A password or community.
pub(super) fn secret(text: &str) -> Option<Secret> {
    (1..=255).contains(&text.len()).then(|| Secret::new(text.to_owned()))
}

/// The known name that `name` is most likely meant to be: at most two letters off, and fewer than half of it.
fn nearest<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    let name: String = name.chars().take(64).collect::<String>().to_ascii_lowercase().replace('_', "-");
    let (steps, near) = known.iter().map(|known| (steps_between(&name, known), *known)).min()?;
    (steps <= 2 && 2 * steps < near.len()).then_some(near)
}

/// Insertions, deletions and replacements that turn `a` into `b` (Levenshtein).
fn steps_between(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        for (above_left, (above, to)) in row.iter().zip(row.iter().skip(1).zip(&b)) {
            let left = next.last().copied().unwrap_or_default();
            next.push((above_left + usize::from(from != *to)).min(above + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_suggested_only_when_it_is_near() {
        let known = ["listen", "communities", "allow", "flush-interval-s"];
        for (name, near) in [
            ("lisen", Some("listen")),
            ("Listen", Some("listen")),
            ("flush_interval_s", Some("flush-interval-s")),
            ("allows", Some("allow")),
            ("deny", None),
            ("", None),
        ] {
            assert_eq!(nearest(name, &known), near, "{name}");
        }
        assert_eq!(steps_between("kitten", "sitting"), 3);
    }
}
