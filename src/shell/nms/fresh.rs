//! The numbers of an SNMPv3 message that must not have been used before.

use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// One sequence for the whole process, from a random start: several receivers may share a user, and so its key.
static SALTS: OnceLock<AtomicU64> = OnceLock::new();

/// What is new in each message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fresh {
    /// 0 to 2^31-1, random: whoever does not see the message cannot answer it.
    pub(super) msg_id: i32,
    /// The salt of the encryption.
    pub(super) salt: u64,
}

impl Fresh {
    /// # Errors
    /// If the system has no random octets.
    pub(super) fn next() -> io::Result<Self> {
        let salts = match SALTS.get() {
            Some(salts) => salts,
            None => {
                let start = getrandom::u64()?;
                SALTS.get_or_init(|| AtomicU64::new(start))
            }
        };
        let msg_id = i32::try_from(getrandom::u32()? >> 1).unwrap_or_default();
        Ok(Self { msg_id, salt: salts.fetch_add(1, Ordering::Relaxed) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn salts_follow_each_other_and_message_ids_are_never_negative() {
        let [first, second] = [Fresh::next().unwrap(), Fresh::next().unwrap()];
        assert!((1..1_000).contains(&second.salt.wrapping_sub(first.salt)), "{first:?} {second:?}");
        assert!(first.msg_id >= 0 && second.msg_id >= 0);
    }
}
