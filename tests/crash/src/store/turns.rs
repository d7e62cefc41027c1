//! Kills processes whose turns open workspaces in one embedded store: no message is lost, and no workspace is made twice.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Result, ensure};
use futures::StreamExt;
use tokio::runtime::Runtime;
use turnwire::conversation::{ConversationSink, SenderRole};
use turnwire::outbox::{Delivery, OutboxBuilder};
use turnwire::{OpenAi, Outbox, SqliteStore, TurnRequest, Turns};
use turnwire_fakes::Fake;

use super::{USER, file};
use crate::outbox_in;

/// Kills this many processes, one after another, and checks the store.
pub(super) fn run(kills: usize, life: u64) -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let llm = Fake::spawn_thread()?;
    for kill in 0..kills {
        let mut process = Command::new(std::env::current_exe()?)
            .args(["store", "--turns-of"])
            .arg(scratch.path())
            .args([&format!("p{kill}"), &llm.base_url()])
            .stdin(Stdio::null())
            .spawn()?;
        std::thread::sleep(Duration::from_millis(fastrand::u64(20..=life)));
        process.kill()?;
        ensure!(process.wait()?.code().is_none(), "a process ended by itself");
    }
    let judged = judge(scratch.path(), kills);
    if judged.is_err() {
        println!("  see {}", scratch.keep().display());
    }
    judged
}

/// Delivers the rest; then each message that a process sent is in a workspace of its own.
fn judge(directory: &Path, kills: usize) -> Result<()> {
    let runtime = Runtime::new()?;
    let store = SqliteStore::open(file(directory))?;
    let last = outbox(directory).sink(ConversationSink::new(store.clone())).start()?;
    let report = runtime.block_on(last.flush(Duration::from_secs(60)));
    ensure!(report.pending + report.dead == 0, "{report:?}: {:?}", last.dead_letters()?);

    let mut said = BTreeSet::new();
    let workspaces = runtime.block_on(store.workspaces(USER))?;
    for workspace in &workspaces {
        let history = runtime.block_on(store.history(USER, &workspace.id))?;
        let asked: Vec<_> = history.iter().filter(|m| m.role == SenderRole::User).collect();
        let [asked] = asked.as_slice() else {
            anyhow::bail!("{} has {} messages of its user", workspace.name, asked.len());
        };
        ensure!(said.insert(asked.content.clone()), "{} is there twice", asked.content);
        ensure!(history.len() <= 2, "{} has {} messages", workspace.name, history.len());
    }
    let taken = fs::read_to_string(taken_in(directory))?;
    let lost: Vec<_> = taken.lines().filter(|text| !said.contains(*text)).collect();
    ensure!(lost.is_empty(), "{} messages are lost, such as {lost:?}", lost.len());
    println!(
        "  turns: killed {kills}, messages taken {}, workspaces {}, left for the last process {}",
        taken.lines().count(),
        workspaces.len(),
        report.delivered
    );
    Ok(())
}

/// Opens one workspace after another until it is killed.
pub(super) fn talk(directory: &Path, name: &str, llm: &str) -> Result<()> {
    let llm = OpenAi::builder().base_url(llm).api_key("sk-of-the-test").no_proxy().build()?;
    let store = SqliteStore::open(file(directory))?;
    let turns = Turns::builder(llm).store(store).outbox(outbox(directory).start()?).build()?;
    let mut taken = OpenOptions::new().create(true).append(true).open(taken_in(directory))?;
    Runtime::new()?.block_on(async {
        for n in 0.. {
            let said = format!("{name}-{n}");
            let mut turn = turns.start(TurnRequest::new(&said).user_id(USER).new_workspace());
            writeln!(taken, "{said}")?;
            while let Some(event) = turn.next().await {
                event?;
            }
        }
        Ok(())
    })
}

fn taken_in(directory: &Path) -> PathBuf {
    directory.join("taken")
}

fn outbox(directory: &Path) -> OutboxBuilder {
    let delivery = Delivery::new()
        .initial_backoff(Duration::from_millis(1))
        .max_backoff(Duration::from_millis(20));
    Outbox::builder().path(outbox_in(directory)).delivery(delivery)
}
