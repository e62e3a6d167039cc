//! `lockwarden replay`: a log through the same engine, with what other thresholds and another policy would have made of it.

use std::fs;
use std::path::{Path, PathBuf};

use super::programs::{output, text};
use super::site::{Directory, lockwarden};

/// Wrong credentials of one account each, minute and second after eight.
const FAILURES: [(&str, &str); 7] = [
    ("21:01", "jdoe"),
    ("21:31", "jdoe"),
    ("22:01", "asmith"),
    ("22:31", "jdoe"),
    ("23:01", "asmith"),
    ("24:01", "asmith"),
    ("24:31", "asmith"),
];

fn log(directory: &Directory) -> PathBuf {
    let line = |(n, (at, account)): (usize, &(&str, &str))| {
        format!(
            "<188>{n}: cucm-sub1: Jan 15 2026 08:{at}.000 UTC : %UC_IMS-4-authFail: %[UserID={account}][AppID=Cisco Tomcat]\
             [ClusterID=East][NodeID=cucm-sub1]: An attempt to authenticate this user failed.\n"
        )
    };
    let file = directory.path().join("cucm.log");
    fs::write(&file, FAILURES.iter().enumerate().map(line).collect::<String>()).unwrap();
    file
}

fn replay(file: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = output(lockwarden().arg("replay").arg(file).args(arguments));
    let said = text(&output.stdout) + &text(&output.stderr);
    // How long it took is this machine's.
    let timeless = |line: &str| match line.split_once("  read in ") {
        Some((before, _)) => format!("{before}  read in T ms, F times as fast as they came\n"),
        None => format!("{line}\n"),
    };
    (output.status.code(), said.lines().map(timeless).collect())
}

#[test]
fn a_log_shows_what_was_found_who_failed_and_what_other_thresholds_would_have_raised() {
    let directory = Directory::new();
    let (code, said) = replay(&log(&directory), &["--top", "1"]);
    assert_eq!(said, include_str!("../data/replay/log.txt"));
    assert_eq!(code, Some(0));
}

#[test]
fn two_policies_are_compared_finding_by_finding() {
    let directory = Directory::new();
    let file = log(&directory);
    let policy = |name: &str, text: &str| {
        let file = directory.path().join(name);
        fs::write(&file, text).unwrap();
        file.display().to_string()
    };
    let now = policy("now.toml", "[policy]\nfailed-logons = 3\n");
    let lax = policy("lax.toml", "[policy]\nfailed-logons = 4\n");
    let (code, said) = replay(&file, &["--compare", &now, &lax]);
    assert_eq!(said, include_str!("../data/replay/compare.txt"));
    assert_eq!(code, Some(0));
    let (code, said) = replay(&file, &["--compare", &now, &lax, "--config", &now]);
    assert_eq!(said, format!("--compare names both configurations: leave out --config {now}\n"));
    assert_eq!(code, Some(2));
    let (code, said) = replay(&file, &["--compare", &now, "/nowhere/lax.toml"]);
    assert_eq!((code, said.contains("/nowhere/lax.toml: ")), (Some(2), true), "{said}");
}

#[test]
fn a_file_that_cannot_be_used_says_why() {
    let directory = Directory::new();
    let file = directory.path().join("cucm.log.gz");
    fs::write(&file, [0x1f, 0x8b, 8, 0]).unwrap();
    let expected = format!("{}: compressed; unpack it first (gunzip)\n", file.display());
    assert_eq!(replay(&file, &[]), (Some(2), expected));
    let (code, said) = replay(Path::new("/nowhere/cucm.log"), &[]);
    assert_eq!((code, said.starts_with("/nowhere/cucm.log: ")), (Some(2), true), "{said}");
}
