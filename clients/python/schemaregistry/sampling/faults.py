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
from schemaregistry.sampling.unsampleable import bad_request

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
    """A fault in the column of `maker`; None for a file that ends early."""

    name: str
    maker: ColumnMaker | None

    @property
    def kind(self) -> FaultKind:
        """The kind of the fault."""
        return KINDS[self.name]

    def put(self, table: Table, rows: RowNumbers, form: str) -> Table:
        """Put the fault into some rows of a table, or into all of them."""
        change = self.kind.change
        return table if change is None or self.maker is None else change(table, self.maker, rows, form)


def possible(plan: Plan, makers: Iterable[ColumnMaker]) -> dict[str, list[ColumnMaker]]:
    """Return the kinds of faults that a contract has a rule for, each with the columns that can have it."""
    columns = list(makers)
    found = {name: [maker for maker in columns if kind.fits(plan, maker)] for name, kind in KINDS.items()}
    return {name: fitting for name, fitting in found.items() if fitting}


def chosen(asked: str, plan: Plan, makers: Iterable[ColumnMaker]) -> SampleFault:
    """Parse `KIND` or `KIND:COLUMN`; without a column it is the first one that can have the fault.

    Raises InvalidArgument (UNKNOWN_FAULT).
    """
    name, _, column = asked.partition(":")
    there = possible(plan, makers)
    contract = plan.contract
    if name not in there:
        what = f"{contract.id} has no rule that it breaks" if name in KINDS else "there is no such kind"
        raise bad_request(f"--fault {name}: {what}; say {', '.join(there)}", "UNKNOWN_FAULT")
    maker = next((each for each in there[name] if not column or each.place.name == column), None)
    if maker is None:
        names = ", ".join(str(each.place.name) for each in there[name])
        raise bad_request(f"--fault {asked}: {column} has no such rule; {names} has", "UNKNOWN_FAULT")
    return SampleFault(name, None if KINDS[name].change is None else maker)


def cut_off(path: Path, form: str) -> None:
    """Truncate a file to six tenths; a text file just after the first byte of a line."""
    size = path.stat().st_size * 6 // 10
    if form in _TEXT_FORMATS:
        with path.open("rb") as file:
            file.seek(size)
            size += file.readline(_LONGEST_LINE).find(b"\n") + _INTO_A_LINE
    os.truncate(path, size)


def _put(table: Table, maker: ColumnMaker, column: Array) -> Table:
    name = str(maker.place.name)
    return table.set_column(table.schema.get_field_index(name), name, column)


def _values(table: Table, maker: ColumnMaker) -> Array:
    return decoded(table.column(str(maker.place.name)).combine_chunks())


def _changed(array: Array, rows: RowNumbers, value: Any) -> Array:
    mask = np.zeros(len(array), bool)
    mask[rows] = True
    return pc.if_else(pa.array(mask), pa.scalar(value, array.type), array)


def _with(value: Callable[[ColumnMaker], Any]) -> Callable[[Table, ColumnMaker, RowNumbers, str], Table]:
    """Return a change that puts one value of the column's own type into the rows."""

    def change(table: Table, maker: ColumnMaker, rows: RowNumbers, _form: str) -> Table:
        array = _values(table, maker)
        if family(array.type) in ("timestamp", "date", "time") and isinstance(value(maker), str):
            array = as_text(array)
        return _put(table, maker, _changed(array, rows, value(maker)))

    return change


def _null(table: Table, maker: ColumnMaker, rows: RowNumbers, _form: str) -> Table:
    array = _values(table, maker)
    keep = np.arange(len(array))
    mask = np.zeros(len(array), bool)
    mask[rows] = True
    return _put(table, maker, array.take(pa.array(keep, mask=mask)))


def _is_required(_plan: Plan, maker: ColumnMaker) -> bool:
    return any(check.kind == "present" for check in maker.rules.checks)


def _refuses_null(plan: Plan, maker: ColumnMaker) -> bool:
    return _is_required(plan, maker) and (
        not maker.place.null_is_value or any(check.refuses_null for check in maker.rules.checks)
    )


def _breaks(maker: ColumnMaker, kinds: tuple[str, ...], values: Iterable[Any]) -> Any:
    """Return the first value of the column's type that breaks a rule of these kinds; None: none does."""
    checks = [check for check in maker.rules.checks if check.kind in kinds]
    for value in values if checks else ():
        try:
            array = pa.array([value], maker.kind)
        except (pa.ArrowException, ValueError, OverflowError):
            continue
        # The kernel decides, so that the fault is one for a check too.
        if any(_fails(check, array, maker) for check in checks):
            return value
    return None


def _fails(check: Check, array: Array, maker: ColumnMaker) -> bool:
    mask = kernels.run(check.kind, check.argument, array, maker.kind)
    return mask is not None and bool(mask.any())


def _out_of_range(maker: ColumnMaker) -> Any:
    interval = maker.rules.interval
    candidates: list[Any] = []
    for limit, sign in ((interval.low, -1), (interval.high, 1)):
        if limit is not None:
            beyond = limit + sign if limit.denominator == 1 else math.floor(limit) + (sign if sign > 0 else 0)
            # pyarrow builds each family from Python's own type for it.
            as_kind: Any = {"float": float, "decimal": Decimal}.get(family(maker.kind), int)
            candidates.append(as_kind(int(beyond)))
    kinds = ("minimum", "exclusive_minimum", "maximum", "exclusive_maximum")
    return _breaks(maker, kinds, candidates)


def _not_an_option(maker: ColumnMaker) -> Any:
    if family(maker.kind) == "text":
        return _breaks(maker, ("values",), (*_ODD_TEXTS, "not an option"))
    if family(maker.kind) == "int":
        low, high = bounds(maker.kind)
        return _breaks(maker, ("values",), (number for number in range(-1, 1_000) if low <= number <= high))
    return None


def _not_matching(maker: ColumnMaker) -> Any:
    return _breaks(maker, ("pattern",), (*_ODD_TEXTS, "x" * 300)) if family(maker.kind) == "text" else None


def _wrong_length(maker: ColumnMaker) -> Any:
    most = min(maker.rules.arguments("max_length"), default=None)
    texts = ["", "x"] + ([] if most is None or most > 1 << 20 else ["x" * (most + 1)])
    return _breaks(maker, ("min_length", "max_length"), texts) if family(maker.kind) == "text" else None


def _not_of_format(maker: ColumnMaker) -> Any:
    return _breaks(maker, ("format",), _ODD_TEXTS[1:]) if family(maker.kind) == "text" else None


def _overflow(table: Table, maker: ColumnMaker, rows: RowNumbers, _form: str) -> Table:
    wider: Any = pa.int64() if maker.kind != pa.uint32() else pa.uint64()
    return _put(table, maker, _changed(_values(table, maker).cast(wider), rows, bounds(maker.kind)[1] + 1))


def _time(table: Table, maker: ColumnMaker, rows: RowNumbers, form: str) -> Table:
    """In text formats put a date that doesn't exist; otherwise an instant between two of the contract's unit."""
    array = _values(table, maker)
    if form in _TEXT_FORMATS:
        return _put(table, maker, _changed(as_text(array), rows, "2026-02-30T09:30:00Z"))
    finer: Any = pa.timestamp(_FINER[maker.kind.unit], maker.kind.tz)
    instants = array.cast(finer).view(pa.int64())
    added = np.zeros(len(array), np.int64)
    added[rows] = 1
    return _put(table, maker, pc.add(instants, pa.array(added)).view(finer))


def _has_finer_times(_plan: Plan, maker: ColumnMaker) -> bool:
    return family(maker.kind) == "timestamp" and maker.kind.unit in _FINER


def _other_type(table: Table, maker: ColumnMaker, rows: RowNumbers, form: str) -> Table:
    """Put words in the place of numbers: in some rows of a text format, else in the whole column."""
    texts = _values(table, maker).cast(pa.string())
    if form == "ndjson":
        return _put(table, maker, _changed(texts, rows, '"not a number"').cast(JSON))
    return _put(table, maker, _changed(texts, rows, "not a number"))


def _is_number(_plan: Plan, maker: ColumnMaker) -> bool:
    return family(maker.kind) in ("int", "float", "decimal")


def _may_be_missing(plan: Plan, maker: ColumnMaker) -> bool:
    """Whether a required column may be dropped: a file needs another one to have rows."""
    return _is_required(plan, maker) and len(plan.columns) > 1


def _missing(table: Table, maker: ColumnMaker, _rows: RowNumbers, _form: str) -> Table:
    return table.drop_columns([str(maker.place.name)])


def _renamed(table: Table, maker: ColumnMaker, _rows: RowNumbers, _form: str) -> Table:
    name = str(maker.place.name)
    return table.rename_columns([f"{each}_" if each == name else each for each in table.column_names])


def _extra(table: Table, _node: ColumnMaker, _rows: RowNumbers, _form: str) -> Table:
    return table.append_column("not_in_the_contract", pa.array(np.zeros(table.num_rows, np.int64)))


def _is_closed(plan: Plan, maker: ColumnMaker) -> bool:
    closed = any(check.kind == "closed" and check.place == ROW and not check.guards for check in plan.checks)
    return closed and maker.place.index == 1


def _twice(table: Table, maker: ColumnMaker, _rows: RowNumbers, _form: str) -> Table:
    return table.append_column(str(maker.place.name), table.column(str(maker.place.name)))


def _repeated(table: Table, maker: ColumnMaker, rows: RowNumbers, _form: str) -> Table:
    """Repeat the first item of lists; an empty list gets an item of another row twice."""
    array = table.column(str(maker.place.name)).combine_chunks()
    values = array.to_pylist()
    spare = next((value[0] for value in values if value), None)
    for row in rows:
        first = (values[row] or [spare])[0]
        values[row] = [first, first]
    return _put(table, maker, pa.array(values, array.type))


def _is_unique(_plan: Plan, maker: ColumnMaker) -> bool:
    return any(check.kind == "unique_items" for check in maker.rules.checks)


def _has(find: Callable[[ColumnMaker], Any]) -> Callable[[Plan, ColumnMaker], bool]:
    return lambda _plan, maker: find(maker) is not None


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
        lambda _plan, maker: family(maker.kind) == "int" and maker.kind.bit_width < 64,
        _overflow,
    ),
    "nan": FaultKind("NaN", lambda _plan, maker: family(maker.kind) == "float", _with(lambda _: math.nan)),
    "time": FaultKind("times that the unit can't hold; in text a day that isn't one", _has_finer_times, _time),
    "repeated": FaultKind("lists with an item twice", _is_unique, _repeated),
    "missing": FaultKind("a required column that isn't there", _may_be_missing, _missing, whole=_ALL),
    "renamed": FaultKind("a required column under another name", _is_required, _renamed, whole=_ALL),
    "extra": FaultKind("a column that the contract lacks", _is_closed, _extra, whole=_ALL),
    "duplicate": FaultKind("a column that is there twice", _is_required, _twice, whole=_ALL),
    "truncated": FaultKind("a file that ends early", lambda _plan, maker: maker.place.index == 1, None),
}
"""The kinds of faults, by name."""
