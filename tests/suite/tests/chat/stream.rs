//! Streams that end well, in all forms of existing services.

use futures::StreamExt;
use serde_json::json;
use turnwire::ChatStream;
use turnwire::chat::FinishReason;
use turnwire_fakes::{Fake, Framing, Script};

use super::{ask, client, read, scripted, stream_of};

/// A healthy stream of two texts.
fn healthy() -> Script {
    Script::new().role("assistant").text("안녕").text("하세요").finish("stop").usage(3, 2).done()
}

#[tokio::test]
async fn a_stream_gives_chunks_and_then_the_whole() {
    let fake = Fake::start().await.unwrap();
    let mut stream = client(&fake).chat_stream(ask().include_usage()).await.unwrap();
    assert_eq!(stream.first_token(), None);
    let whole = read(&mut stream).await;
    assert!(whole.error.is_none() && whole.texts.len() > 1, "{:?}", whole.texts);
    assert!(stream.first_token().is_some());
    assert_eq!(stream.request_id(), Some("req_1"));
    assert!(stream.headers().contains_key("content-type"));
    let reply = stream.into_reply().unwrap();
    assert_eq!(reply.text(), whole.texts.concat());
    assert_eq!(reply.finish_reason, Some(FinishReason::Stop));
    assert!(reply.usage.unwrap().total_tokens > 0);
    let sent = fake.requests()[0].json().unwrap();
    assert_eq!(sent["stream"], true);
    assert_eq!(sent["stream_options"], json!({"include_usage": true}));
    assert_eq!(fake.requests()[0].header("accept"), Some("text/event-stream"));
}

#[tokio::test]
async fn any_split_of_the_bytes_reads_the_same() {
    for split in [1, 2, 3, 7, 64] {
        let script = healthy().split(split);
        let (read, stream) = stream_of(script).await;
        assert!(read.error.is_none(), "{split}");
        assert_eq!(stream.into_reply().unwrap().text(), "안녕하세요", "{split}");
    }
}

#[tokio::test]
async fn every_framing_of_a_body_reads_the_same() {
    for framing in [Framing::Chunked, Framing::Length, Framing::Close] {
        let (read, stream) = stream_of(healthy().framing(framing)).await;
        assert!(read.error.is_none(), "{framing:?}");
        assert_eq!(stream.into_reply().unwrap().text(), "안녕하세요");
    }
}

#[tokio::test]
async fn services_write_the_end_in_many_ways() {
    let start = || Script::new().text("안녕");
    for (name, script) in [
        ("padded", start().finish("stop").send("data: [DONE] \n\n")),
        ("no space", start().finish("stop").send("data:[DONE]\n\n")),
        ("CRLF", start().finish("stop").send("data: [DONE]\r\n\r\n")),
        ("no blank line", start().finish("stop").send("data: [DONE]")),
        ("done without a finish", start().done()),
        ("finish without a done", start().finish("stop")),
        (
            "finish without a blank line",
            start().send(r#"data: {"choices":[{"delta":{},"finish_reason":"stop"}]}"#),
        ),
        ("a reason that nobody listed", start().finish("eos")),
        ("junk after the end", start().done().send("data: {{{\n\n").text("zzz")),
        ("reset after the end", start().finish("stop").done().reset()),
        ("reset after the finish", start().finish("stop").wait_ms(50).reset()),
        ("cut after the finish", start().finish("stop").truncate()),
    ] {
        let (read, stream) = stream_of(script).await;
        assert!(read.error.is_none(), "{name}: {:?}", read.error);
        assert_eq!(stream.into_reply().unwrap().text(), "안녕", "{name}");
    }
}

#[tokio::test]
async fn what_is_no_content_is_passed_over() {
    let script = Script::new()
        .send_bytes(b"\xEF\xBB\xBF")
        .comment("OPENROUTER PROCESSING")
        .send("event: ping\ndata: \n\n")
        .send("id: 7\nretry: 10\n\n")
        .sse(json!({"choices": [{"index": 0, "delta": {"role": "assistant", "content": null}}]}))
        .text("안녕")
        .comment("ping")
        .sse(json!({"choices": [], "prompt_filter_results": [{"hate": {}}]}))
        .finish("stop")
        .done();
    let (read, _) = stream_of(script).await;
    assert_eq!((read.texts, read.error.is_none()), (vec!["안녕".to_owned()], true));
}

#[tokio::test]
async fn an_empty_finish_reason_is_none() {
    let chunk =
        |text: &str| json!({"choices": [{"delta": {"content": text}, "finish_reason": ""}]});
    let (read, _) = stream_of(Script::new().sse(chunk("a")).sse(chunk("b"))).await;
    assert_eq!(read.texts, ["a", "b"]);
    assert_eq!(read.error.unwrap().code(), "truncated");
}

#[tokio::test]
async fn json_in_place_of_a_stream_is_read_as_the_reply() {
    for content_type in ["application/json", "text/event-stream"] {
        let body = json!({
            "id": "c", "model": "x", "choices": [{"index": 0, "finish_reason": "tool_calls", "message": {
                "role": "assistant", "content": "잠시만요",
                "tool_calls": [{"id": "t", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
            }}],
            "usage": {"total_tokens": 5},
        });
        let script = Script::body(body).header("content-type", content_type);
        let (fake, llm) = scripted(script).await;
        let mut stream = llm.chat_stream(ask()).await.unwrap();
        let chunk = stream.next().await.unwrap().unwrap();
        assert_eq!(chunk.text(), "잠시만요");
        let raw: serde_json::Value = serde_json::from_str(chunk.raw()).unwrap();
        assert_eq!(raw["object"], "chat.completion.chunk");
        assert_eq!(raw["choices"][0]["delta"]["tool_calls"][0]["index"], 0);
        assert!(stream.next().await.is_none());
        drop(fake);
        let reply = stream.into_reply().unwrap();
        assert_eq!(reply.finish_reason, Some(FinishReason::ToolCalls));
        assert_eq!(reply.choices[0].message.tool_calls[0].function.name, "f");
        assert_eq!(reply.usage.unwrap().total_tokens, 5);
    }
}

#[tokio::test]
async fn several_replies_are_kept_apart() {
    let chunk = |i: u32, text: &str| json!({"choices": [{"index": i, "delta": {"content": text}}]});
    let end = |i: u32| json!({"choices": [{"index": i, "delta": {}, "finish_reason": "stop"}]});
    let steps = [chunk(0, "a"), chunk(1, "x"), chunk(0, "b"), chunk(1, "y"), end(0)];
    let half = steps.into_iter().fold(Script::new(), Script::sse);
    let (_fake, llm) = scripted(half.clone().sse(end(1))).await;
    let reply = llm.chat_stream(ask().n(2u32)).await.unwrap().finish().await.unwrap();
    let texts: Vec<_> =
        reply.choices.iter().map(|c| c.message.content.as_deref().unwrap()).collect();
    assert_eq!(texts, ["ab", "xy"]);

    let (_fake, llm) = scripted(half).await;
    let error = llm.chat_stream(ask().n(2u32)).await.unwrap().finish().await.unwrap_err();
    assert_eq!((error.code(), error.partial()), ("truncated", Some("ab")));
}

#[tokio::test]
async fn n_counts_wherever_it_was_given() {
    let first =
        json!({"choices": [{"index": 0, "delta": {"content": "a"}, "finish_reason": "stop"}]});
    let (_fake, llm) = scripted(Script::new().sse(first)).await;
    for request in [ask().n(2u32), ask().extra("n", 2), ask().n(1u32).extra("n", 2)] {
        let error = llm.chat_stream(request).await.unwrap().finish().await.unwrap_err();
        assert_eq!(error.code(), "truncated");
    }
}

#[tokio::test]
async fn odd_fields_do_not_cost_the_chunk() {
    for odd in [
        r#"{"choices":[null,{"delta":{"content":"a"}}]}"#,
        r#"{"choices":[{"index":"0","delta":{"content":"a"}}]}"#,
        r#"{"choices":[{"index":0.0,"delta":{"content":"a","tool_calls":{}}}],"usage":"none"}"#,
        r#"{"choices":[{"delta":{"content":["a",null]},"logprobs":{"content":[{"token":"a","bytes":"YQ=="}]}}]}"#,
        r#"{"choices":[{"delta":{"content":"a","tool_calls":[{"index":"0","id":"c"},null]}}]}"#,
        r#"{"choices":[{"index":1,"delta":"x"},{"delta":{"content":"a"}}]}"#,
        r#" {"choices":[{"delta":{"content":"a"},"finish_reason":{}}]}"#,
    ] {
        let script = Script::new().send(format!("data: {odd}\n\n")).done();
        let (read, _) = stream_of(script).await;
        assert!(read.error.is_none(), "{odd}: {:?}", read.error);
        assert_eq!(read.texts, ["a"], "{odd}");
    }
}

#[tokio::test]
async fn a_service_s_junk_behind_a_whole_reply_does_not_cost_it() {
    for junk in ["data: [done]\n\n", "data: {{{\n\n", "data: \"[DONE]\"\n\n", "data: [\n\n"] {
        let (read, stream) = stream_of(Script::new().text("a").finish("stop").send(junk)).await;
        assert!(read.error.is_none(), "{junk}: {:?}", read.error);
        assert_eq!(stream.into_reply().unwrap().text(), "a");
    }
}

#[tokio::test]
async fn a_second_reply_that_begins_late_has_the_usual_limits_again() {
    // The wait for the rest of a finished stream is 5 s; another reply that begins ends the wait.
    let chunk = |index: u32, reason: Option<&str>| json!({"choices": [{"index": index, "delta": {"content": "a"}, "finish_reason": reason}]});
    let script = Script::new()
        .sse(chunk(0, Some("stop")))
        .sse(chunk(1, None))
        .wait_ms(5500)
        .sse(chunk(1, Some("stop")));
    let (_fake, llm) = scripted(script).await;
    let reply = llm.chat_stream(ask()).await.unwrap().finish().await.unwrap();
    assert_eq!(reply.choices.len(), 2);
}

#[tokio::test]
async fn json_behind_a_byte_order_mark_is_read() {
    let body = r#"{"choices":[{"message":{"content":"a"},"finish_reason":"stop"}]}"#;
    let (read, _) = stream_of(Script::new().send_bytes(b"\xEF\xBB\xBF").send(body)).await;
    assert_eq!((read.texts, read.error.is_none()), (vec!["a".to_owned()], true));
}

#[tokio::test]
async fn the_partial_reply_grows_while_the_stream_is_read() {
    let (_fake, llm) = scripted(healthy()).await;
    let mut stream = llm.chat_stream(ask()).await.unwrap();
    let mut seen = Vec::new();
    while let Some(chunk) = stream.next().await {
        chunk.unwrap();
        seen.push(stream.partial().text().to_owned());
    }
    seen.dedup();
    assert_eq!(seen, ["", "안녕", "안녕하세요"]);
}

#[tokio::test]
async fn a_reply_taken_before_the_end_is_truncated() {
    let (_fake, llm) = scripted(healthy()).await;
    let mut stream = llm.chat_stream(ask()).await.unwrap();
    while stream.partial().text().is_empty() {
        stream.next().await.unwrap().unwrap();
    }
    let error = stream.into_reply().unwrap_err();
    assert_eq!((error.code(), error.partial()), ("truncated", Some("안녕")));
}

#[tokio::test]
async fn unmodelled_fields_are_read_from_the_kept_json() {
    let script = Script::new()
        .sse(
            json!({"choices": [{"delta": {"content": "a", "mood": "good"}}], "timings": {"ms": 3}}),
        )
        .finish("stop");
    let (_fake, llm) = scripted(script).await;
    let mut stream = llm.chat_stream(ask()).await.unwrap();
    let chunk = stream.next().await.unwrap().unwrap();
    assert_eq!(chunk.extra()["timings"]["ms"], 3);
    assert_eq!(chunk.choices()[0].delta.extra["mood"], "good");
    assert!(chunk.raw().contains("timings"));
}

#[tokio::test]
async fn bytes_of_another_client_read_the_same() {
    let pieces =
        ["data: {\"choices\":[{\"delta\":{\"content\":\"안", "녕\"}}]}\n\ndata: [DO", "NE]\n\n"];
    let bytes = futures::stream::iter(pieces.map(|p| Ok::<_, std::io::Error>(p.into())));
    let reply = ChatStream::from_bytes(bytes).finish().await.unwrap();
    assert_eq!(reply.text(), "안녕");
}

#[tokio::test]
async fn a_source_that_may_not_be_polled_again_is_not() {
    for body in [
        r#"{"choices":[{"message":{"content":"a"},"finish_reason":"stop"}]}"#,
        "data: {\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}",
    ] {
        let bytes = futures::stream::unfold(Some(body), |left| async move {
            Some((Ok::<_, std::io::Error>(left?.into()), None))
        });
        assert_eq!(ChatStream::from_bytes(bytes).finish().await.unwrap().text(), "a");
    }
}

#[tokio::test]
async fn events_of_another_decoder_read_the_same() {
    use eventsource_stream::Eventsource;
    let bytes = "data: {\"choices\":[{\"delta\":{\"content\":\"안녕\"}}]}\n\ndata: [DONE]\n\n";
    let events = futures::stream::iter([Ok::<_, std::io::Error>(bytes)]).eventsource();
    assert_eq!(ChatStream::from_events(events).finish().await.unwrap().text(), "안녕");
    let cut = "data: {\"choices\":[{\"delta\":{\"content\":\"안녕\"}}]}\n\n";
    let events = futures::stream::iter([Ok::<_, std::io::Error>(cut)]).eventsource();
    let error = ChatStream::from_events(events).finish().await.unwrap_err();
    assert_eq!((error.code(), error.partial()), ("truncated", Some("안녕")));
}
