//! A record's life through the public API: refusal, hold and release, dead letter and requeue, listing, and shutdown.

use std::time::Duration;

use serde_json::{Value, json};
use turnwire::outbox::{OutboxLimits, PendingState, Record, WhenFull};
use turnwire::{ErrorKind, Outbox};
use turnwire_fakes::{FakeStore, Script};

use super::{
    PATIENCE, USER, WORKSPACES, assert_balanced, fake, message, record, scratch, settings, store,
    tokens,
};

#[tokio::test]
async fn a_message_whose_workspace_is_not_known_yet_is_held_and_then_saved_before_what_follows() {
    let (_directory, file) = scratch();
    let fake = fake().await;
    let login = tokens(&fake.login(USER));
    let outbox = settings(Some(&file), store(&fake)).start().unwrap();
    let complete = record(&message(0)).tokens(login.clone());
    let mut payload = complete.payload().clone();
    payload["msgWorkspaceId"] = Value::Null;
    let held = Record::new("turn-1", complete.id(), payload).user(USER);
    assert!(outbox.hold(held).unwrap().durable);
    let report = outbox.flush(PATIENCE).await;
    assert_eq!((report.delivered, report.pending), (0, 1), "a flush does not wait for it");
    assert_eq!(outbox.pending().unwrap()[0].state, PendingState::Held);
    assert_balanced(&outbox);

    let receipt = outbox.release(complete.clone()).unwrap();
    assert!(receipt.durable && !receipt.is_new);
    let answer = outbox.enqueue(record(&message(2)).tokens(login)).unwrap();
    assert_eq!(outbox.flush(PATIENCE).await.pending, 0);
    assert_eq!(fake.stored().saves, [complete.id().to_owned(), answer.id]);
    assert_eq!(fake.stored().message(complete.id()), Some(complete.payload()));
    assert_balanced(&outbox);
}

#[tokio::test]
async fn what_the_store_refuses_is_a_dead_letter_that_can_be_sent_again() {
    let (_directory, file) = scratch();
    let fake = fake().await;
    let login = tokens(&fake.login(USER));
    let outbox = settings(Some(&file), store(&fake)).start().unwrap();
    fake.fake().script(WORKSPACES[0], FakeStore::refusal(400, "msgContent: must not be blank"));
    let dead = outbox.enqueue(record(&message(0)).tokens(login.clone())).unwrap();
    outbox.enqueue(record(&message(1)).tokens(login.clone())).unwrap();
    let report = outbox.flush(PATIENCE).await;
    assert_eq!((report.delivered, report.dead, report.pending), (1, 1, 0));
    let letters = outbox.dead_letters().unwrap();
    assert_eq!(letters[0].reason, "msgContent: must not be blank");
    assert_balanced(&outbox);

    fake.fake().script(WORKSPACES[0], Script::pass());
    fake.fake().script(&dead.id, Script::pass());
    assert!(outbox.requeue(&dead.id).unwrap() && !outbox.requeue(&dead.id).unwrap());
    assert_eq!(outbox.flush(PATIENCE).await.delivered, 1);
    assert!(fake.stored().message(&dead.id).is_some());
    let held = record(&message(0));
    outbox.hold(held.clone()).unwrap();
    assert!(outbox.discard(held.id()).unwrap() && !outbox.discard(held.id()).unwrap());
    assert_eq!((outbox.stats().pending, outbox.stats().discarded), (0, 1));
    assert_balanced(&outbox);
}

#[tokio::test]
async fn an_id_that_is_known_is_not_taken_again() {
    let fake = fake().await;
    let login = tokens(&fake.login(USER));
    let outbox = settings(None, store(&fake)).start().unwrap();
    let message = message(0);
    for is_new in [true, false] {
        let receipt = outbox.enqueue(record(&message).tokens(login.clone())).unwrap();
        assert_eq!((receipt.is_new, receipt.durable), (is_new, false));
        outbox.flush(PATIENCE).await;
    }
    assert_eq!(fake.stored().saves.len(), 1);
    assert_eq!(outbox.stats().accepted, 1);
    assert_balanced(&outbox);
}

#[test]
fn what_cannot_be_taken_is_refused_at_the_door() {
    let limits = OutboxLimits::new().memory_records(2).record_bytes(200);
    let outbox = Outbox::builder().limits(limits.clone()).start().unwrap();
    let kind = |record| outbox.enqueue(record).unwrap_err().kind();
    assert_eq!(kind(Record::new("c", "", json!({}))), ErrorKind::InvalidRequest);
    assert_eq!(kind(Record::new("", "1", json!({}))), ErrorKind::InvalidRequest);
    assert_eq!(kind(Record::new("c", "1", json!("x".repeat(300)))), ErrorKind::InvalidRequest);
    for id in ["1", "2"] {
        outbox.enqueue(Record::new("c", id, json!({}))).unwrap();
    }
    let error = outbox.enqueue(Record::new("c", "3", json!({}))).unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::OutboxFull, true));
    assert!(error.to_string().contains("the outbox is full"), "{error}");
    assert_balanced(&outbox);

    let patient = WhenFull::Block(Duration::from_millis(20));
    let blocking = Outbox::builder().limits(limits).when_full(patient).start().unwrap();
    for id in ["1", "2"] {
        blocking.enqueue(Record::new("c", id, json!({}))).unwrap();
    }
    let error = blocking.enqueue(Record::new("c", "3", json!({}))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OutboxFull);
}

#[tokio::test]
async fn a_caller_that_blocks_goes_on_when_a_record_is_delivered() {
    let fake = fake().await;
    let login = tokens(&fake.login(USER));
    let limits = OutboxLimits::new().memory_records(1);
    let outbox = settings(None, store(&fake))
        .limits(limits)
        .when_full(WhenFull::Block(PATIENCE))
        .start()
        .unwrap();
    let (copy, tokens) = (outbox.clone(), login);
    let taken = tokio::task::spawn_blocking(move || {
        (0..6).all(|n| copy.enqueue(record(&message(n)).tokens(tokens.clone())).is_ok())
    });
    assert!(taken.await.unwrap());
    assert_eq!(outbox.flush(PATIENCE).await.pending, 0);
    assert_eq!(fake.stored().messages.len(), 6);
    assert_balanced(&outbox);
}

#[tokio::test]
async fn after_the_end_nothing_is_taken_and_the_file_is_the_next_ones() {
    let (_directory, file) = scratch();
    let fake = fake().await;
    let login = tokens(&fake.login(USER));
    let outbox = settings(Some(&file), store(&fake)).start().unwrap();
    outbox.enqueue(record(&message(0)).tokens(login.clone())).unwrap();
    let report = outbox.shutdown(PATIENCE).await;
    assert_eq!((report.delivered, report.pending, report.dead), (1, 0, 0));
    let error = outbox.enqueue(record(&message(1)).tokens(login.clone())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(
        error.to_string().ends_with("the outbox was shut down; open another outbox"),
        "{error}"
    );

    let next = settings(Some(&file), store(&fake)).start().unwrap();
    assert_eq!(next.stats().recovered, 0);
    next.enqueue(record(&message(2)).tokens(login)).unwrap();
    assert_eq!(next.flush(PATIENCE).await.delivered, 1);
    assert_balanced(&next);
}

#[tokio::test]
async fn an_id_of_another_users_record_is_refused_before_and_after_delivery() {
    let (_directory, file) = scratch();
    for file in [None, Some(file.as_path())] {
        let fake = fake().await;
        let login = tokens(&fake.login(USER));
        let outbox = settings(file, store(&fake)).start().unwrap();
        let message = message(0);
        let first = outbox.enqueue(record(&message).tokens(login)).unwrap();
        for _ in 0..2 {
            for other in [record(&message).user("other"), record(&message).user("another")] {
                let error = outbox.enqueue(other).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::InvalidRequest);
                assert!(error.to_string().contains(&first.id), "{error}");
            }
            outbox.flush(PATIENCE).await;
        }
        let held = record(&self::message(1));
        outbox.hold(held.clone()).unwrap();
        let error = outbox.release(held.user("other")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        assert_eq!((outbox.stats().accepted, outbox.stats().held), (2, 1));
        assert_balanced(&outbox);
    }
}
