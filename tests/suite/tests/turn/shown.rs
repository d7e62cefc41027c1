//! The history of a page on the AI SDK: the messages that it still shows.

use futures::StreamExt;
use serde_json::{Value, json};
use turnwire::Bytes;
use turnwire::web::{Admitted, Call, ChatRoutes, ReplyBody, Route};
use turnwire_fakes::Record;

use super::{Bench, DEADLINE, USER, WORKSPACE};

fn call(routes: &ChatRoutes, route: Route, tokens: (&str, &str)) -> Call {
    let header = |name: &str| match name {
        "content-type" => Some("application/json"),
        "authorization" => Some(tokens.0),
        "refreshtoken" => Some(tokens.1),
        _ => None,
    };
    match routes.admit(Some(route), "POST", header) {
        Admitted::Call(call) => call,
        Admitted::Reply(reply) => panic!("{reply:?}"),
    }
}

/// The body of a page's message, which shows these messages before it: each with its id and role.
fn shown(before: &[(&str, &str)], last: (&str, &str), more: &Value) -> Bytes {
    let message = |id: &str, role: &str, text: &str| json!({"id": id, "role": role, "parts": [{"type": "text", "text": text}]});
    let mut messages: Vec<_> = before.iter().map(|(id, role)| message(id, role, "-")).collect();
    messages.push(message(last.0, "user", last.1));
    let mut body = json!({"messages": messages, "workspaceId": WORKSPACE});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body.to_string().into()
}

/// The messages of the latest request to the model, as roles and texts.
fn last_asked(bench: &Bench) -> Vec<String> {
    let requests = bench.llm.requests();
    let last = requests.iter().filter_map(Record::json).rfind(|json| json["stream"] == true);
    let messages = last.unwrap()["messages"].as_array().unwrap().clone();
    let text = |m: &Value, name: &str| m[name].as_str().unwrap().to_owned();
    messages.iter().map(|m| format!("{}: {}", text(m, "role"), text(m, "content"))).collect()
}

#[tokio::test]
async fn the_model_is_told_the_messages_that_a_page_still_shows() {
    for route in [Route::Ui, Route::Text] {
        let bench = Bench::start().await;
        let scripts = ["r1", "r2", "r3", "r2 again", "r2 edited", "r4", "r5"].map(|text| {
            json!({"steps": [{"role": "assistant"}, {"text": text}, {"finish": "stop"}, {"done": true}]})
        });
        bench.llm.scripts_from_json(&json!({"m stream": scripts}).to_string()).unwrap();
        let turns = bench.settings().model("m").build().unwrap();
        let routes = ChatRoutes::builder(turns.clone()).build().unwrap();
        let login = bench.store.login(USER);
        let ask = async |body: Bytes| {
            let reply =
                call(&routes, route, (&login.access, &login.refresh)).answer(USER, body).await;
            let ReplyBody::Turn(mut turn, _) = reply.body else { panic!("{}", reply.status) };
            while let Some(event) = turn.next().await {
                event.unwrap();
            }
            turns.flush(DEADLINE).await;
            last_asked(&bench)
        };
        let (u1, r1, u2, r2) =
            (("u1", "user"), ("r1", "assistant"), ("u2", "user"), ("r2", "assistant"));
        let none = json!({});
        ask(shown(&[], ("u1", "one"), &none)).await;
        ask(shown(&[u1, r1], ("u2", "two"), &none)).await;
        let whole = ask(shown(&[u1, r1, u2, r2], ("u3", "three"), &none)).await;
        let begin = ["user: one", "assistant: r1"];
        assert_eq!(
            whole,
            ["user: one", "assistant: r1", "user: two", "assistant: r2", "user: three"]
        );

        let again = json!({"trigger": "regenerate-message", "messageId": "r2"});
        let told = ask(shown(&[u1, r1], ("u2", "two"), &again)).await;
        assert_eq!(told, [begin[0], begin[1], "user: two"], "generated again");
        let edit = json!({"messageId": "u2"});
        let told = ask(shown(&[u1, r1], ("u2", "two, edited"), &edit)).await;
        assert_eq!(told, [begin[0], begin[1], "user: two, edited"], "edited");
        let told = ask(shown(&[u1, r1, u2, r2], ("u4", "four"), &none)).await;
        let after = ["user: two, edited", "assistant: r2 edited", "user: four"];
        assert_eq!(told, [&begin[..], &after[..]].concat(), "after an edit");
        // The removed messages are still in the store, which a page that sends its last message alone is told.
        let told = ask(shown(&[], ("u5", "five"), &none)).await;
        assert!(told.contains(&"user: three".to_owned()), "{told:?}");
    }
}
