"""Rules that a file's schema breaks whatever its rows, and notes on its columns."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import pyarrow as pa

from schemaregistry.data.arrow.types import described
from schemaregistry.data.engine.binding import Binding, refusal
from schemaregistry.data.engine.column_names import differing
from schemaregistry.data.engine.evaluation import RuleKey
from schemaregistry.data.engine.plan import ROW, Plan

_MOST_PAIRS: Final = 5
"""How many columns with names alike but for case or spaces a note lists."""


class SchemaFinding(NamedTuple):
    """A rule that a schema breaks; `actual` describes what was found instead of what is expected."""

    key: RuleKey
    expected: str
    actual: str


def schema_findings(plan: Plan, binding: Binding, schema: pa.Schema) -> Iterator[SchemaFinding]:
    """Yield columns and members that are missing, of another type, or forbidden."""
    for check in (check for check in plan.checks if not check.guards):
        place = plan.places[check.place]
        key = RuleKey(place.column, check.pointer, check.rule)
        if check.kind == "present" and _is_missing(plan, binding, check.place):
            actual = "no such column" if place.parent == ROW else f'no member "{place.name}"'
            yield SchemaFinding(key, check.expected, actual)
        elif check.kind == "fits" and check.place in binding.refused:
            key = RuleKey(place.column, *refusal(plan, binding, check.place))
            yield SchemaFinding(key, check.expected, binding.refused[check.place])
        elif check.kind == "closed" and check.place == ROW:
            for name in (name for name in binding.extras[ROW] if name not in binding.unnamed):
                key = RuleKey(name, check.pointer, check.rule)
                yield SchemaFinding(key, check.expected, f"{described(schema.field(name).type)} column")


def schema_notes(
    plan: Plan, binding: Binding, schema: pa.Schema, aliases: Mapping[str, Sequence[str]]
) -> Iterator[str]:
    """Yield notes on names that differ only in case, and on columns that may be the contract's under another name.

    `aliases` are former names of the contract's columns, by column.
    """
    folded: dict[str, str] = {}
    for name in schema.names:
        other = folded.setdefault(name.casefold(), name)
        if other != name:
            yield f'the columns "{other}" and "{name}" differ in case only'
    yield from _renamed(plan, binding, aliases)


def fit_notes(plan: Plan, binding: Binding) -> Iterator[tuple[int, str]]:
    """Yield a note for each place whose values were read as another type."""
    for place, met in binding.fits.items():
        if met.note:
            yield place, f"{plan.places[place].column}: {met.note}"


def _renamed(plan: Plan, binding: Binding, aliases: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield notes where a missing and an extra column are, or may be, the same one under another name."""
    missing = [str(place.name) for place in plan.columns if place.index not in binding.types]
    former = {name for names in aliases.values() for name in names}
    there = {name: former.intersection(aliases.get(name, ()), binding.extras[ROW]) for name in missing}
    named = {name: found.pop() for name, found in there.items() if len(found) == 1}
    for name, found in list(named.items())[:_MOST_PAIRS]:
        yield f'"{found}" is an alias of "{name}": rename the column, or let `clean` do it'
    missing = [name for name in missing if name not in named]
    extras = [name for name in binding.extras[ROW] if name not in former]
    alike = differing(extras, missing)
    if alike:
        pairs = ", ".join(f'"{found}" is "{name}"' for found, name in list(alike.items())[:_MOST_PAIRS])
        more = f" and {len(alike) - _MOST_PAIRS:,} more" if len(alike) > _MOST_PAIRS else ""
        yield f"{pairs}{more} but for case or spaces: rename the columns, or let `clean` do it"
    elif len(missing) == len(extras) == 1:
        yield f"{missing[0]} is missing and {extras[0]} isn't in the contract: was it renamed?"


def _is_missing(plan: Plan, binding: Binding, place: int) -> bool:
    parent = plan.places[place].parent
    # Where the parent is missing or refused that is reported, and not each of its members.
    known = parent == ROW or (parent in binding.types and parent not in binding.refused)
    return known and place not in binding.types and not pa.types.is_null(binding.types.get(parent, pa.int8()))
