//! Why there is no connection, in a sentence that says what to do.

use std::io;

use rustls::{AlertDescription, CertificateError};

use super::options::{BrokerUrl, Options, Version};

/// The end of a connection, or why there was none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    /// For the operator.
    pub(super) reason: String,
    /// Whether only a person can cure it, so that hurrying is of no use.
    pub(super) slow: bool,
}

impl Failure {
    /// Expected to pass by itself.
    pub(super) fn passing(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), slow: false }
    }

    /// Stays until somebody acts.
    pub(super) fn lasting(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), slow: true }
    }

    pub(super) fn unresolvable(broker: &BrokerUrl, error: &io::Error) -> Self {
        Self::passing(format!(
            "the name \"{}\" of the MQTT broker cannot be resolved ({error}): check the name and this box's DNS",
            broker.host
        ))
    }

    pub(super) fn connecting(broker: &BrokerUrl, error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::ConnectionRefused {
            Self::passing(format!(
                "nothing accepts connections at {broker} (connection refused): is the broker running, and is the port right?"
            ))
        } else {
            Self::passing(format!("{broker} cannot be reached ({error}): check the address, the routing and firewalls"))
        }
    }

    pub(super) fn silent(broker: &BrokerUrl, stage: &str) -> Self {
        Self::passing(format!("{broker} does not answer ({stage}): check the address, the port and firewalls"))
    }

    /// Reading or writing failed on a connection that was open; TLS errors come this way too.
    pub(super) fn broken(broker: &BrokerUrl, error: &io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(tls) => Self::tls(broker, tls),
            None => Self::passing(format!("the connection to {broker} broke: {error}")),
        }
    }

    /// The broker closed before it answered CONNECT.
    pub(super) fn unanswered(options: &Options) -> Self {
        let level = match options.version {
            Version::V311 => "3.1.1",
            Version::V5 => "5",
        };
        let port = if options.broker.tls {
            "is its client certificate check content with ours"
        } else {
            "does this port expect TLS (mqtts://)"
        };
        Self::passing(format!(
            "{} closed the connection without an answer: {port}, and does it speak MQTT {level}?",
            options.broker
        ))
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "rustls' error enums are non-exhaustive; what is not named here prints as it is"
    )]
    pub(super) fn tls(broker: &BrokerUrl, error: &rustls::Error) -> Self {
        let what = match error {
            rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature) => {
                String::from(
                    "its certificate is not signed by a CA that is trusted here: set `ca` to the PEM file of its CA",
                )
            }
            rustls::Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
                String::from("its certificate has expired, or the clock of this box is wrong")
            }
            rustls::Error::InvalidCertificate(
                CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. },
            ) => String::from("its certificate is not valid yet: is the clock of this box set?"),
            rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            ) => {
                format!("its certificate does not carry the name \"{}\": use the name that it carries", broker.host)
            }
            rustls::Error::AlertReceived(
                AlertDescription::CertificateRequired
                | AlertDescription::BadCertificate
                | AlertDescription::UnknownCA
                | AlertDescription::CertificateUnknown
                | AlertDescription::CertificateExpired
                | AlertDescription::CertificateRevoked
                | AlertDescription::UnsupportedCertificate
                | AlertDescription::AccessDenied
                | AlertDescription::HandshakeFailure,
            ) => {
                format!("it refuses our client certificate or the lack of one ({error}): check `certificate` and `key`")
            }
            rustls::Error::InvalidMessage(_) => {
                String::from("it does not speak TLS at this port: use mqtt://, or its TLS port")
            }
            other => other.to_string(),
        };
        Self::lasting(format!("TLS with {broker} failed: {what}"))
    }

    /// CONNACK with another code than 0: 1 to 5 in version 3.1.1 (section 3.2.2.3), 0x80 and above in version 5 (3.2.2.2).
    pub(super) fn refused(options: &Options, code: u8) -> Self {
        let broker = &options.broker;
        let user = options.username.as_deref().unwrap_or("");
        match code {
            1 | 0x84 => Self::lasting(format!(
                "{broker} refuses this protocol version: set `version` to {}",
                match options.version {
                    Version::V5 => "4 (MQTT 3.1.1)",
                    Version::V311 => "5",
                }
            )),
            2 | 0x85 => Self::lasting(format!("{broker} refuses the client id \"{}\"", options.client_id)),
            4 | 0x86 => Self::lasting(format!("{broker} refuses the user name \"{user}\" or its password: check both")),
            5 | 0x87 if user.is_empty() => Self::lasting(format!(
                "{broker} does not let us in without a user name: set `username` and `password-file`"
            )),
            5 | 0x87 => Self::lasting(format!(
                "{broker} does not authorise us as \"{user}\": check user name, password and the broker's access list"
            )),
            0x8A => Self::lasting(format!("{broker} has banned this client: ask its administrator")),
            3 | 0x88 | 0x89 => Self::passing(format!("{broker} is not available at present (CONNACK 0x{code:02x})")),
            _ => Self::lasting(format!("{broker} refuses the connection (CONNACK 0x{code:02x})")),
        }
    }

    /// DISCONNECT from a version 5 broker (3.14.2.1).
    pub(super) fn dismissed(options: &Options, code: u8) -> Self {
        let broker = &options.broker;
        match code {
            0x87 => {
                Self::lasting(format!("{broker} ended the session: not authorised; check the broker's access list"))
            }
            0x8B => Self::passing(format!("{broker} is shutting down")),
            0x8D => Self::passing(format!("{broker} heard nothing from us within the keep-alive time")),
            0x8E => Self::lasting(format!(
                "another client connected to {broker} as \"{}\": every box needs a client id of its own",
                options.client_id
            )),
            _ => Self::passing(format!("{broker} ended the session (DISCONNECT 0x{code:02x})")),
        }
    }
}
