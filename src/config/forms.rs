//! What the strings of several keys must be, and what is said about several keys alike.

use super::reference::{Form, form, secret};

pub(super) const ADDRESS_PORT: Form = form("an address and port", "address:port");
pub(super) const BLOCK: Form = form("an address or a block of addresses", "address or address/prefix");
pub(super) const COMMUNITY: Form = secret("a community", "1 to 255 characters");
pub(super) const PASSWORD: Form = secret("a password", "1 to 255 characters");
pub(super) const USER: Form = form("a user name of SNMPv3", "1 to 32 octets, none of them a control character");
pub(super) const LEVEL: Form = form("a security level", r#""no-auth-no-priv", "auth-no-priv" or "auth-priv""#);
pub(super) const AUTH: Form =
    form("an authentication algorithm", r#""md5", "sha1", "sha224", "sha256", "sha384" or "sha512""#);
pub(super) const PRIVACY: Form =
    form("an encryption algorithm", r#""des", "aes128", "aes192", "aes256", "aes192c" or "aes256c""#);
pub(super) const PASSWORD_USM: Form = secret("a password of 8 octets or more", "8 to 255 octets");
pub(super) const ENGINE_ID: Form =
    form("an engine id", "10 to 64 hexadecimal digits (5 to 32 octets), not all 0 and not all f");
pub(super) const OID: Form = form("an object identifier", "2 to 128 numbers, joined by dots");
pub(super) const PATH: Form = form("a file name", "1 to 1024 characters, none of them a control character");
pub(super) const NAME: Form = form("a user name", "1 to 64 characters, none of them a control character");
pub(super) const HOST_LABEL: Form = form("a name", "1 to 64 characters, none of them a control character");
pub(super) const PATTERN: Form = form("a pattern", "1 to 128 characters, * for any text, case ignored");
pub(super) const TIME_ZONE: Form =
    form("a time zone", "a name of the system's time zone database, UTC, or hours and minutes east of it");
pub(super) const ENDPOINT: Form = form("a host and port", "host or host:port");
pub(super) const ANONYMOUS: Form = form("a rule for connections without credentials", r#""refused" or "allowed""#);

pub(super) const LISTEN_TRAPS: &str = r#""0.0.0.0:1162" or "[::]:1162""#;
pub(super) const LISTEN_SYSLOG: &str = r#""0.0.0.0:1514" or "[::]:1514""#;
pub(super) const BLOCKS: &str = r#""192.0.2.0/24" or "192.0.2.11""#;
pub(super) const FAILED_LOGONS: &str = "Failures that lock the account; 0: it never locks.";
pub(super) const LOCKOUT: &str = "How long a lock lasts; 0: until an administrator acts.";
pub(super) const MORE_THAN: &str = "The alert is raised at the failure after this many; 0: never.";
pub(super) const LEVEL_ABOUT: &str =
    "What protects its messages; without it what `auth` and `priv` make. It must agree with them.";
pub(super) const AUTH_ABOUT: &str = "The digest that proves the sender; needs a password.";
pub(super) const AUTH_PASSWORD: &str = "The password of `auth`.";
pub(super) const PRIVACY_ABOUT: &str = "The encryption; needs `auth` and a password. Keys are extended as net-snmp does for \
                             `aes192` and `aes256` (Blumenthal) and as most Cisco equipment does for `aes192c` and \
                             `aes256c` (Reeder); which of them CUCM would use is not known to us.";
pub(super) const PRIVACY_PASSWORD: &str = "The password of `priv`.";
