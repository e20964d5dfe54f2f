"""`schemaregistry compat`: verdicts on pairs of draft-07 schemas, one JSON line in, one out. Judges nothing itself."""

import json
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Annotated, Final

import typer

from schemaregistry.document import Json, loads
from schemaregistry.errors import InvalidArgument

MAX_BYTES: Final = 4 * 1024 * 1024
GRACE: Final = 1.25
"""What can't look at the clock itself is interrupted after so many times the seconds given."""


def compat(
    seconds: Annotated[float, typer.Option(min=0.001, help="Time for one pair, after which it is unknown.")] = 1.0,
) -> None:
    """Read lines {"id", "old", "new"}, write lines {"id", "verdict", "witness"}: is all that is valid under old valid
    under new? A witness, where the verdict is incompatible, is valid under old and not under new. A line that can't be
    judged is answered {"id", "error"}."""
    for line in sys.stdin.buffer:
        if line.strip():
            sys.stdout.write(json.dumps(_answer(line, seconds), ensure_ascii=False) + "\n")
            sys.stdout.flush()


def _answer(line: bytes, seconds: float) -> dict[str, Json]:
    question: dict[str, Json] = {}
    try:
        question = _read(line)
        if not question.keys() >= {"old", "new"}:
            raise InvalidArgument('A line is an object {"id", "old", "new"}.', reason="BAD_LINE")
        return {"id": question.get("id"), **_verdict(question["old"], question["new"], seconds)}
    except InvalidArgument as error:
        at = {"pointer": error.pointer} if error.pointer else {}
        return {"id": question.get("id"), "error": {"reason": error.reason, "message": error.message, **at}}


def _read(line: bytes) -> dict[str, Json]:
    """Read strictly, but give numbers as most readers have them: `1e308` a float, with its digits lost."""
    loads(line, max_bytes=MAX_BYTES)
    question = json.loads(line)
    return question if isinstance(question, dict) else {}


def _verdict(old: Json, new: Json, seconds: float) -> dict[str, Json]:
    from schemaregistry.compat import Outcome, decide

    try:
        with _interrupted_after(seconds * GRACE):
            decision = decide(old, new, seconds=seconds)
    except TimeoutError:
        return {"verdict": "unknown", "reason": f"took longer than {seconds:g} s"}
    if decision.outcome is Outcome.INCOMPATIBLE:
        return {"verdict": "incompatible", "witness": decision.witness}
    return {"verdict": decision.outcome.value, "reason": decision.reason}


@contextmanager
def _interrupted_after(seconds: float) -> Iterator[None]:
    """Raise TimeoutError in the main thread, in Python's `re` too; do nothing where there is no such signal."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
