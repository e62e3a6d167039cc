//! The arguments of HP-UX HIDS' response programs, for template 8 (repeated failed logins) and template 9 (repeated failed su), in the
//! versions 2 and 3. Every alert about an account that is not `failed-su` goes out under template 8.
//!
//! What HIDS knows and we do not is empty: the terminal, and the name of a host that the message gives as an address only.
//! Names and texts come without control characters (`crate::units::Text`); a name may begin with a hyphen.

use std::net::IpAddr;

use crate::alert::{Alert, Kind, Severity, State};
use crate::config::HidsVersion;

/// Whether a program is run for this message: HIDS knows no end of an alert, and none without an account.
pub(crate) fn is_for(kinds: &[Kind], alert: &Alert) -> bool {
    kinds.contains(&alert.kind) && alert.state != State::Cleared && alert.account.is_some()
}

/// What the arguments say beyond the alert itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Beyond {
    /// The threshold that was passed.
    pub(crate) more_than: u32,
    /// Whom the user tried to be, the newest last.
    pub(crate) targets: Vec<String>,
}

/// All arguments, from the first: the template's code.
pub(crate) fn arguments(alert: &Alert, version: HidsVersion, beyond: &Beyond) -> Vec<String> {
    let is_su = alert.kind == Kind::FailedSu;
    let name = alert.account.as_ref().map(ToString::to_string).unwrap_or_default();
    let at = (alert.last_failure.unwrap_or(alert.raised_at).as_millis().div_euclid(1_000)).to_string();
    // HIDS: 2 for root and listed users, 3 for all others.
    let severity = if alert.severity == Severity::Critical { "2" } else { "3" };
    let (code, number) = (if is_su { "9" } else { "8" }, if version == HidsVersion::V2 { "2" } else { "3" });
    let mut all: Vec<String> = [code, number, severity, &at].map(str::to_owned).into();
    let of_version: Vec<String> =
        if is_su { of_su(version, name, at, beyond) } else { of_login(alert, version, name, at, beyond) };
    all.extend(of_version);
    all
}

/// The arguments from the fifth, of template 8.
fn of_login(alert: &Alert, version: HidsVersion, name: String, at: String, beyond: &Beyond) -> Vec<String> {
    let source = alert.sources.last().map(ToString::to_string).unwrap_or_default();
    let host = if source.is_empty() { String::new() } else { format!("{source} {source}") };
    let remote = if host.is_empty() { String::new() } else { format!(" (REMOTE: {host})") };
    let text = format!("More than {} failed logins by user {name}{remote}", beyond.more_than);
    let text = [String::from("Failed login attempts"), text];
    let flag = String::from("1");
    match version {
        HidsVersion::V2 => {
            let [short, long] = text;
            vec![String::new(), String::new(), short, long, at, flag, name]
        }
        HidsVersion::V3 => {
            let [short, long] = text;
            let ip = if source.parse::<IpAddr>().is_ok() { source.clone() } else { String::new() };
            vec![host, name.clone(), short, long, "Failed login".into(), flag, name, String::new(), source, ip]
        }
    }
}

/// The same of template 9.
fn of_su(version: HidsVersion, name: String, at: String, beyond: &Beyond) -> Vec<String> {
    let Beyond { more_than, targets } = beyond;
    let last = targets.last().cloned().unwrap_or_default();
    let targets: String = targets.iter().map(|target| format!("{target} ")).collect();
    let text =
        format!("User {name} had more than {more_than} failed su attempts in the past day. Targets were [ {targets}]");
    let (short, flag) = (String::from("Failed su attempts"), String::from("2"));
    match version {
        HidsVersion::V2 => vec![name.clone(), String::new(), short, text, at, flag, String::new(), name, last],
        HidsVersion::V3 => {
            let event = "Failed switch-user (su)".into();
            vec![name.clone(), last.clone(), short, text, event, flag, String::new(), name, last]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::tests::complete;
    use crate::event::Label;
    use crate::units::Wall;

    fn login() -> Alert {
        let at = Some(Wall::from_millis(1_768_467_661_250));
        Alert { kind: Kind::RepeatedFailures, last_failure: at, severity: Severity::Warning, ..complete() }
    }

    fn su() -> Alert {
        Alert { kind: Kind::FailedSu, severity: Severity::Critical, ..login() }
    }

    fn beyond() -> Beyond {
        Beyond { more_than: 2, targets: vec!["oracle".into(), "root".into()] }
    }

    #[test]
    fn template_8_in_both_versions() {
        let text = "More than 2 failed logins by user jdoe (REMOTE: 192.0.2.15 192.0.2.15)";
        assert_eq!(
            arguments(&login(), HidsVersion::V2, &beyond()),
            ["8", "2", "3", "1768467661", "", "", "Failed login attempts", text, "1768467661", "1", "jdoe"]
        );
        let host = "192.0.2.15 192.0.2.15";
        assert_eq!(
            arguments(&login(), HidsVersion::V3, &beyond()),
            [
                "8",
                "3",
                "3",
                "1768467661",
                host,
                "jdoe",
                "Failed login attempts",
                text,
                "Failed login",
                "1",
                "jdoe",
                "",
                "192.0.2.15",
                "192.0.2.15"
            ]
        );
    }

    #[test]
    fn template_9_in_both_versions() {
        let text = "User jdoe had more than 2 failed su attempts in the past day. Targets were [ oracle root ]";
        assert_eq!(
            arguments(&su(), HidsVersion::V2, &beyond()),
            [
                "9",
                "2",
                "2",
                "1768467661",
                "jdoe",
                "",
                "Failed su attempts",
                text,
                "1768467661",
                "2",
                "",
                "jdoe",
                "root"
            ]
        );
        assert_eq!(
            arguments(&su(), HidsVersion::V3, &beyond()),
            [
                "9",
                "3",
                "2",
                "1768467661",
                "jdoe",
                "root",
                "Failed su attempts",
                text,
                "Failed switch-user (su)",
                "2",
                "",
                "jdoe",
                "root"
            ]
        );
    }

    #[test]
    fn a_lockout_goes_out_as_failed_logins_and_what_is_not_known_is_empty() {
        let mut alert = Alert { kind: Kind::Lockout, ..login() };
        alert.sources.clear();
        let all = arguments(&alert, HidsVersion::V3, &beyond());
        assert_eq!(
            all.get(4..8).unwrap(),
            ["", "jdoe", "Failed login attempts", "More than 2 failed logins by user jdoe"]
        );
        alert.sources = heapless::Vec::from_slice(&[Label::from_wire("admin-pc")]).unwrap();
        assert_eq!(arguments(&alert, HidsVersion::V3, &beyond()).get(12..).unwrap(), ["admin-pc", ""]);
    }

    #[test]
    fn the_end_of_an_alert_runs_nothing() {
        let cleared = Alert { state: State::Cleared, ..login() };
        assert!(is_for(&[Kind::RepeatedFailures], &login()) && !is_for(&[Kind::RepeatedFailures], &cleared));
        assert!(!is_for(&[Kind::FailedSu], &login()));
    }

    #[test]
    fn a_target_is_what_was_tried_whatever_is_in_its_name() {
        let targets = vec!["root".into(), "x ]. Targets were [ root ".into()];
        let all = arguments(&su(), HidsVersion::V3, &Beyond { more_than: 4, targets });
        let text = "User jdoe had more than 4 failed su attempts in the past day. Targets were [ root x ]. Targets were [ root  ]";
        assert_eq!(
            (all.get(5).map(String::as_str), all.get(7).map(String::as_str)),
            (Some("x ]. Targets were [ root "), Some(text))
        );
    }
}
