//! Turns as UI message streams of the AI SDK, and as plain text: the cases of `tests/vectors/ui/turns.json`.

use futures::StreamExt;
use serde::Deserialize;
use serde_json::{Value, json};
use turnwire::event::Wire;
use turnwire::{Error, TurnRequest, Turns};

use super::{Bench, MESSAGE};

const MESSAGE_ID: &str = "0b1e55ed-0000-4000-8000-0000000000a1";
const REPLY_ID: &str = "0b1e55ed-0000-4000-8000-0000000000a2";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(default)]
    settings: Settings,
    llm: Value,
    stop_at: Option<String>,
    parts: Vec<Value>,
    text: String,
    error: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    usage_events: bool,
    turn_events: bool,
}

impl Case {
    /// The body of the turn on this wire, and the error that ends it.
    async fn body(&self, wire: Wire) -> (String, Option<Error>) {
        let bench = Bench::start().await;
        let script = json!({"m stream": {"steps": self.llm}}).to_string();
        bench.llm.scripts_from_json(&script).unwrap();
        let Settings { usage_events, turn_events } = self.settings;
        let settings = Turns::builder(bench.openai()).model("m");
        let turns = settings.usage_events(usage_events).turn_events(turn_events).build().unwrap();
        let request = TurnRequest::new(MESSAGE).message_id(MESSAGE_ID).reply_id(REPLY_ID);
        let turn = turns.start(request);
        let stopper = turn.stopper();
        let (mut body, mut bytes) = (turn.bytes(wire), Vec::new());
        loop {
            let text = std::str::from_utf8(&bytes).unwrap();
            if self.stop_at.as_ref().is_some_and(|at| text.contains(at)) {
                stopper.stop();
            }
            match body.next().await {
                Some(Ok(piece)) => bytes.extend_from_slice(&piece),
                Some(Err(error)) => {
                    assert!(body.next().await.is_none());
                    return (String::from_utf8(bytes).unwrap(), Some(error));
                }
                None => return (String::from_utf8(bytes).unwrap(), None),
            }
        }
    }

    fn expected(&self, found: &[Value]) -> Vec<Value> {
        let turn_id = found[0]["messageMetadata"]["turnId"].as_str().unwrap_or_default();
        let parts = json!(self.parts).to_string();
        let parts = parts.replace("<message id>", MESSAGE_ID).replace("<reply id>", REPLY_ID);
        serde_json::from_str(&parts.replace("<id>", turn_id)).unwrap()
    }
}

#[tokio::test]
async fn turns_are_the_parts_and_the_text_of_their_cases() {
    let cases = include_str!("../../../vectors/ui/turns.json");
    for case in serde_json::from_str::<Vec<Case>>(cases).unwrap() {
        let name = &case.name;
        let (body, error) = case.body(Wire::Ui).await;
        assert!(error.is_none(), "{name}: {error:?}");
        let frames = body.strip_suffix("data: [DONE]\n\n").unwrap().split_terminator("\n\n");
        let read = |frame: &str| serde_json::from_str(frame.strip_prefix("data: ").unwrap());
        let parts: Vec<Value> = frames.map(|frame| read(frame).unwrap()).collect();
        assert_eq!(parts, case.expected(&parts), "{name}");

        let (text, error) = case.body(Wire::Text).await;
        assert_eq!(text, case.text, "{name}");
        assert_eq!(error.as_ref().map(Error::code), case.error.as_deref(), "{name}");
    }
}
