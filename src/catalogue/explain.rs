//! Why a line was taken for what it was: each entry that was asked, and what it lacked. For people; the path does not come here.

use crate::catalogue::Catalogue;
use crate::catalogue::fields::{Fields, Misfit};
use crate::catalogue::file::{Condition, Entry, Pack, Said};
use crate::wire::ciscolog;
use crate::wire::syslog::Record;

/// What the catalogue made of one line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explanation {
    /// The entries that were asked, in order; the last was taken, if any was.
    pub considered: Vec<Considered>,
    /// The fields that the taken entry reads: key of the entry, text as written.
    pub fields: Vec<(String, String)>,
}

/// One entry that was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Considered {
    /// Its pack.
    pub pack: String,
    /// Its family.
    pub family: String,
    /// The line of its pack's file where it begins.
    pub line: usize,
    /// Its meaning in the file's word.
    pub meaning: &'static str,
    /// Why it was not taken; `None`: it was.
    pub why_not: Option<String>,
}

impl Catalogue {
    /// What the entries make of this line, before anything is decided.
    #[must_use]
    pub fn explain(&self, record: &Record<'_>) -> Explanation {
        let mut explanation = Explanation::default();
        if let Some(log) = ciscolog::parse(record.body) {
            for (pack, entry) in self.entries(log.facility, log.mnemonic) {
                if explanation.add(pack, entry, &entry.fit(pack, Some(log), log.text)) {
                    break;
                }
            }
            return explanation;
        }
        let text = record.body.trim_ascii_end();
        for (pack, entry) in self.entries_of_text(record.app) {
            let fit = entry.fit(pack, None, text);
            // An entry for any program says something only about a text with its literal.
            let is_silent = entry.program.is_empty() && matches!(fit, Err(Misfit::Literal(_)));
            if !is_silent && explanation.add(pack, entry, &fit) {
                break;
            }
        }
        explanation
    }
}

impl Explanation {
    /// The entry that was taken.
    #[must_use]
    pub fn taken(&self) -> Option<&Considered> {
        self.considered.last().filter(|last| last.why_not.is_none())
    }

    /// Whether the entry was taken.
    fn add(&mut self, pack: &Pack, entry: &Entry, fit: &Result<Fields<'_>, Misfit<'_>>) -> bool {
        self.considered.push(Considered {
            pack: pack.pack.clone(),
            family: entry.family.clone(),
            line: entry.lines.of(""),
            meaning: entry.meaning.as_str(),
            why_not: fit.as_ref().err().map(why),
        });
        if let Ok(fields) = fit {
            self.fields = read(pack, entry, fields);
        }
        fit.is_ok()
    }
}

fn read(pack: &Pack, entry: &Entry, fields: &Fields<'_>) -> Vec<(String, String)> {
    let of_pack = [("node", &pack.node), ("cluster", &pack.cluster)];
    let lists = entry.lists().into_iter().chain(of_pack);
    let named = lists.map(|(key, names)| (key.to_owned(), fields.text(names).to_owned()));
    let conditions = entry.when.iter().map(|condition| {
        let names = condition.field.as_slice();
        (format!("when {}", names.join(" or ")), fields.text(names).to_owned())
    });
    let mut read: Vec<_> = named.chain(conditions).filter(|(_, text)| !text.is_empty()).collect();
    if entry.meaning == Said::Never {
        read.extend(fields.groups().map(|(name, text)| (name.to_owned(), text.to_owned())));
    }
    read
}

fn why(misfit: &Misfit<'_>) -> String {
    match misfit {
        Misfit::Literal(part) => format!("the text does not contain {part:?}"),
        Misfit::Pattern(pattern) => format!("the text is not as the pattern says: {pattern}"),
        Misfit::TooLong => "the text is longer than patterns read".into(),
        Misfit::Condition(condition, value) => wanted(condition, value),
    }
}

fn wanted(condition: &Condition, value: &str) -> String {
    let names = condition.field.as_slice().join(" or ");
    let mut wants = Vec::new();
    let mut want = |word: &str, texts: &[String]| {
        if !texts.is_empty() {
            wants.push(format!("{word} {}", texts.iter().map(|t| format!("{t:?}")).collect::<Vec<_>>().join(" or ")));
        }
    };
    want("is", &condition.is);
    want("contains", &condition.contains);
    want("lacks", &condition.lacks);
    if !condition.code.is_empty() {
        let codes = condition.code.iter().map(|code| format!("{code:#010x}")).collect::<Vec<_>>();
        wants.push(format!("is the code {}", codes.join(" or ")));
    }
    format!("{names} is {value:?}; it asks that {names} {}", wants.join(" and "))
}
