//! The places of the repository and of its build output.

use std::fs::{self, File};
use std::path::{self, Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, ensure};

/// The source repository of this program.
#[derive(Debug)]
pub(crate) struct Repo {
    root: PathBuf,
    target: PathBuf,
}

impl Repo {
    /// Finds it from this crate's path in it.
    ///
    /// # Errors
    /// When the workspace is no longer where the program was built.
    pub(crate) fn locate() -> Result<Self> {
        // Cargo sets the variable when it runs the program; the constant is for other runs.
        let manifest_dir = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = manifest_dir
            .ancestors()
            .nth(2)
            .with_context(|| format!("{} is not <root>/tests/xtask", manifest_dir.display()))?
            .to_owned();
        ensure!(
            root.join("Cargo.toml").is_file(),
            "{} is not the workspace: run this as `cargo xtask` inside the repository",
            root.display()
        );
        let target = match std::env::var_os("CARGO_TARGET_DIR") {
            Some(dir) => path::absolute(&dir)
                .with_context(|| format!("resolving CARGO_TARGET_DIR={}", dir.display()))?,
            None => root.join("target"),
        };
        Ok(Self { root, target })
    }

    /// The workspace's root.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// A directory for generated files, which `cargo clean` removes.
    pub(crate) fn target(&self, name: &str) -> PathBuf {
        self.target.join(name)
    }

    /// Takes the lock of this name, as [`lock`] does.
    ///
    /// # Errors
    /// When its file cannot be written or locked.
    pub(crate) fn lock(&self, name: &str) -> Result<File> {
        let folder = self.target("locks");
        fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
        lock(&folder.join(name))
    }
}

/// The beginning of a line that tells for how many seconds a lock was waited for.
pub(crate) const WAITED: &str = "waited for another `cargo xtask`, seconds: ";

/// Waits until no other `cargo xtask` holds this lock, and takes it. Dropping the file releases it.
///
/// # Errors
/// When the file cannot be written or locked.
pub(crate) fn lock(path: &Path) -> Result<File> {
    let file = File::create(path).with_context(|| format!("making {}", path.display()))?;
    if file.try_lock().is_err() {
        eprintln!("waiting for another `cargo xtask`, which holds {}", path.display());
        let began = Instant::now();
        file.lock().with_context(|| format!("locking {}", path.display()))?;
        eprintln!("{WAITED}{:.1}", began.elapsed().as_secs_f64());
    }
    Ok(file)
}
