//! Tokens: their sources and renewal, and that they never show.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;
use turnwire::config::CallOptions;
use turnwire::conversation::WorkspaceStatus;
use turnwire::credentials::{TokenRequest, Tokens};
use turnwire::{CancellationToken, ChatStore};
use turnwire_fakes::{FakeStore, Login, Script};

use super::{SENT_AT, USER, WORKSPACE, calls, message, settings, signed_in, store};

const HALF_HOUR: Duration = Duration::from_secs(31 * 60);
const DAY: Duration = Duration::from_secs(25 * 60 * 60);

fn tokens(login: &Login) -> Tokens {
    Tokens::new(login.access.as_str(), login.refresh.as_str())
}

#[tokio::test]
async fn a_stale_access_token_is_reissued_once_and_the_call_repeated() {
    let (fake, store) = store().await;
    fake.advance(HALF_HOUR);
    store.save(&message("안녕", SENT_AT)).await.unwrap();
    store.history(WORKSPACE).await.unwrap();
    assert_eq!(calls(&fake, "POST /reissue"), 1);
    assert_eq!(calls(&fake, "POST /api/chat/save"), 2);
    assert_eq!(calls(&fake, "GET /api/chat/history/workspace-of-the-test"), 1);
    assert_eq!(store.stats().reissued, 1);
    let sent = fake.fake().requests();
    let reissue = sent.iter().find(|request| request.path == "/reissue").unwrap();
    assert_eq!(reissue.header("extendlogin"), Some("false"));
    assert_eq!(reissue.header("authorization"), sent[0].header("authorization"));

    // The renewed one expires as well.
    fake.advance(HALF_HOUR);
    store.history(WORKSPACE).await.unwrap();
    assert_eq!(calls(&fake, "POST /reissue"), 2);
}

#[tokio::test]
async fn a_hundred_calls_that_find_the_token_stale_reissue_it_once() {
    let (fake, store) = store().await;
    fake.advance(HALF_HOUR);
    fake.fake().script("reissue", Script::pass().wait_ms_before_headers(30));
    let calls_at_once = (0..100).map(|n| {
        let store = store.clone();
        async move { store.save(&message(&format!("text {n}"), SENT_AT)).await }
    });
    for saved in futures::future::join_all(calls_at_once).await {
        saved.unwrap();
    }
    assert_eq!(calls(&fake, "POST /reissue"), 1);
    assert_eq!(fake.stored().messages.len(), 100);
}

#[tokio::test]
async fn a_call_that_is_cancelled_does_not_take_the_renewal_along() {
    let (fake, store) = store().await;
    fake.advance(HALF_HOUR);
    fake.fake().script("reissue", Script::pass().wait_ms_before_headers(200));
    let token = CancellationToken::new();
    let cancelled = store.with(CallOptions::new().cancellation(token.clone()));
    let first = tokio::spawn(async move { cancelled.history(WORKSPACE).await });
    fake.fake().wait_for(|log| log.requests.iter().any(|r| r.path == "/reissue")).await;
    let second = tokio::spawn(async move { store.history(WORKSPACE).await });
    let is_second = |path: &str| path.starts_with("/api/chat/history");
    fake.fake()
        .wait_for(|log| {
            let refused = |r: &&turnwire_fakes::Record| is_second(&r.path) && r.outcome.is_some();
            log.requests.iter().filter(refused).count() == 2
        })
        .await;
    token.cancel();
    assert_eq!(first.await.unwrap().unwrap_err().code(), "cancelled");
    assert_eq!(second.await.unwrap().unwrap(), []);
}

#[tokio::test]
async fn the_error_says_which_token_is_stale() {
    let fake = FakeStore::start().await.unwrap();
    fake.add_workspace(WORKSPACE, USER);
    let (zero, hour) = (Duration::ZERO, Duration::from_secs(3600));
    let stale = [
        (hour, zero, "the refresh token has expired"),
        (zero, zero, "the access token and the refresh token have expired"),
    ];
    for (access, refresh, expected) in stale {
        let store = signed_in(&fake, &fake.login_for(USER, access, refresh));
        let error = store.history(WORKSPACE).await.unwrap_err();
        assert_eq!((error.code(), error.status()), ("authentication", Some(401)));
        assert!(error.message().starts_with(expected), "{error}");
        assert!(!error.is_retryable());
    }
    assert_eq!(calls(&fake, "POST /reissue"), 0, "the store would renew neither");
    let refuse = FakeStore::refusal(401, "no longer").header("Token-Expired", "AccessToken");
    fake.fake().script("reissue", refuse);
    let store = signed_in(&fake, &fake.login_for(USER, zero, hour));
    let error = store.history(WORKSPACE).await.unwrap_err();
    assert!(error.message().starts_with("the access token has expired"), "{error}");
    assert_eq!(calls(&fake, "POST /reissue"), 1);
}

#[tokio::test]
async fn a_login_is_extended_only_when_asked_for() {
    let fake = FakeStore::start().await.unwrap();
    fake.add_workspace(WORKSPACE, USER);
    let login = fake.login_for(USER, Duration::from_secs(3600), Duration::ZERO);
    let store = settings(&fake)
        .extend_login(true)
        .tokens(login.access.as_str(), login.refresh.as_str())
        .build()
        .unwrap();
    store.history(WORKSPACE).await.unwrap();
    let requests = fake.fake().requests();
    assert_eq!(requests[1].header("extendlogin"), Some("true"));
    assert_eq!(requests[2].header("authorization"), requests[0].header("authorization"));
    assert_ne!(requests[2].header("refreshtoken"), requests[0].header("refreshtoken"));
}

#[tokio::test]
async fn without_tokens_nothing_is_sent() {
    let fake = FakeStore::start().await.unwrap();
    let store = settings(&fake).build().unwrap();
    let error = store.history(WORKSPACE).await.unwrap_err();
    assert_eq!(error.code(), "authentication");
    assert!(error.to_string().contains("token provider"), "{error}");
    assert!(fake.fake().requests().is_empty());
    let store = store.with_tokens(tokens(&fake.login(USER)));
    assert_eq!(store.history(WORKSPACE).await.unwrap(), []);
}

#[tokio::test]
async fn a_provider_is_asked_by_user_and_told_what_was_refused() {
    let fake = FakeStore::start().await.unwrap();
    fake.add_workspace(WORKSPACE, USER);
    let [stale, fresh] = [fake.login_for(USER, Duration::ZERO, Duration::ZERO), fake.login(USER)]
        .map(|l| tokens(&l));
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let provider = move |request: TokenRequest| {
        assert_eq!(request.user.as_deref(), Some(USER));
        let calls = count.fetch_add(1, Ordering::SeqCst);
        assert_eq!(request.refused.is_some(), calls == 1);
        std::future::ready(Ok(Some(if calls == 0 { stale.clone() } else { fresh.clone() })))
    };
    let store = settings(&fake).token_provider(provider).build().unwrap();
    assert_eq!(store.for_user(USER).history(WORKSPACE).await.unwrap(), []);
    assert_eq!(asked.load(Ordering::SeqCst), 2);
    // A call with a user of its own needs no `for_user`.
    assert!(store.workspaces(USER, WorkspaceStatus::Active).await.is_ok());
}

#[tokio::test]
async fn what_cannot_be_reissued_comes_from_the_provider() {
    let fake = Arc::new(FakeStore::start().await.unwrap());
    fake.add_workspace(WORKSPACE, USER);
    let old = fake.login(USER);
    fake.advance(DAY);
    let provider = {
        let fake = fake.clone();
        move |request: TokenRequest| {
            let fake = fake.clone();
            async move { Ok(request.refused.map(|_| tokens(&fake.login(USER)))) }
        }
    };
    let store = settings(&fake).token_provider(provider).build().unwrap();
    let store = store.with_tokens(tokens(&old));
    for _ in 0..2 {
        assert_eq!(store.history(WORKSPACE).await.unwrap(), []);
    }
    assert_eq!(fake.fake().requests().len(), 3, "the second call knows the fresh tokens");
}

#[tokio::test]
async fn a_provider_that_gives_the_same_again_ends_the_call() {
    let fake = FakeStore::start().await.unwrap();
    let old = tokens(&fake.login(USER));
    fake.advance(DAY);
    let provider = {
        let old = old.clone();
        move |_: TokenRequest| std::future::ready(Ok(Some(old.clone())))
    };
    let store = settings(&fake).token_provider(provider).build().unwrap();
    let error = store.history(WORKSPACE).await.unwrap_err();
    assert_eq!(error.code(), "authentication");
    assert_eq!(fake.fake().requests().len(), 1);
}

#[tokio::test]
async fn an_access_token_alone_does_not_lead_to_anybodys_fresh_ones() {
    let (fake, store) = store().await;
    let stale = fake.login_for(USER, Duration::ZERO, DAY);
    store.with_tokens(tokens(&stale)).history(WORKSPACE).await.unwrap();
    let forged = Tokens::new(stale.access.as_str(), "of-somebody-else");
    let error = store.with_tokens(forged).history(WORKSPACE).await.unwrap_err();
    assert_eq!(error.code(), "authentication", "{error}");
}

#[tokio::test]
async fn a_reissue_that_fails_in_passing_is_tried_again_by_the_next_call() {
    let (fake, store) = store().await;
    fake.advance(HALF_HOUR);
    for script in [FakeStore::refusal(503, "starting"), Script::pass()] {
        fake.fake().script("reissue", script);
    }
    let once = store.with(CallOptions::new().max_retries(0));
    let error = once.history(WORKSPACE).await.unwrap_err();
    assert_eq!((error.code(), error.operation()), ("server", "store.reissue"));
    assert_eq!(once.history(WORKSPACE).await.unwrap(), []);
}

#[tokio::test]
async fn tokens_show_nowhere() {
    let fake = FakeStore::start().await.unwrap();
    let login = fake.login(USER);
    let store = signed_in(&fake, &login);
    let mut shown = format!("{store:?} {:?}", store.with_tokens(tokens(&login)));
    let echo = format!("wrong: Bearer {} and {}", login.access, login.refresh);
    let answer = json!({"success": true, "message": echo, "data": echo});
    for script in [
        FakeStore::refusal(401, &echo),
        FakeStore::refusal(400, &echo),
        Script::body(json!({"success": false, "message": echo})),
        Script::body(answer),
        Script::new().send(&echo),
    ] {
        fake.fake().reset();
        fake.fake().script("history", script);
        let error = store.history(WORKSPACE).await.unwrap_err();
        shown += &format!("{error} {error:?} {:?} {:?}", error.body(), error.api());
    }
    for token in [&login.access, &login.refresh] {
        assert!(!shown.contains(token.as_str()), "{token} shows in {shown}");
    }
}

#[tokio::test]
async fn a_client_made_outside_of_a_call_has_the_newest_tokens() {
    let (fake, _) = store().await;
    let stale = tokens(&fake.login_for(USER, Duration::ZERO, DAY));
    let store: ChatStore = settings(&fake).build().unwrap();
    let fresh = store.reissue(&stale).await.unwrap();
    assert_eq!(store.with_tokens(fresh).history(WORKSPACE).await.unwrap(), []);
    assert_eq!(calls(&fake, "POST /reissue"), 1);
}
