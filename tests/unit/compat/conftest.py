"""Documents to compare: ticks, and what a test changes in them."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from schemaregistry.document import Document, parse

TICKS: dict[str, Any] = {
    "$id": "ticks_v1",
    "$schema": "http://json-schema.org/draft-07/schema#",
    "title": "Level-1 tick data",
    "type": "object",
    "properties": {
        "ts": {"type": "string", "format": "date-time"},
        "symbol": {"type": "string"},
        "price": {"type": "number"},
        "size": {"type": "integer"},
        "side": {"type": "string", "enum": ["B", "S"]},
    },
    "required": ["ts", "symbol", "price", "size"],
    "additionalProperties": False,
    "arrow": {
        "fields": [
            {"name": "ts", "type": {"name": "timestamp", "unit": "us"}},
            {"name": "symbol", "type": {"name": "utf8"}},
            {"name": "price", "type": {"name": "float64"}},
            {"name": "size", "type": {"name": "int32"}},
            {"name": "side", "type": {"name": "utf8"}},
        ]
    },
    "version": "1.0.0",
}


@pytest.fixture
def ticks() -> Callable[..., Document]:
    def make(version: str = "1.0.0", change: Callable[[dict[str, Any]], object] | None = None) -> Document:
        document = json.loads(json.dumps(TICKS)) | {"version": version}
        if change is not None:
            change(document)
        return parse(json.dumps(document).encode())

    return make


@pytest.fixture
def plain() -> Callable[..., Document]:
    """A document without an `arrow` block: its JSON side alone, and more members."""

    def make(schema: dict[str, Any], version: str = "1.0.0", **more: Any) -> Document:
        return parse(json.dumps({"$id": "plain", "version": version, "type": "object", **schema, **more}).encode())

    return make
