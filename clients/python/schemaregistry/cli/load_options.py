"""The options of commands that write rows to a destination, and the destinations that `--to` and `--quarantine` name.

A destination is opened with the contract's schema, so not before the contract is known.
"""

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, TypeAlias

import typer

from schemaregistry.errors import InvalidArgument

if TYPE_CHECKING:
    import pyarrow as pa

    from schemaregistry.data import Destination, Source

SchemaOption: TypeAlias = Annotated[
    str, typer.Option("--schema", metavar="ID[@VERSION]|FILE", help="What every row conforms to (ticks_v1@^1.2).")
]
FileFormat: TypeAlias = Annotated[
    str | None, typer.Option("--format", help="The files' format, where names don't tell it.")
]
To: TypeAlias = Annotated[
    str,
    typer.Option(
        "--to", metavar="DEST", help="A directory (gets a Parquet file), duckdb:FILE#TABLE, or - (an Arrow stream)."
    ),
]
QuarantineDir: TypeAlias = Annotated[
    Path | None,
    typer.Option("--quarantine", metavar="DIR", help="Where rows that fail are set aside, a folder for each load."),
]

_DUCKDB: Final = "duckdb:"


def destination(to: str, sources: "list[Source]") -> "Callable[[pa.Schema], Destination]":
    """Return a function that opens the destination `to` for rows of an Arrow schema.

    `to` is a directory, `-` (an Arrow stream on stdout) or `duckdb:FILE#TABLE`. Raises InvalidArgument
    (UNKNOWN_DESTINATION, MISSING_EXTRA).
    """
    from schemaregistry.data import Directory, Stream

    if not to:
        message = '--to is "", which names no place: is a variable unset? (. is the current directory)'
        raise InvalidArgument(message, reason="UNKNOWN_DESTINATION")
    if to == "-":
        return lambda schema: Stream(sys.stdout.buffer, schema)
    if to.startswith(_DUCKDB):
        return _duckdb(to)
    if re.match("[a-z][a-z0-9+.-]+:", to):
        message = f"--to {to} isn't known: name a directory, duckdb:FILE#TABLE, or - for an Arrow stream on stdout"
        raise InvalidArgument(message, reason="UNKNOWN_DESTINATION")
    return lambda schema: Directory(Path(to), schema, stem(sources))


def _duckdb(to: str) -> "Callable[[pa.Schema], Destination]":
    from schemaregistry.data.load.duckdb import DuckdbTable

    file, _, table = to.removeprefix(_DUCKDB).rpartition("#")
    if not file or not re.fullmatch(r"[^.]+(\.[^.]+)?", table):
        message = f"--to {to} doesn't say where: write duckdb:FILE#TABLE or duckdb:FILE#SCHEMA.TABLE"
        raise InvalidArgument(message, reason="UNKNOWN_DESTINATION")
    if re.match(r"[A-Za-z0-9_+.-]*:", file):
        message = f"--to {to} names no file: rows go to DuckDB's files only, duckdb:FILE#TABLE (./{file} is a file)"
        raise InvalidArgument(message, reason="UNKNOWN_DESTINATION")
    return lambda schema: DuckdbTable(Path(file), table, schema)


def quarantine_of(to: str, stated: Path | None) -> Path:
    """Return the directory for quarantined rows: the stated one, or else `DEST.quarantine` beside the destination.

    Raises InvalidArgument (NO_QUARANTINE) for stdout, which has no place beside it.
    """
    if stated:
        return stated
    if to == "-":
        message = "rows that fail can't be set aside beside stdout: name a directory with --quarantine"
        raise InvalidArgument(message, reason="NO_QUARANTINE")
    place = Path(to.removeprefix(_DUCKDB).rpartition("#")[0] if to.startswith(_DUCKDB) else to)
    return Path(f"{place.resolve() if place.name in ('', '..') else place}.quarantine")


def stem(sources: "list[Source]") -> str:
    """Return the beginning of an output file's name, from the name of the first source."""
    from schemaregistry.data.load.atomic_files import shortened

    return shortened(re.sub(r"[^A-Za-z0-9._-]", "_", Path(sources[0].path).name.split(".")[0])) or "rows"
