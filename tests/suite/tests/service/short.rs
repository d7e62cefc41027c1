//! A body that ends too early is `truncated`, also for formats without an end marker: bare text and speech.

use turnwire::ChatService;
use turnwire::service::{ServicePaths, Wire};
use turnwire_fakes::{Framing, Script};
use turnwire_h2_fake::H2Fake;

use super::{ask, read, service, settings};

/// A response that announces more bytes than it sends.
fn short(kind: &str, body: &str) -> Script {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: 1000\r\n\r\n");
    Script::new().framing(Framing::Raw).send(head).send(body)
}

#[tokio::test]
async fn a_body_shorter_than_it_promised_is_truncated() {
    let (fake, service) = service().await;
    fake.fake().script("stream", short("text/plain", "안녕"));
    fake.fake().script("chat", short("application/json", "{\"reply\": \"안녕\"}"));
    fake.fake().script("tts", short("application/json", "{\"audioBase64\": \"//MA\"}"));
    let text = settings(&fake).wire(Wire::Text).build().unwrap();
    let mut turn = text.stream(ask("안녕")).await.unwrap();
    let error = read(&mut turn).await.error.unwrap();
    assert_eq!((error.code(), error.partial()), ("truncated", Some("안녕")));
    assert_eq!(service.send(ask("안녕")).await.unwrap_err().code(), "truncated");
    assert_eq!(service.speak("안녕").await.unwrap_err().code(), "truncated");
}

#[tokio::test]
async fn a_stream_of_http_2_that_is_reset_without_an_error_is_truncated() {
    let fake = H2Fake::start().await.unwrap();
    // Calls with whole replies.
    let call = "/v1/chat/completions".to_owned();
    let paths = ServicePaths::new().chat(call.clone()).stream(call);
    let url = fake.base_url().trim_end_matches("/v1").to_owned();
    let settings = ChatService::builder(url).no_proxy().paths(paths).wire(Wire::Text);
    let service = settings.root_certificate(fake.certificate_pem()).build().unwrap();
    for message in ["cut", "short"] {
        let mut turn = service.stream(ask(message)).await.unwrap();
        let error = read(&mut turn).await.error.unwrap();
        assert_eq!(error.code(), "truncated", "{message}: {error}");
        assert!(error.partial().is_some(), "{message}");
        let error = service.send(ask(message)).await.unwrap_err();
        assert_eq!(error.code(), "truncated", "{message}: {error}");
    }
    let mut turn = service.stream(ask("whole")).await.unwrap();
    assert!(read(&mut turn).await.error.is_none());
    assert!(fake.requests().iter().all(|request| request.version == "HTTP/2.0"));
}
