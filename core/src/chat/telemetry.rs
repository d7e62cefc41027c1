//! The span of a call, with the attribute names of OpenTelemetry's semantic conventions for generative AI.
//!
//! No content of the conversation is recorded.

use std::time::Duration;

use tracing::Span;
use tracing::field::Empty;

use super::{ChatReply, ChatRequest};
use crate::error::Error;
use crate::http::{Context, HttpClient};

/// A span that covers a call with all its retries, until its last chunk.
pub(super) fn chat_span(http: &HttpClient, request: &ChatRequest, stream: bool) -> Span {
    let (address, port) = http.server();
    tracing::info_span!(
        "chat",
        otel.name = format_args!("chat {}", request.model),
        otel.kind = "client",
        otel.status_code = Empty,
        gen_ai.operation.name = "chat",
        gen_ai.provider.name = "openai",
        gen_ai.request.model = request.model.as_str(),
        gen_ai.request.stream = stream,
        gen_ai.request.max_tokens = request.max_completion_tokens.or(request.max_tokens),
        gen_ai.request.temperature = request.temperature,
        gen_ai.request.top_p = request.top_p,
        gen_ai.request.seed = request.seed,
        gen_ai.response.id = Empty,
        gen_ai.response.model = Empty,
        gen_ai.response.finish_reasons = Empty,
        gen_ai.response.time_to_first_chunk = Empty,
        gen_ai.usage.input_tokens = Empty,
        gen_ai.usage.output_tokens = Empty,
        gen_ai.usage.cache_read.input_tokens = Empty,
        gen_ai.usage.reasoning.output_tokens = Empty,
        turnwire.response.time_per_output_chunk = Empty,
        server.address = address,
        server.port = port,
        error.r#type = Empty,
    )
}

/// Records the properties of a reply, complete or partial. Strings from the service are scrubbed, because any may echo
/// the request.
pub(super) fn record_reply(
    span: &Span,
    context: &Context,
    reply: &ChatReply,
    first_token: Option<Duration>,
) {
    if span.is_disabled() {
        return;
    }
    span.record("gen_ai.response.id", context.scrub(&reply.id));
    span.record("gen_ai.response.model", context.scrub(&reply.model));
    let reasons: Vec<_> = reply
        .choices
        .iter()
        .filter_map(|choice| Some(context.scrub(choice.finish_reason.as_ref()?.as_str())))
        .collect();
    span.record("gen_ai.response.finish_reasons", tracing::field::debug(reasons));
    if let Some(usage) = &reply.usage {
        let counted = usage.counted();
        span.record("gen_ai.usage.input_tokens", counted.prompt_tokens);
        span.record("gen_ai.usage.output_tokens", counted.completion_tokens);
        if let Some(details) = &usage.prompt_tokens_details {
            span.record("gen_ai.usage.cache_read.input_tokens", details.cached_tokens);
        }
        if let Some(details) = &usage.completion_tokens_details {
            span.record("gen_ai.usage.reasoning.output_tokens", details.reasoning_tokens);
        }
    }
    if let Some(first) = first_token {
        span.record("gen_ai.response.time_to_first_chunk", first.as_secs_f64());
    }
}

/// Records the mean time between the chunks of a reply, from its first content on.
pub(super) fn record_pace(span: &Span, mean: Duration) {
    span.record("turnwire.response.time_per_output_chunk", mean.as_secs_f64());
}

/// Records that the call failed.
pub(super) fn record_error(span: &Span, error: &Error) {
    span.record("error.type", error.code());
    span.record("otel.status_code", "ERROR");
}
