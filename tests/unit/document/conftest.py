"""Documents made of the members that a test is about."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from schemaregistry.document import Document, parse
from schemaregistry.errors import InvalidArgument


def _text(members: dict[str, Any]) -> bytes:
    return json.dumps({"$id": "ticks_v1", "version": "1.0.0", "type": "object", **members}).encode()


@pytest.fixture(scope="session")
def read() -> Callable[..., Document]:
    """Parse a document with these members besides `$id`, `version` and `type`."""

    def read(**members: Any) -> Document:
        return parse(_text(members))

    return read


@pytest.fixture(scope="session")
def refusal() -> Callable[..., tuple[str, str | None]]:
    """The reason and the pointer with which a document with these members is refused."""

    def refusal(**members: Any) -> tuple[str, str | None]:
        with pytest.raises(InvalidArgument) as caught:
            parse(_text(members))
        return caught.value.reason, caught.value.pointer

    return refusal
