//! The model of an example: the one from its options or the environment, a real one on this computer, or else the
//! offline service.

use std::env;
use std::io;
use std::process::Stdio;
use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use turnwire::OpenAi;
use turnwire::chat::OpenAiBuilder;
use turnwire::config::Timeouts;

use crate::offline;
use crate::terminal::{self, Failure};

/// Options that select the model.
///
/// By default `OPENAI_API_KEY` and `OPENAI_BASE_URL` select the service. Without either, a small offline service
/// inside the program answers.
#[derive(Debug, clap::Args)]
pub struct ModelOptions {
    /// The URL of the service, up to but not including /chat/completions
    #[arg(long, value_name = "URL", value_parser = NonEmptyStringValueParser::new())]
    base_url: Option<String>,

    /// Use a small real model on this computer, started by `cargo xtask local-llm`
    #[arg(long, conflicts_with = "base_url")]
    local_llm: bool,

    /// The model
    #[arg(long, value_name = "NAME", default_value = "gpt-4o-mini", value_parser = NonEmptyStringValueParser::new())]
    pub model: String,

    /// The longest wait: for a connection, for the response to begin, for any byte of it, and for content
    ///
    /// A reply that is not streamed sends nothing before it is complete: there it limits the whole call.
    #[arg(long, value_name = "SECONDS", value_parser = terminal::seconds)]
    timeout: Option<Duration>,
}

/// A model's service. Dropping it stops a service that runs for this program alone.
#[derive(Debug)]
pub struct Model {
    /// Its client.
    pub llm: OpenAi,
    offline: Option<offline::Llm>,
    _local: Option<Child>,
}

impl Model {
    /// Returns true for the offline service, whose delays are simulated.
    pub fn is_simulated(&self) -> bool {
        self.offline.is_some()
    }
}

impl ModelOptions {
    /// The client of the service that these options, or else the environment, select.
    ///
    /// # Errors
    ///
    /// When a setting is invalid, or a service fails to start.
    pub async fn connect(&self) -> Result<Model, Failure> {
        let builder = OpenAiBuilder::from_env().timeouts(self.timeouts());
        let elsewhere = |builder: OpenAiBuilder| -> Result<Model, Failure> {
            Ok(Model { llm: builder.build()?, offline: None, _local: None })
        };
        if self.local_llm {
            let (url, child) = start_local()
                .await
                .map_err(|error| Failure::Local("the local model did not start", error))?;
            let llm = builder.base_url(url).api_key("none").no_proxy().build()?;
            return Ok(Model { llm, offline: None, _local: Some(child) });
        }
        if let Some(url) = &self.base_url {
            return elsewhere(builder.base_url(url.as_str()));
        }
        if terminal::is_set("OPENAI_API_KEY") || terminal::is_set("OPENAI_BASE_URL") {
            return elsewhere(builder);
        }
        terminal::say(
            "offline: a small service in this program answers; for a real model set OPENAI_API_KEY or \
             OPENAI_BASE_URL, or give --local-llm, which runs `cargo xtask local-llm`",
        );
        let service = offline::Llm::start()
            .await
            .map_err(|error| Failure::Local("the offline service did not start", error))?;
        let llm = builder.base_url(service.base_url()).no_proxy().build()?;
        Ok(Model { llm, offline: Some(service), _local: None })
    }

    fn timeouts(&self) -> Timeouts {
        let Some(limit) = self.timeout else {
            return Timeouts::new();
        };
        Timeouts::of_silence(limit).content(limit)
    }
}

/// Starts the repository's own model server, and waits for its address. It ends with this process, as it reads its
/// standard input from it.
async fn start_local() -> io::Result<(String, Child)> {
    /// The line that it prints when it is ready.
    #[derive(Deserialize)]
    struct Ready {
        base_url: String,
    }
    terminal::say_aside("starting `cargo xtask local-llm`: the first time it installs a model");
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut child = Command::new(cargo)
        .args(["xtask", "local-llm", "--until-stdin-closes"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let mut line = String::new();
    if let Some(output) = child.stdout.take() {
        BufReader::new(output).read_line(&mut line).await?;
    }
    if let Ok(ready) = serde_json::from_str::<Ready>(&line) {
        return Ok((ready.base_url, child));
    }
    let why = "`cargo xtask local-llm` ended before it was ready; run it by itself to see why";
    Err(io::Error::other(why))
}
