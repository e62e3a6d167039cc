//! A hundred locks at once are no hundred messages.

use super::broker::{Subscriber, brief};
use super::site::{Site, troubles};

#[test]
fn a_hundred_locks_at_once_are_twenty_alerts_and_one_digest_and_what_is_critical_comes_at_once() {
    let site = Site::start_with(|settings| settings.top = "[detect.spray]\ncluster-accounts = 0".into());
    let mut reader = Subscriber::to(&site.access);
    (1..=50).for_each(|n| site.lock(&format!("user{n}")));
    for n in 1..=3 {
        site.syslog(&format!(
            "<86>Jan 15 08:20:0{n} web1 sshd[{n}]: Failed password for root from 192.0.2.66 port 50{n} ssh2"
        ));
    }
    (51..=100).for_each(|n| site.lock(&format!("user{n}")));
    for n in 1..=20 {
        assert_eq!(brief(&reader.alert()), format!("raised lockout user{n} 1 inferred 3 null"));
    }
    let storm = reader.alert();
    assert_eq!(brief(&storm), "raised storm null 1 null 21 null");
    assert_eq!(
        (&storm["severity"], &storm["suppressed"], &storm["summary"]),
        (
            &"warning".into(),
            &1.into(),
            &"21 alerts in a minute: 21 lockout; newest: user21, user20, user19; the list: lockwarden alerts".into()
        )
    );
    let root = reader.alert();
    assert_eq!(
        (brief(&root).as_str(), &root["severity"]),
        ("raised repeated-failures root 1 null 3 null", &"critical".into())
    );
    assert_eq!(troubles(&site.settled(303)), <[String; 0]>::default());
    let (alerts, _) = site.ask("alerts");
    let locks = alerts.as_array().unwrap().iter().filter(|alert| alert["kind"] == "lockout");
    assert_eq!((alerts.as_array().unwrap().len(), locks.count()), (102, 100));
    // The retained picture is of what was told.
    let retained = Subscriber::to(&site.access).rest();
    assert_eq!(retained.iter().filter(|message| message.topic.contains("/accounts/")).count(), 20);
    // Whoever saw an alert sees its end.
    assert_eq!(brief(&reader.alert()), "cleared repeated-failures root 2 null 3 policy-end");
    let mut over = reader.alert_after_a_minute();
    let since = storm["raised_at"].as_str().unwrap();
    assert_eq!(brief(&over), "cleared storm null 2 null 101 policy-end");
    assert_eq!(
        over["summary"].take(),
        format!(
            "single alerts resume; 101 alerts since {since}: 100 lockout, 1 repeated-failures; 80 were not sent one by one: lockwarden \
             alerts"
        )
    );
}
