//! What rsyslog and syslog-ng, each in several settings, made of CUCM's and others' lines: the forms are theirs, the content is ours.

use super::*;

const ALARM: &str = "%UC_IMS-4-authFail: %[UserID=jdoe]: x";

/// Form, sequence number, host, time (at the receipt on 15 January 2026), and whether the body is the alarm.
type Read<'a> = (Form, Option<u64>, Option<&'a str>, Option<String>, bool);

fn read(line: &str) -> Read<'_> {
    let record = decode(line);
    let near = crate::units::Wall::from_millis(1_768_465_265_000);
    let time = record.stamp.and_then(|stamp| stamp.to_wall(near)).map(|wall| wall.to_string());
    (record.form, record.sequence, record.host, time, record.body == ALARM)
}

fn check(lines: &[&str], sequence: Option<u64>, host: Option<&str>, time: Option<&str>) {
    for header in lines {
        let line = format!("{header}{ALARM}\n");
        let expected = (Form::CiscoLog, sequence, host, time.map(str::to_owned), true);
        assert_eq!(read(&line), expected, "{line}");
    }
}

#[test]
fn a_line_with_number_host_and_date_keeps_them_all() {
    let numbered = [
        "<188>2026-01-15T09:00:35.196229+01:00 192.0.2.10 101: cucm-sub1.example.test: Jan 15 2026 08:21:05.090 UTC : ",
        "<188>Jan 15 08:00:37 192.0.2.10 101: cucm-sub1.example.test: Jan 15 2026 08:21:05.090 UTC : ",
        "<188>1 2026-01-15T08:00:39.209378+00:00 192.0.2.10 101 - - -  cucm-sub1.example.test: Jan 15 2026 08:21:05.090 UTC : ",
        "<13>Jan 15 08:00:43 192.0.2.10 <188>101: cucm-sub1.example.test: Jan 15 2026 08:21:05.090 UTC : ",
    ];
    check(&numbered, Some(101), Some("cucm-sub1.example.test"), Some("2026-01-15T08:21:05.090Z"));
    let without_number = ["<188>Jan 15 08:00:36 192.0.2.10 cucm-sub1.example.test: Jan 15 2026 08:21:05.090 UTC : "];
    check(&without_number, None, Some("cucm-sub1.example.test"), Some("2026-01-15T08:21:05.090Z"));
    // The name has become the APP-NAME; what is left is where the relay had it from.
    let as_application = [
        "<188>1 2026-01-15T08:00:41+00:00 192.0.2.10 cucm-sub1.example.test - - [meta sequenceId=\"101\"] Jan 15 2026 08:21:05.090 UTC : ",
    ];
    check(&as_application, None, Some("192.0.2.10"), Some("2026-01-15T08:21:05.090Z"));
}

#[test]
fn a_line_without_a_host_gets_that_of_the_relays_header() {
    let numbered = [
        "<189>2026-01-15T08:00:35.197464+00:00 192.0.2.10 8103: Jan 15 2026 04:03:01 PM.688 UTC :  ",
        "<189>Jan 15 08:00:37 192.0.2.10 8103: Jan 15 2026 04:03:01 PM.688 UTC :  ",
        "<189>1 2026-01-15T08:00:39.210921+00:00 192.0.2.10 8103 - - -  Jan 15 2026 04:03:01 PM.688 UTC :  ",
        "<13>Jan 15 08:00:43 192.0.2.10 <189>8103: Jan 15 2026 04:03:01 PM.688 UTC :  ",
        "<189>2026-01-15T08:00:35.197815+00:00 192.0.2.10 : : 8103: Jan 15 16:03:01.688 UTC :  ",
        "<189>1 2026-01-15T08:00:39.211236+00:00 192.0.2.10 - - - -  : 8103: Jan 15 16:03:01.688 UTC :  ",
        "<189>1 2026-01-15T08:00:41+00:00 192.0.2.10 - - - [meta sequenceId=\"\"] 8103: Jan 15 16:03:01.688 UTC :  ",
    ];
    check(&numbered, Some(8103), Some("192.0.2.10"), Some("2026-01-15T16:03:01.688Z"));
}

#[test]
fn a_date_that_a_relay_tore_is_mended_and_its_half_of_the_day_is_not_guessed() {
    // rsyslog, and syslog-ng with keep-hostname: `PM.688` stands where the host belongs. The offset is the relay's own.
    let torn = [
        "<188>2026-01-15T04:03:01+01:00 PM.688 UTC :  ",
        "<188>Jan 15 04:03:01 PM.688 UTC :  ",
        "<188>1 2026-01-15T04:03:01+01:00 PM.688 UTC - - -  :  ",
    ];
    check(&torn, None, None, Some("2026-01-15T16:03:01.688Z"));
    // syslog-ng puts the address in its place: no time is better than one that may be twelve hours off.
    let lost = [
        "<188>Jan 15 04:03:01 192.0.2.10 UTC :  ",
        "<188>1 2026-01-15T04:03:01+01:00 192.0.2.10 UTC - - [meta sequenceId=\"7\"] :  ",
    ];
    check(&lost, None, Some("192.0.2.10"), None);
    check(&["<188>Jan 15 16:03:01 192.0.2.10 UTC :  "], None, Some("192.0.2.10"), Some("2026-01-15T16:03:01.000Z"));
}

#[test]
fn other_hosts_lines_keep_their_host_and_program() {
    let lines = [
        "<165>Jan 15 08:00:36 192.0.2.10 1 2026-01-15T08:21:05.090Z host.example.test app 710 ID47 - text",
        "<13>Jan 15 08:00:43 192.0.2.10 <165>1 2026-01-15T08:21:05.090Z host.example.test app 710 ID47 - text",
        "<165>2026-01-15T08:21:05.090Z host.example.test app[710] text",
        "<13>Jan 15 08:00:43 192.0.2.10 <165>Jan 15 08:21:05 host.example.test app[710]: text",
    ];
    for line in lines {
        let record = decode(line);
        let fields = (record.host, record.app, record.pid, record.body);
        assert_eq!(fields, (Some("host.example.test"), Some("app"), Some("710"), "text"), "{line}");
    }
}

#[test]
fn words_of_a_stranger_that_look_like_a_torn_date_are_no_alarm() {
    for line in [
        "<38>Jan 15 09:30:00 cucm-pub sshd[20038]: UTC :  %UC_IMS-4-authFail: %[UserID=jdoe]: x",
        "<38>Jan 15 09:30:00 cucm-pub sshd: PM.688 UTC :  %UC_IMS-4-authFail: %[UserID=jdoe]: x",
        "<38>1 2026-01-15T09:30:00Z cucm-pub sshd 1 - - UTC :  %UC_IMS-4-authFail: %[UserID=jdoe]: x",
    ] {
        let record = decode(line);
        assert!(!record.body.starts_with('%'), "{line}: {record:?}");
    }
}
