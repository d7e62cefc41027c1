//! Kills processes that save to one embedded store at random moments, and others whose turns open workspaces in it.

mod turns;

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use clap::Args;
use tokio::runtime::Runtime;
use turnwire::SqliteStore;
use turnwire::conversation::StoreMessage;

const USER: &str = "user-of-the-run";

#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// Number of acknowledged saves to reach.
    #[arg(long, default_value_t = 5_000)]
    saves: usize,
    /// Number of processes that share the file.
    #[arg(long, default_value_t = 4)]
    processes: usize,
    /// The longest life of a process, in milliseconds.
    #[arg(long, default_value_t = 400)]
    life: u64,
    /// Number of processes to kill whose turns open workspaces.
    #[arg(long, default_value_t = 60)]
    turns: usize,
    /// A process with turns: the directory, its name, and the model's URL. Set when this program starts itself.
    #[arg(long, hide = true, num_args = 3)]
    turns_of: Vec<String>,
    /// A writer: the directory, its name, and the workspace. Set when this program starts itself.
    #[arg(long, hide = true, num_args = 3)]
    writer: Vec<String>,
}

/// A running writer with the time of its kill.
struct Doomed(Child, Instant);

impl Drop for Doomed {
    fn drop(&mut self) {
        // A failing run must leave no process behind; the kill of a dead process may fail.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) fn run(options: &Options) -> Result<()> {
    if let [directory, name, workspace] = options.writer.as_slice() {
        return write(Path::new(directory), name, workspace);
    }
    if let [directory, name, llm] = options.turns_of.as_slice() {
        return turns::talk(Path::new(directory), name, llm);
    }
    save(options)?;
    turns::run(options.turns, options.life)
}

/// Runs until there are enough acknowledged saves, and checks that all of them are in the store.
fn save(options: &Options) -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let directory = scratch.path();
    let runtime = Runtime::new()?;
    let store = SqliteStore::open(file(directory))?;
    let workspace = runtime.block_on(store.create_workspace(USER, "all"))?.id;
    let mut random = fastrand::Rng::new();
    println!("{} processes on one store", options.processes);

    let (begin, mut started) = (Instant::now(), 0);
    let mut start = || -> Result<Doomed> {
        started += 1;
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["store", "--writer"]).arg(directory);
        command.args([&format!("w{started}"), &workspace]).stdin(Stdio::null());
        let life = Duration::from_millis(random.u64(1..=options.life));
        Ok(Doomed(command.spawn()?, Instant::now() + life))
    };
    let mut writers = (0..options.processes).map(|_| start()).collect::<Result<Vec<_>>>()?;
    let mut kills = 0;
    while kills % 8 != 0 || acknowledged(directory)?.len() < options.saves {
        let now = Instant::now();
        for Doomed(child, dies_at) in &mut writers {
            if *dies_at > now {
                continue;
            }
            child.kill()?;
            let status = child.wait()?;
            ensure!(status.code().is_none(), "a writer ended by itself: {status}");
            kills += 1;
            let Doomed(next, its_end) = &mut start()?;
            std::mem::swap(child, next);
            *dies_at = *its_end;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    drop(writers);
    let took = begin.elapsed();

    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    for message in runtime.block_on(store.history(USER, &workspace))? {
        *found.entry(message.id).or_default() += 1;
    }
    // Opening checks the whole file.
    SqliteStore::open(file(directory))?;
    let acknowledged = acknowledged(directory)?;
    let lost = acknowledged.iter().filter(|id| !found.contains_key(*id)).count();
    let doubled = found.values().filter(|times| **times > 1).count();
    println!(
        "  killed {kills:>8}   in {:.1} s\n  acknowledged {:>2}\n  found {:>9}\n  lost {lost:>10}\n  doubled {doubled:>7}",
        took.as_secs_f64(),
        acknowledged.len(),
        found.len(),
    );
    if lost + doubled > 0 {
        bail!("messages were lost or doubled; see {}", scratch.keep().display());
    }
    Ok(())
}

fn file(directory: &Path) -> PathBuf {
    directory.join("chat.db")
}

/// The ids whose saves returned, by the journals of all writers.
fn acknowledged(directory: &Path) -> Result<Vec<String>> {
    let mut ids = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.extension().is_some_and(|end| end == "journal") {
            ids.extend(fs::read_to_string(path)?.lines().map(str::to_owned));
        }
    }
    Ok(ids)
}

/// Saves messages, each of them twice, until it is killed.
fn write(directory: &Path, name: &str, workspace: &str) -> Result<()> {
    let runtime = Runtime::new()?;
    let store = SqliteStore::open(file(directory))?;
    let journal = directory.join(format!("{name}.journal"));
    let mut journal = OpenOptions::new().create_new(true).append(true).open(journal)?;
    for n in 0.. {
        let mut message = StoreMessage::from_user(workspace, USER, format!("{name} {n}"), n);
        message.id = format!("{name}-{n}");
        for _ in 0..2 {
            runtime.block_on(store.save(USER, &message))?;
        }
        journal.write_all(format!("{}\n", message.id).as_bytes())?;
    }
    Ok(())
}
