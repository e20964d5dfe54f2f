"""The lines of an audit log: JSON objects, each bound to the one before it by SHA-256.

A line ends with its `hash`, which is the SHA-256 of the same line without that member. `sequence` counts from 1, and
`previous` is the hash of the line before.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

GENESIS: Final = "0" * 64
"""The `previous` hash of a chain's first line."""

MAX_TEXT: Final = 1024
"""Characters of a text in a line: whoever is refused may send anything."""

MAX_ITEMS: Final = 200
"""Items of a list or an object within a line."""

MAX_DEPTH: Final = 6

MOST: Final = 2**53 - 1
"""The largest number of a record: what JSON's numbers hold everywhere."""

MAX_LINE: Final = 256 << 10
"""Bytes of a line; of a longer one the line has its size alone. It has room for 200 names with 64 patterns of ids."""

_END: Final = re.compile(rb',"hash":"([0-9a-f]{64})"\}\Z')


@dataclass(frozen=True, slots=True)
class ChainEnd:
    """The last line of a chain: its number and its hash."""

    sequence: int = 0
    hash: str = GENESIS


@dataclass(frozen=True, slots=True)
class EventLine:
    """A line whose hash is right."""

    sequence: int
    previous: str
    hash: str
    members: Mapping[str, object]

    @property
    def before(self) -> ChainEnd:
        """The chain's end that this line goes on from."""
        return ChainEnd(self.sequence - 1, self.previous)

    @property
    def end(self) -> ChainEnd:
        """The chain's end once this line is its last."""
        return ChainEnd(self.sequence, self.hash)


def write_line(members: Mapping[str, object], before: ChainEnd) -> tuple[bytes, ChainEnd]:
    """Return the line, with its newline, that follows `before`, and the chain's new end. Long texts are cut."""
    body = _body({"sequence": before.sequence + 1, **_bounded(members), "previous": before.hash})
    if len(body) > MAX_LINE:
        kept = {name: members[name] for name in ("time", "event", "program", "digest") if name in members}
        body = _body({"sequence": before.sequence + 1, **kept, "left_out_bytes": len(body), "previous": before.hash})
    digest = hashlib.sha256(body).hexdigest()
    return b'%b,"hash":"%b"}\n' % (body[:-1], digest.encode()), ChainEnd(before.sequence + 1, digest)


def read_line(line: bytes) -> EventLine:
    """Read a line, without its newline; raises ValueError, saying why, where it is none or its hash is another."""
    found = _END.search(line)
    if not found:
        raise ValueError("it is no line of an audit log")
    body = line[: found.start()] + b"}"
    stated = found[1].decode()
    if hashlib.sha256(body).hexdigest() != stated:
        raise ValueError("its hash is another")
    try:
        members = json.loads(body)
        sequence, previous = members["sequence"], members["previous"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ValueError("it is no line of an audit log") from None
    if type(sequence) is not int or not 0 < sequence <= MOST or not isinstance(previous, str):
        raise ValueError("it is no line of an audit log")
    return EventLine(sequence, previous, stated, {**members, "hash": stated})


def _body(members: Mapping[str, object]) -> bytes:
    # ASCII alone: whatever a terminal would act on is escaped.
    return json.dumps(members, separators=(",", ":")).encode()


def _bounded(members: Mapping[str, object]) -> dict[str, object]:
    return {name: _bounded_value(value, MAX_DEPTH) for name, value in members.items()}


def _bounded_value(value: object, depth: int) -> object:
    if isinstance(value, str):
        return value if len(value) <= MAX_TEXT else value[: MAX_TEXT - 1] + "…"
    if isinstance(value, Mapping) and depth:
        shown = list(value.items())[:MAX_ITEMS]
        more = {"…": len(value) - MAX_ITEMS} if len(value) > MAX_ITEMS else {}
        return {str(name)[:MAX_TEXT]: _bounded_value(each, depth - 1) for name, each in shown} | more
    if isinstance(value, list | tuple) and depth:
        more_items = [f"… and {len(value) - MAX_ITEMS} more"] if len(value) > MAX_ITEMS else []
        return [_bounded_value(each, depth - 1) for each in value[:MAX_ITEMS]] + more_items
    return value if value is None or isinstance(value, bool | int | float) else str(value)[:MAX_TEXT]
