//! More than the receive buffer holds: it is counted, and one alert says so with what to do.

use std::net::UdpSocket;

use super::broker::{Subscriber, brief};
use super::cucm::auth_fail;
use super::site::{Site, troubles};

#[test]
fn datagrams_that_the_kernel_drops_raise_one_alert_that_ends_and_health_says_so_meanwhile() {
    let mut site = Site::start_with(|settings| settings.top = "[detect]\nquiet-s = 2".into());
    let mut reader = Subscriber::to(&site.access);
    let to = site.listens("syslog", "127.");
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    let line = auth_fail("jdoe", 1);
    site.pause();
    // Each takes at least 768 octets of the 8 MiB that Linux gives at most for a buffer of 4 MiB.
    let sent = 20_000;
    (0..sent).for_each(|_| assert!(sender.send_to(line.as_bytes(), to).is_ok()));
    site.resume();
    let raised = reader.alert();
    let lost = raised["failures"].as_u64().unwrap();
    assert_eq!(brief(&raised), format!("raised overload null 1 null {lost} null"));
    assert!((sent - 12_000..sent).contains(&lost), "{lost}");
    let summary = raised["summary"].as_str().unwrap();
    assert!(summary.starts_with(&format!("{lost} datagrams were lost before they could be read: ")), "{summary}");
    let health = site.health_when(|health| health["received"] == sent);
    assert_eq!((&health["verdicts"]["kernel-drop"], &health["verdicts"]["failure"]), (&lost.into(), &1.into()));
    let cleared = reader.alert();
    assert_eq!(brief(&cleared), format!("cleared overload null 2 null {lost} policy-end"));
    assert_eq!(cleared["id"], raised["id"]);
    assert_eq!(troubles(&site.settled(sent)), <[String; 0]>::default());
    assert_eq!(reader.rest_of_alerts(), []);
}
