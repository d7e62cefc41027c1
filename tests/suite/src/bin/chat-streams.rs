//! Prints random streams and their replies, for the accumulators of other languages: `chat-streams SEED COUNT`.
//!
//! Each line is `{"chunks": […], "added": […], "reply": …}`: the chunks, the result of `turnwire::bridge::Progress` for
//! each, and the whole reply.

use std::io::{BufWriter, Write, stdout};

use serde_json::{Value, json};
use turnwire::bridge::Progress;
use turnwire_suite::random::Random;
use turnwire_suite::streams::chunks;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut numbers = std::env::args().skip(1).map(|number| number.parse::<u64>());
    let seed = numbers.next().transpose()?.unwrap_or(1);
    let count = numbers.next().transpose()?.unwrap_or(100);
    let mut random = Random::new(seed);
    let mut out = BufWriter::new(stdout().lock());
    for _ in 0..count {
        let chunks = chunks(&mut random);
        let mut progress = Progress::default();
        let mut added = Vec::new();
        for chunk in &chunks {
            added.push(serde_json::from_str::<Value>(&progress.add(&chunk.to_string())?)?);
        }
        let line = json!({"chunks": chunks, "added": added, "reply": progress.reply()});
        writeln!(out, "{line}")?;
    }
    Ok(())
}
