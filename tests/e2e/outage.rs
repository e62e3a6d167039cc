//! The disk under the store fails while the service runs: alerts go out all the same, `health` says so, and when the disk works again
//! everything is on it, without a restart.

use std::fs;
use std::process::{Command, Stdio};

use super::broker::{Mosquitto, Subscriber, brief};
use super::cucm::auth_success;
use super::programs::output;
use super::site::{Settings, Site, lockwarden, troubles};

/// Lets the process write files of so many bytes at most, or of any size.
fn limit_files(site: &Site, bytes: &str) {
    let mut prlimit = Command::new("prlimit");
    prlimit.arg(format!("--pid={}", site.id())).arg(format!("--fsize={bytes}:"));
    assert!(output(&mut prlimit).status.success());
}

/// A service that gets an error, not a signal, when it writes more than it may.
fn run_limitable(site: &mut Site) {
    let program = lockwarden().get_program().to_owned();
    let mut command = Command::new("sh");
    command.arg("-c").arg("trap '' XFSZ; exec \"$0\" run --config \"$1\"").arg(program).arg(site.configuration());
    command.stdin(Stdio::null());
    site.run_as(command);
}

#[test]
fn a_full_disk_costs_no_alert_and_is_over_without_a_restart() {
    let mut broker = Mosquitto::open();
    broker.start();
    let mut reader = Subscriber::to(&broker.access);
    let mut site = Site::configured(broker.access.clone(), &Settings::publishing_to(&broker, ""));
    run_limitable(&mut site);
    site.lock("jdoe");
    let first = reader.alert();
    assert_eq!(brief(&first), "raised lockout jdoe 1 inferred 3 null");
    site.settled(3);

    limit_files(&site, "1");
    site.lock("asmith");
    assert_eq!(brief(&reader.alert()), "raised lockout asmith 1 inferred 3 null");
    let health = site.health_when(|health| health["store"]["on_disk"] == false);
    let told = troubles(&health).join("\n");
    assert!(told.contains("are kept in memory, and are written as soon as the disk works: free space"), "{told}");
    assert_eq!((&health["status"], &health["store"]["outages"]), (&"degraded".into(), &1.into()));
    // It is tried meanwhile, and nothing comes of it.
    site.syslog(&auth_success("jdoe", 60));
    let cleared = reader.alert();
    assert_eq!(brief(&cleared), "cleared lockout jdoe 2 inferred 3 success");
    assert_eq!(cleared["id"], first["id"]);

    // What has arrived is acknowledged before it is tried again, so that nothing is told twice.
    site.settled(7);
    limit_files(&site, "unlimited");
    let health = site.health_when(|health| health["store"]["on_disk"] == true);
    assert_eq!(troubles(&health), <[String; 0]>::default());
    let over = health["store"]["last_outage"].as_str().unwrap();
    assert!(over.ends_with("the disk works again, and everything kept in memory is on it"), "{over}");
    // What was decided meanwhile survives a kill.
    site.kill();
    site.run();
    assert_eq!(troubles(&site.settled(0)), <[String; 0]>::default());
    assert_eq!(
        (site.account("asmith")["locked"].clone(), site.account("jdoe")["locked"].clone()),
        (true.into(), false.into())
    );
    assert_eq!(reader.rest_of_alerts(), []);
}

#[test]
fn a_store_that_is_removed_while_running_is_noticed_and_written_again() {
    let mut broker = Mosquitto::open();
    broker.start();
    let mut reader = Subscriber::to(&broker.access);
    let mut site = Site::start_for(&broker, "");
    site.lock("jdoe");
    let raised = reader.alert();
    site.settled(3);
    let store = site.directory.path().join("store");
    let db = store.join("db");
    fs::remove_file(&db).unwrap();
    let health = site.health_when(|health| health["store"]["outages"] == 1 && health["store"]["on_disk"] == true);
    let over = health["store"]["last_outage"].as_str().unwrap();
    assert!(over.contains(&format!("{} was removed while it was in use", db.display())), "{over}");
    site.kill();
    site.run();
    assert_eq!(site.account("jdoe")["locked"], true);
    site.syslog(&auth_success("jdoe", 60));
    let cleared = reader.alert();
    assert_eq!((brief(&cleared), &cleared["id"]), ("cleared lockout jdoe 2 inferred 3 success".into(), &raised["id"]));
}
