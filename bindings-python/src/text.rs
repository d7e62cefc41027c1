//! Strings from Python, which may hold half of a surrogate pair: UTF-8 has none, so that core decides on them.

use std::borrow::Cow;
use std::ops::Deref;

use pyo3::exceptions::PyUnicodeEncodeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use turnwire::bridge::HostText;

/// A whole text, or a name or an id.
pub(crate) struct Text<'a>(Cow<'a, str>);

/// A [`Text`] that outlives the call.
pub(crate) struct OwnedText(String);

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Deref for OwnedText {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl From<OwnedText> for String {
    fn from(text: OwnedText) -> Self {
        text.0
    }
}

impl<'a> FromPyObject<'a, '_> for Text<'a> {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, '_, PyAny>) -> PyResult<Self> {
        object.extract().map(|TextPiece(text)| Text(text.whole()))
    }
}

impl FromPyObject<'_, '_> for OwnedText {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        object.extract().map(|Text(text)| OwnedText(text.into_owned()))
    }
}

/// A piece of a text, which may end within a character.
pub(crate) struct TextPiece<'a>(pub(crate) HostText<'a>);

impl<'a> FromPyObject<'a, '_> for TextPiece<'a> {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, '_, PyAny>) -> PyResult<Self> {
        let text = match object.extract::<Cow<'a, str>>() {
            Ok(text) => HostText::Utf8(text),
            Err(error) if error.is_instance_of::<PyUnicodeEncodeError>(object.py()) => {
                HostText::Utf16(units(object.cast::<PyString>()?.as_any())?)
            }
            Err(error) => return Err(error),
        };
        Ok(TextPiece(text))
    }
}

/// The text in UTF-16, as which two halves that follow each other are one character.
fn units(text: &Bound<'_, PyAny>) -> PyResult<Vec<u16>> {
    let encoded = text.call_method1("encode", ("utf-16-le", "surrogatepass"))?;
    let bytes = encoded.cast::<PyBytes>()?.as_bytes();
    let pairs = bytes.chunks_exact(2).map(|pair| pair.try_into().map(u16::from_le_bytes));
    Ok(pairs.flatten().collect())
}
