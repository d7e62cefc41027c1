//! The library's prompts are neutral English by default, and other languages if configured.

use turnwire::turn::{LlmSentiment, Prompts};
use turnwire::{Turns, presets};
use turnwire_fakes::Script;

use super::{Bench, DEADLINE, read};

/// The system prompts sent to the model, for the sentiment, the name and the reply.
async fn texts(bench: &Bench, turns: &Turns) -> Vec<String> {
    assert!(read(&mut turns.start(bench.ask_anew())).await.error.is_none());
    assert_eq!(turns.flush(DEADLINE).await.delivered, 2);
    let requests = bench.llm.requests();
    let mut texts: Vec<String> = requests
        .iter()
        .filter_map(|request| {
            let first = request.json()?["messages"][0].clone();
            (first["role"] == "system").then(|| first["content"].as_str().unwrap().to_owned())
        })
        .collect();
    texts.sort_unstable();
    texts
}

async fn bench() -> Bench {
    Bench::replying(Script::chat(["a"])).await
}

#[tokio::test]
async fn the_defaults_are_english_for_messages_of_any_language() {
    let bench = bench().await;
    let sentiment = LlmSentiment::new(bench.openai()).model("m");
    let turns = bench.settings().sentiment(sentiment).sentiment_budget(DEADLINE).build().unwrap();
    let texts = texts(&bench, &turns).await;
    assert_eq!(texts.len(), 3, "{texts:?}");
    assert!(texts.iter().all(|text| text.is_ascii()), "{texts:?}");
    assert!(texts.contains(&"The sentiment of the user's message: neutral".to_owned()));
}

#[tokio::test]
async fn the_korean_preset_is_korean_throughout() {
    let bench = bench().await;
    let prompts = presets::korean();
    assert_ne!(prompts, Prompts::default());
    let sentiment = LlmSentiment::new(bench.openai()).model("m").prompts(&prompts);
    let settings = bench.settings().prompts(prompts.clone()).sentiment(sentiment);
    let texts = texts(&bench, &settings.sentiment_budget(DEADLINE).build().unwrap()).await;
    let is_korean = |text: &String| text.contains("요") || text.contains("감정");
    assert!(texts.len() == 3 && texts.iter().all(is_korean), "{texts:?}");
    let reply = format!("{}\n\n사용자의 감정: 중립", prompts.system.unwrap());
    assert!(texts.contains(&reply), "{texts:?}");
}
