//! Runs the library over a folder of captures, vectors and lines that others made, with what they say about them. The folder is not
//! part of the repository: third-party data stays where it is.
//!
//! Only what was compared counts as passed. What we decide otherwise on purpose, and what is not looked at, is named with its
//! reason and counted apart. A check that proves little (a datagram
//! of which the folder says nothing that could be compared, say) is counted as such, and the last lines say which those are.

mod influx;
mod live;
mod packets;
mod snmp;
mod syslog;

use std::{collections::BTreeMap, fs, path::Path};

use serde_json::Value;

use crate::workspace::{Failure, Workspace};

/// What came of one group.
#[derive(Debug, Default)]
struct Group {
    name: String,
    passed: usize,
    /// Of those that passed: how many prove less than the others, and why.
    weak: BTreeMap<&'static str, usize>,
    notes: Vec<String>,
    by_design: Vec<String>,
    skipped: Vec<String>,
    wrong: Vec<String>,
}

impl Group {
    fn new(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// One thing that was checked: right, or wrong for this reason.
    fn check(&mut self, what: &str, result: Result<(), String>) {
        match result {
            Ok(()) => self.passed += 1,
            Err(why) => self.wrong.push(format!("{what}: {why}")),
        }
    }

    /// As [`check`](Self::check), where being right proves little, for this reason.
    fn check_weakly(&mut self, what: &str, why: &'static str, result: Result<(), String>) {
        if result.is_ok() {
            *self.weak.entry(why).or_default() += 1;
        }
        self.check(what, result);
    }

    /// One thing where we decide otherwise on purpose, for this reason.
    fn differs(&mut self, what: &str, why: &str) {
        self.by_design.push(format!("{what}: {why}"));
    }

    /// Something to be read, that is neither right nor wrong.
    fn note(&mut self, line: String) {
        self.notes.push(line);
    }

    /// One thing that was not looked at.
    fn skip(&mut self, what: &str, why: &str) {
        self.skipped.push(format!("{what}: {why}"));
    }

    fn print(&self) {
        let (passed, by_design, wrong) = (self.passed, self.by_design.len(), self.wrong.len());
        let checked = passed + by_design + wrong;
        println!("{}: {checked} checked, {passed} as expected, {by_design} differ by design, {wrong} wrong", self.name);
        self.weak.iter().for_each(|(why, count)| println!("  {count} of those as expected: {why}"));
        self.notes.iter().for_each(|line| println!("  {line}"));
        self.by_design.iter().for_each(|line| println!("  differs, by design: {line}"));
        self.skipped.iter().for_each(|line| println!("  skipped: {line}"));
        self.wrong.iter().for_each(|line| println!("  WRONG: {line}"));
    }
}

/// `cargo xtask conformance DIR [--in-process]`; that leaves out what needs the service.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<(), Failure> {
    let (folder, is_live) = match arguments {
        [folder] => (folder, true),
        [folder, option] if option == "--in-process" => (folder, false),
        _ => {
            return Err(Failure::Said(
                "name the folder with the corpora: cargo xtask conformance DIR [--in-process]".into(),
            ));
        }
    };
    let folder = Path::new(folder);
    let mut groups = snmp::groups(&folder.join("snmp"))?;
    groups.extend(syslog::groups(&folder.join("syslog"))?);
    if is_live {
        groups.push(live::group(workspace, folder)?);
    }
    groups.iter().for_each(Group::print);
    let sum = |count: fn(&Group) -> usize| groups.iter().map(count).sum::<usize>();
    println!("{} differ by design, {} skipped", sum(|g| g.by_design.len()), sum(|g| g.skipped.len()));
    let failed = sum(|g| g.wrong.len());
    let weak: Vec<_> =
        groups.iter().flat_map(|group| group.weak.iter().map(|(why, n)| (&group.name, why, n))).collect();
    let of_weak = weak.iter().map(|(_, _, n)| **n).sum::<usize>();
    println!("{} passed, {failed} failed; of those that passed, {of_weak} prove little:", sum(|g| g.passed));
    weak.iter().for_each(|(group, why, n)| println!("  {n} of {group}: {why}"));
    if failed == 0 { Ok(()) } else { Err(Failure::Exit(1)) }
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| Failure::of(path.display().to_string(), error))
}

fn json(path: &Path) -> Result<Value, Failure> {
    serde_json::from_slice(&read(path)?).map_err(|error| Failure::of(path.display().to_string(), error))
}

fn json_lines(path: &Path) -> Result<Vec<Value>, Failure> {
    let text = String::from_utf8_lossy(&read(path)?).into_owned();
    text.lines()
        .map(|line| serde_json::from_str(line).map_err(|error| Failure::of(path.display().to_string(), error)))
        .collect()
}

/// The entries of a folder with this ending, in order; none at all is an error, since nothing checked would look like success.
fn files(folder: &Path, endings: &[&str]) -> Result<Vec<std::path::PathBuf>, Failure> {
    let listed = fs::read_dir(folder).map_err(|error| Failure::of(folder.display().to_string(), error))?;
    let mut files: Vec<_> = listed.flatten().map(|entry| entry.path()).collect();
    files.retain(|path| endings.iter().any(|ending| path.to_string_lossy().ends_with(ending)));
    files.sort();
    if files.is_empty() {
        return Err(Failure::of(folder.display().to_string(), format!("nothing that ends in {endings:?}")));
    }
    Ok(files)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// One text or a list of them.
fn texts<'a>(value: &'a Value, key: &str) -> Vec<&'a str> {
    match value.get(key) {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => Vec::new(),
    }
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// `Ok` if equal, else what was expected and what came.
fn same<T: PartialEq + std::fmt::Debug>(field: &str, expected: &T, got: &T) -> Result<(), String> {
    if expected == got { Ok(()) } else { Err(format!("{field}: expected {expected:?}, got {got:?}")) }
}
