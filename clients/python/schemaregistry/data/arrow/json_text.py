"""JSON text (RFC 8259): parse a value strictly, split an object or array into the texts of its parts, write a value.

`json_column.py` applies this to columns.
"""

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Final, NoReturn

from schemaregistry.data.arrow.json_fault import DEEPEST, MOST_DIGITS
from schemaregistry.data.arrow.literals import FARTHEST, exactly, plainly
from schemaregistry.document import Json

_ESCAPED_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_SPACE: Final = re.compile(r"[ \t\r\n]*")
_EXACT: Final = 2**53
"""From here on not every integer is a double."""


def read(text: str) -> Json:
    """Parse one JSON value.

    A number becomes a Decimal where a double might not say what is written, and from 2^53 on. Raises ValueError for
    invalid JSON, NaN, a name twice in an object, half a surrogate pair, more than 200 levels, integers of more than
    4,300 digits and exponents beyond 5,000.
    """
    try:
        value = _DECODER.decode(text)
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"{error.msg} at character {error.pos + 1}") from None
    # The count is an upper bound that is cheap to find; few values need the walk.
    if text.count("[") + text.count("{") > DEEPEST and _is_too_deep(value):
        raise ValueError("it is nested too deep")
    # Python's strings can hold half a surrogate pair; UTF-8, and so Arrow, can't.
    if _ESCAPED_SURROGATE.search(text) and _SURROGATE.search(json.dumps(value, ensure_ascii=False, default=str)):
        raise ValueError("a string holds half of a surrogate pair")
    return value


def _is_too_deep(value: Json) -> bool:
    level = [value]
    for _ in range(DEEPEST + 1):
        parts = [each.values() if isinstance(each, dict) else each for each in level if isinstance(each, dict | list)]
        level = [inner for part in parts for inner in part]
    return bool(level)


def members(text: str) -> dict[str, str]:
    """Split an object into its members, each value as it is written; `text` must be one that `read` accepts."""
    return dict(_members_of(text))


def items(text: str) -> list[str]:
    """Split an array into its items, each as it is written; `text` must be one that `read` accepts."""
    found: list[str] = []
    at = _after_space(text, text.index("[") + 1)
    while text[at] != "]":
        end = _end_of_value(text, at)
        found.append(text[at:end])
        at = _after_comma(text, end)
    return found


def written(value: Json) -> str:
    """Write a value as compact JSON text; NaN and infinity, which JSON lacks, as `NaN` and `Infinity`."""
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
    # From 2^53 on doubles are whole numbers apart, so the exact value is kept.
    number = exactly(literal) if value is None or abs(value) >= _EXACT else value
    if number is None:
        raise ValueError(f"the exponent of a number is beyond {FARTHEST:,}")
    return number


def integer(literal: str) -> int | float:
    """Parse a JSON integer; `-0` becomes the double -0.0, which keeps the sign.

    Raises ValueError for too many digits.
    """
    if len(literal.lstrip("-")) > MOST_DIGITS:
        raise ValueError(f"an integer has more than {MOST_DIGITS:,} digits")
    return int(literal) if literal != "-0" else -0.0


def any_number(literal: str) -> Decimal | None:
    """Return a JSON number as a Decimal; None for those that `read` doesn't take."""
    is_taken = not literal.lstrip("-").isdigit() or len(literal.lstrip("-")) <= MOST_DIGITS
    return exactly(literal) if is_taken else None


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
"""Finds the end of a value; numbers stay texts, since their values don't matter."""
