"""Parse JSON text strictly; every error names the place.

Stricter than RFC 8259, it refuses duplicate keys, lone surrogates, numbers beyond a double's range, and texts that are
too long or nested too deeply.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from itertools import accumulate
from typing import Final, NoReturn

from schemaregistry.document.message_text import cut, shown
from schemaregistry.document.model import Json
from schemaregistry.errors import InvalidArgument, TooLarge

MAX_BYTES: Final = 1 << 20
MAX_DEPTH: Final = 64
"""Objects and arrays within one another."""
MAX_NUMBER_LENGTH: Final = 1100
"""Characters of one number: enough for every double written out in full, denormals included."""
MAX_INTEGER_LENGTH: Final = 310
"""Characters of one integer: a sign and the 309 digits of the largest double."""

MAX_POINTER: Final = 1000
"""Characters of a pointer, since pointers are sent in headers."""

# Possessive quantifiers (`++`, `*+`) keep these linear, also on an unterminated string.
_STRING: Final = r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)'
_STRING_BYTES: Final = re.compile(_STRING.encode(), re.DOTALL)
_NUMBER: Final = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
_TOKEN: Final = re.compile(rf"{_STRING}|(NaN|-?Infinity|{_NUMBER})", re.DOTALL)
_NESTING: Final = re.compile(_STRING.encode() + rb"|[\[\]{},]", re.DOTALL)
_NOT_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
_STEP: Final = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def loads(
    data: bytes,
    *,
    what: str = "document",
    max_bytes: int = MAX_BYTES,
    max_depth: int = MAX_DEPTH,
    beyond: Callable[[str], Decimal | None] = lambda _: None,
) -> Json:
    """Parse one JSON value (RFC 8259) from UTF-8 bytes; `what` names the text in errors.

    A number with an integral value is an int, however it is written (`1`, `1.0`, `1e0`); any other is a float. One
    that is too long, or beyond the range of a double, is what `beyond` makes of its text, or refused where that is
    None. Raises
    TooLarge (TOO_LARGE) or InvalidArgument (TOO_DEEP, NOT_UTF8, NOT_JSON, DUPLICATE_KEY, NOT_A_NUMBER,
    NUMBER_OUT_OF_RANGE, LONE_SURROGATE). Time and memory are linear in the size of the text.
    """
    _check_size(data, max_bytes, what)
    _check_depth(data, max_depth, what)
    text = _decode(data, what)
    reader = _JsonReader(text, beyond)
    value = reader.read()
    if "\\ud" in text or "\\uD" in text:  # only an escape can make a surrogate: UTF-8 has none
        _check_surrogates(value)
    if reader.duplicates:
        raise _duplicate_key(value, reader.duplicates)
    return value


def pointer(path: Iterable[str | int]) -> str:
    """Return a path as a JSON pointer (RFC 6901), "" for the whole document; cut after MAX_POINTER characters."""
    return cut("".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path), MAX_POINTER)


def _check_size(data: bytes, limit: int, what: str) -> None:
    if len(data) > limit:
        raise TooLarge(
            f"The {what} has {len(data):,} bytes, more than the {limit:,} that are read: split it.",
            reason="TOO_LARGE",
        )


def _check_depth(data: bytes, limit: int, what: str) -> None:
    """Check the nesting by counting brackets outside of strings, because the parser recurses and could overflow."""
    brackets = _STRING_BYTES.sub(b"", data).translate(None, _NOT_BRACKETS)
    depth = max(accumulate(map(_STEP.__getitem__, brackets)), default=0)
    if depth > limit and what == "batch":
        raise InvalidArgument(
            f"A record of the batch is nested too deep: more than {limit} objects and arrays in each other, with the "
            "batch itself. Make it flatter.",
            reason="TOO_DEEP",
            pointer=pointer(_deep_path(data, limit)),
        )
    if depth > limit:
        raise InvalidArgument(
            f"Objects and arrays are nested {depth:,} deep, more than the {limit} that are read: make them flatter "
            "(a schema's inner parts may move to `definitions`).",
            reason="TOO_DEEP",
        )


def _deep_path(data: bytes, limit: int) -> list[str | int]:
    """Return the path of the first object or array that is deeper than `limit`."""
    path: list[str | int | None] = []  # None where an object's next key is awaited
    for token in _NESTING.findall(data):
        if token in b"[{":
            if len(path) == limit:
                break
            path.append(0 if token == b"[" else None)
        elif token in b"]}":
            path[-1:] = []
        elif token == b",":
            path[-1:] = [each + 1 if isinstance(each, int) else None for each in path[-1:]]
        elif path and path[-1] is None:
            path[-1] = token[1:-1].decode(errors="replace")
    return [step for step in path if step is not None]


def _decode(data: bytes, what: str) -> str:
    if data.startswith(b"\xef\xbb\xbf"):
        raise InvalidArgument(
            f"The {what} starts with a byte order mark. Save it as UTF-8 without one.", reason="NOT_JSON"
        )
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise InvalidArgument(
            f"Byte {error.start} of the {what} (0x{data[error.start]:02x}) isn't UTF-8. Save it as UTF-8.",
            reason="NOT_UTF8",
        ) from None


class _JsonReader:
    """The standard library's parser, made strict by its hooks, on one text."""

    def __init__(self, text: str, beyond: Callable[[str], Decimal | None]) -> None:
        self.text = text
        self.beyond = beyond
        self.duplicates: list[tuple[dict[str, Json], str]] = []
        """Objects with a repeated key, and the key.

        They are collected, not refused at once: the parser's hook doesn't know the path, which the error needs.
        """

    def read(self) -> Json:
        try:
            return json.loads(
                self.text,
                object_pairs_hook=self._object,
                parse_int=self._int,
                parse_float=self._float,
                parse_constant=self._constant,
            )
        except json.JSONDecodeError as error:
            fault_text = error.msg.removesuffix(" at").removesuffix(" starting")
            raise InvalidArgument(
                f"Not JSON: {fault_text} at line {error.lineno}, column {error.colno}.",
                reason="NOT_JSON",
                metadata={"line": str(error.lineno), "column": str(error.colno)},
            ) from None

    def _object(self, pairs: list[tuple[str, Json]]) -> dict[str, Json]:
        value = dict(pairs)
        if len(value) != len(pairs):
            key = next(key for key, times in Counter(key for key, _ in pairs).items() if times > 1)
            self.duplicates.append((value, key))
        return value

    def _int(self, literal: str) -> int | Decimal:
        if len(literal) > MAX_INTEGER_LENGTH or math.isinf(float(literal)):
            return self._beyond(literal, "is beyond the range of a double")
        return int(literal)

    def _float(self, literal: str) -> int | float | Decimal:
        if len(literal) > MAX_NUMBER_LENGTH:
            return self._beyond(literal, "is too long")
        value = float(literal)
        # A text such as 1e-400 has a non-zero digit, but underflows to 0.
        if math.isinf(value) or (value == 0 and re.match("[-0.]*[1-9]", literal)):
            return self._beyond(literal, "is beyond the range of a double")
        if value == 0:
            return 0
        # By decimal arithmetic: 1e23 is 10^23, whereas the nearest double is 99999999999999991611392.
        exact = Decimal(literal)
        whole = int(exact)
        return whole if exact == whole else value

    def _beyond(self, literal: str, fault: str) -> Decimal:
        number = self.beyond(literal)
        if number is None:
            self._refuse(literal, fault, "NUMBER_OUT_OF_RANGE")
        return number

    def _constant(self, literal: str) -> NoReturn:
        self._refuse(literal, "isn't a JSON number", "NOT_A_NUMBER")

    def _refuse(self, literal: str, fault: str, reason: str) -> NoReturn:
        """Raise InvalidArgument with the first place outside of strings where the literal occurs.

        The parser's hooks get the literal without its position, so the text is searched for it.
        """
        at = next((match.start() for match in _TOKEN.finditer(self.text) if match[1] == literal), 0)
        line = self.text.count("\n", 0, at) + 1
        column = at - self.text.rfind("\n", 0, at)
        raise InvalidArgument(
            f"{cut(literal)} {fault} (line {line}, column {column}). Write a finite number, or a string.",
            reason=reason,
            metadata={"line": str(line), "column": str(column)},
        )


def _duplicate_key(value: Json, duplicates: list[tuple[dict[str, Json], str]]) -> InvalidArgument:
    keys = {id(node): key for node, key in duplicates}
    place, key = next((pointer(path), keys[id(node)]) for path, node in _nodes(value) if id(node) in keys)
    where = f"the object at {place}" if place else "the outermost object"
    return InvalidArgument(
        f"The key {shown(key)} occurs more than once in {where}. Keep one of them.",
        reason="DUPLICATE_KEY",
        pointer=place,
        metadata={"key": cut(key)},
    )


def _check_surrogates(value: Json) -> None:
    for path, node in _nodes(value):
        texts = node if isinstance(node, dict) else [node]
        if any(isinstance(text, str) and _LONE_SURROGATE.search(text) for text in texts):
            place = _LONE_SURROGATE.sub("\N{REPLACEMENT CHARACTER}", pointer(path))
            raise InvalidArgument(
                "A string holds half of a surrogate pair, which is no character. Write the whole pair.",
                reason="LONE_SURROGATE",
                pointer=place,
            )


def _nodes(value: Json, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Json]]:
    """Yield every value with its path, outer ones first."""
    yield path, value
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _nodes(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _nodes(inner, (*path, index))
