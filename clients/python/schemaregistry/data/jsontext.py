"""JSON text (RFC 8259): one value read strictly, the parts of an object or array as they are written, values written.

Holds no plan and judges nothing. Columns of such texts are jsoncolumn's.
"""

import json
import math
import re
from collections.abc import Iterator
from decimal import Decimal
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Final, NoReturn

from schemaregistry.document import Json

_ESCAPED_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_SPACE: Final = re.compile(r"[ \t\r\n]*")
_NONZERO: Final = re.compile(r"[+-]?[0.]*[1-9]")
"""A number whose digits before the exponent aren't all zeros."""


def read(text: str) -> Json:
    """One JSON value; raises ValueError for anything else, for NaN, a name twice in an object and half characters.

    A number that a double can't reach is a Decimal.
    """
    try:
        value = _decoded(text)
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"{error.msg} at character {error.pos + 1}") from None
    if _ESCAPED_SURROGATE.search(text) and _SURROGATE.search(json.dumps(value, ensure_ascii=False, default=str)):
        raise ValueError("a string holds half of a surrogate pair")
    return value


def members(text: str) -> dict[str, str]:
    """The members of an object, each as it is written; `text` is one that `read` takes."""
    return dict(_members_of(text))


def items(text: str) -> list[str]:
    """The items of an array, each as it is written; `text` is one that `read` takes."""
    found: list[str] = []
    at = _after_space(text, text.index("[") + 1)
    while text[at] != "]":
        end = _end_of_value(text, at)
        found.append(text[at:end])
        at = _after_comma(text, end)
    return found


def written(value: Json) -> str:
    """A value as compact JSON text; NaN and infinity, which JSON doesn't have, as `NaN` and `Infinity`."""
    match value:
        case Decimal():
            return str(value)
        case dict():
            return "{" + ",".join(f"{_string(name)}:{written(inner)}" for name, inner in value.items()) + "}"
        case list():
            return "[" + ",".join(map(written, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def _string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _members_of(text: str) -> Iterator[tuple[str, str]]:
    at = _after_space(text, text.index("{") + 1)
    while text[at] != "}":
        name, at = scanstring(text, at + 1)
        start = _after_space(text, text.index(":", at) + 1)
        end = _end_of_value(text, start)
        yield name, text[start:end]
        at = _after_comma(text, end)


def _end_of_value(text: str, at: int) -> int:
    return _SCANNER.raw_decode(text, at)[1]


def _after_space(text: str, at: int) -> int:
    return _SPACE.match(text, at).end()  # type: ignore[union-attr]


def _after_comma(text: str, at: int) -> int:
    at = _after_space(text, at)
    return _after_space(text, at + 1) if text[at] == "," else at


class _Refused(ValueError):
    """What the decoder takes and JSON doesn't."""


def _decoded(text: str) -> Json:
    try:
        return _DECODER.decode(text)
    except (json.JSONDecodeError, _Refused):
        raise
    except ValueError:  # an integer of more digits than Python reads
        return _LONG_DECODER.decode(text)


def _float(literal: str) -> float | Decimal:
    value = float(literal)
    return value if math.isfinite(value) and (value or not _NONZERO.match(literal)) else Decimal(literal)


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _Refused("a key occurs more than once in an object")
    return found


def _refuse(literal: str) -> NoReturn:
    raise _Refused(f"{literal} isn't JSON")


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_object, parse_float=_float, parse_constant=_refuse)
_LONG_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_float, parse_constant=_refuse, parse_int=Decimal
)
_SCANNER: Final = json.JSONDecoder(parse_float=str, parse_int=str)
"""Finds where a value ends; what numbers are doesn't matter."""
