"""Nothing in a document makes the parser connect to anyone, whichever language the code under it is written in."""

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from schemaregistry.document import parse
from schemaregistry.errors import InvalidArgument


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


@pytest.mark.parametrize("name", ["$ref", "$id", "$schema"])
@pytest.mark.parametrize(
    "where",
    [
        "properties",
        "definitions",
        "items",
        "allOf",
        "not",
        "dependencies",
        "enum",
        "const",
        "default",
        "examples",
        "beside",
    ],
)
def test_no_connection_is_made(listener: socket.socket, name: str, where: str) -> None:
    remote = {name: f"http://127.0.0.1:{listener.getsockname()[1]}/schema.json"}
    positions: dict[str, Any] = {
        "properties": {"properties": {"a": remote}},
        "definitions": {"definitions": {"a": remote}},
        "items": {"properties": {"a": {"items": [remote]}}},
        "allOf": {"allOf": [remote]},
        "not": {"not": remote},
        "dependencies": {"dependencies": {"a": remote}},
        "enum": {"properties": {"a": {"enum": [remote]}}},
        "const": {"properties": {"a": {"const": remote}}},
        "default": {"properties": {"a": {"default": remote}}},
        "examples": {"examples": [remote]},
        "beside": {"properties": {"a": {"$ref": "#/definitions/b", "not": remote}}, "definitions": {"b": {}}},
    }
    document = {"$id": "a", "version": "1.0.0", "type": "object"} | positions[where]
    taken = True
    try:
        parse(json.dumps(document).encode())
    except InvalidArgument:
        taken = False
    assert taken == (where in ("enum", "const", "default", "examples"))
    with pytest.raises(BlockingIOError):
        listener.accept()
