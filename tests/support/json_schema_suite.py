"""The JSON Schema Test Suite as documents and records: each schema is the rule of the one member `v` of a document."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

SUITE: Final = Path(__file__).parents[1] / "corpus" / "json_schema" / "draft7"
_DATA: Final = ("enum", "const", "default")
"""Keywords whose values are no schemas."""
_INTEGER: Final = "the column is int64, which holds no such integer: say json in an arrow block for any"
_FLOAT: Final = "the column is float64, which doesn't say such a number: say json in an arrow block for any"

TOLD_OTHERWISE: Final = {
    ("optional/bignum", "integer", "a bignum is an integer"): _INTEGER,
    ("optional/bignum", "integer", "a negative bignum is an integer"): _INTEGER,
    ("optional/bignum", "number", "a bignum is a number"): _FLOAT,
    ("optional/bignum", "number", "a negative bignum is a number"): _FLOAT,
    (
        "optional/float-overflow",
        "all integers are multiples of 0.5, if overflow is handled",
        "valid if optional overflow handling is implemented",
    ): _INTEGER,
}
"""Instances that conform by the suite and violate by the gate, each with the reason: the file, the group, the case."""


@dataclass(frozen=True)
class Group:
    """Some instances of one schema: the document that it is a rule of, and records by whether they are to conform."""

    file: str
    description: str
    document: bytes
    conform: tuple[bytes, ...]
    violate: tuple[bytes, ...]


def files() -> list[str]:
    """The names of the suite's files: `allOf`, `optional/bignum`."""
    return sorted(path.relative_to(SUITE).with_suffix("").as_posix() for path in SUITE.rglob("*.json"))


def read(file: str) -> Any:
    """A file as it stands."""
    return json.loads((SUITE / f"{file}.json").read_text())


def groups(file: str) -> Iterator[Group]:
    """The groups of a file, but for those with an `$id` or a remote address."""
    for group in read(file):
        if not _is_left_out(group["schema"]):
            lines: dict[bool, list[bytes]] = {True: [], False: []}
            for case in group["tests"]:
                known = (file, group["description"], case["description"]) in TOLD_OTHERWISE
                lines[case["valid"] and not known].append(json.dumps({"v": case["data"]}).encode())
            document = _document(group["schema"])
            yield Group(file, group["description"], document, tuple(lines[True]), tuple(lines[False]))


def _document(schema: Any) -> bytes:
    rule = _moved(schema)
    if isinstance(rule, dict):
        rule.pop("$schema", None)
    head = {"$id": "suite_v1", "version": "1.0.0", "type": "object"}
    return json.dumps({**head, "properties": {"v": rule}, "required": ["v"]}).encode()


def _moved(schema: Any) -> Any:
    """The schema where its references lead from within a document."""
    if isinstance(schema, list):
        return [_moved(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    moved = {keyword: value if keyword in _DATA else _moved(value) for keyword, value in schema.items()}
    if isinstance(schema.get("$ref"), str):
        moved["$ref"] = f"#/properties/v{schema['$ref'][1:]}"
    return moved


def _is_left_out(schema: Any) -> bool:
    if isinstance(schema, list):
        return any(map(_is_left_out, schema))
    if not isinstance(schema, dict):
        return False
    reference = schema.get("$ref", "#")
    is_remote = isinstance(reference, str) and not reference.startswith("#")
    named = isinstance(schema.get("$id"), str)
    return named or is_remote or any(_is_left_out(value) for key, value in schema.items() if key not in _DATA)
