//! One command line: printed for repetition by hand, and run with its output passed through.

use std::convert::Infallible;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::repo::Repo;

/// A command line to be run at the root of the repository.
#[derive(Debug)]
pub(crate) struct Step {
    command: Command,
}

impl Step {
    /// Starts a command line with its program.
    pub(crate) fn new(repo: &Repo, program: impl AsRef<OsStr>) -> Self {
        let mut command = Command::new(program);
        command.current_dir(repo.root()).stdin(Stdio::null());
        Self { command }
    }

    /// A call of Cargo, with its arguments in one string, between spaces.
    pub(crate) fn cargo(repo: &Repo, arguments: &str) -> Self {
        let mut step = Self::new(repo, "cargo").args(arguments.split_whitespace());
        // `cargo run` set variables about the crate xtask. Build scripts that watch these
        // variables would run again, after every change between `cargo xtask` and plain `cargo`.
        for (name, _) in std::env::vars_os() {
            if describes_this_crate(&name.to_string_lossy()) {
                step.command.env_remove(name);
            }
        }
        step
    }

    /// Adds arguments.
    pub(crate) fn args(mut self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.command.args(arguments);
        self
    }

    /// Sets a variable of the environment.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Sends its standard output to standard error, for a caller whose own output is for programs.
    pub(crate) fn output_to_stderr(mut self) -> Self {
        self.command.stdout(io::stderr());
        self
    }

    /// Sends its standard output to a file.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn output_to_file(mut self, path: &Path) -> Result<Self> {
        let file = File::create(path).with_context(|| format!("writing {}", path.display()))?;
        self.command.stdout(file);
        Ok(self)
    }

    /// Prints the command line, runs it and waits for its end.
    ///
    /// # Errors
    /// When the program is missing or fails.
    pub(crate) fn run(mut self) -> Result<()> {
        let line = self.line();
        eprintln!("$ {line}");
        let status = self.command.status().map_err(|error| match error.kind() {
            ErrorKind::NotFound => {
                let program = self.command.get_program().display();
                anyhow::anyhow!("running `{line}`: there is no program `{program}` on the PATH")
            }
            _ => anyhow::Error::new(error).context(format!("running `{line}`")),
        })?;
        if !status.success() {
            bail!("`{line}` ended with {status}");
        }
        Ok(())
    }

    /// Prints the command line and becomes its program, which gets the signals to this process.
    ///
    /// # Errors
    /// When the program cannot be run.
    pub(crate) fn exec(mut self) -> Result<Infallible> {
        let line = self.line();
        eprintln!("$ {line}");
        Err(anyhow::Error::new(self.command.exec()).context(format!("running `{line}`")))
    }

    /// Runs it silently and returns its standard output.
    ///
    /// # Errors
    /// When the program is missing or fails; then with its output.
    pub(crate) fn read(mut self) -> Result<String> {
        let line = self.line();
        let output = self.command.output().with_context(|| format!("running `{line}`"))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("`{line}` ended with {}: {}", output.status, said.trim());
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// The command line as typed in a shell.
    fn line(&self) -> String {
        let mut line = String::new();
        for (name, value) in self.command.get_envs() {
            if let Some(value) = value {
                // Writing into a String cannot fail.
                let _ = write!(line, "{}={} ", name.display(), quoted(value));
            }
        }
        line.push_str(&quoted(self.command.get_program()));
        for argument in self.command.get_args() {
            line.push(' ');
            line.push_str(&quoted(argument));
        }
        line
    }
}

/// A call of Cargo for all crates but the benches, with all features of the core and the examples, whatever it builds of
/// them. With the crates one by one Cargo would choose other features of what they share, and build the core and its
/// dependencies again for each choice. Not `--all-features`: some of the suite crate need real models and voices.
pub(crate) fn together(repo: &Repo, command: &str) -> Step {
    Step::cargo(repo, command).args(["--workspace", "--exclude", "turnwire-bench", "--features"]).args([
        "turnwire/bridge,turnwire/eventsource-stream,turnwire/nats,turnwire/schema,turnwire-examples/outbox,turnwire-examples/server",
    ])
}

/// Returns true for a variable that Cargo sets for a crate that it runs, as opposed to those that a user may set.
fn describes_this_crate(name: &str) -> bool {
    name.starts_with("CARGO_PKG_")
        || matches!(
            name,
            "CARGO"
                | "CARGO_BIN_NAME"
                | "CARGO_CRATE_NAME"
                | "CARGO_MANIFEST_DIR"
                | "CARGO_MANIFEST_PATH"
                | "CARGO_PRIMARY_PACKAGE"
        )
}

/// The word, quoted for a shell.
fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=+,@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.into_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repo() -> Repo {
        Repo::locate().unwrap()
    }

    #[test]
    fn the_line_shown_can_be_pasted_into_a_shell() {
        let step = Step::cargo(&repo(), "doc --no-deps")
            .env("RUSTDOCFLAGS", "-D warnings")
            .args(["it's", "", "안녕"]);
        assert_eq!(
            step.line(),
            r"RUSTDOCFLAGS='-D warnings' cargo doc --no-deps 'it'\''s' '' '안녕'"
        );
    }

    #[test]
    fn a_program_that_is_missing_is_named() {
        let error = Step::new(&repo(), "no-such-program").run().unwrap_err().to_string();
        assert!(error.contains("no program `no-such-program`"), "{error}");
    }

    #[test]
    fn an_end_without_success_is_an_error_with_the_line() {
        let shell = |script| Step::new(&repo(), "sh").args(["-c", script]);
        let error = shell("exit 3").run().unwrap_err().to_string();
        assert_eq!(error, "`sh -c 'exit 3'` ended with exit status: 3");
        let error = shell("echo why >&2; exit 3").read().unwrap_err().to_string();
        assert!(error.ends_with("exit status: 3: why"), "{error}");
    }

    #[test]
    fn variables_about_a_crate_are_told_from_those_a_person_sets() {
        for name in ["CARGO", "CARGO_MANIFEST_DIR", "CARGO_PKG_VERSION"] {
            assert!(describes_this_crate(name), "{name}");
        }
        for name in ["CARGO_HOME", "CARGO_TARGET_DIR", "CARGO_TERM_COLOR", "PATH"] {
            assert!(!describes_this_crate(name), "{name}");
        }
    }
}
