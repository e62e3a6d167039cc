//! One message's parameters by name, whether they stand in brackets or as `Key:Value` text.

use crate::catalogue::file::{Condition, Pack};
use crate::wire::ciscolog::{self, CiscoLog, TagValue};

/// The parameters of one message.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a> {
    log: CiscoLog<'a>,
    known: &'a [String],
}

impl<'a> Fields<'a> {
    pub(crate) fn new(log: CiscoLog<'a>, pack: &'a Pack) -> Self {
        Self { log, known: &pack.fields }
    }

    /// The first of these parameters that is there and not empty.
    pub(crate) fn value(&self, names: &[String]) -> Option<TagValue<'a>> {
        let tagged = names.iter().filter_map(|name| self.log.tags.get(name)).find(|value| !value.raw.trim().is_empty());
        tagged.or_else(|| {
            let text = |name: &String| ciscolog::colon_value(self.log.text, name, self.known, self.log.truncated);
            // A message with brackets says all it has to say in them; its text is an explanation.
            if self.log.tags.is_empty() {
                names.iter().filter_map(text).find(|v| !v.raw.trim().is_empty())
            } else {
                None
            }
        })
    }

    /// Whether the end of the message is missing.
    pub(crate) const fn is_cut(&self) -> bool {
        self.log.truncated
    }

    /// The text of the first of these parameters that is there, cut or not; empty if none is.
    pub(crate) fn text(&self, names: &[String]) -> &'a str {
        self.value(names).map_or("", |value| value.raw.trim())
    }

    /// Whether this condition holds.
    pub(crate) fn holds(&self, condition: &Condition) -> bool {
        let value = self.text(condition.field.as_slice());
        let contains = |part: &String| contains(value, part);
        (condition.is.is_empty() || condition.is.iter().any(|allowed| value.eq_ignore_ascii_case(allowed)))
            && (condition.contains.is_empty() || condition.contains.iter().any(contains))
            && !condition.lacks.iter().any(contains)
            && (condition.code.is_empty() || code(value).is_some_and(|n| condition.code.contains(&n)))
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
}
