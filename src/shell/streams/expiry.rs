//! Whether our certificate is good, will not be for long, or is not: nobody else tells, since each client that refuses it only goes away.

use std::path::{Path, PathBuf};

use rustls::pki_types::CertificateDer;

use crate::units::{Now, Span, Wall};
use crate::wire::Validity;

/// So long before its end a certificate is to be renewed.
const SOON: Span = Span::secs(14 * 24 * 3_600);
const DAY_MS: u64 = 24 * 3_600 * 1_000;

/// The times of the certificates of one file.
#[derive(Clone, Debug)]
pub(super) struct Expiry {
    path: PathBuf,
    not_before: Wall,
    not_after: Wall,
}

/// What is wrong with a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Good,
    NotYet,
    Soon,
    Expired,
}

impl Expiry {
    /// Of the time in which every certificate of the chain is good; those that cannot be read are left out.
    pub(super) fn of(path: &Path, chain: &[CertificateDer<'_>]) -> Option<Self> {
        let all = || chain.iter().filter_map(|certificate| Validity::of(certificate).ok());
        let not_before = all().map(|validity| validity.not_before).max()?;
        let not_after = all().map(|validity| validity.not_after).min()?;
        Some(Self { path: path.to_owned(), not_before, not_after })
    }

    /// How it stands. A clock that nobody has set says nothing about it.
    pub(super) fn standing(&self, now: Now) -> Standing {
        match now.wall {
            _ if !now.synchronised => Standing::Good,
            wall if wall > self.not_after => Standing::Expired,
            wall if wall < self.not_before => Standing::NotYet,
            wall if self.not_after.distance(wall) <= SOON => Standing::Soon,
            _ => Standing::Good,
        }
    }

    /// What to tell of it; `None` if it is good.
    pub(super) fn problem(&self, now: Now) -> Option<String> {
        let what = match self.standing(now) {
            Standing::Good => return None,
            Standing::NotYet => format!("is good only from {} on", self.not_before),
            Standing::Expired => format!("has expired at {}", self.not_after),
            Standing::Soon => {
                let days = self.not_after.distance(now.wall).as_millis() / DAY_MS;
                format!("expires at {}, in {days} days", self.not_after)
            }
        };
        let path = self.path.display();
        Some(format!(
            "syslog.tls.certificate: {path}: {what}; a client that checks it sends nothing then: renew it and send SIGHUP"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Mono;

    const DAY: Span = Span::secs(24 * 3_600);

    #[test]
    fn a_certificate_is_told_of_two_weeks_before_its_end_and_not_by_a_clock_that_nobody_set() {
        let end = Wall::from_millis(1_768_465_265_000);
        let expiry =
            Expiry { path: "/etc/box.pem".into(), not_before: Wall::from_millis(1_700_000_000_000), not_after: end };
        let at = |wall, synchronised| Now { mono: Mono::ZERO, wall, synchronised };
        let told = |wall| expiry.problem(at(wall, true));
        let days = |n: u64| Span::millis(DAY.as_millis() * n);
        assert_eq!(told(end.minus(days(15))), None);
        let tail = "; a client that checks it sends nothing then: renew it and send SIGHUP";
        let soon =
            format!("syslog.tls.certificate: /etc/box.pem: expires at 2026-01-15T08:21:05.000Z, in 13 days{tail}");
        assert_eq!(told(end.minus(days(14)).plus(Span::secs(1))), Some(soon));
        assert_eq!(expiry.standing(at(end, true)), Standing::Soon);
        let expired = format!("syslog.tls.certificate: /etc/box.pem: has expired at 2026-01-15T08:21:05.000Z{tail}");
        assert_eq!(told(end.plus(Span::millis(1))), Some(expired));
        let early =
            format!("syslog.tls.certificate: /etc/box.pem: is good only from 2023-11-14T22:13:20.000Z on{tail}");
        assert_eq!(told(Wall::from_millis(1_600_000_000_000)), Some(early));
        assert_eq!(expiry.problem(at(end.plus(days(1)), false)), None);
    }
}
