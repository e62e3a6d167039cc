//! The management system's side: net-snmp's snmptrapd with the module that `lockwarden mib` prints, and a receiver that does not
//! exist beside it.

use std::fs;
use std::net::UdpSocket;
use std::path::Path;
use std::process::Stdio;

use super::cucm::{auth_fail, auth_success};
use super::programs::{Lines, output, program, start, text};
use super::site::{Directory, Site, lockwarden, troubles};

/// Base modules for our own: Debian ships none.
const BASE_MIBS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/mibs");

/// A receiver of informs, in the configuration.
pub(crate) fn receiver_of(address: &str) -> String {
    format!("\n[[nms]]\naddress = \"{address}\"\nversion = \"v2c\"\nkind = \"inform\"\ncommunity = \"nms-community\"\n")
}

/// snmptrapd, printing each notification as one line of its varbinds; and where it listens.
pub(crate) fn snmptrapd(directory: &Path) -> (std::process::Child, Lines, String) {
    let at = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let printed = output(lockwarden().arg("mib"));
    fs::write(directory.join("LOCKWARDEN-MIB.txt"), text(&printed.stdout)).unwrap();
    let file = directory.join("snmptrapd.conf");
    fs::write(&file, "authCommunity log nms-community\nformat2 %V|%v\\n\n").unwrap();
    let mibs = format!("{BASE_MIBS}:{}", directory.display());
    let mut child = start(
        program("snmptrapd")
            .args(["-f", "-Le", "-n", "-C", "-m", "LOCKWARDEN-MIB", "-M", &mibs, "-c"])
            .arg(file)
            .arg(format!("udp:{at}"))
            .env("SNMP_PERSISTENT_DIR", directory)
            .stdout(Stdio::null())
            .stderr(Stdio::piped()),
    );
    let mut lines = Lines::of("snmptrapd", child.stderr.take().unwrap());
    lines.until(|line| line.starts_with("NET-SNMP version"));
    (child, lines, at)
}

#[test]
fn a_lockout_reaches_the_nms_by_name_while_another_receiver_cannot_even_be_found() {
    let directory = Directory::new();
    let (mut receiver, mut lines, at) = snmptrapd(directory.path());
    let site = Site::start_with(|settings| {
        settings.mqtt += &receiver_of(&at);
        settings.mqtt += &receiver_of("nowhere.invalid:162");
    });

    [1, 9, 20].iter().for_each(|&n| site.syslog(&auth_fail("jdoe", n)));
    let raised = lines.until(|line| line.contains("lockwardenAlertState.0")).pop().unwrap();
    let fields: Vec<&str> = raised.split('|').collect();
    assert_eq!(fields.iter().filter(|field| field.starts_with("LOCKWARDEN-MIB::lockwarden")).count(), 27, "{raised}");
    for field in [
        "LOCKWARDEN-MIB::lockwardenAlertState.0 = INTEGER: raised(1)",
        "LOCKWARDEN-MIB::lockwardenAlertKind.0 = INTEGER: lockout(1)",
        "LOCKWARDEN-MIB::lockwardenAccount.0 = STRING: jdoe",
        "LOCKWARDEN-MIB::lockwardenBasis.0 = INTEGER: inferred(3)",
        "LOCKWARDEN-MIB::lockwardenFailures.0 = Gauge32: 3",
    ] {
        assert!(fields.contains(&field), "{field} in {raised}");
    }

    site.syslog(&auth_success("jdoe", 60));
    let cleared = lines.until(|line| line.contains("lockwardenAlertState.0")).pop().unwrap();
    assert!(cleared.contains("OID: LOCKWARDEN-MIB::lockwardenAlertCleared"), "{cleared}");

    let health = site.health_when(|health| health["sinks"][1]["backlog"] == 0 && health["sinks"][2]["state"] == "down");
    assert_eq!((&health["sinks"][1]["state"], &health["sinks"][2]["backlog"]), (&"idle".into(), &2.into()));
    let trouble = troubles(&health).join("\n");
    assert!(trouble.contains("nms nowhere.invalid:162: ") && trouble.contains("[[nms]]"), "{trouble}");
    receiver.kill().unwrap();
    receiver.wait().unwrap();
}
