//! Instructions of a program, counted by valgrind's tool callgrind.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

/// Runs a program with its arguments under callgrind; gives the instructions that it took, the kernel's not counted.
/// A profile for `callgrind_annotate` is written to `profile`.
///
/// # Errors
/// When valgrind is missing, or the program fails.
pub fn instructions(program: &Path, arguments: &[&str], profile: &Path) -> Result<f64> {
    let output = Command::new("valgrind")
        .arg("--tool=callgrind")
        .arg(format!("--callgrind-out-file={}", profile.display()))
        .arg(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .context("running valgrind, which counts the instructions")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{arguments:?} failed under valgrind: {said}");
    let Some(count) = said.lines().find_map(collected) else {
        bail!("valgrind did not say how many instructions it counted: {said}")
    };
    Ok(count)
}

/// The number of a line such as `==5==  Collected : 1234`.
fn collected(line: &str) -> Option<f64> {
    line.split_once("Collected : ")?.1.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_read_from_its_line() {
        assert_eq!(collected("==12== Collected : 3456"), Some(3456.0));
        assert_eq!(collected("==12== Events    : Ir"), None);
    }
}
