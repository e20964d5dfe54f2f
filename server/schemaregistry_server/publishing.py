"""Publishing a directory of documents at start: read and checked before anything listens, then registered in order.

Holds no rule of writing; what git knows of a file is `schemaregistry.cli.git_history`'s.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from google.api.httpbody_pb2 import HttpBody

from schemaregistry.document import Document, parse
from schemaregistry.errors import FailedPrecondition, RegistryError
from schemaregistry.v1 import registry_pb2 as pb
from schemaregistry_server.service import Identity, Registry


@dataclass(frozen=True, slots=True)
class Source:
    """One document of one file."""

    path: Path
    document: Document


def read(directory: Path) -> list[Source]:
    """Every `*.json` of `directory`, parsed; raise InvalidArgument naming file and place where one is broken."""
    if not directory.is_dir():
        raise FailedPrecondition(f"{directory} is not a directory of schema documents.", reason="NO_SUCH_DIRECTORY")
    return [_source(path) for path in sorted(directory.glob("*.json"))]


def _source(path: Path) -> Source:
    try:
        return Source(path, parse(path.read_bytes()))
    except RegistryError as error:
        raise naming(path, error) from error


def naming(path: Path, error: RegistryError) -> RegistryError:
    """`error`, with the file at fault in its sentence."""
    at = f" (at {error.pointer})" if error.pointer else ""
    return type(error)(f"{path}: {error.message}{at}", reason=error.reason, pointer=error.pointer)


async def publish(registry: Registry, sources: Iterable[Source], who: Identity) -> list[pb.RegisterSchemaResponse]:
    """Register each source; what is there already stays as it is."""
    return [await _publish(registry, source, who) for source in sources]


async def _publish(registry: Registry, source: Source, who: Identity) -> pb.RegisterSchemaResponse:
    document = source.document
    request = pb.RegisterSchemaRequest(id=document.id, document=HttpBody(data=document.raw))
    try:
        reply = await registry.RegisterSchema(request, who)
    except RegistryError as error:
        raise naming(source.path, error) from error
    assert isinstance(reply.message, pb.RegisterSchemaResponse)
    return reply.message
