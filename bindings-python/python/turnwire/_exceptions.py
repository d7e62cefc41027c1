"""What a call can fail with: the classes of the ``openai`` package, and more facts on each.

``TABLE`` says which class each of core's codes becomes.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ._http import Request, Response
    from .types.chat import ChatCompletion


class OpenAIError(Exception):
    """The base of all errors of this package."""

    error_code: str | None = None
    """The stable name of what went wrong, the same in every language; ``ERRORS.md`` lists them."""
    operation: str | None = None
    """What was being done, such as ``chat.stream``."""
    retryable: bool = False
    """Whether the same call made later can succeed. The client's own retries are spent by then."""
    retry_after: float | None = None
    """How many seconds the service asked to wait."""
    attempts: int = 0
    """How often the request was sent."""
    partial: str | None = None
    """The text of the reply that came before it broke."""
    request_id: str | None = None
    """The service's id of the request."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self.args, self.__dict__)


class APIError(OpenAIError):
    """A call failed that was on its way to the service, or there."""

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
    """The service answered with something else than a reply."""

    def __init__(self, response: Response, body: object | None, *, message: str | None = None) -> None:
        super().__init__(message or "the response is not what it should be", response.request, body=body)
        self.response = response
        self.status_code = response.status_code


class APIStatusError(APIError):
    """The service answered with a status that is an error."""

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
    """The stream ended before the reply did, or was damaged on its way. ``partial`` has the text that came."""


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


TABLE: dict[str, type[OpenAIError]] = {
    "config": OpenAIError,
    "invalid_request": OpenAIError,
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
    "forked": OpenAIError,
    "outbox_full": OpenAIError,
    "storage": OpenAIError,
    "file": OpenAIError,
    "structure": OpenAIError,
}


def from_core(facts: dict[str, Any]) -> OpenAIError:
    """The exception for an error of core's, whose facts these are."""
    error = _make(TABLE[facts["error_code"]], facts)
    for name in ("error_code", "operation", "retryable", "retry_after", "attempts", "partial", "request_id"):
        setattr(error, name, facts[name])
    return error


def _make(kind: type[OpenAIError], facts: dict[str, Any]) -> OpenAIError:
    text: str = facts["text"]
    if issubclass(kind, APIConnectionError):
        return kind(message=text)
    if issubclass(kind, (APIStatusError, APIResponseValidationError)):
        from ._http import Response

        response = Response(facts["status"] or 200, facts["headers"] or [], facts["body"] or "")
        body = _read(response.text)
        if issubclass(kind, APIResponseValidationError):
            return kind(response, body, message=text)
        details = body.get("error", body) if isinstance(body, dict) else body
        said = details.get("message") if isinstance(details, dict) else None
        # Code that looks into messages knows them in this form.
        message = f"Error code: {response.status_code}" + (
            f" - {said}" if said and isinstance(said, str) else ""
        )
        return kind(message, response=response, body=details)
    if issubclass(kind, APIError):
        if facts["api"] is None:
            return kind(text)
        told = _read(facts["api"])
        return kind(told["message"], body=told)
    return kind(text)


def _read(text: str) -> Any:
    import json

    text = text.strip()
    try:
        return json.loads(text)
    except ValueError:
        return text


def _restore(kind: type[OpenAIError], args: tuple[Any, ...], state: dict[str, Any]) -> OpenAIError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error
