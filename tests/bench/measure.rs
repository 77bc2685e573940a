//! How long programs take, and how much memory.

use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What a run of a program took.
#[derive(Clone, Copy)]
pub(crate) struct Took {
    /// From its start to its end, in seconds.
    pub(crate) wall: f64,
    /// Of all processors together, in seconds; of a resolution of 10 ms.
    pub(crate) cpu: f64,
    /// The greatest resident memory that was seen, in MB.
    pub(crate) peak: u64,
}

/// Runs a program to its end; `None` where it is not there.
pub(crate) fn run(command: &mut Command) -> Option<(Took, i32)> {
    let before = children_cpu();
    let start = Instant::now();
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()?;
    let mut peak = 0;
    let status = loop {
        peak = peak.max(resident(child.id()).unwrap_or(0));
        if let Some(status) = child.try_wait().ok()? {
            break status;
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    let took = Took {
        wall: start.elapsed().as_secs_f64(),
        cpu: children_cpu() - before,
        peak: peak / 1000,
    };
    Some((took, status.code()?))
}

/// How long it takes to read a file and do nothing with it: the floor.
pub(crate) fn plain_read(path: &Path) -> io::Result<f64> {
    let start = Instant::now();
    io::copy(&mut fs::File::open(path)?, &mut io::sink())?;
    Ok(start.elapsed().as_secs_f64())
}

/// Processor time of the processes that have ended, in seconds: fields 16 and 17 of proc(5)'s stat, in hundredths.
fn children_cpu() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let behind_name = stat.rsplit(')').next().unwrap_or("");
    let ticks = behind_name.split_whitespace().skip(13).take(2);
    ticks.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// The greatest memory of a process so far, in KiB, where the system tells.
fn resident(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}
