"""Whom a change breaks: by what each consumer reads, how, in which language, and in which direction."""

import json
from typing import Any

import pytest

from schemaregistry.compat.consumer_impact import Direction, How, Reading, impact
from schemaregistry.document import Document, parse

FIELDS = [("ts", "timestamp"), ("symbol", "utf8"), ("price", "float64"), ("size", "int32"), ("venue", "utf8")]
JSON = {
    "timestamp": {"type": "string", "format": "date-time"},
    "utf8": {"type": "string"},
    "float64": {"type": "number"},
}


def ticks(fields: list[tuple[str, str]] = FIELDS, version: str = "1.0.0", **members: Any) -> Document:
    properties = {name: JSON.get(kind, {"type": "integer"}) for name, kind in fields}
    types = [{"name": kind} | ({"unit": "us"} if kind == "timestamp" else {}) for _, kind in fields]
    value = {
        "$id": "ticks",
        "version": version,
        "type": "object",
        "properties": properties,
        "required": ["ts", "symbol"],
        "additionalProperties": False,
        "arrow": {
            "fields": [
                {"name": name, "type": kind, "nullable": name not in ("ts", "symbol")}
                for (name, _), kind in zip(fields, types, strict=True)
            ]
        },
    }
    return parse(json.dumps(value | members).encode())


def reader(language: str, how: How, direction: Direction = "forward", fields: set[str] | None = None) -> Reading:
    return Reading(language, how, direction, None if fields is None else frozenset(fields))


CPP = reader("cpp", "typed_header")
PYTHON = reader("python", "by_name")
BY_POSITION = reader("cpp", "by_position")
WIDER = ticks([(name, "int64" if name == "size" else kind) for name, kind in FIELDS], "2.0.0")
WITHOUT_VENUE = ticks(FIELDS[:-1], "2.0.0")
MORE = ticks([*FIELDS, ("side", "utf8")], "1.1.0")
REORDERED = ticks([FIELDS[1], FIELDS[0], *FIELDS[2:]], "2.0.0")


@pytest.mark.parametrize(
    ("new", "reading", "breaks"),
    [
        (WIDER, CPP, True),
        (WIDER, PYTHON, False),
        (WIDER, reader("sql", "by_name"), False),
        (WIDER, reader("cpp", "by_name"), True),
        (WIDER, reader("cpp", "typed_header", fields={"price"}), False),
        (WITHOUT_VENUE, reader("python", "by_name", fields={"venue", "price"}), True),
        (WITHOUT_VENUE, reader("python", "by_name", fields={"price"}), False),
        (WITHOUT_VENUE, PYTHON, True),
        (MORE, CPP, False),
        (MORE, PYTHON, False),
        (MORE, BY_POSITION, False),
        (REORDERED, BY_POSITION, True),
        (REORDERED, PYTHON, False),
        (REORDERED, CPP, False),
    ],
)
def test_whom_a_change_of_columns_breaks(new: Document, reading: Reading, breaks: bool) -> None:
    found = impact(ticks(), new, reading)
    assert found.breaks is breaks, found.why


def test_why_is_said_in_a_sentence() -> None:
    found = impact(ticks(), WIDER, CPP)
    assert found.why == "Column `size` goes from int32 to int64: its header has the old type."


def test_a_value_that_the_old_reader_does_not_know_breaks_whoever_reads_it() -> None:
    members = {"properties": ticks().schema["properties"] | {"venue": {"enum": ["A", "B"]}}}
    wider = {"properties": ticks().schema["properties"] | {"venue": {"enum": ["A", "B", "C"]}}}
    old, new = ticks(**members), ticks(version="1.1.0", **wider)
    found = impact(old, new, PYTHON)
    assert found.breaks
    assert found.why.startswith("New data may have {")
    assert '"venue": "C"' in found.why
    assert impact(old, new, reader("python", "by_name", fields={"price", "ts"})).breaks is False
    assert impact(old, new, reader("python", "by_name", "backward")).breaks is False


def test_a_renamed_column_breaks_who_looks_for_its_name() -> None:
    renamed = ticks([(name.replace("venue", "mic"), kind) for name, kind in FIELDS], "2.0.0")
    assert impact(ticks(), renamed, reader("python", "by_name", fields={"venue"})).breaks
    assert impact(ticks(), renamed, reader("python", "by_name", fields={"price"})).breaks is False


def test_a_rule_on_several_members_leaves_it_open_for_who_reads_some() -> None:
    bound = ticks(version="1.1.0", dependencies={"size": ["price"]})
    assert impact(ticks(), bound, reader("python", "by_name", "backward", {"symbol"})).breaks is None
    assert impact(ticks(), bound, reader("python", "by_name", "backward")).breaks
