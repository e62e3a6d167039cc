//! Every section and key there is, as data. The parser takes names, ranges and forms from here; the defaults are
//! constants beside the types, and a test holds the two together.

use super::reference::{Form, Key, SectionRow, Shape};

/// The sections, in the order of the reference.
pub const SECTIONS: &[SectionRow] = &[
    one("", "Keys that stand before the first section."),
    one("traps", "SNMP v1 traps, v2c traps and v2c informs. Senders on loopback are always allowed."),
    one("syslog", "Syslog over UDP. Senders on loopback are always allowed."),
    one("store", "Counters, open alerts and what is still to be delivered."),
    one("mqtt", "Where alerts are published. `username` and what follows belong to a broker that is given as a URL."),
    one("mqtt.embedded", "The broker inside Lockwarden, in use with `broker = \"embedded\"`."),
    many("mqtt.embedded.users", "Who may connect to the embedded broker; nobody listed: anybody, on loopback only."),
    many("nms", "One for each network management system that is sent notifications."),
    one("policy", "When CUCM accounts lock: the cluster's credential policy."),
    one("policy.os", "When platform (operating system) accounts of the nodes lock."),
    many(
        "policy.for",
        "Exceptions by realm, cluster and account; the first that fits holds. Limits that are not given are those of \
         `[policy.os]` for `realm = \"os\"`, else those of `[policy]`.",
    ),
    one("detect", "How reports become attempts and repeats become updates."),
    one("detect.repeated-failures", "An account that goes on failing: CUCM users."),
    one("detect.repeated-failures.unix", "An account that goes on failing: platform and Unix accounts."),
    many("node", "The cluster nodes that are expected to send."),
    one("catalogue", "What messages mean."),
    one("log", "Lockwarden's own log lines."),
];

const ADDRESS_PORT: Form = form("an address and port", "address:port");
const BLOCK: Form = form("an address or a block of addresses", "address or address/prefix");
const COMMUNITY: Form = secret("a community", "1 to 255 characters");
const PASSWORD: Form = secret("a password", "1 to 255 characters");
const PATH: Form = form("a file name", "1 to 1024 characters, none of them a control character");
const NAME: Form = form("a user name", "1 to 64 characters, none of them a control character");
const HOST_LABEL: Form = form("a name", "1 to 64 characters, none of them a control character");
const PATTERN: Form = form("a pattern", "1 to 128 characters, * for any text, case ignored");

/// The keys, in the order of the reference.
pub const KEYS: &[Key] = &[
    text(
        "site",
        form("a site name", "1 to 32 of A-Z a-z 0-9 _ -"),
        r#""site""#,
        r#""hq""#,
        "Part of every alert, its id and its MQTT topic.",
    ),
    list(
        "traps.listen",
        ADDRESS_PORT,
        r#"["0.0.0.0:1162", "[::]:1162"]"#,
        LISTEN_TRAPS,
        "UDP sockets for notifications; an empty list: none.",
    ),
    list(
        "traps.communities",
        COMMUNITY,
        "[]",
        r#""example-community""#,
        "Communities that are accepted, from loopback too; empty: any, but from loopback only.",
    ),
    list("traps.allow", BLOCK, "[]", BLOCKS, "Who may send notifications, besides loopback."),
    list(
        "syslog.udp",
        ADDRESS_PORT,
        r#"["0.0.0.0:1514", "[::]:1514"]"#,
        LISTEN_SYSLOG,
        "UDP sockets for syslog; an empty list: none.",
    ),
    list("syslog.allow", BLOCK, "[]", BLOCKS, "Who may send syslog, besides loopback."),
    text("store.path", PATH, r#""lockwarden-data""#, r#""/var/lib/lockwarden""#, "The directory of the store."),
    number("store.flush-interval-s", 1, 3600, "s", "30", "How far counters on disk may lag behind; alerts never do."),
    number("store.max-mb", 8, 4096, "MB", "64", "How large the store may grow."),
    text(
        "mqtt.broker",
        form("a broker", r#""embedded", "none", mqtt://host[:port] or mqtts://host[:port]"#),
        r#""embedded""#,
        r#""mqtts://broker.example.test:8883""#,
        "The broker; ports 1883 and 8883 if not given; `mqtts` is TLS.",
    ),
    number("mqtt.version", 4, 5, "", "5", "The protocol: 5, or 4 for MQTT 3.1.1."),
    text(
        "mqtt.client-id",
        form("a client id", "1 to 64 of A-Z a-z 0-9 . _ -"),
        "",
        r#""lockwarden-hq""#,
        "How the broker knows us; without it `lockwarden-` and the site.",
    ),
    text("mqtt.username", NAME, "", r#""lockwarden""#, "The user at the broker; needs a password."),
    text("mqtt.password", PASSWORD, "", r#""example-password""#, "Its password."),
    text("mqtt.password-file", PATH, "", r#""/etc/lockwarden/mqtt.password""#, "The file with its password."),
    text(
        "mqtt.ca",
        PATH,
        "",
        r#""/etc/lockwarden/ca.pem""#,
        "Certificates (PEM) that the broker's must descend from; without it the system's.",
    ),
    text("mqtt.certificate", PATH, "", r#""/etc/lockwarden/client.pem""#, "Our own certificate (PEM); needs `key`."),
    text("mqtt.key", PATH, "", r#""/etc/lockwarden/client.key""#, "Its private key (PEM)."),
    text(
        "mqtt.embedded.listen",
        ADDRESS_PORT,
        r#""127.0.0.1:1883""#,
        r#""127.0.0.1:1883""#,
        "The TCP socket of the embedded broker; off loopback it needs users.",
    ),
    text("mqtt.embedded.users.name", NAME, "", r#""dashboard""#, "The user's name; required."),
    text(
        "mqtt.embedded.users.password",
        PASSWORD,
        "",
        r#""example-password""#,
        "Its password; this or `password-file` is required.",
    ),
    text(
        "mqtt.embedded.users.password-file",
        PATH,
        "",
        r#""/etc/lockwarden/dashboard.password""#,
        "The file with its password.",
    ),
    text(
        "nms.address",
        form("a host and port", "host or host:port"),
        "",
        r#""192.0.2.5:162""#,
        "Where it listens; port 162 if not given; required.",
    ),
    text(
        "nms.version",
        form("a version that is sent", r#""v1" or "v2c""#),
        r#""v2c""#,
        r#""v2c""#,
        "The version of SNMP.",
    ),
    text(
        "nms.kind",
        form("a kind of notification", r#""trap" or "inform""#),
        r#""trap""#,
        r#""inform""#,
        "An inform is answered and repeated until it is; it needs v2c.",
    ),
    text(
        "nms.community",
        COMMUNITY,
        "",
        r#""example-community""#,
        "The community to send with; this or `community-file` is required.",
    ),
    text("nms.community-file", PATH, "", r#""/etc/lockwarden/nms.community""#, "The file with the community."),
    number("nms.timeout-s", 1, 60, "s", "2", "How long the answer to an inform may take."),
    text(
        "nms.root-oid",
        form("an object identifier", "2 to 64 numbers, joined by dots"),
        "",
        r#""1.3.6.1.4.1.32473.1""#,
        "Where LOCKWARDEN-MIB is rooted, if not at its own place.",
    ),
    number("policy.failed-logons", 0, 100, "", "3", FAILED_LOGONS),
    number("policy.reset-min", 1, 120, "min", "30", "Failures older than this no longer count."),
    number("policy.lockout-min", 0, 1440, "min", "30", LOCKOUT),
    number("policy.os.failed-logons", 0, 100, "", "3", FAILED_LOGONS),
    number("policy.os.reset-s", 1, 7200, "s", "300", "Failures older than this no longer count."),
    number("policy.os.lockout-s", 0, 86_400, "s", "300", LOCKOUT),
    text(
        "policy.for.realm",
        form("a realm", r#""cucm", "os", "unix" or "mitel""#),
        "",
        r#""cucm""#,
        "Only accounts of this realm.",
    ),
    text("policy.for.cluster", PATTERN, "", r#""hq-*""#, "Only accounts of clusters that fit."),
    text("policy.for.account", PATTERN, "", r#""admin*""#, "Only accounts whose name fits."),
    number("policy.for.failed-logons", 0, 100, "", "", FAILED_LOGONS),
    number("policy.for.reset-min", 1, 120, "min", "", "Failures older than this no longer count."),
    number("policy.for.lockout-min", 0, 1440, "min", "", LOCKOUT),
    number(
        "detect.merge-window-s",
        1,
        30,
        "s",
        "3",
        "Reports of one account this close together, by different ways, are one attempt.",
    ),
    number(
        "detect.quiet-s",
        1,
        86_400,
        "s",
        "300",
        "Repeats on an open alert are counted this long before one update is sent.",
    ),
    number("detect.repeated-failures.more-than", 0, 99, "", "9", MORE_THAN),
    number("detect.repeated-failures.window-s", 1, 86_400, "s", "600", "In this time."),
    number(
        "detect.repeated-failures.quiet-s",
        1,
        86_400,
        "s",
        "3600",
        "No second alert about the same account in this time.",
    ),
    number("detect.repeated-failures.unix.more-than", 0, 99, "", "2", MORE_THAN),
    number("detect.repeated-failures.unix.window-s", 1, 86_400, "s", "10", "In this time."),
    number(
        "detect.repeated-failures.unix.quiet-s",
        1,
        86_400,
        "s",
        "30",
        "No second alert about the same account in this time.",
    ),
    text("node.name", HOST_LABEL, "", r#""cucm-pub""#, "The node's host name, with or without the domain; required."),
    text(
        "node.address",
        form("an address", "an IPv4 or IPv6 address"),
        "",
        r#""192.0.2.11""#,
        "The address that it sends from.",
    ),
    text("node.cluster", HOST_LABEL, "", r#""hq-cluster""#, "The cluster that it belongs to."),
    list(
        "catalogue.files",
        PATH,
        "[]",
        r#""/etc/lockwarden/catalogue/vendor.toml""#,
        "Catalogue files; each replaces the shipped pack of the same name, or adds one.",
    ),
    text(
        "log.level",
        form("a level", r#""error", "warn", "info", "debug" or "trace""#),
        r#""info""#,
        r#""debug""#,
        "The least important lines that are written.",
    ),
];

const LISTEN_TRAPS: &str = r#""0.0.0.0:1162" or "[::]:1162""#;
const LISTEN_SYSLOG: &str = r#""0.0.0.0:1514" or "[::]:1514""#;
const BLOCKS: &str = r#""192.0.2.0/24" or "192.0.2.11""#;
const FAILED_LOGONS: &str = "Failures that lock the account; 0: it never locks.";
const LOCKOUT: &str = "How long a lock lasts; 0: until an administrator acts.";
const MORE_THAN: &str = "The alert is raised at the failure after this many; 0: never.";

const fn one(path: &'static str, about: &'static str) -> SectionRow {
    SectionRow { path, repeated: false, about }
}

const fn many(path: &'static str, about: &'static str) -> SectionRow {
    SectionRow { path, repeated: true, about }
}

const fn form(noun: &'static str, allowed: &'static str) -> Form {
    Form { noun, allowed, secret: false }
}

const fn secret(noun: &'static str, allowed: &'static str) -> Form {
    Form { noun, allowed, secret: true }
}

const fn text(
    path: &'static str,
    form: Form,
    default: &'static str,
    example: &'static str,
    about: &'static str,
) -> Key {
    Key { path, shape: Shape::Text(form), default, example, about }
}

const fn list(
    path: &'static str,
    form: Form,
    default: &'static str,
    example: &'static str,
    about: &'static str,
) -> Key {
    Key { path, shape: Shape::List(form), default, example, about }
}

const fn number(
    path: &'static str,
    min: u32,
    max: u32,
    unit: &'static str,
    default: &'static str,
    about: &'static str,
) -> Key {
    Key { path, shape: Shape::Number { min, max, unit }, default, example: "", about }
}
