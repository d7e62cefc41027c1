//! A message that the store fails to save while it saves others: it is given up, and the timeline of its turn says so.

use turnwire::conversation::{Conversations, CreateError, NewConversation, Owner, StoreMessage};
use turnwire::outbox::Outcome;
use turnwire::turn::{StageName, StageOutcome};
use turnwire::{Result, TurnRequest, async_trait};
use turnwire_fakes::Script;

use super::{Bench, DEADLINE, MESSAGE, USER, counts, read};

/// A store that fails on one text.
struct FailsOn(&'static str);

#[async_trait]
impl Conversations for FailsOn {
    async fn history(&self, _: Owner<'_>, _: &str, _: usize) -> Result<Vec<StoreMessage>> {
        Ok(Vec::new())
    }

    async fn create(&self, new: NewConversation<'_>) -> Result<String, CreateError> {
        Ok(new.begin().await?.to_owned())
    }

    async fn save(&self, _: Owner<'_>, message: &StoreMessage) -> Outcome {
        match message.content == self.0 {
            true => Outcome::retry("HTTP 500"),
            false => Outcome::Delivered,
        }
    }
}

fn assert_given_up(outcome: &StageOutcome) {
    let is_told =
        matches!(outcome, StageOutcome::Failed(why) if why.contains("others got through"));
    assert!(is_told, "{outcome:?}");
}

#[tokio::test]
async fn a_message_that_the_next_one_overtakes_has_failed() {
    let bench = Bench::replying(Script::chat(["a"])).await;
    let turns = bench.settings().store(FailsOn(MESSAGE)).build().unwrap();
    for request in [bench.ask_on(), bench.ask_anew()] {
        let mut turn = turns.start(request);
        read(&mut turn).await;
        assert_eq!(counts(&turns.flush(DEADLINE).await), (1, 0, 1));
        let timeline = turn.timeline();
        assert_given_up(&timeline.stage(StageName::SaveUser).unwrap().outcome);
        assert_eq!(timeline.stage(StageName::SaveAi).unwrap().outcome, StageOutcome::Done);
    }
}

#[tokio::test]
async fn a_reply_that_fails_while_other_conversations_go_on_has_failed() {
    let bench = Bench::replying(Script::chat(["b"])).await;
    bench.llm.script("m stream", Script::chat(["a"]));
    let turns = bench.settings().store(FailsOn("b")).build().unwrap();
    let mut turn = turns.start(bench.ask_on());
    read(&mut turn).await;
    while turns.outbox().unwrap().stats().dead == 0 {
        let other = TurnRequest::new("c").user_id(USER).workspace("another");
        read(&mut turns.start(other)).await;
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert_given_up(&turn.timeline().stage(StageName::SaveAi).unwrap().outcome);
}
