//! The lookup of a request's script.

use turnwire_fakes::{Fake, Framing, Script};

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
