//! A request with fields that the service would ignore is refused before anything is sent.

use turnwire::credentials::TokenRequest;
use turnwire::{Message, TurnRequest};

use super::{ask, service, settings};

#[tokio::test]
async fn what_a_service_does_not_hear_of_is_refused_and_nothing_is_sent() {
    let (fake, service) = service().await;
    let unheard = [
        (TurnRequest::new(" \n"), "the message is empty"),
        (TurnRequest::new("a").workspace(" "), "workspace's id is empty"),
        (ask("a").history([Message::user("b")]), "history"),
        (ask("a").history([]), "history"),
        (ask("a").user_id("user-1"), "token provider"),
        (ask("a").user_id(""), "user's id is empty"),
        (ask("a").workspace_of("0b1e55ed-0000-4000-8000-0000000000aa"), "only workspaces"),
    ];
    for (request, why) in unheard {
        let streamed = service.stream(request.clone()).await.unwrap_err();
        let whole = service.send(request).await.unwrap_err();
        for error in [streamed, whole] {
            assert_eq!(error.code(), "invalid_request", "{error}");
            assert!(error.message().contains(why), "{error}");
        }
    }
    let error = service.stream(ask("a").speech(true)).await.unwrap_err();
    assert_eq!(error.code(), "invalid_request");
    assert!(error.message().contains("`ChatService::send`"), "{error}");
    assert_eq!(fake.fake().requests().len(), 0);
}

#[tokio::test]
async fn a_user_is_somebody_to_a_token_provider() {
    let (fake, _) = service().await;
    let provider = |asked: TokenRequest| async move {
        assert_eq!(asked.user.as_deref(), Some("user-1"));
        Ok(None)
    };
    let service = settings(&fake).token_provider(provider).build().unwrap();
    service.send(ask("a").user_id("user-1")).await.unwrap();
}
