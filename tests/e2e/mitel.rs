//! A Mitel controller's maintenance log, sent by a stand-in of ours: it sends lines, goes away, and comes back.

use std::io::Write as _;
use std::net::{TcpListener, TcpStream};

use serde_json::Value;

use super::programs::{output, text};
use super::site::{Site, free_port};

struct Controller(TcpListener);

impl Controller {
    fn at(port: u16) -> Self {
        Self(TcpListener::bind(("127.0.0.1", port)).unwrap())
    }

    /// The service's connection.
    fn accept(&self) -> TcpStream {
        self.0.accept().unwrap().0
    }
}

fn line(n: u32, action: &str, rest: &str) -> String {
    format!("{n},2026-01-15,09:31:{:02},{action},system,192.0.2.30,{rest}\r\n", n % 60)
}

fn following(port: u16) -> Site {
    Site::start_with(|settings| {
        settings.top = format!(
            "[[policy.for]]\nrealm = \"mitel\"\nfailed-logons = 3\n[[mitel]]\naddress = \"127.0.0.1:{port}\"\nname = \"mitel1\"\n\
             cluster = \"hq-pbx\"\ntime-zone = \"+01:00\"\n"
        );
    })
}

fn records(site: &Site) -> Vec<Value> {
    let output = output(site.command("audit").arg("--json"));
    assert!(output.status.success(), "{}", text(&output.stderr));
    serde_json::from_slice::<Value>(&output.stdout).unwrap().as_array().unwrap().clone()
}

fn state_is(health: &Value, wanted: &str) -> bool {
    health["mitel"][0]["state"] == wanted
}

#[test]
fn a_controllers_lines_are_records_and_failures_and_a_lost_connection_is_taken_up_again() {
    let controller = Controller::at(0);
    let port = controller.0.local_addr().unwrap().port();
    let mut site = following(port);
    let mut stream = controller.accept();
    site.health_when(|health| state_is(health, "connected"));
    let failed = |n| line(n, "Login", "ESM Login Page,False,True,0,Invalid Password");
    let mut lines = [failed(1), failed(2)].concat();
    lines.push_str(&line(3, "Login", "System Administration Tool,True,False,0,"));
    lines.push_str(&line(4, "Logout", "ESM Login Page,True,True,7,Terminated by timeout"));
    lines.push_str("Alarm cleared: Minor, \u{1b}[2J\u{202e} trunk group 3\n");
    lines.push_str(&"x".repeat(10_000));
    lines.push_str("\n5,2026-01-15,09:32:00,Login,syst");
    stream.write_all(lines.as_bytes()).unwrap();
    drop(stream);
    site.log_line(|line| line.contains("mitel mitel1") && line.contains("the controller has closed the connection"));
    let mut stream = controller.accept();
    // It begins with what it has sent already, and goes on.
    stream.write_all([failed(1), failed(2), failed(6), failed(7), failed(8)].concat().as_bytes()).unwrap();
    let health = site.settled(12);
    let verdicts = &health["verdicts"];
    let counted = ["failure", "success", "logout", "no-entry", "too-long", "text-cut", "replay"];
    assert_eq!(counted.map(|verdict| verdicts[verdict].as_u64().unwrap_or(0)), [5, 1, 1, 1, 1, 1, 2], "{verdicts}");
    let all = records(&site);
    let numbers: Vec<&str> = all.iter().map(|record| record["source_id"].as_str().unwrap()).collect();
    assert_eq!(numbers, ["8", "7", "6", "4", "3", "2", "1"]);
    assert_eq!((&all[6]["time"], &all[6]["cluster"]), (&Value::from("08:31:01.000"), &Value::from("hq-pbx")));
    assert_eq!((&all[4]["user_authenticated"], &all[4]["session_availability"]), (&true.into(), &false.into()));
    // The login without a session has ended the first run of failures, as any right password does; the next three lock.
    let (alerts, _) = site.ask("alerts");
    assert_eq!((alerts.as_array().unwrap().len(), &alerts[0]["kind"]), (1, &Value::from("lockout")), "{alerts:#}");
    assert_eq!((&alerts[0]["realm"], &alerts[0]["failures"]), (&Value::from("mitel"), &3.into()));
    // A restart knows what it has had.
    site.stop();
    drop(stream);
    site.run();
    let mut stream = controller.accept();
    stream.write_all([failed(1), failed(8), line(9, "Logout", "FTP,True,True,1,")].concat().as_bytes()).unwrap();
    site.settled(3);
    assert_eq!(records(&site).len(), 8);
}

#[test]
fn a_controller_that_is_not_there_is_one_line_and_a_degraded_health_until_it_is() {
    let port = free_port();
    let mut site = following(port);
    let health = site.health_when(|health| state_is(health, "down"));
    let degraded = health["degraded"].as_array().unwrap();
    let wanted = format!("mitel mitel1: 127.0.0.1:{port}: no connection: ");
    assert!(degraded.iter().any(|line| line.as_str().unwrap().starts_with(&wanted)), "{degraded:?}");
    let controller = Controller::at(port);
    let _stream = controller.accept();
    site.health_when(|health| state_is(health, "connected"));
    let said = site.stop();
    assert_eq!(
        said.iter().filter(|line| line.contains("mitel mitel1") && line.contains("WARN")).count(),
        1,
        "{said:#?}"
    );
}
