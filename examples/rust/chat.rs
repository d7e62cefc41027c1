//! Says something to a language model, and shows the reply while it is made.
//!
//! ```sh
//! cargo run --release --example chat -- "안녕하세요"
//! ```

use std::time::{Duration, Instant};

use clap::builder::NonEmptyStringValueParser;
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use futures::StreamExt;
use turnwire::{CallOptions, ChatReply, ChatRequest, OpenAi, OpenAiBuilder, Timeouts};
use turnwire_examples::offline;
use turnwire_examples::terminal::{self, Failure, Output};

#[tokio::main]
async fn main() {
    let options = Options::parse();
    let mut out = Output::stdout();
    let ended = chat(&options, &mut out).await;
    terminal::exit(out, ended)
}

async fn chat(options: &Options, out: &mut Output) -> Result<(), Failure> {
    let request = options.request()?;
    let (llm, _offline) = connect(options).await?;
    // Ctrl-C ends the call with an error like any other: what was received stays.
    let llm = llm.with(CallOptions::new().cancellation(terminal::cancelled_by_ctrl_c()));

    let started = Instant::now();
    let mut first_token = None;
    let reply = if options.no_stream {
        let reply = llm.chat(request).await?;
        if options.json {
            out.json(reply.raw().unwrap_or_default())?;
        } else {
            out.text(reply.text())?;
        }
        reply
    } else {
        let mut stream = llm.chat_stream(request).await?;
        while let Some(chunk) = stream.next().await {
            let chunk = chunk?;
            if options.json {
                out.json(chunk.raw())?;
            } else {
                out.text(chunk.text())?;
            }
        }
        first_token = stream.first_token();
        stream.into_reply()?
    };
    out.end_line()?;
    if let Some(refusal) = reply.refusal() {
        terminal::say(&format!("the model refused: {refusal}"));
    }
    if !options.json {
        terminal::say_aside(&summary(&reply, first_token, started.elapsed()));
    }
    Ok(())
}

/// The client of the service that the options or the environment name; without either, of one that runs in
/// this process for as long as it is kept.
async fn connect(options: &Options) -> Result<(OpenAi, Option<offline::Llm>), Failure> {
    let builder = OpenAiBuilder::from_env().timeouts(options.timeouts());
    if let Some(url) = &options.base_url {
        return Ok((builder.base_url(url.as_str()).build()?, None));
    }
    if terminal::is_set("OPENAI_API_KEY") || terminal::is_set("OPENAI_BASE_URL") {
        return Ok((builder.build()?, None));
    }
    terminal::say(
        "offline: a small service in this program answers; for a real model set OPENAI_API_KEY or \
         OPENAI_BASE_URL, or run `cargo xtask local-llm`",
    );
    let service = offline::Llm::start()
        .await
        .map_err(|error| Failure::Local("the offline service did not start", error))?;
    Ok((builder.base_url(service.base_url()).no_proxy().build()?, Some(service)))
}

/// Says something to a language model, and shows the reply while it is made.
///
/// OPENAI_API_KEY and OPENAI_BASE_URL name the service. Without them and without --base-url, a small offline
/// service inside this program answers.
#[derive(Parser)]
#[command(name = "chat")]
struct Options {
    /// What to say; without it, the standard input is read
    message: Option<String>,

    /// Where the service is, up to but not including /chat/completions
    #[arg(long, value_name = "URL", value_parser = NonEmptyStringValueParser::new())]
    base_url: Option<String>,

    /// The model that answers
    #[arg(long, default_value = "gpt-4o-mini", value_parser = NonEmptyStringValueParser::new())]
    model: String,

    /// Instructions for the model
    #[arg(long, value_name = "TEXT")]
    system: Option<String>,

    /// The longest wait: for a connection, for the response to begin, for any byte of it, and for content
    ///
    /// With --no-stream nothing comes before the reply is whole: there it limits the whole call.
    #[arg(long, value_name = "SECONDS", value_parser = terminal::seconds)]
    timeout: Option<Duration>,

    /// Show the JSON of each chunk, one a line, instead of the text
    #[arg(long)]
    json: bool,

    /// Ask for the whole reply at once
    #[arg(long)]
    no_stream: bool,
}

impl Options {
    fn request(&self) -> Result<ChatRequest, Failure> {
        let message = match &self.message {
            Some(message) => Some(message.clone()),
            None => terminal::piped_input()?,
        };
        let Some(message) = message.filter(|message| !message.trim().is_empty()) else {
            let why = "there is nothing to say: give a message, or write one to the standard input";
            Options::command().error(ErrorKind::MissingRequiredArgument, why).exit()
        };
        let request = ChatRequest::new(&self.model).include_usage();
        let request = match &self.system {
            Some(instructions) => request.system(instructions.as_str()),
            None => request,
        };
        Ok(request.user(message))
    }

    fn timeouts(&self) -> Timeouts {
        let defaults = Timeouts::default();
        let Some(limit) = self.timeout else {
            return defaults;
        };
        Timeouts {
            connect: limit.min(defaults.connect),
            headers: Some(limit),
            idle: Some(limit),
            content: Some(limit),
            total: Some(limit), // of a whole reply; a stream has none
            ..defaults
        }
    }
}

/// How the reply went, in one line.
fn summary(reply: &ChatReply, first_token: Option<Duration>, elapsed: Duration) -> String {
    let mut facts = vec![reply.model.clone()];
    facts.extend(reply.finish_reason.as_ref().map(ToString::to_string));
    facts.extend(reply.usage.as_ref().map(|usage| format!("{} tokens", usage.completion_tokens)));
    facts.extend(first_token.map(|time| format!("first token {} ms", time.as_millis())));
    let writing = elapsed.saturating_sub(first_token.unwrap_or_default()).as_secs_f64();
    // A reply that came all at once has no rate worth telling.
    if let Some(usage) = reply.usage.as_ref().filter(|_| writing > 0.02) {
        facts.push(format!("{:.0} tokens/s", usage.completion_tokens as f64 / writing));
    }
    facts.join(" · ")
}
