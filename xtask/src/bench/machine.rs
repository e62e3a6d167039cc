//! The line that says on what machine the numbers are from.

use std::fs;

pub(crate) fn line() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default().trim().to_owned();
    let cpu = read("/proc/cpuinfo");
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!(
        "machine: {}, {cores} cores, Linux {}, net.core.rmem_max {}, load average {}",
        model.map_or("unknown CPU", |(_, name)| name.trim()),
        read("/proc/sys/kernel/osrelease"),
        read("/proc/sys/net/core/rmem_max"),
        read("/proc/loadavg").split(' ').next().unwrap_or_default(),
    )
}
