//! The reference, the annotated default, the examples and the parser say the same.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::config::{Config, Presence, SECTIONS, Shape, keys, reference_markdown};

fn repository(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The lines that name a section or a key, commented or not, with the section they stand in; explanations fall away.
fn keys_of(annotated: &str) -> Vec<(String, String)> {
    let mut section = String::new();
    let mut keys = Vec::new();
    for line in annotated.lines() {
        let line = line.trim_start_matches('#').trim();
        if line.starts_with('[') && line.ends_with(']') {
            section = line.trim_matches(['[', ']']).to_owned();
        } else if let Some((name, value)) = line.split_once(" = ")
            && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
        {
            let path = if section.is_empty() { name.to_owned() } else { format!("{section}.{name}") };
            keys.push((path, value.to_owned()));
        }
    }
    keys
}

fn uncommented(annotated: &str) -> String {
    let key = |line: &str| {
        line.strip_prefix('#').filter(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase())).map(str::to_owned)
    };
    annotated.lines().map(|line| key(line).unwrap_or_else(|| line.to_owned()) + "\n").collect()
}

#[test]
fn the_annotated_default_is_the_default() {
    let annotated = repository("config/lockwarden.toml");
    assert_eq!(Config::parse("lockwarden.toml", ""), Ok(Config::default()));
    assert_eq!(Config::parse("lockwarden.toml", &annotated), Ok(Config::default()));
    assert_eq!(Config::parse("lockwarden.toml", &uncommented(&annotated)), Ok(Config::default()));
}

#[test]
fn the_annotated_default_has_every_key_of_the_reference_with_its_default() {
    let annotated = repository("config/lockwarden.toml");
    let written: Vec<_> = keys_of(&annotated).into_iter().map(|(path, _)| path).collect();
    let unique: BTreeSet<_> = written.iter().map(String::as_str).collect();
    assert_eq!(unique, keys().map(|key| key.path).collect());
    assert_eq!(unique.len(), written.len(), "each once");
    // Where a section is not implied, a key alone would not be its default.
    let implied = |path: &str| {
        let above = SECTIONS.iter().filter(|s| path.starts_with(&format!("{}.", s.path)));
        above.into_iter().all(|s| s.presence == Presence::Implied)
    };
    let defaults: BTreeMap<_, _> = keys_of(&uncommented(&annotated).replace("\n# ", "\n;")).into_iter().collect();
    let expected = keys().filter(|key| !key.default.is_empty() && implied(key.path));
    assert_eq!(defaults, expected.map(|key| (key.path.to_owned(), key.default.to_owned())).collect());
}

#[test]
fn every_key_of_the_reference_is_read() {
    for key in keys() {
        let (section, name) = key.split();
        let header = header(section);
        let given = Config::parse("x", &format!("{header}{name} = true\n")).unwrap_err();
        let of_key: Vec<_> = given.iter().filter(|p| p.key == key.path && p.fault.contains("is not a")).collect();
        assert_eq!(of_key.len(), 1, "{}: {given:?}", key.path);
    }
}

#[test]
fn every_default_and_example_of_the_reference_is_right() {
    for key in keys() {
        let (section, name) = key.split();
        let listed = |example: &str| match key.shape {
            Shape::List(_) => format!("[{example}]"),
            Shape::Text(_) | Shape::OneOrMore(_) | Shape::Number { .. } => example.to_owned(),
        };
        let examples = key.example.split(" or ").filter(|e| !e.is_empty()).map(listed);
        for value in examples.chain((!key.default.is_empty()).then(|| key.default.to_owned())) {
            let problems =
                Config::parse("x", &format!("{}{name} = {value}\n", header(section))).err().unwrap_or_default();
            assert!(problems.iter().all(|p| p.given.is_empty()), "{}: {problems:?}", key.path);
        }
    }
}

#[test]
fn every_choice_is_accepted() {
    for (path, choices) in [
        ("nms.version", vec!["v1", "v2c", "v3"]),
        ("relay.form", vec!["as-received", "translated"]),
        ("nms.kind", vec!["trap", "inform"]),
        ("mqtt.anonymous", vec!["refused", "allowed"]),
        ("mqtt.embedded.anonymous", vec!["refused", "allowed"]),
        ("policy.for.realm", vec!["cucm", "os", "unix", "mitel"]),
        ("policy.for.credential", vec!["pin", "password"]),
        ("log.level", vec!["error", "warn", "info", "debug", "trace"]),
        ("mqtt.broker", vec!["embedded", "none", "mqtt://127.0.0.1", "mqtts://[::1]:8884"]),
    ] {
        let (section, name) = path.rsplit_once('.').unwrap();
        for choice in choices {
            let problems =
                Config::parse("x", &format!("{}{name} = \"{choice}\"\n", header(section))).err().unwrap_or_default();
            assert!(problems.iter().all(|p| p.key != path), "{path}: {problems:?}");
        }
    }
}

#[test]
fn the_ends_of_every_range_are_accepted_and_what_lies_outside_is_not() {
    for key in keys() {
        let Shape::Number { min, max, .. } = key.shape else { continue };
        let (section, name) = key.split();
        for (number, right) in
            [(i64::from(min), true), (max.into(), true), (i64::from(min) - 1, false), (i64::from(max) + 1, false)]
        {
            let problems =
                Config::parse("x", &format!("{}{name} = {number}\n", header(section))).err().unwrap_or_default();
            assert_eq!(problems.iter().all(|p| p.key != key.path), right, "{} = {number}: {problems:?}", key.path);
        }
    }
}

#[test]
fn every_example_file_is_right() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/examples");
    let files: Vec<_> = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!files.is_empty());
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        assert_eq!(Config::parse(&file.display().to_string(), &text).err(), None);
    }
}

/// With `LOCKWARDEN_WRITE_DOCS` set, the page is written instead of compared.
#[test]
fn the_page_of_the_reference_is_up_to_date() {
    let page = "docs/configuration.md";
    if std::env::var_os("LOCKWARDEN_WRITE_DOCS").is_some() {
        std::fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join(page), reference_markdown()).unwrap();
    }
    assert!(repository(page) == reference_markdown(), "{page} differs; run the test with LOCKWARDEN_WRITE_DOCS=1");
}

fn header(section: &str) -> String {
    match SECTIONS.iter().find(|row| row.path == section) {
        Some(row) if row.presence == Presence::Repeated => format!("[[{section}]]\n"),
        Some(row) if !row.path.is_empty() => format!("[{section}]\n"),
        Some(_) | None => String::new(),
    }
}
