//! Programs of the Rust world that chores need: from `PATH`, from an earlier run, or built now into `target/tools`.

use std::{fs, path::PathBuf};

use crate::workspace::{Failure, Workspace, on_path, succeed};

/// The program `name`; if it has to be built, in this version.
pub(crate) fn provide(workspace: &Workspace, name: &str, version: &str) -> Result<PathBuf, Failure> {
    let tools = workspace.target().join("tools");
    let own = tools.join("bin").join(name);
    if let Some(found) = on_path(name).or_else(|| own.is_file().then(|| own.clone())) {
        return Ok(found);
    }
    println!("building {name} {version}, once; a minute or two on two cores");
    let build = tools.join("build");
    // They run for seconds and are built in each fresh checkout: not worth an optimised build of ten minutes.
    let mut install = workspace.cargo();
    install.args(["install", name, "--version", version, "--locked", "--quiet", "--profile", "dev"]);
    install.arg("--root").arg(&tools).arg("--target-dir").arg(&build);
    install.env("CARGO_PROFILE_DEV_DEBUG", "0").env("CARGO_PROFILE_DEV_OPT_LEVEL", "0");
    succeed(&mut install)?;
    fs::remove_dir_all(&build).map_err(|e| Failure::of(build.to_string_lossy(), e))?;
    Ok(own)
}
