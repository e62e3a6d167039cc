//! The login/logout audit log: one record for each login, failed login and logout, with the columns of the Mitel 3300's form.
//!
//! Owns the record, its columns, the forms in which it is written and read (CSV, JSON lines, XML, and the line that a controller
//! is assumed to print), and the filter of the command line. Which observations are one record is `engine`'s to decide, where it
//! is kept `store`'s.
//!
//! Invariant: no text in a record holds a control character or a bidirectional mark, wherever it was read from.

mod column;
mod csv;
mod filter;
mod import;
mod json;
mod line;
mod record;
mod when;
mod xml;

pub use self::csv::{read_csv, write_csv};
pub use column::{Column, Row};
pub use filter::Filter;
pub use import::{Already, Flaw, Origin, in_order};
pub use json::{read_json, row as row_of_json, write_json};
pub use line::read_line;
pub use record::{Action, AuditRecord, Failed};
pub use when::DayOrder;
pub use xml::{read_xml, write_xml};

/// Records that one file may hold.
pub const MOST_ROWS: usize = 20_000;
/// The longest file that is read, in bytes.
pub const LONGEST_FILE: u64 = 32 << 20;
