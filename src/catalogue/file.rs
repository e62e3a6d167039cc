//! A catalogue file as it is written. `docs/catalogue.md` explains it; unknown keys are refused.

use serde::Deserialize;

use crate::event::{Credential, LockReason, Realm};

/// One pack: the messages of one vendor.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Pack {
    /// A pack of the same name replaces the shipped one.
    pub(crate) pack: String,
    pub(crate) realm: Realm,
    #[serde(default)]
    pub(crate) node: Vec<String>,
    #[serde(default)]
    pub(crate) cluster: Vec<String>,
    #[serde(default)]
    pub(crate) fields: Vec<String>,
    #[serde(default)]
    pub(crate) entry: Vec<Entry>,
    #[serde(default)]
    pub(crate) notification: Vec<NotificationEntry>,
}

/// What one alarm means.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Entry {
    pub(crate) family: String,
    pub(crate) facility: Vec<String>,
    pub(crate) alarm: Vec<String>,
    #[serde(default)]
    pub(crate) when: Vec<Condition>,
    pub(crate) meaning: Said,
    pub(crate) carries_as: Option<String>,
    #[serde(default)]
    pub(crate) text: Vec<String>,
    pub(crate) reason: Option<LockReason>,
    pub(crate) realm: Option<Realm>,
    #[serde(default)]
    pub(crate) credential: Credential,
    #[serde(default)]
    pub(crate) account: Vec<String>,
    #[serde(default)]
    pub(crate) source: Vec<String>,
    #[serde(default)]
    pub(crate) interface: Vec<String>,
    pub(crate) interface_is: Option<String>,
    #[serde(default)]
    pub(crate) unlock_s: Vec<String>,
    #[serde(default)]
    pub(crate) failures: Vec<String>,
}

/// The word for a meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Said {
    Failure,
    Lockout,
    Success,
    Unlock,
    Logout,
    /// About the sender's own state.
    Health,
    /// Never counted.
    Never,
    /// Its text holds another complete line.
    CarriesLine,
    /// Its text lists failed sign-ins in RTMT's form.
    CarriesFailures,
}

/// Must hold for the entry to be taken. All operators that are given must hold; each compares without case.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Condition {
    pub(crate) field: OneOrMore,
    /// The value is one of these.
    #[serde(default)]
    pub(crate) is: Vec<String>,
    /// The value contains one of these.
    #[serde(default)]
    pub(crate) contains: Vec<String>,
    /// The value contains none of these.
    #[serde(default)]
    pub(crate) lacks: Vec<String>,
    /// The value is one of these 32-bit numbers, written in hexadecimal, unsigned or signed.
    #[serde(default)]
    pub(crate) code: Vec<u32>,
}

/// A field name, or several spellings of it.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl OneOrMore {
    pub(crate) fn as_slice(&self) -> &[String] {
        match self {
            Self::One(name) => core::slice::from_ref(name),
            Self::More(names) => names,
        }
    }
}

/// What an SNMP notification means by its OID alone.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NotificationEntry {
    /// This OID and all below it.
    pub(crate) oid: String,
    pub(crate) meaning: NotificationSaid,
}

/// The word for a notification's meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum NotificationSaid {
    Health,
    Never,
}
