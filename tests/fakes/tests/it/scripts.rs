//! The lookup of a request's script.

use serde_json::json;
use turnwire_fakes::{Fake, Framing, Script, speech};

use crate::raw::Client;

#[test]
fn queues_run_in_order_and_keep_their_last_script() {
    let fake = Fake::spawn_thread().unwrap();
    fake.script("a", Script::chat(["a1"]));
    fake.script("b", Script::chat(["b1"]));
    fake.script("a", Script::chat(["a2"]));
    let mut client = Client::connect(fake.address());
    let mut content = |model| {
        client.ask(model);
        client.read_reply().content()
    };
    assert_eq!(["a", "b", "a", "b", "a"].map(&mut content), ["a1", "b1", "a2", "b1", "a2"]);
    assert_eq!(content("c"), "hello", "no script: the default");

    fake.script("*", Script::chat(["any"]));
    assert_eq!(["a", "c"].map(&mut content), ["a2", "any"]);

    fake.reset();
    assert_eq!(content("a"), "hello");
    assert_eq!(fake.requests().len(), 1, "the reset forgot the records before it");
}

#[test]
fn requests_without_a_model_go_by_their_path() {
    let fake = Fake::spawn_thread().unwrap();
    fake.script("/reissue", Script::new().framing(Framing::Length).send("by path"));
    let mut client = Client::connect(fake.address());
    client.send("POST", "/reissue?x=1", "not json");
    assert_eq!(client.read_reply().text(), "by path");
    client.send("POST", "/reissue", r#"{"model": "m"}"#);
    assert_eq!(client.read_reply().head.status, 404, "a model comes before the path");
}

#[test]
fn a_file_of_scripts_is_checked_as_it_is_read() {
    let fake = Fake::spawn_thread().unwrap();
    let json = r#"{"a": {"steps": [{"json": 1}]}, "b": [{"steps": []}, {"status": 500}]}"#;
    fake.scripts_from_json(json).unwrap();
    let mut client = Client::connect(fake.address());
    client.ask("a");
    assert_eq!(client.read_reply().text(), "1");
    let error = fake.scripts_from_json(r#"{"key": {"steps": [{"sned": "x"}]}}"#).unwrap_err();
    assert!(error.contains("key") && error.contains("sned"), "{error}");
}

#[test]
fn each_form_of_a_chat_reads_the_queue_from_its_beginning() {
    let fake = Fake::spawn_thread().unwrap();
    fake.script("*", Script::error(503, "starting"));
    fake.script("*", Script::chat(["안", "녕"]));
    fake.script("*", Script::new().text("half").truncate());
    let mut client = Client::connect(fake.address());
    let messages = json!([{"role": "user", "content": "a b"}]);
    let asks = |stream| json!({"model": "m", "stream": stream, "messages": messages}).to_string();
    let mut send = |path, body: &str| {
        client.send("POST", path, body);
        client.read_reply()
    };
    let path = "/v1/chat/completions";
    assert_eq!(send(path, &asks(false)).head.status, 503);
    let whole = send(path, &asks(false)).json();
    assert_eq!(whole["choices"][0]["message"]["content"], "안녕");
    assert_eq!(
        (&whole["object"], &whole["usage"]["prompt_tokens"]),
        (&"chat.completion".into(), &2.into())
    );
    assert_eq!(send(path, &asks(true)).head.status, 503);
    assert_eq!(send(path, &asks(true)).content(), "안녕");
    let speech = r#"{"model": "tts-1", "input": "하나", "voice": "v"}"#;
    assert_eq!(send("/v1/audio/speech", speech).head.status, 503);
    let spoken = send("/v1/audio/speech", speech);
    assert_eq!(speech::text_of(&spoken.chunks.concat()), "하나");
    let mut models = || {
        client.send("GET", "/v1/models", "");
        client.read_reply()
    };
    assert_eq!(models().head.status, 503);
    assert_eq!(models().json()["object"], "list");
}

#[test]
fn a_script_that_comes_after_the_last_one_is_next() {
    let fake = Fake::spawn_thread().unwrap();
    let mut client = Client::connect(fake.address());
    let mut content = |model| {
        client.ask(model);
        client.read_reply().content()
    };
    fake.script("a", Script::chat(["a1"]));
    assert_eq!(["a", "a"].map(&mut content), ["a1", "a1"]);
    fake.script("a", Script::chat(["a2"]));
    assert_eq!(content("a"), "a2");
}
