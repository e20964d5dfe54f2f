"""Get the contract that a name refers to: a file with a document or a compiled contract, or an id in the registry."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from google.protobuf.message import DecodeError

from schemaregistry.contract import compile_contract
from schemaregistry.document import parse
from schemaregistry.document.version_state import ACTIVE, VersionState, state_notice
from schemaregistry.errors import InvalidArgument
from schemaregistry.v1 import contract_pb2

if TYPE_CHECKING:
    from schemaregistry.client import Client


@dataclass(frozen=True, slots=True)
class Pulled:
    """A contract, with its revision in the registry; None where it comes from a file.

    `stale_seconds` is set where the registry can't be reached: how long ago it last confirmed the contract. `raw` is
    the document, None where there is only a compiled contract. `state` is the version's in the registry.
    """

    contract: contract_pb2.Contract
    revision: int | None = None
    stale_seconds: float | None = None
    raw: bytes | None = None
    state: VersionState = ACTIVE

    @property
    def notes(self) -> list[str]:
        """What a report says of the contract: that it isn't active, or that the registry couldn't be asked."""
        notice = state_notice(self.contract.id, self.contract.version, self.state)
        notes = [notice] if notice else []
        if self.stale_seconds is not None:
            confirmed = f"the contract that it confirmed {self.stale_seconds:,.0f} s ago"
            notes.append(f"the registry is away: this is {confirmed}")
        return notes

    @property
    def aliases(self) -> Mapping[str, tuple[str, ...]]:
        """The former names of columns in the document's `x-aliases`; empty for a compiled contract, which has none."""
        return {} if self.raw is None else parse(self.raw).aliases


def pull(schema: str, connect: "Callable[[], Client]", *, max_staleness: float | None = None) -> Pulled:
    """Return the contract of `ID`, `ID@VERSION`, a document's file (`….json`) or a compiled contract's (`….pb`).

    `connect` is called only for an id; a file needs no registry. `max_staleness` (seconds) is as for `Client.contract`.
    Raises the errors of the client and the parser, and InvalidArgument: NO_SUCH_SCHEMA, BAD_CONTRACT.
    """
    if is_file(schema):
        return from_file(Path(schema))
    with connect() as client:
        return from_registry(schema, client, max_staleness)


def from_registry(schema: str, client: "Client", max_staleness: float | None = None) -> Pulled:
    """Return the contract of `ID` or `ID@VERSION`: the registry's, or one compiled here while it gives none.

    Raises as `Client.contract` does.
    """
    name, _, version = schema.partition("@")
    answer = client.contract(name, version or "latest", max_staleness=max_staleness)
    found = answer.schema
    return Pulled(answer.contract, found.revision, found.stale_seconds, found.raw, found.state)


def is_file(schema: str) -> bool:
    """Tell whether a name is that of a file, rather than an id in the registry."""
    return schema.endswith((".json", ".pb")) or "/" in schema or Path(schema).is_file()


def from_file(path: Path) -> Pulled:
    """Return the contract of a document's file, or the compiled contract in a file `….pb`.

    Raises the errors of the parser, and InvalidArgument: NO_SUCH_SCHEMA, BAD_CONTRACT.
    """
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
