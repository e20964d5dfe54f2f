"""The rules for columns as a table: from, to, and which direction breaks ("" for neither)."""

from typing import Any

import pytest

from schemaregistry.compat.arrow_rules import compare
from schemaregistry.compat.arrow_types import ROWS, between
from schemaregistry.document import ArrowField, ArrowType


def kind(text: str) -> ArrowType:
    name, _, rest = text.partition(":")
    match name:
        case "timestamp":
            unit, _, zone = rest.partition("@")
            return ArrowType(name, unit=unit, tz=zone or None)
        case "time32" | "time64":
            return ArrowType(name, unit=rest)
        case "decimal128":
            precision, scale = map(int, rest.split(","))
            return ArrowType(name, precision=precision, scale=scale)
        case "dictionary":
            index, _, value = rest.partition(",")
            return ArrowType(name, index=ArrowType(index), value=kind(value))
        case "list":
            return ArrowType(name, item=ArrowField("item", kind(rest)))
        case "struct":
            return ArrowType(name, fields=tuple(ArrowField(part, ArrowType("utf8")) for part in rest.split(",")))
        case _:
            return ArrowType(name)


TYPES = [
    ("int32", "int64", "forward"),
    ("int64", "int32", "backward"),
    ("uint8", "int16", "forward"),
    ("int16", "uint8", "backward"),
    ("int32", "uint32", "both"),
    ("uint32", "int32", "both"),
    ("uint32", "int64", "forward"),
    ("int32", "float64", "forward"),
    ("int64", "float64", "both"),
    ("float64", "int64", "both"),
    ("float64", "int32", "backward"),
    ("int16", "float32", "forward"),
    ("int32", "float32", "both"),
    ("float32", "float64", "forward"),
    ("float64", "float32", "backward"),
    ("decimal128:10,2", "decimal128:12,2", "forward"),
    ("decimal128:12,2", "decimal128:10,2", "backward"),
    ("decimal128:10,2", "decimal128:10,4", "both"),
    ("int32", "decimal128:12,2", "forward"),
    ("int64", "decimal128:12,2", "both"),
    ("decimal128:12,2", "float64", "both"),
    ("timestamp:ms", "timestamp:us", "forward"),
    ("timestamp:us", "timestamp:ms", "backward"),
    ("timestamp:us", "timestamp:ns", "both"),
    ("timestamp:ns", "timestamp:us", "both"),
    ("timestamp:us", "timestamp:us@UTC", "both"),
    ("timestamp:us@UTC", "timestamp:us", "both"),
    ("timestamp:us@UTC", "timestamp:us@Europe/Zurich", "both"),
    ("time32:s", "time64:us", "forward"),
    ("time64:us", "time32:s", "backward"),
    ("date32", "date64", ""),
    ("utf8", "large_utf8", ""),
    ("utf8", "dictionary:int32,utf8", ""),
    ("dictionary:int8,utf8", "dictionary:int32,large_utf8", ""),
    ("dictionary:int8,int64", "dictionary:int8,int32", "backward"),
    ("dictionary:int8,utf8", "int32", "both"),
    ("utf8", "binary", "forward"),
    ("binary", "utf8", "backward"),
    ("bool", "int8", "both"),
    ("utf8", "timestamp:us", "both"),
    ("list:int32", "int32", "both"),
    ("int64", "json", "forward"),
    ("list:int32", "json", "forward"),
    ("utf8", "json", "both"),
    ("dictionary:int8,utf8", "json", "both"),
]
BREAKS = {(False, False): "", (True, False): "backward", (False, True): "forward", (True, True): "both"}


@pytest.mark.parametrize(("old", "new", "breaks"), TYPES)
def test_types(old: str, new: str, breaks: str) -> None:
    rule = between(kind(old), kind(new))
    assert BREAKS[bool(rule.backward), bool(rule.forward)] == breaks
    assert breaks or rule.note


@pytest.mark.parametrize(("old", "new", "breaks"), TYPES)
def test_the_way_back_breaks_the_other_side(old: str, new: str, breaks: str) -> None:
    rule = between(kind(new), kind(old))
    mirrored = {"backward": "forward", "forward": "backward"}.get(breaks, breaks)
    assert BREAKS[bool(rule.backward), bool(rule.forward)] == mirrored


@pytest.mark.parametrize(
    ("old", "new", "lost"),
    [("int64", "int32", 2**31), ("int32", "uint32", -1), ("uint32", "int32", 2**31), ("int64", "float64", 2**53 + 1)],
)
def test_a_value_that_no_longer_fits_is_named(old: str, new: str, lost: int) -> None:
    assert between(kind(old), kind(new)).lost == lost


def test_every_row_is_used() -> None:
    for row in ROWS:
        pairs = [(kind(one), kind(two)) for old, new, _ in TYPES for one, two in ((old, new), (new, old))]
        assert any(row(one, two) for one, two in pairs), row


def fields(*specs: str) -> tuple[ArrowField, ...]:
    """`name:type`, with a `!` at the end where nulls are refused."""
    made = []
    for spec in specs:
        name, _, rest = spec.rstrip("!").partition(":")
        made.append(ArrowField(name, kind(rest or "utf8"), nullable=not spec.endswith("!")))
    return tuple(made)


FIELDS: list[tuple[tuple[str, ...], tuple[str, ...], dict[str, Any], str, str]] = [
    (("a",), ("a", "b"), {}, "arrow_field_added", ""),
    (("a",), ("a", "b!"), {}, "arrow_field_added", "backward"),
    (("a", "b"), ("a",), {}, "arrow_field_removed", ""),
    (("a", "b!"), ("a",), {}, "arrow_field_removed", "forward"),
    (("a", "b"), ("a", "c"), {}, "arrow_field_renamed", "both"),
    (("a", "b", "c"), ("a", "c", "d"), {"d": ("b",)}, "arrow_field_renamed", "both"),
    (("a", "b"), ("b", "a"), {}, "arrow_fields_reordered", "both"),
    (("a", "b"), ("a", "x:int32", "b"), {}, "arrow_field_inserted", "both"),
    (("a",), ("a!",), {}, "arrow_nullable_removed", "backward"),
    (("a!",), ("a",), {}, "arrow_nullable_added", "forward"),
    (("a:list:int32",), ("a:list:int64",), {}, "arrow_type_widened", "forward"),
    (("a:struct:x",), ("a:struct:x,y",), {}, "arrow_field_added", ""),
    (("a:struct:x,y",), ("a:struct:y,x",), {}, "arrow_fields_reordered", "both"),
]


@pytest.mark.parametrize(("old", "new", "aliases", "rule", "breaks"), FIELDS)
def test_fields(old: tuple[str, ...], new: tuple[str, ...], aliases: dict[str, Any], rule: str, breaks: str) -> None:
    found = {finding.rule.kind: finding.rule for finding in compare(fields(*old), fields(*new), aliases)}
    assert rule in found
    assert BREAKS[bool(found[rule].backward), bool(found[rule].forward)] == breaks


def test_the_same_fields_differ_in_nothing() -> None:
    assert compare(fields("a", "b:list:int32"), fields("a", "b:list:int32"), {}) == ()


def test_a_derived_order_is_nobodys_promise() -> None:
    assert compare(fields("a", "b"), fields("b", "a"), {}, ordered=False) == ()


def test_a_place_inside_is_named_by_pointer_and_column() -> None:
    (finding,) = compare(fields("levels:struct:x"), fields("levels:struct:x,y"), {})
    assert (finding.pointer, finding.column) == ("/arrow/fields/0/type/fields/1", "levels.y")
