//! Syslog lines. Every line is a record that borrows from the line, and a line end behind it makes no difference.

use lockwarden::units::Wall;
use lockwarden::verdict::{Outcome, Verdict};
use lockwarden::wire::syslog::{Form, Record, decode};

use crate::door::Door;
use crate::{Body, within};

const NEAR: Wall = Wall::from_millis(1_768_465_265_090);

pub(crate) fn start() -> Body {
    let mut door = Door::new();
    Box::new(move |message| {
        let verdict = door.syslog(message);
        let line = String::from_utf8_lossy(message);
        let record = decode(&line);
        holds(&record, &line);
        assert_eq!(decode(&format!("{line}\r\n\0")), record, "with a line end");
        let empty = record.body.trim().is_empty();
        let unread = matches!(verdict, Verdict::Empty | Verdict::TooLong);
        assert!(
            unread || !matches!(verdict.outcome(), Outcome::Malformed | Outcome::Refused | Outcome::Lost),
            "{verdict}"
        );
        assert_eq!(verdict == Verdict::Empty, empty && verdict != Verdict::TooLong, "{verdict}");
        record.form != Form::Bare
    })
}

fn holds(record: &Record<'_>, line: &str) {
    assert!(record.pri.is_none_or(|pri| pri.facility <= 23 && pri.severity <= 7));
    assert!(!matches!(record.form, Form::CiscoLog | Form::Ios) || record.body.starts_with('%'));
    let parts = [record.host, record.app, record.pid, record.msgid, record.structured_data];
    assert!(parts.into_iter().flatten().chain([record.body]).all(|part| within(part, line)), "{record:?}");
    if let Some(stamp) = record.stamp {
        assert!(stamp.precision_ms() > 0 || stamp.milli.is_some());
        std::hint::black_box(stamp.to_wall(NEAR));
    }
    assert!(!format!("{record:?}").is_empty());
}
