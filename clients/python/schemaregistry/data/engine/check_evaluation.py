"""Evaluate single checks on a batch, with their guards and conditions."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import ClassVar, Final

import numpy as np

from schemaregistry.data.arrow.arrays import Indices, Mask, decoded, either, some, valid, without
from schemaregistry.data.arrow.repeated import repeating
from schemaregistry.data.arrow.types import Array, family, pc
from schemaregistry.data.arrow.values import to_json
from schemaregistry.data.engine import kernels
from schemaregistry.data.engine.batch_view import BatchView
from schemaregistry.data.engine.plan import ROW, Check
from schemaregistry.data.engine.validator import Refusal
from schemaregistry.document import Json


class CheckEvaluator:
    """Evaluates a plan's checks on the batch of one `BatchView`; each condition is evaluated once."""

    def __init__(self, view: BatchView) -> None:
        self.view = view
        self._holds: dict[int, Mask] = {}
        self.refusals: dict[tuple[int, int], list[tuple[int, Refusal]]] = {}
        """The errors of a residual at a place, by (residual, place): each with the index of its value."""

    def failing(self, check: Check) -> Mask | None:
        """Return which values at the check's place fail it, as far as its guards let it apply; None: none."""
        return self._guarded(check, self._failing(check))

    def _failing(self, check: Check, *, in_condition: bool = False) -> Mask | None:
        if check.kind == "present":
            return self._missing(check.place, in_condition=in_condition)
        return self._KINDS.get(check.kind, CheckEvaluator._leaf)(self, check)

    def _closed(self, check: Check) -> Mask | None:
        found = None
        for mask in self.view.extras(check).values():
            found = either(found, mask)
        return found

    def _leaf(self, check: Check) -> Mask | None:
        """Evaluate a check that looks at one value alone, by its kernel.

        At a place where null is a value (not an absent one), a null fails a check that forbids null.
        """
        place, values = self.view.plan.places[check.place], self.view.values(check.place)
        if check.place == ROW or values.array is None or place.index in self.view.binding.refused:
            return None
        mask = None
        if family(values.array.type) != "null":
            mask = kernels.run(check.kind, check.argument, values.array, place.kind or values.array.type)
        if place.null_is_value and check.refuses_null:
            nulls = valid(values.array)
            mask = either(mask, None if nulls is None else ~nulls)
        return without(self._and(mask, values.there), self.view.misfits(check.place))

    @staticmethod
    def _and(mask: Mask | None, there: Mask | None) -> Mask | None:
        return mask if mask is None or there is None else some(mask & there)

    def _missing(self, place: int, *, in_condition: bool) -> Mask | None:
        values, misfits = self.view.values(place), self.view.misfits(place)
        if values.array is None:
            missing: Mask | None = np.ones(values.count, bool)
        elif self.view.plan.places[place].null_is_value:
            missing = None
        else:
            there = valid(values.array)
            missing = None if there is None else ~there
        # contract.proto: `present` doesn't fail for a misfit, but within a condition a misfit counts as absent.
        missing = either(missing, misfits) if in_condition else without(missing, misfits)
        return some(self._and(missing, values.there))

    def _among(self, place: int, mask: Mask | None) -> Mask | None:
        """Return the values marked by `mask` that checks apply to. Without a mask, return all that checks apply to."""
        present = self.view.present(place)
        if present is None:
            return some(np.ones(self.view.values(place).count, bool) if mask is None else mask)
        return some(present if mask is None else present & mask)

    def _unchosen(self, check: Check) -> Mask | None:
        """Evaluate `any_of`, `one_of` and `not` by how many of their conditions hold."""
        count = np.sum([self.holds(condition) for condition in check.argument], axis=0)
        wrong = {"any_of": count == 0, "one_of": count != 1, "not": count > 0}[check.kind]
        return self._among(check.place, np.asarray(wrong))

    def _repeating(self, check: Check) -> Mask | None:
        """Evaluate `unique_items`; absent lists have no items, so they pass."""
        item = self.view.plan.children[check.place][0].index
        items, count = self.view.values(item), self.view.values(check.place).count
        if items.array is None or items.parents is None:
            return None
        return repeating(items.array, items.parents, count, self.view.misfits(item))

    def holds(self, index: int) -> Mask:
        """Return for which values at a condition's place it holds."""
        if index not in self._holds:
            condition = self.view.plan.conditions[index]
            holds = np.ones(self.view.values(condition.place).count, bool)
            for check in condition.checks:
                failing = self._guarded(check, self._failing(check, in_condition=True))
                if failing is not None:
                    holds &= ~self.view.lower(failing, check.place, condition.place)
            self._holds[index] = holds
        return self._holds[index]

    def _guarded(self, check: Check, mask: Mask | None) -> Mask | None:
        for guard in check.guards:
            if mask is None:
                return None
            # A condition may be at an outer place: it then holds for all values within.
            outer = self.view.plan.conditions[guard.condition].place
            holds = self.view.lift(self.holds(guard.condition), outer, check.place)
            mask = some(mask & (holds if guard.holds else ~holds))
        return mask

    def _residual(self, check: Check) -> Mask | None:
        values, present = self.view.values(check.place), self.view.present(check.place)
        if present is not None and not present.any():
            return None
        array = values.array
        if self.view.holds_texts(check.place):
            texts = self.view.json_texts(check.place)
            # The code after the last distinct text is that of nulls.
            found = self._refused(check.argument, [*texts.values, None], texts.codes, present)
        elif array is not None and family(array.type) in _SCALARS:
            found = self._refused_distinct(check.argument, array, present)
        else:
            # Objects and lists rarely repeat, so each is validated by itself.
            indices = range(values.count) if present is None else np.flatnonzero(present).tolist()
            judge, decoded = partial(self.view.plan.validator.residual, check.argument), self.view.json(check.place)
            found = [(index, refusal) for index in indices for refusal in judge(decoded[index])]
        self.refusals[check.argument, check.place] = found
        mask = np.zeros(values.count, bool)
        mask[[index for index, _ in found]] = True
        return some(mask)

    def _refused_distinct(self, residual: int, array: Array, present: Mask | None) -> list[tuple[int, Refusal]]:
        """Run a residual on each distinct value of an array once, null included."""
        encoded = pc.dictionary_encode(decoded(array), null_encoding="encode")
        codes = encoded.indices.to_numpy(zero_copy_only=False)
        return self._refused(residual, to_json(encoded.dictionary), codes, present)

    def _refused(
        self, residual: int, distinct: Sequence[Json], codes: Indices, present: Mask | None
    ) -> list[tuple[int, Refusal]]:
        """Run a residual on distinct values; `codes` gives the index of each of the array's values among them."""
        judged = [self.view.plan.validator.residual(residual, value) for value in distinct]
        mask = np.array([bool(refusals) for refusals in judged], bool)
        if not mask.any():
            return []
        failing = np.flatnonzero(mask[codes] if present is None else mask[codes] & present).tolist()
        return [(index, refusal) for index in failing for refusal in judged[codes[index]]]

    _KINDS: ClassVar[Mapping[str, Callable[["CheckEvaluator", Check], Mask | None]]] = {
        "fits": lambda self, check: self.view.misfits(check.place),
        "never": lambda self, check: self._among(check.place, None),
        "closed": _closed,
        "residual": _residual,
        "unique_items": _repeating,
        **dict.fromkeys(("any_of", "one_of", "not"), _unchosen),
    }
    """The kinds of check without a kernel."""


_SCALARS: Final = frozenset(("text", "int", "float", "bool", "decimal", "date", "time"))
"""Families of types whose distinct values Arrow can find."""
