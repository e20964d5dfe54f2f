"""Answer the JSON lines of `schemaregistry compat`, one answer for each question; `decision.py` decides them."""

import json
from time import monotonic
from typing import Final

from schemaregistry.compat.decision import decide
from schemaregistry.compat.verdict import Outcome
from schemaregistry.document.message_text import cut
from schemaregistry.document.model import Json
from schemaregistry.document.strict_json import loads
from schemaregistry.errors import InvalidArgument

MAX_BYTES: Final = 4 * 1024 * 1024
"""Bytes of a line at most."""

MEMBERS: Final = ("id", "old", "new")

NAMED: Final = 20
"""Ignored members that an answer names at most."""


def answer(line: bytes, seconds: float) -> str:
    """Answer one line within about `seconds`: {"id", "verdict", "witness" or "reason"}, or {"id", "error"}.

    Members besides "id", "old" and "new", such as the label of a case, are ignored. The answer lists their names as
    "ignored", so that nobody believes that a "direction", say, had an effect.
    """
    deadline = monotonic() + seconds
    question: dict[str, Json] = {}
    try:
        question = _read(line)
        if not question.keys() >= {"old", "new"}:
            raise InvalidArgument('A line is an object {"id", "old", "new"}.', reason="BAD_LINE")
        result = _verdict(question["old"], question["new"], max(deadline - monotonic(), 0.0))
    except InvalidArgument as error:
        at = {"pointer": error.pointer} if error.pointer else {}
        result = {"error": {"reason": error.reason, "message": error.message, **at}}
    others = [cut(name) for name in question if name not in MEMBERS]
    return _written(question.get("id"), result | ({"ignored": others[:NAMED]} if others else {}))


def undecided(line: bytes, reason: str) -> str:
    """Return the answer "unknown" to a line that was given up for `reason`."""
    try:
        question = json.loads(line)
    except (ValueError, RecursionError):  # the line may have been given up before its JSON was checked
        question = None
    name = question.get("id") if isinstance(question, dict) else None
    return _written(name, {"verdict": Outcome.UNKNOWN.value, "reason": reason})


def _written(name: Json, result: dict[str, Json]) -> str:
    return json.dumps({"id": name, **result}, ensure_ascii=False)


def _read(line: bytes) -> dict[str, Json]:
    """Check the line strictly, then return it with numbers as most readers have them: `1e308` as a float.

    The strict reader would make 1e308 an int of 309 digits, which a witness would then show in full.
    """
    loads(line, max_bytes=MAX_BYTES)
    question = json.loads(line)
    return question if isinstance(question, dict) else {}


def _verdict(old: Json, new: Json, seconds: float) -> dict[str, Json]:
    decision = decide(old, new, seconds=seconds)
    if decision.outcome is Outcome.INCOMPATIBLE:
        return {"verdict": "incompatible", "witness": decision.witness}
    return {"verdict": decision.outcome.value, "reason": decision.reason}
