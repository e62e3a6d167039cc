//! Every datagram ends in exactly one verdict.

use std::net::UdpSocket;

use serde_json::Value;

use super::cucm::{about, auth_fail, inform, platform_lock};
use super::programs::{PATIENCE, output};
use super::site::Site;

/// Sent before the service's count is looked at, so that no kernel buffer overflows.
const STEP: u64 = 25;

/// A repeatable source of bytes (xorshift).
struct Junk(u64);

impl Junk {
    fn bytes(&mut self, length: usize) -> Vec<u8> {
        let byte = || {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            self.0.to_le_bytes()[3]
        };
        std::iter::repeat_with(byte).take(length).collect()
    }
}

/// A real inform, as snmpinform writes it.
fn recorded_inform() -> Vec<u8> {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let text = about("jdoe");
    let unanswered = super::cucm::Clog { patience: (1, 0), ..inform("authFail", &text, 7) };
    output(&mut unanswered.to(socket.local_addr().unwrap()));
    let mut buffer = vec![0; 1_500];
    let (length, _) = socket.recv_from(&mut buffer).unwrap();
    buffer.truncate(length);
    buffer
}

/// Text that is not UTF-8 where the name stands.
fn latin_1(n: u32) -> Vec<u8> {
    let line = auth_fail("j?rg", n).into_bytes();
    line.into_iter().map(|byte| if byte == b'?' { 0xF6 } else { byte }).collect()
}

#[test]
fn received_is_the_number_of_datagrams_sent_and_the_sum_of_all_verdicts() {
    let site = Site::start();
    let (traps, syslog) = (site.listens("traps", "127."), site.listens("syslog", "127."));
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut junk = Junk(0x5eed);
    let inform = recorded_inform();
    let mut sent = 0;
    for n in 0..50 {
        let cut = inform.len() * usize::try_from(n).unwrap() / 50;
        let mix: [(Vec<u8>, _); 10] = [
            (auth_fail("jdoe", n).into_bytes(), syslog),
            (platform_lock("admin", n, 300).into_bytes(), traps),
            (junk.bytes(40 * usize::try_from(n).unwrap()), syslog),
            (junk.bytes(1_400), traps),
            (Vec::new(), syslog),
            (Vec::new(), traps),
            (latin_1(n), syslog),
            (inform.clone(), syslog),
            (inform[..cut].to_vec(), traps),
            (vec![b'x'; if n == 0 { 65_507 } else { 9_000 }], if n % 2 == 0 { traps } else { syslog }),
        ];
        for (datagram, to) in mix {
            socket.send_to(&datagram, to).unwrap();
            sent += 1;
            if sent % STEP == 0 {
                site.health_when(|health| health["received"] == sent);
            }
        }
    }
    let health = site.settled(sent);
    assert_eq!((sent, &health["received"]), (500, &sent.into()));
    let verdicts = health["verdicts"].as_object().unwrap();
    assert_eq!(verdicts.values().filter_map(Value::as_u64).sum::<u64>(), sent, "{verdicts:?}");
    assert!(["failure", "empty", "bad-snmp", "no-entry"].iter().all(|one| verdicts.contains_key(*one)), "{verdicts:?}");
    // Both names were counted under what they are: fifty failures each, an hour apart at most.
    assert_eq!(site.account("jdoe")["failures_total"], 50);
    assert_eq!(site.account("j\u{fffd}rg")["failures_total"], 50);
}
