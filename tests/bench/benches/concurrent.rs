//! A thousand streams at once on one core, each paced at 20 ms a chunk: all finish; what a stream costs.
#![allow(clippy::print_stdout, reason = "a benchmark prints its table")]

use anyhow::{Result, bail, ensure};
use turnwire::{ChatRequest, OpenAi};
use turnwire_bench::{arguments, measure, pin, run_client};
use turnwire_fakes::{Fake, Script};

const CHUNKS: u64 = 100;

fn main() -> Result<()> {
    let arguments = arguments();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--client", streams, url] => client(streams.parse()?, url),
        [] => table(),
        _ => bail!("this benchmark takes no options"),
    }
}

fn client(streams: usize, url: &str) -> Result<()> {
    pin(0)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let llm = OpenAi::builder().base_url(url).no_proxy().build()?;
    // One stream first, so that what every stream shares is not counted.
    runtime.block_on(run(&llm, 1))?;
    measure(|| runtime.block_on(run(&llm, streams)))
}

async fn run(llm: &OpenAi, streams: usize) -> Result<()> {
    let streams = (0..streams).map(|_| async {
        let stream = llm.chat_stream(ChatRequest::new("paced").user("hi")).await?;
        stream.finish().await
    });
    for reply in futures::future::join_all(streams).await {
        ensure!(reply?.text().chars().count() == 2 * CHUNKS as usize);
    }
    Ok(())
}

fn table() -> Result<()> {
    let fake = Fake::spawn_thread()?;
    let paced = Script::new().repeat(CHUNKS, |s| s.text("안녕").wait_ms(20)).finish("stop").done();
    fake.script("paced", paced);
    println!("streams at once, {CHUNKS} chunks each, one every 20 ms");
    println!(
        "{:>8} {:>8} {:>14} {:>12} {:>12}",
        "streams", "wall s", "CPU µs/chunk", "KiB/stream", "peak MiB"
    );
    for streams in [10, 100, 1000] {
        let sample = run_client(&streams.to_string(), &[&fake.base_url()])?;
        println!(
            "{streams:>8} {:>8.2} {:>14.2} {:>12.1} {:>12.1}",
            sample.wall_us / 1e6,
            sample.cpu_us / (streams as u64 * CHUNKS) as f64,
            sample.grown_kib / f64::from(streams),
            sample.peak_kib / 1024.0,
        );
    }
    Ok(())
}
