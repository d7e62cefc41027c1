//! The timeline as a chart for a terminal.

use std::fmt;
use std::time::Duration;

use super::{Stage, StageOutcome, Timeline};

/// How many columns the chart's bars share.
const WIDTH: usize = 48;

impl fmt::Display for Timeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = self.stages.iter().filter_map(|stage| stage.ended).chain(self.total).max();
        let end = end.unwrap_or_default().max(Duration::from_millis(1));
        for stage in &self.stages {
            writeln!(f, "{:<17}{} {}", stage.name, Bar(stage, end), Note(stage))?;
        }
        if let Some(first) = self.first_token {
            write!(f, "first token {} ms", first.as_millis())?;
            if let Some(rate) = self.pieces_per_second() {
                write!(f, " · {} pieces, {rate:.0} a second", self.pieces)?;
            }
            writeln!(f)?;
        }
        if let Some(total) = self.total {
            let serial = self.one_after_another();
            let (total, serial) = (total.as_millis(), serial.as_millis());
            writeln!(f, "done {total} ms · one after another it would have been {serial} ms")?;
        }
        Ok(())
    }
}

/// A stage's part of the chart.
struct Bar<'a>(&'a Stage, Duration);

impl fmt::Display for Bar<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Bar(stage, end) = self;
        let column = |at: Duration| {
            let part = at.as_secs_f64() / end.as_secs_f64();
            ((part * WIDTH as f64).round() as usize).min(WIDTH)
        };
        let from = column(stage.began).min(WIDTH - 1);
        let to = column(stage.ended.unwrap_or(*end)).max(from + 1);
        let fill = match stage.outcome {
            StageOutcome::Failed(_) => 'x',
            StageOutcome::Running | StageOutcome::Cancelled => '~',
            StageOutcome::Done | StageOutcome::Late => '█',
        };
        for at in 0..WIDTH {
            write!(f, "{}", if (from..to).contains(&at) { fill } else { '·' })?;
        }
        Ok(())
    }
}

/// What is said beside a bar.
struct Note<'a>(&'a Stage);

impl fmt::Display for Note<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stage = self.0;
        write!(f, "{:>5} ms", stage.began.as_millis())?;
        match stage.took() {
            Some(took) => write!(f, " +{} ms", took.as_millis())?,
            None => f.write_str(" …")?,
        }
        match &stage.outcome {
            StageOutcome::Done => Ok(()),
            StageOutcome::Running => f.write_str(" (running)"),
            StageOutcome::Late => f.write_str(" (too late)"),
            StageOutcome::Cancelled => f.write_str(" (cancelled)"),
            StageOutcome::Failed(why) => {
                // Whatever a service says, it stays on its line.
                let why: String =
                    why.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
                write!(f, " (failed: {why})")
            }
        }
    }
}
