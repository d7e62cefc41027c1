//! The cost of a streamed chunk, beside the peers: one core, one server, 100,000 chunks of about 300 bytes.
//!
//! Each client decodes every chunk's content, finish reason and usage, and adds up the length of the content,
//! which is checked.
#![allow(clippy::print_stdout, reason = "a benchmark prints its table")]

mod clients;

use anyhow::{Context, Result, bail};
use turnwire_bench::{Sample, arguments, measure, median, pin, run_client};
use turnwire_fakes::{Fake, Script};

const CHUNKS: u32 = 100_000;
const ROUNDS: usize = 7;

/// The clients, ours first; the others are what ours is compared with.
const CLIENTS: [(&str, &str); 4] = [
    ("turnwire", "turnwire"),
    ("body", "reading the body, no parsing (reqwest)"),
    ("eventsource", "eventsource-stream + serde, three fields"),
    ("async-openai", "async-openai"),
];

fn main() -> Result<()> {
    let arguments = arguments();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--client", name, url, model] => client(name, url, model),
        [] => table(),
        _ => bail!("this benchmark takes no options"),
    }
}

fn client(name: &str, url: &str, model: &str) -> Result<()> {
    pin(0)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let client = clients::Client::new(name, url)?;
    // Connects, and warms up caches and allocator.
    runtime.block_on(client.run("warm-up"))?;
    measure(|| {
        let bytes = runtime.block_on(client.run(model))?;
        let expected = client.expected(CHUNKS as usize * clients::CONTENT.len());
        anyhow::ensure!(expected.contains(&bytes), "{name} read {bytes} bytes of content");
        Ok::<_, anyhow::Error>(())
    })
}

fn table() -> Result<()> {
    let fake = Fake::spawn_thread()?;
    // The server gets what the client leaves of the other core.
    for (model, coalesce) in [("burst", 65536), ("singly", 0)] {
        fake.script(model, script(CHUNKS, coalesce));
    }
    fake.script("warm-up", script(2_000, 0));
    let titles = [
        ("burst", "as fast as the server can, many chunks a packet"),
        ("singly", "each chunk in a packet of its own"),
    ];
    for (model, title) in titles {
        let mut samples: Vec<Vec<Sample>> = vec![Vec::new(); CLIENTS.len()];
        for _ in 0..ROUNDS {
            for ((name, _), samples) in CLIENTS.iter().zip(&mut samples) {
                samples.push(run_client(name, &[&fake.base_url(), model])?);
            }
        }
        println!(
            "\n{CHUNKS} chunks of {} bytes, {title}; median of {ROUNDS} rounds",
            clients::CHUNK.len()
        );
        println!(
            "{:42} {:>12} {:>9} {:>11} {:>9}",
            "", "CPU µs/chunk", "ratio", "wall µs/ch.", "peak MiB"
        );
        let ours = samples.first().context("no clients")?.clone();
        for ((_, title), samples) in CLIENTS.iter().zip(&samples) {
            let each = |f: fn(&Sample) -> f64| median(samples.iter().map(f));
            // The ratio of each round on its own: both were measured within a second.
            let ratio =
                median(ours.iter().zip(samples).map(|(ours, theirs)| theirs.cpu_us / ours.cpu_us));
            println!(
                "{title:42} {:>12.2} {:>8.2}× {:>11.2} {:>9.1}",
                each(|s| s.cpu_us) / f64::from(CHUNKS),
                ratio,
                each(|s| s.wall_us) / f64::from(CHUNKS),
                each(|s| s.peak_kib) / 1024.0,
            );
        }
        let grown = median(ours.iter().map(|s| s.grown_kib));
        println!(
            "turnwire's resident memory grew by {grown:.0} KiB while it read, its accumulated reply included"
        );
    }
    Ok(())
}

fn script(chunks: u32, coalesce: usize) -> Script {
    Script::new()
        .coalesce(coalesce)
        .repeat(chunks.into(), |s| s.send(clients::CHUNK))
        .send(clients::LAST)
        .done()
}
