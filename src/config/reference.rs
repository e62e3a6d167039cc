//! The reference of the configuration: what the parser allows and what the documentation says are the same rows.

use core::fmt::Write as _;

use super::keys::{SECTIONS, keys};

/// One key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// The dotted path: `traps.listen`.
    pub path: &'static str,
    /// What kind of value, and which values.
    pub shape: Shape,
    /// The default in TOML's notation; empty if there is none.
    pub default: &'static str,
    /// One or more right values in TOML's notation, joined by ` or `; of a list: of its items.
    pub example: &'static str,
    /// What it does, in one sentence.
    pub about: &'static str,
}

/// The value of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A whole number.
    Number {
        /// The least.
        min: u32,
        /// The most.
        max: u32,
        /// What it counts: `s`, `min`, `MB`; empty for plain numbers.
        unit: &'static str,
    },
    /// A string.
    Text(Form),
    /// A list of strings.
    List(Form),
    /// A string, or a list of strings.
    OneOrMore(Form),
}

/// What a string must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// In `… is not <noun>`: `an address and port`.
    pub noun: &'static str,
    /// Its form: `address:port`.
    pub allowed: &'static str,
    /// Whether it is never shown.
    pub secret: bool,
}

/// One section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SectionRow {
    /// The dotted path; empty for the top of the file.
    pub path: &'static str,
    /// How it is written, and what it means where it is not.
    pub presence: Presence,
    /// What it is for.
    pub about: &'static str,
}

/// How often a section stands in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Once as `[…]`, or not at all, which is the same as all its defaults.
    Implied,
    /// Once as `[…]`; where it is not, what it is for is not done.
    Asked,
    /// Any number of times, as `[[…]]`.
    Repeated,
}

impl Key {
    /// The path of its section, and its own name.
    #[must_use]
    pub fn split(&self) -> (&'static str, &'static str) {
        self.path.rsplit_once('.').unwrap_or(("", self.path))
    }

    /// The allowed values, in words.
    #[must_use]
    pub fn allowed(&self) -> String {
        match self.shape {
            Shape::Number { min, max, unit: "" } => format!("{min} to {max}"),
            Shape::Number { min, max, unit } => format!("{min} to {max} {unit}"),
            Shape::Text(form) => form.allowed.to_owned(),
            Shape::List(form) => format!("a list, each item {}", form.allowed),
            Shape::OneOrMore(form) => format!("{}, or a list of these", form.allowed),
        }
    }
}

/// `[path]`, there or not.
pub(super) const fn one(path: &'static str, about: &'static str) -> SectionRow {
    SectionRow { path, presence: Presence::Implied, about }
}

/// `[path]`, for what is only done where it is asked for.
pub(super) const fn asked(path: &'static str, about: &'static str) -> SectionRow {
    SectionRow { path, presence: Presence::Asked, about }
}

/// `[[path]]`.
pub(super) const fn many(path: &'static str, about: &'static str) -> SectionRow {
    SectionRow { path, presence: Presence::Repeated, about }
}

/// What a string must be.
pub(super) const fn form(noun: &'static str, allowed: &'static str) -> Form {
    Form { noun, allowed, secret: false }
}

/// What a string must be that is never shown.
pub(super) const fn secret(noun: &'static str, allowed: &'static str) -> Form {
    Form { noun, allowed, secret: true }
}

/// A key with a string.
pub(super) const fn text(
    path: &'static str,
    form: Form,
    default: &'static str,
    example: &'static str,
    about: &'static str,
) -> Key {
    Key { path, shape: Shape::Text(form), default, example, about }
}

/// A key with a list of strings.
pub(super) const fn list(
    path: &'static str,
    form: Form,
    default: &'static str,
    example: &'static str,
    about: &'static str,
) -> Key {
    Key { path, shape: Shape::List(form), default, example, about }
}

/// A key with a string or a list of strings; it has no default.
pub(super) const fn one_or_more(path: &'static str, form: Form, example: &'static str, about: &'static str) -> Key {
    Key { path, shape: Shape::OneOrMore(form), default: "", example, about }
}

/// A key with a whole number.
pub(super) const fn number(
    path: &'static str,
    min: u32,
    max: u32,
    unit: &'static str,
    default: &'static str,
    about: &'static str,
) -> Key {
    Key { path, shape: Shape::Number { min, max, unit }, default, example: "", about }
}

/// The row of this dotted path.
#[must_use]
pub(super) fn key(path: &str) -> Option<&'static Key> {
    keys().find(|key| key.path == path)
}

/// The names that may stand in the section `path`: its keys and the sections in it, in the order of the reference.
#[must_use]
pub(super) fn names_in(path: &str) -> Vec<&'static str> {
    let child = |full: &'static str| {
        let (section, name) = full.rsplit_once('.').unwrap_or(("", full));
        (section == path && !name.is_empty()).then_some(name)
    };
    keys().map(|key| key.path).chain(SECTIONS.iter().map(|row| row.path)).filter_map(child).collect()
}

/// What is the matter with a key that belongs to something we do not do, where a plain `is not a key` would leave a
/// riddle.
#[must_use]
pub(super) fn foreign(path: &str) -> Option<&'static str> {
    match path {
        "nms.engine-id" => Some("is not set: an inform asks the receiver for its engine id, a trap carries ours"),
        "nms.name" => Some("is not a key: the user of v3 is named by user"),
        "traps.user.user" => Some("is not a key: a user is named by name"),
        _ => None,
    }
}

/// `docs/configuration.md`: every key with default, allowed values and meaning.
#[must_use]
pub fn reference_markdown() -> String {
    let mut out = String::from(HEAD);
    for section in SECTIONS {
        out.push_str(&section_markdown(section));
    }
    out
}

const HEAD: &str = "# Configuration

One TOML file; every key has a default, so an empty file is a working configuration. `lockwarden check FILE` reports all
mistakes of a file at once. The annotated default is `config/lockwarden.toml`, examples are in `config/examples/`.
This page is made from the table that the program itself reads (`src/config/keys`).

Units stand in the names: `-s` seconds, `-min` minutes, `-mb` megabytes of 1,000,000 bytes. File names are relative to
the directory that the service was started in. A key that ends in `-file` names a file whose first line is the secret;
it stands in place of the key without the ending, never beside it.
";

fn section_markdown(section: &SectionRow) -> String {
    let title = match (section.path, section.presence) {
        ("", _) => "Top of the file".to_owned(),
        (path, Presence::Repeated) => format!("`[[{path}]]`"),
        (path, Presence::Implied | Presence::Asked) => format!("`[{path}]`"),
    };
    let mut out = format!("\n## {title}\n\n{}\n", section.about);
    let own: Vec<_> = keys().filter(|key| key.split().0 == section.path).collect();
    if !own.is_empty() {
        out.push_str("\n| key | default | allowed | meaning |\n|---|---|---|---|\n");
    }
    for key in own {
        let default = if key.default.is_empty() { "none".to_owned() } else { format!("`{}`", key.default) };
        let example = if key.example.is_empty() { String::new() } else { format!(", e.g. {}", coded(key.example)) };
        let row = format!("| `{}` | {default} | {}{example} | {} |", key.split().1, key.allowed(), key.about);
        // Writing to a String does not fail.
        let _ok = writeln!(out, "{row}");
    }
    out
}

fn coded(example: &str) -> String {
    example.split(" or ").map(|one| format!("`{one}`")).collect::<Vec<_>>().join(" or ")
}
