//! `lockwarden explain`: each step from line to verdict, in full, for a line of each sort; and a pack of one's own, checked and explained.

use std::fs;
use std::io::Write as _;
use std::process::Stdio;

use super::programs::{output, start, text};
use super::site::{Directory, lockwarden};

fn explain(line: &str) -> String {
    let output = output(lockwarden().arg("explain").arg(line));
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

#[test]
fn an_alarm_is_followed_from_its_header_to_the_account() {
    let line = "<188>103: cucm-sub1.example.test: Jan 15 2026 08:21:05.090 UTC : %UC_IMS-4-authHackLock: \
                %[UserID=jdoe][ClusterID=East][NodeID=cucm-sub1]: The credential is locked.";
    let expected = "\
form       CiscoLog
pri        local7.warning
sequence   103
host       cucm-sub1.example.test
time       2026-01-15T08:21:05.090Z
zone       UTC
clock      set, or not said
facility   UC_IMS
severity   4
alarm      authHackLock
parameter  UserID = jdoe
parameter  ClusterID = East
parameter  NodeID = cucm-sub1
text       The credential is locked.
";
    let said = explain(line);
    let rest: Vec<&str> = said.strip_prefix(expected).unwrap_or_else(|| panic!("{said}")).lines().collect();
    assert!(rest[0].starts_with("asked      UC_IMS-authHackLock (cucm.toml:"), "{}", rest[0]);
    assert!(rest[0].ends_with(") taken: lockout"), "{}", rest[0]);
    assert_eq!(
        rest[1..],
        [
            "read       account = jdoe",
            "read       node = cucm-sub1",
            "read       cluster = East",
            "says       account=jdoe at=2026-01-15T08:21:05.090Z cluster=East credential=unknown family=UC_IMS-authHackLock \
             node=cucm-sub1 realm=cucm reason=failed-logons verdict=lockout",
            "verdict    lockout",
            "so         a lockout of cucm account jdoe",
        ]
    );
}

#[test]
fn why_an_entry_was_not_taken_is_said() {
    let audit = "<189>8109: Jan 15 2026 09:10:34 AM.484 UTC :  %UC_AUDITLOG-5-AdministrativeEvent: %[UserID=jdoe]\
                 [EventType=GeneralConfigurationUpdate][EventStatus=Failure][AuditDetails=x]: x";
    let said = explain(audit);
    let wanted = "not taken: EventType is \"GeneralConfigurationUpdate\"; it asks that EventType is \"UserLogging\"";
    assert_eq!(said.lines().filter(|line| line.starts_with("asked ") && line.ends_with(wanted)).count(), 4, "{said}");
    assert!(said.contains("\nverdict    not-a-sign-in\n"), "{said}");
}

#[test]
fn text_that_acts_on_a_terminal_is_shown_as_what_it_is() {
    let said = explain(
        "<86>Jan 15 09:30:00 web1 sshd[1]: Failed password for \u{1b}[2J\u{202e}x from 192.0.2.20 port 22 ssh2",
    );
    assert!(said.contains("account = \\u{1b}[2J\\u{202e}x\n"), "{said}");
    assert!(!said.contains(['\u{1b}', '\u{202e}']), "{said:?}");
}

#[test]
fn lines_of_standard_input_are_explained_one_by_one_as_json() {
    let mut child = start(lockwarden().args(["explain", "-", "--json"]).stdin(Stdio::piped()).stdout(Stdio::piped()));
    let lines = "1042,2026-01-15,09:31:12,Login,system,192.0.2.30,ESM Login Page,False,True,0,Invalid Password\n\
                 \n\
                 <46>nothing that anybody knows\n";
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said: Vec<serde_json::Value> =
        text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let short: Vec<_> = said.iter().map(|line| (line["verdict"].as_str(), line["so"].as_str())).collect();
    assert_eq!(
        short,
        [
            (Some("failure"), Some("a failure of mitel account system")),
            (Some("no-entry"), Some("no entry speaks of it; a pack of yours can: docs/catalogue.md")),
        ]
    );
    assert_eq!(said[0]["statements"][0]["source"], "192.0.2.30");
}

/// A pack of one's own for a door system, in a configuration that names it.
fn with_pack(pack: &str) -> (Directory, std::path::PathBuf) {
    let directory = Directory::new();
    let (file, config) = (directory.path().join("doors.toml"), directory.path().join("lockwarden.toml"));
    fs::write(&file, pack).unwrap();
    fs::write(&config, format!("[catalogue]\nfiles = [\"{}\"]\n", file.display())).unwrap();
    (directory, config)
}

const DOORS: &str = r#"pack = "doors"
realm = "unix"

[[entry]]
family = "DOOR-wrong-code"
program = ["doord"]
pattern = '''wrong code of (?P<account>\S+) at reader (?P<source>\S+)'''
meaning = "failure"
credential = "pin"

[[test]]
line = "<38>Jan 15 09:31:00 door1 doord: wrong code of jdoe at reader 192.0.2.77"
meaning = "failure"
account = "jdoe"
source = "192.0.2.77"
credential = "pin"
"#;

#[test]
fn a_vendor_is_added_by_writing_a_file() {
    let (_directory, config) = with_pack(DOORS);
    let checked = output(lockwarden().arg("check").arg(&config));
    assert_eq!((checked.status.code(), text(&checked.stderr).as_str()), (Some(0), ""));
    let line = "<38>Jan 15 09:40:00 door2 doord: wrong code of asmith at reader 192.0.2.78";
    let output = output(lockwarden().arg("explain").arg(line).arg("--config").arg(&config));
    let said = text(&output.stdout);
    assert!(said.contains("asked      DOOR-wrong-code (doors.toml:4) taken: failure\n"), "{said}");
    assert!(said.ends_with("so         a failure of unix account asmith\n"), "{said}");
}

#[test]
fn every_mistake_of_a_pack_is_named_with_its_line() {
    let wrong = DOORS.replace("credential = \"pin\"\n\n[[test]]", "credentail = \"pin\"\n\n[[test]]");
    let wrong = wrong
        + r#"
[[entry]]
family = "DOOR-dead"
program = ["doord"]
pattern = '''opened$ by (?P<account>\S+)'''
meaning = "success"

[[entry]]
family = "DOOR-slow"
program = ["doord"]
pattern = '''(\w{1,50}\s?){1,300}'''
meaning = "never"

[[entry]]
family = "DOOR-no-account"
program = ["doord"]
pattern = '''closed'''
meaning = "logout"
"#;
    let (directory, config) = with_pack(&wrong);
    let checked = output(lockwarden().arg("check").arg(&config));
    let file = directory.path().join("doors.toml");
    let said = text(&checked.stderr).replace(&file.display().to_string(), "doors.toml");
    assert_eq!(checked.status.code(), Some(2), "{said}");
    let lines: Vec<&str> = said.lines().collect();
    assert!(
        lines[0].starts_with("doors.toml:9: entry: unknown field `credentail`, expected one of `family`, "),
        "{said}"
    );
    assert_eq!(
        lines[1..],
        [
            "doors.toml:21: entry DOOR-dead: pattern: can never match",
            "doors.toml:27: entry DOOR-slow: pattern: is too large and would be too slow: more than 65536 bytes compiled; repeat less",
            "doors.toml:30: entry DOOR-no-account: account: is missing; this meaning needs the field, or the group \
             `(?P<account>…)`, that holds it",
        ]
    );
}

#[test]
fn a_test_line_that_is_taken_otherwise_is_named() {
    let (directory, config) = with_pack(&DOORS.replace("account = \"jdoe\"", "account = \"asmith\""));
    let checked = output(lockwarden().arg("check").arg(&config));
    let file = directory.path().join("doors.toml");
    let said = text(&checked.stderr).replace(&file.display().to_string(), "doors.toml");
    let expected = "doors.toml:14: test: account: \"asmith\" is expected, the line gives \"jdoe\"\n";
    assert_eq!((checked.status.code(), said.as_str()), (Some(2), expected));
}
