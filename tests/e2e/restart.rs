//! A restart, wanted or not, forgets nothing and repeats nothing.

use super::broker::{Access, Mosquitto, Subscriber, brief};
use super::cucm::{auth_fail, auth_success, platform_lock};
use super::programs::{PATIENCE, deadline};
use super::site::{Settings, Site, free_port, troubles};

#[test]
fn kill_9_with_open_lockouts_neither_raises_them_again_nor_forgets_their_clear() {
    let mut broker = Mosquitto::open();
    broker.start();
    let mut reader = Subscriber::to(&broker.access);
    let mut site = Site::start_for(&broker, "");
    site.lock("jdoe");
    let raised = reader.alert();
    assert_eq!(brief(&raised), "raised lockout jdoe 1 inferred 3 null");
    site.settled(3);
    // It ends by itself two seconds from now: while the service is dead, or after.
    site.syslog(&platform_lock("admin", 30, 2));
    let platform = reader.alert();
    assert_eq!(brief(&platform), "raised lockout admin 1 reported 3 null");
    site.kill();

    site.run();
    let account = site.account("jdoe");
    assert_eq!((&account["locked"], &account["failures"]), (&true.into(), &3.into()));
    let ended = reader.alert();
    // Killed before the broker's PUBACK was kept, it may have been told again: then to the byte.
    let ended = if ended == platform { reader.alert() } else { ended };
    assert_eq!(brief(&ended), "cleared lockout admin 2 reported 3 policy-end");
    assert_eq!(ended["id"], platform["id"]);
    site.syslog(&auth_success("jdoe", 60));
    let cleared = reader.alert();
    assert_eq!(brief(&cleared), "cleared lockout jdoe 2 inferred 3 success");
    assert_eq!(cleared["id"], raised["id"]);
    assert_eq!(troubles(&site.settled(1)), <[String; 0]>::default());
    assert_eq!(reader.rest_of_alerts(), []);
    assert_eq!(site.account("jdoe")["locked"], false);
}

#[test]
fn a_restart_in_the_middle_of_a_window_goes_on_counting() {
    let mut broker = Mosquitto::open();
    broker.start();
    let mut reader = Subscriber::to(&broker.access);
    let mut site = Site::start_for(&broker, "");
    site.syslog(&auth_fail("jdoe", 1));
    site.syslog(&auth_fail("jdoe", 9));
    site.settled(2);
    site.stop();
    site.run();
    assert_eq!(site.account("jdoe")["failures"], 2);
    site.syslog(&auth_fail("jdoe", 20));
    let raised = reader.alert();
    assert_eq!(brief(&raised), "raised lockout jdoe 1 inferred 3 null");
    assert_eq!(raised["evidence"].as_array().map(Vec::len), Some(3));
}

#[test]
fn sigterm_right_after_the_third_failure_leaves_the_alert_with_the_subscriber_or_in_the_outbox() {
    let mut broker = Mosquitto::open();
    broker.start();
    let mut reader = Subscriber::to(&broker.access);
    let mut site = Site::start_for(&broker, "");
    site.syslog(&auth_fail("jdoe", 1));
    site.syslog(&auth_fail("jdoe", 9));
    site.settled(2);
    site.syslog(&auth_fail("jdoe", 20));
    site.stop();
    site.run();
    // The datagram may still have been in the kernel's buffer: then it was never received, and two failures are known.
    match site.account("jdoe")["failures"].as_u64() {
        Some(3) => assert_eq!(brief(&reader.alert()), "raised lockout jdoe 1 inferred 3 null"),
        known => assert_eq!(known, Some(2)),
    }
}

#[test]
fn a_stop_with_a_dead_broker_and_a_dead_nms_takes_five_seconds_at_most_and_keeps_every_alert_for_both() {
    let (port, nms) = (free_port(), free_port());
    let mqtt = format!(
        "[mqtt]\nbroker = \"mqtt://127.0.0.1:{port}\"\n[[nms]]\naddress = \"127.0.0.1:{nms}\"\nversion = \"v2c\"\nkind = \"inform\"\n\
         community = \"public\"\n"
    );
    let mut site = Site::configured(Access::anonymous(port), &Settings { mqtt, ..Settings::default() });
    site.run();
    site.lock("jdoe");
    let both_wait = |health: &serde_json::Value| {
        let sinks = health["sinks"].as_array().unwrap();
        sinks.len() == 2 && sinks.iter().all(|sink| sink["backlog"] == 1)
    };
    site.health_when(both_wait);
    let before = deadline();
    site.stop();
    let took = PATIENCE - before.left();
    assert!(took.as_millis() < 6_000, "{took:?}");
    site.run();
    assert!(both_wait(&site.ask("health").0));
}

#[test]
fn health_says_how_the_run_before_ended() {
    let mut site = Site::start();
    assert_eq!(site.ask("health").0["last_end"], serde_json::Value::Null);
    site.stop();
    site.run();
    assert_eq!(site.ask("health").0["last_end"], "stopped by SIGTERM");
    site.kill();
    site.run();
    assert_eq!(site.ask("health").0["last_end"], "no reason recorded: killed, or the power failed");
}
