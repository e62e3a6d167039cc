//! Syslog over TCP, from programs that frame it in their own ways; and clients that are slow, many, or go away.

use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};

use super::broker::Subscriber;
use super::cucm::auth_fail;
use super::programs::{program, succeed};
use super::site::{Site, troubles};

/// A connection that says this and stays open.
fn say(to: SocketAddr, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(to).unwrap();
    stream.write_all(text.as_bytes()).unwrap();
    stream
}

/// How many messages ended in this verdict.
fn ended(site: &Site, verdict: &str, wanted: u64) {
    site.health_when(|health| health["verdicts"][verdict] == wanted);
}

#[test]
fn each_message_of_a_connection_is_told_by_its_own_framing_and_three_make_a_lockout() {
    for address in ["127.", "[::1]"] {
        let site = Site::start();
        let mut reader = Subscriber::to(&site.access);
        let (one, two, three) = (auth_fail("jdoe", 1), auth_fail("jdoe", 9), auth_fail("jdoe", 20));
        let stream = say(site.listens("syslog/tcp", address), &format!("{one}\r\n{} {two}{three}", two.len()));
        // The last has no end, and the connection stays open: the alarm is whole all the same.
        let alert = reader.next("alerts/lockout").json();
        assert_eq!((&alert["account"], &alert["failures"]), (&"jdoe".into(), &3.into()));
        drop(stream);
        let health = site.health_when(|health| health["connections"] == 0);
        assert_eq!((&health["received"], &health["verdicts"]["failure"]), (&3.into(), &3.into()));
    }
}

#[test]
fn messages_that_are_glued_or_ended_by_nul_are_told_apart_and_the_end_of_a_connection_ends_its_last() {
    let site = Site::start();
    let lines: Vec<String> = (1..=4).map(|n| auth_fail(&format!("user{n}"), n)).collect();
    drop(say(site.listens("syslog/tcp", "127."), &format!("{}{}\0{}\n\n{}", lines[0], lines[1], lines[2], lines[3])));
    ended(&site, "failure", 4);
}

#[test]
fn logger_is_understood_with_and_without_counts() {
    let site = Site::start();
    let to = site.listens("syslog/tcp", "127.");
    let log = |octet_count: bool, form: &str, user: &str| {
        let mut command = program("logger");
        command.args(["--server", &to.ip().to_string(), "--port", &to.port().to_string(), "--tcp", form]);
        if octet_count {
            command.arg("--octet-count");
        }
        command.args(["--priority", "auth.info", "--tag", "sshd", "--"]);
        succeed(command.arg(format!("Failed password for {user} from 192.0.2.20 port 50122 ssh2")));
    };
    log(false, "--rfc3164", "plain3164");
    log(true, "--rfc3164", "counted3164");
    log(false, "--rfc5424", "plain5424");
    log(true, "--rfc5424", "counted5424");
    ended(&site, "failure", 4);
    for name in ["plain3164", "counted3164", "plain5424", "counted5424"] {
        assert_eq!(site.account(name)["realm"], "unix", "{name}");
    }
}

#[test]
fn a_thousand_slow_clients_hold_up_no_datagram() {
    // Each is an open file of the service and of this process, whose limit it inherits.
    succeed(program("prlimit").args(["--pid", &std::process::id().to_string(), "--nofile=4096:"]));
    let site = Site::start_with(|settings| settings.syslog += "\nconnections = 1100\nconnections-per-address = 1100");
    let to = site.listens("syslog/tcp", "127.");
    let mut slow: Vec<TcpStream> = (0..1_000).map(|_| say(to, "<")).collect();
    site.health_when(|health| health["connections"] == 1_000);
    let mut reader = Subscriber::to(&site.access);
    for octet in ["1", "8", "8", ">"] {
        slow.iter_mut().for_each(|stream| stream.write_all(octet.as_bytes()).unwrap());
    }
    [1, 9, 20].iter().for_each(|&n| site.syslog(&auth_fail("jdoe", n)));
    assert_eq!(reader.next("alerts/lockout").json()["account"], "jdoe");
    // And they are heard when they have come to their ends.
    slow.iter_mut().for_each(|stream| stream.write_all(b"1: hello\n").unwrap());
    ended(&site, "no-entry", 1_000);
}

#[test]
fn connections_beyond_the_limit_and_from_strangers_are_refused_and_shown_with_the_remedy() {
    let mut site = Site::start_with(|settings| settings.syslog += "\nconnections-per-address = 2");
    let to = site.listens("syslog/tcp", "127.");
    let kept = [say(to, "<13>a\n"), say(to, "<13>b\n")];
    site.health_when(|health| health["connections"] == 2);
    let third = TcpStream::connect(to).unwrap();
    let shown = site.log_line(|line| line.contains("too-many-connections"));
    assert!(shown.contains("[syslog] connections and connections-per-address"), "{shown}");
    let health = site.health_when(|health| health["verdicts"]["too-many-connections"] == 1);
    assert_eq!(health["refused"][0]["why"], "too-many-connections");
    drop((kept, third));
}

#[test]
fn a_message_that_is_too_long_is_counted_and_the_next_one_is_read() {
    let site = Site::start_with(|settings| settings.syslog += "\nlongest-message = 480");
    let to = site.listens("syslog/tcp", "127.");
    let long = "x".repeat(5_000);
    drop(say(to, &format!("<13>{long}\n{}\n5004 <13>{long}{}\n", auth_fail("jdoe", 1), auth_fail("jdoe", 9))));
    let health = site.health_when(|health| health["verdicts"]["failure"] == 2);
    assert_eq!((&health["received"], &health["verdicts"]["too-long"]), (&4.into(), &2.into()));
}

#[test]
fn what_a_connection_has_said_is_counted_when_the_service_ends() {
    let mut site = Site::start();
    let mut stream = say(site.listens("syslog/tcp", "127."), &format!("{}\n", auth_fail("jdoe", 1)));
    ended(&site, "failure", 1);
    stream.write_all(auth_fail("jdoe", 9).as_bytes()).unwrap();
    site.stop();
    site.run();
    assert_eq!(site.account("jdoe")["failures_total"], 2);
}

#[test]
fn a_port_that_is_taken_is_said_and_the_others_are_listened_on() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let at = taken.local_addr().unwrap();
    let site = Site::start_with(|settings| settings.syslog = format!("udp = [\"127.0.0.1:0\"]\ntcp = [\"{at}\"]"));
    site.syslog(&auth_fail("jdoe", 1));
    ended(&site, "failure", 1);
    let (health, _) = site.ask("health");
    let trouble = troubles(&health).join("\n");
    assert!(
        trouble.contains(&format!("syslog.tcp: {at} is not listened on: another program has this port")),
        "{trouble}"
    );
}
