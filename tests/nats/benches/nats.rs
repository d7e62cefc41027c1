//! The outbox over NATS: what publishing adds to a caller, how many records one file publishes in a second, and how many
//! deliveries a courier makes to a store that answers in 10 ms.
//!
//! `cargo xtask bench nats` names the servers; the recent one is measured, unless `--debian` is given.
#![allow(clippy::print_stdout, reason = "a benchmark prints its tables")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use tokio::sync::Notify;
use turnwire::credentials::Tokens;
use turnwire::nats::{Courier, Nats, NatsSink};
use turnwire::outbox::{Delivery, Outcome, Record};
use turnwire::{ChatStore, Outbox};
use turnwire_bench::{arguments, measured_apart, median};
use turnwire_fakes::{Fake, FakeStore, Login};
use turnwire_nats_tests::store::provider;
use turnwire_nats_tests::{Broker, Program, Store, records, wait};

/// Messages handed over in each measurement of a caller, and the pause between two, as of a busy service.
const MESSAGES: usize = 5_000;
const PAUSE: Duration = Duration::from_micros(300);
const ROUNDS: usize = 5;
/// Records of a measurement of a rate, and their conversations.
const RECORDS: usize = 30_000;
const CONVERSATIONS: usize = 2_000;
/// The time in which the store answers.
const STORE: Duration = Duration::from_millis(10);
const PARTITIONS: [u16; 3] = [16, 64, 256];

/// Ways to hand a message over, with their titles.
const WAYS: [(&str, &str); 4] = [
    ("none", "file, no sink"),
    ("local", "file, a sink that does nothing"),
    ("store", "file, a chat store"),
    ("nats", "file, NATS"),
];

fn main() -> Result<()> {
    let arguments = arguments();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--client", way, directory, ref peer @ ..] => hand_over(way, Path::new(directory), peer),
        [] => tables(&Program::recent()?),
        ["--debian"] => tables(&Program::debian()?),
        _ => bail!("the only option is --debian"),
    }
}

fn tables(program: &Program) -> Result<()> {
    println!("nats-server {}, on the same machine\n", program.version()?);
    enqueueing(program)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    println!("\nrecords/s published through one file, enqueued meanwhile; {RECORDS} records");
    for concurrency in [16, 64, 256] {
        let rate = runtime.block_on(publishing(program, concurrency))?;
        println!("  {concurrency:>4} conversations at a time {rate:>10.0}");
    }
    println!("\ndeliveries/s of one courier to a store that answers in {} ms", STORE.as_millis());
    println!(
        "  {:>10} {:>12} {:>24} {:>18}",
        "partitions", "at most", "a sink that waits", "the chat store"
    );
    for partitions in PARTITIONS {
        let limit = f64::from(partitions) / STORE.as_secs_f64();
        let waiting = runtime.block_on(delivering(program, partitions, false))?;
        let stored = runtime.block_on(delivering(program, partitions, true))?;
        println!("  {partitions:>10} {limit:>12.0} {waiting:>24.0} {stored:>18.0}");
    }
    Ok(())
}

/// Times of a caller, each way in turn, in processes of their own.
fn enqueueing(program: &Program) -> Result<()> {
    let place = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let mut measured = vec![Vec::new(); WAYS.len()];
    for round in 0..ROUNDS {
        for ((way, _), measured) in WAYS.iter().zip(&mut measured) {
            let directory = place.path().join(format!("{way}-{round}")).display().to_string();
            let row = match *way {
                "nats" => measured_apart(&[way, &directory, &Broker::start(program)?.url()])?,
                "store" => {
                    let store = store()?;
                    let Login { access, refresh, .. } = store.login();
                    measured_apart(&[way, &directory, &store.fake.url(), access, refresh])?
                }
                _ => measured_apart(&[way, &directory])?,
            };
            measured.push(row);
        }
    }
    println!("µs to hand one message over; {MESSAGES} messages, median of {ROUNDS} rounds");
    println!("  {:34} {:>8} {:>8} {:>8} {:>10}", "", "p50", "p99", "p99.9", "in memory");
    for ((_, title), measured) in WAYS.iter().zip(&measured) {
        let column =
            |n: usize| median(measured.iter().filter_map(|row: &Vec<f64>| row.get(n).copied()));
        println!(
            "  {title:34} {:>8.1} {:>8.1} {:>8.1} {:>10}",
            column(0),
            column(1),
            column(2),
            column(3)
        );
    }
    Ok(())
}

/// Hands messages over in one way; prints p50, p99 and p99.9, and the number of records that stayed in memory.
fn hand_over(way: &str, directory: &Path, peer: &[&str]) -> Result<()> {
    let file = Outbox::builder().path(directory.join("outbox.db"));
    let (outbox, tokens) = match (way, peer) {
        ("nats", [url]) => (file.sink(NatsSink::new(Nats::new(*url))?).start()?, None),
        ("store", [url, access, refresh]) => {
            let tokens = Tokens::new(*access, *refresh);
            (file.sink(ChatStore::new(*url)?).start()?, Some(tokens))
        }
        ("local", []) => (file.sink(|_: Record| async { Outcome::Delivered }).start()?, None),
        _ => (file.start()?, None),
    };
    let (mut times, mut in_memory) = (Vec::with_capacity(MESSAGES), 0);
    for number in 0..MESSAGES {
        let record = records::numbered("p", number, CONVERSATIONS);
        let record = match &tokens {
            Some(tokens) => record.tokens(tokens.clone()),
            None => record,
        };
        let began = Instant::now();
        // On a busy disk a record may stay in memory: its caller has waited 50 ms.
        in_memory += u32::from(!outbox.enqueue(record)?.durable);
        times.push(began.elapsed().as_secs_f64() * 1e6);
        std::thread::sleep(PAUSE);
    }
    times.sort_by(f64::total_cmp);
    let quantile = |part: f64| {
        let last = times.len().saturating_sub(1);
        times.get((last as f64 * part).round() as usize).copied().unwrap_or(f64::NAN)
    };
    println!("{} {} {} {in_memory}", quantile(0.5), quantile(0.99), quantile(0.999));
    Ok(())
}

/// Records per second from the first call to the last confirmation.
async fn publishing(program: &Program, concurrency: usize) -> Result<f64> {
    let place = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let broker = Broker::start(program)?;
    let outbox = Outbox::builder()
        .path(place.path().join("outbox.db"))
        .delivery(Delivery::new().concurrency(concurrency))
        .sink(NatsSink::new(Nats::new(broker.url()))?)
        .start()?;
    let began = Instant::now();
    let enqueueing = outbox.clone();
    let enqueued = tokio::task::spawn_blocking(move || {
        (0..RECORDS).try_for_each(|number| {
            enqueueing.enqueue(records::numbered("p", number, CONVERSATIONS)).map(drop)
        })
    });
    enqueued.await??;
    let report = outbox.flush(Duration::from_secs(600)).await;
    let took = began.elapsed();
    ensure!((report.pending, report.dead) == (0, 0), "{report:?}");
    Ok(RECORDS as f64 / took.as_secs_f64())
}

/// Deliveries per second of records that are all with the server.
async fn delivering(program: &Program, partitions: u16, to_store: bool) -> Result<f64> {
    let broker = Broker::start(program)?;
    let nats = Nats::new(broker.url()).partitions(partitions);
    let records = (usize::from(partitions) * 300).min(RECORDS);
    fill(nats.clone(), records).await?;
    let store = store()?;
    let builder = Courier::builder(nats)
        .tokens(provider(store.login().access.clone(), store.login().refresh.clone()));
    let delivered = Arc::new(AtomicUsize::new(0));
    let sink = {
        let delivered = delivered.clone();
        move |_: Record| {
            let delivered = delivered.clone();
            async move {
                tokio::time::sleep(STORE).await;
                delivered.fetch_add(1, Ordering::Relaxed);
                Outcome::Delivered
            }
        }
    };
    let courier = match to_store {
        true => builder.sink(store.client()?).build()?,
        false => builder.sink(sink).build()?,
    };
    let stop = Arc::new(Notify::new());
    let running = tokio::spawn({
        let stop = stop.clone();
        async move { courier.run(async move { stop.notified().await }).await }
    });
    let made = || if to_store { store.saved() } else { delivered.load(Ordering::Relaxed) };
    // From the first hundred on, so that connecting is not measured.
    wait::until("the first deliveries", || made() >= 100).await?;
    let (began, before) = (Instant::now(), made());
    wait::until("all deliveries", || made() >= records).await?;
    let rate = (records - before) as f64 / began.elapsed().as_secs_f64();
    stop.notify_one();
    running.await??;
    Ok(rate)
}

async fn fill(nats: Nats, records: usize) -> Result<()> {
    let delivery = Delivery::new().concurrency(256);
    let outbox = Outbox::builder().delivery(delivery).sink(NatsSink::new(nats)?);
    let limits = turnwire::outbox::OutboxLimits::new().memory_records(records);
    let outbox = outbox.limits(limits.memory_bytes(1 << 30)).start()?;
    for number in 0..records {
        outbox.enqueue(records::numbered("p", number, CONVERSATIONS))?;
    }
    let report = outbox.shutdown(Duration::from_secs(600)).await;
    ensure!(report.pending == 0 && report.dead == 0, "{report:?}");
    Ok(())
}

/// A store that answers in [`STORE`], with the conversations of all records.
fn store() -> Result<Store> {
    let settings = FakeStore::builder().on(Fake::builder().unrecorded()).pace(pace);
    Store::start(settings, (0..CONVERSATIONS).map(|number| records::conversation("p", number)))
}

fn pace(call: &str) -> Duration {
    if call == "save" { STORE } else { Duration::ZERO }
}
