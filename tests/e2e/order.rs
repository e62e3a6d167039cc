//! On the medium before anybody is told, as the system calls show it.

use std::process::Command;

use super::broker::Subscriber;
use super::cucm::{about, inform};
use super::programs::{program, succeed};
use super::site::Site;
use super::usm::{Failed, Node, User};

/// The program under strace, which follows its threads and prints on standard error. `-D`: the process is the service itself.
fn traced(command: &Command) -> Command {
    let mut traced = program("strace");
    traced.args(["-D", "-f", "-s", "4096", "-e", "signal=none"]);
    traced.args(["-e", "trace=recvfrom,sendto,write,writev,sendmsg,fsync,fdatasync", "--"]);
    traced.arg(command.get_program()).args(command.get_args());
    traced
}

/// Whether a call of this sort that was begun in an earlier line or in this one has succeeded here.
fn synced(line: &str) -> bool {
    (line.contains("fdatasync") || line.contains("fsync")) && line.ends_with("= 0")
}

/// The numbers of the lines of this sort.
fn places(lines: &[String], wanted: impl Fn(&str) -> bool) -> Vec<usize> {
    lines.iter().enumerate().filter(|(_, line)| wanted(line)).map(|(place, _)| place).collect()
}

#[test]
fn an_inform_of_v2c_or_v3_is_answered_and_an_alert_published_only_after_a_sync() {
    // One that encrypts nothing, so that its messages can be read in the trace.
    let user = User::with(Some("sha256"), None);
    let mut site = Site::start_with(|settings| settings.traps += &user.configuration());
    site.stop();
    let command = traced(&site.command("run"));
    site.run_as(command);
    let mut reader = Subscriber::to(&site.access);
    let traps = site.listens("traps", "127.");
    let text = about("asmith");
    for ticks in [100, 1_000] {
        succeed(&mut inform("authFail", &text, ticks).to(traps));
    }
    let node = Node::new();
    for ticks in [2_000, 3_000] {
        succeed(&mut node.inform(&user, Failed { account: "bsmith", ticks }, traps));
    }
    site.lock("jdoe");
    assert_eq!(reader.alert()["account"], "jdoe");
    // Each SNMPv3 inform asks for our engine first.
    site.settled(9);
    let lines = site.stop();

    let after_the_last = |before: &dyn Fn(&str) -> bool, told: usize| {
        let place = places(&lines[..told], before).pop().unwrap();
        lines[place..told].iter().any(|line| synced(line))
    };
    for account in ["asmith", "bsmith"] {
        let answers = places(&lines, |line| line.contains("sendto(") && line.contains(account));
        assert_eq!(answers.len(), 2, "{lines:#?}");
        for answer in answers {
            let told = after_the_last(&|line| line.contains("recvfrom") && line.contains(account), answer);
            assert!(told, "an answer before its sync:\n{:#?}", &lines[..=answer]);
        }
    }
    let sends = ["sendto(", "write(", "writev(", "sendmsg("];
    let published =
        places(&lines, |line| line.contains("/alerts/lockout") && sends.iter().any(|call| line.contains(call)));
    assert!(!published.is_empty(), "{lines:#?}");
    for publish in published {
        let told = after_the_last(&|line| line.contains("recvfrom") && line.contains("UserID=jdoe"), publish);
        assert!(told, "an alert before its sync:\n{:#?}", &lines[..=publish]);
    }
}
