//! The embedded store: what it offers beyond the trait.

mod model;
mod processes;
mod users;

use tempfile::TempDir;
use turnwire::SqliteStore;
use turnwire::conversation::StoreMessage;

use super::{SENT_AT, USER};

/// A store in a directory of its own.
fn store() -> (TempDir, SqliteStore) {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(directory.path().join("chat.db")).unwrap();
    (directory, store)
}

fn message(workspace: &str, text: &str, sent_at: i64) -> StoreMessage {
    StoreMessage::from_user(workspace, USER, text, sent_at)
}

fn texts(messages: &[StoreMessage]) -> Vec<&str> {
    messages.iter().map(|message| message.content.as_str()).collect()
}

#[tokio::test]
async fn what_is_saved_is_there_after_the_file_is_opened_again() {
    let (directory, store) = store();
    let workspace = store.create_workspace(USER, "첫 대화").await.unwrap();
    let asked = message(&workspace.id, "안녕", SENT_AT);
    store.save(USER, &asked).await.unwrap();
    let touched = store.workspaces(USER).await.unwrap();
    drop(store);
    let store = SqliteStore::open(directory.path().join("chat.db")).unwrap();
    assert_eq!(store.workspaces(USER).await.unwrap(), touched);
    assert_eq!(store.history(USER, &workspace.id).await.unwrap(), [asked]);
}

#[tokio::test]
async fn workspaces_are_listed_by_their_last_use() {
    let (_directory, store) = store();
    let mut ids = Vec::new();
    for name in ["a", "b", "c"] {
        ids.push(store.create_workspace(USER, name).await.unwrap().id);
    }
    let names = async || {
        let all = store.workspaces(USER).await.unwrap();
        all.into_iter().map(|workspace| workspace.name).collect::<Vec<_>>()
    };
    assert_eq!(names().await, ["c", "b", "a"]);
    store.save(USER, &message(&ids[0], "text", SENT_AT)).await.unwrap();
    assert_eq!(names().await, ["a", "c", "b"]);
    let renamed = store.rename_workspace(USER, &ids[1], "새 이름").await.unwrap();
    assert_eq!((renamed.id.as_str(), renamed.name.as_str()), (ids[1].as_str(), "새 이름"));
    assert_eq!(names().await, ["새 이름", "a", "c"]);
    for name in ["", " \n", &"가".repeat(101)] {
        let error = store.rename_workspace(USER, &ids[1], name).await.unwrap_err();
        assert_eq!(error.code(), "invalid_request");
    }
}

#[tokio::test]
async fn a_history_is_read_page_by_page_from_its_end() {
    let (_directory, store) = store();
    let id = store.create_workspace(USER, "a").await.unwrap().id;
    // Three messages of each moment: their first saves order them.
    for n in 0..10 {
        store.save(USER, &message(&id, &n.to_string(), SENT_AT + n / 3)).await.unwrap();
    }
    let mut page = store.history_page(USER, &id, None, 4).await.unwrap();
    assert_eq!(texts(&page.messages), ["6", "7", "8", "9"]);
    // A later message moves no page.
    store.save(USER, &message(&id, "10", SENT_AT + 10)).await.unwrap();
    page = store.history_page(USER, &id, page.before.as_deref(), 4).await.unwrap();
    assert_eq!(texts(&page.messages), ["2", "3", "4", "5"]);
    page = store.history_page(USER, &id, page.before.as_deref(), 4).await.unwrap();
    assert_eq!((texts(&page.messages), page.before), (vec!["0", "1"], None));

    let exact = store.history_page(USER, &id, None, 11).await.unwrap();
    assert_eq!((exact.messages.len(), exact.before), (11, None));
    for (before, limit, code) in [(None, 0, "invalid_request"), (Some("nothing"), 4, "not_found")] {
        let error = store.history_page(USER, &id, before, limit).await.unwrap_err();
        assert_eq!(error.code(), code);
    }
}

#[tokio::test]
async fn a_deleted_workspace_takes_everything_of_it_and_nothing_else() {
    let (_directory, store) = store();
    let gone = store.create_workspace(USER, "gone").await.unwrap().id;
    let kept = store.create_workspace(USER, "kept").await.unwrap().id;
    for id in [&gone, &kept] {
        store.save(USER, &message(id, "text", SENT_AT)).await.unwrap();
    }
    assert!(store.delete_workspace(USER, &gone).await.unwrap());
    assert!(!store.delete_workspace(USER, &gone).await.unwrap(), "once");
    for code in [
        store.history(USER, &gone).await.unwrap_err().code(),
        store.sessions(USER, &gone).await.unwrap_err().code(),
        store.save(USER, &message(&gone, "late", SENT_AT)).await.unwrap_err().code(),
        store.rename_workspace(USER, &gone, "name").await.unwrap_err().code(),
    ] {
        assert_eq!(code, "not_found");
    }
    assert_eq!(store.workspaces(USER).await.unwrap().len(), 1);
    assert_eq!(texts(&store.history(USER, &kept).await.unwrap()), ["text"]);
}

#[tokio::test]
async fn sessions_are_the_messages_between_pauses() {
    let (_directory, store) = store();
    let id = store.create_workspace(USER, "a").await.unwrap().id;
    assert!(store.sessions(USER, &id).await.unwrap().is_empty());
    let minute = 60_000;
    for at in [20, 0, 9, 40] {
        store.save(USER, &message(&id, "text", SENT_AT + at * minute)).await.unwrap();
    }
    let sessions = store.sessions(USER, &id).await.unwrap();
    let spans: Vec<_> = sessions
        .iter()
        .map(|s| {
            ((s.started_at - SENT_AT) / minute, (s.last_message_at - SENT_AT) / minute, s.messages)
        })
        .collect();
    assert_eq!(spans, [(0, 9, 2), (20, 20, 1), (40, 40, 1)]);
}

#[tokio::test]
async fn an_error_names_the_file_and_says_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    let error = SqliteStore::open(directory.path()).unwrap_err();
    assert_eq!(error.code(), "storage");
    let line = error.to_string();
    assert!(line.contains("store.open") && line.contains("name a file in it"), "{line}");
    let path = directory.path().to_str().unwrap();
    assert!(line.contains(path), "{line}");

    let (_directory, store) = store();
    let error = store.history(USER, "nowhere").await.unwrap_err().to_string();
    assert!(error.contains("the user has no workspace \"nowhere\""), "{error}");
    assert!(error.contains("it may have been deleted, or belong to another user"), "{error}");
}
