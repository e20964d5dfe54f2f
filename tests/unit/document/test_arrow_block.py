"""The arrow block as it is written: every type with its parameters, and each fault with its pointer."""

from collections.abc import Callable
from typing import Any

import pytest

from schemaregistry.document import ArrowField, ArrowType, Document

Refusal = Callable[..., tuple[str, str | None]]
Read = Callable[..., Document]

TEXT = {"type": "string"}
WHOLE = {"type": "integer", "minimum": 0, "maximum": 100}
NUMBER = {"type": "number", "minimum": 0, "maximum": 100}
DAY, MOMENT, HOUR = ({"type": "string", "format": name} for name in ("date", "date-time", "time"))

TYPES: list[tuple[dict[str, Any], dict[str, Any], ArrowType]] = [
    *[
        (WHOLE, {"name": name}, ArrowType(name))
        for name in ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
    ],
    (NUMBER, {"name": "float32"}, ArrowType("float32")),
    (NUMBER, {"name": "float64"}, ArrowType("float64")),
    ({"type": "boolean"}, {"name": "bool"}, ArrowType("bool")),
    (TEXT, {"name": "utf8"}, ArrowType("utf8")),
    (TEXT, {"name": "large_utf8"}, ArrowType("large_utf8")),
    (TEXT, {"name": "binary"}, ArrowType("binary")),
    (DAY, {"name": "date32"}, ArrowType("date32")),
    (DAY, {"name": "date64"}, ArrowType("date64")),
    (HOUR, {"name": "time32", "unit": "s"}, ArrowType("time32", unit="s")),
    (HOUR, {"name": "time32", "unit": "ms"}, ArrowType("time32", unit="ms")),
    (HOUR, {"name": "time64", "unit": "us"}, ArrowType("time64", unit="us")),
    (HOUR, {"name": "time64", "unit": "ns"}, ArrowType("time64", unit="ns")),
    *[
        (MOMENT, {"name": "timestamp", "unit": unit}, ArrowType("timestamp", unit=unit))
        for unit in ("s", "ms", "us", "ns")
    ],
    *[
        (MOMENT, {"name": "timestamp", "unit": "ns", "tz": tz}, ArrowType("timestamp", unit="ns", tz=tz))
        for tz in ("UTC", "America/New_York", "+02:00", "Etc/GMT+5")
    ],
    (
        NUMBER,
        {"name": "decimal128", "precision": 18, "scale": 6},
        ArrowType("decimal128", precision=18, scale=6),
    ),
    (
        TEXT,
        {"name": "dictionary", "index": {"name": "int16"}, "value": {"name": "utf8"}},
        ArrowType("dictionary", index=ArrowType("int16"), value=ArrowType("utf8")),
    ),
    (
        {"type": "array", "items": NUMBER},
        {"name": "list", "item": {"name": "float64"}},
        ArrowType("list", item=ArrowField("item", ArrowType("float64"), nullable=False)),
    ),
    (
        {"type": "array", "items": TEXT},
        {"name": "list", "item": {"name": "element", "type": {"name": "utf8"}, "nullable": True}},
        ArrowType("list", item=ArrowField("element", ArrowType("utf8"), nullable=True)),
    ),
    (
        {"type": "object", "properties": {"x": NUMBER, "y": TEXT}, "required": ["x"]},
        {
            "name": "struct",
            "fields": [{"name": "x", "type": {"name": "float64"}}, {"name": "y", "type": {"name": "utf8"}}],
        },
        ArrowType(
            "struct",
            fields=(
                ArrowField("x", ArrowType("float64"), nullable=False),
                ArrowField("y", ArrowType("utf8"), nullable=True),
            ),
        ),
    ),
]


@pytest.mark.parametrize(("schema", "written", "kind"), TYPES)
def test_each_type_is_read_with_its_parameters(
    read: Read, schema: dict[str, Any], written: dict[str, Any], kind: ArrowType
) -> None:
    document = read(properties={"a": schema}, arrow={"fields": [{"name": "a", "type": written}]})
    assert document.arrow == (ArrowField("a", kind),)
    assert not document.arrow_derived
    assert document.warnings == ()


def test_lists_and_structs_nest(read: Read) -> None:
    levels = {"type": "array", "items": {"type": "object", "properties": {"price": NUMBER}, "required": ["price"]}}
    struct = {"name": "struct", "fields": [{"name": "price", "type": {"name": "float64"}}]}
    kind = (
        read(
            properties={"bids": levels}, arrow={"fields": [{"name": "bids", "type": {"name": "list", "item": struct}}]}
        )
        .arrow[0]
        .type
    )
    assert kind.item is not None
    assert kind.item.type.fields == (ArrowField("price", ArrowType("float64"), nullable=False),)


def test_metadata_is_kept(read: Read) -> None:
    field = {"name": "a", "type": {"name": "utf8"}, "metadata": {"unit": "USD"}}
    assert read(properties={"a": TEXT}, arrow={"fields": [field]}).arrow[0].metadata == {"unit": "USD"}


@pytest.mark.parametrize(
    ("block", "pointer"),
    [
        ([], "/arrow"),
        (None, "/arrow"),
        ({}, "/arrow"),
        ({"fields": {}}, "/arrow/fields"),
        ({"fields": [], "metadata": {}}, "/arrow/metadata"),
        ({"fields": ["a"]}, "/arrow/fields/0"),
        ({"fields": [{"name": "a"}]}, "/arrow/fields/0"),
        ({"fields": [{"name": "", "type": {"name": "utf8"}}]}, "/arrow/fields/0/name"),
        ({"fields": [{"name": 1, "type": {"name": "utf8"}}]}, "/arrow/fields/0/name"),
        ({"fields": [{"name": "a", "type": {"name": "utf8"}}] * 2}, "/arrow/fields/1/name"),
        ({"fields": [{"name": "a", "type": {"name": "utf8"}, "nullabel": True}]}, "/arrow/fields/0/nullabel"),
        ({"fields": [{"name": "a", "type": {"name": "utf8"}, "nullable": 1}]}, "/arrow/fields/0/nullable"),
        ({"fields": [{"name": "a", "type": {"name": "utf8"}, "metadata": {"k": 1}}]}, "/arrow/fields/0/metadata"),
    ],
)
def test_a_wrong_block_is_refused_at_its_place(refusal: Refusal, block: Any, pointer: str) -> None:
    assert refusal(properties={"a": TEXT}, arrow=block) == ("BAD_ARROW", pointer)


@pytest.mark.parametrize(
    ("written", "inner"),
    [
        ("utf8", ""),
        ({}, ""),
        ({"name": "int"}, ""),
        ({"name": "floatingpoint"}, ""),
        ({"name": "string"}, ""),
        ({"name": ["utf8"]}, ""),
        ({"name": "utf8", "unit": "s"}, "/unit"),
        ({"name": "timestamp"}, ""),
        ({"name": "timestamp", "unit": "m"}, "/unit"),
        ({"name": "timestamp", "unit": ["us"]}, "/unit"),
        ({"name": "timestamp", "unit": "us", "timezone": "UTC"}, "/timezone"),
        ({"name": "timestamp", "unit": "us", "tz": ""}, "/tz"),
        ({"name": "timestamp", "unit": "us", "tz": None}, "/tz"),
        ({"name": "timestamp", "unit": "us", "tz": "UTC; DROP"}, "/tz"),
        ({"name": "time32", "unit": "us"}, "/unit"),
        ({"name": "time64", "unit": "s"}, "/unit"),
        ({"name": "decimal128", "precision": 10}, ""),
        ({"name": "decimal128", "precision": 39, "scale": 0}, "/precision"),
        ({"name": "decimal128", "precision": 0, "scale": 0}, "/precision"),
        ({"name": "decimal128", "precision": True, "scale": 0}, "/precision"),
        ({"name": "decimal128", "precision": 5, "scale": 6}, "/scale"),
        ({"name": "decimal128", "precision": 5, "scale": -1}, "/scale"),
        ({"name": "dictionary", "value": {"name": "utf8"}}, ""),
        ({"name": "dictionary", "index": {"name": "utf8"}, "value": {"name": "utf8"}}, "/index"),
        (
            {"name": "dictionary", "index": {"name": "int8"}, "value": {"name": "list", "item": {"name": "utf8"}}},
            "/value",
        ),
        ({"name": "list"}, ""),
        ({"name": "list", "item": "utf8"}, "/item"),
        ({"name": "list", "item": {"name": "item", "type": "utf8"}}, "/item/type"),
        ({"name": "struct"}, ""),
        ({"name": "struct", "fields": [{"name": "x", "type": {"name": "utf8"}}] * 2}, "/fields/1/name"),
    ],
)
def test_a_wrong_type_is_refused_at_its_place(refusal: Refusal, written: Any, inner: str) -> None:
    got = refusal(properties={"a": TEXT}, arrow={"fields": [{"name": "a", "type": written}]})
    assert got == ("BAD_ARROW", f"/arrow/fields/0/type{inner}")
