//! The store as an outbox's sink: the outcome of each delivery, and of the count after it.

use std::time::Duration;

use serde_json::{Value, json};
use turnwire::ChatStore;
use turnwire::config::Timeouts;
use turnwire::credentials::{TokenRequest, Tokens};
use turnwire::outbox::{Outcome, Record, Sink};
use turnwire_fakes::{FakeStore, Framing, ReservedPort, Script};

use super::{SENT_AT, USER, WORKSPACE, calls, message, settings, settings_at};

struct Bench {
    fake: FakeStore,
    store: ChatStore,
}

/// A store whose client has no tokens: records have their own.
async fn bench() -> Bench {
    bench_within(Timeouts::default().total).await
}

/// The same for stores that do not answer, with short time limits.
async fn impatient_bench() -> Bench {
    bench_within(Some(Duration::from_millis(300))).await
}

async fn bench_within(total: Option<Duration>) -> Bench {
    let fake = FakeStore::start().await.unwrap();
    fake.add_workspace(WORKSPACE, USER);
    let timeouts = Timeouts::new().total(total);
    let store = settings(&fake).timeouts(timeouts).build().unwrap();
    Bench { fake, store }
}

impl Bench {
    fn record(&self, payload: Value) -> Record {
        let login = self.fake.login(USER);
        Record::new(WORKSPACE, "record-1", payload)
            .user(USER)
            .tokens(Tokens::new(login.access.as_str(), login.refresh.as_str()))
    }

    /// Outcome of a delivery with this response to the save.
    async fn outcome(&self, script: Script) -> Outcome {
        self.fake.fake().reset();
        self.fake.add_workspace(WORKSPACE, USER);
        self.fake.fake().script("save", script);
        let outcome = self.store.deliver(&self.record(json!(message("안녕", SENT_AT)))).await;
        assert_eq!(calls(&self.fake, "POST /api/chat/save"), 1, "the outbox has its own retries");
        outcome
    }
}

fn retry(reason: &str) -> Outcome {
    Outcome::retry(reason)
}

#[tokio::test]
async fn a_message_is_saved_and_then_counted() {
    let bench = bench().await;
    let mut payload = json!(message("안녕", SENT_AT));
    payload["fieldOfTomorrow"] = 1.into();
    let record = bench.record(payload.clone());
    let Bench { fake, store } = &bench;
    assert_eq!(store.deliver(&record).await, Outcome::Delivered);
    let id = payload["msgId"].as_str().unwrap();
    assert_eq!(fake.stored().message(id), Some(&payload), "it is saved as it was handed over");
    assert_eq!(fake.stored().counted(WORKSPACE), 0);
    store.delivered(&record).await;
    assert_eq!(fake.stored().counted(WORKSPACE), 1);
    assert_eq!((store.stats().saved, store.stats().counted), (1, 1));
}

#[tokio::test]
async fn each_answer_has_its_outcome() {
    let bench = bench().await;
    let refusal = FakeStore::refusal;
    let unavailable = |outcome: Outcome| matches!(outcome, Outcome::Unavailable { .. });
    for status in [408, 425, 429, 502, 503, 504] {
        assert!(unavailable(bench.outcome(refusal(status, "later")).await), "{status}");
    }
    for status in [500, 501, 507] {
        assert_eq!(bench.outcome(refusal(status, "Data too long")).await, retry("Data too long"));
    }
    assert_eq!(bench.outcome(refusal(401, "who?")).await, Outcome::NeedsToken);
    for status in [400, 403, 404, 405, 409, 413, 422] {
        let dead = Outcome::Dead { reason: "msgContent: must not be blank".into() };
        let refused = bench.outcome(refusal(status, "msgContent: must not be blank")).await;
        assert_eq!(refused, dead, "{status}");
    }
    let late = refusal(429, "later").header("retry-after", "7");
    let after = Some(Duration::from_secs(7));
    let reason = "later".to_owned();
    assert_eq!(bench.outcome(late).await, Outcome::Unavailable { after, reason });
}

#[tokio::test]
async fn a_store_that_is_not_reached_says_nothing_about_the_record() {
    let bench = impatient_bench().await;
    let raw = || Script::new().framing(Framing::Raw);
    let faults = [
        raw().reset(),
        raw().reset().after_commit(),
        raw().stall(),
        raw().send("garbage\r\n\r\n"),
        Script::pass().wait_ms_before_headers(5000),
        Script::new().framing(Framing::Length).send("<html>Sign in</html>"),
        Script::new().status(307).header("location", "http://portal.example/"),
    ];
    for fault in faults {
        let outcome = bench.outcome(fault.clone()).await;
        assert!(matches!(&outcome, Outcome::Unavailable { .. }), "{fault:?}: {outcome:?}");
    }
    let nobody = ReservedPort::new().unwrap();
    let store = settings_at(nobody.url()).build().unwrap();
    let outcome = store.deliver(&bench.record(json!({}))).await;
    assert!(matches!(&outcome, Outcome::Unavailable { reason, .. } if reason.contains("connect")));
}

#[tokio::test]
async fn a_201_is_delivered_whatever_becomes_of_its_body() {
    let bench = impatient_bench().await;
    let created = || Script::new().status(201);
    for script in [
        created().send("garbage"),
        created().send("{").truncate(),
        created().send("{").reset(),
        created().send("{").stall(),
        Script::pass().split(1).split_wait_ms(30),
    ] {
        assert_eq!(bench.outcome(script.clone()).await, Outcome::Delivered, "{script:?}");
    }
    let no = Script::body(json!({"success": false, "message": "the table is locked"}));
    assert_eq!(bench.outcome(no).await, retry("the table is locked"));
    let yes = Script::body(json!({"success": true, "message": "", "data": null}));
    assert_eq!(bench.outcome(yes).await, Outcome::Delivered);
}

#[tokio::test]
async fn what_is_no_message_is_dead_with_the_stores_message() {
    let bench = bench().await;
    for payload in [json!({}), json!(null), json!("text"), json!({"msgId": "m"})] {
        let record = bench.record(payload.clone());
        let outcome = bench.store.deliver(&record).await;
        let Outcome::Dead { reason } = outcome else { panic!("{payload}: {outcome:?}") };
        assert!(reason.contains("must not be blank"), "{reason}");
        bench.store.delivered(&record).await;
    }
    assert_eq!(calls(&bench.fake, "PATCH /api/session/update-messages"), 0);
}

#[tokio::test]
async fn text_that_replaces_that_of_a_saved_message_is_not_counted_again() {
    let Bench { fake, store } = bench().await;
    let login = fake.login(USER);
    let said = message("안녕", SENT_AT);
    let id = said.id.clone();
    for record_id in [id.clone(), format!("{id}/of-a-later-turn")] {
        let tokens = Tokens::new(login.access.as_str(), login.refresh.as_str());
        let record = Record::new(WORKSPACE, record_id, json!(said)).user(USER).tokens(tokens);
        assert_eq!(store.deliver(&record).await, Outcome::Delivered);
        store.delivered(&record).await;
        assert_eq!(fake.stored().counted(WORKSPACE), 1);
    }
}

#[tokio::test]
async fn a_count_that_fails_is_counted_and_nothing_else() {
    let bench = bench().await;
    let record = bench.record(json!(message("안녕", SENT_AT)));
    assert_eq!(bench.store.deliver(&record).await, Outcome::Delivered);
    bench.fake.advance(Duration::from_secs(11 * 60));
    bench.store.delivered(&record).await;
    bench.fake.fake().script("update-messages", Script::new().framing(Framing::Raw).reset());
    bench.store.delivered(&record).await;
    assert_eq!(calls(&bench.fake, "PATCH /api/session/update-messages"), 2, "none is repeated");
    let stats = bench.store.stats();
    assert_eq!((stats.saved, stats.counted, stats.uncounted), (1, 0, 2));
}

#[tokio::test]
async fn a_stale_token_is_renewed_and_without_one_the_record_waits() {
    let bench = bench().await;
    let record = bench.record(json!(message("안녕", SENT_AT)));
    bench.fake.advance(Duration::from_secs(31 * 60));
    assert_eq!(bench.store.deliver(&record).await, Outcome::Delivered);
    assert_eq!(calls(&bench.fake, "POST /reissue"), 1);
    bench.fake.advance(Duration::from_secs(25 * 60 * 60));
    assert_eq!(bench.store.deliver(&record).await, Outcome::NeedsToken);
    let recovered = Record::new(WORKSPACE, "record-2", json!(message("a", SENT_AT))).user(USER);
    assert_eq!(bench.store.deliver(&recovered).await, Outcome::NeedsToken);
}

#[tokio::test]
async fn a_renewal_that_fails_in_passing_is_no_fault_of_the_record() {
    let bench = bench().await;
    let record = bench.record(json!(message("안녕", SENT_AT)));
    bench.fake.advance(Duration::from_secs(31 * 60));
    bench.fake.fake().script("reissue", FakeStore::refusal(500, "no database"));
    let outcome = bench.store.deliver(&record).await;
    assert!(matches!(&outcome, Outcome::Unavailable { .. }), "{outcome:?}");
}

#[tokio::test]
async fn a_recovered_record_is_delivered_with_the_providers_tokens() {
    let fake = FakeStore::start().await.unwrap();
    fake.add_workspace(WORKSPACE, USER);
    let login = fake.login(USER);
    let provider = move |asked: TokenRequest| {
        assert_eq!(asked.user.as_deref(), Some(USER));
        std::future::ready(Ok(Some(Tokens::new(login.access.as_str(), login.refresh.as_str()))))
    };
    let settings = settings(&fake).token_provider(provider);
    let store = settings.tokens("of-another-user", "of-another-user").build().unwrap();
    let record = Record::new(WORKSPACE, "record-1", json!(message("안녕", SENT_AT))).user(USER);
    assert_eq!(store.deliver(&record).await, Outcome::Delivered);
    store.delivered(&record).await;
    assert_eq!(fake.stored().counted(WORKSPACE), 1);
}
