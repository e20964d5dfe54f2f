"""Documents made to be slow or large: each is refused, or read, at once (`python -m bench.document` measures them)."""

import json
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from schemaregistry.document import Document, parse
from schemaregistry.errors import InvalidArgument
from tests.support.patience import at_most_tenfold

Read = Callable[..., Document]


def doubling(levels: int, edge: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    """Definitions of which each refers to the next through `edge`."""
    definitions = {f"d{level}": edge(f"#/definitions/d{level + 1}") for level in range(levels)}
    return {
        "properties": {"a": {"$ref": "#/definitions/d0"}},
        "definitions": definitions | {f"d{levels}": {"type": "object"}},
    }


def twice_here(reference: str) -> dict[str, Any]:
    return {"allOf": [{"$ref": reference}, {"$ref": reference}]}


def twice_below(reference: str) -> dict[str, Any]:
    return {"type": "object", "properties": {"a": {"$ref": reference}, "b": {"$ref": reference}}}


def once_here(reference: str) -> dict[str, Any]:
    return {"$ref": reference}


def once_below(reference: str) -> dict[str, Any]:
    return {"type": "object", "properties": {"a": {"$ref": reference}}}


BOMBS: dict[str, tuple[str, dict[str, Any]]] = {
    "references that double at one value": ("TOO_MANY_SCHEMAS", doubling(20, twice_here)),
    "references that double below": ("TOO_MANY_SCHEMAS", doubling(40, twice_below)),
    "a long chain at one value": ("TOO_DEEP", doubling(900, once_here)),
    "a long chain below": ("TOO_DEEP", doubling(900, once_below)),
    "too many references": (
        "TOO_MANY_REFS",
        {"properties": {f"a{i}": {"$ref": "#/definitions/x"} for i in range(1025)}, "definitions": {"x": {}}},
    ),
    "too many properties": ("TOO_MANY_PROPERTIES", {"properties": {f"a{i}": {} for i in range(10_001)}}),
    "a wide allOf": ("TOO_MANY_SCHEMAS", {"allOf": [{}] * 200_000}),
    "too many patterns": ("TOO_MANY_PATTERNS", {"patternProperties": {f"a{i}": {} for i in range(257)}}),
    "patterns that are large together": (
        "PATTERNS_TOO_LARGE",
        {"properties": {f"a{i}": {"pattern": f"^a{i}\\S{{240}}"} for i in range(256)}},
    ),
    "a pattern that explodes": ("BAD_PATTERN", {"properties": {"a": {"pattern": "(a{1000}){1000}"}}}),
    "a pattern of half a mebibyte": ("BAD_PATTERN", {"properties": {"a": {"pattern": "(a|b)?" * 80_000}}}),
    "an alias with a very long name": ("BAD_ALIASES", {"x-aliases": {"k" * 500_000: []}}),
}

LARGE: dict[str, dict[str, Any]] = {
    "ten thousand properties": {"properties": {f"a{i}": {"type": "integer"} for i in range(10_000)}},
    "a large enum": {"properties": {"a": {"enum": list(range(140_000))}}},
    "unknown keywords": {"properties": {"a": {f"k{i}": 1 for i in range(80_000)}}},
    "unknown long keywords": {"properties": {"a": {f"{'patern' * 15_000}{i}": 1 for i in range(10)}}},
    "patterns as large as may be": {"properties": {f"a{i}": {"pattern": f"[^a]{{230}}{i}"} for i in range(8)}},
    "as many patterns as may be": {"properties": {f"a{i}": {"pattern": f"^[A-Z]{{1,24}}{i}"} for i in range(256)}},
    "references to one large part": {
        "parts": [{"properties": {f"b{i}": {} for i in range(40)}}],
        "properties": {f"a{i}": {"$ref": "#/parts/0"} for i in range(1000)},
    },
    "recursion on many branches": {
        "properties": {
            f"a{i}": {"anyOf": [{"properties": {"x": {"$ref": "#"}}}, {"properties": {"y": {"$ref": "#"}}}]}
            for i in range(500)
        }
    },
}


def text(members: dict[str, Any]) -> bytes:
    return json.dumps({"$id": "ticks_v1", "version": "1.0.0", "type": "object", **members}).encode()


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_at_once(name: str) -> None:
    reason, members = BOMBS[name]
    data = text(members)
    with at_most_tenfold(1), pytest.raises(InvalidArgument) as caught:
        parse(data)
    assert caught.value.reason == reason
    assert len(caught.value.message) < 1500


@pytest.mark.parametrize("name", LARGE)
def test_a_large_document_is_read_at_once(name: str) -> None:
    data = text(LARGE[name])
    with at_most_tenfold(1):
        document = parse(data)
    assert len(document.warnings) <= 100
    assert all(len(note.message) < 1500 for note in document.warnings)


def test_the_limits_themselves_are_within(read: Read) -> None:
    references = {f"a{i}": {"$ref": "#/definitions/x"} for i in range(1024)}
    assert len(read(properties=references, definitions={"x": {"type": "string"}}).arrow) == 1024


def test_a_bomb_takes_little_memory() -> None:
    data = text(BOMBS["references that double below"][1])
    tracemalloc.start()
    with pytest.raises(InvalidArgument):
        parse(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5_000_000
