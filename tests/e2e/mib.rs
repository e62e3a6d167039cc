//! The module that `lockwarden mib` prints, read by other people's compilers: libsmi's, net-snmp's and pysnmp's.

use std::fs;
use std::path::Path;

use super::programs::{output, program, pysnmp, text};
use super::site::{Directory, lockwarden};
use super::trapd::BASE_MIBS;

/// Roots: as they are asked for, and what that makes.
const ROOTS: [(&[&str], &str); 2] =
    [(&[], "1.3.6.1.4.1.8072.9999.9999.8162"), (&["--root", "1.3.6.1.4.1.99999.7"], "1.3.6.1.4.1.99999.7")];
/// Some of its names, with what follows the root.
const NAMES: [(&str, &str); 5] = [
    ("lockwarden", ""),
    ("lockwardenLockout", ".0.1"),
    ("lockwardenAlertCleared", ".0.12"),
    ("lockwardenSummary", ".1.27"),
    ("lockwardenCompliance", ".2.1.1"),
];

/// Prints the module into this directory.
fn print(arguments: &[&str], directory: &Path) {
    let printed = output(lockwarden().arg("mib").args(arguments));
    assert!(printed.status.success(), "{}", text(&printed.stderr));
    fs::write(directory.join("LOCKWARDEN-MIB.txt"), printed.stdout).unwrap();
}

#[test]
fn smilint_has_nothing_to_say_about_what_is_printed() {
    for (arguments, root) in ROOTS {
        let directory = Directory::new();
        print(arguments, directory.path());
        let file = directory.path().join("LOCKWARDEN-MIB.txt");
        let said = output(program("smilint").args(["-l", "6", "-c", "/dev/null"]).arg(file).env("SMIPATH", BASE_MIBS));
        assert_eq!((text(&said.stdout), text(&said.stderr)), (String::new(), String::new()), "{root}");
        assert!(said.status.success());
    }
}

#[test]
fn snmptranslate_finds_the_names_below_the_root() {
    for (arguments, root) in ROOTS {
        let directory = Directory::new();
        print(arguments, directory.path());
        let mibs = format!("{BASE_MIBS}:{}", directory.path().display());
        let mut translate = program("snmptranslate");
        translate.args(["-M", &mibs, "-m", "LOCKWARDEN-MIB", "-On"]);
        let translated = output(translate.args(NAMES.map(|(name, _)| format!("LOCKWARDEN-MIB::{name}"))));
        let expected: Vec<String> = NAMES.iter().map(|(_, end)| format!(".{root}{end}")).collect();
        let found: Vec<String> = text(&translated.stdout).split_whitespace().map(str::to_owned).collect();
        assert_eq!((found, text(&translated.stderr)), (expected, String::new()));
    }
}

#[test]
fn pysnmp_compiles_the_module_and_finds_the_names_below_the_root() {
    for (arguments, root) in ROOTS {
        let directory = Directory::new();
        print(arguments, directory.path());
        let compiled = output(pysnmp("mib.py").arg(BASE_MIBS).arg(directory.path()).args(NAMES.map(|(name, _)| name)));
        assert!(compiled.status.success(), "{}", text(&compiled.stderr));
        let expected: String = NAMES.iter().map(|(name, end)| format!("{name} {root}{end}\n")).collect();
        assert_eq!(text(&compiled.stdout), expected);
    }
}
