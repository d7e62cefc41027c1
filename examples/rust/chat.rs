//! Sends a message to a language model, and shows the reply while it is generated.
//!
//! ```sh
//! cargo run --release --example chat -- "안녕하세요"
//! ```

use std::time::{Duration, Instant};

use clap::Parser;
use futures::StreamExt;
use turnwire::config::CallOptions;
use turnwire::{ChatReply, ChatRequest};
use turnwire_examples::model::ModelOptions;
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
    let model = options.model.connect().await?;
    // Ctrl-C ends the call with an ordinary error: the received text stays visible.
    let llm = model.llm.with(CallOptions::new().cancellation(terminal::cancelled_by_ctrl_c()));

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

/// Sends a message to a language model, and shows the reply while it is generated.
///
/// OPENAI_API_KEY and OPENAI_BASE_URL name the service. Without them and without --base-url, a small offline
/// service inside this program answers.
#[derive(Parser)]
#[command(name = "chat")]
struct Options {
    /// The message; without it, standard input is read
    message: Option<String>,

    #[command(flatten)]
    model: ModelOptions,

    /// Instructions for the model
    #[arg(long, value_name = "TEXT")]
    system: Option<String>,

    /// Show the JSON of each chunk, one per line, instead of the text
    #[arg(long)]
    json: bool,

    /// Ask for the whole reply at once
    #[arg(long)]
    no_stream: bool,
}

impl Options {
    fn request(&self) -> Result<ChatRequest, Failure> {
        let message = terminal::message::<Self>(self.message.as_deref())?;
        let request = ChatRequest::new(&self.model.model).include_usage();
        let request = match &self.system {
            Some(instructions) => request.system(instructions.as_str()),
            None => request,
        };
        Ok(request.user(message))
    }
}

/// A summary of the reply in one line.
fn summary(reply: &ChatReply, first_token: Option<Duration>, elapsed: Duration) -> String {
    let mut facts = vec![reply.model.clone()];
    facts.extend(reply.finish_reason.as_ref().map(ToString::to_string));
    facts.extend(reply.usage.as_ref().map(|usage| format!("{} tokens", usage.completion_tokens)));
    facts.extend(first_token.map(|time| format!("first token {} ms", time.as_millis())));
    let writing = elapsed.saturating_sub(first_token.unwrap_or_default()).as_secs_f64();
    // The rate of a reply that arrived all at once is meaningless.
    if let Some(usage) = reply.usage.as_ref().filter(|_| writing > 0.02) {
        facts.push(format!("{:.0} tokens/s", usage.completion_tokens as f64 / writing));
    }
    facts.join(" · ")
}
