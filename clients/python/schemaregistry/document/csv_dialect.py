"""Read `x-csv`: how a document's CSV files are written, where they differ from RFC 4180 in UTF-8."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NoReturn

from schemaregistry.document.message_text import meant, shown
from schemaregistry.document.model import CsvDialect, Json
from schemaregistry.document.strict_json import pointer
from schemaregistry.errors import InvalidArgument

ENCODINGS: Final = ("utf-8", "utf-16", "utf-16le", "utf-16be", "iso-8859-1", "windows-1252")
MOST_LINES: Final = 1_000_000
"""Lines before the header at most."""
_MOST_NULLS: Final = 100
_LONGEST_NULL: Final = 100
_MARK: Final = re.compile(r"[^A-Za-z0-9\"\r\n\x00\x80-\U0010FFFF]")
"""One ASCII character other than a letter, a digit, a quote, a line end or NUL."""


def read_csv(document: Mapping[str, Json]) -> CsvDialect:
    """Return the dialect in `x-csv`. Raises InvalidArgument (BAD_CSV) with the pointer of the member at fault."""
    return csv_dialect(document.get("x-csv", {}), "x-csv")


def csv_dialect(found: Json, *path: str) -> CsvDialect:
    """Return the dialect in a JSON object; `path` is its place, for the error. Raises InvalidArgument (BAD_CSV)."""
    if not isinstance(found, dict):
        _refuse('`x-csv` is an object, as in {"delimiter": ";"}.', *path)
    values: dict[str, Any] = {}
    for name, value in found.items():
        if name not in _MEMBERS:
            _refuse(f"`x-csv` has no member {shown(name)}.{meant(name, _MEMBERS)}", *path, name)
        is_one, what = _MEMBERS[name]
        if not is_one(value):
            _refuse(f"`{name}` is {what}.", *path, name)
        values[name] = tuple(value) if name == "null" else value
    dialect = CsvDialect(**values)
    _check_together(dialect, path)
    return dialect


def _check_together(dialect: CsvDialect, path: tuple[str, ...]) -> None:
    """Refuse two members with the same character, which would make the file ambiguous."""
    marks = {"delimiter": dialect.delimiter or ",", "comment": dialect.comment, "escape": dialect.escape}
    stated = {name: mark for name, mark in marks.items() if mark is not None}
    for name, mark in reversed(stated.items()):  # reversed, so that the later of two members is the one named
        other = next((each for each, same in stated.items() if same == mark and each != name), None)
        if other:
            _refuse(f"`{name}` and `{other}` are the same character.", *path, name)
    if dialect.thousands is not None and dialect.thousands == (dialect.decimal or "."):
        _refuse(
            '`thousands` and `decimal` are the same character (`decimal` is "." where it isn\'t said).',
            *path,
            "thousands",
        )


def is_mark(value: Json) -> bool:
    """Whether a value may delimit fields: one ASCII character, no letter, digit, quote, line end or NUL."""
    return isinstance(value, str) and _MARK.fullmatch(value) is not None


def _is_lines(value: Json) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_LINES


def _is_nulls(value: Json) -> bool:
    return (
        isinstance(value, list)
        and len(value) <= _MOST_NULLS
        and all(isinstance(text, str) and 0 < len(text) <= _LONGEST_NULL for text in value)
        and not any(letter in text for text in value for letter in '"\r\n\x00')
        and len(set(value)) == len(value)
    )


_A_MARK: Final = "one ASCII character, no letter, digit, quote or line end"
_MEMBERS: Final[Mapping[str, tuple[Callable[[Json], bool], str]]] = {
    "delimiter": (is_mark, f"{_A_MARK}: what stands between two fields"),
    "encoding": (lambda value: value in ENCODINGS, f"one of {', '.join(ENCODINGS)}"),
    "comment": (is_mark, f"{_A_MARK}: what a line starts with that is no record"),
    "skip_lines": (_is_lines, f"how many lines stand before the header, from 0 to {MOST_LINES:,}"),
    "null": (_is_nulls, f"a list of up to {_MOST_NULLS} different texts that stand for null, without quotes"),
    "escape": (is_mark, f"{_A_MARK}: what makes a quote within quotes a part of the text"),
    "decimal": (lambda value: value in (".", ","), '"." or ","'),
    "thousands": (lambda value: value in (".", ",", " ", "'", "_"), """one of "." "," " " "'" "_" """.strip()),
    "dates": (lambda value: value in ("dmy", "mdy", "ymd"), "dmy, mdy or ymd"),
}


def _refuse(message: str, *path: str | int) -> NoReturn:
    raise InvalidArgument(message, reason="BAD_CSV", pointer=pointer(path))
