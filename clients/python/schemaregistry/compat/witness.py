"""Confirm by two independent validators that a record is valid under one schema only, and shrink it.

The record itself is found by `solving.py`.
"""

import sys
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Final, Protocol, TypeVar

import jsonschema_rs

from schemaregistry.compat.backtracking import longest_text
from schemaregistry.compat.sharing import shared
from schemaregistry.document import draft07, patterns
from schemaregistry.document.model import Json
from schemaregistry.document.strict_json import pointer
from schemaregistry.errors import InvalidArgument

SAMPLES: Final = {
    "date": "2026-01-05",
    "date-time": "2026-01-05T09:30:00Z",
    "email": "a@example.com",
    "hostname": "example.com",
    "idn-email": "a@example.com",
    "idn-hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "iri": "http://example.com",
    "json-pointer": "/a",
    "time": "09:30:00Z",
    "uri": "http://example.com",
}
"""A valid text for each format."""
SHRINKS: Final = 400
"""Smaller instances that `shrink` tries at most."""


def compile_schema(schema: Json, side: str, *, formats: bool = False) -> jsonschema_rs.Validator:
    """Compile a schema as draft-07, with linear-time patterns, and without fetching references.

    `formats` tells whether `format` is asserted. Raises InvalidArgument (BAD_SCHEMA) where that is impossible; its
    pointer begins with `side`, `/old` or `/new`.
    """
    try:
        return jsonschema_rs.Draft7Validator(
            schema, validate_formats=formats, offline=True, pattern_options=jsonschema_rs.RegexOptions()
        )
    except jsonschema_rs.ValidationError as error:
        path = (side, *error.instance_path)
        raise InvalidArgument(_unusable(side, error), reason="BAD_SCHEMA", pointer=pointer(path)) from error
    except (jsonschema_rs.ReferencingError, ValueError) as error:
        message = f"The {side} schema can't be used as draft-07: {(str(error).splitlines() or ['no reason given'])[0]}."
        raise InvalidArgument(message, reason="BAD_SCHEMA", pointer=f"/{side}") from error


def _unusable(side: str, error: jsonschema_rs.ValidationError) -> str:
    start = f"The {side} schema can't be used as draft-07"
    if error.kind.name == "format" and isinstance(error.instance, str):
        return f"The {side} schema can't be judged. {patterns.what_is_wrong(error.instance, error)}"
    if error.kind.name == "$ref":
        return f"{start}: {error.message}. A `$ref` leads to a part of the same schema, as #/definitions/NAME does."
    return f"{start}: {draft07.fault(error)}."


Opinion = TypeVar("Opinion")


class _Validator(Protocol):
    def is_valid(self, instance: Json) -> bool:
        """Tell whether `instance` is valid."""


class Referees:
    """The two referees for a claim: each tells whether an instance is valid under `old` and invalid under `new`.

    Raises InvalidArgument as `compile_schema` does.
    """

    def __init__(self, old: Json, new: Json) -> None:
        # Compiled as they are first, so that errors point into the original schemas.
        compiled = compile_schema(old, "old"), compile_schema(new, "new")
        self._old, self._new = shared(old), shared(new)
        self._fast_old = compiled[0] if self._old is old else compile_schema(self._old, "old")
        self._fast_new = compiled[1] if self._new is new else compile_schema(self._new, "new")

    def suspect(self, instance: Json) -> bool:
        """Tell whether jsonschema-rs alone finds `instance` valid under old and invalid under new."""
        return _separated_by(lambda: (self._fast_old, self._fast_new), instance)

    def confirm(self, instance: Json) -> bool:
        """Tell whether python-jsonschema finds the same; False also where matching a pattern could take too long."""
        if longest_in(instance) > self._longest:
            return False
        return _separated_by(lambda: self._second, instance)

    def separate(self, instance: Json) -> bool:
        """Tell whether both referees find `instance` valid under old and invalid under new."""
        return self.suspect(instance) and self.confirm(instance)

    def dressed(self, instance: Json) -> Json:
        """Return `instance` with sample texts where a `format` is expected, if it is still a witness then.

        Such a witness would also pass as data, where `format` is asserted.
        """
        return _opinion(lambda: self._dressed(instance), instance)

    def _dressed(self, instance: Json) -> Json:
        asserting = compile_schema(self._old, "old", formats=True)
        dressed = instance
        for error in asserting.iter_errors(instance):
            sample = SAMPLES.get(getattr(error.kind, "format", ""))
            if sample is not None:
                dressed = _put(dressed, error.instance_path, sample)
        return dressed if asserting.is_valid(dressed) and self.separate(dressed) else instance

    @cached_property
    def _longest(self) -> int:
        patterns = {*patterns_in(self._old), *patterns_in(self._new)}
        return min(map(longest_text, patterns), default=sys.maxsize)

    @cached_property
    def _second(self) -> "tuple[_Validator, _Validator]":
        from schemaregistry.compat.second_referee import validator  # noqa: PLC0415 (slow to import, seldom needed)

        return validator(self._old), validator(self._new)


def _separated_by(validators: "Callable[[], tuple[_Validator, _Validator]]", instance: Json) -> bool:
    """Tell whether a referee finds `instance` valid under old and invalid under new; False where it fails to answer."""

    def ask() -> bool:
        old, new = validators()
        return old.is_valid(instance) and not new.is_valid(instance)

    return _opinion(ask, otherwise=False)


def _opinion(ask: Callable[[], Opinion], otherwise: Opinion) -> Opinion:
    """Return a validator's answer, or `otherwise` where it raises anything.

    There is no list of what may be raised: Python's `re` refuses a pattern, a float overflows, a schema recurses
    without end, or Rust panics (which pyo3 raises as a BaseException).
    """
    try:
        return ask()
    except (KeyboardInterrupt, SystemExit, TimeoutError):
        raise
    except BaseException:  # noqa: BLE001 (see the docstring)
        return otherwise


def _put(value: Json, path: list[str | int], new: Json) -> Json:
    if not path:
        return new
    step, *rest = path
    copy: Json = value.copy()
    copy[step] = _put(value[step], rest, new)
    return copy


def patterns_in(value: Json) -> Iterator[str]:
    """Yield every pattern of a schema, and also what only looks like one inside a constant."""
    match value:
        case dict():
            if isinstance(value.get("pattern"), str):
                yield value["pattern"]
            if isinstance(value.get("patternProperties"), dict):
                yield from value["patternProperties"]
            for member in value.values():
                yield from patterns_in(member)
        case list():
            for item in value:
                yield from patterns_in(item)


def longest_in(value: Json) -> int:
    """Return the length in code points of the longest text in an instance, names of members included."""
    match value:
        case str():
            return len(value)
        case list():
            return max(map(longest_in, value), default=0)
        case dict():
            return max((max(len(name), longest_in(member)) for name, member in value.items()), default=0)
        case _:
            return 0


def shrink(instance: Json, separates: Callable[[Json], bool]) -> Json:
    """Return a smaller instance for which `separates` still holds, found step by step; deterministic."""
    left = SHRINKS
    while True:
        for candidate in _smaller(instance):
            left -= 1
            if left < 0:
                return instance
            if separates(candidate):
                instance = candidate
                break
        else:
            return instance


PLAIN: Final[tuple[Json, ...]] = (None, False, 0, "", [], {})


def _smaller(value: Json) -> Iterator[Json]:
    """Yield instances that are simpler than `value`, the simplest first."""
    for plain in PLAIN:
        if _cost(plain) < _cost(value):
            yield plain
    match value:
        case str():
            yield from _smaller_text(value)
        case bool() | None:
            return
        case int() | float():
            yield from _smaller_number(value)
        case list():
            for index, item in enumerate(value):
                yield value[:index] + value[index + 1 :]
                for less in _smaller(item):
                    yield [*value[:index], less, *value[index + 1 :]]
        case dict():
            for name, member in value.items():
                yield {other: at for other, at in value.items() if other != name}
                for less in _smaller(member):
                    yield value | {name: less}


def _smaller_text(text: str) -> Iterator[str]:
    for keep in (1, len(text) // 2, len(text) - 1):
        if 0 < keep < len(text):
            yield text[:keep]
            yield text[-keep:]
    if text.strip("a"):
        yield "a" * len(text)


def _smaller_number(value: float) -> Iterator[float]:
    for plain in (1, -1, 2, 0.5):
        if abs(plain) < abs(value):
            yield plain
    if isinstance(value, float):
        yield from (whole for whole in (int(value), int(value) + 1) if abs(whole) < abs(value) * 2)
    elif abs(value) > 2:
        yield value // 2 if value > 0 else -(-value // 2)


def _cost(value: Json) -> tuple[int, int]:
    return len(repr(value)), PLAIN.index(value) if value in PLAIN else len(PLAIN)
