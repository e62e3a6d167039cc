//! Our SNMPv3 engine and its users, from the configuration and the store to what the path works with.

use std::collections::HashMap;

use crate::config::{Secret, SecretFrom, Security, UsmUser};
use crate::shell::secrets;
use crate::store::{Commit, Durability, Fault, Store};
use crate::units::{Now, Wall};
use crate::usm::{Auth, EngineId, Identity, LocalEngine, MasterKey, Protection, Receiver, SenderRecord, User};

/// Boots that cannot be known any more begin here at the earliest: no clock that shows less is right (2026-01-01).
const EPOCH: Wall = Wall::from_millis(1_767_225_600_000);
const MINUTE_MS: i64 = 60_000;

/// Makes keys from passwords, each pair of algorithm and password once: that takes milliseconds.
#[derive(Default)]
pub(crate) struct Keyring(HashMap<(Auth, String), MasterKey>);

impl Keyring {
    /// The protection that is configured. `table` is how the keys of its passwords begin: `traps.user`.
    ///
    /// # Errors
    /// Which password cannot be read, or is too short.
    pub(crate) fn protection(&mut self, table: &str, security: &Security) -> Result<Protection, String> {
        let mut key = |name: &str, algorithm: Auth, password: &SecretFrom| {
            let key = format!("{table}.{name}-password-file");
            let password: Secret = secrets::read(&key, password)?;
            let place = (algorithm, password.expose().to_owned());
            if let Some(made) = self.0.get(&place) {
                return Ok(made.clone());
            }
            let made = MasterKey::from_password(algorithm, password.expose().as_bytes())
                .ok_or_else(|| format!("{key}: the password has fewer than 8 octets (RFC 3414 section 11.2)"))?;
            self.0.insert(place, made.clone());
            Ok::<_, String>(made)
        };
        Ok(match security {
            Security::NoAuthNoPriv => Protection::NoAuthNoPriv,
            Security::AuthNoPriv { auth } => {
                Protection::AuthNoPriv { auth: (auth.algorithm, key("auth", auth.algorithm, &auth.password)?) }
            }
            Security::AuthPriv { auth, privacy } => Protection::AuthPriv {
                auth: (auth.algorithm, key("auth", auth.algorithm, &auth.password)?),
                privacy: (privacy.algorithm, key("priv", auth.algorithm, &privacy.password)?),
            },
        })
    }

    /// The users whose messages are taken. One that cannot be used is a problem, and the others are used all the same.
    pub(crate) fn users(&mut self, configured: &[UsmUser], problems: &mut Vec<String>) -> Vec<User> {
        let mut users = Vec::new();
        for user in configured {
            match self.protection("traps.user", &user.security) {
                Ok(protection) => users.push(User {
                    name: user.name.clone().into_bytes(),
                    protection,
                    engines: user.engine_ids.iter().filter_map(|id| EngineId::new(id)).collect(),
                }),
                Err(problem) => problems.push(format!("user {}: {problem}", user.name)),
            }
        }
        users
    }
}

/// Which engine we are in this run. Boots rise, and with [`Durability::Now`] are on the medium when this returns. While the medium does
/// not work the engine must be a new one, so that nobody misses it if it is never kept: `is_whole` is then false.
///
/// `is_whole`: the store holds what was written last. Otherwise the boots in it may be those of an earlier start, so the engine gets a
/// new id (RFC 3414 section 2.2.1). An id that the operator has fixed stays; see [`fixed_start`].
///
/// # Errors
/// What the store says.
pub(crate) fn start(
    fixed: Option<&[u8]>,
    is_whole: bool,
    (store, durability): (&mut Store, Durability),
    now: Now,
) -> Result<LocalEngine, Fault> {
    let known: Option<Identity> = store.load_identity()?;
    let identity = match fixed.and_then(EngineId::new) {
        Some(id) => fixed_start(id, known, now),
        None => known.filter(|_| is_whole).map_or_else(new_engine, Identity::next_start),
    };
    let mut commit = Commit::new();
    commit.save_identity(&identity)?;
    store.commit(commit, durability)?;
    Ok(LocalEngine::new(identity, now.mono))
}

/// Which engine we are in a run that no later run will know of.
pub(crate) fn unkept(fixed: Option<&[u8]>, now: Now) -> LocalEngine {
    let identity = fixed.and_then(EngineId::new).map_or_else(new_engine, |id| fixed_start(id, None, now));
    LocalEngine::new(identity, now.mono)
}

fn new_engine() -> Identity {
    Identity::new(EngineId::made_of(random()))
}

/// An engine whose id stays although its boots may not be known: because the store was lost, or, what no later run can see, was of no
/// use for a while. So its boots are always above the minutes since 2026, which are more than any number of starts.
fn fixed_start(id: EngineId, known: Option<Identity>, now: Now) -> Identity {
    let before = known.filter(|known| known.id == id).map_or(0, |known| known.boots);
    Identity { id, boots: before.max(minutes(now)) }.next_start()
}

/// The receiver of SNMPv3 messages, with the clocks of all senders that the store knows.
pub(crate) fn receiver(local: LocalEngine, users: Vec<User>, store: &Store) -> Receiver {
    let mut receiver = Receiver::new(local, users, salt(), (salt(), salt()));
    match store.load_senders::<SenderRecord>() {
        Ok(senders) => {
            if senders.skipped > 0 {
                tracing::warn!("store: {} SNMPv3 engines were not taken back", senders.skipped);
            }
            senders.records.into_iter().for_each(|(_, sender)| receiver.restore(sender));
        }
        Err(fault) => tracing::warn!("store: {fault}"),
    }
    receiver
}

/// A random number.
pub(crate) fn salt() -> u64 {
    u64::from_be_bytes(random())
}

/// Random octets that no other run has.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut octets = [0; N];
    // Linux gives randomness from the first moment on, or blocks; if there is none at all, the hasher's keys are the next best.
    if getrandom::fill(&mut octets).is_err() {
        let state = std::hash::RandomState::new();
        for (place, octet) in octets.iter_mut().enumerate() {
            let [first, ..] = std::hash::BuildHasher::hash_one(&state, place).to_be_bytes();
            *octet = first;
        }
    }
    octets
}

fn minutes(now: Now) -> u32 {
    u32::try_from(now.wall.as_millis().saturating_sub(EPOCH.as_millis()) / MINUTE_MS).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Bounds, MemoryBackend};
    use crate::units::{Mono, Span};

    fn store() -> Store {
        Store::open(Box::new(MemoryBackend::default()), Bounds::default()).unwrap()
    }

    fn now() -> Now {
        Now { mono: Mono::ZERO, wall: EPOCH.plus(Span::mins(500_000)), synchronised: true }
    }

    #[test]
    fn an_engine_keeps_its_id_and_counts_its_starts() {
        let mut store = store();
        let first = start(None, true, (&mut store, Durability::Now), now()).unwrap();
        let second = start(None, true, (&mut store, Durability::Now), now()).unwrap();
        assert_eq!((first.boots(), second.boots(), first.id()), (1, 2, second.id()));
    }

    #[test]
    fn an_engine_whose_boots_may_be_wrong_is_a_new_one_unless_its_id_is_fixed() {
        let mut store = store();
        let first = start(None, true, (&mut store, Durability::Now), now()).unwrap();
        let second = start(None, false, (&mut store, Durability::Now), now()).unwrap();
        assert_eq!(second.boots(), 1);
        assert_ne!(second.id(), first.id());
        let fixed = [0x80, 0, 0, 9, 1];
        let third = start(Some(&fixed), true, (&mut store, Durability::Now), now()).unwrap();
        assert_eq!((third.id().as_bytes(), third.boots()), (&fixed[..], 500_001));
        assert_eq!(start(Some(&fixed), true, (&mut store, Durability::Now), now()).unwrap().boots(), 500_002);
        assert_eq!(start(Some(&fixed), false, (&mut store, Durability::Now), now()).unwrap().boots(), 500_003);
    }

    #[test]
    fn boots_of_a_fixed_engine_rise_over_a_run_that_the_store_does_not_know_of() {
        let (mut store, fixed) = (store(), [0x80, 0, 0, 9, 1]);
        let later = |mins| Now { wall: now().wall.plus(Span::mins(mins)), ..now() };
        let first = start(Some(&fixed), true, (&mut store, Durability::Now), now()).unwrap();
        let without_store = unkept(Some(&fixed), later(10));
        let again = start(Some(&fixed), true, (&mut store, Durability::Now), later(20)).unwrap();
        assert_eq!([first, without_store, again].map(|engine| engine.boots()), [500_001, 500_011, 500_021]);
        let clock_went_back = start(Some(&fixed), true, (&mut store, Durability::Now), later(0)).unwrap();
        assert_eq!(clock_went_back.boots(), 500_022);
    }
}
