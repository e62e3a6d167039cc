//! What the operator can set about decisions. `config` fills it; the engine never changes it.

use crate::engine::patterns::Patterns;
use crate::engine::policy::{Policies, wildcard};
use crate::event::{Authenticated, Label, Name, Realm};
use crate::units::{Mono, Span};

/// All of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The site's name: part of every alert.
    pub site: Label,
    /// When accounts lock.
    pub policies: Policies,
    /// Observations of one account this close together are one attempt, if they came by different ways.
    pub merge_window: Span,
    /// While an alert is open, repeats are counted for this long before one update is sent.
    pub quiet: Span,
    /// `repeated-failures` for CUCM users.
    pub repeated_cucm: Threshold,
    /// The same for Mitel controllers.
    pub repeated_mitel: Threshold,
    /// The same for platform accounts of CUCM's nodes.
    pub repeated_os: Threshold,
    /// The same for accounts of other Unix hosts.
    pub repeated_unix: Threshold,
    /// `failed-su`, by user of a Unix host.
    pub failed_su: Threshold,
    /// The same, by user of a node's platform.
    pub failed_su_os: Threshold,
    /// Accounts whose alerts are raised one level: names, `*` for any text.
    pub privileged: Vec<String>,
    /// An alert that rests on a message whose sender proved less is a notice at most.
    pub page_needs: Authenticated,
    /// More alerts than this within a minute are a storm, at most [`crate::engine::MOST_OF_STORM`]; 0: never.
    pub storm: u32,
    /// `repeated-failures` of a whole cluster.
    pub cluster: Threshold,
    /// From when on failures are a pattern.
    pub patterns: Patterns,
    /// A node that sends nothing for so long is blind; zero: never.
    pub silent_after: Span,
    /// A node from which nothing about a sign-in ever came is blind after so long; zero: never.
    pub no_sign_ins_after: Span,
    /// Clusters of nodes, as far as the operator named them.
    pub nodes: Vec<NodeOf>,
}

/// More than `more_than` failures in `window`, then quiet for `quiet`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Threshold {
    /// The finding fires at the failure after this many; 0 switches it off; at most 99.
    pub more_than: u32,
    /// In this time.
    pub window: Span,
    /// No second message about the same account in this time.
    pub quiet: Span,
}

/// A node that the operator named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeOf {
    /// Its name, with or without the domain.
    pub name: Label,
    /// Its address in text, if given.
    pub address: Option<Label>,
    /// Its cluster, if given.
    pub cluster: Option<Label>,
}

impl Settings {
    /// The window in which observations of one attempt arrive.
    pub const MERGE_WINDOW: Span = Span::secs(3);
    /// How long repeats are counted before they are sent as one update.
    pub const QUIET: Span = Span::secs(300);
    /// A CUCM account that goes on failing after it locked: a stale password in a device or an application.
    pub const REPEATED_CUCM: Threshold = Threshold { more_than: 9, window: Span::mins(10), quiet: Span::mins(60) };
    /// HP-UX HIDS' template 8: more than 2 in 10 s, then quiet for 30 s.
    pub const REPEATED_UNIX: Threshold = Threshold { more_than: 2, window: Span::secs(10), quiet: Span::secs(30) };

    /// HP-UX HIDS' template 9: more than 2 in a day. How long it is quiet then is not documented: an hour.
    pub const FAILED_SU: Threshold = Threshold { more_than: 2, window: Span::mins(1_440), quiet: Span::mins(60) };
    /// More alerts in a minute than a person reads; a site of 20,000 users has a handful of forgotten PINs in one.
    pub const STORM: u32 = 20;
    /// HP-UX HIDS' `priv_user_list`.
    pub const PRIVILEGED: &str = "root";
    /// Off: RTMT's own default is not documented, and what is usual differs from site to site.
    pub const CLUSTER: Threshold = Threshold { more_than: 0, window: Span::mins(3), quiet: Span::mins(60) };
    /// Over a weekend nobody may sign in, and a node whose level is *Warning* may say nothing.
    pub const BLIND_AFTER: Span = Span::mins(72 * 60);

    /// Whether an alert about this account is raised one level.
    #[must_use]
    pub fn is_privileged(&self, realm: Realm, account: &Name) -> bool {
        self.privileged.iter().any(|entry| {
            // A colon cannot be part of a Unix name; in another it is taken as it stands if no realm is before it.
            let of_realm = entry.split_once(':').filter(|(realm, _)| Realm::named(realm).is_some());
            let (wanted, pattern) = of_realm.map_or((None, entry.as_str()), |(name, rest)| (Realm::named(name), rest));
            wanted.is_none_or(|wanted| wanted == realm) && wildcard(pattern, account.as_str())
        })
    }

    /// Whether the box is so new that it does not know yet what is usual.
    #[must_use]
    pub fn is_learning(&self, now: Mono) -> bool {
        self.learning_left(now) > Span::ZERO
    }

    /// How long the box will go on learning what is usual.
    #[must_use]
    pub fn learning_left(&self, now: Mono) -> Span {
        (Mono::FIRST + self.patterns.learning).since(now)
    }

    /// The threshold of `repeated-failures` in `realm`.
    #[must_use]
    pub const fn repeated(&self, realm: Realm) -> Threshold {
        match realm {
            Realm::Cucm | Realm::Lockwarden => self.repeated_cucm,
            Realm::Mitel => self.repeated_mitel,
            Realm::Os => self.repeated_os,
            Realm::Unix => self.repeated_unix,
        }
    }

    /// The threshold of `failed-su` in `realm`.
    #[must_use]
    pub const fn failed_su(&self, realm: Realm) -> Threshold {
        match realm {
            Realm::Os => self.failed_su_os,
            Realm::Cucm | Realm::Mitel | Realm::Unix | Realm::Lockwarden => self.failed_su,
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            site: Label::from_wire("site"),
            policies: Policies::default(),
            merge_window: Self::MERGE_WINDOW,
            quiet: Self::QUIET,
            repeated_cucm: Self::REPEATED_CUCM,
            repeated_mitel: Self::REPEATED_CUCM,
            repeated_os: Self::REPEATED_UNIX,
            repeated_unix: Self::REPEATED_UNIX,
            failed_su: Self::FAILED_SU,
            failed_su_os: Self::FAILED_SU,
            privileged: vec![Self::PRIVILEGED.to_owned()],
            page_needs: Authenticated::None,
            storm: Self::STORM,
            cluster: Self::CLUSTER,
            patterns: Patterns::DEFAULT,
            silent_after: Self::BLIND_AFTER,
            no_sign_ins_after: Self::BLIND_AFTER,
            nodes: Vec::new(),
        }
    }
}
