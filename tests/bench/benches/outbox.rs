//! Costs of enqueueing a message while the store is down, beside a thread for each message; and a long backlog.
#![allow(clippy::print_stdout, reason = "a benchmark prints its tables")]

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use serde_json::{Value, json};
use turnwire::credentials::Tokens;
use turnwire::outbox::{Durability, Record};
use turnwire::{ChatStore, Outbox};
use turnwire_bench::{arguments, measured_apart, memory_kib};

/// Messages handed over in each row of the first table.
const MESSAGES: usize = 3_000;
/// Between two messages, as of a busy service.
const PAUSE: Duration = Duration::from_micros(300);
const BACKLOG: usize = 1_000_000;
const CONVERSATIONS: usize = 10_000;

const WAYS: [(&str, &str); 4] = [
    ("os", "outbox, file, survives kill -9"),
    ("fsync", "outbox, file, survives a power cut"),
    ("memory", "outbox, memory"),
    ("thread", "a thread and a POST for each"),
];

fn main() -> Result<()> {
    let arguments = arguments();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--client", "fill", records, directory] => fill(records.parse()?, Path::new(directory)),
        ["--client", "backlog", directory] => backlog(Path::new(directory)),
        ["--client", way, url, directory] => hand_over(way, url, Path::new(directory)),
        [] => tables(BACKLOG),
        ["--backlog", records] => tables(records.parse()?),
        _ => bail!("the only option is --backlog <records>"),
    }
}

fn tables(backlog: usize) -> Result<()> {
    // On the disk that the repository is on: others may lie in memory.
    let place = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let hung = TcpListener::bind("127.0.0.1:0")?;
    let closed = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    println!("µs to hand one message over; {MESSAGES} messages");
    println!("{:36} {:>8} {:>8} {:>8} {:>9} {:>8}", "", "p50", "p99", "p99.9", "max", "threads");
    for (what, address) in [("store refuses", closed), ("store hangs", hung.local_addr()?)] {
        println!("{what}");
        for (way, title) in WAYS {
            let directory = place.path().join(format!("{way}-{}", address.port()));
            let numbers = measured_apart(&[way, &format!("http://{address}"), &path(&directory)])?;
            let [p50, p99, p999, max, threads] = numbers[..] else { bail!("odd output") };
            println!("  {title:34} {p50:>8.1} {p99:>8.1} {p999:>8.1} {max:>9.1} {threads:>8}");
        }
    }

    println!("\na backlog of {backlog} messages");
    let directory = place.path().join("backlog");
    let [took, megabytes] = measured_apart(&["fill", &backlog.to_string(), &path(&directory)])?[..]
    else {
        bail!("odd output")
    };
    println!(
        "  taken in {took:.1} s, {:.1} µs each; {megabytes:.0} MB",
        took * 1e6 / backlog as f64
    );
    let [open, rss, peak, p50, p99, stats] = measured_apart(&["backlog", &path(&directory)])?[..]
    else {
        bail!("odd output")
    };
    println!(
        "  opened in {open:.3} s; one more in {p50:.1} µs (p50), {p99:.1} µs (p99); stats() in {stats:.1} µs"
    );
    println!(
        "  resident memory after 10 s of delivering to a store that is down: {rss:.1} MiB, at most {peak:.1} MiB"
    );
    Ok(())
}

fn path(path: &Path) -> String {
    path.display().to_string()
}

fn message(n: usize) -> Value {
    json!({
        "msgId": format!("0198c0de-0000-7000-8000-{n:012}"), "msgSenderRole": "USER",
        "msgContent": "오늘은 날씨가 좋아서 공원에 산책을 다녀왔어요. 저녁에는 손주들과 통화했고요.",
        "msgSentAt": 1_764_660_000_000_u64 + n as u64, "parentMsgId": null, "msgType": "T",
        "msgSenderUUID": "7b0c5d57-6a2f-4f7c-9a30-2f6f5f0b3c11",
        "msgWorkspaceId": format!("workspace-{}", n % CONVERSATIONS),
    })
}

fn record(n: usize) -> Record {
    let conversation = format!("workspace-{}", n % CONVERSATIONS);
    Record::new(conversation, format!("0198c0de-0000-7000-8000-{n:012}"), message(n))
        .user("7b0c5d57-6a2f-4f7c-9a30-2f6f5f0b3c11")
}

/// Times of so many calls, sorted, in microseconds.
fn times(
    calls: usize,
    pause: Duration,
    mut call: impl FnMut(usize) -> Result<()>,
) -> Result<Vec<f64>> {
    let mut times = Vec::with_capacity(calls);
    for n in 0..calls {
        let began = Instant::now();
        call(n)?;
        times.push(began.elapsed().as_secs_f64() * 1e6);
        std::thread::sleep(pause);
    }
    times.sort_by(f64::total_cmp);
    Ok(times)
}

fn quantile(sorted: &[f64], part: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    sorted.get((last as f64 * part).round() as usize).copied().unwrap_or(f64::NAN)
}

/// Hands messages over in one way.
fn hand_over(way: &str, url: &str, directory: &Path) -> Result<()> {
    let outbox = |builder: turnwire::outbox::OutboxBuilder| -> Result<Outbox> {
        Ok(builder.sink(ChatStore::new(url)?).start()?)
    };
    let file = || Outbox::builder().path(directory.join("outbox.db"));
    let address = url.trim_start_matches("http://").to_owned();
    let queue = match way {
        "os" => Some(outbox(file().durability(Durability::Os))?),
        "fsync" => Some(outbox(file().durability(Durability::Fsync))?),
        "memory" => Some(outbox(Outbox::builder())?),
        _ => None,
    };
    let times = times(MESSAGES, PAUSE, |n| match &queue {
        Some(outbox) => {
            let receipt = outbox.enqueue(record(n).tokens(Tokens::new("access", "refresh")))?;
            ensure!(receipt.durable || way == "memory", "a record is not durable");
            Ok(())
        }
        None => {
            let (address, body) = (address.clone(), message(n).to_string());
            let post = move || -> std::io::Result<()> {
                let mut socket = TcpStream::connect(address)?;
                let length = body.len();
                write!(
                    socket,
                    "POST /api/chat/save HTTP/1.1\r\nContent-Length: {length}\r\n\r\n{body}"
                )?;
                std::io::Read::read(&mut socket, &mut [0; 1024]).map(drop)
            };
            std::thread::Builder::new().spawn(post)?;
            Ok(())
        }
    })?;
    let threads = std::fs::read_dir("/proc/self/task")?.count();
    let [p50, p99, p999, max] = [0.5, 0.99, 0.999, 1.0].map(|part| quantile(&times, part));
    println!("{p50} {p99} {p999} {max} {threads}");
    Ok(())
}

/// Fills a file; tells how long that took, in seconds, and how many MB it has.
fn fill(records: usize, directory: &Path) -> Result<()> {
    let file = directory.join("outbox.db");
    let outbox = Outbox::open(&file)?;
    let began = Instant::now();
    for n in 0..records {
        outbox.enqueue(record(n))?;
    }
    let took = began.elapsed().as_secs_f64();
    ensure!(outbox.stats().pending == records as u64, "{:?}", outbox.stats());
    println!("{took} {}", std::fs::metadata(&file)?.len() / 1_000_000);
    Ok(())
}

/// Opens a long backlog and lives with it.
fn backlog(directory: &Path) -> Result<()> {
    let closed = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let store = ChatStore::new(format!("http://{closed}"))?;
    let began = Instant::now();
    let outbox = Outbox::builder().path(directory.join("outbox.db")).sink(store).start()?;
    ensure!(outbox.stats().pending > 0, "nothing waits");
    let open = began.elapsed().as_secs_f64();
    let more = times(MESSAGES, PAUSE, |n| {
        outbox.enqueue(record(1_000_000_000 + n))?;
        Ok(())
    })?;
    let began = Instant::now();
    let pending = outbox.stats().pending;
    let stats = began.elapsed().as_secs_f64() * 1e6;
    ensure!(pending > MESSAGES as u64, "{pending} wait");
    std::thread::sleep(Duration::from_secs(10));
    let [rss, peak] = ["VmRSS", "VmHWM"].map(|name| memory_kib(name) / 1024.0);
    println!("{open} {rss} {peak} {} {} {stats}", quantile(&more, 0.5), quantile(&more, 0.99));
    Ok(())
}
