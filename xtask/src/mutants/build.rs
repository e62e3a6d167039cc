//! A copy of the workspace with all mutants in it, and its tests, built once.

use std::collections::BTreeSet;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::source::rewrite;
use crate::workspace::{Failure, Workspace};

const ENGINE: &str = "src/engine/";
/// Appended to the library: 0 is no mutant.
const SWITCH: &str = "
/// Which mutant is awake.
pub mod mutant {
    static AWAKE: std::sync::LazyLock<usize> =
        std::sync::LazyLock::new(|| std::env::var(\"MUTANT\").ok().and_then(|n| n.parse().ok()).unwrap_or(0));
    /// Whether this one is.
    #[inline]
    pub fn on(n: usize) -> bool { *AWAKE == n }
}
";
/// The tests that know the engine, the quickest first, and which of their cases do.
const TESTS: [(&str, &[&str]); 4] =
    [("lockwarden", &["engine", "path", "shell"]), ("scenarios", &[]), ("flood", &[]), ("properties", &[])];
/// The core alone.
const FLAGS: [&str; 3] = ["--no-default-features", "--lib", "--message-format=json"];
/// Each build names the mutants that do not compile; those that were hidden behind them come up in the next.
const BUILDS: u32 = 40;

/// A test program.
#[derive(Debug)]
pub(super) struct Test {
    pub(super) program: PathBuf,
    pub(super) filters: &'static [&'static str],
}

/// What was built.
#[derive(Debug)]
pub(super) struct Built {
    /// Mutant 1 is the first.
    pub(super) names: Vec<String>,
    pub(super) tests: Vec<Test>,
    /// Where the tests run.
    pub(super) root: PathBuf,
}

/// Builds it in `place`.
pub(super) fn build(workspace: &Workspace, place: &Path) -> Result<Built, Failure> {
    let root = place.join("repo");
    let files = workspace.files()?;
    for file in files.iter().filter(|file| !is_changed(file)) {
        let mut bytes = fs::read(workspace.root().join(file)).map_err(|e| Failure::of(file, e))?;
        if file == "src/lib.rs" {
            bytes.extend_from_slice(SWITCH.as_bytes());
        }
        put(&root.join(file), &bytes)?;
    }
    let mut without = BTreeSet::new();
    for _ in 0..BUILDS {
        let names = change(workspace, &root, &files, &without)?;
        let output = cargo(workspace, &root, place).arg("check").args(FLAGS).output();
        let output = output.map_err(|e| Failure::of("cargo check", e))?;
        if output.status.success() {
            let tests = tests(workspace, &root, place)?;
            return Ok(Built { names, tests, root });
        }
        let refused = refused(&String::from_utf8_lossy(&output.stdout), &root);
        if refused.is_empty() {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(Failure::Said(format!("the copy in {} does not compile: {said}", root.display())));
        }
        without.extend(refused.iter().filter_map(|n| names.get(n.checked_sub(1)?).cloned()));
    }
    Err(Failure::Said(format!("after {BUILDS} builds there are still mutants that do not compile")))
}

fn is_changed(file: &str) -> bool {
    file.starts_with(ENGINE) && file.ends_with(".rs") && !file.ends_with("tests.rs")
}

/// Writes the engine with all mutants but these; gives their names in order.
fn change(
    workspace: &Workspace,
    root: &Path,
    files: &[String],
    without: &BTreeSet<String>,
) -> Result<Vec<String>, Failure> {
    let mut names: Vec<String> = Vec::new();
    for file in files.iter().filter(|file| is_changed(file)) {
        let text = fs::read_to_string(workspace.root().join(file)).map_err(|e| Failure::of(file, e))?;
        let short = file.strip_prefix(ENGINE).unwrap_or(file);
        let done = rewrite(short, &text, names.len() + 1, without).map_err(|e| Failure::of(file, e))?;
        names.extend(done.names);
        put(&root.join(file), done.text.as_bytes())?;
    }
    Ok(names)
}

/// Writes a file if it is another one, so that cargo builds no more than it must.
fn put(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    if fs::read(path).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    let folder = path.parent().map_or(Ok(()), fs::create_dir_all);
    folder.and_then(|()| fs::write(path, bytes)).map_err(|e| Failure::of(path.to_string_lossy(), e))
}

fn cargo(workspace: &Workspace, root: &Path, place: &Path) -> Command {
    let mut cargo = workspace.cargo();
    cargo.current_dir(root).env("CARGO_TARGET_DIR", place.join("build")).env("RUSTFLAGS", "--cap-lints allow");
    cargo.env("CARGO_PROFILE_DEV_OPT_LEVEL", "1").env("CARGO_PROFILE_DEV_DEBUG", "0");
    cargo
}

/// The numbers of the mutants that the compiler does not take: where its errors are.
fn refused(messages: &str, root: &Path) -> BTreeSet<usize> {
    let mut all = BTreeSet::new();
    for message in messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
        let Some(error) = message.get("message").filter(|error| text(error, "level") == "error") else { continue };
        let spans = error.get("spans").and_then(Value::as_array).into_iter().flatten();
        for span in spans.filter(|span| is_set(span, "is_primary")) {
            let number =
                |key: &str| span.get(key).and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
            let source = fs::read_to_string(root.join(text(span, "file_name"))).unwrap_or_default();
            all.extend(blamed(&source, number("byte_start")..number("byte_end")));
        }
    }
    all
}

fn text<'a>(object: &'a Value, key: &str) -> &'a str {
    object.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn is_set(object: &Value, key: &str) -> bool {
    object.get(key).and_then(Value::as_bool).unwrap_or_default()
}

/// The mutant in which an error is: the last that begins before it, and all that begin within it, if it is short.
fn blamed(text: &str, error: Range<usize>) -> Vec<usize> {
    const ASKED: &str = "mutant::on(";
    let number = |(at, _): (usize, &str)| {
        let digits = text.get(at + ASKED.len()..)?.split(')').next()?;
        Some((at, digits.parse().ok()?))
    };
    let all: Vec<(usize, usize)> = text.match_indices(ASKED).filter_map(number).collect();
    let before = all.iter().rfind(|(at, _)| *at <= error.start).map(|(_, n)| *n);
    let is_short = text.get(error.clone()).is_some_and(|part| part.lines().count() <= 2);
    let inside = all.iter().filter(|(at, _)| is_short && error.contains(at)).map(|(_, n)| *n);
    before.into_iter().chain(inside).collect()
}

fn tests(workspace: &Workspace, root: &Path, place: &Path) -> Result<Vec<Test>, Failure> {
    let mut test = cargo(workspace, root, place);
    test.args(["test", "--no-run"]).args(FLAGS);
    for (name, _) in TESTS.iter().skip(1) {
        test.args(["--test", name]);
    }
    let output = test.output().map_err(|e| Failure::of("cargo test", e))?;
    let messages = String::from_utf8_lossy(&output.stdout);
    let built: Vec<Value> = messages.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let program = |name: &str| {
        let is_it = |message: &&Value| {
            message.get("target").is_some_and(|target| text(target, "name") == name)
                && message.get("profile").is_some_and(|profile| is_set(profile, "test"))
        };
        built.iter().filter(is_it).find_map(|message| message.get("executable")?.as_str()).map(PathBuf::from)
    };
    let found = TESTS.iter().map(|(name, filters)| {
        let program = program(name).ok_or_else(|| Failure::Said(format!("the test {name} was not built")))?;
        Ok(Test { program, filters })
    });
    found.collect()
}
