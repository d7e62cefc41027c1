"""The errors: one base, the classes of the ``openai`` package beneath it, and classes of our own for the rest.

``TABLE`` maps each of core's codes to its class.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ._http import Request, Response
    from .types.chat import ChatCompletion


class TurnwireError(Exception):
    """The base of all errors of this package."""

    code: str | None = None
    """The stable name of the failure, the same in every language; ``ERRORS.md`` lists them.

    An :class:`APIError` has the service's own code here, as in the ``openai`` package. Use ``error_code`` where both are
    handled.
    """
    error_code: str | None = None
    """The stable name of the failure, in every class."""
    operation: str | None = None
    """The operation that failed, such as ``chat.stream``."""
    status: int | None = None
    """The status of the response, if there was one."""
    request_id: str | None = None
    """The service's id of the request."""
    retryable: bool = False
    """True if the same call made later can succeed. The client's own retries are spent by then."""
    retry_after: float | None = None
    """The seconds that the service asked to wait."""
    attempts: int = 0
    """The number of times the request was sent."""
    partial: str | None = None
    """The text of the reply that arrived before it broke."""
    usage: dict[str, int | None] | None = None
    """The reply's ``prompt_tokens``, ``completion_tokens`` and ``total_tokens`` before it broke, as far as the service
    counted them."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self.args, self.__dict__)


class OutboxFullError(TurnwireError):
    """The outbox holds as much as its limits allow."""


class StorageError(TurnwireError):
    """The outbox's file cannot be created, opened, read or written."""


class FileError(TurnwireError):
    """A file cannot be written."""


class CallbackError(TurnwireError):
    """A function that the program gave, such as a sentiment, raised or never answered; the cause is what it raised."""


class OpenAIError(TurnwireError):
    """The base of the errors of the chat client, as in the ``openai`` package."""


class ConfigError(OpenAIError):
    """A setting or the environment is not usable; nothing was sent."""


class InvalidRequestError(OpenAIError):
    """The request cannot be sent as it is."""


class ForkedError(OpenAIError):
    """The call, stream or turn belongs to the process that this one was forked from."""


class StructureError(OpenAIError):
    """A structured reply does not have the structure that was asked for."""


class APIError(OpenAIError):
    """A call failed on its way to the service, or at the service."""

    def __init__(self, message: str, request: Request | None = None, *, body: object | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.request = request
        self.body = body
        fields = body if isinstance(body, dict) else {}
        code = fields.get("code")
        self.code: str | None = None if code is None else str(code)
        self.param: str | None = fields.get("param")
        self.type: str | None = fields.get("type")


class APIResponseValidationError(APIError):
    """The service answered with something other than a reply."""

    def __init__(self, response: Response, body: object | None, *, message: str | None = None) -> None:
        super().__init__(
            message or "the response does not have the expected form", response.request, body=body
        )
        self.response = response
        self.status_code = response.status_code


class APIStatusError(APIError):
    """The service answered with an error status.

    ``status_code`` is 0 where no service was asked: a call of a store without tokens, or a workspace that the embedded store
    does not have.
    """

    def __init__(self, message: str, *, response: Response, body: object | None) -> None:
        super().__init__(message, response.request, body=body)
        self.response = response
        self.status_code = response.status_code
        self.request_id = response.headers.get("x-request-id")


class APIConnectionError(APIError):
    """The service was not reached, or the connection broke."""

    def __init__(self, *, message: str = "Connection error.", request: Request | None = None) -> None:
        super().__init__(message, request, body=None)


class APITimeoutError(APIConnectionError):
    """A time limit ended the call."""

    def __init__(self, request: Request | None = None, *, message: str = "Request timed out.") -> None:
        super().__init__(message=message, request=request)


class TruncatedStreamError(APIConnectionError):
    """The stream ended before the reply did, or was damaged on its way. ``partial`` has the text that arrived."""


class BadRequestError(APIStatusError):
    """Status 400: the service does not accept the request."""


class AuthenticationError(APIStatusError):
    """Status 401: the credentials are missing or wrong."""


class PermissionDeniedError(APIStatusError):
    """Status 403: the credentials do not allow this."""


class NotFoundError(APIStatusError):
    """Status 404: no such path or model."""


class ConflictError(APIStatusError):
    """Status 409: the request conflicts with another."""


class UnprocessableEntityError(APIStatusError):
    """Status 422: the service understands the request but cannot process it."""


class RateLimitError(APIStatusError):
    """Status 429: too many requests, or the account is used up."""


class InternalServerError(APIStatusError):
    """Status 5xx: the service failed."""


class LengthFinishReasonError(OpenAIError):
    """The token limit cut off a reply that was to be parsed."""

    def __init__(self, *, completion: ChatCompletion) -> None:
        usage = f" - {completion.usage}" if completion.usage else ""
        super().__init__(f"Could not parse response content as the length limit was reached{usage}")
        self.completion = completion


class ContentFilterFinishReasonError(OpenAIError):
    """The content filter cut off a reply that was to be parsed."""

    def __init__(self, *, completion: ChatCompletion | None = None) -> None:
        super().__init__("Could not parse response content as the request was rejected by the content filter")
        self.completion = completion


TABLE: dict[str, type[TurnwireError]] = {
    "config": ConfigError,
    "invalid_request": InvalidRequestError,
    "connect": APIConnectionError,
    "connection": APIConnectionError,
    "connect_timeout": APITimeoutError,
    "headers_timeout": APITimeoutError,
    "idle_timeout": APITimeoutError,
    "content_timeout": APITimeoutError,
    "total_timeout": APITimeoutError,
    "redirect": APIStatusError,
    "bad_request": BadRequestError,
    "authentication": AuthenticationError,
    "permission_denied": PermissionDeniedError,
    "not_found": NotFoundError,
    "conflict": ConflictError,
    "unprocessable": UnprocessableEntityError,
    "rate_limited": RateLimitError,
    "insufficient_quota": RateLimitError,
    "server": InternalServerError,
    "status": APIStatusError,
    "api": APIError,
    "decode": APIResponseValidationError,
    "garbled": TruncatedStreamError,
    "unexpected_reply": APIResponseValidationError,
    "too_large": APIError,
    "truncated": TruncatedStreamError,
    "cancelled": APIConnectionError,
    "forked": ForkedError,
    "callback": CallbackError,
    "outbox_full": OutboxFullError,
    "storage": StorageError,
    "file": FileError,
    "structure": StructureError,
}


def from_core(facts_json: str) -> TurnwireError:
    """The exception for an error of core's, given as core's ``ErrorFacts``."""
    import json

    facts = json.loads(facts_json)
    error = _make(TABLE[facts["code"]], facts)
    error.error_code = facts["code"]
    if not isinstance(error, APIError):
        error.code = facts["code"]
    for name in (
        "operation",
        "status",
        "request_id",
        "retryable",
        "retry_after",
        "attempts",
        "partial",
        "usage",
    ):
        setattr(error, name, facts[name])
    return error


def _make(kind: type[TurnwireError], facts: dict[str, Any]) -> TurnwireError:
    line: str = facts["line"]
    if issubclass(kind, APIConnectionError):
        return kind(message=line)
    if issubclass(kind, (APIStatusError, APIResponseValidationError)):
        return _with_response(kind, facts)
    if issubclass(kind, APIError) and facts["api"] is not None:
        details = facts["api"]
        return kind(details["message"], body=details)
    return kind(line)


def _with_response(
    kind: type[APIStatusError | APIResponseValidationError], facts: dict[str, Any]
) -> APIStatusError | APIResponseValidationError:
    from ._http import Response

    status: int | None = facts["status"]
    if issubclass(kind, APIStatusError) and status is None:
        return kind(facts["line"], response=Response(0, []), body=None)
    response = Response(status or 200, facts["headers"] or [], facts["body"] or "")
    body = _read(response.text)
    if issubclass(kind, APIResponseValidationError):
        return kind(response, body, message=facts["line"])
    details = body.get("error", body) if isinstance(body, dict) else body
    reason = details.get("message") if isinstance(details, dict) else None
    if not reason and facts["api"] is not None:
        # Core finds the message in other forms, too.
        reason = facts["api"].get("message")
    # Code that searches messages knows them in this form.
    message = f"Error code: {response.status_code}"
    if reason and isinstance(reason, str):
        message += f" - {reason}"
    return kind(message, response=response, body=details)


def _read(text: str) -> Any:
    import json

    text = text.strip()
    try:
        return json.loads(text)
    except ValueError:
        return text


def _restore(kind: type[TurnwireError], args: tuple[Any, ...], state: dict[str, Any]) -> TurnwireError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error
