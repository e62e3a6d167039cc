//! The text of LOCKWARDEN-MIB, as other programs read it. The base modules are stand-ins; see `tests/data/mibs`.

use std::fs;

use lockwarden::shell::nms::{DEFAULT_ROOT, mib};
use lockwarden::wire::snmp::Oid;

use crate::rig::{directory, program, scratch};

/// Everything that smilint has to say about this text.
fn lint(name: &str, text: &str) -> String {
    let scratch = scratch(name);
    let file = scratch.join("LOCKWARDEN-MIB.txt");
    fs::write(&file, text).unwrap();
    let output = program("smilint")
        .args(["-l", "6", "-c", "/dev/null"])
        .arg(&file)
        .env("SMIPATH", directory("tests/data/mibs"))
        .output()
        .expect("smilint (Debian package smitools) starts");
    fs::remove_dir_all(scratch).unwrap();
    String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
}

#[test]
fn smilint_at_its_strictest_has_nothing_to_say_whatever_the_root() {
    let module = |root: &str| mib::module(&root.parse().unwrap()).unwrap();
    assert_eq!(lint("shipped", &mib::module(&DEFAULT_ROOT).unwrap()), "");
    assert_eq!(lint("enterprise", &module("1.3.6.1.4.1.32473")), "");
    assert_eq!(lint("deep", &module("1.3.6.1.4.1.32473.1.2.3.4.5")), "");
}

#[test]
fn smilint_would_say_if_a_field_were_in_no_group() {
    let text = mib::module(&DEFAULT_ROOT).unwrap();
    let (before, group) = text.split_once("lockwardenObjectGroup OBJECT-GROUP").unwrap();
    let broken = format!("{before}lockwardenObjectGroup OBJECT-GROUP{}", group.replacen("lockwardenAccount, ", "", 1));
    let said = lint("broken", &broken);
    assert!(said.contains("`lockwardenAccount'"), "{said}");
}

#[test]
fn snmptranslate_finds_the_notifications_and_the_fields() {
    let number = |name: &str| {
        let mibs = [directory("tests/data/mibs"), directory("config")];
        let output = program("snmptranslate")
            .args(["-M", &mibs.map(|path| path.display().to_string()).join(":")])
            .args(["-m", "LOCKWARDEN-MIB", "-On", &format!("LOCKWARDEN-MIB::{name}")])
            .output()
            .expect("snmptranslate (Debian package snmp) starts");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        String::from_utf8(output.stdout).unwrap().trim().parse::<Oid>().unwrap()
    };
    assert_eq!(number("lockwarden"), DEFAULT_ROOT);
    assert_eq!(number("lockwardenLockout"), DEFAULT_ROOT.child(&[0, 1]).unwrap());
    assert_eq!(number("lockwardenAlertCleared"), DEFAULT_ROOT.child(&[0, 12]).unwrap());
    assert_eq!(number("lockwardenAlertId.0"), DEFAULT_ROOT.child(&[1, 1, 0]).unwrap());
    assert_eq!(number("lockwardenSummary.0"), DEFAULT_ROOT.child(&[1, 27, 0]).unwrap());
}
