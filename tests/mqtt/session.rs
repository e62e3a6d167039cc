//! Against mosquitto.

use std::collections::BTreeMap;
use std::process::Command;

use lockwarden::config::Secret;
use lockwarden::shell::mqtt::options::Version;
use lockwarden::shell::mqtt::session::LinkState;

use super::mosquitto::{Mosquitto, free_port};
use super::rig::{BOTH, Rig, message, next, options, subscriber, until_message};

const OPEN: &str = "allow_anonymous true";
const STATUS: &str = "lockwarden/test/status";

/// The broker forgets everything twice. Every publish is acknowledged once; what a subscriber sees is not promised here,
/// since the broker loses what it has acknowledged and not yet passed on.
#[tokio::test]
async fn every_publish_is_reported_once_although_the_broker_is_killed_twice() {
    for version in BOTH {
        let mut broker = Mosquitto::new(&format!("killed-{version:?}"));
        broker.start(OPEN);
        let mut rig = Rig::start(options(&format!("mqtt://127.0.0.1:{}", broker.port), version));
        let publishes = rig.publishes.clone();
        let feeder = tokio::spawn(async move {
            for token in 0..2_000 {
                publishes.send(message(token, "lockwarden/test/alerts/lockout", &token.to_string())).await.unwrap();
            }
        });
        let mut seen = BTreeMap::<u64, u32>::new();
        for count in 1..=2_000 {
            *seen.entry(rig.next_token().await).or_default() += 1;
            if count == 600 || count == 1_300 {
                broker.kill();
                rig.until(|state| matches!(state, LinkState::Down { .. })).await;
                broker.start(OPEN);
            }
        }
        feeder.await.unwrap();
        assert!(rig.acknowledged.try_recv().is_err());
        assert_eq!(seen, (0..2_000).map(|token| (token, 1)).collect());
        rig.stop().await;
    }
}

#[tokio::test]
async fn a_subscriber_sees_every_publish_in_order_and_the_status_at_both_ends() {
    for version in BOTH {
        let mut broker = Mosquitto::new(&format!("order-{version:?}"));
        broker.start(OPEN);
        let options = options(&format!("mqtt://127.0.0.1:{}", broker.port), version);
        let mut reader = subscriber(&options, &["lockwarden/#"]).await;
        let rig = Rig::start(options);
        for token in 0..200 {
            rig.publish(token, "lockwarden/test/alerts/lockout", &token.to_string()).await;
        }
        assert_eq!(next(&mut reader).await, (STATUS.into(), "online".into(), false));
        for token in 0..200 {
            assert_eq!(next(&mut reader).await, ("lockwarden/test/alerts/lockout".into(), token.to_string(), false));
        }
        rig.stop().await;
        assert_eq!(next(&mut reader).await, (STATUS.into(), "offline".into(), false));
    }
}

#[tokio::test]
async fn the_last_will_is_published_when_the_session_dies() {
    for version in BOTH {
        let mut broker = Mosquitto::new(&format!("will-{version:?}"));
        broker.start(OPEN);
        let options = options(&format!("mqtt://127.0.0.1:{}", broker.port), version);
        let mut reader = subscriber(&options, &[STATUS]).await;
        let rig = Rig::start(options.clone());
        assert_eq!(next(&mut reader).await, (STATUS.into(), "online".into(), false));
        rig.task.abort();
        assert_eq!(next(&mut reader).await, (STATUS.into(), "offline".into(), false));
        reader.close().await.unwrap();
        let mut late = subscriber(&options, &[STATUS]).await;
        assert_eq!(next(&mut late).await, (STATUS.into(), "offline".into(), true));
    }
}

#[tokio::test]
async fn a_wrong_password_is_named_and_the_right_one_at_the_broker_heals_it() {
    for version in BOTH {
        let mut broker = Mosquitto::new(&format!("password-{version:?}"));
        let file = broker.directory.join("users");
        let with_password = |password: &str| {
            let made =
                Command::new("mosquitto_passwd").arg("-b").arg("-c").arg(&file).args(["warden", password]).status();
            assert!(made.unwrap().success());
            format!("allow_anonymous false\npassword_file {}", file.display())
        };
        broker.start(&with_password("other"));
        let mut options = options(&format!("mqtt://127.0.0.1:{}", broker.port), version);
        options.username = Some(String::from("warden"));
        options.password = Some(Secret::new("right"));
        let mut rig = Rig::start(options);
        rig.publish(1, "lockwarden/test/alerts/lockout", "x").await;
        // mosquitto answers "not authorised" where "bad user name or password" is meant.
        rig.until_down("password").await;
        broker.kill();
        broker.start(&with_password("right"));
        assert_eq!(rig.next_token().await, 1);
        rig.until_connected().await;
        rig.stop().await;
    }
}

#[tokio::test]
async fn a_publish_that_the_broker_refuses_is_kept_named_and_delivered_when_it_may() {
    let mut broker = Mosquitto::new("refused");
    let acl = broker.directory.join("acl");
    std::fs::write(&acl, format!("topic write {STATUS}\ntopic write lockwarden/test/allowed\n")).unwrap();
    broker.start(&format!("{OPEN}\nacl_file {}", acl.display()));
    let mut options = options(&format!("mqtt://127.0.0.1:{}", broker.port), Version::V5);
    options.refused_retry = std::time::Duration::from_millis(500);
    let mut rig = Rig::start(options);
    rig.publish(1, "lockwarden/test/forbidden", "x").await;
    rig.publish(2, "lockwarden/test/allowed", "x").await;
    assert_eq!(rig.next_token().await, 2);
    rig.until(|state| matches!(state, LinkState::Refusing { reason } if reason.contains("not authorised"))).await;
    broker.kill();
    broker.start(OPEN);
    assert_eq!(rig.next_token().await, 1);
    rig.until_connected().await;
    rig.stop().await;
}

#[tokio::test]
async fn a_broker_that_cannot_be_reached_is_named_with_the_cause() {
    let mut refused = Rig::start(options(&format!("mqtt://127.0.0.1:{}", free_port()), Version::V5));
    refused.until_down("is the broker running").await;
    refused.stop().await;
    let mut unknown = Rig::start(options("mqtt://broker.invalid", Version::V5));
    unknown.until_down("cannot be resolved").await;
    unknown.stop().await;
}

#[tokio::test]
async fn a_retained_message_is_set_and_removed() {
    let mut broker = Mosquitto::new("retained");
    broker.start(OPEN);
    let options = options(&format!("mqtt://127.0.0.1:{}", broker.port), Version::V5);
    let mut rig = Rig::start(options.clone());
    let topic = "lockwarden/test/accounts/j%2Fdoe";
    for (token, payload, expected) in [(1, "locked", true), (2, "", false)] {
        let mut publish = message(token, topic, payload);
        publish.retain = true;
        rig.publishes.send(publish).await.unwrap();
        assert_eq!(rig.next_token().await, token);
        let mut reader = subscriber(&options, &["lockwarden/test/accounts/#", "marker"]).await;
        rig.publish(9, "marker", "").await;
        assert_eq!(rig.next_token().await, 9);
        let first = next(&mut reader).await;
        assert_eq!(
            first,
            if expected { (topic.into(), "locked".into(), true) } else { ("marker".into(), "".into(), false) }
        );
    }
    rig.stop().await;
}

#[tokio::test]
async fn a_subscriber_with_another_filter_hears_only_what_it_asked_for() {
    let mut broker = Mosquitto::new("filter");
    broker.start(OPEN);
    let options = options(&format!("mqtt://127.0.0.1:{}", broker.port), Version::V311);
    let mut reader = subscriber(&options, &["lockwarden/+/alerts/#"]).await;
    let rig = Rig::start(options);
    rig.publish(1, "lockwarden/test/health", "x").await;
    rig.publish(2, "lockwarden/test/alerts/spray", "y").await;
    until_message(&mut reader, "lockwarden/test/alerts/spray", "y").await;
    rig.stop().await;
}
