//! The messages that are sent and measured: constructed, in the shape in which CUCM sends them.

use lockwarden::units::Wall;
use lockwarden::wire::snmp::{CLOG_MESSAGE_GENERATED, Kind, Oid, OutValue, OutVarbind, encode};

use super::user;

/// Accounts that fail in turn.
pub(super) const ACCOUNTS: u64 = 1_000;
/// Stands once in each message about a failure.
pub(super) const CLUSTER: &str = "[ClusterID=StandAloneCluster]";

/// Encoded messages, one behind the other.
#[derive(Debug, Default)]
pub(super) struct Messages {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Messages {
    /// `message(n)` for every `n` of the range.
    pub(super) fn of(numbers: std::ops::Range<u64>, message: impl Fn(u64) -> Vec<u8>) -> Self {
        let mut all = Self::default();
        for n in numbers {
            all.bytes.extend(message(n));
            all.ends.push(all.bytes.len());
        }
        all
    }

    /// Each message, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).filter_map(|(start, &end)| self.bytes.get(start..end))
    }
}

/// The account of the `n`th failure.
pub(super) fn account(n: u64) -> String {
    format!("user{:04}", n % ACCOUNTS)
}

/// A wrong credential, as `UC_IMS` tells it over syslog.
pub(crate) fn auth_fail(n: u64, account: &str, at: Wall) -> Vec<u8> {
    alarm(n, at, &format!("%UC_IMS-4-authFail: %{}", auth_fail_text(account)))
}

/// A locked credential, as `UC_IMS` tells it over syslog.
pub(super) fn hack_lock(n: u64, account: &str, at: Wall) -> Vec<u8> {
    alarm(n, at, &format!("%UC_IMS-4-authHackLock: %{}", hack_lock_text(account)))
}

/// The right credential, as `UC_IMS` tells it over syslog.
pub(crate) fn auth_success(n: u64, account: &str, at: Wall) -> Vec<u8> {
    let text = format!("[UserID={account}]{CLUSTER}[NodeID=cucm-sub1]: The user was authenticated.");
    alarm(n, at, &format!("%UC_IMS-6-authSuccess: %{text}"))
}

/// A line that no catalogue entry reads.
pub(super) fn no_entry(n: u64, at: Wall) -> Vec<u8> {
    let text = format!(
        "%UC_EXAMPLE-6-NothingOfInterest: %[DeviceName=SEP{n:012}][IPAddress=192.0.2.15][AppID=Cisco CallManager]\
         {CLUSTER}[NodeID=cucm-sub1]: Nothing that has to do with a sign-in."
    );
    alarm(n, at, &text)
}

/// The same as [`auth_fail`], as `clogMessageGenerated` in an SNMPv2c trap.
pub(super) fn auth_fail_trap(n: u64, account: &str) -> Vec<u8> {
    let uptime = uptime(n);
    let varbinds = clog_varbinds("authFail", &auth_fail_text(account), uptime);
    encode::v2c(Kind::Trap, b"public", uptime.cast_signed(), uptime, &CLOG_MESSAGE_GENERATED, &varbinds)
}

/// The same in an SNMPv3 trap of [`user`], sent at this time of its engine.
pub(super) fn auth_fail_v3_trap(n: u64, account: &str, time: u32) -> Vec<u8> {
    let uptime = uptime(n);
    let varbinds = clog_varbinds("authFail", &auth_fail_text(account), uptime);
    let pdu = encode::notification_pdu(Kind::Trap, uptime.cast_signed(), uptime, &CLOG_MESSAGE_GENERATED, &varbinds);
    user::secured(n, time, &pdu)
}

/// The columns of the table from which `clogMessageGenerated` tells: an alarm of `UC_IMS` with the text behind its `%`.
pub(crate) fn clog_varbinds(alarm: &'static str, text: &str, uptime: u32) -> Vec<OutVarbind<'static>> {
    let column = |n: u32| Oid::known(&[1, 3, 6, 1, 4, 1, 9, 9, 41, 1, 2, 3, 1]).child(&[n, 7]);
    let values: [(u32, OutValue<'_>); 5] = [
        (2, "UC_IMS".into()),
        (3, OutValue::Integer(5)),
        (4, alarm.into()),
        (5, OutValue::OctetString(format!("%{text}").into_bytes().into())),
        (6, OutValue::TimeTicks(uptime)),
    ];
    values.into_iter().filter_map(|(n, value)| Some(OutVarbind::new(column(n).ok()?, value))).collect()
}

/// A time of its own for each message: below 2^31.
fn uptime(n: u64) -> u32 {
    u32::try_from(n % u64::from(i32::MAX.unsigned_abs())).unwrap_or_default()
}

/// An inform that says nothing about an account, to see when it is answered.
pub(super) fn cold_start_inform() -> Vec<u8> {
    encode::v2c(Kind::Inform, b"public", 1, 1, &Oid::known(&[1, 3, 6, 1, 6, 3, 1, 1, 5, 1]), &[])
}

pub(crate) fn auth_fail_text(account: &str) -> String {
    format!(
        "[UserID={account}][Message=Credential failure][AppID=Cisco Tomcat]{CLUSTER}\
         [NodeID=cucm-sub1]: An attempt to authenticate this user with the given credentials failed."
    )
}

pub(crate) fn hack_lock_text(account: &str) -> String {
    format!(
        "[UserID={account}][AppID=Cisco Tomcat]{CLUSTER}[NodeID=cucm-sub1]: \
         This user attempted to login unsuccessfully the number of times set by the administrator."
    )
}

fn alarm(n: u64, at: Wall, text: &str) -> Vec<u8> {
    format!("<188>{n}: cucm-sub1.example.test: {} UTC : {text}", stamp(at)).into_bytes()
}

/// `Jan 15 2026 08:21:05.090`, CUCM's order.
pub(crate) fn stamp(at: Wall) -> String {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let text = at.to_string();
    let part = |range: std::ops::Range<usize>| text.get(range).unwrap_or_default();
    let month = part(5..7).parse::<usize>().ok().and_then(|n| MONTHS.get(n.wrapping_sub(1))).unwrap_or(&"Jan");
    format!("{month} {} {} {}", part(8..10), part(0..4), part(11..23))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_the_shape_of_cucm() {
        let line = auth_fail(7, "user0007", Wall::from_millis(1_768_465_265_090));
        let line = String::from_utf8(line).unwrap();
        assert!(
            line.starts_with(
                "<188>7: cucm-sub1.example.test: Jan 15 2026 08:21:05.090 UTC : %UC_IMS-4-authFail: %[UserID=user0007]"
            ),
            "{line}"
        );
    }

    #[test]
    fn messages_come_out_as_they_went_in() {
        let messages = Messages::of(8..11, |n| n.to_string().into_bytes());
        assert_eq!(messages.iter().collect::<Vec<_>>(), [&b"8"[..], b"9", b"10"]);
    }
}
