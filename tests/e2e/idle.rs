//! An account that had to make room for others: the store keeps it, and it comes back with all that is known of it.

use std::io::Write as _;
use std::net::TcpStream;

use super::broker::{Subscriber, brief};
use super::cucm::{auth_fail, auth_success};
use super::site::Site;

/// More than any board keeps at hand.
const NAMES: u32 = 10_000;

/// `jdoe` fails twice, signs in and fails again; then so many other names fail so often that it has to make room.
fn crowded(times: u32) -> Site {
    let site = Site::start_with(|settings| settings.top = "[detect.slow-climb]\nfailures = 4".into());
    [auth_fail("jdoe", 1), auth_fail("jdoe", 9), auth_success("jdoe", 20), auth_fail("jdoe", 30)]
        .iter()
        .for_each(|line| site.syslog(line));
    site.settled(4);
    let mut stream = TcpStream::connect(site.listens("syslog/tcp", "127.")).unwrap();
    for n in 0..NAMES {
        (0..times).for_each(|i| writeln!(stream, "{}", auth_fail(&format!("name{n}"), n % 3_000 + 9 * i)).unwrap());
    }
    drop(stream);
    let health = site.settled(4 + u64::from(NAMES * times));
    let made_room = health["accounts"]["made_room"].as_u64().unwrap();
    assert_eq!(health["accounts"]["at_hand"].as_u64().unwrap() + made_room, u64::from(NAMES) + 1);
    site
}

/// Its next failure is the fourth of its day.
fn comes_back(site: &Site) {
    let mut reader = Subscriber::to(&site.access);
    let (accounts, _) = site.ask("accounts");
    assert!(!accounts.to_string().contains("jdoe"), "it is not at hand");
    site.syslog(&auth_fail("jdoe", 40));
    let alert = reader.next("alerts/slow-climb").json();
    assert_eq!(brief(&alert), "raised slow-climb jdoe 1 null 4 null");
    let account = site.account("jdoe");
    assert_eq!((&account["failures_total"], &account["failures"]), (&4.into(), &2.into()), "{account}");
}

#[test]
fn an_account_that_had_to_make_room_comes_back_with_its_day() {
    comes_back(&crowded(1));
}

#[test]
fn an_account_that_had_to_make_room_comes_back_with_its_day_after_a_restart_too() {
    let mut site = crowded(2);
    site.stop();
    site.run();
    comes_back(&site);
}
