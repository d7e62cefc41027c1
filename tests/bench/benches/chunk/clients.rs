//! The clients that are measured. Each decodes every chunk's text, arguments of tools, finish reason and usage.

use anyhow::{Context, Result, bail, ensure};
use async_openai::config::OpenAIConfig;
use async_openai::types::chat::{
    ChatCompletionRequestUserMessageArgs, CreateChatCompletionRequestArgs,
};
use eventsource_stream::Eventsource;
use futures::StreamExt;
use serde::Deserialize;
use turnwire::{ChatRequest, ChatService, OpenAi, TurnEvent, TurnRequest};
use turnwire_bench::meter::Meter;
use turnwire_bench::process::Facts;

/// The clients of the LLM, ours first; the others are what ours is compared with.
pub(crate) const CHAT: [&str; 5] =
    ["turnwire", "turnwire-choices", "body", "eventsource", "async-openai"];
/// The clients of a chat service.
pub(crate) const EVENTS: [&str; 3] = ["turnwire", "body", "eventsource"];

const MODEL: &str = "m";

pub(crate) enum Client {
    /// Text, arguments, finish reason and usage read by their methods.
    Turnwire(OpenAi),
    /// Each chunk's choices read, which builds all of it.
    TurnwireChoices(OpenAi),
    Service(ChatService),
    /// Reading without parsing: the limit.
    Body(reqwest::Client, String),
    Eventsource(reqwest::Client, String),
    EventsourceOfService(reqwest::Client, String),
    AsyncOpenAi(Box<async_openai::Client<OpenAIConfig>>),
}

impl Client {
    /// A client of the service at `base`: of an LLM, or of a chat service.
    pub(crate) fn new(name: &str, base: &str, is_events: bool) -> Result<Self> {
        // The peers take TLS from the process's default, though they need none here.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let reqwest = || reqwest::Client::builder().no_proxy().build();
        let openai = format!("{base}/v1");
        let url = match is_events {
            true => format!("{base}/chat/stream"),
            false => format!("{openai}/chat/completions"),
        };
        Ok(match (name, is_events) {
            ("turnwire", false) => {
                Client::Turnwire(OpenAi::builder().base_url(openai).no_proxy().build()?)
            }
            ("turnwire-choices", false) => {
                Client::TurnwireChoices(OpenAi::builder().base_url(openai).no_proxy().build()?)
            }
            ("turnwire", true) => Client::Service(ChatService::builder(base).no_proxy().build()?),
            ("body", _) => Client::Body(reqwest()?, url),
            ("eventsource", false) => Client::Eventsource(reqwest()?, url),
            ("eventsource", true) => Client::EventsourceOfService(reqwest()?, url),
            ("async-openai", false) => {
                let config = OpenAIConfig::new().with_api_base(openai).with_api_key("none");
                let client = async_openai::Client::with_config(config).with_http_client(reqwest()?);
                Client::AsyncOpenAi(Box::new(client))
            }
            (other, _) => bail!("no client {other}"),
        })
    }

    /// Units of the meter in one stream: chunks, or bytes where they are not parsed.
    pub(crate) fn units(&self, facts: Facts) -> usize {
        match self {
            Client::Body(..) => facts.bytes,
            _ => facts.chunks,
        }
    }

    /// Reads one stream to its end, and checks that all of it was there.
    pub(crate) async fn run(&self, facts: Facts, meter: &Meter) -> Result<()> {
        let mut seen = Seen { meter, bytes: 0, finished: false, used: false };
        match self {
            Client::Turnwire(client) => turnwire(client, &mut seen).await?,
            Client::TurnwireChoices(client) => turnwire_choices(client, &mut seen).await?,
            Client::Service(client) => service(client, &mut seen).await?,
            Client::Body(client, url) => {
                let mut response = post(client, url).await?;
                while let Some(piece) = response.chunk().await? {
                    seen.bytes += piece.len();
                    meter.add(piece.len());
                }
                ensure!(seen.bytes == facts.bytes, "{} of {} bytes", seen.bytes, facts.bytes);
                return Ok(());
            }
            Client::Eventsource(client, url) => {
                let mut events = post(client, url).await?.bytes_stream().eventsource();
                while let Some(event) = events.next().await {
                    let data = event?.data;
                    if data == "[DONE]" {
                        break;
                    }
                    seen.typed(serde_json::from_str(&data)?);
                }
            }
            Client::EventsourceOfService(client, url) => {
                let mut events = post(client, url).await?.bytes_stream().eventsource();
                while let Some(event) = events.next().await {
                    match serde_json::from_str(&event?.data)? {
                        Event::Content { content } => seen.text(content.len()),
                        Event::Workspace { .. } => {}
                        Event::Done => (seen.finished, seen.used) = (true, true),
                    }
                }
            }
            Client::AsyncOpenAi(client) => async_openai(client, &mut seen).await?,
        }
        ensure!(seen.finished && seen.used, "the finish or the usage was not seen");
        let expected = facts.text_bytes;
        ensure!(seen.bytes == expected, "{} bytes of text, not {expected}", seen.bytes);
        Ok(())
    }
}

/// The facts that a client has found in a stream.
struct Seen<'a> {
    meter: &'a Meter,
    /// Bytes of text, or of arguments.
    bytes: usize,
    finished: bool,
    used: bool,
}

impl Seen<'_> {
    fn text(&mut self, bytes: usize) {
        if bytes > 0 {
            self.bytes += bytes;
            self.meter.add(1);
        }
    }

    fn typed(&mut self, chunk: Chunk) {
        self.used |= chunk.usage.is_some_and(|usage| usage.total_tokens > 0);
        let mut bytes = 0;
        for choice in chunk.choices {
            bytes += choice.delta.content.map_or(0, |content| content.len());
            for call in choice.delta.tool_calls {
                bytes += call.function.arguments.len();
            }
            self.finished |= choice.finish_reason.is_some();
        }
        self.text(bytes);
    }
}

async fn turnwire(client: &OpenAi, seen: &mut Seen<'_>) -> Result<()> {
    let mut stream = client.chat_stream(ChatRequest::new(MODEL).user("hi")).await?;
    while let Some(chunk) = stream.next().await {
        let chunk = chunk?;
        let mut bytes = chunk.text().len();
        if bytes == 0 {
            let arguments = chunk.tool_calls().filter_map(|call| call.arguments());
            bytes = arguments.map(str::len).sum();
        }
        seen.finished |= chunk.finish_reason().is_some();
        seen.used |= chunk.usage().is_some();
        seen.text(bytes);
    }
    stream.into_reply()?;
    Ok(())
}

async fn turnwire_choices(client: &OpenAi, seen: &mut Seen<'_>) -> Result<()> {
    let mut stream = client.chat_stream(ChatRequest::new(MODEL).user("hi")).await?;
    while let Some(chunk) = stream.next().await {
        let chunk = chunk?;
        let mut bytes = 0;
        for choice in chunk.choices() {
            bytes += choice.delta.content.as_ref().map_or(0, |content| content.len());
            for call in &choice.delta.tool_calls {
                bytes += call.arguments.as_ref().map_or(0, |arguments| arguments.len());
            }
            seen.finished |= choice.finish_reason.is_some();
        }
        seen.used |= chunk.usage().is_some();
        seen.text(bytes);
    }
    stream.into_reply()?;
    Ok(())
}

async fn service(client: &ChatService, seen: &mut Seen<'_>) -> Result<()> {
    let mut stream = client.stream(TurnRequest::new("hi")).await?;
    while let Some(event) = stream.next().await {
        match event? {
            TurnEvent::Content { content } => seen.text(content.len()),
            TurnEvent::Done { .. } => (seen.finished, seen.used) = (true, true),
            _ => {}
        }
    }
    stream.into_answer()?;
    Ok(())
}

async fn async_openai(
    client: &async_openai::Client<OpenAIConfig>,
    seen: &mut Seen<'_>,
) -> Result<()> {
    let message = ChatCompletionRequestUserMessageArgs::default().content("hi").build()?;
    let request = CreateChatCompletionRequestArgs::default()
        .model(MODEL)
        .messages([message.into()])
        .build()?;
    let mut stream = client.chat().create_stream(request).await?;
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.context("async-openai")?;
        seen.used |= chunk.usage.is_some();
        let mut bytes = 0;
        for choice in chunk.choices {
            bytes += choice.delta.content.map_or(0, |content| content.len());
            for call in choice.delta.tool_calls.unwrap_or_default() {
                let arguments = call.function.and_then(|function| function.arguments);
                bytes += arguments.map_or(0, |arguments| arguments.len());
            }
            seen.finished |= choice.finish_reason.is_some();
        }
        seen.text(bytes);
    }
    Ok(())
}

async fn post(client: &reqwest::Client, url: &str) -> Result<reqwest::Response> {
    let body = r#"{"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]}"#;
    let request = client.post(url).header("content-type", "application/json").body(body);
    Ok(request.send().await?.error_for_status()?)
}

#[derive(Deserialize)]
struct Chunk {
    choices: Vec<Choice>,
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Choice {
    delta: Delta,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Delta {
    content: Option<String>,
    #[serde(default)]
    tool_calls: Vec<Call>,
}

#[derive(Deserialize)]
struct Call {
    function: Function,
}

#[derive(Deserialize)]
struct Function {
    arguments: String,
}

#[derive(Deserialize)]
struct Usage {
    total_tokens: u64,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Event {
    Content {
        content: String,
    },
    Workspace {
        #[serde(rename = "workspaceId")]
        _id: String,
    },
    Done,
}
