//! The embedded offline service, tested through its client: it answers like a real one.

#![allow(clippy::unwrap_used, reason = "clippy only knows the functions marked as tests")]

use std::time::Duration;

use futures::StreamExt;
use turnwire::chat::FinishReason;
use turnwire::{ChatRequest, ErrorKind, OpenAi};
use turnwire_examples::offline::Llm;

async fn service() -> (Llm, OpenAi) {
    let service = Llm::start().await.unwrap();
    let llm = OpenAi::builder().base_url(service.base_url()).no_proxy().build().unwrap();
    (service, llm)
}

#[tokio::test]
async fn a_stream_begins_with_the_role_and_ends_with_the_usage() {
    let (_service, llm) = service().await;
    let request = ChatRequest::new("gpt-4o-mini").user("안녕하세요").include_usage();
    let mut stream = llm.chat_stream(request).await.unwrap();
    assert!(stream.request_id().is_some_and(|id| id.starts_with("req_")));
    assert_eq!(stream.headers()["content-type"], "text/event-stream; charset=utf-8");

    let mut chunks = Vec::new();
    while let Some(chunk) = stream.next().await {
        chunks.push(chunk.unwrap());
    }
    assert!(stream.first_token().unwrap() > Duration::from_millis(200));
    let (first, last) = (&chunks[0], &chunks[chunks.len() - 1]);
    assert_eq!((first.choices()[0].delta.content.as_deref(), first.text()), (Some(""), ""));
    assert!(first.choices()[0].delta.role.is_some());
    assert!(chunks.iter().all(|chunk| chunk.id() == first.id() && chunk.created() > 1_700_000_000));
    assert!(first.id().starts_with("chatcmpl-") && first.system_fingerprint().is_some());
    assert!(last.choices().is_empty());

    let reply = stream.into_reply().unwrap();
    assert_eq!(
        (reply.model.as_str(), &reply.finish_reason),
        ("gpt-4o-mini", &Some(FinishReason::Stop))
    );
    assert!(
        reply.text().starts_with("안녕하세요!") && reply.text().ends_with("오프라인 서비스예요.")
    );
    // The role, the finish reason and the usage are separate chunks.
    let usage = reply.usage.unwrap();
    assert_eq!(usage.completion_tokens as usize, chunks.len() - 3);
    assert_eq!(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens);
}

#[tokio::test]
async fn a_reply_can_be_asked_for_whole() {
    let (_service, llm) = service().await;
    let reply = llm.chat(ChatRequest::new("m").user("Hello")).await.unwrap();
    assert!(reply.text().contains("not a model"), "{}", reply.text());
    assert_eq!((reply.model.as_str(), &reply.finish_reason), ("m", &Some(FinishReason::Stop)));
    assert!(reply.usage.is_some() && reply.request_id().is_some());
}

#[tokio::test]
async fn what_it_cannot_answer_it_refuses_as_a_real_one_does() {
    let (_service, llm) = service().await;
    let error = llm.chat(ChatRequest::new("m")).await.unwrap_err();
    let api = error.api().unwrap();
    assert_eq!((error.kind(), error.status()), (ErrorKind::BadRequest, Some(400)));
    assert_eq!(api.kind.as_deref(), Some("invalid_request_error"));
    assert_eq!(
        (api.param.as_deref(), api.code.as_deref()),
        (Some("messages"), Some("empty_array"))
    );
    assert!(error.request_id().is_some());
}
