//! Terminal behaviour of the examples: unbuffered output, errors in one line, and exit codes.

use std::borrow::Cow;
use std::io::{self, IsTerminal, Read, Write};
use std::process;
use std::time::Duration;

use clap::CommandFactory;
use clap::error::ErrorKind;
use tokio_util::sync::CancellationToken;

/// The exit code for wrong usage.
const MISUSED: i32 = 2;

/// The exit code after Ctrl-C: 128 plus the number of the signal.
const INTERRUPTED: i32 = 130;

/// The failure that ended an example.
#[derive(Debug)]
pub enum Failure {
    /// A call of the library failed, or was cancelled.
    Call(turnwire::Error),
    /// Writing the output failed.
    Output(io::Error),
    /// Another local failure: its description and its cause.
    Local(&'static str, io::Error),
    /// Wrong usage of the program.
    Usage(String),
    /// Messages that were not saved: their number and the reason.
    Unsaved(u64, String),
}

impl From<turnwire::Error> for Failure {
    fn from(error: turnwire::Error) -> Self {
        Failure::Call(error)
    }
}

impl Failure {
    /// The exit code, and the error line, if there is one to show.
    fn verdict(self) -> (i32, Option<String>) {
        match self {
            Failure::Call(error) if error.is_cancelled() => (INTERRUPTED, None),
            Failure::Call(error) => (1, Some(error.to_string())),
            // The reader has stopped early, as `head` does.
            Failure::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => (0, None),
            Failure::Output(error) => (1, Some(format!("the reply cannot be written: {error}"))),
            Failure::Local(what, error) => (1, Some(format!("{what}: {error}"))),
            Failure::Usage(why) => (MISUSED, Some(why)),
            Failure::Unsaved(1, why) => (1, Some(format!("a message is not saved: {why}"))),
            Failure::Unsaved(n, why) => (1, Some(format!("{n} messages are not saved: {why}"))),
        }
    }
}

/// Unbuffered output, for pieces of any size.
#[derive(Debug)]
pub struct Output<W = io::Stdout> {
    to: W,
    is_mid_line: bool,
}

impl Output {
    /// The standard output.
    pub fn stdout() -> Self {
        Output::new(io::stdout())
    }
}

impl<W: Write> Output<W> {
    fn new(to: W) -> Self {
        Output { to, is_mid_line: false }
    }

    /// Shows a piece of text now, with its control characters made [`visible`].
    ///
    /// # Errors
    ///
    /// When writing the output fails.
    pub fn text(&mut self, text: &str) -> Result<(), Failure> {
        self.write(&visible(text))
    }

    fn write(&mut self, text: &str) -> Result<(), Failure> {
        if text.is_empty() {
            return Ok(());
        }
        self.is_mid_line = !text.ends_with('\n');
        let written = self.to.write_all(text.as_bytes()).and_then(|()| self.to.flush());
        written.map_err(Failure::Output)
    }

    /// Shows JSON on a line of its own.
    ///
    /// # Errors
    ///
    /// When writing the output fails.
    pub fn json(&mut self, json: &str) -> Result<(), Failure> {
        // Line breaks inside JSON strings are escaped: any others are white space between tokens.
        self.write(&format!("{}\n", json.trim().replace(['\r', '\n'], " ")))
    }

    /// Ends the line, if one has begun.
    ///
    /// # Errors
    ///
    /// When writing the output fails.
    pub fn end_line(&mut self) -> Result<(), Failure> {
        if self.is_mid_line { self.write("\n") } else { Ok(()) }
    }
}

/// Escapes control characters except tabs and line breaks: a model or a service must not control the terminal, nor
/// change the direction of its text.
pub fn visible(text: &str) -> Cow<'_, str> {
    let steers = |c: char| {
        (c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    // A carriage return alone would let one line overwrite another.
    if !text.contains(|c| steers(c) || c == '\r') {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for (at, c) in text.char_indices() {
        match c {
            // Before a line break, which may be in the next piece.
            '\r' if text.get(at + 1..).is_some_and(|r| r.is_empty() || r.starts_with('\n')) => {}
            c if steers(c) || c == '\r' => shown.extend(c.escape_default()),
            c => shown.push(c),
        }
    }
    shown.into()
}

/// Ends the program: the output stays, an error is one line on standard error, and the exit code reports the outcome.
///
/// It does not wait for background work, such as a name lookup that is no longer needed.
pub fn exit(mut output: Output, ended: Result<(), Failure>) -> ! {
    let line_ended = output.end_line();
    match ended.and(line_ended) {
        Ok(()) => process::exit(0),
        Err(failure) => {
            let (code, why) = failure.verdict();
            if let Some(why) = why {
                say(&format!("error: {why}"));
            }
            process::exit(code)
        }
    }
}

/// Prints a line on standard error, and ignores failures.
pub fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{}", visible(line));
}

/// Prints a line that only matters to a person: dim, and only on a terminal.
pub fn say_aside(line: &str) {
    if !io::stderr().is_terminal() {
        return;
    }
    match is_set("NO_COLOR") {
        true => say(line),
        false => {
            let _ = writeln!(io::stderr(), "\x1b[2m{}\x1b[0m", visible(line));
        }
    }
}

/// A token that Ctrl-C cancels. Pressed again, Ctrl-C ends the program at once.
pub fn cancelled_by_ctrl_c() -> CancellationToken {
    let token = CancellationToken::new();
    // At once, and not in the task: Ctrl-C before its first step would end the program. Signals that cannot be caught do so.
    if let Ok(mut pressed) = ctrl_c() {
        let cancel = token.clone();
        tokio::spawn(async move {
            pressed.recv().await;
            cancel.cancel();
            // The output may be blocked, as by a pager.
            pressed.recv().await;
            process::exit(INTERRUPTED);
        });
    }
    token
}

#[cfg(unix)]
fn ctrl_c() -> io::Result<tokio::signal::unix::Signal> {
    tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())
}

#[cfg(windows)]
fn ctrl_c() -> io::Result<tokio::signal::windows::CtrlC> {
    tokio::signal::windows::ctrl_c()
}

/// A token that Ctrl-C or SIGTERM cancels, for a service that then ends what it is doing.
///
/// # Errors
///
/// When the system refuses to report signals.
pub fn terminated() -> io::Result<CancellationToken> {
    let token = CancellationToken::new();
    let cancel = token.clone();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        tokio::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            cancel.cancel();
        });
    }
    #[cfg(windows)]
    {
        let mut pressed = ctrl_c()?;
        tokio::spawn(async move {
            pressed.recv().await;
            cancel.cancel();
        });
    }
    Ok(token)
}

/// The user's message: the argument, or else standard input. Without either, the program ends with the usage of `C`.
///
/// # Errors
///
/// When standard input cannot be read, or is not UTF-8.
pub fn message<C: CommandFactory>(given: Option<&str>) -> Result<String, Failure> {
    let message = match given {
        Some(message) => Some(message.to_owned()),
        None => piped_input()?,
    };
    let Some(message) = message.filter(|message| !message.trim().is_empty()) else {
        let why = "there is nothing to say: give a message, or write one to the standard input";
        C::command().error(ErrorKind::MissingRequiredArgument, why).exit()
    };
    Ok(message)
}

/// All of standard input, without its last line break; `None` when it is a terminal.
///
/// # Errors
///
/// When it cannot be read, or is not UTF-8.
pub fn piped_input() -> Result<Option<String>, Failure> {
    let mut stdin = io::stdin();
    if stdin.is_terminal() {
        return Ok(None);
    }
    let mut text = String::new();
    stdin
        .read_to_string(&mut text)
        .map_err(|error| Failure::Local("the standard input cannot be read", error))?;
    text.truncate(text.trim_end_matches(['\r', '\n']).len());
    Ok(Some(text))
}

/// Returns true if the environment has a non-blank variable of this name.
pub fn is_set(name: &str) -> bool {
    std::env::var(name).is_ok_and(|value| !value.trim().is_empty())
}

/// Reads a number of seconds, such as `30` or `0.5`.
///
/// # Errors
///
/// A message when it is not a positive number.
pub fn seconds(text: &str) -> Result<Duration, String> {
    let number: f64 = text.parse().map_err(|_| "a number of seconds is needed".to_owned())?;
    match Duration::try_from_secs_f64(number) {
        Ok(time) if !time.is_zero() => Ok(time),
        Ok(_) => Err("more than nothing is needed".to_owned()),
        Err(_) if number > 0.0 => Err("fewer seconds are needed".to_owned()),
        Err(_) => Err("a positive number of seconds is needed".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_positive_and_can_be_counted() {
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        for (text, why) in [
            ("soon", "a number of seconds is needed"),
            ("0", "more than nothing is needed"),
            ("inf", "fewer seconds are needed"),
            ("1e400", "fewer seconds are needed"),
            ("-1", "a positive number of seconds is needed"),
            ("nan", "a positive number of seconds is needed"),
        ] {
            assert_eq!(seconds(text).unwrap_err(), why, "{text}");
        }
    }

    fn written(write: impl FnOnce(&mut Output<Vec<u8>>) -> Result<(), Failure>) -> String {
        let mut output = Output::new(Vec::new());
        write(&mut output).unwrap();
        output.end_line().unwrap();
        String::from_utf8(output.to).unwrap()
    }

    #[test]
    fn output_ends_with_exactly_one_line_break() {
        assert_eq!(written(|_| Ok(())), "");
        assert_eq!(written(|out| out.text("안녕").and_then(|()| out.text(""))), "안녕\n");
        assert_eq!(written(|out| out.text("a\n").and_then(|()| out.text(""))), "a\n");
    }

    #[test]
    fn a_model_cannot_steer_the_terminal() {
        let text = "\x1b]0;title\x07 \x1b[2J\u{9b}1m \u{202e}abc\ttab\r\nline\rover";
        let shown = "\\u{1b}]0;title\\u{7} \\u{1b}[2J\\u{9b}1m \\u{202e}abc\ttab\nline\\rover\n";
        assert_eq!(written(|out| out.text(text)), shown);
        assert_eq!(written(|out| out.text("a\r").and_then(|()| out.text("\nb"))), "a\nb\n");
        assert!(matches!(visible("안녕\n"), Cow::Borrowed(_)), "plain text stays as it is");
    }

    #[test]
    fn json_of_several_lines_becomes_one() {
        assert_eq!(
            written(|out| out.json("{\r\n\"a\": \"x\\ny\"\n}\n")),
            "{  \"a\": \"x\\ny\" }\n"
        );
    }

    #[test]
    fn a_reader_that_leaves_is_no_failure_but_a_full_disk_is() {
        let verdict = |kind: io::ErrorKind| Failure::Output(kind.into()).verdict();
        assert_eq!(verdict(io::ErrorKind::BrokenPipe), (0, None));
        assert_eq!(verdict(io::ErrorKind::StorageFull).0, 1);
    }

    #[test]
    fn seconds_are_positive_numbers() {
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        for wrong in ["", "x", "0", "-1", "NaN", "inf", "1e300"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }
}
