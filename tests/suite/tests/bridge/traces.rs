//! A trace of the host: its context goes out with every request, and its finished spans come back once.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use turnwire::bridge::{Answer, Body, Client, Trace, flush, shutdown, start, starting};
use turnwire::config::CallOptions;
use turnwire::{ChatRequest, ChatStore, OpenAi, TurnRequest, Turns};
use turnwire_fakes::{Fake, FakeStore, Script};

use super::{answer, next};

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const USER: &str = "0b1e55ed-0000-4000-8000-000000000001";
const LIMIT: Duration = Duration::from_secs(60);

/// A trace and its report.
fn trace() -> (Option<Arc<Trace>>, Receiver<Value>) {
    let (sender, report) = channel();
    let trace = Trace::new(PARENT, "vendor=1", move |json| {
        let _ = sender.send(serde_json::from_str(&json).unwrap());
    });
    (Some(trace), report)
}

fn llm(fake: &Fake) -> OpenAi {
    OpenAi::builder().base_url(fake.base_url()).no_proxy().build().unwrap()
}

fn named<'a>(report: &'a Value, name: &str) -> Vec<&'a Value> {
    report["spans"].as_array().unwrap().iter().filter(|span| span["name"] == name).collect()
}

fn metrics(report: &Value) -> Vec<&str> {
    report["metrics"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|point| point["name"].as_str())
        .collect()
}

#[test]
fn a_turn_is_handed_over_once_its_messages_are_saved() {
    let (fake, store) = (Fake::spawn_thread().unwrap(), FakeStore::spawn_thread().unwrap());
    let reply = Script::new().role("assistant").text("비밀").finish("stop").usage(3, 2).done();
    fake.script("m stream", Script::new().truncate());
    fake.script("n stream", reply);
    fake.script("m whole", Script::error(400, "비밀"));
    let turns = Turns::builder(llm(&fake)).model("m").fallback("n").usage_events(true);
    let turns = turns.store(ChatStore::builder(store.url()).no_proxy().build().unwrap());
    let turns = turns.build().unwrap();
    let login = store.login(USER);
    let request = TurnRequest::new("비밀").user_id(USER).new_workspace();
    let (trace, report) = trace();
    let turn = start(&turns, request.tokens(login.access, login.refresh), None, trace).unwrap();
    let events = turn.events().unwrap();
    while next(&events).unwrap().is_some() {}
    answer(&flush(&turns, LIMIT).unwrap()).unwrap();
    // A flush includes the report.
    let report = report.try_recv().unwrap();

    assert_eq!(report["name"], "invoke_workflow turn");
    let attributes = &report["attributes"];
    assert_eq!(attributes["gen_ai.request.model"], "n");
    assert_eq!(attributes["gen_ai.usage.output_tokens"], 2);
    assert_eq!(attributes["error.type"], Value::Null);
    let spans = report["spans"].as_array().unwrap();
    let above = |span: &Value| {
        spans[usize::try_from(span["parent"].as_u64().unwrap()).unwrap()]["name"].clone()
    };
    let replies = named(&report, "reply");
    assert_eq!(replies[0]["attributes"]["error.type"], "truncated");
    assert!(replies[0]["parent"].is_null() && replies.len() == 2);
    let good = named(&report, "chat n")[0];
    assert_eq!((above(good), &good["is_client"]), (json!("reply"), &json!(true)));
    assert_eq!(good["attributes"]["gen_ai.response.finish_reasons"], json!(["stop"]));
    assert!(named(&report, "chat m").iter().any(|call| above(call) == "naming"));
    assert_eq!(above(named(&report, "store.create_workspace")[0]), "create_workspace");
    let saves: Vec<_> = named(&report, "store.save").into_iter().map(above).collect();
    assert_eq!(saves, ["save_user", "save_ai"]);
    let of_calls = ["gen_ai.client.operation.duration", "gen_ai.client.token.usage"];
    let counted =
        of_calls.map(|name| metrics(&report).iter().filter(|metric| **metric == name).count());
    assert_eq!(counted, [3, 2]);
    assert!(metrics(&report).contains(&"gen_ai.invoke_workflow.duration"));
    assert!(!report.to_string().contains("비밀"));

    let of_llm = fake.requests();
    let of_store = store.fake().requests();
    let saves = of_store.iter().filter(|request| request.path == "/api/chat/save");
    for request in of_llm.iter().chain(saves) {
        assert_eq!(request.header("traceparent"), Some(PARENT), "{}", request.path);
        assert_eq!(request.header("tracestate"), Some("vendor=1"));
    }
}

#[test]
fn a_turn_whose_store_is_down_is_handed_over_five_seconds_after_its_end() {
    let fake = Fake::spawn_thread().unwrap();
    fake.script("m stream", Script::chat(["a"]));
    let store = ChatStore::builder("http://127.0.0.1:9").no_proxy().build().unwrap();
    let turns = Turns::builder(llm(&fake)).model("m").store(store).build().unwrap();
    let request = TurnRequest::new("hi").user_id(USER).workspace("w").tokens("a", "r");
    let (trace, report) = trace();
    let began = Instant::now();
    let turn = start(&turns, request, None, trace).unwrap();
    let events = turn.events().unwrap();
    while next(&events).unwrap().is_some() {}
    let report = report.recv_timeout(LIMIT).unwrap();
    let handed_over = began.elapsed().as_secs_f64();
    assert!(!named(&report, "reply").is_empty() && named(&report, "save_ai").is_empty());
    // It ended for its reader five seconds before.
    let took = report["attributes"]["turnwire.turn.duration"].as_f64().unwrap();
    assert!(handed_over >= took + 4.9, "{took} s, handed over after {handed_over} s");
}

#[test]
fn a_call_that_is_dropped_before_it_begins_ends_its_trace() {
    let (trace, report) = trace();
    drop(trace);
    let report = report.recv_timeout(LIMIT).unwrap();
    assert_eq!(
        (&report["name"], &report["attributes"]["error.type"]),
        (&Value::Null, &json!("cancelled"))
    );
}

#[test]
fn a_call_or_a_turn_that_is_refused_ends_its_trace_with_the_error() {
    let fake = Fake::spawn_thread().unwrap();
    let turns = Turns::builder(llm(&fake)).build().unwrap();
    let client = Client::new(OpenAi::builder().base_url(fake.base_url()).no_proxy()).unwrap();
    let refused = |call: &dyn Fn(Option<Arc<Trace>>) -> turnwire::Result<()>| {
        let (trace, report) = trace();
        let code = call(trace).unwrap_err().code();
        let report = report.recv_timeout(LIMIT).unwrap();
        assert_eq!(
            (&report["attributes"]["error.type"], &report["metrics"]),
            (&json!(code), &json!([]))
        );
        code
    };
    let turn = |message: &'static str| {
        let turns = turns.clone();
        move |trace| start(&turns, TurnRequest::new(message), None, trace).map(drop)
    };
    let parsed = |trace| {
        let read =
            |trace| client.chat(ChatRequest::from_json("[]")?, CallOptions::new(), trace).map(drop);
        starting(trace, read)
    };
    assert_eq!(refused(&turn(" ")), "invalid_request");
    assert_eq!(refused(&parsed), "invalid_request");
    answer(&shutdown(&turns, LIMIT).unwrap()).unwrap();
    assert_eq!(refused(&turn("hi")), "config");
    assert!(fake.requests().is_empty());
}

/// The points of the metrics of times, in seconds, of a call with this reply.
fn times(fake: &Fake, script: Script) -> [Option<f64>; 3] {
    fake.script("m", script);
    let client = Client::new(OpenAi::builder().base_url(fake.base_url()).no_proxy()).unwrap();
    let (trace, report) = trace();
    let call = client.chat_stream(ChatRequest::new("m").user("hi"), CallOptions::new(), trace);
    if let Ok(Answer { body: Body::Chunks(chunks), .. }) = answer(&call.unwrap()) {
        let chunks = chunks.chunks().unwrap();
        while let Ok(Some(_)) = next(chunks.pull()) {}
    }
    let report = report.recv_timeout(LIMIT).unwrap();
    let points = report["metrics"].as_array().unwrap();
    ["duration", "time_to_first_chunk", "time_per_output_chunk"].map(|name| {
        let name = format!("gen_ai.client.operation.{name}");
        let found: Vec<_> = points.iter().filter(|point| point["name"] == name).collect();
        assert!(found.len() <= 1, "{report}");
        found.first()?["value"].as_f64()
    })
}

#[test]
fn the_time_per_chunk_is_the_mean_after_the_first_content() {
    let fake = Fake::spawn_thread().unwrap();
    // Two chunks follow the first content: text after 400 ms, and the finish.
    let paced = || Script::new().role("assistant").text("a").wait_ms(400).text("b").finish("stop");
    let [duration, first, mean] = times(&fake, paced().done()).map(Option::unwrap);
    assert!(mean > 0.0 && 2.0 * mean <= duration - first, "{first} {mean} {duration}");
    fake.reset();
    // The call waits 5 s for more, which are no time of a chunk.
    let [duration, first, mean] = times(&fake, paced().stall()).map(Option::unwrap);
    assert!(mean > 0.0 && 2.0 * mean <= duration - first - 5.0, "{first} {mean} {duration}");
    fake.reset();
    // A marker alone may end the reply.
    let unfinished = Script::new().text("a").wait_ms(1).text("b").text("c").done();
    let [duration, first, mean] = times(&fake, unfinished).map(Option::unwrap);
    assert!(mean > 0.0 && 2.0 * mean <= duration - first, "{first} {mean} {duration}");
    fake.reset();
    let [duration, first, mean] = times(&fake, Script::new().text("a").text("b").truncate());
    assert_eq!((duration.is_some(), first.is_some(), mean), (true, true, None));
    fake.reset();
    let message = json!({"role": "assistant", "content": "a"});
    let whole = json!({"choices": [{"message": message, "finish_reason": "stop"}]});
    assert_eq!(times(&fake, Script::body(whole))[2], None);
}

#[test]
fn calls_without_a_trace_send_no_context_of_another() {
    let fake = Fake::spawn_thread().unwrap();
    fake.script("m whole", Script::chat(["a"]));
    let client = Client::new(OpenAi::builder().base_url(fake.base_url()).no_proxy()).unwrap();
    let (trace, report) = trace();
    let ask =
        |trace| client.chat(ChatRequest::new("m").user("hi"), CallOptions::new(), trace).unwrap();
    let (traced, plain) = (ask(trace), ask(None));
    let _ = (answer(&traced), answer(&plain));
    assert_eq!(report.recv_timeout(LIMIT).unwrap()["name"], "chat m");
    let mut sent: Vec<_> =
        fake.requests().iter().map(|r| r.header("traceparent").map(str::to_owned)).collect();
    sent.sort();
    assert_eq!(sent, [None, Some(PARENT.to_owned())]);
}

#[test]
fn the_state_goes_out_only_with_its_parent() {
    let fake = Fake::spawn_thread().unwrap();
    fake.script("m whole", Script::chat(["a"]));
    let client = Client::new(OpenAi::builder().base_url(fake.base_url()).no_proxy()).unwrap();
    let other = PARENT.replace('7', "8");
    let of_call = |options: CallOptions| {
        let (trace, _report) = trace();
        let _ = answer(&client.chat(ChatRequest::new("m").user("hi"), options, trace).unwrap());
        let sent = fake.requests().pop().unwrap();
        ["traceparent", "tracestate"].map(|name| sent.header(name).map(str::to_owned))
    };
    let sent = |parent: &str, state: &str| [Some(parent.to_owned()), Some(state.to_owned())];
    let options = CallOptions::new;
    assert_eq!(of_call(options()), sent(PARENT, "vendor=1"));
    assert_eq!(of_call(options().header("traceparent", PARENT)), sent(PARENT, "vendor=1"));
    assert_eq!(of_call(options().headers([("traceparent", None::<&str>)])), [None, None]);
    let replaced = options().header("Traceparent", &*other);
    assert_eq!(of_call(replaced.clone()), [Some(other.clone()), None]);
    // The caller's own state stays, also if it equals that of the trace.
    assert_eq!(of_call(replaced.header("Tracestate", "vendor=1")), sent(&other, "vendor=1"));
}
