//! Google Translate's RPC over HTTP (`batchexecute`): the request's body, and the audio in the response.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::GeneralPurpose;
use base64::engine::{DecodePaddingMode, GeneralPurposeConfig};
use bytes::{Bytes, BytesMut};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// The RPC id of the speech method.
const METHOD: &str = "jQ1olc";

/// The escape set of the body: all but the unreserved characters (RFC 3986, section 2.3) and `/`.
const ESCAPED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'_').remove(b'.').remove(b'-').remove(b'~').remove(b'/');

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The request body for one part: the arguments are JSON in a string inside the call's JSON.
pub(super) fn body(text: &str, language: &str, slow: bool) -> String {
    let slow = if slow { "true" } else { "null" };
    let arguments = format!("[{},{},{slow},\"null\"]", quoted(text), quoted(language));
    let call = format!("[[[\"{METHOD}\",{},null,\"generic\"]]]", quoted(&arguments));
    format!("f.req={}&", utf8_percent_encode(&call, ESCAPED))
}

/// A JSON string in ASCII (RFC 8259, section 7).
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(c),
            other => {
                for unit in other.encode_utf16(&mut [0; 2]) {
                    // Writing to a string cannot fail.
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push('"');
    out
}

/// The MP3 in a response; the error describes a response without one.
pub(super) fn audio(answer: &[u8]) -> Result<Bytes, String> {
    let text = String::from_utf8_lossy(answer);
    let mut audio = BytesMut::new();
    for line in text.lines().filter(|line| line.contains(METHOD)) {
        let encoded =
            line.split_once("jQ1olc\",\"[\\\"").and_then(|(_, rest)| rest.split_once("\\\"]"));
        let Some((encoded, _)) = encoded else {
            return Err(
                "the service answered without audio; it may not know the language".to_owned()
            );
        };
        // The padding is sometimes escaped.
        let encoded = encoded.replace("\\\\u003d", "=").replace("\\u003d", "=");
        let decoded =
            BASE64.decode(encoded).map_err(|e| format!("the audio is not base64: {e}"))?;
        audio.extend_from_slice(&decoded);
    }
    match audio.is_empty() {
        true => Err("the service answered without audio".to_owned()),
        false => Ok(audio.freeze()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_is_the_one_that_the_service_takes() {
        let expected = "f.req=%5B%5B%5B%22jQ1olc%22%2C%22%5B%5C%22hi%5C%22%2C%5C%22ar%5C%22%2Ctrue%2C%5C%22null%5C%22%5D%22%2Cnull%2C%22generic%22%5D%5D%5D&";
        assert_eq!(body("hi", "ar", true), expected);
    }

    #[test]
    fn json_is_ascii_with_surrogates_in_pairs() {
        let expected = r#""a\"\\/\n\u0001\u007f\uc548\ud83c\udf89""#;
        assert_eq!(quoted("a\"\\/\n\u{1}\u{7f}안🎉"), expected);
    }

    #[test]
    fn audio_is_read_out_of_every_line_that_has_some() {
        let line = |data: &str| {
            format!(r#"[["wrb.fr","jQ1olc","[\"{data}\"]",null,null,null,"generic"]]"#)
        };
        let answer =
            format!(")]}}'\n\n123\n{}\n25\n{}\n[[\"di\",7]]\n", line("SUQz"), line("/+M="));
        assert_eq!(audio(answer.as_bytes()).unwrap(), &b"ID3\xff\xe3"[..]);
        assert_eq!(audio(line(r"/+M\\u003d").as_bytes()).unwrap(), &b"\xff\xe3"[..]);
        assert_eq!(audio(line("/+M").as_bytes()).unwrap(), &b"\xff\xe3"[..]);
    }

    #[test]
    fn an_answer_without_audio_is_an_error() {
        for answer in [
            "",
            ")]}'\n\n[]",
            r#"[["wrb.fr","jQ1olc",null,null]]"#,
            r#"[["wrb.fr","jQ1olc","[\"\"]"]]"#,
            r#"[["wrb.fr","jQ1olc","[\"not base64!\"]"]]"#,
        ] {
            assert!(audio(answer.as_bytes()).is_err(), "{answer}");
        }
    }
}
