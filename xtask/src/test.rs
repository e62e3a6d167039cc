//! `test`: the programs that the tests drive, the release binary that they drive them against, and the tests.

use crate::pysnmp;
use crate::workspace::{Failure, Workspace, on_path, succeed};

/// A program that tests start, and the Debian package that has it.
const PROGRAMS: &[(&str, &str)] = &[
    ("snmptrap", "snmp"),
    ("snmpinform", "snmp"),
    ("snmptrapd", "snmptrapd"),
    ("mosquitto", "mosquitto"),
    ("mosquitto_sub", "mosquitto-clients"),
    ("logger", "bsdutils"),
    ("rsyslogd", "rsyslog"),
    ("openssl", "openssl"),
    ("prlimit", "util-linux"),
    ("smilint", "smitools"),
    ("tshark", "tshark"),
    ("strace", "strace"),
    ("python3", PYTHON),
];
/// Python with what makes environments.
const PYTHON: &str = "python3-venv";

/// Runs it; `arguments` go to `cargo test`.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<(), Failure> {
    let is_there = |program: &str| match program {
        "python3" => pysnmp::can_be_made(workspace),
        _ => on_path(program).is_some(),
    };
    provide(workspace, &missing(PROGRAMS, is_there))?;
    pysnmp::provide(workspace)?;
    succeed(workspace.cargo().args(["build", "--release"]))?;
    let binary = workspace.target().join("release").join("lockwarden");
    succeed(workspace.cargo().args(["test", "--workspace"]).args(arguments).env("LOCKWARDEN_BIN", binary))
}

/// The packages that are needed and not there, each once.
fn missing(programs: &[(&str, &'static str)], is_there: impl Fn(&str) -> bool) -> Vec<&'static str> {
    let mut packages: Vec<_> =
        programs.iter().filter(|(program, _)| !is_there(program)).map(|&(_, package)| package).collect();
    packages.dedup();
    packages
}

fn provide(workspace: &Workspace, packages: &[&str]) -> Result<(), Failure> {
    if packages.is_empty() {
        return Ok(());
    }
    if !is_root(workspace) || on_path("apt-get").is_none() {
        return Err(Failure::Said(by_hand(packages)));
    }
    println!("installing {}", packages.join(" "));
    let apt = || {
        let mut apt = workspace.program("apt-get");
        apt.env("DEBIAN_FRONTEND", "noninteractive");
        apt
    };
    succeed(apt().args(["update", "--quiet"]))?;
    succeed(apt().args(["install", "--quiet", "-y", "--no-install-recommends"]).args(packages))
}

/// What to type where we may not install.
fn by_hand(packages: &[&str]) -> String {
    let packages = packages.join(" ");
    let command = "sudo apt-get update && sudo apt-get install -y --no-install-recommends";
    format!("the tests need programs that are not here; install them by\n  {command} {packages}")
}

fn is_root(workspace: &Workspace) -> bool {
    workspace.program("id").arg("-u").output().is_ok_and(|id| id.stdout.trim_ascii() == b"0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_of_two_missing_programs_is_installed_once() {
        assert_eq!(
            missing(PROGRAMS, |program| !matches!(program, "snmptrap" | "snmpinform" | "strace")),
            ["snmp", "strace"]
        );
        assert!(missing(PROGRAMS, |_| true).is_empty());
    }

    #[test]
    fn without_the_right_to_install_the_command_is_one_line_to_copy() {
        let said = by_hand(&["snmp", "strace"]);
        assert_eq!(
            said.lines().last(),
            Some("  sudo apt-get update && sudo apt-get install -y --no-install-recommends snmp strace")
        );
    }
}
