//! Our own SNMPv3 engine: the same after every start, a new one when its boots cannot be known; and the engines of others, as they
//! are met.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::programs::succeed;
use super::site::{Site, troubles};
use super::usm::{ENGINE, Failed, Node, User};

const JDOE: Failed<'_> = Failed { account: "jdoe", ticks: 100 };

/// Our engine's id and boots.
fn engine(site: &Site) -> (String, u64) {
    let (health, _) = site.ask("health");
    let engine = &health["snmpv3"];
    (engine["engine_id"].as_str().unwrap().to_owned(), engine["boots"].as_u64().unwrap())
}

/// Overwrites every file in it.
fn destroy(directory: &Path) {
    for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
        let file = entry.path();
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            destroy(&file);
        } else if kind.is_file() {
            let noise: Vec<u8> = (0_u32..20_000).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
            fs::write(&file, noise).unwrap();
        }
    }
}

#[test]
fn the_engine_is_the_same_after_every_start_and_counts_them() {
    let user = User::usual();
    let mut site = Site::start_with(|settings| settings.traps += &user.configuration());
    let (first, boots) = engine(&site);
    assert_eq!(boots, 1);
    // RFC 3411 section 5, snmpEngineID: the highest bit and an enterprise number; at most 32 octets.
    assert!(first.starts_with("0x80") && (12..=66).contains(&first.len()), "{first}");
    site.stop();
    site.run();
    assert_eq!(engine(&site), (first.clone(), 2));
    site.kill();
    site.run();
    assert_eq!(engine(&site), (first, 3));
    succeed(&mut Node::new().inform(&user, JDOE, site.listens("traps", "127.")));
}

#[test]
fn a_damaged_store_makes_a_new_engine_which_informs_find() {
    let user = User::usual();
    let mut site = Site::start_with(|settings| settings.traps += &user.configuration());
    let (node, before) = (Node::new(), engine(&site));
    succeed(&mut node.inform(&user, JDOE, site.listens("traps", "127.")));
    site.stop();
    destroy(&site.directory.path().join("store"));
    site.run();
    let after = engine(&site);
    assert_eq!(after.1, 1);
    assert_ne!(after.0, before.0);
    let (health, _) = site.ask("health");
    assert!(troubles(&health).iter().any(|line| line.starts_with("store: ")), "{health:#}");
    succeed(&mut node.inform(&user, Failed { ticks: 2_000, ..JDOE }, site.listens("traps", "127.")));
    assert_eq!(site.account("jdoe")["failures_total"], 1);
    site.stop();
    site.run();
    assert_eq!(engine(&site), (after.0, 2));
}

#[test]
fn an_engine_id_that_is_configured_is_used_and_its_boots_rise_even_over_a_damaged_store() {
    let (user, ours) = (User::usual(), "0x80001f88046c6f636b");
    let mut site = Site::start_with(|settings| {
        settings.traps += &format!("\nengine-id = \"{ours}\"\n{}", user.configuration());
    });
    let (id, first) = engine(&site);
    assert_eq!(id, ours);
    let to = site.listens("traps", "127.");
    succeed(&mut Node::new().inform(&user, JDOE, to));
    site.kill();
    site.run();
    assert_eq!(engine(&site), (ours.to_owned(), first + 1));
    site.stop();
    destroy(&site.directory.path().join("store"));
    site.run();
    let (id, last) = engine(&site);
    assert!(id == ours && last >= first, "{id}, {last} after {first}");
    succeed(&mut Node::new().inform(&user, JDOE, site.listens("traps", "127.")));
}

#[test]
fn an_engine_that_is_met_is_in_the_log_and_in_health_also_after_a_restart() {
    let user = User::usual();
    let mut site = Site::start_with(|settings| settings.traps += &user.configuration());
    assert_eq!(site.ask("health").0["snmpv3"]["senders"], json!([]));
    succeed(&mut Node::new().trap((7, 4_000), &user, JDOE, site.listens("traps", "127.")));
    let line = site.log_line(|line| line.contains("learnt"));
    assert!(line.contains("INFO learnt SNMPv3 engine") && line.ends_with(&format!("{ENGINE} at 127.0.0.1")), "{line}");
    let shown = |health: &Value| {
        let one = &health["snmpv3"]["senders"][0];
        json!([one["engine_id"], one["from"], one["boots"], one["time"]])
    };
    assert_eq!(shown(&site.settled(1)), json!([ENGINE, "127.0.0.1", 7, 4_000]));
    site.stop();
    site.run();
    let (health, _) = site.ask("health");
    assert_eq!(shown(&health), json!([ENGINE, null, 7, 4_000]));
}
