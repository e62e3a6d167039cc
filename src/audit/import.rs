//! From a row of text to a record, and which rows are copies of records that are kept already.

use std::collections::BTreeMap;

use super::column::{Column, Row};
use super::record::{Action, AuditRecord};
use super::when::{self, DayOrder};
use crate::event::{Channel, Label, Name, Realm};
use crate::units::{Text, Wall};
use crate::wire::LocalZone;

/// Where rows of the form come from that do not say it themselves.
#[derive(Clone, Debug)]
pub struct Origin<'a> {
    /// The cluster or, where it has none, the name of the controller.
    pub cluster: Label,
    /// The name of the controller.
    pub node: Label,
    /// The zone of its clock; none: UTC.
    pub zone: Option<&'a LocalZone>,
    /// How its dates are meant.
    pub order: DayOrder,
    /// When the rows are read.
    pub now: Wall,
}

/// Why a row is no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// The action is neither `Login` nor `Logout`.
    Action,
    /// No user is named.
    User,
    /// `User Authenticated` of a login is neither `True` nor `False`, or one of the other truths cannot be read.
    Truth,
    /// The date or the time cannot be read.
    Time,
    /// One of the columns that only Lockwarden writes cannot be read.
    Ours,
}

impl Flaw {
    /// For the operator.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Action => "the action is neither Login nor Logout",
            Self::User => "no user is named",
            Self::Truth => "User Authenticated or Session Availability is neither True nor False",
            Self::Time => "the date or the time cannot be read",
            Self::Ours => "Received, Realm or Channel cannot be read",
        }
    }
}

/// The alarms of the form, which the catalogue's pack `mitel` names as well.
const FAILED: &str = "MITEL-login-failed";
const LOGIN: &str = "MITEL-login";
const LOGOUT: &str = "MITEL-logout";

impl Row {
    /// The record that this row is, without a number of ours.
    ///
    /// # Errors
    /// The first thing that cannot be read.
    pub fn record(&self, origin: &Origin<'_>) -> Result<AuditRecord, Flaw> {
        let mut record = self.undated(origin)?;
        let (date, time) = (self.text(Column::Date), self.text(Column::Time));
        let (zone, order) = if self.is_ours() { (None, DayOrder::default()) } else { (origin.zone, origin.order) };
        record.at = when::read(date, time, order, zone, origin.now).ok_or(Flaw::Time)?;
        Ok(record)
    }

    /// As [`Row::record`]; a row without a readable time happened now. True if the time is its own.
    ///
    /// # Errors
    /// The first thing that cannot be read.
    pub fn record_now(&self, origin: &Origin<'_>) -> Result<(AuditRecord, bool), Flaw> {
        match self.record(origin) {
            Ok(record) => Ok((record, true)),
            Err(Flaw::Time) => self.undated(origin).map(|record| (record, false)),
            Err(flaw) => Err(flaw),
        }
    }

    fn undated(&self, origin: &Origin<'_>) -> Result<AuditRecord, Flaw> {
        let action = Action::parse(self.text(Column::Action)).ok_or(Flaw::Action)?;
        let user = Name::from_wire(self.text(Column::User));
        if user.is_empty() {
            return Err(Flaw::User);
        }
        let authenticated = match (action, truth(self.text(Column::Authenticated))?) {
            (_, Some(said)) => said,
            // Who leaves was in.
            (Action::Logout, None) => true,
            (Action::Login, None) => return Err(Flaw::Truth),
        };
        let family = match (action, authenticated) {
            (Action::Logout, _) => LOGOUT,
            (Action::Login, true) => LOGIN,
            (Action::Login, false) => FAILED,
        };
        let record = AuditRecord {
            id: 0,
            at: origin.now,
            received: origin.now,
            action,
            user,
            source: Label::from_wire(self.text(Column::Source)),
            login_type: Label::from_wire(self.text(Column::LoginType)),
            authenticated,
            session_available: truth(self.text(Column::SessionAvailable))?,
            session_id: Text::from_wire(self.text(Column::SessionId)),
            comments: Name::from_wire(self.text(Column::Comments)),
            realm: Realm::Mitel,
            cluster: origin.cluster.clone(),
            node: origin.node.clone(),
            family: Label::from_wire(family),
            channel: Channel::Syslog,
            source_id: Text::from_wire(self.text(Column::Id)),
        };
        if self.is_ours() { self.with_ours(record) } else { Ok(record) }
    }

    fn with_ours(&self, record: AuditRecord) -> Result<AuditRecord, Flaw> {
        let label = |column| Label::from_wire(self.text(column));
        let (realm, channel) = (self.text(Column::Realm), self.text(Column::Channel));
        let (date, time) = self.text(Column::Received).split_once('T').ok_or(Flaw::Ours)?;
        Ok(AuditRecord {
            received: when::read(date, time, DayOrder::default(), None, record.received).ok_or(Flaw::Ours)?,
            realm: REALMS.into_iter().find(|known| known.as_str() == realm).ok_or(Flaw::Ours)?,
            channel: CHANNELS.into_iter().find(|known| known.as_str() == channel).ok_or(Flaw::Ours)?,
            cluster: label(Column::Cluster),
            node: label(Column::Node),
            family: label(Column::Family),
            source_id: Text::from_wire(self.text(Column::SourceId)),
            ..record
        })
    }
}

const REALMS: [Realm; 5] = [Realm::Cucm, Realm::Os, Realm::Unix, Realm::Mitel, Realm::Lockwarden];
const CHANNELS: [Channel; 3] = [Channel::Syslog, Channel::Trap, Channel::Nested];

/// None: not said.
fn truth(text: &str) -> Result<Option<bool>, Flaw> {
    match text.to_ascii_lowercase().as_str() {
        "" => Ok(None),
        "true" | "yes" => Ok(Some(true)),
        "false" | "no" => Ok(Some(false)),
        _ => Err(Flaw::Truth),
    }
}

/// Rows in the order in which they happened: by their Audit Log ID where every row has a number, else by the order of the file, which
/// is turned round if its first row is later than its last.
#[must_use]
pub fn in_order(rows: Vec<(Row, AuditRecord)>) -> Vec<AuditRecord> {
    let number = |row: &Row| row.text(Column::Id).parse::<u64>().ok();
    let mut numbered: Vec<(Option<u64>, AuditRecord)> =
        rows.into_iter().map(|(row, record)| (number(&row), record)).collect();
    if numbered.iter().all(|(number, _)| number.is_some()) {
        numbered.sort_by_key(|(number, _)| *number);
    } else if let (Some((_, first)), Some((_, last))) = (numbered.first(), numbered.last())
        && first.at > last.at
    {
        numbered.reverse();
    }
    numbered.into_iter().map(|(_, record)| record).collect()
}

/// What is kept already, by fingerprint, and how often.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Already(BTreeMap<u64, u32>);

impl Already {
    /// Notes one that is kept.
    pub fn note(&mut self, record: &AuditRecord) {
        *self.0.entry(record.fingerprint()).or_default() += 1;
    }

    /// Whether this is a copy of one that is kept; each that is kept has one copy.
    pub fn takes(&mut self, record: &AuditRecord) -> bool {
        match self.0.get_mut(&record.fingerprint()).filter(|left| **left > 0) {
            Some(left) => {
                *left -= 1;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::read_csv;

    fn origin() -> Origin<'static> {
        Origin {
            cluster: Label::from_wire("hq-pbx"),
            node: Label::from_wire("mitel1"),
            zone: None,
            order: DayOrder::default(),
            now: Wall::from_millis(1_768_465_260_000),
        }
    }

    fn row(cells: &str) -> Row {
        let header = Column::of_form().iter().map(|c| c.title()).collect::<Vec<_>>().join(",");
        read_csv(format!("{header}\n{cells}\n").as_bytes()).unwrap().remove(0)
    }

    #[test]
    fn a_row_of_the_form_becomes_a_record_of_its_controller() {
        let record = row("1042,2026-01-15,08:21:05,Login,system,192.0.2.30,FTP,False,True,0,Invalid Password");
        let record = record.record(&origin()).unwrap();
        assert_eq!(
            (record.user.as_str(), record.cluster.as_str(), record.node.as_str(), record.source_id.as_str()),
            ("system", "hq-pbx", "mitel1", "1042")
        );
        assert_eq!((record.at.to_string().as_str(), record.family.as_str()), ("2026-01-15T08:21:05.000Z", FAILED));
        assert_eq!((record.session_available, record.comments.as_str()), (Some(true), "Invalid Password"));
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let flaw = |cells: &str| row(cells).record(&origin()).unwrap_err();
        assert_eq!(flaw("1,2026-01-15,08:21:05,Reboot,system,,FTP,True,True,0,"), Flaw::Action);
        assert_eq!(flaw("1,2026-01-15,08:21:05,Login, ,,FTP,True,True,0,"), Flaw::User);
        assert_eq!(flaw("1,2026-01-15,08:21:05,Login,system,,FTP,maybe,True,0,"), Flaw::Truth);
        assert_eq!(flaw("1,2026-01-15,08:21:05,Login,system,,FTP,,True,0,"), Flaw::Truth);
        assert_eq!(flaw("1,yesterday,08:21:05,Login,system,,FTP,True,True,0,"), Flaw::Time);
        let (now, own) = row("1,,,Logout,system,,FTP,,,7,").record_now(&origin()).unwrap();
        assert_eq!((now.at, own, now.authenticated), (origin().now, false, true));
    }

    #[test]
    fn a_file_that_begins_with_the_newest_is_turned_round_and_numbers_decide_where_all_have_one() {
        let read = |cells: [&str; 2]| {
            let rows = cells.map(|cells| (row(cells), row(cells).record(&origin()).unwrap()));
            in_order(rows.into()).iter().map(|record| record.user.to_string()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(read([",2026-01-15,9:00,Logout,b,,,,,,", ",2026-01-15,8:00,Logout,a,,,,,,"]), "a b");
        assert_eq!(read(["2,2026-01-15,8:00,Logout,b,,,,,,", "1,2026-01-15,9:00,Logout,a,,,,,,"]), "a b");
    }

    #[test]
    fn each_record_that_is_kept_has_one_copy() {
        let record = row(",2026-01-15,8:00,Logout,b,,,,,,").record(&origin()).unwrap();
        let mut already = Already::default();
        already.note(&record);
        assert_eq!([already.takes(&record), already.takes(&record)], [true, false]);
    }
}
