"""Repair batches: rename columns by alias, cast values exactly, trim white space around texts.

No value is invented: one that can't be repaired stays as it is, and is evaluated so.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial
from math import isfinite
from typing import Final

import numpy as np
import pyarrow as pa

from schemaregistry.data.arrow import text_parsing
from schemaregistry.data.arrow.arrays import Mask, booleans, decoded, plain, valid
from schemaregistry.data.arrow.batch import Batch
from schemaregistry.data.arrow.fitting import fit, holds_decimal
from schemaregistry.data.arrow.types import Array, DataType, described, family, is_json, pc
from schemaregistry.data.arrow.values import to_json
from schemaregistry.data.clean.conventions import Conventions
from schemaregistry.data.clean.repairs import Done, ValueRepair
from schemaregistry.data.engine.batch_evaluation import evaluate_batch
from schemaregistry.data.engine.binding import Binding
from schemaregistry.data.engine.column_names import folded
from schemaregistry.data.engine.evaluation import RuleKey
from schemaregistry.data.engine.plan import Place, Plan
from schemaregistry.document import Json

WHITESPACE: Final = "".join(map(chr, (*range(9, 14), 0x20, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B)))) + "".join(
    map(chr, (0x2028, 0x2029, 0x202F, 0x205F, 0x3000))
)
"""Unicode's White_Space characters."""
AS_IT_IS: Final = Conventions()
"""No convention is stated."""
FROM_TEXT: Final = frozenset(("int", "float", "decimal", "bool", "date", "time", "timestamp"))
"""Families of types whose values are read from texts."""


def renamed(names: Sequence[str], columns: Sequence[str], aliases: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Map a file's column names to the contract's, where these are missing from the file.

    A missing column is matched if exactly one name is an alias of it, or equals it but for case and surrounding white
    space.
    """
    there, known = set(names), set(columns)
    alike: dict[str, list[str]] = {}
    for name in names:
        alike.setdefault(folded(name.strip(WHITESPACE)), []).append(name)
    found: dict[str, str] = {}
    for column in (column for column in columns if column not in there):
        # With two candidates it isn't certain which is meant, and a name of another column is no candidate.
        former = {*there.intersection(aliases.get(column, ())), *alike.get(folded(column), ())}
        if len(former) == 1 and not former & known:
            found[former.pop()] = column
    return found


def mend(
    plan: Plan, batch: Batch, names: Mapping[str, str], conventions: Conventions = AS_IT_IS
) -> tuple[Batch, list[ValueRepair]]:
    """Rename columns as `names` says, and convert values to their column's type where that is exact.

    Returns the batch and the repairs.
    """
    mending = _Mending(batch, conventions)
    columns: dict[str, Array] = {}
    for found, array in batch.columns.items():
        name = names.get(found, found)
        place = plan.column(name)
        columns[name] = array if place is None or place.kind is None else mending.mend(place, plain(array))
    every = np.ones(batch.rows, bool)
    renames = [ValueRepair(Done("rename", after, before, after), every) for before, after in names.items()]
    mended = replace(batch, columns=columns, misfits=mending.misfits, texts=mending.texts)
    return mended, [*renames, *mending.changes]


class _Mending:
    """Converts the columns of one batch to the contract's types; `_is_text`: the batch comes from a text format."""

    def __init__(self, batch: Batch, conventions: Conventions) -> None:
        self._conventions = conventions
        self.misfits = dict(batch.misfits)
        self.texts = dict(batch.texts)
        self.changes: list[ValueRepair] = []
        self._is_text = batch.line_of is not None

    def mend(self, place: Place, array: Array) -> Array:
        """Convert a column's values to its place's type; values that don't fit become misfits with their text."""
        if self._is_text and self._conventions.apply_to(place.kind):
            if place.index not in self.texts and family(array.type) == "text":
                self.texts[place.index] = as_string(array)
            if place.index in self.texts:
                return self._respelled(place)
        unread = self.misfits.get(place.index)
        if unread is not None:
            return self._trimmed(place, array, unread)
        if not fit(array.type, place.kind).refused:
            is_text = family(place.kind) == "text" or (is_json(place.kind) and family(array.type) == "text")
            # In a text format every value is text in the file, so its type is no repair.
            if not self._is_text and not is_text and described(array.type) != described(place.kind):
                self._note_cast(place, array, None)
            return array
        if family(array.type) == "text" and family(place.kind) in FROM_TEXT:
            return self._read(place, as_string(array))
        return self._converted(place, array)

    def _read(self, place: Place, texts: Array) -> Array:
        """Read texts as CSV fields are read."""
        values, unread = text_parsing.read(texts, place.kind)
        self.texts[place.index] = texts
        if unread is not None:
            values = self._trimmed(place, values, unread)
        if not self._is_text:
            self._note_cast(place, texts, values)
        return values

    def _respelled(self, place: Place) -> Array:
        """Read the fields of a text file by the stated conventions."""
        texts = as_string(self.texts[place.index])
        spelled = self._conventions.plain(trimmed(texts), place.kind)
        values, _ = text_parsing.read(spelled, place.kind)
        read = booleans(values.is_valid())
        unread = booleans(texts.is_valid()) & ~read
        self.misfits.pop(place.index, None)
        if unread.any():
            self.misfits[place.index] = unread
        done = Done("cast", place.column, self._conventions.name(place.kind), described(place.kind))
        changed = read & booleans(pc.not_equal(spelled, texts))
        self.changes.append(ValueRepair(done, changed, partial(_pair, texts, values)))
        return values

    def _trimmed(self, place: Place, values: Array, unread: Mask) -> Array:
        """Read the misfits again without surrounding white space."""
        texts = self.texts[place.index]
        # Only the texts that couldn't be read are trimmed; white space that doesn't matter stays.
        again, still = text_parsing.read(trimmed(texts.filter(pa.array(unread))), place.kind)
        read = unread.copy()
        read[unread] = booleans(again.is_valid())
        left = unread & ~read
        self.misfits.pop(place.index, None)
        if still is not None:
            self.misfits[place.index] = left
        values = pc.replace_with_mask(values, pa.array(read), again.drop_null())
        self.changes.append(ValueRepair(Done("trim", place.column), read, partial(_pair, texts, values)))
        return values

    def _converted(self, place: Place, array: Array) -> Array:
        """Convert values that the place's type holds exactly; without a conversion return the array itself."""
        convert = _EXACT.get((family(array.type), family(place.kind)))
        values = convert(array, place.kind) if convert else None
        if values is None:
            return array
        lost = valid(values)
        lost = None if lost is None else ~lost & booleans(array.is_valid())
        if lost is not None and lost.any():
            self.misfits[place.index] = lost
            self.texts[place.index] = pa.array([None if each is None else str(each) for each in to_json(array)])
        self._note_cast(place, array, values)
        return values

    def _note_cast(self, place: Place, before: Array, after: Array | None) -> None:
        """Record the cast of a whole column; with `after`, the values before and after are kept as examples."""
        done = Done("cast", place.column, described(before.type), described(place.kind))
        mask = booleans((before if after is None else after).is_valid())
        self.changes.append(ValueRepair(done, mask, None if after is None else partial(_pair, before, after)))


def trim(plan: Plan, binding: Binding, batch: Batch) -> tuple[Batch, list[ValueRepair]]:
    """Trim texts that conform only without surrounding white space; `binding` is of the batch's schema.

    Returns the batch and the repairs.
    """
    changes: list[ValueRepair] = []
    columns = dict(batch.columns)
    broken = {key: finding.rows for key, finding in evaluate_batch(plan, binding, batch).findings.items()}
    for name in (str(place.name) for place in plan.columns if family(place.kind) == "text"):
        fails = np.zeros(batch.rows, bool)
        for key, rows in broken.items():
            fails |= rows if key.column == name else False
        if not fails.any() or name not in columns or family(columns[name].type) != "text":
            continue
        texts = as_string(columns[name])
        shorter = trimmed(texts.filter(pa.array(fails)))
        part = batch.filter(fails)
        changed = booleans(pc.not_equal(shorter, as_string(part.columns[name])))
        # Rules on other columns may depend on this text, so whole rows are evaluated again.
        after = evaluate_batch(plan, binding, replace(part, columns={**part.columns, name: shorter}))
        before = {key: rows[fails] for key, rows in broken.items()}
        mends = np.zeros(batch.rows, bool)
        mends[fails] = changed & _mended(name, before, {key: found.rows for key, found in after.findings.items()})
        if mends.any():
            columns[name] = pc.replace_with_mask(texts, pa.array(mends), shorter.filter(pa.array(mends[fails])))
            changes.append(ValueRepair(Done("trim", name), mends, partial(_pair, texts, columns[name])))
    return replace(batch, columns=columns), changes


def _mended(name: str, before: Mapping[RuleKey, Mask], after: Mapping[RuleKey, Mask]) -> Mask:
    """Return the rows fixed in this column, without breaking another rule that they didn't break before."""
    mended = np.ones(len(next(iter(before.values()))), bool)
    for key, rows in after.items():
        mended &= ~rows if key.column == name or key not in before else ~rows | before[key]
    return mended


def as_string(array: Array) -> Array:
    """Convert texts of any layout to `utf8`."""
    array = plain(array)
    return decoded(array).cast(pa.string())


def trimmed(texts: Array) -> Array:
    """Remove white space around texts; texts that aren't UTF-8 stay as they are."""
    try:
        return pc.utf8_trim(texts, characters=WHITESPACE)
    except pa.ArrowInvalid:
        found = [_trimmed_bytes(value) for value in texts.cast(pa.binary()).to_pylist()]
        return pa.array(found, pa.binary()).view(pa.string())


def _trimmed_bytes(value: bytes | None) -> bytes | None:
    try:
        return value if value is None else value.decode().strip(WHITESPACE).encode()
    except UnicodeDecodeError:
        return value


def _pair(before: Array, after: Array, row: int) -> tuple[Json, Json]:
    return to_json(before.slice(row, 1))[0], to_json(after.slice(row, 1))[0]


def _same_instant(array: Array, wanted: DataType) -> Array | None:
    """Change the time zone only: an instant is the same in every zone, but a time without one is no instant."""
    # Without a zone nobody knows which instant a time is.
    if array.type.tz is None or wanted.tz is None:
        return None
    return array.view(pa.int64()).view(pa.timestamp(array.type.unit, wanted.tz))


def _exact_decimal(array: Array, wanted: DataType) -> Array:
    found = (None if value is None or not isfinite(value) else Decimal(value) for value in array.to_pylist())
    return pa.array([value if value is not None and holds_decimal(wanted, value) else None for value in found], wanted)


def _exact_float(array: Array, wanted: DataType) -> Array:
    kind = wanted.to_pandas_dtype()
    nearest = ((number, None if number is None else float(kind(number))) for number in array.to_pylist())
    return pa.array(
        [value if value is not None and Decimal(value) == number else None for number, value in nearest], wanted
    )


_EXACT: Final[Mapping[tuple[str, str], Callable[[Array, DataType], Array | None]]] = {
    ("timestamp", "timestamp"): _same_instant,
    ("float", "decimal"): _exact_decimal,
    ("decimal", "float"): _exact_float,
}
"""Conversions beyond those of `fitting.fit`; null where the value isn't exactly the same."""
