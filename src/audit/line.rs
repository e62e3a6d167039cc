//! A line of a controller's maintenance log that is a record of the form.
//!
//! Assumed, since no sample is known: the columns stand in the order of the form, parted by commas or tabs, or each stands behind its
//! title as `Title: value` or `Title=value`. A line with fewer or more columns, or with a title twice, is not read: whose failure it is
//! would be a guess.

use ::csv::ReaderBuilder;

use super::column::{Column, Row};
use super::record::Action;

/// Words of a title at most.
const TITLE_WORDS: usize = 3;

/// The row that this line is; none if it is no record.
#[must_use]
pub fn read_line(line: &str) -> Option<Row> {
    let line = line.trim();
    columns(line, b'\t').or_else(|| columns(line, b',')).or_else(|| titled(line))
}

/// Columns in the order of the form. What stands before the first column's last word is the log's own.
fn columns(line: &str, delimiter: u8) -> Option<Row> {
    let form = Column::of_form();
    let mut reader =
        ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(line.as_bytes());
    let record = reader.records().next()?.ok()?;
    if record.len() != form.len() {
        return None;
    }
    let mut row = Row::new();
    for (&column, cell) in form.iter().zip(&record) {
        let cell = if column == Column::Id { cell.split_whitespace().next_back().unwrap_or_default() } else { cell };
        row.put(column, cell);
    }
    let is_number = row.text(Column::Id).bytes().all(|b| b.is_ascii_digit());
    (is_number && Action::parse(row.text(Column::Action)).is_some()).then_some(row)
}

/// Values behind their titles.
fn titled(line: &str) -> Option<Row> {
    let mut titles: Vec<(Column, usize, usize)> = Vec::new();
    for (at, mark) in line.char_indices().filter(|(_, c)| matches!(c, ':' | '=')) {
        let from = titles.last().map_or(0, |(_, _, end)| *end);
        if let Some((column, start)) = line.get(from..at).and_then(title) {
            titles.push((column, from + start, at + mark.len_utf8()));
        }
    }
    let mut row = Row::new();
    let ends = titles.iter().skip(1).map(|(_, start, _)| *start).chain([line.len()]);
    for ((column, _, start), end) in titles.iter().zip(ends) {
        let value = line.get(*start..end)?.trim_matches(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '|'));
        let value = value.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')).unwrap_or(value);
        if !row.put(*column, value) {
            return None;
        }
    }
    let is_whole = Action::parse(row.text(Column::Action)).is_some()
        && row.has(Column::User)
        && (row.has(Column::Authenticated) || Action::parse(row.text(Column::Action)) == Some(Action::Logout));
    is_whole.then_some(row)
}

/// The column whose title ends this text, and where the title begins. The longest title counts.
fn title(before: &str) -> Option<(Column, usize)> {
    let before = before.trim_end();
    let mut starts: heapless::Vec<usize, TITLE_WORDS> = heapless::Vec::new();
    let mut end = before.len();
    while !starts.is_full() {
        let word = before.get(..end)?.trim_end();
        let start = word.rfind(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '|')).map_or(0, |at| at + 1);
        let is_new = start < word.len() && starts.push(start).is_ok();
        // A title does not go over a mark between two values.
        let gap = before.get(..start).unwrap_or_default().trim_end();
        if !is_new || start == 0 || gap.ends_with([',', ';', '|', ':', '=']) {
            break;
        }
        end = start;
    }
    let named = |start: &usize| Some((Column::named(before.get(*start..)?)?, *start));
    starts.iter().rev().find_map(named).filter(|(column, _)| Column::of_form().contains(column))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CELLS: [&str; 11] = [
        "1042",
        "2026-01-15",
        "09:31:12",
        "Login",
        "system",
        "192.0.2.30",
        "ESM Login Page",
        "False",
        "True",
        "0",
        "Invalid Password",
    ];

    fn read(line: &str) -> Option<Vec<String>> {
        read_line(line).map(|row| Column::of_form().iter().map(|column| row.text(*column).to_owned()).collect())
    }

    #[test]
    fn the_columns_are_read_in_each_assumed_form() {
        let titled = |mark: &str, between: &str| {
            let pairs =
                Column::of_form().iter().zip(CELLS).map(|(column, cell)| format!("{}{mark}{cell}", column.title()));
            pairs.collect::<Vec<_>>().join(between)
        };
        let squeezed = "AuditLogID=1042 Date=2026-01-15 Time=09:31:12 Action=Login UserLoginID=system SourceIPAddress=192.0.2.30 \
                        LoginType=\"ESM Login Page\" UserAuthenticated=False SessionAvailability=True SessionID=0 \
                        Comments=\"Invalid Password\"";
        let lines = [
            CELLS.join(","),
            CELLS.join("\t"),
            format!("Maintenance Log 17: {}", CELLS.join(",")),
            titled(": ", ", "),
            titled("=", "; "),
            titled(": ", " | "),
            format!("Jan 15 09:31:12 audit {}", titled(": ", ", ")),
            squeezed.to_owned(),
        ];
        for line in lines {
            assert_eq!(read(&line).as_deref(), Some(&CELLS.map(str::to_owned)[..]), "{line}");
        }
    }

    #[test]
    fn what_would_be_a_guess_is_not_read() {
        let lines = [
            "",
            "Alarm cleared: Minor, Trunk group 3",
            "1042,2026-01-15,09:31:12,Login,system,extra,192.0.2.30,FTP,False,True,0,Invalid Password",
            "1042,2026-01-15,09:31:12,Login,system",
            "1042,2026-01-15,09:31:12,Reboot,system,192.0.2.30,FTP,False,True,0,",
            "Action: Login, User Login ID: x, User Authenticated: True, User Login ID: system, User Authenticated: False",
            "Action: Login, User Login ID: system",
            "x,2026-01-15,09:31:12,Login,system,192.0.2.30,FTP,False,True,0,",
        ];
        for line in lines {
            assert_eq!(read(line), None, "{line}");
        }
    }

    #[test]
    fn any_text_ends_somehow() {
        for line in
            ["::::====,,,,", "é=é:é Action:", "Action=Action=Action=Login", "\"\"\",\"\t\"", "Date:Time:Action:"]
        {
            assert_eq!(read(line), None, "{line}");
        }
    }
}
