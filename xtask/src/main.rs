//! The door for chores: `cargo xtask <command>`. One command is one file; this one only dispatches.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "its output is its product")]

mod bench;
mod check;
mod conformance;
mod deny;
mod dice;
mod fuzz;
mod r#gen;
mod guards;
mod mutants;
mod pysnmp;
mod test;
mod tidy;
mod tool;
mod torture;
mod workspace;

use std::process::ExitCode;

use workspace::{Failure, Workspace};

/// What a command does with the arguments after its name.
type Run = fn(&Workspace, &[String]) -> Result<(), Failure>;

const COMMANDS: &[(&str, &str, Run)] = &[
    (
        "test",
        "install what the tests need, build the release binary, run every test; arguments go to `cargo test`",
        test::run,
    ),
    (
        "check",
        "formatting, core build, lints, tidy, guards, documentation, dependencies; all run, all failures at the end",
        check::run,
    ),
    (
        "conformance",
        "run the library over a folder of captures, vectors and lines that others made; takes the folder",
        conformance::run,
    ),
    (
        "bench",
        "measure speed, allocations, latency, memory and size, beside their budgets; --quick: fewer samples",
        bench::run,
    ),
    (
        "fuzz",
        "ten million mutated inputs over all targets; --target NAME, --runs N, --seed N, --from N, --libfuzzer SECONDS each",
        fuzz::run,
    ),
    (
        "gen",
        "labelled days of a site, with attacks: --seed N, --days N, --users N, --attacks none|all|NAME,..., --to DIR",
        r#gen::run,
    ),
    (
        "torture",
        "kill -9 the service, its broker and its NMS under load, and count what is lost; --short, --rounds N, --seed N",
        torture::run,
    ),
    (
        "mutants",
        "changes to src/engine that no test notices, against tests/mutants.txt; --only TEXT, --survivors, --list",
        mutants::run,
    ),
    ("tidy", "imports against the table of modules, file sizes, forbidden words", tidy::run),
    ("guards", "show that clippy.toml and the core build refuse what they must refuse", guards::run),
    (
        "deny",
        "licences, bans, sources, duplicate versions and, where the database can be reached, advisories",
        deny::run,
    ),
];

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_default();
    let rest: Vec<String> = arguments.collect();
    let Some((_, _, run)) = COMMANDS.iter().find(|(known, _, _)| *known == name) else {
        return usage(&name);
    };
    match Workspace::find().and_then(|workspace| run(&workspace, &rest)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Exit(code)) => ExitCode::from(code),
        Err(Failure::Said(text)) => {
            eprintln!("xtask {name}: {text}");
            ExitCode::FAILURE
        }
    }
}

fn usage(name: &str) -> ExitCode {
    let asked = matches!(name, "" | "help" | "--help" | "-h");
    if !asked {
        eprintln!("xtask: no command `{name}`");
    }
    println!("cargo xtask <command>");
    for (name, purpose, _) in COMMANDS {
        println!("  {name:11} {purpose}");
    }
    ExitCode::from(if asked { 0 } else { 2 })
}
