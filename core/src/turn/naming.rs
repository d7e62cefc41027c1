//! A name for a new workspace: from the model, or else the start of the message.

use tokio::time::timeout;
use tracing::Instrument;
use unicode_segmentation::UnicodeSegmentation;

use super::StageName;
use super::settings::{EngineSettings, Naming, NamingSettings};
use super::timeline::Recorder;
use crate::chat::ChatRequest;

/// The store's limit on a name, in code points.
const LONGEST: usize = 100;

/// The longest name derived from a message, in graphemes.
const BEGINNING: usize = 20;

/// A name for the workspace that begins with this message.
pub(super) async fn name(settings: &EngineSettings, recorder: &Recorder, message: &str) -> String {
    let NamingSettings { source, template, limit, .. } = &settings.naming;
    if *source == Naming::FirstWords {
        return beginning(message);
    }
    let stage = recorder.begin(StageName::Naming);
    let request = template.clone().unwrap_or_else(|| ChatRequest::new(&settings.template.model));
    // Without a limit on the tokens: reasoning models refuse the field, or spend it before they answer.
    let request = request.system(settings.prompts.naming.as_str()).user(message);
    let answer = timeout(*limit, settings.llm.chat(request)).instrument(stage.span()).await;
    match answer {
        Ok(Ok(reply)) => match tidy(reply.text()) {
            Some(name) => {
                stage.done();
                return name;
            }
            None => stage.failed("the model gave no name"),
        },
        Ok(Err(error)) => stage.failed_by(&error),
        Err(_) => stage.failed("the model gave no name within its limit"),
    }
    beginning(message)
}

/// Converts a model's answer to a name: its first line, without surrounding quotes and markup.
fn tidy(answer: &str) -> Option<String> {
    let line = answer.lines().map(str::trim).find(|line| !line.is_empty())?;
    let is_wrapping = |c: char| c.is_whitespace() || "\"'“”‘’「」『』`*#.".contains(c);
    let name: String = line.trim_matches(is_wrapping).chars().take(LONGEST).collect();
    (!name.trim().is_empty()).then_some(name)
}

/// The start of a message, on one line.
pub(super) fn beginning(message: &str) -> String {
    let line = message.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut characters = line.graphemes(true);
    let mut name = String::new();
    for character in characters.by_ref().take(BEGINNING) {
        if name.chars().count() + character.chars().count() >= LONGEST {
            // The store refuses an empty name: a first grapheme that is too long is cut.
            return if name.is_empty() { line.chars().take(LONGEST).collect() } else { name };
        }
        name.push_str(character);
    }
    if characters.next().is_some() {
        name.push('…');
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_answers_first_line_without_what_wraps_it() {
        for (answer, name) in [
            ("오늘의 기분", "오늘의 기분"),
            ("\n  \"오늘의 기분\"\n설명…", "오늘의 기분"),
            ("**「기분」**", "기분"),
            ("'It's fine'", "It's fine"),
        ] {
            assert_eq!(tidy(answer).as_deref(), Some(name), "{answer:?}");
        }
        for empty in ["", "\n \n", "\"\"", "***"] {
            assert_eq!(tidy(empty), None, "{empty:?}");
        }
        assert_eq!(tidy(&"가".repeat(500)).unwrap().chars().count(), LONGEST);
    }

    #[test]
    fn a_beginning_is_short_on_one_line_and_cuts_no_character() {
        assert_eq!(beginning("안녕\n하세요 "), "안녕 하세요");
        assert_eq!(beginning(&"가".repeat(30)), format!("{}…", "가".repeat(BEGINNING)));
        let family = "👩‍👩‍👧‍👦".repeat(30);
        let name = beginning(&family);
        assert!(name.chars().count() <= LONGEST && family.starts_with(name.trim_end_matches('…')));
        assert_eq!(name.trim_end_matches('…').chars().count() % 7, 0, "{name}");
    }

    #[test]
    fn a_beginning_is_never_empty() {
        let marked = format!("e{}", "\u{301}".repeat(200));
        let cut: String = marked.chars().take(LONGEST).collect();
        assert_eq!(beginning(&marked), cut);
    }
}
