//! Whole files to whole outputs.

use std::path::PathBuf;

use super::problems;
use crate::config::*;
use crate::engine::{NodeOf, Patterns, Policies, Policy, PolicyFor, Settings, SprayLimits, Threshold};
use crate::event::{Authenticated, Credential, Label, Realm};
use crate::usm::{Auth, Privacy};

#[test]
fn one_file_with_many_mistakes_reports_all_of_them() {
    let text = r#"site = "head office"
colour = "blue"
[traps]
listen = ["0.0.0.0:99999", "127.0.0.1:1162", 5]
lisen = []
communities = ["", "example-community"]
allow = "192.0.2.0/24"
[syslog]
udp = ["127.0.0.1:1162"]
[store]
max-mb = 4
flush-interval-s = "often"
[mqtt]
broker = "http://user:opensesame@broker.example.test"
version = -3
password = "opensesame"
[[nms]]
address = "nms.example.test:0"
version = "v4"
user = "jdoe"
engine-id = "0x80001f8804637563"
[policy]
lockout-min = 1_441
[[policy.for]]
failed-logons = 2
[detect]
merge-window-s = 1.5
[detect.repeated-failures]
more-than = 0x64
[log]
level = "\u001b[2Jloud"
"#;
    let expected = r#"
lockwarden.toml:1: site: "head office" is not a site name; allowed: 1 to 32 of A-Z a-z 0-9 _ -, for example "hq"
lockwarden.toml:2: colour: is not a key; allowed: site, traps, syslog, store, audit, mitel, mqtt, nms, relay, response, policy, detect, node, catalogue, log
lockwarden.toml:4: traps.listen: "0.0.0.0:99999" is not an address and port; allowed: address:port, for example "0.0.0.0:1162" or "[::]:1162"
lockwarden.toml:4: traps.listen: 5 is not an address and port; allowed: address:port, for example "0.0.0.0:1162" or "[::]:1162"
lockwarden.toml:5: traps.lisen: is not a key (did you mean listen?); allowed: listen, communities, allow, engine-id, user
lockwarden.toml:6: traps.communities: *** is not a community; allowed: 1 to 255 characters, for example "example-community"
lockwarden.toml:7: traps.allow: "192.0.2.0/24" is not a list; allowed: a list, each item address or address/prefix, for example allow = ["192.0.2.0/24"]
lockwarden.toml:9: syslog.udp: "127.0.0.1:1162" is taken by traps.listen in line 4; allowed: each address and port once
lockwarden.toml:11: store.max-mb: 4 is out of range; allowed: 8 to 4096 MB, for example max-mb = 64
lockwarden.toml:12: store.flush-interval-s: "often" is not a whole number; allowed: 1 to 3600 s, for example flush-interval-s = 30
lockwarden.toml:14: mqtt.broker: "http://***@broker.example.test" is not a broker; allowed: "embedded", "none", mqtt://host[:port] or mqtts://host[:port], for example "mqtts://broker.example.test:8883"
lockwarden.toml:15: mqtt.version: -3 is out of range; allowed: 4 to 5, for example version = 5
lockwarden.toml:16: mqtt.password: is given without username; allowed: both or neither, for example username = "lockwarden"
lockwarden.toml:18: nms.address: "nms.example.test:0" is not a host and port; allowed: host or host:port, for example "192.0.2.5:162"
lockwarden.toml:19: nms.version: "v4" is not a version that is sent; allowed: "v1", "v2c" or "v3", for example "v3"
lockwarden.toml:21: nms.engine-id: is not set: an inform asks the receiver for its engine id, a trap carries ours; allowed: address, version, kind, community, community-file, user, level, auth, auth-password, auth-password-file, priv, priv-password, priv-password-file, timeout-s, root-oid
lockwarden.toml:23: policy.lockout-min: 1441 is out of range; allowed: 0 to 1440 min, for example lockout-min = 30
lockwarden.toml:24: policy.for: fits every account; allowed: at least one of realm, cluster, account, credential, for example account = "admin*"
lockwarden.toml:27: detect.merge-window-s: 1.5 is not a whole number; allowed: 1 to 30 s, for example merge-window-s = 3
lockwarden.toml:29: detect.repeated-failures.more-than: 0x64 is out of range; allowed: 0 to 99, for example more-than = 9
lockwarden.toml:31: log.level: "\u{1b}[2Jloud" is not a level; allowed: "error", "warn", "info", "debug" or "trace", for example "debug"
"#;
    let problems = problems(text);
    let expected: Vec<_> = expected.trim().lines().collect();
    assert_eq!(problems, expected);
}

#[test]
fn text_that_is_not_toml_is_one_problem_without_the_text() {
    for (text, expected) in [
        (
            "site = \"hq\"\n[mqtt]\npassword = opensesame\nversion = x\n",
            "lockwarden.toml:3: is not TOML: string values must be quoted, expected literal string; allowed: key = value, for example site = \"hq\"",
        ),
        (
            "site = \"hq\"\nsite = \"hq\"\n",
            "lockwarden.toml:2: is not TOML: duplicate key; allowed: key = value, for example site = \"hq\"",
        ),
    ] {
        assert_eq!(problems(text), [expected]);
    }
}

#[test]
fn a_file_that_sets_everything_is_read_as_it_stands() {
    let expected = Config {
        settings: settings_of_everything(),
        node_zones: vec![NodeZone {
            name: Label::from_wire("cucm-pub"),
            address: Some(Label::from_wire("192.0.2.11")),
            zone: ZoneName::Named("Europe/Berlin".into()),
        }],
        traps: Traps {
            listen: vec!["192.0.2.1:162".parse().unwrap()],
            admission: Admission {
                allow: vec!["192.0.2.0/24".parse().unwrap()],
                communities: vec![b"example-community".to_vec()],
            },
            engine_id: Some(b"\x80\0\x7e\xd9\x04fox-1".to_vec()),
            users: vec![UsmUser {
                name: "cucm-traps".into(),
                security: auth_priv(example_password(), SecretFrom::File("cucm.priv".into())),
                engine_ids: vec![b"\x80\0\x1f\x88\x04cuc".to_vec(), b"\x80\0\x1f\x88\x04cud".to_vec()],
            }],
        },
        syslog: Syslog {
            udp: Vec::new(),
            tcp: vec!["192.0.2.1:601".parse().unwrap()],
            tls: Some(SyslogTls {
                listen: vec!["192.0.2.1:6514".parse().unwrap()],
                certificate: "syslog.pem".into(),
                key: "syslog.key".into(),
                clients: Some(Clients { ca: "clients.pem".into(), required: false }),
            }),
            limits: Limits { message: 8_192, connections: 1_000, per_address: 10, idle: Span::mins(60) },
            admission: Admission { allow: vec!["2001:db8::1/128".parse().unwrap()], communities: Vec::new() },
        },
        audit: Audit { records: 5_000 },
        mitel: vec![Mitel {
            endpoint: Endpoint { host: Host::Address("192.0.2.9".parse().unwrap()), port: 1_751 },
            name: Label::from_wire("mitel1"),
            cluster: Some(Label::from_wire("hq-pbx")),
            zone: Some(ZoneName::Named("Europe/Berlin".into())),
        }],
        store: Store { path: "/var/lib/lockwarden".into(), flush_interval: Span::secs(60), max_bytes: 128_000_000 },
        mqtt: mqtt_of_everything(),
        nms: nms_of_everything(),
        relay: Some(Relay {
            to: vec![1],
            form: RelayForm::AsReceived,
            include: vec![vec![1, 3, 6, 1, 4, 1, 9, 9, 41]],
            exclude: vec![vec![1, 3, 6, 1, 4, 1, 9, 9, 41, 2, 0, 2], vec![1, 3, 6, 1, 6, 3, 1, 1, 5]],
            sources: vec!["192.0.2.0/24".parse().unwrap()],
            queue: 50,
        }),
        response: Some(Response {
            program: "respond.sh".into(),
            version: HidsVersion::V2,
            timeout: Span::secs(5),
            kinds: vec![crate::alert::Kind::Lockout],
        }),
        catalogue_files: vec![PathBuf::from("vendor.toml")],
        log_level: LogLevel::Trace,
    };
    assert_eq!(Config::parse("lockwarden.toml", EVERYTHING), Ok(expected.clone()));
    let dump = format!("{expected:?}");
    assert!(!dump.contains("example-password") && !dump.contains("example-community"), "{dump}");
}

#[test]
fn an_nms_needs_an_address_and_a_community_only() {
    let config = Config::parse("x", "[[nms]]\naddress = \"nms.example.test\"\ncommunity = \"c\"\n").unwrap();
    let expected = Nms {
        endpoint: Endpoint { host: Host::Name("nms.example.test".into()), port: 162 },
        version: SnmpVersion::V2c,
        kind: NotificationKind::Trap,
        identity: NmsIdentity::Community(SecretFrom::Text(Secret::new("c"))),
        timeout: Span::secs(2),
        root_oid: None,
    };
    assert_eq!(config.nms, [expected]);
}

const EVERYTHING: &str = r#"
site = "hq"
[traps]
listen = ["192.0.2.1:162"]
communities = ["example-community"]
allow = ["192.0.2.77/24"]
engine-id = "80007ed904666f782d31"
[[traps.user]]
name = "cucm-traps"
level = "auth-priv"
auth = "sha256"
auth-password = "example-password"
priv = "aes256c"
priv-password-file = "cucm.priv"
engine-id = ["0x80001f8804637563", "0X80001F8804637564"]
[syslog]
udp = []
allow = ["2001:db8::1"]
tcp = ["192.0.2.1:601"]
longest-message = 8192
connections = 1000
connections-per-address = 10
idle-min = 60
[syslog.tls]
listen = ["192.0.2.1:6514"]
certificate = "syslog.pem"
key = "syslog.key"
client-ca = "clients.pem"
client-certificate = "optional"
[audit]
records = 5000
[[mitel]]
address = "192.0.2.9"
name = "mitel1"
cluster = "hq-pbx"
time-zone = "Europe/Berlin"
[store]
path = "/var/lib/lockwarden"
flush-interval-s = 60
max-mb = 128
[mqtt]
broker = "mqtts://broker.example.test"
version = 4
client-id = "box-1"
username = "lockwarden"
password = "example-password"
ca = "ca.pem"
certificate = "client.pem"
key = "client.key"
anonymous = "refused"
[mqtt.embedded]
listen = "[::]:1883"
users = [{ name = "dashboard", password-file = "dashboard.password" }]
anonymous = "allowed"
[[nms]]
address = "192.0.2.5"
version = "v2c"
kind = "inform"
community-file = "nms.community"
timeout-s = 7
root-oid = "1.3.6.1.4.1.32473"
[[nms]]
address = "nms.example.test"
version = "v3"
kind = "inform"
user = "lockwarden"
auth = "sha256"
auth-password-file = "nms.auth"
priv = "aes256c"
priv-password = "example-password"
[relay]
to = ["nms.example.test:162"]
form = "as-received"
include = ["1.3.6.1.4.1.9.9.41"]
exclude = [".1.3.6.1.4.1.9.9.41.2.0.2", "1.3.6.1.6.3.1.1.5"]
sources = ["192.0.2.77/24"]
queue = 50
[response]
program = "respond.sh"
version = 2
timeout-s = 5
kinds = ["lockout"]
[policy]
failed-logons = 5
reset-min = 10
lockout-min = 0
[policy.os]
failed-logons = 0
reset-s = 60
lockout-s = 120
[[policy.for]]
realm = "os"
cluster = "hq-*"
account = "admin*"
credential = "password"
failed-logons = 2
[detect]
privileged = ["root", "oracle*"]
page-needs = "usm"
merge-window-s = 5
quiet-s = 60
learning-days = 0
[detect.repeated-failures]
more-than = 1
window-s = 2
quiet-s = 3
[detect.repeated-failures.unix]
more-than = 4
window-s = 5
quiet-s = 6
[detect.failed-su]
more-than = 5
window-s = 3600
quiet-s = 60
[detect.repeated-failures.cluster]
more-than = 20
window-s = 300
quiet-s = 600
[detect.spray]
accounts = 20
window-s = 300
accounts-of-day = 40
cluster-accounts = 100
cluster-accounts-of-day = 0
[detect.distributed]
sources = 3
[detect.slow-climb]
failures = 20
[detect.success-after-failures]
failures = 4
[detect.storm]
more-than = 50
[detect.blind-node]
silent-h = 24
no-sign-ins-h = 0
[[node]]
name = "cucm-pub"
address = "::ffff:192.0.2.11"
cluster = "hq-cluster"
time-zone = "Europe/Berlin"
[catalogue]
files = ["vendor.toml"]
[log]
level = "trace"
"#;

fn settings_of_everything() -> Settings {
    let os = Policy { failed_logons: 0, reset: Span::secs(60), lockout: Span::secs(120) };
    Settings {
        site: Label::from_wire("hq"),
        policies: Policies {
            cucm: Policy { failed_logons: 5, reset: Span::mins(10), lockout: Span::ZERO },
            os,
            exceptions: vec![PolicyFor {
                realm: Some(Realm::Os),
                cluster: Some("hq-*".into()),
                account: Some("admin*".into()),
                credential: Some(Credential::Password),
                policy: Policy { failed_logons: 2, ..os },
            }],
        },
        merge_window: Span::secs(5),
        quiet: Span::secs(60),
        repeated_cucm: Threshold { more_than: 1, window: Span::secs(2), quiet: Span::secs(3) },
        repeated_unix: Threshold { more_than: 4, window: Span::secs(5), quiet: Span::secs(6) },
        failed_su: Threshold { more_than: 5, window: Span::secs(3600), quiet: Span::secs(60) },
        privileged: vec!["root".into(), "oracle*".into()],
        page_needs: Authenticated::Usm,
        storm: 50,
        cluster: Threshold { more_than: 20, window: Span::secs(300), quiet: Span::secs(600) },
        patterns: Patterns {
            spray: SprayLimits { accounts: 20, window: Span::secs(300), of_day: 40 },
            cluster_spray: SprayLimits { accounts: 100, window: Span::secs(300), of_day: 0 },
            distributed: 3,
            slow_climb: 20,
            success_after: 4,
            learning: Span::ZERO,
        },
        silent_after: Span::mins(24 * 60),
        no_sign_ins_after: Span::ZERO,
        nodes: vec![NodeOf {
            name: Label::from_wire("cucm-pub"),
            address: Some(Label::from_wire("192.0.2.11")),
            cluster: Some(Label::from_wire("hq-cluster")),
        }],
    }
}

fn example_password() -> SecretFrom {
    SecretFrom::Text(Secret::new("example-password"))
}

/// SHA-256 and AES-256 of Cisco's kind.
fn auth_priv(auth_password: SecretFrom, privacy_password: SecretFrom) -> Security {
    Security::AuthPriv {
        auth: Protected { algorithm: Auth::Sha256, password: auth_password },
        privacy: Protected { algorithm: Privacy::Aes256c, password: privacy_password },
    }
}

fn nms_of_everything() -> Vec<Nms> {
    let by_community = Nms {
        endpoint: Endpoint { host: Host::Address("192.0.2.5".parse().unwrap()), port: 162 },
        version: SnmpVersion::V2c,
        kind: NotificationKind::Inform,
        identity: NmsIdentity::Community(SecretFrom::File("nms.community".into())),
        timeout: Span::secs(7),
        root_oid: Some(vec![1, 3, 6, 1, 4, 1, 32473]),
    };
    let security = auth_priv(SecretFrom::File("nms.auth".into()), example_password());
    let by_user = Nms {
        endpoint: Endpoint { host: Host::Name("nms.example.test".into()), port: 162 },
        version: SnmpVersion::V3,
        identity: NmsIdentity::User(NmsUser { name: "lockwarden".into(), security }),
        timeout: Span::secs(2),
        root_oid: None,
        ..by_community.clone()
    };
    vec![by_community, by_user]
}

fn mqtt_of_everything() -> Mqtt {
    Mqtt {
        broker: Broker::Site(SiteBroker {
            endpoint: Endpoint { host: Host::Name("broker.example.test".into()), port: 8883 },
            tls: Some(Tls {
                ca: Some("ca.pem".into()),
                identity: Some(Identity { certificate: "client.pem".into(), key: "client.key".into() }),
            }),
            credentials: Some(Credentials {
                name: "lockwarden".into(),
                password: SecretFrom::Text(Secret::new("example-password")),
            }),
        }),
        version: MqttVersion::V4,
        client_id: Some("box-1".into()),
        embedded: EmbeddedBroker {
            listen: "[::]:1883".parse().unwrap(),
            anonymous: true,
            users: vec![Credentials {
                name: "dashboard".into(),
                password: SecretFrom::File("dashboard.password".into()),
            }],
        },
    }
}
