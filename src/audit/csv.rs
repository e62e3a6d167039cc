//! CSV (RFC 4180), one line of titles and one line a record.
//!
//! A spreadsheet takes a cell that begins with `=`, `+`, `-` or `@` for a formula. Such a cell, and one that begins with an apostrophe, is
//! written with an apostrophe before it; what we wrote ourselves is read back without it.

use ::csv::{ReaderBuilder, StringRecord, WriterBuilder};

use super::MOST_ROWS;
use super::column::{Column, Row};
use super::record::AuditRecord;

const FORMULA: [char; 5] = ['=', '+', '-', '@', '\''];

/// The records, with a line of titles.
#[must_use]
pub fn write_csv<'a>(records: impl IntoIterator<Item = &'a AuditRecord>) -> Vec<u8> {
    let mut writer = WriterBuilder::new().from_writer(Vec::new());
    // Writing to memory does not fail.
    let _never = writer.write_record(Column::ALL.iter().map(|column| column.title())).is_err();
    for record in records {
        let cells = Column::ALL.iter().map(|column| guarded(column.of(record)));
        let _never = writer.write_record(cells).is_err();
    }
    writer.into_inner().unwrap_or_default()
}

/// The rows of a file with a line of titles. Columns that are not ours are left out; lines above the titles are skipped.
///
/// # Errors
/// Says in which line what is wrong.
pub fn read_csv(bytes: &[u8]) -> Result<Vec<Row>, String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let delimiter = delimiter(bytes);
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(bytes);
    let mut columns: Option<Vec<Option<Column>>> = None;
    let mut rows = Vec::new();
    for record in reader.byte_records() {
        let record = record.map_err(|error| format!("not CSV: {error}"))?;
        let record = StringRecord::from_byte_record_lossy(record);
        let Some(titles) = &columns else {
            columns = titles_of(&record)?;
            continue;
        };
        let mut row = Row::new();
        for (column, cell) in titles.iter().zip(&record) {
            if let Some(column) = column {
                row.put(*column, cell);
            }
        }
        if record.len() > titles.len() {
            let line = record.position().map_or(0, ::csv::Position::line);
            return Err(format!("line {line} has {} cells under {} titles", record.len(), titles.len()));
        }
        if row.is_ours() {
            row = unguarded(&row);
        }
        if rows.len() >= MOST_ROWS {
            return Err(format!("more than {MOST_ROWS} records"));
        }
        rows.push(row);
    }
    match columns {
        Some(_) => Ok(rows),
        None => Err("no line of titles: one with Action and User Login ID is needed".into()),
    }
}

/// The columns under these titles, if it is the line of titles.
fn titles_of(record: &StringRecord) -> Result<Option<Vec<Option<Column>>>, String> {
    let columns: Vec<Option<Column>> = record.iter().map(Column::named).collect();
    let has = |wanted| columns.contains(&Some(wanted));
    if !has(Column::Action) || !has(Column::User) {
        return Ok(None);
    }
    for &column in Column::ALL {
        if columns.iter().filter(|known| **known == Some(column)).count() > 1 {
            return Err(format!("two columns are titled {}", column.title()));
        }
    }
    Ok(Some(columns))
}

/// Tab or semicolon, if the first line with the title of the action has more of them than commas.
fn delimiter(bytes: &[u8]) -> u8 {
    let has_title = |line: &&[u8]| line.to_ascii_lowercase().windows(6).any(|part| part == b"action");
    let line = bytes.split(|b| *b == b'\n').take(64).find(has_title).unwrap_or_default();
    let count = |wanted: u8| line.iter().filter(|b| **b == wanted).count();
    [b'\t', b';'].into_iter().find(|other| count(*other) > count(b',')).unwrap_or(b',')
}

fn guarded(cell: String) -> String {
    if cell.starts_with(FORMULA) { format!("'{cell}") } else { cell }
}

fn unguarded(row: &Row) -> Row {
    let mut plain = Row::new();
    for &column in Column::ALL.iter().filter(|column| row.has(**column)) {
        let cell = row.text(column);
        let inner = cell.strip_prefix('\'').filter(|inner| inner.starts_with(FORMULA));
        plain.put(column, inner.unwrap_or(cell));
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::super::record::tests::failed_login;
    use super::*;
    use crate::event::Name;

    #[test]
    fn a_record_is_a_line_under_titles() {
        let written = String::from_utf8(write_csv([&failed_login()])).unwrap();
        assert_eq!(
            written,
            "Audit Log ID,Date,Time,Action,User Login ID,Source IP Address,Login Type,User Authenticated,Session Availability,\
             Session ID,Comments,Received,Realm,Cluster,Node,Family,Channel,Source ID\n\
             7,2026-01-15,08:21:05.090,Login,system,192.0.2.30,ESM Login Page,False,True,0,Invalid Password,\
             2026-01-15T08:21:06.000Z,mitel,mitel1,mitel1,MITEL-login-failed,syslog,1042\n"
        );
    }

    #[test]
    fn no_cell_is_a_formula_and_all_are_read_back() {
        for name in ["=cmd()", "+1", "-1", "@x", "'=x", "''", "a\"b,c", "'", "a'b"] {
            let record = AuditRecord { user: Name::from_wire(name), ..failed_login() };
            let written = String::from_utf8(write_csv([&record])).unwrap();
            assert!(!written.contains(",=") && !written.contains(",+") && !written.contains(",@"), "{written}");
            assert_eq!(read_csv(written.as_bytes()).unwrap()[0].text(Column::User), name);
        }
    }

    #[test]
    fn the_file_of_another_system_keeps_its_apostrophes_and_may_have_other_columns_and_lines_above() {
        let file = "\u{feff}Login/Logout Audit Logs\nAction;User Login ID;Colour\nLogin;'=x;red\nLogout;jdoe\n";
        let rows = read_csv(file.as_bytes()).unwrap();
        let users: Vec<&str> = rows.iter().map(|row| row.text(Column::User)).collect();
        assert_eq!(users, ["'=x", "jdoe"]);
    }

    #[test]
    fn what_is_not_the_form_is_refused_with_a_reason() {
        assert!(read_csv(b"a,b\n1,2\n").unwrap_err().starts_with("no line of titles"));
        assert!(read_csv(b"").unwrap_err().starts_with("no line of titles"));
        assert_eq!(read_csv(b"Action,User,User ID\n").unwrap_err(), "two columns are titled User Login ID");
        assert_eq!(read_csv(b"Action,User\nLogin,a,b\n").unwrap_err(), "line 2 has 3 cells under 2 titles");
    }
}
