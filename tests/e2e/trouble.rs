//! What cannot be had is said in one sentence with what to do; what can go on goes on.

use std::fs;
use std::net::{TcpListener, UdpSocket};
use std::process::Output;

use super::broker::{Access, Mosquitto, Subscriber, brief};
use super::nms::receiver_of;
use super::programs::{output, text};
use super::relay::TAKES_OURS;
use super::site::{Settings, Site, troubles};
use super::trapd::Trapd;

/// What a service that cannot start says, and its exit code.
fn failed(site: &Site) -> (String, Option<i32>) {
    let Output { status, stderr, .. } = output(&mut site.command("run"));
    (text(&stderr), status.code())
}

#[test]
fn a_trap_port_that_is_taken_leaves_syslog_working_and_is_named() {
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let at = taken.local_addr().unwrap();
    let site = Site::start_with(|settings| settings.traps = format!("listen = [\"{at}\"]"));
    let mut reader = Subscriber::to(&site.access);
    site.lock("jdoe");
    assert_eq!(brief(&reader.alert()), "raised lockout jdoe 1 inferred 3 null");
    let problem = format!(
        "traps.listen: {at} is not listened on: another program has this port (`ss -lunpt` shows which); end it, or choose \
         another port"
    );
    let (health, code) = site.ask("health");
    assert_eq!((troubles(&health), code), (vec![problem.clone()], 3));
    let table = output(&mut site.command("health"));
    assert_eq!(table.status.code(), Some(3));
    assert!(text(&table.stdout).contains(&format!("DEGRADED: {problem}")), "{}", text(&table.stdout));
}

#[test]
fn with_every_port_taken_it_ends_and_names_them_all() {
    let taken = [UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap()];
    let [traps, syslog] = taken.each_ref().map(|socket| socket.local_addr().unwrap());
    let settings = Settings {
        traps: format!("listen = [\"{traps}\"]"),
        syslog: format!("udp = [\"{syslog}\"]\ntcp = []"),
        mqtt: "[mqtt]\nbroker = \"none\"".into(),
        ..Settings::default()
    };
    let (said, code) = failed(&Site::configured(Access::anonymous(0), &settings));
    assert_eq!(code, Some(1));
    assert!(said.starts_with("nothing is left to listen on\n"), "{said}");
    for problem in [format!("traps.listen: {traps} is"), format!("syslog.udp: {syslog} is")] {
        assert!(said.contains(&problem), "{said}");
    }
}

#[test]
fn a_port_of_the_embedded_broker_that_is_taken_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = taken.local_addr().unwrap();
    let site = Site::start_with(|settings| settings.mqtt = format!("[mqtt.embedded]\nlisten = \"{at}\""));
    let (health, code) = site.ask("health");
    let named = |line: &String| line.starts_with("mqtt.embedded: ") && line.contains("another program has it");
    assert!(troubles(&health).iter().any(named), "{health:#}");
    assert_eq!(code, 3);
}

#[test]
fn without_a_place_for_its_store_it_works_in_memory_and_says_so() {
    let mut broker = Mosquitto::open();
    broker.start();
    let mut reader = Subscriber::to(&broker.access);
    let publishing = || Settings::publishing_to(&broker, "");
    let mut site = Site::configured(broker.access.clone(), &publishing());
    let file = site.directory.path().join("a-file");
    fs::write(&file, "in the way").unwrap();
    let store = file.join("store");
    let settings = Settings { store: Some(store.clone()), ..publishing() };
    let place = Site::configured(broker.access.clone(), &settings);
    fs::copy(place.configuration(), site.configuration()).unwrap();
    site.run();
    // Its directory is also where `lockwarden health` would find it, so the published health is what can be seen.
    let health: serde_json::Value = serde_json::from_str(&reader.next("health").payload).unwrap();
    let trouble = troubles(&health).join("\n");
    assert!(trouble.contains(&format!("{}: ", store.display())), "{trouble}");
    assert!(
        trouble.contains("are kept in memory, and are written as soon as the disk works")
            && trouble.contains("set store.path"),
        "{trouble}"
    );
    assert_eq!((&health["status"], &health["store"]["on_disk"]), (&"degraded".into(), &false.into()));
    site.lock("jdoe");
    assert_eq!(brief(&reader.alert()), "raised lockout jdoe 1 inferred 3 null");
    assert!(site.stop().iter().any(|line| line.contains("kept in memory")));
}

#[test]
fn a_second_service_on_the_same_store_is_refused_and_the_first_goes_on() {
    let site = Site::start();
    let path = site.directory.path().join("store");
    let store = Some(path.clone());
    let mqtt = "[mqtt]\nbroker = \"none\"".into();
    let second = Site::configured(Access::anonymous(0), &Settings { store, mqtt, ..Settings::default() });
    let (said, code) = failed(&second);
    assert_eq!(code, Some(1));
    let sentence = format!(
        "store: {}: another lockwarden uses this store; end it, or set store.path to another directory",
        path.display()
    );
    assert_eq!(said.trim_end(), sentence);
    let mut reader = Subscriber::to(&site.access);
    site.lock("jdoe");
    assert_eq!(brief(&reader.alert()), "raised lockout jdoe 1 inferred 3 null");
    assert_eq!(troubles(&site.settled(3)), <[String; 0]>::default());
}

#[test]
fn asking_where_no_service_runs_says_how_to_start_one() {
    let site = Site::configured(Access::anonymous(0), &Settings::default());
    for question in ["health", "accounts", "alerts"] {
        let Output { status, stderr, .. } = output(&mut site.command(question));
        assert_eq!(status.code(), Some(1));
        assert!(text(&stderr).contains("start it with `lockwarden run`"), "{}", text(&stderr));
    }
}

#[test]
fn receivers_that_take_everything_and_answer_nothing_delay_no_other() {
    let silent_broker = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent_nms = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut trapd = Trapd::by_name(TAKES_OURS);
    let port = silent_broker.local_addr().unwrap().port();
    let mut settings =
        Settings { mqtt: format!("[mqtt]\nbroker = \"mqtt://127.0.0.1:{port}\"\n"), ..Settings::default() };
    settings.mqtt += &receiver_of(&silent_nms.local_addr().unwrap().to_string());
    settings.mqtt += &receiver_of(&trapd.at);
    let mut site = Site::configured(Access::anonymous(port), &settings);
    site.run();
    let (_held, _) = silent_broker.accept().unwrap();
    for account in ["jdoe", "asmith", "bsmith"] {
        site.lock(account);
        let shown = trapd.shown();
        let named = format!("LOCKWARDEN-MIB::lockwardenAccount.0 = STRING: {account}");
        assert!(shown.contains(&named), "{named} in {shown:#?}");
    }
    let health = site.health_when(|health| health["sinks"][2]["backlog"] == 0);
    let backlogs: Vec<_> = (0..3).map(|n| health["sinks"][n]["backlog"].as_u64().unwrap()).collect();
    assert_eq!(backlogs, [3, 3, 0], "{health:#}");
}
