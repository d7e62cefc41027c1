//! Generated bodies keep their promises: valid, of the right shape and mix, and different with the seed.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Body, SEED, Shape};

const CHUNKS: usize = 2_000;

/// The JSON of each event, except the mark of the end.
fn values(body: &Body) -> Vec<Value> {
    data(body).filter(|data| *data != "[DONE]").map(|d| serde_json::from_str(d).unwrap()).collect()
}

fn data(body: &Body) -> impl Iterator<Item = &str> {
    body.events().map(|event| {
        let event = std::str::from_utf8(event).unwrap();
        event.strip_prefix("data: ").and_then(|e| e.strip_suffix("\n\n")).unwrap()
    })
}

/// The piece of text in each event that has one.
fn texts(body: &Body) -> Vec<String> {
    let pointers = [
        "/choices/0/delta/content",
        "/choices/0/delta/tool_calls/0/function/arguments",
        "/content",
    ];
    let text = |v: &Value| pointers.iter().find_map(|p| v.pointer(p)?.as_str().map(str::to_owned));
    values(body).iter().filter_map(text).filter(|text| !text.is_empty()).collect()
}

/// Share of the events with text whose bytes have a mark.
fn share(body: &Body, has: impl Fn(&str) -> bool) -> f64 {
    data(body).filter(|data| has(data)).count() as f64 / body.chunks as f64
}

fn is_hangul(c: char) -> bool {
    ('가'..='힣').contains(&c)
}

#[test]
fn every_shape_has_the_chunks_and_the_text_that_it_promises() {
    for shape in Shape::ALL {
        for chunks in [1, 2, 3, 50, CHUNKS] {
            let body = Body::new(shape, chunks, SEED);
            let texts = texts(&body);
            assert_eq!((body.chunks, texts.len()), (chunks, chunks), "{shape}");
            let text = texts.concat();
            assert_eq!(body.text_bytes, text.len(), "{shape}");
            assert_eq!(body.text_chars, text.chars().count(), "{shape}");
            assert_eq!(body.text_utf16, text.encode_utf16().count(), "{shape}");
        }
    }
}

#[test]
fn a_seed_gives_the_same_bytes_and_another_seed_gives_others() {
    for shape in Shape::ALL {
        let body = |seed| Body::new(shape, 300, seed);
        assert_eq!(body(1).bytes, body(1).bytes, "{shape}");
        let (one, two) = (texts(&body(1)), texts(&body(2)));
        if shape != Shape::Constant {
            let same = one.iter().zip(&two).filter(|(a, b)| a == b).count();
            assert!(same < 150, "{shape}: {same} of 300 chunks are the same with another seed");
        }
    }
}

#[test]
fn texts_are_a_mix_of_prose_markdown_code_and_korean() {
    let body = Body::new(Shape::OpenAi, CHUNKS, SEED);
    let escapes = share(&body, |data| data.contains('\\'));
    assert!((0.15..0.35).contains(&escapes), "{escapes} of the chunks have an escape");
    let korean = share(&body, |data| data.chars().any(is_hangul));
    assert!((0.2..0.5).contains(&korean), "{korean} of the chunks have Korean");
    let texts = texts(&body);
    let mean = texts.concat().chars().count() as f64 / texts.len() as f64;
    assert!((2.0..6.0).contains(&mean), "a token has {mean} characters");
    for part in ["\n", "\"", "\\", "## ", "```", "**"] {
        assert!(texts.concat().contains(part), "no {part:?}");
    }
    assert!(texts.concat().chars().any(|c| u32::from(c) > 0xffff), "no astral character");
    assert!(texts.iter().all(|text| text.chars().count() <= 20));
}

#[test]
fn an_openai_chunk_has_openais_fields_and_about_300_bytes() {
    let body = Body::new(Shape::OpenAi, CHUNKS, SEED);
    let fields = [
        "id",
        "object",
        "created",
        "model",
        "service_tier",
        "system_fingerprint",
        "choices",
        "usage",
        "obfuscation",
    ];
    let values = values(&body);
    assert!(values.iter().all(|v| v.as_object().unwrap().keys().eq(&fields)));
    assert!(values[1].pointer("/choices/0/logprobs").unwrap().is_null());
    let lengths: BTreeSet<_> =
        values.iter().map(|v| v["obfuscation"].as_str().unwrap().len()).collect();
    assert!(lengths.len() >= 12, "the padding has the lengths {lengths:?}");
    let mean = body.bytes.len() / body.chunks;
    assert!((280..340).contains(&mean), "a chunk has {mean} bytes");
    let last = &values[CHUNKS + 2];
    assert_eq!(last["usage"]["completion_tokens"], CHUNKS + 1);
    assert!(last["choices"].as_array().unwrap().is_empty());
}

#[test]
fn the_escaped_shapes_are_ascii_and_read_as_the_plain_ones() {
    for (escaped, plain) in
        [(Shape::Escaped, Shape::OpenAi), (Shape::EventsEscaped, Shape::EventsPlain)]
    {
        let [escaped, plain] = [escaped, plain].map(|shape| Body::new(shape, CHUNKS, SEED));
        assert!(escaped.bytes.is_ascii());
        assert!(!plain.bytes.is_ascii());
        assert_eq!(values(&escaped), values(&plain));
        let korean = share(&escaped, |data| data.contains("\\uc") || data.contains("\\ub"));
        assert!(korean > 0.15, "{korean} of the chunks have escaped Korean");
        assert!(share(&escaped, |data| data.contains("\\ud83")) > 0.0, "no pairs");
        let text = std::str::from_utf8(&escaped.bytes).unwrap();
        assert!(text.contains(r#"", ""#) && text.contains(r#"": ""#), "no spaces");
    }
}

#[test]
fn in_the_moving_shape_ids_times_and_usage_move() {
    let body = Body::new(Shape::Moving, CHUNKS, SEED);
    let values = values(&body);
    let different = |pointer: &str| {
        values
            .iter()
            .map(|v| v.pointer(pointer).unwrap().to_string())
            .collect::<BTreeSet<_>>()
            .len()
    };
    assert_eq!(different("/id"), values.len());
    assert_eq!(different("/usage/completion_tokens"), values.len());
    assert!(different("/created") > values.len() / 2);
    assert_eq!(different("/provider"), 1);
}

#[test]
fn the_arguments_of_both_tool_calls_are_json_full_of_quotes() {
    let body = Body::new(Shape::Tools, CHUNKS, SEED);
    let mut calls = [String::new(), String::new()];
    let mut ids = BTreeSet::new();
    let mut last = 0;
    for value in values(&body) {
        if let Some(call) = value.pointer("/choices/0/delta/tool_calls/0") {
            let index = call["index"].as_u64().unwrap() as usize;
            assert!(index >= last, "the calls are not one after the other");
            last = index;
            calls[index].push_str(call["function"]["arguments"].as_str().unwrap());
            ids.extend(call.get("id").map(ToString::to_string));
        }
    }
    assert_eq!(ids.len(), 2);
    for arguments in calls {
        let arguments: Value = serde_json::from_str(&arguments).unwrap();
        assert!(arguments["content"].as_str().unwrap().contains("\n    "));
    }
    let quotes = share(&body, |data| data.contains(r#"\""#));
    assert!(quotes > 0.1, "{quotes} of the chunks have a quote");
}

#[test]
fn llamacpp_and_ollama_write_in_their_own_order() {
    let llamacpp = Body::new(Shape::LlamaCpp, 50, SEED);
    let start = r#"{"choices":[{"finish_reason":null,"index":0,"delta":{"content":""#;
    assert_eq!(data(&llamacpp).filter(|data| data.starts_with(start)).count(), 50);
    let timed: Vec<_> = values(&llamacpp).iter().map(|v| v.get("timings").is_some()).collect();
    assert_eq!(timed.iter().position(|timed| *timed), Some(timed.len() - 1));

    let ollama = Body::new(Shape::Ollama, CHUNKS, SEED);
    let part = r#""system_fingerprint":"fp_ollama","choices":[{"index":0,"delta":{"role":"assistant","content":""#;
    assert_eq!(data(&ollama).filter(|data| data.contains(part)).count(), CHUNKS + 2);
    assert!(share(&ollama, |data| data.contains("\\u003c")) > 0.0, "Go escapes angle brackets");
}

#[test]
fn the_constant_shape_never_varies() {
    let body = Body::new(Shape::Constant, 50, SEED);
    let chunks: BTreeSet<_> = data(&body).skip(1).take(50).collect();
    assert_eq!(chunks.len(), 1);
}

#[test]
fn a_shape_is_found_by_its_name() {
    for shape in Shape::ALL {
        assert_eq!(Shape::from_name(shape.name()), Some(shape));
    }
    assert_eq!(Shape::from_name("none"), None);
}
