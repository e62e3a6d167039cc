//! Rust text as tokens without comments and literals, with what belongs to tests marked.

/// A word, a `::`, or one other character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) text: String,
    /// From 1.
    pub(super) line: usize,
    /// Whether it stands under `#[cfg(test)]`.
    pub(super) test: bool,
}

/// The tokens of a file.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    for (line, code) in (1..).zip(code_only(text).lines()) {
        let mut rest = code.trim_start();
        while let Some(first) = rest.chars().next() {
            let length = if is_word(first) {
                rest.find(|c| !is_word(c)).unwrap_or(rest.len())
            } else if rest.starts_with("::") {
                2
            } else {
                first.len_utf8()
            };
            let (token, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
            tokens.push(Token { text: token.to_owned(), line, test: false });
            rest = after.trim_start();
        }
    }
    mark_tests(&mut tokens);
    tokens
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Marks each item under `#[cfg(test)]` or `#[cfg(all(test, …))]`, from the attribute to its closing brace or semicolon.
fn mark_tests(tokens: &mut [Token]) {
    let mut at = 0;
    while let Some(rest) = tokens.get_mut(at..).filter(|rest| !rest.is_empty()) {
        let length = if starts_test(rest) { item_length(rest) } else { 0 };
        for token in rest.iter_mut().take(length) {
            token.test = true;
        }
        at += length.max(1);
    }
}

fn starts_test(tokens: &[Token]) -> bool {
    let begins = |words: &[&str]| tokens.iter().map(|t| t.text.as_str()).take(words.len()).eq(words.iter().copied());
    begins(&["#", "[", "cfg", "(", "test", ")", "]"]) || begins(&["#", "[", "cfg", "(", "all", "(", "test", ","])
}

fn item_length(tokens: &[Token]) -> usize {
    let mut depth = 0_usize;
    for (length, token) in (1..).zip(tokens) {
        match token.text.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" => depth = depth.saturating_sub(1),
            "}" => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return length;
                }
            }
            ";" if depth == 0 => return length,
            _ => {}
        }
    }
    tokens.len()
}

/// `text` with comments, strings and character literals turned to blanks; its lines stay where they are.
fn code_only(text: &str) -> String {
    let mut reader = Reader { rest: text, code: String::with_capacity(text.len()) };
    let mut in_word = false;
    while let Some(first) = reader.rest.chars().next() {
        let literal = if in_word { None } else { raw_string(reader.rest) };
        let length = literal.or_else(|| comment(reader.rest)).or_else(|| quoted(reader.rest));
        match length {
            Some(length) => reader.blank(length),
            None => reader.keep(first.len_utf8()),
        }
        in_word = length.is_none() && is_word(first);
    }
    reader.code
}

struct Reader<'a> {
    rest: &'a str,
    code: String,
}

impl<'a> Reader<'a> {
    fn keep(&mut self, length: usize) {
        let taken = self.take(length);
        self.code.push_str(taken);
    }

    fn blank(&mut self, length: usize) {
        let taken = self.take(length);
        self.code.extend(taken.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
    }

    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }
}

/// The length of the comment that `text` begins with; block comments nest.
fn comment(text: &str) -> Option<usize> {
    if text.starts_with("//") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    if !text.starts_with("/*") {
        return None;
    }
    let mut depth = 0_usize;
    let mut rest = text;
    loop {
        let step = if rest.starts_with("/*") {
            depth += 1;
            2
        } else if rest.starts_with("*/") {
            depth -= 1;
            2
        } else {
            rest.chars().next().map_or(0, char::len_utf8)
        };
        rest = rest.split_at_checked(step).map_or("", |(_, after)| after);
        if depth == 0 || rest.is_empty() {
            return Some(text.len() - rest.len());
        }
    }
}

/// The length of the raw string (`r"`, `br#"`, `cr"` …) that `text` begins with.
fn raw_string(text: &str) -> Option<usize> {
    let marks = ["br", "cr", "r"].iter().find_map(|start| text.strip_prefix(start))?;
    let body = marks.trim_start_matches('#');
    let hashes = marks.len() - body.len();
    let body = body.strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let length = body.find(&end).map_or(body.len(), |at| at + end.len());
    Some(text.len() - body.len() + length)
}

/// The length of the string or character literal that `text` begins with; a lifetime is neither.
fn quoted(text: &str) -> Option<usize> {
    let mut chars = text.char_indices();
    let (_, quote) = chars.next().filter(|(_, c)| matches!(c, '"' | '\''))?;
    if quote == '\'' {
        let mut ahead = text.chars().skip(1);
        let (first, second) = (ahead.next(), ahead.next());
        if first != Some('\\') && second != Some('\'') {
            return None;
        }
    }
    while let Some((at, c)) = chars.next() {
        if c == '\\' {
            chars.next();
        } else if c == quote {
            return Some(at + 1);
        }
    }
    Some(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> String {
        tokens(text).iter().map(|t| t.text.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn comments_and_literals_are_not_code() {
        assert_eq!(words("a // std::fs\n/* b /* c */ d */ e"), "a e");
        assert_eq!(words(r##"f("std::fs \" x", r#"tokio " y"#, br"z", b'\'', 'q', '"') g"##), "f ( , , , b , , ) g");
        assert_eq!(words("fn h<'a>(x: &'a str) -> r#type"), "fn h < ' a > ( x : & ' a str ) - > r # type");
        assert_eq!(words("\"open"), "");
    }

    #[test]
    fn lines_stay_where_they_are() {
        let lines: Vec<_> = tokens("a\n/*\n*/ b \"\n\n\" c").iter().map(|t| (t.text.clone(), t.line)).collect();
        assert_eq!(lines, [("a".into(), 1), ("b".into(), 3), ("c".into(), 5)]);
    }

    #[test]
    fn an_item_under_cfg_test_ends_with_its_brace_or_semicolon() {
        let text = "#[cfg(test)] mod tests { fn a() {} } fn b() {}
            #[cfg(all(test, unix))] use c::d; fn e(x: [u8; 4]) {} #[cfg(not(test))] fn f() {}";
        let code: Vec<_> = tokens(text).into_iter().filter(|t| !t.test && t.text.len() == 1).map(|t| t.text).collect();
        let kept: Vec<_> = code.iter().filter(|t| t.chars().all(char::is_alphabetic)).collect();
        assert_eq!(kept, ["b", "e", "x", "f"]);
    }
}
