//! The algorithms by name: what a user is set to, and what each needs.

/// How a message proves its sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Auth {
    /// HMAC-MD5-96 (RFC 3414 section 6).
    Md5,
    /// HMAC-SHA-96 (RFC 3414 section 7).
    Sha1,
    /// HMAC-128-SHA-224 (RFC 7860).
    Sha224,
    /// HMAC-192-SHA-256 (RFC 7860).
    Sha256,
    /// HMAC-256-SHA-384 (RFC 7860).
    Sha384,
    /// HMAC-384-SHA-512 (RFC 7860).
    Sha512,
}

/// How a message is kept from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Privacy {
    /// CBC-DES (RFC 3414 section 8).
    Des,
    /// CFB128-AES-128 (RFC 3826).
    Aes128,
    /// AES-192 with the key extension of draft-blumenthal-aes-usm-04: net-snmp.
    Aes192,
    /// AES-256 with the key extension of draft-blumenthal-aes-usm-04: net-snmp.
    Aes256,
    /// AES-192 with the key extension of draft-reeder-snmpv3-usm-3desede-00: most Cisco equipment.
    Aes192c,
    /// AES-256 with the key extension of draft-reeder-snmpv3-usm-3desede-00: most Cisco equipment.
    Aes256c,
}

/// What a message is protected by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Nothing: the user name is a claim.
    NoAuthNoPriv,
    /// A digest.
    AuthNoPriv,
    /// A digest, and encryption.
    AuthPriv,
}

impl Auth {
    /// Every algorithm, weakest first.
    pub const ALL: [Self; 6] = [Self::Md5, Self::Sha1, Self::Sha224, Self::Sha256, Self::Sha384, Self::Sha512];

    /// The name in the configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Md5 => "md5",
            Self::Sha1 => "sha1",
            Self::Sha224 => "sha224",
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }

    /// The algorithm of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|auth| auth.as_str() == name)
    }

    /// Octets of a whole digest, which is also the length of a key.
    #[must_use]
    pub const fn key_length(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha224 => 28,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// Octets of the digest in a message.
    #[must_use]
    pub const fn digest_length(self) -> usize {
        match self {
            Self::Md5 | Self::Sha1 => 12,
            Self::Sha224 => 16,
            Self::Sha256 => 24,
            Self::Sha384 => 32,
            Self::Sha512 => 48,
        }
    }
}

impl Privacy {
    /// Every algorithm, weakest first.
    pub const ALL: [Self; 6] = [Self::Des, Self::Aes128, Self::Aes192, Self::Aes256, Self::Aes192c, Self::Aes256c];

    /// The name in the configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Des => "des",
            Self::Aes128 => "aes128",
            Self::Aes192 => "aes192",
            Self::Aes256 => "aes256",
            Self::Aes192c => "aes192c",
            Self::Aes256c => "aes256c",
        }
    }

    /// The algorithm of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|privacy| privacy.as_str() == name)
    }

    /// Octets of its localised key; for DES with the pre-IV.
    #[must_use]
    pub const fn key_length(self) -> usize {
        match self {
            Self::Des | Self::Aes128 => 16,
            Self::Aes192 | Self::Aes192c => 24,
            Self::Aes256 | Self::Aes256c => 32,
        }
    }
}

impl Level {
    /// Every level, weakest first.
    pub const ALL: [Self; 3] = [Self::NoAuthNoPriv, Self::AuthNoPriv, Self::AuthPriv];

    /// The name in the configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoAuthNoPriv => "no-auth-no-priv",
            Self::AuthNoPriv => "auth-no-priv",
            Self::AuthPriv => "auth-priv",
        }
    }

    /// The level of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.as_str() == name)
    }
}
