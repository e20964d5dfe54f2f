"""Make columns of values that meet their rules, for every type that a contract names, lists and structs included."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.types as pt

from schemaregistry.data.arrow.types import Array, DataType, Field, contract_type, family
from schemaregistry.data.engine.conform import from_records
from schemaregistry.data.engine.plan import Place, Plan
from schemaregistry.document import Json
from schemaregistry.sampling import json_values, number_values, text_values
from schemaregistry.sampling.number_values import NumberArray, Random
from schemaregistry.sampling.rules import ValueRules, rules_of
from schemaregistry.sampling.unsampleable import no_value

_OPEN: Final = 1_767_605_400
"""2026-01-05T09:30:00Z in seconds since 1970: timestamps start here."""
_MORNING: Final = 34_200
"""09:30 in seconds since midnight: times of day start here."""
_SESSION: Final = 23_400
"""Seconds that times of day span: 6.5 hours."""
_STEP_NANOS: Final = 750_000
"""The mean step of timestamps from row to row, in nanoseconds."""
_FIRST_DAY: Final = 20_089
"""2025-01-01 in days since 1970: dates start here."""
_DAYS: Final = 600
"""Days that dates span."""
_LONG_AGO: Final = 10_957
"""2000-01-01 in days since 1970: values with rules on their text start here."""
_DAY: Final = 86_400
"""Seconds of a day."""
_ODD: Final = 7_919
"""A step in seconds that is coprime to _DAY, so that all times of day occur."""
_PER_SECOND: Final = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_COUNTERS: Final = ("sequence", "seq", "id", "number")
"""Last words of column names whose integers count up from row to row."""
_SOMETIMES: Final = 0.5
"""The share of values that are taken from hints."""


@dataclass(frozen=True, slots=True)
class ColumnMaker:
    """Makes the values of one place: its rules, its name, and the makers of places within it."""

    place: Place
    field: Field
    kind: DataType
    rules: ValueRules
    name: str
    children: "tuple[ColumnMaker, ...]"
    pool: Array | None
    """Values to choose from, where others may break a rule; None where values are generated."""


def column_makers(plan: Plan, seed: int) -> list[ColumnMaker]:
    """Return the makers of a contract's columns.

    Raises Unimplemented (NO_SAMPLE) where a column has no possible text.
    """
    return [_column_maker(plan, place, field, seed) for place, field in zip(plan.columns, plan.schema, strict=True)]


def _column_maker(plan: Plan, place: Place, field: Field, seed: int, name: str = "") -> ColumnMaker:
    kind = contract_type(field.type)
    name = place.name or name
    inner: Iterable[Field] = ()
    if family(kind) == "struct":
        inner = list(kind)
    elif family(kind) == "list":
        inner = [kind.value_field]
    fields = {each.name: each for each in inner}
    children = tuple(
        _column_maker(plan, child, kind.value_field if child.is_item else fields[child.name], seed, name)
        for child in plan.children[place.index]
        if inner and (child.is_item or child.name in fields)
    )
    rules = rules_of(plan, place.index, nullable=field.nullable)
    # A generator for each place, so that one column's pool doesn't depend on the others.
    random = np.random.default_rng([seed, place.index])
    return ColumnMaker(
        place, field, kind, rules, name, children, _pool(rules, name, kind, _pool_size(field.type), random)
    )


def _pool(rules: ValueRules, name: str, kind: DataType, most: int, random: Random) -> Array | None:
    if rules.null_share == 1:
        return None
    if family(kind) == "json":
        return json_values.pool(rules, name)
    if family(kind) == "text":
        return text_values.text_pool(rules, name, kind, most, random).cast(kind)
    if rules.options is None and not _looks_like_text(rules, kind):
        return None
    found = text_values.passing(_days(kind) if rules.options is None else built(rules.options, kind), rules, kind)
    if not len(found) and not rules.null_share:
        raise no_value(rules, "value")
    return found


def _looks_like_text(rules: ValueRules, kind: DataType) -> bool:
    """Whether the text of a date or time has rules beyond its format."""
    is_time = family(kind) in ("date", "time", "timestamp")
    return is_time and any(rules.arguments(kind) for kind in ("pattern", "min_length", "max_length"))


def _days(kind: Any) -> Array:
    """Return dates of some thirty years, or timestamps or times of whole seconds on them."""
    days = np.arange(_LONG_AGO, _LONG_AGO + 12_000)
    if pt.is_date(kind):
        return pa.array(days.astype(np.int32)).cast(pa.date32()).cast(kind)
    seconds = (days * _DAY if pt.is_timestamp(kind) else 0) + days * _ODD % _DAY
    ticks = pa.array(seconds * _PER_SECOND[kind.unit])
    return ticks.cast(pa.int32() if kind.bit_width == 32 else pa.int64()).view(kind)


def _pool_size(kind: Any) -> int:
    """Return how many distinct values a type allows: a dictionary's index type limits them."""
    return 2 ** (kind.index_type.bit_width - 1) - 1 if pt.is_dictionary(kind) else text_values.LARGEST_POOL


def drawn(maker: ColumnMaker, count: int, random: Random, rows: NumberArray | None, *, hinted: bool = False) -> Array:
    """Make `count` values of a place.

    `rows` are the numbers of their rows, for values that grow from row to row; None within lists. `hinted`: some values
    are taken from conditions.
    """
    rules = maker.rules
    if rules.null_share == 1:
        return pa.nulls(count, maker.kind)
    values = _any(maker, count, random, rows) if maker.pool is None else _taken(maker.pool, maker.kind, count, random)
    if hinted and rules.hints:
        values = _with_hints(maker, values, random)
    if rules.null_share:
        nulls = pa.array(random.random(count) < rules.null_share)
        values = _with_nulls(values, nulls)
    return values


def _any(maker: ColumnMaker, count: int, random: Random, rows: NumberArray | None) -> Array:
    make = _MAKERS.get(family(maker.kind))
    if make is None:
        raise no_value(maker.rules, f"value of {maker.kind}")
    return make(maker, count, random, rows)


def _booleans(_node: ColumnMaker, count: int, random: Random, _rows: NumberArray | None) -> Array:
    return pa.array(random.integers(0, 2, count).astype(bool))


def _integers(maker: ColumnMaker, count: int, random: Random, rows: NumberArray | None) -> Array:
    grows = maker.name.lower().rpartition("_")[2] in _COUNTERS
    return number_values.integers(maker.rules, maker.kind, count, random, rows if grows else None)


def _floats(maker: ColumnMaker, count: int, random: Random, _rows: NumberArray | None) -> Array:
    return number_values.floats(maker.rules, maker.kind, count, random)


def _decimals(maker: ColumnMaker, count: int, random: Random, _rows: NumberArray | None) -> Array:
    return number_values.decimals(maker.rules, maker.kind, count, random)


def _structs(maker: ColumnMaker, count: int, random: Random, rows: NumberArray | None) -> Array:
    members = [drawn(child, count, random, rows) for child in maker.children]
    return pa.StructArray.from_arrays(members, names=[child.name for child in maker.children])


def _taken(pool: Array, kind: DataType, count: int, random: Random) -> Array:
    return text_values.taken(pool, count, random) if len(pool) else pa.nulls(count, kind)


def built(values: Iterable[Json], kind: DataType) -> Array:
    """Convert JSON values to a type, leaving out those that it can't hold."""
    found = []
    for value in values:
        try:
            array = from_records([{"value": value}], pa.schema([("value", kind)])).column(0)
        except (pa.ArrowException, ValueError, TypeError, ArithmeticError):
            continue
        if not array.null_count:
            found.append(array)
    return pa.concat_arrays(found) if found else pa.array([], kind)


def _with_hints(maker: ColumnMaker, values: Array, random: Random) -> Array:
    pool = text_values.passing(built(maker.rules.hints, maker.kind), maker.rules, maker.kind)
    if not len(pool) or family(maker.kind) in ("json", "list", "struct"):
        return values
    chosen = pa.array(random.random(len(values)) < _SOMETIMES)
    return _where(chosen, text_values.taken(pool, len(values), random), values)


def _where(mask: Array, yes: Array, no: Array) -> Array:
    indices = np.arange(len(no)) + np.where(np.asarray(mask), 0, len(no))
    return pa.concat_arrays([yes.cast(no.type), no]).take(pa.array(indices))


def _with_nulls(values: Array, nulls: Array) -> Array:
    keep = np.where(np.asarray(nulls), -1, np.arange(len(values)))
    return values.take(pa.array(keep, mask=keep < 0))


def _binary(maker: ColumnMaker, count: int, random: Random, _rows: NumberArray | None) -> Array:
    """Make bytes of the first length whose base64 text meets the rules."""
    for length in (6, 3, 1, 12, 24, 48, 96, 0):
        pool = [random.bytes(length) for _ in range(64)]
        found = text_values.passing(pa.array(pool, maker.kind), maker.rules, maker.kind)
        if len(found):
            return text_values.taken(found, count, random)
    raise no_value(maker.rules, "bytes")


def _times(maker: ColumnMaker, count: int, random: Random, rows: NumberArray | None) -> Array:
    """Make timestamps that grow from row to row; dates and times of day are random."""
    kind: Any = maker.kind
    if pt.is_date(kind):
        days = pa.array(random.integers(_FIRST_DAY, _FIRST_DAY + _DAYS, count), pa.int32()).cast(pa.date32())
        return days.cast(kind)
    unit = _PER_SECOND[kind.unit]
    if pt.is_time(kind):
        ticks = random.integers(_MORNING * unit, (_MORNING + _SESSION) * unit, count)
        return pa.array(ticks, pa.int64()).cast(pa.int32() if kind.bit_width == 32 else pa.int64()).view(kind)
    turns = random.integers(0, 1_000, count) if rows is None else rows
    nanos = turns * _STEP_NANOS + random.integers(0, _STEP_NANOS, count)
    return pa.array(_OPEN * unit + nanos // (10**9 // unit), pa.int64()).view(kind)


def _lists(maker: ColumnMaker, count: int, random: Random, _rows: NumberArray | None) -> Array:
    """Make lists of few items; distinct items are neighbours in a pool."""
    fewest, most = maker.rules.count("min_items", "max_items", 3)
    if fewest > most:
        raise no_value(maker.rules, "list")
    (item,) = maker.children
    lengths = random.integers(fewest, most + 1, count)
    offsets = np.append(0, np.cumsum(lengths))
    if any(check.kind == "unique_items" for check in maker.rules.checks):
        pool = drawn(item, 4 * text_values.LARGEST_POOL, random, None).unique()
        lengths = np.minimum(lengths, len(pool))
        offsets = np.append(0, np.cumsum(lengths))
        # Neighbours in a pool of distinct values are distinct.
        starts = np.repeat(random.integers(0, len(pool), count), lengths)
        within = np.arange(offsets[-1]) - np.repeat(offsets[:-1], lengths)
        items = pool.take(pa.array((starts + within) % len(pool)))
    else:
        items = drawn(item, int(offsets[-1]), random, None)
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), items)


_MAKERS: Final[dict[str, Callable[[ColumnMaker, int, Random, NumberArray | None], Array]]] = {
    "bool": _booleans,
    "int": _integers,
    "float": _floats,
    "decimal": _decimals,
    "binary": _binary,
    **dict.fromkeys(("date", "time", "timestamp"), _times),
    "list": _lists,
    "struct": _structs,
}
"""What generates values of a family of types; the other families are chosen from a pool."""
