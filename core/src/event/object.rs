//! Objects of JSON, written field by field into a buffer: a space after each colon and comma, and only the escapes that
//! JSON requires.

use crate::json::escaped;
use crate::sse::Buffer;

/// An object that is being written.
pub(super) struct Object<'a, B> {
    out: &'a mut B,
    is_empty: bool,
}

impl<'a, B: Buffer> Object<'a, B> {
    pub(super) fn new(out: &'a mut B) -> Self {
        out.put("{");
        Object { out, is_empty: true }
    }

    /// An object whose first field is its type.
    pub(super) fn typed(kind: &str, out: &'a mut B) -> Self {
        out.put("{\"type\": \"");
        out.put(kind);
        out.put("\"");
        Object { out, is_empty: false }
    }

    pub(super) fn text(&mut self, name: &str, text: &str) {
        self.name(name);
        self.out.put("\"");
        escaped(text, |part| self.out.put(part));
        self.out.put("\"");
    }

    pub(super) fn optional(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.text(name, text);
        }
    }

    /// A number, unless it is unknown.
    pub(super) fn count(&mut self, name: &str, number: Option<u64>) {
        if let Some(number) = number {
            self.name(name);
            self.out.put(&number.to_string());
        }
    }

    /// A field that is written only if it is true.
    pub(super) fn flag(&mut self, name: &str, is_set: bool) {
        if is_set {
            self.name(name);
            self.out.put("true");
        }
    }

    /// An object in a field.
    pub(super) fn object(&mut self, name: &str, write: impl FnOnce(&mut Object<'_, B>)) {
        self.name(name);
        let mut inner = Object::new(&mut *self.out);
        write(&mut inner);
        inner.end();
    }

    pub(super) fn end(self) {
        self.out.put("}");
    }

    fn name(&mut self, name: &str) {
        self.out.put(if self.is_empty { "\"" } else { ", \"" });
        self.is_empty = false;
        self.out.put(name);
        self.out.put("\": ");
    }
}
