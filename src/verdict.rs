//! How each input ended. Every datagram or line ends in exactly one [`Verdict`]; each counter of `health` is a count of verdicts.

use core::fmt;

/// The coarse result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// A new attempt was counted for an account.
    Counted,
    /// It belongs to an attempt that was counted before, and enriched it, or to a message that is counted once for all its parts.
    Merged,
    /// A record that was delivered before on the same channel.
    Duplicate,
    /// It meant something, but not a failure: a success, an unlock, a state of health.
    Noted,
    /// The catalogue says: never count this.
    Ignored,
    /// Well-formed, and no catalogue entry speaks of it.
    Unlisted,
    /// The sender may not.
    Refused,
    /// Bytes that are not a message.
    Malformed,
    /// Never reached us: dropped by the kernel or by a full queue.
    Lost,
}

macro_rules! verdicts {
    ($($(#[$doc:meta])* $name:ident = $label:literal => $outcome:ident,)*) => {
        /// The reason, and with it the outcome.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Verdict { $($(#[$doc])* $name,)* }

        impl Verdict {
            /// Every verdict there is.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The name in `health` and in metrics.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $label,)* }
            }

            /// What it comes to.
            #[must_use]
            pub const fn outcome(self) -> Outcome {
                match self { $(Self::$name => Outcome::$outcome,)* }
            }
        }
    };
}

verdicts! {
    /// A failed sign-in.
    Failure = "failure" => Counted,
    /// A lock that was reported, with its attempt.
    Lockout = "lockout" => Counted,
    /// Another report of an attempt already counted.
    Absorbed = "absorbed" => Merged,
    /// A part of a longer message, which is counted with another of its parts.
    PartHeld = "part-held" => Merged,
    /// The same record, or the same SNMPv3 message, again.
    Replay = "replay" => Duplicate,
    /// A successful sign-in.
    Success = "success" => Noted,
    /// An unlock or reset by an administrator.
    Unlock = "unlock" => Noted,
    /// A sign-out.
    Logout = "logout" => Noted,
    /// A lock without an attempt (by an administrator, for inactivity).
    LockNoted = "lock-noted" => Noted,
    /// A statement about the sender's own health.
    Health = "health" => Noted,
    /// CUCM says that it cannot reach a remote syslog server.
    Unreachable = "syslog-unreachable" => Noted,
    /// A sender of informs asks for our engine id or clock (RFC 3414 section 4).
    Discovery = "discovery" => Noted,
    /// A catalogue entry says that this is never counted.
    NeverCounted = "never-counted" => Ignored,
    /// The entry's conditions are not met (an audit line that is not a sign-in).
    NotASignIn = "not-a-sign-in" => Ignored,
    /// No catalogue entry for it.
    NoEntry = "no-entry" => Unlisted,
    /// An entry matched, but the account is missing or empty.
    NoAccount = "no-account" => Unlisted,
    /// The account name is cut off, so it is not known whose failure this is.
    AccountCut = "account-cut" => Unlisted,
    /// The text is cut off before what would decide what it means.
    TextCut = "text-cut" => Unlisted,
    /// A part of the message never came, and what came does not say what it means.
    PartMissing = "part-missing" => Unlisted,
    /// A part of a message that was given up, and read without it.
    PartLate = "part-late" => Unlisted,
    /// The sender's address is not on the allow-list.
    SenderNotAllowed = "sender-not-allowed" => Refused,
    /// A connection beyond the limits of the syslog ports.
    TooManyConnections = "too-many-connections" => Refused,
    /// A TLS connection that could not be agreed on.
    BadHandshake = "bad-handshake" => Refused,
    /// A TLS client without a certificate, or with one that is expired, of another CA, or not for clients.
    BadCertificate = "bad-certificate" => Refused,
    /// The SNMP community is not one of ours.
    WrongCommunity = "wrong-community" => Refused,
    /// An SNMPv3 message, and no user is configured.
    V3NotConfigured = "v3-not-configured" => Refused,
    /// SNMPv3 under a security model other than USM (TSM over plain UDP).
    UnknownSecurityModel = "unknown-security-model" => Refused,
    /// An SNMPv3 message of an engine that its user may not speak for, or an inform to an engine that is not ours.
    UnknownEngine = "unknown-engine" => Refused,
    /// A notification in the name of our own engine: one of ours that has come back, or a forgery.
    OwnEngine = "own-engine" => Refused,
    /// An SNMPv3 user that is not configured.
    UnknownUser = "unknown-user" => Refused,
    /// An SNMPv3 message with less protection than its user is set to, or with other protection.
    UnsupportedSecurityLevel = "unsupported-security-level" => Refused,
    /// The SNMPv3 digest is not that of the user's key: wrong password or algorithm, or a changed message.
    WrongDigest = "wrong-digest" => Refused,
    /// The SNMPv3 digest has the length of another algorithm.
    WrongDigestLength = "wrong-digest-length" => Refused,
    /// A genuine SNMPv3 message of an earlier start of its engine: played back, or the engine has lost its count.
    BootsWentBack = "boots-went-back" => Refused,
    /// A genuine SNMPv3 message that is too old: delayed, or played back.
    NotInTimeWindow = "not-in-time-window" => Refused,
    /// The sender's boots are at their maximum, where RFC 3414 2.2.2 takes no message any more.
    BootsAtMaximum = "boots-at-maximum" => Refused,
    /// The SNMPv3 digest is right, and decryption gives nothing readable: wrong privacy password or algorithm.
    DecryptionError = "decryption-error" => Refused,
    /// Not BER, or not an SNMP message.
    BadSnmp = "bad-snmp" => Malformed,
    /// An SNMP message that is not a notification (Get, Report, Response).
    NotANotification = "not-a-notification" => Malformed,
    /// An empty line or datagram.
    Empty = "empty" => Malformed,
    /// Longer than we read.
    TooLong = "too-long" => Malformed,
    /// Dropped by the kernel before we could read it (SO_RXQ_OVFL).
    KernelDrop = "kernel-drop" => Lost,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How often each verdict was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tallies([u64; Verdict::ALL.len()]);

impl Default for Tallies {
    fn default() -> Self {
        Self([0; Verdict::ALL.len()])
    }
}

impl Tallies {
    /// Counts one.
    pub fn record(&mut self, verdict: Verdict) {
        self.add(verdict, 1);
    }

    /// Counts `n` at once.
    pub fn add(&mut self, verdict: Verdict, n: u64) {
        if let Some(slot) = self.0.get_mut(verdict as usize) {
            *slot = slot.saturating_add(n);
        }
    }

    /// What waited under one verdict has come to another.
    pub fn turn(&mut self, from: Verdict, to: Verdict) {
        if let Some(slot) = self.0.get_mut(from as usize).filter(|slot| **slot > 0) {
            *slot -= 1;
            self.add(to, 1);
        }
    }

    /// How often `verdict` was given.
    #[must_use]
    pub fn count(&self, verdict: Verdict) -> u64 {
        self.0.get(verdict as usize).copied().unwrap_or(0)
    }

    /// All inputs so far.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// Each verdict with its count, in declaration order.
    pub fn iter(&self) -> impl Iterator<Item = (Verdict, u64)> + '_ {
        Verdict::ALL.iter().map(|&v| (v, self.count(v)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verdict_has_its_own_counter_and_name() {
        let mut tallies = Tallies::default();
        for (n, &verdict) in (1..).zip(Verdict::ALL) {
            tallies.add(verdict, n);
        }
        let names: std::collections::BTreeSet<_> = Verdict::ALL.iter().map(|v| v.as_str()).collect();
        assert_eq!(names.len(), Verdict::ALL.len());
        assert_eq!(tallies.total(), (1..=Verdict::ALL.len() as u64).sum::<u64>());
        assert_eq!(tallies.count(Verdict::Failure), 1);
    }
}
