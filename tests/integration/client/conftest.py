"""Clients of the running server, documents to register, and what goes over the wire."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import grpc
import pytest

from schemaregistry.client import Client, Credentials

Document = Callable[..., bytes]
_numbers = count()


@pytest.fixture
def schema_id(request: pytest.FixtureRequest) -> str:
    """An id of the test's own."""
    name = "".join(letter if letter.isalnum() and letter.isascii() else "_" for letter in request.node.name.lower())
    return f"{name[:100]}_{next(_numbers)}"


@pytest.fixture
def document(schema_id: str) -> Document:
    """`document("1.1.0", {"price": {...}}, title=…)`: a document of the test's id, with spaces a person may write."""

    def make(version: str = "1.0.0", properties: dict[str, Any] | None = None, **more: Any) -> bytes:
        value = {
            "$id": schema_id,
            "$schema": "http://json-schema.org/draft-07/schema#",
            "type": "object",
            "properties": properties or {"symbol": {"type": "string"}},
            "version": version,
        }
        return (json.dumps(value | more, indent=3) + "\n \n").encode()

    return make


@pytest.fixture
def reader(running: Any) -> Iterator[Client]:
    with Client(running.target, credentials=Credentials.dev(running.data)) as client:
        yield client


@pytest.fixture
def publisher(running: Any) -> Iterator[Client]:
    with Client(running.target, credentials=Credentials.dev(running.data, "ci-bot"), timeout=20) as client:
        client.whoami()  # Connects now, so that `wire` shows what others send.
        yield client


@dataclass
class Wire(grpc.UnaryUnaryClientInterceptor):  # type: ignore[misc]
    """Each call that left a client: its method, and the bytes of its answer's message."""

    calls: list[tuple[str, int]] = field(default_factory=list)

    def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
        call = continuation(details, request)
        self.calls.append((details.method.rpartition("/")[2], call.result().ByteSize()))
        return call


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    """What the clients made after this fixture send."""
    wire = Wire()
    connect = grpc.secure_channel
    monkeypatch.setattr(grpc, "secure_channel", lambda *all: grpc.intercept_channel(connect(*all), wire))
    return wire
