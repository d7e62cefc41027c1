//! The cost of a turn's event beside the peers: written, from the chunk of the LLM to the bytes of a response, and
//! read by the client of a chat service.
//!
//! `cargo xtask bench event` measures CPU time; `-- --instructions` counts instructions as well, which needs valgrind.
#![allow(clippy::print_stdout, reason = "a benchmark prints its table")]

use std::path::Path;

use anyhow::{Result, bail, ensure};
use bytes::Bytes;
use eventsource_stream::Eventsource;
use futures::StreamExt;
use serde::{Deserialize, Serialize};
use turnwire::event::Wire;
use turnwire::{ChatService, OpenAi, TurnEvent, TurnRequest, Turns};
use turnwire_bench::bodies::Shape;
use turnwire_bench::callgrind::instructions;
use turnwire_bench::framing::Framing;
use turnwire_bench::line::{Line, Lines};
use turnwire_bench::process::{Facts, Server};
use turnwire_bench::server::Plan;
use turnwire_bench::{arguments, cpu_time, pin, run_again, table};

/// The clients, ours first. `turnwire-ui` writes the UI message stream of the AI SDK; `body` reads what arrives, unparsed: the
/// limit.
const CLIENTS: [&str; 4] = ["turnwire", UI, "body", "eventsource"];
const UI: &str = "turnwire-ui";
const SHAPES: [Shape; 4] =
    [Shape::OpenAi, Shape::Escaped, Shape::EventsPlain, Shape::EventsEscaped];
const FRAMINGS: [Framing; 2] = [Framing::Large, Framing::Chunked];
const ROUNDS: usize = 5;
/// Events of a stream, and of the one before it, which connects and warms up caches and allocator.
const COUNT: usize = 40_000;
const WARM_UP: usize = 500;
/// Events of two streams: their difference in instructions is without the program's start.
const COUNTED: [usize; 2] = [1_000, 3_000];

fn main() -> Result<()> {
    let arguments = arguments();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--client", name, server, path] => client(name, server, path),
        [] => measure(false),
        ["--instructions"] => measure(true),
        _ => bail!("the only option of this benchmark is --instructions"),
    }
}

fn measure(counts_instructions: bool) -> Result<()> {
    let server = Server::start(Path::new(env!("CARGO_BIN_EXE_turnwire-bench-server")))?;
    let mut lines = Lines::default();
    for (shape, framing) in SHAPES.into_iter().flat_map(|s| FRAMINGS.map(|f| (s, f))) {
        let way = if shape.is_events() { "rust, reading" } else { "rust, writing" };
        let arguments = |client: &str, count| {
            let path = Plan { shape, framing, pace_ms: 0, count }.path();
            ["--client".to_owned(), client.to_owned(), server.url().to_owned(), path]
        };
        let line = |client: &str| Line {
            language: way.into(),
            client: client.into(),
            shape: shape.name().into(),
            framing: framing.name().into(),
            streams: 1,
            ..Line::default()
        };
        let clients = || CLIENTS.into_iter().filter(|client| *client != UI || !shape.is_events());
        for client in (0..ROUNDS).flat_map(|_| clients()) {
            let cpu_us = run_again(&arguments(client, COUNT))?.trim().parse()?;
            lines.add(&Line { cpu_us: Some(cpu_us), ..line(client) });
        }
        for client in clients().filter(|_| counts_instructions) {
            let program = std::env::current_exe()?;
            let [short, long] = COUNTED.map(|count| {
                let arguments = arguments(client, count);
                let arguments = arguments.each_ref().map(String::as_str);
                instructions(&program, &arguments, Path::new("/dev/null"))
            });
            let events = (COUNTED[1] - COUNTED[0]) as f64;
            lines.add(&Line { instructions: Some((long? - short?) / events), ..line(client) });
        }
    }
    println!("{}", table::details(&lines));
    Ok(())
}

/// One measurement in this process: prints the CPU time of an event in microseconds.
fn client(name: &str, server: &str, path: &str) -> Result<()> {
    pin(0)?;
    // The peer takes TLS from the process's default, though it needs none here.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let Some((plan, _)) = Plan::from_path(path) else { bail!("{path} is no body's path") };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let run = |plan: Plan| -> Result<f64> {
        let base = format!("{server}{}", plan.path());
        let facts = Facts::request(&base)?;
        let cpu = cpu_time();
        let text = match plan.shape.is_events() {
            true => runtime.block_on(read(name, &base))?,
            false => runtime.block_on(write(name, &base))?,
        };
        let took = cpu_time() - cpu;
        ensure!(text >= facts.text_bytes, "{text} of {} bytes", facts.text_bytes);
        Ok(took.as_secs_f64() * 1e6 / facts.chunks as f64)
    };
    run(Plan { count: WARM_UP, ..plan })?;
    println!("{}", run(plan)?);
    Ok(())
}

/// Passes a model's reply on as the body of a response; gives the bytes of that body.
async fn write(name: &str, base: &str) -> Result<usize> {
    let mut written = 0;
    match name {
        "turnwire" | UI => {
            let llm = OpenAi::builder().base_url(format!("{base}/v1")).no_proxy().build()?;
            let turns = Turns::builder(llm).model("m").build()?;
            let wire = if name == UI { Wire::Ui } else { Wire::Sse };
            let mut body = turns.start(TurnRequest::new("hi")).bytes(wire);
            while let Some(piece) = body.next().await {
                written += piece?.len();
            }
        }
        "eventsource" => {
            let mut chunks = post(base, "v1/chat/completions").await?.bytes_stream().eventsource();
            while let Some(chunk) = chunks.next().await {
                let data = chunk?.data;
                if data == "[DONE]" {
                    break;
                }
                let chunk: Chunk = serde_json::from_str(&data)?;
                for content in chunk.choices.into_iter().filter_map(|choice| choice.delta.content) {
                    let json = serde_json::to_string(&Event::Content { content })?;
                    written += Bytes::from(format!("data: {json}\n\n")).len();
                }
            }
        }
        _ => written = unparsed(base, "v1/chat/completions").await?,
    }
    Ok(written)
}

/// Reads a chat service's turn; gives the bytes of its text.
async fn read(name: &str, base: &str) -> Result<usize> {
    let mut text = 0;
    match name {
        "turnwire" => {
            let service = ChatService::builder(base).no_proxy().build()?;
            let mut turn = service.stream(TurnRequest::new("hi")).await?;
            while let Some(event) = turn.next().await {
                if let TurnEvent::Content { content, .. } = event? {
                    text += content.len();
                }
            }
            turn.into_answer()?;
        }
        "eventsource" => {
            let mut events = post(base, "chat/stream").await?.bytes_stream().eventsource();
            while let Some(event) = events.next().await {
                if let Event::Content { content } = serde_json::from_str(&event?.data)? {
                    text += content.len();
                }
            }
        }
        _ => text = unparsed(base, "chat/stream").await?,
    }
    Ok(text)
}

async fn unparsed(base: &str, path: &str) -> Result<usize> {
    let mut body = post(base, path).await?;
    let mut bytes = 0;
    while let Some(piece) = body.chunk().await? {
        bytes += piece.len();
    }
    Ok(bytes)
}

async fn post(base: &str, path: &str) -> Result<reqwest::Response> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let request = client.post(format!("{base}/{path}")).header("content-type", "application/json");
    let body = r#"{"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]}"#;
    Ok(request.body(body).send().await?.error_for_status()?)
}

#[derive(Deserialize)]
struct Chunk {
    choices: Vec<Choice>,
}

#[derive(Deserialize)]
struct Choice {
    delta: Delta,
}

#[derive(Deserialize)]
struct Delta {
    content: Option<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Event {
    Content { content: String },
    Workspace {},
    Done,
}
