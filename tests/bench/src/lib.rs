//! Instruments of the benchmarks: one core, CPU time, peak memory, and rounds in turn.
//!
//! A client is measured in a process of its own, so that neither the server's CPU time nor another client's
//! memory is counted. Rounds go through the clients in turn, and the tables quote medians and ratios: the
//! machine's speed drifts, but it drifts for all of them.

pub mod bodies;
pub mod framing;
pub mod server;

use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use nix::sched::{CpuSet, sched_setaffinity};
use nix::sys::resource::{UsageWho, getrusage};
use nix::unistd::Pid;

/// Costs of one client in one round.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// CPU time of the whole process during the measurement, user and system, in microseconds.
    pub cpu_us: f64,
    /// Wall time of the measurement, in microseconds.
    pub wall_us: f64,
    /// Growth of the resident memory during the measurement, in KiB.
    pub grown_kib: f64,
    /// The most resident memory, in KiB.
    pub peak_kib: f64,
}

/// Keeps this process on one core.
///
/// # Errors
/// When the core does not exist.
pub fn pin(core: usize) -> Result<()> {
    let mut set = CpuSet::new();
    set.set(core)?;
    sched_setaffinity(Pid::from_raw(0), &set).context("cannot keep to one core")
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

/// A line of `/proc/self/status`, such as `VmRSS`, in KiB.
#[must_use]
pub fn memory_kib(name: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.and_then(|l| l.split_whitespace().next()?.parse().ok()).unwrap_or(f64::NAN)
}

/// Runs `work` and prints what it took, for the parent process to read.
///
/// # Errors
/// When the work fails.
#[allow(clippy::print_stdout, reason = "the parent process reads it")]
pub fn measure<E>(work: impl FnOnce() -> Result<(), E>) -> Result<()>
where
    anyhow::Error: From<E>,
{
    let before = memory_kib("VmRSS");
    let (cpu, wall) = (cpu_time(), std::time::Instant::now());
    work()?;
    let (cpu, wall) = (cpu_time() - cpu, wall.elapsed());
    let grown = memory_kib("VmRSS") - before;
    println!("{} {} {grown} {}", cpu.as_micros(), wall.as_micros(), memory_kib("VmHWM"));
    Ok(())
}

/// Runs this program again as the client `name`, and reads what it printed.
///
/// # Errors
/// When the client fails.
pub fn run_client(name: &str, arguments: &[&str]) -> Result<Sample> {
    let output = Command::new(std::env::current_exe()?)
        .arg("--client")
        .arg(name)
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()?;
    ensure!(output.status.success(), "the client {name} failed");
    let text = String::from_utf8(output.stdout)?;
    let numbers: Vec<f64> =
        text.split_whitespace().map(str::parse).collect::<Result<_, _>>().context("odd output")?;
    let [cpu_us, wall_us, grown_kib, peak_kib] = numbers[..] else {
        anyhow::bail!("the client {name} printed {text:?}");
    };
    Ok(Sample { cpu_us, wall_us, grown_kib, peak_kib })
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
