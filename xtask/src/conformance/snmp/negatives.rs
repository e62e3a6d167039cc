//! What `send-negative.sh` sends, in its order, and how each must end.

use lockwarden::verdict::Verdict;

/// The name of each message, and its verdict; none: it is accepted.
pub(in crate::conformance) const SENT: [(&str, Option<Verdict>); 14] = [
    ("pos-baseline", None),
    ("neg-wrong-authpw", Some(Verdict::WrongDigest)),
    ("neg-wrong-privpw", Some(Verdict::DecryptionError)),
    ("neg-wrong-authalg", Some(Verdict::WrongDigestLength)),
    ("neg-unknown-user", Some(Verdict::UnknownUser)),
    ("neg-unknown-engine", Some(Verdict::UnknownEngine)),
    ("neg-downgrade-noauth", Some(Verdict::UnsupportedSecurityLevel)),
    ("neg-downgrade-nopriv", Some(Verdict::UnsupportedSecurityLevel)),
    ("neg-time-minus-600", Some(Verdict::NotInTimeWindow)),
    ("neg-boots-minus-1", Some(Verdict::BootsWentBack)),
    ("neg-community", Some(Verdict::WrongCommunity)),
    ("pos-after", None),
    ("neg-boots-max", Some(Verdict::BootsAtMaximum)),
    ("pos-after-bootsmax", None),
];

/// What the capture has besides: the first message once more, octet by octet.
pub(in crate::conformance) const PLAYED_BACK: (&str, Option<Verdict>) =
    ("replay of pos-baseline", Some(Verdict::Replay));
