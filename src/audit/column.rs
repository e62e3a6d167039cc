//! The columns: what each is called in every written form, and a row of them as text.

use core::fmt::Write as _;

use super::record::AuditRecord;
use crate::units::Wall;

/// A cell that is longer is cut: no text of a record is as long.
const LONGEST_CELL: usize = 1_024;

macro_rules! columns {
    ($($(#[$doc:meta])* $name:ident = $title:literal $(| $alias:literal)*,)*) => {
        /// A column, in the order in which they are written. The first eleven are those of the Mitel form.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Column { $($(#[$doc])* $name,)* }

        impl Column {
            /// Every column there is.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The name in the form, and in CSV.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }

            const fn names(self) -> &'static [&'static str] {
                match self { $(Self::$name => &[$title $(, $alias)*],)* }
            }
        }
    };
}

columns! {
    /// Our number in what we write, the source's in what others write.
    Id = "Audit Log ID" | "Log ID",
    /// The day.
    Date = "Date",
    /// The time of day.
    Time = "Time",
    /// `Login` or `Logout`.
    Action = "Action",
    /// The user name.
    User = "User Login ID" | "Login ID" | "User ID" | "User Name" | "User",
    /// An address.
    Source = "Source IP Address" | "Source IP" | "IP Address",
    /// The application.
    LoginType = "Login Type",
    /// `True` or `False`.
    Authenticated = "User Authenticated" | "Authenticated",
    /// `True` or `False`.
    SessionAvailable = "Session Availability" | "Session Available",
    /// A number, unique only within a login type.
    SessionId = "Session ID",
    /// Free text.
    Comments = "Comments" | "Comment",
    /// When we received it.
    Received = "Received",
    /// Who answers for the account.
    Realm = "Realm",
    /// The cluster or controller.
    Cluster = "Cluster",
    /// The node.
    Node = "Node",
    /// The alarm.
    Family = "Family",
    /// The way.
    Channel = "Channel",
    /// The source's own number.
    SourceId = "Source ID",
}

impl Column {
    /// The columns of the form itself.
    #[must_use]
    pub fn of_form() -> &'static [Self] {
        Self::ALL.get(..11).unwrap_or_default()
    }

    /// The column of this name; blanks, case, `_` and `-` do not matter.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|column| column.names().iter().any(|known| is_same(known, name)))
    }

    /// The name in JSON: `audit_log_id`.
    #[must_use]
    pub fn key(self) -> String {
        self.title().to_ascii_lowercase().replace(' ', "_")
    }

    /// The name in XML: `AuditLogID`.
    #[must_use]
    pub fn element(self) -> String {
        self.title().replace(' ', "")
    }

    /// What a record says in this column.
    #[must_use]
    pub fn of(self, record: &AuditRecord) -> String {
        let truth = |known: bool| if known { "True" } else { "False" }.to_owned();
        match self {
            Self::Id => record.id.to_string(),
            Self::Date => date_and_time(record.at).0,
            Self::Time => date_and_time(record.at).1,
            Self::Action => record.action.as_str().into(),
            Self::User => record.user.to_string(),
            Self::Source => record.source.to_string(),
            Self::LoginType => record.login_type.to_string(),
            Self::Authenticated => truth(record.authenticated),
            Self::SessionAvailable => record.session_available.map(truth).unwrap_or_default(),
            Self::SessionId => record.session_id.to_string(),
            Self::Comments => record.comments.to_string(),
            Self::Received => record.received.to_string(),
            Self::Realm => record.realm.as_str().into(),
            Self::Cluster => record.cluster.to_string(),
            Self::Node => record.node.to_string(),
            Self::Family => record.family.to_string(),
            Self::Channel => record.channel.as_str().into(),
            Self::SourceId => record.source_id.to_string(),
        }
    }
}

/// Compares letters and digits alone. No name of a column is longer than 24 bytes.
fn is_same(known: &str, name: &str) -> bool {
    let is_part = |c: u8| c.is_ascii_alphanumeric() || b" _-.:".contains(&c);
    fn kept(text: &str) -> impl Iterator<Item = u8> + '_ {
        text.bytes().filter(u8::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase())
    }
    name.len() <= 24 && kept(known).eq(kept(name)) && name.bytes().all(is_part)
}

/// `2026-01-15` and `08:21:05.090`, in UTC.
fn date_and_time(at: Wall) -> (String, String) {
    let text = at.to_string();
    let (date, time) = text.split_once('T').unwrap_or((&text, ""));
    (date.to_owned(), time.trim_end_matches('Z').to_owned())
}

/// The cells of one record as they were read, each column once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row(Vec<(Column, String)>);

impl Row {
    /// A row without cells.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a cell; false if the column has one already.
    pub fn put(&mut self, column: Column, text: &str) -> bool {
        if self.has(column) {
            return false;
        }
        let mut cell = String::new();
        for c in text.trim().chars().take_while({
            let mut length = 0;
            move |c| {
                length += c.len_utf8();
                length <= LONGEST_CELL
            }
        }) {
            cell.push(c);
        }
        self.0.push((column, cell));
        true
    }

    /// Whether the column has a cell, empty or not.
    #[must_use]
    pub fn has(&self, column: Column) -> bool {
        self.0.iter().any(|(known, _)| *known == column)
    }

    /// The text of a cell; empty if there is none.
    #[must_use]
    pub fn text(&self, column: Column) -> &str {
        self.0.iter().find(|(known, _)| *known == column).map_or("", |(_, text)| text.as_str())
    }

    /// Whether there is no cell.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it was written by Lockwarden: its Audit Log ID is ours, and it says more than the form.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        self.has(Column::Realm) && self.has(Column::Channel) && self.has(Column::Received)
    }
}

impl core::fmt::Display for Row {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let mut text = String::new();
        for (column, cell) in &self.0 {
            write!(text, "{}={cell} ", column.title())?;
        }
        f.write_str(text.trim_end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_known_in_the_spelling_of_every_form() {
        for name in ["Audit Log ID", "audit_log_id", "AuditLogID", "AUDIT LOG ID", "audit-log-id"] {
            assert_eq!(Column::named(name), Some(Column::Id), "{name}");
        }
        for &column in Column::ALL {
            assert_eq!(Column::named(&column.key()), Some(column));
            assert_eq!(Column::named(&column.element()), Some(column));
        }
        for name in ["", "ID", "Audit", "Action!", "Audit Log ID and a long remark"] {
            assert_eq!(Column::named(name), None, "{name}");
        }
    }

    #[test]
    fn the_first_eleven_columns_are_those_of_the_form() {
        let titles: Vec<_> = Column::of_form().iter().map(|column| column.title()).collect();
        assert_eq!(
            titles.join(","),
            "Audit Log ID,Date,Time,Action,User Login ID,Source IP Address,Login Type,User Authenticated,\
             Session Availability,Session ID,Comments"
        );
    }

    #[test]
    fn a_row_takes_each_column_once_and_cuts_what_is_endless() {
        let mut row = Row::new();
        assert!(row.put(Column::User, &"é".repeat(2_000)));
        assert!(!row.put(Column::User, "jdoe"));
        assert_eq!(row.text(Column::User).len(), LONGEST_CELL);
    }
}
