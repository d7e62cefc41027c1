//! HTTP/2: ends of streams, and counted requests.

use turnwire::config::RetryPolicy;
use turnwire::speech::{OpenAiSpeaker, Speaker, SpeechRequest};
use turnwire::{ChatRequest, ChatService, ErrorKind, OpenAi, TurnRequest};
use turnwire_h2_fake::H2Fake;

fn hasty() -> RetryPolicy {
    RetryPolicy::new().initial_backoff(std::time::Duration::from_millis(5))
}

async fn client() -> (H2Fake, OpenAi) {
    let fake = H2Fake::start().await.unwrap();
    let llm = OpenAi::builder().base_url(fake.base_url()).no_proxy().retry(hasty());
    let llm = llm.root_certificate(fake.certificate_pem()).build().unwrap();
    (fake, llm)
}

/// A stream that is reset without an error has not ended (RFC 9113, section 8.1), for any announced length.
#[tokio::test]
async fn a_body_without_its_end_is_truncated() {
    let (fake, llm) = client().await;
    for model in ["cut", "short", "less"] {
        let error = llm.chat(ChatRequest::new(model).user("hi")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Truncated, "{model}: {error}");
        let speaker = OpenAiSpeaker::new(llm.clone()).model(model);
        let audio = speaker.speak(SpeechRequest::new("hi")).await.unwrap();
        let error = audio.collect().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Truncated, "{model}: {error}");
        // An event stream marks its own end.
        let stream = llm.chat_stream(ChatRequest::new(model).user("hi")).await.unwrap();
        assert!(!stream.finish().await.unwrap().text().is_empty());
    }
    let whole = llm.chat(ChatRequest::new("whole").user("hi")).await.unwrap();
    assert_eq!(whole.text(), "hi");
    let audio = OpenAiSpeaker::new(llm).speak(SpeechRequest::new("hi")).await.unwrap();
    assert_eq!(audio.collect().await.unwrap().len(), 1000);
    assert!(fake.requests().iter().all(|request| request.version == "HTTP/2.0"));
}

#[tokio::test]
async fn headers_may_be_as_long_as_those_of_http_1() {
    let (fake, llm) = client().await;
    let reply = llm.chat(ChatRequest::new("headers").user("hi")).await.unwrap();
    assert_eq!((reply.text(), fake.requests().len()), ("hi", 1));
}

#[tokio::test]
async fn a_refused_stream_is_tried_again_and_every_request_is_counted() {
    let (fake, llm) = client().await;
    let error = llm.chat(ChatRequest::new("refused").user("hi")).await.unwrap_err();
    assert_eq!((error.code(), error.attempts()), ("connection", 3), "{error}");
    assert!(error.is_retryable());
    assert_eq!(fake.requests().len(), 3);

    // A request that is not repeatable may be retried after a refusal, as nothing was processed.
    let service = ChatService::builder(format!("{}/refused", fake.url()))
        .no_proxy()
        .root_certificate(fake.certificate_pem())
        .retry(hasty())
        .build()
        .unwrap();
    let error = service.stream(TurnRequest::new("hi").workspace("w")).await.unwrap_err();
    assert_eq!((error.code(), error.attempts()), ("connection", 3), "{error}");
    assert_eq!(fake.requests().len(), 6);
}
