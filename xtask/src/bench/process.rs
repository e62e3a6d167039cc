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
pub(super) fn resident_kib(process: u32) -> Result<f64, Failure> {
    let path = format!("/proc/{process}/status");
    let text = fs::read_to_string(&path).map_err(|e| Failure::of(&path, e))?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse().ok());
    kib.ok_or_else(|| Failure::Said(format!("{path}: no VmRSS")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cpu_time_is_read_behind_a_name_with_blanks() {
        assert_eq!(ticks("7 (a) b) S 1 7 7 0 -1 4194560 105 0 0 0 31 11 0 0 20 0 3 0"), Some(42));
        assert_eq!(ticks("7 (a) S 1"), None);
    }
}
