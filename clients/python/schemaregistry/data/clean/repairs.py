"""Repairs, as frozen values and as JSON, and their sums over a run."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal, NamedTuple, TypeAlias

import numpy as np

from schemaregistry.data.arrow.arrays import Mask
from schemaregistry.data.arrow.values import shown
from schemaregistry.data.report.facts import MAX_EXAMPLES
from schemaregistry.data.report.redaction import REDACTED
from schemaregistry.document import Json

RepairKind: TypeAlias = Literal["rename", "order", "cast", "trim"]

_ORDER: Final[tuple[RepairKind, ...]] = ("rename", "order", "cast", "trim")


class Done(NamedTuple):
    """What a repair does to a column: `before` and `after` are names, orders of columns, or types.

    `column` is None for a repair of the columns' order.
    """

    kind: RepairKind
    column: str | None
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class ValueRepair:
    """A repair of some rows of a batch: `mask` marks them, `value_pair` returns a row's value before and after.

    `value_pair` is None where the values stay the same.
    """

    done: Done
    mask: Mask
    value_pair: Callable[[int], tuple[Json, Json]] | None = None


@dataclass(frozen=True, slots=True)
class Instance:
    """One repaired value; `row` counts from 0 in the file, `line` from 1 in text formats."""

    file: str
    row: int
    line: int | None
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Repair:
    """One kind of repair of a column (see `Done`): in how many loaded rows, with the first ones as examples."""

    kind: RepairKind
    column: str | None
    before: str
    after: str
    count: int
    examples: tuple[Instance, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the repair as JSON values, in the order of the fields."""
        return asdict(self)

    def redacted(self) -> "Repair":
        """Return the repair without values of the data."""
        hidden = (Instance(each.file, each.row, each.line, REDACTED, REDACTED) for each in self.examples)
        return Repair(self.kind, self.column, self.before, self.after, self.count, tuple(hidden))


@dataclass(slots=True)
class Repairs:
    """The sums of one run."""

    _found: dict[Done, tuple[int, list[Instance]]] = field(default_factory=dict)

    def add(self, change: ValueRepair, loaded: Mask, place: Callable[[int], tuple[str, int, int | None]]) -> None:
        """Count a repair in the rows of a batch that `loaded` marks; `place` returns a row's file, number and line."""
        rows = np.flatnonzero(change.mask & loaded)
        if not len(rows):
            return
        count, examples = self._found.get(change.done, (0, []))
        wanted = MAX_EXAMPLES - len(examples)
        # Without values (a rename) there is nothing to show but the count.
        for row in rows[:wanted].tolist() if change.value_pair else ():
            before, after = change.value_pair(row)  # type: ignore[misc]
            examples.append(Instance(*place(row), shown(before), shown(after)))
        self._found[change.done] = (count + len(rows), examples)

    def all(self) -> tuple[Repair, ...]:
        """Return the repairs, sorted by kind and then in the order in which they occurred."""
        return tuple(
            Repair(*done, count, tuple(examples))
            for done, (count, examples) in sorted(self._found.items(), key=lambda item: _ORDER.index(item[0].kind))
        )
