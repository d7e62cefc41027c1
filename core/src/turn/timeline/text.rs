//! The timeline as a chart for a terminal, 80 columns wide.

use std::fmt::{self, Write};
use std::time::Duration;

use super::rows::Row;
use super::words::{Time, one_line};
use super::{StageName, StageOutcome, Timeline};

/// The number of columns that the chart's bars share.
const WIDTH: usize = 40;

impl fmt::Display for Timeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<20}{:WIDTH$} {:>8} {:>8}", "stage", "", "from", "took")?;
        let rows = self.rows();
        for row in &rows {
            write!(f, "{:<20}{}", row.name.label(), Bars { row, line: self })?;
            write!(f, " {:>8}", Time(row.began()))?;
            match row.took() {
                Some(took) => writeln!(f, " {:>8}", Time(took))?,
                None => writeln!(f)?,
            }
        }
        for row in &rows {
            if let Some(verdict) = row.verdict() {
                write!(f, "{}: {verdict}", row.name.label())?;
                match row.reason() {
                    Some(reason) => writeln!(f, ": {reason}")?,
                    None => writeln!(f)?,
                }
            }
        }
        if let Some(first) = self.first_token {
            write!(f, "first token after {}", Time(first))?;
            if let Some(audio) = self.first_audio {
                write!(f, " · first audio after {}", Time(audio))?;
            }
            if let Some(total) = self.total {
                write!(f, " · done after {}", Time(total))?;
            }
            if let Some(rate) = self.pieces_per_second() {
                write!(f, " · {} pieces, {rate:.0} a second", self.pieces)?;
            }
            writeln!(f)?;
        }
        if let (Some(model), true) = (&self.model, self.fallback) {
            writeln!(f, "answered by a fallback: {}", one_line(model))?;
        }
        if self.total.is_some() {
            let serial = Time(self.one_after_another());
            writeln!(f, "one stage after another: {serial} before anything is seen")?;
        }
        Ok(())
    }
}

/// A row's part of the chart. The reply's bar is light before its first piece.
struct Bars<'a> {
    row: &'a Row<'a>,
    line: &'a Timeline,
}

impl Bars<'_> {
    fn column(&self, at: Duration) -> usize {
        let part = at.as_secs_f64() / self.line.end().as_secs_f64();
        ((part * WIDTH as f64).round() as usize).min(WIDTH)
    }

    fn sign(&self, column: usize) -> Option<char> {
        let stage = self.row.tries().find(|stage| {
            let from = self.column(stage.began).min(WIDTH - 1);
            let to = self.column(stage.ended.unwrap_or(self.line.end()));
            (from..to.max(from + 1)).contains(&column)
        })?;
        let first = self.line.first_token.filter(|_| stage.name == StageName::Reply);
        let is_silent = first.is_some_and(|first| column < self.column(first));
        Some(match stage.outcome {
            StageOutcome::Failed(_) => 'x',
            StageOutcome::Running | StageOutcome::Cancelled => '~',
            StageOutcome::Done | StageOutcome::Late if is_silent => '░',
            StageOutcome::Done | StageOutcome::Late => '█',
        })
    }
}

impl fmt::Display for Bars<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (0..WIDTH).try_for_each(|column| f.write_char(self.sign(column).unwrap_or('·')))
    }
}
