//! `fuzz`: the long run of the fuzz targets. On stable Rust by default: mutated inputs, repeatable by their seed; its options are
//! those of `fuzz/targets`. With `--libfuzzer SECONDS`, cargo-fuzz on nightly Rust, so long for each target; what it finds
//! lies in `fuzz/artifacts`.

use std::path::Path;
use std::{env, fs};

use crate::tool::provide;
use crate::workspace::{Failure, Workspace, on_path, succeed};

const VERSION: &str = "0.13.1";
const LIBFUZZER: &str = "--libfuzzer";

/// Runs it.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<(), Failure> {
    let mut rest = arguments.to_vec();
    let Some(at) = rest.iter().position(|argument| argument == LIBFUZZER) else {
        return mutated(workspace, arguments);
    };
    let seconds = rest.drain(at..rest.len().min(at + 2)).nth(1).and_then(|text| text.parse().ok());
    let seconds: u32 = seconds.ok_or_else(|| Failure::Said(format!("{LIBFUZZER} takes seconds")))?;
    let targets = match rest.as_slice() {
        [] => targets(&workspace.root().join("fuzz").join("fuzz_targets"))?,
        [option, name] if option == "--target" => vec![name.clone()],
        _ => return Err(Failure::Said(format!("with {LIBFUZZER} there is only --target NAME"))),
    };
    mutated(workspace, &["--write-seeds".into(), "fuzz/corpus".into()])?;
    let program = provide(workspace, "cargo-fuzz", VERSION)?;
    targets.iter().try_for_each(|target| libfuzzer(workspace, &program, target, seconds))
}

fn mutated(workspace: &Workspace, arguments: &[String]) -> Result<(), Failure> {
    let cargo = ["run", "--quiet", "--profile", "fuzz", "--package", "fuzz-targets", "--"];
    succeed(workspace.cargo().args(cargo).args(arguments))
}

/// The targets that libFuzzer knows: each is a file.
fn targets(folder: &Path) -> Result<Vec<String>, Failure> {
    let listed = fs::read_dir(folder).map_err(|e| Failure::of(folder.to_string_lossy(), e))?;
    let stems = listed.flatten().filter_map(|entry| Some(entry.path().file_stem()?.to_str()?.to_owned()));
    let mut names: Vec<_> = stems.collect();
    names.sort_unstable();
    Ok(names)
}

/// Sanitizers and coverage are unstable. Without a nightly toolchain the compiler at hand is told to allow them all the same.
fn libfuzzer(workspace: &Workspace, program: &Path, target: &str, seconds: u32) -> Result<(), Failure> {
    let nightly = on_path("rustup").is_some()
        && workspace
            .program("rustup")
            .args(["run", "nightly", "rustc", "-V"])
            .output()
            .is_ok_and(|o| o.status.success());
    let mut fuzz = if nightly {
        let mut rustup = workspace.program("rustup");
        // What cargo says about itself to xtask would bring the stable one back.
        rustup.args(["run", "nightly"]).arg(program).env_remove("CARGO").env_remove("RUSTUP_TOOLCHAIN");
        rustup
    } else {
        println!("no nightly Rust: RUSTC_BOOTSTRAP=1 with the one at hand");
        let mut plain = workspace.program(program);
        plain.env("RUSTC_BOOTSTRAP", "1");
        plain
    };
    let build =
        env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace.root().join("fuzz").join("target"), Into::into);
    fuzz.arg("run").arg(target).arg("--target-dir").arg(build);
    succeed(fuzz.args(["--", &format!("-max_total_time={seconds}"), "-max_len=65507", "-print_final_stats=1"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_libfuzzer_run_wants_its_seconds_and_no_options_of_the_other() {
        let workspace = Workspace::find().unwrap();
        let said = |arguments: &[&str]| {
            let arguments: Vec<_> = arguments.iter().map(ToString::to_string).collect();
            match run(&workspace, &arguments) {
                Err(Failure::Said(text)) => text,
                end => panic!("{end:?}"),
            }
        };
        assert_eq!(said(&["--libfuzzer"]), "--libfuzzer takes seconds");
        assert_eq!(said(&["--libfuzzer", "soon"]), "--libfuzzer takes seconds");
        assert_eq!(said(&["--libfuzzer", "5", "--runs", "9"]), "with --libfuzzer there is only --target NAME");
    }
}
