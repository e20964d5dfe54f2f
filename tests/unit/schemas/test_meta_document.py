"""schemas/meta/document.json and the parser say the same of a document, as far as a JSON Schema can say it."""

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemaregistry.document import parse
from schemaregistry.document.advice import KEYWORDS
from schemaregistry.document.arrow_block import PLAIN, UNITS
from schemaregistry.document.naming import ID_PATTERN, VERSION_PATTERN
from schemaregistry.errors import InvalidArgument

SCHEMAS = Path(__file__).resolve().parents[3] / "schemas"
META = json.loads((SCHEMAS / "meta" / "document.json").read_text())
RUST = jsonschema_rs.Draft7Validator(META, validate_formats=False, offline=True)
PYTHON = jsonschema.Draft7Validator(META)

EXPRESSED = {
    *("BAD_ID", "BAD_VERSION", "BAD_COMPATIBILITY", "BAD_TAGS", "BAD_OWNER"),
    *("NOT_DRAFT07", "NOT_OBJECT_SCHEMA", "NESTED_ID", "NESTED_SCHEMA", "REMOTE_REF"),
}
"""Refusals of the parser that the meta-schema has in full. BAD_ARROW and BAD_ALIASES it has in part: names that
differ, aliases of properties that are there, a scale within its precision are beyond it. The rest it can't say:
DUPLICATE_KEY, UNRESOLVED_REF, REF_LOOP, BAD_PATTERN, ARROW_MISMATCH and the limits."""

ARROW_DOCUMENT = {
    "$id": "every_type_v1",
    "$schema": "http://json-schema.org/draft-07/schema#",
    "version": "1.0.0-rc.1",
    "type": "object",
    "properties": {
        "b": {"type": "boolean"},
        "n": {"type": "number", "minimum": 0, "maximum": 9},
        "t": {"type": "string", "format": "time"},
        "d": {"type": "string", "format": "date"},
        "m": {"type": "string", "format": "date-time"},
        "s": {
            "type": "array",
            "items": [{"type": "object", "properties": {"x": {"$ref": "#/definitions/x"}}}],
            "additionalItems": False,
        },
        "l": {"type": "array", "items": {"$ref": "#/definitions/x"}},
    },
    "required": ["b"],
    "patternProperties": {"^x_": True},
    "dependencies": {"b": ["n"], "t": {"required": ["d"]}},
    "allOf": [{"if": {"properties": {"b": {"const": True}}}, "then": {"not": {"required": ["d"]}}, "else": True}],
    "definitions": {"x": {"anyOf": [{"type": ["string", "null"], "minLength": 1, "pattern": "^a"}, {"enum": ["b"]}]}},
    "arrow": {
        "fields": [
            {"name": "b", "type": {"name": "bool"}, "nullable": False, "metadata": {"k": "v"}},
            {"name": "m", "type": {"name": "timestamp", "unit": "ms", "tz": "UTC"}},
            {"name": "n", "type": {"name": "decimal128", "precision": 5, "scale": 2}},
            {"name": "t", "type": {"name": "time64", "unit": "us"}},
            {"name": "d", "type": {"name": "date32"}},
            {
                "name": "s",
                "type": {
                    "name": "list",
                    "item": {"name": "struct", "fields": [{"name": "x", "type": {"name": "utf8"}}]},
                },
            },
            {
                "name": "l",
                "type": {
                    "name": "list",
                    "item": {
                        "name": "item",
                        "type": {"name": "dictionary", "index": {"name": "int8"}, "value": {"name": "utf8"}},
                    },
                },
            },
        ]
    },
    "compatibility": "full",
    "x-tags": ["a"],
    "x-owner": "o",
    "x-aliases": {"b": ["c"]},
}
DOCUMENTS = [json.loads(path.read_text()) for path in sorted(SCHEMAS.glob("*.json"))] + [ARROW_DOCUMENT]

fragments = st.sampled_from(
    [
        *(
            None,
            True,
            False,
            0,
            1,
            -1,
            1.5,
            39,
            10**20,
            "",
            "a",
            "object",
            "string",
            "1.0.0",
            "v1",
            "utf8",
            "us",
            "#",
            [],
            {},
        ),
        *(["a"], ["a", "a"], ["string", "null"], [{}], [{}, {}], [1], {"a": []}, {"a": ["b"]}, {"a": {}}, {"": ""}),
        *({"$ref": "#"}, {"$ref": "#/definitions/x"}, {"$ref": "http://host/"}, {"$ref": 1}, {"$id": "b"}),
        *(
            {"$schema": "http://json-schema.org/draft-07/schema#"},
            {"type": "text"},
            {"type": "string"},
            {"minLength": -1},
        ),
        *({"$ref": "#/definitions/x", "minLength": "a"}, {"pattern": "("}, {"name": "utf8"}, {"name": "list"}),
        *(
            {"name": "list", "item": {"name": "int8"}},
            {"name": "a", "type": {"name": "int64"}},
            {"name": "date32", "unit": "s"},
        ),
        *(
            {"name": "dictionary", "index": {"name": "utf8"}, "value": {"name": "utf8"}},
            {"name": "struct", "fields": []},
        ),
        *({"name": "timestamp", "unit": "us", "tz": "Mars"}, {"name": "time32", "unit": "ns"}, {"fields": []}),
    ]
)
keys = st.sampled_from(
    [
        *sorted(KEYWORDS),
        *(
            "version",
            "arrow",
            "compatibility",
            "x-tags",
            "x-owner",
            "x-aliases",
            "x-more",
            "fields",
            "name",
            "nullable",
        ),
        *("metadata", "unit", "tz", "precision", "scale", "index", "value", "item", "a", "b", "x"),
    ]
)


def places(value: Any) -> list[Any]:
    """Every container of a document, the outermost first."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [value, *(place for each in inner for place in places(each))] if isinstance(value, dict | list) else []


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, Any]:
    """A document with one to three members changed, added or taken away."""
    document = copy.deepcopy(draw(st.sampled_from(DOCUMENTS)))
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.sampled_from(places(document)))
        if isinstance(place, list):
            at: Any = draw(st.integers(0, len(place)))
            place.insert(at, None)
            del place[at + 1 : at + 2]
        else:
            at = draw(keys | st.sampled_from(sorted(place) or ["a"]))
        if draw(st.booleans()) and (isinstance(place, list) or at in place):
            del place[at]
        else:
            place[at] = copy.deepcopy(draw(fragments))
    return document


def refusal(document: Any) -> str | None:
    try:
        parse(json.dumps(document).encode())
    except InvalidArgument as error:
        return error.reason
    return None


@settings(max_examples=400, deadline=None)
@given(mutated())
def test_what_the_parser_takes_the_meta_schema_takes_and_the_other_way_round(document: dict[str, Any]) -> None:
    reason = refusal(document)
    if reason is None:
        assert list(RUST.iter_errors(document)) == []
        assert list(PYTHON.iter_errors(document)) == []
    elif reason in EXPRESSED:
        assert not RUST.is_valid(document)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document["$id"])
def test_every_contract_follows_it(document: dict[str, Any]) -> None:
    assert RUST.is_valid(document)
    assert refusal(document) is None


@pytest.mark.parametrize(
    "change",
    [
        *({"$id": "Ticks"}, {"version": "1.0"}, {"version": "v1.0.0"}, {"version": "1.0.0+a"}, {"type": "array"}),
        *(
            {"$schema": "https://json-schema.org/draft/2020-12/schema"},
            {"$ref": "#/definitions/x"},
            {"compatibility": "all"},
        ),
        *({"properties": {"a": {"$ref": "http://host/"}}}, {"properties": {"a": {"$id": "b"}}}, {"x-tags": "a"}),
        *({"arrow": []}, {"arrow": {"fields": [{"name": "a", "type": "utf8"}]}}, {"x-aliases": {"a": "b"}}),
        *({"arrow": {"fields": [{"name": "a", "type": {"name": "floatingpoint"}}]}}, {"x-owner": 1}),
        *({"arrow": {"fields": [{"name": "a", "type": {"name": "decimal128", "precision": 39, "scale": 0}}]}},),
    ],
)
def test_it_refuses_what_it_can_say(change: dict[str, Any]) -> None:
    document = {"$id": "a", "version": "1.0.0", "type": "object"} | change
    assert refusal(document) is not None
    assert not RUST.is_valid(document)
    assert not PYTHON.is_valid(document)


def test_it_is_draft_07_itself_and_opens_no_other_file() -> None:
    jsonschema_rs.meta.validate(META)
    jsonschema.Draft7Validator.check_schema(META)
    references = [node["$ref"] for node in places(META) if isinstance(node, dict) and isinstance(node.get("$ref"), str)]
    assert references
    assert all(reference.startswith("#/definitions/") for reference in references)


def test_its_names_and_patterns_are_the_parsers_own() -> None:
    assert META["properties"]["$id"]["pattern"] == f"^{ID_PATTERN}$"
    assert META["properties"]["version"]["pattern"] == f"^{VERSION_PATTERN}$"
    assert set(META["definitions"]["keywords"]["properties"]) | {"$id", "$ref", "$schema"} == KEYWORDS
    enums = [node["enum"] for node in places(META["definitions"]) if isinstance(node, dict) and "enum" in node]
    assert all(any(name in enum for enum in enums) for name in PLAIN)
    assert all(list(units) in enums for units in UNITS.values())


def test_every_member_is_described_for_the_editor() -> None:
    for name, member in META["properties"].items():
        assert name == "$ref" or "description" in member or "$ref" in member, name
