//! Python programs that others wrote, in an environment of their own below `target`: nothing is installed on the machine.

use std::fs;
use std::path::PathBuf;

use crate::workspace::{Failure, Workspace, on_path, succeed};

/// The interpreter of an environment that has these packages; made at the first call, and again when the packages change.
pub(crate) fn with_packages(workspace: &Workspace, packages: &[&str]) -> Result<PathBuf, Failure> {
    let environment = workspace.target().join("tools").join("python");
    let (python, stamp) = (environment.join("bin").join("python"), environment.join("packages"));
    let wanted = packages.join("\n");
    if python.is_file() && fs::read_to_string(&stamp).is_ok_and(|there| there == wanted) {
        return Ok(python);
    }
    if on_path("python3").is_none() {
        return Err(Failure::Said("python3 is not installed".into()));
    }
    succeed(workspace.program("python3").args(["-m", "venv", "--clear"]).arg(&environment))?;
    succeed(workspace.program(&python).args(["-m", "pip", "install", "--quiet"]).args(packages))?;
    fs::write(&stamp, wanted).map_err(|error| Failure::of(stamp.to_string_lossy(), error))?;
    Ok(python)
}
