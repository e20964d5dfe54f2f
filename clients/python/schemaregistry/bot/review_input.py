"""Read a review's JSON that somebody else wrote, held to `review.schema.json`."""

import json
from importlib.resources import files
from pathlib import Path
from typing import Final

import jsonschema_rs

from schemaregistry.bot.review import UNMENDABLE
from schemaregistry.bot.review_markdown import ReviewJson
from schemaregistry.document import Json, loads
from schemaregistry.document.message_text import cut
from schemaregistry.document.strict_json import pointer
from schemaregistry.errors import InvalidArgument

MOST: Final = 64 << 20
"""Bytes of a review: a change of 1,000 large schemas has a few."""
_DEEPEST: Final = 80
"""Levels of nesting: a review holds parts of documents, which have up to 64."""
SCHEMA: Final[dict[str, Json]] = json.loads(files(__package__).joinpath("review.schema.json").read_text("utf-8"))
_VALIDATOR: Final = jsonschema_rs.Draft7Validator(SCHEMA)


def read_review(raw: bytes) -> ReviewJson:
    """Read a review; raises TooLarge, or InvalidArgument (BAD_REVIEW, and those of `document.loads`)."""
    value: dict[str, Json] = loads(raw, what="review", max_bytes=MOST, max_depth=_DEEPEST)
    for fault in _VALIDATOR.iter_errors(value):
        raise InvalidArgument(
            f"This is no review that `bot review --format json` writes: {cut(fault.message, 300)}.",
            reason="BAD_REVIEW",
            pointer=pointer(fault.instance_path),
        )
    reasons = value["blocked_because"]
    if value["blocked"] != any(not each.get("lifted_by") or each["reason"] in UNMENDABLE for each in reasons):
        raise InvalidArgument("`blocked` isn't what `blocked_because` says.", reason="BAD_REVIEW", pointer="/blocked")
    return value


def read_review_file(path: Path) -> ReviewJson:
    """Read the review in a file; raises as `read_review` does, or InvalidArgument (INPUT_UNREADABLE)."""
    try:
        with path.open("rb") as file:
            raw = file.read(MOST + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise InvalidArgument(f"Can't read {path} ({why}).", reason="INPUT_UNREADABLE") from None
    return read_review(raw)
