"""Replies of a given form: schemas on the way out, objects on the way in."""

from __future__ import annotations

from ._exceptions import ContentFilterFinishReasonError, LengthFinishReasonError
from ._types import is_given
from .types.chat import ParsedChatCompletion

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ._response import RawAPIResponse
    from .types.chat import ChatCompletion

__all__ = ["Parsing", "pydantic_function_tool", "to_strict_json_schema"]


class Parsing:
    """The form that is asked for, and the way in which the answer is read."""

    def __init__(self, response_format: Any, params: Any, *, whole: bool = True) -> None:
        """``whole`` is ``parse``, where all tools must be ones whose calls can be read, and a JSON schema is read too."""
        self.params: dict[str, Any] = dict(params)
        self._form = response_format if is_given(response_format) else None
        self._tools: dict[str, Any] = {}
        if self._form is not None:
            self.params["response_format"] = _asked(self._form)
            if not whole and isinstance(self._form, dict):
                self._form = None
        if self.params.get("tools") and is_given(self.params["tools"]):
            tools = self.params["tools"] = list(self.params["tools"])
            for tool in tools:
                function = tool.get("function", {})
                if tool["type"] == "function" and function.get("strict") is True:
                    self._tools[function["name"]] = function
                elif whole:
                    raise ValueError(f"only strict function tools can be parsed, and this is none: {tool}")

    @property
    def reads(self) -> bool:
        """True if there is something to be read."""
        return self._form is not None or bool(self._tools)

    @property
    def reads_text(self) -> bool:
        """True if the text is to be read."""
        return self._form is not None

    def reads_tool(self, name: str | None) -> bool:
        """True if the arguments of the tool's calls are to be read."""
        return name in self._tools

    def of(self, raw: RawAPIResponse[ChatCompletion]) -> RawAPIResponse[ParsedChatCompletion[Any]]:
        """The same response, whose reply is read."""
        from ._response import RawAPIResponse

        return RawAPIResponse(raw.http_response, lambda: self.read(raw.parse()))

    def read(self, completion: ChatCompletion) -> ParsedChatCompletion[Any]:
        """The reply, with its text and the arguments of its tool calls read."""
        for choice in completion.choices:
            if choice.finish_reason == "length":
                raise LengthFinishReasonError(completion=completion)
            if choice.finish_reason == "content_filter":
                raise ContentFilterFinishReasonError(completion=completion)
        fields = completion.to_dict()
        for choice in fields["choices"]:
            message = choice["message"]
            message["tool_calls"] = [self._call(call) for call in message.get("tool_calls") or ()] or None
            message["parsed"] = self.text(message.get("content"), message.get("refusal"))
        parsed: ParsedChatCompletion[Any] = ParsedChatCompletion(**fields)
        parsed._request_id = completion._request_id
        return parsed

    def text(self, text: str | None, refusal: str | None) -> Any:
        """A message's text, parsed; ``None`` if it is not to be read."""
        if self._form is None or not text or refusal:
            return None
        if not isinstance(self._form, dict):
            return _validate(self._form, text)
        if self._form.get("type") == "text":
            return None
        import json

        return json.loads(text)

    def arguments(self, name: str, arguments: str) -> Any:
        """The arguments of a tool call, parsed; ``None`` if they are not to be read."""
        tool = self._tools.get(name)
        if tool is None:
            return None
        if hasattr(tool, "model"):
            return _validate(tool.model, arguments)
        import json

        return json.loads(arguments)

    def _call(self, call: dict[str, Any]) -> dict[str, Any]:
        function = call.get("function")
        if function is None:
            return call  # such as one of a custom tool, whose input is text
        parsed = self.arguments(function["name"], function["arguments"])
        return {**call, "function": {**function, "parsed_arguments": parsed}}


def _asked(form: Any) -> dict[str, Any]:
    """The request's ``response_format``."""
    if isinstance(form, dict):
        return form
    json_schema = {"schema": to_strict_json_schema(form), "name": form.__name__, "strict": True}
    return {"type": "json_schema", "json_schema": json_schema}


def _validate(form: Any, text: str) -> Any:
    if hasattr(form, "model_validate_json"):
        return form.model_validate_json(text)
    from pydantic import TypeAdapter

    return TypeAdapter(form).validate_json(text)


def to_strict_json_schema(form: Any) -> dict[str, Any]:
    """The JSON schema of a pydantic model or dataclass, as strict as services want it: every field is required, and no
    other is allowed."""
    if hasattr(form, "model_json_schema"):
        schema = form.model_json_schema()
    elif hasattr(form, "__pydantic_config__"):
        from pydantic import TypeAdapter

        schema = TypeAdapter(form).json_schema()
    else:
        raise TypeError(f"{form!r} is no pydantic model and no JSON schema")
    return _strict(schema, schema)


def _strict(schema: Any, root: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(schema, dict):
        raise TypeError(f"a schema is an object, and this is none: {schema!r}")
    for group in ("$defs", "definitions"):
        for inner in schema.get(group, {}).values():
            _strict(inner, root)
    if schema.get("type") == "object":
        schema.setdefault("additionalProperties", False)
    if isinstance(schema.get("properties"), dict):
        schema["required"] = list(schema["properties"])
        schema["properties"] = {name: _strict(inner, root) for name, inner in schema["properties"].items()}
    if isinstance(schema.get("items"), dict):
        schema["items"] = _strict(schema["items"], root)
    if isinstance(schema.get("anyOf"), list):
        schema["anyOf"] = [_strict(inner, root) for inner in schema["anyOf"]]
    if isinstance(schema.get("allOf"), list):
        parts = [_strict(inner, root) for inner in schema["allOf"]]
        if len(parts) == 1:
            schema.update(parts[0])
            del schema["allOf"]
        else:
            schema["allOf"] = parts
    if schema.get("default", ...) is None:
        del schema["default"]
    if "$ref" in schema and len(schema) > 1:
        # A reference may have nothing beside it: what it refers to takes its place.
        target: Any = root
        for step in schema.pop("$ref").removeprefix("#/").split("/"):
            target = target[step]
        schema.update({**target, **schema})
        return _strict(schema, root)
    return schema


class _FunctionDefinition(dict[str, "Any"]):
    """A function's definition that knows the model of its arguments."""

    model: Any


def pydantic_function_tool(
    model: Any, *, name: str | None = None, description: str | None = None
) -> dict[str, Any]:
    """A tool whose arguments are a pydantic model, for ``tools``: ``parse`` reads its calls into that."""
    function = _FunctionDefinition(
        name=name or model.__name__, strict=True, parameters=to_strict_json_schema(model)
    )
    function.model = model
    description = description or model.__doc__
    if description:
        function["description"] = description
    return {"type": "function", "function": function}
