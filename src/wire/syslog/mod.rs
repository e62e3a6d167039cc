//! One syslog line to a [`Record`]: CiscoLog (CUCM), IOS, RFC 5424, RFC 3164, and text that fits none of them.
//!
//! Decoding is total: every line is a record, whatever is wrong with its header. Headers are read strictly from the left, since
//! a user name is text from a stranger: an alarm is believed only where a header ends, never where it is found in a body.
//! Refuses nothing; allocates nothing.

mod cisco;
mod framing;
mod header;
mod rfc5424;
pub(crate) mod scan;

use crate::wire::stamp::{self, Stamp, Zone};
use scan::Scan;

pub use framing::{Frame, Framing};

/// A relay puts its header before that of the sender; more than this many headers are not read.
const MAX_HEADERS: usize = 4;

/// Facilities (RFC 5424, table 1) of programs that write down names, as they were typed by whoever asked to be let in.
const MAIL: u8 = 2;
const AUTH: u8 = 4;
const AUTHPRIV: u8 = 10;
const FTP: u8 = 11;

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
    /// The name or address of the host that wrote the message, without the relays that syslog-ng appends to it.
    pub host: Option<&'a str>,
    /// The time stamp, if it can be read and exists in the calendar.
    pub stamp: Option<Stamp>,
    /// RFC 5424's APP-NAME, RFC 3164's tag.
    pub app: Option<&'a str>,
    /// RFC 5424's PROCID, or the number in brackets after the tag.
    pub pid: Option<&'a str>,
    /// RFC 5424's MSGID, or the number of Solaris' `[ID 800047 auth.info]`.
    pub msgid: Option<&'a str>,
    /// RFC 5424's STRUCTURED-DATA, raw, with its brackets.
    pub structured_data: Option<&'a str>,
    /// The message: begins with `%` in the CiscoLog and IOS forms. Text without a header is given whole.
    pub body: &'a str,
}

/// `UTC`, which an RFC 5424 relay takes for the APP-NAME.
fn zone_alone(word: &str) -> Option<Zone> {
    let mut scan = Scan::new(word);
    stamp::zone(&mut scan).filter(|_| scan.is_empty())
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
    record.read_forwarded();
    record.read_tag();
    record.read_after_tag();
    record.read_solaris_id();
    record
}

impl<'a> Record<'a> {
    /// Reads one more header off the body; whether another may follow.
    fn read_header(&mut self) -> bool {
        if self.form == Form::Rfc5424 && self.app.is_some() && self.is_about_strangers() {
            return false;
        }
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
        if self.form == Form::Rfc3164 {
            if let Some((zone, body)) = cisco::torn(scan) {
                self.mend(zone);
                (self.form, self.body) = (Form::CiscoLog, body);
                return false;
            }
            // A relay that does not know RFC 5424 puts its own header before it and drops the priority.
            if rfc5424::dated(scan) && rfc5424::read(scan, self) {
                return true;
            }
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
        if found.stamp.is_none()
            && let Some(zone) = self.app.and_then(zone_alone)
        {
            self.mend(zone);
        }
        let tag = self.app.and_then(|app| app.trim_end_matches(':').parse().ok());
        self.form = found.form;
        self.sequence = found.sequence.or(tag);
        self.host = found.host.or(self.host);
        // The time of a relay is not the sender's, but nearer to it than none.
        self.stamp = found.stamp.or(self.stamp);
        (self.app, self.pid, self.msgid) = (None, None, None);
        self.body = found.body;
    }

    /// A relay read the date only up to the second, and took `AM.90` for the host.
    fn mend(&mut self, zone: Zone) {
        let rest = self.host.filter(|host| stamp::is_half(host));
        if rest.is_some() {
            self.host = None;
        }
        self.stamp = self.stamp.and_then(|stamp| stamp.mended(rest, zone));
    }

    /// A relay or `logger` can put a tag before a message of CUCM. Behind it is believed a whole one, from its PRI on
    /// (`<188>101: cucm-sub1: ... : %UC_IMS...`), and an alarm with parameters that begins right there (`%UC_IMS-4-authFail: %[`).
    /// Behind any other word it is not, since a stranger may have chosen it; nor is it in what sshd and its like write.
    fn read_after_tag(&mut self) {
        let mut scan = Scan::new(self.body);
        if self.form != Form::Rfc3164 || self.app.is_none() || self.is_about_strangers() {
            return;
        }
        let pri = header::pri(&mut scan);
        let found = if pri.is_some() { cisco::read(scan) } else { cisco::bare(scan) };
        if let Some(found) = found {
            self.become_cisco(found);
            self.pri = pri.or(self.pri);
        }
    }

    /// Whether the priority is that of programs that write down what anybody types: a text that looks like an alarm is his.
    fn is_about_strangers(&self) -> bool {
        self.pri.is_some_and(|pri| matches!(pri.facility, MAIL | AUTH | AUTHPRIV | FTP))
    }

    /// What AIX passes on, behind the header of one more relay; in RFC 5424 a relay takes two of its words for host and APP-NAME.
    fn read_forwarded(&mut self) {
        let torn = (self.form, self.host, self.app) == (Form::Rfc5424, Some("Message"), Some("forwarded"));
        let behind =
            matches!(self.form, Form::Rfc3164 | Form::Rfc5424) && self.app.is_none() && self.body.starts_with('M');
        if (torn || behind)
            && let Some((host, rest)) = header::forwarded(Scan::new(self.body))
        {
            (self.host, self.app, self.body) = (Some(host), None, rest.rest());
            if self.form == Form::Rfc5424 {
                self.take_tag(header::tag(self.body, header::AfterColon::Anything));
            }
        }
    }

    fn read_solaris_id(&mut self) {
        if matches!(self.form, Form::Rfc3164 | Form::Rfc5424)
            && self.app.is_some()
            && let Some((number, text)) = header::solaris_id(self.body)
        {
            (self.msgid, self.body) = (self.msgid.or(Some(number)), text);
        }
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

#[cfg(test)]
mod relays_tests;

#[cfg(test)]
mod tests {
    use super::*;

    use crate::wire::stamp::Accuracy;

    const LOCK: &str =
        "%UC_IMS-4-authHackLock: %[UserID=jdoe][AppID=Cisco Tomcat][ClusterID=][NodeID=cucm-sub1]: Locked.";
    const WARNING: Option<Pri> = Some(Pri { facility: 23, severity: 4 });

    fn stamp(text: &str) -> Option<Stamp> {
        Some(Stamp::parse(text).expect("a time stamp of the test"))
    }

    /// A record of the form that a CUCM node sends, with `LOCK` for its body.
    fn cisco(
        pri: Option<Pri>,
        sequence: Option<u64>,
        host: Option<&'static str>,
        stamp: Option<Stamp>,
    ) -> Record<'static> {
        Record { form: Form::CiscoLog, pri, sequence, host, stamp, body: LOCK, ..decode("") }
    }

    #[test]
    fn a_whole_message_behind_loggers_tag_is_read_and_text_that_only_holds_one_is_not() {
        let whole = "<188>103: cucm-sub1: Jan 15 2026 08:21:05.090 UTC : ";
        let expected = cisco(WARNING, Some(103), Some("cucm-sub1"), stamp("Jan 15 2026 08:21:05.090 UTC"));
        assert_eq!(decode(&format!("<13>Jan 15 09:00:00 box root: {whole}{LOCK}")), expected);
        let said = format!("<13>Jan 15 09:00:00 box sshd: Failed password for {whole}{LOCK}");
        assert_eq!(decode(&said).form, Form::Rfc3164);
    }

    #[test]
    fn every_cucm_header_shape_gives_number_host_and_time() {
        let at = stamp("Jan 15 2026 08:21:05.090 UTC");
        let fqdn = Some("cucm-sub1.example.test");
        let cases = [
            ("<188>103: cucm-sub1.example.test: Jan 15 2026 08:21:05.090 UTC : ", cisco(WARNING, Some(103), fqdn, at)),
            ("103: cucm-sub1.example.test: Jan 15 2026 08:21:05.090 UTC: ", cisco(None, Some(103), fqdn, at)),
            (
                "<188>41679: cucm-sub1.example.test Jan 15 2026 08:21:05.090 UTC :   ",
                cisco(WARNING, Some(41679), fqdn, at),
            ),
            (
                "<188>103: 2001:db8::10: Jan 15 2026 08:21:05.090 UTC : ",
                cisco(WARNING, Some(103), Some("2001:db8::10"), at),
            ),
            ("<188>8103: Jan 15 2026 08:21:05 AM.90 UTC :  ", cisco(WARNING, Some(8103), None, at)),
            ("<188>Jan 15 2026 08:21:05 AM.90 UTC :  ", cisco(WARNING, None, None, at)),
            (": : 7273: Jan 15 2026 08:21:05.90 UTC :  ", cisco(None, Some(7273), None, at)),
            (
                "31 cucm-sub1 local7 3 : 41679: cucm-sub1.example.test Jan 15 2026 08:21:05.090 UTC :   ",
                cisco(Some(Pri { facility: 23, severity: 3 }), Some(41679), fqdn, at),
            ),
            (
                "Jan 15 08:21:05 cucm-sub1 local7 4 : 103: cucm-sub1.example.test: Jan 15 2026 08:21:05.090 UTC : ",
                cisco(WARNING, Some(103), fqdn, at),
            ),
            (
                "Jan 15 08:21:06 cucm-sub1 local7 4 ccm: 6838: cucm-sub1.example.test: Jan 15 2026 08:21:05.090 UTC : ",
                cisco(WARNING, Some(6838), fqdn, at),
            ),
            (
                "Jan 15 08:21:06 cucm-sub1 local99 0 : Jan 15 2026 08:21:05.090 UTC : ",
                cisco(None, None, Some("cucm-sub1"), at),
            ),
            ("<188>8103: Invalid timestamp format :  ", cisco(WARNING, Some(8103), None, None)),
            ("<188>Invalid timestamp format : ", cisco(WARNING, None, None, None)),
            (
                "<188>103: cucm-sub1.example.test: Jan 45 2026 08:21:05.090 UTC : ",
                cisco(WARNING, Some(103), fqdn, None),
            ),
            ("<188>103: cucm-sub1.example.test: the 15th : ", cisco(WARNING, Some(103), fqdn, None)),
            ("", cisco(None, None, None, None)),
        ];
        for (header, record) in cases {
            assert_eq!(decode(&format!("{header}{LOCK}")), record, "{header}");
            assert_eq!(decode(&format!("{header}{LOCK}\r\n\0")), record, "{header} with a line end");
        }
    }

    #[test]
    fn behind_a_relay_the_senders_own_fields_win_and_the_relays_host_fills_a_gap() {
        let at = stamp("Jan 15 2026 08:21:05.090 UTC");
        let fqdn = Some("cucm-sub1.example.test");
        let address = Some("192.0.2.10");
        let cases = [
            (
                "<188>Jan 15 08:21:06 192.0.2.10 103: cucm-sub1.example.test: Jan 15 2026 08:21:05.090 UTC : ",
                cisco(WARNING, Some(103), fqdn, at),
            ),
            ("Jan 15 08:21:06 192.0.2.10 103: Jan 15 2026 08:21:05.090 UTC : ", cisco(None, Some(103), address, at)),
            (
                "Jan 15 08:21:06 192.0.2.10 <188>103: Jan 15 2026 08:21:05.090 UTC : ",
                cisco(WARNING, Some(103), address, at),
            ),
            (
                "<188>2026-01-15T08:21:06+00:00 192.0.2.10 103: Jan 15 2026 08:21:05.090 UTC : ",
                cisco(WARNING, Some(103), address, at),
            ),
            (
                "<188>1 2026-01-15T08:21:06Z 192.0.2.10 103 - - -  cucm-sub1.example.test: Jan 15 2026 08:21:05.090 UTC : ",
                cisco(WARNING, Some(103), fqdn, at),
            ),
            (
                "<13>1 2026-01-15T08:21:06Z 192.0.2.10 - - - - <188>103: Jan 15 2026 08:21:05.090 UTC : ",
                cisco(WARNING, Some(103), address, at),
            ),
            (
                "<188>1 2026-01-15T08:21:07Z relay - - - - Jan 15 08:21:06 192.0.2.10 103: Jan 15 2026 08:21:05.090 UTC : ",
                cisco(WARNING, Some(103), address, at),
            ),
            (
                "<188>Jan 15 08:21:06 192.0.2.10 103: Invalid timestamp format :  ",
                cisco(WARNING, Some(103), address, stamp("Jan 15 08:21:06")),
            ),
        ];
        for (header, record) in cases {
            assert_eq!(decode(&format!("{header}{LOCK}")), record, "{header}");
        }
    }

    #[test]
    fn ios_lines_have_no_zone() {
        let record = decode("<189>29: foo: *Apr 29 13:58:40.411: %SYS-5-CONFIG_I: Configured from console by console");
        let expected = Record {
            pri: Some(Pri { facility: 23, severity: 5 }),
            form: Form::Ios,
            sequence: Some(29),
            host: Some("foo"),
            stamp: stamp("*Apr 29 13:58:40.411"),
            body: "%SYS-5-CONFIG_I: Configured from console by console",
            ..decode("")
        };
        assert_eq!(record, expected);
        assert_eq!(record.stamp.map(|stamp| stamp.accuracy), Some(Accuracy::NotSynchronised));
        assert_eq!(decode("<189>29: 000031: foo: *Apr 29 13:58:40.411: %SYS-5-CONFIG_I: x").sequence, Some(29));
        assert_eq!(decode("<190>Apr 15 2026 21:28:13: %PIX-6-302014: Teardown").form, Form::Ios);
    }

    #[test]
    fn the_rfc_forms_and_stray_daemons_keep_their_tags() {
        let at = stamp("Jan 15 09:30:00");
        let empty = decode("");
        let sshd = Record { form: Form::Rfc3164, app: Some("sshd"), pid: Some("20038"), body: "x", stamp: at, ..empty };
        let auth = Some(Pri { facility: 4, severity: 6 });
        let cases = [
            ("<38>Jan 15 09:30:00 cucm-pub sshd[20038]: x", Record { pri: auth, host: Some("cucm-pub"), ..sshd }),
            ("Jan 15 09:30:00 cucm-pub auth 6 sshd[20038]: x", Record { pri: auth, host: Some("cucm-pub"), ..sshd }),
            ("Jan 15 09:30:00 sshd[20038]: x", sshd),
            (
                "<38> Jan 15 09:30:00: cucm-pub sshd(pam_unix)[20038]: x",
                Record { pri: auth, host: Some("cucm-pub"), app: Some("sshd(pam_unix)"), ..sshd },
            ),
            (
                "<38>Jan 15 09:30:00 cucm-pub su: x",
                Record { pri: auth, host: Some("cucm-pub"), app: Some("su"), pid: None, ..sshd },
            ),
            (
                "<38>Feb 30 09:30:00 cucm-pub plain text",
                Record {
                    pri: auth,
                    host: Some("cucm-pub"),
                    stamp: None,
                    app: None,
                    pid: None,
                    body: "plain text",
                    ..sshd
                },
            ),
            ("<38>sshd[20038]: x", Record { form: Form::Bare, pri: auth, stamp: None, ..sshd }),
            (": crond[9538]: x", Record { app: Some("crond"), pid: Some("9538"), body: "x", ..empty }),
            (": logrotate: x", Record { app: Some("logrotate"), body: "x", ..empty }),
            ("UserID: jdoe", Record { body: "UserID: jdoe", ..empty }),
            (
                "06:58:35.314 |LogMessage   UserID : jdoe",
                Record { body: "06:58:35.314 |LogMessage   UserID : jdoe", ..empty },
            ),
            ("1042,2026-01-15,09:31:12,Login", Record { body: "1042,2026-01-15,09:31:12,Login", ..empty }),
            ("8|2|3|1768467661|||Failed", Record { body: "8|2|3|1768467661|||Failed", ..empty }),
            ("<192>x", Record { body: "<192>x", ..empty }),
            ("\r\n", Record { body: "", ..empty }),
        ];
        for (line, record) in cases {
            assert_eq!(decode(line), record, "{line}");
        }
    }

    #[test]
    fn rfc_5424_keeps_structured_data_raw_and_drops_the_byte_order_mark() {
        let empty = decode("");
        let full = Record {
            pri: Some(Pri { facility: 20, severity: 5 }),
            form: Form::Rfc5424,
            host: Some("host.example.test"),
            stamp: stamp("2026-01-15T08:21:05.090+01:00"),
            app: Some("app"),
            pid: Some("710"),
            msgid: Some("ID47"),
            structured_data: Some(r#"[a@0 x="]\"" y="2"][b]"#),
            body: "text",
            ..empty
        };
        let head = "<165>1 2026-01-15T08:21:05.090+01:00 host.example.test app 710 ID47";
        let nil = Record { host: None, stamp: None, app: None, pid: None, msgid: None, structured_data: None, ..full };
        let cases = [
            (format!("{head} [a@0 x=\"]\\\"\" y=\"2\"][b] \u{feff}text"), full),
            (format!("{head} - text"), Record { structured_data: None, ..full }),
            (format!("{head} [a@0 x=\"open"), Record { structured_data: None, body: "[a@0 x=\"open", ..full }),
            (
                format!("{head} - 2026-01-15 09:00:00 ERROR text"),
                Record { structured_data: None, body: "2026-01-15 09:00:00 ERROR text", ..full },
            ),
            ("<165>1 - - - - - - text".into(), nil),
            ("<165>1 2026-02-30T08:21:05Z - - - - - text".into(), nil),
            ("<165>1 - - text".into(), Record { form: Form::Bare, body: "1 - - text", ..nil }),
        ];
        for (line, record) in cases {
            assert_eq!(decode(&line), record, "{line}");
        }
    }

    #[test]
    fn an_alarm_in_the_words_of_a_stranger_is_not_an_alarm() {
        for line in [
            "<38>Jan 15 09:30:00 cucm-pub sshd[20038]: Invalid user x : %UC_IMS-4-authHackLock: %[UserID=jdoe]: y from 192.0.2.20",
            "<38>sshd[20038]: Invalid user 12:30 : %UC_IMS-4-authHackLock: %[UserID=jdoe]: y",
            "<38>5: sshd[20038]: Invalid user : %UC_IMS-4-authHackLock: %[UserID=jdoe]: y",
            ": login: FAILED LOGIN FOR x : %UC_IMS-4-authHackLock: %[UserID=jdoe]: y",
            "<38>1 2026-01-15T08:21:05Z cucm-pub sshd 1 - - Invalid user x : %UC_IMS-4-authHackLock: %[UserID=jdoe]: y",
        ] {
            let record = decode(line);
            assert!(!record.body.starts_with('%'), "{line}: {record:?}");
            assert!(!matches!(record.form, Form::CiscoLog | Form::Ios), "{line}: {record:?}");
        }
    }
}
