//! Kills processes of another language whose turns queue messages: none is lost, and none is in the store twice.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde_json::Value;
use turnwire::credentials::{TokenRequest, Tokens};
use turnwire::outbox::Delivery;
use turnwire::{ChatStore, Outbox};
use turnwire_fakes::{Fake, FakeStore, Login, Script};

use crate::outbox_in;
use crate::writer::wait_for;

const USER: &str = "0b1e55ed-0000-4000-8000-000000000001";
const WORKSPACE: &str = "workspace-of-the-run";

#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// Number of processes to kill.
    #[arg(long, default_value_t = 50)]
    kills: usize,
    /// The longest life of a process after its first message, in milliseconds.
    #[arg(long, default_value_t = 300)]
    life: u64,
    /// Seed of the random numbers, to repeat a run.
    #[arg(long)]
    seed: Option<u64>,
    /// The program and its arguments. It gets the run as JSON, as its last argument, and runs one turn after another. When a
    /// turn has started, it appends the message's text to the file `taken`; when a turn has ended, to the file `answered`.
    #[arg(last = true, required = true)]
    program: Vec<String>,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let directory = scratch.path();
    let (llm, store) = (Fake::spawn_thread()?, FakeStore::spawn_thread()?);
    // Late answers, so that many messages wait, and many processes are killed during a delivery.
    store.fake().script("save", Script::pass().wait_ms_before_headers(4));
    store.add_workspace(WORKSPACE, USER);
    let login = store.login(USER);
    let seed = options.seed.unwrap_or_else(|| fastrand::u64(..));
    let mut random = fastrand::Rng::with_seed(seed);
    println!("{} processes of {:?}, seed {seed}", options.kills, options.program);
    for kill in 0..options.kills {
        let place = serde_json::json!({
            "name": format!("p{kill}"), "model": llm.base_url(), "store": store.url(),
            "user_id": USER, "workspace_id": WORKSPACE,
            "access_token": login.access, "refresh_token": login.refresh,
            "outbox": outbox_in(directory), "taken": taken_in(directory), "answered": answered_in(directory),
        });
        let (program, arguments) =
            options.program.split_first().context("a program is required")?;
        let mut process = Command::new(program)
            .args(arguments)
            .arg(place.to_string())
            .stdin(Stdio::null())
            .spawn()
            .with_context(|| format!("starting {program}"))?;
        // Its start takes much longer than its messages.
        let before = lines(&taken_in(directory))?.len();
        while lines(&taken_in(directory))?.len() == before {
            ensure!(process.try_wait()?.is_none(), "a process ended by itself");
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_millis(random.u64(..options.life)));
        process.kill()?;
        ensure!(process.wait()?.code().is_none(), "a process ended by itself");
    }
    let last = outbox(directory).sink(client(&store.url(), &login)?).start()?;
    let report = wait_for(last.flush(Duration::from_secs(60)))?;
    ensure!(report.pending + report.dead == 0, "{report:?}: {:?}", last.dead_letters()?);
    println!("  left for the last one    {:>8}", report.delivered);
    let judged = judge(directory, &store);
    if judged.is_err() {
        println!("  see {}", scratch.keep().display());
    }
    judged
}

/// Each message that was taken is one row, and so is the reply of each turn that ended. No message is counted twice.
fn judge(directory: &Path, store: &FakeStore) -> Result<()> {
    let stored = store.stored();
    let text = |message: &Value, name: &str| {
        message.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let (mut asked, mut replies) =
        (BTreeMap::<String, Vec<String>>::new(), BTreeMap::<String, usize>::new());
    for row in &stored.messages {
        match text(&row.message, "msgSenderRole").as_str() {
            "USER" => {
                let ids = asked.entry(text(&row.message, "msgContent")).or_default();
                ids.push(text(&row.message, "msgId"));
            }
            _ => *replies.entry(text(&row.message, "parentMsgId")).or_default() += 1,
        }
    }
    let (taken, answered) = (lines(&taken_in(directory))?, lines(&answered_in(directory))?);
    let lost: Vec<_> = taken.iter().filter(|said| !asked.contains_key(*said)).collect();
    let has_reply = |said: &String| {
        let ids = asked.get(said).map_or(&[][..], Vec::as_slice);
        ids.iter().any(|id| replies.contains_key(id))
    };
    let unanswered: Vec<_> = answered.iter().filter(|said| !has_reply(said)).collect();
    let doubled = asked.values().filter(|ids| ids.len() > 1).count()
        + replies.values().filter(|replies| **replies > 1).count();
    let counted: u64 = stored.sessions.iter().map(|session| session.session_message_count).sum();
    let repeated: u64 = stored.messages.iter().map(|row| row.saves - 1).sum();
    println!(
        "  messages taken           {:>8}\n  turns that ended         {:>8}\n  rows in the store        {:>8}\n  \
         saved again              {repeated:>8}   (same id, after a crash)\n  counted                  {counted:>8}\n  \
         lost                     {:>8}\n  doubled                  {doubled:>8}",
        taken.len(),
        answered.len(),
        stored.messages.len(),
        lost.len() + unanswered.len(),
    );
    ensure!(lost.is_empty() && unanswered.is_empty(), "lost: {lost:?}, replies of {unanswered:?}");
    ensure!(doubled == 0, "{doubled} messages are in the store twice");
    ensure!(counted <= stored.messages.len() as u64, "messages were counted twice");
    Ok(())
}

/// The complete lines of a file; none if it is missing.
fn lines(path: &Path) -> Result<Vec<String>> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    Ok(fs::read_to_string(path)?.lines().map(str::to_owned).collect())
}

fn taken_in(directory: &Path) -> PathBuf {
    directory.join("taken")
}

fn answered_in(directory: &Path) -> PathBuf {
    directory.join("answered")
}

fn outbox(directory: &Path) -> turnwire::outbox::OutboxBuilder {
    let delivery = Delivery::new()
        .initial_backoff(Duration::from_millis(1))
        .max_backoff(Duration::from_millis(20));
    Outbox::builder().path(outbox_in(directory)).delivery(delivery)
}

/// The store client of a process without tokens.
fn client(url: &str, login: &Login) -> Result<ChatStore> {
    let tokens = Tokens::new(login.access.as_str(), login.refresh.as_str());
    let provider = move |_: TokenRequest| std::future::ready(Ok(Some(tokens.clone())));
    Ok(ChatStore::builder(url).no_proxy().token_provider(provider).build()?)
}
