//! Several pieces of one message to one line that says what they say together, and nothing that none of them says.
//!
//! * A parameter that several pieces have counts once. If they differ, nobody knows which is right, and none is kept.
//! * A value without its end is not kept, so that no name is ever put together from halves.
//! * The free texts of [`TEXTS`] and [`CARRIERS`] go on from piece to piece, as long as none is missing in between.

use core::fmt::Write as _;

use crate::wire::ciscolog::{self, CiscoLog, TagValue, same_key};
use crate::wire::syslog;

/// Parameters whose value may go on in the next piece, and that nothing but words is looked for in.
const TEXTS: [&str; 3] = ["AuditDetails", "Description", "Message"];
/// Parameters whose value may go on in the next piece, and that carry other messages with accounts of their own: one without its end
/// must be seen to have none.
const CARRIERS: [&str; 3] = ["AlertDetail", "Detail", "MatchedEvent"];

/// Parameters of one message beyond these are not kept.
const MOST_TAGS: usize = 64;

/// The pieces as one line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Joined {
    pub(super) line: String,
    /// Whether something that the sender wrote is not in it.
    pub(super) cut: bool,
}

/// One parameter of the message.
struct Parameter<'a> {
    key: &'a str,
    /// One value, or those that go on from each other.
    values: Vec<&'a str>,
    complete: bool,
    /// The pieces contradict each other.
    doubtful: bool,
    /// The last piece that had it.
    last: u16,
}

/// Puts pieces (number and line) together, which are in the order of their numbers; `of` is how many there should be, if that is known.
pub(super) fn join<'a>(pieces: impl Iterator<Item = (u16, &'a str)> + Clone, of: Option<u16>) -> Joined {
    let is_missing = |number: u16| of.is_some_and(|of| number <= of) && !pieces.clone().any(|(n, _)| n == number);
    let mut head = None;
    let mut parameters: Vec<Parameter<'a>> = Vec::new();
    let mut text = String::new();
    let mut cut = false;
    for (number, line) in pieces.clone() {
        let record = syslog::decode(line);
        let Some(log) = ciscolog::parse(record.body) else { continue };
        let before = line.trim_end_matches(['\r', '\n', '\0']).strip_suffix(record.body).unwrap_or_default();
        head.get_or_insert((before, log));
        cut |= add(&mut parameters, &log, number);
        if !log.text.is_empty() && !text.is_empty() {
            text.push(' ');
        }
        text.push_str(log.text);
    }
    let Some((before, log)) = head else { return Joined { line: String::new(), cut: true } };
    let mut line = format!("{before}%{}-{}-{}: %", log.facility, log.severity, log.mnemonic);
    for parameter in parameters.iter_mut().filter(|parameter| is_continued(parameter.key)) {
        // It may go on in what never came.
        parameter.complete &= !is_missing(parameter.last.saturating_add(1));
    }
    let kept = |p: &&Parameter<'_>| !p.doubtful && (p.complete || is_one_of(p.key, &TEXTS));
    parameters.iter().filter(kept).for_each(|parameter| parameter.write(&mut line, "]"));
    cut |= parameters.iter().any(|parameter| parameter.doubtful || !parameter.complete);
    match parameters.iter().find(|parameter| !parameter.complete && is_one_of(parameter.key, &CARRIERS)) {
        // It runs to the end, and is seen to be cut.
        Some(parameter) => parameter.write(&mut line, ""),
        None => {
            line.push_str(": ");
            line.push_str(&text);
        }
    }
    Joined { line, cut }
}

/// Whether the parameters of two messages deny that both are pieces of one.
pub(super) fn contradict(a: &CiscoLog<'_>, b: &CiscoLog<'_>) -> bool {
    a.tags.iter().filter(|(key, _)| !is_continued(key) && !is_part(key)).take(MOST_TAGS).any(|(key, value)| {
        b.tags.get(key).is_some_and(|other| value.complete && other.complete && value.raw.trim() != other.raw.trim())
    })
}

/// Adds what one piece says; whether something had to be left out.
fn add<'a>(parameters: &mut Vec<Parameter<'a>>, log: &CiscoLog<'a>, number: u16) -> bool {
    let first_of_piece = parameters.iter().any(|parameter| is_part(parameter.key));
    for (key, value) in log.tags {
        if is_part(key) && first_of_piece {
            continue;
        }
        let is_room = parameters.len() < MOST_TAGS;
        match parameters.iter_mut().find(|known| same_key(known.key, key)) {
            // Within one piece the first counts.
            Some(known) if known.last == number => {}
            Some(known) => known.meet(value, number),
            None if is_room => parameters.push(Parameter {
                key,
                values: vec![value.raw],
                complete: value.complete,
                doubtful: false,
                last: number,
            }),
            None => return true,
        }
    }
    false
}

impl<'a> Parameter<'a> {
    /// A later piece has it, too.
    fn meet(&mut self, value: TagValue<'a>, number: u16) {
        let first = self.values.first().copied().unwrap_or_default();
        let repeated = self.complete && value.complete && first.trim() == value.raw.trim() && self.values.len() == 1;
        if is_continued(self.key) {
            if !repeated && self.last.checked_add(1) != Some(number) {
                // Nothing follows a gap.
                self.complete = false;
                return;
            }
            if !repeated {
                self.values.push(value.raw);
                self.complete = value.complete;
            }
        } else if !self.complete && value.complete && value.raw.starts_with(first) {
            (self.values, self.complete) = (vec![value.raw], true);
        } else if !(repeated || self.complete && !value.complete && first.starts_with(value.raw)) {
            self.doubtful = true;
        }
        self.last = number;
    }

    /// The value is escaped anew where its brackets, in other surroundings, could be read in another way.
    fn write(&self, line: &mut String, end: &str) {
        let raw = self.values.concat();
        let value = if !has_bare_bracket(&raw) {
            raw
        } else if is_continued(self.key) {
            escaped(&raw)
        } else {
            escaped(&TagValue { raw: &raw, complete: self.complete }.unescaped())
        };
        // Writing to a `String` does not fail.
        let _never = write!(line, "[{}={value}{end}", self.key).is_err();
    }
}

fn is_continued(key: &str) -> bool {
    is_one_of(key, &TEXTS) || is_one_of(key, &CARRIERS)
}

fn is_one_of(key: &str, names: &[&str]) -> bool {
    names.iter().any(|known| same_key(key, known))
}

fn is_part(key: &str) -> bool {
    same_key(key, "part")
}

fn has_bare_bracket(raw: &str) -> bool {
    let mut escaped = false;
    raw.bytes().any(|b| {
        let bare = matches!(b, b'[' | b']') && !escaped;
        escaped = b == b'\\' && !escaped;
        bare
    })
}

fn escaped(text: &str) -> String {
    let mut line = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if matches!(c, '[' | ']' | '\\') {
            line.push('\\');
        }
        line.push(c);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "<188>16: cucm-sub1: Jan 15 2026 08:21:05.090 UTC : %UC_X-4-Y: %";

    fn joined(of: u16, pieces: &[(u16, &str)]) -> (String, bool) {
        let lines: Vec<(u16, String)> = pieces.iter().map(|(n, tail)| (*n, format!("{HEAD}{tail}"))).collect();
        let Joined { line, cut } = join(lines.iter().map(|(n, line)| (*n, line.as_str())), Some(of));
        (line.strip_prefix(HEAD).expect("the header of the first piece").to_owned(), cut)
    }

    #[test]
    fn each_parameter_is_there_once_and_the_texts_follow_each_other() {
        assert_eq!(
            joined(
                2,
                &[(1, "[App=x][part=16.1/2]: An attempt"), (2, "[App=x][part=16.2/2][UserID=jdoe]: to authenticate"),]
            ),
            ("[App=x][part=16.1/2][UserID=jdoe]: An attempt to authenticate".into(), false)
        );
    }

    #[test]
    fn a_free_text_goes_on_but_not_over_a_gap() {
        let one = (1, "[part=16.1/3][AuditDetails=Login Authen]: t");
        let two = (2, "[part=16.2/3][AuditDetails=tication Fai]: t");
        let three = (3, "[part=16.3/3][AuditDetails=led]: t");
        assert_eq!(
            joined(3, &[one, two, three]),
            ("[part=16.1/3][AuditDetails=Login Authentication Failed]: t t t".into(), false)
        );
        assert_eq!(joined(3, &[one, three]), ("[part=16.1/3][AuditDetails=Login Authen]: t t".into(), true));
    }

    #[test]
    fn what_carries_other_messages_is_left_open_where_it_may_go_on() {
        let one = (1, "[part=16.1/2][AlertDetail=UserID : jd][NodeID=pub]: t");
        let two = (2, "[part=16.2/2][AlertDetail=oe#012AppID : x]: t");
        assert_eq!(joined(2, &[one]), ("[part=16.1/2][NodeID=pub][AlertDetail=UserID : jd".into(), true));
        assert_eq!(
            joined(2, &[one, two]),
            ("[part=16.1/2][AlertDetail=UserID : jdoe#012AppID : x][NodeID=pub]: t t".into(), false)
        );
    }

    #[test]
    fn no_name_is_put_together_from_halves() {
        let cases: [(&[(u16, &str)], &str); 5] = [
            (&[(1, "[part=16.1/2][UserID=jd"), (2, "[part=16.2/2][UserID=oe]: t")], "[part=16.1/2]: t"),
            (&[(1, "[part=16.1/2][UserID=jd]: t"), (2, "[part=16.2/2][UserID=oe]: t")], "[part=16.1/2]: t t"),
            (&[(1, "[part=16.1/2][UserID=jd"), (2, "[part=16.2/2]: oe][M=x]: t")], "[part=16.1/2]: oe][M=x]: t"),
            (&[(1, "[part=16.1/2]: t"), (2, "[part=16.2/2][UserID=jd")], "[part=16.1/2]: t"),
            (&[(1, "[part=16.1/2][UserID=jd"), (2, "[part=16.2/2][UserID=jdoe")], "[part=16.1/2]: "),
        ];
        for (pieces, expected) in cases {
            assert_eq!(joined(2, pieces), (expected.into(), true), "{pieces:?}");
        }
    }

    #[test]
    fn a_value_that_was_cut_is_taken_from_the_piece_that_has_it_whole() {
        let pieces = [(1, "[part=16.1/2][UserID=jd"), (2, "[part=16.2/2][UserID=jdoe]: t")];
        assert_eq!(joined(2, &pieces), ("[part=16.1/2][UserID=jdoe]: t".into(), false));
    }

    #[test]
    fn what_looks_like_parameters_inside_a_value_or_text_stays_there() {
        let name = |tail: &str| {
            let line = format!("%UC_X-4-Y: %{tail}");
            let log = ciscolog::parse(&line).expect("a message");
            log.tags.get("UserID").filter(|value| value.complete).map(|value| value.unescaped().into_owned())
        };
        let hostile = [
            ("[part=16.1/2][UserID=a[b]: t", "[part=16.2/2][X=c]d]: t", Some("a[b")),
            ("[part=16.1/2][UserID=eve\\][UserID=jdoe]: t", "[part=16.2/2][X=c]: t", Some("eve][UserID=jdoe")),
            ("[part=16.1/2]: %[UserID=jdoe]: t", "[part=16.2/2]: %[UserID=jdoe]: t", None),
        ];
        for (one, two, expected) in hostile {
            let (line, _) = joined(2, &[(1, one), (2, two)]);
            assert_eq!(name(&line).as_deref(), expected, "{line}");
        }
    }
}
