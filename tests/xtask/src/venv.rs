//! Python virtual environments below `target/`, created once for each list of requirements.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::debian;
use crate::repo::{self, Repo};
use crate::step::Step;

/// The oldest Python that the pinned packages support.
const OLDEST_PYTHON: (u32, u32) = (3, 10);

/// A virtual environment with its packages installed.
#[derive(Debug)]
pub(crate) struct Venv {
    python: PathBuf,
}

impl Venv {
    /// Returns the environment in `dir`; creates it, or recreates it, unless it was created with this
    /// Python from these requirements.
    ///
    /// # Errors
    /// When there is no suitable Python (with the package to install), or pip cannot install the requirements.
    pub(crate) fn prepare(repo: &Repo, dir: &Path, requirements: &Path) -> Result<Self> {
        let base = BasePython::find(repo)?;
        let pinned = fs::read_to_string(requirements)
            .with_context(|| format!("reading {}", requirements.display()))?;
        let made_from = format!("{}\n{pinned}", base.identity);
        let venv = Self { python: dir.join("bin/python") };

        fs::create_dir_all(dir).with_context(|| format!("making {}", dir.display()))?;
        let _alone = repo::lock(&dir.with_extension("lock"))?;
        // Written last, so that an incomplete environment has none.
        let marker = dir.join("made-from.txt");
        let is_made = fs::read_to_string(&marker).is_ok_and(|text| text == made_from);
        if is_made && venv.python.exists() {
            return Ok(venv);
        }
        Step::new(repo, &base.program)
            .args(["-m", "venv", "--clear"])
            .args([dir])
            .output_to_stderr()
            .run()?;
        // Wheels only: building one would need a compiler, and take longer than the tests.
        Step::new(repo, &venv.python)
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
            .args(["--only-binary=:all:", "--require-hashes", "--requirement"])
            .args([requirements])
            .output_to_stderr()
            .run()?;
        fs::write(&marker, made_from).with_context(|| format!("writing {}", marker.display()))?;
        Ok(venv)
    }

    /// Its interpreter.
    pub(crate) fn python(&self) -> &Path {
        &self.python
    }
}

/// Describes the missing Python and how to install it; `None` when there is one, or it can be installed.
pub(crate) fn missing_python(repo: &Repo) -> Option<String> {
    let is_here = debian::may_install(repo) || BasePython::probe(repo, &base_program()).is_ok();
    (!is_here).then(no_python)
}

/// The Python for environments: the one in the variable `PYTHON`, or `python3`.
fn base_program() -> String {
    std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned())
}

fn no_python() -> String {
    let (major, minor) = OLDEST_PYTHON;
    format!(
        "Python {major}.{minor} or newer that can make virtual environments. On Debian or Ubuntu, \
         `apt-get install python3 python3-venv`; to use another than `python3`, name it in the variable PYTHON"
    )
}

/// A Python that can create virtual environments.
struct BasePython {
    program: String,
    /// Its version and path, on which its environments depend.
    identity: String,
}

impl BasePython {
    /// Finds it, and installs it where that is permitted.
    fn find(repo: &Repo) -> Result<Self> {
        let program = base_program();
        match Self::probe(repo, &program) {
            Err(_) if debian::may_install(repo) => {
                debian::install(repo, &["python3", "python3-venv"])?;
                Self::probe(repo, &program)
            }
            probed => probed,
        }
        .with_context(|| format!("there is no {}", no_python()))
    }

    fn probe(repo: &Repo, program: &str) -> Result<Self> {
        // Debian's python3 has no ensurepip, without which an environment has no pip.
        let script = "import sys, venv, ensurepip; \
                      print('%d.%d.%d' % sys.version_info[:3], sys.executable)";
        let identity = Step::new(repo, program).args(["-c", script]).read()?;
        if version_in(&identity).is_none_or(|version| version < OLDEST_PYTHON) {
            bail!("`{program}` is {identity}");
        }
        Ok(Self { program: program.to_owned(), identity })
    }
}

/// Major and minor version in `3.11.7 /usr/bin/python3`.
fn version_in(identity: &str) -> Option<(u32, u32)> {
    let mut numbers = identity.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert_eq!(version_in("3.11.7 /usr/bin/python3"), Some((3, 11)));
        assert!(version_in("3.9.2 /usr/bin/python3") < Some(OLDEST_PYTHON));
        assert_eq!(version_in("Python"), None);
    }
}
