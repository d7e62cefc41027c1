//! The spans of a turn and of its stages, with the attribute names of OpenTelemetry's semantic conventions for generative AI
//! where they have one. No text of the conversation is recorded, and no message of a service.

use std::time::Duration;

use tracing::Span;
use tracing::field::Empty;

use super::ids::Ids;
use crate::error::TokenUsage;

/// A span that covers a turn, until the last of its stages has ended.
pub(super) fn turn_span(ids: &Ids, workspace: Option<&str>) -> Span {
    tracing::info_span!(
        "turn",
        otel.name = "invoke_workflow turn",
        otel.status_code = Empty,
        gen_ai.operation.name = "invoke_workflow",
        gen_ai.workflow.name = "turn",
        gen_ai.conversation.id = workspace,
        gen_ai.request.model = Empty,
        gen_ai.usage.input_tokens = Empty,
        gen_ai.usage.output_tokens = Empty,
        turnwire.turn.id = ids.turn.as_str(),
        turnwire.turn.duration = Empty,
        turnwire.turn.fallback = Empty,
        turnwire.turn.time_to_first_chunk = Empty,
        error.r#type = Empty,
    )
}

/// A span that covers a stage of the turn with this span.
pub(super) fn stage_span(turn: &Span, name: &'static str) -> Span {
    tracing::info_span!(
        parent: turn,
        "stage",
        otel.name = name,
        otel.status_code = Empty,
        turnwire.stage.name = name,
        turnwire.stage.outcome = Empty,
        error.r#type = Empty,
    )
}

/// Records the outcome of a stage, with the code of the error of one that failed.
pub(super) fn record_outcome(stage: &Span, outcome: &'static str, error: Option<&'static str>) {
    stage.record("turnwire.stage.outcome", outcome);
    if outcome == "failed" {
        record_error(stage, error.unwrap_or("_OTHER"));
    }
}

/// Records the error of a turn or a stage, by its code.
pub(super) fn record_error(span: &Span, code: &'static str) {
    span.record("error.type", code);
    span.record("otel.status_code", "ERROR");
}

/// Records the workspace that was created for the turn.
pub(super) fn record_workspace(turn: &Span, id: &str) {
    turn.record("gen_ai.conversation.id", id);
}

/// Records the service that answers the turn.
pub(super) fn record_service(turn: &Span, model: Option<&str>, fallback: bool) {
    turn.record("gen_ai.request.model", model);
    turn.record("turnwire.turn.fallback", fallback);
}

/// Records the turn's times for its reader. The span itself goes on until the messages are saved.
pub(super) fn record_times(turn: &Span, first: Option<Duration>, total: Duration) {
    turn.record("turnwire.turn.time_to_first_chunk", first.map(|time| time.as_secs_f64()));
    turn.record("turnwire.turn.duration", total.as_secs_f64());
}

/// Records the tokens of the turn's reply.
pub(super) fn record_usage(turn: &Span, usage: TokenUsage) {
    turn.record("gen_ai.usage.input_tokens", usage.prompt_tokens);
    turn.record("gen_ai.usage.output_tokens", usage.completion_tokens);
}
