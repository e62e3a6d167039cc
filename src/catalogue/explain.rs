//! Why a line was taken for what it was: each entry that was asked, and what it lacked. For people; the path does not come here.

use crate::catalogue::fields::{Fields, Misfit};
use crate::catalogue::file::{Condition, Entry, Pack, Said};
use crate::catalogue::{Catalogue, Origin};
use crate::event::{Credential, Family, LockReason, Meaning, Observation, Realm, Stamped};
use crate::verdict::Verdict;
use crate::wire::ciscolog;
use crate::wire::syslog::Record;

/// What the catalogue made of one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The entries that were asked, in order; the last was taken, if any was.
    pub considered: Vec<Considered>,
    /// The fields that the taken entry reads: key of the entry, text as written.
    pub fields: Vec<(String, String)>,
    /// What the line says about accounts, if everything in it is new.
    pub statements: Vec<Statement>,
    /// How it would end, if everything in it is new.
    pub verdict: Verdict,
}

/// What a line said about an account, each text as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The verdict of this statement alone.
    pub verdict: Verdict,
    /// Who answers for the account.
    pub realm: Realm,
    /// The canonical name of the alarm.
    pub family: String,
    /// Key and text: account, target, source, interface, session-id, comment, number, node, cluster.
    pub texts: [(&'static str, String); 9],
    /// Which credential.
    pub credential: Credential,
    /// Of a lockout: why.
    pub reason: Option<LockReason>,
    /// Of a lockout: how long it lasts, in seconds.
    pub unlock_s: Option<u32>,
    /// How many failures it reports itself.
    pub failures: Option<u32>,
    /// Whether a session was free, if it says so.
    pub session_available: Option<bool>,
    /// Its own time.
    pub stamp: Option<Stamped>,
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
    /// What is made of this line, before anything is decided.
    #[must_use]
    pub fn explain(&self, record: &Record<'_>, origin: Origin<'_>) -> Explanation {
        let mut statements = Vec::new();
        let verdict = self.read_line(record, origin, &mut |said| {
            let statement = self.statement(said);
            let verdict = statement.verdict;
            statements.push(statement);
            verdict
        });
        Explanation { statements, verdict, ..self.asked(record) }
    }

    fn statement(&self, said: &Observation<'_>) -> Statement {
        let texts = [
            ("account", said.account),
            ("target", said.target),
            ("source", said.source),
            ("interface", said.interface),
            ("session-id", said.session.id),
            ("comment", said.session.comment),
            ("number", said.session.number),
            ("node", said.node),
            ("cluster", said.cluster),
        ];
        let (verdict, reason) = match said.meaning {
            Meaning::Failure | Meaning::FailedSu | Meaning::Found | Meaning::FoundSu => (Verdict::Failure, None),
            Meaning::Lockout(reason) => (Verdict::Lockout, reason),
            Meaning::Success => (Verdict::Success, None),
            Meaning::Unlock => (Verdict::Unlock, None),
            Meaning::Logout => (Verdict::Logout, None),
        };
        let families = self.packs.iter().flat_map(|pack| &pack.entry).map(|entry| &entry.family);
        Statement {
            verdict,
            realm: said.realm,
            family: families.clone().find(|name| Family::of(name) == said.family).cloned().unwrap_or_default(),
            texts: texts.map(|(key, text)| (key, text.to_owned())),
            credential: said.credential,
            reason,
            unlock_s: said.unlock_s,
            failures: said.reported_failures,
            session_available: said.session.available,
            stamp: said.stamp,
        }
    }

    /// Which entries are asked about this line, and which is taken.
    fn asked(&self, record: &Record<'_>) -> Explanation {
        let mut explanation = Explanation {
            considered: Vec::new(),
            fields: Vec::new(),
            statements: Vec::new(),
            verdict: Verdict::NoEntry,
        };
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
