//! A source file with all its mutants in it, each asleep until it is called by its number.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{Expr, ExprBinary, ExprRepeat, ExprUnary, ReturnType, Signature, UnOp};

/// The longest part of the source that is shown in a name.
const SHOWN: usize = 72;

/// A file in its new form.
pub(super) struct Rewritten {
    pub(super) text: String,
    /// What each number stands for; the first is `first`.
    pub(super) names: Vec<String>,
}

/// Puts the mutants of this file into it, except for those whose names are in `without`; they are numbered from `first` on.
pub(super) fn rewrite(file: &str, text: &str, first: usize, without: &BTreeSet<String>) -> syn::Result<Rewritten> {
    let parsed = syn::parse_file(text)?;
    let mut sites = Sites { text, within: Vec::new(), found: Vec::new() };
    sites.visit_file(&parsed);
    let mut found = sites.found;
    // An outer one before those inside.
    found.sort_by_key(|site| (site.range.start, usize::MAX - site.range.end));
    let mut writer = Writer { file, text, first, without, names: Vec::new(), seen: BTreeMap::new() };
    let whole = writer.write(0..text.len(), &found);
    Ok(Rewritten { text: whole, names: writer.names })
}

/// A place that can be changed.
struct Site {
    range: Range<usize>,
    /// The functions and types around it.
    within: String,
    changes: Vec<Change>,
}

struct Change {
    /// For the reader.
    what: String,
    /// The text instead; of a function, a statement before all others.
    instead: String,
}

struct Sites<'a> {
    text: &'a str,
    within: Vec<String>,
    found: Vec<Site>,
}

impl Sites<'_> {
    fn of(&self, range: Range<usize>) -> String {
        self.text.get(range).unwrap_or_default().to_owned()
    }

    fn add(&mut self, range: Range<usize>, changes: Vec<Change>) {
        if !changes.is_empty() {
            self.found.push(Site { range, within: self.within.join("::"), changes });
        }
    }

    fn function(&mut self, signature: &Signature, block: &syn::Block, inside: impl FnOnce(&mut Self)) {
        // What is evaluated by the compiler cannot ask for a number.
        if signature.constness.is_some() {
            return;
        }
        self.within.push(signature.ident.to_string());
        let start = block.brace_token.span.open().byte_range().end;
        let changes = results(&self.of(signature.output.span().byte_range()), &signature.output);
        self.add(start..start, changes);
        inside(self);
        self.within.pop();
    }
}

impl<'ast> Visit<'ast> for Sites<'_> {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        let is_test = module.attrs.iter().any(|attribute| self.of(attribute.span().byte_range()).contains("cfg(test)"));
        if !is_test {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let name = self.of(item.self_ty.span().byte_range());
        self.within.push(name.split(['<', ' ']).next().unwrap_or_default().to_owned());
        visit::visit_item_impl(self, item);
        self.within.pop();
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.function(&item.sig, &item.block, |sites| visit::visit_block(sites, &item.block));
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.function(&item.sig, &item.block, |sites| visit::visit_block(sites, &item.block));
    }

    fn visit_expr_binary(&mut self, binary: &'ast ExprBinary) {
        if !has_let(&binary.left) && !has_let(&binary.right) {
            let (left, right) = (binary.left.span().byte_range(), binary.right.span().byte_range());
            let (old, range) = (self.of(binary.op.span().byte_range()), left.start..right.end);
            let (left, right) = (self.of(left), self.of(right));
            let shown = shown(&self.of(range.clone()));
            let change = |new: &&str| Change {
                what: format!("{shown} [{old} to {new}]"),
                instead: format!("{left} {new} {right}"),
            };
            self.add(range, others(&old).iter().map(change).collect());
        }
        visit::visit_expr_binary(self, binary);
    }

    fn visit_expr_unary(&mut self, unary: &'ast ExprUnary) {
        if matches!(unary.op, UnOp::Not(_)) {
            let (range, instead) = (unary.span().byte_range(), self.of(unary.expr.span().byte_range()));
            let what = format!("{} [without !]", shown(&self.of(range.clone())));
            self.add(range, vec![Change { what, instead }]);
        }
        visit::visit_expr_unary(self, unary);
    }

    fn visit_expr_repeat(&mut self, repeat: &'ast ExprRepeat) {
        self.visit_expr(&repeat.expr);
    }

    fn visit_expr_const(&mut self, _: &'ast syn::ExprConst) {}
    fn visit_item_const(&mut self, _: &'ast syn::ItemConst) {}
    fn visit_impl_item_const(&mut self, _: &'ast syn::ImplItemConst) {}
    fn visit_item_static(&mut self, _: &'ast syn::ItemStatic) {}
    fn visit_pat(&mut self, _: &'ast syn::Pat) {}
    fn visit_type(&mut self, _: &'ast syn::Type) {}
}

/// Whether it binds a name, which does not outlast parentheses.
fn has_let(expression: &Expr) -> bool {
    if let Expr::Binary(binary) = expression {
        has_let(&binary.left) || has_let(&binary.right)
    } else {
        matches!(expression, Expr::Let(_))
    }
}

fn others(operator: &str) -> &'static [&'static str] {
    match operator {
        "<" => &["<=", ">="],
        "<=" => &["<", ">"],
        ">" => &[">=", "<="],
        ">=" => &[">", "<"],
        "==" => &["!="],
        "!=" => &["=="],
        "&&" => &["||"],
        "||" => &["&&"],
        "-" | "*" => &["+"],
        "+" => &["-"],
        "/" => &["*"],
        "%" => &["/"],
        _ => &[],
    }
}

/// What a function can give without doing anything.
fn results(written: &str, output: &ReturnType) -> Vec<Change> {
    let written = written.trim_start_matches("->").trim();
    let values: &[&str] = match written {
        _ if matches!(output, ReturnType::Default) => &[""],
        "bool" => &["true", "false"],
        "u8" | "u16" | "u32" | "u64" | "usize" | "i64" => &["0", "1"],
        "Span" => &["Span::ZERO"],
        "String" => &["String::new()"],
        _ if written.starts_with("Option<") => &["None"],
        _ => &[],
    };
    let change = |value: &&str| Change {
        what: if value.is_empty() { "[does nothing]".into() } else { format!("[gives {value}]") },
        instead: format!("return {value};"),
    };
    values.iter().map(change).collect()
}

/// One line of at most [`SHOWN`] characters.
fn shown(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

struct Writer<'a> {
    file: &'a str,
    text: &'a str,
    first: usize,
    without: &'a BTreeSet<String>,
    names: Vec<String>,
    /// How often a name was given.
    seen: BTreeMap<String, u32>,
}

impl Writer<'_> {
    /// The text of `range`, in which these sites lie.
    fn write(&mut self, range: Range<usize>, sites: &[Site]) -> String {
        let (mut written, mut at) = (String::new(), range.start);
        let mut rest = sites;
        while let Some((site, after)) = rest.split_first() {
            written.push_str(self.text.get(at..site.range.start).unwrap_or_default());
            let inside = after.iter().take_while(|other| other.range.end <= site.range.end && !site.is_function());
            let (inside, outside) = after.split_at(inside.count());
            written.push_str(&self.site(site, inside));
            (at, rest) = (site.range.end, outside);
        }
        written.push_str(self.text.get(at..range.end).unwrap_or_default());
        written
    }

    fn site(&mut self, site: &Site, inside: &[Site]) -> String {
        let numbers: Vec<(usize, &Change)> =
            site.changes.iter().filter_map(|change| Some((self.number(site, change)?, change))).collect();
        if site.is_function() {
            let asleep =
                |(n, change): &(usize, &Change)| format!(" if crate::mutant::on({n}) {{ {} }}", change.instead);
            return numbers.iter().map(asleep).collect();
        }
        let written = self.write(site.range.clone(), inside);
        numbers.into_iter().fold(written, |written, (n, change)| {
            format!("(if crate::mutant::on({n}) {{ {} }} else {{ {written} }})", change.instead)
        })
    }

    fn number(&mut self, site: &Site, change: &Change) -> Option<usize> {
        let plain = format!("{}: {}: {}", self.file, site.within, change.what);
        let times = self.seen.entry(plain.clone()).or_default();
        *times += 1;
        let name = if *times == 1 { plain } else { format!("{plain} #{times}") };
        if self.without.contains(&name) {
            return None;
        }
        self.names.push(name);
        Some(self.first + self.names.len() - 1)
    }
}

impl Site {
    fn is_function(&self) -> bool {
        self.range.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_negations_and_results_are_changed_and_nothing_that_must_stay() {
        let source = "\
const N: usize = 2 + 2;
impl Pattern {
    fn holds(&self, at: u64) -> bool {
        // From the first on.
        !(self.from <= at && at < self.until)
    }
}
const fn twice(n: u32) -> u32 { n * 2 }
fn note(list: &mut Vec<u8>) {
    if let Some(a) = list.pop() && a > 1 {
        list.push([0; 1 + 1].len() as u8);
    }
}
#[cfg(test)]
mod tests { fn more() -> bool { 1 < 2 } }
";
        let done = rewrite("a.rs", source, 1, &BTreeSet::from(["a.rs: note: [does nothing]".to_owned()])).unwrap();
        let names = [
            "a.rs: Pattern::holds: [gives true]",
            "a.rs: Pattern::holds: [gives false]",
            "a.rs: Pattern::holds: !(self.from <= at && at < self.until) [without !]",
            "a.rs: Pattern::holds: self.from <= at && at < self.until [&& to ||]",
            "a.rs: Pattern::holds: self.from <= at [<= to <]",
            "a.rs: Pattern::holds: self.from <= at [<= to >]",
            "a.rs: Pattern::holds: at < self.until [< to <=]",
            "a.rs: Pattern::holds: at < self.until [< to >=]",
            "a.rs: note: a > 1 [> to >=]",
            "a.rs: note: a > 1 [> to <=]",
        ];
        assert_eq!(done.names, names);
        let on =
            |n: u32, instead: &str, or: &str| format!("(if crate::mutant::on({n}) {{ {instead} }} else {{ {or} }})");
        let from = on(6, "self.from > at", &on(5, "self.from < at", "self.from <= at"));
        let until = on(8, "at >= self.until", &on(7, "at <= self.until", "at < self.until"));
        let both = on(4, "self.from <= at || at < self.until", &format!("{from} && {until}"));
        let not = on(3, "(self.from <= at && at < self.until)", &format!("!({both})"));
        let first = " if crate::mutant::on(1) { return true; } if crate::mutant::on(2) { return false; }";
        let expected = source
            .replace("-> bool {\n        //", &format!("-> bool {{{first}\n        //"))
            .replace("!(self.from <= at && at < self.until)", &not)
            .replace("a > 1", &on(10, "a <= 1", &on(9, "a >= 1", "a > 1")));
        assert_eq!(done.text, expected);
    }

    #[test]
    fn equal_changes_in_one_function_are_told_apart() {
        let done = rewrite("a.rs", "fn f(a: bool) -> u64 { g(!a) + g(!a) }", 7, &BTreeSet::new()).unwrap();
        let names = ["[gives 0]", "[gives 1]", "g(!a) + g(!a) [+ to -]", "!a [without !]", "!a [without !] #2"];
        assert_eq!(done.names, names.map(|name| format!("a.rs: f: {name}")));
    }
}
