"""JSON values as hashable constants under draft-07 equality, and back. Holds no schema.

Draft-07 section 4.2.3: numbers are equal by value (1 is 1.0), booleans are no numbers, members have no order. A number
is its decimal text's exact value, so 0.1 is one tenth.
"""

import sys
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, TypeAlias

from schemaregistry.document.model import Json

Constant: TypeAlias = tuple[str, Any]
"""A JSON type's name and the value: None, bool, Fraction, str, tuple of constants, frozenset of (name, constant)."""

TYPES: Final = ("null", "boolean", "number", "string", "array", "object")
"""The six disjoint types of JSON, the cheapest instance first."""


def type_of(value: Json) -> str:
    """Name one of the six types; every number is a `number`."""
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
    """Give the number its decimal text names; raises OverflowError or ValueError for an infinity or NaN."""
    return Fraction(number) if isinstance(number, int) else Fraction(Decimal(repr(number)))


def freeze(value: Json) -> Constant:
    """Make the constant that equals `value` and nothing else."""
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
    """Make a JSON value that freezes to `constant`, members in the order of their names."""
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
    """Give the int, or the float whose text names `value` or is nearest to it."""
    return value.numerator if value.denominator == 1 else float(value)


def is_double(value: Fraction) -> bool:
    """Tell whether a JSON number that every reader holds exactly names `value`."""
    if abs(value) > sys.float_info.max:
        return False
    if value.denominator == 1:
        return abs(value) <= 2**53 or int(float(value)) == value
    return exact(float(value)) == value
