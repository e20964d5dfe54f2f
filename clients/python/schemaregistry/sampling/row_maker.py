"""Make rows that meet a contract, table by table: draw values, evaluate them, and redraw where a rule is broken."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from schemaregistry.data.arrow.arrays import Mask
from schemaregistry.data.arrow.batch import Batch
from schemaregistry.data.arrow.types import Array
from schemaregistry.data.engine.batch_view import BatchView
from schemaregistry.data.engine.binding import Binding, bind
from schemaregistry.data.engine.check_evaluation import CheckEvaluator
from schemaregistry.data.engine.plan import ROW, Check, Plan
from schemaregistry.sampling.columns import ColumnMaker, column_makers, drawn
from schemaregistry.sampling.number_values import Random
from schemaregistry.sampling.unsampleable import unmet

CHUNK: Final = 1 << 18
"""Rows made at a time."""
_PROBE: Final = 1_000
"""Rows made first, to fail early where a contract can't be met."""
_ROUNDS: Final = 100
"""Times that rows are redrawn before giving up."""
_WIDER: Final = 3
"""In every third round the columns of a broken rule's conditions are redrawn too."""


@dataclass(frozen=True, slots=True)
class RowMaker:
    """Makes rows for a contract; the same seed gives the same rows."""

    plan: Plan
    makers: tuple[ColumnMaker, ...]
    binding: Binding
    seed: int

    @classmethod
    def of(cls, plan: Plan, seed: int) -> "RowMaker":
        """Prepare a plan. Raises Unimplemented (NO_SAMPLE) where a column has no possible values."""
        found = column_makers(plan, seed)
        schema = pa.schema([(str(maker.place.name), maker.kind) for maker in found])
        return cls(plan, tuple(found), bind(plan, schema), seed)

    def tables(self, rows: int) -> Iterator[Mapping[str, Array]]:
        """Yield the columns of `rows` rows, `CHUNK` rows at a time.

        Raises Unimplemented (NO_SAMPLE) where rows break a rule however often they are redrawn.
        """
        if rows > _PROBE:
            self._chunk(0, _PROBE)
        for first in range(0, max(rows, 1), CHUNK):
            yield self._chunk(first, min(CHUNK, rows - first))

    def _chunk(self, first: int, count: int) -> Mapping[str, Array]:
        numbers = np.arange(first, first + count)
        # A generator for each column, so that redrawing one doesn't change the others.
        randoms = np.random.default_rng([self.seed, first]).spawn(len(self.makers))
        columns = {
            str(maker.place.name): drawn(maker, count, random, numbers)
            for maker, random in zip(self.makers, randoms, strict=True)
        }
        left, rows = columns, np.arange(count)
        for turn in range(_ROUNDS):
            broken = self._broken(left, len(rows), wider=turn % _WIDER == _WIDER - 1)
            failing = np.logical_or.reduce(list(broken.values())) if broken else np.zeros(len(rows), bool)
            if not failing.any():
                return columns
            # Only rows that fail are evaluated again.
            rows = rows[failing]
            left = self._again(columns, rows, {name: mask[failing] for name, mask in broken.items()}, first, randoms)
            columns = {name: _replaced(columns[name], rows, left[name]) for name in columns}
        raise unmet(self._pointers(left, len(rows)))

    def _broken(self, columns: Mapping[str, Array], count: int, *, wider: bool) -> dict[str, Mask]:
        """Return the columns to redraw, each with a mask of the rows."""
        view = BatchView(self.plan, self.binding, Batch(columns, count))
        checks = CheckEvaluator(view)
        found: dict[str, Mask] = {}
        for check in self.plan.checks:
            failing = checks.failing(check)
            if failing is not None:
                mask = view.rows(check.place, failing)
                for name in self._columns(check, wider=wider):
                    found[name] = found[name] | mask if name in found else mask
        return found

    def _columns(self, check: Check, *, wider: bool) -> set[str]:
        """Return the columns that a check concerns; all of them where it concerns the row."""
        places = {check.place}
        if wider:
            conditions = [guard.condition for guard in check.guards]
            if check.kind in ("any_of", "one_of", "not"):
                conditions += check.argument
            for condition in conditions:
                places |= {each.place for each in self.plan.conditions[condition].checks}
        if ROW in places:
            return {str(maker.place.name) for maker in self.makers}
        return {str(self.plan.places[place].column) for place in places} & {str(n.place.name) for n in self.makers}

    def _again(
        self,
        columns: Mapping[str, Array],
        rows: np.ndarray,
        broken: Mapping[str, Mask],
        first: int,
        randoms: list[Random],
    ) -> dict[str, Array]:
        """Return some rows with values redrawn in the columns whose rules they break."""
        found: dict[str, Array] = {}
        for maker, random in zip(self.makers, randoms, strict=True):
            name = str(maker.place.name)
            found[name] = columns[name].take(pa.array(rows))
            if name in broken:
                marked = np.flatnonzero(broken[name])
                anew = drawn(maker, len(marked), random, first + rows[marked], hinted=True)
                found[name] = _replaced(found[name], marked, anew)
        return found

    def _pointers(self, columns: Mapping[str, Array], count: int) -> list[str]:
        checks = CheckEvaluator(BatchView(self.plan, self.binding, Batch(columns, count)))
        return [check.pointer for check in self.plan.checks if checks.failing(check) is not None]


def _replaced(array: Array, rows: np.ndarray, values: Array) -> Array:
    """Return an array with other values at some positions."""
    indices = np.arange(len(array))
    indices[rows] = len(array) + np.arange(len(rows))
    return pa.concat_arrays([array, values.cast(array.type)]).take(pa.array(indices))
