//! SIGHUP: the configuration changes under a running service that goes on hearing everybody.

use std::fs;
use std::io::Write as _;
use std::net::TcpStream;

use serde_json::Value;

use super::broker::{Subscriber, brief};
use super::cucm::auth_fail;
use super::programs::{deadline, output, text};
use super::site::{Site, lockwarden, troubles};

#[test]
fn what_can_change_changes_and_every_message_meanwhile_is_counted_once() {
    let mut site = Site::start();
    let mut reader = Subscriber::to(&site.access);
    let mut stream = TcpStream::connect(site.listens("syslog/tcp", "127.")).unwrap();
    let before = fs::read_to_string(site.configuration()).unwrap();
    let (mut sent, users) = (0, 40);
    for round in 0..users {
        // Each of these users fails once by UDP and once over the connection, which stays the same.
        site.syslog(&auth_fail(&format!("user{round}"), 1));
        writeln!(stream, "{}", auth_fail(&format!("user{round}"), 9)).unwrap();
        sent += 2;
        if round % 10 == 5 {
            site.hang_up();
        }
    }
    site.log_line(|line| line.contains("configuration: read again"));
    let health = site.settled(sent);
    assert_eq!((&health["received"], &health["verdicts"]["failure"]), (&sent.into(), &sent.into()));
    assert_eq!(reader.rest_of_alerts(), []);

    // The third failure would have been too many; now it is the fourth.
    fs::write(site.configuration(), format!("{before}\n[policy]\nfailed-logons = 4\n[log]\nlevel = \"debug\"\n"))
        .unwrap();
    site.hang_up();
    let line = site.log_line(|line| line.contains("needs a restart"));
    assert!(line.ends_with("configuration: changed, needs a restart: log.level"), "{line}");
    site.syslog(&auth_fail("user0", 20));
    let health = site.settled(sent + 1);
    assert_eq!(reader.rest_of_alerts(), []);
    assert!(health["advice"].to_string().contains("needs a restart: log.level"), "{health:#}");
    assert_eq!(troubles(&health), <[String; 0]>::default());
    writeln!(stream, "{}", auth_fail("user0", 30)).unwrap();
    assert_eq!(brief(&reader.alert()), "raised lockout user0 1 inferred 4 null");
    assert_eq!(site.account("user0")["limit"], 4);
}

/// `health` of a service whose configuration file cannot be read now, once it is like this.
fn health_by_store(site: &Site, wanted: impl Fn(&Value) -> bool) -> Value {
    let deadline = deadline();
    loop {
        let mut command = lockwarden();
        let answer = output(command.args(["health", "--json", "--store"]).arg(site.directory.path().join("store")));
        let health = serde_json::from_slice(&answer.stdout).unwrap();
        if wanted(&health) {
            return health;
        }
        assert!(!deadline.is_over(), "health does not become what is awaited: {health:#}");
    }
}

#[test]
fn a_file_with_a_mistake_leaves_the_old_configuration_in_use_and_says_what_check_says() {
    let mut site = Site::start();
    let mut reader = Subscriber::to(&site.access);
    let good = fs::read_to_string(site.configuration()).unwrap();
    fs::write(site.configuration(), format!("{good}\n[policy]\nreset = 1\nlockout = 1\n")).unwrap();
    site.hang_up();
    let health = health_by_store(&site, |health| !troubles(health).is_empty());
    let mut check = lockwarden();
    let checked = output(check.arg("check").arg(site.configuration()));
    assert_eq!(checked.status.code(), Some(2));
    let expected: Vec<String> = text(&checked.stderr)
        .lines()
        .map(|line| format!("configuration: not read again, what was read before stays in use: {line}"))
        .collect();
    assert_eq!(troubles(&health), expected);
    site.log_line(|line| line.contains(&expected[1]));
    site.lock("jdoe");
    assert_eq!(brief(&reader.alert()), "raised lockout jdoe 1 inferred 3 null");

    fs::write(site.configuration(), good).unwrap();
    site.hang_up();
    site.health_when(|health| troubles(health).is_empty());
}
