//! The dialects of services for the same stream.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::script::Script;

/// The form of streams. The default is that of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Dialect {
    /// A space follows each colon and comma of the JSON, and after `data:`.
    pub spaces: bool,
    /// Characters beyond ASCII are written as `\uXXXX`.
    pub escapes: bool,
    /// The end of a line.
    pub line_end: LineEnd,
    /// Only the reply's bare text is sent.
    pub bare: bool,
}

/// The end of a line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineEnd {
    /// LF.
    #[default]
    Lf,
    /// CRLF.
    CrLf,
    /// CR.
    Cr,
}

impl Default for Dialect {
    fn default() -> Self {
        Self { spaces: true, escapes: false, line_end: LineEnd::Lf, bare: false }
    }
}

impl Dialect {
    /// Every dialect of events.
    pub fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for line_end in [LineEnd::Lf, LineEnd::CrLf, LineEnd::Cr] {
            for (spaces, escapes) in [(true, false), (true, true), (false, false), (false, true)] {
                all.push(Self { spaces, escapes, line_end, bare: false });
            }
        }
        all
    }

    /// Bare text.
    pub fn bare() -> Self {
        Self { bare: true, ..Self::default() }
    }

    /// A stream of these events; fields keep their order.
    pub(crate) fn stream(self, events: &[Vec<(&str, Value)>]) -> Script {
        let script = Script::new()
            .header("Cache-Control", "no-cache, no-transform")
            .header("X-Accel-Buffering", "no");
        if !self.bare {
            return events.iter().fold(script, |script, event| script.send(self.frame(event)));
        }
        let content = |event: &Vec<(&str, Value)>| {
            let (_, content) = event.iter().find(|(name, _)| *name == "content")?;
            content.as_str().map(str::to_owned)
        };
        let script = script.header("content-type", "text/plain; charset=utf-8");
        events.iter().filter_map(content).fold(script, Script::send)
    }

    fn frame(self, event: &[(&str, Value)]) -> String {
        let space = if self.spaces { " " } else { "" };
        let end = match self.line_end {
            LineEnd::Lf => "\n",
            LineEnd::CrLf => "\r\n",
            LineEnd::Cr => "\r",
        };
        let fields: Vec<String> = event
            .iter()
            .map(|(name, value)| format!("\"{name}\":{space}{}", self.escaped(&value.to_string())))
            .collect();
        format!("data:{space}{{{}}}{end}{end}", fields.join(&format!(",{space}")))
    }

    fn escaped(self, json: &str) -> String {
        if !self.escapes {
            return json.to_owned();
        }
        let mut escaped = String::with_capacity(json.len());
        for c in json.chars() {
            if c.is_ascii() {
                escaped.push(c);
                continue;
            }
            for unit in c.encode_utf16(&mut [0; 2]) {
                escaped.push_str(&format!("\\u{unit:04x}"));
            }
        }
        escaped
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_dialect_writes_the_same_event_its_own_way() {
        let event = vec![("type", json!("content")), ("content", json!("안\n😀"))];
        let written = |dialect: Dialect| dialect.frame(&event);
        assert_eq!(
            written(Dialect::default()),
            "data: {\"type\": \"content\", \"content\": \"안\\n😀\"}\n\n"
        );
        let terse = Dialect { spaces: false, escapes: true, line_end: LineEnd::CrLf, bare: false };
        assert_eq!(
            written(terse),
            "data:{\"type\":\"content\",\"content\":\"\\uc548\\n\\ud83d\\ude00\"}\r\n\r\n"
        );
        assert_eq!(Dialect::all().len(), 12);
    }
}
