//! `cargo xtask local-llm`: a real model to talk to, for a person or for another program.

use std::io;
use std::thread;

use anyhow::Result;

use crate::args::LocalLlmOptions;
use crate::model_server::ModelServer;
use crate::repo::Repo;

/// Serves until stopped. Prints the server's address as JSON on standard output, and how to use it
/// on standard error.
///
/// # Errors
/// When the server cannot be set up or ends by itself.
pub(crate) fn run(repo: &Repo, options: &LocalLlmOptions) -> Result<()> {
    let mut server = ModelServer::start(repo, options.port)?;
    println!("{}", server.announcement());
    eprintln!("\n{}", how_to_use(server.base_url()));

    let lifeline = server.take_lifeline();
    if options.until_stdin_closes {
        // Only the end of the input matters: it drops the lifeline, which ends the server.
        thread::spawn(move || {
            let _lifeline = lifeline;
            io::copy(&mut io::stdin(), &mut io::sink())
        });
        return server.wait();
    }
    // Ctrl-C ends this process, and with it the lifeline.
    let ended = server.wait();
    drop(lifeline);
    ended
}

fn how_to_use(base_url: &str) -> String {
    // The server accepts any key, and some clients require one.
    format!(
        "Talk to it, from another terminal:
  OPENAI_BASE_URL={base_url} OPENAI_API_KEY=none cargo run --release --example chat -- \"안녕하세요\"
Stop it with Ctrl-C."
    )
}
