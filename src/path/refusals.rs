//! Who was refused, and why: counted, and shown rarely. A stranger's datagrams must not fill the log.

use core::net::IpAddr;

use crate::units::{Mono, Now, Span, Wall};
use crate::verdict::Verdict;

/// Senders that are remembered.
const REMEMBERED: usize = 32;
/// One line in the log for each sender and reason in this time.
const SHOWN_EVERY: Span = Span::mins(60);

/// What to do about a refusal that is not by address.
const REMEDIES: [(Verdict, &str); 16] = [
    (
        Verdict::TooManyConnections,
        "[syslog] connections and connections-per-address; or at the sender: use one connection",
    ),
    (Verdict::BadHandshake, HANDSHAKE),
    (Verdict::BadCertificate, CERTIFICATE),
    (Verdict::WrongCommunity, "[traps] communities = [\"<the community it sends>\"]"),
    (Verdict::V3NotConfigured, NEW_USER),
    (Verdict::UnknownUser, NEW_USER),
    (Verdict::UnknownEngine, ENGINE),
    (Verdict::UnsupportedSecurityLevel, "[[traps.user]] level, as the sender is set to"),
    (Verdict::WrongDigest, "[[traps.user]] auth and auth-password, as the sender is set to"),
    (Verdict::WrongDigestLength, "[[traps.user]] auth, as the sender is set to"),
    (Verdict::DecryptionError, PRIVACY),
    (Verdict::BootsWentBack, BOOTS),
    (Verdict::NotInTimeWindow, LATE),
    (Verdict::BootsAtMaximum, "at the sender: give it a new engine id"),
    (Verdict::OwnEngine, "at the sender: it uses the engine id of this box, or sends our own notifications back"),
    (Verdict::UnknownSecurityModel, "at the sender: send with the User-based Security Model"),
];
const BOOTS: &str = "at the sender: its engine boots went back, or old messages are played back; give a reinstalled sender a new \
                     engine id";
const ENGINE: &str = "[[traps.user]] engine-id: add the sender's, or leave the key out; for an inform, enter our engine id at the \
                      sender";
const CERTIFICATE: &str = "at the sender: a valid client certificate of the CA in [syslog.tls] client-ca";
const HANDSHAKE: &str =
    "at the sender: TLS 1.2 or 1.3, and our CA or certificate as trusted; without TLS, another port of ours";
const LATE: &str = "at the sender: its messages are more than 150 s late, or played back; if its clock stood still, restart its \
                    SNMP agent";
const NEW_USER: &str = "[[traps.user]] with the name, algorithms and passwords that the sender is set to";
const PRIVACY: &str = "[[traps.user]] priv and priv-password, as the sender is set to; of aes192 and aes192c, and of aes256 and \
                       aes256c, try the other";

/// Which door it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// The trap port.
    Snmp,
    /// A syslog port.
    Syslog,
}

/// One sender that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Its address.
    pub from: IpAddr,
    /// Which door.
    pub transport: Transport,
    /// Why.
    pub why: Verdict,
    /// How many messages.
    pub count: u64,
    /// The newest.
    pub last: Wall,
    shown: Option<Mono>,
    heard: Mono,
}

impl Refusal {
    /// The line of configuration that would let it in.
    #[must_use]
    pub fn remedy(&self) -> String {
        let table = match self.transport {
            Transport::Snmp => "traps",
            Transport::Syslog => "syslog",
        };
        if let Some((_, remedy)) = REMEDIES.iter().find(|(why, _)| *why == self.why) {
            return (*remedy).into();
        }
        format!("[{table}] allow = [\"{}\"]", self.from.to_canonical())
    }
}

/// The senders that were refused most recently.
#[derive(Debug, Default)]
pub(super) struct Refusals(heapless::Vec<Refusal, REMEMBERED>);

impl Refusals {
    pub(super) fn note(&mut self, from: IpAddr, transport: Transport, why: Verdict, now: Now) {
        let same = |r: &&mut Refusal| r.from == from && r.transport == transport && r.why == why;
        if let Some(known) = self.0.iter_mut().find(same) {
            known.count = known.count.saturating_add(1);
            (known.last, known.heard) = (now.wall, now.mono);
            return;
        }
        let new = Refusal { from, transport, why, count: 1, last: now.wall, shown: None, heard: now.mono };
        if let Err(new) = self.0.push(new)
            && let Some(oldest) = self.0.iter_mut().min_by_key(|r| r.heard)
        {
            // With every place taken by somebody else, newcomers are remembered, but each as already shown: a sweep of forged
            // addresses makes a bounded number of lines.
            *oldest = Refusal { shown: oldest.shown, ..new };
        }
    }

    pub(super) fn next_to_show(&mut self) -> Option<Refusal> {
        let due = |r: &&mut Refusal| r.shown.is_none_or(|at| r.heard.since(at) >= SHOWN_EVERY);
        let refusal = self.0.iter_mut().find(due)?;
        refusal.shown = Some(refusal.heard);
        Some(refusal.clone())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Refusal> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::net::Ipv4Addr;

    fn at(s: u64) -> Now {
        Now { mono: Mono::ZERO + Span::secs(s), wall: Wall::from_millis(0), synchronised: true }
    }

    #[test]
    fn a_refused_sender_is_shown_once_an_hour_with_its_remedy() {
        let mut refusals = Refusals::default();
        let from = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));
        let mut shown = 0;
        for s in 0..7200 {
            refusals.note(from, Transport::Syslog, Verdict::SenderNotAllowed, at(s));
            shown += refusals.next_to_show().into_iter().count();
        }
        assert_eq!(shown, 2);
        let refusal = refusals.iter().next().unwrap();
        assert_eq!((refusal.count, refusal.remedy().as_str()), (7200, "[syslog] allow = [\"192.0.2.7\"]"));
    }

    #[test]
    fn a_sweep_of_forged_addresses_shows_a_bounded_number() {
        let mut refusals = Refusals::default();
        let mut shown = 0;
        for n in 0..10_000_u32 {
            refusals.note(IpAddr::V4(n.into()), Transport::Snmp, Verdict::SenderNotAllowed, at(n.into()));
            shown += refusals.next_to_show().into_iter().count();
        }
        assert!(shown <= 3 * REMEMBERED, "{shown}");
    }
}
