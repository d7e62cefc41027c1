"""The base of all objects that a service answers with: declared fields as attributes, and the unknown ones too."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any, ClassVar, Literal

    from typing_extensions import Self

    Read = Callable[[Any], Any]
    # ``dict`` is a method of the class, for the sake of old code.
    Fields = dict[str, Any]

__all__ = ["BaseModel"]


class BaseModel:
    """An object of the service's.

    It is read without validation: a field that is missing is ``None``, one that nobody declared is an attribute all
    the same, and a value of another type than declared stays what it is.
    """

    __slots__ = ("__dict__", "__weakref__", "_fields_set", "_hidden", "_request_id")

    _fields: ClassVar[tuple[str, ...]] = ()
    """The names of the declared fields, in their order."""
    _optional: ClassVar[frozenset[str]] = frozenset()
    """The declared fields that a service may leave out; they are ``None`` then."""
    _read: ClassVar[dict[str, Read]] = {}
    """The readers of fields that are more than plain JSON."""

    _fields_set: set[str]
    _hidden: Fields | None
    """Fields of the service's whose names the class itself uses: as attributes they would hide its methods."""
    _request_id: str | None
    """The service's id of the request, on the object that answers it and on none inside it."""

    def __init_subclass__(cls, **reads: Read) -> None:
        inherited = cls._fields
        own = [name for name in cls.__annotations__ if not name.startswith("_")]
        cls._fields = inherited + tuple(name for name in own if name not in inherited)
        may_miss = {name for name in own if cls.__annotations__[name].endswith(("None", "Any"))}
        cls._optional = cls._optional.difference(own) | may_miss
        cls._read = {**cls._read, **reads}
        # Distinguishes a missing field from one that does not exist, without making an object.
        for name in own:
            if name not in cls.__dict__:
                setattr(cls, name, None)

    def __init__(self, **values: Any) -> None:
        fields = self.__dict__
        read = self._read
        for name in self._fields:
            value = values.get(name)
            fields[name] = read[name](value) if value is not None and name in read else value
        self._hidden = None
        self._fields_set = set(values)
        self._request_id = None
        for name in values:
            if name not in fields:
                self._put(name, values[name])

    def _put(self, name: str, value: Any) -> None:
        """Gives a field of any name a value, without reading it."""
        if name in self._fields or not hasattr(type(self), name):
            self.__dict__[name] = value
        else:
            self._hidden = {**(self._hidden or {}), name: value}
        self._fields_set.add(name)

    def _get(self, name: str) -> Any:
        """The value of a field of any name; ``None`` if there is none."""
        return self._all().get(name)

    def _all(self) -> Fields:
        """The fields by their names, whatever these are."""
        return {**self.__dict__, **self._hidden} if self._hidden else self.__dict__

    @classmethod
    def construct(cls, _fields_set: set[str] | None = None, **values: Any) -> Self:
        """Makes an object of these fields, without validation."""
        made = cls(**values)
        if _fields_set is not None:
            made._fields_set = _fields_set
        return made

    model_construct = construct

    @classmethod
    def model_validate(cls, obj: Any, **_options: Any) -> Self:
        """Makes an object of the fields in a mapping, or of an object's."""
        return cls(**(obj._all() if isinstance(obj, BaseModel) else obj))

    @classmethod
    def model_validate_json(cls, json_data: str | bytes, **_options: Any) -> Self:
        """Makes an object of the fields in a JSON object."""
        import json

        return cls(**json.loads(json_data))

    @property
    def model_extra(self) -> Fields:
        """The fields that are not declared."""
        return {name: value for name, value in self._all().items() if name not in self._fields}

    @property
    def model_fields_set(self) -> set[str]:
        """The names of the fields that the service sent."""
        return self._fields_set

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy, with some fields changed."""
        import copy

        copied = copy.deepcopy(self) if deep else copy.copy(self)
        copied._fields_set = set(copied._fields_set)
        for name, value in (update or {}).items():
            setattr(copied, name, value)
        return copied

    def model_dump(
        self,
        *,
        mode: Literal["json", "python"] | str = "python",
        include: Any = None,
        exclude: Any = None,
        by_alias: bool | None = None,
        exclude_unset: bool = False,
        exclude_defaults: bool = False,
        exclude_none: bool = False,
        **_options: Any,
    ) -> Fields:
        """The fields as a dictionary, all the way down."""

        def keep(model: BaseModel, name: str, value: Any) -> bool:
            if value is None:
                if exclude_none or (exclude_defaults and name in model._optional):
                    return False
                return not (exclude_unset and name in model._fields and name not in model._fields_set)
            return True

        return _dump(self, mode, keep, include, exclude)

    def model_dump_json(
        self, *, indent: int | None = None, ensure_ascii: bool = False, **options: Any
    ) -> str:
        """The fields as JSON."""
        import json

        options["mode"] = "json"
        separators = (",", ":") if indent is None else (",", ": ")
        return json.dumps(
            self.model_dump(**options), indent=indent, ensure_ascii=ensure_ascii, separators=separators
        )

    def to_dict(
        self,
        *,
        mode: Literal["json", "python"] = "python",
        use_api_names: bool = True,
        exclude_unset: bool = True,
        exclude_defaults: bool = False,
        exclude_none: bool = False,
        warnings: bool = True,
    ) -> Fields:
        """The fields as a dictionary, without those that the service did not send."""
        return self.model_dump(
            mode=mode,
            exclude_unset=exclude_unset,
            exclude_defaults=exclude_defaults,
            exclude_none=exclude_none,
        )

    def to_json(
        self,
        *,
        indent: int | None = 2,
        use_api_names: bool = True,
        exclude_unset: bool = True,
        exclude_defaults: bool = False,
        exclude_none: bool = False,
        warnings: bool = True,
    ) -> str:
        """The fields as JSON, without those that the service did not send."""
        return self.model_dump_json(
            indent=indent,
            exclude_unset=exclude_unset,
            exclude_defaults=exclude_defaults,
            exclude_none=exclude_none,
        )

    def dict(self, **options: Any) -> Fields:
        """The old name of ``model_dump``."""
        return self.model_dump(**options)

    def json(self, **options: Any) -> str:
        """The old name of ``model_dump_json``."""
        return self.model_dump_json(**options)

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)
        if not name.startswith("_"):
            self._fields_set.add(name)

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        return iter(self._all().items())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, BaseModel):
            return NotImplemented
        return type(self) is type(other) and self._all() == other._all()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in self._all().items())
        return f"{type(self).__name__}({fields})"

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...


def _dump(
    model: BaseModel,
    mode: str,
    keep: Callable[[BaseModel, str, Any], bool],
    include: Any = None,
    exclude: Any = None,
) -> Fields:
    def dumped(value: Any, inner: Any, outer: Any) -> Any:
        if isinstance(value, BaseModel):
            return _dump(value, mode, keep, inner, outer)
        if isinstance(value, list):
            return [
                dumped(item, _item(inner, at, len(value)), _item(outer, at, len(value)))
                for at, item in enumerate(value)
            ]
        if isinstance(value, dict):
            return {name: dumped(item, None, None) for name, item in value.items()}
        if hasattr(value, "model_dump"):  # pydantic's: a parsed reply
            return value.model_dump(mode=mode)
        return value

    result = {}
    for name, value in model._all().items():
        if (include is not None and name not in include) or _is_whole(exclude, name):
            continue
        if keep(model, name, value):
            result[name] = dumped(value, _inner(include, name), _inner(exclude, name))
    return result


def _is_whole(exclude: Any, name: str) -> bool:
    """True if ``exclude``, a set or a mapping, names all of a field."""
    if not exclude or name not in exclude:
        return False
    return not isinstance(exclude, dict) or exclude[name] in (True, ...)


def _inner(names: Any, name: str) -> Any:
    """The part of ``include`` or ``exclude`` for the fields inside a field."""
    inner = names.get(name) if isinstance(names, dict) else None
    return None if inner in (True, ...) else inner


def _item(names: Any, at: int, length: int) -> Any:
    """The part of ``include`` or ``exclude`` for one item of a list."""
    if not isinstance(names, dict):
        return None
    inner = names.get(at, names.get(at - length, names.get("__all__")))
    return None if inner in (True, ...) else inner


def one(kind: Callable[..., Any]) -> Read:
    """Reads an object."""

    def read(value: Any) -> Any:
        return kind(**value) if isinstance(value, dict) else value

    return read


def many(read: Read) -> Read:
    """Reads a list of what ``read`` reads."""

    def read_all(value: Any) -> Any:
        return [read(item) for item in value] if isinstance(value, list) else value

    return read_all


def number(value: Any) -> Any:
    """Reads a number that is never a whole one."""
    return float(value) if type(value) is int else value
