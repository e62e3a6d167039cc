//! A cursor over text, read from the left. It is `Copy`: a reader that may fail works on a copy and keeps it on success.

/// The text that was not read yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scan<'a>(&'a str);

impl<'a> Scan<'a> {
    pub(crate) const fn new(text: &'a str) -> Self {
        Self(text)
    }

    /// What was not read yet.
    pub(crate) const fn rest(self) -> &'a str {
        self.0
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// The next byte, not read.
    pub(crate) fn peek(self) -> Option<u8> {
        self.0.as_bytes().first().copied()
    }

    /// The next `n` bytes; `None` if there are fewer, or they end inside a character.
    pub(crate) fn take(&mut self, n: usize) -> Option<&'a str> {
        let (taken, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(taken)
    }

    /// Reads `ascii` if it is next.
    pub(crate) fn eat(&mut self, ascii: u8) -> bool {
        self.peek() == Some(ascii) && self.take(1).is_some()
    }

    /// Reads `word` if it is next, whatever the case of its ASCII letters.
    pub(crate) fn eat_word(&mut self, word: &str) -> bool {
        let mut ahead = *self;
        let found = ahead.take(word.len()).is_some_and(|next| next.eq_ignore_ascii_case(word));
        if found {
            *self = ahead;
        }
        found
    }

    /// Reads at most `max` ASCII bytes for which `wanted` holds.
    pub(crate) fn ascii(&mut self, max: usize, wanted: impl Fn(u8) -> bool) -> &'a str {
        let n = self.0.bytes().take(max).take_while(|&b| b.is_ascii() && wanted(b)).count();
        self.take(n).unwrap_or_default()
    }

    /// Reads blanks and tabs; whether there were any.
    pub(crate) fn blanks(&mut self) -> bool {
        let before = self.0.len();
        self.0 = self.0.trim_ascii_start();
        self.0.len() < before
    }

    /// Reads up to the next blank or the end.
    pub(crate) fn token(&mut self) -> &'a str {
        let n = self.0.bytes().position(|b| b.is_ascii_whitespace()).unwrap_or(self.0.len());
        self.take(n).unwrap_or_default()
    }

    /// Reads a decimal number of one to `max` digits; `None` if there is no digit, more digits, or it does not fit.
    pub(crate) fn number<T: TryFrom<u64>>(&mut self, max: usize) -> Option<T> {
        let mut ahead = *self;
        let digits = ahead.ascii(max, |b| b.is_ascii_digit());
        if digits.is_empty() || ahead.peek().is_some_and(|b| b.is_ascii_digit()) {
            return None;
        }
        let value = digits.parse::<u64>().ok()?;
        *self = ahead;
        T::try_from(value).ok()
    }
}
