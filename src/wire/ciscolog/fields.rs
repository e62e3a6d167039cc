//! `Key:value Key:value`, the bodies without brackets: CUCM before 8, the details of RTMT alerts, audit log files. In SNMP
//! notifications whose text has lost its brackets on the way, `Key =value`: `=` serves as `:` does.
//!
//! The keys have to be known: nothing else tells where a value ends. A value ends at the next known key with its colon, at a
//! line end (rsyslog writes it `#012`), or at the end of the text.

use super::tags::TagValue;

/// The value of `key` in `text`.
///
/// A key stands at the beginning or behind a blank, a period or a line end; ASCII case makes no difference, blanks may stand
/// around its colon. The longest known key at a place is the key: `Login UserID:` is no `UserID:` if both are known. The first
/// occurrence wins. With `cut`, the end of the text is missing, and a value that reaches it is not complete.
#[must_use]
pub fn colon_value<'a>(text: &'a str, key: &str, known_keys: &[impl AsRef<str>], cut: bool) -> Option<TagValue<'a>> {
    let mut fields = Fields { text, at: 0, keys: known_keys, wanted: Some(key), cut };
    fields.find(|field| field.key.eq_ignore_ascii_case(key)).map(|field| field.value)
}

/// One key with its value.
pub(super) struct Field<'a> {
    /// As written.
    pub(super) key: &'a str,
    /// Without blanks around it.
    pub(super) value: TagValue<'a>,
}

/// The fields of a text, in the order written.
pub(super) struct Fields<'a, 'k, K> {
    pub(super) text: &'a str,
    pub(super) at: usize,
    pub(super) keys: &'k [K],
    /// One more key beside `keys`.
    pub(super) wanted: Option<&'k str>,
    pub(super) cut: bool,
}

impl<'a, K: AsRef<str>> Iterator for Fields<'a, '_, K> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Field<'a>> {
        let key = self.next_key(self.at, Stop::AtKey)?;
        let name = self.text.get(key.start..key.start + key.len)?;
        let end = self.next_key(key.value, Stop::AtLineEnd);
        let stop = end.as_ref().map_or(self.text.len(), |end| end.start);
        self.at = stop;
        let raw = self.text.get(key.value..stop)?.trim_ascii();
        Some(Field { key: name, value: TagValue { raw, complete: end.is_some() || !self.cut } })
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stop {
    AtKey,
    AtLineEnd,
}

struct Place {
    start: usize,
    len: usize,
    value: usize,
}

impl<K: AsRef<str>> Fields<'_, '_, K> {
    /// The next key from `from` on, or the line end before it.
    fn next_key(&self, from: usize, stop: Stop) -> Option<Place> {
        let bytes = self.text.as_bytes();
        let mut at = from;
        let mut fresh =
            from == 0 || bytes.get(from.wrapping_sub(1)).is_some_and(|&b| separates(b)) || stop == Stop::AtLineEnd;
        while let Some((&b, after)) = bytes.get(at..)?.split_first() {
            let line_end = if after.starts_with(b"012") && b == b'#' { 4 } else { usize::from(b == b'\n') };
            if line_end > 0 && stop == Stop::AtLineEnd {
                return Some(Place { start: at, len: 0, value: at + line_end });
            }
            if fresh && let Some((len, value)) = self.key_at(at) {
                return Some(Place { start: at, len, value });
            }
            fresh = line_end > 0 || separates(b);
            at += line_end.max(1);
        }
        None
    }

    /// The length of the longest key at `at`, and where the text behind its colon begins.
    fn key_at(&self, at: usize) -> Option<(usize, usize)> {
        let bytes = self.text.as_bytes().get(at..)?;
        let len = self
            .keys
            .iter()
            .map(AsRef::as_ref)
            .chain(self.wanted)
            .map(str::as_bytes)
            .filter(|key| bytes.get(..key.len()).is_some_and(|next| next.eq_ignore_ascii_case(key)))
            .filter(|key| !key.is_empty() && colon_after(bytes, key.len()).is_some())
            .map(<[u8]>::len)
            .max()?;
        Some((len, at + colon_after(bytes, len)?))
    }
}

/// Where the text behind the colon begins that follows the first `len` bytes, after blanks.
fn colon_after(bytes: &[u8], len: usize) -> Option<usize> {
    let after = bytes.get(len..)?;
    // `Reason code.:` is `Reason code:`.
    let after = after.strip_prefix(b".").unwrap_or(after);
    let (_, rest) = after.trim_ascii_start().split_first().filter(|(b, _)| matches!(b, b':' | b'='))?;
    Some(bytes.len() - rest.len())
}

const fn separates(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\r' | b'\n' | b'.' | b'|')
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: [&str; 7] = [
        "Login IP Address/Hostname",
        "Login Date/Time",
        "Login UserID",
        "Login Interface",
        "App ID",
        "Cluster ID",
        "Node ID",
    ];
    const OLD: &str = "Login Authentication failed. Login IP Address/Hostname:192.0.2.15 Login Date/Time:01/15/09 9:00 AM \
                       Login UserID:ccmadmin Login Interface:CCMAdmin App ID:Cisco Tomcat Cluster ID: Node ID:cucm-pub";

    fn value<'a>(text: &'a str, key: &str, keys: &[&str], cut: bool) -> Option<(&'a str, bool)> {
        colon_value(text, key, keys, cut).map(|value| (value.raw, value.complete))
    }

    #[test]
    fn a_body_without_brackets_is_split_at_its_known_keys() {
        assert_eq!(value(OLD, "Login UserID", &KEYS, true), Some(("ccmadmin", true)));
        assert_eq!(value(OLD, "login ip address/hostname", &KEYS, true), Some(("192.0.2.15", true)));
        assert_eq!(value(OLD, "Login Date/Time", &KEYS, true), Some(("01/15/09 9:00 AM", true)));
        assert_eq!(value(OLD, "App ID", &KEYS, true), Some(("Cisco Tomcat", true)));
        assert_eq!(value(OLD, "Cluster ID", &KEYS, true), Some(("", true)));
        assert_eq!(value(OLD, "Node ID", &KEYS, false), Some(("cucm-pub", true)));
        assert_eq!(value(OLD, "Node ID", &KEYS, true), Some(("cucm-pub", false)));
        assert_eq!(value(OLD, "UserID", &KEYS, false), None);
        assert_eq!(value(OLD, "Reason", &KEYS, false), None);
    }

    #[test]
    fn blanks_around_the_colon_and_line_ends_are_separators() {
        let file = "06:58:35.314 |LogMessage   UserID : jdoe  ClientAddress : 192.0.2.5  CorrelationID :   App ID: Cisco Tomcat";
        let keys = ["UserID", "ClientAddress", "CorrelationID", "App ID"];
        assert_eq!(value(file, "UserID", &keys, false), Some(("jdoe", true)));
        assert_eq!(value(file, "CorrelationID", &keys, false), Some(("", true)));
        assert_eq!(value("x#012UserID : jdoe#012Other : y", "UserID", &[], true), Some(("jdoe", true)));
        assert_eq!(value("x\nUserID:jdoe\nOther : y", "UserID", &[], true), Some(("jdoe", true)));
        assert_eq!(value("xUserID:jdoe", "UserID", &[], false), None);
        assert_eq!(value("UserID:山田 UserID:jdoe", "UserID", &[], false), Some(("山田", true)));
    }
}
