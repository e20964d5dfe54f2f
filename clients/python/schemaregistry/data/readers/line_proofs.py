"""Prove that whole blocks of lines conform, by matching each against one regular expression.

`proof.py` makes the expression of each field; this module joins them into an expression of a line. For NDJSON it
follows the first line of the block: its members in its order, with its spaces. For CSV it follows the header. A block
that isn't proven is parsed as usual.
"""

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from schemaregistry.data.arrow.types import Array, pc
from schemaregistry.data.engine.plan import Plan
from schemaregistry.data.readers.lines import Text
from schemaregistry.data.readers.proof import LETTER, ProvenFields, fields

_NEWLINE, _RETURN = 10, 13
_MOST: Final = 10_000
"""Characters in an expression; the automaton of a longer one may not fit into RE2's memory."""
_OPENED: Final = re.compile(rb"[ \t]*\{")
"""The start of an object on a line."""
_MEMBER: Final = re.compile(rb'([ \t]*"([^"\\]*)"[ \t]*:[ \t]*)(?:"[^"\\]*"|[^"\\,{}\[\]\s]+),?')
"""A member with a scalar value: groups are everything before the value, and the name."""
_CLOSED: Final = re.compile(rb"[ \t]*\}[ \t]*")
"""The end of an object on a line."""
_ANY: Final = rf'(?:"{LETTER["ndjson"]}*"|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?|true|false|null)'
"""Any scalar, for members that the plan doesn't have."""


@dataclass(frozen=True, slots=True)
class LineForm:
    """The layout of a line: its members' names, the text before each value, and the text that closes the object.

    The commas between members aren't part of `before`.
    """

    names: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    closed: str = ""


class JsonLines:
    """Proves blocks of NDJSON; the expression is reused while blocks have the same layout."""

    def __init__(self, plan: Plan) -> None:
        self._fields = fields(plan, "ndjson")
        self._form = LineForm()
        self._expression: str | None = None

    def prove(self, text: Text) -> bool:
        """Whether every line of a text surely conforms."""
        if self._fields is None:
            return False
        found = form(_first_line(text))
        if found != self._form:
            self._form, self._expression = found, _json_line(self._fields, found)
        return self._expression is not None and _match(self._expression, text)


class CsvLines:
    """Proves blocks of CSV whose header has these names.

    Never proves files of one column: an empty line could be a row there.
    """

    def __init__(self, plan: Plan, names: Sequence[str]) -> None:
        found = fields(plan, "csv")
        self._expression = None if found is None or len(names) == 1 else _csv_line(found, names)

    def prove(self, text: Text) -> bool:
        """Whether every line of a text surely conforms."""
        return self._expression is not None and _match(self._expression, text)


def form(line: bytes) -> LineForm:
    """Parse the layout of a line; the result has no names where the line isn't an object of scalars, or has escapes."""
    opened = _OPENED.match(line)
    members: list[re.Match[bytes]] = []
    at = opened.end() if opened else len(line)
    while member := _MEMBER.match(line, at):
        members.append(member)
        at = member.end()
    closed = _CLOSED.fullmatch(line, at)
    if not opened or not closed:
        return LineForm()
    try:
        names = tuple(member[2].decode() for member in members)
        before = [member[1].decode() for member in members]
    except UnicodeDecodeError:
        return LineForm()
    if not members or len(set(names)) < len(names):
        return LineForm()
    return LineForm(names, (opened[0].decode() + before[0], *before[1:]), closed[0].decode())


def _json_line(found: ProvenFields, form: LineForm) -> str | None:
    if not form.names or not _may_be(found, form.names):
        return None
    parts: list[str] = []
    for name, before in zip(form.names, form.before, strict=True):
        value = found.values.get(name, _ANY)
        if value is None:
            return None
        value = f'"{value}"' if name in found.texts else value
        parts.append(re.escape(before) + (f"(?:{value}|null)" if name in found.optional else value))
    return ",".join(parts) + re.escape(form.closed)


def _csv_line(found: ProvenFields, names: Sequence[str]) -> str | None:
    if not _may_be(found, names):
        return None
    parts: list[str] = []
    for name in names:
        value = found.values.get(name, f"{LETTER['csv']}*")
        if value is None:
            return None
        parts.append(f"(?:{value})?" if name in found.optional else value)
    return ",".join(parts)


def _may_be(found: ProvenFields, names: Sequence[str]) -> bool:
    """Whether rows with these columns may conform: no required column is missing, and no column is forbidden."""
    lacking = found.values.keys() - set(names)
    return lacking <= found.optional and (found.members is None or found.members.issuperset(names))


def _first_line(text: Text) -> bytes:
    """Return the first line; empty or cut off where it is longer than any expression could match."""
    return bytes(text[:_MOST]).partition(b"\n")[0].removesuffix(b"\r")


def _match(expression: str, text: Text) -> bool:
    """Whether every line matches and all of the text is UTF-8.

    A carriage return at the end of the text proves nothing: its newline may be in the next block.
    """
    if len(expression) > _MOST or text[-1] == _RETURN:
        return False
    # One array element holds the whole text, so that RE2 is started once instead of once a line.
    ended = text if text[-1] == _NEWLINE else bytes(text) + b"\n"
    offsets = np.array([0, len(ended)], np.int32).tobytes()
    one = pa.StringArray.from_buffers(1, pa.py_buffer(offsets), pa.py_buffer(ended))
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(_matches, one, rf"\A(?:{expression}\r?\n)*\z").result()


def _matches(text: Array, pattern: str) -> bool:
    """Match the whole text, called in a thread of its own to keep RE2's states together in memory.

    A new thread gets a heap of its own from malloc (glibc). Scattered over the heap of a process that has done other
    work, the states take more than twice as long to walk.
    """
    try:
        return _is_utf8(text) and bool(pc.match_substring_regex(text, pattern=pattern)[0].as_py())
    except pa.ArrowInvalid:
        return False


def _is_utf8(text: Array) -> bool:
    """Validate the text: RE2 accepts some byte sequences that aren't UTF-8."""
    if np.frombuffer(text.buffers()[2], np.int8).min() < 0:
        text.validate(full=True)
    return True
