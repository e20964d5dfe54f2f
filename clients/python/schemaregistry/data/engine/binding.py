"""What a file's columns are to a plan: which place has which column, and how its type meets the contract's.

Found from the footer or header alone, before a value is read.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from schemaregistry.data.arrow.fitting import PLAIN, Fit, fit
from schemaregistry.data.arrow.types import DataType, Field, family, is_json, json_kind, value_type
from schemaregistry.data.engine.plan import ROW, Place, Plan


@dataclass(frozen=True, slots=True)
class Binding:
    """A file's schema read by a plan.

    `types` are the file's, of the values, by place; a place that the file lacks is in none of them. `refused` are
    places whose whole column is of another type: what is in them is not looked at. `extras` are members that the plan
    has no place for, by the place of their object.
    """

    types: dict[int, DataType] = field(default_factory=dict)
    fits: dict[int, Fit] = field(default_factory=dict)
    refused: dict[int, str] = field(default_factory=dict)
    extras: dict[int, tuple[str, ...]] = field(default_factory=dict)

    def undeclared(self, plan: Plan) -> list[str]:
        """Members that the plan has no place for: `name`, `object.name`, `list[].name`."""
        return [f"{plan.path(place)}{name}" for place, names in self.extras.items() for name in names]


def bind(plan: Plan, schema: pa.Schema, given: Sequence[Field] = ()) -> Binding:
    """Find the plan's places in a schema with distinct names, and in columns that it hasn't and that are `given`."""
    added = [field for field in given if schema.get_field_index(field.name) < 0]
    binding = Binding()
    _bind_members(plan, plan.places[ROW], [*schema, *added], binding)
    return binding


def refusal(plan: Plan, binding: Binding, place: int) -> tuple[str, str]:
    """The pointer and the rule by which a refused place is reported (`Fits` in contract.proto)."""
    refusing = plan.refusing(place, json_kind(binding.types[place]))
    return (refusing.pointer, refusing.rule) if refusing else (plan.fit_check(place).argument, "arrow")


def needed(plan: Plan, names: Sequence[str]) -> list[str]:
    """Those of a file's columns that the plan looks at; all of them where the row as a whole is evaluated."""
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
