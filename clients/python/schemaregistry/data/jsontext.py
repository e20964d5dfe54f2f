"""JSON text (RFC 8259): one value read strictly, the parts of an object or array as they are written, values written.

Holds no plan and judges nothing. Columns of such texts are jsoncolumn's.
"""

import json
import math
import re
from collections.abc import Iterator
from decimal import MAX_EMAX, MIN_EMIN, Decimal, InvalidOperation
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Final, NoReturn

from schemaregistry.document import Json

_ESCAPED_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_SPACE: Final = re.compile(r"[ \t\r\n]*")
_NONZERO: Final = re.compile(r"[+-]?[0.]*[1-9]")
"""A number whose digits before the exponent aren't all zeros."""
_MOST_DIGITS: Final = 4300
"""Of an integer."""
_EXACT: Final = 2**53
"""From here on a double isn't every integer."""


def read(text: str) -> Json:
    """One JSON value; raises ValueError for anything else, for NaN, a name twice in an object and half characters.

    And for integers of more than 4,300 digits. A number that a double can't reach is a Decimal, one without a fraction
    that is beyond the integers that a double tells apart an int.
    """
    try:
        value = _DECODER.decode(text)
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


def exactly(literal: str) -> Decimal:
    """The number as it is written; one whose exponent no Decimal has, as the farthest that there is."""
    try:
        return Decimal(literal)
    except InvalidOperation:
        sign, tiny = int(literal.startswith("-")), "e-" in literal.lower()
        return Decimal((sign, (1,), MIN_EMIN if tiny else MAX_EMAX))


def _float(literal: str) -> float | int | Decimal:
    value = float(literal)
    if math.isinf(value) or (value == 0 and _NONZERO.match(literal)):
        return exactly(literal)
    if abs(value) < _EXACT:
        return value
    exact = Decimal(literal)
    whole = int(exact)
    return whole if exact == whole else value


def _int(literal: str) -> int:
    if len(literal.lstrip("-")) > _MOST_DIGITS:
        raise ValueError(f"an integer has more than {_MOST_DIGITS:,} digits")
    return int(literal)


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key occurs more than once in an object")
    return found


def _refuse(literal: str) -> NoReturn:
    raise ValueError(f"{literal} isn't JSON")


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_float, parse_int=_int, parse_constant=_refuse
)
_SCANNER: Final = json.JSONDecoder(parse_float=str, parse_int=str)
"""Finds where a value ends; what numbers are doesn't matter."""
