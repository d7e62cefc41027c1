//! Google Translate's speech, requested as the PyPI package `gtts` does: free of charge, in parts of 100 characters.

mod language;
mod text;
mod wire;

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, ready};

use async_trait::async_trait;
use bytes::Bytes;
use futures_core::Stream;
use http::Method;
use tokio::task::JoinHandle;
use tokio_util::task::AbortOnDropHandle;

use super::audio::SPEECH;
use super::{AudioFormat, AudioStream, Speaker, SpeechRequest};
use crate::config::CallOptions;
use crate::config::{Limits, RetryPolicy, Timeouts};
use crate::error::{Error, ErrorKind, Result};
use crate::http::{Context, HttpClient, HttpConfig, ProxyChoice, Request, Response};

const PATH: &str = "_/TranslateWebserverUi/data/batchexecute";
const HEADERS: &[(&str, &str)] = &[
    ("referer", "http://translate.google.com/"),
    ("content-type", "application/x-www-form-urlencoded;charset=utf-8"),
];
/// A browser's user agent: the service answers browsers only.
const USER_AGENT: &str = "Mozilla/5.0 (Windows NT 10.0; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) \
     Chrome/47.0.2526.106 Safari/537.36";

/// Speaks through Google Translate, without a key. The audio is MP3.
///
/// A text is sent in parts of at most 100 characters, the service's limit. They share a connection: while one
/// part is read, the next one is fetched.
///
/// ```no_run
/// use turnwire::GoogleTranslateSpeaker;
/// use turnwire::speech::{Speaker, SpeechRequest};
///
/// # async fn run() -> turnwire::Result<()> {
/// let speaker = GoogleTranslateSpeaker::new("ko");
/// let audio = speaker.speak(SpeechRequest::new("안녕하세요")).await?;
/// audio.write_to_file("hello.mp3").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use]
pub struct GoogleTranslateSpeaker {
    settings: Settings,
    /// An invalid setting is reported at the first use, so that [`new`](Self::new) cannot fail.
    client: Result<HttpClient>,
}

#[derive(Clone)]
struct Settings {
    language: String,
    slow: bool,
    base_url: String,
    http: HttpConfig,
}

impl Settings {
    fn client(&self) -> Result<HttpClient> {
        let base_url = Some(self.base_url.as_str().into());
        HttpConfig { base_url, ..self.http.clone() }.build()
    }
}

impl GoogleTranslateSpeaker {
    /// Speaks this language, such as `ko`, `en` or `zh-TW` (an IETF tag that Google Translate knows). Tags such as `en-US`
    /// and `zh-cn` become `en` and `zh-CN`, as in the package `gtts`; for an accent there is
    /// [`top_level_domain`](Self::top_level_domain).
    pub fn new(language: impl Into<String>) -> Self {
        let settings = Settings {
            language: language.into(),
            slow: false,
            base_url: "https://translate.google.com".to_owned(),
            http: HttpConfig { user_agent: Some(USER_AGENT), ..HttpConfig::default() },
        };
        GoogleTranslateSpeaker { client: settings.client(), settings }
    }

    /// Speaks slowly.
    pub fn slow(mut self, slow: bool) -> Self {
        self.settings.slow = slow;
        self
    }

    /// Uses Google's domain of this country, such as `co.kr`; some languages get its accent. Default `com`.
    pub fn top_level_domain(self, tld: &str) -> Self {
        self.base_url(format!("https://translate.google.{tld}"))
    }

    /// The service's address. Default `https://translate.google.com`.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.settings.base_url = url.into();
        self.rebuilt()
    }

    /// The time limits. They apply to each part as to a whole reply.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.settings.http.timeouts = timeouts;
        self.rebuilt()
    }

    /// The retry policy of its requests.
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.settings.http.retry = retry;
        self.rebuilt()
    }

    /// The limits on the size of the service's responses.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.settings.http.limits = limits;
        self.rebuilt()
    }

    /// Uses no proxy; proxy settings of the environment are ignored.
    pub fn no_proxy(mut self) -> Self {
        self.settings.http.proxy = ProxyChoice::None;
        self.rebuilt()
    }

    /// Changes the settings of its connections.
    #[cfg(feature = "bridge")]
    pub(crate) fn with_http(mut self, change: impl FnOnce(&mut HttpConfig)) -> Self {
        change(&mut self.settings.http);
        self.rebuilt()
    }

    fn rebuilt(mut self) -> Self {
        self.client = self.settings.client();
        self
    }

    /// Splits a request into parts, ready to be fetched.
    fn parts(&self, request: &SpeechRequest) -> Result<Parts> {
        let format = request.format.is_some_and(|format| format != AudioFormat::Mp3);
        request.check(&[
            (
                request.voice.is_some(),
                "a choice of voice: Google Translate has one for each language",
            ),
            (request.instructions.is_some(), "instructions"),
            (
                request.speed.is_some_and(|s| !(s > 0.0 && s <= 1.0)),
                "a speed that is not between 0 and 1",
            ),
            (format, "another format: Google Translate sends MP3"),
        ])?;
        let language = request.language.as_ref().unwrap_or(&self.settings.language);
        let language = language::mapped(language);
        let slow = request.speed.map_or(self.settings.slow, |speed| speed < 1.0);
        let parts = text::parts(&request.text);
        if parts.is_empty() {
            let why = "there is no text to speak, only punctuation";
            return Err(Error::new(ErrorKind::InvalidRequest, SPEECH, why));
        }
        let bodies = parts.iter().map(|part| wire::body(part, &language, slow).into()).collect();
        Ok(Parts {
            client: self.client.clone()?,
            bodies,
            ahead: None,
            language: language.as_str().into(),
        })
    }
}

#[async_trait]
impl Speaker for GoogleTranslateSpeaker {
    async fn speak(&self, request: SpeechRequest) -> Result<AudioStream> {
        let mut parts = self.parts(&request)?;
        // Fetch the first part here, so that a failing service is an error of the call rather than of the stream.
        let first = std::future::poll_fn(|task| parts.poll_part(task)).await.transpose()?;
        let first = futures_util::stream::iter(first.map(Ok));
        let all = futures_util::StreamExt::chain(first, parts);
        Ok(AudioStream::of(Context::foreign(SPEECH), AudioFormat::Mp3.mime(), all))
    }
}

/// The parts of a text, fetched one after another on one connection, each ahead of its reader.
struct Parts {
    client: HttpClient,
    bodies: VecDeque<Bytes>,
    ahead: Option<AbortOnDropHandle<Result<Bytes>>>,
    language: Arc<str>,
}

impl Parts {
    fn poll_part(&mut self, task: &mut TaskContext<'_>) -> Poll<Option<Result<Bytes>>> {
        if self.ahead.is_none() {
            self.fetch_next();
        }
        let Some(ahead) = &mut self.ahead else { return Poll::Ready(None) };
        let fetched = ready!(Pin::new(ahead).poll(task)).unwrap_or_else(|lost| {
            let why = format!("the request for a part of the text was lost: {lost}");
            Err(Error::new(ErrorKind::Cancelled, SPEECH, why))
        });
        self.ahead = None;
        match fetched {
            Ok(_) => self.fetch_next(),
            Err(_) => self.bodies.clear(),
        }
        Poll::Ready(Some(fetched))
    }

    fn fetch_next(&mut self) {
        let Some(body) = self.bodies.pop_front() else { return };
        let (client, language) = (self.client.clone(), self.language.clone());
        // A task, so that this part is fetched while the reader is still playing the one before.
        let task: JoinHandle<_> =
            tokio::spawn(async move { fetch(&client, body, &language).await });
        self.ahead = Some(AbortOnDropHandle::new(task));
    }
}

impl Stream for Parts {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        self.poll_part(task)
    }
}

async fn fetch(client: &HttpClient, body: Bytes, language: &str) -> Result<Bytes> {
    let options = CallOptions::new();
    let request = Request {
        accept: "*/*",
        body: Some(body),
        headers: HEADERS,
        // The service does not know the `Idempotency-Key` header, and no browser sends a trace context.
        keyed: false,
        traced: false,
        ..Request::new(SPEECH, Method::POST, PATH, &options)
    };
    let Response { body, .. } = client.send(request).await?;
    let context = body.context().clone();
    let answer = body.collect(client.limits().reply).await?;
    wire::audio(&answer).map_err(|why| {
        let why = format!("{why} (language {language:?}): {}", context.excerpt(&answer));
        context.error(ErrorKind::UnexpectedReply, why)
    })
}

impl fmt::Debug for GoogleTranslateSpeaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GoogleTranslateSpeaker")
            .field("language", &self.settings.language)
            .field("slow", &self.settings.slow)
            .finish_non_exhaustive()
    }
}
