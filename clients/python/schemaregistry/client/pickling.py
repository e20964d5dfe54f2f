"""Pickle a client as its settings; in the other process it reads the same files and makes its own connection."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from schemaregistry.client.channel import Keepalive
from schemaregistry.client.credentials import Credentials


class ClientSettings(Protocol):
    """The settings that both clients have; `timeout` is in seconds."""

    target: str
    credentials: Credentials
    timeout: float
    keepalive: Keepalive


def settings(client: ClientSettings, cache_dir: str | Path | None) -> Mapping[str, object]:
    """Return the arguments that make an equal client.

    Paths are absolute, since the other process may have another working directory.
    """
    return {
        "target": client.target,
        "credentials": client.credentials.absolute(),
        "timeout": client.timeout,
        "cache_dir": None if cache_dir is None else Path(cache_dir).absolute(),
        "keepalive": client.keepalive,
    }


def revive(kind: type[Any], settings: Mapping[str, Any]) -> Any:
    """Return a new client. Raises InvalidArgument as its constructor does, for missing files say."""
    return kind(**settings)
