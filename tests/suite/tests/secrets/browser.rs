//! A failing turn: the text for a browser, and the text in the log and the timeline.

use futures::StreamExt;
use tracing::instrument::WithSubscriber;
use turnwire::config::CallOptions;
use turnwire::{OpenAi, TurnRequest, Turns};
use turnwire_fakes::Fake;

use super::encoding::encodings;
use super::place::failures;
use super::{Log, TOKENS, assert_hidden};

#[tokio::test]
async fn no_secret_and_no_host_reaches_a_browser() {
    let fake = Fake::start().await.unwrap();
    let host = fake.address().to_string();
    let log = Log::default();
    for secret in TOKENS {
        let llm = OpenAi::builder().base_url(fake.base_url()).api_key(secret).no_proxy();
        let llm = llm.build().unwrap().with(CallOptions::new().max_retries(0));
        for detailed in [false, true] {
            let turns = Turns::builder(llm.clone()).model("m").failure_events(true);
            let turns = turns.detailed_errors(detailed);
            assert_hidden(&format!("{turns:?}"), &[secret], "settings");
            let turns = turns.build().unwrap();
            for encoded in encodings(secret) {
                for (place, script) in failures(&encoded) {
                    fake.reset();
                    fake.script("m", script);
                    let turn = async {
                        let mut sent = turns.start(TurnRequest::new("안녕")).sse();
                        let mut bytes = Vec::new();
                        while let Some(piece) = sent.next().await {
                            bytes.extend_from_slice(&piece.unwrap());
                        }
                        let timeline =
                            format!("{:?} {}", sent.turn().timeline(), sent.turn().timeline());
                        (String::from_utf8(bytes).unwrap(), timeline)
                    };
                    let (sent, timeline) = turn.with_subscriber(log.subscriber()).await;
                    assert!(sent.contains(r#""code": ""#), "{place}: {sent}");
                    let place = format!("{secret} {} in {place}", encoded.name);
                    for shown in [&sent, &timeline, &log.take()] {
                        assert_hidden(shown, &[secret, &encoded.hidden], &place);
                    }
                    assert_eq!(sent.contains(&host), detailed, "{place}: {sent}");
                }
            }
        }
    }
}
