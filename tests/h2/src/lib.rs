//! A fake that serves HTTP/2 (and HTTP/1.1) over TLS, for tests of the effects of streams that share a
//! connection on each other. It has no scripts; the model, or a turn's message, selects its behaviour:
//!
//! | model | |
//! | --- | --- |
//! | `big` | streams 64 MiB |
//! | `cut` | sends the whole reply, and then resets the stream with `NO_ERROR` in place of its end |
//! | `short` | the same, after announcing a longer body in `content-length` |
//! | `less` | sends the whole reply and its end, after announcing a longer body |
//! | `headers` | sends 100 KiB of headers before the reply |
//! | `refused` | refuses the stream: `REFUSED_STREAM`, which means that nothing was processed; so does any path below `/refused` |
//! | any other | streams a short reply |

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "test support: a wrong script or a wait that never ends must stop the test, loudly"
)]

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use h2::Reason;
use http::{Method, Request, Response, StatusCode, header};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Either, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Sleep, sleep};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use turnwire_fakes::openai::{self, Reply};

/// The minimum length of the body of model `big`.
pub const BIG_BODY_BYTES: u64 = 64 << 20;

/// The time between the last byte and the reset of the stream.
const BEFORE_RESET: Duration = Duration::from_millis(50);

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A running HTTP/2 fake. Dropping it closes the port and every connection.
#[derive(Debug)]
pub struct H2Fake {
    address: SocketAddr,
    certificate_pem: String,
    seen: Arc<Mutex<Seen>>,
    server: AbortHandle,
}

/// A request to the HTTP/2 fake.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct H2Request {
    /// The number of its connection, from 1 in the order of acceptance.
    pub connection: u64,
    /// `HTTP/2.0` or `HTTP/1.1`.
    pub version: String,
    /// The path.
    pub path: String,
    /// The `model` of a JSON body, or its `message`.
    pub model: Option<String>,
}

#[derive(Debug, Default)]
struct Seen {
    connections: u64,
    requests: Vec<H2Request>,
}

impl H2Fake {
    /// Starts a fake on the current Tokio runtime, with a self-signed certificate for
    /// `127.0.0.1` and `localhost`.
    ///
    /// # Errors
    ///
    /// When the certificate cannot be created or the port cannot be opened.
    pub async fn start() -> io::Result<Self> {
        let (config, certificate_pem) = tls().map_err(io::Error::other)?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let seen = Arc::new(Mutex::default());
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let server = tokio::spawn(accept(listener, acceptor, Arc::clone(&seen))).abort_handle();
        Ok(Self { address, certificate_pem, seen, server })
    }

    /// `https://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// The base URL for a client: [`url`](Self::url) and `/v1`.
    pub fn base_url(&self) -> String {
        format!("{}/v1", self.url())
    }

    /// The certificate, which a client must trust as a root.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// The number of accepted connections.
    pub fn connections(&self) -> u64 {
        look(&self.seen, |seen| seen.connections)
    }

    /// The requests so far.
    pub fn requests(&self) -> Vec<H2Request> {
        look(&self.seen, |seen| seen.requests.clone())
    }
}

impl Drop for H2Fake {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn tls() -> Result<(ServerConfig, String), BoxError> {
    let names = ["127.0.0.1".to_owned(), "localhost".to_owned()];
    let own = rcgen::generate_simple_self_signed(names)?;
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(own.signing_key.serialize_der()));
    // An explicit provider: a test process may have two, and then there is no default.
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok((config, own.cert.pem()))
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, seen: Arc<Mutex<Seen>>) {
    let mut connections = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let _ = stream.set_nodelay(true);
                let number = look(&seen, |seen| {
                    seen.connections += 1;
                    seen.connections
                });
                connections.spawn(serve(stream, acceptor.clone(), number, Arc::clone(&seen)));
            }
            // Most likely out of file descriptors: closing connections will free some.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(stream: TcpStream, acceptor: TlsAcceptor, number: u64, seen: Arc<Mutex<Seen>>) {
    // Failures of a handshake or a connection are the client's concern.
    let Ok(stream) = acceptor.accept(stream).await else { return };
    let service = service_fn(move |request| respond(request, number, Arc::clone(&seen)));
    let _ = auto::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn respond(
    request: Request<Incoming>,
    connection: u64,
    seen: Arc<Mutex<Seen>>,
) -> Result<Response<Either<Full<Bytes>, Stream>>, BoxError> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let json: Value = serde_json::from_slice(&body).unwrap_or_default();
    let model = json.get("model").or_else(|| json.get("message"));
    let model = model.and_then(Value::as_str).map(str::to_owned);
    let path = head.uri.path().to_owned();
    let is_speech = path.ends_with("/audio/speech");
    let is_whole = json.get("stream").and_then(Value::as_bool) != Some(true);
    let known = head.method == Method::POST && (is_speech || path.ends_with("/chat/completions"));
    let number = look(&seen, |seen| {
        let version = format!("{:?}", head.version);
        seen.requests.push(H2Request { connection, version, path, model: model.clone() });
        seen.requests.len()
    });

    let fault = model.clone().unwrap_or_default();
    if fault == "refused" || head.uri.path().starts_with("/refused") {
        return Err(h2::Error::from(Reason::REFUSED_STREAM).into());
    }
    let (status, kind, body) = if known {
        let reply = Reply {
            id: format!("chatcmpl-{number}"),
            model: model.unwrap_or_else(|| "fake".to_owned()),
            include_usage: false,
        };
        let (kind, stream) = match (is_speech, is_whole) {
            (true, _) => ("audio/mpeg", Stream::once(vec![0xff; 1000])),
            (_, true) => ("application/json", Stream::once(WHOLE)),
            _ => ("text/event-stream; charset=utf-8", Stream::new(&reply, fault == "big")),
        };
        let is_cut = matches!(fault.as_str(), "cut" | "short");
        (StatusCode::OK, kind, Either::Right(stream.cut(is_cut)))
    } else {
        let error = openai::error(404, "Invalid URL", None, None).to_string();
        (StatusCode::NOT_FOUND, "application/json", Either::Left(Full::new(error.into())))
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    if fault == "headers" {
        let long = header::HeaderValue::try_from("a".repeat(100 * 1024))?;
        response.headers_mut().insert("x-long", long);
    }
    if matches!(fault.as_str(), "short" | "less") {
        response.headers_mut().insert(header::CONTENT_LENGTH, 10_000.into());
    }
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
    Ok(response)
}

/// A reply that is not streamed.
const WHOLE: &[u8] =
    br#"{"choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}]}"#;

/// A body that repeats one frame, then ends the stream.
struct Stream {
    frame: Bytes,
    frames_left: u64,
    end: Bytes,
    /// Set if a reset replaces the stream's end.
    reset: Option<Pin<Box<Sleep>>>,
}

impl Stream {
    fn new(reply: &Reply, big: bool) -> Self {
        let event = format!("data: {}\n\n", reply.text("안녕 "));
        let end = format!("data: {}\n\ndata: [DONE]\n\n", reply.finish("stop"));
        let frame = event.repeat(if big { 64 } else { 1 });
        let frames_left = if big { BIG_BODY_BYTES.div_ceil(frame.len() as u64) } else { 5 };
        Self { frame: frame.into(), frames_left, end: end.into(), reset: None }
    }

    fn once(body: impl Into<Vec<u8>>) -> Self {
        Self { frame: Bytes::new(), frames_left: 0, end: body.into().into(), reset: None }
    }

    fn cut(mut self, is_cut: bool) -> Self {
        self.reset = is_cut.then(|| Box::pin(sleep(BEFORE_RESET)));
        self
    }
}

impl Body for Stream {
    type Data = Bytes;
    type Error = h2::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, h2::Error>>> {
        let data = match self.frames_left {
            0 => std::mem::take(&mut self.end),
            _ => {
                self.frames_left -= 1;
                self.frame.clone()
            }
        };
        match &mut self.reset {
            Some(reset) if data.is_empty() => {
                reset.as_mut().poll(task).map(|()| Some(Err(Reason::NO_ERROR.into())))
            }
            _ => Poll::Ready((!data.is_empty()).then(|| Ok(Frame::data(data)))),
        }
    }
}

fn look<R>(seen: &Mutex<Seen>, look: impl FnOnce(&mut Seen) -> R) -> R {
    look(&mut seen.lock().unwrap_or_else(PoisonError::into_inner))
}
