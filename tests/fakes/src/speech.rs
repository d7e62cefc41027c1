//! Silent but distinguishable speech: each frame contains the requested text.
//!
//! A [`Fake`](crate::Fake) implements the speech of two services: OpenAI's `POST …/audio/speech` (`mp3`, `wav`, `pcm`), and
//! Google Translate's `batchexecute`, which supports every language except `xx`.
//! Like any reply it can be scripted: by the model of a request, or by the path ([`GOOGLE`]) if it has none.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use crate::request::percent_decoded;
use crate::script::{Framing, Script};
use crate::service::Call;

/// The path of Google Translate's speech: the key of its scripts.
pub const GOOGLE: &str = "/_/TranslateWebserverUi/data/batchexecute";

/// One frame of MPEG-2, layer III: 24 kHz, one channel, 64 kbit/s. Its side information says that no sound follows, so
/// the rest of it is free for other data.
const FRAME_HEADER: [u8; 13] = [0xff, 0xf3, 0x84, 0xc4, 0, 0, 0, 0, 0, 0, 0, 0, 0];
const FRAME_LENGTH: usize = 192;

/// The mark before the text in a frame.
const MARK: &[u8] = b"says:";

/// Silent MP3 that contains a text: 24 ms for each of its characters, and a further frame where it needs room.
pub fn mp3(text: &str) -> Vec<u8> {
    let room = FRAME_LENGTH - FRAME_HEADER.len() - MARK.len() - 1;
    let mut pieces = text.as_bytes().chunks(room);
    let frames = text.chars().count().max(pieces.len()).max(1);
    let mut file = Vec::with_capacity(frames * FRAME_LENGTH);
    for frame in 1..=frames {
        file.extend_from_slice(&FRAME_HEADER);
        if let Some(piece) = pieces.next() {
            file.extend_from_slice(MARK);
            file.extend_from_slice(piece);
        }
        file.resize(frame * FRAME_LENGTH, 0);
    }
    file
}

/// The concatenated texts in MP3 from [`mp3`].
pub fn text_of(mp3: &[u8]) -> String {
    let pieces = mp3.chunks(FRAME_LENGTH).filter_map(|frame| {
        let data = frame.strip_prefix(&FRAME_HEADER)?.strip_prefix(MARK)?;
        data.split(|byte| *byte == 0).next()
    });
    String::from_utf8_lossy(&pieces.flatten().copied().collect::<Vec<_>>()).into_owned()
}

/// Samples of a quiet tone, 16 bits at 24 kHz: 10 ms for each character.
pub fn pcm(text: &str) -> Vec<u8> {
    let samples = 240 * text.chars().count();
    let tone = (0..samples).map(|n| if n / 40 % 2 == 0 { 500_i16 } else { -500 });
    tone.flat_map(i16::to_le_bytes).collect()
}

/// [`pcm`] with a header before it.
pub fn wav(text: &str) -> Vec<u8> {
    let samples = pcm(text);
    let size = u32::try_from(samples.len()).expect("no test speaks for days");
    let mut file = b"RIFF".to_vec();
    file.extend_from_slice(&(36 + size).to_le_bytes());
    file.extend_from_slice(
        b"WAVEfmt \x10\0\0\0\x01\0\x01\0\xc0\x5d\0\0\x80\xbb\0\0\x02\0\x10\0data",
    );
    file.extend_from_slice(&size.to_le_bytes());
    file.extend_from_slice(&samples);
    file
}

/// The whole answer of Google Translate that gives this audio.
pub fn google_answer(audio: &[u8]) -> String {
    google(&json!(format!("[\"{}\"]", BASE64.encode(audio))), &Value::Null)
}

/// The path is that of a call for speech.
pub(crate) fn has(path: &str) -> bool {
    path.ends_with("/audio/speech") || path == GOOGLE
}

/// The answer to a call for speech.
pub(crate) fn answer(call: &Call<'_>) -> Option<Script> {
    let path = call.request.path.as_str();
    if call.request.method != "POST" {
        return None;
    }
    if path.ends_with("/audio/speech") {
        return Some(openai(call.json));
    }
    (path == GOOGLE).then(|| translate(&String::from_utf8_lossy(&call.request.body)))
}

fn openai(json: Option<&Value>) -> Script {
    let field = |name: &str| json.and_then(|json| json.get(name)).and_then(Value::as_str);
    let Some(text) = field("input").filter(|text| !text.is_empty()) else {
        return Script::error(400, "Invalid 'input': string too short.");
    };
    let (mime, audio) = match field("response_format").unwrap_or("mp3") {
        "mp3" => ("audio/mpeg", mp3(text)),
        "wav" => ("audio/wav", wav(text)),
        "pcm" => ("audio/pcm", pcm(text)),
        other => return Script::error(400, &format!("this fake does not speak {other}")),
    };
    Script::new().header("content-type", mime).send_bytes(audio)
}

fn translate(body: &str) -> Script {
    let Some([text, language]) = asked(body) else { return Script::error(400, "Bad Request") };
    let audio = match language.as_str() {
        "xx" => google(&Value::Null, &json!([3])),
        _ => google_answer(&mp3(&text)),
    };
    let script = Script::new().header("content-type", "application/json; charset=utf-8");
    script.framing(Framing::Length).send(audio)
}

/// The text and the language in a body, if it has the service's format.
fn asked(body: &str) -> Option<[String; 2]> {
    let call = percent_decoded(body.strip_prefix("f.req=")?.strip_suffix('&')?);
    let call: Value = serde_json::from_str(&call).ok()?;
    let [method, arguments, Value::Null, kind] = call.pointer("/0/0")?.as_array()?.as_slice()
    else {
        return None;
    };
    let arguments: Value = serde_json::from_str(arguments.as_str()?).ok()?;
    let [
        Value::String(text),
        Value::String(language),
        Value::Null | Value::Bool(true),
        Value::String(_),
    ] = arguments.as_array()?.as_slice()
    else {
        return None;
    };
    let is_right = method == "jQ1olc" && kind == "generic" && text.chars().count() <= 100;
    is_right.then(|| [text.clone(), language.clone()])
}

fn google(result: &Value, error: &Value) -> String {
    let chunk = |value: Value| {
        let text = value.to_string();
        format!("{}\n{text}\n", text.chars().count() + 1)
    };
    let spoken = chunk(json!([
        ["wrb.fr", "jQ1olc", result, null, null, error, "generic"],
        ["di", 58],
        ["af.httprm", 57, "-864611263172812", 22],
    ]));
    let end = chunk(json!([["e", 4, null, null, spoken.len()]]));
    format!(")]}}'\n\n{spoken}{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mp3_carries_its_text() {
        for text in ["", "hi", "안녕하세요", &"긴 문장 ".repeat(200)] {
            let file = [mp3(text), mp3("!")].concat();
            assert_eq!(text_of(&file), format!("{text}!"));
            assert_eq!(file.len() % FRAME_LENGTH, 0);
        }
    }

    #[test]
    fn google_takes_what_it_is_asked_in_and_nothing_else() {
        let body = "f.req=%5B%5B%5B%22jQ1olc%22%2C%22%5B%5C%22hi%5C%22%2C%5C%22ar%5C%22%2Ctrue%2C%5C%22null%5C%22%5D%22%2Cnull%2C%22generic%22%5D%5D%5D&";
        assert_eq!(asked(body), Some(["hi".into(), "ar".into()]));
        for other in ["", "f.req=&", "f.req=%5B%5D&", &body.replace("true", "1")] {
            assert_eq!(asked(other), None, "{other}");
        }
    }
}
