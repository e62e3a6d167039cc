//! The encryption of a message's scoped PDU: CBC-DES (RFC 3414 section 8) and CFB128-AES (RFC 3826, also with longer keys). Encryption
//! proves nothing: whoever decrypts has checked the digest first. Salts are the caller's to choose; none may be used twice with one key.

use core::fmt;

use aes::cipher::{Array, BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt, InnerIvInit, KeyInit, consts::U16};
use aes::{Aes128Enc, Aes192Enc, Aes256Enc};
use des::Des;
use zeroize::Zeroizing;

use super::{Auth, MasterKey, Privacy};

/// The key of one user at one engine, expanded for its cipher. `Debug` hides it.
#[derive(Clone)]
pub struct PrivKey {
    privacy: Privacy,
    cipher: Cipher,
}

/// CFB only ever encrypts blocks, so there is no second half of the AES keys.
#[derive(Clone)]
enum Cipher {
    Des { key: Des, pre_iv: Zeroizing<u64> },
    Aes128(Aes128Enc),
    Aes192(Aes192Enc),
    Aes256(Aes256Enc),
}

/// Why something cannot be decrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CipherFault {
    /// The salt (msgPrivacyParameters) has not 8 octets.
    Salt,
    /// CBC-DES: the data is empty, or no multiple of 8 octets.
    Length,
}

impl fmt::Display for CipherFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Salt => "the salt has not 8 octets",
            Self::Length => "the data is empty or ends inside a block",
        })
    }
}

impl std::error::Error for CipherFault {}

impl PrivKey {
    /// Binds `master`, made from the privacy password by the user's `auth` algorithm, to an engine.
    ///
    /// For `Aes192c` and `Aes256c` with an algorithm whose key is too short, this digests 1 MiB.
    #[must_use]
    pub fn new(privacy: Privacy, auth: Auth, master: &MasterKey, engine_id: &[u8]) -> Self {
        let mut key = master.for_cipher(privacy, auth, engine_id);
        let cipher = match privacy {
            Privacy::Des => {
                let pre_iv =
                    Zeroizing::new(key.iter().skip(DES_BLOCK).fold(0, |word, octet| word << 8 | u64::from(*octet)));
                key.truncate(DES_BLOCK);
                Cipher::Des { key: expanded(&key), pre_iv }
            }
            Privacy::Aes128 => Cipher::Aes128(expanded(&key)),
            Privacy::Aes192 | Privacy::Aes192c => Cipher::Aes192(expanded(&key)),
            Privacy::Aes256 | Privacy::Aes256c => Cipher::Aes256(expanded(&key)),
        };
        Self { privacy, cipher }
    }

    /// The algorithm.
    #[must_use]
    pub const fn privacy(&self) -> Privacy {
        self.privacy
    }

    /// Decrypts in place. `boots` and `time` are those in the message's header, `salt` is its msgPrivacyParameters.
    ///
    /// # Errors
    /// [`CipherFault`]; `data` is as it was. A wrong key is no error: it leaves noise.
    pub fn decrypt(&self, boots: u32, time: u32, salt: &[u8], data: &mut [u8]) -> Result<(), CipherFault> {
        let salt = u64::from_be_bytes(salt.try_into().map_err(|_| CipherFault::Salt)?);
        match &self.cipher {
            Cipher::Des { key, pre_iv } => {
                let iv = (**pre_iv ^ salt).to_be_bytes();
                let (blocks, rest) = Array::slice_as_chunks_mut(data);
                if blocks.is_empty() || !rest.is_empty() {
                    return Err(CipherFault::Length);
                }
                cbc::Decryptor::inner_iv_init(key, &iv.into()).decrypt_blocks(blocks);
            }
            Cipher::Aes128(key) => cfb_decrypt(key, boots, time, salt, data),
            Cipher::Aes192(key) => cfb_decrypt(key, boots, time, salt, data),
            Cipher::Aes256(key) => cfb_decrypt(key, boots, time, salt, data),
        }
        Ok(())
    }

    /// Encrypts in place, and returns the message's msgPrivacyParameters. `boots` and `time` are those in its header.
    ///
    /// `salt` must differ between any two messages with the same key and `boots`. CBC-DES takes its low 32 bits only (RFC 3414 section
    /// 8.1.1.1), and fills `data` with zeros up to a multiple of 8 octets.
    pub fn encrypt(&self, boots: u32, time: u32, salt: u64, data: &mut Vec<u8>) -> [u8; 8] {
        match &self.cipher {
            Cipher::Des { key, pre_iv } => {
                let salt = u64::from(boots) << 32 | salt & u64::from(u32::MAX);
                let iv = (**pre_iv ^ salt).to_be_bytes();
                data.resize(data.len().next_multiple_of(DES_BLOCK), 0);
                let (blocks, _) = Array::slice_as_chunks_mut(data);
                cbc::Encryptor::inner_iv_init(key, &iv.into()).encrypt_blocks(blocks);
                return salt.to_be_bytes();
            }
            Cipher::Aes128(key) => cfb_encrypt(key, boots, time, salt, data),
            Cipher::Aes192(key) => cfb_encrypt(key, boots, time, salt, data),
            Cipher::Aes256(key) => cfb_encrypt(key, boots, time, salt, data),
        }
        salt.to_be_bytes()
    }
}

impl fmt::Debug for PrivKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivKey({:?}, ***)", self.privacy)
    }
}

fn expanded<C: KeyInit>(key: &[u8]) -> C {
    C::new_from_slice(key).expect("the key was cut to its cipher's length")
}

fn cfb_decrypt<C: BlockCipherEncrypt<BlockSize = U16>>(key: &C, boots: u32, time: u32, salt: u64, data: &mut [u8]) {
    cfb_mode::Decryptor::inner_iv_init(key, &aes_iv(boots, time, salt)).decrypt(data);
}

fn cfb_encrypt<C: BlockCipherEncrypt<BlockSize = U16>>(key: &C, boots: u32, time: u32, salt: u64, data: &mut [u8]) {
    cfb_mode::Encryptor::inner_iv_init(key, &aes_iv(boots, time, salt)).encrypt(data);
}

/// Boots, time and salt one after the other (RFC 3826 section 3.1.2.1).
fn aes_iv(boots: u32, time: u32, salt: u64) -> Array<u8, U16> {
    (u128::from(boots) << 96 | u128::from(time) << 64 | u128::from(salt)).to_be_bytes().into()
}

/// Octets of a block of DES; also of its key, parity bits included.
const DES_BLOCK: usize = 8;
