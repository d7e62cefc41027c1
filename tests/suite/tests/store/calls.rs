//! Every call: its request, and the result of its response.

use serde_json::json;
use turnwire::ChatStore;
use turnwire::conversation::{StoreMessage, WorkspaceStatus};
use turnwire::store::{SessionStatus, StorePaths};
use turnwire_fakes::{FakeStore, Script};

use super::{SENT_AT, USER, WORKSPACE, calls, message, settings, store};

#[tokio::test]
async fn a_conversation_is_created_saved_counted_and_read_back() {
    let (fake, store) = store().await;
    let workspace = store.create_workspace(USER, "첫 대화 & more").await.unwrap();
    assert_eq!(workspace.name, "첫 대화 & more");
    assert_eq!(workspace.status, Some(WorkspaceStatus::Active));
    assert_eq!(workspace.user_id.as_deref(), Some(USER));
    assert!(workspace.created_at.unwrap() > SENT_AT && workspace.deleted_at.is_none());
    assert!(store.active_session(&workspace.id).await.unwrap().is_none());
    store.start_session(&workspace.id, USER).await.unwrap();

    let asked = StoreMessage::from_user(&workspace.id, USER, "안녕\n\"하세요\" 😀", SENT_AT);
    let reply = StoreMessage::reply_to(&asked, "반갑습니다", SENT_AT);
    for message in [&reply, &asked] {
        store.save(message).await.unwrap();
        store.count_message(&workspace.id).await.unwrap();
    }
    assert_eq!(store.history(&workspace.id).await.unwrap(), [asked.clone(), reply]);
    assert_eq!(fake.stored().message(&asked.id).unwrap(), &json!(asked));
    let session = store.active_session(&workspace.id).await.unwrap().unwrap();
    assert_eq!(session.field("sessionMessageCount"), Some(2));

    store.set_session_status(&workspace.id, SessionStatus::Completed).await.unwrap();
    assert!(store.active_session(&workspace.id).await.unwrap().is_none());
    let stats = store.stats();
    assert_eq!((stats.saved, stats.counted, stats.uncounted, stats.reissued), (2, 2, 0, 0));
    for request in fake.fake().requests() {
        for header in ["authorization", "refreshtoken"] {
            let value = request.header(header).unwrap();
            assert!(value.starts_with("Bearer ey"), "{} {header}", request.path);
        }
    }
}

#[tokio::test]
async fn a_workspace_is_read_from_stores_that_number_theirs_and_tell_nothing_else() {
    let (fake, store) = store().await;
    for id in [json!(42), json!("w")] {
        let data = json!({"workspaceId": id, "workspaceName": null, "workspaceStatus": null});
        fake.fake().script("create-workspace", Script::body(json!({"data": data})));
    }
    for read in ["42", "w"] {
        let made = store.create_workspace(USER, "a").await.unwrap();
        assert_eq!((made.id.as_str(), made.name.as_str()), (read, ""));
    }
}

#[tokio::test]
async fn the_calls_are_on_the_wire_as_the_store_reads_them() {
    let (fake, store) = store().await;
    store.start_session(WORKSPACE, USER).await.unwrap();
    store.create_workspace("u 1", "a&b=c 안").await.unwrap();
    store.count_message(WORKSPACE).await.unwrap();
    store.workspaces("u/1", WorkspaceStatus::Archived).await.unwrap();
    let sent: Vec<_> = fake
        .fake()
        .requests()
        .iter()
        .map(|r| format!("{} {}?{}", r.method, r.path, r.query.clone().unwrap_or_default()))
        .collect();
    assert_eq!(
        sent,
        [
            format!("POST /api/session/start?workspaceId={WORKSPACE}&memUUID={USER}"),
            "POST /api/workspace/create?memUuid=u+1&workspaceName=a%26b%3Dc+%EC%95%88".to_owned(),
            format!("PATCH /api/session/update-messages?workspaceId={WORKSPACE}"),
            "GET /api/workspace/u%2F1/status?workspaceStatus=ARCHIVED&offset=0&size=50".to_owned(),
        ]
    );
    assert!(fake.fake().requests().iter().all(|request| request.body.is_empty()));
}

#[tokio::test]
async fn a_history_is_sorted_by_time_and_a_reply_is_before_the_next_question_of_its_moment() {
    let (fake, store) = store().await;
    assert_eq!(store.history(WORKSPACE).await.unwrap(), [], "204 is no message at all");
    let at = |n: i64| SENT_AT + (n * 7) % 5 * 1000;
    for n in 0..20 {
        store.save(&message(&format!("text {n}"), at(n))).await.unwrap();
    }
    let found = store.history(WORKSPACE).await.unwrap();
    assert_eq!(found.len(), 20);
    assert!(found.is_sorted_by_key(|message| message.sent_at));

    let row = |id: &str, at: serde_json::Value| {
        let mut row = json!(message(id, 0));
        row["msgId"] = id.into();
        row["msgSentAt"] = at;
        row
    };
    let reply = |id: &str, asked: &str| {
        let mut row = row(id, json!(SENT_AT));
        row["msgSenderRole"] = "AI".into();
        row["parentMsgId"] = asked.into();
        row
    };
    let rows = json!([
        row("late", json!("2025-12-02T07:20:01Z")),
        row("b", json!(SENT_AT)),
        row("a", json!("2025-12-02T07:20:00")),
        reply("to a", "a"),
        reply("to early", "early"),
        row("early", json!(SENT_AT - 1)),
    ]);
    let answer = json!({"success": true, "message": "", "data": rows});
    fake.fake().script("history", Script::body(answer));
    let ids: Vec<_> =
        store.history(WORKSPACE).await.unwrap().into_iter().map(|message| message.id).collect();
    // Of one moment, the reply to an earlier message is first: a question beside it is the next one.
    assert_eq!(ids, ["early", "to early", "b", "a", "to a", "late"]);
}

#[tokio::test]
async fn an_older_store_is_spoken_to_in_its_own_calls() {
    let fake = FakeStore::builder().older(true).start().await.unwrap();
    fake.add_workspace(WORKSPACE, USER);
    let login = fake.login(USER);
    let settings = settings(&fake).older_store(true);
    let store = settings.tokens(login.access.as_str(), login.refresh.as_str()).build().unwrap();
    let found = store.workspaces(USER, WorkspaceStatus::Active).await.unwrap();
    assert_eq!(found.first().map(|workspace| workspace.id.as_str()), Some(WORKSPACE));
    assert!(store.workspaces(USER, WorkspaceStatus::Deleted).await.unwrap().is_empty());

    fake.advance(std::time::Duration::from_secs(31 * 60));
    store.save(&message("안녕", SENT_AT)).await.unwrap();
    assert_eq!(calls(&fake, "POST /api/members/refresh-token"), 1);
}

#[tokio::test]
async fn paths_are_settings_and_the_url_may_have_one() {
    let fake = FakeStore::start().await.unwrap();
    let paths = StorePaths::new().save("v2/save").history("/v2/{}/messages");
    let store = ChatStore::builder(format!("{}/gateway/", fake.url()))
        .no_proxy()
        .tokens("a-token-of-the-test", "another-of-the-test")
        .paths(paths)
        .build()
        .unwrap();
    let ok = || Script::body(json!({"success": true, "message": "", "data": null}));
    fake.fake().script("/gateway/v2/save", ok().status(201));
    fake.fake().script("/gateway/v2/a%2Fb/messages", ok());
    store.save(&message("안녕", SENT_AT)).await.unwrap();
    assert_eq!(store.history("a/b").await.unwrap(), []);
}
