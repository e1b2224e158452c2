//! What the kernel says a process has used.

use std::{collections::HashMap, ffi::OsString, fs, time::Duration};

use crate::Outcome;

/// User and system time of each living thread, to the nanosecond.
///
/// Taken before and after a stretch in which the process neither starts nor ends threads, so
/// start-up and shutdown are not in the difference.
pub(crate) struct CpuTimes(HashMap<OsString, Duration>);

/// What a process used in a stretch.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    /// All threads together.
    pub(crate) total: Duration,
    /// The thread that used most.
    pub(crate) busiest: Duration,
}

impl CpuTimes {
    pub(crate) fn of(pid: u32) -> Outcome<Self> {
        let mut times = HashMap::new();
        for task in fs::read_dir(format!("/proc/{pid}/task"))? {
            let task = task?;
            // A thread may end between the listing and the reading.
            let Ok(text) = fs::read_to_string(task.path().join("schedstat")) else { continue };
            let on_cpu = text.split_ascii_whitespace().next().ok_or("an empty schedstat")?;
            times.insert(task.file_name(), Duration::from_nanos(on_cpu.parse()?));
        }
        Ok(Self(times))
    }

    pub(crate) fn since(&self, earlier: &Self) -> Usage {
        let mut usage = Usage::default();
        for (thread, now) in &self.0 {
            let before = earlier.0.get(thread).copied().unwrap_or_default();
            let used = now.saturating_sub(before);
            usage.total += used;
            usage.busiest = usage.busiest.max(used);
        }
        usage
    }
}

/// Resident memory now and at its peak, MiB.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    pub(crate) now: f64,
    pub(crate) peak: f64,
}

pub(crate) fn memory(pid: u32) -> Outcome<Memory> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let field = |name: &str| -> Outcome<f64> {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kib = line.and_then(|rest| rest.split_ascii_whitespace().next());
        Ok(kib.ok_or("no such field in /proc/PID/status")?.parse::<f64>()? / 1024.0)
    };
    Ok(Memory { now: field("VmRSS:")?, peak: field("VmHWM:")? })
}

/// Bytes a process has brought to the storage layer so far.
pub(crate) fn written(pid: u32) -> Outcome<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/io"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("write_bytes: "));
    Ok(line.ok_or("no such field in /proc/PID/io")?.trim().parse()?)
}

/// Runnable threads of the machine, mean of the last minute.
pub(crate) fn load() -> Outcome<f64> {
    let text = fs::read_to_string("/proc/loadavg")?;
    Ok(text.split_ascii_whitespace().next().ok_or("an empty /proc/loadavg")?.parse()?)
}
