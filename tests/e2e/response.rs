//! The response program, in shell as HIDS' own are: each argument in its place, whatever it does itself, and nobody waits for it. And the
//! other way round: HIDS' own alerts, by the script that is shipped for it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use super::broker::Subscriber;
use super::cucm::auth_fail;
use super::programs::{deadline, program, succeed};
use super::site::{Directory, Site, troubles};

/// A service with this program, in which DIRECTORY stands for a place to write to.
fn site_with(script: &str, more: &str) -> (Site, Directory) {
    let directory = Directory::new();
    let file = directory.path().join("respond.sh");
    fs::write(&file, script.replace("DIRECTORY", &directory.path().display().to_string())).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    let lines = format!("\n[response]\nprogram = \"{}\"\n{more}", file.display());
    (Site::start_with(|settings| settings.mqtt += &lines), directory)
}

/// Each argument on a line of its own, then the environment; the file is whole when it has its name.
const RECORD: &str = "#!/bin/sh\nfor a in \"$@\"; do printf '%s\\n' \"$a\"; done > DIRECTORY/args\nenv | grep -v '^_=\\|^PWD=' > DIRECTORY/env\nexit 3\n";

fn failed_password(user: &str, n: u32) -> String {
    format!("<86>Jan 15 08:21:0{n} web1 sshd[{n}]: Failed password for {user} from 192.0.2.20 port 50122 ssh2")
}

/// What was written to this file, once the service has said how the program ended.
fn recorded(site: &mut Site, place: &Directory, said: &str) -> Vec<String> {
    site.log_line(|line| line.contains(said));
    fs::read_to_string(place.path().join("args")).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn failed_logins_arrive_as_hids_4_says_them_and_the_exit_status_is_recorded() {
    let (mut site, place) = site_with(RECORD, "");
    [1, 2, 3].iter().for_each(|&n| site.syslog(&failed_password("$(reboot)", n)));
    let all = recorded(&mut site, &place, "exit status 3");
    let text = "More than 2 failed logins by user $(reboot) (REMOTE: 192.0.2.20 192.0.2.20)";
    assert_eq!(all[..3], ["8", "3", "3"]);
    assert!(all[3].parse::<u64>().is_ok_and(|seconds| seconds > 1_700_000_000), "{all:?}");
    let host = "192.0.2.20 192.0.2.20";
    assert_eq!(
        all[4..],
        [
            host,
            "$(reboot)",
            "Failed login attempts",
            text,
            "Failed login",
            "1",
            "$(reboot)",
            "",
            "192.0.2.20",
            "192.0.2.20"
        ]
    );
    assert_eq!(fs::read_to_string(place.path().join("env")).unwrap(), "PATH=/usr/sbin:/usr/bin:/sbin:/bin\n");
}

#[test]
fn failed_su_arrives_as_hids_3_says_it_with_root_as_severity_2() {
    let (mut site, place) = site_with(RECORD, "version = 2");
    for (n, target) in [(1, "oracle"), (2, "oracle"), (3, "root")] {
        site.syslog(&format!("<85>Jan 15 08:21:0{n} web1 su[{n}]: FAILED SU (to {target}) -jdoe on pts/0"));
    }
    let all = recorded(&mut site, &place, "exit status 3");
    let text = "User -jdoe had more than 2 failed su attempts in the past day. Targets were [ oracle root ]";
    assert_eq!(all[..3], ["9", "2", "2"]);
    assert_eq!(all[4..8], ["-jdoe", "", "Failed su attempts", text]);
    assert_eq!(all[9..], ["2", "", "-jdoe", "root"]);
}

#[test]
fn a_lockout_of_cucm_goes_to_it_too_with_hostile_text_as_one_harmless_argument() {
    let (mut site, place) = site_with(RECORD, "kinds = [\"lockout\"]");
    [1, 9, 20].iter().for_each(|&n| site.syslog(&auth_fail("a\"'b\u{1b}\\[2J\nc\u{202e};rm", n)));
    let all = recorded(&mut site, &place, "exit status 3");
    assert_eq!(all.len(), 14, "{all:?}");
    let name = "a\"'b\\u{1b}[2J\\u{a}c\\u{202e};rm";
    assert_eq!((all[0].as_str(), all[5].as_str(), all[10].as_str()), ("8", name, name));
}

#[test]
fn a_program_that_hangs_is_ended_with_its_children_and_holds_up_nobody() {
    let hang =
        "#!/bin/sh\nsleep 1000 & echo $! > DIRECTORY/child\necho $$ > DIRECTORY/parent\necho 'I \x1b[2Jhang'\nwait\n";
    let (mut site, place) = site_with(hang, "timeout-s = 1\nkinds = [\"lockout\"]");
    let mut reader = Subscriber::to(&site.access);
    [1, 9, 20].iter().for_each(|&n| site.syslog(&auth_fail("jdoe", n)));
    reader.next("alerts/lockout");
    site.log_line(|line| line.contains("took more than 1 s and was ended, with all that it had started"));
    let said = ["child", "parent"].map(|name| fs::read_to_string(place.path().join(name)).unwrap());
    let deadline = deadline();
    for id in said {
        // A zombie is gone, too: nobody has reaped it yet.
        let is_gone = || {
            let stat = fs::read_to_string(format!("/proc/{}/stat", id.trim())).unwrap_or_default();
            stat.is_empty() || stat.contains(") Z ")
        };
        while !is_gone() {
            assert!(!deadline.is_over(), "{id} still runs");
        }
    }
    site.settled(3);
}

#[test]
fn a_busy_account_holds_up_no_other_and_health_counts_how_each_run_ended() {
    // Runs about `busy` last until there is a file; each run notes whom it was about.
    let script = "#!/bin/sh\necho \"$6\" >> DIRECTORY/begun\n\
                  if [ \"$6\" = busy ]; then while [ ! -e DIRECTORY/go ]; do :; done; exit 4; fi\n";
    let more = "timeout-s = 60\nkinds = [\"repeated-failures\"]\n[detect.repeated-failures.unix]\nquiet-s = 1\nwindow-s = 600\n";
    let (mut site, place) = site_with(script, more);
    let fail = |user: &str, first: u32, site: &mut Site| {
        (first..first + 3).for_each(|n| site.syslog(&failed_password(user, n)));
    };
    fail("busy", 0, &mut site);
    let begun = || fs::read_to_string(place.path().join("begun")).unwrap_or_default();
    let until = |wanted: &str| {
        let deadline = deadline();
        while begun() != wanted {
            assert!(!deadline.is_over(), "{:?} instead of {wanted:?}", begun());
        }
    };
    until("busy\n");
    // More than run at a time, each with one run: all come while the busy account is at it.
    for (n, user) in ["one", "two", "three", "four", "five"].into_iter().enumerate() {
        fail(user, 3, &mut site);
        until(&["busy\n", "one\n", "two\n", "three\n", "four\n", "five\n"][..n + 2].concat());
    }
    fs::write(place.path().join("go"), "").unwrap();
    site.log_line(|line| line.contains("exit status 4"));
    let counted = |health: &Value, how: &str| health["response"][how].as_u64();
    site.health_when(|health| {
        counted(health, "exit_status_zero") == Some(5) && counted(health, "exit_status_other") == Some(1)
    });
}

#[test]
fn a_program_that_cannot_be_started_is_named_and_its_alerts_wait() {
    let site = Site::start_with(|settings| {
        settings.mqtt += "\n[response]\nprogram = \"/nowhere/respond.sh\"\nkinds = [\"lockout\"]"
    });
    let mut reader = Subscriber::to(&site.access);
    [1, 9, 20].iter().for_each(|&n| site.syslog(&auth_fail("jdoe", n)));
    reader.next("alerts/lockout");
    let health = site.health_when(|health| !troubles(health).is_empty());
    let trouble = troubles(&health).join("\n");
    assert!(trouble.starts_with("response: /nowhere/respond.sh cannot be started: No such file"), "{trouble}");
    assert_eq!(health["sinks"][1]["backlog"], 1);
}

#[test]
fn what_hids_found_arrives_by_the_script_that_is_shipped_for_it() {
    let site = Site::start();
    let mut reader = Subscriber::to(&site.access);
    let to = site.listens("syslog", "127.");
    // The script calls `logger` as it is on HP-UX, where syslogd passes the line on.
    let place = site.directory.path();
    let logger = program("logger").get_program().to_owned();
    let wrapper = format!(
        "#!/bin/sh\nexec {} --server {} --port {} --udp --rfc3164 \"$@\"\n",
        logger.display(),
        to.ip(),
        to.port()
    );
    fs::write(place.join("logger"), wrapper).unwrap();
    fs::set_permissions(place.join("logger"), fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", place.display());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/config/hids-response.sh");
    let hids = |arguments: &[&str]| succeed(program("sh").arg(script).args(arguments).env("PATH", &path));
    let text = "More than 2 failed logins by user j\"doe (REMOTE: host1.example.test 192.0.2.40)";
    hids(&["8", "2", "3", "1768467661", "", "", "Failed login attempts", text, "1768467661", "1", "j\"doe"]);
    let alert = reader.next("alerts/repeated-failures").json();
    assert_eq!(
        (&alert["account"], &alert["failures"], &alert["sources"][0]),
        (&"j'doe".into(), &3.into(), &"192.0.2.40".into())
    );
    let text = "User asmith had more than 2 failed su attempts in the past 24 hours. Targets were [ oracle root ]";
    hids(&["9", "3", "2", "1768467661", "asmith", "root", "Failed su attempts", text, "Failed switch-user (su)", "2"]);
    let alert = reader.next("alerts/failed-su").json();
    assert_eq!(
        (&alert["account"], &alert["severity"], &alert["basis"]),
        (&"asmith".into(), &"critical".into(), &"reported".into())
    );
    hids(&["7", "3", "3", "1768467661", "", "", "Login", "x"]);
    assert_eq!(site.settled(2)["received"], 2);
}
