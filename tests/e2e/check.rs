//! `lockwarden check`: the files that are shipped are right, and every mistake of a wrong one is named.

use std::fs;
use std::path::{Path, PathBuf};

use super::programs::{output, text};
use super::site::{Directory, lockwarden};

fn check(file: &Path) -> (Option<i32>, String) {
    let output = output(lockwarden().arg("check").arg(file));
    (output.status.code(), text(&output.stdout) + &text(&output.stderr))
}

#[test]
fn the_shipped_configurations_are_right() {
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    let listed = [config.join("examples"), config].into_iter().flat_map(|place| fs::read_dir(place).unwrap());
    let files = listed.map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some_and(|e| e == "toml"));
    let files: Vec<PathBuf> = files.collect();
    assert!(files.len() >= 4, "{files:?}");
    for file in files {
        assert_eq!(check(&file), (Some(0), String::new()), "{}", file.display());
    }
}

#[test]
fn every_problem_of_a_broken_file_is_named_with_its_line_and_none_of_them_starts_a_service() {
    let directory = Directory::new();
    let file = directory.path().join("broken.toml");
    let lines = [
        "site = \"h q\"",
        "[traps]",
        "listen = [\"127.0.0.1\"]",
        "allow = [\"192.0.2.0/33\"]",
        "communitys = [\"x\"]",
        "[policy]",
        "reset-min = -1",
        "[mqtt]",
        "version = 3",
        "broker = \"http://broker.example.test\"",
    ];
    fs::write(&file, lines.join("\n")).unwrap();
    let (code, said) = check(&file);
    assert_eq!(code, Some(2), "{said}");
    let keys =
        [(1, "site"), (3, "listen"), (4, "allow"), (5, "communitys"), (7, "reset-min"), (9, "version"), (10, "broker")];
    for (line, key) in keys {
        let place = format!("{}:{line}", file.display());
        let named = |problem: &&str| problem.contains(&place) && problem.contains(key);
        assert!(said.lines().any(|problem| named(&problem)), "{key} in line {line} is missing:\n{said}");
    }
    let run = output(lockwarden().arg("run").arg("--config").arg(&file));
    assert_eq!((run.status.code(), text(&run.stderr)), (Some(2), said));
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let (code, said) = check(Path::new("/nowhere/lockwarden.toml"));
    assert_eq!(code, Some(2));
    assert!(said.contains("/nowhere/lockwarden.toml: "), "{said}");
}
