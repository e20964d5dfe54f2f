"""Turn JSON values into hashable constants that are equal exactly where draft-07 calls the values equal, and back.

JSON Schema core draft-07, section 4.2.3: numbers are equal by value (1 is 1.0), a boolean equals no number, the order
of members doesn't matter. A number is the exact value of its decimal text, so 0.1 is one tenth.
"""

import sys
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, TypeAlias

from schemaregistry.document.model import Json

Constant: TypeAlias = tuple[str, Any]
"""The name of a JSON type, and the value as None, bool, Fraction, str, tuple of constants or frozenset of
(name, constant)."""

TYPES: Final = ("null", "boolean", "number", "string", "array", "object")
"""The six disjoint types of JSON, the cheapest instance first."""


def type_of(value: Json) -> str:
    """Return the JSON type's name, one of TYPES; an integer is a `number` too."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case str():
            return "string"
        case list():
            return "array"
        case dict():
            return "object"
        case _:
            return "number"


def exact(number: float | Decimal) -> Fraction:
    """Return the number that the decimal text stands for. Raises OverflowError or ValueError for an infinity or NaN."""
    return Fraction(number) if isinstance(number, int) else Fraction(Decimal(repr(number)))


def freeze(value: Json) -> Constant:
    """Return the constant of `value`; constants are equal exactly where the JSON values are."""
    # The type's name is part of the constant, because in Python False equals 0.
    kind = type_of(value)
    match kind:
        case "number":
            return kind, exact(value)
        case "array":
            return kind, tuple(freeze(item) for item in value)
        case "object":
            return kind, frozenset((name, freeze(member)) for name, member in value.items())
        case _:
            return kind, value


def thaw(constant: Constant) -> Json:
    """Return a JSON value whose constant is `constant`, with members sorted by name."""
    kind, value = constant
    match kind:
        case "number":
            return number(value)
        case "array":
            return [thaw(item) for item in value]
        case "object":
            return {name: thaw(member) for name, member in sorted(value, key=lambda pair: pair[0])}
        case _:
            return value


def number(value: Fraction) -> int | float:
    """Return `value` as an int, or else as the nearest float."""
    return value.numerator if value.denominator == 1 else float(value)


def is_double(value: Fraction) -> bool:
    """Tell whether a JSON number can state `value` so that every reader has it exactly: as an IEEE 754 double."""
    if abs(value) > sys.float_info.max:
        return False
    if value.denominator == 1:
        return abs(value) <= 2**53 or int(float(value)) == value
    return exact(float(value)) == value
