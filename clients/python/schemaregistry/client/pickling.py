"""How a client crosses to another process: as its settings. It connects anew there, and reads the same files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from schemaregistry.client.channel import Keepalive
from schemaregistry.client.credentials import Credentials


class Settled(Protocol):
    """What both clients are made of."""

    target: str
    credentials: Credentials
    timeout: float
    keepalive: Keepalive


def settings(client: Settled, cache_dir: str | Path | None) -> Mapping[str, object]:
    """What makes the same client; paths are absolute, since the other process may work in another directory."""
    return {
        "target": client.target,
        "credentials": client.credentials.absolute(),
        "timeout": client.timeout,
        "cache_dir": None if cache_dir is None else Path(cache_dir).absolute(),
        "keepalive": client.keepalive,
    }


def revive(kind: type[Any], settings: Mapping[str, Any]) -> Any:
    """The client; raises InvalidArgument as its constructor does, for files that aren't there."""
    return kind(**settings)
