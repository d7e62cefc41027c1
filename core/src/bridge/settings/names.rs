//! The names of settings in a language.

use crate::chat::builder::OptionNames;

/// How a language writes names of several words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// `base_url`, as Python does.
    Snake,
    /// `baseURL`, as JavaScript does.
    Camel,
}

impl Names {
    /// The name of a setting as this language writes it.
    pub fn shown(self, name: &str) -> String {
        if self == Names::Snake {
            return name.to_owned();
        }
        let mut shown = String::with_capacity(name.len());
        for word in name.split('_') {
            match word {
                _ if shown.is_empty() => shown.push_str(word),
                // As it is in JavaScript's own `baseURL`, and in the `openai` package.
                "url" => shown.push_str("URL"),
                word => {
                    let (first, rest) = word.split_at(1.min(word.len()));
                    shown.push_str(&first.to_ascii_uppercase());
                    shown.push_str(rest);
                }
            }
        }
        shown
    }

    /// The names that errors of a model's client need.
    pub(super) fn of_model(self) -> OptionNames {
        match self {
            Names::Snake => OptionNames::default(),
            Names::Camel => OptionNames { api_key: "apiKey", base_url: "baseURL" },
        }
    }
}
