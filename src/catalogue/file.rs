//! A catalogue file as it is written. `docs/catalogue.md` explains it; unknown keys are refused.

use serde::Deserialize;

use crate::catalogue::load::Lines;
use crate::catalogue::pattern::Pattern;
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
    #[serde(skip)]
    pub(crate) entry: Vec<Entry>,
    #[serde(skip)]
    pub(crate) notification: Vec<NotificationEntry>,
    #[serde(skip)]
    pub(crate) test: Vec<TestLine>,
}

/// What one alarm, or one text of a program, means.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Entry {
    pub(crate) family: String,
    /// With `alarm`: a message `%FACILITY-n-ALARM`. Without both: text.
    #[serde(default)]
    pub(crate) facility: Vec<String>,
    #[serde(default)]
    pub(crate) alarm: Vec<String>,
    /// The text is of one of these programs.
    #[serde(default)]
    pub(crate) program: Vec<String>,
    /// The text contains all of these, byte by byte.
    #[serde(default)]
    pub(crate) literal: Vec<String>,
    pub(crate) pattern: Option<String>,
    /// Fields stand in the text as `Key="value"`.
    #[serde(default)]
    pub(crate) pairs: bool,
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
    /// How severe another detector calls it.
    #[serde(default)]
    pub(crate) severity: Vec<String>,
    /// The account that somebody acts to become.
    #[serde(default)]
    pub(crate) target: Vec<String>,
    /// How often it happened.
    #[serde(default)]
    pub(crate) times: Vec<String>,
    /// `True` or `False`: whether a session was free.
    #[serde(default)]
    pub(crate) session_available: Vec<String>,
    #[serde(default)]
    pub(crate) session_id: Vec<String>,
    /// Free text for the audit log.
    #[serde(default)]
    pub(crate) comment: Vec<String>,
    /// The source's own number of the record.
    #[serde(default)]
    pub(crate) number: Vec<String>,
    #[serde(skip)]
    pub(crate) compiled: Option<Pattern>,
    #[serde(skip)]
    pub(crate) lines: Lines,
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
    /// The node that says it cannot reach a syslog server.
    Unreachable,
    /// Never counted.
    Never,
    /// Its text holds another complete line.
    CarriesLine,
    /// Its text lists failed sign-ins in RTMT's form.
    CarriesFailures,
    /// A failed attempt to become another account.
    FailedSu,
    /// Another detector has found repeated failures of the account.
    Found,
    /// Another detector has found repeated failed changes of user by the account.
    FoundSu,
    /// Another text of the same program was said several times.
    Repeats,
}

impl Said {
    /// The word in the file.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Failure => "failure",
            Self::Lockout => "lockout",
            Self::Success => "success",
            Self::Unlock => "unlock",
            Self::Logout => "logout",
            Self::Health => "health",
            Self::Unreachable => "unreachable",
            Self::Never => "never",
            Self::CarriesLine => "carries-line",
            Self::CarriesFailures => "carries-failures",
            Self::FailedSu => "failed-su",
            Self::Found => "found",
            Self::FoundSu => "found-su",
            Self::Repeats => "repeats",
        }
    }

    /// Whether it is a statement about an account.
    pub(crate) const fn speaks_of_account(self) -> bool {
        match self {
            Self::Failure
            | Self::Lockout
            | Self::Success
            | Self::Unlock
            | Self::Logout
            | Self::FailedSu
            | Self::Found
            | Self::FoundSu => true,
            Self::Health
            | Self::Unreachable
            | Self::Never
            | Self::CarriesLine
            | Self::CarriesFailures
            | Self::Repeats => false,
        }
    }
}

/// A line with what it must be taken for, compared in full but for `family`, `node`, `cluster` and `realm`: what else is
/// not stated must not be there.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct TestLine {
    pub(crate) line: String,
    pub(crate) meaning: Expected,
    pub(crate) family: Option<String>,
    #[serde(default)]
    pub(crate) account: String,
    #[serde(default)]
    pub(crate) target: String,
    #[serde(default)]
    pub(crate) source: String,
    #[serde(default)]
    pub(crate) interface: String,
    pub(crate) node: Option<String>,
    pub(crate) cluster: Option<String>,
    pub(crate) realm: Option<Realm>,
    pub(crate) reason: Option<LockReason>,
    #[serde(default)]
    pub(crate) credential: Credential,
    pub(crate) unlock_s: Option<u32>,
    pub(crate) failures: Option<u32>,
    pub(crate) session_available: Option<bool>,
    #[serde(default)]
    pub(crate) session_id: String,
    #[serde(default)]
    pub(crate) comment: String,
    #[serde(default)]
    pub(crate) number: String,
    /// How many statements the line makes.
    pub(crate) times: Option<usize>,
    #[serde(skip)]
    pub(crate) lines: Lines,
}

/// The word for what a line must be taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Expected {
    Failure,
    Lockout,
    Success,
    Unlock,
    Logout,
    Health,
    Unreachable,
    Never,
    NotASignIn,
    NoAccount,
    AccountCut,
    TextCut,
    NoEntry,
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
    #[serde(skip)]
    pub(crate) lines: Lines,
}

/// The word for a notification's meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum NotificationSaid {
    Health,
    Never,
}
