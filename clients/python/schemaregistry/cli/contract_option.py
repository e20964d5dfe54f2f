"""Get the contract that `--schema` names, with the command's connection; `schemaregistry/pull.py` resolves the name."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from schemaregistry.cli.connection_options import ConnectionOptions
from schemaregistry.errors import InvalidArgument

if TYPE_CHECKING:
    from schemaregistry.pull import Pulled


def pull(
    schema: str, connection: ConnectionOptions, *, cache_dir: Path | None = None, max_staleness: float | None = None
) -> "Pulled":
    """Return the contract of `ID`, `ID@VERSION`, a document's file (`….json`) or a compiled contract's (`….pb`).

    While the registry is away, a contract from `cache_dir` is used if it was confirmed within `max_staleness` seconds.
    Raises the errors of the client and the parser, and InvalidArgument: NO_SUCH_SCHEMA, BAD_CONTRACT.
    """
    from schemaregistry.pull import pull

    if not schema:
        raise InvalidArgument("the schema's name is empty: is a variable unset?", reason="NO_SUCH_SCHEMA")

    return pull(schema, partial(connection.client, cache_dir=cache_dir), max_staleness=max_staleness)
