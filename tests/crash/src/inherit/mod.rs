//! Each client used in a process, in its forked child, and in the process again: a table of clients × moments.
//!
//! A row of the table is a separate process, which forks. Its services run in the process that checks it, so that
//! they record which process used which connection: a request contains the name of its process.

mod blocking;
mod bridge;
mod clients;
mod embedded;
mod family;

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Stdio};

use anyhow::{Result, bail, ensure};
use clap::Args;
use turnwire_fakes::{Fake, FakeChat, FakeStore, Record, Script};

use clients::CLIENTS;
use family::{MOMENTS, Moment};

/// The user of every message.
const USER: &str = "0b1e55ed-0000-4000-8000-000000000002";

#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// Number of forks of a process while its other threads are inside calls.
    #[arg(long, default_value_t = 8)]
    forks: usize,
    /// Only the clients whose name contains this.
    #[arg(long, default_value = "")]
    client: String,
    /// A row: the client, the moment, the URLs of the three services, the tokens, and a working directory. Set when this
    /// program starts itself.
    #[arg(long, hide = true, num_args = 8)]
    row: Vec<String>,
}

/// The services of a row, and the settings to reach them.
struct Place {
    llm: String,
    chat: String,
    store: String,
    access: String,
    refresh: String,
    directory: String,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    if let [client, moment, llm, chat, store, access, refresh, directory] =
        options.row.clone().as_slice()
    {
        let [llm, chat, store, access, refresh, directory] =
            [llm, chat, store, access, refresh, directory].map(Clone::clone);
        let place = Place { llm, chat, store, access, refresh, directory };
        return family::run(client, Moment::named(moment)?, options.forks, &place);
    }
    println!("{:<24}{}", "", MOMENTS.map(|moment| format!("{:<13}", moment.name())).concat());
    let mut failures = Vec::new();
    for client in CLIENTS.iter().filter(|client| client.name.contains(&options.client)) {
        print!("{:<24}", client.name);
        for moment in MOMENTS {
            let verdict = match client.has(moment) {
                false => "–".to_owned(),
                true => match judge_row(client.name, moment, options.forks) {
                    Ok(()) => "ok".to_owned(),
                    Err(error) => {
                        failures.push(format!("{}, {}: {error:#}", client.name, moment.name()));
                        "FAILED".to_owned()
                    }
                },
            };
            print!("{verdict:<13}");
        }
        println!();
    }
    match failures.as_slice() {
        [] => Ok(()),
        failures => bail!("{} rows failed\n{}", failures.len(), failures.join("\n")),
    }
}

/// Runs a row against its own services, and checks which process used which connection.
fn judge_row(client: &str, moment: Moment, forks: usize) -> Result<()> {
    let (llm, chat, store) =
        (Fake::spawn_thread()?, FakeChat::spawn_thread()?, FakeStore::spawn_thread()?);
    let login = store.login(USER);
    let names: Vec<_> = (0..forks.max(2)).map(|n| format!("child{n}e")).collect();
    let parents = ["parent0e", "parent1e", "parent2e"].map(str::to_owned);
    for name in names.iter().chain(&parents) {
        store.add_workspace(name, USER);
        chat.add_workspace(name);
    }
    let slowly = || Script::pass().split(128).split_wait_ms(10);
    let never = || Script::pass().wait_ms_before_headers(600_000);
    for (fake, key) in [(&llm, "*"), (chat.fake(), "*"), (store.fake(), "history")] {
        match moment {
            Moment::Stream => fake.script(key, slowly()),
            // The second call of the parent is never answered.
            Moment::Unfinished if key == "*" => {
                fake.script(key, Script::pass());
                fake.script(key, never());
                fake.script(key, Script::pass());
            }
            _ => {}
        }
    }
    if moment == Moment::Unfinished {
        store.add_workspace(family::HUNG, USER);
        store.fake().script(family::HUNG, never());
    }

    let scratch = tempfile::tempdir()?;
    let output = Command::new(std::env::current_exe()?)
        .args(["inherit", "--forks", &forks.to_string(), "--row", client, moment.name()])
        .args([&llm.base_url(), &chat.url(), &store.url(), &login.access, &login.refresh])
        .arg(scratch.path())
        .stdin(Stdio::null())
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{}: {}", output.status, said.trim());

    let mut seen = BTreeSet::new();
    for fake in [&llm, chat.fake(), store.fake()] {
        let mut of_connection: BTreeMap<u64, BTreeSet<String>> = BTreeMap::new();
        for record in fake.requests() {
            if let Some(name) = process_of(&record) {
                let family =
                    if name.starts_with("parent") { "parent".to_owned() } else { name.clone() };
                of_connection.entry(record.connection).or_default().insert(family);
                seen.insert(name);
            }
        }
        for (connection, processes) in of_connection {
            ensure!(processes.len() == 1, "connection {connection} was used by {processes:?}");
        }
    }
    let expected = moment.processes(forks);
    let missing: Vec<_> = expected.iter().filter(|name| !seen.contains(*name)).collect();
    ensure!(missing.is_empty(), "no request of {missing:?}");
    Ok(())
}

/// The name of the process in a request.
fn process_of(record: &Record) -> Option<String> {
    let text =
        [record.path.as_str(), record.query.as_deref().unwrap_or_default(), &record.body].join(" ");
    ["parent", "child"].iter().find_map(|kind| {
        let rest = text.split_once(kind)?.1;
        let number = rest.split_once('e')?.0;
        number.chars().all(|c| c.is_ascii_digit()).then(|| format!("{kind}{number}e"))
    })
}
