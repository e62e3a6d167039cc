//! Runs the library over a folder of captures, vectors and lines that others made, with what they say about them. The folder is not
//! part of the repository: third-party data stays where it is.

mod packets;
mod snmp;
mod syslog;

use std::{fs, path::Path};

use serde_json::Value;

use crate::workspace::{Failure, Workspace};

/// What came of one group.
#[derive(Debug, Default)]
struct Group {
    name: String,
    passed: usize,
    by_design: Vec<String>,
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

    /// One thing where we decide otherwise on purpose.
    fn differs(&mut self, what: &str, why: &str) {
        self.by_design.push(format!("{what}: {why}"));
    }

    fn print(&self) {
        let checked = self.passed + self.by_design.len() + self.wrong.len();
        println!(
            "{}: {checked} checked, {} as expected, {} differ by design, {} wrong",
            self.name,
            self.passed,
            self.by_design.len(),
            self.wrong.len()
        );
        self.by_design.iter().for_each(|line| println!("  differs, by design: {line}"));
        self.wrong.iter().for_each(|line| println!("  WRONG: {line}"));
    }
}

/// `cargo xtask conformance DIR`.
pub(crate) fn run(_: &Workspace, arguments: &[String]) -> Result<(), Failure> {
    let [folder] = arguments else {
        return Err(Failure::Said("name the folder with the corpora: cargo xtask conformance DIR".into()));
    };
    let folder = Path::new(folder);
    let mut groups = snmp::groups(&folder.join("snmp"))?;
    groups.extend(syslog::groups(&folder.join("syslog"))?);
    groups.iter().for_each(Group::print);
    let failed: usize = groups.iter().map(|group| group.wrong.len()).sum();
    let passed: usize = groups.iter().map(|group| group.passed + group.by_design.len()).sum();
    println!("{passed} passed, {failed} failed");
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

/// The files of a folder with this ending, in order.
fn files(folder: &Path, endings: &[&str]) -> Result<Vec<std::path::PathBuf>, Failure> {
    let listed = fs::read_dir(folder).map_err(|error| Failure::of(folder.display().to_string(), error))?;
    let mut files: Vec<_> = listed.flatten().map(|entry| entry.path()).collect();
    files.retain(|path| endings.iter().any(|ending| path.to_string_lossy().ends_with(ending)));
    files.sort();
    Ok(files)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// `Ok` if equal, else what was expected and what came.
fn same<T: PartialEq + std::fmt::Debug>(field: &str, expected: &T, got: &T) -> Result<(), String> {
    if expected == got { Ok(()) } else { Err(format!("{field}: expected {expected:?}, got {got:?}")) }
}
