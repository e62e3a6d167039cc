//! Whatever happens to the broker, subscribers get every alert.

use super::broker::{Mosquitto, Subscriber, brief};
use super::cucm::auth_success;
use super::site::{Site, troubles};

/// The MQTT version as the configuration calls it, and as mosquitto's clients do.
const BOTH: [(u8, &str); 2] = [(5, "5"), (4, "311")];

#[test]
fn a_broker_with_a_password_is_served_in_both_versions() {
    let mut broker = Mosquitto::with_users(&[("reader", "seen"), ("warden", "right")]);
    broker.start();
    for (version, of_reader) in BOTH {
        broker.access.version = of_reader;
        let mqtt = format!("version = {version}\nusername = \"warden\"\npassword = \"right\"");
        let site = Site::start_for(&broker, &mqtt);
        let mut reader = Subscriber::to(&site.access);
        assert_eq!(reader.next("status").payload, "online");
        site.lock("jdoe");
        assert_eq!(brief(&reader.alert()), "raised lockout jdoe 1 inferred 3 null");
        site.syslog(&auth_success("jdoe", 60));
        assert_eq!(brief(&reader.alert()), "cleared lockout jdoe 2 inferred 3 success");
        assert_eq!(troubles(&site.settled(4)), <[String; 0]>::default());
    }
}

fn a_wrong_password_is_named_and_costs_no_alert(version: u8, of_reader: &'static str) {
    let mut broker = Mosquitto::with_users(&[("reader", "seen"), ("warden", "other")]);
    broker.access.version = of_reader;
    broker.start();
    let mut reader = Subscriber::lasting(&broker.access);
    let mqtt = format!("version = {version}\nusername = \"warden\"\npassword = \"right\"");
    let site = Site::start_for(&broker, &mqtt);
    let health = site.health_when(|health| health["sinks"][0]["state"] == "down");
    let trouble = troubles(&health).concat();
    assert!(trouble.starts_with("mqtt: ") && trouble.contains("warden") && trouble.contains("password"), "{trouble}");
    assert_eq!(site.ask("health").1, 3);
    site.lock("jdoe");
    site.health_when(|health| health["sinks"][0]["backlog"] == 1);
    broker.stop();
    broker.set_users(&[("reader", "seen"), ("warden", "right")]);
    broker.start();
    assert_eq!(brief(&reader.alert()), "raised lockout jdoe 1 inferred 3 null");
    assert_eq!(troubles(&site.settled(3)), <[String; 0]>::default());
}

#[test]
fn a_wrong_password_is_named_and_costs_no_alert_in_version_5() {
    a_wrong_password_is_named_and_costs_no_alert(5, "5");
}

#[test]
fn a_wrong_password_is_named_and_costs_no_alert_in_version_3_1_1() {
    a_wrong_password_is_named_and_costs_no_alert(4, "311");
}

#[test]
fn whoever_looks_at_status_sees_a_killed_service_and_one_that_has_ended() {
    let mut broker = Mosquitto::open();
    broker.start();
    for (version, of_reader) in BOTH {
        broker.access.version = of_reader;
        let mut reader = Subscriber::to(&broker.access);
        let mut site = Site::start_for(&broker, &format!("version = {version}"));
        let mut status = || loop {
            let message = reader.next("status");
            if !message.retained {
                return message.payload;
            }
        };
        assert_eq!(status(), "online");
        site.kill();
        assert_eq!(status(), "offline");
        site.run();
        assert_eq!(status(), "online");
        site.stop();
        assert_eq!(status(), "offline");
        let late = Subscriber::to(&broker.access).next("status");
        assert_eq!((late.retained, late.payload.as_str()), (true, "offline"));
    }
}

#[test]
fn an_outage_that_outlasts_a_restart_costs_no_alert() {
    let mut broker = Mosquitto::open();
    broker.start();
    let mut reader = Subscriber::lasting(&broker.access);
    broker.stop();
    let mut site = Site::start_for(&broker, "");
    site.lock("jdoe");
    let health = site.health_when(|health| health["sinks"][0]["backlog"] == 1);
    assert_eq!(health["received"], 3);
    let alerts = site.ask("alerts").0;
    site.stop();
    site.run();
    site.health_when(|health| health["sinks"][0]["state"] == "down" && health["sinks"][0]["backlog"] == 1);
    broker.start();
    let raised = reader.alert();
    assert_eq!(brief(&raised), "raised lockout jdoe 1 inferred 3 null");
    assert_eq!(alerts.as_array().unwrap(), std::slice::from_ref(&raised));
    site.settled(0);
    // At least once: what comes again is the same, to the byte.
    for message in reader.rest_of_alerts() {
        assert_eq!(message.payload.parse::<serde_json::Value>().unwrap(), raised);
    }
    let state = Subscriber::to(&broker.access).next("accounts/jdoe");
    assert_eq!((state.retained, serde_json::from_str(&state.payload).ok()), (true, Some(raised)));
}
