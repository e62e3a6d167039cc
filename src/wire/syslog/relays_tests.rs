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

/// Host, program, process, message id and text.
fn parts(line: &str) -> (Option<&str>, Option<&str>, Option<&str>, Option<&str>, &str) {
    let record = decode(line);
    (record.host, record.app, record.pid, record.msgid, record.body)
}

#[test]
fn of_a_chain_of_host_names_the_first_counts() {
    for host in ["web1", "web1/relay1", "web1/relay1/relay2", "src@web1", "src@web1/relay1", "s_net@src@web1/relay1"] {
        let old = format!("<38>Jan 15 09:30:00 {host} sshd[20038]: text");
        assert_eq!(parts(&old), (Some("web1"), Some("sshd"), Some("20038"), None, "text"), "{old}");
        let new = format!("<38>1 2026-01-15T09:30:00Z {host} sshd 20038 - - text");
        assert_eq!(parts(&new), (Some("web1"), Some("sshd"), Some("20038"), None, "text"), "{new}");
        let alarm = format!("<188>Jan 15 08:00:37 {host} 101: Jan 15 2026 08:21:05.090 UTC : ");
        check(&[&alarm], Some(101), Some("web1"), Some("2026-01-15T08:21:05.090Z"));
    }
    for odd in ["/relay1", "src@", "@"] {
        assert_eq!(decode(&format!("<38>Jan 15 09:30:00 {odd} sshd[20038]: text")).host, Some(odd));
    }
}

#[test]
fn what_aix_passes_on_is_of_the_host_that_wrote_it() {
    let su = (Some("aix1"), Some("su"), None, None, "BAD SU from jdoe to root at /dev/pts/0");
    for line in [
        "<37>Jan 15 09:30:00 Message forwarded from aix1: su: BAD SU from jdoe to root at /dev/pts/0",
        "<37>Jan 15 09:30:00 From aix1: su: BAD SU from jdoe to root at /dev/pts/0",
        "<37>Jan 15 09:30:00 relay1 Message forwarded from aix1: su: BAD SU from jdoe to root at /dev/pts/0",
        "<37>1 2026-01-15T09:30:00Z relay1 - - - - Message forwarded from aix1: su: BAD SU from jdoe to root at /dev/pts/0",
        "<37>1 2026-01-15T09:30:00Z Message forwarded - - - from aix1: su: BAD SU from jdoe to root at /dev/pts/0",
    ] {
        assert_eq!(parts(line), su, "{line}");
    }
    let repeated = "<37>Jan 15 09:30:00 Message forwarded from aix1: last message repeated 3 times";
    assert_eq!(parts(repeated), (Some("aix1"), None, None, None, "last message repeated 3 times"));
    let said = "<37>Jan 15 09:30:00 web1 sshd[1]: Message forwarded from aix1: su: x";
    assert_eq!(parts(said), (Some("web1"), Some("sshd"), Some("1"), None, "Message forwarded from aix1: su: x"));
    let tagged = "<37>Jan 15 09:30:00 Message forwarded from aix1: sshd[1]: error: text";
    assert_eq!(parts(tagged), (Some("aix1"), Some("sshd"), Some("1"), None, "error: text"));
}

#[test]
fn the_tags_of_solaris_and_of_gdm_are_read() {
    for head in ["<38>Jan 15 09:30:00 sol1 su[77]: ", "<38>1 2026-01-15T09:30:00Z sol1 su 77 - - "] {
        let line = format!("{head}[ID 800047 auth.info] 'su root' failed for jdoe on /dev/pts/1");
        let text = "'su root' failed for jdoe on /dev/pts/1";
        assert_eq!(parts(&line), (Some("sol1"), Some("su"), Some("77"), Some("800047"), text), "{line}");
    }
    let other = "<38>Jan 15 09:30:00 sol1 app: [ID of a thing] text";
    assert_eq!(parts(other), (Some("sol1"), Some("app"), None, None, "[ID of a thing] text"));
    let gdm = "<86>Jan 15 09:30:00 desk1 gdm-password][1234]: text";
    assert_eq!(parts(gdm), (Some("desk1"), Some("gdm-password"), Some("1234"), None, "text"));
    assert_eq!(decode("<86>Jan 15 09:30:00 desk1 gdm-password]: text").app, Some("gdm-password"));
}

#[test]
fn an_alarm_right_behind_a_tag_is_read_unless_strangers_words_stand_there() {
    let at = Some("2026-01-15T09:30:00.000Z");
    let tagged = [
        "<188>Jan 15 09:30:00 cucm-sub1 relayed: ",
        "<188>Jan 15 09:30:00 cucm-sub1 relayed[7]:  ",
        "<13>Jan 15 09:30:00 cucm-sub1 root: ",
    ];
    check(&tagged, None, Some("cucm-sub1"), at);
    for line in [
        // Not right behind the tag.
        format!("<188>Jan 15 09:30:00 cucm-sub1 app: user {ALARM}"),
        format!("<188>Jan 15 09:30:00 cucm-sub1 app: 12: user x: {ALARM}"),
        format!("<188>Jan 15 09:30:00 cucm-sub1 app: USER Jan 15 2026 08:21:05.090 UTC : {ALARM}"),
        // Facilities of programs that write what was typed.
        format!("<86>Jan 15 09:30:00 web1 login: {ALARM}"),
        format!("<38>Jan 15 09:30:00 web1 login: <188>101: {ALARM}"),
        format!("<94>Jan 15 09:30:00 web1 ftpd[1]: {ALARM}"),
        format!("<94>1 2026-01-15T09:30:00Z web1 ftpd 1 - - {ALARM}"),
        format!("<94>1 2026-01-15T09:30:00Z web1 ftpd 1 - - <188>101: {ALARM}"),
        format!("<94>1 2026-01-15T09:30:00Z web1 ftpd 1 - - USER Jan 15 2026 08:21:05.090 UTC : {ALARM}"),
        // Text without parameters is not CUCM's.
        "<188>Jan 15 09:30:00 web1 app: %UC_IMS-4-authFail: UserID:jdoe".to_owned(),
    ] {
        let record = decode(&line);
        assert!(!matches!(record.form, Form::CiscoLog | Form::Ios), "{line}: {record:?}");
    }
}
