"""The JSON lines of `schemaregistry compat`: one question a line, one answer a line. Decides nothing itself."""

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
"""Bytes of a line."""

MEMBERS: Final = ("id", "old", "new")

NAMED: Final = 20
"""Members passed over that an answer names, at most."""


def answer(line: bytes, seconds: float) -> str:
    """Answer one line within about `seconds`: {"id", "verdict", "witness" or "reason"}, or {"id", "error"}.

    Other members than "id", "old" and "new" decide nothing, as a label of a case does not; "ignored" names them, so
    that nobody takes a direction, say, for heeded.
    """
    deadline = monotonic() + seconds
    question: dict[str, Json] = {}
    try:
        question = _read(line)
        if not question.keys() >= {"old", "new"}:
            raise InvalidArgument('A line is an object {"id", "old", "new"}.', reason="BAD_LINE")
        said = _verdict(question["old"], question["new"], max(deadline - monotonic(), 0.0))
    except InvalidArgument as error:
        at = {"pointer": error.pointer} if error.pointer else {}
        said = {"error": {"reason": error.reason, "message": error.message, **at}}
    others = [cut(name) for name in question if name not in MEMBERS]
    return _written(question.get("id"), said | ({"ignored": others[:NAMED]} if others else {}))


def undecided(line: bytes, reason: str) -> str:
    """Answer a line whose verdict could not be waited for."""
    try:
        question = json.loads(line)
    except (ValueError, RecursionError):  # it was given up before it was read, which is strict
        question = None
    name = question.get("id") if isinstance(question, dict) else None
    return _written(name, {"verdict": Outcome.UNKNOWN.value, "reason": reason})


def _written(name: Json, said: dict[str, Json]) -> str:
    return json.dumps({"id": name, **said}, ensure_ascii=False)


def _read(line: bytes) -> dict[str, Json]:
    """Read strictly, but give numbers as most readers have them: `1e308` a float, with its digits lost."""
    loads(line, max_bytes=MAX_BYTES)
    question = json.loads(line)
    return question if isinstance(question, dict) else {}


def _verdict(old: Json, new: Json, seconds: float) -> dict[str, Json]:
    decision = decide(old, new, seconds=seconds)
    if decision.outcome is Outcome.INCOMPATIBLE:
        return {"verdict": "incompatible", "witness": decision.witness}
    return {"verdict": decision.outcome.value, "reason": decision.reason}
