"""Translate a contract to a Great Expectations suite, as far as it can be expressed for a pandas frame.

The suite is written as JSON, without importing the library. Rules that can't be expressed are listed in the suite's
meta, with the reason. Source: Great Expectations 1.24, the classes of `great_expectations.expectations.core`; pandas 3,
`read_parquet`.
"""

import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from schemaregistry.contract.frame_types import FrameType, frame_type
from schemaregistry.contract.python_pattern import to_python
from schemaregistry.contract.row_conditions import Unsaid, row_condition
from schemaregistry.document import Json
from schemaregistry.v1 import contract_pb2
from schemaregistry.v1.contract_pb2 import Check, Contract

Expectation: TypeAlias = tuple[str, dict[str, Json]]
"""The type of an expectation, and its arguments besides the column."""

_ROW: Final = 0
_MAX_FLOAT: Final = 1.7976931348623157e308
"""The greatest finite double, a bound that infinity fails."""
_INTEGRAL: Final = r"^-?[0-9]+(?:\.0)?\Z|^-?[0-9](?:\.[0-9]+)?e\+(?:1[6-9]|[2-9][0-9]|[0-9]{3})\Z"
"""How Python writes numbers without a fraction: integers, and floats, which have an exponent from 1e16 on."""
_LAST_DIGITS: Final = 3
"""Digits at the end of a number that are compared to find multiples."""
_READ_WITH: Final = "pandas >= 3, pandas.read_parquet(path): the types are those that it gives"
_DIFFERENCES: Final = (
    "A column that a file may lack must be there, if with nulls alone.",
    "A column of another type fails, also where each of its values would fit the contract's.",
)
_DIFFERENCES_OF: Final[Mapping[str, str]] = {
    "list": "Of a column of lists no more is told than that it holds objects.",
    "float": "In a column of floats that may hold nulls NaN passes: pandas doesn't tell one from the other.",
    "int": "Integers with nulls among them are floats to pandas: beyond 2^53 they are rounded.",
    "json": "Of a column of JSON text no more is told than that it holds texts.",
    "decimal": "Of a decimal the digits after the point aren't counted.",
    "timestamp": "Times after the year 9999 pass.",
}
"""By the family of a column's type: how the suite's judgement differs from the registry's."""


def suite(contract: Contract) -> dict[str, Json]:
    """Return the suite as JSON, for `ExpectationSuite(**json)` or a file in a context's `expectations/`.

    The meta of an expectation names the rule and its JSON pointer. The suite's meta, under `schemaregistry`, has the
    contract's `id`, `version` and `fingerprint`, how to read a frame (`read_with`), the rules that the suite lacks with
    the reason (`unsaid`), and what it judges differently from the registry's own check (`differences`).
    """
    expectations: list[dict[str, Json]] = [_columns(contract)]
    unsaid: list[dict[str, Json]] = []
    for check in contract.checks:
        name = _column_name(contract, check.place)
        try:
            expectations += [_stated(name, check, *each) for each in _expectations(contract, check)]
        except Unsaid as why:
            rule = {"column": name, "pointer": check.pointer, "rule": _rule(check), "why": str(why)}
            unsaid += [rule] if rule not in unsaid else []
    meta: dict[str, Json] = {
        "id": contract.id,
        "version": contract.version,
        "fingerprint": contract.fingerprint,
        "read_with": _READ_WITH,
        "unsaid": unsaid,
        "differences": _differences(contract),
    }
    return {"name": contract.id, "expectations": expectations, "meta": {"schemaregistry": meta}}


def _differences(contract: Contract) -> list[str]:
    families = {frame_type(column.field.type).family for column in contract.columns}
    return [*_DIFFERENCES, *(difference for family, difference in _DIFFERENCES_OF.items() if family in families)]


@dataclass(frozen=True, slots=True)
class _FrameColumn:
    """A column as a frame holds it; `nulls` tells that null is a value of the column, not an absent one."""

    type: FrameType
    nulls: bool


def _columns(contract: Contract) -> dict[str, Json]:
    """Return the expectation that all columns are there, and no others if the document excludes them.

    Great Expectations can't evaluate an expectation about a column that is missing.
    """
    closed = next((check for check in contract.checks if _is_closed_row(check)), None)
    names = dict.fromkeys(column.field.name for column in contract.columns)
    names |= dict.fromkeys(closed.closed.members if closed else ())
    return {
        "type": "expect_table_columns_to_match_set",
        "kwargs": {"column_set": list(names), "exact_match": closed is not None},
        "meta": _origin(closed) if closed else {},
    }


def _is_closed_row(check: Check) -> bool:
    return check.place == _ROW and check.HasField("closed") and not check.guards


def _stated(name: str | None, check: Check, kind: str, arguments: dict[str, Json]) -> dict[str, Json]:
    return {"type": kind, "kwargs": {"column": name, **arguments}, "meta": _origin(check)}


def _origin(check: Check) -> dict[str, Json]:
    return {"pointer": check.pointer, "rule": _rule(check)}


def _rule(check: Check) -> str:
    """Return the keyword of a check, or "schema" for a residual of a whole schema."""
    return check.rule or "schema"


def _column_name(contract: Contract, place: int) -> str | None:
    """Return the top-level column that contains a place; None for the row."""
    name = None
    while place != _ROW:
        name, place = contract.places[place].member, contract.places[place].parent
    return name


def _expectations(contract: Contract, check: Check) -> Iterator[Expectation]:
    """Yield the expectations that are equivalent to a check. Raises Unsaid where there are none."""
    if check.place == _ROW:
        if _is_closed_row(check) or _lets_objects_pass(check):
            return
        raise Unsaid("it is about the whole row")
    if check.place > len(contract.columns):
        raise Unsaid("it is about values within a column, which pandas holds as objects")
    place = contract.places[check.place]
    field = contract.columns[check.place - 1].field
    claims = _unless_null(contract, check)
    column = _FrameColumn(frame_type(field.type), nulls=place.null_is_value and claims is None)
    where = row_condition(contract, check.guards)
    for each in [check] if claims is None else claims:
        for kind, arguments in _KINDS.get(each.WhichOneof("kind") or "", _other)(column, each):
            yield kind, arguments | where


def _unless_null(contract: Contract, check: Check) -> list[Check] | None:
    """Return the checks of S for an `anyOf` of a schema S and null; None for any other check.

    Great Expectations skips nulls, so S alone is equivalent.
    """
    if not check.HasField("any_of"):
        return None
    conditions = [contract.conditions[index] for index in check.any_of.conditions]
    claims = [list(condition.checks) for condition in conditions if not _is_null(condition)]
    alone = len(claims) == 1 < len(conditions) and all(each.place == check.place for each in claims[0])
    return claims[0] if alone and not any(each.guards for each in claims[0]) else None


def _is_null(condition: contract_pb2.Condition) -> bool:
    return [list(check.types.types) for check in condition.checks] == [[contract_pb2.JSON_TYPE_NULL]]


def _lets_objects_pass(check: Check) -> bool:
    """Tell whether a check of the JSON type allows objects. On the row it then never fails: every row is an object."""
    return contract_pb2.JSON_TYPE_OBJECT in check.types.types


def _other(_column: _FrameColumn, check: Check) -> list[Expectation]:
    raise Unsaid(f"there is no expectation for `{_rule(check)}`")


def _present(column: _FrameColumn, _check: Check) -> list[Expectation]:
    """Expect no nulls; where null is a value, `_columns` already expects the column to be there."""
    return [] if column.nulls else [("expect_column_values_to_not_be_null", {})]


def _fits(column: _FrameColumn, _check: Check) -> list[Expectation]:
    """Expect one of the frame's types for the column, and values that the Arrow type also holds."""
    kind = column.type
    expectations: list[Expectation] = []
    if kind.dtype:
        expectations.append(("expect_column_type_to_be", {"type_": kind.dtype}))
    else:
        expectations.append(("expect_column_values_to_be_in_type_list", {"type_list": list(kind.types)}))
    if kind.family == "int":
        expectations.append(_matches(_INTEGRAL))
    if kind.family == "float":
        expectations.append(_between(-_MAX_FLOAT, _MAX_FLOAT))
    if kind.low is not None:
        expectations.append(_between(kind.low, kind.high, strict=kind.family == "decimal"))
    return expectations


def _types(column: _FrameColumn, check: Check) -> list[Expectation]:
    """Expect nothing where the column's type implies the JSON types; an `integer` among floats shows by its digits."""
    names = {contract_pb2.JsonType.Name(each).removeprefix("JSON_TYPE_").lower() for each in check.types.types}
    expectations: list[Expectation] = []
    if column.nulls and "null" not in names:
        expectations.append(("expect_column_values_to_not_be_null", {}))
    if column.type.json in names or (column.type.json == "integer" and "number" in names):
        return expectations
    if column.type.family == "float" and "integer" in names:
        return [*expectations, _matches(_INTEGRAL)]
    raise Unsaid(f"its type is {column.type.name}, whose values are no {' or '.join(sorted(names))} for themselves")


def _values(column: _FrameColumn, check: Check) -> list[Expectation]:
    values = [json.loads(text) for text in check.values.json]
    if column.nulls and None not in values:
        raise Unsaid("null is one of its values, and Great Expectations passes over it")
    if column.type.family not in ("text", "int", "float", "bool"):
        raise Unsaid(f"the values are JSON's, the column's are {column.type.name}")
    return [("expect_column_values_to_be_in_set", {"value_set": [value for value in values if value is not None]})]


def _bound(column: _FrameColumn, check: Check) -> list[Expectation]:
    """Expect a bound; for integers it is rounded to an integer, since pandas would compare them as floats otherwise."""
    kind = check.WhichOneof("kind") or ""
    strict = kind.startswith("exclusive")
    limit = json.loads(getattr(check, kind).limit)
    if column.type.family == "int" and isinstance(limit, float):
        limit, strict = (math.ceil(limit) if kind.endswith("minimum") else math.floor(limit)), False
    if kind.endswith("minimum"):
        return [_between(limit, None, strict=strict)]
    return [_between(None, limit, strict=strict)]


def _multiple_of(column: _FrameColumn, check: Check) -> list[Expectation]:
    """Expect a multiple by its last digits, which works where the divisor divides a power of ten."""
    divisor = check.multiple_of.divisor
    if column.type.family != "int":
        raise Unsaid("there is no expectation for multiples in a column of fractions")
    # Where 10^n is a multiple of the divisor, the last n digits decide: for 25 they are 00, 25, 50 or 75.
    for digits in range(_LAST_DIGITS + 1):
        if 10**digits % divisor == 0:
            return [] if digits == 0 else [_matches(_ends(divisor, digits))]
    raise Unsaid("there is no expectation for multiples, and these can't be told by their last digits")


def _ends(divisor: int, digits: int) -> str:
    """Return a regex for integers that end as a multiple does, or are a multiple with fewer digits."""
    ends = [f"{number:0{digits}}" for number in range(0, 10**digits, divisor)]
    short = [str(number) for number in range(0, 10 ** (digits - 1), divisor)]
    return rf"^-?(?:[0-9]*(?:{'|'.join(ends)})|{'|'.join(short) or '0'})(?:\.0)?\Z"


def _length(column: _FrameColumn, check: Check) -> list[Expectation]:
    if column.type.family != "text":
        raise Unsaid("Great Expectations counts the letters of Python's own text for a value")
    kind = check.WhichOneof("kind") or ""
    name = "min_value" if kind == "min_length" else "max_value"
    return [("expect_column_value_lengths_to_be_between", {name: getattr(check, kind).limit})]


def _pattern(column: _FrameColumn, check: Check) -> list[Expectation]:
    pattern = to_python(check.pattern.re2)
    if column.type.family != "text" or pattern is None:
        raise Unsaid("the pattern can't be written for Python's text of the values")
    return [_matches(pattern)]


def _format(column: _FrameColumn, check: Check) -> list[Expectation]:
    """Expect nothing of dates, times and timestamps, which have their format; for texts there is no expectation."""
    if column.type.format != check.format.name:
        raise Unsaid(f'there is no expectation for "format": "{check.format.name}" of texts')
    return []


def _never(_column: _FrameColumn, _check: Check) -> list[Expectation]:
    return [("expect_column_values_to_be_null", {})]


def _matches(pattern: str) -> Expectation:
    return "expect_column_values_to_match_regex", {"regex": pattern}


def _between(low: Any, high: Any, *, strict: bool = False) -> Expectation:
    """Return the expectation of numbers between two limits; None is no limit."""
    limits: dict[str, Json] = {}
    for end, limit in (("min", low), ("max", high)):
        if limit is not None:
            limits |= {f"{end}_value": limit} | ({f"strict_{end}": True} if strict else {})
    return "expect_column_values_to_be_between", limits


_KINDS: Final[Mapping[str, Callable[[_FrameColumn, Check], list[Expectation]]]] = {
    "present": _present,
    "fits": _fits,
    "types": _types,
    "values": _values,
    **dict.fromkeys(("minimum", "exclusive_minimum", "maximum", "exclusive_maximum"), _bound),
    "multiple_of": _multiple_of,
    **dict.fromkeys(("min_length", "max_length"), _length),
    "pattern": _pattern,
    "format": _format,
    "never": _never,
}
"""The kinds of checks that have equivalent expectations."""
