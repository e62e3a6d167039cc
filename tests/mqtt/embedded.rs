//! The embedded broker, with mosquitto's clients in both versions and with our own session.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use lockwarden::config::Secret;
use lockwarden::shell::mqtt::broker::{EmbeddedBroker, EmbeddedSettings};
use lockwarden::shell::mqtt::options::Version;

use super::rig::{BOTH, Rig, next, options, subscriber};

const WAIT_SECONDS: &str = "20";

fn broker(users: &[(&str, &str)]) -> EmbeddedBroker {
    let users = users.iter().map(|(name, password)| ((*name).to_owned(), Secret::new(*password))).collect();
    EmbeddedBroker::start(EmbeddedSettings { listen: ([127, 0, 0, 1], 0).into(), users, anonymous: false }).unwrap()
}

/// A mosquitto client for this broker.
fn client(program: &str, broker: &EmbeddedBroker, version: &str) -> Command {
    let mut command = Command::new(program);
    command.args(["-h", "127.0.0.1", "-p", &broker.address().port().to_string(), "-V", version]);
    command
}

/// Starts a subscriber that ends after one message, and returns once it is subscribed.
fn subscribed(broker: &EmbeddedBroker, version: &str, topic: &str) -> (Child, BufReader<std::process::ChildStdout>) {
    let mut child = Command::new("stdbuf")
        .args(["-oL", "mosquitto_sub", "-h", "127.0.0.1", "-p", &broker.address().port().to_string(), "-V", version])
        .args(["-d", "-q", "1", "-C", "1", "-W", WAIT_SECONDS, "-F", "got %r %t %p", "-t", topic])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("received SUBACK") {
        line.clear();
        assert_ne!(lines.read_line(&mut line).unwrap(), 0, "mosquitto_sub ended before its SUBACK");
    }
    (child, lines)
}

fn message((mut child, mut lines): (Child, BufReader<std::process::ChildStdout>)) -> String {
    let mut rest = String::new();
    lines.read_to_string(&mut rest).unwrap();
    assert!(child.wait().unwrap().success(), "{rest}");
    rest.lines().find(|line| line.starts_with("got ")).unwrap_or_default().to_owned()
}

fn publish(broker: &EmbeddedBroker, version: &str, arguments: &[&str]) {
    let status = client("mosquitto_pub", broker, version).args(["-q", "1"]).args(arguments).status().unwrap();
    assert!(status.success());
}

#[test]
fn both_versions_meet_on_one_port_and_percent_encoded_topics_arrive_as_they_are() {
    let broker = broker(&[]);
    for (reader, writer) in [("mqttv311", "5"), ("5", "mqttv311"), ("5", "5"), ("mqttv311", "mqttv311")] {
        let waiting = subscribed(&broker, reader, "lockwarden/+/accounts/#");
        publish(&broker, writer, &["-t", "lockwarden/hq/accounts/j%2Fdoe%20x", "-m", "locked"]);
        assert_eq!(message(waiting), "got 0 lockwarden/hq/accounts/j%2Fdoe%20x locked");
    }
}

#[test]
fn a_retained_message_is_kept_for_later_and_removed_by_an_empty_one() {
    let broker = broker(&[]);
    for version in ["mqttv311", "5"] {
        publish(&broker, version, &["-r", "-t", "keep", "-m", "kept"]);
        assert_eq!(message(subscribed(&broker, version, "keep")), "got 1 keep kept");
        publish(&broker, version, &["-r", "-n", "-t", "keep"]);
        let waiting = subscribed(&broker, version, "keep");
        publish(&broker, version, &["-t", "keep", "-m", "new"]);
        assert_eq!(message(waiting), "got 0 keep new");
    }
}

#[test]
fn the_last_will_of_a_killed_client_is_published() {
    let broker = broker(&[]);
    for version in ["mqttv311", "5"] {
        let waiting = subscribed(&broker, version, "will");
        let mut mortal = Command::new("stdbuf")
            .args([
                "-oL",
                "mosquitto_sub",
                "-h",
                "127.0.0.1",
                "-p",
                &broker.address().port().to_string(),
                "-V",
                version,
            ])
            .args([
                "-d",
                "-t",
                "other",
                "--will-topic",
                "will",
                "--will-payload",
                "gone",
                "--will-qos",
                "1",
                "--will-retain",
            ])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(mortal.stdout.take().unwrap());
        let mut line = String::new();
        while !line.contains("received SUBACK") {
            line.clear();
            assert_ne!(lines.read_line(&mut line).unwrap(), 0);
        }
        mortal.kill().unwrap();
        mortal.wait().unwrap();
        assert_eq!(message(waiting), "got 0 will gone");
        assert_eq!(message(subscribed(&broker, version, "will")), "got 1 will gone");
        publish(&broker, version, &["-r", "-n", "-t", "will"]);
    }
}

#[test]
fn a_wrong_password_is_answered_and_the_right_one_lets_in() {
    let broker = broker(&[("reader", "right")]);
    for version in ["mqttv311", "5"] {
        let with = |password: &str| {
            let credentials = ["-u", "reader", "-P", password, "-t", "a", "-m", "b", "-q", "1"];
            client("mosquitto_pub", &broker, version).args(credentials).output().unwrap()
        };
        let refused = with("wrong");
        let said = String::from_utf8_lossy(&refused.stderr).to_lowercase();
        assert!(!refused.status.success() && (said.contains("password") || said.contains("authori")), "{said}");
        assert!(with("right").status.success());
    }
}

#[test]
fn a_port_that_is_taken_and_an_open_door_are_refused_with_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap();
    let said = EmbeddedBroker::start(EmbeddedSettings { listen, users: Vec::new(), anonymous: false }).unwrap_err();
    assert!(said.contains("another program has it") && said.contains(&format!("mqtt://{listen}")), "{said}");
    let said = EmbeddedBroker::start(EmbeddedSettings {
        listen: ([0, 0, 0, 0], 0).into(),
        users: Vec::new(),
        anonymous: false,
    })
    .unwrap_err();
    assert!(said.contains("give it `users`"), "{said}");
}

#[tokio::test]
async fn clients_that_would_end_the_broker_do_not() {
    let broker = broker(&[]);
    let url = format!("mqtt://{}", broker.address());
    let mut reader = subscriber(&options(&url, Version::V5), &["#"]).await;
    // A topic that begins with a character of two bytes.
    for version in ["mqttv311", "5"] {
        client("mosquitto_pub", &broker, version)
            .args(["-t", "étage", "-m", "x", "-q", "1"])
            .stderr(Stdio::null())
            .status()
            .unwrap();
    }
    // A client that is gone before its CONNACK, many times under one name.
    for _ in 0..20 {
        let mut stream = std::net::TcpStream::connect(broker.address()).unwrap();
        stream.write_all(b"\x10\x0D\0\x04MQTT\x04\x02\0\x3C\0\x01a").unwrap();
    }
    let rig = Rig::start(options(&url, Version::V311));
    assert_eq!(next(&mut reader).await, ("lockwarden/test/status".into(), "online".into(), false));
    rig.stop().await;
    assert_eq!(next(&mut reader).await, ("lockwarden/test/status".into(), "offline".into(), false));
}

#[tokio::test]
async fn our_own_session_delivers_to_it_in_both_versions() {
    let broker = broker(&[("warden", "right")]);
    for version in BOTH {
        let mut options = options(&format!("mqtt://{}", broker.address()), version);
        options.username = Some(String::from("warden"));
        options.password = Some(Secret::new("right"));
        options.ack_timeout = Duration::from_secs(20);
        let mut rig = Rig::start(options.clone());
        rig.until_connected().await;
        let mut reader = subscriber(&options, &["lockwarden/test/alerts/#"]).await;
        for token in 0..500 {
            rig.publish(token, "lockwarden/test/alerts/lockout", &token.to_string()).await;
            assert_eq!(rig.next_token().await, token);
        }
        for token in 0..500 {
            assert_eq!(next(&mut reader).await.1, token.to_string());
        }
        rig.stop().await;
        options.password = Some(Secret::new("wrong"));
        let mut rig = Rig::start(options);
        rig.until_down("refuses the user name").await;
        rig.task.abort();
    }
}
