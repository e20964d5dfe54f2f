"""The kinds of faults that a sample can have; a fault needs a column with a rule of its kind."""

import math
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
import pyarrow as pa

from schemaregistry.data.arrow.arrays import bounds, decoded
from schemaregistry.data.arrow.texts import as_text
from schemaregistry.data.arrow.types import JSON, Array, Table, family, pc
from schemaregistry.data.engine import kernels
from schemaregistry.data.engine.plan import ROW, Check, Plan
from schemaregistry.sampling.columns import ColumnMaker
from schemaregistry.sampling.unsampleable import refused

RowNumbers: TypeAlias = "np.ndarray[Any, Any]"
_LONGEST_LINE: Final = 1 << 20
"""How many bytes to look ahead for a line end."""
_INTO_A_LINE: Final = 2
"""Bytes left from there on: the line feed and one byte of the next line, so that this line has one field at most."""
_FINER: Final = {"s": "ms", "ms": "us", "us": "ns"}
"""The next finer unit of each time unit."""
_TEXT_FORMATS: Final = ("csv", "ndjson")
_TYPED: Final = ("parquet", "arrow")
_ALL: Final = (*_TEXT_FORMATS, *_TYPED)
_ODD_TEXTS: Final = ("X", "?", "", "x", "not a value", "€", "-1")
"""Texts to try as values that break a rule."""


@dataclass(frozen=True, slots=True)
class FaultKind:
    """One kind of fault.

    `fits` says whether a column can have it. `change` puts it into some rows of a table, or into all rows for the
    formats in `whole`. Without `change` it concerns the file: one that ends early.
    """

    says: str
    fits: Callable[[Plan, ColumnMaker], bool]
    change: "Callable[[Table, ColumnMaker, RowNumbers, str], Table] | None"
    whole: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SampleFault:
    """A fault in the column of `node`; None for a file that ends early."""

    name: str
    node: ColumnMaker | None

    @property
    def kind(self) -> FaultKind:
        """The kind of the fault."""
        return KINDS[self.name]

    def put(self, table: Table, rows: RowNumbers, form: str) -> Table:
        """Put the fault into some rows of a table, or into all of them."""
        change = self.kind.change
        return table if change is None or self.node is None else change(table, self.node, rows, form)


def possible(plan: Plan, nodes: Iterable[ColumnMaker]) -> dict[str, list[ColumnMaker]]:
    """Return the kinds of faults that a contract has a rule for, each with the columns that can have it."""
    columns = list(nodes)
    found = {name: [node for node in columns if kind.fits(plan, node)] for name, kind in KINDS.items()}
    return {name: fitting for name, fitting in found.items() if fitting}


def chosen(asked: str, plan: Plan, nodes: Iterable[ColumnMaker]) -> SampleFault:
    """Parse `KIND` or `KIND:COLUMN`; without a column it is the first one that can have the fault.

    Raises InvalidArgument (UNKNOWN_FAULT).
    """
    name, _, column = asked.partition(":")
    there = possible(plan, nodes)
    contract = plan.contract
    if name not in there:
        what = f"{contract.id} has no rule that it breaks" if name in KINDS else "there is no such kind"
        raise refused(f"--fault {name}: {what}; say {', '.join(there)}", "UNKNOWN_FAULT")
    node = next((each for each in there[name] if not column or each.place.name == column), None)
    if node is None:
        names = ", ".join(str(each.place.name) for each in there[name])
        raise refused(f"--fault {asked}: {column} has no such rule; {names} has", "UNKNOWN_FAULT")
    return SampleFault(name, None if KINDS[name].change is None else node)


def cut_off(path: Path, form: str) -> None:
    """Truncate a file to six tenths; a text file just after the first byte of a line."""
    size = path.stat().st_size * 6 // 10
    if form in _TEXT_FORMATS:
        with path.open("rb") as file:
            file.seek(size)
            size += file.readline(_LONGEST_LINE).find(b"\n") + _INTO_A_LINE
    os.truncate(path, size)


def _put(table: Table, node: ColumnMaker, column: Array) -> Table:
    name = str(node.place.name)
    return table.set_column(table.schema.get_field_index(name), name, column)


def _values(table: Table, node: ColumnMaker) -> Array:
    return decoded(table.column(str(node.place.name)).combine_chunks())


def _changed(array: Array, rows: RowNumbers, value: Any) -> Array:
    mask = np.zeros(len(array), bool)
    mask[rows] = True
    return pc.if_else(pa.array(mask), pa.scalar(value, array.type), array)


def _with(value: Callable[[ColumnMaker], Any]) -> Callable[[Table, ColumnMaker, RowNumbers, str], Table]:
    """Return a change that puts one value of the column's own type into the rows."""

    def change(table: Table, node: ColumnMaker, rows: RowNumbers, _form: str) -> Table:
        array = _values(table, node)
        if family(array.type) in ("timestamp", "date", "time") and isinstance(value(node), str):
            array = as_text(array)
        return _put(table, node, _changed(array, rows, value(node)))

    return change


def _null(table: Table, node: ColumnMaker, rows: RowNumbers, _form: str) -> Table:
    array = _values(table, node)
    keep = np.arange(len(array))
    mask = np.zeros(len(array), bool)
    mask[rows] = True
    return _put(table, node, array.take(pa.array(keep, mask=mask)))


def _is_required(_plan: Plan, node: ColumnMaker) -> bool:
    return any(check.kind == "present" for check in node.rules.checks)


def _refuses_null(plan: Plan, node: ColumnMaker) -> bool:
    return _is_required(plan, node) and (
        not node.place.null_is_value or any(check.refuses_null for check in node.rules.checks)
    )


def _breaks(node: ColumnMaker, kinds: tuple[str, ...], values: Iterable[Any]) -> Any:
    """Return the first value of the column's type that breaks a rule of these kinds; None: none does."""
    checks = [check for check in node.rules.checks if check.kind in kinds]
    for value in values if checks else ():
        try:
            array = pa.array([value], node.kind)
        except (pa.ArrowException, ValueError, OverflowError):
            continue
        # The kernel decides, so that the fault is one for a check too.
        if any(_fails(check, array, node) for check in checks):
            return value
    return None


def _fails(check: Check, array: Array, node: ColumnMaker) -> bool:
    mask = kernels.run(check.kind, check.argument, array, node.kind)
    return mask is not None and bool(mask.any())


def _out_of_range(node: ColumnMaker) -> Any:
    interval = node.rules.interval
    candidates: list[Any] = []
    for limit, sign in ((interval.low, -1), (interval.high, 1)):
        if limit is not None:
            beyond = limit + sign if limit.denominator == 1 else math.floor(limit) + (sign if sign > 0 else 0)
            # pyarrow builds each family from Python's own type for it.
            as_kind: Any = {"float": float, "decimal": Decimal}.get(family(node.kind), int)
            candidates.append(as_kind(int(beyond)))
    kinds = ("minimum", "exclusive_minimum", "maximum", "exclusive_maximum")
    return _breaks(node, kinds, candidates)


def _not_an_option(node: ColumnMaker) -> Any:
    if family(node.kind) == "text":
        return _breaks(node, ("values",), (*_ODD_TEXTS, "not an option"))
    if family(node.kind) == "int":
        low, high = bounds(node.kind)
        return _breaks(node, ("values",), (number for number in range(-1, 1_000) if low <= number <= high))
    return None


def _not_matching(node: ColumnMaker) -> Any:
    return _breaks(node, ("pattern",), (*_ODD_TEXTS, "x" * 300)) if family(node.kind) == "text" else None


def _wrong_length(node: ColumnMaker) -> Any:
    most = min(node.rules.arguments("max_length"), default=None)
    texts = ["", "x"] + ([] if most is None or most > 1 << 20 else ["x" * (most + 1)])
    return _breaks(node, ("min_length", "max_length"), texts) if family(node.kind) == "text" else None


def _not_of_format(node: ColumnMaker) -> Any:
    return _breaks(node, ("format",), _ODD_TEXTS[1:]) if family(node.kind) == "text" else None


def _overflow(table: Table, node: ColumnMaker, rows: RowNumbers, _form: str) -> Table:
    wider: Any = pa.int64() if node.kind != pa.uint32() else pa.uint64()
    return _put(table, node, _changed(_values(table, node).cast(wider), rows, bounds(node.kind)[1] + 1))


def _time(table: Table, node: ColumnMaker, rows: RowNumbers, form: str) -> Table:
    """In text formats put a date that doesn't exist; otherwise an instant between two of the contract's unit."""
    array = _values(table, node)
    if form in _TEXT_FORMATS:
        return _put(table, node, _changed(as_text(array), rows, "2026-02-30T09:30:00Z"))
    finer: Any = pa.timestamp(_FINER[node.kind.unit], node.kind.tz)
    instants = array.cast(finer).view(pa.int64())
    added = np.zeros(len(array), np.int64)
    added[rows] = 1
    return _put(table, node, pc.add(instants, pa.array(added)).view(finer))


def _has_finer_times(_plan: Plan, node: ColumnMaker) -> bool:
    return family(node.kind) == "timestamp" and node.kind.unit in _FINER


def _other_type(table: Table, node: ColumnMaker, rows: RowNumbers, form: str) -> Table:
    """Put words in the place of numbers: in some rows of a text format, else in the whole column."""
    texts = _values(table, node).cast(pa.string())
    if form == "ndjson":
        return _put(table, node, _changed(texts, rows, '"not a number"').cast(JSON))
    return _put(table, node, _changed(texts, rows, "not a number"))


def _is_number(_plan: Plan, node: ColumnMaker) -> bool:
    return family(node.kind) in ("int", "float", "decimal")


def _may_be_missing(plan: Plan, node: ColumnMaker) -> bool:
    """Whether a required column may be dropped: a file needs another one to have rows."""
    return _is_required(plan, node) and len(plan.columns) > 1


def _missing(table: Table, node: ColumnMaker, _rows: RowNumbers, _form: str) -> Table:
    return table.drop_columns([str(node.place.name)])


def _renamed(table: Table, node: ColumnMaker, _rows: RowNumbers, _form: str) -> Table:
    name = str(node.place.name)
    return table.rename_columns([f"{each}_" if each == name else each for each in table.column_names])


def _extra(table: Table, _node: ColumnMaker, _rows: RowNumbers, _form: str) -> Table:
    return table.append_column("not_in_the_contract", pa.array(np.zeros(table.num_rows, np.int64)))


def _is_closed(plan: Plan, node: ColumnMaker) -> bool:
    closed = any(check.kind == "closed" and check.place == ROW and not check.guards for check in plan.checks)
    return closed and node.place.index == 1


def _twice(table: Table, node: ColumnMaker, _rows: RowNumbers, _form: str) -> Table:
    return table.append_column(str(node.place.name), table.column(str(node.place.name)))


def _repeated(table: Table, node: ColumnMaker, rows: RowNumbers, _form: str) -> Table:
    """Repeat the first item of lists; an empty list gets an item of another row twice."""
    array = table.column(str(node.place.name)).combine_chunks()
    values = array.to_pylist()
    spare = next((value[0] for value in values if value), None)
    for row in rows:
        first = (values[row] or [spare])[0]
        values[row] = [first, first]
    return _put(table, node, pa.array(values, array.type))


def _is_unique(_plan: Plan, node: ColumnMaker) -> bool:
    return any(check.kind == "unique_items" for check in node.rules.checks)


def _has(find: Callable[[ColumnMaker], Any]) -> Callable[[Plan, ColumnMaker], bool]:
    return lambda _plan, node: find(node) is not None


KINDS: Final[dict[str, FaultKind]] = {
    "null": FaultKind("nulls where a value is required", _refuses_null, _null),
    "range": FaultKind("numbers beyond the limits", _has(_out_of_range), _with(_out_of_range)),
    "enum": FaultKind("values that aren't among those listed", _has(_not_an_option), _with(_not_an_option)),
    "pattern": FaultKind("texts that don't match", _has(_not_matching), _with(_not_matching)),
    "length": FaultKind("texts that are too long or too short", _has(_wrong_length), _with(_wrong_length)),
    "format": FaultKind("texts that aren't of the format", _has(_not_of_format), _with(_not_of_format)),
    "type": FaultKind(
        "words for numbers; in Parquet and Arrow a whole column of texts", _is_number, _other_type, whole=_TYPED
    ),
    "overflow": FaultKind(
        "integers that the type can't hold",
        lambda _plan, node: family(node.kind) == "int" and node.kind.bit_width < 64,
        _overflow,
    ),
    "nan": FaultKind("NaN", lambda _plan, node: family(node.kind) == "float", _with(lambda _: math.nan)),
    "time": FaultKind("times that the unit can't hold; in text a day that isn't one", _has_finer_times, _time),
    "repeated": FaultKind("lists with an item twice", _is_unique, _repeated),
    "missing": FaultKind("a required column that isn't there", _may_be_missing, _missing, whole=_ALL),
    "renamed": FaultKind("a required column under another name", _is_required, _renamed, whole=_ALL),
    "extra": FaultKind("a column that the contract lacks", _is_closed, _extra, whole=_ALL),
    "duplicate": FaultKind("a column that is there twice", _is_required, _twice, whole=_ALL),
    "truncated": FaultKind("a file that ends early", lambda _plan, node: node.place.index == 1, None),
}
"""The kinds of faults, by name."""
