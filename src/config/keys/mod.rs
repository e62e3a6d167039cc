//! Every section and key there is, as data. The parser takes names, ranges and forms from here; the defaults are
//! constants beside the types, and a test holds the two together.

mod decide;

use super::forms::{
    ADDRESS_PORT, AUTH, BLOCK, COMMUNITY, ENDPOINT, ENGINE_ID, HOST_LABEL, LEVEL, NAME, OID, PASSWORD, PASSWORD_USM,
    PATH, PRIVACY, TIME_ZONE, USER,
};
use super::reference::{Key, SectionRow, asked, form, list, many, number, one, one_or_more, text};

/// The sections, in the order of the reference.
pub const SECTIONS: &[SectionRow] = &[
    one("", "Keys that stand before the first section."),
    one(
        "traps",
        "SNMP v1 traps, and v2c and v3 traps and informs. Senders on loopback are always allowed; v3 needs a user.",
    ),
    many("traps.user", "Who may send SNMPv3, at most 32 users; what is needed besides is an address that is allowed."),
    one("syslog", "Syslog over UDP and TCP. Senders on loopback are always allowed."),
    asked(
        "syslog.tls",
        "Syslog over TLS 1.2 and 1.3 (RFC 5425), but only with this section. The files are read again on SIGHUP and when they change.",
    ),
    one("store", "Counters, open alerts and what is still to be delivered."),
    one("audit", "The log of logins, failed logins and logouts."),
    many("mitel", "One for each Mitel controller whose maintenance log is read: Lockwarden connects to it."),
    one("mqtt", "Where alerts are published. `username` and what follows belong to a broker that is given as a URL."),
    one("mqtt.embedded", "The broker inside Lockwarden, in use with `broker = \"embedded\"`."),
    many("mqtt.embedded.users", "Who may connect to the embedded broker; nobody listed: anybody, on loopback only."),
    many("nms", "One for each network management system that is sent notifications."),
    asked("relay", "Received notifications are passed on, but only with this section; it needs an `[[nms]]`."),
    asked(
        "response",
        "A program that is run for alerts, with the arguments of HP-UX HIDS' response programs, but only with this section.",
    ),
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
    one(
        "detect.repeated-failures.cluster",
        "Failed sign-ins of a whole cluster, whoever's they are: what RTMT's AuthenticationFailed alert counts.",
    ),
    one("detect.failed-su", "A user who fails to become another, by `su`: HP-UX HIDS' template 9."),
    one("detect.spray", "Many accounts that fail from one address, or in one cluster."),
    one("detect.distributed", "One account that fails from many addresses."),
    one("detect.slow-climb", "One account that fails again and again over a day and never reaches the limit."),
    one(
        "detect.success-after-failures",
        "A success right after many failures, or from an address that tries many accounts.",
    ),
    one("detect.blind-node", "A node that cannot be seen: one of `[[node]]`, or one that sent an alarm of CUCM."),
    many("node", "The cluster nodes that are expected to send."),
    one("catalogue", "What messages mean."),
    one("log", "Lockwarden's own log lines."),
];

/// The keys, in the order of the reference.
pub fn keys() -> impl Iterator<Item = &'static Key> {
    [FIRST, decide::KEYS, LAST].into_iter().flatten()
}

const FIRST: &[Key] = &[
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
    text(
        "traps.engine-id",
        ENGINE_ID,
        "",
        r#""0x80007ed904626f782d31""#,
        "Our own engine id, which v3 informs are addressed to and v3 traps of ours carry; without it one is made at the \
         first start and kept in the store.",
    ),
    text("traps.user.name", USER, "", r#""cucm-traps""#, "The user's name; required."),
    text("traps.user.level", LEVEL, "", r#""auth-priv""#, LEVEL_ABOUT),
    text("traps.user.auth", AUTH, "", r#""sha1""#, AUTH_ABOUT),
    text("traps.user.auth-password", PASSWORD_USM, "", r#""example-password""#, AUTH_PASSWORD),
    text(
        "traps.user.auth-password-file",
        PATH,
        "",
        r#""/etc/lockwarden/cucm.auth""#,
        "The file with the password of `auth`.",
    ),
    text("traps.user.priv", PRIVACY, "", r#""aes128""#, PRIVACY_ABOUT),
    text("traps.user.priv-password", PASSWORD_USM, "", r#""example-password""#, PRIVACY_PASSWORD),
    text(
        "traps.user.priv-password-file",
        PATH,
        "",
        r#""/etc/lockwarden/cucm.priv""#,
        "The file with the password of `priv`.",
    ),
    one_or_more(
        "traps.user.engine-id",
        ENGINE_ID,
        r#""0x80001f8804637563" or ["0x80001f8804637563", "0x80001f8804637564"]"#,
        "The senders whose traps it may sign; without it any that proves the key. Informs are addressed to our own \
         engine.",
    ),
    list(
        "syslog.udp",
        ADDRESS_PORT,
        r#"["0.0.0.0:1514", "[::]:1514"]"#,
        LISTEN_SYSLOG,
        "UDP sockets for syslog; an empty list: none.",
    ),
    list(
        "syslog.tcp",
        ADDRESS_PORT,
        r#"["0.0.0.0:1514", "[::]:1514"]"#,
        LISTEN_SYSLOG,
        "TCP sockets for syslog; an empty list: none. Each message may be framed by a count, a line end or NUL.",
    ),
    list("syslog.allow", BLOCK, "[]", BLOCKS, "Who may send syslog, besides loopback."),
    number(
        "syslog.longest-message",
        480,
        65_535,
        "octets",
        "16384",
        "A longer message of a stream is skipped and counted.",
    ),
    number("syslog.connections", 1, 4096, "", "256", "Connections in all, over TCP and TLS."),
    number("syslog.connections-per-address", 1, 4096, "", "32", "Connections from one address."),
    number(
        "syslog.idle-min",
        1,
        43_200,
        "min",
        "1440",
        "A connection that says nothing for so long is closed. A quiet cluster says nothing at night, and CUCM tries again only after an \
         hour, so this is long; a peer that is gone is noticed by TCP keepalive.",
    ),
    list("syslog.tls.listen", ADDRESS_PORT, "", r#""0.0.0.0:6514" or "[::]:6514""#, "TCP sockets with TLS."),
    text(
        "syslog.tls.certificate",
        PATH,
        "",
        r#""/etc/lockwarden/syslog.pem""#,
        "Our certificate, and those between it and its CA (PEM).",
    ),
    text("syslog.tls.key", PATH, "", r#""/etc/lockwarden/syslog.key""#, "Its private key (PEM)."),
    text(
        "syslog.tls.client-ca",
        PATH,
        "",
        r#""/etc/lockwarden/client-ca.pem""#,
        "Certificates (PEM) that a client's must descend from; without it no client is asked for one.",
    ),
    text(
        "syslog.tls.client-certificate",
        form("a rule for clients' certificates", r#""required" or "optional""#),
        r#""required""#,
        r#""optional""#,
        "With `client-ca`: whether a client without a certificate is refused.",
    ),
    text("store.path", PATH, r#""lockwarden-data""#, r#""/var/lib/lockwarden""#, "The directory of the store."),
    number("store.flush-interval-s", 1, 3600, "s", "30", "How far counters on disk may lag behind; alerts never do."),
    number(
        "store.max-mb",
        8,
        4096,
        "MB",
        "64",
        "How large the store may grow; it is written anew, smaller, before it gets there.",
    ),
    number(
        "audit.records",
        100,
        10_000,
        "",
        "2000",
        "How many records are kept; a new one overwrites the oldest. In a flood each takes up to 0.8 KB of memory.",
    ),
    text(
        "mitel.address",
        ENDPOINT,
        "",
        r#""192.0.2.9:1751""#,
        "The controller's text socket for maintenance logs; port 1751 if not given; required.",
    ),
    text("mitel.name", HOST_LABEL, "", r#""mitel1""#, "The controller's name; without it its address."),
    text("mitel.cluster", HOST_LABEL, "", r#""hq-pbx""#, "What its accounts belong to; without it its name."),
    text("mitel.time-zone", TIME_ZONE, r#""UTC""#, r#""Europe/Berlin" or "+01:00""#, "The zone of its clock."),
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
    text("nms.address", ENDPOINT, "", r#""192.0.2.5:162""#, "Where it listens; port 162 if not given; required."),
    text(
        "nms.version",
        form("a version that is sent", r#""v1", "v2c" or "v3""#),
        r#""v2c""#,
        r#""v3""#,
        "The version of SNMP; v3 needs `user`.",
    ),
    text(
        "nms.kind",
        form("a kind of notification", r#""trap" or "inform""#),
        r#""trap""#,
        r#""inform""#,
        "An inform is answered and repeated until it is; it needs v2c or v3.",
    ),
    text(
        "nms.community",
        COMMUNITY,
        "",
        r#""example-community""#,
        "The community to send with, for v1 and v2c; this or `community-file` is required there.",
    ),
    text("nms.community-file", PATH, "", r#""/etc/lockwarden/nms.community""#, "The file with the community."),
    text("nms.user", USER, "", r#""lockwarden""#, "The user to send as, for v3; required there."),
    text("nms.level", LEVEL, "", r#""auth-priv""#, LEVEL_ABOUT),
    text("nms.auth", AUTH, "", r#""sha256""#, AUTH_ABOUT),
    text("nms.auth-password", PASSWORD_USM, "", r#""example-password""#, AUTH_PASSWORD),
    text("nms.auth-password-file", PATH, "", r#""/etc/lockwarden/nms.auth""#, "The file with the password of `auth`."),
    text("nms.priv", PRIVACY, "", r#""aes128""#, PRIVACY_ABOUT),
    text("nms.priv-password", PASSWORD_USM, "", r#""example-password""#, PRIVACY_PASSWORD),
    text("nms.priv-password-file", PATH, "", r#""/etc/lockwarden/nms.priv""#, "The file with the password of `priv`."),
    number("nms.timeout-s", 1, 60, "s", "2", "How long the answer to an inform may take."),
    text(
        "nms.root-oid",
        form("an object identifier", "2 to 64 numbers, joined by dots"),
        "",
        r#""1.3.6.1.4.1.32473.1""#,
        "Where LOCKWARDEN-MIB is rooted, if not at its own place.",
    ),
    list(
        "relay.to",
        form("a host and port", "the address of an [[nms]]"),
        "",
        r#""192.0.2.5:162""#,
        "The receivers, each by its `address`; without it all of them.",
    ),
    text(
        "relay.form",
        form("a form", r#""as-received" or "translated""#),
        r#""translated""#,
        r#""as-received""#,
        "`translated`: in the version, kind and identity that the `[[nms]]` is set to (RFC 3584); v1 on its way to v2c \
         or v3 gets `snmpTrapAddress.0`, `snmpTrapCommunity.0` and `snmpTrapEnterprise.0`. `as-received`: v1 as v1 and \
         v2c as v2c, in the clear with the community it came with, even where the `[[nms]]` is set to v3; v3 as with \
         `translated`.",
    ),
    list(
        "relay.include",
        OID,
        "[]",
        r#""1.3.6.1.4.1.9.9.41""#,
        "Beginnings of the `snmpTrapOID` of what is passed on; empty: everything.",
    ),
    list(
        "relay.exclude",
        OID,
        "[]",
        r#""1.3.6.1.6.3.1.1.5""#,
        "Beginnings of the `snmpTrapOID` of what is not passed on, whatever `include` says.",
    ),
    list(
        "relay.sources",
        BLOCK,
        "[]",
        BLOCKS,
        "Whose notifications are passed on; empty: those of every sender that is accepted.",
    ),
    number(
        "relay.queue",
        1,
        100_000,
        "notifications",
        "1000",
        "How many may wait for each receiver, in 4 KiB each (1 MiB in all at least); what finds no place is counted and lost.",
    ),
    text(
        "response.program",
        PATH,
        "",
        r#""/etc/lockwarden/respond.sh""#,
        "The program; it is run as it is, by no shell.",
    ),
    number("response.version", 2, 3, "", "3", "The arguments are those of HIDS 2 and 3, or 3: those of HIDS 4."),
    number("response.timeout-s", 1, 3_600, "s", "30", "It is ended, with all that it has started, if it takes longer."),
    list(
        "response.kinds",
        form("a kind of alert", "the kinds of docs/alerts.md"),
        r#"["repeated-failures", "failed-su"]"#,
        r#""lockout" or "failed-su""#,
        "The alerts that it is run for, when they are raised and updated.",
    ),
];

const LAST: &[Key] = &[
    text("node.name", HOST_LABEL, "", r#""cucm-pub""#, "The node's host name, with or without the domain; required."),
    text(
        "node.address",
        form("an address", "an IPv4 or IPv6 address"),
        "",
        r#""192.0.2.11""#,
        "The address that it sends from.",
    ),
    text("node.cluster", HOST_LABEL, "", r#""hq-cluster""#, "The cluster that it belongs to."),
    text(
        "node.time-zone",
        TIME_ZONE,
        r#""UTC""#,
        r#""Europe/Berlin" or "+01:00""#,
        "The zone of its clock, for times that name none, or one of several of that name. CUCM's own times name theirs.",
    ),
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
const LEVEL_ABOUT: &str =
    "What protects its messages; without it what `auth` and `priv` make. It must agree with them.";
const AUTH_ABOUT: &str = "The digest that proves the sender; needs a password.";
const AUTH_PASSWORD: &str = "The password of `auth`.";
const PRIVACY_ABOUT: &str = "The encryption; needs `auth` and a password. Keys are extended as net-snmp does for \
                             `aes192` and `aes256` (Blumenthal) and as most Cisco equipment does for `aes192c` and \
                             `aes256c` (Reeder); which of them CUCM would use is not known to us.";
const PRIVACY_PASSWORD: &str = "The password of `priv`.";
