//! Whether a pattern can match anything at all, in time proportional to its length.
//!
//! A pattern is read as a relation between states, one before and one after what it describes. For anchors and word boundaries a
//! state is what stands on both sides of a place: word, other byte, line end, or nothing. That is all that they ask for, so the answer
//! is exact. For a literal that the text must contain as well, a state is how much of it has just been read; anchors and
//! boundaries are taken as met there.

use regex_syntax::hir::{Class, Hir, HirKind, Look, Repetition};

/// Bytes of a literal that are looked at: as many as a row has room for, with the state before the first.
const LONGEST_LITERAL: usize = 63;

/// Whether no text is described by this pattern from its first byte to its last.
pub(super) fn is_dead(pattern: &Hir) -> bool {
    let relation = relate(pattern, &Sides);
    let starts = (0..SIDES * SIDES).filter(|state| state / SIDES == EDGE);
    let at_end = |state: usize| state % SIDES == EDGE;
    let mut ends =
        starts.flat_map(|start| (0..SIDES * SIDES).filter(move |&end| at_end(end)).map(move |end| (start, end)));
    !ends.any(|(start, end)| relation.holds(start, end))
}

/// Whether no text that this pattern describes contains `literal`.
pub(super) fn excludes(pattern: &Hir, literal: &str) -> bool {
    let progress = Progress::of(literal.as_bytes());
    !relate(pattern, &progress).holds(0, progress.states() - 1)
}

/// Which state can follow which: bit `j` of row `i`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Relation(Vec<u64>);

impl Relation {
    fn none(states: usize) -> Self {
        Self(vec![0; states])
    }

    fn identity(states: usize) -> Self {
        Self((0..states).map(|state| 1 << state).collect())
    }

    fn allow(&mut self, from: usize, to: usize) {
        if let Some(row) = self.0.get_mut(from) {
            *row |= 1 << to;
        }
    }

    fn holds(&self, from: usize, to: usize) -> bool {
        self.0.get(from).is_some_and(|row| row & (1 << to) != 0)
    }

    fn or(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(a, b)| a | b).collect())
    }

    fn then(&self, next: &Self) -> Self {
        let row = |&row: &u64| {
            let (mut left, mut reached) = (row, 0);
            // Most rows have few bits: only those are looked at.
            while left != 0 {
                reached |=
                    usize::try_from(left.trailing_zeros()).ok().and_then(|state| next.0.get(state)).unwrap_or(&0);
                left &= left - 1;
            }
            reached
        };
        Self(self.0.iter().map(row).collect())
    }

    /// This, so often, by squaring.
    fn times(&self, mut often: u32) -> Self {
        let (mut all, mut power) = (Self::identity(self.0.len()), self.clone());
        while often > 0 {
            if often & 1 == 1 {
                all = all.then(&power);
            }
            power = power.then(&power);
            often >>= 1;
        }
        all
    }

    fn repeated(&self, min: u32, max: Option<u32>) -> Self {
        let perhaps = self.or(&Self::identity(self.0.len()));
        // More often than there are states reaches no other one.
        let most = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        self.times(min).then(&perhaps.times(max.map_or(most, |max| max.saturating_sub(min))))
    }
}

/// What a state is.
trait States {
    fn states(&self) -> usize;

    /// One of these bytes is read.
    fn read(&self, any_of: &[u8]) -> Relation;

    /// Nothing is read.
    fn look(&self, look: Look) -> Relation;
}

fn relate(pattern: &Hir, states: &impl States) -> Relation {
    let nothing = || Relation::identity(states.states());
    match pattern.kind() {
        HirKind::Empty => nothing(),
        HirKind::Literal(literal) => literal.0.iter().fold(nothing(), |read, &byte| read.then(&states.read(&[byte]))),
        HirKind::Class(Class::Bytes(class)) => {
            let bytes: Vec<u8> = class.ranges().iter().flat_map(|range| range.start()..=range.end()).collect();
            states.read(&bytes)
        }
        HirKind::Class(Class::Unicode(class)) => {
            let holds = |c: char| class.ranges().iter().any(|range| (range.start()..=range.end()).contains(&c));
            let ascii: Vec<u8> = (0..0x80).filter(|&byte| holds(char::from(byte))).collect();
            let ascii = states.read(&ascii);
            // Of a character beyond ASCII only its length in bytes is known.
            let beyond: Vec<u8> = (0x80..=u8::MAX).collect();
            let beyond = states.read(&beyond).repeated(2, Some(4));
            if class.is_ascii() { ascii } else { ascii.or(&beyond) }
        }
        HirKind::Look(look) => states.look(*look),
        HirKind::Repetition(Repetition { min, max, sub, .. }) => relate(sub, states).repeated(*min, *max),
        HirKind::Capture(group) => relate(&group.sub, states),
        HirKind::Concat(parts) => parts.iter().fold(nothing(), |read, part| read.then(&relate(part, states))),
        HirKind::Alternation(parts) => {
            parts.iter().fold(Relation::none(states.states()), |any, part| any.or(&relate(part, states)))
        }
    }
}

/// What stands on the left and on the right of a place: one of five each.
struct Sides;

const SIDES: usize = 5;
/// The text begins or ends.
const EDGE: usize = 0;
const WORD: usize = 1;
const LF: usize = 2;
const CR: usize = 3;
const OTHER: usize = 4;

const fn side(byte: u8) -> usize {
    match byte {
        b'\n' => LF,
        b'\r' => CR,
        b'_' => WORD,
        _ if byte.is_ascii_alphanumeric() => WORD,
        _ => OTHER,
    }
}

impl States for Sides {
    fn states(&self) -> usize {
        SIDES * SIDES
    }

    fn read(&self, any_of: &[u8]) -> Relation {
        let mut relation = Relation::none(self.states());
        for read in (EDGE + 1..SIDES).filter(|&kind| any_of.iter().any(|&byte| side(byte) == kind)) {
            for (left, right) in (0..SIDES).flat_map(|left| (0..SIDES).map(move |right| (left, right))) {
                relation.allow(left * SIDES + read, read * SIDES + right);
            }
        }
        relation
    }

    fn look(&self, look: Look) -> Relation {
        let mut relation = Relation::none(self.states());
        for state in (0..self.states()).filter(|state| is_met(look, state / SIDES, state % SIDES)) {
            relation.allow(state, state);
        }
        relation
    }
}

const fn is_met(look: Look, left: usize, right: usize) -> bool {
    let (before, after) = (left == WORD, right == WORD);
    match look {
        Look::Start => left == EDGE,
        Look::End => right == EDGE,
        Look::StartLF => matches!(left, EDGE | LF),
        Look::EndLF => matches!(right, EDGE | LF),
        Look::StartCRLF => matches!(left, EDGE | LF) || (left == CR && right != LF),
        Look::EndCRLF => matches!(right, EDGE | CR) || (right == LF && left != CR),
        Look::WordAscii => before != after,
        Look::WordAsciiNegate => before == after,
        Look::WordStartAscii => !before && after,
        Look::WordEndAscii => before && !after,
        Look::WordStartHalfAscii => !before,
        Look::WordEndHalfAscii => !after,
        // What is a letter beyond ASCII is not looked at.
        Look::WordUnicode
        | Look::WordUnicodeNegate
        | Look::WordStartUnicode
        | Look::WordEndUnicode
        | Look::WordStartHalfUnicode
        | Look::WordEndHalfUnicode => true,
    }
}

/// How many bytes of a literal have just been read; the last state stays, once all have been.
struct Progress {
    /// By state: the state after each byte.
    next: Vec<Vec<usize>>,
}

impl Progress {
    fn of(literal: &[u8]) -> Self {
        let literal = literal.get(..LONGEST_LITERAL).unwrap_or(literal);
        let mut next: Vec<Vec<usize>> = Vec::new();
        // Where the text would stand that is one byte shorter at its beginning.
        let mut shorter = 0;
        for (state, &wanted) in literal.iter().enumerate() {
            let row: Vec<usize> = (0..=u8::MAX)
                .map(|byte| {
                    let other = next.get(shorter).and_then(|row| row.get(usize::from(byte))).copied().unwrap_or(0);
                    if byte == wanted { state + 1 } else { other }
                })
                .collect();
            if state > 0 {
                shorter = next.get(shorter).and_then(|row| row.get(usize::from(wanted))).copied().unwrap_or(0);
            }
            next.push(row);
        }
        next.push(vec![literal.len(); 256]);
        Self { next }
    }
}

impl States for Progress {
    fn states(&self) -> usize {
        self.next.len()
    }

    fn read(&self, any_of: &[u8]) -> Relation {
        let mut relation = Relation::none(self.states());
        for (state, next) in self.next.iter().enumerate() {
            for &to in any_of.iter().filter_map(|&byte| next.get(usize::from(byte))) {
                relation.allow(state, to);
            }
        }
        relation
    }

    fn look(&self, _: Look) -> Relation {
        Relation::identity(self.states())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::pattern::parse;

    #[test]
    fn a_pattern_is_dead_if_its_anchors_and_boundaries_contradict_each_other() {
        for dead in [
            "a^b",
            "user$x",
            r"^\bfoo\Bbar\b baz\b.\Bx",
            r"foo\bbar",
            r"^\bfoo\B.\bbar$",
            r"\B\bx",
            r"(?:\ba){2}",
            r" \bfoo \B x\bx",
            r"(?m:^)(?-m:x)(?m:^)y",
            r"a\z.*b",
            r"\b",
            r"(?R:a$b)",
            r"\b{start}\b{end}x",
            "a[^\\x00-\\xff]",
            r"(?:a\bb|c\Bd\b\w)",
        ] {
            assert!(is_dead(&parse(dead).unwrap()), "{dead}");
        }
        for alive in [
            "",
            "^$",
            r"^\bfoo\b.\bbar$",
            r"(?:\ba ){2}",
            r"\w+\b\W+",
            "(?m:a$\n^b)",
            "(?:x^y|z)",
            "(?:a^)*b",
            r"\B",
            "(?Rm:a$\r\n^b)",
        ] {
            assert!(!is_dead(&parse(alive).unwrap()), "{alive}");
        }
    }

    #[test]
    fn what_is_called_dead_or_alive_is_so_for_the_engine_that_matches() {
        // Every text of up to four bytes of each kind, against every pattern of three parts.
        let bytes = ["a", "-", "\n", "\r"];
        let mut texts = vec![String::new()];
        for length in 1..=4 {
            let longer: Vec<String> = texts
                .iter()
                .filter(|text| text.len() == length - 1)
                .flat_map(|text| bytes.map(|b| format!("{text}{b}")))
                .collect();
            texts.extend(longer);
        }
        let parts = ["a", "-", r"\n", r"\b", r"\B", "(?m:^)", "(?m:$)", r"\z", "(?mR:$)", r"(?:\ba?){2}"];
        let parts = &parts;
        let pairs = parts.iter().flat_map(|a| parts.iter().map(move |b| format!("{a}{b}")));
        let patterns = pairs.flat_map(|pair| parts.iter().map(move |c| format!("{pair}{c}")));
        for pattern in patterns {
            let whole = regex::bytes::RegexBuilder::new(&format!(r"\A(?:{pattern})\z")).unicode(false).build().unwrap();
            let matches = texts.iter().any(|text| whole.is_match(text.as_bytes()));
            assert_eq!(is_dead(&parse(&pattern).unwrap()), !matches, "{pattern}");
        }
    }

    #[test]
    fn a_literal_that_the_pattern_leaves_no_place_for_is_found() {
        fn excluded(pattern: &str, literal: &str) -> bool {
            excludes(&parse(pattern).unwrap(), literal)
        }
        for (pattern, literal) in [
            (r"Failed password for \S+", "Failed login"),
            (r"wrong code of \w+", "code:"),
            (r"\d+ tries", "tries "),
            ("(?:abab)?c", "ababab"),
        ] {
            assert!(excluded(pattern, literal), "{pattern} {literal}");
        }
        for (pattern, literal) in [
            (r"Failed password for \S+", "Failed password"),
            (r"(?i)failed .*", "FAILED"),
            (".*", "anything at all"),
            ("(?:ab)+c", "ababab"),
            ("aab", "ab"),
            ("(?:é|x)y", "éy"),
        ] {
            assert!(!excluded(pattern, literal), "{pattern} {literal}");
        }
        assert!(!excluded("x*", &"x".repeat(1000)), "only the first 63 bytes are looked at");
        assert!(excluded("(?:xy){0,1000}", &"x".repeat(1000)));
    }
}
