//! The part of a test's report that is shown.

/// The lines shown of one failure, and of an output in which no failure is found.
const LINES: usize = 60;
/// The characters shown of one line.
const WIDTH: usize = 300;

/// The lines of a report, each cut to a width that can be read, without empty ones at the end.
fn cut<'a>(lines: impl IntoIterator<Item = &'a &'a str>) -> Vec<String> {
    let cut = |line: &&str| line.chars().take(WIDTH).collect();
    let mut text: Vec<String> = lines.into_iter().map(cut).collect();
    while text.last().is_some_and(|line| line.trim().is_empty()) {
        text.pop();
    }
    text
}

/// The first lines of a report.
pub(crate) fn first<'a>(lines: impl IntoIterator<Item = &'a &'a str>) -> String {
    let mut lines = lines.into_iter();
    let mut text = cut(lines.by_ref().take(LINES));
    match lines.count() {
        0 => {}
        more => text.push(format!("… {more} lines more")),
    }
    text.join("\n")
}

/// The last lines of an output.
pub(crate) fn last(lines: &[&str]) -> String {
    first(lines.iter().skip(lines.len().saturating_sub(LINES)))
}

/// The part of a Rust test's report to which a line belongs.
#[derive(Clone, Copy)]
enum Part {
    Output,
    /// The message of a panic.
    Panic,
    Backtrace,
}

impl Part {
    /// The part of the line that follows one of this part.
    fn of_next(self, line: &str) -> Self {
        let text = line.trim_start();
        if line.starts_with("thread '") && line.contains(" panicked at ") {
            return Part::Panic;
        }
        if text.eq_ignore_ascii_case("stack backtrace:") {
            return Part::Backtrace;
        }
        let number = text.trim_start_matches(|c: char| c.is_ascii_digit());
        let is_frame =
            text.starts_with("at ") || number.len() < text.len() && number.starts_with(':');
        match self {
            Part::Backtrace if is_frame && text.len() < line.len() => Part::Backtrace,
            Part::Panic if !line.is_empty() && !line.starts_with("note: ") => Part::Panic,
            _ => Part::Output,
        }
    }
}

/// The report of a Rust test: the messages of its panics, and then the end of its other output. Backtraces are dropped: they are
/// longer than what is shown of a report, and the message names the place.
pub(crate) fn of_rust(report: &[&str]) -> String {
    let (mut panics, mut output) = (Vec::new(), Vec::new());
    let mut part = Part::Output;
    for line in report {
        part = part.of_next(line);
        match part {
            Part::Panic => panics.push(*line),
            // Hints about backtraces.
            Part::Output if line.starts_with("note: ") && line.contains("RUST_BACKTRACE") => {}
            Part::Output => output.push(*line),
            Part::Backtrace => {}
        }
    }
    let (mut text, output) = (cut(panics.iter().take(LINES)), cut(&output));
    let is_empty = |line: &&String| line.trim().is_empty();
    let output = output.get(output.iter().take_while(is_empty).count()..).unwrap_or_default();
    let left_out = output.len().saturating_sub(LINES.saturating_sub(text.len()));
    if left_out > 0 {
        text.push(format!("… {left_out} lines of output before"));
    }
    text.extend(output.iter().skip(left_out).cloned());
    text.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excerpt(report: &str) -> Vec<String> {
        let report: Vec<&str> = report.lines().collect();
        of_rust(&report).lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_panic_comes_before_what_the_test_printed_and_no_backtrace_hides_it() {
        let printed: String = (0..100).map(|line| format!("said {line}\n")).collect();
        let frame = |n| format!("  {n:2}: core::panicking::panic\n             at /rustc/1.rs:7\n");
        let frames: String = (0..100).map(frame).collect();
        let lines = excerpt(&format!(
            "{printed}
thread 'full::a' (7) panicked at tests/nats/tests/broker/full.rs:46:6:
called `Result::unwrap()` on an `Err` value: not seen within 150 s: parked records

Stack backtrace:
{frames}stack backtrace:
{frames}note: Some details are omitted, run with `RUST_BACKTRACE=full` for a verbose backtrace.
the end of the log of nats-server:
[INF] Server is ready
"
        ));
        assert!(lines[0].starts_with("thread 'full::a' (7) panicked"), "{lines:?}");
        assert!(lines[1].ends_with("not seen within 150 s: parked records"), "{lines:?}");
        assert!(lines[2].ends_with("lines of output before"), "{lines:?}");
        assert_eq!(lines[lines.len() - 1], "[INF] Server is ready");
        assert!(lines.len() == LINES + 1 && !lines.concat().contains("rustc"), "{lines:?}");
    }

    #[test]
    fn a_short_report_is_whole_and_a_long_line_is_cut() {
        let hint = "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace";
        let panic = "thread 'b' (8) panicked at b.rs:1:1:\nleft: 1\nright: 2";
        assert_eq!(
            excerpt(&format!("\n{panic}\n{hint}\nsaid\n")).join("\n"),
            format!("{panic}\nsaid")
        );
        assert_eq!(excerpt(&"x".repeat(1000))[0].len(), WIDTH);
    }

    #[test]
    fn the_first_lines_say_how_many_follow() {
        let lines: Vec<_> = (0..100).map(|line| format!("line {line}")).collect();
        let lines: Vec<_> = lines.iter().map(String::as_str).collect();
        assert!(first(&lines).ends_with("line 59\n… 40 lines more"), "{}", first(&lines));
    }
}
