//! `guards`: shows that the guards of the layout refuse what they must refuse. Each runs on a scratch copy with one bad line.
//! The third guard, tidy, shows it in its own unit tests.

use std::{fs, path::Path, process::Command};

use crate::workspace::{Failure, Workspace, write};

/// What `clippy.toml` must refuse, whatever else it refuses.
const REFUSED: &[&str] = &[
    "std::time::Instant::now",
    "std::time::SystemTime::now",
    "tokio::time::Instant::now",
    "jiff::Timestamp::now",
    "jiff::Zoned::now",
    "tokio::sync::mpsc::unbounded_channel",
    "std::sync::mpsc::channel",
];

/// What stands in for the crates that `clippy.toml` names, so that nothing has to be built: the paths are what counts.
const STAND_INS: &[(&str, &str)] = &[
    (
        "tokio",
        "pub mod time { pub struct Instant; impl Instant { pub fn now() {} } }
         pub mod sync { pub mod mpsc { pub fn unbounded_channel<T>() {} } }",
    ),
    (
        "jiff",
        "pub struct Timestamp; impl Timestamp { pub fn now() {} } pub struct Zoned; impl Zoned { pub fn now() {} }",
    ),
];

/// Runs both; takes no arguments.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<(), Failure> {
    if let Some(argument) = arguments.first() {
        return Err(Failure::Said(format!("takes no arguments, was given `{argument}`")));
    }
    clippy_refuses_clocks_and_unbounded_channels(workspace, workspace.root())?;
    println!("clippy.toml refuses {}", REFUSED.join(", "));
    the_core_refuses_the_shell(workspace)?;
    println!("the core build refuses a socket in the engine");
    Ok(())
}

/// `settings` is the directory of the `clippy.toml` in question.
fn clippy_refuses_clocks_and_unbounded_channels(workspace: &Workspace, settings: &Path) -> Result<(), Failure> {
    let scratch = workspace.target().join("guards").join("clippy");
    write_stand_ins(&scratch)?;
    write(&scratch.join("src/main.rs"), "fn main() {}\n")?;
    let clean = clippy(workspace, settings, &scratch)?;
    if !clean.passed {
        return Err(Failure::Said(format!("clippy refuses an empty program:\n{}", clean.text)));
    }
    write(&scratch.join("src/main.rs"), calls(REFUSED))?;
    let said = clippy(workspace, settings, &scratch)?;
    let missed: Vec<_> =
        REFUSED.iter().filter(|path| !said.text.contains(&format!("disallowed method `{path}`"))).copied().collect();
    if said.passed || !missed.is_empty() {
        return Err(Failure::Said(format!("clippy.toml lets {} pass:\n{}", missed.join(", "), said.text)));
    }
    Ok(())
}

fn the_core_refuses_the_shell(workspace: &Workspace) -> Result<(), Failure> {
    let scratch = workspace.target().join("guards").join("core");
    if scratch.exists() {
        fs::remove_dir_all(&scratch).map_err(|e| Failure::of(scratch.to_string_lossy(), e))?;
    }
    for file in workspace.files()? {
        let bytes = fs::read(workspace.root().join(&file)).map_err(|e| Failure::of(&file, e))?;
        write(&scratch.join(&file), bytes)?;
    }
    let engine = scratch.join("src/engine/mod.rs");
    let text = fs::read_to_string(&engine).map_err(|e| Failure::of("src/engine/mod.rs", e))?;
    write(&engine, format!("{text}\nuse tokio::net::UdpSocket as _;\n"))?;
    let mut check = workspace.cargo();
    check.args(["check", "--lib", "--no-default-features"]);
    let said = ended(in_scratch(&mut check, workspace, &scratch))?;
    if said.passed || !said.text.contains("`tokio`") {
        return Err(Failure::Said(format!("the core builds with a socket in the engine:\n{}", said.text)));
    }
    Ok(())
}

/// A program that calls each of `paths`.
fn calls(paths: &[&str]) -> String {
    let call = |path: &&str| {
        let item = if path.ends_with("channel") { "::<()>" } else { "" };
        format!("    let _ = {path}{item}();\n")
    };
    format!("fn main() {{\n{}}}\n", paths.iter().map(call).collect::<String>())
}

fn write_stand_ins(scratch: &Path) -> Result<(), Failure> {
    let mut manifest = package("scratch") + "[workspace]\n[dependencies]\n";
    for (name, text) in STAND_INS {
        manifest += &format!("{name} = {{ path = \"{name}\" }}\n");
        write(&scratch.join(name).join("Cargo.toml"), package(name))?;
        write(&scratch.join(name).join("src/lib.rs"), text)?;
    }
    write(&scratch.join("Cargo.toml"), manifest)
}

fn package(name: &str) -> String {
    format!("[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n")
}

struct End {
    passed: bool,
    text: String,
}

fn clippy(workspace: &Workspace, settings: &Path, scratch: &Path) -> Result<End, Failure> {
    let mut clippy = workspace.cargo();
    clippy.args(["clippy", "--offline"]).env("CLIPPY_CONF_DIR", settings);
    ended(in_scratch(&mut clippy, workspace, scratch).args(["--", "-D", "clippy::disallowed_methods"]))
}

fn in_scratch<'a>(command: &'a mut Command, workspace: &Workspace, scratch: &Path) -> &'a mut Command {
    command.arg("--manifest-path").arg(scratch.join("Cargo.toml"));
    command.arg("--target-dir").arg(workspace.target().join("guards").join("build"))
}

fn ended(command: &mut Command) -> Result<End, Failure> {
    let output = command.output().map_err(|e| Failure::of("cargo", e))?;
    Ok(End { passed: output.status.success(), text: String::from_utf8_lossy(&output.stderr).into_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refused_method_is_called_by_the_scratch_program() {
        assert_eq!(
            calls(&["std::time::Instant::now", "std::sync::mpsc::channel"]),
            "fn main() {\n    let _ = std::time::Instant::now();\n    let _ = std::sync::mpsc::channel::<()>();\n}\n"
        );
    }

    /// One test, since the two share the scratch program.
    #[test]
    fn clippy_refuses_each_clock_and_channel_and_a_ban_that_is_gone_is_noticed() {
        let workspace = Workspace::find().expect("cargo runs the tests");
        clippy_refuses_clocks_and_unbounded_channels(&workspace, workspace.root()).expect("the guard holds");

        let settings = fs::read_to_string(workspace.root().join("clippy.toml")).expect("it is there");
        let weaker: String =
            settings.split_inclusive('\n').filter(|line| !line.contains("\"jiff::Zoned::now\"")).collect();
        let directory = workspace.target().join("guards").join("weaker");
        write(&directory.join("clippy.toml"), weaker).expect("the target directory is ours");
        let Err(Failure::Said(text)) = clippy_refuses_clocks_and_unbounded_channels(&workspace, &directory) else {
            panic!("a missing ban was not noticed")
        };
        assert_eq!(text.lines().next(), Some("clippy.toml lets jiff::Zoned::now pass:"));
    }
}
