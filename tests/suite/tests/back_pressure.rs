//! A reader that stops reading stops the service, and needs no memory. In a separate test binary, because it
//! measures the memory of the whole process.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::time::Duration;

use futures::StreamExt;
use turnwire::{ChatRequest, OpenAi};
use turnwire_fakes::{Fake, Script};

/// The resident memory of this process, in KiB.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_stops_blocks_the_service_and_takes_no_memory() {
    // The kernel's buffers are small, so that any other buffering would be ours.
    let fake = Fake::builder().send_buffer(64 * 1024).start().await.unwrap();
    let text = "가".repeat(20_000);
    fake.script("m", Script::new().repeat(2_000, |s| s.text(&text)).done());
    let llm = OpenAi::builder().base_url(fake.base_url()).no_proxy().build().unwrap();
    let mut stream = llm.chat_stream(ChatRequest::new("m").user("hi")).await.unwrap();
    stream.next().await.unwrap().unwrap();

    let before = resident_kib();
    // Permanently blocked: within half a second not a byte more is accepted.
    let mut written = 0;
    loop {
        let more = fake.wait_for(|log| log.requests[0].bytes_written > written);
        match tokio::time::timeout(Duration::from_millis(500), more).await {
            Ok(log) => written = log.requests[0].bytes_written,
            Err(_) => break,
        }
    }
    let request = &fake.requests()[0];
    assert!(request.write_blocked_since_ms.is_some() && request.finished_at_ms.is_none());
    let grown = resident_kib().saturating_sub(before);
    assert!(written < 16 * 1024 * 1024, "{written} bytes of 120 MB were taken");
    assert!(grown < 1024, "the memory grew by {grown} KiB");

    // It continues where it was.
    stream.next().await.unwrap().unwrap();
    assert!(stream.partial().text().len() >= 2 * text.len());
}
