//! `[policy]`, `[detect]`, `[[node]]` and `site`: what the engine decides by.

use core::net::IpAddr;

use super::patterns;
use super::section::{Section, plain};
use super::zone::{NodeZone, ZoneName};
use crate::board;
use crate::engine::{NodeOf, Policies, Policy, PolicyFor, Settings, Threshold};
use crate::event::{Authenticated, Credential, Label, Realm};
use crate::units::Span;

/// Everything in the file that the engine needs, and what else it says of nodes.
pub(super) fn settings(top: &Section<'_>) -> (Settings, Vec<NodeZone>) {
    let default = Settings::default();
    let detect = top.section("detect");
    let cucm = detect.section("repeated-failures");
    let blind = detect.section("blind-node");
    let (nodes, zones) = nodes(top);
    let settings = Settings {
        site: top.read("site", site).unwrap_or(default.site),
        policies: policies(&top.section("policy")),
        merge_window: seconds(&detect, "merge-window-s").unwrap_or(Settings::MERGE_WINDOW),
        quiet: seconds(&detect, "quiet-s").unwrap_or(Settings::QUIET),
        repeated_cucm: threshold(&cucm, Settings::REPEATED_CUCM),
        repeated_unix: threshold(&cucm.section("unix"), Settings::REPEATED_UNIX),
        failed_su: threshold(&detect.section("failed-su"), Settings::FAILED_SU),
        privileged: detect
            .list("privileged", |text| plain(text, 128).map(str::to_owned))
            .map_or(default.privileged, |list| list.into_iter().map(|at| at.value).collect()),
        page_needs: detect.read("page-needs", proof).unwrap_or(default.page_needs),
        storm: detect.section("storm").number("more-than").unwrap_or(default.storm),
        cluster: threshold(&cucm.section("cluster"), Settings::CLUSTER),
        patterns: patterns::patterns(&detect),
        silent_after: hours(&blind, "silent-h").unwrap_or(Settings::BLIND_AFTER),
        no_sign_ins_after: hours(&blind, "no-sign-ins-h").unwrap_or(Settings::BLIND_AFTER),
        nodes,
    };
    (settings, zones)
}

fn site(text: &str) -> Option<Label> {
    let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    ((1..=32).contains(&text.len()) && text.bytes().all(legal)).then(|| Label::from_wire(text))
}

fn proof(text: &str) -> Option<Authenticated> {
    use Authenticated::{Community, None as Address, Tls, Usm};
    [Address, Community, Usm, Tls].into_iter().find(|proof| proof.as_str() == text)
}

fn seconds(section: &Section<'_>, name: &str) -> Option<Span> {
    section.number(name).map(|s| Span::secs(s.into()))
}

fn minutes(section: &Section<'_>, name: &str) -> Option<Span> {
    section.number(name).map(|m| Span::mins(m.into()))
}

fn hours(section: &Section<'_>, name: &str) -> Option<Span> {
    section.number(name).map(|h| Span::mins(60 * u64::from(h)))
}

fn threshold(section: &Section<'_>, default: Threshold) -> Threshold {
    Threshold {
        more_than: section.number("more-than").unwrap_or(default.more_than),
        window: seconds(section, "window-s").unwrap_or(default.window),
        quiet: seconds(section, "quiet-s").unwrap_or(default.quiet),
    }
}

fn policies(section: &Section<'_>) -> Policies {
    let platform = section.section("os");
    let cucm = in_minutes(section, Policy::CUCM);
    let os = Policy {
        failed_logons: platform.number("failed-logons").unwrap_or(Policy::PLATFORM.failed_logons),
        reset: seconds(&platform, "reset-s").unwrap_or(Policy::PLATFORM.reset),
        lockout: seconds(&platform, "lockout-s").unwrap_or(Policy::PLATFORM.lockout),
    };
    let exceptions = section.sections("for").iter().map(|rule| exception(rule, cucm, os)).collect();
    Policies { cucm, os, exceptions }
}

fn in_minutes(section: &Section<'_>, default: Policy) -> Policy {
    Policy {
        failed_logons: section.number("failed-logons").unwrap_or(default.failed_logons),
        reset: minutes(section, "reset-min").unwrap_or(default.reset),
        lockout: minutes(section, "lockout-min").unwrap_or(default.lockout),
    }
}

fn exception(rule: &Section<'_>, cucm: Policy, os: Policy) -> PolicyFor {
    if !["realm", "cluster", "account", "credential"].iter().any(|name| rule.has(name)) {
        let example = Some(r#"account = "admin*""#);
        rule.refuse_whole("fits every account", "at least one of realm, cluster, account, credential", example);
    }
    if !["failed-logons", "reset-min", "lockout-min"].iter().any(|name| rule.has(name)) {
        let example = Some("failed-logons = 5");
        rule.refuse_whole("sets no limit", "at least one of failed-logons, reset-min, lockout-min", example);
    }
    let pattern = |text: &str| plain(text, 128).map(str::to_owned);
    let realm = rule.read("realm", realm);
    PolicyFor {
        realm,
        cluster: rule.read("cluster", pattern),
        account: rule.read("account", pattern),
        credential: rule.read("credential", credential),
        policy: in_minutes(rule, if realm == Some(Realm::Os) { os } else { cucm }),
    }
}

fn credential(text: &str) -> Option<Credential> {
    match text {
        "pin" => Some(Credential::Pin),
        "password" => Some(Credential::Password),
        _ => None,
    }
}

fn realm(text: &str) -> Option<Realm> {
    [Realm::Cucm, Realm::Os, Realm::Unix, Realm::Mitel].into_iter().find(|realm| realm.as_str() == text)
}

fn nodes(top: &Section<'_>) -> (Vec<NodeOf>, Vec<NodeZone>) {
    let sections = top.sections("node");
    let (mut nodes, mut zones): (Vec<NodeOf>, Vec<NodeZone>) = (Vec::new(), Vec::new());
    if let Some(surplus) = sections.get(board::NODES) {
        let allowed = format!("at most {} nodes on the board {}", board::NODES, board::BOARD);
        surplus.refuse_whole(&format!("is number {} of {}", board::NODES + 1, sections.len()), &allowed, None);
    }
    for section in &sections {
        section.require("name", &[]);
        let name = section.read("name", label);
        let address = section.read("address", |text| text.parse::<IpAddr>().ok());
        let address = address.map(|address| Label::from_wire(&address.to_canonical().to_string()));
        let cluster = section.read("cluster", label);
        let zone = section.read("time-zone", ZoneName::parse);
        let Some(name) = name else { continue };
        if address.is_some() && nodes.iter().any(|other| other.address == address) {
            section.refuse("address", "is the address of a node above", "each address once", None);
        }
        let same_name = |other: &NodeOf| other.name.as_str().eq_ignore_ascii_case(name.as_str());
        if nodes.iter().any(|other| same_name(other) && (address.is_none() || other.address.is_none())) {
            section.refuse("name", "is the name of a node above", "each name once, or each with its address", None);
        }
        zones.extend(zone.map(|zone| NodeZone { name: name.clone(), address: address.clone(), zone }));
        nodes.push(NodeOf { name, address, cluster });
    }
    (nodes, zones)
}

/// At most 64 bytes too, so that nothing is cut.
pub(super) fn label(text: &str) -> Option<Label> {
    plain(text, 64).filter(|text| text.len() <= 64 && text.trim() == *text).map(Label::from_wire)
}
