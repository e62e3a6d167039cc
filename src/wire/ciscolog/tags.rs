//! `[key=value][key=value]`: where a value ends, when the sender may have escaped its brackets or not.

use std::borrow::Cow;

/// The bracketed parameters of a message, in the order written.
///
/// A value ends at the `]` that closes its bracket, by this rule:
///
/// 1. A backslash takes away the meaning of the byte behind it (CiscoLog's escapes for `[`, `]` and `\`).
/// 2. Unescaped brackets nest: RTMT puts a whole message with its tags into `AlertDetail`. The value ends where the depth comes
///    to zero and the `]` is followed (after blanks) by `[`, by `:` or by the end; any other `]` at that depth is text.
/// 3. If the depth never comes to zero, a `[` in the value was text. If the value holds the beginning of a nested tag list
///    (`: %[`), the message is cut inside it and the value runs to the end, incomplete. Else it ends at the first unescaped `]`
///    that is followed by `[`, `:` or the end; if there is none, the message is cut.
///
/// So `[UserID=eve\][UserID=jdoe][Message=x]` is one user, `eve][UserID=jdoe`, and never jdoe. Rule 3 needs a look at the whole
/// rest: it is tried for the first four such values, later ones take the first fitting `]`, so the work stays linear.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tags<'a>(&'a str);

/// How many values of one message may look to its end for their bracket in vain.
pub(super) const MAX_LOOKS: u8 = 4;

/// The value of a parameter, as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TagValue<'a> {
    /// As on the wire, with escapes and blanks.
    pub raw: &'a str,
    /// Whether its end was seen. A value that is not complete is never an account.
    pub complete: bool,
}

/// One piece of a message that was too long (`[part=16.1/3]`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The sequence number of the first piece.
    pub first: u64,
    /// Which piece this is, from 1.
    pub part: u16,
    /// How many there are.
    pub of: u16,
}

impl<'a> Tags<'a> {
    /// Reads the list at the start of `text`: the tags, what follows them, and whether the last one was closed.
    pub(super) fn read(text: &'a str) -> (Self, &'a str, bool) {
        let mut iter = TagIter::new(text);
        iter.by_ref().for_each(drop);
        let tags = text.len().checked_sub(iter.rest.len()).and_then(|n| text.get(..n)).unwrap_or_default();
        (Self(tags), iter.rest, iter.closed)
    }

    /// The first value under `key`. Case, blanks, a final `.` and the mark `UNKNOWN_PARAMNAME:` make no difference:
    /// `App ID` is `AppID`, `Reason code.` is `Reasoncode`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<TagValue<'a>> {
        let key = known_name(key);
        self.iter().find(|(name, _)| same_key(name, key)).map(|(_, value)| value)
    }

    /// Each key (without blanks around it and without the mark `UNKNOWN_PARAMNAME:`) with its value.
    #[must_use]
    pub fn iter(&self) -> TagIter<'a> {
        TagIter::new(self.0)
    }

    /// The whole list as written.
    #[must_use]
    pub const fn as_str(&self) -> &'a str {
        self.0
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Which piece of a longer message this is, if it says so.
    #[must_use]
    pub fn part(&self) -> Option<Part> {
        let value = self.get("part").filter(|value| value.complete)?;
        let (first, place) = value.raw.trim_ascii().split_once('.')?;
        let (part, of) = place.split_once('/')?;
        Some(Part { first: first.parse().ok()?, part: part.parse().ok()?, of: of.parse().ok()? })
    }
}

impl<'a> IntoIterator for Tags<'a> {
    type Item = (&'a str, TagValue<'a>);
    type IntoIter = TagIter<'a>;

    fn into_iter(self) -> TagIter<'a> {
        self.iter()
    }
}

impl<'a> TagValue<'a> {
    /// Without escapes and without blanks at both ends. Allocates only if there is a backslash.
    #[must_use]
    pub fn unescaped(&self) -> Cow<'a, str> {
        let raw = self.raw.trim_ascii();
        if !raw.contains('\\') {
            return Cow::Borrowed(raw);
        }
        let mut text = String::with_capacity(raw.len());
        let mut chars = raw.chars().peekable();
        while let Some(c) = chars.next() {
            let escaped = if c == '\\' { chars.next_if(|next| matches!(next, '[' | ']' | '\\')) } else { None };
            text.push(escaped.unwrap_or(c));
        }
        Cow::Owned(text)
    }

    /// An RTMT detail, ready for [`nested_lines`](super::nested_lines). A sender that escaped the brackets of the inner message escaped its
    /// escapes as well, and both are undone; one that did not left the inner escapes as they were, and they must stay.
    #[must_use]
    pub fn detail(&self) -> Cow<'a, str> {
        let mut escaped = false;
        let bare = self.raw.bytes().any(|b| {
            let opens = b == b'[' && !escaped;
            escaped = b == b'\\' && !escaped;
            opens
        });
        if bare { Cow::Borrowed(self.raw.trim_ascii()) } else { self.unescaped() }
    }
}

/// See [`Tags::iter`].
#[derive(Clone, Debug)]
pub struct TagIter<'a> {
    rest: &'a str,
    looks: u8,
    closed: bool,
}

impl<'a> TagIter<'a> {
    const fn new(text: &'a str) -> Self {
        Self { rest: text, looks: MAX_LOOKS, closed: true }
    }

    /// The key behind the `[`, and the text from `=` or `]` on. `None` at the end, or if this is not a tag.
    fn key(&mut self) -> Option<(&'a str, &'a str)> {
        let inside = self.rest.trim_ascii_start().strip_prefix('[')?;
        let Some(n) = inside.bytes().position(|b| matches!(b, b'=' | b']' | b'[')) else {
            (self.rest, self.closed) = ("", false);
            return None;
        };
        let (key, rest) = inside.split_at_checked(n)?;
        (!rest.starts_with('[')).then_some((key, rest))
    }
}

impl<'a> Iterator for TagIter<'a> {
    type Item = (&'a str, TagValue<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let (key, rest) = self.key()?;
        let key = known_name(key);
        let Some(value) = rest.strip_prefix('=') else {
            self.rest = rest.strip_prefix(']')?;
            return Some((key, TagValue { raw: "", complete: true }));
        };
        let end = plain_end(value).or_else(|| value_end(value.as_bytes(), &mut self.looks));
        let (raw, rest) = end.and_then(|n| value.split_at_checked(n)).unwrap_or((value, ""));
        self.rest = rest.strip_prefix(']').unwrap_or(rest);
        self.closed = end.is_some();
        Some((key, TagValue { raw, complete: end.is_some() }))
    }
}

/// [`value_end`] for the values that nearly all are: neither brackets nor escapes in them.
fn plain_end(text: &str) -> Option<usize> {
    let (value, after) = text.split_once(']')?;
    let plain = !value.contains('[') && !value.contains('\\') && at_boundary(Some(after.as_bytes()));
    plain.then_some(value.len())
}

/// The place of the `]` that ends the value at the start of `bytes`; see [`Tags`] for the rule.
fn value_end(bytes: &[u8], looks: &mut u8) -> Option<usize> {
    let mut depth = 0_usize;
    let mut first = None;
    let mut tag_list = false;
    let mut escaped = false;
    for (n, &b) in bytes.iter().enumerate() {
        if escaped {
            escaped = false;
            continue;
        }
        match b {
            b'\\' => escaped = true,
            b'[' => {
                depth += 1;
                tag_list |= bytes.get(..n).is_some_and(|before| before.ends_with(b": %"));
            }
            b']' => {
                let ends = (depth == 0 || first.is_none()) && at_boundary(bytes.get(n + 1..));
                if ends && (depth == 0 || *looks == 0) {
                    return Some(n);
                }
                if ends {
                    first = Some(n);
                }
                depth = depth.saturating_sub(1);
            }
            _ => {}
        }
    }
    *looks = looks.saturating_sub(1);
    if tag_list { None } else { first }
}

/// Whether the text behind a `]` can follow a tag.
fn at_boundary(after: Option<&[u8]>) -> bool {
    matches!(after.unwrap_or_default().trim_ascii_start().first(), None | Some(b'[' | b':'))
}

fn known_name(key: &str) -> &str {
    let mut key = key.trim_ascii();
    while let Some(name) = key.strip_prefix("UNKNOWN_PARAMNAME:") {
        key = name.trim_ascii();
    }
    key
}

/// Compares a name of [`TagIter`] with a key, both without blanks around them.
pub(crate) fn same_key(name: &str, wanted: &str) -> bool {
    let first = |key: &str| key.as_bytes().first().map(u8::to_ascii_lowercase);
    // Nearly every call ends at one of these two.
    if first(name) != first(wanted) {
        return false;
    }
    name.eq_ignore_ascii_case(wanted) || letters(name).eq(letters(wanted))
}

fn letters(key: &str) -> impl Iterator<Item = u8> + '_ {
    let key = key.trim_end_matches(['.', ' ']);
    key.bytes().filter(|b| !b.is_ascii_whitespace()).map(|b| b.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    type Pair<'a> = (&'a str, &'a str, bool);

    fn pairs(text: &str) -> Vec<Pair<'_>> {
        Tags::read(text).0.iter().map(|(key, value)| (key, value.raw, value.complete)).collect()
    }

    #[test]
    fn a_value_ends_at_its_own_bracket() {
        let cases: [(&str, &[Pair<'_>]); 12] = [
            ("[a=1][b=x:y=z,w]: text", &[("a", "1", true), ("b", "x:y=z,w", true)]),
            (
                "[UserID=eve\\][UserID=jdoe][Message=x]: text",
                &[("UserID", "eve\\][UserID=jdoe", true), ("Message", "x", true)],
            ),
            ("[UserID=eve\\]\\[UserID=jdoe][M=x]: t", &[("UserID", "eve\\]\\[UserID=jdoe", true), ("M", "x", true)]),
            ("[UserID=DOMAIN\\jdoe][M=x]: t", &[("UserID", "DOMAIN\\jdoe", true), ("M", "x", true)]),
            ("[UserID=jdoe]x][M=y]: t", &[("UserID", "jdoe]x", true), ("M", "y", true)]),
            ("[UserID=a[b][M=x]: t", &[("UserID", "a[b", true), ("M", "x", true)]),
            ("[D=from [192.0.2.1] and [x]][M=y]: t", &[("D", "from [192.0.2.1] and [x]", true), ("M", "y", true)]),
            (
                "[D= : %X-4-Y: %[U=j][N=n]: in #012AppID : z][M=y]: t",
                &[("D", " : %X-4-Y: %[U=j][N=n]: in #012AppID : z", true), ("M", "y", true)],
            ),
            ("[D= : %X-4-Y: %[U=j][N=n]: in #012App", &[("D", " : %X-4-Y: %[U=j][N=n]: in #012App", false)]),
            ("[a=1] [b] [ c =2] : t", &[("a", "1", true), ("b", "", true), ("c", "2", true)]),
            ("[a=1", &[("a", "1", false)]),
            ("[a=1\\]", &[("a", "1\\]", false)]),
        ];
        for (text, expected) in cases {
            assert_eq!(pairs(text), expected, "{text}");
        }
    }

    #[test]
    fn keys_are_compared_by_their_letters_and_the_first_one_wins() {
        let (tags, rest, closed) =
            Tags::read("[ App ID =1][Reason code.=2][UNKNOWN_PARAMNAME:UserID=3][USERID=4]: text");
        let get = |key: &str| tags.get(key).map(|value| value.raw);
        assert_eq!((get("AppID"), get("appid"), get("App ID")), (Some("1"), Some("1"), Some("1")));
        assert_eq!((get("Reasoncode"), get("Reason code."), get("UserID")), (Some("2"), Some("2"), Some("3")));
        assert_eq!((get("User"), get(""), rest, closed), (None, None, ": text", true));
    }

    #[test]
    fn escapes_are_undone_and_other_backslashes_stay() {
        let unescaped = |raw| TagValue { raw, complete: true }.unescaped();
        assert!(matches!(unescaped(" jdoe "), Cow::Borrowed("jdoe")));
        assert_eq!(unescaped("eve\\][UserID=jdoe"), "eve][UserID=jdoe");
        assert_eq!(unescaped("DOMAIN\\jdoe\\\\\\[\\"), "DOMAIN\\jdoe\\[\\");
    }

    #[test]
    fn a_detail_loses_one_layer_of_escapes_only_if_its_brackets_have_one() {
        let detail = |raw| TagValue { raw, complete: true }.detail();
        assert_eq!(detail("%[UserID=eve\\][x]"), "%[UserID=eve\\][x]");
        assert_eq!(detail("%\\[UserID=eve\\\\\\]\\[x\\]"), "%[UserID=eve\\][x]");
    }

    #[test]
    fn a_piece_says_which_one_it_is() {
        let part = |text| Tags::read(text).0.part();
        assert_eq!(part("[a=1][part=16.1/3]: t"), Some(Part { first: 16, part: 1, of: 3 }));
        for text in ["[a=1]: t", "[part=16]: t", "[part=16.1/70000]: t", "[part=16.1/3"] {
            assert_eq!(part(text), None, "{text}");
        }
    }
}
