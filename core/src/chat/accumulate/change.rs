//! Changes to a reply, as they are made.

#![cfg_attr(
    not(feature = "bridge"),
    allow(dead_code, reason = "the bridge alone looks at where a change is")
)]

use serde::Serialize;

/// Is told of every change to a reply, in terms of its JSON.
pub(crate) trait Changes {
    /// The value there is now this one.
    fn set<T: Serialize + ?Sized>(&mut self, at: &At<'_>, value: &T);

    /// The text there has grown by this.
    fn append(&mut self, at: &At<'_>, text: &str);

    /// The list there, which is empty while nothing is there or null, has grown by these items.
    fn extend<T: Serialize>(&mut self, at: &At<'_>, items: &[T]);

    /// The value has been put into the list, at the place that ends the path. The list is empty while nothing is there.
    fn insert<T: Serialize>(&mut self, at: &At<'_>, value: &T);

    /// A choice of the chunk begins.
    fn choice(&mut self);

    /// The chunk has a piece of the tool call of this number in the choice, with more of its arguments.
    fn called(&mut self, number: u32, arguments: &str);
}

/// Nobody needs to know.
impl Changes for () {
    fn set<T: Serialize + ?Sized>(&mut self, _: &At<'_>, _: &T) {}
    fn append(&mut self, _: &At<'_>, _: &str) {}
    fn extend<T: Serialize>(&mut self, _: &At<'_>, _: &[T]) {}
    fn insert<T: Serialize>(&mut self, _: &At<'_>, _: &T) {}
    fn choice(&mut self) {}
    fn called(&mut self, _: u32, _: &str) {}
}

/// A place in a reply's JSON: the way to it from the reply.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At<'a> {
    parent: Option<&'a At<'a>>,
    step: Step<'a>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Step<'a> {
    /// The reply itself.
    Reply,
    /// A field that this library names.
    Name(&'static str),
    /// A field with a name that the service gave it.
    Other(&'a str),
    /// The item at this place.
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

    /// Gives the steps of the way, the first one first.
    pub(crate) fn steps(&self, give: &mut impl FnMut(Step<'_>)) {
        if let Some(parent) = self.parent {
            parent.steps(give);
            give(self.step);
        }
    }
}
