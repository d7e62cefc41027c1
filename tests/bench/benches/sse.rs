//! The decoder on its own: the time a byte takes must not depend on an event's size nor on the pieces it comes in.
#![allow(clippy::print_stdout, reason = "a benchmark prints its table")]

use std::hint::black_box;

use anyhow::{Result, ensure};
use eventsource_stream::Eventsource;
use futures::StreamExt;
use turnwire::sse::{Decoder, Frame};
use turnwire_bench::{cpu_time, median, pin};

const ROUNDS: usize = 5;

fn main() -> Result<()> {
    pin(0)?;
    linearity()?;
    cap()?;
    peer()
}

/// CPU time a byte, over sizes of events and of pieces.
fn linearity() -> Result<()> {
    const PIECES: [usize; 6] = [1, 16, 256, 4096, 16384, 65536];
    println!("CPU ns a byte: one event of so many bytes, fed in pieces of so many");
    print!("{:>10}", "event");
    PIECES.iter().for_each(|piece| print!("{piece:>9}"));
    println!();
    for size in [64, 1 << 10, 16 << 10, 256 << 10, 1 << 20] {
        let event = format!("data: {}\n\n", "x".repeat(size));
        // Small events are repeated, so that each measurement takes about as many bytes.
        let times = ((4 << 20) / event.len()).max(1);
        print!("{size:>10}");
        for piece in PIECES {
            let mut samples = Vec::new();
            for _ in 0..ROUNDS {
                let began = cpu_time();
                for _ in 0..times {
                    let bytes = decode(event.as_bytes(), piece)?;
                    ensure!(bytes == size, "{bytes} bytes of {size} came out");
                }
                samples.push((cpu_time() - began).as_nanos() as f64);
            }
            print!("{:>9.2}", median(samples) / (times * event.len()) as f64);
        }
        println!();
    }
    Ok(())
}

fn decode(bytes: &[u8], piece: usize) -> Result<usize> {
    let mut decoder = Decoder::new();
    let mut data = 0;
    for mut piece in bytes.chunks(piece) {
        while let Some(frame) = decoder.decode(&mut piece)? {
            if let Frame::Event(event) = black_box(frame) {
                data += event.data.len();
            }
        }
    }
    Ok(data)
}

/// The CPU time until 16 MiB without a line break are refused.
fn cap() -> Result<()> {
    let endless = vec![b'x'; 16 << 20];
    println!(
        "\n16 MiB without a line break, refused by the cap of 8 MiB: CPU ms, by pieces of so many bytes"
    );
    for piece in [1, 4096, 16384, 16 << 20] {
        let mut samples = Vec::new();
        for _ in 0..ROUNDS {
            let began = cpu_time();
            ensure!(decode(&endless, piece).is_err(), "it was not refused");
            samples.push((cpu_time() - began).as_secs_f64() * 1000.0);
        }
        println!("{piece:>10} {:>8.2}", median(samples));
    }
    Ok(())
}

/// The same for the peer, where it can be waited for: its time grows with the square.
fn peer() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    println!("\nCPU ms for one event, fed in pieces of 1024 bytes: turnwire, eventsource-stream");
    for size in [64 << 10, 256 << 10, 1 << 20] {
        let event = format!("data: {}\n\n", "x".repeat(size));
        let began = cpu_time();
        ensure!(decode(event.as_bytes(), 1024)? == size);
        let ours = cpu_time() - began;
        let began = cpu_time();
        let pieces: Vec<_> = event.as_bytes().chunks(1024).map(Ok::<_, std::io::Error>).collect();
        let found = runtime.block_on(futures::stream::iter(pieces).eventsource().next());
        ensure!(found.is_some_and(|e| e.is_ok_and(|e| e.data.len() == size)));
        let theirs = cpu_time() - began;
        let ms = |t: std::time::Duration| t.as_secs_f64() * 1000.0;
        println!("{size:>10} {:>8.2} {:>10.2}", ms(ours), ms(theirs));
    }
    Ok(())
}
