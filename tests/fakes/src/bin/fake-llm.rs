//! The fake LLM as a process.

use std::process::ExitCode;

use turnwire_fakes::process::{Kind, run};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    run(Kind::Llm).await
}
