//! Which records are shown.

use super::record::{Action, AuditRecord, Failed};
use crate::units::Wall;

/// Everything that is given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// The user name contains this, whatever the case.
    pub user: Option<String>,
    /// The source address, cluster or node contains this, whatever the case.
    pub source: Option<String>,
    /// The login type contains this, whatever the case.
    pub login_type: Option<String>,
    /// What was done.
    pub action: Option<Action>,
    /// How it ended: outer none, any; inner none, well.
    pub result: Option<Option<Failed>>,
    /// Not before this time.
    pub since: Option<Wall>,
    /// Before this time.
    pub until: Option<Wall>,
}

impl Filter {
    /// Whether this record is shown.
    #[must_use]
    pub fn takes(&self, record: &AuditRecord) -> bool {
        let has = |wanted: &Option<String>, texts: &[&str]| {
            wanted.as_deref().is_none_or(|part| texts.iter().any(|text| contains(text, part)))
        };
        has(&self.user, &[record.user.as_str()])
            && has(&self.source, &[record.source.as_str(), record.cluster.as_str(), record.node.as_str()])
            && has(&self.login_type, &[record.login_type.as_str()])
            && self.action.is_none_or(|action| action == record.action)
            && self.result.is_none_or(|result| result == record.failed())
            && self.since.is_none_or(|since| record.at >= since)
            && self.until.is_none_or(|until| record.at < until)
    }
}

fn contains(text: &str, part: &str) -> bool {
    text.to_lowercase().contains(&part.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::super::record::tests::failed_login;
    use super::*;

    #[test]
    fn everything_that_is_given_must_hold() {
        let record = failed_login();
        let all = Filter {
            user: Some("SYS".into()),
            source: Some("mitel1".into()),
            login_type: Some("esm".into()),
            action: Some(Action::Login),
            result: Some(Some(Failed::Authentication)),
            since: Some(record.at),
            until: Some(Wall::from_millis(record.at.as_millis() + 1)),
        };
        assert!(all.takes(&record) && Filter::default().takes(&record));
        let others = [
            Filter { user: Some("jdoe".into()), ..all.clone() },
            Filter { source: Some("192.0.2.31".into()), ..all.clone() },
            Filter { login_type: Some("FTP".into()), ..all.clone() },
            Filter { action: Some(Action::Logout), ..all.clone() },
            Filter { result: Some(None), ..all.clone() },
            Filter { result: Some(Some(Failed::NoSession)), ..all.clone() },
            Filter { since: Some(Wall::from_millis(record.at.as_millis() + 1)), ..all.clone() },
            Filter { until: Some(record.at), ..all },
        ];
        for other in others {
            assert!(!other.takes(&record), "{other:?}");
        }
    }
}
