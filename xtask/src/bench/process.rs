//! What Linux says about a process, from `/proc`.

use std::fs;
use std::time::Duration;

use crate::workspace::Failure;

/// `USER_HZ`: the unit of the times in `stat`, fixed since Linux 2.6.
const TICKS_PER_S: u64 = 100;

/// CPU time that the process has used, in user and kernel mode; in steps of 10 ms.
pub(super) fn cpu_of(process: u32) -> Result<Duration, Failure> {
    cpu(&format!("/proc/{process}/stat"))
}

/// CPU time that the calling thread has used, likewise.
pub(super) fn cpu_of_thread() -> Result<Duration, Failure> {
    cpu("/proc/thread-self/stat")
}

fn cpu(path: &str) -> Result<Duration, Failure> {
    let text = fs::read_to_string(path).map_err(|e| Failure::of(path, e))?;
    ticks(&text)
        .map(|ticks| Duration::from_millis(ticks * 1_000 / TICKS_PER_S))
        .ok_or_else(|| Failure::Said(format!("{path}: not understood")))
}

/// utime + stime, fields 14 and 15; the name in field 2 may hold blanks and ends in the last `)`.
fn ticks(stat: &str) -> Option<u64> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    Some(fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?)
}

/// Resident memory (`VmRSS`) in KiB.
pub(crate) fn resident_kib(process: u32) -> Result<f64, Failure> {
    kib(process, "VmRSS:")
}

/// The most resident memory that it ever had (`VmHWM`), in KiB.
pub(super) fn most_resident_kib(process: u32) -> Result<f64, Failure> {
    kib(process, "VmHWM:")
}

fn kib(process: u32, what: &str) -> Result<f64, Failure> {
    let path = format!("/proc/{process}/status");
    let text = fs::read_to_string(&path).map_err(|e| Failure::of(&path, e))?;
    let line = text.lines().find_map(|line| line.strip_prefix(what));
    let kib = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse().ok());
    kib.ok_or_else(|| Failure::Said(format!("{path}: no {what}")))
}

/// Bytes that the process has had written to a disk, as far as they have left it; 0 on a file system in memory.
pub(super) fn written_bytes(process: u32) -> Result<f64, Failure> {
    let path = format!("/proc/{process}/io");
    let text = fs::read_to_string(&path).map_err(|e| Failure::of(&path, e))?;
    let line = text.lines().find_map(|line| line.strip_prefix("write_bytes:"));
    line.and_then(|bytes| bytes.trim().parse().ok()).ok_or_else(|| Failure::Said(format!("{path}: no write_bytes")))
}

/// Octets that wait in the kernel for whoever listens on this UDP port.
pub(super) fn unread(port: u16) -> Result<u64, Failure> {
    let path = "/proc/net/udp";
    let text = fs::read_to_string(path).map_err(|e| Failure::of(path, e))?;
    let waiting = text.lines().filter_map(|line| waiting(line, port)).next();
    waiting.ok_or_else(|| Failure::Said(format!("{path}: nobody listens on port {port}")))
}

/// `rx_queue` of a line `sl local_address:port rem_address:port st tx_queue:rx_queue …`, all hexadecimal.
fn waiting(line: &str, port: u16) -> Option<u64> {
    let mut fields = line.split_whitespace().skip(1);
    let (_, local) = fields.next()?.split_once(':')?;
    if u16::from_str_radix(local, 16) != Ok(port) {
        return None;
    }
    let (_, queue) = fields.nth(2)?.split_once(':')?;
    u64::from_str_radix(queue, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_on_a_port_is_read_out_of_its_line() {
        let line = " 2291: 0100007F:4EC2 00000000:0000 07 00000000:00000A00 00:00000000 00000000  0 0 21938 2 0 0";
        assert_eq!((waiting(line, 20_162), waiting(line, 20_163)), (Some(2_560), None));
    }

    #[test]
    fn the_cpu_time_is_read_behind_a_name_with_blanks() {
        assert_eq!(ticks("7 (a) b) S 1 7 7 0 -1 4194560 105 0 0 0 31 11 0 0 20 0 3 0"), Some(42));
        assert_eq!(ticks("7 (a) S 1"), None);
    }
}
