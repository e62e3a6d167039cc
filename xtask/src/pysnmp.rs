//! pysnmp for the tests and the conformance run, which send by it: a Python environment under `target/tools`, with exactly the versions
//! that `tests/data/pysnmp/requirements.txt` names.

use std::fs;
use std::path::{Path, PathBuf};

use crate::workspace::{Failure, Workspace, succeed};

/// Where the environment lies, in cargo's target directory.
const ENVIRONMENT: &str = "tools/pysnmp";
const REQUIREMENTS: &str = "tests/data/pysnmp/requirements.txt";

/// Whether Python can make environments; Debian has that in a package of its own.
pub(crate) fn can_be_made(workspace: &Workspace) -> bool {
    let asked = workspace.program("python3").args(["-c", "import ensurepip, venv"]).output();
    asked.is_ok_and(|answer| answer.status.success())
}

/// The interpreter of the environment, which is made unless it is there.
pub(crate) fn provide(workspace: &Workspace) -> Result<PathBuf, Failure> {
    let required = workspace.root().join(REQUIREMENTS);
    let required = fs::read_to_string(&required).map_err(|e| Failure::of(required.to_string_lossy(), e))?;
    let environment = workspace.target().join(ENVIRONMENT);
    let python = environment.join("bin").join("python");
    if is_complete(&required, &installed(workspace, &python)) {
        return Ok(python);
    }
    println!("installing pysnmp for the tests");
    let made = succeed(workspace.program("python3").args(["-m", "venv", "--clear"]).arg(&environment));
    let filled = made.and_then(|()| {
        let mut pip = workspace.program(&python);
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", REQUIREMENTS]);
        succeed(&mut pip)
    });
    filled.map(|()| python).map_err(|_| Failure::Said(by_hand(&environment)))
}

/// What pip lists, a line for each package.
fn installed(workspace: &Workspace, python: &Path) -> String {
    let mut pip = workspace.program(python);
    let listed = pip.args(["-m", "pip", "list", "--format", "freeze", "--disable-pip-version-check"]).output();
    listed.map_or_else(|_| String::new(), |listed| String::from_utf8_lossy(&listed.stdout).into_owned())
}

fn is_complete(required: &str, installed: &str) -> bool {
    let mut packages = required.lines().filter(|line| !line.starts_with('#'));
    packages.all(|package| installed.lines().any(|line| line == package))
}

/// What to type once the reason above is removed.
fn by_hand(environment: &Path) -> String {
    let environment = environment.display();
    format!(
        "the tests send by pysnmp, which could not be installed; with PyPI in reach (or a mirror, named by PIP_INDEX_URL) run\n  \
         python3 -m venv --clear {environment} && {environment}/bin/python -m pip install -r {REQUIREMENTS}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_environment_is_complete_with_exactly_these_versions() {
        let required = "# Why.\nexample==1.2.3\nother==4\n";
        assert!(is_complete(required, "example==1.2.3\nmore==1\nother==4\n"));
        assert!(!is_complete(required, "example==1.2.30\nother==4\n"));
        assert!(!is_complete(required, ""));
    }

    #[test]
    fn where_it_cannot_be_installed_the_command_is_one_line_to_copy() {
        let said = by_hand(Path::new("target/tools/pysnmp"));
        let command = "  python3 -m venv --clear target/tools/pysnmp && target/tools/pysnmp/bin/python -m pip install -r \
                       tests/data/pysnmp/requirements.txt";
        assert_eq!(said.lines().last(), Some(command));
    }
}
