"""Write a review as JSON: what the command prints, and what the comment is made from."""

from schemaregistry.bot.review import ConsumerImpact, Review, SchemaReview
from schemaregistry.compat import to_json
from schemaregistry.document import Json


def review_json(review: Review) -> dict[str, Json]:
    """Return the review as a JSON object; verdicts have the form that every interface shows."""
    return {
        "verdict": review.verdict,
        "risk": review.risk,
        "blocked": review.blocked,
        "blocked_because": [{"id": each.id, "reason": each.reason, "text": each.text} for each in review.blockers],
        "overridden_by": review.overridden_by or None,
        "notes": [{"path": each.path, "text": each.text} for each in review.notes],
        "schemas": [_schema(each) for each in review.schemas],
        "base": review.base,
        "head": review.head,
    }


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
