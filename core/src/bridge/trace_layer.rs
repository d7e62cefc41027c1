//! Collects the spans of the calls that continue a host's trace: those below the span that marks such a call.

use std::sync::Arc;

use tracing::span::{Attributes, Id, Record};
use tracing::{Span, Subscriber, dispatcher};
use tracing_subscriber::Registry;
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::{LookupSpan, SpanRef};

use super::trace::Trace;

/// The target of the span that marks the code which continues a trace. It is not part of the trace.
pub(super) const MARKER: &str = "turnwire_trace";

/// The part of the subscriber that collects spans.
pub(super) struct Collect;

/// The place of a span in its trace.
#[derive(Clone)]
struct Place {
    trace: Arc<Trace>,
    /// `None` for the marker.
    number: Option<usize>,
}

tokio::task_local! {
    static MARKED: Arc<Trace>;
}

/// A span that marks the code which continues the trace.
pub(super) fn marker(trace: Arc<Trace>) -> Span {
    MARKED.sync_scope(trace, || tracing::info_span!(target: MARKER, "trace"))
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Collect {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let metadata = span.metadata();
        let place = if metadata.target() == MARKER {
            MARKED.try_with(|trace| Place { trace: trace.clone(), number: None }).ok()
        } else {
            span.parent().and_then(|parent| place_of(&parent)).and_then(|above| {
                let number = above.trace.begin(metadata, attributes, above.number)?;
                Some(Place { number: Some(number), ..above })
            })
        };
        if let Some(place) = place {
            span.extensions_mut().insert(place);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(place) = context.span(id).and_then(|span| place_of(&span))
            && let Some(number) = place.number
        {
            place.trace.record(number, values);
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        if let Some(place) = context.span(&id).and_then(|span| place_of(&span))
            && let Some(number) = place.number
        {
            place.trace.end(number);
        }
    }
}

fn place_of<'a, S: LookupSpan<'a>>(span: &SpanRef<'a, S>) -> Option<Place> {
    span.extensions().get::<Place>().cloned()
}

/// The trace to which the current span belongs.
pub(super) fn current() -> Option<Arc<Trace>> {
    dispatcher::get_default(|dispatch| {
        let current = dispatch.current_span();
        let (id, registry) = current.id().zip(dispatch.downcast_ref::<Registry>())?;
        let scope = registry.span(id)?.scope();
        scope.into_iter().find_map(|span| place_of(&span)).map(|place| place.trace)
    })
}
