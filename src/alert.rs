//! An alert: what is told to people and machines, with its life (raised, updated, cleared) and its identity.
//! Its JSON form is the published payload, frozen as `config/schema/alert-1.json`.

use serde::{Deserialize, Serialize};

use crate::event::{Authenticated, Channel, Credential, Label, LockReason, Name, Realm};
use crate::units::{Text, Wall};

/// The name of the payload's version.
pub const SCHEMA: &str = "lockwarden.alert/1";
/// Addresses that an alert names at most.
pub const SOURCES: usize = 4;
/// Observations that an alert names at most.
pub const EVIDENCE: usize = 8;

macro_rules! published {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $label:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[$variant_doc])* #[serde(rename = $label)] $variant,)* }

        impl $name {
            /// Every value there is.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The published name.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $label,)* }
            }
        }
    };
}

published! {
    /// What happened.
    Kind {
        /// An account or one of its credentials is locked.
        Lockout = "lockout",
        /// More failures in a window than allowed.
        RepeatedFailures = "repeated-failures",
        /// More failed changes of user in a window than allowed.
        FailedSu = "failed-su",
        /// One source fails on many accounts.
        Spray = "spray",
        /// One account fails from many sources.
        Distributed = "distributed",
        /// Failures that stay under the limit and add up over a day.
        SlowClimb = "slow-climb",
        /// A success right after a run of failures.
        SuccessAfterFailures = "success-after-failures",
        /// A node sends nothing about sign-ins.
        BlindNode = "blind-node",
        /// An SNMPv3 sender that cannot be checked.
        UnknownEngine = "unknown-engine",
        /// Messages were lost before they could be read.
        Overload = "overload",
        /// More alerts than should be sent one by one.
        Storm = "storm",
    }
}

published! {
    /// Where in its life an alert stands.
    State {
        /// New.
        Raised = "raised",
        /// More is known, or more happened.
        Updated = "updated",
        /// Over.
        Cleared = "cleared",
    }
}

published! {
    /// How much it matters.
    Severity {
        /// For the record.
        Info = "info",
        /// A line in a list.
        Notice = "notice",
        /// Somebody should look today.
        Warning = "warning",
        /// Somebody should look now.
        Critical = "critical",
    }
}

impl Severity {
    /// One level more; the highest stays.
    #[must_use]
    pub const fn raised(self) -> Self {
        match self {
            Self::Info => Self::Notice,
            Self::Notice => Self::Warning,
            Self::Warning | Self::Critical => Self::Critical,
        }
    }
}

published! {
    /// How a lockout is known.
    Basis {
        /// The cluster said so.
        Reported = "reported",
        /// The failures reached the policy's limit and no lock line has come.
        Inferred = "inferred",
    }
}

published! {
    /// What ended it.
    ClearedBy {
        /// The policy's time ran out; no "unlocked" message exists.
        PolicyEnd = "policy-end",
        /// A successful sign-in.
        Success = "success",
        /// An administrator's action.
        Administrator = "administrator",
    }
}

/// One observation behind an alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The alarm's canonical name.
    pub family: Label,
    /// By which way it came.
    pub channel: Channel,
    /// The message's own time, else the time of receipt.
    pub at: Wall,
}

/// An alert as it is stored and published. What is not known is `None`, published as `null`, never guessed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// `<site>.<kind>.<12 hexadecimal digits>`: made from what happened, so equal after a restart and on a second box.
    pub id: Text<128>,
    /// Rises by one with every message about this alert; the first is 1.
    pub revision: u32,
    /// Where in its life it stands.
    pub state: State,
    /// What happened.
    pub kind: Kind,
    /// How much it matters.
    pub severity: Severity,
    /// The site that this box guards.
    pub site: Label,
    /// The cluster of the account.
    pub cluster: Option<Label>,
    /// The node that reported first.
    pub node: Option<Label>,
    /// The account.
    pub account: Option<Name>,
    /// Who answers for the account.
    pub realm: Option<Realm>,
    /// Which credential.
    pub credential: Credential,
    /// How a lockout is known.
    pub basis: Option<Basis>,
    /// Why the account is locked.
    pub reason: Option<LockReason>,
    /// Through which application the last failure came.
    pub interface: Option<Label>,
    /// Where the failures came from, oldest first.
    pub sources: heapless::Vec<Label, SOURCES>,
    /// Failures in the window.
    pub failures: u32,
    /// The window, in seconds.
    pub window_s: u32,
    /// The first failure of the run.
    pub first_failure: Option<Wall>,
    /// The newest failure.
    pub last_failure: Option<Wall>,
    /// When the alert was raised.
    pub raised_at: Wall,
    /// When the policy ends the lock; `None` while an administrator must act, or if nothing is locked.
    pub unlock_expected: Option<Wall>,
    /// What ended it.
    pub cleared_by: Option<ClearedBy>,
    /// Repeats that were counted and not sent.
    pub suppressed: u32,
    /// Whether the wall clock was believed when the alert was raised.
    pub time_synchronised: bool,
    /// The weakest proof of identity among the messages behind it.
    pub authenticated_by: Authenticated,
    /// The observations behind it, oldest first.
    pub evidence: heapless::Vec<Evidence, EVIDENCE>,
    /// One line for a person.
    pub summary: Text<256>,
}

#[derive(Serialize)]
struct Payload<'a> {
    schema: &'static str,
    #[serde(flatten)]
    alert: &'a Alert,
}

impl Alert {
    /// The published payload, one line of JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(&Payload { schema: SCHEMA, alert: self }).unwrap_or_default()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// An alert with every field set.
    pub(crate) fn complete() -> Alert {
        let at = Wall::from_millis(1_768_465_265_090);
        let label = Label::from_wire;
        Alert {
            id: Text::from_wire("hq.lockout.5c1f0a9e2b44"),
            revision: 2,
            state: State::Updated,
            kind: Kind::Lockout,
            severity: Severity::Notice,
            site: label("hq"),
            cluster: Some(label("StandAloneCluster")),
            node: Some(label("cucm-sub1")),
            account: Some(Name::from_wire("jdoe")),
            realm: Some(Realm::Cucm),
            credential: Credential::Unknown,
            basis: Some(Basis::Reported),
            reason: Some(LockReason::FailedLogons),
            interface: None,
            sources: heapless::Vec::from_slice(&[label("192.0.2.15")]).unwrap(),
            failures: 3,
            window_s: 1800,
            first_failure: Some(at),
            last_failure: Some(at),
            raised_at: at,
            unlock_expected: None,
            cleared_by: None,
            suppressed: 0,
            time_synchronised: true,
            authenticated_by: Authenticated::None,
            evidence: heapless::Vec::from_slice(&[Evidence {
                family: label("UC_IMS-authHackLock"),
                channel: Channel::Syslog,
                at,
            }])
            .unwrap(),
            summary: Text::from_wire("jdoe is locked"),
        }
    }

    /// Frozen: a change here breaks subscribers. Make a new schema version instead.
    #[test]
    fn the_payload_of_version_1_never_changes() {
        assert_eq!(
            complete().to_json(),
            concat!(
                r#"{"schema":"lockwarden.alert/1","id":"hq.lockout.5c1f0a9e2b44","revision":2,"state":"updated","#,
                r#""kind":"lockout","severity":"notice","site":"hq","cluster":"StandAloneCluster","node":"cucm-sub1","#,
                r#""account":"jdoe","realm":"cucm","credential":"unknown","basis":"reported","reason":"failed-logons","#,
                r#""interface":null,"sources":["192.0.2.15"],"failures":3,"window_s":1800,"#,
                r#""first_failure":"2026-01-15T08:21:05.090Z","last_failure":"2026-01-15T08:21:05.090Z","#,
                r#""raised_at":"2026-01-15T08:21:05.090Z","unlock_expected":null,"cleared_by":null,"suppressed":0,"#,
                r#""time_synchronised":true,"authenticated_by":"none","#,
                r#""evidence":[{"family":"UC_IMS-authHackLock","channel":"syslog","at":"2026-01-15T08:21:05.090Z"}],"#,
                r#""summary":"jdoe is locked"}"#
            )
        );
    }
}
