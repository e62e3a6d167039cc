//! What an alert weighs in the end, at the one place that every alert passes on its way out of the engine.
//!
//! 1. One about a privileged account (`detect.privileged`) is raised one level.
//! 2. One that rests on a message which did not prove enough who sent it is a notice at most (`detect.page-needs`). What the box
//!    says of itself is not weighed so: it rests on no sender.
//!
//! What is kept of an alert inside the engine is not changed, so a rule that looks at its own severity sees its own.

use crate::alert::{Alert, Kind, Severity};
use crate::engine::Action;
use crate::engine::settings::Settings;

/// What is to be done, with its alert weighed.
pub(crate) fn weighed(settings: &Settings, mut action: Action) -> Action {
    if let Action::Tell(alert, _) | Action::Announce(alert) | Action::Hold(alert, _) = &mut action {
        weigh(settings, alert);
    }
    action
}

fn weigh(settings: &Settings, alert: &mut Alert) {
    let of_account = alert.realm.zip(alert.account.as_ref());
    if of_account.is_some_and(|(realm, account)| settings.is_privileged(realm, account)) {
        alert.severity = alert.severity.raised();
    }
    if alert.authenticated_by < settings.page_needs && !is_of_the_box(alert.kind) {
        alert.severity = alert.severity.min(Severity::Notice);
    }
}

/// Whether it says how this box stands with its senders, and nothing about an account.
const fn is_of_the_box(kind: Kind) -> bool {
    match kind {
        Kind::BlindNode | Kind::UnknownEngine | Kind::Overload | Kind::Storm => true,
        Kind::Lockout
        | Kind::RepeatedFailures
        | Kind::FailedSu
        | Kind::Spray
        | Kind::Distributed
        | Kind::SlowClimb
        | Kind::SuccessAfterFailures => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::tests::complete;
    use crate::event::{Authenticated, Name};

    fn of(name: &str, severity: Severity) -> Alert {
        Alert { account: Some(Name::from_wire(name)), severity, ..complete() }
    }

    fn severity(settings: &Settings, mut alert: Alert) -> Severity {
        weigh(settings, &mut alert);
        alert.severity
    }

    #[test]
    fn an_alert_about_a_privileged_account_is_raised_one_level_whatever_its_kind() {
        let settings = Settings { privileged: vec!["ccmadmin*".into()], ..Settings::default() };
        let levels = Severity::ALL.iter().map(|&level| severity(&settings, of("CCMAdministrator", level)));
        let raised = [Severity::Notice, Severity::Warning, Severity::Critical, Severity::Critical];
        assert_eq!(levels.collect::<Vec<_>>(), raised);
        assert_eq!(severity(&settings, of("jdoe", Severity::Warning)), Severity::Warning);
        let of_nobody = Alert { account: None, severity: Severity::Warning, ..complete() };
        assert_eq!(severity(&settings, of_nobody), Severity::Warning);
    }

    #[test]
    fn what_is_not_proved_enough_is_a_notice_at_most_but_for_what_the_box_says_of_itself() {
        use Authenticated::{Community, None, Tls, Usm};
        for (needs, proved, expected) in [
            (None, None, Severity::Critical),
            (Community, None, Severity::Notice),
            (Community, Community, Severity::Critical),
            (Usm, Community, Severity::Notice),
            (Usm, Usm, Severity::Critical),
            (Usm, Tls, Severity::Critical),
            (Tls, Usm, Severity::Notice),
            (Tls, Tls, Severity::Critical),
        ] {
            let settings = Settings { page_needs: needs, ..Settings::default() };
            let alert = Alert { authenticated_by: proved, ..of("root", Severity::Warning) };
            assert_eq!(severity(&settings, alert), expected, "{needs:?} {proved:?}");
        }
        let settings = Settings { page_needs: Tls, ..Settings::default() };
        assert_eq!(severity(&settings, of("jdoe", Severity::Info)), Severity::Info);
        for kind in [Kind::BlindNode, Kind::UnknownEngine, Kind::Overload, Kind::Storm] {
            let alert = Alert { kind, account: Option::None, severity: Severity::Warning, ..complete() };
            assert_eq!(severity(&settings, alert), Severity::Warning, "{kind:?}");
        }
    }
}
