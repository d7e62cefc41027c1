//! A page without metadata after a restart of the service: an embedded store knows the workspace of each message.

use std::path::Path;

use futures::StreamExt;
use serde_json::{Value, json};
use turnwire::web::{Admitted, ChatRoutes, ReplyBody, Route};
use turnwire::{SqliteStore, Turns};
use turnwire_fakes::{Record, Script};

use super::{Bench, DEADLINE, USER};

/// One message of a page to a service of its own, as after a restart.
async fn ask(bench: &Bench, file: &Path, messages: &Value) {
    let store = SqliteStore::open(file).unwrap();
    let turns = Turns::builder(bench.openai()).model("m").store(store).build().unwrap();
    let routes = ChatRoutes::builder(turns.clone()).build().unwrap();
    let header = |name: &str| (name == "content-type").then_some("application/json");
    let Admitted::Call(call) = routes.admit(Some(Route::Ui), "POST", header) else {
        panic!("it is a call")
    };
    let body = json!({ "id": "chat", "messages": messages }).to_string();
    let reply = call.answer(USER, body.into()).await;
    let ReplyBody::Turn(mut turn, _) = reply.body else { panic!("{}", reply.status) };
    while let Some(event) = turn.next().await {
        event.unwrap();
    }
    assert_eq!(turns.shutdown(DEADLINE).await.dead, 0);
}

fn message(id: &str, role: &str, text: &str) -> Value {
    json!({"id": id, "role": role, "parts": [{"type": "text", "text": text}]})
}

/// The number of messages that the model was told last.
fn told(bench: &Bench) -> usize {
    let requests = bench.llm.requests();
    let last = requests.iter().filter_map(Record::json).rfind(|json| json["stream"] == true);
    last.unwrap()["messages"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_later_message_and_an_edit_of_the_first_stay_in_its_workspace() {
    let bench = Bench::replying(Script::chat(["reply"])).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("chat.db");
    let [first, reply] = [message("a", "user", "one"), message("r", "assistant", "reply")];

    ask(&bench, &file, &json!([first])).await;
    ask(&bench, &file, &json!([first, reply, message("b", "user", "two")])).await;
    assert_eq!(told(&bench), 3, "the first message, its reply and the second");
    ask(&bench, &file, &json!([message("a", "user", "one, edited")])).await;
    assert_eq!(told(&bench), 1, "the page shows nothing but the edited message");

    let store = SqliteStore::open(&file).unwrap();
    let workspaces = store.workspaces(USER).await.unwrap();
    assert_eq!(workspaces.len(), 1, "{workspaces:?}");
    let messages = store.history(USER, &workspaces[0].id).await.unwrap();
    let texts: Vec<_> = messages.iter().map(|message| message.content.as_str()).collect();
    // The messages that the edit has removed from the page are still there.
    assert_eq!(texts.len(), 4, "{texts:?}");
    assert!(texts.contains(&"one, edited") && texts.contains(&"two"), "{texts:?}");
}
