//! A server that is not there: turns go on, the outbox keeps their messages, and delivers them in order afterwards.

use futures::StreamExt;
use turnwire::nats::NatsSink;
use turnwire::{OpenAi, Outbox, TurnEvent, TurnRequest, Turns};
use turnwire_fakes::Fake;
use turnwire_nats_tests::records::USER;
use turnwire_nats_tests::{Broker, Program, wait};

use crate::{Running, impatient, nats, store};

const TURNS: usize = 12;

crate::with_both_servers! {
    turns_do_not_notice_and_their_messages_arrive_in_order_afterwards,
}

async fn turns_do_not_notice_and_their_messages_arrive_in_order_afterwards(program: Program) {
    let mut broker = Broker::start(&program).unwrap();
    let (llm, store) = (Fake::start().await.unwrap(), store(["a"]));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("outbox.db");
    let outbox = Outbox::builder().path(&file).delivery(impatient());
    let outbox = outbox.sink(NatsSink::new(nats(&broker)).unwrap()).start().unwrap();
    let openai = OpenAi::builder().base_url(llm.base_url()).api_key("sk-of-the-test");
    let turns = Turns::builder(openai.no_proxy().build().unwrap())
        .model("m")
        .store(store.client().unwrap())
        .outbox(outbox.clone())
        .build()
        .unwrap();

    // One turn with the server, which the outbox is then connected to.
    talk(&turns, &store, 0).await;
    wait::until("a message that is handed over", || outbox.stats().pending == 0).await.unwrap();
    broker.kill().unwrap();
    for turn in 1..TURNS {
        talk(&turns, &store, turn).await;
        let stats = outbox.stats();
        assert_eq!(stats.pending, 2 * turn as u64, "{stats:?}");
        assert_eq!((stats.not_durable, stats.dead), (0, 0), "{stats:?}");
    }
    assert_eq!(store.saved(), 0);

    broker.restart().unwrap();
    let courier = Running::start(nats(&broker), &store);
    store.has(2 * TURNS).await.unwrap();
    wait::until("an empty outbox", || outbox.stats().pending == 0).await.unwrap();
    store.has_counted("a", 2 * TURNS as u64).await.unwrap();
    courier.end().await;
    let saved: Vec<(String, String)> = store.fake.read(|stored| {
        let text =
            |message: &serde_json::Value, name: &str| message[name].as_str().unwrap().to_owned();
        let rows = stored.messages.iter().map(|row| &row.message);
        rows.map(|m| (text(m, "msgSenderRole"), text(m, "msgContent"))).collect()
    });
    let users: Vec<&str> =
        saved.iter().filter(|(role, _)| role == "USER").map(|(_, text)| text.as_str()).collect();
    let expected: Vec<String> = (0..TURNS).map(said).collect();
    assert_eq!(users, expected);
    let roles: Vec<&str> = saved.iter().map(|(role, _)| role.as_str()).collect();
    assert_eq!(roles, ["USER", "AI"].repeat(TURNS));
    assert_eq!(store.fake.read(|stored| stored.counted("a")), 2 * TURNS as u64);
}

/// One turn, whose reply arrives complete.
async fn talk(turns: &Turns, store: &turnwire_nats_tests::Store, number: usize) {
    let login = store.login();
    let request = TurnRequest::new(said(number)).user_id(USER).workspace("a");
    let turn = turns.try_start(request.tokens(login.access.clone(), login.refresh.clone()));
    let events: Vec<_> = wait::within("a reply", turn.unwrap().collect()).await.unwrap();
    let events: Vec<TurnEvent> = events.into_iter().map(Result::unwrap).collect();
    assert!(matches!(events.last(), Some(TurnEvent::Done { .. })), "{events:?}");
}

fn said(number: usize) -> String {
    format!("오늘 {number}번째 이야기예요.")
}
