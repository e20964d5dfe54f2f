"""The contract that a command judges by: from a file, or from the registry by its id. Holds no judging."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from schemaregistry.cli.connection import connect, split_version
from schemaregistry.errors import InvalidArgument

if TYPE_CHECKING:
    from schemaregistry.v1 import contract_pb2


@dataclass(frozen=True, slots=True)
class Access:
    """Where the registry is and who asks."""

    registry: str
    ca: Path | None
    cert: Path | None
    key: Path | None


@dataclass(frozen=True, slots=True)
class Pulled:
    """A contract with the registry's revision of it; None where it comes from a file.

    `stale_seconds` says how long ago the registry last confirmed it, where it can't be reached.
    """

    contract: "contract_pb2.Contract"
    revision: int | None = None
    stale_seconds: float | None = None


def pull(schema: str, access: Access, *, cache_dir: Path | None = None, max_staleness: float | None = None) -> Pulled:
    """The contract of `ID`, `ID@VERSION`, a document's file (`….json`) or a compiled contract's (`….pb`).

    Raises what the registry and the parser raise, and InvalidArgument: NO_SUCH_SCHEMA, BAD_CONTRACT.
    """
    if _is_file(schema):
        return _from_file(Path(schema))
    from schemaregistry.contract import compile_contract
    from schemaregistry.document import parse

    id, version = split_version(schema)
    with connect(access.registry, access.ca, access.cert, access.key, cache_dir=cache_dir) as client:
        fetched = client.get(id, version, max_staleness=max_staleness)
    contract = compile_contract(parse(fetched.raw, id=fetched.id))
    return Pulled(contract, fetched.revision, fetched.stale_seconds)


def _is_file(schema: str) -> bool:
    return schema.endswith((".json", ".pb")) or "/" in schema or Path(schema).is_file()


def _from_file(path: Path) -> Pulled:
    try:
        data = path.read_bytes()
    except OSError as error:
        message = f"can't read the schema {path} ({error.strerror}): name a document's file, or an id of the registry"
        raise InvalidArgument(message, reason="NO_SUCH_SCHEMA", metadata={"file": str(path)}) from None
    if path.suffix == ".pb":
        return Pulled(_compiled(path, data))
    from schemaregistry.contract import compile_contract
    from schemaregistry.document import parse

    return Pulled(compile_contract(parse(data)))


def _compiled(path: Path, data: bytes) -> "contract_pb2.Contract":
    from google.protobuf.message import DecodeError

    from schemaregistry.v1 import contract_pb2

    try:
        return contract_pb2.Contract.FromString(data)
    except DecodeError:
        message = f"{path} isn't a compiled contract: make one with `schemaregistry contract FILE.json -o {path}`"
        raise InvalidArgument(message, reason="BAD_CONTRACT", metadata={"file": str(path)}) from None
