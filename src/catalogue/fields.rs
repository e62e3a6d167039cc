//! One message's parameters by name: groups of a pattern, parameters in brackets, `Key:value` text, or `Key="value"` text.

use crate::catalogue::file::{Condition, Entry, Pack};
use crate::catalogue::pattern::{self, Captured};
use crate::wire::ciscolog::{self, CiscoLog, TagValue};

/// The parameters of one message.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a> {
    body: Body<'a>,
    captured: Captured<'a>,
}

/// What a message looks like.
#[derive(Clone, Copy)]
pub(crate) enum Body<'a> {
    /// `%FACILITY-n-ALARM`, and the parameter names that its vendor uses.
    Alarm(CiscoLog<'a>, &'a [String]),
    /// Text in which `Key="value"` is looked for.
    Pairs(&'a str),
    /// Text.
    Text,
}

/// Why an entry is not taken.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Misfit<'a> {
    /// The text does not contain this.
    Literal(&'a str),
    /// The pattern does not describe the text.
    Pattern(&'a str),
    /// The text is longer than patterns read.
    TooLong,
    /// The condition does not hold: this is the value.
    Condition(&'a Condition, &'a str),
}

impl Entry {
    /// The parameters of a message that this entry speaks of; or why it does not.
    pub(crate) fn fit<'a>(
        &'a self,
        pack: &'a Pack,
        log: Option<CiscoLog<'a>>,
        text: &'a str,
    ) -> Result<Fields<'a>, Misfit<'a>> {
        if let Some(missing) = self.literal.iter().find(|part| !text.contains(part.as_str())) {
            return Err(Misfit::Literal(missing));
        }
        let captured = match &self.compiled {
            None => Captured::default(),
            Some(_) if text.len() > pattern::LONGEST => return Err(Misfit::TooLong),
            Some(compiled) => {
                let written = self.pattern.as_deref().unwrap_or_default();
                compiled.captures(text).ok_or(Misfit::Pattern(written))?
            }
        };
        let body = match log {
            Some(log) => Body::Alarm(log, &pack.fields),
            None if self.pairs => Body::Pairs(text),
            None => Body::Text,
        };
        let fields = Fields { body, captured };
        match self.when.iter().find(|condition| !fields.holds(condition)) {
            Some(condition) => Err(Misfit::Condition(condition, fields.text(condition.field.as_slice()))),
            None => Ok(fields),
        }
    }
}

impl<'a> Fields<'a> {
    /// The first of these parameters that is there and not empty.
    pub(crate) fn value(&self, names: &[String]) -> Option<TagValue<'a>> {
        let given = |value: &TagValue<'a>| !value.raw.trim().is_empty();
        let group = |name: &String| self.captured.get(name).map(|raw| TagValue { raw, complete: true });
        names.iter().filter_map(group).find(given).or_else(|| match self.body {
            Body::Alarm(log, known) => alarm_value(&log, known, names),
            Body::Pairs(text) => names.iter().filter_map(|name| pair(text, name)).find(given),
            Body::Text => None,
        })
    }

    /// Whether the end of the message is missing.
    pub(crate) const fn is_cut(&self) -> bool {
        match self.body {
            Body::Alarm(log, _) => log.truncated,
            Body::Pairs(_) | Body::Text => false,
        }
    }

    /// The text of the first of these parameters that is there, cut or not; empty if none is.
    pub(crate) fn text(&self, names: &[String]) -> &'a str {
        self.value(names).map_or("", |value| value.raw.trim())
    }

    /// What the groups of the pattern hold.
    pub(crate) fn groups(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.captured.iter()
    }

    /// Whether this condition holds.
    fn holds(&self, condition: &Condition) -> bool {
        let value = self.text(condition.field.as_slice());
        let contains = |part: &String| contains(value, part);
        (condition.is.is_empty() || condition.is.iter().any(|allowed| value.eq_ignore_ascii_case(allowed)))
            && (condition.contains.is_empty() || condition.contains.iter().any(contains))
            && !condition.lacks.iter().any(contains)
            && (condition.code.is_empty() || code(value).is_some_and(|n| condition.code.contains(&n)))
    }
}

fn alarm_value<'a>(log: &CiscoLog<'a>, known: &[String], names: &[String]) -> Option<TagValue<'a>> {
    let tagged = names.iter().filter_map(|name| log.tags.get(name)).find(|value| !value.raw.trim().is_empty());
    tagged.or_else(|| {
        let text = |name: &String| ciscolog::colon_value(log.text, name, known, log.truncated);
        // A message with brackets says all it has to say in them; its text is an explanation.
        if log.tags.is_empty() { names.iter().filter_map(text).find(|v| !v.raw.trim().is_empty()) } else { None }
    })
}

/// The value of the first `name="…"` that begins the text or stands behind a blank, and outside any other value. A quotation
/// mark behind a backslash does not end a value.
fn pair<'a>(text: &'a str, name: &str) -> Option<TagValue<'a>> {
    let mut rest = text;
    loop {
        let (before, value) = rest.split_once("=\"")?;
        let key = before.rsplit(|c: char| c.is_ascii_whitespace() || c == ',').next().unwrap_or(before);
        let mut escaped = false;
        let end = value.bytes().position(|b| {
            let ends = b == b'"' && !escaped;
            escaped = b == b'\\' && !escaped;
            ends
        });
        let (raw, after) = end.and_then(|n| value.split_at_checked(n)).unwrap_or((value, ""));
        if key.eq_ignore_ascii_case(name) {
            return Some(TagValue { raw, complete: end.is_some() });
        }
        rest = after.strip_prefix('"').unwrap_or(after);
    }
}

fn contains(text: &str, part: &str) -> bool {
    part.is_empty() || text.as_bytes().windows(part.len()).any(|w| w.eq_ignore_ascii_case(part.as_bytes()))
}

/// A 32-bit number that is printed as hexadecimal, unsigned or signed decimal; text after it is ignored.
fn code(value: &str) -> Option<u32> {
    let word = value.split(|c: char| c.is_whitespace() || c == ',').next()?;
    if let Some(digits) = word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")) {
        return u32::from_str_radix(digits, 16).ok();
    }
    word.parse::<u32>().ok().or_else(|| word.parse::<i32>().ok().map(i32::cast_unsigned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_read_in_each_way_it_is_printed() {
        for text in ["-1932787425", "2362179871", "0x8CCC011F", "0x8ccc011f (locked)"] {
            assert_eq!(code(text), Some(0x8CCC_011F), "{text}");
        }
        assert_eq!((code("2"), code("two"), code("")), (Some(2), None, None));
    }

    #[test]
    fn a_pair_is_read_outside_of_other_values_only() {
        let text = r#"Event="Login" Detail="for User=\"root\" and more" User="jdoe" Src-ip="192.0.2.20"#;
        let value = |name| pair(text, name).map(|v| (v.raw, v.complete));
        assert_eq!(value("event"), Some(("Login", true)));
        assert_eq!(value("User"), Some(("jdoe", true)));
        assert_eq!(value("Detail"), Some((r#"for User=\"root\" and more"#, true)));
        assert_eq!(value("Src-ip"), Some(("192.0.2.20", false)), "its end is missing");
        assert_eq!((value("ip"), value("Port")), (None, None));
    }
}
