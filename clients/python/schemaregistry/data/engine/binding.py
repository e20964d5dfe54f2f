"""Bind a file's columns to a plan's places, and compare their types with the contract's.

A binding is made from the footer or header alone, before any value is read.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from schemaregistry.data.arrow.batch import is_unnamed
from schemaregistry.data.arrow.fitting import PLAIN, Fit, fit
from schemaregistry.data.arrow.types import DataType, Field, family, is_json, json_kind, value_type
from schemaregistry.data.engine.plan import ROW, Place, Plan


@dataclass(frozen=True, slots=True)
class Binding:
    """A file's schema as a plan addresses it, by place.

    `types` are the file's types at places that it has. `fits` say how they meet the contract's. `refused` are places
    whose column is of another type as a whole, with a description of it; their values aren't evaluated. `extras` are
    the members without a place, by the place of their object; `unnamed` are those of the row that have no name in the
    file.
    """

    types: dict[int, DataType] = field(default_factory=dict)
    fits: dict[int, Fit] = field(default_factory=dict)
    refused: dict[int, str] = field(default_factory=dict)
    extras: dict[int, tuple[str, ...]] = field(default_factory=dict)
    unnamed: frozenset[str] = frozenset()

    def undeclared(self, plan: Plan) -> list[str]:
        """Name the members without a place in the contract: `name`, `object.name`, `list[].name`.

        Columns without a name are counted instead.
        """
        found = [
            f"{plan.path(place)}{name}"
            for place, names in self.extras.items()
            for name in names
            if name not in self.unnamed
        ]
        count = len(self.unnamed)
        return (
            [*found, f"{count:,} columns without a name" if count > 1 else "a column without a name"]
            if count
            else found
        )


def bind(plan: Plan, schema: pa.Schema, partitions: Sequence[Field] = ()) -> Binding:
    """Bind a plan to a schema with distinct names.

    `partitions` are the columns from the file's path, which count where the file lacks a column of that name.
    """
    added = [field for field in partitions if schema.get_field_index(field.name) < 0]
    binding = Binding(unnamed=frozenset(field.name for field in schema if is_unnamed(field)))
    _bind_members(plan, plan.places[ROW], [*schema, *added], binding)
    return binding


def refusal(plan: Plan, binding: Binding, place: int) -> tuple[str, str]:
    """Return the pointer and rule under which a refused place is reported (`Fits` in contract.proto)."""
    refusing = plan.refusing(place, json_kind(binding.types[place]))
    return (refusing.pointer, refusing.rule) if refusing else (plan.fit_check(place).argument, "arrow")


def needed(plan: Plan, names: Sequence[str]) -> list[str]:
    """Return the columns of a file that must be read: the plan's, or all where a check concerns the row as a whole."""
    there, known = set(names), {place.name for place in plan.children[ROW]}
    found = [str(place.name) for place in plan.children[ROW] if place.name in there]
    return [*found, *(name for name in names if name not in known)] if plan.looks_at_extras else found


def _bind_members(plan: Plan, parent: Place, fields: list[Field], binding: Binding) -> None:
    found = {column.name: column for column in fields}
    places = {place.name: place for place in plan.children[parent.index]}
    binding.extras[parent.index] = tuple(name for name in found if name not in places)
    for name, place in places.items():
        if name in found:
            _bind(plan, place, found[name].type, binding)


def _bind(plan: Plan, place: Place, kind: DataType, binding: Binding) -> None:
    # Dictionaries and run-end encoding are layouts: the values decide.
    kind = value_type(kind)
    met = fit(kind, place.kind) if place.kind else PLAIN
    binding.types[place.index] = kind
    binding.fits[place.index] = met
    if met.refused:
        binding.refused[place.index] = met.refused
    elif is_json(place.kind):
        return
    elif family(kind) == "struct":
        _bind_members(plan, place, list(kind), binding)
    elif family(kind) == "list":
        for item in plan.children[place.index]:
            _bind(plan, item, kind.value_type, binding)
