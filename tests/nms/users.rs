//! SNMPv3 users of the tests, one for each level and pair of algorithms, and how snmptrapd and pysnmp are told of them.

use std::collections::BTreeMap;
use std::sync::Mutex;

use lockwarden::shell::nms::Protocol;
use lockwarden::units::{Mono, Span};
use lockwarden::usm::{Auth, EngineId, Identity, LocalEngine, MasterKey, Privacy, Protection};
use lockwarden::wire::snmp::Kind;

use crate::rig::NOW;

/// A user and its passwords.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) auth: Option<(Auth, String)>,
    pub(crate) privacy: Option<(Privacy, String)>,
}

impl Person {
    /// Named after its algorithms.
    pub(crate) fn with(auth: Option<Auth>, privacy: Option<Privacy>) -> Self {
        let name = format!("u-{}-{}", auth.map_or("none", Auth::as_str), privacy.map_or("none", Privacy::as_str));
        let auth = auth.map(|auth| (auth, "auth-password-1".into()));
        let privacy = privacy.map(|privacy| (privacy, "priv-password-2".into()));
        Self { name, auth, privacy }
    }

    /// One without anything, and one for every digest alone and with each of these ciphers.
    pub(crate) fn everybody(ciphers: &[Privacy]) -> Vec<Self> {
        let of_digest = |auth| {
            let alone = std::iter::once(Self::with(Some(auth), None));
            alone.chain(ciphers.iter().map(move |&privacy| Self::with(Some(auth), Some(privacy))))
        };
        std::iter::once(Self::with(None, None)).chain(Auth::ALL.into_iter().flat_map(of_digest)).collect()
    }

    pub(crate) fn protection(&self) -> Protection {
        match (&self.auth, &self.privacy) {
            (None, _) => Protection::NoAuthNoPriv,
            (Some((auth, password)), None) => Protection::AuthNoPriv { auth: (*auth, key(*auth, password)) },
            (Some((auth, password)), Some((privacy, secret))) => {
                Protection::AuthPriv { auth: (*auth, key(*auth, password)), privacy: (*privacy, key(*auth, secret)) }
            }
        }
    }

    pub(crate) fn protocol(&self, kind: Kind) -> Protocol {
        let (user, protection) = (self.name.clone().into_bytes(), self.protection());
        Protocol::V3 { user, protection, kind, engine: our_engine() }
    }

    /// The row of the table that our programs for pysnmp read.
    pub(crate) fn row(&self) -> String {
        let auth = self.auth.as_ref().map_or(["", ""], |(auth, password)| [auth.as_str(), password]);
        let privacy = self.privacy.as_ref().map_or(["", ""], |(privacy, password)| [privacy.as_str(), password]);
        format!("{}\t{}\t{}\n", self.name, auth.join("\t"), privacy.join("\t"))
    }

    /// The lines of snmptrapd.conf for its traps and informs, with no more than its own level allowed.
    pub(crate) fn known_to_snmptrapd(&self) -> String {
        let auth = self.auth.as_ref().map(|(auth, password)| format!(" {} {password}", digest(*auth)));
        let privacy = self.privacy.as_ref().map(|(privacy, password)| format!(" {} {password}", cipher(*privacy)));
        let level = match (&auth, &privacy) {
            (None, _) => "noauth",
            (Some(_), None) => "auth",
            (Some(_), Some(_)) => "priv",
        };
        let user = format!("{}{}{}", self.name, auth.unwrap_or_default(), privacy.unwrap_or_default());
        let engine = our_engine().id().to_string();
        format!("createUser -e {engine} {user}\ncreateUser {user}\nauthUser log {} {level}\n", self.name)
    }
}

/// The key of a password, which takes long in a test's build, made once.
fn key(auth: Auth, password: &str) -> MasterKey {
    static KEYS: Mutex<BTreeMap<(&str, String), MasterKey>> = Mutex::new(BTreeMap::new());
    let mut keys = KEYS.lock().unwrap();
    let make = || MasterKey::from_password(auth, password.as_bytes()).unwrap();
    keys.entry((auth.as_str(), password.to_owned())).or_insert_with(make).clone()
}

/// The engine of the box under test, a minute after its start.
pub(crate) fn our_engine() -> LocalEngine {
    LocalEngine::new(Identity { id: EngineId::made_of(*b"edge-box-081"), boots: 3 }, started())
}

fn started() -> Mono {
    NOW - Span::mins(1)
}

/// The name in net-snmp.
fn digest(auth: Auth) -> &'static str {
    match auth {
        Auth::Md5 => "MD5",
        Auth::Sha1 => "SHA",
        Auth::Sha224 => "SHA-224",
        Auth::Sha256 => "SHA-256",
        Auth::Sha384 => "SHA-384",
        Auth::Sha512 => "SHA-512",
    }
}

/// The name in net-snmp, which has the key extension of Blumenthal only.
fn cipher(privacy: Privacy) -> &'static str {
    match privacy {
        Privacy::Des => "DES",
        Privacy::Aes128 => "AES",
        Privacy::Aes192 => "AES-192",
        Privacy::Aes256 => "AES-256",
        Privacy::Aes192c | Privacy::Aes256c => panic!("not in net-snmp"),
    }
}
