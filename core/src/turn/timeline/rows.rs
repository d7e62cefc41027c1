//! The stages grouped by name: all attempts of a stage share one row.

use std::time::Duration;

use super::words::one_line;
use super::{Stage, StageName, StageOutcome, Timeline};

/// A stage with its attempts.
pub(super) struct Row<'a> {
    pub(super) name: StageName,
    /// The attempts before the last one.
    pub(super) earlier: Vec<&'a Stage>,
    pub(super) last: &'a Stage,
}

impl Timeline {
    /// The rows, in the order in which their stages first began.
    pub(super) fn rows(&self) -> Vec<Row<'_>> {
        let mut rows: Vec<Row<'_>> = Vec::new();
        for stage in &self.stages {
            match rows.iter_mut().find(|row| row.name == stage.name) {
                Some(row) => row.earlier.push(std::mem::replace(&mut row.last, stage)),
                None => rows.push(Row { name: stage.name, earlier: Vec::new(), last: stage }),
            }
        }
        rows
    }
}

impl Row<'_> {
    pub(super) fn tries(&self) -> impl Iterator<Item = &Stage> {
        self.earlier.iter().copied().chain([self.last])
    }

    pub(super) fn began(&self) -> Duration {
        self.tries().map(|stage| stage.began).min().unwrap_or_default()
    }

    /// The time of all its attempts, without the waits between them; `None` before any has ended.
    pub(super) fn took(&self) -> Option<Duration> {
        self.tries().filter_map(Stage::took).reduce(|sum, took| sum + took)
    }

    /// A short description of its outcome; `None` after a plain success.
    pub(super) fn verdict(&self) -> Option<String> {
        let times = self.earlier.len() + 1;
        match &self.last.outcome {
            StageOutcome::Done if times == 1 => None,
            StageOutcome::Done => Some(format!("done at try {times}")),
            StageOutcome::Late => Some("too late".to_owned()),
            StageOutcome::Cancelled => Some("cancelled".to_owned()),
            StageOutcome::Running => Some("still runs".to_owned()),
            StageOutcome::Failed(_) if times == 1 => Some("failed".to_owned()),
            StageOutcome::Failed(_) => Some(format!("failed {times} times")),
        }
    }

    /// The reason of its last failure, on one line.
    pub(super) fn reason(&self) -> Option<String> {
        let reasons = self.tries().filter_map(|stage| match &stage.outcome {
            StageOutcome::Failed(why) => Some(one_line(why)),
            _ => None,
        });
        reasons.last()
    }
}
