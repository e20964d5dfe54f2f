"""A file's batches, judged one after another into a tally: how failures become violations of the report.

Which values fail is frame's; whole JSON records are records'.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeAlias

import numpy as np
import pyarrow as pa

from schemaregistry.data.arrays import Indices, Mask
from schemaregistry.data.binding import Binding, bind, refusal
from schemaregistry.data.facts import Example
from schemaregistry.data.frame import Batch, Frame
from schemaregistry.data.jsoncolumn import read_as_json
from schemaregistry.data.plan import ROW, Check, Plan
from schemaregistry.data.records import RecordJudge, Records
from schemaregistry.data.schemas import differing
from schemaregistry.data.tally import Key, Tally
from schemaregistry.data.types import Field, described, is_json
from schemaregistry.data.values import shown, to_json
from schemaregistry.document import Json

_MOST_PAIRS: Final = 5
"""Columns that differ from the contract's by case or spaces, and are named."""

Show: TypeAlias = Callable[[int], Json]
"""The value to show for an index of a value at the place that fails."""


@dataclass(frozen=True, slots=True)
class Hit:
    """Values at one place that break one rule."""

    key: Key
    expected: str
    place: int
    mask: Mask
    show: Show


class Judge:
    """The judge of one file, `path`.

    `by_proof`: rows that are sure to conform needn't be read. `given` are columns that stand in the path.
    """

    def __init__(
        self, plan: Plan, tally: Tally, path: str, *, by_proof: bool = False, given: Sequence[Field] = ()
    ) -> None:
        self.plan = plan
        self.tally = tally
        self.path = path
        self.by_proof = by_proof
        self.rows = 0
        self.binding = Binding()
        self._bound: pa.Schema | None = None
        self._records = RecordJudge(plan)
        self._given = given

    def bind(self, schema: pa.Schema) -> Binding:
        """Read a schema of the file; what is wrong with it is a violation, rows or no rows."""
        if self._bound is None or not schema.equals(self._bound):
            self._bound, self.binding = schema, bind(self.plan, schema, self._given)
            self._judge_names(schema.names)
            self._judge_renamed()
            for key, expected, actual in self._schema_faults(schema):
                self.tally.broken(key, expected, actual)
        return self.binding

    def judge(self, rows: Batch | Records) -> None:
        """Judge the next rows of the file, and count them."""
        if isinstance(rows, Batch):
            self._judge_batch(rows)
            self.rows += rows.rows
        else:
            self._judge_records(rows)
            self.rows += len(rows.values)

    def stored(self, records: Records) -> list[dict[str, Json]]:
        """Records that conform, as the contract's types hold them."""
        return self._records.stored(records)

    def undeclared(self, rows: Batch | Records) -> Iterable[str]:
        """Members that the contract has no place for: `name`, `object.name`, `list[].name`."""
        if isinstance(rows, Batch):
            extras = self.binding.extras.items()
            return [f"{self.plan.path(place)}{name}" for place, names in extras for name in names]
        return self._records.undeclared(rows)

    def _judge_records(self, records: Records) -> None:
        for index, record in enumerate(records.values):
            broken = self._records.broken(record)
            self.tally.rows_failing += bool(broken)
            for key, value in broken.items():
                if self.tally.wants(key):
                    example = Example(self.path, self.rows + index, records.lines[index], shown(value))
                    self.tally.add(key, self._records.expected(key), 1, [example])
                else:
                    self.tally.add(key, "", 1, [])

    def _judge_batch(self, batch: Batch) -> None:
        frame = Frame(self.plan, self.binding, batch)
        hits = self.hits(frame)
        if hits:
            masks = [self._record(frame, key, found) for key, found in hits.items()]
            self.tally.rows_failing += int(np.logical_or.reduce(masks).sum())

    def hits(self, frame: Frame) -> dict[Key, list[Hit]]:
        """What a batch of the file breaks: for each rule, the places where. Rows and examples aren't counted."""
        found: dict[Key, list[Hit]] = {}
        for check in self.plan.checks:
            mask = frame.failing(check)
            if mask is not None:
                for hit in self._hits(frame, check, mask):
                    found.setdefault(hit.key, []).append(hit)
        return found

    @property
    def names(self) -> list[str]:
        """The columns of the file, in its order."""
        return self._bound.names if self._bound else []

    def finish(self) -> None:
        """Note what was read as another type and fitted."""
        for place, met in self.binding.fits.items():
            if met.note:
                self.tally.note(f"{self.plan.places[place].column}: {met.note}", while_fitting=place)

    def _judge_names(self, names: list[str]) -> None:
        folded: dict[str, str] = {}
        for name in names:
            other = folded.setdefault(name.casefold(), name)
            if other != name:
                self.tally.note(f'the columns "{other}" and "{name}" differ in case only')

    def _judge_renamed(self) -> None:
        """One column that is missing and one that is extra may be the same under a new name."""
        missing = [place.name for place in self.plan.columns if place.index not in self.binding.types]
        extras = self.binding.extras[ROW]
        alike = differing(extras, [str(name) for name in missing])
        if alike:
            pairs = ", ".join(f'"{found}" is "{name}"' for found, name in list(alike.items())[:_MOST_PAIRS])
            more = f" and {len(alike) - _MOST_PAIRS:,} more" if len(alike) > _MOST_PAIRS else ""
            self.tally.note(f"{pairs}{more} but for case or spaces: rename the columns, or let `clean` do it")
            return
        if len(missing) == len(extras) == 1:
            self.tally.note(f"{missing[0]} is missing and {extras[0]} isn't in the contract: was it renamed?")

    def _schema_faults(self, schema: pa.Schema) -> Iterator[tuple[Key, str, str]]:
        for check in (check for check in self.plan.checks if not check.guards):
            place = self.plan.places[check.place]
            key = Key(place.column, check.pointer, check.rule)
            if check.kind == "present" and self._is_missing(check.place):
                yield key, check.expected, "no such column" if place.parent == ROW else f'no member "{place.name}"'
            elif check.kind == "fits" and check.place in self.binding.refused:
                key = Key(place.column, *refusal(self.plan, self.binding, check.place))
                yield key, check.expected, self.binding.refused[check.place]
            elif check.kind == "closed" and check.place == ROW:
                for name in self.binding.extras[ROW]:
                    key = Key(name, check.pointer, check.rule)
                    yield key, check.expected, f"{described(schema.field(name).type)} column"

    def _is_missing(self, place: int) -> bool:
        parent = self.plan.places[place].parent
        known = parent == ROW or (parent in self.binding.types and parent not in self.binding.refused)
        return (
            known
            and place not in self.binding.types
            and not pa.types.is_null(self.binding.types.get(parent, pa.int8()))
        )

    def _hits(self, frame: Frame, check: Check, mask: Mask) -> Iterator[Hit]:
        place = self.plan.places[check.place]
        key, show = Key(place.column, check.pointer, check.rule), partial(self._value, frame, check.place)
        match check.kind:
            case "residue":
                yield from self._residue_hits(frame, check, mask)
            case "closed" if check.place == ROW:
                for name, having in frame.extras(check).items():
                    if (mask & having).any():
                        cell = partial(self._cell, frame, name)
                        yield Hit(key._replace(column=name), check.expected, ROW, mask & having, cell)
            case "fits" if check.place in self.binding.refused:
                key = Key(place.column, *refusal(self.plan, self.binding, check.place))
                yield Hit(key, check.expected, check.place, mask, show)
            case "present":
                yield Hit(key, check.expected, check.place, mask, lambda _: None)
            case _:
                if check.kind == "fits":
                    self.tally.misfits.add(check.place)
                yield Hit(key, check.expected, check.place, mask, show)

    def _residue_hits(self, frame: Frame, check: Check, mask: Mask) -> Iterator[Hit]:
        """A hit for each rule within the residual; at the row, for each column that a refusal is about."""
        found: dict[Key, Mask] = {}
        for index, refused in frame.refusals[check.argument, check.place]:
            columns = refused.columns if check.place == ROW else (self.plan.places[check.place].column,)
            for column in columns if mask[index] else ():
                key = Key(column, refused.pointer, refused.rule)
                found.setdefault(key, np.zeros(len(mask), bool))[index] = True
        for key, marked in found.items():
            expected = self.plan.validator.stated(key.pointer)
            yield Hit(key, expected, check.place, marked, partial(self._value, frame, check.place))

    def _record(self, frame: Frame, key: Key, hits: list[Hit]) -> Mask:
        """Count one violation's rows in a batch, and take the first for examples. Returns the rows."""
        masks = [frame.rows(hit.place, hit.mask) for hit in hits]
        rows: Mask = np.logical_or.reduce(masks)
        first = np.flatnonzero(rows)[: self.tally.wants(key)].tolist()
        examples = []
        for row in first:
            hit = next(hit for hit, mask in zip(hits, masks, strict=True) if mask[row])
            value = hit.show(_first_within(frame.row_of(hit.place), hit.mask, row))
            line = frame.batch.line_of(row) if frame.batch.line_of else None
            examples.append(Example(self.path, self.rows + row, line, shown(value)))
        self.tally.add(key, hits[0].expected, int(rows.sum()), examples)
        return rows

    def _value(self, frame: Frame, place: int, index: int) -> Json:
        """The value at fault; in a text format, where it doesn't fit, its text."""
        if place == ROW:
            return {name: self._cell(frame, name, index) for name in frame.batch.columns}
        misfits = frame.misfits(place)
        unread = misfits is not None and misfits[index]
        array = frame.batch.texts[place] if unread and place in frame.batch.texts else frame.values(place).array
        if array is None:
            return None
        read = read_as_json if is_json(self.plan.places[place].kind) and not unread else to_json
        return read(array.slice(index, 1))[0]

    def _cell(self, frame: Frame, name: str, row: int) -> Json:
        place = self.plan.column(name)
        if place is not None and is_json(place.kind):
            return self._value(frame, place.index, row)
        columns = frame.batch.columns
        return to_json(columns[name].slice(row, 1))[0] if name in columns else None


def _first_within(row_of: Indices | None, mask: Mask, row: int) -> int:
    """The index of the first marked value within a row."""
    return row if row_of is None else int(np.flatnonzero(mask & (row_of == row))[0])
