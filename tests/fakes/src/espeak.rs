//! A real voice behind the fake: espeak-ng speaks the text of `POST …/audio/speech`, and ffmpeg encodes it.
//!
//! Other calls are answered by the service that it stands before. Both programs must be on the PATH.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::Arc;

use serde_json::Value;

use crate::script::Script;
use crate::service::{Call, Service};

/// The stateless service.
#[derive(Debug)]
pub(crate) struct RealVoice(pub(crate) Arc<dyn Service>);

impl Service for RealVoice {
    fn keys(&self, call: &Call<'_>) -> Vec<String> {
        self.0.keys(call)
    }

    /// Blocks its thread while espeak-ng runs, some tens of milliseconds for a sentence.
    fn answer(&self, call: &Call<'_>) -> Script {
        if call.request.method != "POST" || !call.request.path.ends_with("/audio/speech") {
            return self.0.answer(call);
        }
        spoken(call.json).unwrap_or_else(|(status, why)| Script::error(status, &why))
    }
}

type Refusal = (u16, String);

fn spoken(json: Option<&Value>) -> Result<Script, Refusal> {
    let field = |name: &str| json.and_then(|json| json.get(name));
    let text = field("input").and_then(Value::as_str).unwrap_or_default();
    if text.trim().is_empty() {
        return Err((400, "Invalid 'input': string too short.".to_owned()));
    }
    let speed = field("speed").and_then(Value::as_f64).unwrap_or(1.0).clamp(0.25, 4.0);
    let voice = field("voice").and_then(Value::as_str).unwrap_or_default();
    let wav = run(
        "espeak-ng",
        &[
            "-v",
            language(voice, text),
            "-s",
            &format!("{:.0}", 175.0 * speed),
            "--stdin",
            "--stdout",
        ],
        text.as_bytes(),
    )?;
    let format = field("response_format").and_then(Value::as_str).unwrap_or("mp3");
    let (mime, encoding): (_, &[&str]) = match format {
        "wav" => return Ok(audio("audio/wav", wav)),
        "mp3" => ("audio/mpeg", &["-f", "mp3", "-b:a", "64k"]),
        "opus" => ("audio/ogg", &["-f", "ogg", "-c:a", "libopus", "-b:a", "32k"]),
        "aac" => ("audio/aac", &["-f", "adts", "-c:a", "aac"]),
        "flac" => ("audio/flac", &["-f", "flac"]),
        "pcm" => ("audio/pcm", &["-f", "s16le", "-ac", "1", "-ar", "24000"]),
        other => return Err((400, format!("Invalid 'response_format': {other}"))),
    };
    let arguments = [&["-v", "error", "-i", "-"], encoding, &["-"]].concat();
    Ok(audio(mime, run("ffmpeg", &arguments, &wav)?))
}

fn audio(mime: &str, bytes: Vec<u8>) -> Script {
    // In pieces, like a service that streams while it generates.
    Script::new().header("content-type", mime).split(4096).send_bytes(bytes)
}

/// The requested voice if espeak-ng has it, or else one that can read the text.
fn language<'a>(voice: &'a str, text: &str) -> &'a str {
    const KNOWN: [&str; 4] = ["ko", "en", "ja", "de"];
    if KNOWN.contains(&voice) {
        return voice;
    }
    if text.contains(|c| ('가'..='힣').contains(&c)) { "ko" } else { "en" }
}

/// Runs a program with this input and returns its output.
fn run(program: &str, arguments: &[&str], input: &[u8]) -> Result<Vec<u8>, Refusal> {
    let failed = |why: String| (500, format!("{program}: {why}"));
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| failed(error.to_string()))?;
    let mut stdin = child.stdin.take().expect("it was asked to be piped");
    let output = std::thread::scope(|scope| {
        // Concurrently with reading: a program that writes before it has read everything would otherwise block.
        scope.spawn(move || stdin.write_all(input));
        child.wait_with_output()
    });
    let output = output.map_err(|error| failed(error.to_string()))?;
    let mut said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() && !output.stdout.is_empty() {
        return Ok(output.stdout);
    }
    let _ = write!(said, " ({})", output.status);
    Err(failed(said))
}
