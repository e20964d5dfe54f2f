"""The sentences that name a change and the nearest compatible alternative; effects are judged in `compatibility.py`."""

import json
from typing import Final

from schemaregistry.compat.arrow_rules import ColumnDifference
from schemaregistry.compat.changes import Edit
from schemaregistry.compat.verdict import ABSENT, Absent
from schemaregistry.document.model import Json, Level
from schemaregistry.document.subschemas import SchemaPath

SHOWN: Final = 160
"""Characters of a value that a sentence shows at most."""

DEPRECATE: Final = "Add a new field and deprecate the old one"
ALTERNATIVES: Final = {
    "required_added": "Make it optional",
    "required_removed": "Leave it required, or add a new optional field",
    "property_added": "Let readers of the old version pass over unknown members first (`additionalProperties`)",
    "property_removed": "Keep it and mark it as deprecated in its description",
    "property_changed": DEPRECATE,
    "type_narrowed": f"Keep the wider type. {DEPRECATE}, if it must go",
    "type_widened": DEPRECATE,
    "type_changed": f"{DEPRECATE}, or allow both types",
    "enum_narrowed": "Keep the old values, even where they are no longer written",
    "enum_changed": "Keep the old values beside the new ones",
    "enum_widened": f"{DEPRECATE}: it is the old readers that don't know the new values",
    "additional_properties_changed": "Go on allowing additional members",
    "additional_properties_added": "Go on allowing additional members",
}
"""By the kind of change: what to do instead, where the change breaks a reader."""
OTHERWISE: Final = f"Keep the old limit. {DEPRECATE}, if it must change"

SENTENCES: Final = {
    "required_added": "{place}`{new}` is now required",
    "required_removed": "{place}`{old}` is no longer required",
    "property_added": "{place}the property `{last}` is added",
    "property_removed": "{place}the property `{last}` is removed",
    "annotation_changed": "{place}`{last}` is an annotation: it changes nothing for data",
    "format_added": "{place}`format` {new} is added",
    "format_removed": "{place}`format` {old} is removed",
    "format_changed": "{place}`format` goes from {old} to {new}",
}


def shown(value: Json | Absent) -> str:
    """Return a value as JSON text, cut after SHOWN characters."""
    if value is ABSENT:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN else text[:SHOWN] + "…"


def sentence(edit: Edit) -> str:
    """Return the clause that says what changed, without a full stop."""
    last = str(edit.path[-1]) if edit.path else "schema"
    naming = edit.kind.startswith("required")
    template = SENTENCES.get(edit.kind) or _by_what_is_there(edit)
    where = edit.path if edit.kind.startswith("property_") else edit.path[:-1]
    where = where[:-2] if edit.kind.startswith("property_") else where
    return template.format(
        place=_place(where),
        last=last,
        old=edit.old if naming else shown(edit.old),
        new=edit.new if naming else shown(edit.new),
    )


def _by_what_is_there(edit: Edit) -> str:
    if edit.old is ABSENT:
        return "{place}`{last}` {new} is added"
    return "{place}`{last}` {old} is removed" if edit.new is ABSENT else "{place}`{last}` goes from {old} to {new}"


def alternative(edit: Edit) -> str:
    """Return the clause that says what to do instead, without a full stop."""
    return ALTERNATIVES.get(edit.kind, OTHERWISE)


def _place(path: SchemaPath) -> str:
    """Return the member that a part of the schema describes, as "`levels[].price`: "; "" for the record itself."""
    names: list[str] = []
    steps = iter(path)
    for step in steps:
        if step in ("properties", "patternProperties", "definitions"):
            names.append(str(next(steps, "")))
        elif step in ("items", "contains") and names:
            names[-1] += "[]"
    return f"`{'.'.join(names)}`: " if names else ""


def finding_sentence(finding: ColumnDifference) -> str:
    """Return the clause that says what changed about a column, without a full stop."""
    column = f"column `{finding.column}`" if finding.column else "the columns"
    if finding.rule.kind.endswith("field_added"):
        return f"{column} ({finding.new}) is added"
    if finding.rule.kind.endswith("field_removed"):
        return f"{column} ({finding.old}) is removed"
    if finding.rule.kind == "arrow_field_inserted":
        return f"{column} is inserted before others"
    if finding.rule.kind == "arrow_fields_reordered":
        return f"{column} stand in another order: {finding.new}"
    if finding.rule.kind.startswith("arrow_nullable"):
        return f"{column} is {'now' if finding.new == 'True' else 'no longer'} nullable"
    return f"{column} goes from {finding.old} to {finding.new}"


def lowered(old: Level | None, new: Level | None) -> str:
    """Return the sentence that says which promise a version drops."""
    before, after = (level or "the default (backward, and full for the columns)" for level in (old, new))
    return (
        f"`compatibility` goes from {before} to {after}: later versions may break what readers were promised. "
        "Keep the level, or take a new major version."
    )


def one_sentence(text: str) -> str:
    """Make a clause a sentence: capitalise a first letter (a name in backquotes keeps its case), add a full stop."""
    text = text[:1].upper() + text[1:] if text[:1].islower() else text
    return text if text.endswith(".") else f"{text}."
