"""Write a review as JSON: what the command prints, and what the comment is made from.

`review.schema.json` describes it; `review_input.py` reads it back.
"""

from collections.abc import Iterator
from dataclasses import asdict
from itertools import chain

from schemaregistry.bot.review import Blocker, ConsumerImpact, Review, SchemaReview
from schemaregistry.compat import Verdict, to_json
from schemaregistry.compat.arrow_types import RANGES
from schemaregistry.document import Json
from schemaregistry.document.arrow_block import describe
from schemaregistry.document.json_places import places


def review_json(review: Review) -> dict[str, Json]:
    """Return the review as a JSON object; verdicts have the form that every interface shows."""
    whole: dict[str, Json] = {
        "verdict": review.verdict,
        "risk": review.risk,
        "blocked": review.blocked,
        "blocked_because": [_blocker(each) for each in review.blockers],
        "overridden_by": review.overridden_by or None,
        "notes": [{"path": each.path, "text": each.text} for each in review.notes],
        "schemas": [_schema(each) for each in review.schemas],
        "base": review.base,
        "head": review.head,
    }
    return dict(zip(whole, map(_valid, whole.values()), strict=True))


def _valid(value: Json) -> Json:
    r"""Return a value whose texts are valid Unicode: a path in git is bytes, and one that isn't UTF-8 has escapes.

    They are such as `\xe9`. Nobody reads a JSON that has half of a surrogate pair in their place.
    """
    if isinstance(value, str):
        return value.encode(errors="surrogateescape").decode(errors="backslashreplace")
    if isinstance(value, list):
        return [_valid(each) for each in value]
    if isinstance(value, dict):
        return {name: _valid(inner) for name, inner in value.items()}
    return value


def _blocker(found: Blocker) -> dict[str, Json]:
    lifted: dict[str, Json] = {"lifted_by": found.lifted_by} if found.lifted_by else {}
    return {"id": found.id, "reason": found.reason, "text": found.text, **lifted}


def _schema(found: SchemaReview) -> dict[str, Json]:
    shown: dict[str, Json] = {
        "id": found.id,
        "path": found.path,
        "status": found.status,
        "from": found.before or None,
        "to": found.after or None,
        "verdict": to_json(found.verdict) if found.verdict else None,
        "required_bump": found.required_bump,
        "stated_bump": found.stated_bump,
        "consumers": [_consumer(each) for each in found.consumers],
    }
    if found.former_path:
        shown["former_path"] = found.former_path
    if found.problem is not None:
        shown["problem"] = {"message": found.problem.message, "pointer": found.problem.pointer}
    if found.suggestions:
        shown["suggestions"] = [{"text": each.text, "diff": list(each.diff)} for each in found.suggestions]
    if found.verdict is not None and (row := _row(found, found.verdict)):
        shown["row"] = row
    if where := _places(found):
        shown["places"] = where
    return shown


def _consumer(found: ConsumerImpact) -> dict[str, Json]:
    return {
        "name": found.name,
        "team": found.team,
        "language": found.language,
        "reads": list(found.reads),
        "direction": found.direction,
        "breaks": found.breaks,
        "why": found.why,
        "source": found.source,
    }


def _row(found: SchemaReview, verdict: Verdict) -> list[dict[str, Json]]:
    """Return the counterexample as an Arrow row, with the columns of the version that accepts it.

    Without one, they are the columns that went to another type of integers, with a value that the other type lacks.
    """
    if verdict.witness is None:
        return list(_beyond(found)) if verdict.outcome == "incompatible" else []
    side = found.old_document if verdict.witness.valid_under == "old" else found.document
    record = verdict.witness.instance
    if side is None or side.arrow_derived or not isinstance(record, dict):
        return []
    return [
        {"column": column.name, "type": describe(column.type), "value": record.get(column.name)}
        for column in side.arrow
    ]


def _beyond(found: SchemaReview) -> Iterator[dict[str, Json]]:
    if found.old_document is None or found.document is None:
        return
    before = {column.name: column.type for column in found.old_document.arrow}
    for column in found.document.arrow:
        old, new = before.get(column.name, column.type), column.type
        if old.name not in RANGES or new.name not in RANGES or old == new:
            continue
        (low, high), (least, most) = RANGES[old.name], RANGES[new.name]
        wider, value = (new, high + 1) if most > high else (new, low - 1) if least < low else (old, most + 1)
        yield {"column": column.name, "type": describe(wider), "value": value}


def _places(found: SchemaReview) -> dict[str, Json]:
    """Return where the file at the head has what the review talks of: the changes, the version, the fault."""
    if found.problem is not None and found.problem.place is not None:
        return {found.problem.pointer: asdict(found.problem.place)}
    if found.verdict is None or found.document is None:
        return {}
    pointers = chain((change.pointer for change in found.verdict.changes), ["/version"])
    text = found.document.raw.decode()
    return {pointer: asdict(place) for pointer, place in places(text, pointers).items()}
