//! The prompts of an engine: those of a preset, or a host's own.

use serde::Deserialize;

use crate::presets;
use crate::turn::Prompts;

/// The prompts. Each that is absent is the engine's own.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct PromptSettings {
    system: Option<String>,
    naming: Option<String>,
    sentiment_hint: Option<String>,
    sentiment: Option<String>,
    labels: Option<Vec<String>>,
}

impl PromptSettings {
    pub(super) fn prompts(self) -> Prompts {
        let Prompts { system: _, naming, sentiment_hint, sentiment, labels } = Prompts::default();
        Prompts {
            system: self.system,
            naming: self.naming.unwrap_or(naming),
            sentiment_hint: self.sentiment_hint.unwrap_or(sentiment_hint),
            sentiment: self.sentiment.unwrap_or(sentiment),
            labels: self.labels.unwrap_or(labels),
        }
    }
}

/// The names of the presets, for comparison with a language's declarations.
pub const PRESETS: &[&str] = &["korean"];

/// The prompts of the preset with this name; `None` if there is none.
pub fn preset(name: &str) -> Option<Prompts> {
    match name {
        "korean" => Some(presets::korean()),
        _ => None,
    }
}
