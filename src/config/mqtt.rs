//! Where alerts are published: the embedded broker, one that is given as a URL, or none.

use core::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use super::endpoint::Endpoint;
use super::secret::SecretFrom;
use super::section::{Section, file, plain, socket};

/// `[mqtt]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mqtt {
    /// Which broker.
    pub broker: Broker,
    /// Which protocol.
    pub version: MqttVersion,
    /// How the broker knows us; none: `lockwarden-` and the site.
    pub client_id: Option<String>,
    /// The embedded broker, whether it is used or not.
    pub embedded: EmbeddedBroker,
}

/// `mqtt.broker` and what belongs to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Broker {
    /// The one inside this process.
    #[default]
    Embedded,
    /// Nothing is published over MQTT.
    None,
    /// One at the site.
    Site(SiteBroker),
}

/// A broker that was given as a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteBroker {
    /// Where it listens.
    pub endpoint: Endpoint,
    /// Present for `mqtts`.
    pub tls: Option<Tls>,
    /// Who we are to it; none: nobody in particular.
    pub credentials: Option<Credentials>,
}

/// TLS towards the broker.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// The authorities (PEM); none: the system's.
    pub ca: Option<PathBuf>,
    /// Our own certificate; none: we show none.
    pub identity: Option<Identity>,
}

/// A certificate with its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The certificate and what leads to its authority (PEM).
    pub certificate: PathBuf,
    /// Its private key (PEM).
    pub key: PathBuf,
}

/// A user and password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The user's name.
    pub name: String,
    /// Its password.
    pub password: SecretFrom,
}

/// The protocol's version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MqttVersion {
    /// MQTT 3.1.1.
    V4,
    /// MQTT 5.
    #[default]
    V5,
}

/// `[mqtt.embedded]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmbeddedBroker {
    /// Its TCP socket.
    pub listen: SocketAddr,
    /// Who may connect; empty: anybody, and then `listen` is on loopback, or `anonymous` says so.
    pub users: Vec<Credentials>,
    /// Whether it may be open to everybody off loopback, too.
    pub anonymous: bool,
}

impl EmbeddedBroker {
    /// MQTT's own port, on loopback.
    pub const LISTEN: SocketAddr = SocketAddr::new(core::net::IpAddr::V4(Ipv4Addr::LOCALHOST), Mqtt::PORT);
}

impl Default for EmbeddedBroker {
    fn default() -> Self {
        Self { listen: Self::LISTEN, users: Vec::new(), anonymous: false }
    }
}

/// Keys that mean nothing without a broker's URL.
const OF_A_SITE_BROKER: [&str; 3] = ["username", "password", "password-file"];
/// Keys that mean nothing without TLS.
const OF_TLS: [&str; 3] = ["ca", "certificate", "key"];

impl Mqtt {
    /// The registered port of `mqtt`.
    pub const PORT: u16 = 1883;
    /// The registered port of `mqtts`.
    pub const TLS_PORT: u16 = 8883;

    pub(super) fn parse(top: &Section<'_>) -> Self {
        let section = top.section("mqtt");
        let broker = section.read("broker", url);
        let credentials = credentials(&section);
        let tls = Tls { ca: section.read("ca", file), identity: identity(&section) };
        if broker.is_some() || !section.has("broker") {
            refuse_what_the_broker_cannot_use(&section, broker.as_ref());
        }
        refuse_an_anonymous_broker(&section, broker.as_ref());
        let version = match section.number("version") {
            Some(4) => MqttVersion::V4,
            Some(_) | None => MqttVersion::V5,
        };
        Self {
            broker: match broker {
                None | Some(Url::Embedded) => Broker::Embedded,
                Some(Url::None) => Broker::None,
                Some(Url::Plain(endpoint)) => Broker::Site(SiteBroker { endpoint, tls: None, credentials }),
                Some(Url::Tls(endpoint)) => Broker::Site(SiteBroker { endpoint, tls: Some(tls), credentials }),
            },
            version,
            client_id: section.read("client-id", client_id),
            embedded: EmbeddedBroker::parse(&section.section("embedded")),
        }
    }
}

/// The value of `mqtt.broker`.
enum Url {
    Embedded,
    None,
    Plain(Endpoint),
    Tls(Endpoint),
}

fn url(text: &str) -> Option<Url> {
    match text {
        "embedded" => Some(Url::Embedded),
        "none" => Some(Url::None),
        text => match text.split_once("://")? {
            ("mqtt", rest) => Endpoint::parse(rest, Mqtt::PORT).map(Url::Plain),
            ("mqtts", rest) => Endpoint::parse(rest, Mqtt::TLS_PORT).map(Url::Tls),
            _ => None,
        },
    }
}

fn refuse_what_the_broker_cannot_use(section: &Section<'_>, broker: Option<&Url>) {
    let (credentials, tls) = match broker {
        None | Some(Url::Embedded | Url::None) => (false, false),
        Some(Url::Plain(_)) => (true, false),
        Some(Url::Tls(_)) => (true, true),
    };
    for name in OF_A_SITE_BROKER.iter().filter(|name| !credentials && section.has(name)) {
        let example = r#"broker = "mqtt://broker.example.test""#;
        section.refuse(name, "is for a broker that is given as a URL", "with mqtt:// or mqtts:// only", Some(example));
    }
    for name in OF_TLS.iter().filter(|name| !tls && section.has(name)) {
        let example = r#"broker = "mqtts://broker.example.test""#;
        section.refuse(name, "is for a broker with TLS", "with mqtts:// only", Some(example));
    }
}

/// A broker elsewhere that takes messages from everybody takes forged alerts, too. A user or a certificate that is given in part is
/// a problem of its own.
fn refuse_an_anonymous_broker(section: &Section<'_>, broker: Option<&Url>) {
    let is_allowed = section.read("anonymous", anonymous).unwrap_or(false);
    let given = ["username", "password", "password-file", "certificate", "key"];
    let (endpoint, allowed) = match broker {
        None | Some(Url::Embedded | Url::None) => return,
        Some(Url::Plain(endpoint)) => (endpoint, r#"username and password-file, or anonymous = "allowed""#),
        Some(Url::Tls(endpoint)) => {
            (endpoint, r#"username and password-file, or certificate and key, or anonymous = "allowed""#)
        }
    };
    if !is_allowed && !endpoint.is_loopback() && !given.iter().any(|key| section.has(key)) {
        section.refuse(
            "broker",
            "is not on loopback, and nothing says who we are",
            allowed,
            Some(r#"username = "lockwarden""#),
        );
    }
}

fn credentials(section: &Section<'_>) -> Option<Credentials> {
    let (name, password) = (section.read("username", user_name), section.secret("password"));
    let has_password = section.has("password") || section.has("password-file");
    if section.has("username") && !has_password {
        let example = r#"password-file = "/etc/lockwarden/mqtt.password""#;
        section.refuse("username", "is given without a password", "with password or password-file", Some(example));
    }
    if has_password && !section.has("username") {
        let key = if section.has("password") { "password" } else { "password-file" };
        section.refuse(key, "is given without username", "both or neither", Some(r#"username = "lockwarden""#));
    }
    Some(Credentials { name: name?, password: password? })
}

fn identity(section: &Section<'_>) -> Option<Identity> {
    let (certificate, key) = (section.read("certificate", file), section.read("key", file));
    for (given, missing, example) in [
        ("certificate", "key", r#"key = "/etc/lockwarden/client.key""#),
        ("key", "certificate", r#"certificate = "/etc/lockwarden/client.pem""#),
    ] {
        if section.has(given) && !section.has(missing) {
            section.refuse(given, &format!("is given without {missing}"), "both or neither", Some(example));
        }
    }
    Some(Identity { certificate: certificate?, key: key? })
}

impl EmbeddedBroker {
    fn parse(section: &Section<'_>) -> Self {
        let listen = section.read("listen", socket);
        let users = section.sections("users");
        let example = r#"users = [{ name = "dashboard", password-file = "/etc/lockwarden/dashboard.password" }]"#;
        let anonymous = section.read("anonymous", anonymous).unwrap_or(false);
        if listen.is_some_and(|listen| !listen.ip().to_canonical().is_loopback()) && users.is_empty() && !anonymous {
            let allowed = r#"127.0.0.1 or [::1], or users, or anonymous = "allowed""#;
            section.refuse("listen", "is not on loopback, and there are no users", allowed, Some(example));
        }
        let mut known: Vec<Credentials> = Vec::new();
        for user in &users {
            user.require("name", &[]);
            user.require("password", &["password-file"]);
            let (Some(name), Some(password)) = (user.read("name", user_name), user.secret("password")) else {
                continue;
            };
            if known.iter().any(|other| other.name == name) {
                user.refuse("name", "names a user that stands above", "each name once", None);
            }
            known.push(Credentials { name, password });
        }
        Self { listen: listen.unwrap_or(Self::LISTEN), users: known, anonymous }
    }
}

fn anonymous(text: &str) -> Option<bool> {
    match text {
        "allowed" => Some(true),
        "refused" => Some(false),
        _ => None,
    }
}

fn user_name(text: &str) -> Option<String> {
    plain(text, 64).map(str::to_owned)
}

fn client_id(text: &str) -> Option<String> {
    let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    ((1..=64).contains(&text.len()) && text.bytes().all(legal)).then(|| text.to_owned())
}
