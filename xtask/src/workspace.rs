//! Where the workspace lies, and how other programs are run in it.

use std::{
    env,
    ffi::{OsStr, OsString},
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitStatus},
};

/// Why a command of xtask did not succeed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Another program said what is wrong and ended with this code.
    Exit(u8),
    /// What is wrong, and what to do about it.
    Said(String),
}

impl Failure {
    /// The failure to do `what`, with the system's reason.
    pub(crate) fn of(what: impl AsRef<str>, reason: impl std::fmt::Display) -> Self {
        Self::Said(format!("{}: {reason}", what.as_ref()))
    }
}

/// The checkout that xtask works on.
#[derive(Debug)]
pub(crate) struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// The workspace that cargo runs xtask from.
    pub(crate) fn find() -> Result<Self, Failure> {
        let package = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let root = package.as_deref().and_then(Path::parent);
        root.map(|root| Self { root: root.to_owned() })
            .ok_or_else(|| Failure::Said("run it as `cargo xtask`, which says where the workspace is".into()))
    }

    /// Its top directory, absolute.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Where cargo builds.
    pub(crate) fn target(&self) -> PathBuf {
        self.root.join(env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
    }

    /// Cargo, to be run at the top.
    pub(crate) fn cargo(&self) -> Command {
        self.program(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
    }

    /// A program, to be run at the top, without what cargo told xtask about xtask: build scripts that look at those variables
    /// (ring's does) would run again at each change between `cargo xtask` and `cargo`.
    pub(crate) fn program(&self, name: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(name);
        command.current_dir(&self.root).env("PATH", search_path());
        for (key, _) in env::vars_os() {
            let told = key.to_string_lossy();
            if ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"]
                .iter()
                .any(|start| told.starts_with(start))
            {
                command.env_remove(&key);
            }
        }
        command
    }

    /// Every file that git tracks or would track, relative to the top.
    pub(crate) fn files(&self) -> Result<Vec<String>, Failure> {
        let mut git = self.program("git");
        git.args(["-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
        let listed = git.output().map_err(|e| Failure::of("git ls-files", e))?;
        if !listed.status.success() {
            return Err(Failure::of("git ls-files", String::from_utf8_lossy(&listed.stderr).trim()));
        }
        let text = String::from_utf8_lossy(&listed.stdout);
        let mut files: Vec<String> = text.split_terminator('\0').map(str::to_owned).collect();
        files.retain(|path| self.root.join(path).is_file());
        files.sort_unstable();
        files.dedup();
        Ok(files)
    }
}

/// Runs `command` with our own input and output, to success.
pub(crate) fn succeed(command: &mut Command) -> Result<(), Failure> {
    let status = command.status().map_err(|e| Failure::of(command.get_program().to_string_lossy(), e))?;
    if status.success() { Ok(()) } else { Err(Failure::Exit(exit_code(status))) }
}

/// The file that `name` would run, if there is one.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    env::split_paths(&search_path()).map(|directory| directory.join(name)).find(|file| file.is_file())
}

/// Writes `text` to `path`, with the directories above it.
pub(crate) fn write(path: &Path, text: impl AsRef<[u8]>) -> Result<(), Failure> {
    path.parent()
        .map_or(Ok(()), fs::create_dir_all)
        .and_then(|()| fs::write(path, text))
        .map_err(|e| Failure::of(path.to_string_lossy(), e))
}

/// `PATH`, and where Debian keeps daemons, which is not on every user's `PATH`.
fn search_path() -> OsString {
    let path = env::var_os("PATH").unwrap_or_default();
    let daemons = ["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from);
    env::join_paths(env::split_paths(&path).chain(daemons)).unwrap_or(path)
}

fn exit_code(status: ExitStatus) -> u8 {
    status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}
