"""Read Parquet's int96 timestamps (a day and its nanoseconds) exactly, beyond the range of int64 nanoseconds.

Arrow wraps such values. So they are read twice, as nanoseconds and as seconds, which together are exact. A value is
stored in the contract's unit; one that doesn't fit is a misfit, reported by its text.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.types as pt
from numpy.typing import NDArray

from schemaregistry.data.arrow.arrays import Mask, where_valid
from schemaregistry.data.arrow.calendar import DAY, FIRST_SECOND, LAST_SECOND, PER_SECOND, date_of
from schemaregistry.data.arrow.fitting import same_zone
from schemaregistry.data.arrow.types import Array, DataType, Field, described, family, pc
from schemaregistry.data.arrow.values import to_json
from schemaregistry.data.engine.plan import Place, Plan

_NANOS: Final = 10**9
Int64Array: TypeAlias = NDArray[np.int64]
ColumnRead: TypeAlias = Callable[[Array, Array], Array]
"""Combines an array of nanoseconds and an array of seconds into one array."""


class Unheld(Exception):
    """Timestamps that no single Arrow type can hold."""


def columns_of_int96(stored: pq.ParquetSchema, schema: pa.Schema) -> frozenset[str]:
    """Return the names of the columns that contain int96 at any depth."""
    found, leaf = set(), 0
    for column in schema:
        count = leaves(column.type)
        if any(stored.column(each).physical_type == "INT96" for each in range(leaf, leaf + count)):
            found.add(column.name)
        leaf += count
    return frozenset(found)


def leaves(kind: DataType) -> int:
    """Return how many leaf columns of Parquet store a type."""
    if isinstance(kind, pa.BaseExtensionType):
        return leaves(kind.storage_type)
    return sum(leaves(kind.field(index).type) for index in range(kind.num_fields)) if kind.num_fields else 1


def in_contract_units(plan: Plan, schema: pa.Schema, wide: frozenset[str]) -> pa.Schema:
    """Return a file's schema with each int96 in the unit that the contract has at its place."""
    return pa.schema(
        [
            column.with_type(_in_unit_of(plan, plan.column(column.name), column.type))
            if column.name in wide
            else column
            for column in schema
        ]
    )


def notes(plan: Plan, schema: pa.Schema, wide: frozenset[str]) -> Iterator[tuple[Place, str]]:
    """Yield the places whose int96 is read in a coarser unit, each with a note that is used if every value fits."""
    for name in sorted(wide):
        yield from _notes(plan, plan.column(name), schema.field(name).type)


def _notes(plan: Plan, place: Place | None, kind: DataType) -> Iterator[tuple[Place, str]]:
    if family(kind) == "struct":
        for member in kind:
            yield from _notes(plan, _member(plan, place, member), member.type)
    elif place is not None and _unit(place, kind) not in (None, "ns"):
        yield place, f"{described(kind)} column read as {described(place.kind)}: every value is exact"


def _in_unit_of(plan: Plan, place: Place | None, kind: DataType) -> DataType:
    if family(kind) == "struct":
        return pa.struct([each.with_type(_in_unit_of(plan, _member(plan, place, each), each.type)) for each in kind])
    unit = _unit(place, kind)
    return pa.timestamp(unit) if unit else kind


def _unit(place: Place | None, kind: DataType) -> Any:
    """Return the contract's unit at a place; None where it isn't a timestamp that takes values without a time zone."""
    is_taken = place is not None and place.kind is not None and _is_int96(kind) and family(place.kind) == "timestamp"
    return place.kind.unit if place and is_taken and same_zone(None, place.kind.tz) else None


def _is_int96(kind: DataType) -> bool:
    """Whether a type is how Arrow shows int96. In a column with int96 other such timestamps are very unlikely."""
    return bool(pt.is_timestamp(kind)) and kind.unit == "ns" and kind.tz is None


def _member(plan: Plan, place: Place | None, member: Field) -> Place | None:
    children = plan.children[place.index] if place else ()
    return next((child for child in children if child.name == member.name), None)


def alongside(batches: Iterable[pa.RecordBatch], counts: Iterator[int]) -> Iterator[pa.RecordBatch]:
    """Cut batches anew, to `counts` rows each."""
    waiting, coming = pa.table({}), iter(batches)
    for count in counts:
        while waiting.num_rows < count and (batch := next(coming, None)) is not None:
            more = pa.Table.from_batches([batch])
            waiting = pa.concat_tables([waiting, more]) if waiting.num_rows else more
        yield from waiting.slice(0, count).combine_chunks().to_batches()
        waiting = waiting.slice(count)


@dataclass(slots=True)
class Exact:
    """Makes the columns of one batch exact; collects misfits and texts by place.

    `keep_texts`: keep the text of every value, for the quarantine.
    """

    plan: Plan
    keep_texts: bool
    misfits: dict[int, Mask] = field(default_factory=dict)
    texts: dict[int, Array] = field(default_factory=dict)

    def column(self, name: str, nanos: Array, seconds: Array) -> Array:
        """Combine a column's nanoseconds, which may have wrapped, and its seconds. Raises Unheld."""
        place = self.plan.column(name)
        if self.keep_texts and place is not None and family(nanos.type) in ("struct", "list"):
            values = to_json(_mapped(nanos, seconds, _text_of))
            found = (value if value is None else json.dumps(value, ensure_ascii=False, default=str) for value in values)
            self.texts[place.index] = pa.array(found, pa.string())
        return self._read(place, nanos, seconds)

    def _read(self, place: Place | None, nanos: Array, seconds: Array) -> Array:
        if family(nanos.type) == "struct":
            return _struct(nanos, seconds, lambda member, *inner: self._read(_member(self.plan, place, member), *inner))
        if not _is_int96(nanos.type):
            return _mapped(nanos, seconds, _narrow)
        if place is None:
            return _text_of(nanos, seconds)
        unit = _unit(place, nanos.type)
        if unit is None:
            self.texts[place.index] = _text_of(nanos, seconds)
            return nanos
        values, misfits = _in_unit(nanos, seconds, unit)
        if misfits is not None:
            self.misfits[place.index] = misfits
        if misfits is not None or self.keep_texts:
            self.texts[place.index] = _text_of(nanos, seconds)
        return values


def refuse_wrapped(nanos: pa.RecordBatch, seconds: pa.RecordBatch) -> None:
    """Raise Unheld where nanoseconds have wrapped, for batches whose columns can't be replaced."""
    for name in seconds.schema.names:
        _mapped(nanos.column(name), seconds.column(name), _not_wrapped)


def _not_wrapped(nanos: Array, seconds: Array) -> Array:
    misfits = _in_unit(nanos, seconds, "ns")[1]
    if misfits is not None:
        unheld = int(np.flatnonzero(misfits)[0])
        raise Unheld(f"{_text_of(nanos.slice(unheld, 1), seconds.slice(unheld, 1))[0]} is beyond int64 nanoseconds")
    return nanos


def _mapped(nanos: Array, seconds: Array, read: ColumnRead) -> Array:
    """Apply `read` to the timestamps in a pair of arrays, at any depth."""
    match family(nanos.type):
        case "struct":
            return _struct(nanos, seconds, lambda _, inner, other: _mapped(inner, other, read))
        case "list":
            items = _mapped(pc.list_flatten(nanos), pc.list_flatten(seconds), read)
            lengths = pc.list_value_length(nanos).fill_null(0).to_numpy(zero_copy_only=False)
            # list_flatten leaves out items under null lists, so the offsets are computed anew.
            offsets = pa.array(np.append(0, np.cumsum(lengths)), pa.int64())
            return pa.LargeListArray.from_arrays(offsets, items, mask=nanos.is_null())
    return read(nanos, seconds) if _is_int96(nanos.type) else nanos


def _struct(nanos: Array, seconds: Array, read: Callable[[Field, Array, Array], Array]) -> Array:
    members = [read(*each) for each in zip(nanos.type, nanos.flatten(), seconds.flatten(), strict=True)]
    fields = [each.with_type(member.type) for each, member in zip(nanos.type, members, strict=True)]
    return pa.StructArray.from_arrays(members, fields=fields, mask=nanos.is_null())


def _parts(nanos: Array, seconds: Array) -> tuple[Int64Array, Int64Array]:
    """Return whole seconds and the nanoseconds beyond them, for each value; 0 for null."""
    whole = seconds.view(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    wrapped = nanos.view(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    with np.errstate(over="ignore"):
        # Both sides wrap modulo 2^64, so their difference, below a second, is right.
        return whole, wrapped - whole * _NANOS


def _in_unit(nanos: Array, seconds: Array, unit: str) -> tuple[Array, Mask | None]:
    """Return the values in a unit and a mask of the misfits, which are null; the mask is None where all fit."""
    whole, rest = _parts(nanos, seconds)
    per = PER_SECOND[unit]
    step = _NANOS // per
    # One second less on either side, so that adding the fraction can't overflow int64.
    first, last = max(FIRST_SECOND, -(2**63) // per + 1), min(LAST_SECOND, (2**63 - 1) // per - 1)
    misfits = where_valid((whole < first) | (whole > last) | (rest % step != 0), nanos)
    with np.errstate(over="ignore"):
        # Misfits may overflow here; they become null below.
        stored = whole * per + rest // step
    unread = nanos.is_null() if misfits is None else pc.or_(nanos.is_null(), pa.array(misfits))
    return pa.array(stored, pa.int64(), mask=unread.to_numpy(zero_copy_only=False)).view(pa.timestamp(unit)), misfits


def _narrow(nanos: Array, seconds: Array) -> Array:
    """Return items of lists in nanoseconds if all fit, else in microseconds. Raises Unheld."""
    for unit in ("ns", "us"):
        values, misfits = _in_unit(nanos, seconds, unit)
        if misfits is None:
            return values
        unheld = int(np.flatnonzero(misfits)[0])
    text = _text_of(nanos.slice(unheld, 1), seconds.slice(unheld, 1))[0].as_py()
    raise Unheld(f"a list holds {text} among others: no type of Arrow holds all of its timestamps exactly")


def _text_of(nanos: Array, seconds: Array) -> Array:
    """Format the values as RFC 3339 date-times with nanoseconds."""
    whole, rest = _parts(nanos, seconds)
    there = nanos.is_valid().to_numpy(zero_copy_only=False)
    found = [
        _text(second, nano) if is_there else None
        for second, nano, is_there in zip(whole.tolist(), rest.tolist(), there.tolist(), strict=True)
    ]
    return pa.array(found, pa.string())


def _text(second: int, nano: int) -> str:
    day, clock = divmod(second, DAY)
    return f"{date_of(day)}T{clock // 3600:02}:{clock // 60 % 60:02}:{clock % 60:02}.{nano:09}Z"
