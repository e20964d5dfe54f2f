"""Check a CSV header: detect a wrong delimiter, or a first line that holds values instead of names.

Such a file would have none of the contract's columns, and where all of them are optional it would conform unread.
"""

import re
from collections.abc import Collection, Sequence
from itertools import islice
from typing import Final

import pyarrow as pa

from schemaregistry.data.arrow import text_parsing
from schemaregistry.data.engine.column_names import folded
from schemaregistry.data.engine.plan import Plan
from schemaregistry.data.readers.original_rows import free_name
from schemaregistry.data.report.unreadable import UnreadableFile
from schemaregistry.document.csv_dialect import is_mark
from schemaregistry.terminal import printable

_USUAL: Final = ";\t,|:"
"""Delimiters in the order in which they are tried, before any other mark."""
_IN_NAMES: Final = " _-./#"
"""Marks that names of columns have, too: only where two of the contract's columns are between them do they delimit."""
_GUESSED: Final = 1 << 16
"""Characters of a header in which other delimiters are tried."""
_VALUE: Final = re.compile(r"[+.0-9-]")
"""What a number, a date or a time begins with."""
_READ: Final = 1000
"""Fields of a header that are read as values at most."""
_VALUES: Final = (pa.float64(), pa.timestamp("ns"), pa.timestamp("ns", "UTC"), pa.time64("ns"))
"""Types by which a field is recognized as a value rather than a name."""
_SHOWN: Final = 60
"""Characters of a header that a message quotes."""


def split(record: str, delimiter: str) -> list[str]:
    """Split a record without syntax errors into its fields, quotes removed."""
    mark = re.escape(delimiter)
    fields = re.findall(rf'(?:^|{mark})(?:"((?:[^"]|"")*)"(?={mark}|$)|([^{mark}]*))', record)
    return [quoted.replace('""', '"') or plain for quoted, plain in fields]


def numbered(names: Sequence[str], known: Collection[str]) -> tuple[list[str], frozenset[str]]:
    """Name the columns of a header that have no name by their position: `(column 3)`, where the first is 1.

    Returns all names, and those that were made up. Spreadsheets end lines with such columns, pandas and R begin them
    with one. A blank name counts as a name if one of the contract's columns, `known`, is blank.
    """
    if any(not folded(name) for name in known):
        return list(names), frozenset()
    taken, found = {*names, *known}, list(names)
    for at in (at for at, name in enumerate(names) if not folded(name)):
        found[at] = free_name(f"(column {at + 1})", taken)
    return found, frozenset(found) - frozenset(names)


def refuse_header(path: str, plan: Plan, text: str, delimiter: str, line: int) -> None:
    """Reject a header that has none of the contract's columns, where the reason is known.

    Raises UnreadableFile: WRONG_DELIMITER where another delimiter yields some of the columns, NOT_CSV where it has
    NULs, MISSING_HEADER where it is a row of values.
    """
    names = split(text, delimiter)
    if _knows(plan, names):
        return
    refuse_delimiter(path, plan, text, delimiter, line)
    # UTF-16 without a byte order mark has a NUL in each ASCII character.
    if "\0" in text:
        raise UnreadableFile(
            path,
            "NOT_CSV",
            "the header has NULs in it: the file isn't text, or is UTF-16 (say --encoding utf-16le or utf-16be)",
            line=line,
        )
    if _has_value(names):
        message = (
            f"{_shown(text)} is a row of values: put the names of the columns above it ({_columns(plan, delimiter)})"
        )
        raise UnreadableFile(path, "MISSING_HEADER", message, line=line)


def no_header(path: str, plan: Plan, delimiter: str) -> UnreadableFile:
    """Return the error of a file that is empty or has empty lines alone."""
    message = f"the file is empty: not even the names of the columns are there ({_columns(plan, delimiter)})"
    return UnreadableFile(path, "MISSING_HEADER", message, line=1)


def _columns(plan: Plan, delimiter: str) -> str:
    return _shown(delimiter.join(str(place.name) for place in plan.columns))


def refuse_delimiter(path: str, plan: Plan, text: str, delimiter: str, line: int) -> None:
    """Reject a header without columns of the contract where only another delimiter yields some, or where it is JSON.

    Raises UnreadableFile: WRONG_DELIMITER, WRONG_FORMAT.
    """
    if _knows(plan, split(text, delimiter)):
        return
    for start, name in (('{"', "ndjson"), ('[{"', "json")):
        if text.startswith(start):
            message = f"not csv: its first line is JSON: let its name end in .{name}, or say --format {name}"
            raise UnreadableFile(path, "WRONG_FORMAT", message, line=line)
    head = text[:_GUESSED]
    for other in _marks(head):
        if other != delimiter and _knows(plan, split(head, other), 2 if other in _IN_NAMES else 1):
            word = "tab" if other == "\t" else f'"{other}"' if other.isprintable() else f"$'\\x{ord(other):02x}'"
            message = f"the header is {_shown(text)}: its columns are separated by {word}, say --delimiter {word}"
            raise UnreadableFile(path, "WRONG_DELIMITER", message, line=line)


def _marks(text: str) -> list[str]:
    """Return the marks in a text that may delimit fields, the usual ones first."""
    found = set(filter(is_mark, set(text)))
    return [mark for mark in _USUAL if mark in found] + sorted(found - set(_USUAL))


def _knows(plan: Plan, names: Sequence[str], least: int = 1) -> bool:
    """Whether `least` of the names are columns of the contract."""
    known = {folded(str(place.name)) for place in plan.columns}
    return len(known.intersection(map(folded, names))) >= least


def _has_value(fields: Sequence[str]) -> bool:
    """Whether one of the fields is a value, among the first that begin as one.

    They are read together, since a call takes milliseconds whatever the number of its texts.
    """
    found = list(islice(filter(_VALUE.match, fields), _READ))
    if not found:
        return False
    texts = pa.array(found, pa.string())
    return any(text_parsing.read(texts, kind)[0].null_count < len(texts) for kind in _VALUES)


def _shown(text: str) -> str:
    return f'"{printable(text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…")}"'
