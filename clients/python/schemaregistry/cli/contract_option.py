"""The contract that a command judges by, as its options say where the registry is. What a name stands for is pull's."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from schemaregistry.cli.connection_options import ConnectionOptions

if TYPE_CHECKING:
    from schemaregistry.pull import Pulled


def pull(
    schema: str, connection: ConnectionOptions, *, cache_dir: Path | None = None, max_staleness: float | None = None
) -> "Pulled":
    """The contract of `ID`, `ID@VERSION`, a document's file (`….json`) or a compiled contract's (`….pb`).

    Raises what the registry and the parser raise, and InvalidArgument: NO_SUCH_SCHEMA, BAD_CONTRACT.
    """
    from schemaregistry.pull import pull

    return pull(schema, partial(connection.client, cache_dir=cache_dir), max_staleness=max_staleness)
