//! Which locks stand for accounts of one name: those of other clusters and realms share a topic. They are looked up in the store when it
//! is first asked, and known from then on, so that the end of one of thousands does not cost reading them all.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use crate::alert::{Alert, Kind, State};
use crate::store::Store;

/// The open lockouts by name of the account, as far as it was asked for any.
#[derive(Debug, Default)]
pub(crate) struct Locks(Option<BTreeSet<(u64, Box<str>)>>);

impl Locks {
    /// This alert has been kept in this state.
    pub(crate) fn note(&mut self, alert: &Alert) {
        let (Some(known), Some(lock)) = (&mut self.0, lock(alert)) else { return };
        match alert.state {
            State::Raised | State::Updated => _ = known.insert(lock),
            State::Cleared => _ = known.remove(&lock),
        }
    }

    /// The open lockouts of all accounts of this name.
    pub(crate) fn of(&mut self, account: &str, store: &Store) -> Vec<Alert> {
        let known = self.0.get_or_insert_with(|| {
            let open = store.load_open_alerts::<Alert>().map(|l| l.records).unwrap_or_default();
            open.iter().filter_map(|(_, alert)| lock(alert)).collect()
        });
        let name = number(account);
        let ids = known.range((name, Box::default())..).take_while(|(of, _)| *of == name);
        let alerts = ids.filter_map(|(_, id)| store.open_alert::<Alert>(id).ok().flatten());
        alerts.filter(|alert| alert.account.as_ref().is_some_and(|name| name.as_str() == account)).collect()
    }
}

fn lock(alert: &Alert) -> Option<(u64, Box<str>)> {
    let account = alert.account.as_ref().filter(|_| alert.kind == Kind::Lockout)?;
    Some((number(account.as_str()), alert.id.as_str().into()))
}

fn number(account: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    account.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::tests::complete;
    use crate::event::Name;
    use crate::store::{Bounds, Commit, Durability, MemoryBackend};
    use crate::units::Text;

    fn alert(id: &str, account: &str, kind: Kind, state: State) -> Alert {
        Alert { id: Text::from_wire(id), account: Some(Name::from_wire(account)), kind, state, ..complete() }
    }

    fn keep(store: &mut Store, alert: &Alert) {
        let mut commit = Commit::new();
        match alert.state {
            State::Raised | State::Updated => commit.put_open_alert(alert.id.as_str(), alert).unwrap(),
            State::Cleared => commit.close_alert(alert.id.as_str(), alert).unwrap(),
        }
        store.commit(commit, Durability::Later).unwrap();
    }

    fn ids(locks: &mut Locks, account: &str, store: &Store) -> Vec<String> {
        locks.of(account, store).iter().map(|alert| alert.id.as_str().to_owned()).collect()
    }

    #[test]
    fn locks_from_the_store_and_later_ones_are_found_by_name_until_they_end() {
        let mut store = Store::open(Box::new(MemoryBackend::new()), Bounds::default()).unwrap();
        keep(&mut store, &alert("a", "jdoe", Kind::Lockout, State::Raised));
        keep(&mut store, &alert("b", "jdoe", Kind::SlowClimb, State::Raised));
        keep(&mut store, &alert("c", "asmith", Kind::Lockout, State::Updated));
        let mut locks = Locks::default();
        assert_eq!(ids(&mut locks, "jdoe", &store), ["a"]);
        for later in [
            alert("d", "jdoe", Kind::Lockout, State::Raised),
            alert("d", "jdoe", Kind::Lockout, State::Updated),
            alert("a", "jdoe", Kind::Lockout, State::Cleared),
        ] {
            keep(&mut store, &later);
            locks.note(&later);
        }
        assert_eq!(ids(&mut locks, "jdoe", &store), ["d"]);
        assert_eq!(ids(&mut locks, "asmith", &store), ["c"]);
        assert_eq!(ids(&mut locks, "nobody", &store), [""; 0]);
    }
}
