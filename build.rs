//! Turns the chosen board file into the constants that `src/board.rs` includes.
//! `LOCKWARDEN_BOARD` names a file of `board/` without its ending; the default is `generic-x86_64`.
//! Tells the linker what a build for a box can do without.

use std::{env, error::Error, fmt::Write as _, fs, path::Path};

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Tables {
    hot_accounts: usize,
    sources: usize,
    nodes: usize,
    replay_fingerprints: usize,
    open_alerts: usize,
}

#[derive(serde::Deserialize)]
struct Board {
    name: String,
    tables: Tables,
}

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-env-changed=LOCKWARDEN_BOARD");
    println!("cargo::rerun-if-changed=board");
    leave_out_what_a_box_does_not_need()?;
    let wanted = env::var("LOCKWARDEN_BOARD").unwrap_or_else(|_| "generic-x86_64".into());
    let path = format!("board/{wanted}.toml");
    let text =
        fs::read_to_string(&path).map_err(|e| format!("{path}: {e}; LOCKWARDEN_BOARD names a file of board/"))?;
    let board: Board = toml::from_str(&text).map_err(|e| format!("{path}: {e}"))?;
    let mut out = String::new();
    let entries = [
        ("HOT_ACCOUNTS", "Accounts that the decision path keeps at hand.", board.tables.hot_accounts),
        ("SOURCES", "Source addresses that the decision path keeps at hand.", board.tables.sources),
        ("NODES", "Cluster nodes that are known by name or address.", board.tables.nodes),
        ("REPLAY_FINGERPRINTS", "Messages remembered to recognise an identical one.", board.tables.replay_fingerprints),
        ("OPEN_ALERTS", "Alerts that can be open at once.", board.tables.open_alerts),
    ];
    writeln!(out, "/// The board profile this was built for.\npub const BOARD: &str = {:?};", board.name)?;
    for (name, doc, value) in entries {
        writeln!(out, "/// {doc}\npub const {name}: usize = {value};")?;
    }
    fs::write(Path::new(&env::var("OUT_DIR")?).join("board.rs"), out)?;
    Ok(())
}

/// Only of the build that is made small and ends at a panic (`[profile.release]`): tables for unwinding, and relocations in the long form.
fn leave_out_what_a_box_does_not_need() -> Result<(), Box<dyn Error>> {
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|given| given == value);
    if is("PROFILE", "release") && is("OPT_LEVEL", "z") && is("CARGO_CFG_TARGET_OS", "linux") {
        let script = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("board/no-unwind.ld");
        let arguments = [
            "-Wl,--no-eh-frame-hdr".into(),
            format!("-Wl,-T,{}", script.display()),
            "-Wl,-z,pack-relative-relocs".into(),
        ];
        arguments.iter().for_each(|argument| println!("cargo::rustc-link-arg-bins={argument}"));
    }
    Ok(())
}
