"""The contract that a command judges by, as its options say where the registry is. What a name stands for is pull's."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from schemaregistry.cli.connection import connect

if TYPE_CHECKING:
    from schemaregistry.client import Client
    from schemaregistry.pull import Pulled


@dataclass(frozen=True, slots=True)
class Access:
    """Where the registry is and who asks."""

    registry: str
    ca: Path | None
    cert: Path | None
    key: Path | None


def pull(schema: str, access: Access, *, cache_dir: Path | None = None, max_staleness: float | None = None) -> "Pulled":
    """The contract of `ID`, `ID@VERSION`, a document's file (`….json`) or a compiled contract's (`….pb`).

    Raises what the registry and the parser raise, and InvalidArgument: NO_SUCH_SCHEMA, BAD_CONTRACT.
    """
    from schemaregistry.pull import pull

    def reach() -> "Client":
        return connect(access.registry, access.ca, access.cert, access.key, cache_dir=cache_dir)

    return pull(schema, reach, max_staleness=max_staleness)
