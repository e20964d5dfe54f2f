"""Judge a change from one Arrow type to another: which readers it breaks, by direction.

Columns and their order are compared in `arrow_rules.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from schemaregistry.compat.verdict import ABSENT, Absent, Way
from schemaregistry.document.model import ArrowType, Json

RANGES: Final = {
    f"{sign}int{bits}": (0 if sign else -(2 ** (bits - 1)), 2**bits - 1 if sign else 2 ** (bits - 1) - 1)
    for sign in ("", "u")
    for bits in (8, 16, 32, 64)
}
EXACT: Final = {"float32": 2**24, "float64": 2**53}
"""The largest integer up to which a float holds every integer (IEEE 754: 24 and 53 bits of significand)."""
UNITS: Final = ("s", "ms", "us", "ns")
TEXTS: Final = ("utf8", "large_utf8")
DATES: Final = ("date32", "date64")


@dataclass(frozen=True, slots=True)
class TypeChange:
    """The effect of one kind of change.

    `backward` says why a reader of the new type breaks on old data, `forward` why a reader of the old type breaks on
    new data; both are "" where no reader breaks. `note` is a remark for a change that breaks nobody. `lost` is a value
    of the old type that the new type can't hold, where one is known: it becomes the witness.
    """

    kind: str
    backward: str = ""
    forward: str = ""
    note: str = ""
    lost: Json | Absent = ABSENT

    def breaks(self, way: Way) -> str:
        """Return why a reader breaks in this direction; "" where none does."""
        return self.backward if way == "backward" else self.forward

    def reversed(self, kind: str) -> "TypeChange":
        """Return the effect of the opposite change, from the new type to the old one, under the name `kind`."""
        return TypeChange(kind, self.forward, self.backward, self.note)


TypeChangeOf: TypeAlias = Callable[[ArrowType, ArrowType], TypeChange | None]
"""A rule for a change from one type to another; None where the rule is not about these two types."""


def between(old: ArrowType, new: ArrowType) -> TypeChange:
    """Return the effect of changing `old` into `new`, by the first rule about the two types, in either order.

    Two types that no rule relates break readers in both directions.
    """
    for row in ROWS:
        rule = row(old, new)
        if rule is not None:
            return rule
        mirrored = row(new, old)
        if mirrored is not None:
            return mirrored.reversed(MIRRORED.get(mirrored.kind, mirrored.kind))
    reason = "no reader of one type can take the other"
    return TypeChange("arrow_type_changed", reason, reason)


MIRRORED: Final = {"arrow_type_widened": "arrow_type_narrowed"}
"""The kind of the opposite change, where it has another name."""


def _integers(old: ArrowType, new: ArrowType) -> TypeChange | None:
    if old.name not in RANGES or new.name not in RANGES:
        return None
    (low, high), (least, most) = RANGES[old.name], RANGES[new.name]
    if least <= low and high <= most:
        over = f"values beyond {old.name} overflow there, and in C++ the array is of another class"
        return TypeChange("arrow_type_widened", forward=f"a reader of {old.name} breaks: {over}")
    if low <= least and most <= high:
        over = f"values beyond {new.name} overflow there"
        lost = most + 1 if most < high else least - 1
        return TypeChange("arrow_type_narrowed", f"a reader of {new.name} breaks: {over}", lost=lost)
    return TypeChange(
        "arrow_sign_changed",
        f"a reader of {new.name} breaks: {old.name} has values outside its range",
        f"a reader of {old.name} breaks: {new.name} has values outside its range",
        lost=least - 1 if low < least else most + 1,
    )


def _integer_to_float(old: ArrowType, new: ArrowType) -> TypeChange | None:
    if old.name not in RANGES or new.name not in EXACT:
        return None
    forward = f"a reader of {old.name} breaks: it can't take fractions"
    exact = EXACT[new.name]
    if RANGES[old.name][1] <= exact:
        return TypeChange("arrow_type_widened", forward=forward)
    backward = f"a reader of {new.name} is told wrong values: above {exact:,} not every integer is one"
    return TypeChange("arrow_type_changed", backward, forward, lost=exact + 1)


def _floats(old: ArrowType, new: ArrowType) -> TypeChange | None:
    if (old.name, new.name) != ("float32", "float64"):
        return None
    return TypeChange(
        "arrow_type_widened", forward="a reader of float32 breaks: digits and large values are lost there"
    )


def _decimals(old: ArrowType, new: ArrowType) -> TypeChange | None:
    if old.name != "decimal128" or new.name != "decimal128":
        return None
    grown = (_whole_digits(new) - _whole_digits(old), (new.scale or 0) - (old.scale or 0))
    backward = "a reader of the new decimal breaks: the old one has more digits" if min(grown) < 0 else ""
    forward = "a reader of the old decimal breaks: the new one has more digits" if max(grown) > 0 else ""
    kinds = {(True, False): "arrow_type_narrowed", (False, True): "arrow_type_widened"}
    return TypeChange(kinds.get((bool(backward), bool(forward)), "arrow_type_changed"), backward, forward)


def _integer_to_decimal(old: ArrowType, new: ArrowType) -> TypeChange | None:
    if old.name not in RANGES or new.name != "decimal128":
        return None
    fits = RANGES[old.name][1] < 10 ** _whole_digits(new)
    backward = "" if fits else f"a reader of the decimal breaks: {old.name} has more digits"
    return TypeChange("arrow_type_changed", backward, f"a reader of {old.name} breaks: it gets decimals")


def _decimal_to_float(old: ArrowType, new: ArrowType) -> TypeChange | None:
    if old.name != "decimal128" or new.name not in EXACT:
        return None
    rounded = "decimal fractions are rounded to binary ones"
    return TypeChange("arrow_type_changed", f"a reader of {new.name} is told wrong values: {rounded}", rounded)


def _whole_digits(kind: ArrowType) -> int:
    return (kind.precision or 0) - (kind.scale or 0)


def _timestamps(old: ArrowType, new: ArrowType) -> TypeChange | None:
    if old.name != "timestamp" or new.name != "timestamp" or old == new:
        return None
    if old.tz != new.tz:
        shown = f"{old.tz or 'no zone'} → {new.tz or 'no zone'}"
        reason = f"the same digits mean another instant or another day: {shown}"
        return TypeChange("arrow_timezone_changed", reason, reason)
    step = UNITS.index(new.unit or "s") - UNITS.index(old.unit or "s")
    if step < 0:
        return None  # `between` asks again with the types swapped
    forward = f"a reader of {old.unit} loses the digits below it, or refuses the column"
    if new.unit != "ns":
        return TypeChange("arrow_unit_refined", forward=forward)
    backward = "a reader of ns breaks: 64 bits of ns end in 2262 (and start in 1677)"
    return TypeChange("arrow_unit_changed", backward, forward)


def _times(old: ArrowType, new: ArrowType) -> TypeChange | None:
    names = ("time32", "time64")
    if old.name not in names or new.name not in names:
        return None
    if UNITS.index(old.unit or "s") > UNITS.index(new.unit or "s"):
        return None
    return TypeChange(
        "arrow_unit_refined", forward=f"a reader of {old.name}[{old.unit}] loses digits, or refuses the column"
    )


def _dates(old: ArrowType, new: ArrowType) -> TypeChange | None:
    if old.name not in DATES or new.name not in DATES:
        return None
    return TypeChange(
        "arrow_type_changed", note="the days are the same; a C++ reader that casts to one class of array breaks"
    )


def _texts(old: ArrowType, new: ArrowType) -> TypeChange | None:
    if old.name not in TEXTS or new.name not in TEXTS:
        return None
    note = "the texts are the same; a C++ reader that casts to StringArray or LargeStringArray unasked breaks"
    return TypeChange("arrow_layout_changed", note=note)


def _text_to_binary(old: ArrowType, new: ArrowType) -> TypeChange | None:
    if old.name not in TEXTS or new.name != "binary":
        return None
    return TypeChange("arrow_type_widened", forward="a reader of texts breaks: bytes need not be UTF-8")


def _json(old: ArrowType, new: ArrowType) -> TypeChange | None:
    """Judge a change to json: readers parse texts as JSON, and take numbers and booleans as they are."""
    if new.name != "json" or old.name == "json":
        return None
    texts = (old.value or old).name in TEXTS
    backward = "a reader of json breaks: texts of old data are no JSON texts" if texts else ""
    return TypeChange("arrow_type_changed", backward, f"a reader of {old.name} breaks: it gets JSON texts")


def _dictionaries(old: ArrowType, new: ArrowType) -> TypeChange | None:
    """Judge a change of a dictionary by its values; the encoding itself is a layout, which each file states."""
    if old.name != "dictionary":
        return None
    plain_old, plain_new = old.value or old, (new.value or new) if new.name == "dictionary" else new
    if plain_old == plain_new or (plain_old.name in TEXTS and plain_new.name in TEXTS):
        note = "the values are the same; a reader that takes dictionary indexes, as categoricals do, must be told"
        return TypeChange("arrow_layout_changed", note=note)
    return between(plain_old, plain_new)


ROWS: Final[tuple[TypeChangeOf, ...]] = (
    _integers,
    _integer_to_float,
    _floats,
    _decimals,
    _integer_to_decimal,
    _decimal_to_float,
    _timestamps,
    _times,
    _dates,
    _texts,
    _text_to_binary,
    _json,
    _dictionaries,
)
