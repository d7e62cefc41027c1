//! A fake as a process, for tests in other languages. It prints `{"url": "..."}` when it is
//! ready, and serves until a signal or the end of its standard input.

use std::io::{self, Read, Write};
use std::process::ExitCode;
use std::time::Duration;

use crate::chat::FakeChat;
use crate::fake::Fake;
use crate::model::Echo;
use crate::store::FakeStore;

const OPTIONS: &str = "\
  --port N               listen on this port of 127.0.0.1 (0: a free one)
  --send-buffer BYTES    the kernel's send buffer, small for tests of back-pressure
  --script FILE          a JSON object: keys, each with a script or a list of scripts
  --until-stdin-closes   end when standard input does, that is, with the parent process
";

const STORE_OPTIONS: &str = "\
  --older                have the calls of older stores in place of the present ones
";

const CHAT_OPTIONS: &str = "\
  --origin ORIGIN        the one origin whose pages may call it, with credentials
";

const LLM_OPTIONS: &str = "\
  --real-voice           speak with espeak-ng and ffmpeg, which must be on the PATH
  --first MS             the echo's wait before its first piece
  --next MS              its wait before each other piece
";

/// The kind of fake of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `fake-llm`.
    Llm,
    /// `fake-store`.
    Store,
    /// `fake-chat`.
    Chat,
}

/// Runs a fake as configured on its command line, to its end.
pub async fn run(kind: Kind) -> ExitCode {
    match serve(kind).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            let _ = writeln!(io::stderr(), "{}: {message}", kind.name());
            ExitCode::from(2)
        }
    }
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Llm => "fake-llm",
            Kind::Store => "fake-store",
            Kind::Chat => "fake-chat",
        }
    }

    fn usage(self) -> String {
        let own = match self {
            Kind::Llm => LLM_OPTIONS,
            Kind::Store => STORE_OPTIONS,
            Kind::Chat => CHAT_OPTIONS,
        };
        format!("usage: {} [options]\n\n{OPTIONS}{own}", self.name())
    }
}

async fn serve(kind: Kind) -> Result<(), String> {
    let mut fake = Fake::builder();
    let (mut scripts, mut with_stdin) = (None, false);
    let (mut echo, mut has_voice) = (Echo::default(), false);
    let (mut store, mut chat) = (FakeStore::builder(), FakeChat::builder());
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut value =
            || args.next().ok_or_else(|| format!("{arg} needs a value\n\n{}", kind.usage()));
        match arg.as_str() {
            "--port" => fake = fake.port(number(&value()?)?),
            "--send-buffer" => fake = fake.send_buffer(number(&value()?)?),
            "--script" => scripts = Some(value()?),
            "--until-stdin-closes" => with_stdin = true,
            "--real-voice" if kind == Kind::Llm => has_voice = true,
            "--first" if kind == Kind::Llm => echo.first = ms(&value()?)?,
            "--next" if kind == Kind::Llm => echo.next = ms(&value()?)?,
            "--older" if kind == Kind::Store => store = store.older(true),
            "--origin" if kind == Kind::Chat => chat = chat.origin(value()?),
            _ => return Err(format!("what is {arg}?\n\n{}", kind.usage())),
        }
    }

    let fake = match kind {
        Kind::Llm if has_voice => fake.model(echo).real_voice().start().await,
        Kind::Llm => fake.model(echo).start().await,
        Kind::Store => store.on(fake).start().await.map(Fake::from),
        Kind::Chat => chat.on(fake).start().await.map(Fake::from),
    };
    let fake = fake.map_err(|error| format!("cannot listen: {error}"))?;
    if let Some(file) = scripts {
        std::fs::read_to_string(&file)
            .map_err(|error| error.to_string())
            .and_then(|json| fake.scripts_from_json(&json))
            .map_err(|error| format!("{file}: {error}"))?;
    }
    // Before announcing readiness: a signal right after it must be handled.
    let ended = end(with_stdin).map_err(|error| error.to_string())?;

    let mut out = io::stdout();
    writeln!(out, "{{\"url\": \"{}\"}}", fake.url())
        .and_then(|()| out.flush())
        .map_err(|error| error.to_string())?;
    ended.await;
    Ok(())
}

fn ms(text: &str) -> Result<Duration, String> {
    Ok(Duration::from_millis(number(text)?))
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{text:?} is not a number that fits here"))
}

fn end(with_stdin: bool) -> io::Result<impl Future<Output = ()>> {
    let signal = signal()?;
    let (closed, stdin) = tokio::sync::oneshot::channel::<()>();
    if with_stdin {
        // A thread, because a runtime cannot end while it reads standard input itself.
        std::thread::Builder::new().name("stdin".into()).spawn(move || {
            let mut ignored = [0; 1024];
            while matches!(io::stdin().lock().read(&mut ignored), Ok(1..)) {}
            drop(closed);
        })?;
    }
    Ok(async move {
        tokio::select! {
            () = signal => {}
            _ = stdin, if with_stdin => {}
        }
    })
}

#[cfg(unix)]
fn signal() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

#[cfg(windows)]
fn signal() -> io::Result<impl Future<Output = ()>> {
    let mut pressed = tokio::signal::windows::ctrl_c()?;
    Ok(async move {
        pressed.recv().await;
    })
}
