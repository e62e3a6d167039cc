//! Makes a pack that was read ready to be asked, or says what is wrong with its entries.

use crate::catalogue::file::{Entry, Pack, Said};
use crate::catalogue::pattern::{self, Pattern};
use crate::catalogue::relation;
use crate::wire::snmp::Oid;

/// A literal that is shorter stands in too many texts to spare any comparison.
const SHORTEST_LITERAL: usize = 3;

/// Keys that a meaning needs and that a group of the pattern can stand for.
const GROUPS: [&str; 4] = ["account", "target", "text", "times"];

/// A line of the file, and what is wrong there.
type Problem = (usize, String);

impl Pack {
    /// Compiles the patterns and lets groups stand for the keys of their names.
    pub(super) fn prepare(&mut self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for entry in &mut self.entry {
            entry.prepare(&mut problems);
        }
        for known in self.notification.iter().filter(|known| known.oid.parse::<Oid>().is_err()) {
            let what = format!(
                "notification: oid: {:?} is not an object identifier such as \"1.3.6.1.6.3.1.1.5.5\"",
                known.oid
            );
            problems.push((known.lines.of("oid"), what));
        }
        self.know_all_fields();
        problems
    }

    /// Every parameter that any entry names ends the value before it, in a message without brackets.
    fn know_all_fields(&mut self) {
        let alarms = self.entry.iter().filter(|entry| !entry.is_text());
        let named = alarms.clone().flat_map(|entry| entry.lists()).map(|(_, names)| names.as_slice());
        let conditions = alarms.flat_map(|entry| &entry.when).map(|condition| condition.field.as_slice());
        let named = named.chain(conditions).chain([self.node.as_slice(), self.cluster.as_slice()]);
        let named: Vec<String> = named.flatten().cloned().collect();
        self.fields.extend(named);
        self.fields.sort_unstable();
        self.fields.dedup();
    }
}

impl Entry {
    /// Whether it speaks of text without `%FACILITY-n-ALARM`.
    pub(super) const fn is_text(&self) -> bool {
        self.facility.is_empty() && self.alarm.is_empty()
    }

    /// Each key that lists field names, with its list.
    pub(super) fn lists(&self) -> [(&'static str, &Vec<String>); 13] {
        [
            ("account", &self.account),
            ("target", &self.target),
            ("source", &self.source),
            ("interface", &self.interface),
            ("unlock-s", &self.unlock_s),
            ("failures", &self.failures),
            ("severity", &self.severity),
            ("text", &self.text),
            ("times", &self.times),
            ("session-available", &self.session_available),
            ("session-id", &self.session_id),
            ("comment", &self.comment),
            ("number", &self.number),
        ]
    }

    fn prepare(&mut self, problems: &mut Vec<Problem>) {
        let (mut wrong, mut is_compiled) = (Vec::new(), !self.lines.lacks(&["pattern"]));
        match self.pattern.as_deref().map(Pattern::compile) {
            Some(Ok(pattern)) => self.take(pattern),
            Some(Err(problem)) => {
                is_compiled = false;
                wrong.push(("pattern", problem));
            }
            None => {}
        }
        wrong.extend(self.excluded_literals().map(|what| ("literal", what)));
        // Each is left out where it may only follow from what could not be read.
        if !self.lines.lacks(&["program", "literal", "facility", "alarm", "pattern", "pairs"]) {
            wrong.extend(self.form_problems().map(|(key, what)| (key, what.to_owned())));
        }
        if !self.lines.lacks(&["meaning"]) {
            let follows = |key: &str| self.lines.lacks(&[key]) || (!is_compiled && GROUPS.contains(&key));
            let of_meaning = self.meaning_problems().filter(|(key, _)| !follows(key));
            wrong.extend(of_meaning.map(|(key, what)| (key, what.to_owned())));
        }
        if is_compiled && self.lines.are_whole() {
            wrong.extend(self.group_problems());
        }
        let name = if self.family.is_empty() { "entry".to_owned() } else { format!("entry {}", self.family) };
        problems.extend(wrong.into_iter().map(|(key, what)| (self.lines.of(key), format!("{name}: {key}: {what}"))));
    }

    /// A key that is not given is the group of its name, if there is one.
    fn take(&mut self, pattern: Pattern) {
        let groups: Vec<String> = pattern.groups().map(str::to_owned).collect();
        let lists = [
            ("account", &mut self.account),
            ("target", &mut self.target),
            ("source", &mut self.source),
            ("interface", &mut self.interface),
            ("unlock_s", &mut self.unlock_s),
            ("failures", &mut self.failures),
            ("severity", &mut self.severity),
            ("text", &mut self.text),
            ("times", &mut self.times),
            ("session_available", &mut self.session_available),
            ("session_id", &mut self.session_id),
            ("comment", &mut self.comment),
            ("number", &mut self.number),
        ];
        for (name, list) in lists {
            if list.is_empty() && groups.iter().any(|group| group == name) {
                list.push(name.to_owned());
            }
        }
        self.compiled = Some(pattern);
    }

    /// What is wrong with how its messages are found.
    fn form_problems(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let long = |text: &String| text.len() >= SHORTEST_LITERAL;
        let text = self.is_text();
        let found = !self.program.is_empty() || self.literal.iter().any(long);
        [
            (!text && self.facility.is_empty(), "alarm", "needs the facility, too"),
            (!text && self.alarm.is_empty(), "facility", "needs the alarm, too"),
            (!text && !self.program.is_empty(), "program", "is for text; a message %FACILITY-n-ALARM has none"),
            (!text && self.pairs, "pairs", "is for text; the parameters of an alarm are read anyway"),
            (
                text && !found,
                "family",
                "needs `facility` and `alarm`, or `program`, or a `literal` of three bytes or more: nothing else tells quickly \
                 which lines it is for",
            ),
            (text && !self.pairs && self.pattern.is_none(), "family", "needs a `pattern`, or `pairs = true`"),
        ]
        .into_iter()
        .filter_map(|(wrong, key, what)| wrong.then_some((key, what)))
    }

    /// Literals that no text has room for that the pattern describes: the text would have to contain both.
    fn excluded_literals(&self) -> impl Iterator<Item = String> {
        let parsed = self.pattern.as_deref().and_then(|pattern| pattern::parse(pattern).ok());
        let excluded = self
            .literal
            .iter()
            .filter(move |literal| parsed.as_ref().is_some_and(|pattern| relation::excludes(pattern, literal)));
        excluded.map(|literal| {
            format!("{literal:?} stands in no text that the pattern describes: together they never match")
        })
    }

    /// What is wrong with what it says.
    fn meaning_problems(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let carries = matches!(self.meaning, Said::CarriesLine | Said::CarriesFailures | Said::Repeats);
        let empty = |c: &super::file::Condition| {
            c.is.is_empty() && c.contains.is_empty() && c.lacks.is_empty() && c.code.is_empty()
        };
        let carried = self.meaning == Said::CarriesFailures;
        [
            (
                self.meaning.speaks_of_account() && self.account.is_empty(),
                "account",
                "is missing; this meaning needs the field, or the group `(?P<account>…)`, that holds it",
            ),
            (
                self.meaning == Said::FailedSu && self.target.is_empty(),
                "target",
                "is missing; a failed su needs the field, or the group `(?P<target>…)`, that holds whom somebody wanted to be",
            ),
            (carries && self.text.is_empty(), "text", "is missing; this meaning needs the field that carries the other message"),
            (self.meaning == Said::Repeats && self.times.is_empty(), "times", "is missing; this meaning needs it"),
            (self.meaning == Said::Repeats && !self.is_text(), "meaning", "is for text of a program"),
            (carried && self.carries_as.is_none(), "carries-as", "is missing; this meaning needs the family of what is carried"),
            (self.reason.is_some() && self.meaning != Said::Lockout, "reason", "only a lockout has one"),
            (self.when.iter().any(empty), "when", "a condition needs `is`, `contains`, `lacks` or `code`"),
        ]
        .into_iter()
        .filter_map(|(wrong, key, what)| wrong.then_some((key, what)))
    }

    /// Names that no group has, and groups that no key names.
    fn group_problems(&self) -> Vec<(&'static str, String)> {
        let groups: Vec<&str> = self.compiled.iter().flat_map(Pattern::groups).collect();
        let conditions = self.when.iter().flat_map(|condition| condition.field.as_slice()).map(|name| ("when", name));
        let named: Vec<(&'static str, &String)> = (self.lists().into_iter())
            .flat_map(|(key, names)| names.iter().map(move |name| (key, name)))
            .chain(conditions)
            .collect();
        let mut problems = Vec::new();
        if self.is_text() && !self.pairs {
            for (key, name) in named.iter().filter(|(_, name)| !groups.contains(&name.as_str())) {
                problems.push((*key, format!("{name:?} is no group of the pattern; write (?P<{name}>…) there")));
            }
        }
        let unused = groups.iter().filter(|group| !named.iter().any(|(_, name)| name == *group));
        problems
            .extend(unused.map(|group| ("pattern", format!("the group `{group}` is named by no key of the entry"))));
        problems
    }
}
