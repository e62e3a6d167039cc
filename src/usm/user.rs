//! A user: a name, and what proves it.

use super::{Auth, AuthKey, EngineId, Level, MasterKey, PrivKey, Privacy};

/// How a user's messages are protected.
#[derive(Clone, Debug)]
pub enum Protection {
    /// Not at all.
    NoAuthNoPriv,
    /// By a digest.
    AuthNoPriv {
        /// The algorithm and the password's key.
        auth: (Auth, MasterKey),
    },
    /// By a digest and by encryption.
    AuthPriv {
        /// The algorithm and the password's key.
        auth: (Auth, MasterKey),
        /// The algorithm, and the key of its password, made by the algorithm of `auth`.
        privacy: (Privacy, MasterKey),
    },
}

/// Somebody on whose behalf messages are sent.
#[derive(Clone, Debug)]
pub struct User {
    /// `usmUserName`.
    pub name: Vec<u8>,
    /// What proves it.
    pub protection: Protection,
    /// The engines that it may speak for; none: any that proves the key.
    pub engines: Vec<EngineId>,
}

/// A user's keys at one engine.
#[derive(Clone, Debug)]
pub struct Keys {
    /// For the digest.
    pub auth: Option<AuthKey>,
    /// For the encryption; there is none without `auth`.
    pub privacy: Option<PrivKey>,
}

impl Protection {
    /// The level.
    #[must_use]
    pub const fn level(&self) -> Level {
        match self {
            Self::NoAuthNoPriv => Level::NoAuthNoPriv,
            Self::AuthNoPriv { .. } => Level::AuthNoPriv,
            Self::AuthPriv { .. } => Level::AuthPriv,
        }
    }

    /// The algorithm of its digests.
    #[must_use]
    pub const fn auth(&self) -> Option<Auth> {
        match self {
            Self::NoAuthNoPriv => None,
            Self::AuthNoPriv { auth: (auth, _) } | Self::AuthPriv { auth: (auth, _), .. } => Some(*auth),
        }
    }

    /// The key for digests at an engine; a few microseconds.
    #[must_use]
    pub fn auth_key(&self, engine_id: &[u8]) -> Option<AuthKey> {
        match self {
            Self::NoAuthNoPriv => None,
            Self::AuthNoPriv { auth: (auth, master) } | Self::AuthPriv { auth: (auth, master), .. } => {
                Some(AuthKey::new(*auth, master, engine_id))
            }
        }
    }

    /// The key for encryption at an engine. It can take milliseconds: make it only for an engine that has proved itself.
    #[must_use]
    pub fn priv_key(&self, engine_id: &[u8]) -> Option<PrivKey> {
        match self {
            Self::NoAuthNoPriv | Self::AuthNoPriv { .. } => None,
            Self::AuthPriv { auth: (auth, _), privacy: (privacy, master) } => {
                Some(PrivKey::new(*privacy, *auth, master, engine_id))
            }
        }
    }

    /// Both keys at an engine.
    #[must_use]
    pub fn keys(&self, engine_id: &[u8]) -> Keys {
        Keys { auth: self.auth_key(engine_id), privacy: self.priv_key(engine_id) }
    }
}

impl User {
    /// Whether it may speak for this engine.
    #[must_use]
    pub fn speaks_for(&self, engine_id: &[u8]) -> bool {
        self.engines.is_empty() || self.engines.iter().any(|engine| engine.as_bytes() == engine_id)
    }
}
