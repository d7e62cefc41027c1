//! Users are separate: a workspace of another user is one that does not exist.

use turnwire::conversation::{Conversations, Owner, StoreMessage};
use turnwire::outbox::Outcome;

use super::{SENT_AT, USER, message, store, texts};

const OTHER: &str = "0b1e55ed-0000-4000-8000-000000000009";

#[tokio::test]
async fn a_user_reaches_nothing_of_another() {
    let (_directory, store) = store();
    let theirs = store.create_workspace(OTHER, "theirs").await.unwrap();
    let id = theirs.id.as_str();
    let kept = StoreMessage::from_user(id, OTHER, "theirs", SENT_AT);
    store.save(OTHER, &kept).await.unwrap();
    let theirs = store.workspaces(OTHER).await.unwrap();

    assert!(store.workspaces(USER).await.unwrap().is_empty());
    let page = store.history_page(USER, id, Some(&kept.id), 9).await.map(|page| page.messages);
    for error in [
        store.history(USER, id).await.unwrap_err(),
        page.unwrap_err(),
        store.sessions(USER, id).await.unwrap_err(),
        store.rename_workspace(USER, id, "mine").await.unwrap_err(),
        store.save(USER, &message(id, "mine", SENT_AT)).await.unwrap_err(),
    ] {
        assert_eq!(error.code(), "not_found", "{error}");
    }
    assert!(!store.delete_workspace(USER, id).await.unwrap());
    assert_eq!(store.workspaces(OTHER).await.unwrap(), theirs);
    assert_eq!(store.history(OTHER, id).await.unwrap(), [kept]);
}

#[tokio::test]
async fn the_same_message_id_of_two_users_is_two_messages() {
    let (_directory, store) = store();
    let mut mine = message(&store.create_workspace(USER, "a").await.unwrap().id, "mine", SENT_AT);
    let mut theirs = mine.clone();
    theirs.workspace_id = store.create_workspace(OTHER, "b").await.unwrap().id;
    theirs.content = "theirs".to_owned();
    store.save(USER, &mine).await.unwrap();
    store.save(OTHER, &theirs).await.unwrap();
    mine.content = "mine again".to_owned();
    store.save(USER, &mine).await.unwrap();
    assert_eq!(store.history(USER, &mine.workspace_id).await.unwrap(), [mine.clone()]);
    assert_eq!(store.history(OTHER, &theirs.workspace_id).await.unwrap(), [theirs.clone()]);
    // A message of the other's page is no place in one's own history.
    let page = store.history_page(OTHER, &mine.workspace_id, Some(&theirs.id), 9).await;
    assert_eq!(page.unwrap_err().code(), "not_found");
}

#[tokio::test]
async fn a_message_that_moves_to_another_workspace_of_its_user_is_there_alone() {
    let (_directory, store) = store();
    let from = store.create_workspace(USER, "a").await.unwrap().id;
    let to = store.create_workspace(USER, "b").await.unwrap().id;
    let mut moved = message(&from, "text", SENT_AT);
    store.save(USER, &moved).await.unwrap();
    moved.workspace_id.clone_from(&to);
    store.save(USER, &moved).await.unwrap();
    assert_eq!(texts(&store.history(USER, &from).await.unwrap()), [""; 0]);
    assert_eq!(texts(&store.history(USER, &to).await.unwrap()), ["text"]);
}

#[tokio::test]
async fn a_record_without_a_user_is_refused_for_good() {
    let (_directory, store) = store();
    let id = store.create_workspace(USER, "a").await.unwrap().id;
    let outcome =
        Conversations::save(&store, Owner::default(), &message(&id, "text", SENT_AT)).await;
    assert!(
        matches!(&outcome, Outcome::Dead { reason } if reason.contains("does not say whose")),
        "{outcome:?}"
    );
    let error = Conversations::history(&store, Owner::default(), &id, 9).await.unwrap_err();
    assert_eq!(error.code(), "invalid_request");
    assert!(!store.needs_tokens());
}
