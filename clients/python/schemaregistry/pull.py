"""The contract that a name stands for: a document's or a contract's file, or an id of the registry. Judges nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from google.protobuf.message import DecodeError

from schemaregistry.contract import compile_contract
from schemaregistry.document import parse
from schemaregistry.errors import InvalidArgument
from schemaregistry.v1 import contract_pb2

if TYPE_CHECKING:
    from schemaregistry.client import Client


@dataclass(frozen=True, slots=True)
class Pulled:
    """A contract with the registry's revision of it; None where it comes from a file.

    `stale_seconds` says how long ago the registry last confirmed it, where it can't be reached. `raw` is the document,
    None where a compiled contract is all there is.
    """

    contract: contract_pb2.Contract
    revision: int | None = None
    stale_seconds: float | None = None
    raw: bytes | None = None

    @property
    def aliases(self) -> Mapping[str, tuple[str, ...]]:
        """Former names of columns, as the document has them; a compiled contract has none."""
        return {} if self.raw is None else parse(self.raw).aliases


def pull(schema: str, connect: "Callable[[], Client]", *, max_staleness: float | None = None) -> Pulled:
    """The contract of `ID`, `ID@VERSION`, a document's file (`….json`) or a compiled contract's (`….pb`).

    A file needs no registry: `connect` is called for an id alone. Raises what the registry and the parser raise, and
    InvalidArgument: NO_SUCH_SCHEMA, BAD_CONTRACT.
    """
    if is_file(schema):
        return _pulled(Path(schema))
    with connect() as client:
        return from_registry(schema, client, max_staleness)


def from_registry(schema: str, client: "Client", max_staleness: float | None = None) -> Pulled:
    """The contract of `ID` or `ID@VERSION`: the registry's own, or compiled here while it gives none."""
    name, _, version = schema.partition("@")
    answer = client.contract(name, version or "latest", max_staleness=max_staleness)
    return Pulled(answer.contract, answer.schema.revision, answer.schema.stale_seconds, answer.schema.raw)


def is_file(schema: str) -> bool:
    """Whether a name is that of a file, rather than an id of the registry."""
    return schema.endswith((".json", ".pb")) or "/" in schema or Path(schema).is_file()


def from_file(path: Path) -> contract_pb2.Contract:
    """The contract of a document's file, or a compiled contract in `….pb`."""
    return _pulled(path).contract


def _pulled(path: Path) -> Pulled:
    try:
        data = path.read_bytes()
    except OSError as error:
        message = f"can't read the schema {path} ({error.strerror}): name a document's file, or an id of the registry"
        raise InvalidArgument(message, reason="NO_SUCH_SCHEMA", metadata={"file": str(path)}) from None
    if path.suffix == ".pb":
        return Pulled(_compiled(path, data))
    return Pulled(compile_contract(parse(data)), raw=data)


def _compiled(path: Path, data: bytes) -> contract_pb2.Contract:
    try:
        return contract_pb2.Contract.FromString(data)
    except DecodeError:
        message = f"{path} isn't a compiled contract: make one with `schemaregistry contract FILE.json -o {path}`"
        raise InvalidArgument(message, reason="BAD_CONTRACT", metadata={"file": str(path)}) from None
