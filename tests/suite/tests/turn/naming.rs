//! The request for the name of a new workspace.

use std::time::Duration;

use futures::StreamExt;
use serde_json::Value;
use turnwire::TurnEvent;
use turnwire::turn::NamingStart;
use turnwire_fakes::{Record, Script};

use super::{Bench, content, read};

/// The requests for a name.
fn asked(bench: &Bench) -> Vec<Value> {
    let requests = bench.llm.requests();
    requests.iter().filter_map(Record::json).filter(|json| json["stream"] != true).collect()
}

#[tokio::test]
async fn a_name_is_asked_for_after_the_first_content_and_without_a_limit_on_the_tokens() {
    let bench =
        Bench::replying(Script::new().role("assistant").wait_ms(100).text("a").stall()).await;
    let turns = bench.settings().naming_start(NamingStart::FirstContent).build().unwrap();
    let mut turn = turns.start(bench.ask_anew());
    assert_eq!(turn.next().await.unwrap().unwrap(), content("a"));
    assert_eq!(asked(&bench), [] as [Value; 0]);
    assert_eq!(turn.next().await.unwrap().unwrap().kind(), "workspace");
    let asked = asked(&bench);
    assert_eq!(asked.len(), 1);
    let mut fields = asked[0].as_object().unwrap().keys();
    assert!(fields.all(|field| !field.starts_with("max_")), "{asked:?}");
}

#[tokio::test]
async fn a_stop_before_the_reply_begins_does_not_wait_for_content() {
    let bench = Bench::replying(Script::chat(["a"]).wait_ms_before_headers(60_000)).await;
    let settings = bench.settings().naming_start(NamingStart::FirstContent);
    let turns = settings.workspace_wait(Duration::from_secs(2)).build().unwrap();
    let mut turn = turns.start(bench.ask_anew());
    turn.stopper().stop();
    let read = read(&mut turn).await;
    assert_eq!(read.kinds(), ["workspace", "done"]);
    assert_eq!(read.events.last(), Some(&TurnEvent::stopped()));
}
