"""Documents to write, and a registry without a transport."""

# ruff: noqa: A002 (the field's term)

import json
from collections.abc import Callable

import pytest

Make = Callable[..., bytes]


@pytest.fixture
def document() -> Make:
    """A factory: `document(id, version, **members)` gives the bytes of a small valid document."""

    def make(id: str, version: str = "1.0.0", **members: object) -> bytes:
        value = {
            "$id": id,
            "$schema": "http://json-schema.org/draft-07/schema#",
            "title": f"Test data {id}",
            "type": "object",
            "properties": {"ts": {"type": "string", "format": "date-time"}, "size": {"type": "integer"}},
            "required": ["ts"],
            "version": version,
        }
        return json.dumps(value | members, indent=2).encode()

    return make
