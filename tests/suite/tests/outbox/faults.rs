//! Stores that fail in every way: every record is saved in the end, once and in order.

use std::time::{Duration, Instant};

use turnwire::Outbox;
use turnwire::credentials::TokenRequest;
use turnwire::outbox::PendingState;
use turnwire_fakes::{FakeStore, Framing, Script};

use super::{
    PATIENCE, WORKSPACES, assert_balanced, fake, message, record, scratch, settings, store, tokens,
};
use crate::USER;

const MESSAGES: usize = 8;

/// Faults of the store for the first saves; later saves succeed.
async fn survives(fault: Script, in_file: bool) -> FakeStore {
    let (_directory, file) = scratch();
    let fake = fake().await;
    for _ in 0..6 {
        fake.fake().script("save", fault.clone());
    }
    fake.fake().script("save", Script::pass());
    let file = in_file.then_some(file.as_path());
    let outbox = settings(file, store(&fake)).start().unwrap();
    let login = tokens(&fake.login(USER));
    let ids = enqueue(&outbox, &login);

    let began = Instant::now();
    let report = outbox.flush(Duration::from_millis(50)).await;
    // Another test measures its overrun of the deadline; here it must not wait for the store.
    assert!(began.elapsed() < Duration::from_secs(5), "{fault:?}");
    assert_eq!(report.dead, 0, "{fault:?}");
    assert_balanced(&outbox);

    let report = outbox.flush(PATIENCE).await;
    assert_eq!((report.pending, report.dead), (0, 0), "{fault:?}: {:?}", outbox.pending());
    assert_balanced(&outbox);
    assert_saved(&fake, &ids, &format!("{fault:?}"));
    fake
}

fn enqueue(outbox: &Outbox, tokens: &turnwire::credentials::Tokens) -> Vec<String> {
    let hand_over = |n| {
        let receipt = outbox.enqueue(record(&message(n)).tokens(tokens.clone())).unwrap();
        assert!(receipt.is_new);
        receipt.id
    };
    (0..MESSAGES).map(hand_over).collect()
}

/// Asserts that each was saved, and no other, in the order of its workspace, and counted once.
fn assert_saved(fake: &FakeStore, ids: &[String], fault: &str) {
    let stored = fake.stored();
    assert_eq!(stored.messages.len(), ids.len(), "{fault}");
    for (at, workspace) in WORKSPACES.iter().enumerate() {
        let own: Vec<_> = ids.iter().skip(at).step_by(WORKSPACES.len()).collect();
        // A repeated save has the same id, and precedes the next message of its workspace.
        let mut saves: Vec<_> = stored.saves.iter().filter(|id| own.contains(id)).collect();
        saves.dedup();
        assert_eq!(saves, own, "{fault}");
        assert_eq!(stored.counted(workspace), own.len() as u64, "{fault}");
    }
}

fn raw() -> Script {
    Script::new().framing(Framing::Raw)
}

#[tokio::test]
async fn errors_of_the_service_lose_nothing() {
    let too_many = FakeStore::refusal(429, "slow down").header("retry-after", "1");
    for fault in [FakeStore::refusal(500, "no database"), FakeStore::refusal(503, "soon"), too_many]
    {
        survives(fault, true).await;
    }
}

#[tokio::test]
async fn connections_that_break_lose_nothing() {
    survives(raw().reset(), true).await;
    survives(raw().send("garbage\r\n\r\n"), false).await;
}

#[tokio::test]
async fn replies_that_are_lost_after_the_save_repeat_it_with_the_same_id() {
    for in_file in [true, false] {
        let fake = survives(raw().reset().after_commit(), in_file).await;
        assert!(fake.stored().saves.len() > MESSAGES, "no save was repeated");
    }
}

#[tokio::test]
async fn a_store_that_hangs_or_drips_loses_nothing() {
    survives(raw().stall(), true).await;
    survives(Script::pass().wait_ms_before_headers(2000), true).await;
    survives(Script::pass().split(1).split_wait_ms(5), true).await;
}

#[tokio::test]
async fn a_store_that_is_not_there_yet_gets_everything_later() {
    let (_directory, file) = scratch();
    let fake = fake().await;
    let nowhere = turnwire::ChatStore::builder("http://127.0.0.1:9").no_proxy();
    let outbox = settings(Some(&file), nowhere).start().unwrap();
    let login = tokens(&fake.login(USER));
    let ids = enqueue(&outbox, &login);
    let report = outbox.shutdown(Duration::from_millis(50)).await;
    assert_eq!(report.pending, MESSAGES as u64);
    drop(outbox);

    // The tokens ended with their process: now the provider supplies them.
    let provider = move |_: TokenRequest| std::future::ready(Ok(Some(login.clone())));
    let outbox = settings(Some(&file), store(&fake).token_provider(provider)).start().unwrap();
    assert_eq!(outbox.stats().recovered, MESSAGES as u64);
    let report = outbox.flush(PATIENCE).await;
    assert_eq!((report.delivered, report.pending), (MESSAGES as u64, 0));
    assert_balanced(&outbox);
    assert_saved(&fake, &ids, "not there");
}

#[tokio::test]
async fn stale_tokens_let_a_record_wait_until_fresh_ones_come() {
    let (_directory, file) = scratch();
    let fake = fake().await;
    let stale = fake.login_for(USER, Duration::ZERO, Duration::ZERO);
    let outbox = settings(Some(&file), store(&fake)).start().unwrap();
    let first = outbox.enqueue(record(&message(0)).tokens(tokens(&stale))).unwrap();
    let waits = || outbox.pending().unwrap()[0].state == PendingState::NeedsToken;
    let by = Instant::now() + PATIENCE;
    while !waits() {
        assert!(Instant::now() < by, "{:?}", outbox.pending());
        outbox.flush(Duration::from_millis(5)).await;
    }
    assert_eq!(outbox.stats().dead, 0);
    assert_balanced(&outbox);

    let fresh = tokens(&fake.login(USER));
    let second = outbox.enqueue(record(&message(2)).tokens(fresh)).unwrap();
    let report = outbox.flush(PATIENCE).await;
    assert_eq!((report.delivered, report.pending), (2, 0));
    assert_eq!(fake.stored().saves, [first.id, second.id], "in the order of their workspace");
    assert_balanced(&outbox);
}
