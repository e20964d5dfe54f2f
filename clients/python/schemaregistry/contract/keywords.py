"""Compile each draft-07 keyword to a check, or to a residual where no kind of check expresses it.

`places.py` numbers the places of values. Checks are evaluated in `data/engine/` and by the C++ loader.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from schemaregistry.contract import expected
from schemaregistry.contract.pattern import to_re2
from schemaregistry.contract.places import Places
from schemaregistry.contract.type_messages import NUMERIC, TEMPORAL_FORMATS, TEXTUAL, is_json
from schemaregistry.document import ArrowType, Json, canonical
from schemaregistry.document.references import Schemas
from schemaregistry.document.strict_json import pointer
from schemaregistry.document.subschemas import SchemaPath
from schemaregistry.errors import InvalidArgument
from schemaregistry.v1 import contract_pb2
from schemaregistry.v1.contract_pb2 import Check

Guards: TypeAlias = Sequence[contract_pb2.Guard]

MAX_CHECKS: Final = 100_000
"""Checks of a contract at most, those in conditions included."""
MAX_DIVISOR: Final = 2**53
"""The largest integral divisor of a check; a larger one becomes a residual."""

FORMATS: Final = frozenset(
    (
        *("date-time", "date", "time", "email", "idn-email", "hostname", "idn-hostname", "ipv4", "ipv6", "uri"),
        *("uri-reference", "iri", "iri-reference", "uri-template", "json-pointer", "relative-json-pointer", "regex"),
    )
)
"""The formats that are asserted (validation draft-07, section 7.3); any other is ignored."""

_BOUNDS: Final = {
    "minimum": "minimum",
    "exclusiveMinimum": "exclusive_minimum",
    "maximum": "maximum",
    "exclusiveMaximum": "exclusive_maximum",
}
_COUNTS: Final = {
    "minLength": "min_length",
    "maxLength": "max_length",
    "minItems": "min_items",
    "maxItems": "max_items",
}


class CheckCompiler:
    """The compilation of one document, schema by schema, with the conditions and residuals that checks refer to."""

    def __init__(self, schemas: Schemas, places: Places) -> None:
        self.schemas = schemas
        self.places = places
        self.conditions: list[contract_pb2.Condition] = []
        self.residuals: list[contract_pb2.Residual] = []
        self._residual_indices: dict[tuple[SchemaPath, tuple[str, ...]], int] = {}
        self._made = 0

    def compile(self, path: SchemaPath, place: int, guards: Guards = ()) -> list[Check]:
        """Return the checks of the schema at a path, for the values at a place, under `guards`.

        Raises InvalidArgument (TOO_MANY_CHECKS).
        """
        schema = self.schemas.at[path]
        if schema is True:
            return []
        if schema is False:
            never = Check(pointer=pointer(path), rule="false", expected="nothing", never=contract_pb2.Never())
            return [self.made(never, place, guards)]
        if "$ref" in schema:
            return self.compile(self.schemas.same_value[path][0], place, guards)
        here = _Here(self, path, schema, place, guards)
        kind = self.places.types[place]
        if kind is not None and not is_json(kind):
            return [check for keyword in _KEYWORDS if keyword in schema for check in _KEYWORDS[keyword](here)]
        # A place without an Arrow type, or with JSON text, may hold any JSON value: the validator judges the whole.
        return list(here.residual(())) if schema else []

    def fits(self, place: int, own: Sequence[Check]) -> Check:
        """Return the check that the Arrow type of a place holds its values.

        `own` are the unconditional checks of the place. A misfit is reported in the words of the format or type that it
        breaks, if there is such a check, since these are the document author's words.
        """
        kind, arrow_pointer = self.places.types[place], self.places.arrow_pointers[place]
        natural = TEMPORAL_FORMATS.get(kind.name if kind else "")
        says = [check for check in own if natural and check.format.name == natural]
        says += [check for check in own if check.HasField("types")]
        return self.made(
            Check(
                pointer=says[0].pointer if says else arrow_pointer,
                rule=says[0].rule if says else "arrow",
                expected=expected.fits(kind, says[0].expected if says else "") if kind else "",
                fits=contract_pb2.Fits(arrow_pointer=arrow_pointer),
            ),
            place,
            (),
        )

    def condition(self, path: SchemaPath, place: int) -> int:
        """Add the condition that a value at a place satisfies the schema at a path, and return its index."""
        checks = self.compile(path, place)
        self.conditions.append(contract_pb2.Condition(place=place, checks=checks))
        return len(self.conditions) - 1

    def residual(self, path: SchemaPath, keywords: tuple[str, ...]) -> int:
        """Return the index of the residual for some keywords of the schema at a path; () means the whole schema."""
        if (path, keywords) not in self._residual_indices:
            self._residual_indices[path, keywords] = len(self.residuals)
            self.residuals.append(contract_pb2.Residual(schema_pointer=pointer(path), keywords=keywords))
        return self._residual_indices[path, keywords]

    def made(self, check: Check, place: int, guards: Guards) -> Check:
        """Set the place and guards of a check, and count it. Raises InvalidArgument (TOO_MANY_CHECKS)."""
        self._made += 1
        if self._made > MAX_CHECKS:
            raise InvalidArgument(
                f"With its references written out the document makes more than {MAX_CHECKS:,} checks. "
                "Let fewer definitions refer to one another more than once.",
                reason="TOO_MANY_CHECKS",
                pointer=check.pointer,
            )
        check.place = place
        check.guards.extend(guards)
        return check


@dataclass(frozen=True, slots=True)
class _Here:
    """One schema object of the document, applied to the values at one place."""

    rules: CheckCompiler
    path: SchemaPath
    schema: Mapping[str, Json]
    place: int
    guards: Guards

    @property
    def kind(self) -> ArrowType:
        """The Arrow type of the values; that of the row is a struct."""
        kind = self.rules.places.types[self.place]
        assert kind is not None
        return kind

    def check(self, keyword: str, words: str, **kind: Any) -> Check:
        """Return a check of one kind at this place, for a keyword of this schema; `words` say what is expected."""
        return self.check_at(self.place, keyword, words, **kind)

    def check_at(self, place: int, keyword: str, words: str, **kind: Any) -> Check:
        """Return a check of one kind at another place, for a keyword of this schema."""
        check = Check(pointer=pointer((*self.path, keyword)), rule=keyword, expected=words, **kind)
        return self.rules.made(check, place, self.guards)

    def below(self, *steps: str | int, place: int | None = None) -> list[Check]:
        """Return the checks of a subschema, `steps` below this one, for this place or another."""
        return self.rules.compile((*self.path, *steps), self.place if place is None else place, self.guards)

    def residual(self, keywords: Iterable[str]) -> Iterable[Check]:
        """Yield the check that leaves some keywords of this schema, or all of them (none named), to a validator."""
        named = tuple(sorted(keyword for keyword in keywords if keyword in self.schema))
        index = self.rules.residual(self.path, named)
        rule = next((keyword for keyword in named if keyword != "properties"), "")
        check = Check(pointer=pointer((*self.path, rule) if rule else self.path), rule=rule)
        check.residual.residual = index
        yield self.rules.made(check, self.place, self.guards)


def _types(here: _Here) -> Iterable[Check]:
    names = here.schema["type"] if isinstance(here.schema["type"], list) else [here.schema["type"]]
    types = [contract_pb2.JsonType.Value(f"JSON_TYPE_{name.upper()}") for name in names]
    yield here.check("type", expected.types(names), types=contract_pb2.Types(types=types))


def _values(here: _Here, keyword: str, options: Sequence[Json]) -> Iterable[Check]:
    """Yield a check of the allowed values; for a list or struct a residual, since equality needs its parts compared.

    In a column of plain values, lists and objects among the options equal no value, so they are dropped.
    """
    if here.kind.name in ("list", "struct"):
        yield from here.residual([keyword])
        return
    texts = [canonical(option).decode() for option in options if not isinstance(option, list | dict)]
    yield here.check(keyword, expected.values(options), values=contract_pb2.Values(json=texts))


def _bound(here: _Here, keyword: str) -> Iterable[Check]:
    if here.kind.name in NUMERIC:
        limit = contract_pb2.Bound(limit=canonical(here.schema[keyword]).decode())
        yield here.check(keyword, expected.bound(keyword, here.schema[keyword]), **{_BOUNDS[keyword]: limit})


def _multiple_of(here: _Here) -> Iterable[Check]:
    divisor = here.schema["multipleOf"]
    if here.kind.name not in NUMERIC:
        return
    if isinstance(divisor, int) and divisor <= MAX_DIVISOR:
        message = contract_pb2.MultipleOf(divisor=divisor)
        yield here.check("multipleOf", f"a multiple of {divisor}", multiple_of=message)
    elif isinstance(divisor, float):
        text = canonical(divisor).decode()
        decimal = contract_pb2.MultipleOfDecimal(divisor=text)
        yield here.check("multipleOf", f"a multiple of {text}", multiple_of_decimal=decimal)
    else:
        yield from here.residual(["multipleOf"])


def _count(here: _Here, keyword: str) -> Iterable[Check]:
    looks_at = here.kind.name == "list" if keyword.endswith("Items") else here.kind.name in TEXTUAL
    if looks_at:
        limit = here.schema[keyword]
        # The message has 64 bits; no text or list is that long.
        message = contract_pb2.Count(limit=min(limit, 2**63))
        yield here.check(keyword, expected.count(keyword, limit), **{_COUNTS[keyword]: message})


def _pattern(here: _Here) -> Iterable[Check]:
    if here.kind.name not in TEXTUAL:
        return
    ecma = here.schema["pattern"]
    re2 = to_re2(ecma)
    if re2 is None:
        yield from here.residual(["pattern"])
    else:
        yield here.check("pattern", f"text that matches {ecma}", pattern=contract_pb2.Pattern(ecma=ecma, re2=re2))


def _format(here: _Here) -> Iterable[Check]:
    name = here.schema["format"]
    if here.kind.name in TEXTUAL and name in FORMATS:
        yield here.check("format", name, format=contract_pb2.Format(name=name))


def _items(here: _Here) -> Iterable[Check]:
    if here.kind.name != "list":
        return
    if isinstance(here.schema["items"], list):
        yield from here.residual(["items", "additionalItems"])
    else:
        yield from here.below("items", place=here.rules.places.item(here.place))


def _unique(here: _Here) -> Iterable[Check]:
    """Yield a check of distinct items; a residual where items have parts to compare."""
    if here.kind.name != "list" or not here.schema["uniqueItems"]:
        return
    item = here.rules.places.types[here.rules.places.item(here.place)]
    if item is None or item.name in ("list", "struct", "json"):
        yield from here.residual(["uniqueItems"])
    else:
        yield here.check("uniqueItems", "no item twice", unique_items=contract_pb2.UniqueItems())


def _properties(here: _Here) -> Iterable[Check]:
    """Yield the checks of the members in the order of their places, which doesn't depend on the order of keys."""
    if here.kind.name == "struct":
        places = {name: here.rules.places.member(here.place, name) for name in sorted(here.schema["properties"])}
        for name in sorted(places, key=places.__getitem__):
            yield from here.below("properties", name, place=places[name])


def _required(here: _Here) -> Iterable[Check]:
    if here.kind.name == "struct":
        places = (here.rules.places.member(here.place, name) for name in sorted(here.schema["required"]))
        for place in sorted(places):
            name = here.rules.places.messages[place].member
            yield here.check_at(place, "required", f'a value for "{name}"', present=contract_pb2.Present())


def _additional(here: _Here) -> Iterable[Check]:
    """Yield the check of `additionalProperties`, which depends on `properties` and `patternProperties` beside it.

    With patterns, or with a schema for the additional members, it is a residual.
    """
    extra = here.schema.get("additionalProperties", True)
    if here.kind.name != "struct":
        return
    if here.schema.get("patternProperties"):
        yield from here.residual(["patternProperties", "additionalProperties", "properties"])
    elif extra is False:
        members = sorted(here.schema.get("properties", ()))
        yield here.check("additionalProperties", expected.closed(members), closed=contract_pb2.Closed(members=members))
    elif extra is not True:
        yield from here.residual(["additionalProperties", "properties"])


def _pattern_properties(here: _Here) -> Iterable[Check]:
    # One residual covers both keywords; `additionalProperties` makes it where it is there.
    return () if "additionalProperties" in here.schema else _additional(here)


def _all_of(here: _Here) -> Iterable[Check]:
    for index in range(len(here.schema["allOf"])):
        yield from here.below("allOf", index)


def _choice(here: _Here, keyword: str, kind: str, words: str) -> Iterable[Check]:
    count = len(here.schema[keyword])
    found = [here.rules.condition((*here.path, keyword, index), here.place) for index in range(count)]
    yield here.check(keyword, words, **{kind: contract_pb2.Conditions(conditions=found)})


def _not(here: _Here) -> Iterable[Check]:
    found = here.rules.condition((*here.path, "not"), here.place)
    message = contract_pb2.Conditions(conditions=[found])
    yield here.check("not", "none of what `not` describes", **{"not": message})


def _if(here: _Here) -> Iterable[Check]:
    """Yield the checks of `then` and `else`, guarded by the condition `if`; without them `if` has no effect.

    Validation draft-07, section 6.6.
    """
    branches = [keyword for keyword in ("then", "else") if keyword in here.schema]
    if branches:
        found = here.rules.condition((*here.path, "if"), here.place)
    for keyword in branches:
        guard = contract_pb2.Guard(condition=found, holds=keyword == "then")
        yield from here.rules.compile((*here.path, keyword), here.place, (*here.guards, guard))


def _left_to_the_validator(keyword: str, *kinds: str) -> Callable[[_Here], Iterable[Check]]:
    return lambda here: here.residual([keyword]) if here.kind.name in kinds else ()


_KEYWORDS: Final[Mapping[str, Callable[[_Here], Iterable[Check]]]] = {
    "type": _types,
    "enum": lambda here: _values(here, "enum", here.schema["enum"]),
    "const": lambda here: _values(here, "const", [here.schema["const"]]),
    "minimum": lambda here: _bound(here, "minimum"),
    "exclusiveMinimum": lambda here: _bound(here, "exclusiveMinimum"),
    "maximum": lambda here: _bound(here, "maximum"),
    "exclusiveMaximum": lambda here: _bound(here, "exclusiveMaximum"),
    "multipleOf": _multiple_of,
    "minLength": lambda here: _count(here, "minLength"),
    "maxLength": lambda here: _count(here, "maxLength"),
    "pattern": _pattern,
    "format": _format,
    "contentEncoding": _left_to_the_validator("contentEncoding", *TEXTUAL),
    "contentMediaType": _left_to_the_validator("contentMediaType", *TEXTUAL),
    "items": _items,
    "minItems": lambda here: _count(here, "minItems"),
    "maxItems": lambda here: _count(here, "maxItems"),
    "uniqueItems": _unique,
    "contains": _left_to_the_validator("contains", "list"),
    "properties": _properties,
    "required": _required,
    "patternProperties": _pattern_properties,
    "additionalProperties": _additional,
    "propertyNames": _left_to_the_validator("propertyNames", "struct"),
    "minProperties": _left_to_the_validator("minProperties", "struct"),
    "maxProperties": _left_to_the_validator("maxProperties", "struct"),
    "dependencies": _left_to_the_validator("dependencies", "struct"),
    "allOf": _all_of,
    "anyOf": lambda here: _choice(here, "anyOf", "any_of", "at least one of the schemas"),
    "oneOf": lambda here: _choice(here, "oneOf", "one_of", "exactly one of the schemas"),
    "not": _not,
    "if": _if,
}
"""The keywords, in the order of the report. The others are annotations, or are compiled with one of these."""
