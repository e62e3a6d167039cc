//! Why bytes are not a message. The sender's fault, counted, never logged above `debug`.

use core::fmt;

/// Names the field at which decoding stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// The bytes end inside this field.
    Truncated(&'static str),
    /// This field is not there.
    Missing(&'static str),
    /// This field holds something that its definition does not allow.
    Invalid(&'static str),
    /// Bytes remain after this field.
    Trailing(&'static str),
    /// This field is longer, deeper or more numerous than we accept.
    Limit(&'static str),
    /// Legal, but of a kind that is not for us (a Get, a Report, an unknown version).
    Unsupported(&'static str),
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Truncated(field) => write!(f, "{field}: cut short"),
            Self::Missing(field) => write!(f, "{field}: missing"),
            Self::Invalid(field) => write!(f, "{field}: not a legal value"),
            Self::Trailing(field) => write!(f, "{field}: bytes left over"),
            Self::Limit(field) => write!(f, "{field}: over the limit"),
            Self::Unsupported(field) => write!(f, "{field}: not supported"),
        }
    }
}

impl std::error::Error for DecodeError {}
