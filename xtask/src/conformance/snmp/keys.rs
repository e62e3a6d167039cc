//! Keys of passwords (RFC 3414 A.3 and the like). Ours do not show themselves, so each is known by what it makes: a digest, or the
//! first block of AES in CFB mode.

use aes::cipher::{Array, BlockCipherEncrypt, KeyInit as _};
use aes::{Aes192Enc, Aes256Enc};
use hmac::{EagerHash, Hmac, Mac as _};
use lockwarden::usm::{Auth, AuthKey, MasterKey, PrivKey, Privacy};
use serde_json::Value;
use sha2::digest::Digest as _;

use super::{hex, octets};
use crate::conformance::{Group, json, same, text};
use crate::workspace::Failure;

const BOOTS: u32 = 3;
const TIME: u32 = 77;
const SALT: u64 = 0x0102_0304_0506_0708;

pub(super) fn vectors(file: &std::path::Path) -> Result<Group, Failure> {
    let mut group = Group::new("snmp/usm-key-vectors.json");
    let all = json(file)?;
    for (place, row) in all.get("rows").and_then(Value::as_array).into_iter().flatten().enumerate() {
        let what = format!("row {place} ({}, {})", text(row, "password"), text(row, "hash"));
        group.check(&format!("{what}: kul"), localised(row));
        for (key, privacy) in [
            ("aes192_blumenthal", Privacy::Aes192),
            ("aes256_blumenthal", Privacy::Aes256),
            ("aes192_reeder", Privacy::Aes192c),
            ("aes256_reeder", Privacy::Aes256c),
        ] {
            group.check(&format!("{what}: {key}"), cipher(row, key, privacy));
        }
    }
    for _ in all.get("keychange").and_then(Value::as_array).into_iter().flatten() {
        group.skip(
            "keychange",
            "keys are changed in the configuration, not by SNMP (RFC 3414 section 5, usmUserKeyChange)",
        );
    }
    Ok(group)
}

fn master(row: &Value) -> Result<(Auth, MasterKey, Vec<u8>), String> {
    let auth = Auth::named(text(row, "hash")).ok_or("no such algorithm")?;
    let master = MasterKey::from_password(auth, text(row, "password").as_bytes()).ok_or("the password is too short")?;
    Ok((auth, master, octets(text(row, "engine"))?))
}

/// `ku` makes `kul` (RFC 3414 section 2.6), and our key makes the digests of `kul`.
fn localised(row: &Value) -> Result<(), String> {
    let (auth, master, engine) = master(row)?;
    let (ku, kul) = (octets(text(row, "ku"))?, octets(text(row, "kul"))?);
    same("kul of ku", &hex(&kul), &hex(&hash(auth, &[ku.as_slice(), &engine, &ku].concat())))?;
    same_key(auth, &kul, &AuthKey::new(auth, &master, &engine))
}

/// Whether our key makes the digests of this one.
pub(super) fn same_key(auth: Auth, kul: &[u8], ours: &AuthKey) -> Result<(), String> {
    let message = b"any message";
    let mut wanted = mac(auth, kul, message);
    wanted.truncate(auth.digest_length());
    same("digest", &hex(&wanted), &hex(&ours.sign(&[message])))
}

fn cipher(row: &Value, key: &str, privacy: Privacy) -> Result<(), String> {
    let (auth, master, engine) = master(row)?;
    let key = octets(text(row, key))?;
    let mut block = vec![0; 16];
    let salt = PrivKey::new(privacy, auth, &master, &engine).encrypt(BOOTS, TIME, SALT, &mut block);
    // RFC 3826 section 3.1.2.1: boots, time and salt; CFB encrypts them and adds what is to be hidden, here zeros.
    let iv = [&BOOTS.to_be_bytes()[..], &TIME.to_be_bytes(), &salt].concat();
    let mut wanted = Array::try_from(iv.as_slice()).map_err(|error| error.to_string())?;
    match privacy {
        Privacy::Aes192 | Privacy::Aes192c => {
            Aes192Enc::new_from_slice(&key).map_err(|error| error.to_string())?.encrypt_block(&mut wanted);
        }
        Privacy::Aes256 | Privacy::Aes256c => {
            Aes256Enc::new_from_slice(&key).map_err(|error| error.to_string())?.encrypt_block(&mut wanted);
        }
        Privacy::Des | Privacy::Aes128 => return Err("no key is extended for it".into()),
    }
    same("block", &hex(&wanted), &hex(&block))
}

fn hash(auth: Auth, octets: &[u8]) -> Vec<u8> {
    match auth {
        Auth::Md5 => md5::Md5::digest(octets).to_vec(),
        Auth::Sha1 => sha1::Sha1::digest(octets).to_vec(),
        Auth::Sha224 => sha2::Sha224::digest(octets).to_vec(),
        Auth::Sha256 => sha2::Sha256::digest(octets).to_vec(),
        Auth::Sha384 => sha2::Sha384::digest(octets).to_vec(),
        Auth::Sha512 => sha2::Sha512::digest(octets).to_vec(),
    }
}

fn mac(auth: Auth, key: &[u8], message: &[u8]) -> Vec<u8> {
    match auth {
        Auth::Md5 => mac_by::<md5::Md5>(key, message),
        Auth::Sha1 => mac_by::<sha1::Sha1>(key, message),
        Auth::Sha224 => mac_by::<sha2::Sha224>(key, message),
        Auth::Sha256 => mac_by::<sha2::Sha256>(key, message),
        Auth::Sha384 => mac_by::<sha2::Sha384>(key, message),
        Auth::Sha512 => mac_by::<sha2::Sha512>(key, message),
    }
}

fn mac_by<H: EagerHash>(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<H>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}
