//! What the kernel dropped before we could read it: the `drops` column of `/proc/net/udp` and `/proc/net/udp6` for our sockets.
//! It is the number that `SO_RXQ_OVFL` attaches to datagrams, but it is there also when none comes any more.

use std::collections::BTreeMap;
use std::fs;
use std::net::UdpSocket;
use std::os::fd::AsRawFd as _;

use crate::units::{Mono, Span};

/// The tables of the kernel.
const TABLES: [&str; 2] = ["/proc/net/udp", "/proc/net/udp6"];

/// While sockets are behind it is looked this often.
const LOOK_EVERY: Span = Span::secs(1);

/// The sockets that are watched, with what was counted for each.
#[derive(Debug, Default)]
pub(crate) struct Drops {
    known: BTreeMap<u64, u64>,
    next_look: Mono,
}

impl Drops {
    /// Watches this socket too. One whose number the system does not tell is not watched.
    pub(crate) fn watch(&mut self, socket: &UdpSocket) {
        let link = fs::read_link(format!("/proc/self/fd/{}", socket.as_raw_fd()));
        let inode = link.ok().and_then(|link| {
            let text = link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned();
            text.parse().ok()
        });
        self.known.extend(inode.map(|inode: u64| (inode, 0)));
    }

    /// Whether it is time to look again; it is once a second.
    pub(crate) fn is_due(&mut self, now: Mono) -> bool {
        let due = self.next_look <= now;
        if due {
            self.next_look = now + LOOK_EVERY;
        }
        due
    }

    /// Messages dropped since the last call.
    pub(crate) fn since_last(&mut self) -> u64 {
        let tables = TABLES.iter().filter_map(|table| fs::read_to_string(table).ok());
        tables.map(|table| self.newly_dropped(&table)).sum()
    }

    fn newly_dropped(&mut self, table: &str) -> u64 {
        let mut new = 0;
        for (inode, dropped) in table.lines().filter_map(row) {
            if let Some(known) = self.known.get_mut(&inode) {
                new += dropped.saturating_sub(*known);
                *known = dropped.max(*known);
            }
        }
        new
    }
}

/// The inode and the drops of one line; see `proc_net_udp(5)`.
fn row(line: &str) -> Option<(u64, u64)> {
    let mut columns = line.split_ascii_whitespace().skip(9);
    let inode = columns.next()?.parse().ok()?;
    let dropped = columns.nth(2)?.parse().ok()?;
    Some((inode, dropped))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_of_our_sockets_are_counted_once() {
        let line = |inode: u32, drops: u32| {
            format!(
                " 1234: 00000000:05EA 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 {inode} 2 \
                 0000000000000000 {drops}\n"
            )
        };
        let head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref \
                    pointer drops\n";
        let mut drops = Drops { known: BTreeMap::from([(77, 0)]), ..Drops::default() };
        assert_eq!(drops.newly_dropped(&format!("{head}{}{}", line(77, 5), line(78, 9))), 5);
        assert_eq!(drops.newly_dropped(&format!("{head}{}", line(77, 7))), 2);
        assert_eq!(drops.newly_dropped(head), 0);
    }

    #[test]
    fn a_real_socket_is_found() {
        let mut drops = Drops::default();
        drops.watch(&UdpSocket::bind("127.0.0.1:0").unwrap());
        assert_eq!((drops.known.len(), drops.since_last()), (1, 0));
    }
}
