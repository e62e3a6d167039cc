//! SNMPv3 users and what protects their messages (RFC 3414), for `[[traps.user]]` and `[[nms]]`. Refuses encryption
//! without a digest, and a level that its keys do not make. Passwords stay as they were given: no key is made here.

use super::secret::{Secret, SecretFrom};
use super::section::{At, Section, plain, secret};
use crate::usm::{Auth, Level, Privacy};

/// One `[[traps.user]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsmUser {
    /// 1 to 32 octets of UTF-8 (`usmUserName`, RFC 3414 section 5).
    pub name: String,
    /// What protects its messages.
    pub security: Security,
    /// The engines it is known at, each 5 to 32 octets and none twice; empty: any engine that proves the key.
    pub engine_ids: Vec<Vec<u8>>,
}

/// What protects a user's messages, with the password of each algorithm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Security {
    /// Nothing: the user name is a claim.
    NoAuthNoPriv,
    /// A digest.
    AuthNoPriv {
        /// How a message proves its sender.
        auth: Protected<Auth>,
    },
    /// A digest, and encryption.
    AuthPriv {
        /// How a message proves its sender.
        auth: Protected<Auth>,
        /// How a message is kept from others.
        privacy: Protected<Privacy>,
    },
}

/// An algorithm and the password that its keys are made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protected<A> {
    /// Which one.
    pub algorithm: A,
    /// At least 8 octets where it stands in the configuration; what a file holds is not looked at here.
    pub password: SecretFrom,
}

/// Shortest password (RFC 3414 section 11.2).
const PASSWORD_OCTETS: usize = 8;
/// Longest user name (`SnmpAdminString (SIZE(1..32))`, RFC 3414 section 5).
const NAME_OCTETS: usize = 32;

impl Security {
    /// The level (RFC 3411 section 3.4.3).
    #[must_use]
    pub const fn level(&self) -> Level {
        match self {
            Self::NoAuthNoPriv => Level::NoAuthNoPriv,
            Self::AuthNoPriv { .. } => Level::AuthNoPriv,
            Self::AuthPriv { .. } => Level::AuthPriv,
        }
    }
}

impl UsmUser {
    /// How many there may be: a first message from a new engine is tried with each.
    pub const MOST: usize = 32;

    pub(super) fn parse_all(traps: &Section<'_>) -> Vec<Self> {
        let sections = traps.sections("user");
        if let Some(surplus) = sections.get(Self::MOST) {
            let fault = format!("is number {} of {}", Self::MOST + 1, sections.len());
            surplus.refuse_whole(&fault, &format!("at most {} users", Self::MOST), None);
        }
        let mut known = Vec::new();
        sections.iter().filter_map(|section| Self::parse(section, &mut known)).collect()
    }

    /// `known` are the users above, with the engines of each.
    fn parse(section: &Section<'_>, known: &mut Vec<(String, Vec<Vec<u8>>)>) -> Option<Self> {
        section.require("name", &[]);
        let name = section.read("name", user_name);
        let engine_ids = engine_ids(section);
        let security = Protection::read(section).agree(section);
        let name = name?;
        // Where none of the engine ids can be read, this is not a user at any engine.
        if !section.has("engine-id") || !engine_ids.is_empty() {
            if known.iter().any(|(other, theirs)| *other == name && meet(theirs, &engine_ids)) {
                let allowed = "each name once, or each with engine ids of its own";
                section.refuse("name", "is the name of a user above, at the same engines", allowed, None);
            }
            known.push((name.clone(), engine_ids.clone()));
        }
        Some(Self { name, security: security?, engine_ids })
    }
}

/// Whether one engine is in both; none listed: every engine.
fn meet(ours: &[Vec<u8>], theirs: &[Vec<u8>]) -> bool {
    ours.is_empty() || theirs.is_empty() || ours.iter().any(|id| theirs.contains(id))
}

fn engine_ids(section: &Section<'_>) -> Vec<Vec<u8>> {
    if section.lists_nothing("engine-id") {
        let allowed = "at least one engine id, or no such key for any engine";
        section.refuse("engine-id", "lists no engine id", allowed, None);
    }
    let listed = section.list("engine-id", engine_id).unwrap_or_default();
    for (place, later) in listed.iter().enumerate() {
        if listed.iter().take(place).any(|earlier| earlier.value == later.value) {
            section.refuse_at("engine-id", later, "stands twice", "each engine id once");
        }
    }
    listed.into_iter().map(|At { value, .. }| value).collect()
}

/// A user's name.
pub(super) fn user_name(text: &str) -> Option<String> {
    plain(text, NAME_OCTETS).filter(|text| text.len() <= NAME_OCTETS).map(str::to_owned)
}

/// An `SnmpEngineID` (RFC 3411 section 5) in hexadecimal digits, with or without `0x`.
pub(super) fn engine_id(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    let digit = |c: char| u8::try_from(c.to_digit(16)?).ok();
    let digits: Vec<u8> = digits.chars().map(digit).collect::<Option<_>>()?;
    let pairs = digits.chunks_exact(2);
    let whole = pairs.remainder().is_empty();
    let id: Vec<u8> = pairs.map(|pair| pair.iter().fold(0, |octet, digit| octet << 4 | digit)).collect();
    // "… all bits zero, all ones": RFC 3411 allows neither.
    let names_one = id.iter().any(|&octet| octet != 0) && id.iter().any(|&octet| octet != 0xff);
    (whole && (5..=32).contains(&id.len()) && names_one).then_some(id)
}

/// The keys that protect one user's messages, each read by itself.
pub(super) struct Protection {
    level: Option<Level>,
    auth: Option<Auth>,
    auth_password: Option<SecretFrom>,
    privacy: Option<Privacy>,
    privacy_password: Option<SecretFrom>,
}

impl Protection {
    /// The names of the keys.
    pub(super) const KEYS: [&str; 7] =
        ["level", "auth", "auth-password", "auth-password-file", "priv", "priv-password", "priv-password-file"];

    pub(super) fn read(section: &Section<'_>) -> Self {
        Self {
            level: section.read_hinted("level", Level::named, hint_of_level),
            auth: section.read_hinted("auth", Auth::named, hint_of_auth),
            auth_password: section.secret_as("auth-password", password),
            privacy: section.read_hinted("priv", Privacy::named, hint_of_privacy),
            privacy_password: section.secret_as("priv-password", password),
        }
    }

    /// What the keys come to, with every contradiction among them noted.
    pub(super) fn agree(self, section: &Section<'_>) -> Option<Security> {
        both_or_neither(section, "auth", ["auth-password", "auth-password-file"], r#"auth = "sha256""#);
        both_or_neither(section, "priv", ["priv-password", "priv-password-file"], r#"priv = "aes128""#);
        let made = match (section.has("auth"), section.has("priv")) {
            (false, false) => Level::NoAuthNoPriv,
            (true, false) => Level::AuthNoPriv,
            (true, true) => Level::AuthPriv,
            (false, true) => {
                let allowed = "with auth and its password: no level is privacy alone (RFC 3411 section 3.4.3)";
                section.refuse("priv", "is given without auth", allowed, Some(r#"auth = "sha256""#));
                return None;
            }
        };
        if let Some(level) = self.level.filter(|level| *level != made) {
            let fault = format!(r#"is "{}", and auth and priv make "{}""#, level.as_str(), made.as_str());
            let allowed = r#""auth-priv" with auth and priv, "auth-no-priv" with auth, "no-auth-no-priv" with neither"#;
            section.refuse("level", &fault, allowed, None);
        }
        let auth = protected(self.auth, self.auth_password);
        Some(match made {
            Level::NoAuthNoPriv => Security::NoAuthNoPriv,
            Level::AuthNoPriv => Security::AuthNoPriv { auth: auth? },
            Level::AuthPriv => {
                Security::AuthPriv { auth: auth?, privacy: protected(self.privacy, self.privacy_password)? }
            }
        })
    }
}

fn protected<A>(algorithm: Option<A>, password: Option<SecretFrom>) -> Option<Protected<A>> {
    Some(Protected { algorithm: algorithm?, password: password? })
}

fn both_or_neither(section: &Section<'_>, algorithm: &str, passwords: [&str; 2], example: &str) {
    let given = passwords.into_iter().find(|name| section.has(name));
    match (section.has(algorithm), given) {
        (true, None) => {
            let allowed = format!("with {}", passwords.join(" or "));
            let example = format!(r#"{algorithm}-password-file = "/etc/lockwarden/user.{algorithm}""#);
            section.refuse(algorithm, "is given without a password", &allowed, Some(&example));
        }
        (false, Some(password)) => {
            section.refuse(password, &format!("is given without {algorithm}"), "both or neither", Some(example));
        }
        (true, Some(_)) | (false, None) => {}
    }
}

fn password(text: &str) -> Option<Secret> {
    secret(text).filter(|_| text.len() >= PASSWORD_OCTETS)
}

/// Letters and digits of `text`, in small letters: what is left of a name however it is punctuated.
fn bare(text: &str) -> String {
    text.chars().take(32).filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

fn hint_of_level(text: &str) -> Option<&'static str> {
    match bare(text).as_str() {
        "noauthnopriv" | "noauth" => Some(r#""no-auth-no-priv""#),
        "authnopriv" | "auth" => Some(r#""auth-no-priv""#),
        "authpriv" | "priv" => Some(r#""auth-priv""#),
        _ => None,
    }
}

fn hint_of_auth(text: &str) -> Option<&'static str> {
    match bare(text).as_str() {
        "md5" | "hmacmd5" | "hmacmd596" => Some(r#""md5""#),
        "sha" | "sha1" | "sha96" | "hmacsha" | "hmacsha1" | "hmacsha96" => Some(r#""sha1""#),
        "sha224" | "hmac128sha224" => Some(r#""sha224""#),
        "sha2" | "sha256" | "hmac192sha256" => Some(r#""sha256""#),
        "sha384" | "hmac256sha384" => Some(r#""sha384""#),
        "sha512" | "hmac384sha512" => Some(r#""sha512""#),
        _ => None,
    }
}

fn hint_of_privacy(text: &str) -> Option<&'static str> {
    match bare(text).as_str() {
        "des" | "cbcdes" | "des56" => Some(r#""des""#),
        "aes" | "aes128" | "cfb128aes128" => Some(r#""aes128""#),
        "aes192" => Some(r#""aes192" (net-snmp) or "aes192c" (Cisco)"#),
        "aes256" => Some(r#""aes256" (net-snmp) or "aes256c" (Cisco)"#),
        "aes192c" | "aes192cisco" => Some(r#""aes192c""#),
        "aes256c" | "aes256cisco" => Some(r#""aes256c""#),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_id_is_5_to_32_octets_that_are_not_all_zeros_or_ones() {
        assert_eq!(engine_id("0x8000000903"), Some(vec![0x80, 0, 0, 9, 3]));
        assert_eq!(engine_id("80001F8804"), Some(vec![0x80, 0, 0x1f, 0x88, 4]));
        assert_eq!(engine_id(&"a5".repeat(32)), Some(vec![0xa5; 32]));
        let long = "a5".repeat(33);
        for text in ["", "0x", "0x80000009", "0x80000009030", "80:00:00:09:03", "0x800000090g", "00000000000", &long] {
            assert_eq!(engine_id(text), None, "{text}");
        }
        assert_eq!([engine_id("0x0000000000"), engine_id(&"ff".repeat(12))], [None, None]);
    }

    #[test]
    fn a_user_name_is_1_to_32_octets() {
        assert_eq!(user_name(&"é".repeat(16)), Some("é".repeat(16)));
        assert_eq!([user_name(""), user_name(&"é".repeat(17)), user_name("a\u{7}")], [None, None, None]);
    }

    #[test]
    fn common_spellings_of_algorithms_and_levels_are_understood_well_enough_to_help() {
        assert_eq!(
            ["SHA", "SHA-256", "hmac_md5", "crc"].map(hint_of_auth),
            [Some(r#""sha1""#), Some(r#""sha256""#), Some(r#""md5""#), None]
        );
        assert_eq!(hint_of_privacy("AES"), Some(r#""aes128""#));
        assert_eq!(hint_of_privacy("AES-256"), Some(r#""aes256" (net-snmp) or "aes256c" (Cisco)"#));
        assert_eq!(hint_of_privacy("3DES"), None);
        assert_eq!(hint_of_level("authPriv"), Some(r#""auth-priv""#));
    }
}
