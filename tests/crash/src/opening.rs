//! Kills processes whose turns open new workspaces: none is created twice, and every message is saved, whether it was held
//! for the workspace's name, waited for the answer to its creation, or behind the message that opens it.

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use clap::Args;
use futures::StreamExt;
use serde_json::Value;
use turnwire::credentials::{TokenRequest, Tokens};
use turnwire::outbox::Delivery;
use turnwire::{ChatStore, OpenAi, Outbox, TurnRequest, Turns};
use turnwire_fakes::{Fake, FakeStore, Login, Script};

use crate::outbox_in;
use crate::writer::wait_for;

const USER: &str = "0b1e55ed-0000-4000-8000-000000000001";

const MODEL: &str = "m";

#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// Number of processes to kill.
    #[arg(long, default_value_t = 40)]
    kills: usize,
    /// The longest life of a process, in milliseconds.
    #[arg(long, default_value_t = 400)]
    life: u64,
    /// Seed of the random numbers, to repeat a run.
    #[arg(long)]
    seed: Option<u64>,
    /// Directory, name and services of a process; set when this program starts itself.
    #[arg(long, hide = true, num_args = 5)]
    within: Vec<String>,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    if let [directory, name, llm, store, tokens] = options.within.as_slice() {
        return wait_for(talk(Path::new(directory), name, (llm, store), tokens))?;
    }
    let scratch = tempfile::tempdir()?;
    let (llm, store) = (Fake::spawn_thread()?, FakeStore::spawn_thread()?);
    // A late answer, so that many processes are killed between the creation and its answer.
    store.fake().script("create-workspace", Script::pass().wait_ms_before_headers(4));
    // And a late name, so that many are killed while they hold the message that opens the workspace.
    llm.script(&format!("{MODEL} whole"), Script::pass().wait_ms_before_headers(6));
    let login = store.login(USER);
    let seed = options.seed.unwrap_or_else(|| fastrand::u64(..));
    let mut random = fastrand::Rng::with_seed(seed);
    println!("{} processes that open workspaces, seed {seed}", options.kills);
    for kill in 0..options.kills {
        let mut process = Command::new(std::env::current_exe()?)
            .args(["opening", "--within"])
            .arg(scratch.path())
            .args([&format!("p{kill}"), &llm.base_url(), &store.url()])
            .arg(format!("{} {}", login.access, login.refresh))
            .stdin(Stdio::null())
            .spawn()?;
        std::thread::sleep(Duration::from_millis(random.u64(20..=options.life)));
        process.kill()?;
        ensure!(process.wait()?.code().is_none(), "a process ended by itself");
        settle(&store)?;
    }
    let last = outbox(scratch.path()).sink(client(&store.url(), &login)?).start()?;
    let report = wait_for(last.flush(Duration::from_secs(60)))?;
    println!("  left for the last one    {:>8} delivered, {} dead", report.delivered, report.dead);
    let judged = judge(scratch.path(), &store, &last);
    if judged.is_err() {
        println!("  see {}", scratch.keep().display());
    }
    judged
}

/// Waits until the store has answered all requests of the killed process: what they create is visible to the next one.
fn settle(store: &FakeStore) -> Result<()> {
    // Connections are accepted in their order: when this one is answered, all earlier ones are open or done.
    let mut last = TcpStream::connect(store.fake().address())?;
    last.write_all(b"GET / HTTP/1.1\r\nhost: fake\r\nconnection: close\r\n\r\n")?;
    last.read_to_end(&mut Vec::new())?;
    drop(last);
    store.fake().wait_for_blocking(|log| log.open_connections == 0);
    Ok(())
}

/// Each accepted message is saved once, in the only workspace of its name.
fn judge(directory: &Path, store: &FakeStore, last: &Outbox) -> Result<()> {
    let stored = store.stored();
    let mut made: HashMap<&str, &str> = HashMap::new();
    for workspace in &stored.workspaces {
        let before = made.insert(&workspace.workspace_name, &workspace.workspace_id);
        ensure!(before.is_none(), "{} was created twice", workspace.workspace_name);
    }
    let text = |message: &Value, name: &str| {
        message.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let asked: HashMap<String, String> = stored
        .messages
        .iter()
        .filter(|row| text(&row.message, "msgSenderRole") == "USER")
        .map(|row| (text(&row.message, "msgContent"), text(&row.message, "msgWorkspaceId")))
        .collect();
    for (said, workspace) in &asked {
        let first = first_of(said);
        ensure!(made.get(first) == Some(&workspace.as_str()), "{said} is in {workspace}");
        ensure!(asked.contains_key(first), "{said} is saved without {first}");
    }
    for row in &stored.messages {
        let place = text(&row.message, "msgWorkspaceId");
        ensure!(asked.values().any(|workspace| *workspace == place), "a reply went to {place}");
    }
    let letters = last.dead_letters()?;
    ensure!(letters.is_empty(), "{} dead letters, such as {:?}", letters.len(), letters.first());
    let mut taken = 0;
    for said in std::fs::read_to_string(taken_in(directory))?.lines() {
        ensure!(asked.contains_key(said), "{said} is lost");
        taken += 1;
    }
    let pending = last.pending()?;
    if !pending.is_empty() {
        bail!("{} records are pending, such as {:?}", pending.len(), pending.first());
    }
    println!("  messages taken           {taken:>8}\n  workspaces created       {:>8}", made.len());
    Ok(())
}

/// The text of the first message of a conversation.
fn first_of(said: &str) -> &str {
    said.split_once('/').map_or(said, |(first, _)| first)
}

/// Opens one workspace after another, with a second message that does not wait for it, until it is killed.
async fn talk(
    directory: &Path,
    name: &str,
    (llm, store): (&str, &str),
    tokens: &str,
) -> Result<()> {
    let (access, refresh) = tokens.split_once(' ').unwrap_or_default();
    let llm = OpenAi::builder().base_url(llm).api_key("sk-of-the-test").no_proxy().build()?;
    let store = ChatStore::builder(store).no_proxy().build()?;
    let turns = Turns::builder(llm).model(MODEL).store(store);
    let turns = turns.outbox(outbox(directory).start()?).build()?;
    let mut taken = OpenOptions::new().create(true).append(true).open(taken_in(directory))?;
    for n in 0.. {
        let said = format!("{name}-{n}");
        let say = |text: &str| TurnRequest::new(text).user_id(USER).tokens(access, refresh);
        let mut first = turns.try_start(say(&said).new_workspace())?;
        writeln!(taken, "{said}")?;
        let behind = format!("{said}/behind");
        let mut second = turns.try_start(say(&behind).workspace_of(first.message_id()))?;
        writeln!(taken, "{behind}")?;
        while let Some(event) = first.next().await {
            event?;
        }
        while let Some(event) = second.next().await {
            event?;
        }
    }
    Ok(())
}

fn taken_in(directory: &Path) -> PathBuf {
    directory.join("taken")
}

fn outbox(directory: &Path) -> turnwire::outbox::OutboxBuilder {
    // No request is open when a process starts, so that a search may follow soon.
    let delivery = Delivery::new()
        .initial_backoff(Duration::from_millis(20))
        .max_backoff(Duration::from_millis(20))
        .doubt_wait(Duration::from_millis(200));
    Outbox::builder().path(outbox_in(directory)).delivery(delivery)
}

/// The store client of a process without tokens.
fn client(url: &str, login: &Login) -> Result<ChatStore> {
    let tokens = Tokens::new(login.access.as_str(), login.refresh.as_str());
    let provider = move |_: TokenRequest| std::future::ready(Ok(Some(tokens.clone())));
    Ok(ChatStore::builder(url).no_proxy().token_provider(provider).build()?)
}
