//! What the strings of several keys must be.

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
