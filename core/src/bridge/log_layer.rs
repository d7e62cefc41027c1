//! Buffers core's log records for a host, whose own logging may need locks that no thread of core should wait for.

use std::collections::VecDeque;
use std::fmt::{Debug, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

use crate::process::PerProcess;

/// The most buffered records; beyond it the oldest are dropped.
const MOST: usize = 1024;

/// A log record of core. It contains no text of a conversation and no secret.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LogRecord {
    /// The level.
    pub level: Level,
    /// The part of core that logged it, such as `turnwire::http`.
    pub target: &'static str,
    /// The message with its fields, on one line.
    pub message: String,
    /// The time of the record.
    pub at: SystemTime,
}

type Records = Mutex<VecDeque<LogRecord>>;

/// The records of this process. A forked child has its own: the parent's lock may have been held at that moment.
pub(super) fn records() -> MutexGuard<'static, VecDeque<LogRecord>> {
    static RECORDS: PerProcess<&'static Records> = PerProcess::new();
    let records = RECORDS.get_or_make(|| Box::leak(Box::new(Records::default())));
    // No code that can panic runs under the lock.
    records.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The part of the subscriber that buffers the records.
pub(super) struct Keep;

/// The recorded fields of a span.
struct Told {
    fields: Fields,
    began: Instant,
}

#[derive(Default)]
struct Fields {
    message: String,
    rest: String,
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // Writing to a string cannot fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.rest, " {name}={value:?}"),
        };
    }
}

impl Keep {
    fn keep(&self, metadata: &Metadata<'static>, level: Level, message: String) {
        let record = LogRecord { level, target: metadata.target(), message, at: SystemTime::now() };
        let mut records = records();
        if records.len() == MOST {
            records.pop_front();
        }
        records.push_back(record);
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Keep {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let message = format!("{}{}", fields.message, fields.rest);
        self.keep(event.metadata(), *event.metadata().level(), message);
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(Told { fields, began: Instant::now() });
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(told) = span.extensions_mut().get_mut::<Told>()
        {
            values.record(&mut told.fields);
        }
    }

    /// Logs a call's span once, when the call has ended and all its fields are known.
    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        let extensions = span.extensions();
        let Some(told) = extensions.get::<Told>() else { return };
        let ms = told.began.elapsed().as_millis();
        let message = format!("{} took {ms} ms:{}", span.name(), told.fields.rest);
        self.keep(span.metadata(), *span.metadata().level(), message);
    }
}
