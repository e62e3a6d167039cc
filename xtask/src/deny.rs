//! `deny`: what `deny.toml` says about the dependency tree, checked by cargo-deny. The advisory database is fetched from the
//! net; where it cannot be reached, that part says so and the rest still counts.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::tool::provide;
use crate::workspace::{Failure, Workspace, succeed};

const VERSION: &str = "0.20.2";

/// The database is some ten megabytes; who has not got it by then is not going to.
const FETCH_LIMIT_S: &str = "60";

/// Runs it; takes no arguments.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<(), Failure> {
    if let Some(argument) = arguments.first() {
        return Err(Failure::Said(format!("takes no arguments, was given `{argument}`")));
    }
    let program = provide(workspace, "cargo-deny", VERSION)?;
    // An exception that no longer applies is refused too.
    let strict = ["-D", "unmatched-skip", "-D", "unnecessary-skip"];
    let tree = succeed(workspace.program(&program).arg("check").args(strict).args(["licenses", "bans", "sources"]));
    let known = advisories(workspace, &program);
    tree.and(known)
}

fn advisories(workspace: &Workspace, program: &PathBuf) -> Result<(), Failure> {
    if !fetched(workspace.program("timeout").args(["--kill-after=5", FETCH_LIMIT_S]).arg(program).args(["fetch", "db"]))
    {
        println!("advisories: database not reachable here, not checked");
        return Ok(());
    }
    succeed(workspace.program(program).args(["check", "advisories"]))
}

fn fetched(command: &mut Command) -> bool {
    // git must not ask for a name where nobody answers.
    command.env("GIT_TERMINAL_PROMPT", "0").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
