//! CiscoLog bodies, whole and cut, with all that is read out of them: parameters, nested messages, lists of failed sign-ins, and
//! values behind colons.

use lockwarden::wire::ciscolog::{self, CiscoLog, TagValue};
use lockwarden::wire::syslog;

use crate::{Body, within};

/// The longest name of a facility or an alarm.
const LONGEST_NAME: usize = 80;
/// Keys of bodies without brackets; the last is known, and no account.
const KEYS: &[&str] = &["UserID", "Login UserID", "AppID"];

pub(crate) fn start() -> Body {
    Box::new(|input| {
        let text = String::from_utf8_lossy(input);
        let whole = ciscolog::parse_cut(&text, false);
        assert_eq!(whole, ciscolog::parse(&text));
        for (cut, message) in [(false, whole), (true, ciscolog::parse_cut(&text, true))] {
            if let Some(message) = message {
                holds(&message, &text, cut);
            }
            holds(&ciscolog::CiscoLog::from_parts("UC_IMS", 4, "authFail", &text, cut), &text, cut);
            let read = ciscolog::colon_value(&text, "UserID", KEYS, cut);
            assert!(read.is_none_or(|value| within(value.raw, &text)));
            read_inside(&text, cut);
        }
        whole.is_some()
    })
}

fn holds(message: &CiscoLog<'_>, text: &str, cut: bool) {
    assert!(message.severity <= 7 && message.facility.len() <= LONGEST_NAME && message.mnemonic.len() <= LONGEST_NAME);
    assert!(message.truncated || !cut);
    assert!(within(message.text, text) && within(message.tags.as_str(), text));
    assert!(!message.tags.is_empty() || message.tags.iter().next().is_none());
    for (n, (key, value)) in message.tags.iter().enumerate() {
        assert!(within(key, text) && within(value.raw, text));
        assert!(value.unescaped().len() <= value.raw.len());
        // Finding reads from the beginning each time.
        assert!(n >= 8 || message.tags.get(key).is_some(), "`{key}` is found by its name");
        read_inside(&value.detail(), !value.complete);
    }
    std::hint::black_box(message.tags.part());
}

/// What an RTMT alert may carry in this text.
fn read_inside(detail: &str, cut: bool) {
    for line in ciscolog::nested_lines(detail) {
        assert!(!line.is_empty() && within(line, detail));
        std::hint::black_box(syslog::decode(line));
    }
    for failure in ciscolog::authentication_failures(TagValue { raw: detail, complete: !cut }) {
        assert!(within(failure.user.raw, detail) && within(failure.login_from, detail));
    }
}
