//! Text that is made to deceive: each datagram is one line and one attempt, and what is shown of it cannot move a cursor, turn the
//! direction of text, or begin a line of its own, in the log, over MQTT, at the NMS and on a terminal.

use super::broker::Subscriber;
use super::cucm::auth_fail;
use super::nms::receiver_of;
use super::programs::{output, text};
use super::relay::TAKES_OURS;
use super::site::Site;
use super::trapd::Trapd;

/// What a terminal or a page would act on instead of showing it.
fn is_raw(c: char) -> bool {
    (c.is_control() && c != '\n')
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Locks an account whose name is written like this, and returns everything that is shown of it: the message, the notification,
/// the log and the tables.
fn everything_shown(written: &str, account: &str) -> Vec<String> {
    let mut trapd = Trapd::by_name(TAKES_OURS);
    let mut site = Site::start_with(|settings| settings.mqtt += &receiver_of(&trapd.at));
    let mut reader = Subscriber::to(&site.access);
    site.lock(written);
    let message = reader.next("alerts/lockout");
    let alert = message.json();
    assert_eq!((alert["account"].as_str(), alert["failures"].as_u64()), (Some(account), Some(3)));
    let mut shown = vec![message.topic.clone(), message.payload.clone()];
    shown.extend(trapd.shown());
    let health = site.settled(3);
    assert_eq!((&health["received"], &health["verdicts"]["failure"]), (&3.into(), &3.into()), "{health:#}");
    assert_eq!(site.ask("accounts").0.as_array().unwrap().len(), 1);
    for command in ["accounts", "alerts", "health"] {
        let printed = output(&mut site.command(command));
        shown.extend(text(&printed.stdout).lines().map(str::to_owned));
    }
    shown.extend(site.stop());
    shown
}

fn assert_harmless(shown: &[String]) {
    for line in shown {
        assert!(!line.contains(is_raw), "{line:?}");
    }
}

#[test]
fn control_characters_and_direction_marks_are_nowhere_shown_as_they_came() {
    let shown = everything_shown(
        "e\u{1b}]0;x\u{7}v\u{8}\u{202e}e\u{2066}\u{9b}2J",
        "e\\u{1b}]0;x\\u{7}v\\u{8}\\u{202e}e\\u{2066}\\u{9b}2J",
    );
    assert_harmless(&shown);
}

#[test]
fn a_second_header_inside_a_value_is_part_of_the_value() {
    let forged =
        "jdoe\r\n<184>9: cucm-sub1: Jan 15 2026 08:00:00.001 UTC : %UC_IMS-4-authHackLock: %\\[UserID=admin\\]";
    let account =
        "jdoe\\u{d}\\u{a}<184>9: cucm-sub1: Jan 15 2026 08:00:00.001 UTC : %UC_IMS-4-authHackLock: %[UserID=admin]";
    let shown = everything_shown(forged, account);
    assert_harmless(&shown);
    assert!(!shown.iter().any(|line| line.starts_with("<184>")), "{shown:#?}");
}

#[test]
fn lines_up_to_the_longest_datagram_are_one_verdict_each_and_the_next_one_counts() {
    let site = Site::start();
    for (n, octets) in [(1, 800), (2, 8_192), (3, 65_000)] {
        let long = auth_fail("jdoe", n);
        site.syslog(&long.replace("Credential failure", &"x".repeat(octets - long.len())));
        site.syslog(&auth_fail(&"n".repeat(octets - long.len()), 30 + n));
    }
    let health = site.settled(6);
    assert_eq!((&health["received"], &health["verdicts"]), (&6.into(), &serde_json::json!({ "failure": 6 })));
    let (accounts, _) = site.ask("accounts");
    let mut names: Vec<_> = accounts.as_array().unwrap().iter().map(|row| row["account"].as_str().unwrap()).collect();
    names.sort_unstable();
    // A name too long to be kept is told from others that begin alike by a digest of the whole.
    assert_eq!((names[0], names.len()), ("jdoe", 4), "{names:?}");
    names.dedup();
    assert_eq!(names.len(), 4, "{names:?}");
    assert!(names[1..].iter().all(|name| name.len() == 128 && name.starts_with("nnnn")), "{names:?}");
    assert_eq!(site.account("jdoe")["failures"], 3);
}
