//! The redactor: it holds every secret of a client and a call, and removes them, in whatever encoding, from text that
//! is stored or shown.
//!
//! It runs when something has failed, never on the chunks of a reply. A text is searched as it is and with its escapes
//! resolved, layer by layer (`layer`). In each layer the secrets and their fixed encodings (`form`) are searched for in
//! one pass (`matcher`), and so are unknown tokens of a recognisable form (`shape`). Each match is cut out of the
//! original text.

mod form;
mod layer;
mod matcher;
mod policy;
mod shape;

use std::borrow::Cow;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use serde::de::IgnoredAny;
use serde_json::Value;

use crate::credentials::{Secret, Tokens};
use crate::error::ApiError;

use layer::Layer;
use matcher::Matcher;

pub(crate) use policy::{CREDENTIAL_HEADERS, is_credential_header};

/// The replacement of a secret.
const REDACTED: &str = "[redacted]";

/// Removes the secrets of a client and a call from text. Clones share the secrets and the matcher.
#[derive(Clone, Debug, Default)]
pub(crate) struct Redactor {
    secrets: Arc<Vec<Secret>>,
    /// Built when text is scrubbed for the first time: most calls succeed and never need it.
    matcher: Arc<OnceLock<Matcher>>,
}

impl Redactor {
    /// Adds a secret: a key, a token or a password. A secret shorter than [`policy::SHORTEST`] is ignored: it protects
    /// nothing, and removing it would blot out innocent text.
    pub(crate) fn add(&mut self, secret: &str) {
        policy::parts(secret).for_each(|part| self.add_one(part));
    }

    /// Adds the secret parts of a header's or query parameter's value, judged by its name and its form.
    pub(crate) fn add_value(&mut self, name: &str, value: &str) {
        policy::secrets_of(name, value, &mut |secret| self.add(secret));
    }

    /// Adds the user and the password of a URL, or of Basic authentication.
    pub(crate) fn add_login(&mut self, user: &str, password: &str) {
        policy::secrets_of_login(user, password, &mut |secret| self.add(secret));
    }

    pub(crate) fn add_tokens(&mut self, tokens: &Tokens) {
        self.add(tokens.access.expose());
        self.add(tokens.refresh.expose());
    }

    fn add_one(&mut self, secret: &str) {
        if !policy::is_worth_guarding(secret) || self.secrets.iter().any(|s| s.expose() == secret) {
            return;
        }
        Arc::make_mut(&mut self.secrets).push(secret.into());
        self.matcher = Arc::default();
    }

    /// The text with its secrets removed.
    pub(crate) fn scrub(&self, text: &str) -> String {
        match self.cut_out(text.as_bytes(), false) {
            Cow::Borrowed(_) => text.to_owned(),
            Cow::Owned(rest) => lossy(rest),
        }
    }

    /// The text with its secrets removed, for a text whose end may be missing: a possible start of a secret at the end
    /// is removed too.
    pub(crate) fn scrub_start(&self, bytes: &[u8]) -> String {
        match self.cut_out(bytes, true) {
            Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Cow::Owned(rest) => lossy(rest),
        }
    }

    /// The body of a response, possibly truncated, with its secrets removed; JSON stays valid JSON.
    pub(crate) fn scrub_body(&self, body: &[u8]) -> String {
        let scrubbed = self.scrub_start(body);
        let is_json = |json: &[u8]| serde_json::from_slice::<IgnoredAny>(json).is_ok();
        // Cutting out a number that is a secret would break the JSON.
        if scrubbed.as_bytes() != body
            && !is_json(scrubbed.as_bytes())
            && let Ok(mut value) = serde_json::from_slice::<Value>(body)
        {
            self.scrub_value(&mut value);
            return value.to_string();
        }
        scrubbed
    }

    /// Returns true if the text contains no secret.
    pub(crate) fn is_clean(&self, text: &[u8]) -> bool {
        self.spans(text, false).is_empty()
    }

    /// Removes the secrets from the strings, keys and numbers of a JSON value.
    fn scrub_value(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.scrub(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.scrub_value(item)),
            Value::Object(object) => {
                let fields = std::mem::take(object);
                *object = fields
                    .into_iter()
                    .map(|(name, mut value)| {
                        self.scrub_value(&mut value);
                        (self.scrub(&name), value)
                    })
                    .collect();
            }
            Value::Number(number) if !self.is_clean(number.to_string().as_bytes()) => {
                *value = REDACTED.into();
            }
            Value::Number(_) | Value::Null | Value::Bool(_) => {}
        }
    }

    /// Removes the secrets from a service's error object.
    pub(crate) fn scrub_api(&self, api: &mut ApiError) {
        api.message = self.scrub(&api.message);
        for word in [&mut api.kind, &mut api.code, &mut api.param].into_iter().flatten() {
            *word = self.scrub(word);
        }
        let mut fields = Value::Object(std::mem::take(&mut api.fields));
        self.scrub_value(&mut fields);
        if let Value::Object(fields) = fields {
            api.fields = fields;
        }
    }

    fn cut_out<'t>(&self, text: &'t [u8], may_be_cut: bool) -> Cow<'t, [u8]> {
        let spans = self.spans(text, may_be_cut);
        if spans.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut rest = Vec::with_capacity(text.len());
        let mut after = 0;
        for span in spans {
            rest.extend_from_slice(text.get(after..span.start).unwrap_or_default());
            rest.extend_from_slice(REDACTED.as_bytes());
            after = span.end;
        }
        rest.extend_from_slice(text.get(after..).unwrap_or_default());
        Cow::Owned(rest)
    }

    /// The ranges of secrets in the text, sorted and disjoint.
    fn spans(&self, text: &[u8], may_be_cut: bool) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        let has_cut_escape = self.look(text, may_be_cut, false, &mut found);
        // A truncated escape stands for nothing, and would hide the start of a secret before it.
        if has_cut_escape {
            self.look(text, true, true, &mut found);
        }
        merged(found)
    }

    /// Searches the layers of a text whose end may be truncated, with or without a truncated escape there; returns true
    /// if there is such an escape.
    fn look(
        &self,
        text: &[u8],
        may_be_cut: bool,
        without_cut_escape: bool,
        found: &mut Vec<Range<usize>>,
    ) -> bool {
        let matcher = self.matcher.get_or_init(|| Matcher::new(&self.secrets));
        let mut has_cut_escape = false;
        let mut layer = Some(Layer::of(text));
        for _ in 0..layer::MOST {
            let Some(mut this) = layer else { break };
            if without_cut_escape {
                this.drop_cut_escape();
            } else if may_be_cut {
                has_cut_escape |= this.has_cut_escape();
            }
            let bytes = this.bytes();
            matcher.find(bytes, &mut |range| found.push(this.place(range)));
            if let Some(joined) = this.joined() {
                matcher.find_joined(&joined.bytes, &mut |range| {
                    found.push(this.place(joined.place(range)));
                });
            }
            shape::find(bytes, &mut |range| found.push(this.place(range)));
            if may_be_cut && let Some(start) = matcher.start_at_end(bytes) {
                found.push(this.place(start..bytes.len()).start..text.len());
            }
            layer = this.resolved();
        }
        has_cut_escape
    }
}

fn lossy(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned())
}

fn merged(mut found: Vec<Range<usize>>) -> Vec<Range<usize>> {
    found.sort_unstable_by_key(|range| (range.start, range.end));
    let mut merged: Vec<Range<usize>> = Vec::new();
    for range in found {
        match merged.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}

#[cfg(test)]
mod tests;
