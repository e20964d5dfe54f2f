"""The canonical text of a JSON value, and its fingerprint. Reads nothing.

RFC 8785 (JSON Canonicalization Scheme) with one difference: integers are exact and in full, however large.
"""

import hashlib
import json
import math
import re

from schemaregistry.document.model import Json
from schemaregistry.errors import InvalidArgument

_string = json.JSONEncoder(ensure_ascii=False).encode


def canonical(value: Json) -> bytes:
    """Write a value so that equal values, and only they, give equal bytes (UTF-8).

    `1`, `1.0` and `1e0` are equal, `1` and `true` are not. Raises InvalidArgument (NOT_A_NUMBER) for NaN and infinity.
    """
    return _text(value).encode()


def fingerprint(value: Json) -> str:
    """`sha256:` and the 64 hex digits of the canonical text's hash."""
    return "sha256:" + hashlib.sha256(canonical(value)).hexdigest()


def _text(value: Json) -> str:
    match value:
        case dict():
            members = (f"{_string(key)}:{_text(value[key])}" for key in sorted(value, key=_utf16))
            return "{" + ",".join(members) + "}"
        case list() | tuple():
            return "[" + ",".join(map(_text, value)) + "]"
        case str():
            return _string(value)
        case bool() | None:
            return json.dumps(value)
        case int():
            return str(value)
        case float():
            return _number(value)
    raise TypeError(f"{type(value).__name__} is not a JSON value")


def _utf16(key: str) -> bytes:
    """RFC 8785, 3.2.3: members are sorted by UTF-16 code units."""
    return key.encode("utf-16-be")


def _number(value: float) -> str:
    """ECMA-262's Number::toString for what isn't an integer, which is never beyond 2^53."""
    if not math.isfinite(value):
        raise InvalidArgument(
            f"{value} isn't a JSON number. Write a finite number, or a string.", reason="NOT_A_NUMBER"
        )
    if value.is_integer():
        return str(int(value))
    text = repr(value)
    if re.search("e-0[56]$", text):
        digits = text[:-4].replace(".", "").lstrip("-")
        return "-" * (value < 0) + "0." + "0" * (int(text[-1]) - 1) + digits
    return re.sub("e-0", "e-", text)
