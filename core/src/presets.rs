//! Ready-made prompts for languages and audiences.
//!
//! The engine's own prompts are neutral and English. A preset replaces all of them; its fields can be changed, and
//! settings that follow it on the builder win:
//!
//! ```no_run
//! use turnwire::turn::LlmSentiment;
//! use turnwire::{OpenAi, Turns, presets};
//!
//! # fn main() -> turnwire::Result<()> {
//! let llm = OpenAi::from_env()?;
//! let prompts = presets::korean();
//! let turns = Turns::builder(llm.clone())
//!     .sentiment(LlmSentiment::new(llm).prompts(&prompts))
//!     .prompts(prompts)
//!     .system_prompt("당신은 도서관 사서입니다. 한국어로 짧게 답하세요.")
//!     .build()?;
//! # let _ = turns;
//! # Ok(())
//! # }
//! ```

use crate::turn::Prompts;

/// Korean prompts, for a kind companion of elderly people.
///
/// ```
/// let prompts = turnwire::presets::korean();
/// assert_eq!(prompts.labels.last().map(String::as_str), Some("중립"));
/// ```
pub fn korean() -> Prompts {
    let labels = ["기쁨", "슬픔", "분노", "불안", "당황", "상처", "중립"];
    Prompts {
        system: Some(
            "당신은 어르신과 이야기를 나누는 친절한 말벗입니다. 공감하며, 정중하고 따뜻한 한국어로만 짧게 답하세요."
                .to_owned(),
        ),
        naming: "사용자의 메시지에 어울리는 간결한 한국어 워크스페이스 이름을 하나만 지어 주세요. 이름만 답하세요."
            .to_owned(),
        sentiment_hint: "사용자의 감정: {label}".to_owned(),
        sentiment: "다음 메시지의 감정을 이 가운데 하나로만 답하세요: {labels}".to_owned(),
        labels: labels.map(str::to_owned).into(),
    }
}
