//! A secret in the encodings of services and intermediaries.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;

/// A secret, encoded.
pub(super) struct Encoded {
    pub(super) name: &'static str,
    pub(super) text: String,
    /// The part that must not appear: in Base64, the characters determined by the secret.
    pub(super) hidden: String,
}

impl Encoded {
    /// True if it is valid in a header.
    pub(super) fn fits_header(&self) -> bool {
        self.text.is_ascii()
    }
}

/// The secret in every encoding.
pub(super) fn encodings(secret: &str) -> Vec<Encoded> {
    let json = |text: &str| Value::from(text).to_string().trim_matches('"').to_owned();
    let units: String = secret.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
    let percent = |upper: bool| -> String {
        let byte = |b: u8| if upper { format!("%{b:02X}") } else { format!("%{b:02x}") };
        let is_kept = |b: u8| b.is_ascii_alphanumeric() || b"_.~".contains(&b);
        secret
            .bytes()
            .map(|b| if is_kept(b) { char::from(b).to_string() } else { byte(b) })
            .collect()
    };
    let html = |c: char| match c {
        c if c.is_ascii_alphanumeric() => c.to_string(),
        c => format!("&#{};", u32::from(c)),
    };
    let mut all: Vec<(&'static str, String)> = vec![
        ("as it is", secret.to_owned()),
        ("in upper case", secret.to_uppercase()),
        ("in lower case", secret.to_lowercase()),
        ("after its scheme", format!("Bearer {secret}")),
        ("escaped in JSON", units.clone()),
        ("escaped in JSON in JSON", json(&units)),
        ("escaped in part", secret.replace('-', "\\u002d").replace('/', "\\/")),
        ("escaped three times", json(&json(&units))),
        ("percent-encoded", percent(true)),
        ("percent-encoded in lower case", percent(false)),
        ("percent-encoded twice", percent(true).replace('%', "%25")),
        ("in HTML", secret.chars().map(html).collect()),
        ("in hexadecimal", secret.bytes().map(|b| format!("{b:02x}")).collect()),
    ];
    all.retain(|(name, text)| *name == "as it is" || text != secret);
    let mut all: Vec<_> = all
        .into_iter()
        .map(|(name, text)| Encoded { name, hidden: text.replace("Bearer ", ""), text })
        .collect();
    // At each offset of three.
    for (before, after) in [("", ""), ("Bearer ", ""), ("me:ab", ":xy")] {
        let text = format!("{before}{secret}{after}");
        // The characters determined by the secret alone.
        let (first, last) = (before.len() * 8, (before.len() + secret.len()) * 8);
        let own = first.div_ceil(6)..last / 6;
        let mut texts = vec![STANDARD.encode(&text), URL_SAFE_NO_PAD.encode(&text)];
        texts.dedup();
        for text in texts {
            let hidden = text[own.clone()].to_owned();
            all.push(Encoded { name: "in Base64", text, hidden });
        }
    }
    all
}
