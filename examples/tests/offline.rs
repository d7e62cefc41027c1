//! The embedded offline services, tested through their clients: they answer like real ones.

#![allow(clippy::unwrap_used, reason = "clippy only knows the functions marked as tests")]

use std::time::Duration;

use futures::StreamExt;
use turnwire::chat::FinishReason;
use turnwire::config::RetryPolicy;
use turnwire::conversation::StoreMessage;
use turnwire::conversation::WorkspaceStatus;
use turnwire::credentials::Tokens;
use turnwire::{ChatRequest, ChatStore, ErrorKind, OpenAi};
use turnwire_examples::offline::{Llm, Store};

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

async fn store() -> (Store, ChatStore) {
    let service = Store::start().await.unwrap();
    let login = service.login();
    let store = ChatStore::builder(service.url())
        .tokens(login.access.as_str(), login.refresh.as_str())
        .no_proxy()
        .retry(RetryPolicy::never())
        .build()
        .unwrap();
    (service, store)
}

#[tokio::test]
async fn the_store_keeps_what_it_is_told_as_a_real_one_does() {
    let (service, store) = store().await;
    let user = service.user_id();
    let workspace = store.create_workspace(user, "오늘의 기분").await.unwrap();
    assert!(store.active_session(&workspace.id).await.unwrap().is_none());
    store.start_session(&workspace.id, user).await.unwrap();
    assert!(store.history(&workspace.id).await.unwrap().is_empty());

    let asked = StoreMessage::from_user(&workspace.id, user, "안녕하세요", 1_764_660_000_000);
    let reply = StoreMessage::reply_to(&asked, "반가워요", 1_764_660_000_000);
    for message in [&asked, &reply, &asked] {
        store.save(message).await.unwrap();
        store.count_message(&workspace.id).await.unwrap();
    }
    assert_eq!(store.history(&workspace.id).await.unwrap(), [asked, reply]);
    let session = store.active_session(&workspace.id).await.unwrap().unwrap();
    assert_eq!(session.field("sessionMessageCount"), Some(3));

    let active = store.workspaces(user, WorkspaceStatus::Active).await.unwrap();
    assert_eq!((active.len(), active[0].name.as_str()), (1, "오늘의 기분"));
    assert!(store.workspaces(user, WorkspaceStatus::Archived).await.unwrap().is_empty());
    assert!(store.workspaces("another", WorkspaceStatus::Active).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_the_store_does_not_take_it_refuses_with_a_reason() {
    let (service, store) = store().await;
    let user = service.user_id();
    let workspace = store.create_workspace(user, "w").await.unwrap().id;
    let message = |workspace: &str, text: &str| StoreMessage::from_user(workspace, user, text, 1);
    for (message, status, why) in [
        (message("nowhere", "a"), 500, "no workspace nowhere"),
        (message(&workspace, &"가".repeat(2001)), 500, "too long"),
        (message(&workspace, " "), 400, "msgContent"),
    ] {
        let error = store.save(&message).await.unwrap_err();
        assert_eq!(error.status(), Some(status));
        assert!(error.message().contains(why), "{error}");
    }
    let error = store.count_message(&workspace).await.unwrap_err();
    assert!(error.message().contains("no active session"), "{error}");

    let stranger = store.with_tokens(Tokens::new(service.login().access.as_str(), "of another"));
    let error = stranger.history(&workspace).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authentication);
}
