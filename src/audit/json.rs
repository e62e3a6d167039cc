//! JSON lines: one object a record, with the columns as keys.

use serde_json::{Map, Value};

use super::MOST_ROWS;
use super::column::{Column, Row};
use super::record::AuditRecord;

/// One record as an object. Truths are truths, our number is a number, everything else is text.
#[must_use]
pub fn write_json(record: &AuditRecord) -> Value {
    let cell = |column: &Column| {
        let value = match column {
            Column::Id => record.id.into(),
            Column::Authenticated => record.authenticated.into(),
            Column::SessionAvailable => record.session_available.into(),
            Column::Date
            | Column::Time
            | Column::Action
            | Column::User
            | Column::Source
            | Column::LoginType
            | Column::SessionId
            | Column::Comments
            | Column::Received
            | Column::Realm
            | Column::Cluster
            | Column::Node
            | Column::Family
            | Column::Channel
            | Column::SourceId => column.of(record).into(),
        };
        (column.key(), value)
    };
    Value::Object(Column::ALL.iter().map(cell).collect())
}

/// The rows of a file of JSON lines, or of one list of objects.
///
/// # Errors
/// Says in which line what is wrong.
pub fn read_json(text: &str) -> Result<Vec<Row>, String> {
    if text.trim_start().starts_with('[') {
        let all: Vec<Map<String, Value>> = serde_json::from_str(text).map_err(|error| format!("not JSON: {error}"))?;
        return all.iter().map(row).collect::<Result<Vec<_>, _>>().and_then(bounded);
    }
    let lines = (1..).zip(text.lines()).filter(|(_, line): &(usize, &str)| !line.trim().is_empty());
    let read = lines.take(MOST_ROWS + 1).map(|(number, line)| {
        let object = serde_json::from_str::<Map<String, Value>>(line);
        object
            .map_err(|error| error.to_string())
            .and_then(|o| row(&o))
            .map_err(|error| format!("line {number}: {error}"))
    });
    read.collect::<Result<Vec<_>, _>>().and_then(bounded)
}

fn bounded(rows: Vec<Row>) -> Result<Vec<Row>, String> {
    if rows.len() > MOST_ROWS { Err(format!("more than {MOST_ROWS} records")) } else { Ok(rows) }
}

/// An object as a row; keys that are no columns are left out.
///
/// # Errors
/// Says which value is neither text nor number, or is there twice.
pub fn row(object: &Map<String, Value>) -> Result<Row, String> {
    let mut row = Row::new();
    for (key, value) in object {
        let Some(column) = Column::named(key) else { continue };
        let put = match value {
            Value::Null => row.put(column, ""),
            Value::Bool(known) => row.put(column, if *known { "True" } else { "False" }),
            Value::Number(number) => row.put(column, &number.to_string()),
            Value::String(text) => row.put(column, text),
            Value::Array(_) | Value::Object(_) => return Err(format!("{} is neither text nor number", column.key())),
        };
        if !put {
            return Err(format!("{} is there twice", column.key()));
        }
    }
    Ok(row)
}

#[cfg(test)]
mod tests {
    use super::super::record::tests::failed_login;
    use super::*;

    #[test]
    fn a_record_is_an_object() {
        let expected = serde_json::json!({
            "audit_log_id": 7, "date": "2026-01-15", "time": "08:21:05.090", "action": "Login", "user_login_id": "system",
            "source_ip_address": "192.0.2.30", "login_type": "ESM Login Page", "user_authenticated": false,
            "session_availability": true, "session_id": "0", "comments": "Invalid Password",
            "received": "2026-01-15T08:21:06.000Z", "realm": "mitel", "cluster": "mitel1", "node": "mitel1",
            "family": "MITEL-login-failed", "channel": "syslog", "source_id": "1042"
        });
        assert_eq!(write_json(&failed_login()), expected);
    }

    #[test]
    fn lines_and_lists_are_read_and_what_is_neither_is_refused() {
        let object = write_json(&failed_login()).to_string();
        let rows = read_json(&format!("{object}\n\n{object}\n")).unwrap();
        assert_eq!((rows.len(), rows[0].text(Column::Authenticated)), (2, "False"));
        assert_eq!(read_json(&format!("[{object}]")).unwrap(), rows[..1]);
        assert!(read_json("{\"action\":\"Login\"}\nx").unwrap_err().starts_with("line 2: "));
        assert_eq!(read_json("{\"action\":[]}").unwrap_err(), "line 1: action is neither text nor number");
        assert_eq!(
            read_json("{\"user\":\"a\",\"user_id\":\"b\"}").unwrap_err(),
            "line 1: user_login_id is there twice"
        );
    }
}
