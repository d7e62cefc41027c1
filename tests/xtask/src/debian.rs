//! Programs from Debian packages: checked, and installed where that is permitted.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::repo::Repo;
use crate::step::Step;

/// The programs that the crash runs need, with their packages.
pub(crate) const CRASH: [(&str, &str); 3] =
    [("strace", "strace"), ("unshare", "util-linux"), ("mount", "mount")];

/// The programs that the faults of the whole system need, with their packages.
pub(crate) const FAULTS: [(&str, &str); 5] = [
    ("cc", "gcc"),
    ("ps", "procps"),
    ("unshare", "util-linux"),
    ("mount", "mount"),
    ("pg_lsclusters", "postgresql"),
];

/// The broker of outboxes over several machines.
pub(crate) const NATS: [(&str, &str); 1] = [("nats-server", "nats-server")];

/// The browser of the tests of pages, and its letters for Korean, which are no program but a file.
pub(crate) const CHROMIUM: [(&str, &str); 2] = [
    ("chromium", "chromium"),
    ("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", "fonts-noto-cjk"),
];

/// Ensures that programs are on the PATH; each is passed with the package that contains it.
///
/// # Errors
/// Names missing programs and how to install them, where installing them here is not permitted or fails.
pub(crate) fn require(repo: &Repo, programs: &[(&str, &str)]) -> Result<()> {
    let packages = missing(programs);
    if packages.is_empty() {
        return Ok(());
    }
    if may_install(repo) {
        install(repo, &packages)?;
    }
    let packages = missing(programs);
    if packages.is_empty() {
        return Ok(());
    }
    bail!("programs are missing. On Debian or Ubuntu, `apt-get install {}`", packages.join(" "))
}

/// Returns true if packages may be installed without asking: only as root, which means a disposable machine, and only with
/// a known package manager.
pub(crate) fn may_install(repo: &Repo) -> bool {
    let is_root = || Step::new(repo, "id").args(["-u"]).read().is_ok_and(|user| user == "0");
    Path::new("/etc/debian_version").exists() && is_root()
}

/// Installs packages, where [`may_install`] is true.
///
/// # Errors
/// When a package cannot be installed.
pub(crate) fn install(repo: &Repo, packages: &[&str]) -> Result<()> {
    // Two at a time, the second would fail.
    let _alone = repo.lock("apt-get")?;
    let apt_get =
        || Step::new(repo, "apt-get").env("DEBIAN_FRONTEND", "noninteractive").output_to_stderr();
    apt_get().args(["update", "--quiet"]).run()?;
    apt_get().args(["install", "--quiet", "--yes", "--no-install-recommends"]).args(packages).run()
}

/// The path of a program on the PATH.
///
/// # Errors
/// When there is none.
pub(crate) fn program(name: &str) -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|dir| dir.join(name)).find(|file| file.is_file());
    found.with_context(|| format!("there is no program `{name}` on the PATH"))
}

/// The packages of the programs that are not on the PATH.
pub(crate) fn missing<'a>(programs: &[(&str, &'a str)]) -> Vec<&'a str> {
    programs
        .iter()
        .filter(|(name, _)| program(name).is_err())
        .map(|(_, package)| *package)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_told_with_how_to_get_it() {
        assert!(missing(&[("sh", "dash")]).is_empty());
        assert_eq!(missing(&[("sh", "dash"), ("no-such-program", "such")]), ["such"]);
    }
}
