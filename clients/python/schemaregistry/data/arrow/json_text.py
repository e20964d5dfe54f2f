"""JSON text (RFC 8259): one value read strictly, the parts of an object or array as they are written, values written.

Holds no plan and judges nothing. Columns of such texts are json_column's.
"""

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Final, NoReturn

from schemaregistry.data.arrow.literals import FARTHEST, exactly, plainly
from schemaregistry.document import Json

_ESCAPED_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_SPACE: Final = re.compile(r"[ \t\r\n]*")
_DEEPEST: Final = 200
"""Values within one another."""
_MOST_DIGITS: Final = 4300
"""Of an integer."""
_EXACT: Final = 2**53
"""From here on a double isn't every integer."""


def read(text: str) -> Json:
    """One JSON value; raises ValueError for anything else, for NaN, a name twice in an object and half characters.

    And for integers of more than 4,300 digits, and exponents that nobody reads. A number that a double may not say, or
    that is beyond the integers that doubles tell apart, is a Decimal.
    """
    try:
        value = _DECODER.decode(text)
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"{error.msg} at character {error.pos + 1}") from None
    if text.count("[") + text.count("{") > _DEEPEST and _is_too_deep(value):
        raise ValueError("it is nested too deep")
    if _ESCAPED_SURROGATE.search(text) and _SURROGATE.search(json.dumps(value, ensure_ascii=False, default=str)):
        raise ValueError("a string holds half of a surrogate pair")
    return value


def _is_too_deep(value: Json) -> bool:
    level = [value]
    for _ in range(_DEEPEST + 1):
        parts = [each.values() if isinstance(each, dict) else each for each in level if isinstance(each, dict | list)]
        level = [inner for part in parts for inner in part]
    return bool(level)


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


def _float(literal: str) -> float | Decimal:
    value = plainly(literal)
    number = exactly(literal) if value is None or abs(value) >= _EXACT else value
    if number is None:
        raise ValueError(f"the exponent of a number is beyond {FARTHEST:,}")
    return number


def integer(literal: str) -> int | float:
    """A number of JSON that is written as an integer; `-0` is the double that it stands for, which keeps the sign."""
    if len(literal.lstrip("-")) > _MOST_DIGITS:
        raise ValueError(f"an integer has more than {_MOST_DIGITS:,} digits")
    return int(literal) if literal != "-0" else -0.0


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key occurs more than once in an object")
    return found


def _refuse(literal: str) -> NoReturn:
    raise ValueError(f"{literal} isn't JSON")


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_float, parse_int=integer, parse_constant=_refuse
)
_SCANNER: Final = json.JSONDecoder(parse_float=str, parse_int=str)
"""Finds where a value ends; what numbers are doesn't matter."""
