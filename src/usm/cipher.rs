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

#[cfg(test)]
mod tests {
    use super::*;

    const ENGINE: [u8; 12] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2];
    const BOOTS: u32 = 7;
    const TIME: u32 = 300;
    const SALT: u64 = 0x0102_0304_0506_0708;
    const PLAIN: &[u8] = b"a scoped PDU of 27 octets..";

    fn key(privacy: Privacy, auth: Auth) -> PrivKey {
        PrivKey::new(privacy, auth, &MasterKey::from_password(auth, b"maplesyrup").unwrap(), &ENGINE)
    }

    fn hex(octets: &[u8]) -> String {
        octets.iter().map(|octet| format!("{octet:02x}")).collect()
    }

    /// The salt and the data, encrypted.
    fn encrypted(privacy: Privacy, auth: Auth) -> (String, String) {
        let mut data = PLAIN.to_vec();
        let salt = key(privacy, auth).encrypt(BOOTS, TIME, SALT, &mut data);
        (hex(&salt), hex(&data))
    }

    #[test]
    fn every_cipher_gives_what_another_implementation_gives() {
        for (privacy, salt, data) in [
            (Privacy::Des, "0000000705060708", "e67b7d5094e343ff7140422d415a42a6bbf1aa584e45986618c308f7e8c37e8f"),
            (Privacy::Aes128, "0102030405060708", "7ed6a040264f703c390e112e4c165467227339b2afe7da05d7323d"),
            (Privacy::Aes192, "0102030405060708", "dfd86179fc1df548d8f1a4f6f6d88a9c26e9e8277d2d41c6b15cda"),
            (Privacy::Aes256, "0102030405060708", "be9ee047fa69b0b4c7e74a70e21a3da84101721eaac175605b4a77"),
            (Privacy::Aes192c, "0102030405060708", "f5853e2a484355e8c7756b1a95e04131d4e60a0696180d9f38b3f9"),
            (Privacy::Aes256c, "0102030405060708", "097cd778147c3022ea99773db8276696cfb41214f6a54632986fd3"),
        ] {
            assert_eq!(encrypted(privacy, Auth::Sha1), (salt.to_owned(), data.to_owned()), "{privacy:?}");
        }
    }

    #[test]
    fn whatever_was_encrypted_is_decrypted_with_every_pair_of_algorithms() {
        let masters = Auth::ALL.map(|auth| (auth, MasterKey::from_password(auth, b"maplesyrup").unwrap()));
        for ((auth, master), privacy) in masters.iter().flat_map(|each| Privacy::ALL.map(|privacy| (each, privacy))) {
            let key = PrivKey::new(privacy, *auth, master, &ENGINE);
            for length in [1, 7, 8, 15, 16, 17, 484] {
                let plain: Vec<u8> = (0..=255).cycle().take(length).collect();
                let mut data = plain.clone();
                let salt = key.encrypt(BOOTS, TIME, SALT, &mut data);
                assert!(!data.starts_with(&plain), "{auth:?} {privacy:?} {length}");
                assert_eq!(key.decrypt(BOOTS, TIME, &salt, &mut data), Ok(()));
                let padding = data.split_off(length);
                assert_eq!(data, plain, "{auth:?} {privacy:?} {length}");
                let expected = if privacy == Privacy::Des { length.next_multiple_of(8) - length } else { 0 };
                assert_eq!(padding, vec![0; expected], "{auth:?} {privacy:?} {length}");
            }
        }
    }

    #[test]
    fn the_two_ways_to_a_longer_key_differ_only_where_the_key_is_too_short() {
        assert_ne!(encrypted(Privacy::Aes192, Auth::Sha1), encrypted(Privacy::Aes192c, Auth::Sha1));
        assert_eq!(encrypted(Privacy::Aes192, Auth::Sha224), encrypted(Privacy::Aes192c, Auth::Sha224));
        assert_ne!(encrypted(Privacy::Aes256, Auth::Sha224), encrypted(Privacy::Aes256c, Auth::Sha224));
        assert_eq!(encrypted(Privacy::Aes256, Auth::Sha256), encrypted(Privacy::Aes256c, Auth::Sha256));
    }

    #[test]
    fn aes_depends_on_boots_time_and_salt_and_des_on_its_salt_only() {
        for privacy in Privacy::ALL {
            let key = key(privacy, Auth::Sha256);
            let decrypted = |boots, time, flip: u8| {
                let mut data = PLAIN.to_vec();
                let mut salt = key.encrypt(BOOTS, TIME, SALT, &mut data);
                salt[7] ^= flip;
                key.decrypt(boots, time, &salt, &mut data).unwrap();
                data.starts_with(PLAIN)
            };
            let des = privacy == Privacy::Des;
            assert!(decrypted(BOOTS, TIME, 0), "{privacy:?}");
            assert_eq!(decrypted(BOOTS + 1, TIME, 0), des, "{privacy:?}");
            assert_eq!(decrypted(BOOTS, TIME + 1, 0), des, "{privacy:?}");
            assert!(!decrypted(BOOTS, TIME, 1), "{privacy:?}");
        }
    }

    #[test]
    fn a_salt_that_has_not_8_octets_is_a_fault_and_the_data_stays() {
        for privacy in Privacy::ALL {
            let key = key(privacy, Auth::Sha1);
            for salt in [&[][..], &[1; 7], &[1; 9]] {
                let mut data = [3; 16];
                assert_eq!(key.decrypt(BOOTS, TIME, salt, &mut data), Err(CipherFault::Salt), "{privacy:?}");
                assert_eq!(data, [3; 16]);
            }
        }
    }

    #[test]
    fn des_data_that_is_empty_or_ends_inside_a_block_is_a_fault_and_stays() {
        for length in [0, 1, 7, 9, 15, 17] {
            let mut data = vec![3; length];
            assert_eq!(key(Privacy::Des, Auth::Md5).decrypt(BOOTS, TIME, &[1; 8], &mut data), Err(CipherFault::Length));
            assert_eq!(data, vec![3; length]);
        }
        assert_eq!(key(Privacy::Aes128, Auth::Md5).decrypt(BOOTS, TIME, &[1; 8], &mut []), Ok(()));
    }

    #[test]
    fn a_key_shows_its_algorithm_only() {
        assert_eq!(Privacy::ALL.map(|privacy| key(privacy, Auth::Md5).privacy()), Privacy::ALL);
        assert_eq!(format!("{:?}", key(Privacy::Aes256c, Auth::Sha1)), "PrivKey(Aes256c, ***)");
    }
}
