//! The spans of a turn and of its stages, with the attribute names of OpenTelemetry's semantic conventions for generative AI
//! where they have one. No text of the conversation is recorded, and no message of a service.

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
        turnwire.turn.fallback = Empty,
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

/// Records the service that answers the turn.
pub(super) fn record_service(turn: &Span, model: Option<&str>, fallback: bool) {
    turn.record("gen_ai.request.model", model);
    turn.record("turnwire.turn.fallback", fallback);
}

/// Records the tokens of the turn's reply.
pub(super) fn record_usage(turn: &Span, usage: TokenUsage) {
    turn.record("gen_ai.usage.input_tokens", usage.prompt_tokens);
    turn.record("gen_ai.usage.output_tokens", usage.completion_tokens);
}
