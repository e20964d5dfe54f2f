"""Judge whether a change breaks one consumer, by what it reads and how.

The order of columns matters only to consumers that read by position, a larger type not to those that read by name in a
language that widens, and a column that a consumer doesn't read never breaks it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from time import monotonic
from typing import Final, Literal, TypeAlias

from schemaregistry.compat import change_wording
from schemaregistry.compat.arrow_rules import ColumnDifference, compare
from schemaregistry.compat.decision import search
from schemaregistry.compat.levels import WAYS
from schemaregistry.compat.verdict import Outcome, Way
from schemaregistry.document.model import Document, Json

How: TypeAlias = Literal["by_name", "by_position", "typed_header"]
Direction: TypeAlias = Literal["backward", "forward", "full"]

WIDENING: Final = frozenset({"python", "sql", "r", "great_expectations", "javascript", "typescript"})
"""Languages whose readers by name take a larger type of the same kind as it comes."""
_WIDENED: Final = frozenset({"arrow_type_widened", "arrow_unit_refined"})
_ORDER: Final = frozenset({"arrow_fields_reordered", "arrow_field_inserted"})
_ALONE: Final = frozenset(
    {
        "type",
        "properties",
        "required",
        "additionalProperties",
        "patternProperties",
        "definitions",
        "title",
        "description",
    }
)
"""Keywords that say nothing of several members at once, so that each member can be judged alone."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a consumer reads of one schema. `fields` None: all of them."""

    language: str
    how: How
    direction: Direction
    fields: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Impact:
    """Whether the change breaks the consumer (None: it can't be told), and a sentence that says why."""

    breaks: bool | None
    why: str


def impact(old: Document, new: Document, reading: Reading, *, seconds: float = 0.5) -> Impact:
    """Judge a consumer of `old` when `new` follows it, within about `seconds`.

    `forward`: it stays as it is and gets data of the new version; `backward`: it moves to the new version and must read
    old data; `full`: both.
    """
    reasons = list(_column_reasons(old, new, reading))
    if reasons:
        return Impact(True, " ".join(map(change_wording.one_sentence, dict.fromkeys(reasons))))
    deadline = monotonic() + seconds
    undecided = ""
    for way in WAYS[reading.direction]:
        found = _record_reason(old, new, reading, way, deadline)
        if found.breaks:
            return found
        undecided = undecided or (found.why if found.breaks is None else "")
    if undecided:
        return Impact(None, undecided)
    return Impact(False, "Nothing that it reads changes for it.")


def _column_reasons(old: Document, new: Document, reading: Reading) -> Iterator[str]:
    ordered = not (old.arrow_derived or new.arrow_derived)
    for difference in compare(old.arrow, new.arrow, new.aliases, ordered=ordered):
        if difference.rule.kind in _ORDER:
            if reading.how == "by_position":
                yield f"{change_wording.finding_sentence(difference)}: it reads columns by their position"
        elif _reads(difference, reading):
            yield from _reasons(difference, reading)


def _reasons(difference: ColumnDifference, reading: Reading) -> Iterator[str]:
    """Yield why one changed column that the consumer reads breaks it."""
    rule, changed = difference.rule, change_wording.finding_sentence(difference)
    if rule.kind == "arrow_field_removed":
        if reading.direction != "backward":
            yield f"{changed}, and it reads it"
    elif rule.kind == "arrow_field_renamed":
        if reading.how != "by_position":
            yield f"{changed}: it looks for the old name"
    elif rule.kind in _WIDENED and reading.how == "by_name" and reading.language in WIDENING:
        return
    elif (
        reading.how == "typed_header"
        and rule.kind != "arrow_field_added"
        and not rule.kind.startswith("arrow_nullable")
    ):
        yield f"{changed}: its header has the old type"
    else:
        for way in WAYS[reading.direction]:
            if rule.breaks(way):
                yield f"{changed}: {rule.breaks(way)}"


def _reads(difference: ColumnDifference, reading: Reading) -> bool:
    names = {difference.column.split(".")[0]}
    if difference.rule.kind == "arrow_field_renamed" and difference.old:
        names.add(difference.old)
    if reading.fields is None:
        return difference.rule.kind != "arrow_field_added" or bool(difference.rule.backward)
    return bool(names & reading.fields)


def _record_reason(old: Document, new: Document, reading: Reading, way: Way, deadline: float) -> Impact:
    """Judge the JSON side: is every record that the writer may write valid for the consumer?"""
    # A consumer of all fields reads the old version's; new ones are ignored.
    fields = reading.fields if reading.fields is not None else frozenset(old.schema.get("properties", ()))
    one, two = _projected(old.schema, fields), _projected(new.schema, fields)
    whole = one is None or two is None
    if whole:
        one, two = old.schema, new.schema
    writer, reader = (one, two) if way == "backward" else (two, one)
    decision = search(writer, reader, seconds=max(deadline - monotonic(), 0.0))
    if decision.outcome is Outcome.COMPATIBLE:
        return Impact(False, "")
    if decision.outcome is Outcome.UNKNOWN:
        return Impact(None, f"Whether it goes on was not decided: {decision.reason}.")
    record = change_wording.shown(decision.witness)
    side = "Old data may have" if way == "backward" else "New data may have"
    if whole and reading.fields is not None:
        why = f"{side} {record}, which the other version refuses by a rule on several members at once."
        return Impact(None, f"{why} Whether that breaks what it reads can't be told.")
    return Impact(True, f"{side} {record}, which it doesn't take.")


def _projected(schema: Json, fields: frozenset[str]) -> Json | None:
    """Return the schema of the members in `fields`; None where a keyword is about several members at once."""
    if not set(schema) - _ALONE <= _unjudged(schema):
        return None
    members = {name: value for name, value in schema.get("properties", {}).items() if name in fields}
    required = [name for name in schema.get("required", ()) if name in fields]
    return {
        "type": "object",
        "properties": members,
        "required": required,
        "additionalProperties": False,
        **({"definitions": schema["definitions"]} if "definitions" in schema else {}),
    }


def _unjudged(schema: dict[str, Json]) -> set[str]:
    """Return the members of a schema that say nothing of its instances."""
    return {name for name in schema if name.startswith(("x-", "$"))} - {"$ref"}
