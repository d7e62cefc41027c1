//! Tokens: the call's, the client's, the provider's; and the repetition with fresh ones.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use turnwire::credentials::{TokenProvider, TokenRequest, Tokens};
use turnwire::{ChatService, Error, ErrorKind};
use turnwire_fakes::FakeChat;

use super::{WORKSPACE, ask, settings};

/// A fake that refuses the client's first access token.
async fn refusing() -> FakeChat {
    let fake = FakeChat::start().await.unwrap();
    fake.add_workspace(WORKSPACE);
    fake.refuse("access-of-the-test");
    fake
}

fn sent(fake: &FakeChat) -> Vec<String> {
    let requests = fake.fake().requests();
    requests.iter().map(|r| r.header("authorization").unwrap_or("none").to_owned()).collect()
}

#[tokio::test]
async fn a_refused_token_is_refreshed_once_and_the_call_repeated() {
    let fake = refusing().await;
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let provider = move |request: TokenRequest| {
        assert!(request.refused.is_some() && request.user.as_deref() == Some("user-1"));
        let number = count.fetch_add(1, Ordering::SeqCst);
        std::future::ready(Ok(Some(Tokens::new(format!("fresh-access-{number}"), "fresh-refresh"))))
    };
    let service = settings(&fake).token_provider(provider).build().unwrap();
    let turn = service.stream(ask("안녕").user_id("user-1")).await.unwrap();
    assert_eq!(turn.finish().await.unwrap().reply, "안녕");
    service.send(ask("안녕")).await.unwrap();
    service.speak("안녕").await.unwrap();
    let (stale, fresh) = ("Bearer access-of-the-test", "Bearer fresh-access-0");
    assert_eq!(sent(&fake), [stale, fresh, fresh, fresh], "the client keeps the fresh ones");
    assert_eq!(fake.turns().len(), 2);

    fake.refuse("fresh-access-0");
    fake.refuse("fresh-access-1");
    let error = service.send(ask("안녕").user_id("user-1")).await.unwrap_err();
    assert_eq!((error.code(), error.message()), ("authentication", "The token has expired"));
    assert_eq!(asked.load(Ordering::SeqCst), 2, "once a call");
}

#[tokio::test]
async fn without_a_provider_the_refusal_is_the_error() {
    let fake = refusing().await;
    let service = settings(&fake).build().unwrap();
    let error = service.stream(ask("안녕")).await.unwrap_err();
    assert_eq!((error.code(), error.status()), ("authentication", Some(401)));
    assert_eq!(fake.fake().requests().len(), 1);
}

#[tokio::test]
async fn a_provider_with_nothing_new_ends_the_call() {
    let fake = refusing().await;
    let same =
        || std::future::ready(Ok(Some(Tokens::new("access-of-the-test", "refresh-of-the-test"))));
    let service = settings(&fake).token_provider(move |_: TokenRequest| same()).build().unwrap();
    assert_eq!(service.send(ask("안녕")).await.unwrap_err().code(), "authentication");
    let service = settings(&fake).token_provider(|_: TokenRequest| std::future::ready(Ok(None)));
    assert_eq!(service.build().unwrap().send(ask("안녕")).await.unwrap_err().status(), Some(401));
    assert_eq!(fake.fake().requests().len(), 2);
}

#[tokio::test]
async fn a_calls_own_tokens_win_and_stay_its_own() {
    let fake = refusing().await;
    fake.refuse("stale-of-another");
    let provider = |request: TokenRequest| {
        let user = request.user.unwrap_or_default();
        std::future::ready(Ok(Some(Tokens::new(format!("fresh-of-{user}"), "fresh-refresh"))))
    };
    let service = settings(&fake).token_provider(provider).build().unwrap();
    let own = ask("안녕").user_id("another");
    service.send(own.clone().tokens("good-of-another", "refresh-of-another")).await.unwrap();
    service.send(own.tokens("stale-of-another", "refresh-of-another")).await.unwrap();
    service.send(ask("안녕").user_id("me")).await.unwrap();
    let expected = [
        "Bearer good-of-another",
        "Bearer stale-of-another",
        "Bearer fresh-of-another",
        "Bearer access-of-the-test",
        "Bearer fresh-of-me",
    ];
    assert_eq!(sent(&fake), expected);
}

#[tokio::test]
async fn a_client_without_tokens_asks_its_provider_at_each_call() {
    let fake = refusing().await;
    let provider = |request: TokenRequest| {
        assert!(request.refused.is_none());
        let user = request.user.unwrap_or_default();
        std::future::ready(Ok(Some(Tokens::new(format!("access-of-{user}"), "some-refresh"))))
    };
    let service =
        ChatService::builder(fake.url()).no_proxy().token_provider(provider).build().unwrap();
    for user in ["a", "b"] {
        service.send(ask("안녕").user_id(user)).await.unwrap();
    }
    assert_eq!(sent(&fake), ["Bearer access-of-a", "Bearer access-of-b"]);
    let service = ChatService::builder(fake.url()).no_proxy().build().unwrap();
    let error = service.send(ask("안녕")).await.unwrap_err();
    assert_eq!(error.message(), "The tokens are missing", "the service decides");
}

#[tokio::test]
async fn an_error_of_the_provider_is_the_calls_error() {
    let fake = refusing().await;
    let provider: Arc<dyn TokenProvider> = Arc::new(|_: TokenRequest| async {
        Err(Error::new(ErrorKind::Connect, "sessions", "the session store is down"))
    });
    let service = settings(&fake).token_provider(provider).build().unwrap();
    let error = service.send(ask("안녕")).await.unwrap_err();
    assert_eq!((error.operation(), error.message()), ("sessions", "the session store is down"));
    assert_eq!(sent(&fake).len(), 1, "only the call that was refused");
}
