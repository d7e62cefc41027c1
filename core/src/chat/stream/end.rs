//! The end of a stream. Its functions are marked cold: the code of a chunk stays together, and is all that a chunk fetches.

use std::task::Context as TaskContext;
use std::time::Duration;

use tracing::Span;

use super::{ChatStream, Format, State};
use crate::chat::chunk_reader::read_whole;
use crate::chat::event::{StepResult, apply_chunk, apply_event, is_transport_error};
use crate::chat::gather::Gather;
use crate::chat::telemetry;
use crate::chat::usage::Usage;
use crate::error::{Error, ErrorKind, Result};
use crate::http::Received;

impl ChatStream {
    /// Ends the stream after the service's marker for its end.
    #[cold]
    pub(super) fn at_done(
        &mut self,
        task: &mut TaskContext<'_>,
        chunks: &mut impl Gather,
    ) -> Option<Result<()>> {
        if self.whole.reply().choices.is_empty() {
            let why = "the stream ended without a reply";
            let error = self.source.context().error(ErrorKind::UnexpectedReply, why);
            return Some(Err(self.end_with(error)));
        }
        let last = self.end_well(chunks);
        self.source.finish(task);
        last
    }

    /// Ends the stream after an error.
    #[cold]
    pub(super) fn at_error(
        &mut self,
        error: Error,
        chunks: &mut impl Gather,
    ) -> Option<Result<()>> {
        // A break after the end of every reply loses nothing.
        if self.is_whole() && is_transport_error(&error) {
            let last = self.end_well(chunks);
            self.source.close();
            return last;
        }
        Some(Err(self.end_with(error)))
    }

    /// Reads what is left at the end of the body.
    #[cold]
    pub(super) fn at_eof(&mut self, chunks: &mut impl Gather) -> Result<StepResult> {
        let context = self.source.context();
        if let Format::Json(json) = &mut self.format {
            let json = std::mem::take(json);
            self.format = Format::JsonRead;
            let text = String::from_utf8_lossy(&json);
            let text = text.trim_start_matches('\u{feff}');
            let chunk = read_whole(text).map_err(|e| e.into_error(context, "reply", text))?;
            return Ok(apply_chunk(chunk, &mut self.whole, chunks));
        }
        if let Some(event) = self.decoder.finish() {
            let (reader, whole) = (&mut self.reader, &mut self.whole);
            return apply_event(reader, context, &event.event, &event.data, whole, chunks);
        }
        if self.is_whole() {
            return Ok(StepResult::Done);
        }
        let why = match self.whole.has_begun() {
            true => "the stream ended before the reply did",
            false => "the stream ended without a reply",
        };
        Err(context.error(ErrorKind::Truncated, why))
    }

    /// The error with the text and the usage so far.
    pub(super) fn with_partial(&self, error: Error) -> Error {
        let error = error.with_usage(self.whole.reply().usage.as_ref().map(Usage::counted));
        match self.whole.has_begun() {
            true => error.with_partial(self.whole.reply().text()),
            false => error,
        }
    }

    /// Ends the stream, with a last chunk where half a character is left.
    fn end_well(&mut self, chunks: &mut impl Gather) -> Option<Result<()>> {
        let last = self.reader.left_over();
        let last = last.map(|chunk| apply_chunk(chunk, &mut self.whole, chunks));
        self.end(Ok(()));
        last.map(|_| Ok(()))
    }

    #[cold]
    pub(super) fn end_with(&mut self, error: Error) -> Error {
        let error = self.with_partial(error);
        self.end(Err(error.clone()));
        self.source.close();
        error
    }

    fn end(&mut self, result: Result<()>) {
        match &result {
            Ok(()) => self.record_pace(),
            Err(error) => telemetry::record_error(&self.span, error),
        }
        self.record_reply();
        self.state = State::Ended(result);
        self.received = Received::default();
    }

    /// Records the mean time between chunks, up to the one that made the reply whole: a service may keep the connection long
    /// after that. Where none did, the service has just marked the end.
    fn record_pace(&self) {
        let mean = if self.hurried { self.pace } else { self.mean_so_far() };
        if let Some(mean) = mean {
            telemetry::record_pace(&self.span, mean);
        }
    }

    /// The mean time between the first content and the chunk that has just come, for a span that is recorded. It is measured
    /// once for a reply: a chunk's own time is not.
    #[cold]
    pub(super) fn mean_so_far(&self) -> Option<Duration> {
        let first = self.first_token.filter(|_| !self.span.is_disabled())?;
        let since = self.started.elapsed().saturating_sub(first);
        since.checked_div(self.later_chunks)
    }

    /// Closes the span, whose duration is that of the call.
    pub(super) fn record_reply(&mut self) {
        let context = self.source.context();
        telemetry::record_reply(&self.span, context, self.whole.reply(), self.first_token);
        self.span = Span::none();
    }
}
