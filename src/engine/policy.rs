//! What a lockout means: CUCM's credential policy and the limits of the platform's own accounts.

use crate::event::{Account, Credential, Realm};
use crate::units::Span;

/// Failed logons after which an account locks at most (CUCM's own range ends here).
pub const MAX_FAILED_LOGONS: usize = 100;

/// When an account locks, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Failures that lock the account: 1 to 100; 0: never.
    pub failed_logons: u32,
    /// Failures older than this no longer count.
    pub reset: Span,
    /// How long a lock lasts; zero: until an administrator acts.
    pub lockout: Span,
}

impl Policy {
    /// CUCM's default credential policy: 3 failures, reset after 30 minutes, locked for 30 minutes.
    pub const CUCM: Self = Self { failed_logons: 3, reset: Span::mins(30), lockout: Span::mins(30) };
    /// Platform accounts (`set accountlocking`): 3 failures, locked for 300 s. The reset time is not documented; the lock's
    /// own length is assumed.
    pub const PLATFORM: Self = Self { failed_logons: 3, reset: Span::secs(300), lockout: Span::secs(300) };
    /// No policy: nothing is ever inferred.
    pub const NONE: Self = Self { failed_logons: 0, reset: Span::mins(30), lockout: Span::mins(30) };
}

/// A policy for some accounts only. Every condition that is given must hold; patterns ignore case, `*` stands for any text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyFor {
    /// Only in this realm.
    pub realm: Option<Realm>,
    /// Only in clusters whose name fits this pattern.
    pub cluster: Option<String>,
    /// Only accounts whose name fits this pattern.
    pub account: Option<String>,
    /// Only failures that are known to be about this credential.
    pub credential: Option<Credential>,
    /// What holds for them.
    pub policy: Policy,
}

/// All policies of a site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policies {
    /// For CUCM users.
    pub cucm: Policy,
    /// For platform accounts of CUCM nodes.
    pub os: Policy,
    /// Exceptions; the first that fits holds.
    pub exceptions: Vec<PolicyFor>,
}

impl Default for Policies {
    fn default() -> Self {
        Self { cucm: Policy::CUCM, os: Policy::PLATFORM, exceptions: Vec::new() }
    }
}

impl Policies {
    /// The policy that holds for `account`, where it is not known which credential was tried.
    #[must_use]
    pub fn of(&self, account: &Account) -> Policy {
        self.of_credential(account, Credential::Unknown)
    }

    /// The longest reset time that holds for any credential of `account`.
    #[must_use]
    pub fn longest_reset(&self, account: &Account) -> Span {
        let all = [Credential::Unknown, Credential::Pin, Credential::Password];
        all.map(|credential| self.of_credential(account, credential).reset).into_iter().max().unwrap_or_default()
    }

    /// The policy that holds for this credential of `account`.
    #[must_use]
    pub fn of_credential(&self, account: &Account, credential: Credential) -> Policy {
        let fits = |rule: &&PolicyFor| {
            rule.credential.is_none_or(|only| only == credential)
                && rule.realm.is_none_or(|realm| realm == account.realm)
                && rule.cluster.as_deref().is_none_or(|p| wildcard(p, account.cluster.as_str()))
                && rule.account.as_deref().is_none_or(|p| wildcard(p, account.name.as_str()))
        };
        if let Some(rule) = self.exceptions.iter().find(fits) {
            return rule.policy;
        }
        match account.realm {
            Realm::Cucm => self.cucm,
            Realm::Os => self.os,
            Realm::Unix | Realm::Mitel | Realm::Lockwarden => Policy::NONE,
        }
    }
}

/// Whether `text` fits `pattern`, where `*` stands for any text and ASCII case is ignored. Linear in both lengths times the
/// number of stars: each star only ever moves forward.
pub(super) fn wildcard(pattern: &str, text: &str) -> bool {
    let (mut rest, mut parts) = (text.as_bytes(), pattern.split('*'));
    let Some(first) = parts.next() else { return text.is_empty() };
    let Some((head, tail)) = rest.split_at_checked(first.len()) else { return false };
    if !head.eq_ignore_ascii_case(first.as_bytes()) {
        return false;
    }
    rest = tail;
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        if part.is_empty() {
            continue;
        }
        let Some(at) = rest.windows(part.len()).position(|w| w.eq_ignore_ascii_case(part.as_bytes())) else {
            return false;
        };
        rest = rest.get(at + part.len()..).unwrap_or_default();
    }
    rest.len() >= last.len()
        && rest.get(rest.len() - last.len()..).is_some_and(|end| end.eq_ignore_ascii_case(last.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Label, Name};

    #[test]
    fn a_star_stands_for_any_text_and_case_is_ignored() {
        for (pattern, text, fits) in [
            ("jdoe", "JDoe", true),
            ("jdoe", "jdoe2", false),
            ("cti*", "ctiapp", true),
            ("*app", "ctiapp", true),
            ("c*a*p", "ctiapp", true),
            ("c*a*p", "ctiap", true),
            ("*", "", true),
            ("", "", true),
            ("", "x", false),
            ("a*a", "a", false),
            ("**x", "x", true),
        ] {
            assert_eq!(wildcard(pattern, text), fits, "{pattern} {text}");
        }
    }

    #[test]
    fn the_first_exception_that_fits_holds() {
        let strict = Policy { failed_logons: 2, ..Policy::CUCM };
        let policies = Policies {
            exceptions: vec![
                PolicyFor {
                    realm: Some(Realm::Os),
                    cluster: None,
                    account: None,
                    credential: None,
                    policy: Policy::NONE,
                },
                PolicyFor {
                    realm: None,
                    cluster: None,
                    account: Some("admin*".into()),
                    credential: None,
                    policy: strict,
                },
            ],
            ..Policies::default()
        };
        let account = |realm, name| Account { realm, cluster: Label::new(), name: Name::from_wire(name) };
        assert_eq!(policies.of(&account(Realm::Cucm, "admin1")), strict);
        assert_eq!(policies.of(&account(Realm::Os, "admin1")), Policy::NONE);
        assert_eq!(policies.of(&account(Realm::Cucm, "jdoe")), Policy::CUCM);
        assert_eq!(policies.of(&account(Realm::Unix, "root")), Policy::NONE);
    }

    #[test]
    fn an_exception_for_a_credential_holds_only_where_it_is_known() {
        let pin = Policy { failed_logons: 5, reset: Span::mins(120), ..Policy::CUCM };
        let rule =
            PolicyFor { realm: None, cluster: None, account: None, credential: Some(Credential::Pin), policy: pin };
        let policies = Policies { exceptions: vec![rule], ..Policies::default() };
        let account = Account { realm: Realm::Cucm, cluster: Label::new(), name: Name::from_wire("jdoe") };
        let of = |credential| policies.of_credential(&account, credential);
        assert_eq!(
            (of(Credential::Pin), of(Credential::Password), of(Credential::Unknown)),
            (pin, Policy::CUCM, Policy::CUCM)
        );
        assert_eq!((policies.of(&account), policies.longest_reset(&account)), (Policy::CUCM, pin.reset));
    }
}
