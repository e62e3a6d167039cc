//! The published alert: its keys, and text that is safe to show.

use super::broker::Subscriber;
use super::cucm::auth_fail;
use super::site::Site;

/// The keys of `lockwarden.alert/1`, sorted. Frozen: subscribers rely on them.
const KEYS: [&str; 28] = [
    "account",
    "authenticated_by",
    "basis",
    "cleared_by",
    "cluster",
    "credential",
    "evidence",
    "failures",
    "first_failure",
    "id",
    "interface",
    "kind",
    "last_failure",
    "node",
    "raised_at",
    "realm",
    "reason",
    "revision",
    "schema",
    "severity",
    "site",
    "sources",
    "state",
    "summary",
    "suppressed",
    "time_synchronised",
    "unlock_expected",
    "window_s",
];

#[test]
fn a_name_with_escapes_direction_marks_and_quotes_is_published_as_harmless_json() {
    let site = Site::start();
    let mut reader = Subscriber::to(&site.access);
    let name = "e\"v'e\u{1b}[2J\u{202e}\u{7}\u{200b}<b>/+#";
    // A bracket inside a value is escaped by CiscoLog.
    let written = name.replace('[', "\\[");
    [1, 9, 20].iter().for_each(|&n| site.syslog(&auth_fail(&written, n)));
    let message = reader.next("alerts/lockout");
    let hidden = |c: char| c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}');
    assert!(!message.payload.contains(hidden), "{:?}", message.payload);
    let alert: serde_json::Value = serde_json::from_str(&message.payload).unwrap();
    let object = alert.as_object().unwrap();
    assert_eq!(object.keys().map(String::as_str).collect::<Vec<_>>(), KEYS);
    assert_eq!(alert["schema"], "lockwarden.alert/1");
    assert_eq!(alert["account"], "e\"v'e\\u{1b}[2J\\u{202e}\\u{7}\\u{200b}<b>/+#");
    let decoded = message.payload.contains("\\u00");
    assert!(!decoded, "JSON escapes would bring control characters back: {}", message.payload);
    let state = reader.next("accounts/");
    assert_eq!(state.payload, message.payload);
    assert!(state.topic.bytes().all(|b| b.is_ascii_graphic() && b != b'+' && b != b'#'), "{}", state.topic);
    assert_eq!(state.topic.matches('/').count(), 3, "{}", state.topic);
}
