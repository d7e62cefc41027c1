//! Runs an example as a process, and returns its result.

use std::path::PathBuf;
use std::process::{Command, Output};

/// The example with an empty environment.
pub(crate) fn clean(name: &str) -> Command {
    let mut command = Command::new(example(name));
    for (name, _) in std::env::vars_os() {
        let upper = name.to_string_lossy().to_uppercase();
        let is_setting = ["OPENAI_", "TURNWIRE_"].iter().any(|prefix| upper.starts_with(prefix));
        if is_setting || upper.ends_with("_PROXY") {
            command.env_remove(name);
        }
    }
    command
}

/// The result of a run: exit code, standard output, standard error.
pub(crate) fn run(command: &mut Command) -> (i32, String, String) {
    told(command.output().unwrap())
}

/// The parts of an output: exit code, standard output, standard error.
pub(crate) fn told(output: Output) -> (i32, String, String) {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// Asserts that standard error is one error line with this text.
pub(crate) fn assert_one_error_line(stderr: &str, part: &str) {
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(stderr.starts_with("error: ") && stderr.contains(part), "{stderr}");
}

/// The path of the example, which `cargo test` builds with the tests.
fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile = test.ancestors().nth(2).unwrap();
    let example = profile.join("examples").join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    assert!(example.exists(), "{}: build it with `cargo build --examples`", example.display());
    example
}
