//! The clients that are measured: each reads a stream to its end and adds up the bytes of its content.

use std::ops::RangeInclusive;

use anyhow::{Context, Result, bail};
use async_openai::config::OpenAIConfig;
use async_openai::types::chat::{
    ChatCompletionRequestUserMessageArgs, CreateChatCompletionRequestArgs,
};
use eventsource_stream::Eventsource;
use futures::StreamExt;
use serde::Deserialize;
use turnwire::{ChatRequest, OpenAi};

/// One chunk as OpenAI's service sends it, `obfuscation` and all.
pub(crate) const CHUNK: &str = concat!(
    r#"data: {"id":"chatcmpl-CQZ1x2a7nJ0v9Yk3pLr8sWq4tUe6m","object":"chat.completion.chunk","#,
    r#""created":1764660000,"model":"gpt-4o-mini-2024-07-18","service_tier":"default","#,
    r#""system_fingerprint":"fp_51db84afab","choices":[{"index":0,"delta":{"content":" 안녕"},"#,
    r#""logprobs":null,"finish_reason":null}],"usage":null,"obfuscation":"aZ3k0Q"}"#,
    "\n\n"
);

/// The content of [`CHUNK`].
pub(crate) const CONTENT: &str = " 안녕";

/// The chunk that ends the reply, and the one that tells the usage.
pub(crate) const LAST: &str = concat!(
    r#"data: {"id":"chatcmpl-CQZ1x2a7nJ0v9Yk3pLr8sWq4tUe6m","object":"chat.completion.chunk","#,
    r#""created":1764660000,"model":"gpt-4o-mini-2024-07-18","#,
    r#""choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#,
    "\n\n",
    r#"data: {"id":"chatcmpl-CQZ1x2a7nJ0v9Yk3pLr8sWq4tUe6m","object":"chat.completion.chunk","#,
    r#""created":1764660000,"model":"gpt-4o-mini-2024-07-18","choices":[],"#,
    r#""usage":{"prompt_tokens":9,"completion_tokens":100000,"total_tokens":100009}}"#,
    "\n\n"
);

pub(crate) enum Client {
    Turnwire(OpenAi),
    Body(reqwest::Client, String),
    Eventsource(reqwest::Client, String),
    AsyncOpenAi(Box<async_openai::Client<OpenAIConfig>>),
}

impl Client {
    pub(crate) fn new(name: &str, base_url: &str) -> Result<Self> {
        // The peers take TLS from the process's default, though they need none here.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let reqwest = || reqwest::Client::builder().no_proxy().build();
        let url = format!("{base_url}/chat/completions");
        Ok(match name {
            "turnwire" => {
                Client::Turnwire(OpenAi::builder().base_url(base_url).no_proxy().build()?)
            }
            "body" => Client::Body(reqwest()?, url),
            "eventsource" => Client::Eventsource(reqwest()?, url),
            "async-openai" => {
                let config = OpenAIConfig::new().with_api_base(base_url).with_api_key("none");
                let client = async_openai::Client::with_config(config).with_http_client(reqwest()?);
                Client::AsyncOpenAi(Box::new(client))
            }
            other => bail!("no client {other}"),
        })
    }

    /// Expected result of [`run`](Self::run): the content's bytes, or for the body all bytes.
    pub(crate) fn expected(&self, content: usize) -> RangeInclusive<usize> {
        match self {
            Client::Body(..) => content..=usize::MAX,
            _ => content..=content,
        }
    }

    /// Reads one stream; gives the bytes of its content.
    pub(crate) async fn run(&self, model: &str) -> Result<usize> {
        let body = format!(
            r#"{{"model":"{model}","stream":true,"messages":[{{"role":"user","content":"hi"}}]}}"#
        );
        let mut bytes = 0;
        let mut finished = false;
        let mut used = false;
        match self {
            Client::Turnwire(client) => {
                let request = ChatRequest::new(model).user("hi");
                let mut stream = client.chat_stream(request).await?;
                while let Some(chunk) = stream.next().await {
                    let chunk = chunk?;
                    bytes += chunk.text().len();
                    finished |= chunk.choices.iter().any(|c| c.finish_reason.is_some());
                    used |= chunk.usage.is_some();
                }
                stream.into_reply()?;
            }
            Client::Body(client, url) => {
                let request =
                    client.post(url).header("content-type", "application/json").body(body);
                let mut response = request.send().await?;
                while let Some(chunk) = response.chunk().await? {
                    bytes += chunk.len();
                }
                (finished, used) = (true, true);
            }
            Client::Eventsource(client, url) => {
                let request =
                    client.post(url).header("content-type", "application/json").body(body);
                let mut events = request.send().await?.bytes_stream().eventsource();
                while let Some(event) = events.next().await {
                    let data = event?.data;
                    if data == "[DONE]" {
                        break;
                    }
                    let chunk: ThreeFields = serde_json::from_str(&data)?;
                    used |= chunk.usage.is_some_and(|u| u.total_tokens > 0);
                    for choice in chunk.choices {
                        bytes += choice.delta.content.map_or(0, |c| c.len());
                        finished |= choice.finish_reason.is_some();
                    }
                }
            }
            Client::AsyncOpenAi(client) => {
                let message =
                    ChatCompletionRequestUserMessageArgs::default().content("hi").build()?;
                let request = CreateChatCompletionRequestArgs::default()
                    .model(model)
                    .messages([message.into()])
                    .build()?;
                let mut stream = client.chat().create_stream(request).await?;
                while let Some(chunk) = stream.next().await {
                    let chunk = chunk.context("async-openai")?;
                    used |= chunk.usage.is_some();
                    for choice in chunk.choices {
                        bytes += choice.delta.content.map_or(0, |c| c.len());
                        finished |= choice.finish_reason.is_some();
                    }
                }
            }
        }
        anyhow::ensure!(finished && used, "the finish or the usage was not seen");
        Ok(bytes)
    }
}

#[derive(Deserialize)]
struct ThreeFields {
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
}

#[derive(Deserialize)]
struct Usage {
    total_tokens: u64,
}
