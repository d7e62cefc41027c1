//! Everyday calls in a user's code: plain numbers, one tool, a reused request.

use serde_json::json;
use turnwire::ChatRequest;
use turnwire::chat::{Part, Tool};
use turnwire_fakes::{Fake, Script};

use super::settings;

#[tokio::test]
async fn a_request_is_written_with_plain_numbers_and_sent_by_reference() {
    let fake = Fake::start().await.unwrap();
    let llm = settings(&fake).build().unwrap();
    let picture = Part::image_bytes("image/png", b"\x89PNG");
    let request = ChatRequest::new("m")
        .user([Part::text("이게 뭐예요?"), picture])
        .n(1)
        .max_completion_tokens(100)
        .top_logprobs(2)
        .seed(7)
        .temperature(1)
        .end_user("user-1")
        .tool(Tool::function::<()>("clock", "The time."))
        .tool(Tool::function::<()>("weather", "The weather."));
    llm.chat(&request).await.unwrap();
    llm.chat_stream(&request).await.unwrap().finish().await.unwrap();
    llm.chat(request).await.unwrap();
    let requests = fake.requests();
    assert_eq!(requests.len(), 3);
    let sent = requests[0].json().unwrap();
    assert_eq!((&sent["n"], &sent["max_completion_tokens"]), (&json!(1), &json!(100)));
    assert_eq!((&sent["user"], &sent["temperature"]), (&json!("user-1"), &json!(1.0)));
    let names = sent["tools"].as_array().unwrap().iter().map(|tool| &tool["function"]["name"]);
    assert_eq!(names.collect::<Vec<_>>(), ["clock", "weather"]);
    let image = &sent["messages"][0]["content"][1]["image_url"]["url"];
    assert_eq!(image, "data:image/png;base64,iVBORw==");
}

#[tokio::test]
async fn the_tools_that_the_model_calls_are_at_hand() {
    let fake = Fake::start().await.unwrap();
    let llm = settings(&fake).build().unwrap();
    let call = json!({"id": "call-1", "type": "function", "function": {"name": "clock", "arguments": "{}"}});
    fake.script(
        "m",
        Script::body(json!({
            "id": "c", "object": "chat.completion", "created": 1, "model": "m",
            "choices": [{"index": 0, "finish_reason": "tool_calls",
                         "message": {"role": "assistant", "content": null, "tool_calls": [call]}}],
        })),
    );
    let reply = llm.chat(ChatRequest::new("m").user("몇 시예요?")).await.unwrap();
    let [call] = reply.tool_calls() else { panic!("{:?}", reply.tool_calls()) };
    assert_eq!(serde_json::to_value(call).unwrap()["function"]["name"], "clock");
    let reply = llm.chat(ChatRequest::new("other").user("안녕하세요")).await.unwrap();
    assert!(reply.tool_calls().is_empty());
}
