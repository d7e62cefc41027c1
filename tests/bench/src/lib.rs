//! Instruments of the benchmarks: one core, CPU time, peak memory, and rounds in turn.
//!
//! A client is measured in a process of its own, so that neither the server's CPU time nor another client's
//! memory is counted. Rounds go through the clients in turn, and the tables quote medians and ratios: the
//! machine's speed drifts, but it drifts for all of them.

pub mod bars;
pub mod bodies;
pub mod callgrind;
pub mod framing;
pub mod line;
pub mod meter;
pub mod process;
pub mod readme;
pub mod server;
pub mod table;

use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use nix::sched::{CpuSet, sched_setaffinity};
use nix::sys::resource::{Resource, UsageWho, getrlimit, getrusage, setrlimit};
use nix::unistd::Pid;

/// The name of our own client in measurements.
pub const OURS: &str = "turnwire";

/// Keeps this process on one core.
///
/// # Errors
/// When the core does not exist.
pub fn pin(core: usize) -> Result<()> {
    let mut set = CpuSet::new();
    set.set(core)?;
    sched_setaffinity(Pid::from_raw(0), &set).context("cannot keep to one core")
}

/// Lets this process open as many sockets as the system grants.
///
/// # Errors
/// When the system refuses.
pub fn raise_descriptors() -> Result<()> {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, most, most).context("cannot raise the number of descriptors")
}

/// The CPU time that this process has used.
#[must_use]
pub fn cpu_time() -> Duration {
    let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) else {
        return Duration::ZERO;
    };
    let us = |t: nix::sys::time::TimeVal| {
        Duration::from_micros(u64::try_from(t.tv_sec() * 1_000_000 + t.tv_usec()).unwrap_or(0))
    };
    us(usage.user_time()) + us(usage.system_time())
}

/// The time that this process's first thread was ready to run but had no core.
#[must_use]
pub fn time_without_core() -> Duration {
    let line = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let waited = line.split_whitespace().nth(1).and_then(|ns| ns.parse().ok());
    Duration::from_nanos(waited.unwrap_or(0))
}

/// A line of `/proc/self/status`, such as `VmRSS`, in KiB.
#[must_use]
pub fn memory_kib(name: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.and_then(|l| l.split_whitespace().next()?.parse().ok()).unwrap_or(f64::NAN)
}

/// Runs this program again with other arguments; gives its output.
///
/// # Errors
/// When it fails.
pub fn run_again(arguments: &[String]) -> Result<String> {
    let output = Command::new(std::env::current_exe()?)
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()?;
    ensure!(output.status.success(), "the program with {arguments:?} failed");
    Ok(String::from_utf8(output.stdout)?)
}

/// Measures in a process of its own: runs this program again with `--client` and these arguments; gives the numbers that it prints.
///
/// # Errors
/// When it fails, or prints anything else.
pub fn measured_apart(arguments: &[&str]) -> Result<Vec<f64>> {
    let arguments: Vec<_> =
        std::iter::once(&"--client").chain(arguments).map(ToString::to_string).collect();
    let text = run_again(&arguments)?;
    text.split_whitespace().map(|word| word.parse().context("odd output")).collect()
}

/// The middle of some numbers.
#[must_use]
pub fn median(numbers: impl IntoIterator<Item = f64>) -> f64 {
    let mut numbers: Vec<f64> = numbers.into_iter().collect();
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The arguments after the program's name that are not cargo's own.
#[must_use]
pub fn arguments() -> Vec<String> {
    std::env::args().skip(1).filter(|argument| argument != "--bench").collect()
}
