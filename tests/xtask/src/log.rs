//! The output of a program, kept in a file.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

/// The time between two looks at the file.
const TICK: Duration = Duration::from_millis(50);

/// Runs a program and returns what it writes, with its end; shows it as it comes if asked to. Both of its streams go to
/// one file, in the order in which it wrote: a pipe would have to be read until everything that the program left running
/// has closed it.
///
/// # Errors
/// When the program cannot be started, or the file not be written or read.
pub(crate) fn run(
    command: &mut Command,
    path: &Path,
    is_shown: bool,
) -> Result<(ExitStatus, String)> {
    let written = || format!("writing {}", path.display());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(written)?;
    }
    fs::write(path, "").with_context(written)?;
    // Each process then writes at the end, even one that opens `/dev/stderr` anew.
    let file = File::options().append(true).open(path).with_context(written)?;
    let mut child = command
        .stdout(file.try_clone().with_context(written)?)
        .stderr(file)
        .spawn()
        .with_context(|| format!("starting {}", command.get_program().display()))?;
    let ended = if is_shown { follow(&mut child, path) } else { child.wait() };
    let (status, output) = ended
        .and_then(|status| Ok((status, fs::read(path)?)))
        .with_context(|| format!("reading {}", path.display()))?;
    Ok((status, String::from_utf8_lossy(&output).into_owned()))
}

/// Shows what appears in the file until the program ends.
fn follow(child: &mut Child, path: &Path) -> io::Result<ExitStatus> {
    let mut file = File::open(path)?;
    loop {
        // Asked before the file is read: what it wrote before its end is then shown.
        let ended = child.try_wait()?;
        let mut screen = io::stdout();
        io::copy(&mut file, &mut screen)?;
        screen.flush()?;
        match ended {
            Some(status) => return Ok(status),
            None => thread::sleep(TICK),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_streams_are_kept_in_order_and_what_is_left_running_is_not_waited_for() {
        let path = std::env::temp_dir().join(format!("xtask-log-{}", std::process::id()));
        let mut shell = Command::new("sh");
        shell.args(["-c", "echo a; echo b >&2; echo c; sleep 30 & exit 3"]);
        let (status, output) = run(&mut shell, &path, true).unwrap();
        fs::remove_file(path).unwrap();
        assert_eq!((status.code(), output.as_str()), (Some(3), "a\nb\nc\n"));
    }
}
