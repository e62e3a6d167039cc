//! Alerts over MQTT: `alerts/<kind>` for each message, `accounts/<account>` retained while the account is locked, `status` with a
//! last will, `health` retained.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::sync::{Notify, mpsc, watch};

use super::{NO_ENTRY, Refresh, Shared, WAITING, acknowledge, feed};
use crate::alert::{Alert, Kind, State};
use crate::config::{Broker, Config, MqttVersion};
use crate::shell::keeper::KeeperHandle;
use crate::shell::mqtt::{BrokerUrl, LinkState, Options, Publish, TlsOptions, Version, session};
use crate::shell::secrets;

/// The name of its cursor in the store.
pub(crate) const NAME: &str = "mqtt";

/// Unreserved characters stay readable in topics; everything else, above all `/`, `+` and `#`, is escaped.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'@');

/// The base of all topics of a site.
pub(crate) fn base(site: &str) -> String {
    format!("lockwarden/{site}")
}

/// The session's options for this configuration; `None` if it says that nothing is published.
///
/// # Errors
/// If a password file cannot be read.
pub(crate) fn options(config: &Config) -> Result<Option<Options>, String> {
    let site = config.settings.site.as_str();
    let status = format!("{}/status", base(site));
    let client_id = config.mqtt.client_id.clone().unwrap_or_else(|| format!("lockwarden-{site}"));
    let version = match config.mqtt.version {
        MqttVersion::V5 => Version::V5,
        MqttVersion::V4 => Version::V311,
    };
    let url = |text: String| text.parse::<BrokerUrl>().map_err(|error| format!("mqtt.broker: {error}"));
    let (broker, credentials, tls) = match &config.mqtt.broker {
        Broker::None => return Ok(None),
        Broker::Embedded => {
            let embedded = &config.mqtt.embedded;
            let mut at = embedded.listen;
            if at.ip().is_unspecified() {
                at.set_ip(if at.is_ipv6() {
                    std::net::Ipv6Addr::LOCALHOST.into()
                } else {
                    std::net::Ipv4Addr::LOCALHOST.into()
                });
            }
            (url(format!("mqtt://{at}"))?, embedded.users.first(), None)
        }
        Broker::Site(site) => {
            let scheme = if site.tls.is_some() { "mqtts" } else { "mqtt" };
            (url(format!("{scheme}://{}", site.endpoint))?, site.credentials.as_ref(), site.tls.as_ref())
        }
    };
    let mut options = Options { version, ..Options::new(broker, client_id, &status) };
    if let Some(credentials) = credentials {
        options.username = Some(credentials.name.clone());
        options.password = Some(secrets::read("mqtt.password-file", &credentials.password)?);
    }
    if let Some(tls) = tls {
        let identity = tls.identity.as_ref();
        options.tls = TlsOptions {
            ca: tls.ca.clone(),
            certificate: identity.map(|i| i.certificate.clone()),
            key: identity.map(|i| i.key.clone()),
        };
    }
    Ok(Some(options))
}

/// A retained document that is published when it changes and after every connection.
pub(crate) type Document = watch::Receiver<String>;

/// Delivers for ever. `first` is the outbox number to begin with.
pub(crate) async fn run(
    options: Options,
    site: String,
    keeper: KeeperHandle,
    first: u64,
    health: Document,
    state: watch::Sender<LinkState>,
    shutdown: watch::Receiver<bool>,
) {
    let base = base(&site);
    let (publishes, to_publish) = mpsc::channel(WAITING);
    let (tokens, acknowledged) = mpsc::channel(WAITING);
    let shared = Shared::default();
    let link = state.subscribe();
    let health_topic = format!("{base}/health");
    let session = session::run(options, to_publish, tokens, state, shutdown);
    let wanted = Arc::new(Notify::new());
    let states = republish(Arc::clone(&wanted), publishes.clone(), link, health, health_topic);
    let acknowledging = acknowledge(keeper.clone(), Arc::clone(&shared), NAME.into(), acknowledged);
    let states_base = base.clone();
    let to_message = Box::new(move |alert: &Alert| account_state(&states_base, NO_ENTRY, alert));
    let refresh = Refresh { wanted, to_message, is_used: true };
    let feeding = feed(keeper, shared, first, publishes, move |seq, alert| messages(&base, seq, alert), refresh);
    tokio::select! {
        () = session => {}
        () = async { tokio::join!(feeding, acknowledging, states); } => {}
    }
}

/// What goes out for one outbox entry.
fn messages(base: &str, seq: u64, alert: &Alert) -> Vec<Publish> {
    let payload = Bytes::from(alert.to_json());
    let topic = format!("{base}/alerts/{}", alert.kind.as_str());
    let message = Publish { token: seq, topic, payload, retain: false };
    match account_state(base, seq, alert) {
        Some(state) => vec![message, state],
        None => vec![message],
    }
}

/// The retained state of the account that a lockout is about: the alert while it is locked, nothing after.
fn account_state(base: &str, token: u64, alert: &Alert) -> Option<Publish> {
    let account = alert.account.as_ref().filter(|_| alert.kind == Kind::Lockout)?;
    let topic = format!("{base}/accounts/{}", utf8_percent_encode(account.as_str(), KEPT));
    let payload = match alert.state {
        State::Raised | State::Updated => Bytes::from(alert.to_json()),
        State::Cleared => Bytes::new(),
    };
    Some(Publish { token, topic, payload, retain: true })
}

/// A broker may have forgotten what it retained, so states are told again after each connection.
async fn republish(
    wanted: Arc<Notify>,
    publishes: mpsc::Sender<Publish>,
    mut link: watch::Receiver<LinkState>,
    mut health: Document,
    health_topic: String,
) {
    let mut connected = false;
    let mut health_is_new = true;
    loop {
        let mut out = Vec::new();
        let now = *link.borrow_and_update() == LinkState::Connected;
        if now && !connected {
            wanted.notify_one();
            health_is_new = true;
        }
        connected = now;
        if connected && health_is_new {
            let payload = Bytes::from(health.borrow_and_update().clone());
            // Before the first report there is nothing to say, and an empty payload would delete what the broker keeps.
            if !payload.is_empty() {
                out.push(Publish { token: NO_ENTRY, topic: health_topic.clone(), payload, retain: true });
            }
            health_is_new = false;
        }
        for publish in out {
            if publishes.send(publish).await.is_err() {
                return;
            }
        }
        let gone = tokio::select! {
            changed = link.changed() => changed.is_err(),
            changed = health.changed(), if connected => {
                health_is_new = true;
                changed.is_err()
            }
        };
        if gone {
            return;
        }
    }
}

/// The users of the embedded broker, with their passwords.
///
/// # Errors
/// If a password file cannot be read.
#[cfg(feature = "embedded-broker")]
pub(crate) fn embedded_users(
    users: &[crate::config::Credentials],
) -> Result<Vec<(String, crate::config::Secret)>, String> {
    let read = |user: &crate::config::Credentials| {
        Ok((user.name.clone(), secrets::read("mqtt.embedded.users password-file", &user.password)?))
    };
    users.iter().map(read).collect()
}

/// Whether a file of this configuration is missing; said at start rather than at the first connection.
pub(crate) fn missing_files(options: &Options) -> Vec<String> {
    let files = [("ca", &options.tls.ca), ("certificate", &options.tls.certificate), ("key", &options.tls.key)];
    let missing =
        files.into_iter().filter_map(|(key, file)| Some((key, file.as_deref().filter(|f| !Path::exists(f))?)));
    missing.map(|(key, file)| format!("mqtt.{key}: {} does not exist", file.display())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::tests::complete;
    use crate::event::Name;

    #[test]
    fn an_account_in_a_topic_is_percent_encoded() {
        let alert = Alert { account: Some(Name::from_wire("dom\\j/d+#o e")), ..complete() };
        let topics: Vec<_> = messages("lockwarden/hq", 7, &alert).into_iter().map(|p| (p.topic, p.retain)).collect();
        assert_eq!(
            topics,
            [
                ("lockwarden/hq/alerts/lockout".to_owned(), false),
                ("lockwarden/hq/accounts/dom%5Cj%2Fd%2B%23o%20e".to_owned(), true)
            ]
        );
    }

    #[test]
    fn a_cleared_lockout_removes_the_retained_state() {
        let alert = Alert { state: State::Cleared, ..complete() };
        let state = account_state("lockwarden/hq", 7, &alert).unwrap();
        assert_eq!((state.payload.len(), state.retain), (0, true));
    }
}
