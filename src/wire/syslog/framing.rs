//! Where one message of a stream ends and the next begins, told anew for each message.
//!
//! * Octet counting (RFC 6587 section 3.4.1, RFC 5425 section 4.3): a count, a blank, `<`. A line that only begins with a number
//!   is no count.
//! * Else the message ends at a line feed or NUL (RFC 6587 section 3.4.2); a carriage return before that is dropped by the decoder.
//! * Messages that are glued together: a `<PRI>` begins the next one where it stands behind the closed parameters of an alarm. Nowhere
//!   else: a user name is text from a stranger, and must not be able to begin a message.
//!
//! How CUCM frames its messages is not documented, so a whole alarm that nothing follows is a message too ([`Framing::quiet`]).
//!
//! Bounds: one message of the limit, and what was pushed last. A longer one is skipped to where it ends, and said once.

use core::ops::Range;

use super::decode;
use crate::wire::ciscolog;

/// Digits of a count.
const DIGITS: usize = 7;
/// Octets of `<PRI>` and one more: so many behind the limit tell whether the next message begins at it.
const LOOKAHEAD: usize = 6;
/// Places in one line that are looked at as the beginning of the next message.
const LOOKS: usize = 8;
/// Capacity that a stream may keep while nothing of a message waits.
const KEPT: usize = 1_024;

/// What comes out of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// One message. With `cut`, the stream ended before all that was counted had come.
    Message {
        /// The octets between the marks.
        octets: &'a [u8],
        /// Whether its end is missing.
        cut: bool,
    },
    /// A message that is longer than the limit; it is skipped.
    TooLong,
}

/// One stream.
#[derive(Debug)]
pub struct Framing {
    limit: usize,
    buffer: Vec<u8>,
    /// Where the next message begins.
    start: usize,
    /// Up to here no mark was found.
    looked: usize,
    /// Up to here nothing begins the next message.
    judged: usize,
    /// Places in the present line that may still be looked at as the beginning of the next message.
    looks: usize,
    skip: Skip,
}

/// What is still to be skipped of a message that is too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Skip {
    Nothing,
    Octets(usize),
    Line,
}

/// What stands at the beginning of a message.
enum Head {
    /// Octet counting: the length of the head, and the count.
    Counted(usize, usize),
    /// It may become a count.
    Unfinished,
    Line,
}

/// Where a message is, and how much of the stream it takes.
enum Found {
    Message { at: Range<usize>, next: usize, cut: bool },
    TooLong,
}

impl Framing {
    /// A stream that has said nothing; a message may have `limit` octets.
    #[must_use]
    pub const fn new(limit: usize) -> Self {
        Self { limit, buffer: Vec::new(), start: 0, looked: 0, judged: 0, looks: LOOKS, skip: Skip::Nothing }
    }

    /// What came. Take every frame before more is pushed.
    pub fn push(&mut self, octets: &[u8]) {
        self.compact();
        self.buffer.extend_from_slice(octets);
    }

    /// The next message that has come whole.
    pub fn next_frame(&mut self) -> Option<Frame<'_>> {
        let found = self.find(false)?;
        Some(self.frame(found))
    }

    /// What waits for its end, if it is an alarm with closed parameters: for a stream that has been quiet for a while.
    pub fn quiet(&mut self) -> Option<Frame<'_>> {
        let rest = self.rest();
        if self.skip != Skip::Nothing || !matches!(head(rest), Head::Line) || !is_whole(rest) {
            return None;
        }
        let (at, next) = (self.start..self.buffer.len(), self.buffer.len());
        Some(self.frame(Found::Message { at, next, cut: false }))
    }

    /// What is left when the stream has ended. Call until it gives nothing.
    pub fn last_frame(&mut self) -> Option<Frame<'_>> {
        let found = self.find(true)?;
        Some(self.frame(found))
    }

    /// Octets of a message that has not come whole.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.rest().len()
    }

    /// Whether the next octet begins a message.
    #[must_use]
    pub fn is_between(&self) -> bool {
        self.waiting() == 0 && self.skip == Skip::Nothing
    }

    fn rest(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }

    fn compact(&mut self) {
        if self.start > 0 {
            self.buffer.drain(..self.start.min(self.buffer.len()));
            self.looked = self.looked.saturating_sub(self.start);
            self.judged = self.judged.saturating_sub(self.start);
            self.start = 0;
        }
        if self.buffer.is_empty() && self.buffer.capacity() > KEPT {
            self.buffer = Vec::new();
        }
    }

    /// Goes on to `next`, which lies within the buffer.
    fn advance(&mut self, next: usize) {
        (self.start, self.looked, self.judged, self.looks) = (next, next, next, LOOKS);
    }

    fn frame(&mut self, found: Found) -> Frame<'_> {
        match found {
            Found::TooLong => Frame::TooLong,
            Found::Message { at, next, cut } => {
                self.advance(next);
                Frame::Message { octets: self.buffer.get(at).unwrap_or_default(), cut }
            }
        }
    }

    fn find(&mut self, ended: bool) -> Option<Found> {
        self.skip_on();
        if self.skip != Skip::Nothing {
            return None;
        }
        let marks = self.rest().iter().take_while(|octet| matches!(octet, b'\n' | b'\r' | 0)).count();
        self.start += marks;
        self.looked = self.looked.max(self.start);
        let (start, len) = (self.start, self.rest().len());
        if len == 0 {
            return None;
        }
        match head(self.rest()) {
            Head::Counted(head, count) if count > self.limit => {
                self.skip = Skip::Octets(head + count);
                self.skip_on();
                Some(Found::TooLong)
            }
            Head::Counted(head, count) if head + count <= len => {
                let end = start + head + count;
                Some(Found::Message { at: start + head..end, next: end, cut: false })
            }
            Head::Counted(head, _) => {
                ended.then(|| Found::Message { at: start + head..start + len, next: start + len, cut: true })
            }
            Head::Unfinished if !ended => None,
            Head::Unfinished | Head::Line => self.find_line(ended),
        }
    }

    /// A message that ends at a mark, or where the next one is glued to it.
    fn find_line(&mut self, ended: bool) -> Option<Found> {
        let start = self.start;
        let line = self.rest();
        let line = line.get(..self.limit + LOOKAHEAD).unwrap_or(line);
        let is_full = line.len() == self.limit + LOOKAHEAD;
        let new = line.iter().enumerate().take(self.limit + 1).skip(self.looked - start);
        let mark = new.clone().find(|(_, octet)| matches!(octet, b'\n' | 0)).map(|(n, _)| n);
        let end = mark.unwrap_or(line.len());
        let mut judged = self.judged.max(start + 1) - start;
        let mut looks = self.looks;
        let glued =
            glued_at(line.get(..end).unwrap_or_default(), self.limit, &mut judged, &mut looks, ended || mark.is_some());
        let len = line.len();
        (self.looked, self.judged, self.looks) = (start + len.min(self.limit + 1), start + judged, looks);
        match (glued, mark) {
            (Some(n), _) => Some(Found::Message { at: start..start + n, next: start + n, cut: false }),
            (None, Some(n)) => Some(Found::Message { at: start..start + n, next: start + n + 1, cut: false }),
            (None, None) if ended && len <= self.limit => {
                Some(Found::Message { at: start..start + len, next: start + len, cut: false })
            }
            (None, None) if ended || is_full => {
                self.advance(start + (self.limit + 1).min(len));
                self.skip = Skip::Line;
                Some(Found::TooLong)
            }
            (None, None) => None,
        }
    }

    fn skip_on(&mut self) {
        let len = self.rest().len();
        match self.skip {
            Skip::Nothing => {}
            Skip::Octets(more) => {
                self.advance(self.start + more.min(len));
                self.skip = if more > len { Skip::Octets(more - len) } else { Skip::Nothing };
            }
            Skip::Line => match self.rest().iter().position(|octet| matches!(octet, b'\n' | 0)) {
                Some(n) => {
                    self.advance(self.start + n + 1);
                    self.skip = Skip::Nothing;
                }
                None => self.advance(self.buffer.len()),
            },
        }
    }
}

fn head(rest: &[u8]) -> Head {
    let digits = rest.iter().take_while(|octet| octet.is_ascii_digit()).count();
    if digits == 0 || digits > DIGITS || rest.first() == Some(&b'0') {
        return Head::Line;
    }
    match (rest.get(digits), rest.get(digits + 1)) {
        (None, _) | (Some(b' '), None) => Head::Unfinished,
        (Some(b' '), Some(b'<')) => {
            let number = rest.iter().take(digits).fold(0, |n, octet| n * 10 + usize::from(octet - b'0'));
            Head::Counted(digits + 1, number)
        }
        (Some(_), _) => Head::Line,
    }
}

/// Where the next message begins in a line that should hold one: at `judged` or behind it, at most `limit`. What was judged is not
/// judged again; with `complete`, nothing follows the line.
fn glued_at(line: &[u8], limit: usize, judged: &mut usize, looks: &mut usize, complete: bool) -> Option<usize> {
    let from = *judged;
    for (n, _) in line.iter().enumerate().take(limit + 1).skip(from).filter(|(_, octet)| **octet == b'<') {
        *judged = n;
        match begins_message(line.get(n..).unwrap_or_default()) {
            None if !complete => return None,
            None | Some(false) => {}
            Some(true) => {
                *looks = looks.checked_sub(1)?;
                if is_whole(line.get(..n).unwrap_or_default()) {
                    return Some(n);
                }
            }
        }
        *judged = n + 1;
    }
    *judged = (*judged).max(line.len().min(limit + 1));
    None
}

/// `<PRI>` (RFC 5424 section 6.2.1) with something behind it; `None` if more must come to tell.
fn begins_message(text: &[u8]) -> Option<bool> {
    let digits = text.iter().skip(1).take(4).take_while(|octet| octet.is_ascii_digit()).count();
    match (text.get(1 + digits), text.get(2 + digits)) {
        _ if digits > 3 => Some(false),
        (None, _) => None,
        (Some(b'>'), _) if digits == 0 => Some(false),
        (Some(b'>'), next) => next.map(|next| !matches!(next, b'\n' | b'\r' | 0)),
        (Some(_), _) => Some(false),
    }
}

/// Whether this is an alarm with parameters, all of them closed, and a text behind them or none.
fn is_whole(line: &[u8]) -> bool {
    let line = String::from_utf8_lossy(line);
    let alarm = ciscolog::parse(decode(&line).body);
    alarm.is_some_and(|log| !log.truncated && log.tags.iter().next().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: usize = 200;
    const ALARM: &str = "<188>1: n: Jan 15 2026 08:21:01.114 UTC : %UC_IMS-4-authFail: %[UserID=jdoe][NodeID=n]: x";

    /// Everything that comes out of a stream that comes in pieces of this size, and ends.
    fn frames_by(size: usize, stream: &[u8]) -> Vec<String> {
        let mut framing = Framing::new(LIMIT);
        let mut all = Vec::new();
        let mut keep = |frame: Frame<'_>| {
            all.push(match frame {
                Frame::Message { octets, cut } => {
                    format!("{}{}", String::from_utf8_lossy(octets), if cut { " (cut)" } else { "" })
                }
                Frame::TooLong => "(too long)".into(),
            });
        };
        for piece in stream.chunks(size) {
            framing.push(piece);
            while let Some(frame) = framing.next_frame() {
                keep(frame);
            }
            assert!(framing.rest().len() <= LIMIT.saturating_add(size).saturating_add(DIGITS + LOOKAHEAD));
        }
        while let Some(frame) = framing.last_frame() {
            keep(frame);
        }
        all
    }

    /// The same in any pieces.
    fn frames(stream: impl AsRef<[u8]>) -> Vec<String> {
        let whole = frames_by(usize::MAX, stream.as_ref());
        for size in [1, 2, 3, 7, 64] {
            assert_eq!(frames_by(size, stream.as_ref()), whole, "in pieces of {size}");
        }
        whole
    }

    #[test]
    fn each_message_is_told_by_its_own_framing() {
        assert_eq!(frames("<1>a\n<2>b\r\n<3>c\0\n\n<4>d"), ["<1>a", "<2>b\r", "<3>c", "<4>d"]);
        assert_eq!(frames("4 <1>a5 <2>bc<3>d\n4 <4>e\n4 <5>f"), ["<1>a", "<2>bc", "<3>d", "<4>e", "<5>f"]);
        assert_eq!(frames("7 <1>a\nb\n<2>c\n"), ["<1>a\nb\n", "<2>c"]);
        assert!(frames("").is_empty() && frames("\r\n\0\n").is_empty());
    }

    #[test]
    fn a_number_that_is_no_count_begins_a_line() {
        let lines =
            ["1042,2026-01-15,Login", "31 host local7 3 : x", "0 <1>a", "12345678 <1>a", "16<1>1", "7", "7 ", "7 x"];
        for line in lines {
            assert_eq!(frames(format!("{line}\n<1>a\n")), [line, "<1>a"]);
        }
        assert_eq!(frames("7 "), ["7 "]);
    }

    #[test]
    fn what_was_counted_and_did_not_come_is_missing() {
        assert_eq!(frames("9 <1>abc"), ["<1>abc (cut)"]);
    }

    #[test]
    fn a_message_that_is_too_long_is_skipped_once_and_the_next_is_read() {
        let long = "x".repeat(3 * LIMIT);
        assert_eq!(frames(format!("<1>{long}\n<2>b\n")), ["(too long)", "<2>b"]);
        assert_eq!(frames(format!("603 <1>{long}4 <2>b")), ["(too long)", "<2>b"]);
        assert_eq!(frames(format!("<1>{long}")), ["(too long)"]);
        assert_eq!(frames(format!("9999999 <1>{long}")), ["(too long)"]);
        let (just, counted) = ("x".repeat(LIMIT), format!("<{}", "x".repeat(LIMIT - 1)));
        assert_eq!(frames(format!("{just}\n200 {counted}<1>a\n")), [just, counted, "<1>a".into()]);
    }

    #[test]
    fn alarms_that_are_glued_together_are_told_apart() {
        let next = ALARM.replace("jdoe", "asmith");
        assert_eq!(frames(format!("{ALARM}{next}{ALARM}\n")), [ALARM, &next, ALARM]);
        assert_eq!(frames(format!("{ALARM}6 <13>ab")), [format!("{ALARM}6 "), "<13>ab".into()]);
    }

    #[test]
    fn no_value_can_begin_a_message() {
        let forged = "<184>9: n: Jan 15 2026 08:21:01.115 UTC : %UC_IMS-4-authHackLock: %\\[UserID=admin\\]: x";
        let inside = ALARM.replace("jdoe", &format!("jdoe{forged}"));
        assert_eq!(frames_by(16, format!("{}\n", inside.replace(" x", "")).as_bytes()).len(), 1);
        let text = "<86>Jan 15 09:30:00 web1 sshd[1]: Failed password for <13>x from 192.0.2.20 port 1 ssh2";
        assert_eq!(frames(format!("{text}\n")), [text]);
        let many = format!("{}\n", "<13>a".repeat(30));
        assert_eq!(frames(&many), [many.trim_end()]);
    }

    #[test]
    fn a_whole_alarm_without_an_end_is_taken_when_the_stream_is_quiet() {
        let mut framing = Framing::new(LIMIT);
        framing.push(ALARM.as_bytes());
        assert_eq!(framing.next_frame(), None);
        assert!(framing.waiting() > 0);
        assert_eq!(framing.quiet(), Some(Frame::Message { octets: ALARM.as_bytes(), cut: false }));
        assert_eq!(framing.quiet(), None);
        assert!(framing.waiting() == 0);
        for unfinished in
            ["<188>1: n: Jan 15 2026 08:21:01.114 UTC : %UC_IMS-4-authFail: %[UserID=jdoe][Node", "<13>hel", "200 <1>a"]
        {
            let mut framing = Framing::new(LIMIT);
            framing.push(unfinished.as_bytes());
            assert!(
                framing.next_frame().is_none() && framing.quiet().is_none() && framing.waiting() > 0,
                "{unfinished}"
            );
        }
    }

    #[test]
    fn a_stream_without_a_message_keeps_no_memory() {
        let mut framing = Framing::new(1 << 16);
        framing.push(&[b'x'; 60_000]);
        framing.push(b"\n");
        assert!(framing.next_frame().is_some() && framing.next_frame().is_none());
        framing.compact();
        assert_eq!(framing.buffer.capacity(), 0);
    }
}
