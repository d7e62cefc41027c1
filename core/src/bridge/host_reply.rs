//! Questions and answers of every kind in one form, so that a binding passes them to its host in one way.

use std::fmt;

use super::host::{Failure, HostFn, Reply};
use super::host_audio::AudioWriter;
use super::host_json::{HostAnswer, Question};
use crate::caller::Context;

/// The answer to a question of any kind: JSON, or audio.
pub struct HostReply(Box<dyn Replying>);

/// A [`Reply`] without its type.
trait Replying: Send + Sync {
    fn answer_json(self: Box<Self>, json: &str);
    fn audio(self: Box<Self>, media_type: Option<String>) -> Option<AudioWriter>;
    fn fail(self: Box<Self>, failure: Failure);
    fn on_abandoned(&self, act: Box<dyn FnOnce() + Send>);
    fn context(&self) -> Option<&Context>;
}

impl<Q: Question + Send + 'static, A: HostAnswer + Send + 'static> HostFn<Q, A> {
    /// A function of the host that gets the question as JSON, and answers with JSON or audio.
    pub fn hosted(
        operation: &'static str,
        function: impl Fn(String, HostReply) + Send + Sync + 'static,
    ) -> Self {
        HostFn::new(operation, move |question: Q, reply: Reply<A>| {
            function(question.to_json(), HostReply(Box::new(reply)));
        })
    }
}

impl HostReply {
    /// Answers the question, as [`Reply::answer_json`] does.
    pub fn answer_json(self, json: &str) {
        self.0.answer_json(json);
    }

    /// Answers the question with audio of this media type, which without one is detected from its first bytes. `None` if
    /// the question is not one for audio: then it fails.
    pub fn audio(self, media_type: Option<String>) -> Option<AudioWriter> {
        self.0.audio(media_type)
    }

    /// Fails the question, as [`Reply::fail`] does.
    pub fn fail(self, failure: Failure) {
        self.0.fail(failure);
    }

    /// As [`Reply::on_abandoned`]; for audio, until its end.
    pub fn on_abandoned(&self, act: impl FnOnce() + Send + 'static) {
        self.0.on_abandoned(Box::new(act));
    }

    /// The context of the caller on whose behalf the question is asked.
    pub fn context(&self) -> Option<&Context> {
        self.0.context()
    }
}

impl<A: HostAnswer + Send + 'static> Replying for Reply<A> {
    fn answer_json(self: Box<Self>, json: &str) {
        Reply::answer_json(*self, json);
    }

    fn audio(self: Box<Self>, media_type: Option<String>) -> Option<AudioWriter> {
        A::audio(*self, media_type)
    }

    fn fail(self: Box<Self>, failure: Failure) {
        Reply::fail(*self, failure);
    }

    fn on_abandoned(&self, act: Box<dyn FnOnce() + Send>) {
        Reply::on_abandoned(self, act);
    }

    fn context(&self) -> Option<&Context> {
        Reply::context(self)
    }
}

impl fmt::Debug for HostReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostReply").finish_non_exhaustive()
    }
}
