//! A real model, served by llama.cpp on loopback: `cargo xtask test local-llm` starts it and runs this.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use turnwire::{ChatRequest, OpenAi};

fn client() -> OpenAi {
    let url = std::env::var("TURNWIRE_LOCAL_LLM_URL").expect(
        "TURNWIRE_LOCAL_LLM_URL tells where the model is; run `cargo xtask test local-llm`",
    );
    OpenAi::builder().base_url(url).no_proxy().build().unwrap()
}

fn ask() -> ChatRequest {
    ChatRequest::new("gemma3-270m")
        .user("한국의 봄에 대해 세 문장으로 이야기해 주세요.")
        .max_completion_tokens(48u32)
        // The model tends to short replies; this one must be long enough to be a stream.
        .extra("ignore_eos", true)
}

#[tokio::test]
async fn a_real_model_streams_korean_to_a_well_formed_end() {
    let mut stream = client().chat_stream(ask().include_usage()).await.unwrap();
    let mut texts = Vec::new();
    while let Some(chunk) = futures::StreamExt::next(&mut stream).await {
        let chunk = chunk.unwrap();
        if !chunk.text().is_empty() {
            texts.push(chunk.text().to_owned());
        }
    }
    assert!(texts.len() >= 8, "{} pieces of text: {texts:?}", texts.len());
    assert!(stream.first_token().is_some());
    let reply = stream.into_reply().unwrap();
    assert_eq!(reply.text(), texts.concat());
    assert!(reply.text().chars().any(|c| ('가'..='힣').contains(&c)), "{}", reply.text());
    assert!(reply.finish_reason.is_some());
    let usage = reply.usage.expect("the usage was asked for");
    assert!(usage.completion_tokens >= 8 && usage.prompt_tokens > 0, "{usage:?}");
    assert_eq!(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens);
}

#[tokio::test]
async fn a_real_model_answers_whole() {
    let reply = client().chat(ask()).await.unwrap();
    assert!(!reply.text().is_empty() && reply.usage.is_some());
    assert!(reply.extra.contains_key("timings"), "llama.cpp's own field is still there");
}

#[tokio::test]
async fn a_real_model_s_error_is_typed() {
    let bad = ask().extra("temperature", "hot");
    let error = client().chat_stream(bad).await.unwrap_err();
    assert!(matches!(error.status(), Some(400 | 500)), "{error}");
    assert!(error.api().is_some(), "{error}");
}
