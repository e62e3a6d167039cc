//! An alert as a notification of LOCKWARDEN-MIB. Absent facts are empty text or the enumeration's first value.

use crate::alert::{Alert, Basis, ClearedBy, Kind, Severity, State};
use crate::event::{Authenticated, Credential, LockReason, Realm};
use crate::units::Wall;
use crate::wire::DecodeError;
use crate::wire::snmp::{Oid, OutValue, OutVarbind};

/// Text of the MIB is at most this long.
const LONGEST: usize = 255;
/// The arc of the notifications below the root, and that of the objects.
const NOTIFICATIONS: u32 = 0;
const OBJECTS: u32 = 1;
/// The notification that ends any alert.
const CLEARED: u32 = 12;

/// What goes to the receiver.
#[derive(Clone, Debug)]
pub struct Notification {
    /// The notification's number below `root.0`: `specific-trap` in SNMPv1.
    pub number: u32,
    /// `snmpTrapOID.0`.
    pub oid: Oid,
    /// The alert's fields, in the order of the MIB.
    pub varbinds: Vec<OutVarbind<'static>>,
}

/// The notification for this alert, with the MIB below `root`.
///
/// # Errors
/// If the root is so long that an object below it has more than 128 sub-identifiers.
pub fn notification(alert: &Alert, root: &Oid) -> Result<Notification, DecodeError> {
    let number = if alert.state == State::Cleared { CLEARED } else { kind(alert.kind) };
    let varbinds = (1..)
        .zip(values(alert))
        .map(|(column, value)| Ok(OutVarbind { name: root.child(&[OBJECTS, column, 0])?, value }));
    Ok(Notification {
        number,
        oid: root.child(&[NOTIFICATIONS, number])?,
        varbinds: varbinds.collect::<Result<_, DecodeError>>()?,
    })
}

fn values(alert: &Alert) -> [OutValue<'static>; 27] {
    let text = |text: Option<&str>| OutValue::from(bounded(text.unwrap_or_default()));
    let time = |at: Option<Wall>| OutValue::from(at.map(|at| at.to_string()).unwrap_or_default());
    let number = OutValue::Unsigned32;
    let word = OutValue::Integer;
    let sources: Vec<&str> = alert.sources.iter().map(|source| source.as_str()).collect();
    [
        text(Some(alert.id.as_str())),
        number(alert.revision),
        word(match alert.state {
            State::Raised => 1,
            State::Updated => 2,
            State::Cleared => 3,
        }),
        word(i32::try_from(kind(alert.kind)).unwrap_or_default()),
        word(match alert.severity {
            Severity::Info => 1,
            Severity::Notice => 2,
            Severity::Warning => 3,
            Severity::Critical => 4,
        }),
        text(Some(alert.site.as_str())),
        text(alert.cluster.as_ref().map(|t| t.as_str())),
        text(alert.node.as_ref().map(|t| t.as_str())),
        text(alert.account.as_ref().map(|t| t.as_str())),
        word(realm(alert.realm)),
        word(match alert.credential {
            Credential::Unknown => 1,
            Credential::Pin => 2,
            Credential::Password => 3,
        }),
        word(match alert.basis {
            None => 1,
            Some(Basis::Reported) => 2,
            Some(Basis::Inferred) => 3,
        }),
        word(match alert.reason {
            None => 1,
            Some(LockReason::FailedLogons) => 2,
            Some(LockReason::Administrator) => 3,
            Some(LockReason::Inactive) => 4,
            Some(LockReason::Platform) => 5,
        }),
        text(alert.interface.as_ref().map(|t| t.as_str())),
        text(Some(&sources.join(" "))),
        number(alert.failures),
        number(alert.window_s),
        time(alert.first_failure),
        time(alert.last_failure),
        time(Some(alert.raised_at)),
        time(alert.unlock_expected),
        word(match alert.cleared_by {
            None => 1,
            Some(ClearedBy::PolicyEnd) => 2,
            Some(ClearedBy::Success) => 3,
            Some(ClearedBy::Administrator) => 4,
        }),
        number(alert.suppressed),
        // TruthValue: true(1), false(2).
        word(if alert.time_synchronised { 1 } else { 2 }),
        word(match alert.authenticated_by {
            Authenticated::None => 1,
            Authenticated::Community => 2,
            Authenticated::Usm => 3,
            Authenticated::Tls => 4,
        }),
        text(Some(&evidence(alert))),
        text(Some(alert.summary.as_str())),
    ]
}

const fn kind(kind: Kind) -> u32 {
    match kind {
        Kind::Lockout => 1,
        Kind::RepeatedFailures => 2,
        Kind::FailedSu => 3,
        Kind::Spray => 4,
        Kind::Distributed => 5,
        Kind::SlowClimb => 6,
        Kind::SuccessAfterFailures => 7,
        Kind::BlindNode => 8,
        Kind::UnknownEngine => 9,
        Kind::Overload => 10,
        Kind::Storm => 11,
    }
}

const fn realm(realm: Option<Realm>) -> i32 {
    match realm {
        None => 1,
        Some(Realm::Cucm) => 2,
        Some(Realm::Os) => 3,
        Some(Realm::Unix) => 4,
        Some(Realm::Mitel) => 5,
        Some(Realm::Lockwarden) => 6,
    }
}

/// The newest observations that fit, oldest of them first.
fn evidence(alert: &Alert) -> String {
    let mut fitting: Vec<String> = Vec::new();
    let mut length = 0;
    for seen in alert.evidence.iter().rev() {
        let text = format!("{}/{}/{}", seen.family, seen.channel.as_str(), seen.at);
        length += text.len() + 1;
        if length > LONGEST {
            break;
        }
        fitting.push(text);
    }
    fitting.reverse();
    fitting.join(" ")
}

fn bounded(text: &str) -> String {
    let mut end = text.len().min(LONGEST);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::tests::complete;
    use crate::shell::nms::DEFAULT_ROOT;

    #[test]
    fn every_object_of_the_mib_has_its_varbind_in_order() {
        let mib = crate::shell::nms::mib::module(&DEFAULT_ROOT).unwrap();
        let objects: Vec<u32> = mib
            .lines()
            .filter_map(|line| line.strip_prefix("    ::= { lockwardenObjects ")?.strip_suffix(" }")?.parse().ok())
            .collect();
        let sent = notification(&complete(), &DEFAULT_ROOT).unwrap();
        let columns: Vec<u32> =
            sent.varbinds.iter().filter_map(|v| v.name.sub_ids().iter().rev().nth(1).copied()).collect();
        assert_eq!(columns, objects);
        assert_eq!(sent.oid.to_string(), "1.3.6.1.4.1.8072.9999.9999.8162.0.1");
    }

    /// `success-after-failures` as the MIB writes it.
    fn in_mib(label: &str) -> String {
        let mut parts = label.split('-').map(str::to_owned);
        let first = parts.next().unwrap();
        first + &parts.map(|part| part.get(..1).unwrap().to_uppercase() + part.get(1..).unwrap()).collect::<String>()
    }

    #[test]
    fn every_kind_has_its_notification_in_the_group_and_its_word_in_the_enumeration() {
        let mib = crate::shell::nms::mib::module(&DEFAULT_ROOT).unwrap();
        let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let after = |name: &str| mib.split_once(name).unwrap().1;
        let group = one_line(after("lockwardenNotificationGroup NOTIFICATION-GROUP"));
        let group = group.split_once('{').unwrap().1.split_once('}').unwrap().0.trim();
        let words = one_line(after("lockwardenAlertKind OBJECT-TYPE"));
        let words = words.split_once('{').unwrap().1.split_once('}').unwrap().0.trim();
        let mut grouped = Vec::new();
        let mut enumerated = Vec::new();
        for &kind in Kind::ALL {
            let number = notification(&Alert { kind, ..complete() }, &DEFAULT_ROOT).unwrap().number;
            let word = in_mib(kind.as_str());
            let name = in_mib(&format!("lockwarden-{}", kind.as_str()));
            let definition = after(&format!("\n{name} NOTIFICATION-TYPE\n")).split_once("::=").unwrap().1;
            assert!(definition.starts_with(&format!(" {{ lockwardenNotifications {number} }}\n")), "{name}");
            grouped.push(name);
            enumerated.push(format!("{word}({number})"));
        }
        grouped.push("lockwardenAlertCleared".into());
        assert_eq!(group, grouped.join(", "));
        assert_eq!(words, enumerated.join(", "));
    }

    #[test]
    fn the_end_of_any_alert_is_one_notification() {
        let cleared = Alert { state: State::Cleared, ..complete() };
        assert_eq!(notification(&cleared, &DEFAULT_ROOT).unwrap().number, 12);
    }
}
