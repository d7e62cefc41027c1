//! The cost of a streamed chunk, beside the peers: one core, one server, 100,000 chunks of about 300 bytes.
//!
//! Each client decodes every chunk's content, finish reason and usage, and adds up the length of the content,
//! which is checked.
#![allow(clippy::print_stdout, reason = "a benchmark prints its table")]

mod clients;

use anyhow::{Result, bail};
use turnwire_bench::{Sample, arguments, measure, median, pin, run_client};
use turnwire_fakes::{Fake, Framing, Script};

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

/// Ways in which the server sends: the model's name that asks for it, its description, and its script.
fn ways() -> [(&'static str, &'static str, Script); 3] {
    [
        (
            "pieces",
            "the body in large pieces, as from a proxy that buffers",
            script(CHUNKS).framing(Framing::Close).coalesce(65536),
        ),
        (
            "chunked",
            "each event in an HTTP chunk of its own, many to a packet",
            script(CHUNKS).coalesce(65536),
        ),
        ("singly", "each event in a packet of its own", script(CHUNKS)),
    ]
}

fn table() -> Result<()> {
    // The server gets what the client leaves of the other core.
    let fake = Fake::spawn_thread()?;
    fake.script("warm-up", script(2_000));
    for (model, title, script) in ways() {
        fake.script(model, script);
        let mut samples: Vec<Vec<Sample>> = vec![Vec::new(); CLIENTS.len()];
        for _ in 0..ROUNDS {
            for ((name, _), samples) in CLIENTS.iter().zip(&mut samples) {
                samples.push(run_client(name, &[&fake.base_url(), model])?);
            }
        }
        println!(
            "\n{CHUNKS} chunks of {} bytes; {title}; median of {ROUNDS} rounds",
            clients::CHUNK.len()
        );
        println!(
            "{:42} {:>12} {:>8} {:>14} {:>11} {:>9}",
            "", "CPU µs/chunk", "ratio", "above the body", "wall µs/ch.", "peak MiB"
        );
        let [ours, body, ..] = &samples[..] else { bail!("no clients") };
        for ((_, title), theirs) in CLIENTS.iter().zip(&samples) {
            let each = |f: fn(&Sample) -> f64| median(theirs.iter().map(f)) / f64::from(CHUNKS);
            // The ratio of each round on its own: both were measured within a second.
            let ratio = median(ours.iter().zip(theirs).map(|(o, t)| t.cpu_us / o.cpu_us));
            let above = median(body.iter().zip(theirs).map(|(b, t)| t.cpu_us - b.cpu_us));
            println!(
                "{title:42} {:>12.2} {:>7.1}× {:>14.2} {:>11.2} {:>9.1}",
                each(|s| s.cpu_us),
                ratio,
                above / f64::from(CHUNKS),
                each(|s| s.wall_us),
                median(theirs.iter().map(|s| s.peak_kib)) / 1024.0,
            );
        }
        let grown = median(ours.iter().map(|s| s.grown_kib));
        println!(
            "turnwire's memory grew by {grown:.0} KiB while it read: the reply's text, 700 KB, and no more"
        );
    }
    println!(
        "\nA client cannot cost less than reading the body does, which is hyper's work; what is its own is the\n\
         column \"above the body\"."
    );
    Ok(())
}

fn script(chunks: u32) -> Script {
    Script::new().repeat(chunks.into(), |s| s.send(clients::CHUNK)).send(clients::LAST).done()
}
