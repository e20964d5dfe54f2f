"""Write the canonical text of a JSON value, and compute its fingerprint.

The text follows RFC 8785 (JSON Canonicalization Scheme) with one difference: integers are exact, with all digits.
"""

import hashlib
import json
import math
import re

from schemaregistry.document.model import Json
from schemaregistry.errors import InvalidArgument

_string = json.JSONEncoder(ensure_ascii=False).encode


def canonical(value: Json) -> bytes:
    """Return the canonical text of a value as UTF-8: equal values, and only they, have equal texts.

    `1`, `1.0` and `1e0` are equal, `1` and `true` are not. Raises InvalidArgument (NOT_A_NUMBER) for NaN and infinity.
    """
    return _text(value).encode()


def fingerprint(value: Json) -> str:
    """Return `sha256:` and the SHA-256 of the canonical text, in 64 hex digits. Raises as `canonical` does."""
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
    """Return the sort key of a member's name: its UTF-16 code units (RFC 8785, 3.2.3)."""
    return key.encode("utf-16-be")


def _number(value: float) -> str:
    """Write a float as ECMA-262's Number::toString does (RFC 8785, 3.2.2.3), an integral one as an integer.

    A float with a fraction is below 2^53, so that no positive exponent occurs.
    """
    if not math.isfinite(value):
        raise InvalidArgument(
            f"{value} isn't a JSON number. Write a finite number, or a string.", reason="NOT_A_NUMBER"
        )
    if value.is_integer():
        return str(int(value))
    # Python writes 1e-05 and 1e-06 where ECMA-262 writes 0.00001 and 0.000001, and e-07 where it writes e-7.
    text = repr(value)
    if re.search("e-0[56]$", text):
        digits = text[:-4].replace(".", "").lstrip("-")
        return "-" * (value < 0) + "0." + "0" * (int(text[-1]) - 1) + digits
    return re.sub("e-0", "e-", text)
