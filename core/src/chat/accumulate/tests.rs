//! Replies accumulated from chunks, piece by piece.

use serde_json::json;

use super::*;
use crate::chat::FinishReason;
use crate::chat::chunk_reader::ChunkReader;
use crate::chat::span::LiteralBuffer;

fn accumulate(chunks: &[&str]) -> Accumulator {
    let mut reader = ChunkReader::default();
    let mut whole = Accumulator::default();
    for chunk in chunks {
        let mut literals = LiteralBuffer::default();
        let read = reader.read(chunk, &mut literals).unwrap();
        whole.add(&read.into_chunk(), &mut ());
    }
    whole
}

#[test]
fn arguments_of_interleaved_tool_calls_are_joined_by_index() {
    let whole = accumulate(&[
        r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""}}]}}]}"#,
        r#"{"choices":[{"delta":{"tool_calls":[{"index":1,"id":"b","function":{"name":"g","arguments":"{"}}]}}]}"#,
        r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"x\":"}},{"index":1,"function":{"arguments":"}"}}]}}]}"#,
        r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"1}"}}]},"finish_reason":"tool_calls"}]}"#,
    ]);
    let calls = &whole.reply().choices[0].message.tool_calls;
    let read = |i: usize| {
        (
            calls[i].id.as_str(),
            calls[i].function.name.as_str(),
            calls[i].function.arguments.as_str(),
        )
    };
    assert_eq!((read(0), read(1)), (("a", "f", r#"{"x":1}"#), ("b", "g", "{}")));
    assert!(whole.all_finished(1));
}

#[test]
fn tool_calls_without_an_index_are_told_apart_by_id() {
    let call = |id: &str, arguments: &str| {
        format!(
            r#"{{"choices":[{{"delta":{{"tool_calls":[{{{id}"function":{{"arguments":"{arguments}"}}}}]}}}}]}}"#
        )
    };
    let chunks = [call(r#""id":"a","#, "1"), call("", "2"), call(r#""id":"b","#, "3")];
    let whole = accumulate(&chunks.each_ref().map(String::as_str));
    let calls = &whole.reply().choices[0].message.tool_calls;
    let arguments: Vec<_> = calls.iter().map(|c| c.function.arguments.as_str()).collect();
    assert_eq!(arguments, ["12", "3"]);
}

#[test]
fn a_reply_is_finished_when_all_that_were_asked_for_are() {
    let first = r#"{"choices":[{"index":1,"delta":{"content":"b"},"finish_reason":"stop"}]}"#;
    let second = r#"{"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"length"}]}"#;
    let half = accumulate(&[first]);
    assert!(half.all_finished(1) && !half.all_finished(2));
    let whole = accumulate(&[first, second]);
    assert!(whole.all_finished(2));
    assert_eq!(whole.reply().text(), "a", "choices stand in the order of their indices");
}

#[test]
fn an_absurd_index_takes_no_memory() {
    let whole = accumulate(&[
        r#"{"choices":[{"index":1023,"delta":{"tool_calls":[{"index":1023,"id":"a"}]}}]}"#,
    ]);
    assert_eq!(whole.reply().choices.len(), 1);
    assert_eq!(whole.reply().choices[0].message.tool_calls.len(), 1);
    assert!(whole.bytes() < 1000);
}

#[test]
fn everything_that_is_kept_is_counted() {
    let large = "x".repeat(1000);
    for chunk in [
        json!({"choices": [{"delta": {"tool_calls": [{"index": 0, "id": large}]}}]}),
        json!({"choices": [{"delta": {"tool_calls": [{"index": 0, "function": {"name": large}}]}}]}),
        json!({"choices": [{"delta": {}, "finish_reason": large}]}),
        json!({"choices": [{"logprobs": {"content": [{"token": large, "logprob": 0}]}}]}),
        json!({"choices": [{"logprobs": {"content": [{"token": "a", "logprob": 0,
            "top_logprobs": [{"token": large, "logprob": 0}]}]}}]}),
        json!({"choices": [], "x": large}),
        json!({"choices": [], "x": {large.clone(): 1}}),
        json!({"choices": [{"x": [large]}]}),
        json!({"choices": [{"delta": {"x": {"y": large}}}]}),
        json!({"choices": [{"delta": {"reasoning_details": [{"index": 0, "text": large}]}}]}),
        json!({"choices": [{"delta": {"tool_calls": [{"index": 0, "x": large}]}}]}),
        json!({"choices": [{"delta": {"tool_calls": [{"index": 0, "function": {"x": large}}]}}]}),
        json!({"choices": [{"delta": {"tool_calls": [{"index": 0, "custom": {"input": large}}]}}]}),
        json!({"choices": [{"delta": {"tool_calls": [{"index": 0, "custom": {"x": large}}]}}]}),
        json!({"choices": [{"logprobs": {"x": large}}]}),
        json!({"choices": [{"logprobs": {"content": [{"token": "a", "logprob": 0, "x": large}]}}]}),
        json!({"choices": [], "usage": {"x": large}}),
        json!({"choices": [], "usage": {"prompt_tokens_details": {"x": large}}}),
        json!({"choices": [{"delta": {"content": "a"}}, {"message": {"content": format!("a{large}")}}]}),
    ] {
        assert!(accumulate(&[&chunk.to_string()]).bytes() >= 1000, "{chunk}");
    }
    let choices: Vec<_> = (0..500).map(|index| json!({"index": index})).collect();
    let many = accumulate(&[&json!({"choices": choices}).to_string()]);
    assert!(many.bytes() >= 500 * size_of::<Choice>());
}

#[test]
fn the_first_reply_s_finish_reason_is_the_reply_s() {
    let chunk = |index: u32, reason: &str| {
        json!({"choices": [{"index": index, "delta": {}, "finish_reason": reason}]}).to_string()
    };
    let whole = accumulate(&[&chunk(1, "length"), &chunk(0, "stop")]);
    assert_eq!(whole.reply().finish_reason, Some(FinishReason::Stop));
}

#[test]
fn logprobs_refusals_and_reasoning_are_kept() {
    let whole = accumulate(&[
        r#"{"choices":[{"delta":{"reasoning":"hm","reasoning_content":"hm"},"logprobs":{"content":[{"token":"a","logprob":-0.1}]}}]}"#,
        r#"{"choices":[{"delta":{"refusal":"no"},"logprobs":{"content":[{"token":"b","logprob":null}]}}],"usage":{"total_tokens":3}}"#,
    ]);
    let choice = &whole.reply().choices[0];
    assert_eq!(choice.logprobs.as_ref().unwrap().content.len(), 2);
    assert_eq!(choice.message.reasoning.as_deref(), Some("hm"));
    assert_eq!(choice.message.refusal.as_deref(), Some("no"));
    assert_eq!(whole.reply().usage.as_ref().unwrap().total_tokens, 3);
}

#[test]
fn what_takes_the_place_of_another_is_counted_once_and_what_grows_each_time() {
    let large = "x".repeat(1000);
    let facts = json!({"choices": [], "facts": {"a": large}, "usage": {"more": large}}).to_string();
    let pieces = json!({"choices": [{"delta": {"pieces": [large]}}]}).to_string();
    let texts = json!({"choices": [{"delta": {"some_text": large}}]}).to_string();
    assert!((2000..4000).contains(&accumulate(&[facts.as_str(); 20]).bytes()));
    assert!((20_000..40_000).contains(&accumulate(&[pieces.as_str(); 20]).bytes()));
    assert!((20_000..40_000).contains(&accumulate(&[texts.as_str(); 20]).bytes()));
}

#[test]
fn lists_whose_items_stand_nowhere_near_their_indices_take_linear_time() {
    let started = std::time::Instant::now();
    let items: Vec<_> = (0..30_000).map(|item| json!({"index": 1_000_000 + item})).collect();
    let chunk = json!({"choices": [{"delta": {"x": items}}]}).to_string();
    let whole = accumulate(&[&chunk, &chunk]);
    assert_eq!(whole.reply().message().unwrap().extra["x"].as_array().unwrap().len(), 60_000);
    assert!(started.elapsed() < std::time::Duration::from_secs(20), "{:?}", started.elapsed());
}
