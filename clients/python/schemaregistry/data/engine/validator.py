"""Validate values with jsonschema-rs: what the plan leaves to it (residuals), and whole records.

Draft-07, with formats asserted, patterns matched in linear time and no reference ever fetched.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

import jsonschema_rs

from schemaregistry.document import Json, canonical
from schemaregistry.document.draft07 import DRAFT_07
from schemaregistry.document.patterns import PATTERN_OPTIONS
from schemaregistry.document.strict_json import pointer
from schemaregistry.v1 import contract_pb2

_LONGEST: Final = 80
"""Characters of a rule that a report shows."""

MANY: Final = 100
"""Objects with more members than this are checked by `_Wide`, since each error about one costs a copy of it."""

VALUE: Final = "\0"
"""Stands for the value in messages: jsonschema-rs would write all of it into each."""

_NOT_HERE: Final = ("required", "propertyNames", "definitions", "$schema", "$id")
"""Keywords that `_Wide` doesn't leave to jsonschema-rs."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One error: `pointer` is the rule's place in the document, `place` the path to the value at fault.

    `names` are the members that `required` misses or `additionalProperties` forbids. `message` is jsonschema-rs's
    sentence, with VALUE where it would quote the value.
    """

    pointer: str
    rule: str
    place: tuple[str | int, ...]
    names: tuple[str, ...]
    value: Json
    message: str = ""

    @property
    def columns(self) -> tuple[str | None, ...]:
        """The columns of a record that the error is about; None for the record as a whole."""
        if self.place:
            return (str(self.place[0]),)
        return self.names or (None,)


class Validator:
    """Validators of one document: of the whole, and of each residual of its plan."""

    def __init__(self, schema: Mapping[str, Json], residuals: Sequence[contract_pb2.Residual]) -> None:
        """Compile the validators; `schema` is a draft-07 schema that `document.parse` has accepted."""
        definitions = dict(schema.get("definitions", {}))
        prefix = "residual"
        # The document may have definitions of its own with such names.
        while any(name.startswith(prefix) for name in definitions):
            prefix += "_"
        parts = [_restricted(schema, residual) for residual in residuals]
        root = {**schema, "$schema": f"{DRAFT_07}#"}
        named = {f"{prefix}{index}": part for index, part in enumerate(parts)}
        self._schema = schema
        self._parts: list[tuple[Json, str]] = [(schema, "")]
        self._parts += zip(parts, (residual.schema_pointer for residual in residuals), strict=True)
        self._validators = [_compiled(_with(root, named)), *_each(_with(root, named), list(named))]
        self._wide: dict[int, _Wide] = {}
        self._root, self._prefix = root, prefix

    def whole(self, record: Json) -> list[Refusal]:
        """Return the errors of a record by the whole document."""
        return self._refusals(0, record)

    def residual(self, index: int, value: Json) -> list[Refusal]:
        """Return the errors of a value by one residual."""
        return self._refusals(index + 1, value)

    def _refusals(self, index: int, value: Json) -> list[Refusal]:
        schema, base = self._parts[index]
        if isinstance(value, dict) and len(value) > MANY and isinstance(schema, dict) and "$ref" not in schema:
            # Compiled when first needed: most data have no such objects.
            if index not in self._wide:
                self._wide[index] = _Wide(self._root, schema, base, self._prefix)
            return self._wide[index].refusals(value)
        return [_refusal(error, base) for error in self._validators[index].iter_errors(value)]

    def stated(self, at: str) -> str:
        """Return the document's text at a pointer, as a report may show it."""
        text = canonical(_at(self._schema, at)).decode()
        return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


@cache
def format_validator(name: str) -> jsonschema_rs.Draft7Validator:
    """Return a validator of one format, asserted."""
    return _compiled({"format": name})


@cache
def pattern_validator(ecma: str) -> jsonschema_rs.Draft7Validator:
    """Return a validator of one pattern."""
    return _compiled({"pattern": ecma})


def _compiled(schema: Mapping[str, Json]) -> jsonschema_rs.Draft7Validator:
    return jsonschema_rs.Draft7Validator(
        dict(schema), validate_formats=True, offline=True, pattern_options=PATTERN_OPTIONS, mask=VALUE
    )


def _with(root: Mapping[str, Json], named: Mapping[str, Json]) -> dict[str, Json]:
    """Return the root schema with further definitions."""
    definitions = {**root.get("definitions", {}), **named}
    return {**root, **({"definitions": definitions} if definitions else {})}


def _each(root: Mapping[str, Json], names: Sequence[str]) -> list[jsonschema_rs.Validator]:
    """Compile a validator for each of the named definitions; their references are resolved in the root."""
    if not names:
        return []
    every = jsonschema_rs.validator_map_for(
        dict(root), validate_formats=True, offline=True, pattern_options=PATTERN_OPTIONS, mask=VALUE
    )
    return [every[f"#/definitions/{name}"] for name in names]


class _Wide:
    """Validates objects with many members in time linear in them.

    jsonschema-rs copies the object into each error, and `required` and `propertyNames` make an error for every name:
    these two are checked here. `schema` stands at the pointer `base` in the document.
    """

    def __init__(self, root: Mapping[str, Json], schema: dict[str, Json], base: str, prefix: str) -> None:
        rest, names = f"{prefix}rest", f"{prefix}names"
        own = {keyword: part for keyword, part in schema.items() if keyword not in _NOT_HERE}
        both = {rest: own, names: schema.get("propertyNames", True)}
        self._rest, self._names = _each(_with(root, both), [rest, names])
        self._required: Sequence[str] = schema.get("required", ())
        self._base = base

    def refusals(self, value: dict[str, Json]) -> list[Refusal]:
        """Return the errors of an object; `propertyNames` makes one error for each rule that names break."""
        found = [_refusal(error, self._base) for error in self._rest.iter_errors(value)]
        found += (
            Refusal(f"{self._base}/required", "required", (), (name,), value, f"{_quoted(name)} is a required property")
            for name in self._required
            if name not in value
        )
        return [*found, *{each.pointer: each for each in self._of_names(value)}.values()]

    def _of_names(self, value: dict[str, Json]) -> Iterator[Refusal]:
        for name in value:
            if not self._names.is_valid(name):
                for error in self._names.iter_errors(name):
                    # The pointer is that of the rule for names, and the value shown is the object.
                    found = _refusal(error, f"{self._base}/propertyNames")
                    rule = found.rule if found.rule == "false" else "propertyNames"
                    message = found.message.replace(VALUE, _quoted(name), 1)
                    yield replace(found, rule=rule, place=(), names=(), value=value, message=message)


def _quoted(name: str) -> str:
    return json.dumps(name, ensure_ascii=False)


def _restricted(schema: Json, residual: contract_pb2.Residual) -> Json:
    """Return a residual's schema object reduced to its keywords; of `properties` the names alone."""
    schema = _at(schema, residual.schema_pointer)
    if not residual.keywords:
        return schema
    members = {keyword: schema[keyword] for keyword in residual.keywords}
    if "properties" in members:
        # `additionalProperties` needs the names; their schemas are checks of the plan already.
        members["properties"] = dict.fromkeys(members["properties"], True)
    return members


def _at(schema: Json, at: str) -> Json:
    for step in at.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        schema = schema[int(name)] if isinstance(schema, list) else schema[name]
    return schema


def _refusal(error: jsonschema_rs.ValidationError, base: str) -> Refusal:
    """Convert an error of jsonschema-rs.

    Its schema path starts at the compiled schema, or at the root once a reference was followed.
    """
    path = error.schema_path
    within = path == error.evaluation_path
    return Refusal(
        pointer=(base if within else "") + pointer(path),
        rule=_rule(error.kind.name, path[-1] if path else ""),
        place=tuple(error.instance_path),
        names=tuple(_names(error.kind)),
        value=error.instance,
        message=error.message,
    )


def _rule(kind: str, last: str | int) -> str:
    """Return the keyword of an error.

    jsonschema-rs reports the schema `false` as `falseSchema`, and `dependencies` as `required`.
    """
    if last in ("additionalProperties", "dependencies"):
        return str(last)
    return "false" if kind == "falseSchema" else kind


def _names(kind: jsonschema_rs.ValidationErrorKind) -> Iterator[str]:
    if isinstance(kind, jsonschema_rs.ValidationErrorKind.Required):
        yield kind.property
    elif isinstance(kind, jsonschema_rs.ValidationErrorKind.AdditionalProperties):
        yield from kind.unexpected
