//! One syslog line to a [`Record`]: CiscoLog (CUCM), IOS, RFC 5424, RFC 3164, and text that fits none of them.
//!
//! Decoding is total: every line is a record, whatever is wrong with its header. Headers are read strictly from the left, since
//! a user name is text from a stranger: an alarm is believed only where a header ends, never where it is found in a body.
//! Refuses nothing; allocates nothing.

mod cisco;
mod header;
mod rfc5424;
pub(crate) mod scan;

use crate::wire::stamp::Stamp;
use scan::Scan;

/// A relay puts its header before that of the sender; more than this many headers are not read.
const MAX_HEADERS: usize = 4;

/// What the priority says (RFC 5424, 6.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pri {
    /// 0 to 23; CUCM sends `local7`, which is 23.
    pub facility: u8,
    /// 0 (emergency) to 7 (debug). It need not match the severity inside a CiscoLog line.
    pub severity: u8,
}

/// The form of a line, that of its innermost header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `%FAC-n-NAME` after a time stamp that names its zone, or after none.
    CiscoLog,
    /// `%FAC-n-NAME` after a time stamp without a zone, as IOS and PIX write it.
    Ios,
    /// RFC 5424.
    Rfc5424,
    /// RFC 3164, or the form in which CUCM keeps its own log files.
    Rfc3164,
    /// No header but, perhaps, a priority.
    Bare,
}

/// One line, taken apart. Where a relay's header stands before that of the sender, the sender's fields win; the relay's
/// host is kept when the sender names none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// The priority, if there is a legal one.
    pub pri: Option<Pri>,
    /// The form of the innermost header.
    pub form: Form,
    /// CiscoLog's and IOS's number. CUCM counts per process and starts again with it: repeats and gaps are normal.
    pub sequence: Option<u64>,
    /// The sender's name or address as written.
    pub host: Option<&'a str>,
    /// The time stamp, if it can be read and exists in the calendar.
    pub stamp: Option<Stamp>,
    /// RFC 5424's APP-NAME, RFC 3164's tag.
    pub app: Option<&'a str>,
    /// RFC 5424's PROCID, or the number in brackets after the tag.
    pub pid: Option<&'a str>,
    /// RFC 5424's MSGID.
    pub msgid: Option<&'a str>,
    /// RFC 5424's STRUCTURED-DATA, raw, with its brackets.
    pub structured_data: Option<&'a str>,
    /// The message: begins with `%` in the CiscoLog and IOS forms. Text without a header is given whole.
    pub body: &'a str,
}

/// Reads one line. Line ends and NULs behind it are dropped.
#[must_use]
pub fn decode(line: &str) -> Record<'_> {
    let line = line.trim_end_matches(['\r', '\n', '\0']);
    let mut record = Record {
        pri: None,
        form: Form::Bare,
        sequence: None,
        host: None,
        stamp: None,
        app: None,
        pid: None,
        msgid: None,
        structured_data: None,
        body: line,
    };
    for _ in 0..MAX_HEADERS {
        if !record.read_header() {
            break;
        }
    }
    record.read_tag();
    record
}

impl<'a> Record<'a> {
    /// Reads one more header off the body; whether another may follow.
    fn read_header(&mut self) -> bool {
        let mut scan = Scan::new(self.body);
        let pri = header::pri(&mut scan);
        self.pri = pri.or(self.pri);
        self.body = scan.rest();
        if pri.is_some() && rfc5424::read(scan, self) {
            return true;
        }
        if let Some(found) = cisco::read(scan) {
            self.become_cisco(found);
            return false;
        }
        if pri.is_none() && self.form == Form::Rfc5424 {
            self.read_relayed(scan);
            return false;
        }
        header::read(scan, self)
    }

    /// A dated header inside an RFC 5424 message. Many programs begin their text with a date of their own, so it is believed
    /// only before an alarm.
    fn read_relayed(&mut self, scan: Scan<'a>) {
        let mut inner = *self;
        if header::read(scan, &mut inner)
            && let Some(found) = cisco::read(Scan::new(inner.body))
        {
            inner.become_cisco(found);
            *self = inner;
        }
    }

    fn become_cisco(&mut self, found: cisco::Header<'a>) {
        // rsyslog takes the sequence number before the first colon for the tag.
        let tag = self.app.and_then(|app| app.trim_end_matches(':').parse().ok());
        self.form = found.form;
        self.sequence = found.sequence.or(tag);
        self.host = found.host.or(self.host);
        // The time of a relay is not the sender's, but nearer to it than none.
        self.stamp = found.stamp.or(self.stamp);
        (self.app, self.pid, self.msgid) = (None, None, None);
        self.body = found.body;
    }

    /// RFC 3164's tag, once it is clear that no other header follows.
    fn read_tag(&mut self) {
        match self.form {
            Form::CiscoLog | Form::Ios | Form::Rfc5424 => {}
            Form::Rfc3164 => self.take_tag(header::tag(self.body, header::AfterColon::Anything)),
            Form::Bare => {
                let text = header::without_colons(self.body);
                if self.pri.is_some() || text.len() < self.body.len() {
                    self.take_tag(header::tag(text, header::AfterColon::Blank));
                }
            }
        }
    }

    fn take_tag(&mut self, tag: Option<header::Tag<'a>>) {
        if let Some(tag) = tag {
            (self.app, self.pid, self.body) = (Some(tag.app), tag.pid, tag.text);
        }
    }
}
