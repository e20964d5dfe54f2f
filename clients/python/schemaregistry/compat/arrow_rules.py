"""Compare the columns of two versions and say which readers each difference breaks, by direction.

Changes of a column's type are judged in `arrow_types.py`. Some readers find a column by name (pyarrow, SQL, DuckDB and
this project's own), others by position (C++ code that calls `Table::column(i)`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from schemaregistry.compat.arrow_types import TypeChange, between
from schemaregistry.document.arrow_block import describe
from schemaregistry.document.model import ArrowField, ArrowType

ADDED_NULLABLE: Final = TypeChange("arrow_field_added", note="readers by name see nulls in old data and pass over it")
ADDED_REQUIRED: Final = TypeChange(
    "arrow_field_added", "a reader of the new version finds no such column in old data. Make it nullable"
)
REMOVED_NULLABLE: Final = TypeChange("arrow_field_removed", note="readers by name see nulls in its place")
REMOVED_REQUIRED: Final = TypeChange(
    "arrow_field_removed", forward="a reader of the old version misses the column. Keep it, and deprecate it"
)
_BY_NAME: Final = "a reader by name doesn't find it. Add a new field, fill both, and deprecate the old one"
RENAMED: Final = TypeChange("arrow_field_renamed", _BY_NAME, _BY_NAME)
_BY_POSITION: Final = "a C++ reader by position takes the wrong column. Keep the order, and append new fields"
REORDERED: Final = TypeChange("arrow_fields_reordered", _BY_POSITION, _BY_POSITION)
INSERTED: Final = TypeChange("arrow_field_inserted", _BY_POSITION, _BY_POSITION)
NULLS_ALLOWED: Final = TypeChange(
    "arrow_nullable_added", forward="nulls reach a reader of the old version that expects none. Add a new field"
)
NULLS_REFUSED: Final = TypeChange(
    "arrow_nullable_removed", "nulls in old data reach a reader that expects none. Leave it nullable"
)


@dataclass(frozen=True, slots=True)
class ColumnDifference:
    """One difference between two lists of columns, and the rule that judges it.

    `pointer` is the place in the document, `column` the dotted name of the column. `old` and `new` are texts for the
    message, None where the column is missing on that side.
    """

    rule: TypeChange
    pointer: str
    column: str
    old: str | None
    new: str | None


def compare(
    old: Sequence[ArrowField], new: Sequence[ArrowField], aliases: Mapping[str, Sequence[str]], *, ordered: bool = True
) -> tuple[ColumnDifference, ...]:
    """Return the differences of two lists of columns.

    `aliases` maps a column to its former names. `ordered` tells whether the order is stated in an arrow block and so
    counts. Pointers are into the new document, or into the old one for a removed column.
    """
    return tuple(_fields(old, new, aliases, _ColumnPlace("/arrow/fields", ""), ordered=ordered))


@dataclass(frozen=True, slots=True)
class _ColumnPlace:
    pointer: str
    column: str

    def at(self, index: int, name: str) -> "_ColumnPlace":
        return _ColumnPlace(f"{self.pointer}/{index}", f"{self.column}.{name}" if self.column else name)

    def inside(self, step: str) -> "_ColumnPlace":
        return _ColumnPlace(f"{self.pointer}/{step}", self.column)


def _fields(
    old: Sequence[ArrowField],
    new: Sequence[ArrowField],
    aliases: Mapping[str, Sequence[str]],
    place: _ColumnPlace,
    *,
    ordered: bool,
) -> Iterator[ColumnDifference]:
    before, after = {field.name: field for field in old}, {field.name: field for field in new}
    renamed = dict(_renamed(old, new, aliases))
    for index, field in enumerate(new):
        at = place.at(index, field.name)
        if field.name in renamed:
            yield ColumnDifference(RENAMED, f"{at.pointer}/name", at.column, renamed[field.name], field.name)
            yield from _field(before[renamed[field.name]], field, at, ordered=ordered)
        elif field.name in before:
            yield from _field(before[field.name], field, at, ordered=ordered)
        else:
            yield ColumnDifference(
                ADDED_NULLABLE if field.nullable else ADDED_REQUIRED, at.pointer, at.column, None, describe(field.type)
            )
    gone = [field for field in old if field.name not in after and field.name not in renamed.values()]
    for field in gone:
        at = place.at(old.index(field), field.name)
        rule = REMOVED_NULLABLE if field.nullable else REMOVED_REQUIRED
        yield ColumnDifference(rule, at.pointer, at.column, describe(field.type), None)
    if ordered:
        yield from _order(old, new, renamed, place)


def _renamed(
    old: Sequence[ArrowField], new: Sequence[ArrowField], aliases: Mapping[str, Sequence[str]]
) -> Iterator[tuple[str, str]]:
    """Yield (new name, old name) of renamed columns.

    A column was renamed where `x-aliases` says so, or where it replaced one of the same type at the same position.
    """
    before, after = {field.name for field in old}, {field.name for field in new}
    for index, field in enumerate(new):
        if field.name in before:
            continue
        former = next((name for name in aliases.get(field.name, ()) if name in before and name not in after), None)
        if former is None and len(old) == len(new) and old[index].name not in after and old[index].type == field.type:
            former = old[index].name
        if former is not None:
            yield field.name, former


def _order(
    old: Sequence[ArrowField], new: Sequence[ArrowField], renamed: Mapping[str, str], place: _ColumnPlace
) -> Iterator[ColumnDifference]:
    before, after = [field.name for field in old], [renamed.get(field.name, field.name) for field in new]
    kept_before, kept_after = [name for name in before if name in after], [name for name in after if name in before]
    # Readers by position need every old column at its old index: no other order, and nothing added or removed before.
    if kept_before != kept_after:
        yield ColumnDifference(REORDERED, place.pointer, place.column, ", ".join(before), ", ".join(after))
    elif after[: len(kept_after)] != kept_after:
        added = next(index for index, name in enumerate(after) if name not in before)
        at = place.at(added, new[added].name)
        yield ColumnDifference(INSERTED, at.pointer, at.column, None, new[added].name)
    elif before[: len(kept_before)] != kept_before:
        yield ColumnDifference(REORDERED, place.pointer, place.column, ", ".join(before), ", ".join(after))


def _field(old: ArrowField, new: ArrowField, place: _ColumnPlace, *, ordered: bool) -> Iterator[ColumnDifference]:
    if old.nullable != new.nullable:
        rule = NULLS_ALLOWED if new.nullable else NULLS_REFUSED
        yield ColumnDifference(rule, f"{place.pointer}/nullable", place.column, str(old.nullable), str(new.nullable))
    yield from _type(old.type, new.type, place.inside("type"), ordered=ordered)


def _type(old: ArrowType, new: ArrowType, place: _ColumnPlace, *, ordered: bool) -> Iterator[ColumnDifference]:
    if old == new:
        return
    if old.name == new.name == "list" and old.item and new.item:
        yield from _field(old.item, new.item, place.inside("item"), ordered=ordered)
    elif old.name == new.name == "struct":
        yield from _fields(old.fields, new.fields, {}, place.inside("fields"), ordered=ordered)
    else:
        yield ColumnDifference(between(old, new), place.pointer, place.column, describe(old), describe(new))
