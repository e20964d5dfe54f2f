"""Rows that meet a contract, a table at a time: values are drawn, judged, and drawn again where a rule is broken."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from schemaregistry.data.arrow.arrays import Mask
from schemaregistry.data.arrow.batch import Batch
from schemaregistry.data.arrow.types import Array
from schemaregistry.data.engine.batch_view import Frame
from schemaregistry.data.engine.binding import Binding, bind
from schemaregistry.data.engine.check_evaluation import CheckEvaluator
from schemaregistry.data.engine.plan import ROW, Check, Plan
from schemaregistry.sampling.columns import ColumnMaker, drawn, nodes
from schemaregistry.sampling.number_values import Random
from schemaregistry.sampling.unsampleable import unmet

CHUNK: Final = 1 << 18
"""Rows that are made at a time."""
_PROBE: Final = 1_000
"""Rows that are made first: where these can't be, no others are tried."""
_ROUNDS: Final = 100
_WIDER: Final = 3
"""Every so many rounds what a broken rule hangs on is drawn again too, not only what it is about."""


@dataclass(frozen=True, slots=True)
class Sampler:
    """A contract ready to be sampled."""

    plan: Plan
    nodes: tuple[ColumnMaker, ...]
    binding: Binding
    seed: int

    @classmethod
    def of(cls, plan: Plan, seed: int) -> "Sampler":
        """Raises Unimplemented (NO_SAMPLE) where a column has no values."""
        found = nodes(plan, seed)
        schema = pa.schema([(str(node.place.name), node.kind) for node in found])
        return cls(plan, tuple(found), bind(plan, schema), seed)

    def tables(self, rows: int) -> Iterator[Mapping[str, Array]]:
        """The columns of so many rows, some at a time; the same for the same seed.

        Raises Unimplemented (NO_SAMPLE) where rows break a rule however often they are drawn.
        """
        if rows > _PROBE:
            self._chunk(0, _PROBE)
        for first in range(0, max(rows, 1), CHUNK):
            yield self._chunk(first, min(CHUNK, rows - first))

    def _chunk(self, first: int, count: int) -> Mapping[str, Array]:
        numbers = np.arange(first, first + count)
        randoms = np.random.default_rng([self.seed, first]).spawn(len(self.nodes))
        columns = {
            str(node.place.name): drawn(node, count, random, numbers)
            for node, random in zip(self.nodes, randoms, strict=True)
        }
        left, rows = columns, np.arange(count)
        for turn in range(_ROUNDS):
            broken = self._broken(left, len(rows), wider=turn % _WIDER == _WIDER - 1)
            failing = np.logical_or.reduce(list(broken.values())) if broken else np.zeros(len(rows), bool)
            if not failing.any():
                return columns
            rows = rows[failing]
            left = self._again(columns, rows, {name: mask[failing] for name, mask in broken.items()}, first, randoms)
            columns = {name: _replaced(columns[name], rows, left[name]) for name in columns}
        raise unmet(self._pointers(left, len(rows)))

    def _broken(self, columns: Mapping[str, Array], count: int, *, wider: bool) -> dict[str, Mask]:
        """The columns to draw again, each with the rows."""
        frame = Frame(self.plan, self.binding, Batch(columns, count))
        checks = CheckEvaluator(frame)
        found: dict[str, Mask] = {}
        for check in self.plan.checks:
            failing = checks.failing(check)
            if failing is not None:
                mask = frame.rows(check.place, failing)
                for name in self._columns(check, wider=wider):
                    found[name] = found[name] | mask if name in found else mask
        return found

    def _columns(self, check: Check, *, wider: bool) -> set[str]:
        """The columns that a check is about; all of them where it is about the row."""
        places = {check.place}
        if wider:
            conditions = [guard.condition for guard in check.guards]
            if check.kind in ("any_of", "one_of", "not"):
                conditions += check.argument
            for condition in conditions:
                places |= {each.place for each in self.plan.conditions[condition].checks}
        if ROW in places:
            return {str(node.place.name) for node in self.nodes}
        return {str(self.plan.places[place].column) for place in places} & {str(n.place.name) for n in self.nodes}

    def _again(
        self,
        columns: Mapping[str, Array],
        rows: np.ndarray,
        broken: Mapping[str, Mask],
        first: int,
        randoms: list[Random],
    ) -> dict[str, Array]:
        """Some rows with those values drawn anew whose columns break a rule in them."""
        found: dict[str, Array] = {}
        for node, random in zip(self.nodes, randoms, strict=True):
            name = str(node.place.name)
            found[name] = columns[name].take(pa.array(rows))
            if name in broken:
                marked = np.flatnonzero(broken[name])
                anew = drawn(node, len(marked), random, first + rows[marked], hinted=True)
                found[name] = _replaced(found[name], marked, anew)
        return found

    def _pointers(self, columns: Mapping[str, Array], count: int) -> list[str]:
        checks = CheckEvaluator(Frame(self.plan, self.binding, Batch(columns, count)))
        return [check.pointer for check in self.plan.checks if checks.failing(check) is not None]


def _replaced(array: Array, rows: np.ndarray, values: Array) -> Array:
    """An array with other values at some places."""
    indices = np.arange(len(array))
    indices[rows] = len(array) + np.arange(len(rows))
    return pa.concat_arrays([array, values.cast(array.type)]).take(pa.array(indices))
