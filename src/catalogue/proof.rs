//! The test lines of a pack: what each must be taken for, and that each pattern is taken by one.

use core::fmt::{Debug, Write as _};

use crate::catalogue::file::{Expected, Pack, TestLine};
use crate::catalogue::{Catalogue, Origin};
use crate::event::{Authenticated, Channel, Credential, Family, LockReason, Meaning, Observation, Realm};
use crate::units::Wall;
use crate::verdict::Verdict;
use crate::wire::syslog;

/// When the lines are received that carry no time: 2026-01-15T08:21:00Z.
const SOME_TIME: Wall = Wall::from_millis(1_768_465_260_000);

/// What a line said about an account.
struct Statement {
    realm: Realm,
    family: Family,
    texts: [(&'static str, String); 9],
    credential: Credential,
    reason: Option<LockReason>,
    unlock_s: Option<u32>,
    failures: Option<u32>,
    session_available: Option<bool>,
}

impl Catalogue {
    /// What the test lines of `pack` show to be wrong, with the places in the file `name`.
    pub(super) fn disproved(&self, pack: &Pack, name: &str) -> Vec<String> {
        let mut problems = Vec::new();
        let mut taken = Vec::new();
        for test in &pack.test {
            let explained = self.explain(&syslog::decode(&test.line));
            taken.extend(explained.taken().filter(|by| by.pack == pack.pack).map(|by| by.line));
            let line = |key| test.lines.of(key);
            problems.extend(self.difference(test).into_iter().map(|(key, what)| (line(key), format!("test: {what}"))));
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

    /// In which keys the line is not taken for what is expected.
    fn difference(&self, test: &TestLine) -> Vec<(&'static str, String)> {
        let record = syslog::decode(&test.line);
        let received = record.stamp.and_then(|stamp| stamp.to_wall(SOME_TIME)).unwrap_or(SOME_TIME);
        let (channel, authenticated) = (Channel::Syslog, Authenticated::None);
        let origin = Origin { channel, authenticated, sender: "", agent: "", received };
        let mut statements = Vec::new();
        let verdict = self.read_line(&record, origin, &mut |said| {
            statements.push(Statement::of(said));
            match said.meaning {
                Meaning::Failure => Verdict::Failure,
                Meaning::Lockout(_) => Verdict::Lockout,
                Meaning::Success => Verdict::Success,
                Meaning::Unlock => Verdict::Unlock,
                Meaning::Logout => Verdict::Logout,
            }
        });
        let wanted = test.meaning.verdict();
        if verdict != wanted {
            let mut what = format!("meaning: {wanted} is expected, the line is {verdict}");
            if let Some(by) = self.explain(&record).taken() {
                // Writing to a String cannot fail.
                let _never = write!(what, " by the entry {}", by.family).is_err();
            }
            return vec![("meaning", what)];
        }
        let Some(first) = statements.first() else { return Vec::new() };
        let times = test.times.unwrap_or(1);
        let mut differences = first.difference(test);
        differences.extend(differs("times", &times, &statements.len()));
        differences
    }
}

impl Statement {
    fn of(said: &Observation<'_>) -> Self {
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
        Self {
            realm: said.realm,
            family: said.family,
            texts: texts.map(|(key, text)| (key, text.to_owned())),
            credential: said.credential,
            reason: match said.meaning {
                Meaning::Lockout(reason) => reason,
                Meaning::Failure | Meaning::Success | Meaning::Unlock | Meaning::Logout => None,
            },
            unlock_s: said.unlock_s,
            failures: said.reported_failures,
            session_available: said.session.available,
        }
    }

    fn difference(&self, test: &TestLine) -> Vec<(&'static str, String)> {
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
        let texts = self.texts.iter().zip(stated);
        let mut all: Vec<_> = texts.filter_map(|((key, text), stated)| differs(key, stated?, text)).collect();
        all.extend(test.realm.and_then(|realm| differs("realm", &realm.as_str(), &self.realm.as_str())));
        all.extend(differs("credential", &test.credential, &self.credential));
        all.extend(differs("reason", &test.reason, &self.reason));
        all.extend(differs("unlock-s", &test.unlock_s, &self.unlock_s));
        all.extend(differs("failures", &test.failures, &self.failures));
        all.extend(differs("session-available", &test.session_available, &self.session_available));
        if let Some(family) = test.family.as_deref().filter(|family| Family::of(family) != self.family) {
            all.push(("family", format!("family: {family:?} is expected, another entry was taken")));
        }
        all
    }
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
