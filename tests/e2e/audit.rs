//! The audit log: one record for each attempt, a ring that is kept over every restart, files that are read back as they were written.

use std::fs;

use serde_json::Value;

use super::cucm::{about, auth_fail, auth_success, trap};
use super::programs::{output, succeed, text};
use super::site::{Directory, Site};

/// The records, newest first.
fn records(site: &Site, filter: &[&str]) -> Vec<Value> {
    let output = output(site.command("audit").args(filter).args(["--json", "--limit", "100000"]));
    assert!(output.status.success(), "{}", text(&output.stderr));
    serde_json::from_slice::<Value>(&output.stdout).unwrap().as_array().unwrap().clone()
}

fn ids(records: &[Value]) -> Vec<u64> {
    records.iter().map(|record| record["audit_log_id"].as_u64().unwrap()).collect()
}

/// The whole log in this form.
fn exported(site: &Site, form: &str) -> String {
    let output = output(site.command("audit").args(["export", "--format", form]));
    assert!(output.status.success(), "{}", text(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What `audit import` says about this file.
fn import(site: &Site, name: &str, content: &str, more: &[&str]) -> String {
    let path = site.directory.path().join(name);
    fs::write(&path, content).unwrap();
    let output = output(site.command("audit").arg("import").arg(path).args(more));
    assert!(output.status.success(), "{}", text(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn an_attempt_that_is_told_in_three_ways_is_one_record_with_what_each_adds() {
    let site = Site::start();
    site.syslog(&auth_fail("jdoe", 1));
    site.settled(1);
    site.syslog(
        "<188>7: cucm-sub1.example.test: Jan 15 2026 08:00:01.150 UTC : %UC_LOGIN-4-AuthenticationFailed: %[LoginFrom=192.0.2.15]\
         [UserID=jdoe][Interface=VMREST][AppID=Cisco Tomcat][ClusterID=][NodeID=cucm-sub1]: Login Authentication failed.",
    );
    succeed(&mut trap("authFail", &about("jdoe"), 1).to(site.listens("traps", "127.")));
    site.settled(3);
    let all = records(&site, &[]);
    assert_eq!(all.len(), 1, "{all:#?}");
    let shown = ["action", "user_login_id", "source_ip_address", "login_type", "cluster", "node", "family", "time"];
    assert_eq!(
        shown.map(|key| all[0][key].as_str().unwrap()),
        ["Login", "jdoe", "192.0.2.15", "VMREST", "StandAloneCluster", "cucm-sub1", "UC_IMS-authFail", "08:00:01.114"]
    );
    assert_eq!((&all[0]["user_authenticated"], &all[0]["session_availability"]), (&Value::Bool(false), &Value::Null));
    // A login, told twice, is one as well, and the filters tell them apart.
    site.syslog(&auth_success("jdoe", 60));
    succeed(&mut trap("authSuccess", &about("jdoe"), 2).to(site.listens("traps", "127.")));
    site.settled(5);
    assert_eq!(ids(&records(&site, &["--result", "success"])), [2]);
    assert_eq!(ids(&records(&site, &["--user", "JDOE", "--result", "failure", "--type", "vmrest"])), [1]);
    assert_eq!(ids(&records(&site, &["--since", "2026-01-15T08:00:30Z", "--action", "login"])), [2]);
    assert_eq!(ids(&records(&site, &["--action", "logout"])), <[u64; 0]>::default());
    let table = output(site.command("audit").args(["--user", "jdoe", "--limit", "1"]));
    let table = String::from_utf8(table.stdout).unwrap();
    assert_eq!(table.lines().count(), 2, "{table}");
    assert!(table.lines().last().unwrap().starts_with("2   2026-01-15  08:01:00.114  Login   jdoe"), "{table}");
}

#[test]
fn the_log_is_a_ring_of_2000_and_no_number_is_given_twice_not_even_after_kill_9() {
    let mut site = Site::start();
    // A few at a time, so that no datagram is lost.
    let send = |site: &Site, from: u32, to: u32| {
        for n in from..to {
            site.syslog(&auth_success(&format!("user{n}"), n));
            if (n + 1 - from).is_multiple_of(100) {
                site.health_when(|health| health["received"].as_u64() >= Some(u64::from(n + 1 - from)));
            }
        }
        site.settled(u64::from(to - from));
    };
    send(&site, 0, 1_200);
    site.stop();
    site.run();
    assert_eq!(ids(&records(&site, &[])), (1..=1_200).rev().collect::<Vec<_>>());
    send(&site, 1_200, 2_300);
    let expected: Vec<u64> = (301..=2_300).rev().collect();
    assert_eq!(ids(&records(&site, &[])), expected);
    // What was shown is on the disk, and what was not has no number yet.
    site.kill();
    site.run();
    assert_eq!(ids(&records(&site, &[])), expected);
    send(&site, 2_300, 2_301);
    let all = records(&site, &[]);
    assert_eq!((all.len(), ids(&all)[0], all[0]["user_login_id"].as_str()), (2_000, 2_301, Some("user2300")));
    // A shorter log loses its oldest records.
    site.stop();
    let configuration = fs::read_to_string(site.configuration()).unwrap();
    fs::write(site.configuration(), format!("{configuration}\n[audit]\nrecords = 100\n")).unwrap();
    site.run();
    assert_eq!(ids(&records(&site, &[])), (2_202..=2_301).rev().collect::<Vec<_>>());
}

#[test]
fn what_is_exported_is_imported_as_the_same_records_and_only_once() {
    let site = Site::start();
    let names =
        ["=cmd()|' /C calc'!A0", "+1", "'@x", "a\"b,c;d", "<b>&amp;", "eve\u{202e}x", "tab\u{1b}bed", "山田", "jdoe"];
    for (name, n) in names.iter().zip(0..) {
        site.syslog(&auth_fail(name, n));
        site.syslog(&auth_success(name, n + 20));
    }
    site.settled(u64::try_from(names.len() * 2).unwrap());
    assert_eq!(records(&site, &[]).len(), names.len() * 2);
    let forms = ["csv", "json", "xml"];
    let written = forms.map(|form| exported(&site, form));
    for (form, text) in forms.iter().zip(&written) {
        assert!(!text.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'), "{form}: {text}");
        let other = Site::start();
        let said = import(&other, form, text, &[]);
        assert!(said.starts_with("18 records taken, 0 were there already; "), "{form}: {said}");
        assert_eq!(forms.map(|form| exported(&other, form)), written, "{form}");
        assert!(import(&other, form, text, &[]).starts_with("0 records taken, 18 were there already; "));
        assert!(import(&site, form, text, &[]).starts_with("0 records taken, 18 were there already; "));
    }
    assert!(written[0].contains("'=cmd()"), "no cell is a formula: {}", written[0]);
    let file = site.directory.path().join("audit.csv");
    succeed(site.command("audit").args(["export", "--format", "csv", "--output"]).arg(&file));
    assert_eq!(fs::read_to_string(file).unwrap(), written[0]);
}

#[test]
fn old_records_of_a_controller_are_taken_and_raise_no_alert() {
    let site = Site::start_with(|settings| {
        settings.top = "[[policy.for]]\nrealm = \"mitel\"\nfailed-logons = 3\n".into();
    });
    let header = "Audit Log ID,Date,Time,Action,User Login ID,Source IP Address,Login Type,User Authenticated,\
                  Session Availability,Session ID,Comments\n";
    let rows = (1..=4)
        .rev()
        .map(|n| format!("{n},2026-01-15,09:31:0{n},Login,system,192.0.2.30,FTP,False,True,0,Invalid Password\n"));
    let file = format!("{header}{}", rows.collect::<String>());
    let refused = output(site.command("audit").arg("import").arg({
        let path = site.directory.path().join("whose.csv");
        fs::write(&path, &file).unwrap();
        path
    }));
    assert!(text(&refused.stderr).contains("say --controller NAME"), "{}", text(&refused.stderr));
    let said = import(&site, "audit.csv", &file, &["--controller", "mitel1"]);
    assert_eq!(said, "4 records taken, 0 were there already; 0 of the failed logins are recent enough to count");
    let all = records(&site, &[]);
    let numbers: Vec<&str> = all.iter().map(|record| record["source_id"].as_str().unwrap()).collect();
    assert_eq!((numbers, &all[0]["cluster"]), (vec!["4", "3", "2", "1"], &Value::from("mitel1")));
    assert_eq!(site.ask("alerts").0, Value::Array(Vec::new()));
    assert_eq!(site.ask("accounts").0, Value::Array(Vec::new()));
    let again = import(&site, "audit.csv", &file, &["--controller", "mitel1"]);
    assert_eq!(again, "0 records taken, 4 were there already; 0 of the failed logins are recent enough to count");
}

#[test]
fn a_file_that_is_no_audit_log_is_refused_with_its_name() {
    let site = Site::start();
    let directory = Directory::new();
    for (content, what) in [
        ("a,b\n1,2\n", "no line of titles"),
        ("<!DOCTYPE x [<!ENTITY a \"a\">]><x>&a;</x>", "a document type, which is never read"),
        ("{\"action\":", "line 1: "),
    ] {
        let path = directory.path().join("audit");
        fs::write(&path, content).unwrap();
        let output = output(site.command("audit").arg("import").arg(&path));
        let error = text(&output.stderr);
        assert!(error.contains(what) && error.starts_with(path.to_str().unwrap()), "{error}");
        assert_eq!(output.status.code(), Some(1));
    }
}
