//! Random streams of chunks, valid and invalid, for accumulators in every language.

#![allow(
    clippy::panic,
    clippy::indexing_slicing,
    clippy::unreachable,
    reason = "a test fails by panicking"
)]

use serde_json::{Map, Value, json};

use crate::random::Random;

/// The chunks of a random stream, which an accumulator accepts without an error.
pub fn chunks(random: &mut Random) -> Vec<Value> {
    let style = Style {
        index: *random.one_of(&[Index::Right, Index::Right, Index::None, Index::Null, Index::Zero]),
        ids: *random.one_of(&[Ids::First, Ids::First, Ids::Every, Ids::None, Ids::Empty]),
        message: random.once_in(12),
        repeats: random.once_in(6),
        choices: if random.once_in(4) { 2 } else { 1 },
    };
    let mut chunks: Vec<_> = (0..random.below(9) + 1).map(|_| chunk(random, &style)).collect();
    if style.repeats {
        let message = json!({"role": "assistant", "content": text(random), "tool_calls": calls(random, &style)});
        chunks.push(json!({"choices": [{"index": 0, "delta": {}, "message": message, "finish_reason": "stop"}]}));
    }
    if random.once_in(2) {
        chunks.push(json!({"choices": [], "usage": usage(random)}));
    }
    chunks
}

struct Style {
    index: Index,
    ids: Ids,
    message: bool,
    repeats: bool,
    choices: usize,
}

#[derive(Clone, Copy)]
enum Index {
    Right,
    None,
    Null,
    Zero,
}

#[derive(Clone, Copy)]
enum Ids {
    First,
    Every,
    None,
    Empty,
}

fn chunk(random: &mut Random, style: &Style) -> Value {
    let mut choices = Vec::new();
    for index in 0..style.choices {
        if !random.once_in(5) {
            choices.push(choice(random, style, index));
        }
    }
    let mut chunk = json!({"id": "c", "object": "chat.completion.chunk", "created": 7, "model": "m", "choices": choices});
    let fields = object(&mut chunk);
    if random.once_in(4) {
        fields.insert("system_fingerprint".into(), one_of(random, &[json!(null), json!("fp")]));
        fields.insert("usage".into(), one_of(random, &[json!(null), json!({"total_tokens": 3})]));
        fields.insert("obfuscation".into(), "xyz".into());
    }
    if random.once_in(4) {
        odd_field(random, fields);
    }
    if random.once_in(9) {
        fields.remove("id");
        fields.remove("created");
    }
    chunk
}

fn choice(random: &mut Random, style: &Style, index: usize) -> Value {
    let mut choice = json!({"index": index});
    let fields = object(&mut choice);
    let name = if style.message { "message" } else { "delta" };
    if !random.once_in(9) {
        fields.insert(
            name.into(),
            if random.once_in(9) { Value::Null } else { delta(random, style) },
        );
    }
    if random.once_in(4) {
        let reason = one_of(random, &[json!(null), json!("stop"), json!("tool_calls"), json!("")]);
        fields.insert("finish_reason".into(), reason);
    }
    if random.once_in(4) {
        fields.insert("logprobs".into(), logprobs(random));
    }
    if random.once_in(5) {
        odd_field(random, fields);
    }
    choice
}

fn delta(random: &mut Random, style: &Style) -> Value {
    let mut delta = Map::new();
    if random.once_in(3) {
        delta.insert("role".into(), "assistant".into());
    }
    if random.once_in(2) {
        let parts = json!([{"type": "thinking", "thinking": [{"type": "text", "text": text(random)}]}, {"type": "text", "text": text(random)}]);
        let content = [json!(text(random)), json!(text(random)), json!(""), json!(null), parts];
        delta.insert("content".into(), one_of(random, &content));
    }
    for name in ["refusal", "reasoning_content", "reasoning"] {
        if random.once_in(5) {
            let text = [json!(text(random)), json!(""), json!(null)];
            delta.insert(name.into(), one_of(random, &text));
        }
    }
    if random.once_in(2) {
        delta.insert("tool_calls".into(), calls(random, style));
    }
    if random.once_in(6) {
        delta.insert("function_call".into(), json!({"name": "f", "arguments": text(random)}));
    }
    if random.once_in(6) {
        let audio = json!({"id": "a", "data": text(random), "transcript": text(random), "expires_at": random.below(9)});
        delta.insert("audio".into(), audio);
    }
    if random.once_in(4) {
        let detail =
            json!({"type": "reasoning.text", "text": text(random), "index": random.below(3)});
        let other = json!({"type": "reasoning.encrypted", "data": "=="});
        let details =
            (0..random.below(3)).map(|_| one_of(random, &[detail.clone(), other.clone()]));
        delta.insert("reasoning_details".into(), details.collect());
    }
    if random.once_in(4) {
        odd_field(random, &mut delta);
    }
    Value::Object(delta)
}

fn calls(random: &mut Random, style: &Style) -> Value {
    (0..random.below(3)).map(|order| call(random, style, order)).collect()
}

fn call(random: &mut Random, style: &Style, order: usize) -> Value {
    let which = if random.once_in(3) { random.below(4) } else { order };
    let begins = random.once_in(2);
    let mut call = Map::new();
    match style.index {
        Index::Right => drop(call.insert("index".into(), which.into())),
        Index::Null => drop(call.insert("index".into(), Value::Null)),
        Index::Zero => drop(call.insert("index".into(), 0.into())),
        Index::None => {}
    }
    match style.ids {
        Ids::First if begins => drop(call.insert("id".into(), format!("call_{which}").into())),
        Ids::Every => drop(call.insert("id".into(), format!("call_{which}").into())),
        Ids::Empty => drop(call.insert("id".into(), "".into())),
        Ids::First | Ids::None => {}
    }
    let name = *random.one_of(&["read", "write"]);
    let arguments = one_of(
        random,
        &[json!(""), json!("{}"), json!("{\"a\": "), json!("1}"), json!(null), json!({"a": 1})],
    );
    if random.once_in(8) {
        call.insert("type".into(), "custom".into());
        let name = if begins { name } else { "" };
        call.insert("custom".into(), json!({"name": name, "input": text(random)}));
    } else if begins {
        call.insert("type".into(), "function".into());
        call.insert("function".into(), json!({"name": name, "arguments": arguments}));
    } else {
        call.insert("function".into(), json!({"arguments": arguments}));
    }
    if random.once_in(5) {
        call.insert("extra_content".into(), json!({"google": {"thought_signature": text(random)}}));
    }
    if random.once_in(8) {
        odd_field(random, &mut call);
    }
    Value::Object(call)
}

fn logprobs(random: &mut Random) -> Value {
    let token = |random: &mut Random| {
        let mut token = json!({"token": text(random), "logprob": -0.5});
        if random.once_in(2) {
            let more = json!({"bytes": [97], "top_logprobs": [{"token": "b", "logprob": null, "bytes": null}]});
            object(&mut token).extend(more.as_object().cloned().unwrap_or_default());
        }
        token
    };
    let mut logprobs = Map::new();
    for name in ["content", "refusal"] {
        let tokens: Value = (0..random.below(3)).map(|_| token(random)).collect();
        if random.once_in(2) {
            logprobs.insert(name.into(), one_of(random, &[tokens, json!(null)]));
        }
    }
    one_of(random, &[Value::Object(logprobs), json!(null)])
}

fn usage(random: &mut Random) -> Value {
    let details = json!({"cached_tokens": random.below(2), "more": 1});
    let mut usage = json!({"prompt_tokens": random.below(9), "total_tokens": 9});
    if random.once_in(2) {
        let details = one_of(random, &[details, json!(null)]);
        object(&mut usage).insert("prompt_tokens_details".into(), details);
    }
    usage
}

/// An unknown field, sometimes with a name that has a meaning elsewhere.
fn odd_field(random: &mut Random, fields: &mut Map<String, Value>) {
    let name = *random.one_of(&["x", "notes", "constructor", "__proto__", "toString", "raw_text"]);
    let values = [
        json!(null),
        json!(random.below(3)),
        json!(text(random)),
        json!({"a": text(random), "b": {"c": [1]}}),
        json!({"prototype": {"polluted": true}}),
        json!([text(random)]),
        json!([{"index": random.below(2), "text": text(random)}, {"index": 0, "text": "t"}]),
    ];
    let value = one_of(random, &values);
    fields.insert(name.into(), value);
}

fn text(random: &mut Random) -> &'static str {
    const TEXTS: &[&str] = &["a", "b", "안녕", "\"\\\n", "🦀", "a"];
    TEXTS[random.below(TEXTS.len())]
}

fn one_of(random: &mut Random, values: &[Value]) -> Value {
    random.one_of(values).clone()
}

fn object(value: &mut Value) -> &mut Map<String, Value> {
    value.as_object_mut().unwrap_or_else(|| unreachable!("it is written as an object above"))
}
