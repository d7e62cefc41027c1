//! Names and times for display in charts and pictures.

use std::fmt;
use std::time::Duration;

use super::StageName;

impl StageName {
    /// The display name.
    pub(super) fn label(self) -> &'static str {
        match self {
            StageName::Sentiment => "sentiment",
            StageName::History => "history",
            StageName::Reply => "reply",
            StageName::Naming => "workspace name",
            StageName::CreateWorkspace => "create workspace",
            StageName::StartSession => "start session",
            StageName::SaveUser => "save user's message",
            StageName::SaveAi => "save AI's message",
            StageName::Speech => "speech",
        }
    }
}

impl StageName {
    /// The consequence of the stage's failure, for the user.
    pub(in crate::turn) fn user_message(self) -> &'static str {
        match self {
            StageName::Sentiment => "The mood of the message was not found.",
            StageName::History => "The conversation so far could not be read.",
            StageName::Reply => "The assistant could not answer.",
            StageName::Naming => "The conversation could not be named.",
            StageName::CreateWorkspace => "The conversation could not be created.",
            StageName::StartSession => "The session could not be started.",
            StageName::SaveUser | StageName::SaveAi => "A message could not be saved.",
            StageName::Speech => "A part of the answer could not be spoken.",
        }
    }
}

/// A time in three digits or so: `402 ms`, `1.87 s`, `12.3 s`.
pub(super) struct Time(pub(super) Duration);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.0.as_secs_f64() * 1e3;
        let text = match ms {
            0.0 => "0 ms".to_owned(),
            ..0.95 => format!("{ms:.1} ms"),
            ..999.5 => format!("{ms:.0} ms"),
            ..9_995.0 => format!("{:.2} s", ms / 1e3),
            _ => format!("{:.1} s", ms / 1e3),
        };
        f.pad(&text)
    }
}

/// Removes characters that would break the line or move a terminal's cursor.
pub(super) fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ").trim().to_owned()
}

/// Approximate width of a text in 12-point letters. East Asian characters count double.
pub(super) fn text_width(text: &str) -> f64 {
    text.chars().map(|c| if c >= '\u{1100}' { 12.5 } else { 6.6 }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_about_three_digits() {
        for (us, text) in [
            (0, "0 ms"),
            (123, "0.1 ms"),
            (1_400, "1 ms"),
            (402_300, "402 ms"),
            (999_400, "999 ms"),
            (999_600, "1.00 s"),
            (1_873_000, "1.87 s"),
            (9_994_000, "9.99 s"),
            (12_340_000, "12.3 s"),
        ] {
            assert_eq!(Time(Duration::from_micros(us)).to_string(), text);
        }
        assert_eq!(format!("{:>8}", Time(Duration::from_millis(1))), "    1 ms");
    }
}
