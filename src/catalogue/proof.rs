//! The test lines of a pack: what each must be taken for, and that each pattern is taken by one.

use core::fmt::Debug;

use crate::catalogue::explain::{Explanation, Statement};
use crate::catalogue::file::{Expected, Pack, TestLine};
use crate::catalogue::{Catalogue, Origin};
use crate::event::{Authenticated, Channel};
use crate::units::Wall;
use crate::verdict::Verdict;
use crate::wire::syslog;

/// When the lines are received that carry no time: 2026-01-15T08:21:00Z.
const SOME_TIME: Wall = Wall::from_millis(1_768_465_260_000);

impl Catalogue {
    /// What the test lines of `pack` show to be wrong, with the places in the file `name`.
    pub(super) fn disproved(&self, pack: &Pack, name: &str) -> Vec<String> {
        let mut problems = Vec::new();
        let mut taken = Vec::new();
        for test in &pack.test {
            let explained = self.explained(test);
            taken.extend(explained.taken().filter(|by| by.pack == pack.pack).map(|by| by.line));
            let line = |key| test.lines.of(key);
            problems.extend(
                difference(&explained, test).into_iter().map(|(key, what)| (line(key), format!("test: {what}"))),
            );
        }
        for entry in pack.entry.iter().filter(|entry| entry.compiled.is_some()) {
            if !taken.contains(&entry.lines.of("")) {
                let what = "no [[test]] line of this pack is taken by it: add one, or the pattern can never be reached";
                problems.push((entry.lines.of("pattern"), format!("entry {}: pattern: {what}", entry.family)));
            }
        }
        problems.sort();
        problems.into_iter().map(|(line, problem)| format!("{name}:{line}: {problem}")).collect()
    }

    fn explained(&self, test: &TestLine) -> Explanation {
        let record = syslog::decode(&test.line);
        let received = record.stamp.and_then(|stamp| stamp.to_wall(SOME_TIME)).unwrap_or(SOME_TIME);
        let (channel, authenticated) = (Channel::Syslog, Authenticated::None);
        self.explain(&record, Origin { channel, authenticated, sender: "", agent: "", received })
    }
}

/// In which keys the line is not taken for what is expected.
fn difference(explained: &Explanation, test: &TestLine) -> Vec<(&'static str, String)> {
    let (wanted, verdict) = (test.meaning.verdict(), explained.verdict);
    if verdict != wanted {
        let by = explained.taken().map(|by| format!(" by the entry {}", by.family)).unwrap_or_default();
        return vec![("meaning", format!("meaning: {wanted} is expected, the line is {verdict}{by}"))];
    }
    let Some(first) = explained.statements.first() else { return Vec::new() };
    let mut differences = of_statement(first, test);
    differences.extend(differs("times", &test.times.unwrap_or(1), &explained.statements.len()));
    differences
}

fn of_statement(said: &Statement, test: &TestLine) -> Vec<(&'static str, String)> {
    let stated = [
        Some(&test.account),
        Some(&test.target),
        Some(&test.source),
        Some(&test.interface),
        Some(&test.session_id),
        Some(&test.comment),
        Some(&test.number),
        test.node.as_ref(),
        test.cluster.as_ref(),
    ];
    let texts = said.texts.iter().zip(stated);
    let mut all: Vec<_> = texts.filter_map(|((key, text), stated)| differs(key, stated?, text)).collect();
    all.extend(test.realm.and_then(|realm| differs("realm", &realm.as_str(), &said.realm.as_str())));
    all.extend(differs("credential", &test.credential, &said.credential));
    all.extend(differs("reason", &test.reason, &said.reason));
    all.extend(differs("unlock-s", &test.unlock_s, &said.unlock_s));
    all.extend(differs("failures", &test.failures, &said.failures));
    all.extend(differs("session-available", &test.session_available, &said.session_available));
    all.extend(test.family.as_ref().and_then(|family| differs("family", family, &said.family)));
    all
}

fn differs<T: PartialEq + Debug + ?Sized>(key: &'static str, stated: &T, got: &T) -> Option<(&'static str, String)> {
    (stated != got).then(|| (key, format!("{key}: {stated:?} is expected, the line gives {got:?}")))
}

impl Expected {
    /// How a line of this meaning ends.
    const fn verdict(self) -> Verdict {
        match self {
            Self::Failure => Verdict::Failure,
            Self::Lockout => Verdict::Lockout,
            Self::Success => Verdict::Success,
            Self::Unlock => Verdict::Unlock,
            Self::Logout => Verdict::Logout,
            Self::Health => Verdict::Health,
            Self::Unreachable => Verdict::Unreachable,
            Self::Never => Verdict::NeverCounted,
            Self::NotASignIn => Verdict::NotASignIn,
            Self::NoAccount => Verdict::NoAccount,
            Self::AccountCut => Verdict::AccountCut,
            Self::TextCut => Verdict::TextCut,
            Self::NoEntry => Verdict::NoEntry,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::catalogue::{Catalogue, SHIPPED};

    #[test]
    fn every_test_line_of_every_shipped_pack_holds_and_reaches_every_pattern() {
        let catalogue = Catalogue::shipped().unwrap();
        let disproved =
            catalogue.packs.iter().zip(SHIPPED).flat_map(|(pack, (name, _))| catalogue.disproved(pack, name));
        let disproved: Vec<_> = disproved.collect();
        assert!(disproved.is_empty(), "{}", disproved.join("\n"));
        assert!(catalogue.packs.iter().all(|pack| !pack.test.is_empty()), "each pack has test lines");
    }
}
