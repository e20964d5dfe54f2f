"""Read lines of NDJSON together with Arrow's parser, where it surely agrees with JSON.

Arrow's parser accepts NaN, several values on a line, null as a record and bytes that aren't UTF-8, and it can't tell a
null from an absent member. Lines where one of these could matter are left to `ndjson.py`, which parses them one by one.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.json as pj

from schemaregistry.data.arrow import text_parsing
from schemaregistry.data.arrow.arrays import Mask, is_utf8
from schemaregistry.data.arrow.batch import Batch
from schemaregistry.data.arrow.literals import has_tiny, may_be_unsaid
from schemaregistry.data.arrow.types import Array, DataType, Table, family, is_json
from schemaregistry.data.engine.kernels import NATURAL
from schemaregistry.data.engine.plan import ROW, Check, Place, Plan
from schemaregistry.data.readers.csv import one_chunk
from schemaregistry.data.readers.lines import Block
from schemaregistry.data.report.unreadable import READ_ERRORS

_OBJECT: Final = ord("{")
_AS_TEXT: Final = ("text", "date", "time", "timestamp", "binary")
"""Types whose values Arrow's parser reads as text; all but text itself are then converted by `text_parsing.py`."""
_BY_PRESENCE: Final = ("present", "never", "any_of", "one_of", "not", "residual")
"""Kinds of check that tell a null from an absent member, where null is a value."""
_ABOUT_TEXT: Final = ("values", "min_length", "max_length", "pattern", "format", "residual")
"""Kinds of check that look at the text of a date, time or binary, which a batch doesn't keep."""

read_json: Any = pj.read_json
"""Untyped: pyarrow's stubs don't accept Arrow's own byte readers."""


@dataclass(frozen=True)
class RecordLayout:
    """How a plan's records are read together; `schema` is the explicit schema for Arrow's parser."""

    plan: Plan
    schema: pa.Schema
    sensitive: frozenset[int]
    """Places where it matters whether a member is null or absent."""
    closed: bool
    """Whether members without a place in the plan are read too."""

    @classmethod
    def of(cls, plan: Plan, *, every_member: bool = False) -> "RecordLayout | None":
        """Return the layout of a plan; None where its records have to be parsed one by one.

        `every_member`: members without a place in the plan are read too, so that a report can name them.
        """
        every = list(plan.every_check())
        if any(place.kind is None or is_json(place.kind) for place in plan.places[1:]) or any(
            _needs_records(plan, check) for check in every
        ):
            return None
        kinds: list[Any] = [(place.name, _kind(plan, place)) for place in plan.columns]
        if any(_holds_decimal(kind) for _, kind in kinds):
            return None
        return cls(
            plan,
            pa.schema(kinds),
            frozenset(check.place for check in every if _is_sensitive(plan, check)),
            every_member or any(check.kind == "closed" for check in every),
        )

    def read(self, block: Block, first: int, end: int) -> Batch | None:
        """Parse the records from `first` up to but without `end`; None where they have to be parsed one by one."""
        part = block.part(first, end)
        starts = np.frombuffer(block.data, np.uint8)[block.starts[first:end]]
        # Arrow's parser would accept another value for a record, and other bytes for UTF-8.
        if not (starts == _OBJECT).all() or not is_utf8(part):
            return None
        # Ignored members aren't converted, so the parser's NaN and Inf in them wouldn't show.
        if not self.closed and (b"NaN" in part or b"Inf" in part):
            return None
        table = self._parsed(part)
        if table is None or table.num_rows != end - first or not self._is_complete(table):
            return None
        reading = _Reading(self.plan, part)
        columns = {
            name: reading.read(self.plan.column(name), one_chunk(table.column(name))) for name in table.schema.names
        }
        if reading.is_unsure(self.sensitive):
            return None
        return Batch(
            columns, end - first, reading.misfits, reading.texts, lambda row: block.line_of(first + row), is_utf8=True
        )

    def _parsed(self, part: bytes) -> Table | None:
        try:
            return read_json(
                pa.BufferReader(part),
                pj.ReadOptions(use_threads=False, block_size=len(part) + 1),
                pj.ParseOptions(
                    explicit_schema=self.schema, unexpected_field_behavior="infer" if self.closed else "ignore"
                ),
            )
        except READ_ERRORS:
            return None

    def _is_complete(self, table: Table) -> bool:
        """Whether every record has each member that the plan doesn't know, and nested objects have no such members."""
        known = len(self.schema)
        extras = all(column.null_count == 0 for column in table.columns[known:])
        return extras and table.schema.types[:known] == self.schema.types


class _Reading:
    """Converts the columns of one parsed table to the contract's types."""

    def __init__(self, plan: Plan, text: bytes) -> None:
        self._plan = plan
        self._written = text
        self.misfits: dict[int, Mask] = {}
        self.texts: dict[int, Array] = {}
        self._nulls: set[int] = set()
        self._may_be_unsaid = False

    @cached_property
    def _has_tiny(self) -> bool:
        return has_tiny(self._written)

    def is_unsure(self, sensitive: frozenset[int]) -> bool:
        """Whether a null stands where null and absent differ, or a number may not be the one that the text writes."""
        return self._may_be_unsaid or bool(self._nulls & sensitive)

    def read(self, place: Place | None, array: Array) -> Array:
        """Convert an array to the type of its place; without a place it stays as it is."""
        kind = family(array.type)
        if kind == "float":
            self._may_be_unsaid |= may_be_unsaid(array, lambda: self._has_tiny)
        if place is None or place.kind is None:
            return array
        if array.null_count:
            self._nulls.add(place.index)
        if kind == "struct":
            return self._struct(place, array)
        if kind == "list":
            return self._list(place, array)
        return self._text(place, array) if family(place.kind) in _AS_TEXT[1:] else array

    def _text(self, place: Place, array: Array) -> Array:
        self.texts[place.index] = array
        values, unread = text_parsing.read(array, place.kind)
        if unread is not None:
            self.misfits[place.index] = unread
        return values

    def _struct(self, place: Place, array: Array) -> Array:
        children = self._plan.children[place.index]
        read = [self.read(child, inner) for child, inner in zip(children, array.flatten(), strict=True)]
        fields = [pa.field(str(child.name), inner.type) for child, inner in zip(children, read, strict=True)]
        if not fields:
            return array
        # Without fields from_arrays couldn't tell the length.
        return pa.StructArray.from_arrays(read, fields=fields, mask=array.is_null() if array.null_count else None)

    def _list(self, place: Place, array: Array) -> Array:
        items = self.read(self._plan.children[place.index][0], array.values)
        if items is array.values:
            return array
        return pa.ListArray.from_arrays(array.offsets, items, mask=array.is_null() if array.null_count else None)


def _kind(plan: Plan, place: Place) -> DataType:
    """Return the type that Arrow's parser reads a place as: text for dates, times and binary."""
    kind = family(place.kind)
    if kind in _AS_TEXT:
        return pa.string()
    if kind == "list":
        return pa.list_(_kind(plan, plan.children[place.index][0]))
    if kind == "struct":
        return pa.struct([(str(child.name), _kind(plan, child)) for child in plan.children[place.index]])
    return place.kind


def _holds_decimal(kind: DataType) -> bool:
    """Whether a type contains a decimal, for which Arrow's parser would accept a string too."""
    match family(kind):
        case "list":
            return _holds_decimal(kind.value_type)
        case "struct":
            return any(_holds_decimal(field.type) for field in kind)
    return family(kind) == "decimal"


def _needs_records(plan: Plan, check: Check) -> bool:
    place = plan.places[check.place]
    kind = "struct" if check.place == ROW else family(place.kind)
    if check.kind == "closed":
        return any(child.name not in check.argument for child in plan.children[check.place])
    if check.kind == "residual" and kind in ("struct", "list"):
        return True
    if check.kind == "unique_items":
        return family(plan.children[check.place][0].kind) in _AS_TEXT[1:]
    about_text = check.kind in _ABOUT_TEXT and not (check.kind == "format" and check.argument == NATURAL.get(kind))
    return about_text and kind in _AS_TEXT[1:]


def _is_sensitive(plan: Plan, check: Check) -> bool:
    place = plan.places[check.place]
    return place.null_is_value and not place.is_item and (check.kind in _BY_PRESENCE or check.refuses_null)
