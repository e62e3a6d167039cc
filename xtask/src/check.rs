//! `check`: everything that can be said about the code without running the service. All steps run, also after a failure.

use crate::workspace::{Failure, Workspace, succeed};
use crate::{deny, guards, tidy};

type Step = fn(&Workspace) -> Result<(), Failure>;

const STEPS: &[(&str, Step)] = &[
    ("formatting", |w| succeed(w.cargo().args(["fmt", "--all", "--check"]))),
    ("core without the shell", |w| succeed(w.cargo().args(["check", "--lib", "--no-default-features"]))),
    ("service without the embedded broker", |w| {
        succeed(w.cargo().args(["check", "--no-default-features", "--features", "service"]))
    }),
    ("clippy", |w| succeed(w.cargo().args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))),
    ("tidy", |w| tidy::run(w, &[])),
    ("guards", |w| guards::run(w, &[])),
    ("documentation", |w| {
        succeed(w.cargo().args(["doc", "--no-deps", "--workspace"]).env("RUSTDOCFLAGS", "-D warnings"))
    }),
    ("dependencies", |w| deny::run(w, &[])),
];

/// Runs every step, then says how each ended.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<(), Failure> {
    if let Some(argument) = arguments.first() {
        return Err(Failure::Said(format!("takes no arguments, was given `{argument}`")));
    }
    let mut ends = Vec::new();
    for (name, step) in STEPS {
        println!("== {name}");
        let end = step(workspace);
        if let Err(Failure::Said(text)) = &end {
            eprintln!("{text}");
        }
        ends.push((name, end.is_ok()));
    }
    println!("== summary");
    for (name, passed) in &ends {
        println!("{} {name}", if *passed { "passed" } else { "FAILED" });
    }
    let failed = ends.iter().filter(|(_, passed)| !passed).count();
    if failed == 0 { Ok(()) } else { Err(Failure::Said(format!("{failed} of {} steps failed", ends.len()))) }
}
