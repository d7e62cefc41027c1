//! The library's runtime in a process whose threads use it for the first time at the same moment.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs::{read_dir, read_to_string};
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use turnwire::ChatRequest;
use turnwire::blocking::OpenAi;
use turnwire_fakes::Fake;

/// The threads of this process that drive the library's runtime.
fn library_threads() -> usize {
    let threads = read_dir("/proc/self/task").unwrap();
    // A thread may end in between.
    let names = threads.filter_map(|thread| read_to_string(thread.ok()?.path().join("comm")).ok());
    names.filter(|name| name.trim_end() == "turnwire").count()
}

#[test]
fn threads_that_begin_at_once_share_one_runtime() {
    const THREADS: usize = 32;
    let fake = Fake::spawn_thread().unwrap();
    let start = Barrier::new(THREADS);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let builder = OpenAi::builder().base_url(fake.base_url()).no_proxy();
                start.wait();
                let llm = builder.build_blocking().unwrap();
                let reply = llm.chat(ChatRequest::new("any").user("hi")).unwrap();
                assert!(reply.text().contains("hi"));
            });
        }
    });
    // The threads of the runtimes that are not kept end by themselves.
    let patience = Instant::now() + Duration::from_secs(60);
    while library_threads() > 1 && Instant::now() < patience {
        thread::yield_now();
    }
    assert_eq!(library_threads(), 1);
}
