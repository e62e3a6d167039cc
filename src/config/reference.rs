//! The reference of the configuration: what the parser allows and what the documentation says are the same rows.

use core::fmt::Write as _;

use super::keys::{KEYS, SECTIONS};

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
    /// Whether it is written `[[…]]` and may stand several times.
    pub repeated: bool,
    /// What it is for.
    pub about: &'static str,
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
        }
    }
}

/// The row of this dotted path.
#[must_use]
pub(super) fn key(path: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.path == path)
}

/// The names that may stand in the section `path`: its keys and the sections in it, in the order of the reference.
#[must_use]
pub(super) fn names_in(path: &str) -> Vec<&'static str> {
    let child = |full: &'static str| {
        let (section, name) = full.rsplit_once('.').unwrap_or(("", full));
        (section == path && !name.is_empty()).then_some(name)
    };
    KEYS.iter().map(|key| key.path).chain(SECTIONS.iter().map(|row| row.path)).filter_map(child).collect()
}

/// What is the matter with a key that belongs to something we do not do, where a plain `is not a key` would leave a
/// riddle.
#[must_use]
pub(super) fn foreign(path: &str) -> Option<&'static str> {
    match path {
        "nms.user"
        | "nms.level"
        | "nms.auth"
        | "nms.auth-password"
        | "nms.auth-password-file"
        | "nms.priv"
        | "nms.priv-password"
        | "nms.priv-password-file"
        | "nms.engine-id" => Some("is a key of SNMPv3, and notifications are sent as v1 or v2c"),
        "traps.user" => Some("is a key of SNMPv3, and notifications are received as v1 or v2c"),
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
This page is made from the table that the program itself reads (`src/config/keys.rs`).

Units stand in the names: `-s` seconds, `-min` minutes, `-mb` megabytes of 1,000,000 bytes. File names are relative to
the directory that the service was started in. A key that ends in `-file` names a file whose first line is the secret;
it stands in place of the key without the ending, never beside it.
";

fn section_markdown(section: &SectionRow) -> String {
    let title = match (section.path, section.repeated) {
        ("", _) => "Top of the file".to_owned(),
        (path, true) => format!("`[[{path}]]`"),
        (path, false) => format!("`[{path}]`"),
    };
    let mut out = format!("\n## {title}\n\n{}\n", section.about);
    let keys: Vec<_> = KEYS.iter().filter(|key| key.split().0 == section.path).collect();
    if !keys.is_empty() {
        out.push_str("\n| key | default | allowed | meaning |\n|---|---|---|---|\n");
    }
    for key in keys {
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
