//! Changes to a reply that is being received.

#![cfg_attr(
    not(feature = "bridge"),
    allow(dead_code, reason = "the bridge alone looks at where a change is")
)]

use serde::Serialize;

/// Receives every change to a reply, in terms of its JSON.
pub(crate) trait Changes {
    /// The value at this path is now `value`.
    fn set<T: Serialize + ?Sized>(&mut self, at: &At<'_>, value: &T);

    /// The string at this path has grown by `text`.
    fn append(&mut self, at: &At<'_>, text: &str);

    /// The list at this path has grown by these items. A missing or null value counts as an empty list.
    fn extend<T: Serialize>(&mut self, at: &At<'_>, items: &[T]);

    /// The value has been inserted into a list, at the position that ends the path. A missing list counts as empty.
    fn insert<T: Serialize>(&mut self, at: &At<'_>, value: &T);

    /// A choice of the chunk begins.
    fn choice(&mut self);

    /// The chunk has a piece of the choice's tool call with this number; the piece adds `arguments`.
    fn called(&mut self, number: u32, arguments: &str);
}

/// Ignores the changes.
impl Changes for () {
    fn set<T: Serialize + ?Sized>(&mut self, _: &At<'_>, _: &T) {}
    fn append(&mut self, _: &At<'_>, _: &str) {}
    fn extend<T: Serialize>(&mut self, _: &At<'_>, _: &[T]) {}
    fn insert<T: Serialize>(&mut self, _: &At<'_>, _: &T) {}
    fn choice(&mut self) {}
    fn called(&mut self, _: u32, _: &str) {}
}

/// A position in a reply's JSON: the path from the reply.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At<'a> {
    parent: Option<&'a At<'a>>,
    step: Step<'a>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Step<'a> {
    /// The reply itself.
    Reply,
    /// A field that this library models.
    Name(&'static str),
    /// A field that only the service names.
    Other(&'a str),
    /// The list item at this position.
    Place(usize),
}

impl<'a> At<'a> {
    pub(super) const REPLY: At<'static> = At { parent: None, step: Step::Reply };

    pub(super) fn name(&'a self, name: &'static str) -> Self {
        At { parent: Some(self), step: Step::Name(name) }
    }

    pub(super) fn other(&'a self, name: &'a str) -> Self {
        At { parent: Some(self), step: Step::Other(name) }
    }

    pub(super) fn place(&'a self, place: usize) -> Self {
        At { parent: Some(self), step: Step::Place(place) }
    }

    /// Calls `give` with the steps of the path, the first one first.
    pub(crate) fn steps(&self, give: &mut impl FnMut(Step<'_>)) {
        if let Some(parent) = self.parent {
            parent.steps(give);
            give(self.step);
        }
    }
}
