//! The times of a turn's stages, for programs, terminals and pictures.

mod ms;
mod recorder;
mod rows;
#[cfg(feature = "timeline-svg")]
mod svg;
mod text;
mod words;

#[cfg(test)]
#[cfg(feature = "timeline-svg")]
mod tests;

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::TokenUsage;

pub(super) use recorder::{Failure, Recorder, Running};

/// When each stage of a turn began and ended, measured from its start.
///
/// Serialised, its times are milliseconds; its `Display` is a chart for a terminal, and
/// [`to_svg`](Self::to_svg) draws it.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Timeline {
    /// The stages, in the order in which they began.
    pub stages: Vec<Stage>,
    /// Time from the start to the first piece of the reply; `None` when there was none.
    #[serde(rename = "first_token_ms", with = "ms::optional")]
    pub first_token: Option<Duration>,
    /// Time from the start to the first piece of speech; `None` when there was none.
    #[serde(rename = "first_audio_ms", with = "ms::optional")]
    pub first_audio: Option<Duration>,
    /// Time from the start to the turn's end; `None` while it runs.
    #[serde(rename = "total_ms", with = "ms::optional")]
    pub total: Option<Duration>,
    /// The number of the reply's pieces: with most services, its tokens.
    pub pieces: u32,
    /// The model that was asked for the reply; `None` before a service has accepted the request.
    pub model: Option<String>,
    /// True if a fallback answered in place of the first service.
    pub fallback: bool,
    /// The tokens of the reply, complete or not, as far as the service counted them; `None` if it counted none.
    pub usage: Option<TokenUsage>,
}

/// One stage of a turn.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Stage {
    /// The name.
    pub name: StageName,
    /// Start, from the start of the turn.
    #[serde(rename = "began_ms", with = "ms")]
    pub began: Duration,
    /// End, from the start of the turn; `None` while it runs.
    #[serde(rename = "ended_ms", default, with = "ms::optional")]
    pub ended: Option<Duration>,
    /// Its outcome.
    #[serde(flatten)]
    pub outcome: StageOutcome,
}

/// The stages that a turn can have.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StageName {
    /// The sentiment of the message.
    Sentiment,
    /// Reading the conversation so far from the store.
    History,
    /// The model's reply, from the request to its last piece.
    Reply,
    /// A name for a new workspace.
    Naming,
    /// Creating it.
    CreateWorkspace,
    /// Starting a session in it.
    StartSession,
    /// Saving the user's message: from its first delivery to the store's answer.
    SaveUser,
    /// Saving the AI's message.
    SaveAi,
    /// Speaking the reply.
    Speech,
}

/// The outcome of a stage.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "outcome", content = "reason")]
#[non_exhaustive]
pub enum StageOutcome {
    /// It has not ended.
    Running,
    /// It succeeded.
    Done,
    /// It succeeded too late for this turn.
    Late,
    /// It failed, with the reason; the turn continued without it.
    Failed(String),
    /// It was ended together with the turn.
    Cancelled,
}

impl Timeline {
    /// The stage with this name, if the turn has one.
    pub fn stage(&self, name: StageName) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.name == name)
    }

    /// Pieces of the reply per second, from the first to the last; `None` for fewer than two.
    pub fn pieces_per_second(&self) -> Option<f64> {
        let last = self.stage(StageName::Reply)?.ended?;
        let took = last.checked_sub(self.first_token?)?.as_secs_f64();
        (self.pieces > 1 && took > 0.0).then(|| f64::from(self.pieces - 1) / took)
    }

    /// The total time of the stages in sequence, after which a reader would see the reply: naming, workspace
    /// and session, sentiment, history, the whole reply, speech, and both saves.
    pub fn one_after_another(&self) -> Duration {
        self.stages.iter().filter_map(Stage::took).sum()
    }

    /// The latest time on it; never zero, so that it can be a scale.
    fn end(&self) -> Duration {
        let moments = self.stages.iter().flat_map(|stage| [Some(stage.began), stage.ended]);
        let last = moments.chain([self.first_token, self.first_audio, self.total]).flatten().max();
        last.unwrap_or_default().max(Duration::from_millis(1))
    }
}

impl Stage {
    /// Its duration; `None` while it runs.
    pub fn took(&self) -> Option<Duration> {
        self.ended?.checked_sub(self.began)
    }
}

impl StageName {
    /// The serialised name, such as `create_workspace`.
    pub fn as_str(self) -> &'static str {
        match self {
            StageName::Sentiment => "sentiment",
            StageName::History => "history",
            StageName::Reply => "reply",
            StageName::Naming => "naming",
            StageName::CreateWorkspace => "create_workspace",
            StageName::StartSession => "start_session",
            StageName::SaveUser => "save_user",
            StageName::SaveAi => "save_ai",
            StageName::Speech => "speech",
        }
    }

    /// Its position in sequential execution, as in services that save and speak before they answer.
    fn place(self) -> u8 {
        match self {
            StageName::Naming => 0,
            StageName::CreateWorkspace => 1,
            StageName::StartSession => 2,
            StageName::Sentiment => 3,
            StageName::History => 4,
            StageName::Reply => 5,
            StageName::Speech => 6,
            StageName::SaveUser => 7,
            StageName::SaveAi => 8,
        }
    }
}

impl fmt::Display for StageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
