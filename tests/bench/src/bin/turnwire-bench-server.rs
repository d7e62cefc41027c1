//! The benchmarks' server as a process. It prints `{"url": "http://127.0.0.1:…"}` when it is ready, and ends when
//! its standard input does, that is, with the process that started it.

use std::io::{Read, Write};

use anyhow::Result;
use tokio::net::TcpListener;
use turnwire_bench::raise_descriptors;
use turnwire_bench::server::serve;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    raise_descriptors()?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let (closed, parent) = tokio::sync::oneshot::channel::<()>();
    // A thread, because a runtime cannot end while it reads standard input itself.
    std::thread::Builder::new().name("stdin".into()).spawn(move || {
        let mut ignored = [0; 1024];
        while matches!(std::io::stdin().lock().read(&mut ignored), Ok(1..)) {}
        drop(closed);
    })?;
    let mut out = std::io::stdout();
    writeln!(out, "{{\"url\": \"http://{}\"}}", listener.local_addr()?)?;
    out.flush()?;
    tokio::select! {
        served = serve(listener) => served,
        _ = parent => Ok(()),
    }
}
